//! `akua inspect --package`: what a package may be given, without running it.

use crate::failure::Failure;
use akua_package::{MANIFEST, Project};
use akua_render::{InputFacts, OptionFact, SourceText};
use akua_source::{Budgets, Diagnostic};
use serde::Serialize;
use std::path::Path;

/// Most bytes of all files. Measured for `akua fmt`: what a Store holds of the densest text.
const TEXT_LIMIT_BYTES: u64 = 2 << 20;
/// Files that say that a directory is a package of its own.
const OTHERS: [&str; 3] = [MANIFEST, "kcl.mod", "Chart.yaml"];

/// What a package may be given.
#[derive(Debug, Serialize)]
pub struct InspectedPackage {
    /// Always `package`.
    pub kind: &'static str,
    /// The package's directory.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Calls of `option()`, each name once.
    pub options: Vec<OptionFact>,
    /// The schema `Input`, if it has one.
    pub input: Option<InputFacts>,
}

/// Inspects a package: a directory or an entry file. Its text is parsed in a Store.
///
/// # Errors
/// [`Failure`].
pub fn package(path: &Path) -> Result<InspectedPackage, Failure> {
    let project = Project::open(path)?;
    let root = project.root.path();
    if !project.root.has_file(&project.entry) {
        let message = format!("there is no entry file `{}`", root.join(&project.entry).display());
        let help = "write the package's program there, or name another file with --package";
        return Err(Diagnostic::error("E_PACKAGE_MISSING", message).help(help).into());
    }
    let mut names = vec![project.entry.clone()];
    for file in akua_disk::source_files(root, "k")? {
        let name = file.strip_prefix(root).ok().and_then(Path::to_str).unwrap_or_default();
        let is_test = name.ends_with("_test.k");
        if !is_test && !name.is_empty() && name != project.entry && is_own(&project, name) {
            names.push(name.to_owned());
        }
    }
    let mut left = TEXT_LIMIT_BYTES;
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let bytes = project.root.read(&name, left)?;
        left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        files.push(SourceText { name, bytes });
    }
    let found = akua_render::inspect(&files, &Budgets::default())?;
    let package = &project.manifest.package;
    Ok(InspectedPackage {
        kind: "package",
        path: path.display().to_string(),
        name: package.name.to_string(),
        version: package.version.clone(),
        options: found.options,
        input: found.input,
    })
}

/// Returns whether a file is the package's own, and not that of a package, module or chart in it.
fn is_own(project: &Project, name: &str) -> bool {
    let above = Path::new(name).ancestors().skip(1).filter(|folder| *folder != Path::new(""));
    let mut folders = above.filter_map(Path::to_str);
    !folders.any(|folder| {
        OTHERS.iter().any(|other| project.root.has_file(&format!("{folder}/{other}")))
    })
}
