//! The manifest.

use crate::source::{RawDependency, Source};
use crate::{Alias, PackageName};
use akua_sign::{RawSignerRules, SignerRules};
use akua_source::{Diagnostic, FileId, Span};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The edition that this akua reads.
pub const EDITION: &str = "akua.dev/v1alpha1";

/// Longest version, in bytes: that of a tag.
const VERSION_LIMIT: usize = 128;

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
    /// Whether dependencies have to be signed.
    pub strict_signing: bool,
    /// Files that look like secrets, and may be packed all the same.
    pub allow_secrets: Vec<String>,
}

/// `[workspace]`: dependencies by path may lie anywhere below its directory.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// Globs of member packages.
    #[serde(default)]
    pub members: Vec<String>,
}

/// `[signing]`. Files are relative to the manifest, and lie beside it or below.
#[derive(Debug, Clone, Default)]
pub struct Signing {
    /// PEM file with the key that signatures of dependencies must match, where `identities` says
    /// nothing else.
    pub cosign_public_key: Option<String>,
    /// PEM file with the key to sign with.
    pub cosign_private_key: Option<String>,
    /// File with the trust root for signatures without keys; the public one if there is none.
    pub trusted_root: Option<String>,
    /// Who has to have signed what comes from where.
    pub identities: SignerRules,
}

/// `[signing]` as it is written.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawSigning {
    /// PEM file with the key that signatures of dependencies must match.
    cosign_public_key: Option<String>,
    /// PEM file with the key to sign with.
    cosign_private_key: Option<String>,
    /// File with the trust root for signatures without keys.
    trusted_root: Option<String>,
    /// Who has to have signed what comes from where, by patterns of sources.
    #[cfg_attr(test, schemars(with = "Option<RawSignerRules>"))]
    identities: Option<Spanned<RawSignerRules>>,
}

/// One dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The name that the package uses.
    pub alias: Alias,
    /// Where it comes from.
    pub source: Source,
    /// A directory that stands in for it, relative to the manifest.
    pub replace: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// `akua.toml` as it is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawManifest {
    package: RawPackage,
    workspace: Option<Workspace>,
    #[serde(default)]
    signing: RawSigning,
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, RawDependency>"))]
    dependencies: BTreeMap<Spanned<String>, Spanned<RawDependency>>,
}

/// What the package is called.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawPackage {
    /// Letters, digits, `-` and `_`.
    #[cfg_attr(test, schemars(with = "String"))]
    name: Spanned<String>,
    /// A semantic version.
    #[cfg_attr(test, schemars(with = "String"))]
    version: Spanned<String>,
    /// `akua.dev/v1alpha1`.
    #[cfg_attr(test, schemars(with = "String"))]
    edition: Spanned<String>,
    /// Whether dependencies have to be signed.
    #[serde(default)]
    strict_signing: bool,
    /// Files that look like secrets, and may be packed all the same: paths below the package.
    #[serde(default)]
    allow_secrets: Vec<String>,
}

/// Parses a manifest.
///
/// # Errors
/// All that is wrong, each at its byte, with code `E_MANIFEST_PARSE`.
pub fn parse(file: FileId, text: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let raw: RawManifest = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        vec![refuse(Span::of(file, &at), first_line(error.message()))]
    })?;
    let mut wrong = Wrong { file, diagnostics: Vec::new() };
    let name = wrong.keep(&raw.package.name.span(), PackageName::new(raw.package.name.get_ref()));
    let edition = raw.package.edition.get_ref().clone();
    if !edition.starts_with("akua.dev/") {
        let message = format!("expected an edition such as `{EDITION}`");
        wrong.add(&raw.package.edition.span(), message);
    }
    let version = raw.package.version.get_ref().clone();
    if !is_version(&version) {
        wrong.add(&raw.package.version.span(), "expected a version such as `0.1.0`".to_owned());
    }
    let mut dependencies = Vec::with_capacity(raw.dependencies.len());
    for (alias, raw) in raw.dependencies {
        let at = raw.span();
        let alias = wrong.keep(&alias.span(), Alias::new(alias.get_ref()));
        match raw.into_inner().check(&at) {
            Err((at, message)) => wrong.add(&at, message),
            Ok((source, replace)) => dependencies.extend(alias.map(|alias| Dependency {
                alias,
                source,
                replace,
                span: Span::of(file, &at),
            })),
        }
    }
    let mut signing = Signing {
        cosign_public_key: raw.signing.cosign_public_key,
        cosign_private_key: raw.signing.cosign_private_key,
        trusted_root: raw.signing.trusted_root,
        identities: SignerRules::default(),
    };
    if let Some(rules) = raw.signing.identities {
        let at = rules.span();
        signing.identities = wrong.keep(&at, rules.into_inner().check()).unwrap_or_default();
    }
    dependencies.sort_by(|a, b| a.alias.cmp(&b.alias));
    if let Some(pair) = dependencies.windows(2).find(|pair| same_module(pair)) {
        let message = "two dependencies have the same name in KCL, where `-` is `_`".to_owned();
        wrong.diagnostics.extend(pair.last().map(|second| refuse(second.span, message)));
    }
    match name {
        Some(name) if wrong.diagnostics.is_empty() => Ok(Manifest {
            package: PackageSection {
                name,
                version,
                edition,
                strict_signing: raw.package.strict_signing,
                allow_secrets: raw.package.allow_secrets,
            },
            workspace: raw.workspace,
            signing,
            dependencies,
        }),
        _ => Err(wrong.diagnostics),
    }
}

/// Returns whether the manifest above a package declares a workspace; invalid ones do not.
pub fn has_workspace(text: &str) -> bool {
    toml::from_str::<toml::Table>(text).is_ok_and(|table| table.contains_key("workspace"))
}

/// Returns whether a text may be a version: it becomes part of tags and file names.
fn is_version(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    let starts = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    starts && text.len() <= VERSION_LIMIT && text.bytes().all(letter) && !text.contains("..")
}

fn same_module(pair: &[Dependency]) -> bool {
    match pair {
        [a, b] => a.alias.module() == b.alias.module(),
        _ => false,
    }
}

/// What is wrong with a manifest.
struct Wrong {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
}

impl Wrong {
    fn add(&mut self, at: &Range<usize>, message: String) {
        self.diagnostics.push(refuse(Span::of(self.file, at), message));
    }

    fn keep<T>(&mut self, at: &Range<usize>, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(at, message)).ok()
    }
}

fn refuse(span: Span, message: String) -> Diagnostic {
    Diagnostic::error("E_MANIFEST_PARSE", message).label(span, "")
}

/// Returns the first line of what the TOML parser says.
pub(crate) fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
