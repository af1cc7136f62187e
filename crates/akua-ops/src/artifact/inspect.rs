//! `akua inspect`: what an archive or an artifact is; nothing of it is evaluated.

use super::pull::{named_keys, signer};
use super::{facts, offline, parsed_reference, parsed_repository, read_archive, told};
use crate::trust_root::trust_root;
use crate::{Failure, Home, LimitOptions};
use akua_oci::{Descriptor, Parsed};
use akua_package::fetch_evidence;
use akua_sign::{COSIGN_SIGN, Evidence, Identity, Matcher, Pattern, Signer, TrustRoot, Who, check};
use akua_source::Digest;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What an archive is.
#[derive(Debug, Serialize)]
pub struct Inspected {
    /// Always `tarball`.
    pub kind: &'static str,
    /// Digest of the archive.
    pub layer_digest: String,
    /// Bytes of the archive.
    pub compressed_size_bytes: usize,
    /// Bytes of the files.
    pub uncompressed_size_bytes: u64,
    /// Files in it.
    pub file_count: usize,
    /// The package's name.
    pub package_name: String,
    /// Its version.
    pub package_version: String,
    /// The edition of its manifest.
    pub package_edition: String,
    /// Directories of dependencies in it.
    pub vendored_deps: Vec<String>,
}

/// Returns what an archive is; nothing of it is evaluated.
///
/// # Errors
/// [`Failure`].
pub fn archive(tarball: &Path, home: &Home) -> Result<Inspected, Failure> {
    home.raise_wall()?;
    let archive = read_archive(tarball)?;
    let facts = facts(&archive, tarball, home)?;
    let package = facts.manifest.package;
    Ok(Inspected {
        kind: "tarball",
        layer_digest: Digest::of(&archive).to_string(),
        compressed_size_bytes: archive.len(),
        uncompressed_size_bytes: facts.size_bytes,
        file_count: facts.file_count,
        package_name: package.name.to_string(),
        package_version: package.version,
        package_edition: package.edition,
        vendored_deps: facts.vendored,
    })
}

/// What an artifact of a registry is.
#[derive(Debug, Serialize)]
pub struct InspectedArtifact {
    /// Always `artifact`.
    pub kind: &'static str,
    /// The repository.
    pub oci_ref: String,
    /// The tag, or a digest.
    pub tag: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Type of the artifact.
    pub artifact_type: Option<String>,
    /// Its layers.
    pub layers: Vec<InspectedLayer>,
    /// Notes of its publisher.
    pub annotations: std::collections::BTreeMap<String, String>,
    /// Who signed it, of those who may; none where nothing says who may.
    pub signature: Option<String>,
    /// What speaks for it. But for who signed, it is what each piece says itself.
    pub evidence: Vec<Claimed>,
    /// What refers to it.
    pub referrers: Vec<InspectedLayer>,
}

/// A layer, or what refers to an artifact.
#[derive(Debug, Serialize)]
pub struct InspectedLayer {
    /// Its media type, or the type of the artifact.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its bytes.
    pub size_bytes: u64,
}

/// Returns what an artifact of a registry is; nothing but its manifest is fetched.
///
/// # Errors
/// [`Failure`].
pub fn artifact(
    text: &str,
    tag: &str,
    keys: &[PathBuf],
    trusted_root: Option<&Path>,
    home: &Home,
) -> Result<InspectedArtifact, Failure> {
    home.raise_wall()?;
    let root = trust_root(home, trusted_root)?;
    let repository = parsed_repository(text)?;
    let policy = home.policy(None, &LimitOptions::default())?.policy;
    let mut supply = home.supply(None, &policy)?;
    let named = named_keys(home, keys)?;
    let mut who = named.as_ref().map(|layer| layer.others.clone()).unwrap_or_default();
    let any = || Matcher::Pattern(Pattern::any());
    who.push(Who::Identity(Identity { subject: any(), issuer: any() }));
    supply.trust.layers.extend(named);
    let remote = supply.remote.as_ref().ok_or_else(offline)?;
    let client = remote.client()?;
    let manifest = client.fetch_manifest(&repository, &parsed_reference(tag)?).map_err(told)?;
    let referrers = client.list_referrers(&repository, &manifest.digest).map_err(told)?;
    let evidence = fetch_evidence(client, &repository, &manifest.digest)?;
    let signature = signer(&repository, tag, &manifest.digest, &supply)?;
    let shown = |found: Descriptor| InspectedLayer {
        media_type: found.artifact_type.unwrap_or(found.media_type),
        digest: found.digest.to_string(),
        size_bytes: found.size,
    };
    let (artifact_type, layers, annotations) = match manifest.parsed {
        Parsed::Image(image) => {
            let kind = image.artifact_type.unwrap_or(image.config.media_type);
            (Some(kind), image.layers, image.annotations)
        }
        Parsed::Index(entries) => (None, entries, std::collections::BTreeMap::new()),
    };
    Ok(InspectedArtifact {
        kind: "artifact",
        oci_ref: format!("oci://{repository}"),
        tag: tag.to_owned(),
        manifest_digest: manifest.digest.to_string(),
        artifact_type,
        layers: layers.into_iter().map(shown).collect(),
        annotations,
        signature,
        evidence: evidence
            .iter()
            .map(|piece| claimed(piece, &manifest.digest, &who, &root))
            .collect(),
        referrers: referrers.into_iter().map(shown).collect(),
    })
}

/// A piece of evidence, as it says itself.
#[derive(Debug, Serialize)]
pub struct Claimed {
    /// `signature` or `attestation`.
    pub kind: &'static str,
    /// `tag` or `referrer`.
    pub layout: &'static str,
    /// Type of what it says.
    pub predicate_type: Option<String>,
    /// Who signed it: the owner of a key that was named, or whom a certificate names that leads back to
    /// the trust root; none where neither is shown.
    pub signer: Option<String>,
    /// What it says made it.
    pub builder: Option<String>,
    /// How many dependencies it lists.
    pub dependencies: Option<usize>,
}

/// Returns what a piece of evidence says, and who signed it.
fn claimed(piece: &Evidence, manifest: &Digest, who: &[Who], root: &TrustRoot) -> Claimed {
    let verdict = check(std::slice::from_ref(piece), manifest, who, root);
    let attested = verdict.statements.into_iter().next();
    let says_so = attested.as_ref().map(|attested| &attested.signer);
    let signed = verdict.signers.first();
    let signer = signed.or(says_so).map(Signer::to_string);
    // Who signed is not shown beside what they did not say: a bundle may hold more than what is signed.
    let statement = attested.map(|it| it.statement).or_else(|| piece.claimed_statement());
    let statement = statement.filter(|said| signed.is_none() || said.predicate_type == COSIGN_SIGN);
    // A payload without a statement is a signature too.
    let says = statement.as_ref().map(|statement| statement.predicate_type.as_str());
    let is_signature = says.is_none_or(|says| says == COSIGN_SIGN);
    let predicate = statement.as_ref().filter(|_| !is_signature).map(|said| &said.predicate);
    let builder = predicate.and_then(|said| said.pointer("/runDetails/builder/id")?.as_str());
    let listed = predicate
        .and_then(|said| said.pointer("/buildDefinition/resolvedDependencies")?.as_array());
    Claimed {
        kind: if is_signature { "signature" } else { "attestation" },
        layout: if piece.is_bundle() { "referrer" } else { "tag" },
        signer,
        builder: builder.map(str::to_owned),
        dependencies: listed.map(Vec::len),
        predicate_type: statement.map(|statement| statement.predicate_type),
    }
}
