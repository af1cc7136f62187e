//! `akua eval`: plain KCL files to YAML or JSON.

use crate::failure::named_file;
use crate::policy::Found;
use crate::wall::{raise_around, raise_offline};
use crate::{Failure, Home, LimitOptions};
use akua_disk::{Folder, Snapshot};
use akua_sandbox::Paths;
use akua_source::{Budgets, Diagnostic};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

pub use akua_render::Evaluated;
pub use akua_wire::protocol::EvalOptions;

/// The settings file that is read where none is named.
const DEFAULT_SETTINGS: &str = "kcl.yaml";
/// Largest settings file, in bytes.
const SETTINGS_LIMIT_BYTES: u64 = 1 << 20;

/// What to evaluate.
#[derive(Debug, Clone, Default)]
pub struct EvalRequest {
    /// Files and folders, relative to the working folder.
    pub files: Vec<String>,
    /// The working folder.
    pub work_folder: PathBuf,
    /// External packages: `name=path`.
    pub externals: Vec<String>,
    /// Settings files, relative to the working folder; `kcl.yaml` there if none is named.
    pub settings: Vec<String>,
    /// How to evaluate and print.
    pub options: EvalOptions,
    /// Limits.
    pub limits: LimitOptions,
    /// Where policies are.
    pub home: Home,
}

/// A folder that the worker gets to see.
struct Root {
    path: PathBuf,
    guest_path: String,
}

/// Evaluates plain KCL.
///
/// # Errors
/// [`Failure`].
pub fn eval(request: &EvalRequest) -> Result<Evaluated, Failure> {
    if request.home.wall {
        raise_offline()?;
    }
    let work_folder = canonical(&request.work_folder)?;
    let Found { policy, warnings } = request.home.policy(None, &request.limits)?;
    let request = &configured(request, &work_folder, &policy.budgets)?;
    let mut roots = Vec::new();
    let mut files = Vec::with_capacity(request.files.len());
    let paths = paths(&request.files, &work_folder)?;
    let parent = common_parent(&paths);
    for path in &paths {
        let root = module_root(path).unwrap_or_else(|| parent.clone());
        files.push(guest(&mut roots, &root, path));
    }
    let mut externals = Vec::with_capacity(request.externals.len());
    for external in &request.externals {
        let Some((name, path)) =
            external.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty())
        else {
            let message = format!("invalid external package `{external}`: expected `name=path`");
            return Err(Diagnostic::error("E_INVALID_FLAG", message).into());
        };
        let path = canonical(&work_folder.join(path))?;
        externals.push((name.to_owned(), guest(&mut roots, &path, &path)));
    }
    let modules = roots.iter().map(|root| root.path.clone()).collect();
    for dependency in crate::modules::dependencies(modules, &work_folder)? {
        if externals.iter().all(|(name, _)| *name != dependency.name) {
            let folder = guest(&mut roots, &dependency.path, &dependency.path);
            externals.push((dependency.name, folder));
        }
    }
    let mounts = mounts(&roots)?;
    let name = |root: &Root| (root.guest_path.clone(), shown(&root.path, &work_folder));
    let names = roots.iter().map(name).collect();
    let guest_folder = roots.first().map_or_else(
        || "/".to_owned(),
        |root| match work_folder.strip_prefix(&root.path) {
            Ok(below) => join(&root.guest_path, below),
            Err(_) => root.guest_path.clone(),
        },
    );
    if request.home.wall {
        let readable = roots.into_iter().map(|root| root.path).collect();
        raise_around(Paths { readable, ..Paths::default() })?;
    }
    let request = akua_render::EvalRequest {
        mounts,
        files,
        work_folder: guest_folder,
        externals,
        names,
        options: request.options.clone(),
    };
    let mut evaluated = akua_render::evaluate(request, &policy)?;
    evaluated.warnings.splice(0..0, warnings);
    Ok(evaluated)
}

/// Opens what the worker gets to see.
fn mounts(roots: &[Root]) -> Result<Vec<(String, Arc<Snapshot>)>, Failure> {
    let mount = |root: &Root| {
        let help = "make it a directory that you may read";
        let folder = Folder::open(&root.path).map_err(|error| named_file("E_IO", &error, help))?;
        Ok((root.guest_path.clone(), Arc::new(Snapshot::from(folder))))
    };
    roots.iter().map(mount).collect()
}

