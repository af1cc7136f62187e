//! Bytes of any size, streamed into a sink: resumed where that is safe, verified at the end.

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::hosts::host_of;
use crate::http::{Http, Request, announced_length, interrupted, within};
use crate::{Digest, FetchError, NetworkProblem, Progress, ProgressFn, ProtocolProblem};
use crate::{RemoteText, Sink};

/// What the bytes must be.
pub(crate) struct Expected {
    /// Most bytes that are taken.
    pub(crate) limit_bytes: u64,
    /// Exactly so many, where that is known.
    pub(crate) size: Option<u64>,
    /// Their digest, where that is known. Only then is a transfer resumed: without it nothing would
    /// tell that the second half is of another file.
    pub(crate) digest: Option<Digest>,
}

/// What was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Digest of the bytes.
    pub digest: Digest,
    /// How many.
    pub size: u64,
}

/// A transfer under way, over all its attempts.
struct Transfer<'a> {
    /// The request without its range.
    request: &'a Request,
    /// What the bytes must be.
    expected: &'a Expected,
    /// Where they go.
    sink: &'a mut dyn Sink,
    /// Who is told.
    progress: Option<&'a ProgressFn>,
    /// Digest of what is in the sink.
    hasher: Sha256,
    /// Bytes in the sink.
    done: u64,
    /// Whether the sink holds bytes of more than one answer.
    resumed: bool,
}

/// Fetches into a sink; after an error the sink is empty.
pub(crate) async fn download(
    http: &Http,
    request: &Request,
    expected: &Expected,
    sink: &mut dyn Sink,
    progress: Option<&ProgressFn>,
) -> Result<Fetched, FetchError> {
    let hasher = Sha256::new();
    let mut transfer =
        Transfer { request, expected, sink, progress, hasher, done: 0, resumed: false };
    let limit = http.limits.transfer_timeout;
    let result = within(&request.what, limit, transfer.run(http)).await;
    if result.is_err() {
        // The error that is there says more than one of the clean-up would.
        drop(transfer.sink.restart());
    }
    result
}

impl Transfer<'_> {
    /// Attempts until it is whole, or has failed for good.
    async fn run(&mut self, http: &Http) -> Result<Fetched, FetchError> {
        let mut failures = 0_u32;
        self.restart()?;
        loop {
            let error = match self.attempt(http).await {
                Ok(()) => match self.verify() {
                    Ok(fetched) => return Ok(fetched),
                    // The server's bytes changed between two attempts: begin again, once more.
                    Err(_mixed) if self.resumed => {
                        self.restart()?;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
                Err(error) => error,
            };
            failures = failures.saturating_add(1);
            http.pause_or_give_up(failures, error).await?;
            if self.expected.digest.is_none() {
                self.restart()?;
            }
        }
    }

    /// One request, from where the last one broke.
    async fn attempt(&mut self, http: &Http) -> Result<(), FetchError> {
        let mut request = self.request.clone();
        if self.done > 0 {
            if self.expected.size == Some(self.done) {
                return Ok(());
            }
            request = request.header(RANGE.as_str(), &format!("bytes={}-", self.done));
        }
        let answer = match http.send(&request).await {
            // 416: the server's file is shorter than what we have of it.
            Err(FetchError::Protocol { problem: ProtocolProblem::Status(416), .. })
                if self.done > 0 =>
            {
                self.restart()?;
                http.send(self.request).await?
            }
            other => other?,
        };
        self.place(&answer)?;
        self.receive(http, answer).await
    }

    /// Keeps what is in the sink if the answer goes on from there; else begins again.
    fn place(&mut self, answer: &Response) -> Result<(), FetchError> {
        let wrong = |problem| {
            let said = RemoteText::default();
            FetchError::Protocol { what: self.request.what.clone(), problem, said }
        };
        let from = format!("bytes {}-", self.done);
        let range = answer.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        match (self.done, answer.status()) {
            // Nobody asked for a part; without a digest it would pass for the whole.
            (0, StatusCode::PARTIAL_CONTENT) => Err(wrong(ProtocolProblem::Status(206))),
            (0, _) => Ok(()),
            (_, StatusCode::PARTIAL_CONTENT) if range.is_some_and(|r| r.starts_with(&from)) => {
                self.resumed = true;
                Ok(())
            }
            (_, StatusCode::PARTIAL_CONTENT) => {
                Err(wrong(ProtocolProblem::Header("Content-Range")))
            }
            _ => self.restart(),
        }
    }

    /// Reads a body into the sink.
    async fn receive(&mut self, http: &Http, mut answer: Response) -> Result<(), FetchError> {
        let limit = self.limit();
        let announced = announced_length(answer.headers()).unwrap_or(0);
        if self.done.saturating_add(announced) > limit {
            return Err(self.too_large());
        }
        let total = self.expected.size.or((announced > 0).then_some(announced));
        let what = self.request.what.as_str();
        let host = host_of(answer.url());
        while let Some(chunk) = answer.chunk().await.map_err(|err| interrupted(what, &err))? {
            http.meter.received(what, &host, chunk.len())?;
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let done = self.done.saturating_add(length);
            if done > limit {
                return Err(self.too_large());
            }
            self.sink.write_all(&chunk).map_err(|source| self.sink_error(source))?;
            self.hasher.update(&chunk);
            self.done = done;
            if let Some(progress) = self.progress {
                progress(Progress { what: what.to_owned(), done_bytes: done, total_bytes: total });
            }
        }
        if self.expected.size.is_some_and(|size| self.done < size) {
            let problem = NetworkProblem::Interrupted;
            let said = RemoteText::default();
            return Err(FetchError::Network { what: what.to_owned(), problem, said });
        }
        Ok(())
    }

    /// The most bytes that are taken.
    fn limit(&self) -> u64 {
        self.expected.size.unwrap_or(u64::MAX).min(self.expected.limit_bytes)
    }

    /// Compares what is in the sink with what was asked for.
    fn verify(&mut self) -> Result<Fetched, FetchError> {
        self.sink.flush().map_err(|source| self.sink_error(source))?;
        let actual = Digest::from_bytes(self.hasher.clone().finalize().into());
        match &self.expected.digest {
            Some(expected) if *expected != actual => Err(FetchError::Digest {
                what: self.request.what.clone(),
                expected: expected.clone(),
                actual,
            }),
            _ => Ok(Fetched { digest: actual, size: self.done }),
        }
    }

    /// Forgets everything.
    fn restart(&mut self) -> Result<(), FetchError> {
        self.sink.restart().map_err(|source| self.sink_error(source))?;
        (self.hasher, self.done, self.resumed) = (Sha256::new(), 0, false);
        Ok(())
    }

    /// The sink refused.
    fn sink_error(&self, source: std::io::Error) -> FetchError {
        FetchError::Sink { what: self.request.what.clone(), source }
    }

    /// There is more than may be.
    fn too_large(&self) -> FetchError {
        let what = self.request.what.clone();
        FetchError::Size { what, limit: self.limit(), unit: "bytes" }
    }
}
