//! One render: what its Stores share, and the calls that make a Store each.
#![expect(unsafe_code, reason = "lends a borrow to a Store that is dropped before it ends")]

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use wasmtime::{AsContextMut, Instance, InstancePre, Linker, Memory, Store};

use crate::callouts::{self, Callouts, Line};
use crate::embedded::{Guest, embedded, module};
use crate::engine::engine;
use crate::error::{SandboxError, classify};
use crate::files::Mount;
use crate::image;
use crate::limits::Limits;
use crate::store::{GuestState, Loan, Pool, pause, resume, store};
use crate::wasi::{self, Seed};

/// One top-level render, the renders nested in it included.
#[derive(Debug)]
pub struct Session {
    /// What all Stores share.
    pool: Arc<Pool>,
    /// What all random bytes follow from.
    seed: Arc<Seed>,
    /// Calls so far.
    calls: AtomicU64,
    /// Live worker Stores.
    depth: AtomicUsize,
    /// Whether a guest read random bytes.
    entropy: AtomicBool,
    /// Whether a guest read the clock.
    clock: AtomicBool,
}

/// What a guest returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestOutput {
    /// The bytes, as the guest made them: hostile until decoded.
    pub bytes: Vec<u8>,
    /// Standard output, as far as it was kept.
    pub stdout: Vec<u8>,
    /// Standard error, as far as it was kept.
    pub stderr: Vec<u8>,
    /// Fuel that the guest used, without the guests that it called.
    pub fuel_used: u64,
    /// Memory of the guest at its end, in bytes; it never shrinks.
    pub memory_bytes: u64,
}

/// What a session used up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Fuel of all guests.
    pub fuel_used: u64,
    /// Largest amount of memory of all live Stores, in bytes.
    pub peak_memory_bytes: u64,
    /// Calls into guests.
    pub calls: u64,
    /// Whether a guest read random bytes (which follow from the seed).
    pub entropy_used: bool,
    /// Whether a guest read the clock (which stands).
    pub clock_used: bool,
}

impl Session {
    /// A render that starts now; its time runs from here. `seed` is asked for when a guest wants
    /// random bytes, once.
    pub fn new(limits: Limits, seed: impl Fn() -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self {
            pool: Arc::new(Pool::new(limits)),
            seed: Arc::new(Seed::new(seed)),
            calls: AtomicU64::new(0),
            depth: AtomicUsize::new(0),
            entropy: AtomicBool::new(false),
            clock: AtomicBool::new(false),
        }
    }

    /// Takes memory of the render for what the host holds, for as long as the session lives.
    ///
    /// # Errors
    /// [`SandboxError::Memory`] where there is not so much left.
    pub fn hold(&self, bytes: usize) -> Result<(), SandboxError> {
        self.pool.hold(bytes).ok_or_else(|| self.pool.host_error())
    }

    /// Takes memory of the render for what the host holds until the loan is dropped.
    ///
    /// # Errors
    /// [`SandboxError::HostMemory`] where there is not so much left.
    pub fn lend(&self, bytes: usize) -> Result<Loan, SandboxError> {
        self.pool.borrow(bytes).ok_or_else(|| self.pool.host_error())
    }

    /// Returns a share in the render's memory, for who holds things on behalf of guests.
    pub fn holder(&self) -> Holder {
        Holder(Arc::clone(&self.pool))
    }

    /// The budgets of this render.
    pub fn limits(&self) -> &Limits {
        &self.pool.limits
    }

    /// What was used up to now; guests that wait for a callout count up to where they wait.
    pub fn report(&self) -> Report {
        Report {
            fuel_used: self.pool.fuel_used(),
            peak_memory_bytes: self.pool.peak_memory_bytes(),
            calls: self.calls.load(Ordering::SeqCst),
            entropy_used: self.entropy.load(Ordering::SeqCst),
            clock_used: self.clock.load(Ordering::SeqCst),
        }
    }

