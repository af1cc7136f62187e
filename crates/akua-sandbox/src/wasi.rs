//! What a guest sees of the world: read-only mounts, a clock that stands, entropy from a seed, and
//! output that is kept up to a limit.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{SeedableRng, TryRng};
use std::convert::Infallible;
use wasmtime::{Caller, Extern, Linker};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::capture::Capture;
use crate::files::{self, Descriptors, Mount};
use crate::store::GuestState;

/// The instant at which every guest believes to run: 2024-01-01T00:00:00Z.
///
/// xtask takes its snapshots at the same instant.
const FROZEN: Duration = Duration::from_hours(473_352);
/// Where the monotonic clock starts: Go refuses to start at zero.
const MONOTONIC_START_NANOSECONDS: u64 = 1_000_000_000;

/// What a guest used of the world that a render should not depend on.
#[derive(Debug, Default, Clone)]
pub(crate) struct Uses {
    /// It read random bytes.
    pub(crate) entropy: Arc<AtomicBool>,
    /// It read the clock.
    pub(crate) clock: Arc<AtomicBool>,
}

/// The world of one guest.
pub(crate) struct World {
    /// The context of WASI.
    pub(crate) context: WasiP1Ctx,
    /// Standard output, as far as it is kept.
    pub(crate) stdout: Capture,
    /// Standard error, as far as it is kept.
    pub(crate) stderr: Capture,
    /// Its files.
    pub(crate) descriptors: Descriptors,
    /// What was used.
    pub(crate) uses: Uses,
    /// The monotonic clock, which only sleeping moves on.
    monotonic: Arc<AtomicU64>,
}

/// Makes the world of the call with number `call` of a render.
pub(crate) fn world(
    mounts: &[Mount],
    seed: &Arc<Seed>,
    call: u64,
    capture_limit_bytes: usize,
) -> World {
    let uses = Uses::default();
    let monotonic = Arc::new(AtomicU64::new(MONOTONIC_START_NANOSECONDS));
    let stdout = Capture::new(capture_limit_bytes);
    let stderr = Capture::new(capture_limit_bytes);
    let mut builder = WasiCtxBuilder::new();
    builder
        // klog reads the first argument when a Go guest starts.
        .arg("akua")
        .allow_blocking_current_thread(true)
        .stdout(stdout.clone())
        .stderr(stderr.clone())
        .wall_clock(Frozen { used: Arc::clone(&uses.clock) })
        .monotonic_clock(Still { now: Arc::clone(&monotonic) })
        .secure_random(Seeded::new(seed, call, &uses.entropy))
        .insecure_random(Seeded::new(seed, call, &uses.entropy))
        .insecure_random_seed(0)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    let descriptors = Descriptors::new(mounts);
    World { context: builder.build_p1(), stdout, stderr, descriptors, uses, monotonic }
}

/// Adds WASI to `linker`.
///
/// Files are ours: the host's file system is not behind them. So is `poll_oneoff`: wasmtime-wasi's
/// sleeps on the host's thread, past every deadline; here sleeping moves the guest's monotonic clock
/// and takes no time.
///
/// # Errors
/// If a function is defined twice, which the test of every guest would notice.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, |state| &mut state.world_mut().context)?;
    linker.allow_shadowing(true);
    linker.func_wrap("wasi_snapshot_preview1", "poll_oneoff", poll_oneoff)?;
    files::add_to_linker(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Errno of WASI: success.
const SUCCESS: i32 = 0;
/// Errno of WASI: a pointer outside of the memory.
const FAULT: i32 = 21;
/// Errno of WASI: an invalid argument.
const INVALID: i32 = 28;

/// Answers every subscription at once; those to a clock move it on.
fn poll_oneoff(
    mut caller: Caller<'_, GuestState>,
    subscriptions: u32,
    events: u32,
    count: u32,
    written: u32,
) -> i32 {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return FAULT };
    if count == 0 {
        return INVALID;
    }
    let (data, state) = memory.data_and_store_mut(&mut caller);
    let mut latest = 0;
    for index in 0..count {
        let Some((user, kind, timeout, absolute)) = subscription(data, subscriptions, index) else {
            return FAULT;
        };
        // Only clocks (0) can be waited for: guests have nothing else that becomes ready.
        let errno = if kind == 0 { SUCCESS } else { INVALID };
        if kind == 0 {
            let now = state.world_mut().monotonic.load(Ordering::Relaxed);
            latest = latest.max(if absolute { timeout } else { now.saturating_add(timeout) });
        }
        let mut event = [0_u8; 32];
        event[..8].copy_from_slice(&user.to_le_bytes());
        event[8..12].copy_from_slice(&errno.to_le_bytes());
        event[10] = kind;
        let at = index.checked_mul(32);
        if at.and_then(|at| write(data, events, at, &event)).is_none() {
            return FAULT;
        }
    }
    state.world_mut().monotonic.fetch_max(latest, Ordering::Relaxed);
    match write(data, written, 0, &count.to_le_bytes()) {
        Some(()) => SUCCESS,
        None => FAULT,
    }
}

