//! Classic chart repositories: an index over http, and archives, some of them in registries.

use super::{DOWNLOAD, Fetched, changed, oci, take_archive, told};
use crate::cache::Cache;
use crate::content::Yaml;
use crate::key::SourceKey;
use crate::problem::Problem;
use crate::resolve::Candidate;
use akua_manifest::{LockedPackage, other_spelling};
use akua_oci::Client;
use akua_source::{Diagnostic, Digest};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Largest index, in bytes: those of the largest public repositories have some 20 MB.
const INDEX_LIMIT_BYTES: u64 = 32 << 20;
/// Largest archive of a chart, in bytes.
const ARCHIVE_LIMIT_BYTES: u64 = 100 << 20;

/// The index of a repository.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    #[serde(default, deserialize_with = "readable")]
    entries: BTreeMap<String, Vec<Entry>>,
}

/// A version of a chart.
#[derive(Debug, Deserialize)]
struct Entry {
    version: String,
    #[serde(default)]
    urls: Vec<String>,
    /// SHA-256 of the archive, in hexadecimal, with or without the algorithm.
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    deprecated: bool,
}

/// Reads the entries that can be read: one that is odd does not make the others unusable.
fn readable<'d, D: serde::Deserializer<'d>>(
    from: D,
) -> Result<BTreeMap<String, Vec<Entry>>, D::Error> {
    let raw: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::deserialize(from)?;
    let entries = raw.into_iter().map(|(name, versions)| {
        let versions = versions.into_iter();
        (name, versions.filter_map(|entry| serde_json::from_value(entry).ok()).collect())
    });
    Ok(entries.collect())
}

/// Fetches the index of a repository.
pub(super) fn index(client: &Client, url: &str, yaml: &dyn Yaml) -> Result<Index, Problem> {
    let name = format!("{url}/index.yaml");
    let mut bytes = Vec::new();
    client.fetch_file(&name, INDEX_LIMIT_BYTES, &mut bytes).map_err(|error| told(&error))?;
    let json = yaml.to_json(&name, &bytes).map_err(|error| Problem::from(*error))?;
    serde_json::from_str(&json).map_err(|error| {
        let message = format!("`{name}` is no index of a chart repository: {error}");
        Diagnostic::error("E_FETCH_PROTOCOL", message).into()
    })
}

impl Index {
    /// Returns the versions of a chart.
    pub(super) fn candidates(&self, chart: &str) -> Vec<Candidate> {
        let entries = self.entries.get(chart).map_or(&[][..], Vec::as_slice);
        let candidate =
            |entry: &Entry| Candidate { tag: entry.version.clone(), yanked: entry.deprecated };
        entries.iter().map(candidate).collect()
    }

    /// Returns the digest of an archive, as the index has it.
    pub(super) fn digest(&self, chart: &str, version: &str) -> Option<Digest> {
        self.entry(chart, version)?.archive_digest()
    }

    /// Returns the repository and the tag or digest of an archive that lies in a registry.
    pub(super) fn in_registry(&self, chart: &str, version: &str) -> Option<(&str, &str)> {
        let entry = self.entry(chart, version)?;
        in_registry(entry.urls.first()?, &entry.version)
    }

    /// Returns whether there is this version of a chart.
    pub(super) fn has(&self, chart: &str, version: &str) -> bool {
        self.entry(chart, version).is_some()
    }

    /// Returns a version as the index spells it: with or without `v`.
    pub(super) fn spelling(&self, chart: &str, version: &str) -> Option<&str> {
        self.entry(chart, version).map(|entry| entry.version.as_str())
    }

    fn entry(&self, chart: &str, version: &str) -> Option<&Entry> {
        let entries = self.entries.get(chart)?;
        let spelled = |text: &str| entries.iter().find(|entry| entry.version == text);
        spelled(version).or_else(|| spelled(&other_spelling(version)?))
    }
}

impl Entry {
    fn archive_digest(&self) -> Option<Digest> {
        let text = self.digest.as_deref()?;
        Digest::parse(text).or_else(|| Digest::parse(&format!("sha256:{text}")))
    }
}

