//! gix's idea of HTTP over our client.
//!
//! A POST is sent when its answer is first read: gix has written all of the request by then.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use gix_transport::client::blocking_io::http::{
    GetResponse, Http as GitHttp, PostBodyDataKind, PostResponse, connect_http,
};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Response, Url};

use super::meter::Meter;
use super::{AnyTransport, git_error};
use crate::hosts::host_of;
use crate::http::{Request, interrupted, parse_url, within};
use crate::{FetchError, GitProblem};

/// A connection over https, or http on loopback.
pub(super) fn transport<'a>(
    url: &Url,
    meter: &Arc<Meter<'a>>,
) -> Result<AnyTransport<'a>, FetchError> {
    let wrong = |_err| git_error(meter.what(), GitProblem::Url, "");
    let parsed = gix::url::parse(url.as_str()).map_err(wrong)?;
    let backend = Backend { meter: Arc::clone(meter), redirected: None };
    Ok(Box::new(connect_http(backend, parsed, gix_transport::Protocol::V2, false)))
}

/// Our client, as gix wants it.
struct Backend<'a> {
    /// Limits and errors.
    meter: Arc<Meter<'a>>,
    /// Where the repository turned out to be.
    redirected: Option<String>,
}

/// An exchange under way, shared by the parts that gix wants to hold.
struct Exchange<'a> {
    /// Limits and errors.
    meter: Arc<Meter<'a>>,
    /// The request, until it is sent.
    request: Option<Request>,
    /// What gix wrote of its body.
    body: Vec<u8>,
    /// The answer.
    answer: Option<Response>,
}

/// The request's body, as gix writes it.
struct PostBody<'a>(Rc<RefCell<Exchange<'a>>>);

/// The answer's headers, line by line.
struct Headers<'a> {
    /// The exchange.
    exchange: Rc<RefCell<Exchange<'a>>>,
    /// The lines, once the answer is there.
    lines: Option<Cursor<Vec<u8>>>,
}

/// The answer's body.
struct Body<'a> {
    /// The exchange.
    exchange: Rc<RefCell<Exchange<'a>>>,
    /// What was taken out of it and not read yet.
    chunk: Bytes,
}

impl<'a> Backend<'a> {
    /// A request with gix's headers.
    fn request(
        &self,
        method: Method,
        url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> io::Result<Request> {
        let url = parse_url(url).map_err(|err| self.meter.fail(err))?;
        let mut request = Request::get(url, self.meter.what()).method(method);
        for header in headers {
            let Some((name, value)) = header.as_ref().split_once(':') else { continue };
            let name = name.parse::<HeaderName>().map_err(io::Error::other)?;
            let value = HeaderValue::from_str(value.trim()).map_err(io::Error::other)?;
            request.headers.insert(name, value);
        }
        Ok(request)
    }

    /// An exchange that is yet to begin.
    fn exchange(&self, request: Request) -> Rc<RefCell<Exchange<'a>>> {
        Rc::new(RefCell::new(Exchange {
            meter: Arc::clone(&self.meter),
            request: Some(request),
            body: Vec::new(),
            answer: None,
        }))
    }
}

impl<'a> GitHttp for Backend<'a> {
    type Headers = Headers<'a>;
    type ResponseBody = Body<'a>;
    type PostBody = PostBody<'a>;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Self::Headers, Self::ResponseBody>> {
        let request = self.request(Method::GET, url, headers).map_err(gix::Error::from_error)?;
        let exchange = self.exchange(request);
        let landed = exchange.borrow_mut().start().map_err(gix::Error::from_error)?;
        // The POST that follows goes where the GET landed, if that is the same path of another base.
        let tail = url.strip_prefix(base_url).unwrap_or_default();
        if landed.as_str() != url
            && let Some(base) = landed.as_str().strip_suffix(tail)
        {
            self.redirected = Some(base.to_owned());
        }
        let headers = Headers { exchange: Rc::clone(&exchange), lines: None };
        Ok(GetResponse { headers, body: Body { exchange, chunk: Bytes::new() } })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>> {
        let request = self.request(Method::POST, url, headers).map_err(gix::Error::from_error)?;
        let exchange = self.exchange(request);
        Ok(PostResponse {
            post_body: PostBody(Rc::clone(&exchange)),
            headers: Headers { exchange: Rc::clone(&exchange), lines: None },
            body: Body { exchange, chunk: Bytes::new() },
        })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected.clone()
    }
}

impl Exchange<'_> {
    /// Sends the request, if that has not happened; returns where it landed.
    fn start(&mut self) -> io::Result<Url> {
        if let Some(mut request) = self.request.take() {
            if request.method == Method::POST {
                request.body = Some(std::mem::take(&mut self.body).into());
            }
            let http = &self.meter.client.http;
            let limit = http.limits.document_timeout;
            // Reading refs and packs changes nothing at the server, so each may be asked again.
            let once = || within(&request.what, limit, http.send(&request));
            let answer = http.block_on(http.with_retries(once));
            self.answer = Some(answer.map_err(|err| self.meter.fail(err))?);
        }
        let answer = self.answer.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(answer.url().clone())
    }

    /// The next bytes of the answer; none at its end.
    fn next(&mut self) -> io::Result<Bytes> {
        self.start()?;
        let answer = self.answer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        let deadline = self.meter.deadline();
        let next = async { tokio::time::timeout_at(deadline, answer.chunk()).await };
        let chunk = match self.meter.client.http.block_on(next) {
            Err(_elapsed) => return Err(self.meter.late()),
            Ok(Err(err)) => {
                return Err(self.meter.fail(interrupted(self.meter.what(), &err)));
            }
            Ok(Ok(chunk)) => chunk.unwrap_or_default(),
        };
        let host = host_of(answer.url());
        let received = self.meter.client.http.meter.received(self.meter.what(), &host, chunk.len());
        received.map_err(|err| self.meter.fail(err))?;
        self.meter.charge(chunk.len())?;
        Ok(chunk)
    }
}

impl Write for PostBody<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Headers<'_> {
    /// The lines, asked for if need be.
    fn lines(&mut self) -> io::Result<&mut Cursor<Vec<u8>>> {
        if self.lines.is_none() {
            let mut exchange = self.exchange.borrow_mut();
            exchange.start()?;
            let mut lines = Vec::new();
            for (name, value) in exchange.answer.iter().flat_map(Response::headers) {
                lines.extend_from_slice(name.as_str().as_bytes());
                lines.extend_from_slice(b": ");
                lines.extend_from_slice(value.as_bytes());
                lines.push(b'\n');
            }
            self.lines = Some(Cursor::new(lines));
        }
        self.lines.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines()?.read(buffer)
    }
}

impl BufRead for Headers<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(amount);
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Body<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk = self.exchange.borrow_mut().next()?;
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, amount: usize) {
        drop(self.chunk.split_to(amount.min(self.chunk.len())));
    }
}
