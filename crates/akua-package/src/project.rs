//! A package on disk: its root, its manifest, its lock.

use crate::content::{ENTRY, MANIFEST, METADATA_LIMIT_BYTES};
use crate::key::SourceKey;
use crate::locking::reached_from;
use crate::problem::Problem;
use crate::trust::Roots;
use akua_disk::{DiskError, Folder};
use akua_manifest::{Dependency, Lock, LockedPackage, Manifest, Source, parse_lock};
use akua_source::{Diagnostic, SourceMap};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The lock's file name.
pub const LOCK: &str = "akua.lock";
/// Largest lock, in bytes: some 20,000 entries.
const LOCK_LIMIT_BYTES: u64 = 8 << 20;

/// A package on disk.
#[derive(Debug)]
pub struct Project {
    /// Its manifest.
    pub manifest: Manifest,
    /// The bytes of its manifest.
    pub manifest_bytes: Vec<u8>,
    /// Its root.
    pub root: Folder,
    /// Path of the entry file below the root; whether there is one is not known.
    pub entry: String,
    /// The lock beside the manifest, if there is one.
    pub lock: Option<Lock>,
    /// Directory that its dependencies by path must lie in.
    pub workspace: PathBuf,
    /// Manifest and lock, for diagnostics.
    pub(crate) sources: SourceMap,
}

