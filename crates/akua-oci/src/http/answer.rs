//! What came back: statuses to errors, bodies up to a limit.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use super::{Http, Request};
use crate::hosts::{HostError, authority_of, host_of};
use crate::{FetchError, NetworkProblem, ProtocolProblem, RemoteText};

/// Bytes of an error's body that are read: a registry's error is far shorter.
const ERROR_BODY_BYTES: u64 = 4096;
/// Shortest part of a token that is kept out of messages, in bytes.
const TELLING_BYTES: usize = 16;
/// Time for an error's body; what is not there by then is not shown.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Document {
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    /// Status, 2xx.
    pub(crate) status: StatusCode,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Body.
    pub(crate) bytes: Vec<u8>,
}

impl Document {
    /// An answer, and the body that was read of it.
    pub(crate) fn of(answer: &Response, bytes: Vec<u8>) -> Self {
        let (url, status) = (answer.url().clone(), answer.status());
        Self { url, status, headers: answer.headers().clone(), bytes }
    }

    /// A header as text, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Http {
    /// Reads a whole answer of at most `limit_bytes`.
    pub(super) async fn read_document(
        &self,
        what: &str,
        mut answer: Response,
        limit_bytes: u64,
    ) -> Result<Document, FetchError> {
        let host = host_of(answer.url());
        let bytes = read_capped(what, &mut answer, limit_bytes).await?;
        self.meter.received(what, &host, bytes.len())?;
        Ok(Document::of(&answer, bytes))
    }

    /// Turns an answer that is not a success into its error.
    pub(super) async fn check_status(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
        mut answer: Response,
    ) -> Result<Response, FetchError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let what = request.what.clone();
        let retry_after = retry_after(answer.headers());
        let body = tokio::time::timeout(ERROR_BODY_TIME, start_of(&mut answer)).await;
        let said = self.said(request, authorization, &body.unwrap_or_default());
        Err(match status.as_u16() {
            code @ (401 | 403) => {
                let host = authority_of(answer.url());
                let known = self.credentials.get(&host).is_some();
                FetchError::Auth { what, host, status: code, known, said }
            }
            404 | 410 => FetchError::NotFound { what },
            429 => FetchError::Rate { what, retry_after },
            status @ 500..=599 => FetchError::Server { what, status, retry_after, said },
            code => FetchError::Protocol { what, problem: ProtocolProblem::Status(code), said },
        })
    }
}

impl Http {
    /// What a server said; nothing where it says back to us what we showed it.
    fn said(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
        body: &[u8],
    ) -> RemoteText {
        let text = String::from_utf8_lossy(body);
        let header = authorization.and_then(|value| value.to_str().ok());
        let header = header.and_then(|text| text.split_once(' ')).map(|(_scheme, secret)| secret);
        let credential = self.credentials.get(&authority_of(&request.url));
        let secret = credential.map(|known| known.secret.reveal());
        let own = request.secret.iter().flat_map(|secret| parts(secret.reveal()));
        let echo = header.into_iter().chain(secret).chain(own).any(|secret| text.contains(secret));
        if echo { RemoteText::default() } else { RemoteText::new(body) }
    }
}

/// The parts of a token that tell something by themselves.
fn parts(secret: &str) -> impl Iterator<Item = &str> {
    secret.split('.').filter(|part| part.len() >= TELLING_BYTES)
}

/// Reads a body of at most `limit_bytes`; the announced length is checked before anything is read.
pub(crate) async fn read_capped(
    what: &str,
    answer: &mut Response,
    limit_bytes: u64,
) -> Result<Vec<u8>, FetchError> {
    let too_large =
        || FetchError::Size { what: what.to_owned(), limit: limit_bytes, unit: "bytes" };
    if announced_length(answer.headers()).is_some_and(|length| length > limit_bytes) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|err| interrupted(what, &err))? {
        let total = bytes.len().saturating_add(chunk.len());
        if u64::try_from(total).unwrap_or(u64::MAX) > limit_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The start of an error's body; what cannot be read is left out.
async fn start_of(answer: &mut Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= ERROR_BODY_BYTES {
            break;
        }
    }
    bytes
}

/// The length that the headers announce.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `Retry-After` in seconds. Its other form, a date, would need a clock: the own pause is used.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// An error of reqwest before an answer was there.
pub(crate) fn network(what: &str, limit: Duration, error: &reqwest::Error) -> FetchError {
    let what = what.to_owned();
    if let Some(reason) = cause::<HostError>(error) {
        return FetchError::Host { what, reason: reason.clone() };
    }
    if error.is_timeout() {
        return FetchError::Timeout { what, limit };
    }
    let problem = if cause::<rustls::Error>(error).is_some() {
        NetworkProblem::Tls
    } else if error.is_connect() {
        NetworkProblem::Connect
    } else {
        NetworkProblem::Interrupted
    };
    FetchError::Network { what, problem, said: innermost(error) }
}

/// An error of reqwest in the middle of a body.
pub(crate) fn interrupted(what: &str, error: &reqwest::Error) -> FetchError {
    let (what, problem) = (what.to_owned(), NetworkProblem::Interrupted);
    FetchError::Network { what, problem, said: innermost(error) }
}

/// The first cause of a type. An `io::Error` hides what it wraps from `source`, so it is opened.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()) {
            let inner: &(dyn Error + 'static) = inner;
            next = Some(inner);
            continue;
        }
        next = error.source();
    }
    None
}

/// The innermost cause in words; the outer ones have the URL with its query in them.
fn innermost(error: &(dyn Error + 'static)) -> RemoteText {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    if last.is::<reqwest::Error>() {
        return RemoteText::default();
    }
    RemoteText::new(last.to_string().as_bytes())
}
