//! Writing and checking `akua.lock`.

use crate::catalog::{Live, Supply};
use crate::key::{SourceKey, local_path};
use crate::problem::{Drift, Problem, in_dependency};
use crate::project::{LOCK, Project, find_locked, inside};
use crate::remote::{Current, changed};
use crate::resolve::{ResolveError, resolve};
use crate::trust::{self, Proof};
use akua_disk::TreeLimits;
use akua_manifest::{Dependency, Lock, LockedPackage};
use akua_source::{Diagnostic, Digest};
use std::collections::{BTreeMap, BTreeSet};

/// What of the old lock stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// All that still fits; what has changed is refused.
    All,
    /// Nothing: newer versions and changed files are accepted.
    Nothing,
    /// All but dependencies with these aliases, and what they alone depend on.
    AllBut(Vec<String>),
}

/// Returns the lock of a project.
///
/// With [`Keep::All`] and a lock that fits, nothing is resolved and no socket is opened.
///
/// # Errors
/// `E_LOCK_DRIFT` where what was locked has changed, unless it is to be accepted;
/// `E_RESOLVE_CONFLICT`; what the network says; `E_OFFLINE`.
pub fn lock(project: &Project, supply: &Supply, keep: &Keep) -> Result<Lock, Problem> {
    let old = project.lock.clone().unwrap_or_default();
    let dropped = match keep {
        Keep::All => BTreeSet::new(),
        Keep::Nothing => old.packages.iter().map(|entry| entry.source.clone()).collect(),
        Keep::AllBut(aliases) => dropped(project, &old, aliases)?,
    };
    let mut drift = path_drift(project, &old)?;
    drift.retain(|(source, _)| !dropped.contains(source));
    if !drift.is_empty() {
        let diagnostics = drift.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        return Err(Problem { diagnostics, sources: project.sources.clone() });
    }
    if *keep == Keep::All
        && let Some(lock) = project.lock.as_ref().and_then(|lock| reuse(project, lock))
    {
        return signed(project, supply, lock);
    }
    let kept = old.packages.into_iter().filter(|entry| !dropped.contains(&entry.source)).collect();
    // What is not refused is taken as it is now: an accepted change of a directory.
    let lock = solve(project, supply, kept)?;
    signed(project, supply, lock)
}

/// Proves what is asked of a lock's entries, and notes who signed them.
fn signed(project: &Project, supply: &Supply, lock: Lock) -> Result<Lock, Problem> {
    let (mut proofs, wrong) = trust::prove(&lock, &project.roots(), supply)?;
    if !wrong.is_empty() {
        return Err(Problem { diagnostics: wrong, sources: project.sources.clone() });
    }
    let packages = lock.packages.into_iter().map(|entry| match proofs.remove(&entry.source) {
        Some(Proof { signer: Some(signer), attestation }) => {
            LockedPackage { signature: Some(signer.to_string()), attestation, ..entry }
        }
        _ => entry,
    });
    Ok(Lock::new(packages.collect()))
}

/// Resolves a project, with some entries of its lock preferred.
fn solve(project: &Project, supply: &Supply, kept: Vec<LockedPackage>) -> Result<Lock, Problem> {
    let mut catalog = Live::new(project, supply, kept);
    let asks = catalog.root_asks()?;
    catalog.prefetch(&asks);
    let name = project.manifest.package.name.as_str();
    let chosen = resolve(name, &asks, &mut catalog).map_err(|error| match error {
        ResolveError::Catalog(problem) => problem,
        ResolveError::Conflict { chain } => conflict(&chain),
    })?;
    let mut entries: BTreeMap<SourceKey, LockedPackage> = BTreeMap::new();
    for (key, tag) in &chosen {
        let entry = catalog.entry(key, tag).ok_or_else(|| {
            let message = format!("`{key}` {tag} was chosen and not looked at");
            Problem::from(Diagnostic::error("E_INTERNAL", message))
        })?;
        entries.insert(key.clone(), entry);
    }
    let names: BTreeMap<&SourceKey, String> =
        entries.iter().map(|(key, entry)| (key, reference(entry, &entries))).collect();
    let known = catalog.known.iter();
    let edges: BTreeMap<&SourceKey, Vec<String>> = known
        .filter(|((key, tag), _)| {
            let chosen = chosen.get(key);
            chosen.is_some_and(|found| found == tag || found.is_empty() || tag.is_empty())
        })
        .map(|((key, _), known)| {
            let targets = known.asks.iter().filter_map(|ask| names.get(&ask.key).cloned());
            (key, targets.collect())
        })
        .collect();
    let packages = entries.iter().map(|(key, entry)| {
        let dependencies = edges.get(key).cloned().unwrap_or_default();
        LockedPackage { dependencies, ..entry.clone() }
    });
    Ok(Lock::new(packages.collect()))
}