/// Joins what settings files say with what the command line says, which wins.
fn configured(
    request: &EvalRequest,
    work_folder: &Path,
    budgets: &Budgets,
) -> Result<EvalRequest, Failure> {
    let mut joined = request.clone();
    let mut names = request.settings.clone();
    if names.is_empty() && akua_disk::exists(&work_folder.join(DEFAULT_SETTINGS)) {
        names.push(DEFAULT_SETTINGS.to_owned());
    }
    if names.is_empty() {
        return Ok(joined);
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let help = "name an existing settings file with -Y";
        let bytes = akua_disk::read_file(&work_folder.join(&name), SETTINGS_LIMIT_BYTES)
            .map_err(|error| named_file("E_EVAL_SETTINGS", &error, help))?;
        files.push((name, bytes));
    }
    let settings = akua_render::settings(&files, budgets)?;
    if joined.files.is_empty() {
        joined.files = settings.files;
    }
    let externals = settings.externals.into_iter().map(|(name, path)| format!("{name}={path}"));
    joined.externals.splice(0..0, externals);
    let options = &mut joined.options;
    options.options = settings.options;
    options.overrides.splice(0..0, settings.overrides);
    options.select.splice(0..0, settings.select);
    options.disable_none |= settings.disable_none == Some(true);
    options.sort_keys |= settings.sort_keys == Some(true);
    options.show_hidden |= settings.show_hidden == Some(true);
    options.strict_range_check |= settings.strict_range_check == Some(true);
    Ok(joined)
}

fn canonical(path: &Path) -> Result<PathBuf, Failure> {
    akua_disk::canonical(path).map_err(|error| {
        named_file(
            "E_EVAL_FILE",
            &error,
            "paths are relative to --work-dir, by default the current directory",
        )
    })
}

/// Returns the files as absolute paths; `${KCL_MOD}` is the root of the module.
fn paths(files: &[String], work_folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::with_capacity(files.len());
    for file in files {
        let path = match file.strip_prefix("${KCL_MOD}/") {
            Some(rest) => module_root(&work_folder.join("-"))
                .unwrap_or_else(|| work_folder.to_path_buf())
                .join(rest),
            None => work_folder.join(file),
        };
        paths.push(canonical(&path)?);
    }
    if paths.is_empty() {
        let diagnostic = Diagnostic::error("E_INVALID_FLAG", "no file to evaluate");
        let help = "name one or more KCL files or folders, or list them in a settings file";
        return Err(diagnostic.help(help).into());
    }
    Ok(paths)
}

/// Returns the nearest folder upward of a file that has a `kcl.mod`.
fn module_root(path: &Path) -> Option<PathBuf> {
    let found = path.ancestors().find(|folder| akua_disk::exists(&folder.join("kcl.mod")));
    found.map(Path::to_path_buf)
}

/// Returns the deepest folder that all paths lie in.
fn common_parent(paths: &[PathBuf]) -> PathBuf {
    let folder = |path: &PathBuf| {
        if akua_disk::is_folder(path) {
            path.clone()
        } else {
            path.parent().unwrap_or(path).to_path_buf()
        }
    };
    let mut folders = paths.iter().map(folder);
    let mut common = folders.next().unwrap_or_default();
    for folder in folders {
        while !folder.starts_with(&common) {
            if !common.pop() {
                break;
            }
        }
    }
    common
}

/// Returns the guest path of a file, with a mount for its root.
fn guest(roots: &mut Vec<Root>, root: &Path, path: &Path) -> String {
    let known = roots.iter().position(|found| found.path == root);
    let at = known.unwrap_or_else(|| {
        let guest_path = format!("/src/{}", roots.len());
        roots.push(Root { path: root.to_path_buf(), guest_path });
        roots.len().saturating_sub(1)
    });
    let below = path.strip_prefix(root).unwrap_or(Path::new(""));
    roots.get(at).map_or_else(String::new, |root| join(&root.guest_path, below))
}

fn join(folder: &str, below: &Path) -> String {
    let mut path = folder.to_owned();
    for component in below.components() {
        if let Component::Normal(name) = component {
            path.push('/');
            path.push_str(&name.to_string_lossy());
        }
    }
    path
}

/// Returns a folder as a person in the working folder would write it.
fn shown(path: &Path, work_folder: &Path) -> String {
    if let Ok(below) = path.strip_prefix(work_folder) {
        return below.display().to_string();
    }
    match work_folder.strip_prefix(path) {
        Ok(above) => above.components().map(|_| "..").collect::<Vec<_>>().join("/"),
        Err(_) => path.display().to_string(),
    }
}
