//! Sigstore bundles of keys: an envelope, and a hint which key it is signed with.
//!
//! # Spec
//! sigstore/protobuf-specs, `sigstore_bundle.proto`, v0.3; what cosign 3 writes with `--key`.

use crate::{BUNDLE_TYPE, Envelope, EnvelopeError, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What a bundle holds.
#[derive(Debug)]
pub(crate) enum BundleKind {
    /// An envelope that a key signed.
    Keyed(Envelope),
    /// Something that is signed with a certificate.
    Certificate,
}

/// Bytes are no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyedError {
    /// Not the JSON of a bundle.
    #[error("not the JSON of a bundle")]
    Json(#[source] serde_json::Error),
    /// It holds no envelope.
    #[error("it holds no envelope")]
    Content,
    /// Its envelope is none.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// As much of a bundle as a key needs.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    verification_material: Material,
    dsse_envelope: Option<Box<RawValue>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Option<Value>,
}

/// Returns a bundle of an envelope that this key signed.
pub fn keyed_bundle(envelope: &Envelope, key: &PublicKey) -> String {
    let hint = STANDARD.encode(key.id().bytes());
    let envelope: Value = serde_json::from_str(&envelope.to_json()).unwrap_or_default();
    let bundle = json!({
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": { "publicKey": { "hint": hint } },
        "dsseEnvelope": envelope,
    });
    bundle.to_string()
}

/// Reads a bundle as far as to know what it is.
pub(crate) fn read_bundle(json: &[u8]) -> Result<BundleKind, KeyedError> {
    let raw: Raw = serde_json::from_slice(json).map_err(KeyedError::Json)?;
    if raw.verification_material.public_key.is_none() {
        return Ok(BundleKind::Certificate);
    }
    let envelope = raw.dsse_envelope.ok_or(KeyedError::Content)?;
    Ok(BundleKind::Keyed(Envelope::parse(envelope.get().as_bytes())?))
}
