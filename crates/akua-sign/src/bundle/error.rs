//! Why a bundle proves nothing, and what to tell a person.

use crate::{Matcher, StatementError};
use akua_source::Diagnostic;
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};
use std::error::Error as _;
use std::fmt;

/// A bundle does not prove what it should.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Too large.
    #[error("a bundle has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not the JSON of a bundle.
    #[error("it is not a Sigstore bundle that akua reads")]
    Json(#[source] serde_json::Error),
    /// Too many proofs.
    #[error("the bundle has {count} entries of logs or timestamps, expected at most {limit}")]
    Proofs {
        /// How many.
        count: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The payload is no statement of in-toto.
    #[error("the bundle says something of the type `{found}`, expected an in-toto statement")]
    PayloadType {
        /// What it is.
        found: String,
    },
    /// The statement is malformed.
    #[error("what the bundle says cannot be read")]
    Statement(#[source] StatementError),
    /// Signed with a key, where an identity is asked for.
    #[error("the bundle was signed with a key, expected a certificate")]
    NoCertificate,
    /// Signed with a certificate, where a key is asked for.
    #[error("the bundle was signed with a certificate, expected a key")]
    NoKey,
    /// No log is said to have the signature.
    #[error("the bundle does not prove that a log has the signature")]
    NoLog,
    /// No clock that is trusted says when it was signed.
    #[error("the bundle does not prove when it was signed")]
    NoTime,
    /// A signature of something else.
    #[error("the bundle, or its entry in the log, is of something else")]
    Artifact,
    /// The certificate was not valid when it signed.
    #[error("it was signed at {time}, and the certificate was valid from {from} to {until}")]
    Validity {
        /// When it was signed.
        time: String,
        /// Since when the certificate was valid.
        from: String,
        /// Until when.
        until: String,
    },
    /// Signed by somebody else.
    #[error("it was signed by `{found}`, expected {expected}")]
    Identity {
        /// Who should have.
        expected: Matcher,
        /// Who did.
        found: String,
    },
    /// Somebody else vouched for who signed.
    #[error("the issuer of the identity is `{found}`, expected {expected}")]
    Issuer {
        /// Who should have.
        expected: Matcher,
        /// Who did.
        found: String,
    },
    /// A proof does not hold.
    #[error("{proof}")]
    Refused {
        /// Which one.
        proof: Proof,
        /// Why.
        #[source]
        source: Box<Error>,
    },
}

/// What did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The signature.
    Signature,
    /// That the certificate leads back to the trust root.
    Chain,
    /// That the certificate is in a log of certificates.
    CertificateLog,
    /// That a log has the signature.
    Log,
    /// The time of the signature.
    Timestamp,
    /// That the parts of the bundle belong together, and are of kinds that are known.
    Shape,
    /// That the artifact can be compared: some signatures need its bytes.
    Artifact,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "the signature is wrong",
            Self::Chain => "the certificate does not lead back to the trust root",
            Self::CertificateLog => "the certificate is not proven to be in a log of certificates",
            Self::Log => "the proof that a log has the signature is wrong",
            Self::Timestamp => "the timestamp is wrong",
            Self::Shape => "the bundle is malformed, or of a kind that akua does not verify",
            Self::Artifact => "the signature cannot be compared with this artifact",
        })
    }
}

impl From<Error> for BundleError {
    fn from(error: Error) -> Self {
        use sigstore_verify::bundle::Error as Structure;
        let proof = match &error {
            Error::ArtifactMismatch(_) => return Self::Artifact,
            Error::SignatureInvalid(_) => Proof::Signature,
            Error::UnsupportedArtifact(_) | Error::ArtifactRead(_) => Proof::Artifact,
            Error::Certificate(CertificateError::Sct(_)) => Proof::CertificateLog,
            Error::Certificate(_) => Proof::Chain,
            Error::TransparencyLog(TransparencyLogError::IntegratedTime(_)) => Proof::Timestamp,
            Error::TransparencyLog(_)
            | Error::Bundle(
                Structure::CheckpointRootMismatch | Structure::LogIndexOutOfRange { .. },
            ) => Proof::Log,
            Error::Timestamp(TimestampError::NoVerifiedTimestamp(_)) => return Self::NoTime,
            Error::Timestamp(_) => Proof::Timestamp,
            Error::Bundle(
                Structure::MissingInclusionProof(_)
                | Structure::MissingInclusionPromise(_)
                | Structure::MissingSigningTimeEvidence,
            ) => return Self::NoLog,
            _ => Proof::Shape,
        };
        Self::Refused { proof, source: Box::new(error) }
    }
}

impl BundleError {
    /// Returns its code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. }
            | Self::Json(_)
            | Self::Proofs { .. }
            | Self::PayloadType { .. }
            | Self::Statement(_) => "E_SIGN_BUNDLE",
            Self::NoCertificate | Self::NoKey => "E_SIGN_KIND",
            Self::NoLog => "E_SIGN_NO_LOG",
            Self::NoTime => "E_SIGN_NO_TIME",
            Self::Artifact => "E_SIGN_ARTIFACT",
            Self::Validity { .. } => "E_SIGN_VALIDITY",
            Self::Identity { .. } => "E_SIGN_IDENTITY",
            Self::Issuer { .. } => "E_SIGN_ISSUER",
            Self::Refused { proof, .. } => match proof {
                Proof::Signature => "E_SIGN_SIGNATURE",
                Proof::Chain => "E_SIGN_CHAIN",
                Proof::CertificateLog => "E_SIGN_CERTIFICATE_LOG",
                Proof::Log => "E_SIGN_LOG",
                Proof::Timestamp => "E_SIGN_TIME",
                Proof::Shape | Proof::Artifact => "E_SIGN_BUNDLE",
            },
        }
    }

    /// Returns what to do.
    fn help(&self) -> &'static str {
        match self {
            Self::NoCertificate => "verify it with --key",
            Self::NoKey => "verify it with --certificate-identity and --certificate-oidc-issuer",
            Self::NoLog => "sign again with a log: the bundle has to have an entry and its proof",
            Self::NoTime => "sign again with a timestamp of an authority that the trust root names",
            Self::Artifact => "ask whoever gave you both for the bundle of this very artifact",
            Self::Validity { .. } => "sign again; a certificate is good for some minutes",
            Self::Identity { .. } | Self::Issuer { .. } => {
                "do not use it, unless this is who should have signed"
            }
            Self::Refused { proof, .. } => match proof {
                Proof::Signature => "do not use it: it, or its signature, was changed",
                Proof::Chain | Proof::CertificateLog | Proof::Timestamp => {
                    "name the trust root of whoever signed it, with --trusted-root"
                }
                Proof::Log => {
                    "name the trust root of whoever signed it, with --trusted-root; if it is the \
                     right one, the bundle was changed"
                }
                Proof::Shape => "make it anew with a current signer",
                Proof::Artifact => "give the artifact itself, not its digest",
            },
            _ => "make it anew with a current signer, such as `cosign sign-blob --bundle`",
        }
    }

    /// Says it to a person; `name` is where the bundle is.
    pub fn to_diagnostic(&self, name: &str) -> Diagnostic {
        let message = format!("`{name}`: {self}");
        let mut diagnostic = Diagnostic::error(self.code(), message).help(self.help());
        // The crates say in each what its own cause says.
        if let Some(source) = self.source() {
            diagnostic = diagnostic.note(source.to_string());
        }
        diagnostic
    }
}
