//! Blobs and manifests, out. Everything is addressed by content, so all of it may be tried again.

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};

use super::lists::fallback_tag;
use super::pull::named;
use super::{Action, broken};
use crate::hosts::{HostError, authority_of, same_origin};
use crate::http::{Document, Request, within};
use crate::manifest::{self, Descriptor, INDEX, ImageManifest, Parsed};
use crate::{Client, Digest, FetchError, Progress, ProtocolProblem, Reference, Repository};

/// Bytes of an answer to a push: registries say nothing, or an error.
const ANSWER_BYTES: u64 = 64 << 10;

impl Client {
    /// Pushes bytes as a blob, unless the registry has them; returns their digest.
    ///
    /// # Errors
    /// As [`FetchError`] says.
    pub fn push_blob(&self, repository: &Repository, bytes: &[u8]) -> Result<Digest, FetchError> {
        let digest = Digest::of(bytes);
        let what = format!("{repository}@{digest}");
        let path = format!("blobs/{digest}");
        let head = self.request(repository, Action::Push, &path, what.clone())?;
        let start = self.request(repository, Action::Push, "blobs/uploads/", what.clone())?;
        let start = start.method(Method::POST).body(Bytes::new());
        let body = Bytes::copy_from_slice(bytes);
        let total = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let told = |done_bytes| {
            if let Some(progress) = self.progress.as_deref() {
                progress(Progress { what: what.clone(), done_bytes, total_bytes: Some(total) });
            }
        };
        told(0);
        self.http.block_on(async {
            if self.http.head(&head).await?.is_some() {
                return Ok(());
            }
            let upload = || self.upload(&start, &digest, body.clone());
            let limit = self.http.limits.transfer_timeout;
            within(&what, limit, self.http.with_retries(upload)).await
        })?;
        told(total);
        Ok(digest)
    }

    /// Pushes a manifest under a tag or its digest, unless it is there; returns its digest. If it is
    /// about another manifest and the registry does not keep referrers, their fallback tag is updated.
    ///
    /// # Errors
    /// [`FetchError::Digest`] where `reference` is another digest than that of the bytes, or the
    /// registry says that it stored something else; [`FetchError::Protocol`] where they are not a
    /// manifest.
    pub fn push_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Digest, FetchError> {
        let what = named(repository, reference);
        let digest = Digest::of(bytes);
        match reference {
            Reference::Digest(expected) if *expected != digest => {
                return Err(FetchError::Digest {
                    what,
                    expected: expected.clone(),
                    actual: digest,
                });
            }
            _ => {}
        }
        let (_media_type, parsed) = manifest::parse(bytes, Some(media_type)).map_err(|err| {
            broken(&what, ProtocolProblem::Document("a manifest"), &err.to_string())
        })?;
        let path = format!("manifests/{reference}");
        let request = self.request(repository, Action::Push, &path, what.clone())?;
        let head = request.clone().header(ACCEPT.as_str(), media_type);
        let put = request.method(Method::PUT).header(CONTENT_TYPE.as_str(), media_type);
        let put = put.body(Bytes::copy_from_slice(bytes));
        let stored = self.http.block_on(async {
            let there = self.http.head(&head).await?;
            if there.as_ref().and_then(announced_digest).as_ref() == Some(&digest) {
                return Ok(None);
            }
            self.http.document(&put, ANSWER_BYTES).await.map(Some)
        })?;
        if let Some(answer) = &stored {
            check_stored(&what, answer, &digest)?;
        }
        let keeps = stored.is_some_and(|answer| answer.header("oci-subject").is_some());
        if let Parsed::Image(image) = &parsed
            && let Some(subject) = image.subject.as_ref().filter(|_| !keeps)
        {
            let own = referrer(&digest, media_type, bytes.len(), image);
            self.ensure_referrer(repository, &subject.digest, &own)?;
        }
        Ok(digest)
    }

