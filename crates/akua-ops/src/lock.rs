//! `akua lock` and `akua update`: what the dependencies are resolved to.

use crate::{Failure, Home};
use akua_manifest::{Lock, LockedPackage};
use akua_package::{Keep, Problem, Project, lock, served_drift, write_lock};
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::PathBuf;

/// What to lock.
#[derive(Debug, Clone)]
pub struct LockRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// Whether to compare only.
    pub check: bool,
    /// Where things are.
    pub home: Home,
}

/// The result of `lock`.
#[derive(Debug, Serialize)]
pub struct LockOutcome {
    /// Whether the lock was written.
    pub wrote: bool,
    /// Whether the lock was not what it should be.
    pub drift: bool,
    /// The entries.
    pub locked_packages: Vec<LockedEntry>,
}

/// An entry, as documents show it.
#[derive(Debug, Clone, Serialize)]
pub struct LockedEntry {
    /// What it calls itself.
    pub name: String,
    /// Its tag, `local` for a directory.
    pub version: String,
    /// The digest of its files.
    pub digest: String,
    /// `oci`, `git`, `helm` or `path`.
    pub source_kind: &'static str,
    /// Where it comes from.
    pub source: String,
}

impl LockedEntry {
    pub(crate) fn new(entry: &LockedPackage) -> Self {
        let kinds = [("oci://", "oci"), ("git+", "git"), ("helm+", "helm")];
        let kind = kinds.iter().find(|(prefix, _)| entry.source.starts_with(prefix));
        Self {
            name: entry.name.clone(),
            version: entry.version.clone(),
            digest: entry.digest.to_string(),
            source_kind: kind.map_or("path", |(_, kind)| kind),
            source: entry.source.clone(),
        }
    }
}

/// Locks a package, or checks its lock.
///
/// # Errors
/// [`Failure`]; the lock is as it was then.
pub fn run(request: &LockRequest) -> Result<LockOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let supply = request.home.supply_for(&project)?;
    let found = lock(&project, &supply, &Keep::All)?;
    let locked_packages = found.packages.iter().map(LockedEntry::new).collect();
    if !request.check {
        let wrote = write_lock(&project, &found)?;
        return Ok(LockOutcome { wrote, drift: false, locked_packages });
    }
    let old = project.lock.clone().unwrap_or_default();
    let mut drift = served_drift(&old, &supply)?;
    if old != found {
        drift.push(
            Diagnostic::error("E_LOCK_DRIFT", "akua.lock is not what akua.toml asks for")
                .help("to write it anew: akua lock"),
        );
    }
    if drift.is_empty() {
        return Ok(LockOutcome { wrote: false, drift: false, locked_packages });
    }
    Err(Problem { diagnostics: drift, ..Problem::default() }.into())
}

/// What to update.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// Aliases of the dependencies; all if none is named.
    pub dependencies: Vec<String>,
    /// Where things are.
    pub home: Home,
}

/// The result of `update`.
#[derive(Debug, Serialize)]
pub struct UpdateOutcome {
    /// What has changed.
    pub updated: Vec<Updated>,
    /// What is new.
    pub added: Vec<LockedEntry>,
    /// What nothing depends on any more.
    pub removed: Vec<LockedEntry>,
    /// What stayed.
    pub unchanged: Vec<LockedEntry>,
}

/// An entry that has changed.
#[derive(Debug, Serialize)]
pub struct Updated {
    /// What it is now.
    #[serde(flatten)]
    pub entry: LockedEntry,
    /// Its version before.
    pub from_version: String,
    /// Its digest before.
    pub from_digest: String,
    /// Its digest now.
    pub to_digest: String,
}

/// Resolves dependencies anew and accepts what has changed.
///
/// # Errors
/// [`Failure`]; the lock is as it was then.
pub fn update(request: &UpdateRequest) -> Result<UpdateOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let supply = request.home.supply_for(&project)?;
    let keep = match request.dependencies.as_slice() {
        [] => Keep::Nothing,
        aliases => Keep::AllBut(aliases.to_vec()),
    };
    let new = lock(&project, &supply, &keep)?;
    let old = project.lock.clone().unwrap_or_default();
    write_lock(&project, &new)?;
    Ok(compare(&old, &new))
}

/// Returns how one lock differs from another.
pub(crate) fn compare(old: &Lock, new: &Lock) -> UpdateOutcome {
    let mut outcome = UpdateOutcome {
        updated: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        unchanged: Vec::new(),
    };
    let same = |a: &LockedPackage, b: &LockedPackage| a.source == b.source;
    for entry in &new.packages {
        match old.packages.iter().find(|before| same(before, entry)) {
            None => outcome.added.push(LockedEntry::new(entry)),
            Some(before) if before.version == entry.version && before.digest == entry.digest => {
                outcome.unchanged.push(LockedEntry::new(entry));
            }
            Some(before) => outcome.updated.push(Updated {
                entry: LockedEntry::new(entry),
                from_version: before.version.clone(),
                from_digest: before.digest.to_string(),
                to_digest: entry.digest.to_string(),
            }),
        }
    }
    let gone = old.packages.iter().filter(|before| !new.packages.iter().any(|e| same(before, e)));
    outcome.removed.extend(gone.map(LockedEntry::new));
    outcome
}
