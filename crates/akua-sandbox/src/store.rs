//! A Store for one call: what its guest may use, what it has used, and which limit it hit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{ResourceLimiter, Store, StoreContextMut};

use crate::callouts::Line;
use crate::embedded::Guest;
use crate::engine::engine;
use crate::error::{DeadlineKind, DeadlinePassed, FuelUsedUp, MemoryKind, SandboxError};
use crate::limits::Limits;
use crate::wasi::World;
use crate::watchdog::{Watch, now, ticks};

/// What all Stores of a render share.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The budgets.
    pub(crate) limits: Limits,
    /// When the time of the render is used up.
    pub(crate) deadline: Instant,
    /// Memory of all live Stores, in bytes.
    memory_bytes: AtomicU64,
    /// Largest value of `memory_bytes`.
    peak_memory_bytes: AtomicU64,
    /// Fuel used by calls, finished or waiting.
    fuel: AtomicU64,
}

impl Pool {
    /// The pool of a render that starts now.
    pub(crate) fn new(limits: Limits) -> Self {
        let start = now();
        let deadline = start.checked_add(limits.timeout).unwrap_or(start);
        let zero = || AtomicU64::new(0);
        Self { limits, deadline, memory_bytes: zero(), peak_memory_bytes: zero(), fuel: zero() }
    }

    /// Takes memory from the pool; `false` if there is not so much left.
    fn take_memory(&self, bytes: u64) -> bool {
        let limit = self.limits.render_memory_bytes;
        let taken = self.memory_bytes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| {
            used.checked_add(bytes).filter(|used| *used <= limit)
        });
        if let Ok(before) = taken {
            self.peak_memory_bytes.fetch_max(before.saturating_add(bytes), Ordering::SeqCst);
        }
        taken.is_ok()
    }

    /// Gives memory back.
    fn give_memory(&self, bytes: u64) {
        self.memory_bytes.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Takes memory for the host, for as long as the render lives.
    pub(crate) fn hold(&self, bytes: usize) -> Option<()> {
        self.take_memory(u64::try_from(bytes).unwrap_or(u64::MAX)).then_some(())
    }

    /// Takes memory for the host until the loan is dropped.
    pub(crate) fn borrow(self: &Arc<Self>, bytes: usize) -> Option<Loan> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.take_memory(bytes).then(|| Loan { pool: Arc::clone(self), bytes })
    }

    /// The error of a host that has no memory left for what its guests want.
    pub(crate) fn host_error(&self) -> SandboxError {
        SandboxError::HostMemory { limit_bytes: self.limits.render_memory_bytes }
    }

    /// Fuel used so far.
    pub(crate) fn fuel_used(&self) -> u64 {
        self.fuel.load(Ordering::SeqCst)
    }

    /// Largest amount of memory that was in use at once.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        self.peak_memory_bytes.load(Ordering::SeqCst)
    }

    /// Fuel that may still be used.
    fn fuel_left(&self) -> u64 {
        self.limits.fuel.unwrap_or(u64::MAX).saturating_sub(self.fuel_used())
    }
}

/// Memory that is given back when it is dropped.
#[derive(Debug)]
pub struct Loan {
    pool: Arc<Pool>,
    bytes: u64,
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.pool.give_memory(self.bytes);
    }
}

/// The data of a Store.
pub(crate) struct GuestState {
    /// Who runs.
    guest: Guest,
    /// What all Stores of the render share.
    pool: Arc<Pool>,
    /// What the guest sees of the world.
    world: World,
    /// Who answers its calls over the bridge.
    line: Option<Line>,
    /// Its memory, in bytes.
    memory_bytes: u64,
    /// Its tables are what they were built as: none may grow any more.
    tables_sealed: bool,
    /// The first growth that was refused.
    refused: Option<Refused>,
    /// The account of its time and fuel.
    account: Account,
    /// Keeps the epoch moving.
    _watch: Watch,
}

/// A growth that was refused.
#[derive(Debug, Clone, Copy)]
enum Refused {
    /// Of memory.
    Memory(MemoryKind),
    /// Of a table.
    Table,
}

/// Time and fuel of one guest; the clock runs only while the guest itself does.
#[derive(Debug)]
struct Account {
    /// Time left.
    left: Duration,
    /// Since when the guest has been running.
    since: Instant,
    /// Which limit will be hit first.
    kind: DeadlineKind,
    /// Fuel when it began to run.
    fuel: u64,
    /// Fuel it used before.
    fuel_used: u64,
}

impl GuestState {
    /// The state of a fresh Store.
    ///
    /// # Errors
    /// If the watchdog cannot be started.
    pub(crate) fn new(
        guest: Guest,
        pool: &Arc<Pool>,
        world: World,
        line: Option<Line>,
    ) -> wasmtime::Result<Self> {
        let limits = &pool.limits;
        let left =
            if guest == Guest::Worker { limits.worker_timeout } else { limits.engine_timeout };
        let kind = DeadlineKind::Render;
        let account = Account { left, since: now(), kind, fuel: 0, fuel_used: 0 };
        Ok(Self {
            guest,
            pool: Arc::clone(pool),
            world,
            line,
            memory_bytes: 0,
            tables_sealed: false,
            refused: None,
            account,
            _watch: Watch::start()?,
        })
    }

