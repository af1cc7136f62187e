//! Plain files over https: indexes and archives of classic Helm repositories.

use crate::download::{Expected, Fetched, download};
use crate::http::{Request, parse_url, shown};
use crate::{Client, FetchError, Sink};

impl Client {
    /// Streams a file of at most `limit_bytes` into `sink`; returns its digest and size.
    ///
    /// Credentials of the URL's host are shown if it asks for them. A broken transfer begins again
    /// from the start, since nothing says what the bytes must be.
    ///
    /// # Errors
    /// As [`FetchError`] says; the sink is empty then.
    pub fn fetch_file(
        &self,
        url: &str,
        limit_bytes: u64,
        sink: &mut dyn Sink,
    ) -> Result<Fetched, FetchError> {
        let url = parse_url(url)?;
        let what = shown(&url);
        let request = Request::get(url, what);
        let expected = Expected { limit_bytes, size: None, digest: None };
        let progress = self.progress.as_deref();
        self.http.block_on(download(&self.http, &request, &expected, sink, progress))
    }
}
