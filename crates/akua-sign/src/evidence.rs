//! What lies beside an artifact in a registry and speaks for it; nothing of it is believed yet.

use crate::{Envelope, PublicKey, SIMPLE_TYPE, Statement, keyed_bundle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
/// Most bytes of all pieces of one artifact: a large attestation or two, and many signatures.
pub const EVIDENCE_SUM_LIMIT_BYTES: u64 = 16 << 20;

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
    /// Reads the pieces of one artifact out of a file; of more than there may be, the first.
    ///
    /// # Errors
    /// It is not their JSON.
    pub fn read_pieces(json: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let mut pieces: Vec<Self> = serde_json::from_slice(json)?;
        pieces.truncate(EVIDENCE_LIMIT);
        Ok(pieces)
    }

    /// Returns its bytes: those of its text and of its annotations.
    pub fn size_bytes(&self) -> u64 {
        let annotations = self.annotations.iter().flat_map(|(name, value)| [name, value]);
        let bytes = annotations
            .fold(self.text.len(), |sum, annotation| sum.saturating_add(annotation.len()));
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

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
        Statement::parse(&self.envelope_of()?.payload).ok()
    }

    /// Returns whether one of `others` says the same, signed with this key as well. A signature that
    /// is made of random numbers is another one each time: nobody needs a second.
    pub fn is_said_in(&self, others: &[Self], key: &PublicKey) -> bool {
        others
            .iter()
            .any(|other| self.media_type == other.media_type && self.is_said_by(other, key))
    }

    fn is_said_by(&self, other: &Self, key: &PublicKey) -> bool {
        if self.media_type == SIMPLE_TYPE {
            let signature = other.annotations.get(SIGNATURE);
            let signature = signature.and_then(|text| STANDARD.decode(text).ok());
            return self.text == other.text
                && signature.is_some_and(|bytes| key.verifies(other.text.as_bytes(), &bytes));
        }
        let (Some(own), Some(envelope)) = (self.envelope_of(), other.envelope_of()) else {
            return false;
        };
        let is_whole = if self.is_bundle() {
            other.text == keyed_bundle(&envelope, key)
        } else {
            self.annotations == other.annotations
        };
        is_whole && own.signed_bytes() == envelope.signed_bytes() && envelope.is_signed_by(key)
    }

    /// Returns the envelope that it is, or that it holds.
    fn envelope_of(&self) -> Option<Envelope> {
        if !self.is_bundle() {
            return Envelope::parse(self.text.as_bytes()).ok();
        }
        let bundle: Value = serde_json::from_str(&self.text).ok()?;
        Envelope::parse(bundle.get("dsseEnvelope")?.to_string().as_bytes()).ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IN_TOTO, PrivateKey};

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_bytes(&[byte; 32]).expect("a key")
    }

    /// Each kind of piece that says this, signed with this key.
    fn pieces(said: &str, key: &PrivateKey) -> [Evidence; 3] {
        let envelope = Envelope::sign(IN_TOTO, said.as_bytes().to_vec(), key);
        [
            Evidence::simple(said.to_owned(), STANDARD.encode(key.sign(said.as_bytes()))),
            Evidence::envelope(&envelope, "type"),
            Evidence::bundle(keyed_bundle(&envelope, &key.public()), "type"),
        ]
    }

    #[test]
    fn of_too_many_pieces_the_first_are_read() {
        let [piece, ..] = pieces("{}", &key(7));
        for (count, read) in
            [(EVIDENCE_LIMIT, EVIDENCE_LIMIT), (EVIDENCE_LIMIT + 1, EVIDENCE_LIMIT)]
        {
            let json = serde_json::to_vec(&vec![piece.clone(); count]).expect("JSON");
            assert_eq!(Evidence::read_pieces(&json).expect("pieces").len(), read, "{count}");
        }
        assert!(Evidence::read_pieces(b"{}").is_err());
    }

    #[test]
    fn what_is_said_already_is_found_by_payload_and_key() {
        let there = pieces("{}", &key(7));
        for (at, piece) in pieces("{}", &key(7)).iter().enumerate() {
            assert!(piece.is_said_in(&there, &key(7).public()));
            assert!(!piece.is_said_in(&there, &key(8).public()), "of another key");
            assert!(!piece.is_said_in(&[], &key(7).public()));
            let others: Vec<Evidence> = there
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, it)| it.clone())
                .collect();
            assert!(!piece.is_said_in(&others, &key(7).public()), "in another layout");
        }
        for piece in pieces("{\"a\":1}", &key(7)) {
            assert!(!piece.is_said_in(&there, &key(7).public()), "of something else");
        }
        // Who only copies what is said has signed nothing.
        let mut forged = there.clone();
        forged[0].annotations.insert(SIGNATURE.to_owned(), STANDARD.encode(b"none"));
        assert!(!there[0].is_said_in(&forged, &key(7).public()));
    }
}