    /// Runs the worker in a Store of its own; `calls` answers its bridge, and may itself run guests.
    ///
    /// # Errors
    /// [`SandboxError`], whatever the guest does.
    pub fn run_worker(
        &self,
        mounts: &[Mount],
        request: &[u8],
        calls: &mut dyn Callouts,
    ) -> Result<GuestOutput, SandboxError> {
        let limit = self.pool.limits.max_depth;
        let depth = Depth::enter(&self.depth);
        if depth.level > limit {
            return Err(SandboxError::Depth { limit });
        }
        // SAFETY: the line moves into the Store that `run` makes and drops before it returns, and
        // `calls` is borrowed for longer than that.
        let line = unsafe { Line::new(calls) };
        self.run(Guest::Worker, mounts, request, Some(line))
    }

    /// Runs an engine in a Store of its own: no mounts, and nobody answers its calls.
    ///
    /// # Errors
    /// [`SandboxError`], whatever the guest does.
    pub fn run_engine(&self, guest: Guest, request: &[u8]) -> Result<GuestOutput, SandboxError> {
        self.run(guest, &[], request, None)
    }

    /// Makes a Store, runs one call in it, and drops it.
    fn run(
        &self,
        guest: Guest,
        mounts: &[Mount],
        request: &[u8],
        line: Option<Line>,
    ) -> Result<GuestOutput, SandboxError> {
        let limit_bytes = self.pool.limits.request_limit_bytes;
        if request.len() > limit_bytes {
            return Err(SandboxError::Request { guest, actual_bytes: request.len(), limit_bytes });
        }
        let start = |source| SandboxError::Start { guest, source };
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let capture_limit_bytes = self.pool.limits.capture_limit_bytes;
        let world = wasi::world(mounts, &self.seed, call, capture_limit_bytes);
        // The host has the request once, and the guest a copy of it.
        let _request = self.pool.borrow(request.len()).ok_or_else(|| self.pool.host_error())?;
        let state = GuestState::new(guest, &self.pool, world, line).map_err(start)?;
        let mut store = store(state);
        let outcome = exchange(&mut store, guest, request);
        let state = store.data();
        let world = state.world();
        self.entropy.fetch_or(world.uses.entropy.load(Ordering::Relaxed), Ordering::SeqCst);
        self.clock.fetch_or(world.uses.clock.load(Ordering::Relaxed), Ordering::SeqCst);
        let bytes = match outcome {
            Err(Broken::Guest(error)) => return Err(classify(error, state)),
            Err(Broken::Fact(error)) => return Err(state.refusal().unwrap_or(error)),
            Ok(bytes) => bytes,
        };
        if let Some(refused) = state.refusal() {
            return Err(refused);
        }
        Ok(GuestOutput {
            bytes,
            stdout: world.stdout.contents(),
            stderr: state.stderr(),
            fuel_used: state.fuel_used(),
            memory_bytes: state.memory_bytes(),
        })
    }
}

/// A share in the memory of a render.
#[derive(Debug, Clone)]
pub struct Holder(Arc<Pool>);

impl Holder {
    /// Takes memory for as long as the render lives; `false` if there is not so much left.
    pub fn hold(&self, bytes: usize) -> bool {
        self.0.hold(bytes).is_some()
    }
}

/// A level of nested workers, left when it is dropped.
#[derive(Debug)]
struct Depth<'a> {
    /// The counter.
    counter: &'a AtomicUsize,
    /// This level; the outermost is 1.
    level: usize,
}

impl<'a> Depth<'a> {
    /// Enters a level.
    fn enter(counter: &'a AtomicUsize) -> Self {
        let level = counter.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        Self { counter, level }
    }
}

impl Drop for Depth<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Why an exchange did not give bytes.
enum Broken {
    /// The guest trapped or exited, or an import refused to go on.
    Guest(wasmtime::Error),
    /// Something that is already a fact.
    Fact(SandboxError),
}

impl From<wasmtime::Error> for Broken {
    fn from(error: wasmtime::Error) -> Self {
        Self::Guest(error)
    }
}

