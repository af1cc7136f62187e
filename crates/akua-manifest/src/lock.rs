//! `akua.lock`: what was resolved.
//!
//! The text of a lock is a function of its entries: entries and their dependencies are sorted, and
//! nothing says when or where it was written.

use crate::manifest::first_line;
use akua_source::{Diagnostic, Digest, FileId, Span};
use serde::Deserialize;
use std::fmt::Write as _;
use std::ops::Range;
use toml::{Spanned, Value};

/// The version of the lock's form.
const VERSION: u32 = 1;
/// First lines of every lock.
const HEAD: &str = "# Written by akua: what akua.toml was resolved to. Change it with `akua lock` and `akua update`.\nversion = 1\n";
/// Version of an entry whose source is a directory.
pub const LOCAL: &str = "local";

/// What a package's dependencies were resolved to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The entries, sorted by name, version and source.
    pub packages: Vec<LockedPackage>,
}

/// One resolved dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedPackage {
    /// What it calls itself.
    pub name: String,
    /// The tag, `local` for a directory.
    pub version: String,
    /// Where it comes from: `oci://HOST/NAME`, `git+URL@REFERENCE`, `helm+URL#CHART` or
    /// `path+file://PATH`, relative to the lock.
    pub source: String,
    /// Digest of its files.
    pub digest: Digest,
    /// Digest of its OCI manifest.
    pub manifest_digest: Option<Digest>,
    /// Digest of its archive.
    pub layer_digest: Option<Digest>,
    /// Its commit.
    pub commit: Option<String>,
    /// Who signed it.
    pub signature: Option<String>,
    /// Digest of its attestation.
    pub attestation: Option<Digest>,
    /// What it depends on itself.
    pub dependencies: Vec<String>,
    /// The directory that stands in for it.
    pub replaced: Option<String>,
    /// Whether its publisher withdrew it.
    pub yanked: bool,
}

/// `akua.lock` as it is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLock {
    /// The version of the lock's form: 1.
    #[cfg_attr(test, schemars(with = "u32"))]
    version: Spanned<u32>,
    /// The entries.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<RawPackage>"))]
    package: Vec<Spanned<RawPackage>>,
}

/// One resolved dependency.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawPackage {
    /// What it calls itself.
    name: String,
    /// The tag, `local` for a directory.
    version: String,
    /// Where it comes from.
    #[cfg_attr(test, schemars(with = "String"))]
    source: Spanned<String>,
    /// SHA-256 over the digests and paths of its files.
    #[cfg_attr(test, schemars(with = "String"))]
    digest: Spanned<String>,
    /// Digest of its OCI manifest.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    manifest_digest: Option<Spanned<String>>,
    /// Digest of its archive.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    layer_digest: Option<Spanned<String>>,
    /// Its commit: 40 hexadecimal digits.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    commit: Option<Spanned<String>>,
    /// Who signed it.
    signature: Option<String>,
    /// Digest of its attestation.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    attestation: Option<Spanned<String>>,
    /// What it depends on itself: `NAME@VERSION`.
    #[serde(default)]
    dependencies: Vec<String>,
    /// The directory that stands in for it.
    replaced: Option<RawReplaced>,
    /// Whether its publisher withdrew it.
    #[serde(default)]
    yanked: bool,
}

/// A directory that stands in for a dependency.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawReplaced {
    /// The directory, relative to the lock.
    path: String,
}

impl Lock {
    /// Returns the lock with these entries, in their order.
    pub fn new(mut packages: Vec<LockedPackage>) -> Self {
        for package in &mut packages {
            package.dependencies.sort();
            package.dependencies.dedup();
        }
        packages.sort();
        packages.dedup();
        Self { packages }
    }

    /// Returns the text of the lock.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for package in &self.packages {
            text.push_str("\n[[package]]\n");
            field(&mut text, "name", Some(&package.name));
            field(&mut text, "version", Some(&package.version));
            field(&mut text, "source", Some(&package.source));
            field(&mut text, "digest", Some(package.digest.as_str()));
            field(
                &mut text,
                "manifest_digest",
                package.manifest_digest.as_ref().map(Digest::as_str),
            );
            field(&mut text, "layer_digest", package.layer_digest.as_ref().map(Digest::as_str));
            field(&mut text, "commit", package.commit.as_deref());
            field(&mut text, "signature", package.signature.as_deref());
            field(&mut text, "attestation", package.attestation.as_ref().map(Digest::as_str));
            if !package.dependencies.is_empty() {
                text.push_str("dependencies = [\n");
                for dependency in &package.dependencies {
                    // Writing to a String does not fail.
                    let _written = writeln!(text, "    {},", quoted(dependency));
                }
                text.push_str("]\n");
            }
            if let Some(path) = &package.replaced {
                let _written = writeln!(text, "replaced = {{ path = {} }}", quoted(path));
            }
            if package.yanked {
                text.push_str("yanked = true\n");
            }
        }
        text
    }
}

