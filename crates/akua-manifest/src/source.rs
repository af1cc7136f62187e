//! Where a dependency comes from.

use crate::Requirement;
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// Longest address, in bytes.
const ADDRESS_LIMIT: usize = 1024;

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory.
    Path {
        /// Relative to the manifest.
        path: String,
    },
    /// A repository of an OCI registry.
    Oci {
        /// `oci://HOST/NAME`.
        repository: String,
        /// Which of its tags.
        version: Requirement,
    },
    /// A git repository.
    Git {
        /// Its address.
        url: String,
        /// Which of its commits.
        reference: GitReference,
    },
    /// A classic chart repository: an index over http.
    Helm {
        /// Its address.
        url: String,
        /// The chart, if it is not called as the alias.
        chart: Option<String>,
        /// Which of its versions.
        version: Requirement,
    },
}

/// A commit of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitReference {
    /// The one that a tag points at.
    Tag(String),
    /// This one: 40 hexadecimal digits.
    Rev(String),
}

impl fmt::Display for GitReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(name) | Self::Rev(name) => f.write_str(name),
        }
    }
}

impl Source {
    /// Returns a word for its kind: `path`, `oci`, `git` or `helm`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Path { .. } => "path",
            Self::Oci { .. } => "oci",
            Self::Git { .. } => "git",
            Self::Helm { .. } => "helm",
        }
    }

    /// Returns its address, or its directory.
    pub fn address(&self) -> &str {
        match self {
            Self::Path { path } => path,
            Self::Oci { repository, .. } => repository,
            Self::Git { url, .. } | Self::Helm { url, .. } => url,
        }
    }

    /// Returns the version, tag or commit that is asked for.
    pub fn version(&self) -> Option<String> {
        match self {
            Self::Path { .. } => None,
            Self::Oci { version, .. } | Self::Helm { version, .. } => Some(version.to_string()),
            Self::Git { reference, .. } => Some(reference.to_string()),
        }
    }
}

/// One entry of `[dependencies]`: one of `path`, `oci`, `git` and `helm`, with what belongs to it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDependency {
    /// A directory, relative to this file.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    path: Option<Spanned<String>>,
    /// `oci://HOST/NAME`; needs `version`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    oci: Option<Spanned<String>>,
    /// Address of a git repository; needs `tag` or `rev`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    git: Option<Spanned<String>>,
    /// Address of a chart repository; needs `version`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    helm: Option<Spanned<String>>,
    /// Name of the chart in a `helm` repository, by default the alias.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    chart: Option<Spanned<String>>,
    /// A version exactly, or a range such as `^1.2`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    version: Option<Spanned<String>>,
    /// A tag of a git repository.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    tag: Option<Spanned<String>>,
    /// A commit of a git repository: 40 hexadecimal digits.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    rev: Option<Spanned<String>>,
    /// What stands in for it.
    replace: Option<RawReplace>,
}

/// A local fork that stands in for a dependency.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawReplace {
    /// A directory, relative to this file.
    #[cfg_attr(test, schemars(with = "String"))]
    path: Spanned<String>,
}

/// A place and what is wrong there.
type Refusal = (Range<usize>, String);
/// A text and its place.
type Field = Option<Spanned<String>>;

impl RawDependency {
    /// Returns where the dependency comes from, and what stands in for it; `whole` is the place of
    /// all of it.
    pub(crate) fn check(self, whole: &Range<usize>) -> Result<(Source, Option<String>), Refusal> {
        let Self { path, oci, git, helm, chart, version, tag, rev, replace } = self;
        let source = match (path, oci, git, helm) {
            (Some(path), None, None, None) => {
                let message = "a `path` dependency has no `version`, `tag`, `rev` or `chart`";
                nothing([version, tag, rev, chart], message)?;
                if let Some(replace) = &replace {
                    let message = "`replace` stands in for an `oci`, `git` or `helm` dependency";
                    return Err((replace.path.span(), message.to_owned()));
                }
                Source::Path { path: relative(&path)? }
            }
            (None, Some(oci), None, None) => {
                let message = "an `oci` dependency has no `tag`, `rev` or `chart`";
                nothing([tag, rev, chart], message)?;
                let version = required(version, whole, "an `oci` dependency needs a `version`")?;
                let repository = checked(&oci, repository)?;
                Source::Oci { repository, version: checked(&version, Requirement::new)? }
            }
            (None, None, Some(git), None) => {
                let message = "a `git` dependency has no `version` or `chart`";
                nothing([version, chart], message)?;
                Source::Git { url: checked(&git, git_url)?, reference: reference(tag, rev, whole)? }
            }
            (None, None, None, Some(helm)) => {
                nothing([tag, rev], "a `helm` dependency has no `tag` or `rev`")?;
                let version = required(version, whole, "a `helm` dependency needs a `version`")?;
                let chart = chart.map(|chart| checked(&chart, chart_name)).transpose()?;
                let version = checked(&version, Requirement::new)?;
                Source::Helm { url: checked(&helm, helm_url)?, chart, version }
            }
            _ => {
                let message = "expected exactly one of `path`, `oci`, `git` and `helm`";
                return Err((whole.clone(), message.to_owned()));
            }
        };
        Ok((source, replace.map(|replace| relative(&replace.path)).transpose()?))
    }
}