/// Reads a subscription: user data, kind, timeout, and whether the timeout is an instant.
fn subscription(data: &[u8], base: u32, index: u32) -> Option<(u64, u8, u64, bool)> {
    let start = usize::try_from(base.checked_add(index.checked_mul(48)?)?).ok()?;
    let bytes = data.get(start..start.checked_add(48)?)?;
    let number = |at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?))
    };
    let absolute = bytes.get(40)? & 1 == 1;
    Some((number(0)?, *bytes.get(8)?, number(24)?, absolute))
}

/// Writes `bytes` at `base + offset`.
fn write(data: &mut [u8], base: u32, offset: u32, bytes: &[u8]) -> Option<()> {
    let start = usize::try_from(base.checked_add(offset)?).ok()?;
    data.get_mut(start..start.checked_add(bytes.len())?)?.copy_from_slice(bytes);
    Some(())
}

/// The wall clock.
struct Frozen {
    /// Set when it is read.
    used: Arc<AtomicBool>,
}

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.used.store(true, Ordering::Relaxed);
        FROZEN
    }
}

/// The monotonic clock. That it is read says nothing: Go's collector does, and no program can.
struct Still {
    /// Nanoseconds.
    now: Arc<AtomicU64>,
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }
}

/// What all random bytes of a render follow from; found out when the first are wanted.
pub(crate) struct Seed {
    find: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
    found: OnceLock<[u8; 32]>,
}

impl Seed {
    /// A seed that `find` returns.
    pub(crate) fn new(find: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self { find: Box::new(find), found: OnceLock::new() }
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Seed").finish_non_exhaustive()
    }
}

/// Random bytes that follow from the seed of the render and the number of the call.
struct Seeded {
    seed: Arc<Seed>,
    call: u64,
    /// The generator, once random bytes were wanted.
    generator: Option<ChaCha20Rng>,
    /// Set when it is read.
    used: Arc<AtomicBool>,
}

impl Seeded {
    /// The generator of one call.
    fn new(seed: &Arc<Seed>, call: u64, used: &Arc<AtomicBool>) -> Self {
        Self { seed: Arc::clone(seed), call, generator: None, used: Arc::clone(used) }
    }

    /// The generator, from here on used.
    fn generator(&mut self) -> &mut ChaCha20Rng {
        self.used.store(true, Ordering::Relaxed);
        self.generator.get_or_insert_with(|| {
            let seed = *self.seed.found.get_or_init(&self.seed.find);
            let mut generator = ChaCha20Rng::from_seed(seed);
            generator.set_stream(self.call);
            generator
        })
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.generator().try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.generator().try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.generator().try_fill_bytes(bytes)
    }
}

/// The runtime that wasmtime-wasi's file calls expect to find.
///
/// Without one of ours it starts its own, with a thread for each core.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn runtime() -> std::io::Result<&'static tokio::runtime::Runtime> {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(RUNTIME.get_or_init(|| runtime))
}
