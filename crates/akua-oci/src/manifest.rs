//! Manifests and indexes, from hostile bytes to typed values.
//!
//! The JSON is read by oci-client's types; what has a rule (digests, sizes) is checked here, once. The
//! `urls` of a descriptor are dropped: bytes come from the registry that was named, or not at all.

use std::collections::BTreeMap;

use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, ImageIndexEntry,
    OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageIndex,
    OciImageManifest,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{Digest, NameError};

/// Media types of manifests that are asked for.
pub(crate) const ACCEPT: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];
/// Media type of an index.
pub(crate) const INDEX: &str = OCI_IMAGE_INDEX_MEDIA_TYPE;

/// A manifest as it was served, verified against its digest, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciManifest {
    /// Digest of `bytes`.
    pub digest: Digest,
    /// Its media type, as it says itself, else as the registry said.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they say.
    pub parsed: Parsed,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// One artifact.
    Image(Box<ImageManifest>),
    /// A list of manifests.
    Index(Vec<Descriptor>),
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    /// Its configuration.
    pub config: Descriptor,
    /// Its parts.
    pub layers: Vec<Descriptor>,
    /// Its type, where the configuration's does not say it.
    pub artifact_type: Option<String>,
    /// The manifest that it is about.
    pub subject: Option<Descriptor>,
    /// Notes.
    pub annotations: BTreeMap<String, String>,
}

/// A pointer to bytes of the same repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Their media type.
    pub media_type: String,
    /// Their digest.
    pub digest: Digest,
    /// How many.
    pub size: u64,
    /// The type of the artifact, in a list of referrers.
    pub artifact_type: Option<String>,
    /// Notes.
    pub annotations: BTreeMap<String, String>,
}

/// Bytes are not a manifest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// Not the JSON of a manifest or an index.
    #[error("not a manifest")]
    Json(#[source] serde_json::Error),
    /// A digest is malformed or not sha256.
    #[error(transparent)]
    Digest(#[from] NameError),
    /// A size is negative.
    #[error("a size is {0}")]
    Size(i64),
    /// Neither an image nor an index of version 2.
    #[error("not a manifest of version 2")]
    Version,
}

/// What tells an index from an image.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    /// Always 2.
    schema_version: i64,
    /// What it says it is.
    media_type: Option<String>,
    /// Only an index has these; `null` from some servers where there are none.
    manifests: Option<IgnoredAny>,
    /// Only an image has it.
    config: Option<IgnoredAny>,
    /// Only an image has these.
    layers: Option<IgnoredAny>,
}

/// Parses a manifest or an index; `announced` is the media type that the registry gave.
pub(crate) fn parse(
    bytes: &[u8],
    announced: Option<&str>,
) -> Result<(String, Parsed), ManifestError> {
    let head: Head = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
    if head.schema_version != 2 {
        return Err(ManifestError::Version);
    }
    let image = head.config.is_some() || head.layers.is_some();
    let default = if image { OCI_IMAGE_MEDIA_TYPE } else { OCI_IMAGE_INDEX_MEDIA_TYPE };
    let media_type = head.media_type.as_deref().or(announced).unwrap_or(default);
    let index = [OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE].contains(&media_type);
    // Bytes that are both, or another thing than they or the registry say: the same digest would
    // mean one thing here and another elsewhere.
    if index == image || (image && head.manifests.is_some()) {
        return Err(ManifestError::Version);
    }
    let parsed = if index && head.manifests.is_none() {
        Parsed::Index(Vec::new())
    } else if index {
        let index: OciImageIndex = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        Parsed::Index(index.manifests.into_iter().map(entry).collect::<Result<_, _>>()?)
    } else {
        let image: OciImageManifest = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        Parsed::Image(Box::new(ImageManifest {
            config: descriptor(image.config)?,
            layers: image.layers.into_iter().map(descriptor).collect::<Result<_, _>>()?,
            artifact_type: image.artifact_type,
            subject: image.subject.map(descriptor).transpose()?,
            annotations: image.annotations.unwrap_or_default(),
        }))
    };
    Ok((media_type.to_owned(), parsed))
}

/// Checks a descriptor.
fn descriptor(found: OciDescriptor) -> Result<Descriptor, ManifestError> {
    Ok(Descriptor {
        media_type: found.media_type,
        digest: crate::names::digest(&found.digest)?,
        size: u64::try_from(found.size).map_err(|_negative| ManifestError::Size(found.size))?,
        artifact_type: found.artifact_type,
        annotations: found.annotations.unwrap_or_default(),
    })
}

/// Checks an entry of an index.
fn entry(found: ImageIndexEntry) -> Result<Descriptor, ManifestError> {
    Ok(Descriptor {
        media_type: found.media_type,
        digest: crate::names::digest(&found.digest)?,
        size: u64::try_from(found.size).map_err(|_negative| ManifestError::Size(found.size))?,
        artifact_type: found.artifact_type,
        annotations: found.annotations.unwrap_or_default(),
    })
}