    /// One upload in two requests: where to, and the bytes.
    async fn upload(
        &self,
        start: &Request,
        digest: &Digest,
        body: Bytes,
    ) -> Result<(), FetchError> {
        let session = self.once(start).await?;
        if session.status == 201 {
            return Ok(());
        }
        let url = upload_url(&start.what, &session, &start.url, digest)?;
        let put = Request { url, ..start.clone() }.method(Method::PUT);
        let length = body.len().to_string();
        let put = put
            .header(CONTENT_TYPE.as_str(), "application/octet-stream")
            .header(CONTENT_LENGTH.as_str(), &length)
            .body(body);
        self.once(&put).await.map(drop)
    }

    /// One request with a small answer, tried once.
    async fn once(&self, request: &Request) -> Result<Document, FetchError> {
        let mut answer = self.http.send(request).await?;
        let bytes = crate::http::read_capped(&request.what, &mut answer, ANSWER_BYTES).await?;
        Ok(Document::of(&answer, bytes))
    }

    /// Sees to it that a referrer is listed: by the registry, else in the index under the fallback tag.
    /// Two that do so at once for one subject may lose one entry, as the specification has it.
    fn ensure_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        own: &Descriptor,
    ) -> Result<(), FetchError> {
        let mut known = self.list_referrers(repository, subject)?;
        if known.iter().any(|entry| entry.digest == own.digest) {
            return Ok(());
        }
        known.push(own.clone());
        let entries: Vec<Value> = known.iter().map(index_entry).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        let tag = Reference::Tag(fallback_tag(subject));
        self.push_manifest(repository, &tag, INDEX, index.to_string().as_bytes()).map(drop)
    }
}

/// The digest that the registry says a manifest has; none where it does not say.
fn announced_digest(answer: &Document) -> Option<Digest> {
    answer.header("docker-content-digest").and_then(Digest::parse)
}

/// Where the bytes of an upload go: the same origin, with the digest in the query.
fn upload_url(
    what: &str,
    session: &Document,
    from: &Url,
    digest: &Digest,
) -> Result<Url, FetchError> {
    let location = session.header(LOCATION.as_str());
    let url = location.and_then(|text| session.url.join(text).ok());
    let mut url = url.ok_or_else(|| broken(what, ProtocolProblem::Location, ""))?;
    if !same_origin(&url, from) {
        let reason = HostError::OtherHost { from: authority_of(from), to: authority_of(&url) };
        return Err(FetchError::Host { what: what.to_owned(), reason });
    }
    url.query_pairs_mut().append_pair("digest", digest.as_str());
    Ok(url)
}

/// Compares what the registry says it stored with what was sent; silence is no error.
fn check_stored(what: &str, answer: &Document, digest: &Digest) -> Result<(), FetchError> {
    match announced_digest(answer) {
        Some(actual) if actual != *digest => {
            Err(FetchError::Digest { what: what.to_owned(), expected: digest.clone(), actual })
        }
        _ => Ok(()),
    }
}

/// The entry of a manifest in the list of referrers of its subject.
fn referrer(digest: &Digest, media_type: &str, size: usize, image: &ImageManifest) -> Descriptor {
    let artifact_type = image.artifact_type.as_ref().unwrap_or(&image.config.media_type);
    Descriptor {
        media_type: media_type.to_owned(),
        digest: digest.clone(),
        size: u64::try_from(size).unwrap_or(u64::MAX),
        artifact_type: Some(artifact_type.clone()),
        annotations: image.annotations.clone(),
    }
}

/// A descriptor as JSON.
fn index_entry(descriptor: &Descriptor) -> Value {
    let mut entry = Map::new();
    entry.insert("mediaType".to_owned(), json!(descriptor.media_type));
    entry.insert("digest".to_owned(), json!(descriptor.digest.as_str()));
    entry.insert("size".to_owned(), json!(descriptor.size));
    if let Some(artifact_type) = &descriptor.artifact_type {
        entry.insert("artifactType".to_owned(), json!(artifact_type));
    }
    if !descriptor.annotations.is_empty() {
        entry.insert("annotations".to_owned(), json!(descriptor.annotations));
    }
    Value::Object(entry)
}
