//! Vendored dependencies: copies in the package, so that a render needs neither network nor cache.

use crate::catalog::{Supply, offline};
use crate::key::{SourceKey, local_path};
use crate::problem::{Drift, Problem};
use crate::project::Project;
use crate::remote::Wanted;
use crate::trust::{EVIDENCE, evidence_files};
use akua_disk::{Folder, Staging, TreeFile, TreeLimits};
use akua_manifest::{Lock, LockedPackage, Source};
use akua_source::{Diagnostic, Digest};
use std::collections::BTreeMap;
use std::path::Path;

/// Where vendored dependencies are, below the package.
pub const VENDOR: &str = ".akua/vendor";

/// A vendored dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vendored {
    /// Its directory below [`VENDOR`]: an alias, or `NAME@VERSION-DIGEST` of what a dependency depends on.
    pub directory: String,
    /// The digest of its files.
    pub digest: Digest,
}

/// Returns the directories in which an entry may be vendored, the likeliest first.
pub(crate) fn places(entry: &LockedPackage, alias: Option<&String>) -> Vec<String> {
    alias.cloned().into_iter().chain([indirect(entry)]).collect()
}

/// Returns the alias of each source that the manifest declares: its copy has that name, whoever
/// asks for it.
pub(crate) fn aliases(project: &Project) -> BTreeMap<SourceKey, String> {
    let declared = project.manifest.dependencies.iter().rev();
    let remote = declared.filter_map(|declared| {
        let key = SourceKey::remote(&declared.source, &declared.alias)?;
        Some((key, declared.alias.to_string()))
    });
    remote.collect()
}

/// Opens a vendored copy, if there is one.
///
/// # Errors
/// `E_PATH_ESCAPE` where it leads out of the package.
pub(crate) fn open(root: &Path, name: &str) -> Result<Option<Folder>, Problem> {
    match Folder::open(&root.join(VENDOR).join(name)) {
        Err(_missing) => Ok(None),
        Ok(folder) if folder.path().starts_with(root) => Ok(Some(folder)),
        Ok(_) => Err(escape(&format!("{VENDOR}/{name}"))),
    }
}

/// Checks that a directory of the package, if it is there, is no link that leads out of it: what
/// akua writes goes into the package.
///
/// # Errors
/// `E_PATH_ESCAPE`.
pub fn check_own(root: &Path, name: &str) -> Result<(), Problem> {
    match akua_disk::canonical(&root.join(name)) {
        Ok(path) if !path.starts_with(root) => Err(escape(name)),
        _ => Ok(()),
    }
}

fn escape(name: &str) -> Problem {
    let message = format!("`{name}` of the package leads out of it");
    let help = "remove the link: akua reads and writes its own directories in the package only";
    Diagnostic::error("E_PATH_ESCAPE", message).help(help).into()
}

/// Returns the problem that a vendored copy is not what the lock says.
pub(crate) fn changed(entry: &LockedPackage, shown: &str, found: &Digest) -> Problem {
    let message = format!("the vendored copy `{shown}` of `{}` has changed", entry.name);
    let mut diagnostic = Drift::LockedBytes.differs(message, &entry.digest, found);
    diagnostic.helps = vec!["to take what the lock says: akua vendor".to_owned()];
    diagnostic.into()
}

/// Returns the directory of what only dependencies depend on.
fn indirect(entry: &LockedPackage) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-+".contains(letter) { letter } else { '_' }
    };
    // Two repositories may have something of that name and version.
    let text = format!("{}@{}-{}", entry.name, entry.version, entry.digest.short());
    text.chars().map(|found| if found == '@' { '@' } else { letter(found) }).collect()
}

/// Returns the directory for each entry of a lock that is fetched.
pub(crate) fn directories<'l>(
    project: &Project,
    lock: &'l Lock,
) -> BTreeMap<String, &'l LockedPackage> {
    let aliases = aliases(project);
    let mut found: BTreeMap<String, &LockedPackage> = BTreeMap::new();
    for entry in lock.packages.iter().filter(|entry| local_path(entry).is_none()) {
        let alias = aliases.get(&SourceKey::locked(&entry.source));
        found.insert(alias.cloned().unwrap_or_else(|| indirect(entry)), entry);
    }
    found
}

