//! The files that a guest sees: read-only trees that the host hands in, served through WASI's
//! preopened folders. No guest reaches the machine's file system: there is none behind these calls.

use std::fmt::Debug;
use std::sync::Arc;

use wasmtime::{Caller, Extern, Linker, Memory};

use crate::store::GuestState;

mod layout;

use layout::{
    BADF, FAULT, ILSEQ, INVAL, IO, ISDIR, MFILE, NAMETOOLONG, NOENT, NOTCAPABLE, NOTDIR, ROFS,
    SPIPE, SUCCESS,
};

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
    #[error("more than {limit} files are read")]
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

/// Adds the calls that concern files, in place of wasmtime-wasi's.
///
/// # Errors
/// If the linker refuses one.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    const WASI: &str = "wasi_snapshot_preview1";
    linker.func_wrap(WASI, "fd_close", fd_close)?;
    linker.func_wrap(WASI, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(WASI, "fd_filestat_get", fd_filestat_get)?;
    linker.func_wrap(WASI, "fd_prestat_get", fd_prestat_get)?;
    linker.func_wrap(WASI, "fd_prestat_dir_name", fd_prestat_dir_name)?;
    linker.func_wrap(WASI, "fd_read", fd_read)?;
    linker.func_wrap(WASI, "fd_pread", fd_pread)?;
    linker.func_wrap(WASI, "fd_readdir", fd_readdir)?;
    linker.func_wrap(WASI, "fd_seek", fd_seek)?;
    linker.func_wrap(WASI, "fd_tell", fd_tell)?;
    linker.func_wrap(WASI, "path_filestat_get", path_filestat_get)?;
    linker.func_wrap(WASI, "path_open", path_open)?;
    Ok(())
}

/// The memory of the guest and its descriptors.
struct Guest<'a> {
    memory: &'a mut [u8],
    descriptors: &'a mut Descriptors,
}

/// Runs one call: errors of the guest are numbers, a broken budget ends it.
fn answer(
    mut caller: Caller<'_, GuestState>,
    call: impl FnOnce(&mut Guest<'_>) -> Result<(), Refusal>,
) -> wasmtime::Result<i32> {
    let memory: Option<Memory> = caller.get_export("memory").and_then(Extern::into_memory);
    let Some(memory) = memory else { return Ok(FAULT) };
    let (memory, state) = memory.data_and_store_mut(&mut caller);
    let descriptors = &mut state.world_mut().descriptors;
    match call(&mut Guest { memory, descriptors }) {
        Ok(()) => Ok(SUCCESS),
        Err(Refusal::Errno(errno)) => Ok(errno),
        Err(Refusal::End(error)) => Err(error.into()),
    }
}

impl Guest<'_> {
    fn bytes(&self, pointer: u32, length: u32) -> Result<&[u8], Refusal> {
        let start = usize::try_from(pointer).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let found = self.memory.get(start..).and_then(|from| from.get(..length));
        found.ok_or(Refusal::Errno(FAULT))
    }

    fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let start = usize::try_from(pointer).unwrap_or(usize::MAX);
        let place = self.memory.get_mut(start..).and_then(|from| from.get_mut(..bytes.len()));
        place.ok_or(Refusal::Errno(FAULT))?.copy_from_slice(bytes);
        Ok(())
    }

    /// Copies bytes of a file from an offset into the buffers of a list; returns how many.
    fn scatter(&mut self, bytes: &[u8], at: u64, list: u32, count: u32) -> Result<u32, Refusal> {
        let mut rest = bytes.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default();
        let mut copied = 0_u32;
        for index in 0..count {
            let entry = index.checked_mul(8).and_then(|offset| list.checked_add(offset));
            let entry = self.bytes(entry.ok_or(Refusal::Errno(FAULT))?, 8)?;
            let (pointer, length) = layout::buffer(entry).ok_or(Refusal::Errno(FAULT))?;
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.write(pointer, now)?;
            copied = copied.saturating_add(u32::try_from(now.len()).unwrap_or(u32::MAX));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        Ok(copied)
    }
}

fn fd_close(caller: Caller<'_, GuestState>, descriptor: u32) -> wasmtime::Result<i32> {
    answer(caller, |guest| guest.descriptors.close(descriptor))
}

fn fd_fdstat_get(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let node = match descriptor {
            0..FIRST => None,
            _ => Some(guest.descriptors.node(descriptor)?),
        };
        guest.write(out, &layout::descriptor_state(node))
    })
}

