//! Sigstore bundles: a signature with all that proves who made it, and when.
//!
//! What a bundle says is hostile until [`Bundle::verify`] returns: only then it is told who signed.
//! The proofs are checked by the Sigstore crates (docs/decisions/0013). These read the clock, to
//! refuse times in the future and keys of logs that are not valid yet; nothing else depends on it.
//!
//! # Spec
//! Sigstore client specification; protobuf-specs, `sigstore_bundle.proto`.

mod error;
mod keyed;
mod tagged;
#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests;

pub use error::{BundleError, Proof};
pub(crate) use tagged::TaggedError;

use crate::{IN_TOTO, Identity, PublicKey, Signer, Statement, TrustRoot};
use akua_source::Digest;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{
    Artifact as Signed, KindVersion, Sha256Hash, SignatureContent, TransparencyLogEntry,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

/// Largest bundle, in bytes: the statement in it may have as many, in base64.
const LIMIT_BYTES: usize = 24 << 20;
/// Most entries of logs, and most timestamps: bundles have one or two of each.
const PROOFS: usize = 16;
/// Entries of logs that keep tiles, and no times.
const NEWER: KindVersion = KindVersion::HashedRekordV002;

/// A bundle that was read; nothing of it is proven.
#[derive(Debug, Clone)]
pub struct Bundle(sigstore_types::Bundle);

/// What a bundle should be a signature of.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// The bytes.
    Bytes(&'a [u8]),
    /// Their digest.
    Digest(&'a Digest),
}

/// Who should have signed.
#[derive(Debug, Clone, Copy)]
pub enum Expected<'a> {
    /// The owner of a key.
    Key {
        /// The key.
        key: &'a PublicKey,
        /// Whether a log has to have the signature.
        log: LogRule,
    },
    /// Someone with a certificate, and a log that has the signature.
    Identity(&'a Identity),
}

/// Whether a log has to have a signature of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRule {
    /// It need not; if the bundle says that one does, this has to be true.
    IfPresent,
    /// It has to.
    Required,
}

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who signed.
    pub signer: Signer,
    /// When, in UTC, as clocks that the trust root names have it; the earliest is first.
    pub times: Vec<String>,
    /// The entries in logs.
    pub entries: Vec<LogEntry>,
    /// Whether the certificate is in a log of certificates.
    pub certificate_logged: bool,
    /// What is said of the artifact; none where it was signed itself.
    pub statement: Option<Vec<u8>>,
    /// What kind of thing is said.
    pub predicate_type: Option<String>,
}

/// An entry in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The name of the log, or the digest of its key where its proof names none.
    pub log: String,
    /// Where in the log it is.
    pub index: u64,
}

impl Bundle {
    /// Reads a bundle: versions 0.1 to 0.3.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > LIMIT_BYTES {
            return Err(BundleError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let read = serde_json::from_slice(json).map_err(BundleError::Json);
        let bundle: sigstore_types::Bundle = read?;
        let material = &bundle.verification_material;
        let stamps = material.timestamp_verification_data.rfc3161_timestamps.len();
        let count = stamps.max(material.tlog_entries.len());
        if count > PROOFS {
            return Err(BundleError::Proofs { count, limit: PROOFS });
        }
        Ok(Self(bundle))
    }

