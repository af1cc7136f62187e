//! What lies beside an artifact and speaks for it: signatures and attestations, in both layouts.
//!
//! # Spec
//! cosign's `specs/SIGNATURE_SPEC.md` (tags); distribution-spec 1.1, referrers (bundles).

mod push;

pub use push::{EvidenceSubject, push_evidence};

use super::told;
use crate::problem::Problem;
use akua_oci::{Client, Descriptor, FetchError, OciManifest, Parsed, Reference, Repository};
use akua_sign::{
    BUNDLE_TYPE, EVIDENCE_LIMIT, EVIDENCE_LIMIT_BYTES, EVIDENCE_SUM_LIMIT_BYTES, Evidence,
};
use akua_source::Digest;

/// Endings of the tags of the older layout.
const TAGS: [&str; 2] = ["sig", "att"];
/// How types of bundles begin, whatever their version.
const BUNDLES: &str = "application/vnd.dev.sigstore.bundle";

/// Fetches what speaks for a manifest; nothing of it is believed yet. What is too large, or is no
/// text, is left out, and so is what comes after [`EVIDENCE_LIMIT`] pieces, or referrers that may hold
/// some, or after [`EVIDENCE_SUM_LIMIT_BYTES`].
///
/// # Errors
/// What the network says.
pub fn fetch_evidence(
    client: &Client,
    repository: &Repository,
    manifest: &Digest,
) -> Result<Vec<Evidence>, Problem> {
    let mut found = Vec::new();
    for ending in TAGS {
        let tag = Reference::Tag(evidence_tag(manifest, ending));
        match client.fetch_manifest(repository, &tag) {
            Ok(holder) => take(client, repository, &holder, &mut found)?,
            Err(FetchError::NotFound { .. }) => {}
            Err(error) => return Err(told(&error)),
        }
    }
    let referrers = client.list_referrers(repository, manifest).map_err(|error| told(&error))?;
    let is_bundle = |found: &&Descriptor| {
        found.artifact_type.as_deref().is_some_and(|kind| kind.starts_with(BUNDLES))
    };
    for referrer in referrers.iter().filter(is_bundle).take(EVIDENCE_LIMIT) {
        if found.len() >= EVIDENCE_LIMIT {
            break;
        }
        let reference = Reference::Digest(referrer.digest.clone());
        let holder = client.fetch_manifest(repository, &reference);
        take(client, repository, &holder.map_err(|error| told(&error))?, &mut found)?;
    }
    Ok(found)
}

/// Returns the tag under which the older layout keeps signatures (`sig`) or attestations (`att`).
pub fn evidence_tag(manifest: &Digest, ending: &str) -> String {
    format!("sha256-{}.{ending}", manifest.hex())
}

/// Fetches the layers of a manifest that are evidence.
fn take(
    client: &Client,
    repository: &Repository,
    holder: &OciManifest,
    found: &mut Vec<Evidence>,
) -> Result<(), Problem> {
    let Parsed::Image(image) = &holder.parsed else { return Ok(()) };
    for layer in &image.layers {
        let is_bundle = layer.media_type.starts_with(BUNDLES);
        let here = found.iter().map(Evidence::size_bytes).fold(0, u64::saturating_add);
        let fits = layer.size <= EVIDENCE_LIMIT_BYTES
            && here.saturating_add(layer.size) <= EVIDENCE_SUM_LIMIT_BYTES
            && found.len() < EVIDENCE_LIMIT;
        if !fits || !(is_bundle || Evidence::is_one(&layer.media_type)) {
            continue;
        }
        let mut bytes = Vec::new();
        client.fetch_blob(repository, layer, &mut bytes).map_err(|error| told(&error))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let media_type = if is_bundle { BUNDLE_TYPE } else { &layer.media_type };
        let annotations = layer.annotations.clone();
        found.push(Evidence { media_type: media_type.to_owned(), text, annotations });
    }
    Ok(())
}
