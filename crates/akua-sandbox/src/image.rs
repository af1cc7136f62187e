//! Giving a fresh instance the memory that its guest was snapshotted with.
//!
//! wasmtime would copy the data of a module into a memfd on first use, 7 ms for an engine. Here the
//! image is mapped copy-on-write from the binary's own file instead. Without `/proc`, or if
//! anything about the mapping is unexpected, it is copied.
#![expect(unsafe_code, reason = "mapping a part of the binary over a guest's memory")]
#![expect(clippy::disallowed_methods, reason = "opens the running binary and its memory map")]

use std::fs::File;
use std::sync::OnceLock;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap};
use wasmtime::{AsContextMut, Memory};

/// The page before the parts of an image.
const HEAD_BYTES: usize = 65_536;

/// Puts a packed image into `memory`, and has what the guest will allocate backed by large pages.
///
/// Must come between instantiation and the first call into the guest.
///
/// # Shape
/// As xtask's `data::pack` writes it: a page with the number of parts and each part's address and
/// length, as little-endian u32; then the parts.
///
/// # Errors
/// If the image does not fit the memory: then the two files of the guest do not belong together.
pub(crate) fn place(
    mut store: impl AsContextMut,
    memory: Memory,
    packed: &'static [u8],
) -> wasmtime::Result<()> {
    let mut rest = memory.data_mut(&mut store);
    let mut at = 0;
    for part in parts(packed).ok_or_else(mismatch)? {
        let gap = part.address.checked_sub(at).ok_or_else(mismatch)?;
        let (hole, tail) = rest.split_at_mut_checked(gap).ok_or_else(mismatch)?;
        let (target, tail) = tail.split_at_mut_checked(part.bytes.len()).ok_or_else(mismatch)?;
        large_pages(hole);
        if map(target, part.bytes).is_none() {
            target.copy_from_slice(part.bytes);
        }
        at = part.address.saturating_add(part.bytes.len());
        rest = tail;
    }
    large_pages(rest);
    Ok(())
}

fn mismatch() -> wasmtime::Error {
    wasmtime::Error::msg("the memory image does not fit the memory")
}

/// A part of a memory image.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Where it goes.
    address: usize,
    /// What goes there.
    bytes: &'static [u8],
}

/// The parts of a packed image, in order of their addresses.
fn parts(packed: &'static [u8]) -> Option<Vec<Part>> {
    let (head, mut bytes) = packed.split_at_checked(HEAD_BYTES)?;
    let mut words = head
        .chunks_exact(4)
        .map(|word| usize::try_from(u32::from_le_bytes(word.try_into().ok()?)).ok());
    let count = words.next()??;
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let address = words.next()??;
        let (part, after) = bytes.split_at_checked(words.next()??)?;
        parts.push(Part { address, bytes: part });
        bytes = after;
    }
    Some(parts)
}

/// Has the system back memory that was not written yet with large pages.
///
/// A large chart writes 20 MB: 5,000 faults with small pages, ten with large ones.
fn large_pages(fresh: &mut [u8]) {
    if fresh.is_empty() {
        return;
    }
    // SAFETY: the advice changes how pages are allocated, not what is in them.
    let _advised =
        unsafe { madvise(fresh.as_mut_ptr().cast(), fresh.len(), Advice::LinuxHugepage) };
}

/// Maps `image` over `target`; `None` if that is not possible.
fn map(target: &mut [u8], image: &'static [u8]) -> Option<()> {
    let page = rustix::param::page_size();
    let (file, offset) = source(image)?;
    let aligned = target.as_ptr().addr().is_multiple_of(page)
        && image.len().is_multiple_of(page)
        && offset.is_multiple_of(u64::try_from(page).ok()?);
    if !aligned {
        return None;
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: `target` is exclusively borrowed and page-aligned, so the mapping replaces whole
    // pages of this guest's memory and nothing else, with the same protection as before. It is
    // private: neither the file nor another Store sees what the guest writes. wasmtime unmaps the
    // whole reservation, this part included, when the Store is dropped.
    let mapped =
        unsafe { mmap(target.as_mut_ptr().cast(), target.len(), protection, flags, file, offset) };
    mapped.ok().map(|_| ())
}

/// The running binary, and its memory map.
fn binary() -> Option<&'static (File, String)> {
    static BINARY: OnceLock<Option<(File, String)>> = OnceLock::new();
    let opened = BINARY.get_or_init(|| {
        let file = File::open("/proc/self/exe").ok()?;
        let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
        Some((file, maps))
    });
    opened.as_ref()
}

/// Opens what the first guest will need, while it can be opened.
pub(crate) fn prepare() {
    binary();
}

/// The running binary as a file, and where in it `image` is.
fn source(image: &'static [u8]) -> Option<(&'static File, u64)> {
    let (file, maps) = binary()?;
    let address = u64::try_from(image.as_ptr().addr()).ok()?;
    let end = address.checked_add(u64::try_from(image.len()).ok()?)?;
    maps.lines().find_map(|line| offset_in(line, address, end)).map(|offset| (file, offset))
}

/// The offset in its file of `address`, if a line of `/proc/self/maps` holds all up to `end`.
fn offset_in(line: &str, address: u64, end: u64) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace();
    let (from, to) = fields.next()?.split_once('-')?;
    let from = u64::from_str_radix(from, 16).ok()?;
    let to = u64::from_str_radix(to, 16).ok()?;
    let offset = u64::from_str_radix(fields.nth(1)?, 16).ok()?;
    // The third field after the offset is the path: an anonymous mapping has none.
    let _path = fields.nth(2)?;
    (from <= address && end <= to).then(|| offset.checked_add(address.checked_sub(from)?))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<u64>) {
        assert_eq!(offset_in(line, 0x5000, 0x6000), expected);
    }

    #[test]
    fn the_line_that_holds_the_image_gives_the_offset() {
        check("4000-7000 r--p 00010000 fe:00 17 /bin/akua", Some(0x11000));
        check("5000-6000 r--p 00000000 fe:00 17 /bin/akua", Some(0));
    }

    #[test]
    fn a_packed_image_is_unpacked() {
        let mut packed = vec![0; HEAD_BYTES + 3];
        for (at, word) in [2, 0, 1, 100, 2_u32].into_iter().enumerate() {
            packed[4 * at..4 * at + 4].copy_from_slice(&word.to_le_bytes());
        }
        packed[HEAD_BYTES..].copy_from_slice(b"abc");
        let packed: &'static [u8] = packed.leak();
        let expected = [Part { address: 0, bytes: b"a" }, Part { address: 100, bytes: b"bc" }];
        assert_eq!(parts(packed).expect("parts"), expected);
        assert_eq!(parts(&packed[..HEAD_BYTES + 2]), None);
        assert_eq!(parts(b""), None);
    }

    #[test]
    fn other_lines_do_not() {
        check("4000-5800 r--p 00010000 fe:00 17 /bin/akua", None);
        check("6000-7000 r--p 00010000 fe:00 17 /bin/akua", None);
        check("4000-7000 r--p 00000000 00:00 0", None);
        check("", None);
    }
}
