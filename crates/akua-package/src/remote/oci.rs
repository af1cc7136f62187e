//! Artifacts of registries: Packages, charts, KCL modules.

use super::{DOWNLOAD, Fetched, take_archive, told};
use crate::cache::Cache;
use crate::problem::Problem;
use crate::resolve::Candidate;
use akua_manifest::LockedPackage;
use akua_oci::{Client, Descriptor, OciManifest, Parsed, Reference, Repository};
use akua_source::{Diagnostic, Digest};

/// Media types of the layer that holds the files, the likeliest first.
const CONTENT: [&str; 4] = [
    "application/vnd.akua.package.content.v1.tar+gzip",
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar",
];
/// Annotation of a manifest whose publisher withdrew it.
const YANKED: &str = "dev.akua.package.yanked";
/// Kind of the facts that say what a manifest led to.
const FACT: &str = "oci";

/// Returns the tags of a repository. Whether one was withdrawn only its manifest says.
pub(super) fn candidates(client: &Client, repository: &str) -> Result<Vec<Candidate>, Problem> {
    let tags = client.list_tags(&named(repository)?).map_err(|error| told(&error))?;
    Ok(tags.into_iter().map(|tag| Candidate { tag, yanked: false }).collect())
}

/// Returns the digest of the manifest that a tag leads to now.
pub(super) fn current(client: &Client, repository: &str, tag: &str) -> Result<Digest, Problem> {
    manifest(client, &named(repository)?, tag).map(|found| found.digest)
}

/// Fetches an artifact: its manifest, by the pin or by its tag, and the layer that holds its files.
pub(super) fn fetch(
    client: &Client,
    cache: &Cache,
    repository: &str,
    tag: &str,
    pin: Option<&LockedPackage>,
) -> Result<Fetched, Problem> {
    let repository = named(repository)?;
    let pinned = pin.and_then(|pin| pin.manifest_digest.as_ref());
    let manifest = manifest(client, &repository, pinned.map_or(tag, Digest::as_str))?;
    if let Some(fetched) = noted(cache, &manifest.digest)
        && cache.open(&fetched.digest)?.is_some()
    {
        return Ok(fetched);
    }
    let shown = format!("{repository}:{tag}");
    let (layer, yanked) = content(&manifest, &shown)?;
    let mut staging = cache.staging()?;
    let mut archive = staging.open(DOWNLOAD)?;
    client.fetch_blob(&repository, &layer, &mut archive).map_err(|error| told(&error))?;
    let digest = take_archive(cache, staging, archive, &shown)?;
    let fetched = Fetched {
        digest,
        manifest_digest: Some(manifest.digest.clone()),
        layer_digest: Some(layer.digest),
        commit: None,
        yanked,
    };
    let fact = serde_json::to_vec(&fetched).unwrap_or_default();
    cache.note(FACT, manifest.digest.as_str().as_bytes(), &fact);
    Ok(fetched)
}

/// Returns what was noted when a manifest was fetched last.
fn noted(cache: &Cache, manifest: &Digest) -> Option<Fetched> {
    let known = cache.fact(FACT, manifest.as_str().as_bytes())?;
    serde_json::from_slice(&known).ok()
}

/// Returns the digest of the tree that a manifest led to when it was fetched last.
pub(crate) fn noted_tree(cache: &Cache, manifest: &Digest) -> Option<Digest> {
    noted(cache, manifest).map(|fetched| fetched.digest)
}

fn manifest(client: &Client, repository: &Repository, tag: &str) -> Result<OciManifest, Problem> {
    // Tags cannot have the `+` of a version.
    let tag = tag.replace('+', "_");
    let reference = Reference::parse(&tag)
        .map_err(|error| Problem::from(Diagnostic::error("E_FETCH_PROTOCOL", error.to_string())))?;
    client.fetch_manifest(repository, &reference).map_err(|error| told(&error))
}

/// Returns the layer that holds the files, and whether the artifact was withdrawn.
fn content(manifest: &OciManifest, shown: &str) -> Result<(Descriptor, bool), Problem> {
    let refuse = |reason: &str| {
        let message = format!("`{shown}` is no package: {reason}");
        let help = "an artifact holds a Package, a chart or a KCL module in one layer";
        Problem::from(Diagnostic::error("E_DEP_KIND", message).help(help))
    };
    let Parsed::Image(image) = &manifest.parsed else {
        return Err(refuse("it is an index of several artifacts"));
    };
    let found = CONTENT
        .iter()
        .find_map(|media_type| image.layers.iter().find(|layer| layer.media_type == *media_type));
    let layer = found.ok_or_else(|| refuse("it has no layer with files"))?;
    let yanked = image.annotations.get(YANKED).is_some_and(|text| text == "true");
    Ok((layer.clone(), yanked))
}

fn named(repository: &str) -> Result<Repository, Problem> {
    Repository::parse(repository)
        .map_err(|error| Diagnostic::error("E_FETCH_PROTOCOL", error.to_string()).into())
}
