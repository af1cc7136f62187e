//! DSSE envelopes: a payload, its type, and signatures over both.
//!
//! # Spec
//! DSSE 1.0: protocol.md, envelope.md.

use crate::{PrivateKey, PublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

/// Largest envelope, in bytes.
const LIMIT_BYTES: usize = 16 << 20;
/// Most signatures.
const SIGNATURES: usize = 64;

/// A payload and its signatures. What it says counts once a signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint which key it is of; often empty.
    pub key_id: String,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Bytes are no envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Too large.
    #[error("an envelope has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not the JSON of an envelope.
    #[error("not the JSON of a DSSE envelope")]
    Json(#[source] serde_json::Error),
    /// A payload or signature is not base64.
    #[error("its payload or a signature is not base64")]
    Base64,
    /// None, or too many.
    #[error("it has {count} signatures, expected 1 to {limit}")]
    Signatures {
        /// How many.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
}

/// The JSON.
#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<RawSignature>,
}

#[derive(Serialize, Deserialize)]
struct RawSignature {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Returns a payload in an envelope, signed.
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Self {
        let signed =
            Self::sign_with(payload_type, payload, |bytes| Ok::<_, Infallible>(key.sign(bytes)));
        match signed {
            Ok(envelope) => envelope,
            Err(never) => match never {},
        }
    }

    /// Returns a payload in an envelope, with the signature that `sign` makes.
    ///
    /// # Errors
    /// That of `sign`.
    pub fn sign_with<E>(
        payload_type: &str,
        payload: Vec<u8>,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let bytes = sign(&encoded(payload_type, &payload))?;
        let signatures = vec![EnvelopeSignature { key_id: String::new(), bytes }];
        Ok(Self { payload_type: payload_type.to_owned(), payload, signatures })
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn parse(json: &[u8]) -> Result<Self, EnvelopeError> {
        if json.len() > LIMIT_BYTES {
            return Err(EnvelopeError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let raw: Raw = serde_json::from_slice(json).map_err(EnvelopeError::Json)?;
        let count = raw.signatures.len();
        if count == 0 || count > SIGNATURES {
            return Err(EnvelopeError::Signatures { count, limit: SIGNATURES });
        }
        let signature = |raw: RawSignature| {
            Ok(EnvelopeSignature { key_id: raw.keyid, bytes: decoded(&raw.sig)? })
        };
        Ok(Self {
            payload_type: raw.payload_type,
            payload: decoded(&raw.payload)?,
            signatures: raw.signatures.into_iter().map(signature).collect::<Result<_, _>>()?,
        })
    }

    /// Returns its JSON.
    pub fn to_json(&self) -> String {
        let signature = |found: &EnvelopeSignature| RawSignature {
            keyid: found.key_id.clone(),
            sig: STANDARD.encode(&found.bytes),
        };
        let raw = Raw {
            payload_type: self.payload_type.clone(),
            payload: STANDARD.encode(&self.payload),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        // Strings in structs are always JSON.
        serde_json::to_string(&raw).unwrap_or_default()
    }

    /// Returns the bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        encoded(&self.payload_type, &self.payload)
    }

    /// Returns whether one of the signatures is of this key.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let message = self.signed_bytes();
        self.signatures.iter().any(|signature| key.verifies(&message, &signature.bytes))
    }
}

/// The pre-authentication encoding: what is signed says where the type ends.
fn encoded(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// Base64, of either alphabet, as the specification has it.
fn decoded(text: &str) -> Result<Vec<u8>, EnvelopeError> {
    let decoded = STANDARD.decode(text).or_else(|_other| URL_SAFE.decode(text));
    decoded.map_err(|_neither| EnvelopeError::Base64)
}

#[cfg(test)]
mod tests;
