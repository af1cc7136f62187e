//! From a path that a person named to a package with open folders.

use akua_disk::{DiskError, Folder};
use akua_manifest::{Alias, Manifest, Source};
use akua_source::{Diagnostic, SourceMap};
use std::path::{Path, PathBuf};

/// Largest manifest, in bytes.
const MANIFEST_LIMIT_BYTES: u64 = 1 << 20;
/// The manifest's file name.
const MANIFEST: &str = "akua.toml";
/// The entry file where none is named.
const ENTRY: &str = "package.k";

/// A package, ready to be rendered.
#[derive(Debug)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// The bytes of its manifest.
    pub manifest_bytes: Vec<u8>,
    /// Its root.
    pub root: Folder,
    /// Path of the entry file below the root.
    pub entry: String,
    /// Its dependencies, by alias.
    pub dependencies: Vec<Dependency>,
    /// Directory that its dependencies must lie in.
    workspace: PathBuf,
}

/// A dependency on disk.
#[derive(Debug)]
pub struct Dependency {
    /// The name that the package uses.
    pub alias: Alias,
    /// What it is.
    pub kind: Kind,
    /// Its root.
    pub root: Folder,
}

/// What a dependency is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Helm chart: `Chart.yaml`.
    Chart,
    /// A Package: `akua.toml` and `package.k`.
    Package,
    /// A KCL module: `kcl.mod`.
    Module,
    /// Neither: a folder, for overlays and the like.
    Folder,
}

