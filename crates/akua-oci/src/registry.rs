//! The distribution API of registries: one module a direction.
//!
//! # Spec
//! OCI distribution-spec 1.1.

mod lists;
mod pull;
mod push;

use reqwest::Url;

use crate::hosts::is_loopback;
use crate::http::{Request, parse_url};
use crate::{Client, FetchError, ProtocolProblem, RemoteText, Repository};

/// What is done to a repository; what a token must allow.
#[derive(Debug, Clone, Copy)]
enum Action {
    /// Reading.
    Pull,
    /// Reading and writing.
    Push,
}

impl Client {
    /// A GET below a repository; `path` begins after its name.
    fn request(
        &self,
        repository: &Repository,
        action: Action,
        path: &str,
        what: String,
    ) -> Result<Request, FetchError> {
        let url = endpoint(repository, path)?;
        self.http
            .rules
            .check_url(&url)
            .map_err(|reason| FetchError::Host { what: what.clone(), reason })?;
        let actions = match action {
            Action::Pull => "pull",
            Action::Push => "pull,push",
        };
        let scope = format!("repository:{}:{actions}", repository.name());
        Ok(Request::get(url, what).scope(scope))
    }
}

/// The URL of something in a repository: http for loopback, else https.
fn endpoint(repository: &Repository, path: &str) -> Result<Url, FetchError> {
    // The scheme is chosen by the host as the URL parser understands it, not as it is spelled.
    let url = parse_url(&format!("https://{}/v2/{}/{path}", repository.host(), repository.name()))?;
    if is_loopback(&crate::hosts::host_of(&url)) {
        return parse_url(&format!("http://{}/v2/{}/{path}", repository.host(), repository.name()));
    }
    Ok(url)
}

/// An answer that breaks the protocol.
fn broken(what: &str, problem: ProtocolProblem, said: &str) -> FetchError {
    let said = RemoteText::new(said.as_bytes());
    FetchError::Protocol { what: what.to_owned(), problem, said }
}
