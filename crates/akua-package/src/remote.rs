//! Dependencies that are somewhere else: which versions there are, and fetching one into the cache.
//!
//! **Invariant:** what is fetched is unpacked aside, digested, and only then named. A version that
//! the lock pins is fetched by its pin, and refused where its bytes are others.

mod evidence;
mod git;
mod helm;
mod oci;

use crate::cache::Cache;
use crate::content::Yaml;
use crate::key::SourceKey;
use crate::parallel::each;
use crate::problem::{Drift, Problem};
use crate::resolve::Candidate;
pub use evidence::{EvidenceSubject, evidence_tag, fetch_evidence, push_evidence};
pub(crate) use oci::noted_tree;

use akua_disk::{ArchiveError, ArchiveLimits, Staging};
use akua_manifest::{LockedPackage, other_spelling};
use akua_oci::{Client, ClientOptions, FetchError};
use akua_source::{Diagnostic, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Seek as _, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// File in a staging directory that a download goes to.
const DOWNLOAD: &str = "download";
/// Directory in a staging directory that an archive is unpacked into.
const TREE: &str = "tree";

/// Says how the network is used, once it is: credentials are read then, not before.
pub type Options = dyn Fn() -> Result<ClientOptions, Problem> + Send + Sync;

/// The network, as far as it may be reached. No socket is opened before something is fetched.
pub struct Remote {
    options: Box<Options>,
    client: OnceLock<Client>,
    /// What servers said in this run: they are asked once.
    asked: Mutex<Asked>,
    /// Whether nothing is fetched any more.
    closed: AtomicBool,
}

/// What servers said.
#[derive(Default)]
struct Asked {
    candidates: BTreeMap<SourceKey, Vec<Candidate>>,
    fetched: BTreeMap<(SourceKey, String), Fetched>,
    indexes: BTreeMap<String, Arc<helm::Index>>,
}

/// Something to fetch before it is asked for.
pub(crate) struct Wanted<'p> {
    /// Where it comes from.
    pub(crate) key: SourceKey,
    /// Its tag.
    pub(crate) tag: String,
    /// What the lock says of it.
    pub(crate) pin: Option<&'p LockedPackage>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What was fetched; what the lock says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fetched {
    /// Digest of the tree, which is in the cache.
    pub(crate) digest: Digest,
    /// Digest of the OCI manifest.
    pub(crate) manifest_digest: Option<Digest>,
    /// Digest of the archive.
    pub(crate) layer_digest: Option<Digest>,
    /// The commit.
    pub(crate) commit: Option<String>,
    /// Whether its publisher withdrew it.
    pub(crate) yanked: bool,
}

/// What a source is, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place<'k> {
    /// A repository of a registry.
    Oci { repository: &'k str },
    /// A git repository and a tag or commit.
    Git { url: &'k str, reference: &'k str },
    /// A chart of a chart repository.
    Helm { url: &'k str, chart: &'k str },
}

/// Takes a source apart; a directory is none.
pub(crate) fn place(key: &SourceKey) -> Option<Place<'_>> {
    let text = key.as_str();
    if let Some(rest) = text.strip_prefix("git+") {
        // Addresses have no `@`; what follows is the reference.
        return rest.split_once('@').map(|(url, reference)| Place::Git { url, reference });
    }
    if let Some(rest) = text.strip_prefix("helm+") {
        return rest.rsplit_once('#').map(|(url, chart)| Place::Helm { url, chart });
    }
    let rest = text.strip_prefix("oci://")?;
    let repository = rest.split_once('@').map_or(rest, |(repository, _)| repository);
    Some(Place::Oci { repository })
}

/// Returns the tag of a source that is one tag by itself.
pub(crate) fn tag_of(key: &SourceKey) -> Option<&str> {
    let text = key.as_str().strip_prefix("helm+").map_or(key.as_str(), |_helm| "");
    text.rsplit_once('@').map(|(_, tag)| tag)
}

impl Remote {
    /// Returns the network with these rules.
    pub fn new(options: Box<Options>) -> Self {
        Self {
            options,
            client: OnceLock::new(),
            asked: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Closes all connections and ends the network's threads: what is not here now is not fetched
    /// any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if let Some(client) = self.client.get() {
            client.close();
        }
    }

