//! Plain KCL modules: what their `kcl.mod` depends on by path.

use crate::Failure;
use crate::failure::named_file;
use akua_source::{Diagnostic, SourceMap};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Largest `kcl.mod`, in bytes.
const MODULE_LIMIT_BYTES: u64 = 1 << 20;

/// A module that another one depends on.
pub(crate) struct Dependency {
    /// The name that imports use.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) path: PathBuf,
}

/// Returns what modules depend on by path, and what those depend on; the first of a name counts.
///
/// # Errors
/// A `kcl.mod` is malformed, or a dependency is missing or lies outside of the working folder: what
/// may be read is what the person who runs this has named.
pub(crate) fn dependencies(
    modules: Vec<PathBuf>,
    work_folder: &Path,
) -> Result<Vec<Dependency>, Failure> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut waiting = modules;
    while let Some(module) = waiting.pop() {
        let file = module.join("kcl.mod");
        if !akua_disk::exists(&file) || !seen.insert(module.clone()) {
            continue;
        }
        for (name, path) in read(&file)? {
            let folder = inside(&module, &path, work_folder, &file)?;
            if found.iter().all(|known| known.name != name) {
                found.push(Dependency { name, path: folder.clone() });
            }
            waiting.push(folder);
        }
    }
    Ok(found)
}

fn read(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let bytes = akua_disk::read_file(file, MODULE_LIMIT_BYTES)
        .map_err(|error| named_file("E_KCL_MODULE", &error, "make it a readable file"))?;
    let mut sources = SourceMap::default();
    let id = sources.add(file.display().to_string(), String::from_utf8_lossy(&bytes).into_owned());
    let text = sources.get(id).map_or("", |source| &*source.text);
    akua_manifest::module_paths(id, text).map_err(|diagnostic| Failure {
        diagnostics: vec![*diagnostic],
        sources: sources.clone(),
        printed: Vec::new(),
    })
}

fn inside(module: &Path, path: &str, work_folder: &Path, file: &Path) -> Result<PathBuf, Failure> {
    let shown = file.display().to_string();
    let folder = akua_disk::canonical(&module.join(path)).map_err(|_missing| {
        let message = format!("the dependency `{path}` does not exist");
        Diagnostic::error("E_KCL_MODULE", message).path(shown.clone())
    })?;
    if folder.starts_with(work_folder) {
        return Ok(folder);
    }
    let message = format!("the dependency `{path}` lies outside of the working directory");
    let help = "run this in a directory above both (--work-dir), or name it with -E name=path";
    Err(Diagnostic::error("E_PATH_ESCAPE", message).path(shown).help(help).into())
}
