//! What lies beside an artifact in a registry and speaks for it; nothing of it is believed yet.

use crate::{Envelope, SIMPLE_TYPE, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Media type of an envelope in the layout of tags.
pub const ENVELOPE_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Media type of a bundle, and the type of the artifact that holds it.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Annotation with the signature of a simple payload.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Annotation of a bundle with the type of what it says.
pub const PREDICATE: &str = "dev.sigstore.bundle.predicateType";
/// Largest piece, in bytes.
pub const EVIDENCE_LIMIT_BYTES: u64 = 4 << 20;
/// Most pieces of one artifact.
pub const EVIDENCE_LIMIT: usize = 64;

/// A piece of evidence, as a registry has it: a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its media type.
    #[serde(rename = "mediaType")]
    pub media_type: String,
    /// Its text.
    pub text: String,
    /// The layer's annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Evidence {
    /// Returns whether a media type is one of evidence.
    pub fn is_one(media_type: &str) -> bool {
        [SIMPLE_TYPE, ENVELOPE_TYPE, BUNDLE_TYPE].contains(&media_type)
    }

    /// Returns whether it is a bundle.
    pub fn is_bundle(&self) -> bool {
        self.media_type == BUNDLE_TYPE
    }

    /// Returns what it says, if it is a statement; nothing of it is proven.
    pub fn claimed_statement(&self) -> Option<Statement> {
        let envelope = if self.is_bundle() {
            let bundle: Value = serde_json::from_str(&self.text).ok()?;
            bundle.get("dsseEnvelope")?.to_string()
        } else {
            self.text.clone()
        };
        Statement::parse(&Envelope::parse(envelope.as_bytes()).ok()?.payload).ok()
    }

    /// Returns a simple payload and its signature, in base64.
    pub fn simple(payload: String, signature: String) -> Self {
        let annotations = BTreeMap::from([(SIGNATURE.to_owned(), signature)]);
        Self { media_type: SIMPLE_TYPE.to_owned(), text: payload, annotations }
    }

    /// Returns an envelope with a statement of this type.
    pub fn envelope(envelope: &Envelope, predicate_type: &str) -> Self {
        let media_type = ENVELOPE_TYPE.to_owned();
        let annotations = [(SIGNATURE, ""), ("predicateType", predicate_type)];
        let annotations = annotations.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { media_type, text: envelope.to_json(), annotations: annotations.into() }
    }

    /// Returns a bundle with a statement of this type.
    pub fn bundle(text: String, predicate_type: &str) -> Self {
        let annotation = (PREDICATE.to_owned(), predicate_type.to_owned());
        Self { media_type: BUNDLE_TYPE.to_owned(), text, annotations: [annotation].into() }
    }
}
