//! Limits that a person may set; the defaults are akua-sandbox's table.

use akua_sandbox::Limits;
use std::time::Duration;

/// What a person set; the rest stays as it is.
#[derive(Debug, Clone, Default)]
pub struct LimitOptions {
    /// Time of the whole render.
    pub timeout: Option<Duration>,
    /// The worker's own time.
    pub worker_timeout: Option<Duration>,
    /// Time of one engine call.
    pub engine_timeout: Option<Duration>,
    /// Renders that may be nested.
    pub max_depth: Option<usize>,
}

impl LimitOptions {
    /// Returns the limits of a render. A longer render gives its parts no longer time by itself.
    pub(crate) fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            timeout: self.timeout.unwrap_or(defaults.timeout),
            worker_timeout: self.worker_timeout.unwrap_or(defaults.worker_timeout),
            engine_timeout: self.engine_timeout.unwrap_or(defaults.engine_timeout),
            max_depth: self.max_depth.unwrap_or(defaults.max_depth),
            ..defaults
        }
    }
}
