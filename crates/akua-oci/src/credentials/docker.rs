//! docker's `config.json`: its `auths`, and nothing else of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::error::Category;

use super::{AuthFile, AuthProblem, Credential, CredentialsError, Secret, host_key};
use crate::Redacted;

/// The part of the file that is read.
#[derive(Deserialize)]
struct Config {
    /// Registries by URL or host.
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

/// One registry; empty where a credential helper has the secret.
#[derive(Deserialize)]
struct Entry {
    /// base64 of `user:password`.
    #[serde(default)]
    auth: String,
    /// The user, in the open form.
    #[serde(default)]
    username: String,
    /// The password, in the open form.
    #[serde(default)]
    password: String,
    /// A token for the token server.
    #[serde(default)]
    identitytoken: String,
    /// A token for the registry.
    #[serde(default)]
    registrytoken: String,
}

/// Reads `auths`.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Credential>, CredentialsError> {
    // serde_json's own words may quote a value of the file: only its place and kind are used.
    let config: Config = serde_json::from_str(text).map_err(|err| {
        let problem = match err.classify() {
            Category::Data => {
                AuthProblem::Type { key: "auths", expected: "an object of objects of strings" }
            }
            Category::Io | Category::Syntax | Category::Eof => AuthProblem::Syntax("JSON"),
        };
        error(text, offset(text, err.line(), err.column()), problem)
    })?;
    // serde takes a list for a struct as well; docker does not.
    if !text.trim_start().starts_with('{') {
        return Err(error(text, 0, AuthProblem::Syntax("a JSON object")));
    }
    let mut found = BTreeMap::new();
    for (host, entry) in config.auths {
        let place = || text.find(host.as_str()).unwrap_or_default();
        let secret = entry.secret().map_err(|problem| error(text, place(), problem))?;
        if let Some(secret) = secret {
            found.insert(host_key(&host), Credential { secret, realm: None });
        }
    }
    Ok(found)
}

impl Entry {
    /// The secret, if the file itself has one.
    fn secret(self) -> Result<Option<Secret>, AuthProblem> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Secret::Identity(Redacted::new(self.identitytoken))));
        }
        if !self.registrytoken.is_empty() {
            return Ok(Some(Secret::Token(Redacted::new(self.registrytoken))));
        }
        if !self.auth.is_empty() {
            let bytes = STANDARD.decode(self.auth.trim()).unwrap_or_default();
            let text = String::from_utf8(bytes).unwrap_or_default();
            // docker pads the password with NULs in some versions.
            let (username, password) =
                text.trim_end_matches('\0').split_once(':').ok_or(AuthProblem::Base64)?;
            let password = Redacted::new(password);
            return Ok(Some(Secret::Basic { username: username.to_owned(), password }));
        }
        if self.username.is_empty() {
            return Ok(None);
        }
        let password = Redacted::new(self.password);
        Ok(Some(Secret::Basic { username: self.username, password }))
    }
}

/// An error at an offset.
fn error(text: &str, offset: usize, problem: AuthProblem) -> CredentialsError {
    let start = offset.min(text.len());
    let end = start.saturating_add(1).min(text.len());
    CredentialsError { file: AuthFile::Docker, span: start..end, problem }
}

/// The offset of a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before.saturating_add(column.saturating_sub(1))
}
