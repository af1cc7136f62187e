//! The verdict: which of those who may sign have signed a manifest, and what they say of it.

use crate::bundle::TaggedError;
use crate::{
    Artifact, Bundle, BundleError, ENVELOPE_TYPE, Envelope, Evidence, Expected, IN_TOTO, Identity,
    LogRule, Proof, PublicKey, SIGNATURE, SIMPLE_TYPE, SimpleSigning, Statement, TrustRoot,
    Verified,
};
use akua_source::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Type of the predicate that says nothing but that its subject is signed.
///
/// # Spec
/// cosign 3, `cosign sign`.
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// One who may sign.
#[derive(Debug, Clone)]
pub enum Who {
    /// Who has the private key of this one.
    Key(PublicKey),
    /// Whom an issuer knows by this identity.
    Identity(Identity),
}

/// One who has signed, proven. Its text is what `akua.lock` says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// Who has the private key of the public one with this digest.
    Key(Digest),
    /// Whom an issuer knew by this identity when it was signed.
    Identity {
        /// The identity.
        identity: String,
        /// The OIDC issuer.
        issuer: String,
    },
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "cosign:key:{id}"),
            Self::Identity { identity, issuer } => write!(f, "cosign:sigstore:{issuer}#{identity}"),
        }
    }
}

/// A statement whose signature was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Attested {
    /// Who says so.
    pub signer: Signer,
    /// What is said.
    pub statement: Statement,
    /// Digest of the statement's bytes.
    pub digest: Digest,
}

/// Why a piece of evidence proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// Signed by somebody else, or changed since.
    #[error("{what}: it is not signed by anybody who may, or was changed since")]
    Signer {
        /// What the piece is.
        what: &'static str,
    },
    /// Signed, and about something else.
    #[error("{what}: it speaks for something else")]
    Subject {
        /// What the piece is.
        what: &'static str,
    },
    /// Not what it says it is.
    #[error("{what}: {reason}")]
    Malformed {
        /// What the piece is.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// What evidence proves.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// Who has signed the manifest.
    pub signers: Vec<Signer>,
    /// What they say of it.
    pub statements: Vec<Attested>,
    /// What proves nothing.
    pub refused: Vec<Refusal>,
}

/// Checks what evidence proves of a manifest, if these may sign. What is signed without a key has to
/// lead back to the trust root.
pub fn check(evidence: &[Evidence], manifest: &Digest, who: &[Who], root: &TrustRoot) -> Verdict {
    let mut verdict = Verdict::default();
    for piece in evidence {
        let found = match piece.media_type.as_str() {
            SIMPLE_TYPE => simple(piece, manifest, who, root).map(|signer| (signer, None)),
            ENVELOPE_TYPE => attestation(piece, manifest, who, root),
            _ => bundle(piece, manifest, who, root),
        };
        match found {
            Ok((signer, Some(attested))) => {
                if attested.statement.predicate_type == COSIGN_SIGN {
                    verdict.signers.push(signer);
                } else {
                    verdict.statements.push(attested);
                }
            }
            Ok((signer, None)) => verdict.signers.push(signer),
            Err(refusal) => verdict.refused.push(refusal),
        }
    }
    verdict.signers.sort();
    verdict.signers.dedup();
    verdict
}

fn simple(
    piece: &Evidence,
    manifest: &Digest,
    who: &[Who],
    root: &TrustRoot,
) -> Result<Signer, Refusal> {
    let what = "a signature under the tag `.sig`";
    let text = piece.annotations.get(SIGNATURE).map(String::as_str).unwrap_or_default();
    let signature = STANDARD.decode(text).map_err(|_base64| Refusal::Malformed {
        what,
        reason: "the signature is not base64".to_owned(),
    })?;
    let payload = piece.text.as_bytes();
    let signer = match keyed(who, |key| key.verifies(payload, &signature)) {
        Some(signer) => signer,
        None if piece.has_certificate() => {
            let bundle = tagged(what, Bundle::of_simple(piece, signature))?;
            proven(what, &bundle, Artifact::Bytes(payload), who, root)?.signer
        }
        None => return Err(Refusal::Signer { what }),
    };
    let payload = SimpleSigning::parse(payload);
    let payload =
        payload.map_err(|error| Refusal::Malformed { what, reason: error.to_string() })?;
    if payload.manifest != *manifest {
        return Err(Refusal::Subject { what });
    }
    Ok(signer)
}