/// Refuses fields that do not belong to a kind of source.
fn nothing<const N: usize>(fields: [Field; N], message: &str) -> Result<(), Refusal> {
    match fields.into_iter().flatten().next() {
        Some(field) => Err((field.span(), message.to_owned())),
        None => Ok(()),
    }
}

fn required(field: Field, whole: &Range<usize>, message: &str) -> Result<Spanned<String>, Refusal> {
    field.ok_or_else(|| (whole.clone(), message.to_owned()))
}

fn checked<T>(
    field: &Spanned<String>,
    check: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, Refusal> {
    check(field.get_ref()).map_err(|message| (field.span(), message))
}

fn relative(path: &Spanned<String>) -> Result<String, Refusal> {
    checked(path, |text| {
        if text.is_empty() || text.contains('\0') {
            return Err("expected a path relative to akua.toml".to_owned());
        }
        if text.starts_with('/') {
            return Err("expected a path relative to akua.toml, found an absolute one".to_owned());
        }
        Ok(text.to_owned())
    })
}

fn reference(tag: Field, rev: Field, whole: &Range<usize>) -> Result<GitReference, Refusal> {
    match (tag, rev) {
        (Some(tag), None) => checked(&tag, git_tag).map(GitReference::Tag),
        (None, Some(rev)) => checked(&rev, |text| {
            let digits = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if digits {
                return Ok(GitReference::Rev(text.to_ascii_lowercase()));
            }
            Err("expected a commit of 40 hexadecimal digits".to_owned())
        }),
        (Some(_), Some(rev)) => {
            Err((rev.span(), "expected one of `tag` and `rev`, found both".to_owned()))
        }
        (None, None) => {
            Err((whole.clone(), "a `git` dependency needs a `tag` or a `rev`".to_owned()))
        }
    }
}

fn git_tag(text: &str) -> Result<String, String> {
    let letter = |byte: u8| byte.is_ascii_graphic() && !b"~^:?*[\\@{".contains(&byte);
    let valid = text.bytes().all(letter) && !text.is_empty() && !text.starts_with('-');
    if valid && !text.contains("..") && text.len() <= ADDRESS_LIMIT {
        return Ok(text.to_owned());
    }
    Err("expected the name of a tag".to_owned())
}

/// Checks `oci://HOST[:PORT]/NAME`.
pub(crate) fn repository(text: &str) -> Result<String, String> {
    let refuse = || format!("expected `oci://HOST/NAME` without tag and digest, found `{text}`");
    let rest = text.strip_prefix("oci://").ok_or_else(refuse)?.trim_end_matches('/');
    let (host, name) = rest.split_once('/').ok_or_else(refuse)?;
    let part = |part: &str| {
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        part.bytes().all(letter) && part.starts_with(|first: char| first.is_ascii_alphanumeric())
    };
    if is_host(host) && name.split('/').all(part) && text.len() <= ADDRESS_LIMIT {
        return Ok(format!("oci://{rest}"));
    }
    Err(refuse())
}

/// Returns whether a text is a host, with or without a port.
fn is_host(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(letter)
}

fn git_url(text: &str) -> Result<String, String> {
    let ssh = text.starts_with("ssh://") || (!text.contains("://") && text.contains('@'));
    if ssh {
        return Err("git over ssh is not supported: it would need the keys of the person who runs akua; use an `https` address".to_owned());
    }
    let known = ["https://", "http://", "git://", "file:///"];
    address(text, &known)
        .ok_or_else(|| "expected an `https` address of a git repository".to_owned())
}

fn helm_url(text: &str) -> Result<String, String> {
    let url = address(text, &["https://", "http://"]);
    url.map(|url| url.trim_end_matches('/').to_owned())
        .ok_or_else(|| "expected an `https` address of a chart repository".to_owned())
}

/// Returns an address with one of these schemes, without user, query and fragment: what is secret
/// has no place in a manifest.
fn address(text: &str, schemes: &[&str]) -> Option<String> {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme))?;
    let plain = rest.bytes().all(|byte| byte.is_ascii_graphic()) && !rest.contains(['@', '?', '#']);
    (plain && !rest.is_empty() && text.len() <= ADDRESS_LIMIT).then(|| text.to_owned())
}

fn chart_name(text: &str) -> Result<String, String> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !text.is_empty() && text.bytes().all(letter) && !text.starts_with(['.', '-']) {
        return Ok(text.to_owned());
    }
    Err("expected the name of a chart".to_owned())
}
