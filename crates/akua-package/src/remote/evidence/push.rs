//! Evidence, out.

use super::{TAGS, evidence_tag};
use crate::problem::Problem;
use crate::remote::told;
use akua_oci::{Client, FetchError, Parsed, Reference, Repository};
use akua_sign::{BUNDLE_TYPE, ENVELOPE_TYPE, Evidence, PREDICATE, SIMPLE_TYPE};
use akua_source::{Diagnostic, Digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Media type of the manifests that hold evidence, and of what it is about.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of a configuration without content.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Media type of the configuration of an image, which the layout of tags pretends to be.
const IMAGE: &str = "application/vnd.oci.image.config.v1+json";

/// What evidence is about: a manifest that was pushed.
#[derive(Debug, Clone)]
pub struct EvidenceSubject {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: usize,
}

/// Pushes evidence beside a manifest: payloads and envelopes under tags, bundles as referrers. What
/// is there already stays, and is not pushed again.
///
/// # Errors
/// What the network says.
pub fn push_evidence(
    client: &Client,
    repository: &Repository,
    subject: &EvidenceSubject,
    evidence: &[Evidence],
) -> Result<(), Problem> {
    for (ending, media_type) in TAGS.into_iter().zip([SIMPLE_TYPE, ENVELOPE_TYPE]) {
        let pieces = evidence.iter().filter(|piece| piece.media_type == media_type);
        let pieces: Vec<&Evidence> = pieces.collect();
        if !pieces.is_empty() {
            push_tagged(client, repository, &evidence_tag(&subject.digest, ending), &pieces)?;
        }
    }
    for piece in evidence.iter().filter(|piece| piece.media_type == BUNDLE_TYPE) {
        push_referrer(client, repository, subject, piece)?;
    }
    Ok(())
}

/// Adds layers to what is under a tag.
fn push_tagged(
    client: &Client,
    repository: &Repository,
    tag: &str,
    pieces: &[&Evidence],
) -> Result<(), Problem> {
    let reference = Reference::Tag(tag.to_owned());
    let mut layers: Vec<Value> = match client.fetch_manifest(repository, &reference) {
        Err(FetchError::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(told(&error)),
        Ok(holder) => match holder.parsed {
            Parsed::Image(image) => {
                let layers = image.layers.iter();
                layers
                    .map(|it| layer(&it.media_type, &it.digest, it.size, &it.annotations))
                    .collect()
            }
            Parsed::Index(_) => {
                let message = format!("`{repository}:{tag}` is an index, where signatures belong");
                let help = "find out who wrote it; `--layout referrers` leaves it alone";
                return Err(Diagnostic::error("E_FETCH_PROTOCOL", message).help(help).into());
            }
        },
    };
    for piece in pieces {
        let digest = client.push_blob(repository, piece.text.as_bytes());
        let digest = digest.map_err(|error| told(&error))?;
        let size = u64::try_from(piece.text.len()).unwrap_or(u64::MAX);
        let layer = layer(&piece.media_type, &digest, size, &piece.annotations);
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    let digests: Vec<&Value> = layers.iter().filter_map(|layer| layer.get("digest")).collect();
    let rootfs = json!({ "type": "layers", "diff_ids": digests });
    let config = json!({ "architecture": "", "os": "", "config": {}, "rootfs": rootfs });
    let config = config.to_string();
    let pushed = client.push_blob(repository, config.as_bytes()).map_err(|error| told(&error))?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": IMAGE, "digest": pushed.as_str(), "size": config.len() },
        "layers": layers,
    });
    let bytes = manifest.to_string();
    let pushed = client.push_manifest(repository, &reference, MANIFEST, bytes.as_bytes());
    pushed.map(drop).map_err(|error| told(&error))
}

/// Returns a layer as a manifest has it.
fn layer(
    media_type: &str,
    digest: &Digest,
    size: u64,
    annotations: &BTreeMap<String, String>,
) -> Value {
    let mut layer = json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size });
    if !annotations.is_empty()
        && let Some(layer) = layer.as_object_mut()
    {
        layer.insert("annotations".to_owned(), json!(annotations));
    }
    layer
}

/// Pushes a bundle that refers to a manifest.
fn push_referrer(
    client: &Client,
    repository: &Repository,
    subject: &EvidenceSubject,
    piece: &Evidence,
) -> Result<(), Problem> {
    let empty = client.push_blob(repository, b"{}").map_err(|error| told(&error))?;
    let blob = client.push_blob(repository, piece.text.as_bytes());
    let blob = blob.map_err(|error| told(&error))?;
    let predicate = piece.annotations.get(PREDICATE).cloned().unwrap_or_default();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": BUNDLE_TYPE,
        "config": { "mediaType": EMPTY, "digest": empty.as_str(), "size": 2 },
        "layers": [{
            "mediaType": BUNDLE_TYPE,
            "digest": blob.as_str(),
            "size": piece.text.len(),
        }],
        "subject": {
            "mediaType": MANIFEST,
            "digest": subject.digest.as_str(),
            "size": subject.size,
        },
        "annotations": { "dev.sigstore.bundle.content": "dsse-envelope", PREDICATE: predicate },
    });
    let bytes = manifest.to_string();
    let reference = Reference::Digest(Digest::of(bytes.as_bytes()));
    let pushed = client.push_manifest(repository, &reference, MANIFEST, bytes.as_bytes());
    pushed.map(drop).map_err(|error| told(&error))
}
