//! The trust root of an instance, brought up to date over TUF.
//!
//! A mirror is nobody: what it gives counts once as many keys of the last known root have signed it
//! as that root asks for, once it is not older than what was seen before, and only until it expires.
//! The protocol is that of `sigstore-tuf`; who fetches and where the state is kept is not said here.
//!
//! # Spec
//! The Update Framework 1.0, §5.

use crate::{TrustRoot, TrustRootError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sigstore_trust_root::{SIGNING_CONFIG_TARGET, SigstoreInstance, TRUSTED_ROOT_TARGET};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, MetadataStore, Repository, Updater, UpdaterConfig};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Largest trust root or signing config, in bytes.
const TARGET_LIMIT_BYTES: u64 = 1 << 20;
/// Largest file of metadata, in bytes: those of the public instance have some ten kilobytes.
const METADATA_LIMIT_BYTES: u64 = 512 << 10;
/// Version of [`TrustState`].
const STATE_VERSION: u32 = 1;

/// What fetches a file of a mirror: given its path below the mirror, and how many bytes it may have.
/// There is none where the mirror says so.
pub type FetchFile = dyn Fn(&str, u64) -> Result<Option<Vec<u8>>, FetchFileError> + Send + Sync;

/// Why a file could not be fetched.
pub type FetchFileError = Box<dyn std::error::Error + Send + Sync>;

/// What a refresh leaves behind: the documents, and what the next one must not fall behind of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustState {
    version: u32,
    /// Where it came from.
    pub mirror: String,
    /// Version of the root of keys.
    pub root_version: u64,
    /// When it was fetched: RFC 3339, in seconds.
    pub refreshed: String,
    /// Until when the mirror says that nothing is newer: RFC 3339.
    pub fresh_until: String,
    /// All files that were verified, by name.
    files: BTreeMap<String, String>,
}

/// A trust root could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// What was left behind by a refresh is not that.
    #[error("it is not what `akua trust refresh` wrote")]
    State,
    /// What trust begins with is no root of TUF.
    #[error("it is no root of TUF")]
    Root(#[source] Box<Error>),
    /// The mirror could not be asked.
    #[error("the mirror could not be asked")]
    Fetch(#[source] FetchFileError),
    /// What the mirror gives has expired.
    #[error("`{role}` has expired, at {expires}")]
    Expired {
        /// Which part.
        role: String,
        /// When.
        expires: String,
    },
    /// What the mirror gives is older than what was seen before.
    #[error("`{role}` has version {found}, and version {known} was seen before")]
    Rollback {
        /// Which part.
        role: String,
        /// Version that the mirror gives.
        found: u64,
        /// Version that was seen.
        known: u64,
    },
    /// What the mirror gives is not signed by whom it should be, or is not what is signed.
    #[error("the mirror gives what cannot be trusted")]
    Untrusted(#[source] Box<Error>),
    /// The mirror has no trust root.
    #[error("the mirror has no `{name}`")]
    Missing {
        /// The document.
        name: &'static str,
    },
    /// The trust root cannot be used.
    #[error("the trust root that the mirror gives cannot be used")]
    Unusable(#[source] Box<TrustRootError>),
}

impl TrustState {
    /// Reads what a refresh left behind.
    ///
    /// # Errors
    /// [`RefreshError::State`].
    pub fn parse(json: &[u8]) -> Result<Self, RefreshError> {
        let state: Self = serde_json::from_slice(json).map_err(|_other| RefreshError::State)?;
        let whole = state.version == STATE_VERSION && state.document(TRUSTED_ROOT_TARGET).is_some();
        if whole { Ok(state) } else { Err(RefreshError::State) }
    }

    /// Returns its file.
    pub fn to_json(&self) -> Vec<u8> {
        // Text in a map: writing it does not fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the trust root.
    pub fn trusted_root(&self) -> &[u8] {
        self.document(TRUSTED_ROOT_TARGET).unwrap_or_default()
    }

    /// Returns the signing config, if the mirror has one.
    pub fn signing_config(&self) -> Option<&[u8]> {
        self.document(SIGNING_CONFIG_TARGET)
    }

    /// Returns whether it is at least as new as what is built in: the root of keys goes up with time.
    pub fn is_newer_than_built_in(&self) -> bool {
        self.root_version >= built_in_root_version()
    }

    fn document(&self, name: &str) -> Option<&[u8]> {
        self.files.get(&format!("targets/{name}")).map(String::as_bytes)
    }
}

/// Returns the root of keys of the public instance, with which trust begins.
pub fn public_root() -> &'static [u8] {
    SigstoreInstance::PublicGood.tuf_root()
}

/// Returns the mirror of the public instance.
pub fn public_mirror() -> &'static str {
    SigstoreInstance::PublicGood.tuf_url()
}

/// Returns the version of the root of keys that is built in.
pub fn built_in_root_version() -> u64 {
    /// The part of a root that has its version.
    #[derive(Deserialize)]
    struct Signed {
        signed: Versioned,
    }
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    // A test shows that it can be read.
    serde_json::from_slice::<Signed>(public_root()).map_or(u64::MAX, |root| root.signed.version)
}

/// Brings a trust root up to date: from a root of keys on, and not back behind what the state before
/// has. `now_seconds` is the time, since 1970.
///
/// # Errors
/// [`RefreshError`].
pub fn refresh(
    mirror: &str,
    root: &[u8],
    before: Option<&TrustState>,
    fetch: Box<FetchFile>,
    now_seconds: i64,
) -> Result<TrustState, RefreshError> {
    let now = Timestamp::from_second(now_seconds).unwrap_or(Timestamp::MAX);
    let shelf = Shelf::default();
    if let Some(before) = before {
        *shelf.files() = before.files.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
    }
    let updater = Updater::new(Mirror(fetch), root).map_err(|e| RefreshError::Root(Box::new(e)))?;
    let mut updater = updater.with_config(limits()).with_store(shelf.clone());
    ready(updater.refresh(now)).map_err(refused)?;
    let found = ready(updater.get_target(TRUSTED_ROOT_TARGET, now));
    let found = found.map_err(|error| match error {
        Error::TargetNotFound(_) => RefreshError::Missing { name: TRUSTED_ROOT_TARGET },
        error => refused(error),
    })?;
    TrustRoot::parse(&found).map_err(|error| RefreshError::Unusable(Box::new(error)))?;
    match ready(updater.get_target(SIGNING_CONFIG_TARGET, now)) {
        Ok(_) | Err(Error::TargetNotFound(_)) => {}
        Err(error) => return Err(refused(error)),
    }
    let root_version = updater.trusted().root().version;
    let fresh_until = updater.trusted().timestamp().map(|it| it.expires.to_string());
    let files = shelf.files();
    // They were read as JSON.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(TrustState {
        version: STATE_VERSION,
        mirror: mirror.to_owned(),
        root_version,
        refreshed: now.to_string(),
        fresh_until: fresh_until.unwrap_or_default(),
        files: files.iter().map(|(name, bytes)| (name.clone(), text(bytes))).collect(),
    })
}

