//! A thread with a stack for nested renders.

use crate::settings::MAX_WASM_STACK_BYTES;

/// Stack of the host's own frames, between guests and around them, in bytes; measured at 40 KiB a
/// level, and generously rounded up.
const SLACK_BYTES: usize = 4 << 20;

/// Runs `work` on a thread whose stack holds `max_depth` nested renders, each as deep as a guest
/// may go, and the engine that the innermost calls.
///
/// # Panics
/// If the thread cannot be started, or if `work` panics.
pub fn on_render_thread<T: Send>(max_depth: usize, work: impl FnOnce() -> T + Send) -> T {
    let levels = max_depth.saturating_add(2);
    let stack_bytes = levels.saturating_mul(MAX_WASM_STACK_BYTES).saturating_add(SLACK_BYTES);
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("akua-render".to_owned());
        #[expect(clippy::expect_used, reason = "without a thread there is no render to go on with")]
        let handle = builder
            .stack_size(stack_bytes)
            .spawn_scoped(scope, work)
            .expect("the system starts a thread");
        match handle.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