/// Why a package cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// There is no `akua.toml` at or above the path.
    #[error("there is no akua.toml")]
    NoManifest {
        /// Where the search began.
        path: PathBuf,
    },
    /// The manifest is invalid.
    #[error("the manifest is invalid")]
    Manifest {
        /// What is wrong.
        diagnostics: Vec<Diagnostic>,
        /// The manifest.
        sources: SourceMap,
    },
    /// There is no entry file.
    #[error("there is no entry file")]
    NoEntry {
        /// Where it should be.
        path: PathBuf,
    },
    /// A dependency cannot be used.
    #[error("a dependency cannot be used")]
    Dependency {
        /// What is wrong, at its line of the manifest.
        diagnostic: Box<Diagnostic>,
        /// The manifest.
        sources: SourceMap,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl PackageError {
    /// Returns what to tell, and the sources that it points into.
    pub fn into_diagnostics(self) -> (Vec<Diagnostic>, SourceMap) {
        match self {
            Self::NoManifest { path } => {
                let message = format!("there is no `{MANIFEST}` at or above `{}`", path.display());
                let help = "a package is a directory with an `akua.toml` and a `package.k`; name it with --package";
                (
                    vec![Diagnostic::error("E_MANIFEST_MISSING", message).help(help)],
                    SourceMap::default(),
                )
            }
            Self::NoEntry { path } => {
                let message = format!("there is no entry file `{}`", path.display());
                let help = "write the package's program there, or name another file with --package";
                (
                    vec![Diagnostic::error("E_PACKAGE_MISSING", message).help(help)],
                    SourceMap::default(),
                )
            }
            Self::Manifest { diagnostics, sources } => (diagnostics, sources),
            Self::Dependency { diagnostic, sources } => (vec![*diagnostic], sources),
            Self::Disk(error) => {
                (vec![Diagnostic::error("E_IO", error.to_string())], SourceMap::default())
            }
        }
    }
}

/// Loads the package that a person named: a directory or an entry file.
///
/// # Errors
/// [`PackageError`].
pub fn load(path: &Path) -> Result<Package, PackageError> {
    let missing = |_| PackageError::NoEntry { path: path.to_path_buf() };
    // A directory that a person named has to be the package: its entry file may be missing.
    let (start, entry) = if akua_disk::is_folder(path) {
        (akua_disk::canonical(path)?, None)
    } else if akua_disk::exists(path) {
        let file = akua_disk::canonical(path).map_err(missing)?;
        let folder = file.parent().unwrap_or(Path::new("/")).to_path_buf();
        (folder, Some(file))
    } else {
        return Err(absent(path));
    };
    let root =
        find_manifest(&start).ok_or(PackageError::NoManifest { path: path.to_path_buf() })?;
    let entry = entry.map_or_else(
        || Some(ENTRY.to_owned()),
        |file| file.strip_prefix(&root).ok()?.to_str().map(str::to_owned),
    );
    let entry = entry.ok_or(PackageError::NoEntry { path: path.to_path_buf() })?;
    let package = open(&root, entry, None)?;
    if !package.root.has_file(&package.entry) {
        return Err(PackageError::NoEntry { path: root.join(&package.entry) });
    }
    Ok(package)
}

/// Returns what is missing where a person named something that is not there: with a manifest
/// beside it the entry file, else the package.
fn absent(path: &Path) -> PackageError {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = akua_disk::canonical(folder).ok().and_then(|folder| find_manifest(&folder));
    match found {
        Some(_) => PackageError::NoEntry { path: path.to_path_buf() },
        None => PackageError::NoManifest { path: path.to_path_buf() },
    }
}

/// Loads a dependency that is a Package, in the workspace of the package that depends on it.
///
/// # Errors
/// [`PackageError`].
pub fn load_dependency(from: &Package, dependency: &Dependency) -> Result<Package, PackageError> {
    open(dependency.root.path(), ENTRY.to_owned(), Some(&from.workspace))
}

fn open(root: &Path, entry: String, workspace: Option<&Path>) -> Result<Package, PackageError> {
    let folder = Folder::open(root)?;
    let manifest_bytes = folder.read(MANIFEST, MANIFEST_LIMIT_BYTES)?;
    let mut sources = SourceMap::default();
    let text = String::from_utf8_lossy(&manifest_bytes).into_owned();
    let file = sources.add(MANIFEST, text.clone());
    let manifest = match akua_manifest::parse(file, &text) {
        Ok(manifest) => manifest,
        Err(diagnostics) => return Err(PackageError::Manifest { diagnostics, sources }),
    };
    let workspace = workspace.map_or_else(|| workspace_of(folder.path()), Path::to_path_buf);
    let mut dependencies = Vec::with_capacity(manifest.dependencies.len());
    for declared in &manifest.dependencies {
        match resolve(folder.path(), &workspace, declared) {
            Ok(dependency) => dependencies.push(dependency),
            Err(diagnostic) => return Err(PackageError::Dependency { diagnostic, sources }),
        }
    }
    Ok(Package { manifest, manifest_bytes, root: folder, entry, dependencies, workspace })
}

/// Returns the nearest directory upward with a manifest.
fn find_manifest(start: &Path) -> Option<PathBuf> {
    let found = start.ancestors().find(|folder| akua_disk::exists(&folder.join(MANIFEST)));
    found.map(Path::to_path_buf)
}

/// Returns the nearest directory upward whose manifest has `[workspace]`, else the package's own.
/// The package's own manifest cannot widen what it may reach: the search begins above it.
fn workspace_of(root: &Path) -> PathBuf {
    let is_workspace = |folder: &&Path| {
        let Ok(bytes) = akua_disk::read_file(&folder.join(MANIFEST), MANIFEST_LIMIT_BYTES) else {
            return false;
        };
        akua_manifest::has_workspace(&String::from_utf8_lossy(&bytes))
    };
    root.ancestors().skip(1).find(is_workspace).unwrap_or(root).to_path_buf()
}

fn resolve(
    root: &Path,
    workspace: &Path,
    declared: &akua_manifest::Dependency,
) -> Result<Dependency, Box<Diagnostic>> {
    let refuse = |code: &str, message: String, help: &str| {
        Box::new(Diagnostic::error(code, message).label(declared.span, "").help(help))
    };
    let alias = &declared.alias;
    let Source::Path { path } = &declared.source else {
        let message = format!("the dependency `{alias}` is not locked");
        let help = "only `path` dependencies render without a lock: put a copy into the package and depend on it by `path`";
        return Err(refuse("E_LOCK_MISSING", message, help));
    };
    if Path::new(path).is_absolute() {
        let message = format!("the dependency `{alias}` has an absolute path");
        return Err(refuse("E_PATH_ESCAPE", message, "use a path relative to akua.toml"));
    }
    let folder = Folder::open(&root.join(path)).map_err(|_missing| {
        let message = format!("there is no directory `{path}` for the dependency `{alias}`");
        refuse(
            "E_CHART_RESOLVE",
            message,
            "correct the path in akua.toml; it is relative to that file",
        )
    })?;
    if !folder.path().starts_with(workspace) {
        let message = format!("the dependency `{alias}` leads out of the workspace: `{path}`");
        let help = "move it into the package, or declare `[workspace]` in an akua.toml above both";
        return Err(refuse("E_PATH_ESCAPE", message, help));
    }
    let kind = crate::content::kind(&folder);
    Ok(Dependency { alias: alias.clone(), kind, root: folder })
}
