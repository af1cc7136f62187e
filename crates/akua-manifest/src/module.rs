//! `kcl.mod`: what a plain KCL module says of its dependencies.

use akua_source::{Diagnostic, FileId, Span};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is read of a `kcl.mod`; the rest is for other tools.
#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    dependencies: BTreeMap<String, Source>,
}

/// Where a dependency comes from.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    /// A version in a registry.
    Version(#[expect(dead_code, reason = "only that it is one")] String),
    /// A table: `path`, or `oci` or `git` with what belongs to them.
    Table {
        /// Folder, relative to that of the `kcl.mod`.
        path: Option<String>,
    },
}

/// Returns the dependencies by path: the names that imports use, and folders as they are written.
///
/// # Errors
/// The TOML is malformed, or a dependency is neither a version nor a table.
pub fn module_paths(file: FileId, text: &str) -> Result<Vec<(String, String)>, Box<Diagnostic>> {
    let module: Module = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(file, place(at.start), place(at.end));
        Diagnostic::error("E_KCL_MODULE", error.message().to_owned())
            .label(span, "")
            .help("a dependency is a version, or a table with `path`, `oci` or `git`")
    })?;
    let by_path = module.dependencies.into_iter().filter_map(|(name, source)| match source {
        Source::Table { path: Some(path) } => Some((name.replace('-', "_"), path)),
        _ => None,
    });
    Ok(by_path.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = module_paths(FileId(0), text).expect(text);
        let found: Vec<_> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dependencies_by_path_are_found() {
        check("", &[]);
        check("[package]\nname = \"a\"\n[dependencies]\nk8s = \"1.31\"\n", &[]);
        check("[dependencies]\nmy-lib = { path = \"../lib\" }\n", &[("my_lib", "../lib")]);
        check("[dependencies]\nx = { oci = \"oci://r/x\", tag = \"1\" }\n", &[]);
        let broken = module_paths(FileId(0), "[dependencies]\nx = 1\n").expect_err("is refused");
        assert_eq!((broken.code.as_str(), broken.labels.len()), ("E_KCL_MODULE", 1));
    }
}
