//! `akua sign`: a signature for what is in a registry, or for an archive, in a file beside it that
//! `akua push` takes along: who signs needs no network then.

use crate::artifact::{Artifact, facts, parsed_reference, parsed_repository, read_archive, told};
use crate::failure::named_file;
use crate::keyless::Keyless;
use crate::signing::{Layout, Published, Speech, hand, speak};
use crate::trust::key;
use crate::trust_root::trust_root;
use crate::{Failure, Home};
use akua_oci::Repository;
use akua_package::{EvidenceSubject, fetch_evidence, push_evidence};
use akua_sign::{EVIDENCE_LIMIT, Evidence, SimpleSigning, Who, check};
use akua_source::{Diagnostic, Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Largest file of a signature, in bytes.
const SIDECAR_LIMIT_BYTES: u64 = 16 << 20;

/// What to sign.
#[derive(Debug)]
pub struct SignRequest {
    /// The archive; none signs what is in the registry.
    pub tarball: Option<PathBuf>,
    /// The repository that it is in, or is to be pushed to: `oci://HOST/NAME`.
    pub reference: String,
    /// The tag; by default the package's version.
    pub tag: Option<String>,
    /// File of the key to sign with.
    pub key: Option<PathBuf>,
    /// How to sign without one.
    pub keyless: Option<Keyless>,
    /// Where signatures and attestations go.
    pub layout: Layout,
    /// Whether how an archive was made is attested.
    pub attest: bool,
    /// The file of the signature; by default beside the archive.
    pub out: Option<PathBuf>,
    /// Where things are.
    pub home: Home,
}

/// The result of `sign`.
#[derive(Debug, Serialize)]
pub struct SignOutcome {
    /// The repository.
    pub oci_ref: String,
    /// The tag.
    pub tag: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Who signed it, as akua.lock names them.
    pub signature: String,
    /// The archive.
    pub tarball: Option<String>,
    /// The file of the signature.
    pub sidecar: Option<String>,
}

/// A signature in a file: what to push beside an archive, and what speaks for it. It is bound to one
/// repository and tag.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sidecar {
    /// The repository.
    pub(crate) oci_ref: String,
    /// The tag.
    pub(crate) tag: String,
    /// Digest of the manifest.
    pub(crate) manifest_digest: Digest,
    /// The akua that made the manifest.
    pub(crate) akua_version: String,
    /// The manifest and its configuration.
    pub(crate) artifact: Artifact,
    /// Signatures and attestations.
    pub(crate) evidence: Vec<Evidence>,
}

/// Signs.
///
/// # Errors
/// [`Failure`]; nothing is pushed or written then, but for a push that breaks half-way: it is
/// finished by doing it again.
pub fn run(request: &SignRequest) -> Result<SignOutcome, Failure> {
    request.home.raise_wall()?;
    let repository = parsed_repository(&request.reference)?;
    match &request.tarball {
        Some(tarball) => sign_archive(request, &repository, tarball),
        None => sign_artifact(request, &repository),
    }
}

fn sign_archive(
    request: &SignRequest,
    repository: &Repository,
    tarball: &Path,
) -> Result<SignOutcome, Failure> {
    let archive = read_archive(tarball)?;
    let facts = facts(&archive, tarball, &request.home)?;
    let artifact = Artifact::of(&facts.manifest.package, &archive);
    let tag = request.tag.clone().unwrap_or_else(|| artifact_tag(&facts.manifest.package.version));
    parsed_reference(&tag)?;
    let hand = hand(&request.home, None, request.key.as_deref(), request.keyless.as_ref())?;
    let named = repository.to_string();
    let published = Published {
        repository: &named,
        tag: &tag,
        manifest: &artifact.digest,
        tree: Some(&facts.tree),
        lock: facts.lock.as_ref(),
        render: None,
    };
    let speech = Speech { layout: request.layout, attested: request.attest, there: &[] };
    let (evidence, signer) = speak(&request.home, &published, &hand, speech)?;
    let sidecar = Sidecar {
        oci_ref: format!("oci://{repository}"),
        tag: tag.clone(),
        manifest_digest: artifact.digest.clone(),
        akua_version: env!("CARGO_PKG_VERSION").to_owned(),
        artifact,
        evidence,
    };
    let out = request
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.akuasig", tarball.display())));
    let text = serde_json::to_string_pretty(&sidecar).unwrap_or_default();
    akua_disk::write_file(&out, text.as_bytes())?;
    Ok(SignOutcome {
        oci_ref: sidecar.oci_ref,
        tag,
        manifest_digest: sidecar.manifest_digest.to_string(),
        signature: signer.to_string(),
        tarball: Some(tarball.display().to_string()),
        sidecar: Some(out.display().to_string()),
    })
}

fn sign_artifact(request: &SignRequest, repository: &Repository) -> Result<SignOutcome, Failure> {
    let Some(tag) = &request.tag else {
        let message = "expected --tag: which artifact of the repository to sign";
        return Err(Diagnostic::error("E_INVALID_FLAG", message).into());
    };
    let hand = hand(&request.home, None, request.key.as_deref(), request.keyless.as_ref())?;
    let remote = request.home.remote_alone()?;
    let client = remote.client()?;
    let manifest = client.fetch_manifest(repository, &parsed_reference(tag)?).map_err(told)?;
    let named = repository.to_string();
    let published = Published {
        repository: &named,
        tag,
        manifest: &manifest.digest,
        tree: None,
        lock: None,
        render: None,
    };
    let there = fetch_evidence(client, repository, &manifest.digest)?;
    // How somebody else's artifact was made is not known here.
    let speech = Speech { layout: request.layout, attested: false, there: &there };
    let (evidence, signer) = speak(&request.home, &published, &hand, speech)?;
    let subject = EvidenceSubject { digest: manifest.digest.clone(), size: manifest.bytes.len() };
    push_evidence(client, repository, &subject, &evidence)?;
    Ok(SignOutcome {
        oci_ref: format!("oci://{repository}"),
        tag: tag.clone(),
        manifest_digest: manifest.digest.to_string(),
        signature: signer.to_string(),
        tarball: None,
        sidecar: None,
    })
}