impl Project {
    /// Opens the package that a person named: a directory, or an entry file that need not be there.
    ///
    /// # Errors
    /// `E_MANIFEST_MISSING`, `E_PACKAGE_MISSING`, and what is wrong with manifest and lock.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        // A directory that a person named has to be the package: its entry file may be missing.
        let (start, entry) = if akua_disk::is_folder(path) {
            (akua_disk::canonical(path)?, None)
        } else if akua_disk::exists(path) {
            let file = akua_disk::canonical(path)?;
            (file.parent().unwrap_or(Path::new("/")).to_path_buf(), Some(file))
        } else {
            return Err(absent(path));
        };
        let root = find_manifest(&start).ok_or_else(|| no_manifest(path))?;
        let entry = entry.map_or_else(
            || Some(ENTRY.to_owned()),
            |file| file.strip_prefix(&root).ok()?.to_str().map(str::to_owned),
        );
        Self::at(&root, entry.ok_or_else(|| no_entry(path))?)
    }

    /// Opens the package whose manifest is in a directory.
    ///
    /// # Errors
    /// What is wrong with manifest and lock.
    pub fn at(root: &Path, entry: String) -> Result<Self, Problem> {
        let root = Folder::open(root)?;
        let mut sources = SourceMap::default();
        let manifest_bytes = root.read(MANIFEST, METADATA_LIMIT_BYTES)?;
        let manifest = parse_manifest(&manifest_bytes, &mut sources)?;
        let lock = read_lock(&root, &mut sources)?;
        let workspace = workspace_of(root.path());
        Ok(Self { manifest, manifest_bytes, root, entry, lock, workspace, sources })
    }

    /// Returns the project with another text as its manifest, which nothing has written yet.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn edited(&self, text: &str) -> Result<Self, Problem> {
        let mut sources = SourceMap::default();
        let file = sources.add(MANIFEST, text);
        let manifest = match akua_manifest::parse(file, text) {
            Ok(manifest) => manifest,
            Err(diagnostics) => return Err(Problem { diagnostics, sources }),
        };
        Ok(Self {
            manifest,
            manifest_bytes: text.as_bytes().to_vec(),
            root: Folder::open(self.root.path())?,
            entry: self.entry.clone(),
            lock: self.lock.clone(),
            workspace: self.workspace.clone(),
            sources,
        })
    }

    /// Returns manifest and lock, for diagnostics that point into them.
    pub fn into_sources(self) -> SourceMap {
        self.sources
    }

    /// Returns the problem that a diagnostic at a place of the manifest is.
    pub(crate) fn problem(&self, diagnostic: Diagnostic) -> Problem {
        Problem { diagnostics: vec![diagnostic], sources: self.sources.clone() }
    }

    /// Returns the directory of a dependency by path.
    ///
    /// # Errors
    /// It is missing, or lies outside of the workspace.
    pub(crate) fn folder(
        &self,
        declared: &Dependency,
        path: &str,
    ) -> Result<Folder, Box<Diagnostic>> {
        let alias = &declared.alias;
        let found = inside(self.root.path(), &self.workspace, alias.as_str(), path);
        let found = found.map_err(|error| Box::new((*error).label(declared.span, "")))?;
        if self.root.path().starts_with(found.path()) {
            let message = format!("the dependency `{alias}` is a directory that holds the package");
            let help = "depend on a directory that does not change with the package's own lock";
            let error = Diagnostic::error("E_PATH_ESCAPE", message).label(declared.span, "");
            return Err(Box::new(error.help(help)));
        }
        Ok(found)
    }

    /// Returns what it says of its dependencies itself.
    pub(crate) fn roots(&self) -> Roots {
        let declared = self.manifest.dependencies.iter();
        let direct =
            declared.filter(|declared| declared.replace.is_none()).filter_map(|declared| {
                let key = SourceKey::remote(&declared.source, &declared.alias)?;
                Some((key, declared.span))
            });
        Roots { root: self.root.path().to_path_buf(), direct: direct.collect() }
    }

    /// Returns the directories that stand in for sources, by source: only the package that is
    /// rendered replaces, and it does so wherever the source is asked for.
    pub(crate) fn replaced(&self) -> BTreeMap<SourceKey, String> {
        let declared = self.manifest.dependencies.iter();
        let replaced = declared.filter_map(|declared| {
            let key = SourceKey::remote(&declared.source, &declared.alias)?;
            Some((key, declared.replace.clone()?))
        });
        replaced.collect()
    }

    /// Returns what makes a declared dependency the same as one in the lock, also where its
    /// directory is gone.
    pub(crate) fn key_of(&self, declared: &Dependency) -> SourceKey {
        match (self.key(declared), &declared.source) {
            (Ok(key), _) => key,
            (Err(_), Source::Path { path }) => {
                SourceKey::folder(self.root.path(), &normal(&self.root.path().join(path)))
            }
            (Err(_), _) => SourceKey::locked(declared.alias.as_str()),
        }
    }

    /// Returns the entries of a lock that the manifest leads to.
    pub(crate) fn reachable<'l>(&self, lock: &'l Lock) -> Vec<&'l LockedPackage> {
        reached_from(lock, self.locked(lock, self.manifest.dependencies.iter()))
    }

    /// Returns the entries of a lock for some of the declared dependencies.
    pub(crate) fn locked<'l, 'd>(
        &self,
        lock: &'l Lock,
        declared: impl Iterator<Item = &'d Dependency>,
    ) -> Vec<&'l LockedPackage> {
        let found = declared.map(|one| find_locked(lock, &self.key_of(one), &one.source));
        found.flatten().collect()
    }

    /// Returns what makes a declared dependency the same as one in the lock.
    ///
    /// # Errors
    /// Its directory is missing, or lies outside of the workspace.
    pub(crate) fn key(&self, declared: &Dependency) -> Result<SourceKey, Box<Diagnostic>> {
        match &declared.source {
            Source::Path { path } => {
                let folder = self.folder(declared, path)?;
                Ok(SourceKey::folder(self.root.path(), folder.path()))
            }
            source => Ok(SourceKey::remote(source, &declared.alias)
                .unwrap_or_else(|| SourceKey::locked(declared.alias.as_str()))),
        }
    }
}

/// Returns the entry of the lock for what is asked for, if one fits.
pub(crate) fn find_locked<'l>(
    lock: &'l Lock,
    key: &SourceKey,
    source: &Source,
) -> Option<&'l LockedPackage> {
    let mut same = lock.packages.iter().filter(|package| package.source == key.as_str());
    same.find(|package| match source {
        Source::Oci { version, .. } | Source::Helm { version, .. } => {
            package.replaced.is_some() || version.accepts(&package.version)
        }
        Source::Git { .. } | Source::Path { .. } => true,
    })
}

