//! Dependencies that are somewhere else: which versions there are, and fetching one into the cache.
//!
//! **Invariant:** what is fetched is unpacked aside, digested, and only then named. A version that
//! the lock pins is fetched by its pin, and refused where its bytes are others.

mod git;
mod helm;
mod oci;

use crate::cache::Cache;
use crate::content::Yaml;
use crate::key::SourceKey;
use crate::problem::{Drift, Problem};
use crate::resolve::Candidate;
use akua_disk::{ArchiveError, ArchiveLimits, Staging};
use akua_manifest::LockedPackage;
use akua_oci::{Client, ClientOptions, FetchError};
use akua_source::{Diagnostic, Digest};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{Seek as _, SeekFrom};
use std::sync::OnceLock;

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
        Self { options, client: OnceLock::new() }
    }

    /// Returns the client, for what is no dependency.
    ///
    /// # Errors
    /// What is wrong with the options; this machine gives no threads.
    pub fn client(&self) -> Result<&Client, Problem> {
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
        match place(key) {
            Some(Place::Oci { repository }) => oci::candidates(self.client()?, repository),
            Some(Place::Helm { url, chart }) => {
                let index = helm::index(self.client()?, url, yaml)?;
                Ok(index.candidates(chart))
            }
            Some(Place::Git { .. }) | None => Ok(Vec::new()),
        }
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
        // Who waits here finds what the other one fetched.
        let _alone = cache.wait(&format!("{key} {tag}"))?;
        if let Some(pin) = pin
            && cache.open(&pin.digest)?.is_some()
        {
            return Ok(pinned(pin));
        }
        let client = self.client()?;
        let fetched = match place(key) {
            Some(Place::Oci { repository }) => oci::fetch(client, cache, repository, tag, pin),
            Some(Place::Git { url, reference }) => git::fetch(client, cache, url, reference, pin),
            Some(Place::Helm { url, chart }) => {
                let index = helm::index(client, url, yaml)?;
                helm::fetch(client, cache, (url, chart, tag), &index, pin)
            }
            None => {
                let message = format!("`{key}` is not a source that can be fetched");
                Err(Diagnostic::error("E_INTERNAL", message).into())
            }
        }?;
        match pin {
            Some(pin) if pin.digest != fetched.digest => {
                Err(changed(key, tag, &pin.digest, &fetched.digest))
            }
            _ => Ok(fetched),
        }
    }

    /// Returns what a tag leads to now, without fetching it: the digest of a manifest or archive,
    /// or a commit.
    ///
    /// # Errors
    /// What [`akua_oci`] says.
    pub(crate) fn current(
        &self,
        key: &SourceKey,
        tag: &str,
        yaml: &dyn Yaml,
    ) -> Result<Option<String>, Problem> {
        match place(key) {
            Some(Place::Oci { repository }) => {
                oci::current(self.client()?, repository, tag).map(|digest| Some(digest.to_string()))
            }
            Some(Place::Git { url, reference }) => git::current(self.client()?, url, reference),
            Some(Place::Helm { url, chart }) => {
                let index = helm::index(self.client()?, url, yaml)?;
                Ok(index.digest(chart, tag).map(|digest| digest.to_string()))
            }
            None => Ok(None),
        }
    }
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
    let diagnostic = Drift::LockedBytes.diagnostic(message);
    diagnostic.note(format!("expected {expected}")).note(format!("found {found}")).into()
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