/// Copies all fetched dependencies of a lock into the package, instead of what is vendored there.
///
/// # Errors
/// What is in neither cache nor network; `LockDigestMismatch`. What was vendored stays then.
pub fn vendor(project: &Project, lock: &Lock, supply: &Supply) -> Result<Vec<Vendored>, Problem> {
    for name in [".akua", ".akua/staging", VENDOR, EVIDENCE] {
        check_own(project.root.path(), name)?;
    }
    let mut staging = Staging::new(&project.root.path().join(".akua/staging"))?;
    let mut vendored = Vec::new();
    for (directory, files) in vendored_files(project, lock, supply)? {
        for file in files {
            staging.file(&format!("{directory}/{}", file.path), &file.bytes)?;
        }
        let digest = staging.opened(&directory)?.digest(TreeLimits::default())?;
        vendored.push(Vendored { directory, digest });
    }
    let holder = project.root.path().join(".akua/staging");
    staging.replace(&project.root.path().join(VENDOR))?;
    let files = evidence_files(project.root.path(), lock, supply);
    if files.is_empty() {
        akua_disk::remove_folder(&project.root.path().join(EVIDENCE))?;
    } else {
        let mut staging = Staging::new(&holder)?;
        for (name, bytes) in files {
            staging.file(&name, &bytes)?;
        }
        staging.replace(&project.root.path().join(EVIDENCE))?;
    }
    akua_disk::remove_empty(&holder);
    Ok(vendored)
}

/// Returns the files of all fetched dependencies of a lock, by the directory that they are vendored
/// in.
///
/// # Errors
/// What is in neither cache nor network; `LockDigestMismatch`.
pub fn vendored_files(
    project: &Project,
    lock: &Lock,
    supply: &Supply,
) -> Result<Vec<(String, Vec<TreeFile>)>, Problem> {
    let directories = directories(project, lock);
    prefetch(directories.values().copied(), supply);
    let mut found = Vec::new();
    for (directory, entry) in directories {
        found.push((directory, tree(entry, supply)?.tree("", TreeLimits::default())?));
    }
    Ok(found)
}

/// Returns what keeps a package from being packed: a dependency that lies outside of it.
pub fn in_package(project: &Project) -> Option<Diagnostic> {
    project.manifest.dependencies.iter().find_map(|declared| {
        let alias = &declared.alias;
        if declared.replace.is_some() {
            let message = format!("the dependency `{alias}` is replaced by a directory");
            let help = "publish the fork, and depend on it; `replace` is for work on this machine";
            return Some(Diagnostic::error("E_PACK_REPLACE", message).help(help));
        }
        let Source::Path { path } = &declared.source else { return None };
        let folder = project.folder(declared, path).ok()?;
        if folder.path().starts_with(project.root.path()) {
            return None;
        }
        let message = format!("the dependency `{alias}` lies outside of the package: `{path}`");
        let help = "move it into the package, or publish it and depend on it";
        Some(Diagnostic::error("E_PACK_PATH", message).help(help))
    })
}

/// Fetches what is not in the cache, several entries at a time.
pub(crate) fn prefetch<'l>(entries: impl Iterator<Item = &'l LockedPackage>, supply: &Supply) {
    let Some(remote) = &supply.remote else { return };
    let missing = entries.filter(|entry| !akua_disk::is_folder(&supply.cache.tree(&entry.digest)));
    let wanted: Vec<Wanted<'_>> = missing
        .map(|entry| Wanted {
            key: SourceKey::locked(&entry.source),
            tag: entry.version.clone(),
            pin: Some(entry),
        })
        .collect();
    remote.prefetch(&wanted, &supply.cache, supply.yaml.as_ref());
}

/// Opens the tree of an entry in the cache, fetching it if it is not there.
pub(crate) fn tree(entry: &LockedPackage, supply: &Supply) -> Result<Folder, Problem> {
    if let Some(folder) = supply.cache.open(&entry.digest)? {
        return Ok(folder);
    }
    let key = SourceKey::locked(&entry.source);
    let Some(remote) = &supply.remote else { return Err(offline(&key, &entry.version)) };
    remote.fetch(&key, &entry.version, Some(entry), (&supply.cache, supply.yaml.as_ref()))?;
    Ok(Folder::open(&supply.cache.tree(&entry.digest))?)
}
