//! Sigstore bundles of keys: an envelope, and a hint which key it is signed with.
//!
//! # Spec
//! sigstore/protobuf-specs, `sigstore_bundle.proto`, v0.3; what cosign 3 writes with `--key`.

use crate::{BUNDLE_TYPE, Envelope, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

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
