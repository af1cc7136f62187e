//! Bundles of what cosign 2 keeps under tags, and the other way round: the proofs are annotations of
//! the layer that is signed.
//!
//! Nothing is proven here. What comes out of tags is verified as any other bundle is.
//!
//! # Spec
//! cosign's `specs/SIGNATURE_SPEC.md`: properties; sigstore-go, `docs/bundle.md`.

#[cfg(test)]
mod tests;

use super::Bundle;
use crate::{Envelope, Evidence};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sigstore_types::bundle::{MessageSignature, VerificationMaterialContent, X509Certificate};
use sigstore_types::{
    DerCertificate, DsseEnvelope, MediaType, Rfc3161Timestamp, SignatureBytes, SignatureContent,
    TimestampToken, TimestampVerificationData, TransparencyLogEntry, VerificationMaterial,
};
use sigstore_verify::rekor::entry::LogEntry;

/// Annotation with the certificate, in PEM.
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// Annotation with the certificates between that one and an authority, in PEM.
const CHAIN: &str = "dev.sigstore.cosign/chain";
/// Annotation with the entry in the log.
const ENTRY: &str = "dev.sigstore.cosign/bundle";
/// Annotation with a timestamp.
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// How a certificate ends in PEM.
const END: &str = "-----END CERTIFICATE-----";
/// Most certificates: public ones have three.
const CERTIFICATES: usize = 8;

/// The annotations of a layer make no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaggedError {
    /// A certificate that is none, or too many.
    #[error("its certificates cannot be read")]
    Certificate,
    /// No entry in a log.
    #[error("it names no entry in a log")]
    NoEntry,
    /// An entry that is none, or of a kind that is not verified.
    #[error("its entry in the log cannot be read, or is of a kind that akua does not verify")]
    Entry,
    /// A timestamp that is none.
    #[error("its timestamp cannot be read")]
    Timestamp,
    /// An envelope that is none, or has several signatures.
    #[error("it is not an envelope with one signature")]
    Envelope,
}

/// What the log says: its entry, and its signature over it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Promised {
    /// The signature, in base64.
    signed_entry_timestamp: String,
    /// What it is over.
    payload: Map<String, Value>,
}

/// What an entry says that it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryBody {
    api_version: String,
    kind: String,
}

/// A timestamp.
#[derive(Deserialize)]
struct Stamped {
    /// The answer of the clock, in base64.
    #[serde(rename = "SignedRFC3161Timestamp")]
    answer: String,
}

impl Bundle {
    /// Returns the bundle of a simple payload that was signed without a key; its artifact is the
    /// payload.
    ///
    /// # Errors
    /// [`TaggedError`].
    pub(crate) fn of_simple(piece: &Evidence, signature: Vec<u8>) -> Result<Self, TaggedError> {
        let signature = MessageSignature::new(SignatureBytes::new(signature));
        let stamps = timestamp(piece)?.into_iter().collect();
        tagged(piece, SignatureContent::MessageSignature(signature), stamps)
    }

    /// Returns the bundle of an envelope that was signed without a key. A timestamp beside it is of
    /// the envelope and not of its signature, which no bundle has: the time is that of the log.
    ///
    /// # Errors
    /// [`TaggedError`].
    pub(crate) fn of_envelope(piece: &Evidence) -> Result<Self, TaggedError> {
        let envelope: DsseEnvelope =
            serde_json::from_str(&piece.text).map_err(|_json| TaggedError::Envelope)?;
        tagged(piece, SignatureContent::DsseEnvelope(envelope), Vec::new())
    }
}

impl Evidence {
    /// Returns whether a piece under a tag says that it was signed with a certificate.
    pub(crate) fn has_certificate(&self) -> bool {
        self.annotation(CERTIFICATE).is_some()
    }

    /// Returns an annotation; cosign leaves some empty.
    fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

impl Evidence {
    /// Returns a signature of a payload as cosign 2 keeps it, with the proofs of its bundle and the
    /// certificates between its own and an authority, in PEM. There is none where the log of the
    /// bundle promised nothing: cosign 2 has no other proof of an entry.
    pub fn tagged_signature(payload: String, bundle: &[u8], chain: &str) -> Option<Self> {
        let proofs = Proofs::of(bundle)?;
        let signature = proofs.text("/messageSignature/signature")?.to_owned();
        Self::simple(payload, signature).with(&proofs, chain)
    }

    /// Returns an attestation in the same way.
    pub fn tagged_attestation(predicate_type: &str, bundle: &[u8], chain: &str) -> Option<Self> {
        let proofs = Proofs::of(bundle)?;
        let envelope = proofs.0.get("dsseEnvelope")?.to_string();
        let envelope = Envelope::parse(envelope.as_bytes()).ok()?;
        Self::envelope(&envelope, predicate_type).with(&proofs, chain)
    }

