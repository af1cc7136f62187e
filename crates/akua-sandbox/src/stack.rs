//! A stack for nested renders.

use crate::settings::MAX_WASM_STACK_BYTES;

/// Stack of the host's own frames, between guests and around them, in bytes; measured at 40 KiB a
/// level, and generously rounded up.
const SLACK_BYTES: usize = 4 << 20;

/// Runs `work` on a stack that holds `max_depth` nested renders, each as deep as a guest may go,
/// and the engine that the innermost calls.
///
/// It is a stack of its own, not a thread of its own: a thread costs a millisecond where the other
/// cores are busy.
///
/// # Panics
/// If there is no memory for the stack, or if `work` panics.
pub fn on_render_stack<T>(max_depth: usize, work: impl FnOnce() -> T) -> T {
    let levels = max_depth.saturating_add(2);
    let stack_bytes = levels.saturating_mul(MAX_WASM_STACK_BYTES).saturating_add(SLACK_BYTES);
    stacker::grow(stack_bytes, work)
}
