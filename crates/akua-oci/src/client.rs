//! The door: a blocking client that several threads may use at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::hosts::resolver::Lookup;
use crate::http::Http;
use crate::http::quota::Quotas;
use crate::{Credentials, FetchError, FetchLimits, HostRules};

/// Longest wait for look-ups of names that nobody waits for any more.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is transferred.
    pub what: String,
    /// Bytes so far.
    pub done_bytes: u64,
    /// Bytes in all, where that is known.
    pub total_bytes: Option<u64>,
}

/// Who is told of progress; called on the thread that fetches, often.
pub type ProgressFn = dyn Fn(Progress) + Send + Sync;

/// What a [`Client`] is told.
#[derive(Clone)]
pub struct ClientOptions {
    /// Who we are where.
    pub credentials: Credentials,
    /// Which hosts may be reached.
    pub hosts: HostRules,
    /// How much, how long, how often.
    pub limits: FetchLimits,
    /// How much in all.
    pub quotas: Quotas,
    /// Who is told of progress.
    pub progress: Option<Arc<ProgressFn>>,
    /// What servers are told.
    pub user_agent: String,
    /// Certificate authorities besides the machine's, in PEM.
    pub ca_bundle: Option<Vec<u8>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            hosts: HostRules::default(),
            limits: FetchLimits::default(),
            quotas: Quotas::default(),
            progress: None,
            user_agent: concat!("akua/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_bundle: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientOptions")
            .field("credentials", &self.credentials)
            .field("hosts", &self.hosts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A client of registries, HTTP servers and git servers.
///
/// Each call blocks its thread until it is done; calls on several threads run at once. Not to be
/// called from within an async runtime.
pub struct Client {
    /// HTTP, with all guards.
    pub(crate) http: Http,
    /// Who is told of progress.
    pub(crate) progress: Option<Arc<ProgressFn>>,
}

impl Client {
    /// Returns a client. It opens no socket yet.
    ///
    /// # Errors
    /// [`FetchError::Network`] where the bundle of authorities has no certificate, or this machine
    /// gives no threads.
    pub fn new(options: ClientOptions) -> Result<Self, FetchError> {
        let progress = options.progress.clone();
        Ok(Self { http: Http::new(options, Lookup::System)?, progress })
    }

    /// Closes all connections and ends the client's threads. It is not to be used afterwards.
    pub fn close(&self) {
        self.http.close(CLOSING_TIME);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}
