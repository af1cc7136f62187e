//! WASI's calls on files: pointers are checked, records are written, and descriptors do the rest.

use std::sync::Arc;

use wasmtime::{Caller, Extern, Linker, Memory};

use super::layout::{self, BADF, FAULT, ISDIR, NAMETOOLONG, NOTDIR, SUCCESS};
use super::{Descriptors, FIRST, Flags, Open, Refusal, refuse};
use crate::store::GuestState;

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
