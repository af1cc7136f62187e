//! One thread that moves the epoch on while any guest runs, so that endless loops end.
#![expect(clippy::disallowed_methods, reason = "the watchdog's thread, its timer and the clock")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::engine;

/// Length of an epoch; SPEC §5.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// Stores that are live.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The thread, while there is one: from the first Store on.
static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
/// Whether the thread has to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Keeps the epoch moving as long as it lives.
#[derive(Debug)]
pub(crate) struct Watch(());

impl Watch {
    /// Starts the watchdog, or wakes it up.
    ///
    /// # Errors
    /// If the thread cannot be started: no guest may run without it.
    pub(crate) fn start() -> wasmtime::Result<Self> {
        let mut slot = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            let builder = std::thread::Builder::new().name("akua-watchdog".to_owned());
            *slot = builder.stack_size(64 << 10).spawn(tick).ok();
        }
        let Some(handle) = slot.as_ref() else {
            return Err(wasmtime::Error::msg("the watchdog thread could not be started"));
        };
        if LIVE.fetch_add(1, Ordering::SeqCst) == 0 {
            handle.thread().unpark();
        }
        Ok(Self(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends the thread, if there is one and no Store is live; the next Store starts it again.
pub(crate) fn stop() {
    let mut slot = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    if LIVE.load(Ordering::SeqCst) > 0 {
        return;
    }
    let Some(handle) = slot.take() else { return };
    ENDING.store(true, Ordering::SeqCst);
    handle.thread().unpark();
    // A thread that panicked has ended too.
    let _ended = handle.join();
    ENDING.store(false, Ordering::SeqCst);
}

/// The body of the thread.
fn tick() {
    while !ENDING.load(Ordering::SeqCst) {
        if LIVE.load(Ordering::SeqCst) == 0 {
            std::thread::park();
        } else if slept(TICK) {
            engine().increment_epoch();
        }
    }
}

/// Sleeps; returns whether the time is over, and not the thread's own.
fn slept(time: Duration) -> bool {
    let start = now();
    while !ENDING.load(Ordering::SeqCst) {
        let left = time.saturating_sub(start.elapsed());
        if left.is_zero() {
            return true;
        }
        // Not `sleep`: who ends the thread does not wait for a tick.
        std::thread::park_timeout(left);
    }
    false
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
