//! The bridge: the worker's one import, and who answers it.
#![expect(unsafe_code, reason = "a Store cannot hold the borrow of who answers its calls")]

use std::ptr::NonNull;

use wasmtime::{AsContext, AsContextMut, Caller, Extern, Linker, Memory};

use crate::store::{GuestState, pause, resume};

/// Answers the calls of the worker's program.
pub trait Callouts {
    /// Answers one call.
    ///
    /// # Shape
    /// `method` is plain text, `args` a JSON array, `kwargs` a JSON object, as far as the program is
    /// honest; the answer is `{"ok": value}` or `{"error": {code, message, path?, help?}}`.
    fn call(&mut self, method: &str, args: &str, kwargs: &str) -> String;
}

/// Why a call over the bridge could not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BridgeFault {
    /// A string begins outside of the guest's memory, or does not end in it.
    #[error("a string at {pointer} does not lie in the guest's memory")]
    Pointer {
        /// Where it was said to be.
        pointer: u32,
    },
    /// A string is not UTF-8.
    #[error("the string at {pointer} is not UTF-8")]
    Encoding {
        /// Where it is.
        pointer: u32,
    },
    /// One direction of the call is larger than allowed.
    #[error("a call is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The answer holds a NUL, which would end it early.
    #[error("the answer holds a NUL")]
    Nul,
    /// The guest has no memory, or no `akua_bridge_alloc`, or one that answers nonsense.
    #[error("the guest offers no place for the answer")]
    NoPlace,
    /// Nobody answers calls in this Store.
    #[error("nobody answers calls of this guest")]
    NobodyAnswers,
}

/// The borrow of a [`Callouts`] for the time of one call into a guest.
pub(crate) struct Line(NonNull<dyn Callouts>);

// SAFETY: a Store never leaves the thread that made it: `Session::run` makes it, runs it and drops
// it in one call. `Send` is demanded by wasmtime-wasi's linker, and not used.
unsafe impl Send for Line {}

impl Line {
    /// Forgets the lifetime of `calls`.
    ///
    /// # Safety
    /// The line must be dropped before the borrow ends.
    pub(crate) unsafe fn new<'a>(calls: &'a mut (dyn Callouts + 'a)) -> Self {
        let pointer: *mut (dyn Callouts + 'a) = calls;
        #[expect(clippy::transmute_ptr_to_ptr, reason = "a cast must not extend a lifetime")]
        // SAFETY: only the lifetime changes; the caller vouches for it.
        let pointer: *mut (dyn Callouts + 'static) = unsafe { std::mem::transmute(pointer) };
        // SAFETY: made from a reference, so not null.
        Self(unsafe { NonNull::new_unchecked(pointer) })
    }

    /// Passes a call on.
    fn call(&mut self, method: &str, args: &str, kwargs: &str) -> String {
        // SAFETY: the borrow that the line was made of is still held by `Session::run`, which is
        // further up on this stack; the guest is paused in this very import, so there is no other
        // call on the line.
        let calls = unsafe { self.0.as_mut() };
        calls.call(method, args, kwargs)
    }
}

/// Adds the import to `linker`.
///
/// # Errors
/// If it is defined twice.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "kcl_plugin_invoke_json_wasm", invoke)?;
    Ok(())
}

/// The import: three NUL-terminated strings in, one out.
fn invoke(
    mut caller: Caller<'_, GuestState>,
    method: u32,
    args: u32,
    kwargs: u32,
) -> wasmtime::Result<u32> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(BridgeFault::NoPlace.into());
    };
    let limit_bytes = caller.data().pool().limits.bridge_limit_bytes;
    let mut left = limit_bytes;
    let mut string = |pointer| {
        read(&caller, memory, pointer, &mut left).map_err(|fault| match fault {
            BridgeFault::TooLarge { .. } => BridgeFault::TooLarge { limit_bytes },
            other => other,
        })
    };
    let (method, args, kwargs) = (string(method)?, string(args)?, string(kwargs)?);
    pause(caller.as_context_mut())?;
    let line = caller.data_mut().line_mut().ok_or(BridgeFault::NobodyAnswers)?;
    let answer = line.call(&method, &args, &kwargs);
    resume(caller.as_context_mut())?;
    write(&mut caller, memory, answer)
}

/// Reads a NUL-terminated string of at most `left` bytes.
fn read(
    store: impl AsContext,
    memory: Memory,
    pointer: u32,
    left: &mut usize,
) -> Result<String, BridgeFault> {
    let outside = BridgeFault::Pointer { pointer };
    let start = usize::try_from(pointer).unwrap_or(usize::MAX);
    let data = memory.data(&store).get(start..).ok_or(outside)?;
    let window = data.get(..left.saturating_add(1)).unwrap_or(data);
    let Some(length) = window.iter().position(|byte| *byte == 0) else {
        let limit_bytes = *left;
        let cut = window.len() < data.len();
        return Err(if cut { BridgeFault::TooLarge { limit_bytes } } else { outside });
    };
    *left = left.saturating_sub(length);
    let bytes = window.get(..length).ok_or(outside)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(BridgeFault::Encoding { pointer }),
    }
}

/// Writes the answer where the guest wants it.
fn write(
    caller: &mut Caller<'_, GuestState>,
    memory: Memory,
    answer: String,
) -> wasmtime::Result<u32> {
    let limit_bytes = caller.data().pool().limits.bridge_limit_bytes;
    let mut answer = answer.into_bytes();
    if answer.len() > limit_bytes {
        return Err(BridgeFault::TooLarge { limit_bytes }.into());
    }
    if answer.contains(&0) {
        return Err(BridgeFault::Nul.into());
    }
    answer.push(0);
    let Some(Extern::Func(alloc)) = caller.get_export("akua_bridge_alloc") else {
        return Err(BridgeFault::NoPlace.into());
    };
    let Ok(alloc) = alloc.typed::<u32, u32>(&*caller) else {
        return Err(BridgeFault::NoPlace.into());
    };
    let size =
        u32::try_from(answer.len()).map_err(|_large| BridgeFault::TooLarge { limit_bytes })?;
    let pointer = alloc.call(&mut *caller, size)?;
    let start = usize::try_from(pointer).unwrap_or(usize::MAX);
    if pointer == 0 || memory.write(&mut *caller, start, &answer).is_err() {
        return Err(BridgeFault::NoPlace.into());
    }
    Ok(pointer)
}