    fn with(mut self, proofs: &Proofs, chain: &str) -> Option<Self> {
        let annotations = [
            (CERTIFICATE, proofs.certificate()?),
            (CHAIN, chain.to_owned()),
            (ENTRY, proofs.entry()?),
        ];
        self.annotations.extend(annotations.map(|(name, text)| (name.to_owned(), text)));
        Some(self)
    }
}

/// A bundle that akua made, whose proofs are taken out.
struct Proofs(Value);

impl Proofs {
    fn of(bundle: &[u8]) -> Option<Self> {
        serde_json::from_slice(bundle).ok().map(Self)
    }

    fn text(&self, place: &str) -> Option<&str> {
        self.0.pointer(place)?.as_str()
    }

    fn certificate(&self) -> Option<String> {
        let bytes =
            STANDARD.decode(self.text("/verificationMaterial/certificate/rawBytes")?).ok()?;
        pem_rfc7468::encode_string("CERTIFICATE", pem_rfc7468::LineEnding::LF, &bytes).ok()
    }

    /// The first entry in a log, as cosign 2 keeps it.
    fn entry(&self) -> Option<String> {
        let text = |name: &str| self.text(&format!("/verificationMaterial/tlogEntries/0/{name}"));
        let number = |name: &str| text(name)?.parse::<i64>().ok();
        let log = STANDARD.decode(text("logId/keyId")?).ok()?;
        let log: Vec<String> = log.iter().map(|byte| format!("{byte:02x}")).collect();
        let entry = json!({
            "SignedEntryTimestamp": text("inclusionPromise/signedEntryTimestamp")?,
            "Payload": {
                "body": text("canonicalizedBody")?,
                "integratedTime": number("integratedTime")?,
                "logIndex": number("logIndex")?,
                "logID": log.concat(),
            },
        });
        Some(entry.to_string())
    }
}

/// Puts content and proofs together. Version 0.1 is the one whose entries have a promise, and may
/// have no proof.
fn tagged(
    piece: &Evidence,
    content: SignatureContent,
    stamps: Vec<Rfc3161Timestamp>,
) -> Result<Bundle, TaggedError> {
    let certificates = certificates(piece)?;
    let material = VerificationMaterialContent::X509CertificateChain { certificates };
    let material = VerificationMaterial::new(material)
        .with_tlog_entries(vec![entry(piece)?])
        .with_timestamp_verification_data(TimestampVerificationData::new(stamps));
    Ok(Bundle(sigstore_types::Bundle::new(MediaType::Bundle0_1, material, content)))
}

/// Reads the certificate, and those that lead to an authority.
fn certificates(piece: &Evidence) -> Result<Vec<X509Certificate>, TaggedError> {
    let own = piece.annotation(CERTIFICATE).unwrap_or_default();
    let chain = piece.annotation(CHAIN).unwrap_or_default();
    let blocks = |text: &str| text.matches(END).count();
    if blocks(own) != 1 || blocks(chain) >= CERTIFICATES {
        return Err(TaggedError::Certificate);
    }
    let all = own.split_inclusive(END).chain(chain.split_inclusive(END));
    let all = all.filter(|block| !block.trim().is_empty());
    let read = |block| DerCertificate::from_pem(block).map(X509Certificate::new);
    all.map(|block| read(block).map_err(|_pem| TaggedError::Certificate)).collect()
}

/// Reads the entry in the log: as a log answers it, the signature is beside what it is over.
fn entry(piece: &Evidence) -> Result<TransparencyLogEntry, TaggedError> {
    let text = piece.annotation(ENTRY).ok_or(TaggedError::NoEntry)?;
    let Promised { signed_entry_timestamp, mut payload } =
        serde_json::from_str(text).map_err(|_json| TaggedError::Entry)?;
    payload.insert(
        "verification".to_owned(),
        json!({ "signedEntryTimestamp": signed_entry_timestamp }),
    );
    let answer: LogEntry =
        serde_json::from_value(payload.into()).map_err(|_json| TaggedError::Entry)?;
    let body: EntryBody =
        serde_json::from_slice(answer.body.as_bytes()).map_err(|_json| TaggedError::Entry)?;
    let kind = json!({ "kind": body.kind, "version": body.api_version });
    let kind = serde_json::from_value(kind).map_err(|_unknown| TaggedError::Entry)?;
    answer.to_bundle_entry(kind).map_err(|_malformed| TaggedError::Entry)
}

/// Reads the timestamp, if there is one.
fn timestamp(piece: &Evidence) -> Result<Option<Rfc3161Timestamp>, TaggedError> {
    let Some(text) = piece.annotation(TIMESTAMP) else { return Ok(None) };
    let stamped: Stamped = serde_json::from_str(text).map_err(|_json| TaggedError::Timestamp)?;
    let answer = STANDARD.decode(stamped.answer).map_err(|_base64| TaggedError::Timestamp)?;
    Ok(Some(Rfc3161Timestamp::new(TimestampToken::new(answer))))
}