fn attestation(
    piece: &Evidence,
    manifest: &Digest,
    who: &[Who],
    root: &TrustRoot,
) -> Result<(Signer, Option<Attested>), Refusal> {
    let what = "an attestation under the tag `.att`";
    let envelope = Envelope::parse(piece.text.as_bytes());
    let envelope =
        envelope.map_err(|error| Refusal::Malformed { what, reason: error.to_string() })?;
    match signed(what, &envelope, manifest, who) {
        Err(Refusal::Signer { .. }) if piece.has_certificate() => {
            let bundle = tagged(what, Bundle::of_envelope(piece))?;
            let verified = proven(what, &bundle, Artifact::Digest(manifest), who, root)?;
            verified_statement(what, verified)
        }
        judged => judged,
    }
}

fn bundle(
    piece: &Evidence,
    manifest: &Digest,
    who: &[Who],
    root: &TrustRoot,
) -> Result<(Signer, Option<Attested>), Refusal> {
    let what = "a bundle that refers to it";
    let bundle = Bundle::parse(piece.text.as_bytes()).map_err(|error| told(what, &error))?;
    let verified = proven(what, &bundle, Artifact::Digest(manifest), who, root)?;
    verified_statement(what, verified)
}

/// Proves that one of those who may has signed.
fn proven(
    what: &'static str,
    bundle: &Bundle,
    artifact: Artifact<'_>,
    who: &[Who],
    root: &TrustRoot,
) -> Result<Verified, Refusal> {
    let mut refused = Refusal::Signer { what };
    for one in who {
        let expected = match one {
            Who::Key(key) => Expected::Key { key, log: LogRule::IfPresent },
            Who::Identity(identity) => Expected::Identity(identity),
        };
        match bundle.verify(artifact, expected, root) {
            Ok(verified) => return Ok(verified),
            Err(error) => match told(what, &error) {
                // What another of them is told says more.
                Refusal::Signer { .. } => {}
                found => refused = found,
            },
        }
    }
    Err(refused)
}

/// Says why a piece under a tag makes no bundle.
fn tagged(what: &'static str, made: Result<Bundle, TaggedError>) -> Result<Bundle, Refusal> {
    made.map_err(|error| Refusal::Malformed { what, reason: error.to_string() })
}

/// Reads what a verified bundle says; one that signs the manifest itself says nothing more.
fn verified_statement(
    what: &'static str,
    verified: Verified,
) -> Result<(Signer, Option<Attested>), Refusal> {
    let signer = verified.signer;
    let Some(payload) = verified.statement else { return Ok((signer, None)) };
    let statement = Statement::parse(&payload);
    let statement =
        statement.map_err(|error| Refusal::Malformed { what, reason: error.to_string() })?;
    let attested = Attested { signer: signer.clone(), statement, digest: Digest::of(&payload) };
    Ok((signer, Some(attested)))
}

/// Says why a bundle proves nothing.
fn told(what: &'static str, error: &BundleError) -> Refusal {
    match error {
        BundleError::NoKey
        | BundleError::NoCertificate
        | BundleError::Refused { proof: Proof::Signature, .. } => Refusal::Signer { what },
        BundleError::Artifact => Refusal::Subject { what },
        _ => Refusal::Malformed { what, reason: error.to_string() },
    }
}

/// Checks an envelope: who signed it first, what it says after.
fn signed(
    what: &'static str,
    envelope: &Envelope,
    manifest: &Digest,
    who: &[Who],
) -> Result<(Signer, Option<Attested>), Refusal> {
    let signer = keyed(who, |key| envelope.is_signed_by(key)).ok_or(Refusal::Signer { what })?;
    let statement = stated(what, envelope, manifest)?;
    let attested =
        Attested { signer: signer.clone(), statement, digest: Digest::of(&envelope.payload) };
    Ok((signer, Some(attested)))
}

/// Reads what a verified envelope says of a manifest.
fn stated(
    what: &'static str,
    envelope: &Envelope,
    manifest: &Digest,
) -> Result<Statement, Refusal> {
    let malformed = |reason: String| Refusal::Malformed { what, reason };
    if envelope.payload_type != IN_TOTO {
        return Err(malformed(format!("its payload is a `{}`", envelope.payload_type)));
    }
    let statement = Statement::parse(&envelope.payload);
    let statement = statement.map_err(|error| malformed(error.to_string()))?;
    if !statement.is_about(manifest) {
        return Err(Refusal::Subject { what });
    }
    Ok(statement)
}

/// Returns the first of the keys for which something holds.
fn keyed(who: &[Who], holds: impl Fn(&PublicKey) -> bool) -> Option<Signer> {
    who.iter().find_map(|one| match one {
        Who::Key(key) if holds(key) => Some(Signer::Key(key.id())),
        Who::Key(_) | Who::Identity(_) => None,
    })
}

#[cfg(test)]
mod tests;
