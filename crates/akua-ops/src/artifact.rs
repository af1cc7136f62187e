//! Packages in registries: `akua push`; below, `akua pull` and `akua inspect`.

pub mod inspect;
pub mod pull;

use crate::failure::named_file;
use crate::sign::{artifact_tag, read_sidecar};
use crate::{Failure, Home};
use akua_disk::{ArchiveLimits, TreeLimits};
use akua_manifest::{Lock, Manifest, PackageSection};
use akua_oci::{Client, FetchError, Reference, Repository};
use akua_package::{EvidenceSubject, LOCK, Problem, push_evidence, refused_archive};
use akua_sign::Evidence;
use akua_source::{Diagnostic, Digest, SourceMap};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Media type of a package's manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of a package's configuration, and the type of the artifact.
const CONFIG: &str = "application/vnd.akua.package.config.v1+json";
/// Media type of a package's files.
const CONTENT: &str = "application/vnd.akua.package.content.v1.tar+gzip";
/// Largest archive of a package, in bytes.
const ARCHIVE_LIMIT_BYTES: u64 = 100 << 20;
/// Largest `akua.toml`, in bytes.
const METADATA_LIMIT_BYTES: u64 = 1 << 20;

/// What to push, and where to.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// The archive.
    pub tarball: PathBuf,
    /// The repository: `oci://HOST/NAME`.
    pub reference: String,
    /// The tag; by default the one that it is signed for, else the package's version.
    pub tag: Option<String>,
    /// A file that `akua sign` wrote for it.
    pub sidecar: Option<PathBuf>,
    /// Where things are.
    pub home: Home,
}

/// The result of `push`.
#[derive(Debug, Serialize)]
pub struct PushOutcome {
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
    /// The archive.
    pub tarball: String,
    /// Whether what speaks for it was pushed too.
    pub signed: bool,
}

/// Pushes a packed package, and what speaks for it; the tag moves last.
///
/// # Errors
/// [`Failure`]; the tag is where it was then.
pub fn push(request: &PushRequest) -> Result<PushOutcome, Failure> {
    request.home.raise_wall()?;
    let archive = read_archive(&request.tarball)?;
    let facts = facts(&archive, &request.tarball, &request.home)?;
    let repository = parsed_repository(&request.reference)?;
    let package = &facts.manifest.package;
    let sidecar =
        request.sidecar.as_deref().map(|path| read_sidecar(path, &archive)).transpose()?;
    let signed_for = sidecar.as_ref().map(|sidecar| sidecar.tag.clone());
    let tag = request.tag.clone().or(signed_for);
    let tag = tag.unwrap_or_else(|| artifact_tag(&package.version));
    let here = (format!("oci://{repository}"), tag.clone());
    if let Some(sidecar) = &sidecar
        && (&sidecar.oci_ref, &sidecar.tag) != (&here.0, &here.1)
    {
        let message = format!("it is signed for {}:{}", sidecar.oci_ref, sidecar.tag);
        let help = "push it there, or sign it for this place: akua sign --ref REF --tag TAG";
        return Err(Diagnostic::error("E_SIGN_SIDECAR", message).help(help).into());
    }
    let reference = parsed_reference(&tag)?;
    let remote = request.home.remote_alone()?;
    let client = remote.client()?;
    let (artifact, evidence) = match sidecar {
        Some(sidecar) => (sidecar.artifact, sidecar.evidence),
        None => (Artifact::of(package, &archive), Vec::new()),
    };
    artifact.push(client, &repository, &archive, &evidence, &reference)?;
    Ok(PushOutcome {
        oci_ref: format!("oci://{repository}"),
        tag,
        manifest_digest: artifact.digest.to_string(),
        layer_digest: artifact.layer.to_string(),
        layer_size: archive.len(),
        tarball: request.tarball.display().to_string(),
        signed: !evidence.is_empty(),
    })
}

/// A package as registries have it: the same package, the same bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Artifact {
    /// The manifest.
    pub(crate) manifest: String,
    /// Its digest.
    pub(crate) digest: Digest,
    /// The configuration.
    pub(crate) config: String,
    /// Digest of the archive.
    pub(crate) layer: Digest,
}