/// Returns how entries name each other: by name and version, and by source where that is not enough.
fn reference(entry: &LockedPackage, all: &BTreeMap<SourceKey, LockedPackage>) -> String {
    let same = |other: &&LockedPackage| other.name == entry.name && other.version == entry.version;
    let short = format!("{}@{}", entry.name, entry.version);
    if all.values().filter(same).count() > 1 { format!("{short} {}", entry.source) } else { short }
}

/// Returns the entry that another one names.
pub fn referenced<'l>(lock: &'l Lock, reference: &str) -> Option<&'l LockedPackage> {
    // Names may have spaces, sources begin with their kind.
    let sources = [" oci://", " git+", " helm+", " path+file://"];
    let at = sources.iter().find_map(|kind| reference.find(kind));
    let (short, source) = match at.and_then(|at| reference.split_at_checked(at)) {
        Some((short, source)) => (short, Some(source.trim_start())),
        None => (reference, None),
    };
    let (name, version) = short.rsplit_once('@')?;
    lock.packages.iter().find(|entry| {
        let same = entry.name == name && entry.version == version;
        same && source.is_none_or(|source| entry.source == source)
    })
}

/// Returns entries and all that they lead to.
pub(crate) fn reached_from<'l>(
    lock: &'l Lock,
    mut waiting: Vec<&'l LockedPackage>,
) -> Vec<&'l LockedPackage> {
    let mut reached: Vec<&LockedPackage> = Vec::new();
    while let Some(entry) = waiting.pop() {
        if !reached.contains(&entry) {
            reached.push(entry);
            waiting.extend(entry.dependencies.iter().filter_map(|name| referenced(lock, name)));
        }
    }
    reached
}

fn conflict(chain: &[String]) -> Problem {
    let message = "the dependencies do not fit together";
    let help = "change one of the requirements, or replace a dependency: replace = { path = … }";
    let mut diagnostic = Diagnostic::error("E_RESOLVE_CONFLICT", message).help(help);
    for line in chain {
        diagnostic = diagnostic.note(line.clone());
    }
    diagnostic.into()
}

/// Returns the part of a lock that the manifest still needs, if all that it needs is there.
fn reuse(project: &Project, lock: &Lock) -> Option<Lock> {
    let mut wanted: Vec<&LockedPackage> = Vec::new();
    for declared in &project.manifest.dependencies {
        let key = project.key(declared).ok()?;
        wanted.push(find_locked(lock, &key, &declared.source)?);
    }
    let replaced = project.replaced();
    let packages = reached_from(lock, wanted);
    let fits = |entry: &&LockedPackage| {
        entry.replaced.as_ref() == replaced.get(&SourceKey::locked(&entry.source))
            && entry.dependencies.iter().all(|name| referenced(lock, name).is_some())
    };
    let all_fit = packages.iter().all(fits);
    all_fit.then(|| Lock::new(packages.into_iter().cloned().collect()))
}

/// Returns the sources that an update of some aliases leaves to be resolved anew: theirs, and what
/// no other dependency leads to.
fn dropped(
    project: &Project,
    lock: &Lock,
    aliases: &[String],
) -> Result<BTreeSet<String>, Problem> {
    for alias in aliases {
        let mut declared = project.manifest.dependencies.iter();
        if !declared.any(|declared| declared.alias.as_str() == alias) {
            let message = format!("there is no dependency `{alias}`");
            let help = "`akua tree` lists the dependencies";
            return Err(Diagnostic::error("E_REMOVE_NOT_FOUND", message).help(help).into());
        }
    }
    let is_named =
        |declared: &Dependency| aliases.iter().any(|alias| alias == declared.alias.as_str());
    let named = project.manifest.dependencies.iter();
    let named: BTreeSet<String> = named
        .filter(|declared| is_named(declared))
        .map(|declared| project.key_of(declared).as_str().to_owned())
        .collect();
    let others = project.manifest.dependencies.iter();
    let others = others.filter(|declared| !is_named(declared));
    let reached = reached_from(lock, project.locked(lock, others));
    let dropped = lock.packages.iter().filter(|entry| {
        named.contains(&entry.source) || !reached.iter().any(|kept| kept.source == entry.source)
    });
    Ok(dropped.map(|entry| entry.source.clone()).collect())
}