/// Fetches the archive of a version.
pub(super) fn fetch(
    client: &Client,
    cache: &Cache,
    wanted: (&str, &str, &str),
    index: &Index,
    pin: Option<&LockedPackage>,
) -> Result<Fetched, Problem> {
    let (url, chart, version) = wanted;
    let shown = format!("{chart} {version}");
    let Some(entry) = index.entry(chart, version) else {
        let message = format!("there is no chart `{shown}` in `{url}`");
        return Err(Diagnostic::error("E_FETCH_NOT_FOUND", message).into());
    };
    let Some(archive) = entry.urls.first() else {
        let message = format!("the index of `{url}` has no address for `{shown}`");
        return Err(Diagnostic::error("E_FETCH_PROTOCOL", message).into());
    };
    let shown = &shown;
    let said = entry.archive_digest();
    let fetched = if let Some((repository, reference)) = in_registry(archive, &entry.version) {
        // A pin of a time when the archive was a file says nothing of a manifest.
        let pin = pin.filter(|pin| pin.manifest_digest.is_some());
        oci::fetch(client, cache, repository, reference, pin)?
    } else {
        let mut staging = cache.staging()?;
        let mut file = staging.open(DOWNLOAD)?;
        let fetched = client
            .fetch_file(&absolute(url, archive), ARCHIVE_LIMIT_BYTES, &mut file)
            .map_err(|error| told(&error))?;
        check(wanted, pin, said.as_ref(), &fetched.digest)?;
        let digest = take_archive(cache, staging, file, shown)?;
        let (layer_digest, yanked) = (Some(fetched.digest), false);
        Fetched { digest, manifest_digest: None, layer_digest, commit: None, yanked }
    };
    if let Some(layer) = &fetched.layer_digest {
        check(wanted, pin, said.as_ref(), layer)?;
    }
    Ok(Fetched { yanked: entry.deprecated || fetched.yanked, ..fetched })
}

/// Checks the digest of an archive against what the lock and the index say.
fn check(
    (url, chart, version): (&str, &str, &str),
    pin: Option<&LockedPackage>,
    said: Option<&Digest>,
    found: &Digest,
) -> Result<(), Problem> {
    let pinned = pin.and_then(|pin| pin.layer_digest.as_ref());
    if let Some(pinned) = pinned.filter(|pinned| *pinned != found) {
        let key = SourceKey::locked(&format!("helm+{url}#{chart}"));
        return Err(changed(&key, version, pinned, found));
    }
    if let Some(said) = said.filter(|said| *said != found) {
        let message =
            format!("the archive of `{chart} {version}` is not what the index of `{url}` says");
        let diagnostic = Diagnostic::error("E_FETCH_DIGEST", message);
        return Err(diagnostic
            .note(format!("expected {said}"))
            .note(format!("found {found}"))
            .into());
    }
    Ok(())
}

/// Returns the repository and the tag or digest of an archive that lies in a registry:
/// `oci://HOST/NAME[:TAG][@DIGEST]`, by default the tag of its version.
fn in_registry<'a>(archive: &'a str, version: &'a str) -> Option<(&'a str, &'a str)> {
    let rest = archive.strip_prefix("oci://")?;
    let (named, digest) = match rest.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (rest, None),
    };
    // A colon before the name is that of a port.
    let (repository, tag) = match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (named, None),
    };
    Some((repository, digest.or(tag).unwrap_or(version)))
}

/// Returns the address of an archive: as it is, or below the repository.
fn absolute(url: &str, archive: &str) -> String {
    if archive.starts_with("https://") || archive.starts_with("http://") {
        return archive.to_owned();
    }
    format!("{url}/{}", archive.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_registries() {
        let check = |archive: &str, expected| {
            assert_eq!(in_registry(archive, "1.0.0"), expected, "{archive}");
        };
        check("oci://h/a/web:1.0.0+b", Some(("h/a/web", "1.0.0+b")));
        check("oci://h:5000/a/web", Some(("h:5000/a/web", "1.0.0")));
        check("oci://h:5000/web:1@sha256:ab", Some(("h:5000/web", "sha256:ab")));
        check("oci://h/web@sha256:ab", Some(("h/web", "sha256:ab")));
        check("https://h/web-1.0.0.tgz", None);
        check("web-1.0.0.tgz", None);
    }
}
