//! `akua pull`: a package of a registry, proven before it is unpacked.

use super::{CONTENT, offline, parsed_reference, parsed_repository, told};
use crate::trust::key;
use crate::trust_root::trust_root;
use crate::{Failure, Home, LimitOptions};
use akua_disk::{ArchiveLimits, Staging};
use akua_oci::{Descriptor, Parsed, Repository};
use akua_package::{Artifact, Supply, prove_artifact, refused_archive};
use akua_sign::{TrustLayer, Who};
use akua_source::{Diagnostic, Digest};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to pull, and where to.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The repository: `oci://HOST/NAME`.
    pub reference: String,
    /// The tag, or a digest.
    pub tag: String,
    /// The directory, which must not be there.
    pub out: PathBuf,
    /// Files of the public keys one of which has to have signed it; none leaves it to the policy.
    pub keys: Vec<PathBuf>,
    /// Where things are.
    pub home: Home,
}

/// The result of `pull`.
#[derive(Debug, Serialize)]
pub struct PullOutcome {
    /// The repository.
    pub oci_ref: String,
    /// The tag.
    pub tag: String,
    /// Digest of the manifest.
    pub manifest_digest: String,
    /// Digest of the archive.
    pub layer_digest: String,
    /// Who signed it, of those who may; none where nothing says who may.
    pub signature: Option<String>,
    /// The directory.
    pub out: String,
}

/// Fetches a package and unpacks it, with the dependencies that it carries: after it was proven that
/// it is signed by who has to have signed it.
///
/// # Errors
/// [`Failure`]; the directory is not there then.
pub fn pull(request: &PullRequest) -> Result<PullOutcome, Failure> {
    request.home.raise_wall()?;
    if akua_disk::exists(&request.out) {
        let message = format!("there is a `{}` already", request.out.display());
        let help = "choose another directory with --out, or move it away";
        return Err(Diagnostic::error("E_PULL_EXISTS", message).help(help).into());
    }
    let repository = parsed_repository(&request.reference)?;
    let policy = request.home.policy(None, &LimitOptions::default())?.policy;
    let mut supply = request.home.supply(None, &policy)?;
    supply.trust.layers.extend(named_keys(&request.home, &request.keys)?);
    let remote = supply.remote.as_ref().ok_or_else(offline)?;
    let client = remote.client()?;
    let manifest =
        client.fetch_manifest(&repository, &parsed_reference(&request.tag)?).map_err(told)?;
    let signature = signer(&repository, &request.tag, &manifest.digest, &supply)?;
    let layer = layer(&manifest.parsed).ok_or_else(|| {
        let message = format!("`{repository}` {} is no Package", request.tag);
        Diagnostic::error("E_DEP_KIND", message).help("a chart or module is added with `akua add`")
    })?;
    let mut archive = Vec::new();
    client.fetch_blob(&repository, layer, &mut archive).map_err(told)?;
    let shown = format!("{repository}:{}", request.tag);
    let parent = request.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut staging = Staging::new(&parent.unwrap_or(Path::new(".")).join(".akua-staging"))?;
    let limits = ArchiveLimits { keep_vendored: true, ..ArchiveLimits::default() };
    akua_disk::unpack(archive.as_slice(), limits, &mut staging)
        .map_err(|error| refused_archive(&shown, &error))?;
    let holder = staging.path().parent().map(Path::to_path_buf);
    staging.commit("", &request.out)?;
    if let Some(holder) = holder {
        akua_disk::remove_abandoned(&holder)?;
        akua_disk::remove_empty(&holder);
    }
    Ok(PullOutcome {
        oci_ref: format!("oci://{repository}"),
        tag: request.tag.clone(),
        manifest_digest: manifest.digest.as_str().to_owned(),
        layer_digest: layer.digest.as_str().to_owned(),
        signature,
        out: request.out.display().to_string(),
    })
}

/// Returns the layer of keys that a person named.
pub(super) fn named_keys(home: &Home, paths: &[PathBuf]) -> Result<Option<TrustLayer>, Failure> {
    let keys = paths.iter().map(|path| Ok(Who::Key(key(path)?)));
    let others = keys.collect::<Result<Vec<Who>, Failure>>()?;
    if others.is_empty() {
        return Ok(None);
    }
    let root = Arc::new(trust_root(home, None)?);
    Ok(Some(TrustLayer { name: "--key".to_owned(), rules: Vec::new(), others, root }))
}

/// Proves what is asked of an artifact that nothing depends on; returns who signed it.
pub(super) fn signer(
    repository: &Repository,
    tag: &str,
    manifest: &Digest,
    supply: &Supply,
) -> Result<Option<String>, Failure> {
    let asked = supply.trust.of(&[format!("oci://{repository}"), repository.source()], true);
    if asked.is_nothing() {
        return Ok(None);
    }
    let name = repository.to_string();
    let artifact =
        Artifact { name: &name, version: tag, manifest, signature: None, attestation: None };
    // Whatever lies in the working directory does not speak for it.
    let proven = prove_artifact(&artifact, repository, &asked, None, supply)?;
    let (proof, _) = proven.map_err(|told| Failure::from(*told))?;
    Ok(proof.signer.map(|signer| signer.to_string()))
}

fn layer(parsed: &Parsed) -> Option<&Descriptor> {
    let Parsed::Image(image) = parsed else { return None };
    image.layers.iter().find(|layer| layer.media_type == CONTENT)
}
