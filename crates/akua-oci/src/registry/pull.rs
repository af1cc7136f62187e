//! Manifests and blobs, in.

use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{Action, broken};
use crate::download::{Expected, download};
use crate::{
    Client, Descriptor, Digest, FetchError, OciManifest, ProtocolProblem, Reference, Repository,
    Sink, manifest,
};

impl Client {
    /// Fetches a manifest or an index, and verifies its digest.
    ///
    /// # Errors
    /// [`FetchError::Digest`] where the bytes are not those of the digest asked for, or not those of
    /// the digest that the registry announces; [`FetchError::Size`] over `document_bytes`;
    /// [`FetchError::Protocol`] where they are not a manifest.
    pub fn fetch_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<OciManifest, FetchError> {
        let what = named(repository, reference);
        let path = format!("manifests/{reference}");
        let request = self.request(repository, Action::Pull, &path, what.clone())?;
        let request = request.header(ACCEPT.as_str(), &manifest::ACCEPT.join(", "));
        let limit = self.http.limits.document_bytes;
        let document = self.http.block_on(self.http.document(&request, limit))?;
        let digest = Digest::of(&document.bytes);
        let announced = document.header("docker-content-digest").map(crate::names::digest);
        let announced = announced.transpose().map_err(|err| {
            broken(&what, ProtocolProblem::Header("Docker-Content-Digest"), &err.to_string())
        })?;
        let asked = match reference {
            Reference::Digest(digest) => Some(digest.clone()),
            Reference::Tag(_) => None,
        };
        for expected in asked.into_iter().chain(announced) {
            if expected != digest {
                return Err(FetchError::Digest { what, expected, actual: digest });
            }
        }
        let (media_type, parsed) = manifest::parse(&document.bytes, media_type(&document))
            .map_err(|err| {
                broken(&what, ProtocolProblem::Document("a manifest"), &err.to_string())
            })?;
        Ok(OciManifest { digest, media_type, bytes: document.bytes, parsed })
    }

    /// Streams a blob into `sink`: at most as many bytes as the descriptor says, verified at the end,
    /// resumed where the connection breaks.
    ///
    /// # Errors
    /// As [`FetchError`] says; the sink is empty then.
    pub fn fetch_blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        sink: &mut dyn Sink,
    ) -> Result<(), FetchError> {
        let what = format!("{repository}@{}", descriptor.digest);
        let limit = self.http.limits.blob_bytes;
        if descriptor.size > limit {
            return Err(FetchError::Size { what, limit, unit: "bytes" });
        }
        let path = format!("blobs/{}", descriptor.digest);
        let request = self.request(repository, Action::Pull, &path, what)?;
        let expected = Expected {
            limit_bytes: limit,
            size: Some(descriptor.size),
            digest: Some(descriptor.digest.clone()),
        };
        let progress = self.progress.as_deref();
        self.http.block_on(download(&self.http, &request, &expected, sink, progress)).map(drop)
    }
}

/// The media type of an answer, without parameters.
fn media_type(document: &crate::http::Document) -> Option<&str> {
    let text = document.header(CONTENT_TYPE.as_str())?;
    let media_type = text.split(';').next().unwrap_or_default().trim();
    // Some servers say JSON and mean it: the bytes then tell.
    manifest::ACCEPT.contains(&media_type).then_some(media_type)
}

/// `host/name:tag` or `host/name@digest`.
pub(super) fn named(repository: &Repository, reference: &Reference) -> String {
    match reference {
        Reference::Tag(tag) => format!("{repository}:{tag}"),
        Reference::Digest(digest) => format!("{repository}@{digest}"),
    }
}
