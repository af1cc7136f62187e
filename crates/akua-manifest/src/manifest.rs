//! The manifest.

use crate::{Alias, PackageName};
use akua_source::{Diagnostic, FileId, Span};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A valid `akua.toml`.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `[package]`.
    pub package: PackageSection,
    /// `[workspace]`.
    pub workspace: Option<Workspace>,
    /// `[signing]`.
    pub signing: Signing,
    /// `[dependencies]`, by alias.
    pub dependencies: Vec<Dependency>,
}

/// `[package]`.
#[derive(Debug, Clone)]
pub struct PackageSection {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// The edition of the manifest's format.
    pub edition: String,
}

/// `[workspace]`: dependencies by path may lie anywhere below its directory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Globs of member packages.
    #[serde(default)]
    pub members: Vec<String>,
}

/// `[signing]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// PEM file with the key that signatures must match.
    pub cosign_public_key: Option<String>,
    /// PEM file with the key to sign with.
    pub cosign_private_key: Option<String>,
}

/// One dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The name that the package uses.
    pub alias: Alias,
    /// Where it comes from.
    pub source: Source,
    /// Where it is declared.
    pub span: Span,
}

/// Where a dependency comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory, relative to the manifest.
    Path(String),
    /// An OCI reference and a version or range.
    Oci(String, String),
    /// A git repository and a tag or revision.
    Git(String, String),
    /// A chart repository and a version or range.
    Helm(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    package: RawPackage,
    workspace: Option<Workspace>,
    #[serde(default)]
    signing: Signing,
    #[serde(default)]
    dependencies: BTreeMap<Spanned<String>, Spanned<RawDependency>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    name: Spanned<String>,
    version: Spanned<String>,
    edition: Spanned<String>,
    #[serde(default, rename = "strict_signing")]
    _strict_signing: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDependency {
    path: Option<String>,
    oci: Option<String>,
    git: Option<String>,
    helm: Option<String>,
    version: Option<String>,
    tag: Option<String>,
    rev: Option<String>,
    #[serde(rename = "replace")]
    _replace: Option<RawReplace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReplace {
    #[serde(rename = "path")]
    _path: String,
}

/// Parses a manifest.
///
/// # Errors
/// All that is wrong, each at its byte, with code `E_MANIFEST_PARSE`.
pub fn parse(file: FileId, text: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let raw: RawManifest = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        vec![refuse(span(file, &at), first_line(error.message()))]
    })?;
    let mut diagnostics = Vec::new();
    let name = keep(
        &mut diagnostics,
        file,
        &raw.package.name.span(),
        PackageName::new(raw.package.name.get_ref()),
    );
    let edition = raw.package.edition.get_ref().clone();
    if !edition.starts_with("akua.dev/") {
        let at = span(file, &raw.package.edition.span());
        diagnostics.push(refuse(at, "expected an edition such as `akua.dev/v1alpha1`".to_owned()));
    }
    let version = raw.package.version.get_ref().clone();
    if version.is_empty() {
        let at = span(file, &raw.package.version.span());
        diagnostics.push(refuse(at, "expected a version such as `0.1.0`".to_owned()));
    }
    let mut dependencies = Vec::with_capacity(raw.dependencies.len());
    for (alias, raw) in raw.dependencies {
        let at = raw.span();
        let alias = keep(&mut diagnostics, file, &alias.span(), Alias::new(alias.get_ref()));
        let source = keep(&mut diagnostics, file, &at, source(raw.into_inner()));
        if let (Some(alias), Some(source)) = (alias, source) {
            dependencies.push(Dependency { alias, source, span: span(file, &at) });
        }
    }
    dependencies.sort_by(|a, b| a.alias.cmp(&b.alias));
    if let Some(pair) = dependencies.windows(2).find(|pair| same_module(pair)) {
        let message = "two dependencies have the same name in KCL, where `-` is `_`".to_owned();
        diagnostics.extend(pair.last().map(|second| refuse(second.span, message)));
    }
    match name {
        Some(name) if diagnostics.is_empty() => Ok(Manifest {
            package: PackageSection { name, version, edition },
            workspace: raw.workspace,
            signing: raw.signing,
            dependencies,
        }),
        _ => Err(diagnostics),
    }
}

