//! `akua auth`: credentials of registries, in akua's own `auth.toml`.

use crate::{Failure, Home};
use akua_oci::{
    CredentialsError, Redacted, Secret, add_registry, list_registries, remove_registry,
};
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;

/// A registry that akua has credentials for.
#[derive(Debug, Serialize)]
pub struct Registry {
    /// Its host.
    #[serde(rename = "registry")]
    pub host: String,
    /// `basic` or `bearer`.
    pub auth_kind: &'static str,
    /// The user, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// The result of `auth list`.
#[derive(Debug, Serialize)]
pub struct List {
    /// Always `list`.
    pub action: &'static str,
    /// The file.
    pub path: String,
    /// What is in it; never a secret.
    pub registries: Vec<Registry>,
}

/// Lists the registries of `auth.toml`.
///
/// # Errors
/// [`Failure`].
pub fn list(home: &Home) -> Result<List, Failure> {
    let text = home.auth_text()?;
    let entries = list_registries(&text).map_err(|error| malformed(home, &error))?;
    let registries = entries.into_iter().map(|entry| Registry {
        host: entry.host,
        auth_kind: if entry.username.is_some() { "basic" } else { "bearer" },
        username: entry.username,
    });
    let path = home.auth.display().to_string();
    Ok(List { action: "list", path, registries: registries.collect() })
}

/// Adds a registry, or replaces its secret: a password if there is a user, else a token.
///
/// # Errors
/// [`Failure`]; the file is as it was then.
pub fn add(
    home: &Home,
    registry: &str,
    username: Option<&str>,
    secret: &str,
) -> Result<(), Failure> {
    let secret = secret.trim_end_matches(['\n', '\r']);
    if secret.is_empty() {
        let message = "there is no secret on the standard input";
        let help = "pipe the password or token in: akua auth add --registry HOST < FILE";
        return Err(Diagnostic::error("E_AUTH_SECRET", message).help(help).into());
    }
    let redacted = Redacted::new(secret.to_owned());
    let secret = match username {
        Some(username) => Secret::Basic { username: username.to_owned(), password: redacted },
        None => Secret::Token(redacted),
    };
    let text = home.auth_text()?;
    let edited = add_registry(&text, registry, &secret).map_err(|error| malformed(home, &error))?;
    Ok(akua_disk::write_secret(&home.auth, edited.as_bytes())?)
}

/// Removes a registry.
///
/// # Errors
/// [`Failure`]; the file is as it was then.
pub fn remove(home: &Home, registry: &str) -> Result<(), Failure> {
    let text = home.auth_text()?;
    let edited = remove_registry(&text, registry).map_err(|error| malformed(home, &error))?;
    Ok(akua_disk::write_secret(&home.auth, edited.as_bytes())?)
}

/// Says what is wrong with the file; what is in it is shown to nobody.
fn malformed(home: &Home, error: &CredentialsError) -> Failure {
    let mut diagnostic = error.to_diagnostic(SourceMap::default().add("", ""));
    diagnostic.labels.clear();
    let path = home.auth.display().to_string();
    diagnostic.note(format!("the file is {path}")).path(path).into()
}
