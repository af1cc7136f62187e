//! Who we are at which host: the text of `auth.toml` and of docker's `config.json`, read.
//!
//! **Invariant:** no message made here has a secret in it, nor a value of the file at all. Credential
//! helpers (`credsStore`, `credHelpers`) are programs and are not run.

mod docker;
mod edit;

use std::collections::BTreeMap;
use std::ops::Range;

use akua_source::{Diagnostic, FileId, Span};
use toml_edit::{Document, Item, TableLike};

pub use self::edit::{RegistryEntry, add_registry, list_registries, remove_registry};
use crate::Redacted;

/// What proves who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A user and a password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Redacted,
    },
    /// A token, sent to the registry as it is.
    Token(Redacted),
    /// A token with which a token server gives out others (docker's `identitytoken`).
    Identity(Redacted),
}

impl Secret {
    /// The part of it that is secret.
    pub(crate) fn reveal(&self) -> &str {
        match self {
            Self::Basic { password: secret, .. } | Self::Token(secret) | Self::Identity(secret) => {
                secret.reveal()
            }
        }
    }
}

/// What is known of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// What proves who we are.
    pub secret: Secret,
    /// Host of the token server that may be shown the secret besides the registry itself.
    pub realm: Option<String>,
}

/// Credentials by host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Host, with its port where it is not the usual one.
    by_host: BTreeMap<String, Credential>,
}

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFile {
    /// akua's own `auth.toml`.
    Akua,
    /// docker's `config.json`.
    Docker,
}

/// A file of credentials is malformed.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{problem}")]
pub struct CredentialsError {
    /// Which file.
    pub file: AuthFile,
    /// The bytes at fault.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub problem: AuthProblem,
}

/// What is wrong with a file of credentials.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum AuthProblem {
    /// The text does not parse.
    #[error("the file is not {0}")]
    Syntax(&'static str),
    /// A value has another type than it must have.
    #[error("expected `{key}` to be {expected}")]
    Type {
        /// Key of the value.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A key that means nothing here.
    #[error("unknown key; expected `username` and `password`, or `token`, and perhaps `realm`")]
    UnknownKey,
    /// Neither `username` and `password` nor `token`, or both.
    #[error("expected either `username` and `password`, or `token`")]
    Secret,
    /// `auth` does not decode to `user:password`.
    #[error("expected `auth` to be base64 of `user:password`")]
    Base64,
    /// The name of the registry is not a host.
    #[error("expected a host name such as `registry.example.com` or `localhost:5000`")]
    Host,
    /// The registry is not in the file.
    #[error("the file has no such registry")]
    Absent,
}

impl CredentialsError {
    /// What to tell a person; `file` is where the text stands in the source map.
    pub fn to_diagnostic(&self, file: FileId) -> Diagnostic {
        let bound = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span { file, start: bound(self.span.start), end: bound(self.span.end) };
        let help = match self.file {
            AuthFile::Akua => "`akua auth add --registry HOST` writes this file",
            AuthFile::Docker => "`docker login HOST` writes this file",
        };
        Diagnostic::error("E_AUTH_FILE", self.problem.to_string()).label(span, "").help(help)
    }
}

impl Credentials {
    /// Reads akua's `auth.toml` and docker's `config.json`; where both know a host, akua's wins.
    ///
    /// # Errors
    /// [`CredentialsError`] where a text is malformed.
    pub fn parse(akua: Option<&str>, docker: Option<&str>) -> Result<Self, CredentialsError> {
        let mut by_host = BTreeMap::new();
        if let Some(text) = docker {
            by_host.extend(docker::parse(text)?);
        }
        if let Some(text) = akua {
            by_host.extend(parse_akua(text)?);
        }
        Ok(Self { by_host })
    }

    /// Adds one host.
    #[must_use]
    pub fn with(mut self, host: &str, credential: Credential) -> Self {
        self.by_host.insert(host_key(host), credential);
        self
    }

    /// What is known of `host`, which has its port where it is not the usual one.
    pub(crate) fn get(&self, host: &str) -> Option<&Credential> {
        self.by_host.get(host)
    }
}

/// The host in `https://Host:443/v1/`, as credentials are looked up.
fn host_key(text: &str) -> String {
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_scheme, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
    host.strip_suffix(":443").map(str::to_owned).unwrap_or(host)
}

/// An error of `auth.toml`.
fn error(span: Option<Range<usize>>, problem: AuthProblem) -> CredentialsError {
    CredentialsError { file: AuthFile::Akua, span: span.unwrap_or_default(), problem }
}

/// Reads `[registries."host"]` tables.
fn parse_akua(text: &str) -> Result<BTreeMap<String, Credential>, CredentialsError> {
    let document =
        Document::parse(text).map_err(|err| error(err.span(), AuthProblem::Syntax("TOML")))?;
    let mut found = BTreeMap::new();
    let Some(registries) = document.get("registries") else { return Ok(found) };
    let expected = "a table of tables, such as [registries.\"registry.example.com\"]";
    let wrong = AuthProblem::Type { key: "registries", expected };
    let table =
        registries.as_table_like().ok_or_else(|| error(registries.span(), wrong.clone()))?;
    for (host, item) in table.iter() {
        let entry = item.as_table_like().ok_or_else(|| error(item.span(), wrong.clone()))?;
        found.insert(host_key(host), parse_entry(item, entry)?);
    }
    Ok(found)
}

/// Reads one registry.
fn parse_entry(item: &Item, entry: &dyn TableLike) -> Result<Credential, CredentialsError> {
    for (key, value) in entry.iter() {
        if !["username", "password", "token", "realm"].contains(&key) {
            return Err(error(value.span(), AuthProblem::UnknownKey));
        }
    }
    let text = |key: &'static str| match entry.get(key) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(error(value.span(), AuthProblem::Type { key, expected: "a string" })),
        },
    };
    let secret = match (text("username")?, text("password")?, text("token")?) {
        (Some(username), Some(password), None) => {
            Secret::Basic { username, password: Redacted::new(password) }
        }
        (None, None, Some(token)) => Secret::Token(Redacted::new(token)),
        _ => return Err(error(item.span(), AuthProblem::Secret)),
    };
    Ok(Credential { secret, realm: text("realm")?.map(|realm| host_key(&realm)) })
}

#[cfg(test)]
mod tests;
