//! Giving a fresh instance the memory that its guest was snapshotted with.
//!
//! wasmtime would copy the data of a module into a memfd on first use, 7 ms for an engine. Here the
//! image is mapped copy-on-write from the binary's own file instead. Without `/proc`, or if
//! anything about the mapping is unexpected, it is copied.
#![expect(unsafe_code, reason = "mapping a part of the binary over a guest's memory")]
#![expect(clippy::disallowed_methods, reason = "opens the running binary and its memory map")]

use std::fs::File;
use std::sync::OnceLock;

use rustix::mm::{MapFlags, ProtFlags, mmap};
use wasmtime::{AsContextMut, Memory};

/// Puts `image` at the start of `memory`.
///
/// Must come between instantiation and the first call into the guest.
///
/// # Errors
/// If the memory is smaller than the image: then the two files of the guest do not belong together.
pub(crate) fn place(
    mut store: impl AsContextMut,
    memory: Memory,
    image: &'static [u8],
) -> wasmtime::Result<()> {
    let data = memory.data_mut(&mut store);
    let Some(target) = data.get_mut(..image.len()) else {
        return Err(wasmtime::Error::msg("the memory image is larger than the memory"));
    };
    if image.is_empty() || map(target, image).is_some() {
        return Ok(());
    }
    target.copy_from_slice(image);
    Ok(())
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

/// The running binary as a file, and where in it `image` is.
fn source(image: &'static [u8]) -> Option<(&'static File, u64)> {
    static BINARY: OnceLock<Option<(File, String)>> = OnceLock::new();
    let (file, maps) = BINARY
        .get_or_init(|| {
            let file = File::open("/proc/self/exe").ok()?;
            let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
            Some((file, maps))
        })
        .as_ref()?;
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
    fn other_lines_do_not() {
        check("4000-5800 r--p 00010000 fe:00 17 /bin/akua", None);
        check("6000-7000 r--p 00010000 fe:00 17 /bin/akua", None);
        check("4000-7000 r--p 00000000 00:00 0", None);
        check("", None);
    }
}
