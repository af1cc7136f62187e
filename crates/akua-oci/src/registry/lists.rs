//! Tags and referrers: lists that come in pages, and end.

use std::collections::BTreeSet;

use reqwest::Url;
use reqwest::header::{ACCEPT, LINK};
use serde::Deserialize;

use super::{Action, broken};
use crate::hosts::{HostError, authority_of, same_origin};
use crate::http::{Document, Request};
use crate::manifest::{self, INDEX, Parsed};
use crate::{Client, Descriptor, Digest, FetchError, ProtocolProblem, Reference, Repository};

/// Tags asked for at once.
const PAGE_TAGS: usize = 1000;

/// One page of tags.
#[derive(Deserialize)]
struct TagPage {
    /// The tags; `null` from some registries where there are none.
    tags: Option<Vec<String>>,
}

impl Client {
    /// The tags of a repository, sorted, each once. Names that are no tags are left out.
    ///
    /// # Errors
    /// [`FetchError::Size`] over `tags` or `pages`, besides what any request may meet.
    pub fn list_tags(&self, repository: &Repository) -> Result<Vec<String>, FetchError> {
        let what = format!("tags of {repository}");
        let path = format!("tags/list?n={PAGE_TAGS}");
        let request = self.request(repository, Action::Pull, &path, what.clone())?;
        let limit = self.http.limits.tags;
        let mut tags = BTreeSet::new();
        self.pages(request, |document| {
            let page: TagPage = serde_json::from_slice(&document.bytes).map_err(|err| {
                broken(&what, ProtocolProblem::Document("a list of tags"), &err.to_string())
            })?;
            let names = page.tags.unwrap_or_default().into_iter();
            tags.extend(names.filter(|tag| matches!(Reference::parse(tag), Ok(Reference::Tag(_)))));
            within(&what, tags.len(), limit, "tags")
        })?;
        Ok(tags.into_iter().collect())
    }

    /// The manifests that are about `digest`: by the referrers API, else by the fallback tag.
    ///
    /// # Errors
    /// [`FetchError::Size`] over `referrers` or `pages`, besides what any request may meet.
    pub fn list_referrers(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, FetchError> {
        let what = format!("referrers of {repository}@{digest}");
        let path = format!("referrers/{digest}");
        let request = self.request(repository, Action::Pull, &path, what.clone())?;
        let request = request.header(ACCEPT.as_str(), INDEX);
        let mut found = Vec::new();
        let listed = self.pages(request, |document| {
            let (_media_type, parsed) = manifest::parse(&document.bytes, None).map_err(|err| {
                broken(&what, ProtocolProblem::Document("an index"), &err.to_string())
            })?;
            found.extend(entries(&what, parsed)?);
            within(&what, found.len(), self.http.limits.referrers, "referrers")
        });
        match listed {
            Ok(()) => Ok(found),
            // A registry without the API; some answer with a page for people, or a bad request.
            Err(FetchError::NotFound { .. }) => self.referrers_by_tag(repository, digest),
            Err(error) => Err(error),
        }
    }

    /// The referrers that the fallback tag lists; none where there is no such tag.
    fn referrers_by_tag(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, FetchError> {
        let tag = fallback_tag(digest);
        let what = format!("{repository}:{tag}");
        match self.fetch_manifest(repository, &Reference::Tag(tag)) {
            Ok(manifest) => {
                let found = entries(&what, manifest.parsed)?;
                within(&what, found.len(), self.http.limits.referrers, "referrers")?;
                Ok(found)
            }
            Err(FetchError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Reads page after page, as long as each names a next one of the same origin.
    fn pages(
        &self,
        mut request: Request,
        mut read: impl FnMut(&Document) -> Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        let limits = &self.http.limits;
        let mut seen = BTreeSet::new();
        for _page in 0..limits.pages {
            seen.insert(request.url.to_string());
            let document =
                self.http.block_on(self.http.document(&request, limits.document_bytes))?;
            read(&document)?;
            let Some(next) = next_page(&document) else { return Ok(()) };
            if !same_origin(&next, &request.url) {
                let (from, to) = (authority_of(&request.url), authority_of(&next));
                let reason = HostError::OtherHost { from, to };
                return Err(FetchError::Host { what: request.what, reason });
            }
            if seen.contains(next.as_str()) {
                return Err(broken(&request.what, ProtocolProblem::Pages, ""));
            }
            request.url = next;
        }
        within(&request.what, limits.pages.saturating_add(1), limits.pages, "pages")
    }
}

/// The tag under which registries without the API list referrers.
///
/// # Spec
/// distribution-spec, "Referrers Tag Schema".
pub(super) fn fallback_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// The entries of an index.
fn entries(what: &str, parsed: Parsed) -> Result<Vec<Descriptor>, FetchError> {
    match parsed {
        Parsed::Index(entries) => Ok(entries),
        Parsed::Image(_) => Err(broken(what, ProtocolProblem::Document("an index"), "")),
    }
}

/// The URL in `Link: <…>; rel="next"`.
fn next_page(document: &Document) -> Option<Url> {
    let text = document.header(LINK.as_str())?;
    let (target, parameters) = text.trim().strip_prefix('<')?.split_once('>')?;
    let next = parameters
        .split(';')
        .any(|parameter| matches!(parameter.trim(), "rel=next" | "rel=\"next\""));
    next.then(|| document.url.join(target).ok()).flatten()
}

/// Checks a count.
fn within(what: &str, count: usize, limit: usize, unit: &'static str) -> Result<(), FetchError> {
    if count <= limit {
        return Ok(());
    }
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    Err(FetchError::Size { what: what.to_owned(), limit, unit })
}