/// Returns how much a mirror may have one fetch.
fn limits() -> UpdaterConfig {
    let mut limits = UpdaterConfig::default();
    limits.root_max_length = METADATA_LIMIT_BYTES;
    limits.snapshot_max_length = METADATA_LIMIT_BYTES;
    limits.targets_max_length = METADATA_LIMIT_BYTES;
    limits.target_max_length = TARGET_LIMIT_BYTES;
    limits
}

fn refused(error: Error) -> RefreshError {
    match error {
        Error::Transport { source: Some(source), .. } => RefreshError::Fetch(source),
        Error::Expired { role, expires } => {
            RefreshError::Expired { role, expires: expires.to_string() }
        }
        Error::Rollback { role, trusted, new } => {
            RefreshError::Rollback { role, found: new, known: trusted }
        }
        error => RefreshError::Untrusted(Box::new(error)),
    }
}

/// Returns what a future has come to that waits for nothing.
fn ready<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        // Files are fetched before a future of them is made.
        Poll::Pending => Err(Error::Malformed("a fetch that has not ended".to_owned())),
    }
}

/// A mirror, asked for one file at a time.
struct Mirror(Box<FetchFile>);

impl Mirror {
    fn fetch(&self, path: &str, limit_bytes: u64) -> FetchFuture<'static> {
        let found = (self.0)(path, limit_bytes);
        let found = found
            .map_err(|error| Error::Transport { message: path.to_owned(), source: Some(error) });
        Box::pin(std::future::ready(found))
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.fetch(name, max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.fetch(&format!("targets/{path}"), max_length)
    }
}

/// Files that were verified, by name.
#[derive(Debug, Clone, Default)]
struct Shelf(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf {
    fn files(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetadataStore for Shelf {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self.files().get(name).cloned())
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        self.files().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{RefreshError, TrustState, built_in_root_version, refresh};

    #[test]
    fn the_built_in_root_has_a_version() {
        let version = built_in_root_version();
        assert!((16..1000).contains(&version), "{version}");
    }

    #[test]
    fn what_is_no_state_or_no_root_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"version":1,"mirror":"","root_version":1,"refreshed":"","fresh_until":"","files":{}}"#,
        ] {
            assert!(
                matches!(TrustState::parse(text.as_bytes()), Err(RefreshError::State)),
                "{text}"
            );
        }
        let refused = refresh("", b"{}", None, Box::new(|_, _| Ok(None)), 0);
        assert!(matches!(refused, Err(RefreshError::Root(_))), "{refused:?}");
    }
}
