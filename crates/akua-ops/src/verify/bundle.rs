//! `akua verify --bundle`: proves who signed a file, without any project and without the network.

use crate::failure::named_file;
use crate::trust_root::trust_root;
use crate::{Failure, Home};
use akua_sign::{
    Artifact, Bundle, Expected, Identity, LogRule, Matcher, PublicKey, Signer, Verified,
};
use akua_source::{Diagnostic, Digest};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Largest bundle, in bytes; `akua-sign` has a smaller limit, with a word of its own.
pub(super) const BUNDLE_LIMIT_BYTES: u64 = 32 << 20;
/// Largest artifact, in bytes; of a larger one the digest can be given.
const ARTIFACT_LIMIT_BYTES: u64 = 512 << 20;

/// What to verify.
#[derive(Debug, Clone)]
pub struct BundleRequest {
    /// The bundle.
    pub bundle: PathBuf,
    /// The artifact: a file, or a digest, `sha256:HEX`.
    pub artifact: String,
    /// Who should have signed.
    pub signer: SignerOption,
    /// A trust root in place of the public one.
    pub trusted_root: Option<PathBuf>,
    /// Where things are.
    pub home: Home,
}

/// Who should have signed, as a person says it.
#[derive(Debug, Clone)]
pub enum SignerOption {
    /// The owner of a key.
    Key {
        /// The file of the public key.
        path: PathBuf,
        /// Whether a log has to have the signature.
        log: bool,
    },
    /// Someone with a certificate.
    Identity {
        /// Who.
        subject: TextOption,
        /// Who vouches for it.
        issuer: TextOption,
    },
}

/// A text, as a person says it.
#[derive(Debug, Clone)]
pub enum TextOption {
    /// This one.
    Exact(String),
    /// One that a regular expression matches.
    Expression(String),
}

/// What was proven.
#[derive(Debug, Serialize)]
pub struct BundleOutcome {
    /// Always `ok`: what is not proven is a failure.
    pub status: &'static str,
    /// The bundle.
    pub bundle: String,
    /// Digest of the artifact.
    pub artifact: String,
    /// Who signed.
    pub signer: SignerOutcome,
    /// When, as clocks of the trust root have it; empty where none was asked.
    pub signed_at: Vec<String>,
    /// The entries in logs.
    pub log_entries: Vec<LogOutcome>,
    /// Whether the certificate is in a log of certificates.
    pub certificate_logged: bool,
    /// What kind of statement was signed; none where it is the artifact itself.
    pub predicate_type: Option<String>,
}

/// Who signed.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SignerOutcome {
    /// The owner of a key.
    Key {
        /// Digest of the public key.
        key: String,
    },
    /// Who the certificate names.
    Identity {
        /// Who.
        identity: String,
        /// Who vouches for it.
        issuer: String,
    },
}

/// An entry in a log.
#[derive(Debug, Serialize)]
pub struct LogOutcome {
    /// The log.
    pub log: String,
    /// Where in it.
    pub index: u64,
}

/// Verifies a bundle.
///
/// # Errors
/// [`Failure`]: it proves something else, or nothing.
pub fn run(request: &BundleRequest) -> Result<BundleOutcome, Failure> {
    request.home.raise_wall()?;
    let name = request.bundle.display().to_string();
    let refused = |error: akua_sign::BundleError| Failure::from(error.to_diagnostic(&name));
    let bundle = read(&request.bundle, BUNDLE_LIMIT_BYTES, "name the file of a bundle")?;
    let bundle = Bundle::parse(&bundle).map_err(refused)?;
    let root = trust_root(&request.home, request.trusted_root.as_deref())?;
    let artifact = artifact(&request.artifact)?;
    let wanted = Wanted::read(&request.signer)?;
    let borrowed = match &artifact {
        Given::Bytes(bytes) => Artifact::Bytes(bytes),
        Given::Digest(digest) => Artifact::Digest(digest),
    };
    let verified = bundle.verify(borrowed, wanted.expected(), &root).map_err(refused)?;
    Ok(outcome(name, &artifact, verified))
}

/// Who should have signed, with what a person named being read.
pub(super) enum Wanted {
    Key(PublicKey, LogRule),
    Identity(Identity),
}

impl Wanted {
    /// Reads the key, or what should stand in the certificate.
    pub(super) fn read(option: &SignerOption) -> Result<Self, Failure> {
        Ok(match option {
            SignerOption::Key { path, log } => {
                let log = if *log { LogRule::Required } else { LogRule::IfPresent };
                Self::Key(crate::trust::key(path)?, log)
            }
            SignerOption::Identity { subject, issuer } => {
                Self::Identity(Identity { subject: matcher(subject)?, issuer: matcher(issuer)? })
            }
        })
    }

    pub(super) fn expected(&self) -> Expected<'_> {
        match self {
            Self::Key(key, log) => Expected::Key { key, log: *log },
            Self::Identity(identity) => Expected::Identity(identity),
        }
    }
}

/// An artifact, as it was given.
enum Given {
    Bytes(Vec<u8>),
    Digest(Digest),
}

/// Reads the artifact; a file wins over a digest, as the protocol of Sigstore's clients has it.
fn artifact(text: &str) -> Result<Given, Failure> {
    let path = Path::new(text);
    match Digest::parse(text) {
        Some(digest) if !akua_disk::exists(path) => Ok(Given::Digest(digest)),
        _ => {
            let help = "name the file that was signed, or its digest: sha256:HEX";
            read(path, ARTIFACT_LIMIT_BYTES, help).map(Given::Bytes)
        }
    }
}

impl From<Signer> for SignerOutcome {
    fn from(signer: Signer) -> Self {
        match signer {
            Signer::Key(key) => Self::Key { key: key.to_string() },
            Signer::Identity { identity, issuer } => Self::Identity { identity, issuer },
        }
    }
}

fn matcher(text: &TextOption) -> Result<Matcher, Failure> {
    match text {
        TextOption::Exact(text) => Ok(Matcher::Exact(text.clone())),
        TextOption::Expression(text) => Matcher::expression(text).map_err(|error| {
            let mut diagnostic =
                Diagnostic::error("E_SIGN_EXPRESSION", format!("`{text}`: {error}"));
            if let Some(source) = std::error::Error::source(&error) {
                diagnostic = diagnostic.note(source.to_string());
            }
            diagnostic.help("write a regular expression that matches the whole text").into()
        }),
    }
}

/// Reads a file that a person named.
fn read(path: &Path, limit_bytes: u64, help: &str) -> Result<Vec<u8>, Failure> {
    akua_disk::read_file(path, limit_bytes).map_err(|error| named_file("E_SIGN_FILE", &error, help))
}

fn outcome(bundle: String, artifact: &Given, verified: Verified) -> BundleOutcome {
    let artifact = match artifact {
        Given::Bytes(bytes) => Digest::of(bytes).to_string(),
        Given::Digest(digest) => digest.to_string(),
    };
    let entries = verified.entries.into_iter();
    BundleOutcome {
        status: "ok",
        bundle,
        artifact,
        signer: verified.signer.into(),
        signed_at: verified.times,
        log_entries: entries.map(|e| LogOutcome { log: e.log, index: e.index }).collect(),
        certificate_logged: verified.certificate_logged,
        predicate_type: verified.predicate_type,
    }
}
