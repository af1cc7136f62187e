//! One HTTP client under all protocols: host rules, redirects, authorization, statuses, time limits.
//!
//! **Invariant:** a request passes [`HostRules::check_url`] at each hop, connects only through the
//! guarded resolver, and carries an `Authorization` header only to the origin it was made for.
//! reqwest follows no redirect, uses no proxy and reads no environment here.

mod answer;
pub(crate) mod quota;
mod send;
mod tls;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tokio::runtime::{Handle, Runtime};

use crate::error::Retry;
use crate::hosts::resolver::{GuardedResolver, Lookup};
use crate::{ClientOptions, Credentials, FetchError, FetchLimits, HostRules};
use crate::{NetworkProblem, ProtocolProblem, Redacted, RemoteText};

use self::answer::network;
pub(crate) use self::answer::{Document, announced_length, interrupted, read_capped};

/// The client, and what it was told.
pub(crate) struct Http {
    /// reqwest's client, without redirects and proxies.
    client: reqwest::Client,
    /// Where connections run; work on their bytes is done on the caller's thread.
    handle: Handle,
    /// The same, to be shut down.
    runtime: Mutex<Option<Runtime>>,
    /// Which hosts.
    pub(crate) rules: Arc<HostRules>,
    /// How much, how long, how often.
    pub(crate) limits: FetchLimits,
    /// What the policy allows in all.
    pub(crate) meter: quota::Meter,
    /// Who we are where.
    pub(crate) credentials: Credentials,
    /// Authorizations that worked, by origin and scope.
    authorizations: Mutex<BTreeMap<(String, String), HeaderValue>>,
}

/// A request that can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: Method,
    /// Where to.
    pub(crate) url: Url,
    /// What it is about, for errors and progress.
    pub(crate) what: String,
    /// Headers; no authorization.
    pub(crate) headers: HeaderMap,
    /// Body, cheap to clone.
    pub(crate) body: Option<bytes::Bytes>,
    /// What a bearer token must allow; empty outside of registries.
    pub(crate) scope: String,
    /// What the body has that no message may repeat.
    pub(crate) secret: Option<Redacted>,
}

impl Request {
    /// A GET.
    pub(crate) fn get(url: Url, what: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url,
            what: what.into(),
            headers: HeaderMap::new(),
            body: None,
            scope: String::new(),
            secret: None,
        }
    }

    /// The same with another method.
    pub(crate) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same with one header more.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same with a scope.
    pub(crate) fn scope(mut self, scope: String) -> Self {
        self.scope = scope;
        self
    }

    /// The same with a body.
    pub(crate) fn body(mut self, bytes: bytes::Bytes) -> Self {
        self.body = Some(bytes);
        self
    }
}

impl Http {
    /// Builds the client and its runtime.
    pub(crate) fn new(options: ClientOptions, lookup: Lookup) -> Result<Self, FetchError> {
        let rules = Arc::new(options.hosts);
        let tls = tls::config(options.ca_bundle.as_deref())?;
        let resolver = GuardedResolver::new(Arc::clone(&rules), lookup);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(resolver))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .user_agent(options.user_agent)
            .connect_timeout(options.limits.connect_timeout)
            .read_timeout(options.limits.idle_timeout)
            .build()
            .map_err(|err| start_error(&err.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("akua-net")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|err| start_error(&err.to_string()))?;
        Ok(Self {
            client,
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            rules,
            limits: options.limits,
            meter: quota::Meter::new(options.quotas),
            credentials: options.credentials,
            authorizations: Mutex::default(),
        })
    }

    /// Closes all connections and ends all threads, as far as they end within `patience`.
    pub(crate) fn close(&self, patience: Duration) {
        if let Some(runtime) = self.take_runtime() {
            runtime.shutdown_timeout(patience);
        }
    }

    fn take_runtime(&self) -> Option<Runtime> {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Runs a future to its end on the calling thread.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    /// Runs a future beside the calling thread.
    pub(crate) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        self.handle.spawn(future)
    }

    /// When a transfer that begins now must be over.
    pub(crate) fn deadline(&self) -> tokio::time::Instant {
        let now = tokio::time::Instant::now();
        now.checked_add(self.limits.transfer_timeout).unwrap_or(now)
    }

    /// Sends a request until it is answered for good, and reads the answer up to `limit_bytes`.
    pub(crate) async fn document(
        &self,
        request: &Request,
        limit_bytes: u64,
    ) -> Result<Document, FetchError> {
        let once = || async {
            let limit = self.limits.document_timeout;
            let exchange = async {
                let answer = self.send(request).await?;
                self.read_document(&request.what, answer, limit_bytes).await
            };
            within(&request.what, limit, exchange).await
        };
        self.with_retries(once).await
    }

    /// Asks with HEAD: the headers of what is there, or nothing where there is nothing.
    pub(crate) async fn head(&self, request: &Request) -> Result<Option<Document>, FetchError> {
        let head = request.clone().method(Method::HEAD);
        let limit = self.limits.document_timeout;
        let once = || within(&head.what, limit, self.send(&head));
        match self.with_retries(once).await {
            Ok(answer) => Ok(Some(Document::of(&answer, Vec::new()))),
            Err(FetchError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Calls `once` until it succeeds, fails for good, or has had all its attempts.
    pub(crate) async fn with_retries<T, F, Fut>(&self, mut once: F) -> Result<T, FetchError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, FetchError>>,
    {
        let mut failures = 0_u32;
        loop {
            let error = match once().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            failures = failures.saturating_add(1);
            self.pause_or_give_up(failures, error).await?;
        }
    }

    /// Waits before the next attempt; gives the error back where there is none.
    pub(crate) async fn pause_or_give_up(
        &self,
        failures: u32,
        error: FetchError,
    ) -> Result<(), FetchError> {
        match error.retry() {
            Retry::After(retry_after) if failures < self.limits.attempts => {
                tokio::time::sleep(self.limits.pause(failures, retry_after)).await;
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// The authorization that worked for an origin and a scope.
    fn authorization(&self, origin: &str, scope: &str) -> Option<HeaderValue> {
        let known = self.authorizations.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(origin.to_owned(), scope.to_owned())).cloned()
    }

    /// Keeps an authorization for an origin and a scope.
    fn remember(&self, origin: &str, scope: &str, header: HeaderValue) {
        let mut known = self.authorizations.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((origin.to_owned(), scope.to_owned()), header);
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        // A look-up of a name that hangs must not hold up the end of the program.
        if let Some(runtime) = self.take_runtime() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a future for `limit` at most.
pub(crate) async fn within<T>(
    what: &str,
    limit: Duration,
    future: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result,
        Err(_elapsed) => Err(FetchError::Timeout { what: what.to_owned(), limit }),
    }
}

/// Parses a URL that is about to be used.
pub(crate) fn parse_url(text: &str) -> Result<Url, FetchError> {
    text.parse().map_err(|_malformed| FetchError::Protocol {
        what: RemoteText::new(text.as_bytes()).to_string(),
        problem: ProtocolProblem::Document("a URL"),
        said: RemoteText::default(),
    })
}

/// A URL as it is shown: without query, fragment and userinfo, which may hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that can have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    RemoteText::new(url.as_str().as_bytes()).to_string()
}

/// The network could not be started.
fn start_error(said: &str) -> FetchError {
    FetchError::Network {
        what: "network".to_owned(),
        problem: NetworkProblem::Start,
        said: RemoteText::new(said.as_bytes()),
    }
}

#[cfg(test)]
mod tests;
