//! Services that are no registries: what signs certificates, keeps logs, tells the time or gives tokens.

use crate::http::{Request, parse_url, shown};
use crate::{Client, FetchError, Redacted};
use reqwest::Method;

/// Something that is posted to a service.
#[derive(Debug)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// What the body is: a media type.
    pub content_type: &'static str,
    /// What the answer should be: a media type.
    pub accept: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// What the body has that no message may repeat, though the server should say it back.
    pub secret: Option<Redacted>,
    /// Largest answer, in bytes.
    pub limit_bytes: u64,
}

impl Client {
    /// Posts something, and returns the answer. No redirect is followed; what failed in a way that
    /// may pass is tried again, so that it has to be something that may come twice.
    ///
    /// # Errors
    /// As [`FetchError`] says.
    pub fn post(&self, post: Post) -> Result<Vec<u8>, FetchError> {
        let url = parse_url(&post.url)?;
        let what = shown(&url);
        let mut request = Request::get(url, what)
            .method(Method::POST)
            .header("content-type", post.content_type)
            .header("accept", post.accept)
            .body(post.body.into());
        request.secret = post.secret;
        let document = self.http.block_on(self.http.document(&request, post.limit_bytes))?;
        Ok(document.bytes)
    }

    /// Fetches a document that is there for who has a secret, which no other host is shown.
    ///
    /// # Errors
    /// As [`FetchError`] says.
    pub fn fetch_with(
        &self,
        url: &str,
        bearer: &Redacted,
        limit_bytes: u64,
    ) -> Result<Vec<u8>, FetchError> {
        let url = parse_url(url)?;
        let what = shown(&url);
        let request = Request::get(url, what).header("accept", "application/json");
        let document = self.http.document_as(&request, bearer, limit_bytes);
        Ok(self.http.block_on(document)?.bytes)
    }
}
