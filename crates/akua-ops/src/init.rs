//! `akua init`: a package to begin with.

use crate::Failure;
use akua_manifest::PackageName;
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::{Path, PathBuf};

mod templates;

pub use templates::Template;

/// What to make.
#[derive(Debug, Clone)]
pub struct InitRequest {
    /// The directory, which need not be there.
    pub path: PathBuf,
    /// The package's name, by default that of the directory.
    pub name: Option<String>,
    /// What it begins with.
    pub template: Template,
    /// Whether to overwrite files that are there.
    pub force: bool,
}

/// The result of `init`.
#[derive(Debug, Serialize)]
pub struct InitOutcome {
    /// The package's name.
    pub name: String,
    /// Its directory.
    pub path: String,
    /// The files that were written, below it.
    pub files: Vec<String>,
}

/// Makes a package.
///
/// # Errors
/// [`Failure`]; nothing was written then, unless the system failed in the middle.
pub fn run(request: &InitRequest) -> Result<InitOutcome, Failure> {
    let name = match &request.name {
        Some(name) => name.clone(),
        None => folder_name(&request.path)?,
    };
    let name = PackageName::new(&name).map_err(|reason| {
        Diagnostic::error("E_INIT_NAME", format!("`{name}` cannot be the package's name: {reason}"))
            .help("name it yourself: akua init NAME")
    })?;
    let files = request.template.files(name.as_str());
    let there = files.iter().find(|(path, _)| akua_disk::exists(&request.path.join(path)));
    if let Some((path, _)) = there.filter(|_| !request.force) {
        let message = format!("there is a `{path}` in `{}` already", request.path.display());
        let help = "choose another directory, or overwrite the files: akua init --force";
        return Err(Diagnostic::error("E_INIT_EXISTS", message).help(help).into());
    }
    for (path, text) in &files {
        akua_disk::write_file(&request.path.join(path), text.as_bytes())?;
    }
    Ok(InitOutcome {
        name: name.to_string(),
        path: request.path.display().to_string(),
        files: files.into_iter().map(|(path, _)| path).collect(),
    })
}

/// Returns the name of a directory that need not be there.
fn folder_name(path: &Path) -> Result<String, Failure> {
    let whole = akua_disk::canonical(path).unwrap_or_else(|_missing| path.to_path_buf());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| {
        let error = Diagnostic::error("E_INIT_NAME", "the directory has no name");
        error.help("name the package yourself: akua init NAME").into()
    })
}
