//! Signatures of a key, with neither a log nor a clock beside them.

use super::{Artifact, BundleError, Proof, hash};
use crate::{PublicKey, Statement};
use sigstore_types::bundle::MessageSignature;
use sigstore_types::{DerPublicKey, DsseEnvelope, HashAlgorithm, SignatureContent};
use sigstore_verify::crypto::{
    SigningScheme, verify_signature as verify_message, verify_signature_prehashed as verify_digest,
};

/// How keys of akua sign.
const SCHEME: SigningScheme = SigningScheme::EcdsaP256Sha256;

/// Checks that a key signed an artifact, or a statement about it.
pub(super) fn check_signature(
    content: &SignatureContent,
    key: &PublicKey,
    artifact: Artifact<'_>,
) -> Result<(), BundleError> {
    let key = DerPublicKey::from(key.to_der());
    match content {
        SignatureContent::MessageSignature(signed) => check_message(signed, &key, artifact),
        SignatureContent::DsseEnvelope(envelope) => check_envelope(envelope, &key, artifact),
        _ => Err(BundleError::from(sigstore_verify::Error::UnsupportedBundle(String::new()))),
    }
}

fn check_message(
    signed: &MessageSignature,
    key: &DerPublicKey,
    artifact: Artifact<'_>,
) -> Result<(), BundleError> {
    let digest = artifact.digest();
    let digest = hash(&digest);
    if let Some(claimed) = &signed.message_digest {
        let same = claimed.digest.as_bytes() == digest.as_bytes();
        if claimed.algorithm != HashAlgorithm::Sha2256 || !same {
            return Err(BundleError::Artifact);
        }
    }
    let verified = verify_digest(key, digest.as_bytes(), &signed.signature, SCHEME);
    verified.map_err(refused)
}

fn check_envelope(
    envelope: &DsseEnvelope,
    key: &DerPublicKey,
    artifact: Artifact<'_>,
) -> Result<(), BundleError> {
    verify_message(key, &envelope.pae(), &envelope.signature.sig, SCHEME).map_err(refused)?;
    let said = Statement::parse(envelope.payload.as_bytes()).map_err(BundleError::Statement)?;
    if said.is_about(&artifact.digest()) { Ok(()) } else { Err(BundleError::Artifact) }
}

fn refused(error: sigstore_verify::crypto::Error) -> BundleError {
    BundleError::Refused { proof: Proof::Signature, source: Box::new(error.into()) }
}