fn field(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        // Writing to a String does not fail.
        let _written = writeln!(text, "{name} = {}", quoted(value));
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Parses a lock.
///
/// # Errors
/// All that is wrong, each at its byte, with code `E_LOCK_PARSE`.
pub fn parse_lock(file: FileId, text: &str) -> Result<Lock, Vec<Diagnostic>> {
    let refuse = |at: &Range<usize>, message: String| {
        let help = "take the file back from version control, or write it anew with `akua lock`";
        Diagnostic::error("E_LOCK_PARSE", message).label(Span::of(file, at), "").help(help)
    };
    let raw: RawLock = toml::from_str(text).map_err(|error| {
        vec![refuse(&error.span().unwrap_or(0..0), first_line(error.message()))]
    })?;
    if *raw.version.get_ref() != VERSION {
        let found = raw.version.get_ref();
        let message = format!("expected a lock of version {VERSION}, found {found}");
        return Err(vec![refuse(&raw.version.span(), message)]);
    }
    let mut packages: Vec<LockedPackage> = Vec::with_capacity(raw.package.len());
    let mut diagnostics = Vec::new();
    for raw in raw.package {
        let at = raw.span();
        match raw.into_inner().check() {
            Err((at, message)) => diagnostics.push(refuse(&at, message)),
            Ok(package) => {
                let order = packages.last().map(|last| last.key().cmp(&package.key()));
                if order.is_some_and(std::cmp::Ordering::is_ge) {
                    let message = format!(
                        "expected each entry once and sorted by name, version and source: `{}` is out of place",
                        package.name
                    );
                    diagnostics.push(refuse(&at, message));
                }
                packages.push(package);
            }
        }
    }
    if diagnostics.is_empty() { Ok(Lock { packages }) } else { Err(diagnostics) }
}

impl LockedPackage {
    fn key(&self) -> (&str, &str, &str) {
        (&self.name, &self.version, &self.source)
    }
}

impl RawPackage {
    fn check(self) -> Result<LockedPackage, (Range<usize>, String)> {
        let schemes = ["oci://", "git+", "helm+", "path+file://"];
        let source = self.source.get_ref();
        if !schemes.iter().any(|scheme| source.starts_with(scheme)) {
            let message = format!("expected a source that begins with one of {schemes:?}");
            return Err((self.source.span(), message));
        }
        if let Some(commit) = &self.commit {
            let text = commit.get_ref();
            if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err((commit.span(), "expected 40 hexadecimal digits".to_owned()));
            }
        }
        let pins = [
            ("oci://", self.manifest_digest.is_some(), "manifest_digest"),
            ("git+", self.commit.is_some(), "commit"),
            ("helm+", self.layer_digest.is_some(), "layer_digest"),
        ];
        let missing = pins.iter().find(|(scheme, there, _)| source.starts_with(scheme) && !there);
        if let (Some((_, _, field)), None) = (missing, &self.replaced) {
            let message = format!("expected a `{field}`: it says what was fetched");
            return Err((self.source.span(), message));
        }
        let optional = |field: Option<Spanned<String>>| field.map(digest).transpose();
        Ok(LockedPackage {
            digest: digest(self.digest)?,
            manifest_digest: optional(self.manifest_digest)?,
            layer_digest: optional(self.layer_digest)?,
            attestation: optional(self.attestation)?,
            name: self.name,
            version: self.version,
            source: self.source.into_inner(),
            commit: self.commit.map(Spanned::into_inner),
            signature: self.signature,
            dependencies: self.dependencies,
            replaced: self.replaced.map(|replaced| replaced.path),
            yanked: self.yanked,
        })
    }
}

fn digest(field: Spanned<String>) -> Result<Digest, (Range<usize>, String)> {
    let at = field.span();
    Digest::try_from(field.into_inner()).map_err(|message| (at, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> LockedPackage {
        LockedPackage {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: format!("oci://r/{name}"),
            digest: Digest::from_bytes([1; 32]),
            manifest_digest: Some(Digest::from_bytes([2; 32])),
            layer_digest: None,
            commit: None,
            signature: None,
            attestation: None,
            dependencies: vec!["z@1".to_owned(), "b@1".to_owned(), "b@1".to_owned()],
            replaced: Some("../f \"x\"".to_owned()),
            yanked: true,
        }
    }

    #[test]
    fn text_is_read_as_it_was_written() {
        let lock = Lock::new(vec![package("b"), package("a"), package("b")]);
        let text = lock.text();
        assert_eq!(parse_lock(FileId(0), &text), Ok(lock.clone()));
        assert_eq!(Lock::new(lock.packages.iter().rev().cloned().collect()).text(), text);
        assert_eq!(parse_lock(FileId(0), HEAD), Ok(Lock::default()));
    }

    fn check(change: impl Fn(String) -> String, expected: &str) {
        let text = change(Lock::new(vec![package("a"), package("b")]).text());
        let told = parse_lock(FileId(0), &text).expect_err(&text);
        let found: Vec<_> = told.iter().map(|told| (&*told.code, &*told.message)).collect();
        assert_eq!(found, [("E_LOCK_PARSE", expected)], "{text}");
    }

    #[test]
    fn every_invalid_form_is_refused() {
        check(
            |text| text.replace("version = 1\n", "version = 2\n"),
            "expected a lock of version 1, found 2",
        );
        check(
            |text| text.replace("\"a\"", "\"c\""),
            "expected each entry once and sorted by name, version and source: `b` is out of place",
        );
        check(
            |text| text.replacen("sha256:01", "sha1:01", 1),
            &format!(
                "expected `sha256:` and 64 hexadecimal digits, found `sha1:{}`",
                "01".repeat(32)
            ),
        );
        check(
            |text| text.replacen("oci://r/a", "ftp://r/a", 1),
            "expected a source that begins with one of [\"oci://\", \"git+\", \"helm+\", \"path+file://\"]",
        );
        check(
            |text| {
                let kept = text.lines().filter(|line| !line.starts_with("manifest_digest"));
                let kept = kept.filter(|line| !line.starts_with("replaced"));
                kept.take(12).collect::<Vec<_>>().join("\n")
            },
            "expected a `manifest_digest`: it says what was fetched",
        );
        check(
            |text| text.replacen("name = \"a\"\n", "name = \"a\"\ncommit = \"12\"\n", 1),
            "expected 40 hexadecimal digits",
        );
    }
}
