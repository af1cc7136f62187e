//! `kcl.mod`: what a plain KCL module says of itself and its dependencies.

use crate::source::repository;
use crate::{Alias, GitReference, Requirement, Source};
use akua_source::{Diagnostic, FileId, Span};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a KCL module says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// Its name, if it says one.
    pub name: Option<String>,
    /// Its version, if it says one.
    pub version: Option<String>,
    /// What it depends on, by the name that its imports use.
    pub dependencies: Vec<(String, ModuleDependency)>,
}

/// What a module depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleDependency {
    /// A source that is spelled out.
    Source(Source),
    /// A version in the registry that KCL's own tools use where none is named.
    Registry {
        /// The module's name there.
        name: String,
        /// The tag.
        version: String,
    },
}

/// What is read of a `kcl.mod`; the rest is for other tools.
#[derive(Deserialize)]
struct RawModule {
    #[serde(default)]
    package: RawPackage,
    #[serde(default)]
    dependencies: BTreeMap<String, RawSource>,
}

#[derive(Default, Deserialize)]
struct RawPackage {
    name: Option<String>,
    version: Option<String>,
}

/// Where a dependency comes from.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a version, or a table of texts")]
enum RawSource {
    /// A version in a registry.
    Version(String),
    /// A table: `path`, or `oci` or `git` with what belongs to them.
    Table {
        /// Folder, relative to that of the `kcl.mod`.
        path: Option<String>,
        oci: Option<String>,
        git: Option<String>,
        tag: Option<String>,
        commit: Option<String>,
        version: Option<String>,
    },
}

/// Parses a `kcl.mod`.
///
/// # Errors
/// `E_KCL_MODULE`: the TOML is malformed, or a dependency is neither a version nor a source.
pub fn parse_module(file: FileId, text: &str) -> Result<Module, Box<Diagnostic>> {
    let help = "a dependency is a version, or a table with `path`, `oci` or `git`";
    let raw: RawModule = toml::from_str(text).map_err(|error| {
        Diagnostic::error("E_KCL_MODULE", error.message().to_owned())
            .label(Span::of(file, &error.span().unwrap_or_default()), "")
            .help(help)
    })?;
    let mut dependencies = Vec::with_capacity(raw.dependencies.len());
    for (name, source) in raw.dependencies {
        let found = dependency(&name, source).map_err(|reason| {
            let message = format!("the dependency `{name}`: {reason}");
            let at = text.find(&name).map_or(0..0, |at| at..at.saturating_add(name.len()));
            Diagnostic::error("E_KCL_MODULE", message).label(Span::of(file, &at), "").help(help)
        })?;
        dependencies.push((name.replace('-', "_"), found));
    }
    Ok(Module { name: raw.package.name, version: raw.package.version, dependencies })
}

fn dependency(name: &str, source: RawSource) -> Result<ModuleDependency, String> {
    let (path, oci, git, tag, commit, version) = match source {
        RawSource::Version(version) => {
            Alias::new(name)?;
            Requirement::new(&version)?;
            return Ok(ModuleDependency::Registry { name: name.to_owned(), version });
        }
        RawSource::Table { path, oci, git, tag, commit, version } => {
            (path, oci, git, tag, commit, version)
        }
    };
    let source = match (path, oci, git) {
        (Some(path), None, None) => Source::Path { path },
        (None, Some(oci), None) => {
            let tag = tag.or(version).ok_or("an `oci` dependency needs a `tag`")?;
            Source::Oci { repository: repository(&oci)?, version: Requirement::new(&tag)? }
        }
        (None, None, Some(url)) => {
            let reference = match (tag.or(version), commit) {
                (Some(tag), None) => GitReference::Tag(tag),
                (None, Some(commit)) => GitReference::Rev(commit),
                _ => return Err("a `git` dependency needs a `tag` or a `commit`".to_owned()),
            };
            Source::Git { url, reference }
        }
        _ => return Err("expected one of `path`, `oci` and `git`".to_owned()),
    };
    Ok(ModuleDependency::Source(source))
}

/// Returns the dependencies by path: the names that imports use, and folders as they are written.
///
/// # Errors
/// As [`parse_module`].
pub fn module_paths(file: FileId, text: &str) -> Result<Vec<(String, String)>, Box<Diagnostic>> {
    let module = parse_module(file, text)?;
    let by_path = module.dependencies.into_iter().filter_map(|(name, found)| match found {
        ModuleDependency::Source(Source::Path { path }) => Some((name, path)),
        _ => None,
    });
    Ok(by_path.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match parse_module(FileId(0), text) {
            Ok(module) => {
                let told = module.dependencies.iter().map(|(name, found)| match found {
                    ModuleDependency::Source(Source::Oci { repository, version }) => {
                        format!("{name} {repository} {version}")
                    }
                    ModuleDependency::Source(Source::Git { url, reference }) => {
                        format!("{name} {url} {reference}")
                    }
                    ModuleDependency::Source(Source::Path { path }) => format!("{name} {path}"),
                    ModuleDependency::Source(Source::Helm { .. }) => "helm".to_owned(),
                    ModuleDependency::Registry { name, version } => format!("{name} {version}"),
                });
                told.collect::<Vec<_>>().join("; ")
            }
            Err(told) => format!("{} {}", told.code, told.message),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dependencies_are_versions_or_sources() {
        check("", "");
        check("[package]\nname = \"a\"\n[dependencies]\nk8s = \"1.31\"\n", "k8s 1.31");
        check("[dependencies]\nmy-lib = { path = \"../lib\" }\n", "my_lib ../lib");
        check("[dependencies]\nx = { oci = \"oci://r/x\", tag = \"1\" }\n", "x oci://r/x 1");
        check("[dependencies]\nx = { git = \"https://h/x\", tag = \"v1\" }\n", "x https://h/x v1");
    }

    #[test]
    fn what_is_neither_is_refused() {
        check(
            "[dependencies]\nx = { oci = \"oci://r/x\" }\n",
            "E_KCL_MODULE the dependency `x`: an `oci` dependency needs a `tag`",
        );
        check(
            "[dependencies]\nx = {}\n",
            "E_KCL_MODULE the dependency `x`: expected one of `path`, `oci` and `git`",
        );
        check("[dependencies]\nx = 1\n", "E_KCL_MODULE expected a version, or a table of texts");
        let broken = module_paths(FileId(0), "[dependencies]\nx = 1\n").expect_err("is refused");
        assert_eq!((broken.code.as_str(), broken.labels.len()), ("E_KCL_MODULE", 1));
    }
}