    /// Proves that a signer signed an artifact, or a statement about it.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn verify(
        &self,
        artifact: Artifact<'_>,
        expected: Expected<'_>,
        root: &TrustRoot,
    ) -> Result<Verified, BundleError> {
        let statement = self.statement()?;
        match expected {
            Expected::Identity(identity) => {
                self.verify_identity(artifact, identity, root, statement)
            }
            Expected::Key { key, log } => self.verify_key(artifact, key, log, root, statement),
        }
    }

    /// Proves that a signer signed what the bundle says, and returns it: of which bytes it is said is
    /// for the caller to compare.
    ///
    /// # Errors
    /// [`BundleError`]; one that says nothing is [`BundleError::Artifact`].
    pub fn verify_statement(
        &self,
        expected: Expected<'_>,
        root: &TrustRoot,
    ) -> Result<(Verified, Statement), BundleError> {
        let claimed = self.statement()?.ok_or(BundleError::Artifact)?;
        let first = claimed.subject.first().and_then(|subject| subject.digest.get("sha256"));
        let digest = first.and_then(|hex| Digest::parse(&format!("sha256:{hex}")));
        let digest = digest.ok_or(BundleError::Artifact)?;
        let verified = self.verify(Artifact::Digest(&digest), expected, root)?;
        Ok((verified, claimed))
    }

    fn verify_identity(
        &self,
        artifact: Artifact<'_>,
        identity: &Identity,
        root: &TrustRoot,
        statement: Option<Statement>,
    ) -> Result<Verified, BundleError> {
        if self.0.signing_certificate().is_none() {
            return Err(BundleError::NoCertificate);
        }
        // Who it is, is compared here: the crates know no patterns.
        let any = VerificationPolicy::any_identity();
        let policy = if root.logs_certificates { any } else { any.skip_sct() };
        let found = root.verifier.verify(artifact.signed(), &self.0, &policy);
        let found = found.map_err(|error| self.explain(error, artifact, root))?;
        let subject = found.identity().map(|subject| subject.as_str().to_owned());
        let subject = subject.unwrap_or_default();
        if !identity.subject.matches(&subject) {
            let expected = identity.subject.clone();
            return Err(BundleError::Identity { expected, found: subject });
        }
        let issuer = found.issuer().unwrap_or_default().to_owned();
        if !identity.issuer.matches(&issuer) {
            return Err(BundleError::Issuer { expected: identity.issuer.clone(), found: issuer });
        }
        Ok(self.verified(Signer::Identity { identity: subject, issuer }, &found, statement))
    }

    fn verify_key(
        &self,
        artifact: Artifact<'_>,
        key: &PublicKey,
        log: LogRule,
        root: &TrustRoot,
        statement: Option<Statement>,
    ) -> Result<Verified, BundleError> {
        let material = &self.0.verification_material;
        if !matches!(material.content, VerificationMaterialContent::PublicKey(_)) {
            return Err(BundleError::NoKey);
        }
        let signer = Signer::Key(key.id());
        let has_entries = !material.tlog_entries.is_empty();
        if !has_entries && log == LogRule::Required {
            return Err(BundleError::NoLog);
        }
        if !has_entries && material.timestamp_verification_data.rfc3161_timestamps.is_empty() {
            // The crates ask for evidence of the time; a key has no time of its own.
            keyed::check_signature(&self.0.content, key, artifact)?;
            let found = Verified::new(signer, statement, self.payload());
            return Ok(found);
        }
        let policy = PublicKeyVerificationPolicy::new(key.to_der().into());
        let policy = if has_entries { policy } else { policy.skip_tlog_unsafe() };
        let found = root.verifier.verify(artifact.signed(), &self.0, &policy);
        let found = found.map_err(BundleError::from)?;
        Ok(self.verified(signer, &found, statement))
    }

    /// Reads what is said, where something is said; a statement of another type says nothing here.
    fn statement(&self) -> Result<Option<Statement>, BundleError> {
        let SignatureContent::DsseEnvelope(envelope) = &self.0.content else { return Ok(None) };
        if envelope.payload_type != IN_TOTO {
            return Err(BundleError::PayloadType { found: envelope.payload_type.clone() });
        }
        let parsed = Statement::parse(envelope.payload.as_bytes());
        parsed.map(Some).map_err(BundleError::Statement)
    }

    fn payload(&self) -> Option<Vec<u8>> {
        let SignatureContent::DsseEnvelope(envelope) = &self.0.content else { return None };
        Some(envelope.payload.as_bytes().to_vec())
    }

    fn verified(
        &self,
        signer: Signer,
        found: &VerificationResult,
        statement: Option<Statement>,
    ) -> Verified {
        let mut times = found.verified_timestamps().to_vec();
        times.sort();
        times.dedup();
        Verified {
            times: times.iter().map(ToString::to_string).collect(),
            entries: self.0.verification_material.tlog_entries.iter().filter_map(entry).collect(),
            certificate_logged: found.sct_verified(),
            ..Verified::new(signer, statement, self.payload())
        }
    }

    /// Says more of an error: the crates call a certificate that was not valid when it signed one
    /// that leads back to nobody.
    fn explain(
        &self,
        error: sigstore_verify::Error,
        artifact: Artifact<'_>,
        root: &TrustRoot,
    ) -> BundleError {
        let error = BundleError::from(error);
        if !matches!(error, BundleError::Refused { proof: Proof::Chain, .. }) {
            return error;
        }
        let policy = VerificationPolicy::any_identity().skip_certificate_chain();
        let Ok(found) = root.verifier.verify(artifact.signed(), &self.0, &policy) else {
            return error;
        };
        let Some(certificate) = found.certificate() else { return error };
        let valid = certificate.not_before..=certificate.not_after;
        let outside = found.verified_timestamps().iter().find(|time| !valid.contains(time));
        outside.map_or(error, |time| BundleError::Validity {
            time: time.to_string(),
            from: certificate.not_before.to_string(),
            until: certificate.not_after.to_string(),
        })
    }
}

impl Verified {
    fn new(signer: Signer, said: Option<Statement>, payload: Option<Vec<u8>>) -> Self {
        Self {
            signer,
            times: Vec::new(),
            entries: Vec::new(),
            certificate_logged: false,
            statement: payload,
            predicate_type: said.map(|statement| statement.predicate_type),
        }
    }
}

impl Artifact<'_> {
    fn signed(&self) -> Signed<'_> {
        match self {
            Self::Bytes(bytes) => Signed::from_blob(bytes),
            Self::Digest(digest) => Signed::from_digest(hash(digest)),
        }
    }

    /// Returns the digest.
    fn digest(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Digest(digest) => (*digest).clone(),
        }
    }
}

/// The digest as the crates have it.
fn hash(digest: &Digest) -> Sha256Hash {
    // A digest has 64 hexadecimal digits; zeros would be the digest of nothing.
    Sha256Hash::from_hex(digest.hex()).unwrap_or_else(|_unreachable| Sha256Hash::new([0; 32]))
}

/// Names an entry that a log has proven to have, by what the proof covers; none for one that came
/// without a proof, beside another.
fn entry(entry: &TransparencyLogEntry) -> Option<LogEntry> {
    let proof = entry.inclusion_proof.as_ref();
    let checkpoint = proof.and_then(|proof| proof.checkpoint.checkpoint());
    let log = match checkpoint {
        Some(checkpoint) => checkpoint.origin().to_owned(),
        None => Digest::from_bytes(entry.log_id.key_id.as_bytes().try_into().ok()?).to_string(),
    };
    // The index in the entry is covered by a promise, and by the proofs of newer logs.
    let is_covered = entry.inclusion_promise.is_some() || entry.kind_version == NEWER;
    let index = if is_covered { entry.log_index } else { proof?.log_index };
    Some(LogEntry { log, index: index.get() })
}
