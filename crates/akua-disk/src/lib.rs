//! EFFECT disk: bounded reads, safe joins, atomic writes, archives.
//!
//! **Invariant:** a [`Folder`] is an open directory; everything below it is reached through its
//! descriptor, so a link that is swapped while a render runs leads nowhere. Links that lead out are
//! refused. A [`Snapshot`] is such a directory as one render sees it: what was read once stays what it
//! was. Nothing here knows what a file means. Start with `folder.rs`.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

mod archive;
mod digest;
mod folder;
mod output;
mod snapshot;
mod sources;
mod staging;

pub use archive::{ArchiveError, ArchiveLimits, check_link, entry_path, pack, unpack};
pub use digest::{Listing, listings};
pub use folder::{
    DiskError, Folder, TreeFile, TreeLimits, canonical, exists, is_folder, read_file,
};
pub use output::{ATTESTATION, INVENTORY, OutputError, OutputFolder, inventory_of, write_output};
pub use snapshot::{Found, ReadMeter, SharedFile, Snapshot};
pub use sources::{replace_file, source_files};
pub use staging::{
    FileLock, NewFile, Staging, names, remove_abandoned, remove_empty, remove_file, remove_folder,
    write_file, write_secret,
};
