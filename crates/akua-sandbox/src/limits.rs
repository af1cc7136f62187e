//! The budgets that Stores are held to. Names, defaults and flags: the table in akua-source.

use std::time::Duration;

use akua_source::{Budget, Budgets};

/// The budgets of one top-level render and of the Stores in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one worker Store, in bytes.
    pub worker_memory_bytes: u64,
    /// Memory of one engine Store, in bytes.
    pub engine_memory_bytes: u64,
    /// Memory over all live Stores of a render, in bytes, and what the host holds for them.
    pub render_memory_bytes: u64,
    /// The worker's own time: the clock stands while it waits for a callout.
    pub worker_timeout: Duration,
    /// Time of one engine call.
    pub engine_timeout: Duration,
    /// Time of the whole render.
    pub timeout: Duration,
    /// Worker Stores that may be live at once: one, and one for each nested render.
    pub max_depth: usize,
    /// One direction of one call over the bridge, in bytes.
    pub bridge_limit_bytes: usize,
    /// A request to a guest, in bytes.
    pub request_limit_bytes: usize,
    /// What a guest returns, in bytes.
    pub output_limit_bytes: usize,
    /// Standard output and standard error that are kept of a guest, each, in bytes.
    pub capture_limit_bytes: usize,
    /// Fuel over all Stores of the render; `None` counts without a cap.
    pub fuel: Option<u64>,
}

impl From<&Budgets> for Limits {
    fn from(budgets: &Budgets) -> Self {
        Self {
            worker_memory_bytes: budgets.amount(Budget::WorkerMemory),
            engine_memory_bytes: budgets.amount(Budget::EngineMemory),
            render_memory_bytes: budgets.amount(Budget::RenderMemory),
            worker_timeout: budgets.time(Budget::WorkerTimeout),
            engine_timeout: budgets.time(Budget::EngineTimeout),
            timeout: budgets.time(Budget::Timeout),
            max_depth: budgets.size(Budget::Depth),
            bridge_limit_bytes: budgets.size(Budget::Bridge),
            // Files that were read, their names, and values: what came over the bridge.
            request_limit_bytes: budgets
                .size(Budget::Read)
                .saturating_add(budgets.size(Budget::Bridge)),
            output_limit_bytes: budgets.size(Budget::Output),
            // A page of diagnostics is 4 KiB; sixteen of them.
            capture_limit_bytes: 64 << 10,
            fuel: budgets.get(Budget::Fuel),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&Budgets::default())
    }
}
