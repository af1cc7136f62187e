//! What is asked for: digests, repositories, references.

use std::fmt;

use akua_source::Digest;

use crate::hosts::place_of;
use crate::http::parse_url;

/// Longest name of a repository, in bytes (distribution-spec: host and name together).
const NAME_LIMIT_BYTES: usize = 255;
/// Longest tag, in bytes (distribution-spec).
const TAG_LIMIT_BYTES: usize = 128;

/// Why a name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// Not `sha256:` and 64 lower-case hex digits.
    #[error("expected `sha256:` and 64 lower-case hex digits, found `{}`", escaped(.0))]
    Digest(String),
    /// Not `host[:port]/name`.
    #[error("expected `host/name` in lower case, found `{}`", escaped(.0))]
    Repository(String),
    /// Neither a tag nor a digest.
    #[error("expected a tag or a digest, found `{}`", escaped(.0))]
    Reference(String),
}

/// A name as it can be shown.
fn escaped(text: &str) -> crate::RemoteText {
    crate::RemoteText::new(text.as_bytes())
}

/// Parses the text of a digest.
///
/// # Errors
/// [`NameError::Digest`] where it is not one, or of another algorithm.
pub(crate) fn digest(text: &str) -> Result<Digest, NameError> {
    Digest::parse(text).ok_or_else(|| NameError::Digest(text.to_owned()))
}

/// A repository of a registry: `host[:port]/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// Host, with its port where one was given.
    host: String,
    /// Name within the registry.
    name: String,
}

impl Repository {
    /// Parses `host[:port]/name`, with or without `oci://` before it.
    ///
    /// # Errors
    /// [`NameError::Repository`] where host or name is missing or has characters that it may not.
    ///
    /// # Spec
    /// distribution-spec, "Pulling manifests": the grammar of `<name>`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let error = || NameError::Repository(text.to_owned());
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (host, name) = rest.split_once('/').ok_or_else(error)?;
        if text.len() > NAME_LIMIT_BYTES || !is_host(host) || !name.split('/').all(is_component) {
            return Err(error());
        }
        Ok(Self { host: host.to_owned(), name: name.to_owned() })
    }

    /// Host, with its port where one was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Name within the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the one text that all spellings of the same place have: `oci://HOST/NAME`, the host as
    /// URLs have it, without final dot and without the usual port. Rules are compared with it.
    pub fn source(&self) -> String {
        let url = parse_url(&format!("https://{}/", self.host));
        let authority = url.map_or_else(|_never_reached| self.host.clone(), |url| place_of(&url));
        format!("oci://{authority}/{}", self.name)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.host, self.name)
    }
}

/// Whether it is `host`, `host:port` or `[v6]:port`; the URL parser has the last word.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    host.bytes().all(plain) && host.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(component: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut separator = String::new();
    let mut previous = false;
    for byte in component.bytes() {
        if lower(byte) {
            if !separator.is_empty() {
                let dashes = separator.bytes().all(|byte| byte == b'-');
                if !previous || !(dashes || matches!(separator.as_str(), "." | "_" | "__")) {
                    return false;
                }
                separator.clear();
            }
            previous = true;
        } else {
            separator.push(char::from(byte));
        }
    }
    previous && separator.is_empty()
}

/// A manifest of a repository, by tag or by digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A name that may move.
    Tag(String),
    /// The manifest itself.
    Digest(Digest),
}

impl Reference {
    /// Parses a tag or a digest.
    ///
    /// # Errors
    /// [`NameError::Reference`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if let Some(digest) = Digest::parse(text) {
            return Ok(Self::Digest(digest));
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let tail = |byte: u8| word(byte) || byte == b'.' || byte == b'-';
        let well_formed = text.bytes().next().is_some_and(word) && text.bytes().all(tail);
        if well_formed && text.len() <= TAG_LIMIT_BYTES {
            Ok(Self::Tag(text.to_owned()))
        } else {
            Err(NameError::Reference(text.to_owned()))
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => formatter.write_str(tag),
            Self::Digest(digest) => formatter.write_str(digest.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, Reference, Repository};

    #[test]
    fn digests_are_sha256_in_lower_case() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), empty);
        assert_eq!(Digest::parse(empty), Some(Digest::of(b"")));
        for wrong in ["", "sha256:", "sha512:00", &empty.to_uppercase(), "sha256:../../etc"] {
            assert!(Digest::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn repositories_have_a_host_and_a_name() {
        for right in ["h/a", "oci://h:5000/a/b", "127.0.0.1:1/a-b__c.d", "[::1]:5000/a", "h/a---b"]
        {
            assert!(Repository::parse(right).is_ok(), "{right}");
        }
        let wrong = [
            "h", "h/", "/a", "h/A", "h/a//b", "h/../b", "h/a_", "h/-a", "h/a___b", "h/a?x",
            "h/a%2e", "u:p@h/a", "h/a:1", "h#/a", "h\\x/a", ":/a",
        ];
        for wrong in wrong {
            assert!(Repository::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Repository::parse(&format!("h/{}", "a".repeat(253))).is_ok());
        assert!(Repository::parse(&format!("h/{}", "a".repeat(254))).is_err());
    }

    #[test]
    fn a_place_has_one_spelling() {
        for (text, source) in [
            ("h.example.com/a", "oci://h.example.com/a"),
            ("H.Example.com:443/a", "oci://h.example.com/a"),
            ("h.example.com./a", "oci://h.example.com/a"),
            ("h.example.com.:5000/a", "oci://h.example.com:5000/a"),
            ("127.1:5000/a", "oci://127.0.0.1:5000/a"),
            ("0x7f.0.0.1:05000/a", "oci://127.0.0.1:5000/a"),
            ("[0:0::1]:5000/a", "oci://[::1]:5000/a"),
        ] {
            assert_eq!(Repository::parse(text).expect("a repository").source(), source);
        }
    }

    #[test]
    fn references_are_tags_or_digests() {
        assert!(matches!(Reference::parse("1.2.3-rc_1"), Ok(Reference::Tag(_))));
        assert!(matches!(Reference::parse(Digest::of(b"").as_str()), Ok(Reference::Digest(_))));
        for wrong in ["", ".a", "-a", "a/b", "../a", "sha256:00", "a b"] {
            assert!(Reference::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Reference::parse(&"a".repeat(128)).is_ok());
        assert!(Reference::parse(&"a".repeat(129)).is_err());
    }
}