/// Returns how directories that the manifest leads to differ from what the lock says of them, by
/// source.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn path_drift(
    project: &Project,
    lock: &Lock,
) -> Result<Vec<(String, Diagnostic)>, Problem> {
    let root = project.root.path();
    let mut drift = Vec::new();
    for entry in project.reachable(lock) {
        let Some(path) = local_path(entry) else { continue };
        let found = if akua_disk::is_folder(&root.join(path)) {
            let folder = inside(root, &project.workspace, &entry.name, path)?;
            let digest = folder.digest(TreeLimits::default());
            let digest = digest.map_err(|error| in_dependency(&entry.name, error))?;
            (digest != entry.digest).then(|| path_changed(path, &entry.digest, &digest))
        } else {
            let message = format!("the directory `{path}` of `{}` is gone", entry.name);
            Some(Drift::Missing.diagnostic(message))
        };
        drift.extend(found.map(|found| (entry.source.clone(), found)));
    }
    Ok(drift)
}

/// Returns the diagnostic for a directory whose files have changed.
pub(crate) fn path_changed(path: &str, expected: &Digest, found: &Digest) -> Diagnostic {
    let message = format!("the files of `{path}` have changed since they were locked");
    Drift::Files.differs(message, expected, found)
}

/// Writes a lock beside the manifest, if its text is another; returns whether it was.
///
/// # Errors
/// `E_IO`.
pub fn write_lock(project: &Project, lock: &Lock) -> Result<bool, Problem> {
    if project.lock.as_ref() == Some(lock) {
        return Ok(false);
    }
    akua_disk::write_file(&project.root.path().join(LOCK), lock.text().as_bytes())?;
    Ok(true)
}

/// Puts the lock back as it was when the project was opened.
///
/// # Errors
/// `E_IO`.
pub fn restore_lock(project: &Project) -> Result<(), Problem> {
    let path = project.root.path().join(LOCK);
    match &project.lock {
        Some(lock) => akua_disk::write_file(&path, lock.text().as_bytes())?,
        None => akua_disk::remove_file(&path)?,
    }
    Ok(())
}

/// Returns how what is served now differs from what was locked: tags that moved, and entries whose
/// files are not those of the artifact or commit that they name.
///
/// # Errors
/// What the network says.
pub fn served_drift(lock: &Lock, supply: &Supply) -> Result<Vec<Diagnostic>, Problem> {
    let Some(remote) = &supply.remote else { return Ok(Vec::new()) };
    let yaml = supply.yaml.as_ref();
    let mut drift = Vec::new();
    for entry in lock.packages.iter().filter(|entry| local_path(entry).is_none()) {
        let key = SourceKey::locked(&entry.source);
        let version = entry.version.as_str();
        let locked = [&entry.manifest_digest, &entry.layer_digest].into_iter().flatten();
        let mut locked = locked.map(Digest::as_str).chain(entry.commit.as_deref());
        match remote.current(&key, entry, yaml)? {
            Current::Is(found) if !locked.clone().any(|locked| locked == found) => {
                let locked = locked.next().unwrap_or("nothing");
                drift.extend(changed(&key, version, locked, &found).diagnostics);
            }
            Current::Gone => {
                let message = format!("`{key}` {version} is not there any more");
                drift.push(Drift::LockedBytes.diagnostic(message));
            }
            Current::Is(_) | Current::Unknown => {
                let digest = remote.proven(&key, entry, (&supply.cache, yaml));
                match digest {
                    Ok(digest) if digest != entry.digest => {
                        drift.extend(changed(&key, version, &entry.digest, &digest).diagnostics);
                    }
                    Ok(_) => {}
                    Err(problem) => drift.extend(problem.diagnostics),
                }
            }
        }
    }
    Ok(drift)
}