    /// Returns the client, for what is no dependency.
    ///
    /// # Errors
    /// What is wrong with the options; this machine gives no threads; the network was closed.
    pub fn client(&self) -> Result<&Client, Problem> {
        if self.closed.load(Ordering::SeqCst) {
            let message = "the network was needed after the last moment for it";
            return Err(Diagnostic::error("E_INTERNAL", message).into());
        }
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new((self.options)()?).map_err(|error| told(&error))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Returns the versions of a source.
    ///
    /// # Errors
    /// What [`akua_oci`] says; an index that is none.
    pub(crate) fn candidates(
        &self,
        key: &SourceKey,
        yaml: &dyn Yaml,
    ) -> Result<Vec<Candidate>, Problem> {
        if let Some(known) = self.asked().candidates.get(key) {
            return Ok(known.clone());
        }
        let found = match place(key) {
            Some(Place::Oci { repository }) => oci::candidates(self.client()?, repository)?,
            Some(Place::Helm { url, chart }) => self.index(url, yaml)?.candidates(chart),
            Some(Place::Git { .. }) | None => Vec::new(),
        };
        self.asked().candidates.insert(key.clone(), found.clone());
        Ok(found)
    }

    /// Returns the tag of a version that is named exactly: as it is written, or with or without
    /// the `v` where there is only the other. What is found is fetched.
    ///
    /// # Errors
    /// As [`Remote::fetch`]; not that there is no such version, which is told when it is used.
    pub(crate) fn spelling(
        &self,
        key: &SourceKey,
        written: &str,
        supply: (&Cache, &dyn Yaml),
    ) -> Result<String, Problem> {
        match place(key) {
            Some(Place::Oci { .. }) => {
                let other = other_spelling(written);
                for tag in [Some(written.to_owned()), other].into_iter().flatten() {
                    match self.fetch(key, &tag, None, supply) {
                        Ok(_) => return Ok(tag),
                        Err(problem) if problem.is_absence() => {}
                        Err(problem) => return Err(problem),
                    }
                }
                Ok(written.to_owned())
            }
            Some(Place::Helm { url, chart }) => {
                let index = self.index(url, supply.1)?;
                Ok(index.spelling(chart, written).unwrap_or(written).to_owned())
            }
            Some(Place::Git { .. }) | None => Ok(written.to_owned()),
        }
    }

    /// Returns the index of a chart repository.
    fn index(&self, url: &str, yaml: &dyn Yaml) -> Result<Arc<helm::Index>, Problem> {
        if let Some(known) = self.asked().indexes.get(url) {
            return Ok(Arc::clone(known));
        }
        let index = Arc::new(helm::index(self.client()?, url, yaml)?);
        self.asked().indexes.insert(url.to_owned(), Arc::clone(&index));
        Ok(index)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches several things at a time. What goes wrong is said when the thing is asked for.
    pub(crate) fn prefetch(&self, wanted: &[Wanted<'_>], cache: &Cache, yaml: &dyn Yaml) {
        if wanted.len() < 2 {
            return;
        }
        let _later = each(wanted, |one| self.fetch(&one.key, &one.tag, one.pin, (cache, yaml)));
    }

    /// Fetches a version into the cache, once for all processes that want it. `pin` is what the lock
    /// says of it.
    ///
    /// # Errors
    /// What [`akua_oci`] says; an archive that is refused; `LockDigestMismatch` where the bytes are
    /// not those of the pin.
    pub(crate) fn fetch(
        &self,
        key: &SourceKey,
        tag: &str,
        pin: Option<&LockedPackage>,
        supply: (&Cache, &dyn Yaml),
    ) -> Result<Fetched, Problem> {
        let (cache, yaml) = supply;
        let name = (key.clone(), tag.to_owned());
        let known = self.asked().fetched.get(&name).cloned();
        let fetched = match known {
            Some(known) => known,
            None => self.fetch_now(key, tag, pin, cache, yaml)?,
        };
        if let Some(pin) = pin.filter(|pin| pin.digest != fetched.digest) {
            return Err(changed(key, tag, &pin.digest, &fetched.digest));
        }
        self.asked().fetched.insert(name, fetched.clone());
        Ok(fetched)
    }

    fn fetch_now(
        &self,
        key: &SourceKey,
        tag: &str,
        pin: Option<&LockedPackage>,
        cache: &Cache,
        yaml: &dyn Yaml,
    ) -> Result<Fetched, Problem> {
        // Who waits here finds what the other one fetched.
        let _alone = cache.wait(&format!("{key} {tag}"))?;
        if let Some(pin) = pin
            && cache.open(&pin.digest)?.is_some()
        {
            return Ok(pinned(pin));
        }
        self.fetch_pinned(key, tag, pin, cache, yaml)
    }

    fn fetch_pinned(
        &self,
        key: &SourceKey,
        tag: &str,
        pin: Option<&LockedPackage>,
        cache: &Cache,
        yaml: &dyn Yaml,
    ) -> Result<Fetched, Problem> {
        match place(key) {
            Some(Place::Oci { repository }) => {
                oci::fetch(self.client()?, cache, repository, tag, pin)
            }
            Some(Place::Git { url, reference }) => {
                git::fetch(self.client()?, cache, url, reference, pin)
            }
            Some(Place::Helm { url, chart }) => {
                let index = self.index(url, yaml)?;
                helm::fetch(self.client()?, cache, (url, chart, tag), &index, pin)
            }
            None => {
                let message = format!("`{key}` is not a source that can be fetched");
                Err(Diagnostic::error("E_INTERNAL", message).into())
            }
        }
    }

    /// Returns what the tag of an entry leads to now, without fetching it: the digest of a manifest
    /// or archive, or a commit.
    ///
    /// # Errors
    /// What [`akua_oci`] says.
    pub(crate) fn current(
        &self,
        key: &SourceKey,
        entry: &LockedPackage,
        yaml: &dyn Yaml,
    ) -> Result<Current, Problem> {
        let tag = entry.version.as_str();
        match place(key) {
            Some(Place::Oci { repository }) => {
                let found = oci::current(self.client()?, repository, tag)?;
                Ok(Current::Is(found.to_string()))
            }
            Some(Place::Git { url, reference }) => {
                let found = git::current(self.client()?, url, reference)?;
                Ok(found.map_or(Current::Gone, Current::Is))
            }
            Some(Place::Helm { url, chart }) => {
                let index = self.index(url, yaml)?;
                if !index.has(chart, tag) {
                    return Ok(Current::Gone);
                }
                if let Some((repository, reference)) = index.in_registry(chart, tag) {
                    if entry.manifest_digest.is_none() {
                        return Ok(Current::Unknown);
                    }
                    let found = oci::current(self.client()?, repository, reference)?;
                    return Ok(Current::Is(found.to_string()));
                }
                let found = index.digest(chart, tag);
                Ok(found.map_or(Current::Unknown, |digest| Current::Is(digest.to_string())))
            }
            None => Ok(Current::Unknown),
        }
    }

    /// Returns the digest of the files of what an entry pins, whatever the entry says of it: what
    /// was noted when it was fetched, else it is fetched again.
    ///
    /// # Errors
    /// What [`akua_oci`] says; `LockDigestMismatch` where the pin itself is not what is served.
    pub(crate) fn proven(
        &self,
        key: &SourceKey,
        entry: &LockedPackage,
        supply: (&Cache, &dyn Yaml),
    ) -> Result<Digest, Problem> {
        let (cache, yaml) = supply;
        self.fetch_pinned(key, &entry.version, Some(entry), cache, yaml).map(|found| found.digest)
    }
}

/// What a tag leads to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Current {
    /// This digest or commit.
    Is(String),
    /// Nobody says without fetching it.
    Unknown,
    /// There is no such tag any more.
    Gone,
}

/// Returns what the lock says of a dependency, as if it had been fetched.
pub(crate) fn pinned(pin: &LockedPackage) -> Fetched {
    Fetched {
        digest: pin.digest.clone(),
        manifest_digest: pin.manifest_digest.clone(),
        layer_digest: pin.layer_digest.clone(),
        commit: pin.commit.clone(),
        yanked: pin.yanked,
    }
}

/// Returns the problem that what is served is not what the lock says.
pub(crate) fn changed(
    key: &SourceKey,
    tag: &str,
    expected: &(impl std::fmt::Display + ?Sized),
    found: &(impl std::fmt::Display + ?Sized),
) -> Problem {
    let message = format!("`{key}` {tag} has changed since it was locked");
    Drift::LockedBytes.differs(message, expected, found).into()
}

/// Returns what the network says as a problem.
pub(crate) fn told(error: &FetchError) -> Problem {
    error.to_diagnostic().into()
}

/// Takes a fetched archive into the cache: what is in its one directory, if it has one around all.
fn take_archive(
    cache: &Cache,
    mut staging: Staging,
    mut archive: std::fs::File,
    shown: &str,
) -> Result<Digest, Problem> {
    let refused = |error: ArchiveError| refused_archive(shown, &error);
    archive.seek(SeekFrom::Start(0)).map_err(|error| refused(ArchiveError::Malformed(error)))?;
    let mut tree = Staging::new(&staging.path().join(TREE))?;
    akua_disk::unpack(archive, ArchiveLimits::default(), &mut tree).map_err(refused)?;
    staging.remove(DOWNLOAD);
    let wrapper = tree.wrapper()?;
    Ok(cache.insert(tree, &wrapper)?)
}

/// Returns the problem that an archive is refused.
pub fn refused_archive(shown: &str, error: &ArchiveError) -> Problem {
    let message = format!("the archive of `{shown}` is refused: {error}");
    let help = "tell its publisher; akua unpacks nothing that could reach out of its directory";
    Diagnostic::error("E_ARCHIVE", message).help(help).into()
}
