//! The files that a guest sees: read-only trees that the host hands in, served through WASI's
//! preopened folders. No guest reaches the machine's file system: there is none behind these calls, which
//! are in `files/calls.rs`.

use std::fmt::Debug;
use std::sync::Arc;

mod calls;
mod layout;

pub(crate) use calls::add_to_linker;

use layout::{BADF, ILSEQ, INVAL, IO, MFILE, NAMETOOLONG, NOENT, NOTCAPABLE, NOTDIR, ROFS, SPIPE};

/// The first descriptor that is not a standard stream.
const FIRST: u32 = 3;
/// Most descriptors of one guest, mounts included; a program opens one file at a time.
const OPEN_LIMIT: usize = 1_024;
/// Longest path that a guest may ask for, in bytes: that of Linux.
const PATH_LIMIT_BYTES: usize = 4_096;

/// A tree of files that does not change while it is mounted.
///
/// Paths are relative, with `/`, without `.` and `..`; the root is the empty path.
pub trait Files: Debug + Send + Sync {
    /// Returns what is at a path.
    ///
    /// # Errors
    /// [`FilesError`].
    fn look(&self, path: &str) -> Result<Node, FilesError>;

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// [`FilesError`].
    fn read(&self, path: &str) -> Result<Arc<[u8]>, FilesError>;

    /// Returns the names in a folder, sorted, and whether each is a folder.
    ///
    /// # Errors
    /// [`FilesError`].
    fn names(&self, path: &str) -> Result<Arc<[(String, bool)]>, FilesError>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A file of so many bytes.
    File(u64),
    /// A folder.
    Folder,
}

/// Why a guest does not get a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It leads out, or is neither file nor folder, or a file where a folder is asked for.
    #[error("the file is out of reach")]
    Denied,
    /// The machine could not read it.
    #[error("the file cannot be read")]
    Unreadable,
    /// It is not what the lock vouches for.
    #[error("the file is not the one that the lock vouches for")]
    Changed,
    /// More files would be read than the render may read.
    #[error("one file too many is read: the limit is {limit}")]
    TooMany {
        /// The limit.
        limit: u64,
    },
    /// More bytes would be read than the render may read.
    #[error("more bytes are read than may be")]
    TooMuch,
    /// The render has no memory left to hold it.
    #[error("there is no memory left to hold the file")]
    NoMemory,
}

impl FilesError {
    /// Returns the number that a guest is told; `None` ends the guest.
    fn errno(self) -> Option<i32> {
        match self {
            Self::Missing => Some(NOENT),
            Self::Denied => Some(NOTCAPABLE),
            Self::Unreadable => Some(IO),
            Self::Changed | Self::TooMany { .. } | Self::TooMuch | Self::NoMemory => None,
        }
    }
}

/// A tree, and where the guest sees it.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Where the guest sees it.
    pub guest_path: String,
    /// The files.
    pub files: Arc<dyn Files>,
}

/// What a descriptor stands for.
#[derive(Debug)]
enum Open {
    /// A folder of a mount.
    Folder { mount: usize, path: String },
    /// A file, and where the next read begins.
    File { bytes: Arc<[u8]>, at: u64 },
}

/// The mounts and descriptors of one guest.
#[derive(Debug)]
pub(crate) struct Descriptors {
    mounts: Vec<Mount>,
    open: Vec<Option<Open>>,
}

/// How a call ends: an error number for the guest, or the end of the guest.
enum Refusal {
    Errno(i32),
    End(FilesError),
}

impl From<FilesError> for Refusal {
    fn from(error: FilesError) -> Self {
        error.errno().map_or(Self::End(error), Self::Errno)
    }
}

/// Returns a refusal with a number.
fn refuse<T>(errno: i32) -> Result<T, Refusal> {
    Err(Refusal::Errno(errno))
}

