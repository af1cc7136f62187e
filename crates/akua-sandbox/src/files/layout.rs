//! WASI preview 1 in bytes: error numbers, flags, and the records that calls write.
//!
//! # Spec
//! `wasi_snapshot_preview1.witx`.

use super::Node;

/// Success.
pub(super) const SUCCESS: i32 = 0;
/// No such descriptor.
pub(super) const BADF: i32 = 8;
/// A pointer outside of the memory.
pub(super) const FAULT: i32 = 21;
/// Not UTF-8.
pub(super) const ILSEQ: i32 = 25;
/// An invalid argument.
pub(super) const INVAL: i32 = 28;
/// The machine could not read.
pub(super) const IO: i32 = 29;
/// A folder where a file is needed.
pub(super) const ISDIR: i32 = 31;
/// Too many descriptors.
pub(super) const MFILE: i32 = 33;
/// A name or a buffer of the wrong length.
pub(super) const NAMETOOLONG: i32 = 37;
/// There is none.
pub(super) const NOENT: i32 = 44;
/// A file where a folder is needed.
pub(super) const NOTDIR: i32 = 54;
/// Nothing can be written.
pub(super) const ROFS: i32 = 69;
/// A stream has no position.
pub(super) const SPIPE: i32 = 70;
/// Out of reach.
pub(super) const NOTCAPABLE: i32 = 76;

/// Kinds of files.
const CHARACTER_DEVICE: u8 = 2;
const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;

/// `oflags`: create, exclusively, truncate; and folders only.
const CREATES: u32 = 1 | 4 | 8;
const DIRECTORY_ONLY: u32 = 2;
/// The right to write to a descriptor.
const FD_WRITE: u64 = 1 << 6;
/// The rights to read, seek, tell, open, list and look: all that there are.
const READS: u64 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 13 | 1 << 14 | 1 << 18 | 1 << 21;

/// Returns whether opening would write something.
pub(super) fn writes(how: u32, rights: u64) -> bool {
    how & CREATES != 0 || rights & FD_WRITE != 0
}

/// Returns whether only a folder will do.
pub(super) fn folder(how: u32) -> bool {
    how & DIRECTORY_ONLY != 0
}

fn kind(node: Option<Node>) -> u8 {
    match node {
        None => CHARACTER_DEVICE,
        Some(Node::Folder) => DIRECTORY,
        Some(Node::File(_)) => REGULAR_FILE,
    }
}

/// Returns an `fdstat`; without a node it is that of a standard stream.
pub(super) fn descriptor_state(node: Option<Node>) -> [u8; 24] {
    let rights = if node.is_some() { READS } else { READS | FD_WRITE };
    let mut record = [0; 24];
    record[0] = kind(node);
    record[8..16].copy_from_slice(&rights.to_le_bytes());
    record[16..24].copy_from_slice(&rights.to_le_bytes());
    record
}

/// Returns a `filestat`: no device, no inode, no times.
pub(super) fn file_state(node: Option<Node>) -> [u8; 64] {
    let size = match node {
        Some(Node::File(size)) => size,
        _ => 0,
    };
    let mut record = [0; 64];
    record[16] = kind(node);
    record[24..32].copy_from_slice(&1_u64.to_le_bytes());
    record[32..40].copy_from_slice(&size.to_le_bytes());
    record
}

/// Returns a `prestat` of a folder.
pub(super) fn preopened(name: &str) -> [u8; 8] {
    let mut record = [0; 8];
    record[4..8].copy_from_slice(&u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes());
    record
}

/// Returns a `dirent` and its name; `next` is where the listing goes on.
pub(super) fn entry(next: u64, name: &str, is_folder: bool) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    let mut record = Vec::with_capacity(name.len().saturating_add(24));
    record.extend(next.to_le_bytes());
    record.extend(0_u64.to_le_bytes());
    record.extend(length.to_le_bytes());
    record.extend([if is_folder { DIRECTORY } else { REGULAR_FILE }, 0, 0, 0]);
    record.extend(name.as_bytes());
    record
}

/// Reads pointer and length of a buffer.
pub(super) fn buffer(bytes: &[u8]) -> Option<(u32, u32)> {
    let (pointer, rest) = bytes.split_first_chunk::<4>()?;
    let length = rest.first_chunk::<4>()?;
    Some((u32::from_le_bytes(*pointer), u32::from_le_bytes(*length)))
}
