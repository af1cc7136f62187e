//! `akua publish`: check, pack, push, sign, attest, and only then move the tag.

use crate::artifact::{Artifact, facts, offline, parsed_reference, parsed_repository};
use crate::keyless::Keyless;
use crate::pack::{LeftOut, Packed, pack};
use crate::render::{RenderRequest, Target, render};
use crate::sign::artifact_tag;
use crate::signing::{Hand, Layout, Published, Speech, hand, speak};
use crate::{Failure, Home, LimitOptions};
use akua_oci::Reference;
use akua_package::{Project, fetch_evidence};
use akua_sign::Evidence;
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::PathBuf;

/// Who would sign without a key: nobody was asked.
const WHOEVER: &str = "cosign:sigstore";

/// What to publish, and where to.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct PublishRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// The repository: `oci://HOST/NAME`.
    pub reference: String,
    /// The tag; by default the package's version.
    pub tag: Option<String>,
    /// Whether what it depends on goes into the archive.
    pub vendor: bool,
    /// Whether it is signed.
    pub sign: bool,
    /// Whether how it was made is attested.
    pub attest: bool,
    /// File of the key to sign with.
    pub key: Option<PathBuf>,
    /// How to sign without one.
    pub keyless: Option<Keyless>,
    /// Where signatures and attestations go.
    pub layout: Layout,
    /// Whether to say only what would be done.
    pub dry_run: bool,
    /// Where things are.
    pub home: Home,
}

/// The result of `publish`.
#[derive(Debug, Serialize)]
pub struct PublishOutcome {
    /// The repository.
    pub oci_ref: String,
    /// The tag.
    pub tag: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Digest of the archive.
    pub layer_digest: String,
    /// Bytes of the archive.
    pub layer_size: usize,
    /// Objects that the example inputs render to.
    pub objects: usize,
    /// Who signed it, as akua.lock names them; none if nobody did.
    pub signature: Option<String>,
    /// Whether how it was made is attested.
    pub attested: bool,
    /// Directories of dependencies in it.
    pub vendored_deps: Vec<String>,
    /// What of the package is not in it, and why.
    pub left_out: Vec<LeftOut>,
    /// Whether this is only what would be done.
    pub dry_run: bool,
}

/// Publishes a package. The same package gives the same bytes and the same signatures: to publish
/// again changes nothing.
///
/// # Errors
/// [`Failure`]; the tag is where it was then.
pub fn run(request: &PublishRequest) -> Result<PublishOutcome, Failure> {
    request.home.raise_wall()?;
    let repository = parsed_repository(&request.reference)?;
    let project = Project::open(&request.workspace)?;
    let package = &project.manifest.package;
    let tag = request.tag.clone().unwrap_or_else(|| artifact_tag(&package.version));
    let reference = parsed_reference(&tag)?;
    if let Reference::Digest(_) = reference {
        let message = format!("`{tag}` is a digest, expected a tag");
        return Err(Diagnostic::error("E_INVALID_FLAG", message).into());
    }
    let rendered = render(&checked(request))?;
    // No key is in memory while the package's program runs.
    let (home, named_key) = (&request.home, request.key.as_deref());
    let hand = if request.sign {
        Some(hand(home, Some(&project), named_key, request.keyless.as_ref())?)
    } else {
        None
    };
    let supply = request.home.supply_for(&project)?;
    let Packed { archive, vendored_deps, left_out, .. } = pack(&project, &supply, request.vendor)?;
    let artifact = Artifact::of(package, &archive);
    let tree = facts(&archive, &request.workspace, &request.home)?.tree;
    let hash = akua_objects::digest(&rendered.files);
    let named = repository.to_string();
    let published = Published {
        repository: &named,
        tag: &tag,
        manifest: &artifact.digest,
        tree: Some(&tree),
        lock: project.lock.as_ref(),
        render: Some(hash.strip_prefix("sha256:").unwrap_or(&hash)),
    };
    let attested = request.attest && hand.is_some();
    let signature = if request.dry_run {
        tried(request, &published, hand.as_ref())?
    } else {
        let remote = supply.remote.as_ref().ok_or_else(offline)?;
        let client = remote.client()?;
        let spoken = hand.as_ref().map(|hand| {
            let there = fetch_evidence(client, &repository, &artifact.digest)?;
            speak(&request.home, &published, hand, speech(request, &there))
        });
        let (pieces, signer) = spoken.transpose()?.unzip();
        let pieces = pieces.unwrap_or_default();
        artifact.push(client, &repository, &archive, &pieces, &reference)?;
        signer.map(|signer| signer.to_string())
    };
    Ok(PublishOutcome {
        oci_ref: format!("oci://{repository}"),
        tag,
        manifest_digest: artifact.digest.to_string(),
        layer_digest: artifact.layer.to_string(),
        layer_size: archive.len(),
        objects: rendered.files.len(),
        signature,
        attested,
        vendored_deps,
        left_out,
        dry_run: request.dry_run,
    })
}

fn speech<'a>(request: &PublishRequest, there: &'a [Evidence]) -> Speech<'a> {
    Speech { layout: request.layout, attested: request.attest, there }
}

/// Returns who would sign, if it is to be signed.
fn tried(
    request: &PublishRequest,
    published: &Published<'_>,
    hand: Option<&Hand<'_>>,
) -> Result<Option<String>, Failure> {
    match hand {
        None => Ok(None),
        // A log forgets nothing: what is only tried is not signed without a key.
        Some(Hand::Keyless(_)) => Ok(Some(WHOEVER.to_owned())),
        Some(hand) => {
            let (_, signer) = speak(&request.home, published, hand, speech(request, &[]))?;
            Ok(Some(signer.to_string()))
        }
    }
}

/// Returns the render that a package has to stand before it is published: strict, of its example
/// inputs, with what it depends on. The network is needed afterwards: its wall stays as it is.
fn checked(request: &PublishRequest) -> RenderRequest {
    let example = request.workspace.join("inputs.example.yaml");
    RenderRequest {
        package: request.workspace.clone(),
        inputs: akua_disk::exists(&example).then_some(example),
        target: Target::Nowhere,
        strict: true,
        seed: None,
        attest: None,
        events: None,
        trace: None,
        limits: LimitOptions::default(),
        home: Home { wall: false, ..request.home.clone() },
    }
}
