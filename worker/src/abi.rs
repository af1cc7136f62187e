//! The fixed interface between worker and host: exports, one import, raw pointers.
#![expect(unsafe_code, reason = "exports by name and memory shared with the host")]

use std::ffi::CString;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Calls the host: three NUL-terminated strings in, one out, in memory of
    /// `akua_bridge_alloc`.
    fn kcl_plugin_invoke_json_wasm(
        method: *const u8,
        args: *const u8,
        kwargs: *const u8,
    ) -> *mut u8;
}

unsafe extern "C" {
    /// The constructors of the C library. Naming them here makes the linker build a reactor:
    /// otherwise it wraps each export in a call of all constructors and destructors.
    fn __wasm_call_ctors();

    /// Makes the C library forget the preopens that it found while the snapshot was taken (none),
    /// so that each run finds its own.
    fn __wasilibc_reset_preopens();
}

/// Memory for a request of `size` bytes; `akua_run` takes it over.
#[unsafe(no_mangle)]
extern "C" fn akua_alloc(size: usize) -> *mut u8 {
    Box::into_raw(vec![0; size].into_boxed_slice()).cast()
}

/// Memory for an answer of the host of `size` bytes, NUL included; [`invoke`] takes it over.
#[unsafe(no_mangle)]
extern "C" fn akua_bridge_alloc(size: usize) -> *mut u8 {
    akua_alloc(size)
}

/// Builds what every run needs, before the snapshot is taken.
#[unsafe(no_mangle)]
extern "C" fn akua_warm() {
    // SAFETY: called once, by xtask, before anything else.
    unsafe { __wasm_call_ctors() };
    crate::run::warm();
    // SAFETY: nothing holds a preopen: the warm run is over.
    unsafe { __wasilibc_reset_preopens() };
}

/// Runs the request at `pointer` and returns where its answer is: `pointer << 32 | length`.
#[unsafe(no_mangle)]
extern "C" fn akua_run(pointer: *mut u8, length: usize) -> u64 {
    let slice = std::ptr::slice_from_raw_parts_mut(pointer, length);
    // SAFETY: the host passes what `akua_alloc` made for this length, once.
    let request = unsafe { Box::from_raw(slice) };
    let answer = crate::run::run(&request).into_boxed_slice();
    let length = answer.len() as u64;
    let pointer = Box::into_raw(answer).cast::<u8>() as usize as u64;
    (pointer << 32) | length
}

/// Calls the host over the bridge and returns its answer, an envelope in JSON.
///
/// A NUL in an argument, which no JSON text has, cuts it short.
pub(crate) fn invoke(method: &str, args: &str, kwargs: &str) -> String {
    let [method, args, kwargs] = [method, args, kwargs].map(terminated);
    let (method, args, kwargs) = (method.as_ptr(), args.as_ptr(), kwargs.as_ptr());
    // SAFETY: three NUL-terminated strings that live until the call returns.
    let answer = unsafe { kcl_plugin_invoke_json_wasm(method.cast(), args.cast(), kwargs.cast()) };
    // SAFETY: the host returns memory that `akua_bridge_alloc` made, filled up to its last byte,
    // which is the first NUL.
    let length = unsafe { std::ffi::CStr::from_ptr(answer.cast()) }.count_bytes() + 1;
    let slice = std::ptr::slice_from_raw_parts_mut(answer, length);
    // SAFETY: as above: the length is the one that it was made with, and nobody else has it.
    let mut bytes = unsafe { Box::from_raw(slice) }.into_vec();
    bytes.pop();
    String::from_utf8(bytes).unwrap_or_default()
}

/// `text` up to its first NUL, terminated.
fn terminated(text: &str) -> CString {
    let text = text.split('\0').next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

/// Sixteen random bytes; in a Store they follow from the seed of the render.
pub(crate) fn entropy() -> [u8; 16] {
    let mut bytes = [0; 16];
    // SAFETY: WASI fills exactly the bytes that it is given.
    let _errno = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
    bytes
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    /// Fills memory with random bytes.
    fn random_get(buffer: *mut u8, length: usize) -> i32;
}
