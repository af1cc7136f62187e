//! The budgets of a render, in one table.

use std::time::Duration;

/// The budgets of one top-level render and of the Stores in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one worker Store, in bytes.
    pub worker_memory_bytes: u64,
    /// Memory of one engine Store, in bytes.
    pub engine_memory_bytes: u64,
    /// Memory over all live Stores of a render, in bytes.
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

impl Default for Limits {
    fn default() -> Self {
        Self {
            // SPEC §5. The reference evaluates the largest public KCL packages in about 100 MiB.
            worker_memory_bytes: 256 << 20,
            // SPEC §5. argo-cd, the largest chart measured, peaks at 107 MiB.
            engine_memory_bytes: 512 << 20,
            // SPEC §5: a worker at its limit, an engine at its limit, and a nested worker.
            render_memory_bytes: 1 << 30,
            // SPEC §5: 30 ticks of 100 ms.
            worker_timeout: Duration::from_secs(3),
            // SPEC §5. argo-cd takes 0.1 s: a machine 100 times slower still renders it.
            engine_timeout: Duration::from_secs(30),
            // SPEC §5: two engine calls at their limit.
            timeout: Duration::from_mins(1),
            // SPEC §5.
            max_depth: 16,
            // SPEC §5; the bundles of CRDs that operators ship are below 20 MiB.
            bridge_limit_bytes: 64 << 20,
            // SPEC §5, the limit on bytes read: nothing larger can have been read.
            request_limit_bytes: 256 << 20,
            // SPEC §5.
            output_limit_bytes: 64 << 20,
            // A page of diagnostics is 4 KiB; sixteen of them.
            capture_limit_bytes: 64 << 10,
            fuel: None,
        }
    }
}