    /// Who runs.
    pub(crate) fn guest(&self) -> Guest {
        self.guest
    }

    /// What all Stores of the render share.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What the guest sees of the world.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// What the guest sees of the world.
    pub(crate) fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Who answers calls over the bridge.
    pub(crate) fn line_mut(&mut self) -> Option<&mut Line> {
        self.line.as_mut()
    }

    /// From here on no table may grow.
    pub(crate) fn seal_tables(&mut self) {
        self.tables_sealed = true;
    }

    /// The guest's memory, in bytes; it never shrinks.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// Fuel that the guest used, without what it called.
    pub(crate) fn fuel_used(&self) -> u64 {
        self.account.fuel_used
    }

    /// Standard error, as far as it was kept.
    pub(crate) fn stderr(&self) -> Vec<u8> {
        self.world.stderr.contents()
    }

    /// The limit on the memory of this Store.
    fn memory_limit_bytes(&self) -> u64 {
        let limits = &self.pool.limits;
        if self.guest == Guest::Worker {
            limits.worker_memory_bytes
        } else {
            limits.engine_memory_bytes
        }
    }

    /// The error of the first refused growth.
    pub(crate) fn refusal(&self) -> Option<SandboxError> {
        let guest = self.guest;
        Some(match self.refused? {
            Refused::Table => SandboxError::Tables { guest },
            Refused::Memory(kind) => {
                let limit_bytes = match kind {
                    MemoryKind::Store => self.memory_limit_bytes(),
                    MemoryKind::Render => self.pool.limits.render_memory_bytes,
                };
                SandboxError::Memory { guest, kind, limit_bytes }
            }
        })
    }

    /// The error of a guest whose time is used up.
    pub(crate) fn deadline_error(&self) -> SandboxError {
        let limits = &self.pool.limits;
        let kind = self.account.kind;
        let limit = match kind {
            DeadlineKind::Worker => limits.worker_timeout,
            DeadlineKind::Engine => limits.engine_timeout,
            DeadlineKind::Render => limits.timeout,
        };
        SandboxError::Deadline { guest: self.guest, kind, limit }
    }

    /// The error of a guest whose fuel is used up.
    pub(crate) fn fuel_error(&self) -> SandboxError {
        let limit = self.pool.limits.fuel.unwrap_or(u64::MAX);
        SandboxError::Fuel { guest: self.guest, limit }
    }
}

impl Drop for GuestState {
    fn drop(&mut self) {
        self.pool.give_memory(self.memory_bytes);
    }
}

/// A Store for one call.
pub(crate) fn store(state: GuestState) -> Store<GuestState> {
    let mut store = Store::new(engine(), state);
    store.limiter(|state| state);
    store.epoch_deadline_trap();
    store
}

/// Starts the guest's clock, and sets its epoch deadline and its fuel anew.
///
/// # Errors
/// [`DeadlinePassed`] or [`FuelUsedUp`], if there is nothing left.
pub(crate) fn resume(mut store: StoreContextMut<'_, GuestState>) -> wasmtime::Result<()> {
    let state = store.data_mut();
    let own =
        if state.guest == Guest::Worker { DeadlineKind::Worker } else { DeadlineKind::Engine };
    let since = now();
    let render_left = state.pool.deadline.saturating_duration_since(since);
    let own_left = state.account.left;
    let fuel = state.pool.fuel_left();
    state.account.since = since;
    state.account.fuel = fuel;
    state.account.kind = if render_left < own_left { DeadlineKind::Render } else { own };
    let left = render_left.min(own_left);
    if left.is_zero() {
        return Err(DeadlinePassed.into());
    }
    if fuel == 0 {
        return Err(FuelUsedUp.into());
    }
    store.set_epoch_deadline(ticks(left));
    store.set_fuel(fuel)
}

/// Stops the guest's clock and books what it used.
///
/// # Errors
/// If the Store has no fuel account, which `settings.rs` excludes.
pub(crate) fn pause(mut store: StoreContextMut<'_, GuestState>) -> wasmtime::Result<()> {
    let fuel_left = store.get_fuel()?;
    let state = store.data_mut();
    let account = &mut state.account;
    account.left = account.left.saturating_sub(account.since.elapsed());
    let used = account.fuel.saturating_sub(fuel_left);
    account.fuel_used = account.fuel_used.saturating_add(used);
    state.pool.fuel.fetch_add(used, Ordering::SeqCst);
    Ok(())
}

impl ResourceLimiter for GuestState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let current = u64::try_from(current).unwrap_or(u64::MAX);
        let desired = u64::try_from(desired).unwrap_or(u64::MAX);
        let more = desired.saturating_sub(current);
        let refused = if desired > self.memory_limit_bytes() {
            Some(MemoryKind::Store)
        } else if self.pool.take_memory(more) {
            None
        } else {
            Some(MemoryKind::Render)
        };
        match refused {
            None => self.memory_bytes = self.memory_bytes.saturating_add(more),
            Some(kind) => self.refused = self.refused.or(Some(Refused::Memory(kind))),
        }
        Ok(refused.is_none())
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.tables_sealed {
            self.refused = self.refused.or(Some(Refused::Table));
        }
        Ok(!self.tables_sealed)
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}
