//! Checking without rendering: manifest against lock, lock against vendored copies, cache and disk.

use crate::catalog::Supply;
use crate::key::{SourceKey, local_path};
use crate::locking::{path_drift, referenced};
use crate::problem::{Drift, Problem};
use crate::project::{Project, find_locked};
use crate::trust::{self, Proof};
use crate::vendor::{self, VENDOR};
use akua_disk::{Folder, TreeLimits};
use akua_manifest::{Lock, LockedPackage};
use akua_source::Diagnostic;

/// What was found out about a project's lock.
#[derive(Debug, Default)]
pub struct Verification {
    /// All that differs, and what is not proven.
    pub wrong: Vec<Diagnostic>,
    /// What was proven, where something is asked: the entry, and who signed it.
    pub proven: Vec<(LockedPackage, Proof)>,
}

/// Returns all that differs from what a project's lock says, and what was proven. What is in neither
/// place is no drift: it is fetched, and checked, when it is needed.
///
/// # Errors
/// Something cannot be read; `E_LOCK_MISSING` where there are dependencies and no lock.
pub fn verify(project: &Project, supply: &Supply) -> Result<Verification, Problem> {
    let Some(lock) = &project.lock else {
        if project.manifest.dependencies.is_empty() {
            return Ok(Verification::default());
        }
        let message = "there is no akua.lock";
        let help = "run `akua lock`, and commit akua.lock beside akua.toml";
        return Err(Diagnostic::error("E_LOCK_MISSING", message).help(help).into());
    };
    let mut found = manifest_drift(project, lock);
    found.extend(path_drift(project, lock)?.into_iter().map(|(_, diagnostic)| diagnostic));
    found.extend(vendor_drift(project, lock)?);
    found.extend(cache_drift(lock, supply)?);
    let (mut proofs, wrong) = trust::prove(lock, &project.roots(), supply)?;
    found.extend(wrong);
    for entry in lock.packages.iter().filter(|entry| entry.signature.is_none()) {
        if let Some(signer) = proofs.get(&entry.source).and_then(|proof| proof.signer.as_ref()) {
            let message = format!("akua.lock does not say who signed `{}`", entry.name);
            found.push(Drift::Unlocked.diagnostic(message).note(format!("found {signer}")));
        }
    }
    let entries = lock.packages.iter();
    let proven = entries.filter_map(|entry| Some((entry.clone(), proofs.remove(&entry.source)?)));
    Ok(Verification { wrong: found, proven: proven.collect() })
}

/// Declared dependencies that are not locked, and entries that nothing depends on.
fn manifest_drift(project: &Project, lock: &Lock) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let replaced = project.replaced();
    for declared in &project.manifest.dependencies {
        let key = project.key_of(declared);
        if find_locked(lock, &key, &declared.source).is_none() {
            let alias = &declared.alias;
            let message = format!("akua.lock has nothing that fits the dependency `{alias}`");
            let diagnostic = Drift::Unlocked.diagnostic(message);
            found.push(diagnostic.label(declared.span, ""));
        }
    }
    let reached = project.reachable(lock);
    for entry in &reached {
        let key = SourceKey::locked(&entry.source);
        if entry.replaced.as_ref() != replaced.get(&key) {
            let message = format!("akua.toml and akua.lock do not agree on what replaces `{key}`");
            found.push(Drift::Unlocked.diagnostic(message));
        }
        for name in entry.dependencies.iter().filter(|name| referenced(lock, name).is_none()) {
            let message = format!("akua.lock has no `{name}`, which `{}` depends on", entry.name);
            found.push(Drift::Unlocked.diagnostic(message));
        }
    }
    for entry in lock.packages.iter().filter(|entry| !reached.contains(entry)) {
        let message = format!("nothing depends on `{}` {} of akua.lock", entry.name, entry.version);
        found.push(Drift::Orphaned.diagnostic(message));
    }
    found
}

fn vendor_drift(project: &Project, lock: &Lock) -> Result<Vec<Diagnostic>, Problem> {
    let mut found = Vec::new();
    for (directory, entry) in vendor::directories(project, lock) {
        let Some(folder) = vendor::open(project.root.path(), &directory)? else { continue };
        let digest = folder.digest(TreeLimits::default())?;
        if digest != entry.digest {
            let shown = format!("{VENDOR}/{directory}");
            found.extend(vendor::changed(entry, &shown, &digest).diagnostics);
        }
    }
    Ok(found)
}

fn cache_drift(lock: &Lock, supply: &Supply) -> Result<Vec<Diagnostic>, Problem> {
    let cached = lock.packages.iter().filter(|entry| local_path(entry).is_none());
    let there = cached
        .filter_map(|entry| Some((entry, Folder::open(&supply.cache.tree(&entry.digest)).ok()?)));
    let (entries, folders): (Vec<_>, Vec<_>) = there.unzip();
    let mut found = Vec::new();
    let listings = akua_disk::listings(&folders, TreeLimits::default());
    for (entry, listing) in entries.iter().zip(listings) {
        let listing = listing?;
        let digest = listing.digest();
        if *digest != entry.digest {
            let message =
                format!("the cached copy of `{}` {} has changed", entry.name, entry.version);
            let mut diagnostic = Drift::LockedBytes.differs(message, &entry.digest, digest);
            diagnostic.helps = vec!["to remove what is broken: akua cache gc".to_owned()];
            found.push(diagnostic);
        }
    }
    Ok(found)
}