impl Artifact {
    /// Returns the artifact of an archive.
    pub(crate) fn of(package: &PackageSection, archive: &[u8]) -> Self {
        let config = json!({ "akuaVersion": env!("CARGO_PKG_VERSION") }).to_string();
        let (configured, layer) = (Digest::of(config.as_bytes()), Digest::of(archive));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": CONFIG,
            "config": { "mediaType": CONFIG, "digest": configured.as_str(), "size": config.len() },
            "layers": [{ "mediaType": CONTENT, "digest": layer.as_str(), "size": archive.len() }],
            "annotations": {
                "dev.akua.package.name": package.name.as_str(),
                "dev.akua.package.version": package.version,
                "org.opencontainers.image.title": package.name.as_str(),
                "org.opencontainers.image.version": package.version,
            },
        });
        let manifest = manifest.to_string();
        Self { digest: Digest::of(manifest.as_bytes()), manifest, config, layer }
    }

    /// Pushes all of it by digest, then what speaks for it; only then does the tag lead to it.
    ///
    /// # Errors
    /// [`Failure`]; the tag is where it was then.
    pub(crate) fn push(
        &self,
        client: &Client,
        repository: &Repository,
        archive: &[u8],
        evidence: &[Evidence],
        tag: &Reference,
    ) -> Result<(), Failure> {
        let lead = |reference: &Reference| {
            client.push_manifest(repository, reference, MANIFEST, self.manifest.as_bytes())
        };
        client.push_blob(repository, self.config.as_bytes()).map_err(told)?;
        client.push_blob(repository, archive).map_err(told)?;
        lead(&Reference::Digest(self.digest.clone())).map_err(told)?;
        let subject = EvidenceSubject { digest: self.digest.clone(), size: self.manifest.len() };
        push_evidence(client, repository, &subject, evidence)?;
        lead(tag).map(drop).map_err(told)
    }
}

pub(crate) fn offline() -> Failure {
    let message = "a registry cannot be reached without the network";
    Diagnostic::error("E_OFFLINE", message).help("run this without --offline").into()
}

/// What an archive holds.
pub(crate) struct Facts {
    pub(crate) manifest: Manifest,
    pub(crate) lock: Option<Lock>,
    /// Digest of its files, as those who depend on it will have them: without what it carries.
    pub(crate) tree: Digest,
    size_bytes: u64,
    file_count: usize,
    vendored: Vec<String>,
}

/// Unpacks an archive aside and looks at it.
pub(crate) fn facts(archive: &[u8], shown: &Path, home: &Home) -> Result<Facts, Failure> {
    let shown = shown.display().to_string();
    let mut staging = akua_package::Cache::new(&home.cache).staging()?;
    let limits = ArchiveLimits { keep_vendored: true, ..ArchiveLimits::default() };
    akua_disk::unpack(archive, limits, &mut staging)
        .map_err(|error| refused_archive(&shown, &error))?;
    let folder = staging.opened("")?;
    let bytes = folder.read("akua.toml", METADATA_LIMIT_BYTES).map_err(|_missing| {
        let message = format!("`{shown}` holds no Package: it has no akua.toml");
        Diagnostic::error("E_DEP_KIND", message).help("`akua pack` makes the archive of a package")
    })?;
    let mut sources = SourceMap::default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let file = sources.add(format!("{shown}/akua.toml"), text.clone());
    let manifest = akua_manifest::parse(file, &text)
        .map_err(|diagnostics| Problem { diagnostics, sources: sources.clone() })?;
    let lock = match folder.read(LOCK, METADATA_LIMIT_BYTES) {
        Err(_missing) => None,
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let file = sources.add(format!("{shown}/{LOCK}"), text.clone());
            let parsed = akua_manifest::parse_lock(file, &text);
            Some(parsed.map_err(|diagnostics| Problem { diagnostics, sources })?)
        }
    };
    let vendored = folder.names(akua_package::VENDOR);
    let tree = folder.digest(TreeLimits::default())?;
    let mut file_count = folder.count()?;
    let mut size_bytes = folder.size_bytes()?;
    for directory in &vendored {
        let below = staging.opened(&format!("{}/{directory}", akua_package::VENDOR))?;
        file_count = file_count.saturating_add(below.count()?);
        size_bytes = size_bytes.saturating_add(below.size_bytes()?);
    }
    Ok(Facts { manifest, lock, tree, size_bytes, file_count, vendored })
}

pub(crate) fn read_archive(path: &Path) -> Result<Vec<u8>, Failure> {
    akua_disk::read_file(path, ARCHIVE_LIMIT_BYTES)
        .map_err(|error| named_file("E_ARCHIVE", &error, "name an archive that `akua pack` made"))
}

pub(crate) fn parsed_repository(text: &str) -> Result<Repository, Failure> {
    Repository::parse(text).map_err(|error| {
        let help = "a repository is `oci://HOST/NAME`, without a tag";
        Diagnostic::error("E_INVALID_FLAG", error.to_string()).help(help).into()
    })
}

pub(crate) fn parsed_reference(text: &str) -> Result<Reference, Failure> {
    Reference::parse(text)
        .map_err(|error| Diagnostic::error("E_INVALID_FLAG", error.to_string()).into())
}

#[expect(clippy::needless_pass_by_value, reason = "it is used as a function of an error")]
pub(crate) fn told(error: FetchError) -> Failure {
    error.to_diagnostic().into()
}