fn fd_filestat_get(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let node = match descriptor {
            0..FIRST => None,
            _ => Some(guest.descriptors.node(descriptor)?),
        };
        guest.write(out, &layout::file_state(node))
    })
}

/// The mount of a descriptor that stands for the root of one.
fn preopened(guest: &mut Guest<'_>, descriptor: u32) -> Result<String, Refusal> {
    let Open::Folder { mount, path } = guest.descriptors.get(descriptor)? else {
        return refuse(BADF);
    };
    let mount = *mount;
    if !path.is_empty() {
        return refuse(BADF);
    }
    let found = guest.descriptors.mounts.get(mount).ok_or(Refusal::Errno(BADF))?;
    Ok(found.guest_path.clone())
}

fn fd_prestat_get(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let name = preopened(guest, descriptor)?;
        guest.write(out, &layout::preopened(&name))
    })
}

fn fd_prestat_dir_name(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    out: u32,
    length: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let name = preopened(guest, descriptor)?;
        if usize::try_from(length).is_ok_and(|length| length < name.len()) {
            return refuse(NAMETOOLONG);
        }
        guest.write(out, name.as_bytes())
    })
}

fn fd_read(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    list: u32,
    count: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        if descriptor == 0 {
            return guest.write(out, &0_u32.to_le_bytes());
        }
        let (bytes, at) = match guest.descriptors.get(descriptor)? {
            Open::File { bytes, at } => (Arc::clone(bytes), *at),
            Open::Folder { .. } => return refuse(ISDIR),
        };
        let copied = guest.scatter(&bytes, at, list, count)?;
        if let Open::File { at, .. } = guest.descriptors.get(descriptor)? {
            *at = at.saturating_add(u64::from(copied));
        }
        guest.write(out, &copied.to_le_bytes())
    })
}

fn fd_pread(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    list: u32,
    count: u32,
    offset: u64,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let bytes = match guest.descriptors.get(descriptor)? {
            Open::File { bytes, .. } => Arc::clone(bytes),
            Open::Folder { .. } => return refuse(ISDIR),
        };
        let copied = guest.scatter(&bytes, offset, list, count)?;
        guest.write(out, &copied.to_le_bytes())
    })
}

fn fd_readdir(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    buffer: u32,
    length: u32,
    cookie: u64,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let Open::Folder { mount, path } = guest.descriptors.get(descriptor)? else {
            return refuse(NOTDIR);
        };
        let (mount, path) = (*mount, path.clone());
        let mount = guest.descriptors.mounts.get(mount).ok_or(Refusal::Errno(BADF))?.clone();
        let names = mount.files.names(&path)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut listed = Vec::new();
        let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
        for (at, (name, is_folder)) in names.iter().enumerate().skip(skipped) {
            let next = u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1);
            listed.extend(layout::entry(next, name, *is_folder));
            if listed.len() >= length {
                break;
            }
        }
        // What is cut off is asked for again: a full buffer says that there is more.
        listed.truncate(length);
        guest.write(buffer, &listed)?;
        let used = u32::try_from(listed.len()).unwrap_or(u32::MAX);
        guest.write(out, &used.to_le_bytes())
    })
}

fn fd_seek(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    offset: i64,
    whence: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let at = guest.descriptors.seek(descriptor, offset, whence)?;
        guest.write(out, &at.to_le_bytes())
    })
}

fn fd_tell(caller: Caller<'_, GuestState>, descriptor: u32, out: u32) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let at = guest.descriptors.seek(descriptor, 0, 1)?;
        guest.write(out, &at.to_le_bytes())
    })
}

fn path_filestat_get(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    _flags: u32,
    path: u32,
    length: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let path = guest.bytes(path, length)?.to_vec();
        let (mount, _, path) = guest.descriptors.resolve(descriptor, &path)?;
        let node = mount.files.look(&path)?;
        guest.write(out, &layout::file_state(Some(node)))
    })
}

#[expect(clippy::too_many_arguments, reason = "WASI has so many")]
fn path_open(
    caller: Caller<'_, GuestState>,
    descriptor: u32,
    _lookup: u32,
    path: u32,
    length: u32,
    how: u32,
    rights: u64,
    _inheriting: u64,
    _descriptor_flags: u32,
    out: u32,
) -> wasmtime::Result<i32> {
    answer(caller, |guest| {
        let path = guest.bytes(path, length)?.to_vec();
        let flags = Flags { writes: layout::writes(how, rights), folder: layout::folder(how) };
        let opened = guest.descriptors.open_path(descriptor, &path, flags)?;
        guest.write(out, &opened.to_le_bytes())
    })
}
