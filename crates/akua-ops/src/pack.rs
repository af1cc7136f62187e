//! `akua pack`: a package as an archive. The same files give the same bytes.

use crate::{Failure, Home};
use akua_disk::{TreeFile, TreeLimits};
use akua_manifest::Lock;
use akua_package::{
    EVIDENCE, Keep, Project, Supply, VENDOR, check_own, evidence_files, in_package, lock,
    vendored_files,
};
use akua_source::{Diagnostic, Digest};
use serde::Serialize;
use std::path::PathBuf;

/// Directories of what was made from the package.
const OUTPUTS: [&str; 6] = ["deploy", "rendered", "out", "target", "node_modules", "dist"];
/// Inputs of whoever has the package here: they are not part of it.
const INPUTS: &str = "inputs.yaml";

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
}

/// Packs a package.
///
/// # Errors
/// [`Failure`]; there is no archive then.
pub fn run(request: &PackRequest) -> Result<PackOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let supply = request.home.supply_for(&project)?;
    let Packed { archive, vendored_deps, file_count } = pack(&project, &supply, request.vendor)?;
    let package = &project.manifest.package;
    if request.out.is_none() {
        check_own(project.root.path(), "dist")?;
    }
    let out = request.out.clone().unwrap_or_else(|| {
        project.root.path().join(format!("dist/{}-{}.tar.gz", package.name, package.version))
    });
    akua_disk::write_file(&out, &archive)?;
    Ok(PackOutcome {
        path: out.display().to_string(),
        size_bytes: archive.len(),
        layer_digest: Digest::of(&archive).to_string(),
        vendored_deps,
        file_count,
    })
}

/// A package as an archive.
pub(crate) struct Packed {
    /// The archive.
    pub(crate) archive: Vec<u8>,
    /// Directories of dependencies in it.
    pub(crate) vendored_deps: Vec<String>,
    /// Files in it.
    pub(crate) file_count: usize,
}

/// Packs a package, with what it depends on if it is to `vendor`.
///
/// # Errors
/// What is not to be packed; a lock that is not what the manifest asks for.
pub(crate) fn pack(project: &Project, supply: &Supply, vendor: bool) -> Result<Packed, Failure> {
    let lock = lock(project, supply, &Keep::All)?;
    if let Some(diagnostic) = in_package(project) {
        return Err(diagnostic.into());
    }
    if project.lock.as_ref().is_some_and(|old| *old != lock) || needs_lock(project) {
        let error = Diagnostic::error("E_LOCK_DRIFT", "akua.lock is not what akua.toml asks for");
        return Err(error.help("to write it anew: akua lock").into());
    }
    let locked = locked_directories(project, &lock);
    let mut files: Vec<TreeFile> = project
        .root
        .tree("", TreeLimits::default())
        .map_err(akua_package::Problem::from)?
        .into_iter()
        .filter(|file| is_packed(&file.path, &locked))
        .collect();
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
    Ok(Packed { archive, vendored_deps, file_count: files.len() })
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

/// Returns whether a file is part of the package.
fn is_packed(path: &str, locked: &[String]) -> bool {
    let mut parts = path.split('/');
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    let output = parts.next().is_some_and(|first| OUTPUTS.contains(&first));
    let own = !hidden && path != INPUTS && !output;
    own || locked.iter().any(|directory| path.starts_with(directory.as_str()))
}