impl Descriptors {
    /// A descriptor for each mount, from 3 on.
    pub(crate) fn new(mounts: &[Mount]) -> Self {
        let root = |mount| Some(Open::Folder { mount, path: String::new() });
        Self { mounts: mounts.to_vec(), open: (0..mounts.len()).map(root).collect() }
    }

    fn get(&mut self, descriptor: u32) -> Result<&mut Open, Refusal> {
        let at = descriptor.checked_sub(FIRST).and_then(|at| usize::try_from(at).ok());
        let found = at.and_then(|at| self.open.get_mut(at)).and_then(Option::as_mut);
        found.ok_or(Refusal::Errno(BADF))
    }

    /// Resolves a path below a folder by its text; nothing above the mount has a name.
    fn resolve(&mut self, descriptor: u32, path: &[u8]) -> Result<(Mount, usize, String), Refusal> {
        let Open::Folder { mount, path: base } = self.get(descriptor)? else {
            return refuse(NOTDIR);
        };
        let (mount, base) = (*mount, base.clone());
        if path.len() > PATH_LIMIT_BYTES {
            return refuse(NAMETOOLONG);
        }
        let Ok(path) = std::str::from_utf8(path) else { return refuse(ILSEQ) };
        if path.starts_with('/') || path.contains('\0') {
            return refuse(NOTCAPABLE);
        }
        let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    let _parent = parts.pop().ok_or(Refusal::Errno(NOTCAPABLE))?;
                }
                name => parts.push(name),
            }
        }
        let found = self.mounts.get(mount).ok_or(Refusal::Errno(BADF))?.clone();
        Ok((found, mount, parts.join("/")))
    }

    /// Opens a path, and returns its descriptor.
    fn open_path(&mut self, descriptor: u32, path: &[u8], flags: Flags) -> Result<u32, Refusal> {
        let (found, mount, path) = self.resolve(descriptor, path)?;
        if flags.writes {
            return refuse(ROFS);
        }
        let open = match found.files.look(&path)? {
            Node::Folder => Open::Folder { mount, path },
            Node::File(_) if flags.folder => return refuse(NOTDIR),
            Node::File(_) => Open::File { bytes: found.files.read(&path)?, at: 0 },
        };
        let free = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        if free >= OPEN_LIMIT {
            return refuse(MFILE);
        }
        match self.open.get_mut(free) {
            Some(slot) => *slot = Some(open),
            None => self.open.push(Some(open)),
        }
        let number = u32::try_from(free).ok().and_then(|free| free.checked_add(FIRST));
        number.ok_or(Refusal::Errno(MFILE))
    }

    /// Closes a descriptor that is open, a standard stream included.
    fn close(&mut self, descriptor: u32) -> Result<(), Refusal> {
        if descriptor < FIRST {
            return Ok(());
        }
        self.get(descriptor)?;
        let at = usize::try_from(descriptor.saturating_sub(FIRST)).unwrap_or(usize::MAX);
        if let Some(slot) = self.open.get_mut(at) {
            *slot = None;
        }
        Ok(())
    }

    /// Returns what a descriptor stands for.
    fn node(&mut self, descriptor: u32) -> Result<Node, Refusal> {
        Ok(match self.get(descriptor)? {
            Open::Folder { .. } => Node::Folder,
            Open::File { bytes, .. } => Node::File(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        })
    }

    /// Moves where the next read begins.
    fn seek(&mut self, descriptor: u32, offset: i64, whence: u32) -> Result<u64, Refusal> {
        if descriptor < FIRST {
            return refuse(SPIPE);
        }
        let Open::File { bytes, at } = self.get(descriptor)? else { return refuse(BADF) };
        let base = match whence {
            0 => 0,
            1 => *at,
            2 => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            _ => return refuse(INVAL),
        };
        let Some(moved) = base.checked_add_signed(offset) else { return refuse(INVAL) };
        *at = moved;
        Ok(moved)
    }
}

/// How a path is opened.
#[derive(Clone, Copy)]
struct Flags {
    /// Something would be written.
    writes: bool,
    /// It has to be a folder.
    folder: bool,
}
