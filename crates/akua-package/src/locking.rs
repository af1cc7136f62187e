//! Writing and checking `akua.lock`.

use crate::catalog::{Live, Supply};
use crate::key::SourceKey;
use crate::problem::{Drift, Problem};
use crate::project::{LOCK, Project, find_locked, inside};
use crate::resolve::{ResolveError, resolve};
use akua_disk::TreeLimits;
use akua_manifest::{Lock, LockedPackage};
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
    if *keep == Keep::All {
        let drift = path_drift(project, &old)?;
        if !drift.is_empty() {
            return Err(Problem { diagnostics: drift, sources: project.sources.clone() });
        }
        if let Some(lock) = project.lock.as_ref().and_then(|lock| reuse(project, lock)) {
            return Ok(lock);
        }
    }
    let kept = match keep {
        Keep::All => old.packages,
        Keep::Nothing => Vec::new(),
        Keep::AllBut(aliases) => {
            let dropped = dropped(project, &old, aliases)?;
            old.packages.into_iter().filter(|entry| !dropped.contains(&entry.source)).collect()
        }
    };
    // What is not refused is taken as it is now: an accepted change of a directory.
    solve(project, supply, kept)
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
        entries.extend(catalog.entry(key, tag).map(|entry| (key.clone(), entry)));
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
    let (short, source) = match reference.split_once(' ') {
        Some((short, source)) => (short, Some(source)),
        None => (reference, None),
    };
    let (name, version) = short.rsplit_once('@')?;
    lock.packages.iter().find(|entry| {
        let same = entry.name == name && entry.version == version;
        same && source.is_none_or(|source| entry.source == source)
    })
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
        let entry = find_locked(lock, &key, &declared.source)?;
        if entry.replaced != declared.replace {
            return None;
        }
        wanted.push(entry);
    }
    let mut packages: BTreeSet<&LockedPackage> = BTreeSet::new();
    while let Some(entry) = wanted.pop() {
        if packages.insert(entry) {
            for dependency in &entry.dependencies {
                wanted.push(referenced(lock, dependency)?);
            }
        }
    }
    Some(Lock::new(packages.into_iter().cloned().collect()))
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
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<&LockedPackage> = Vec::new();
    for declared in &project.manifest.dependencies {
        if aliases.iter().any(|alias| alias == declared.alias.as_str()) {
            continue;
        }
        let key = project.key(declared).map_err(|error| project.problem(*error))?;
        waiting.extend(find_locked(lock, &key, &declared.source));
    }
    while let Some(entry) = waiting.pop() {
        if reached.insert(entry.source.clone()) {
            let next = entry.dependencies.iter();
            waiting.extend(next.filter_map(|dependency| referenced(lock, dependency)));
        }
    }
    let all = lock.packages.iter().map(|entry| entry.source.clone());
    Ok(all.filter(|source| !reached.contains(source)).collect())
}

/// Returns how directories differ from what the lock says of them.
///
/// # Errors
/// A directory cannot be read.
pub(crate) fn path_drift(project: &Project, lock: &Lock) -> Result<Vec<Diagnostic>, Problem> {
    let mut drift = Vec::new();
    for entry in &lock.packages {
        let key = SourceKey::locked(&entry.source);
        let Some(path) = entry.replaced.as_deref().or_else(|| key.path()) else { continue };
        let root = project.root.path();
        if !akua_disk::is_folder(&root.join(path)) {
            let still = declared_path(project, path);
            if still {
                let message = format!("the directory `{path}` of `{}` is gone", entry.name);
                drift.push(Drift::Missing.diagnostic(message));
            }
            continue;
        }
        let folder = inside(root, &project.workspace, &entry.name, path)?;
        let found = folder.digest(TreeLimits::default())?;
        if found != entry.digest {
            drift.push(path_changed(path, &entry.digest, &found));
        }
    }
    Ok(drift)
}

/// Returns whether the manifest still names a directory; one that was removed from both is no drift.
fn declared_path(project: &Project, path: &str) -> bool {
    let same = |text: &str| text.trim_start_matches("./").trim_end_matches('/') == path;
    project.manifest.dependencies.iter().any(|declared| {
        let replaced = declared.replace.as_deref().is_some_and(same);
        replaced || matches!(&declared.source, akua_manifest::Source::Path { path } if same(path))
    })
}

/// Returns the diagnostic for a directory whose files have changed.
pub(crate) fn path_changed(path: &str, expected: &Digest, found: &Digest) -> Diagnostic {
    let message = format!("the files of `{path}` have changed since they were locked");
    let diagnostic = Drift::Files.diagnostic(message);
    diagnostic.note(format!("expected {expected}")).note(format!("found {found}"))
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

/// Returns how what tags lead to now differs from what was locked.
///
/// # Errors
/// What the network says.
pub fn moved_tags(lock: &Lock, supply: &Supply) -> Result<Vec<Diagnostic>, Problem> {
    let Some(remote) = &supply.remote else { return Ok(Vec::new()) };
    let mut moved = Vec::new();
    for entry in lock.packages.iter().filter(|entry| entry.replaced.is_none()) {
        let key = SourceKey::locked(&entry.source);
        let found = remote.current(&key, &entry.version, supply.yaml.as_ref())?;
        let locked = [&entry.manifest_digest, &entry.layer_digest].into_iter().flatten().next();
        let locked = locked.map(Digest::as_str).or(entry.commit.as_deref());
        if let (Some(found), Some(locked)) = (found, locked)
            && found != locked
        {
            moved.extend(crate::remote::changed(&key, &entry.version, locked, &found).diagnostics);
        }
    }
    Ok(moved)
}
