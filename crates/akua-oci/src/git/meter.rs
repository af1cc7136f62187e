//! What a git server may send, counted; and the error that ended a transfer, kept typed.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::{Client, FetchError, GitProblem, Progress, RemoteText};

/// The account of one conversation with a git server.
pub(super) struct Meter<'a> {
    /// Whose limits, and who is told of progress.
    pub(super) client: &'a Client,
    /// The repository.
    what: String,
    /// When it must be over.
    deadline: Instant,
    /// Bytes so far, and what went wrong first.
    state: Mutex<(u64, Option<FetchError>)>,
}

impl<'a> Meter<'a> {
    /// Opens the account.
    pub(super) fn new(client: &'a Client, what: String) -> Arc<Self> {
        let deadline = client.http.deadline();
        Arc::new(Self { client, what, deadline, state: Mutex::default() })
    }

    /// The repository.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// When it must be over.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Counts bytes that came in.
    pub(super) fn charge(&self, bytes: usize) -> io::Result<()> {
        let limit = self.client.http.limits.git_transfer_bytes;
        let done = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 = state.0.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            state.0
        };
        if done > limit {
            let what = self.what.clone();
            return Err(self.fail(FetchError::Size { what, limit, unit: "bytes" }));
        }
        if Instant::now() > self.deadline {
            return Err(self.late());
        }
        if let Some(progress) = self.client.progress.as_deref() {
            progress(Progress { what: self.what.clone(), done_bytes: done, total_bytes: None });
        }
        Ok(())
    }

    /// It took too long.
    pub(super) fn late(&self) -> io::Error {
        let limit = self.client.http.limits.transfer_timeout;
        self.fail(FetchError::Timeout { what: self.what.clone(), limit })
    }

    /// Keeps an error, and returns what gix is told instead.
    pub(super) fn fail(&self, error: FetchError) -> io::Error {
        let told = match &error {
            FetchError::Auth { .. } => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1.is_none() {
            state.1 = Some(error);
        }
        told.into()
    }

    /// The error that ended the conversation: the one kept, else what gix says.
    pub(super) fn error(&self, problem: GitProblem, error: &(dyn Error + 'static)) -> FetchError {
        let kept = self.state.lock().unwrap_or_else(PoisonError::into_inner).1.take();
        kept.unwrap_or_else(|| {
            let mut words = error.to_string();
            let mut next = error.source();
            while let Some(source) = next {
                words.push_str(": ");
                words.push_str(&source.to_string());
                next = source.source();
            }
            let said = RemoteText::new(words.as_bytes());
            FetchError::Git { what: self.what.clone(), problem, said }
        })
    }
}
