//! `auth.toml`, changed: what `akua auth` does to its text. Layout and comments stay.

use toml_edit::{DocumentMut, Item, Table, value};

use super::{AuthProblem, CredentialsError, Secret, error, host_key, parse_akua};

/// One registry of the file, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryEntry {
    /// The host.
    pub host: String,
    /// The user, where it is one with a password.
    pub username: Option<String>,
    /// Host of the token server that may be shown the secret.
    pub realm: Option<String>,
}

/// Returns the text with `host` added, or its secret replaced.
///
/// # Errors
/// Where the text is malformed, or `host` is no host; docker's identity tokens have no place here.
pub fn add_registry(text: &str, host: &str, secret: &Secret) -> Result<String, CredentialsError> {
    let host = checked(host)?;
    parse_akua(text)?;
    let mut document = document(text)?;
    let registries = document.entry("registries").or_insert_with(implicit);
    let expected = "a table";
    let wrong = || error(None, AuthProblem::Type { key: "registries", expected });
    let registries = registries.as_table_like_mut().ok_or_else(wrong)?;
    let key = existing(registries.iter().map(|(key, _)| key), &host).unwrap_or(host);
    let entry = registries.entry(&key).or_insert_with(|| Item::Table(Table::new()));
    let entry = entry.as_table_like_mut().ok_or_else(wrong)?;
    let fields: &[(&str, &str)] = match secret {
        Secret::Basic { username, password } => {
            &[("username", username), ("password", password.reveal())]
        }
        Secret::Token(token) => &[("token", token.reveal())],
        Secret::Identity(_) => return Err(error(None, AuthProblem::Secret)),
    };
    for key in ["username", "password", "token"] {
        if fields.iter().all(|(field, _)| *field != key) {
            entry.remove(key);
        }
    }
    for (key, text) in fields {
        entry.insert(key, value(*text));
    }
    Ok(document.to_string())
}

/// Returns the text without `host`.
///
/// # Errors
/// Where the text is malformed, or has no such registry.
pub fn remove_registry(text: &str, host: &str) -> Result<String, CredentialsError> {
    let host = checked(host)?;
    parse_akua(text)?;
    let mut document = document(text)?;
    let registries = document.get_mut("registries").and_then(Item::as_table_like_mut);
    let key =
        registries.as_ref().and_then(|table| existing(table.iter().map(|(key, _)| key), &host));
    let (Some(registries), Some(key)) = (registries, key) else {
        return Err(error(None, AuthProblem::Absent));
    };
    registries.remove(&key);
    Ok(document.to_string())
}

/// The registries of the text, by host.
///
/// # Errors
/// Where the text is malformed.
pub fn list_registries(text: &str) -> Result<Vec<RegistryEntry>, CredentialsError> {
    let entries = parse_akua(text)?.into_iter().map(|(host, credential)| RegistryEntry {
        host,
        username: match credential.secret {
            Secret::Basic { username, .. } => Some(username),
            Secret::Token(_) | Secret::Identity(_) => None,
        },
        realm: credential.realm,
    });
    Ok(entries.collect())
}

/// The text as a document that can be changed.
fn document(text: &str) -> Result<DocumentMut, CredentialsError> {
    text.parse().map_err(|err: toml_edit::TomlError| error(err.span(), AuthProblem::Syntax("TOML")))
}

/// A table that shows only through the tables in it.
fn implicit() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

/// The key under which the file already has the host.
fn existing<'a>(mut keys: impl Iterator<Item = &'a str>, host: &str) -> Option<String> {
    keys.find(|key| host_key(key) == host).map(str::to_owned)
}

/// The host as it is written; refused where it is not one.
fn checked(host: &str) -> Result<String, CredentialsError> {
    let key = host_key(host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if key.is_empty() || !key.bytes().all(plain) {
        return Err(error(None, AuthProblem::Host));
    }
    Ok(key)
}