/// Returns whether the manifest above a package declares a workspace; invalid ones do not.
pub fn has_workspace(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("workspace"))
}

fn same_module(pair: &[Dependency]) -> bool {
    match pair {
        [a, b] => a.alias.module() == b.alias.module(),
        _ => false,
    }
}

/// Returns where a dependency comes from: exactly one source with the fields that belong to it.
fn source(raw: RawDependency) -> Result<Source, String> {
    let RawDependency { path, oci, git, helm, version, tag, rev, .. } = raw;
    match (path, oci, git, helm) {
        (Some(path), None, None, None) => match (version, tag, rev) {
            (None, None, None) => Ok(Source::Path(path)),
            _ => Err("a `path` dependency has no `version`, `tag` or `rev`".to_owned()),
        },
        (None, Some(oci), None, None) => match version {
            Some(version) => Ok(Source::Oci(oci, version)),
            None => Err("an `oci` dependency needs a `version`".to_owned()),
        },
        (None, None, Some(git), None) => match tag.or(rev) {
            Some(reference) => Ok(Source::Git(git, reference)),
            None => Err("a `git` dependency needs a `tag` or a `rev`".to_owned()),
        },
        (None, None, None, Some(helm)) => match version {
            Some(version) => Ok(Source::Helm(helm, version)),
            None => Err("a `helm` dependency needs a `version`".to_owned()),
        },
        _ => Err("expected exactly one of `path`, `oci`, `git` and `helm`".to_owned()),
    }
}

fn keep<T>(
    diagnostics: &mut Vec<Diagnostic>,
    file: FileId,
    at: &std::ops::Range<usize>,
    result: Result<T, String>,
) -> Option<T> {
    result.map_err(|message| diagnostics.push(refuse(span(file, at), message))).ok()
}

fn refuse(span: Span, message: String) -> Diagnostic {
    Diagnostic::error("E_MANIFEST_PARSE", message).label(span, "")
}

fn span(file: FileId, range: &std::ops::Range<usize>) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(file, byte(range.start), byte(range.end))
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n";

    fn check(text: &str, expected: &str) {
        let found = match parse(FileId(0), text) {
            Ok(manifest) => format!("ok {}", manifest.dependencies.len()),
            Err(diagnostics) => diagnostics
                .iter()
                .map(|d| {
                    format!(
                        "{}: {}",
                        d.labels.first().map_or(0, |label| label.span.start),
                        d.message
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn valid_manifests() {
        check(HEAD, "ok 0");
        check(&format!("{HEAD}[dependencies]\nx = {{ path = \"./x\" }}\n"), "ok 1");
        check(
            &format!("{HEAD}[dependencies]\nx = {{ oci = \"oci://r/x\", version = \"^1\" }}\n"),
            "ok 1",
        );
    }

    #[test]
    fn every_refusal_points_at_its_byte() {
        check(
            &HEAD.replace("\"a\"", "\"-a\""),
            "17: expected letters, digits, `-` and `_`, not beginning with `-`",
        );
        check(
            &HEAD.replace("akua.dev/v1alpha1", "v1"),
            "49: expected an edition such as `akua.dev/v1alpha1`",
        );
        check(
            &format!("{HEAD}extra = 1\n"),
            "69: unknown field `extra`, expected one of `name`, `version`, `edition`, `strict_signing`",
        );
        check(
            &format!("{HEAD}[dependencies]\nx = {{}}\n"),
            "88: expected exactly one of `path`, `oci`, `git` and `helm`",
        );
        check(
            &format!("{HEAD}[dependencies]\nakua = {{ path = \"x\" }}\n"),
            "84: `akua` is reserved for akua's own modules",
        );
        check("", "0: missing field `package`");
    }
}