/// Returns the entry of a lock for a declared dependency, if one fits.
pub fn find_entry<'l>(
    project: &Project,
    lock: &'l Lock,
    declared: &Dependency,
) -> Option<&'l LockedPackage> {
    let key = project.key(declared).ok()?;
    find_locked(lock, &key, &declared.source)
}

/// Opens a directory that a dependency names, which has to lie in the workspace.
///
/// # Errors
/// `E_PATH_MISSING` and `E_PATH_ESCAPE`.
pub(crate) fn inside(
    base: &Path,
    workspace: &Path,
    alias: &str,
    path: &str,
) -> Result<Folder, Box<Diagnostic>> {
    let folder = Folder::open(&base.join(path)).map_err(|error| {
        if matches!(error, DiskError::Special { .. } | DiskError::Escape { .. }) {
            let message = format!("the dependency `{alias}` is no directory: `{path}`");
            let help = "name a directory; links may not lead in a circle";
            return Box::new(Diagnostic::error("E_PATH_ESCAPE", message).help(help));
        }
        if !matches!(error, DiskError::Missing { .. }) {
            let told = Diagnostic::error("E_IO", format!("the dependency `{alias}`: {error}"));
            return Box::new(told.help("check the directory's permissions"));
        }
        let message = format!("there is no directory `{path}` for the dependency `{alias}`");
        let help = "correct the path in akua.toml; it is relative to that file";
        Box::new(Diagnostic::error("E_CHART_RESOLVE", message).help(help))
    })?;
    if folder.path().starts_with(workspace) {
        return Ok(folder);
    }
    let message = format!("the dependency `{alias}` leads out of the workspace: `{path}`");
    let help = "move it into the package, or declare `[workspace]` in an akua.toml above both";
    Err(Box::new(Diagnostic::error("E_PATH_ESCAPE", message).help(help)))
}

/// Parses the manifest of a directory.
pub(crate) fn parse_manifest(bytes: &[u8], sources: &mut SourceMap) -> Result<Manifest, Problem> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let file = sources.add(MANIFEST, text.clone());
    akua_manifest::parse(file, &text)
        .map_err(|diagnostics| Problem { diagnostics, sources: sources.clone() })
}

fn read_lock(root: &Folder, sources: &mut SourceMap) -> Result<Option<Lock>, Problem> {
    if !root.has_name(LOCK) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&root.read(LOCK, LOCK_LIMIT_BYTES)?).into_owned();
    let file = sources.add(LOCK, text.clone());
    match parse_lock(file, &text) {
        Ok(lock) => Ok(Some(lock)),
        Err(diagnostics) => Err(Problem { diagnostics, sources: sources.clone() }),
    }
}

/// Returns a path without `.` and `..`, by its text alone.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// Returns what is missing where a person named something that is not there: with a manifest
/// beside it the entry file, else the package.
fn absent(path: &Path) -> Problem {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = akua_disk::canonical(folder).ok().and_then(|folder| find_manifest(&folder));
    if found.is_some() { no_entry(path) } else { no_manifest(path) }
}

fn no_manifest(path: &Path) -> Problem {
    let message = format!("there is no `{MANIFEST}` at or above `{}`", path.display());
    let help =
        "a package is a directory with an `akua.toml` and a `package.k`: `akua init` makes one";
    Diagnostic::error("E_MANIFEST_MISSING", message).help(help).into()
}

/// Returns the problem that there is no entry file.
pub(crate) fn no_entry(path: &Path) -> Problem {
    let message = format!("there is no entry file `{}`", path.display());
    let help = "write the package's program there, or name another file with --package";
    Diagnostic::error("E_PACKAGE_MISSING", message).help(help).into()
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
        // Whatever lies above may be the package's too: a pipe is not waited for.
        let read = Folder::open(folder).and_then(|f| f.read(MANIFEST, METADATA_LIMIT_BYTES));
        let Ok(bytes) = read else { return false };
        akua_manifest::has_workspace(&String::from_utf8_lossy(&bytes))
    };
    root.ancestors().skip(1).find(is_workspace).unwrap_or(root).to_path_buf()
}
