//! How much one command may ask of the network, as a policy says it: over all requests, whatever
//! each of them may have by `limits.rs`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::FetchError;

/// What a policy allows; none is no quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Requests, redirects and retries among them.
    pub requests: Option<u64>,
    /// Bytes of all answers.
    pub bytes: Option<u64>,
    /// Bytes of all answers of one host.
    pub bytes_per_host: Option<u64>,
}

/// Which quota is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaKind {
    /// That of requests.
    Requests,
    /// That of bytes.
    Bytes,
    /// That of bytes of a host.
    BytesOf(String),
}

impl QuotaKind {
    /// Returns so many of it, in words.
    pub(crate) fn amount(&self, count: u64) -> String {
        let s = if count == 1 { "" } else { "s" };
        match self {
            Self::Requests => format!("{count} request{s}"),
            Self::Bytes => format!("{count} byte{s}"),
            Self::BytesOf(host) => format!("{count} byte{s} from `{host}`"),
        }
    }
}

/// What was used.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    quotas: Quotas,
    requests: AtomicU64,
    bytes: AtomicU64,
    hosts: Mutex<BTreeMap<String, u64>>,
}

impl Meter {
    /// A meter that stops at `quotas`.
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self { quotas, ..Self::default() }
    }

    /// Charges a request.
    ///
    /// # Errors
    /// [`FetchError::Quota`].
    pub(crate) fn request(&self, what: &str) -> Result<(), FetchError> {
        let used = self.requests.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        check(what, used, self.quotas.requests, QuotaKind::Requests)
    }

    /// Charges bytes of an answer of a host.
    ///
    /// # Errors
    /// [`FetchError::Quota`].
    pub(crate) fn received(&self, what: &str, host: &str, bytes: usize) -> Result<(), FetchError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let used = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        check(what, used, self.quotas.bytes, QuotaKind::Bytes)?;
        if self.quotas.bytes_per_host.is_none() {
            return Ok(());
        }
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let used = hosts.entry(host.to_owned()).or_default();
        *used = used.saturating_add(bytes);
        check(what, *used, self.quotas.bytes_per_host, QuotaKind::BytesOf(host.to_owned()))
    }
}

fn check(what: &str, used: u64, limit: Option<u64>, kind: QuotaKind) -> Result<(), FetchError> {
    match limit {
        Some(limit) if used > limit => {
            Err(FetchError::Quota { what: what.to_owned(), kind, limit })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_words() {
        assert_eq!(QuotaKind::Requests.amount(1), "1 request");
        assert_eq!(QuotaKind::Requests.amount(0), "0 requests");
        assert_eq!(QuotaKind::Bytes.amount(1), "1 byte");
        assert_eq!(QuotaKind::BytesOf("x".to_owned()).amount(2), "2 bytes from `x`");
    }

    #[test]
    fn each_quota_has_two_sides() {
        let quotas = Quotas { requests: Some(2), bytes: Some(10), bytes_per_host: Some(6) };
        let meter = Meter::new(quotas);
        meter.request("a").expect("the first");
        meter.request("a").expect("the second");
        let refused = meter.request("a").expect_err("the third");
        assert!(matches!(refused, FetchError::Quota { kind: QuotaKind::Requests, limit: 2, .. }));
        meter.received("a", "x", 6).expect("exactly enough");
        meter.received("a", "y", 4).expect("exactly enough");
        let refused = meter.received("a", "z", 1).expect_err("a byte more");
        assert!(matches!(refused, FetchError::Quota { kind: QuotaKind::Bytes, limit: 10, .. }));
        let meter = Meter::new(quotas);
        let refused = meter.received("a", "x", 7).expect_err("a byte more of one host");
        assert!(
            matches!(refused, FetchError::Quota { kind: QuotaKind::BytesOf(host), .. } if host == "x")
        );
    }
}
