//! Signing without a key of one's own: what is asked of the services, and what their answers make.
//!
//! A key is made, used once and thrown away. Fulcio gives a certificate for it to whoever shows an
//! identity token; a log takes the signature; a clock says when it was there. Who sends the bytes is
//! not said here, and what comes back is hostile: the bundle has to be verified before it is used.
//!
//! # Spec
//! Fulcio's API document; `log.rs` for Rekor's; RFC 3161; protobuf-specs, `sigstore_bundle.proto`.

mod log;
mod services;
#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
mod token;

pub use log::{Entry, Log, LogVersion};
pub use services::{Services, ServicesError};
pub use token::{IdentityToken, TokenError};

use crate::{Envelope, IN_TOTO, PrivateKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{
    Bundle, CertificateContent, DerCertificate, DerPublicKey, DigestBytes, DsseEnvelope,
    DsseSignature, HashAlgorithm, KeyId, MediaType, MessageDigest, MessageSignature, PayloadBytes,
    Rfc3161Timestamp, Sha256Hash, SignatureBytes, SignatureContent, TimestampToken,
    TimestampVerificationData, VerificationMaterial,
};
use sigstore_verify::crypto::{parse_certificate_info, sha256};

/// Largest answer of a service, in bytes.
pub const ANSWER_LIMIT_BYTES: u64 = 1 << 20;
/// A request for a timestamp of a SHA-256, up to its 32 bytes: version 1.
const STAMP_HEAD: [u8; 24] = [
    0x30, 0x39, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
/// The rest of it: certificates are wanted.
const STAMP_TAIL: [u8; 3] = [0x01, 0x01, 0xff];

/// Something that is signed with a key that has no certificate yet.
#[derive(Debug)]
pub struct Signing {
    key: PrivateKey,
    content: Content,
    signature: Vec<u8>,
}

/// What is signed.
#[derive(Debug)]
enum Content {
    /// A statement.
    Statement(Envelope),
    /// The bytes with this digest.
    Artifact(Sha256Hash),
}

/// A certificate of the key that signed.
#[derive(Debug, Clone)]
pub struct Certificate {
    own: DerCertificate,
    /// Those between it and an authority, in PEM.
    chain: String,
}

/// An answer of a service makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum KeylessError {
    /// Not the JSON that it should be.
    #[error("the answer is not the JSON of {wanted}")]
    Json {
        /// What it should be.
        wanted: &'static str,
        /// Why it is not.
        #[source]
        source: serde_json::Error,
    },
    /// No certificate in it.
    #[error("the answer has no certificate")]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("the certificate cannot be read")]
    Certificate(#[source] sigstore_verify::crypto::Error),
    /// A certificate of another key.
    #[error("the certificate is of another key")]
    OtherKey,
    /// No entry in it, more than one, or one that cannot be read.
    #[error("the answer has no entry of a log that akua reads")]
    NoEntry,
    /// The bundle cannot be written.
    #[error("the answers make no bundle")]
    Bundle,
}

impl Signing {
    /// Signs a statement of in-toto.
    pub fn of_statement(statement: Vec<u8>, key: PrivateKey) -> Self {
        let envelope = Envelope::sign(IN_TOTO, statement, &key);
        let signature = envelope.signatures.first().map(|one| one.bytes.clone());
        let signature = signature.unwrap_or_default();
        Self { key, content: Content::Statement(envelope), signature }
    }

    /// Signs bytes.
    pub fn of_artifact(bytes: &[u8], key: PrivateKey) -> Self {
        let signature = key.sign(bytes);
        Self { key, content: Content::Artifact(sha256(bytes)), signature }
    }

    /// Returns what Fulcio is asked: a certificate of the key for who the token is of.
    ///
    /// # Spec
    /// `POST /api/v2/signingCert`.
    pub fn certificate_request(&self, token: &IdentityToken) -> Vec<u8> {
        let proof = self.key.sign(token.subject().as_bytes());
        let key = json!({ "algorithm": "ECDSA", "content": self.key.public().to_pem() });
        let request = json!({
            "credentials": { "oidcIdentityToken": token.reveal() },
            "publicKeyRequest": { "publicKey": key, "proofOfPossession": STANDARD.encode(proof) },
        });
        request.to_string().into_bytes()
    }

    /// Reads the certificate out of Fulcio's answer.
    ///
    /// # Errors
    /// [`KeylessError`].
    pub fn read_certificate(&self, answer: &[u8]) -> Result<Certificate, KeylessError> {
        let wanted = "a certificate";
        let answer: FulcioAnswer = serde_json::from_slice(answer)
            .map_err(|source| KeylessError::Json { wanted, source })?;
        let answer = answer.embedded.or(answer.detached).ok_or(KeylessError::NoCertificate)?;
        let all = answer.chain.certificates;
        let (pem, chain) = all.split_first().ok_or(KeylessError::NoCertificate)?;
        let found = DerCertificate::from_pem(pem).map_err(|_pem| KeylessError::NoCertificate)?;
        let facts = parse_certificate_info(&found).map_err(KeylessError::Certificate)?;
        if facts.public_key != DerPublicKey::from(self.key.public().to_der()) {
            return Err(KeylessError::OtherKey);
        }
        Ok(Certificate { own: found, chain: chain.concat() })
    }

    /// Returns what a clock is asked: to sign the signature, and the time.
    pub fn timestamp_request(&self) -> Vec<u8> {
        [&STAMP_HEAD[..], sha256(&self.signature).as_slice(), &STAMP_TAIL].concat()
    }

    /// Returns the bundle that the answers make; `timestamps` are answers of clocks.
    ///
    /// # Errors
    /// [`KeylessError::Bundle`]; it does not happen.
    pub fn into_bundle(
        self,
        certificate: Certificate,
        entry: Entry,
        timestamps: Vec<Vec<u8>>,
    ) -> Result<Vec<u8>, KeylessError> {
        let content = self.content();
        let stamp = |answer| Rfc3161Timestamp::new(TimestampToken::new(answer));
        let stamps = timestamps.into_iter().map(stamp).collect();
        let certificate = CertificateContent::new(certificate.own);
        let material = VerificationMaterialContent::Certificate(certificate);
        let material = VerificationMaterial::new(material)
            .with_tlog_entries(vec![entry.0])
            .with_timestamp_verification_data(TimestampVerificationData::new(stamps));
        let bundle = Bundle::new(MediaType::Bundle0_3, material, content);
        bundle.to_json().map(String::into_bytes).map_err(|_unlikely| KeylessError::Bundle)
    }

    /// What is signed and its signature, as a bundle has them.
    fn content(&self) -> SignatureContent {
        let signature = SignatureBytes::new(self.signature.clone());
        match &self.content {
            Content::Statement(envelope) => SignatureContent::DsseEnvelope(DsseEnvelope::new(
                envelope.payload_type.clone(),
                PayloadBytes::new(envelope.payload.clone()),
                DsseSignature::new(signature, KeyId::default()),
            )),
            Content::Artifact(digest) => {
                let digest = DigestBytes::new(digest.as_slice().to_vec());
                let digest = MessageDigest::new(HashAlgorithm::Sha2256, digest);
                let signed = MessageSignature::new(signature).with_message_digest(digest);
                SignatureContent::MessageSignature(signed)
            }
        }
    }
}

impl Certificate {
    /// Returns the certificates between it and an authority, in PEM.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Returns who it names, and who vouches for them.
    ///
    /// # Errors
    /// [`KeylessError::Certificate`].
    pub fn name(&self) -> Result<(String, String), KeylessError> {
        let facts = parse_certificate_info(&self.own).map_err(KeylessError::Certificate)?;
        let subject = facts.identity.map(|subject| subject.as_str().to_owned());
        Ok((subject.unwrap_or_default(), facts.issuer.unwrap_or_default()))
    }
}

/// Fulcio's answer.
#[derive(Deserialize)]
struct FulcioAnswer {
    /// With the proof of the log of certificates in the certificate.
    #[serde(rename = "signedCertificateEmbeddedSct")]
    embedded: Option<FulcioChain>,
    /// With that proof beside it, or without one.
    #[serde(rename = "signedCertificateDetachedSct")]
    detached: Option<FulcioChain>,
}

#[derive(Deserialize)]
struct FulcioChain {
    chain: FulcioCertificates,
}

#[derive(Deserialize)]
struct FulcioCertificates {
    /// In PEM; the first is the one that was asked for.
    certificates: Vec<String>,
}
