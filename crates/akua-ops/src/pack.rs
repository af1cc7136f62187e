//! `akua pack`: a package as an archive. The same files give the same bytes.

mod secrets;
mod selection;

use crate::{Failure, Home};
use akua_disk::{TreeFile, TreeLimits};
use akua_manifest::Lock;
use akua_package::{
    EVIDENCE, Keep, Project, Supply, VENDOR, check_own, evidence_files, in_package, lock,
    vendored_files,
};
use akua_source::{Diagnostic, Digest};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub use selection::{LeftOut, Reason};

use secrets::Suspicion;
use selection::Selection;

/// Secrets that are told of.
const SECRETS_LIMIT: usize = 100;

/// What to pack.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// The archive; by default `dist/NAME-VERSION.tar.gz` in the package.
    pub out: Option<PathBuf>,
    /// Whether what it depends on goes into the archive.
    pub vendor: bool,
    /// Where things are.
    pub home: Home,
}

/// The result of `pack`.
#[derive(Debug, Serialize)]
pub struct PackOutcome {
    /// The archive.
    pub path: String,
    /// Its bytes.
    pub size_bytes: usize,
    /// Its digest.
    pub layer_digest: String,
    /// Directories of dependencies in it.
    pub vendored_deps: Vec<String>,
    /// Files in it.
    pub file_count: usize,
    /// What of the package is not in it, and why; of a directory only its name.
    pub left_out: Vec<LeftOut>,
}

/// Packs a package.
///
/// # Errors
/// [`Failure`]; there is no archive then.
pub fn run(request: &PackRequest) -> Result<PackOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let supply = request.home.supply_for(&project)?;
    let package = &project.manifest.package;
    if request.out.is_none() {
        check_own(project.root.path(), "dist")?;
    }
    let out = request.out.clone().unwrap_or_else(|| {
        project.root.path().join(format!("dist/{}-{}.tar.gz", package.name, package.version))
    });
    let own = below(&project, &out);
    let Packed { archive, vendored_deps, file_count, left_out } =
        pack_without(&project, &supply, request.vendor, own.as_deref())?;
    akua_disk::write_file(&out, &archive)?;
    Ok(PackOutcome {
        path: out.display().to_string(),
        size_bytes: archive.len(),
        layer_digest: Digest::of(&archive).to_string(),
        vendored_deps,
        file_count,
        left_out,
    })
}

/// Returns the path in the package of an archive that was packed into it before.
fn below(project: &Project, out: &Path) -> Option<String> {
    let out = akua_disk::canonical(out).ok()?;
    let own = out.strip_prefix(project.root.path()).ok()?;
    own.to_str().map(str::to_owned)
}

/// A package as an archive.
pub(crate) struct Packed {
    /// The archive.
    pub(crate) archive: Vec<u8>,
    /// Directories of dependencies in it.
    pub(crate) vendored_deps: Vec<String>,
    /// Files in it.
    pub(crate) file_count: usize,
    /// What is not in it.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Packs a package, with what it depends on if it is to `vendor`.
///
/// # Errors
/// What is not to be packed; a lock that is not what the manifest asks for; what looks like a secret.
pub(crate) fn pack(project: &Project, supply: &Supply, vendor: bool) -> Result<Packed, Failure> {
    pack_without(project, supply, vendor, None)
}

/// Packs a package as [`pack`] does, without an archive that lies in it.
fn pack_without(
    project: &Project,
    supply: &Supply,
    vendor: bool,
    own: Option<&str>,
) -> Result<Packed, Failure> {
    let lock = lock(project, supply, &Keep::All)?;
    if let Some(diagnostic) = in_package(project) {
        return Err(diagnostic.into());
    }
    if project.lock.as_ref().is_some_and(|old| *old != lock) || needs_lock(project) {
        let error = Diagnostic::error("E_LOCK_DRIFT", "akua.lock is not what akua.toml asks for");
        return Err(error.help("to write it anew: akua lock").into());
    }
    let locked = locked_directories(project, &lock);
    let mut selection = Selection::new(&project.root, &locked, own).map_err(|error| *error)?;
    let mut files = project
        .root
        .pick(TreeLimits::default(), &mut |path, is_folder| selection.keeps(path, is_folder))?;
    let left_out = selection.finish().map_err(|error| *error)?;
    check_secrets(project, &files, &locked)?;
    let mut vendored_deps = Vec::new();
    if vendor {
        for (directory, found) in vendored_files(project, &lock, supply)? {
            files.extend(found.into_iter().map(|file| TreeFile {
                path: format!("{VENDOR}/{directory}/{}", file.path),
                bytes: file.bytes,
            }));
            vendored_deps.push(directory);
        }
        let evidence = evidence_files(project.root.path(), &lock, supply).into_iter();
        files.extend(evidence.map(|(name, bytes)| {
            let path = format!("{EVIDENCE}/{name}");
            TreeFile { path, bytes }
        }));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let archive = akua_disk::pack(&files)
        .map_err(|error| Diagnostic::error("E_PACK", error.to_string()).help("rename the file"))?;
    Ok(Packed { archive, vendored_deps, file_count: files.len(), left_out })
}

/// Refuses what looks like a secret, all of it at once.
///
/// # Errors
/// `E_PUBLISH_SECRET`, for each.
fn check_secrets(project: &Project, files: &[TreeFile], locked: &[String]) -> Result<(), Failure> {
    let allowed = &project.manifest.package.allow_secrets;
    let files = files.iter().filter(|file| !allowed.contains(&file.path));
    let mut found = files.flat_map(|file| {
        let vouched = locked.iter().any(|folder| file.path.starts_with(folder.as_str()));
        let all = secrets::suspicions(&file.path, &file.bytes).into_iter();
        all.map(move |suspicion| refused(&file.path, suspicion, vouched))
    });
    let mut diagnostics: Vec<Diagnostic> = found.by_ref().take(SECRETS_LIMIT).collect();
    let more = found.count();
    if let (Some(last), true) = (diagnostics.last_mut(), more > 0) {
        last.notes.push(format!("{more} more like this are not shown"));
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(Failure { diagnostics, ..Failure::default() })
}

/// Returns the error for what looks like a secret.
fn refused(path: &str, suspicion: Suspicion, vouched: bool) -> Diagnostic {
    let line = suspicion.line.map_or_else(String::new, |line| format!(":{line}"));
    let message = format!("`{path}{line}` looks like {}", suspicion.what);
    // Rules leave out nothing of what the lock vouches for.
    let way = if vouched { "remove it" } else { "remove it, or list it in .akuaignore" };
    Diagnostic::error("E_PUBLISH_SECRET", message).path(path).help(format!(
        "{way}; if it is no secret, list it in `allow_secrets` of akua.toml's [package]"
    ))
}

fn needs_lock(project: &Project) -> bool {
    let remote = |declared: &akua_manifest::Dependency| {
        !matches!(declared.source, akua_manifest::Source::Path { .. })
    };
    project.lock.is_none() && project.manifest.dependencies.iter().any(remote)
}

/// Returns the directories of the package that its lock vouches for: all of their files are part of
/// it.
fn locked_directories(project: &Project, lock: &Lock) -> Vec<String> {
    let locked = lock.packages.iter().filter_map(|entry| entry.source.strip_prefix("path+file://"));
    let declared = project.manifest.dependencies.iter().filter_map(|declared| {
        let path = matches!(declared.source, akua_manifest::Source::Path { .. });
        path.then(|| declared.source.address().trim_start_matches("./").trim_end_matches('/'))
    });
    locked.chain(declared).map(|path| format!("{path}/")).collect()
}