/// Returns the tag of a version: tags cannot have its `+`.
pub(crate) fn artifact_tag(version: &str) -> String {
    version.replace('+', "_")
}

/// Reads the file of a signature, which has to be for an archive.
///
/// # Errors
/// `E_SIGN_SIDECAR`.
pub(crate) fn read_sidecar(path: &Path, archive: &[u8]) -> Result<Sidecar, Failure> {
    let bytes = akua_disk::read_file(path, SIDECAR_LIMIT_BYTES).map_err(|error| {
        named_file("E_SIGN_SIDECAR", &error, "name a file that `akua sign` wrote")
    })?;
    let shown = path.display();
    let refuse = |reason: &str| {
        let message = format!("`{shown}` is no signature of this archive: {reason}");
        let help = "sign the archive anew: akua sign --tarball FILE --ref REF";
        Failure::from(Diagnostic::error("E_SIGN_SIDECAR", message).help(help))
    };
    let sidecar: Sidecar = serde_json::from_slice(&bytes)
        .map_err(|error| refuse(&format!("it is not what `akua sign` writes: {error}")))?;
    if sidecar.evidence.len() > EVIDENCE_LIMIT {
        return Err(refuse(&format!("it has more than {EVIDENCE_LIMIT} signatures")));
    }
    let Artifact { manifest, digest, config, layer } = &sidecar.artifact;
    if *layer != Digest::of(archive) {
        return Err(refuse("the archive has another digest"));
    }
    let says: Value = serde_json::from_str(manifest).unwrap_or_default();
    let said = |pointer: &str| says.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let configured = Digest::of(config.as_bytes());
    let is_whole = sidecar.manifest_digest == Digest::of(manifest.as_bytes())
        && sidecar.manifest_digest == *digest
        && said("/layers/0/digest").as_deref() == Some(layer.as_str())
        && said("/config/digest").as_deref() == Some(configured.as_str());
    if !is_whole {
        return Err(refuse("its manifest is not the one that it speaks for"));
    }
    if !sidecar.evidence.iter().all(|piece| is_of_place(piece, &sidecar)) {
        return Err(refuse("what is signed names another repository or tag than it does itself"));
    }
    Ok(sidecar)
}

/// Returns whether a piece of evidence names the place that its file names. The tag is in an
/// attestation alone.
fn is_of_place(piece: &Evidence, sidecar: &Sidecar) -> bool {
    let repository = sidecar.oci_ref.strip_prefix("oci://").unwrap_or_default();
    if let Ok(payload) = SimpleSigning::parse(piece.text.as_bytes()) {
        return payload.repository == repository;
    }
    // What cannot be read proves nothing, of no place.
    let Some(statement) = piece.claimed_statement() else { return true };
    let tag = statement.predicate.pointer("/buildDefinition/externalParameters/tag");
    statement.subject.iter().all(|subject| subject.name == repository)
        && tag.is_none_or(|tag| tag == sidecar.tag.as_str())
}

/// One thing that was checked of an archive.
#[derive(Debug, Serialize)]
pub struct ArchiveCheck {
    /// What: `sidecar_readable`, `digest_match` or `signature_verify`.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
}

/// The result of `verify --tarball`.
#[derive(Debug, Serialize)]
pub struct VerifiedArchive {
    /// Always `ok`: what does not hold is an error.
    pub status: &'static str,
    /// The archive.
    pub tarball: String,
    /// The file of the signature.
    pub sidecar: String,
    /// The repository that it is signed for.
    pub oci_ref: String,
    /// The tag that it is signed for.
    pub tag: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Who signed it, as akua.lock names them.
    pub signature: String,
    /// What was checked.
    pub checks: Vec<ArchiveCheck>,
}

/// Verifies an archive and the file of its signature with a public key, without the network.
///
/// # Errors
/// `E_SIGN_SIDECAR`, `E_SIGN_INVALID`, `E_SIGN_KEY`.
pub fn verify_archive(
    tarball: &Path,
    sidecar: &Path,
    public_key: &Path,
    home: &Home,
) -> Result<VerifiedArchive, Failure> {
    home.raise_wall()?;
    let archive = read_archive(tarball)?;
    let found = read_sidecar(sidecar, &archive)?;
    let who = [Who::Key(key(public_key)?)];
    let root = trust_root(home, None)?;
    let verdict = check(&found.evidence, &found.manifest_digest, &who, &root);
    let Some(signer) = verdict.signers.first() else {
        let message = format!("`{}` is not signed by this key", tarball.display());
        let help = "find out who signed it, and when it was changed";
        let told = Diagnostic::error("E_SIGN_INVALID", message).help(help);
        let refused = verdict.refused.iter();
        return Err(refused.fold(told, |told, refused| told.note(refused.to_string())).into());
    };
    let checks = ["sidecar_readable", "digest_match", "signature_verify"];
    Ok(VerifiedArchive {
        status: "ok",
        tarball: tarball.display().to_string(),
        sidecar: sidecar.display().to_string(),
        oci_ref: found.oci_ref,
        tag: found.tag,
        manifest_digest: found.manifest_digest.to_string(),
        signature: signer.to_string(),
        checks: checks.into_iter().map(|name| ArchiveCheck { name, ok: true }).collect(),
    })
}
