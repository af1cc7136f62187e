//! One thread that moves the epoch on while any guest runs, so that endless loops end.
#![expect(clippy::disallowed_methods, reason = "the watchdog's thread, its timer and the clock")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::engine::engine;

/// Length of an epoch; SPEC §5.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Stores that are live.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The thread, once there was a Store.
static THREAD: OnceLock<Option<Thread>> = OnceLock::new();

/// Keeps the epoch moving as long as it lives.
#[derive(Debug)]
pub(crate) struct Watch(());

impl Watch {
    /// Starts the watchdog, or wakes it up.
    ///
    /// # Errors
    /// If the thread cannot be started: no guest may run without it.
    pub(crate) fn start() -> wasmtime::Result<Self> {
        let thread = THREAD.get_or_init(|| {
            let builder = std::thread::Builder::new().name("akua-watchdog".to_owned());
            builder.stack_size(64 << 10).spawn(tick).ok().map(|handle| handle.thread().clone())
        });
        let Some(thread) = thread else {
            return Err(wasmtime::Error::msg("the watchdog thread could not be started"));
        };
        if LIVE.fetch_add(1, Ordering::SeqCst) == 0 {
            thread.unpark();
        }
        Ok(Self(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The body of the thread.
fn tick() {
    loop {
        if LIVE.load(Ordering::SeqCst) == 0 {
            std::thread::park();
        } else {
            std::thread::sleep(TICK);
            engine().increment_epoch();
        }
    }
}

/// The time, for accounts of who used how much of it.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Ticks until `left` has passed for sure: the current tick may end at once.
pub(crate) fn ticks(left: Duration) -> u64 {
    let ticks = left.as_millis().div_ceil(TICK.as_millis().max(1));
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}