/// Instantiates the guest, hands it the request, and copies its answer out.
fn exchange(
    store: &mut Store<GuestState>,
    guest: Guest,
    request: &[u8],
) -> Result<Vec<u8>, Broken> {
    let start = |source| Broken::Fact(SandboxError::Start { guest, source });
    let _ambient = wasi::runtime().map_err(|error| start(error.into()))?.enter();
    let prepared = prepared(guest).map_err(start)?;
    resume(store.as_context_mut())?;
    let instance = prepared.instantiate(&mut *store)?;
    store.data_mut().seal_tables();
    let memory = instance
        .get_memory(&mut *store, "memory")
        .ok_or_else(|| start(wasmtime::Error::msg("the guest has no memory")))?;
    image::place(&mut *store, memory, embedded(guest).image()).map_err(start)?;
    let outcome = call(store, instance, memory, request);
    pause(store.as_context_mut())?;
    let packed = outcome?;
    answer(store, guest, memory, packed)
}

/// Writes the request into the guest and calls it.
fn call(
    store: &mut Store<GuestState>,
    instance: Instance,
    memory: Memory,
    request: &[u8],
) -> Result<u64, Broken> {
    let guest = store.data().guest();
    let (alloc, run) = match guest {
        Guest::Worker => ("akua_alloc", "akua_run"),
        _ => ("alloc", "render"),
    };
    let alloc = instance.get_typed_func::<u32, u32>(&mut *store, alloc)?;
    let run = instance.get_typed_func::<(u32, u32), u64>(&mut *store, run)?;
    let length = u32::try_from(request.len()).unwrap_or(u32::MAX);
    let pointer = alloc.call(&mut *store, length)?;
    let offset = usize::try_from(pointer).unwrap_or(usize::MAX);
    if memory.write(&mut *store, offset, request).is_err() {
        return Err(Broken::Fact(SandboxError::BadOutput { guest, pointer, length }));
    }
    Ok(run.call(&mut *store, (pointer, length))?)
}

/// Copies out the answer that the guest packed as `pointer << 32 | length`.
fn answer(
    store: &Store<GuestState>,
    guest: Guest,
    memory: Memory,
    packed: u64,
) -> Result<Vec<u8>, Broken> {
    let pointer = u32::try_from(packed >> 32).unwrap_or(u32::MAX);
    let length = u32::try_from(packed & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let actual_bytes = usize::try_from(length).unwrap_or(usize::MAX);
    let limit_bytes = store.data().pool().limits.output_limit_bytes;
    if actual_bytes > limit_bytes {
        return Err(Broken::Fact(SandboxError::Output { guest, actual_bytes, limit_bytes }));
    }
    let start = usize::try_from(pointer).unwrap_or(usize::MAX);
    let bytes = memory.data(store).get(start..).and_then(|data| data.get(..actual_bytes));
    match bytes {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(Broken::Fact(SandboxError::BadOutput { guest, pointer, length })),
    }
}

/// Loads the guests that a render will probably need, on a thread of its own, while the worker is
/// loaded and runs. It only saves time: what is not loaded yet is loaded when it is called.
pub fn prepare_in_background(guests: Vec<Guest>) {
    if guests.is_empty() {
        return;
    }
    let load = move || {
        for guest in guests {
            // An error is told when the guest is called.
            drop(prepared(guest).map(|_| ()));
        }
    };
    #[expect(clippy::disallowed_methods, reason = "this crate owns the effect of threads")]
    drop(std::thread::spawn(load));
}

/// The guest with its imports resolved, once a process.
fn prepared(guest: Guest) -> wasmtime::Result<&'static InstancePre<GuestState>> {
    static PREPARED: [OnceLock<InstancePre<GuestState>>; 4] = [const { OnceLock::new() }; 4];
    let slot = match guest {
        Guest::Worker => &PREPARED[0],
        Guest::Helm => &PREPARED[1],
        Guest::Kustomize => &PREPARED[2],
        #[cfg(test)]
        Guest::Hostile => &PREPARED[3],
    };
    if let Some(prepared) = slot.get() {
        return Ok(prepared);
    }
    let mut linker = Linker::new(engine());
    wasi::add_to_linker(&mut linker)?;
    if !matches!(guest, Guest::Helm | Guest::Kustomize) {
        callouts::add_to_linker(&mut linker)?;
    }
    let prepared = linker.instantiate_pre(module(guest)?)?;
    Ok(slot.get_or_init(|| prepared))
}

#[cfg(test)]
mod bridge_tests;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod worker_tests;
