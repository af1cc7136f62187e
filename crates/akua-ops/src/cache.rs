//! `akua cache`: what is in the cache, and whether it is what it says.

use crate::{Failure, Home};
use akua_package::{Cache, Drift, Problem, Project};
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::PathBuf;

/// A tree of the cache.
#[derive(Debug, Serialize)]
pub struct Tree {
    /// Its digest.
    pub id: String,
    /// Where it is.
    pub path: String,
    /// Bytes of its files.
    pub size_bytes: u64,
}

/// The result of `cache list`.
#[derive(Debug, Serialize)]
pub struct List {
    /// Always `list`.
    pub action: &'static str,
    /// Where the cache is.
    pub root: String,
    /// Its trees.
    pub entries: Vec<Tree>,
    /// Bytes of all files.
    pub total_bytes: u64,
}

/// The result of `cache gc`.
#[derive(Debug, Serialize)]
pub struct Collected {
    /// Always `gc`.
    pub action: &'static str,
    /// Trees that are gone.
    pub removed: usize,
    /// Their bytes.
    pub freed_bytes: u64,
}

/// Returns where the cache is.
pub fn path(home: &Home) -> PathBuf {
    Cache::new(&home.cache).path().to_path_buf()
}

/// Lists the cache.
///
/// # Errors
/// [`Failure`].
pub fn list(home: &Home) -> Result<List, Failure> {
    let cache = Cache::new(&home.cache);
    let found = cache.list().map_err(Problem::from)?;
    let entries: Vec<Tree> = found
        .iter()
        .map(|entry| Tree {
            id: entry.digest.to_string(),
            path: entry.path.display().to_string(),
            size_bytes: entry.size_bytes.unwrap_or(0),
        })
        .collect();
    let total_bytes = entries.iter().map(|entry| entry.size_bytes).fold(0, u64::saturating_add);
    Ok(List { action: "list", root: cache.path().display().to_string(), entries, total_bytes })
}

/// Removes all trees but those that the locks of these packages name, and what processes that are
/// gone left behind.
///
/// # Errors
/// [`Failure`].
pub fn collect(home: &Home, keep: &[PathBuf]) -> Result<Collected, Failure> {
    let mut digests = Vec::new();
    for path in keep {
        let project = Project::open(path)?;
        let lock = project.lock.unwrap_or_default();
        digests.extend(lock.packages.into_iter().map(|entry| entry.digest));
    }
    let cache = Cache::new(&home.cache);
    let (removed, freed_bytes) = cache.collect(&digests).map_err(Problem::from)?;
    Ok(Collected { action: "gc", removed, freed_bytes })
}

/// Digests all trees; returns how many there are.
///
/// # Errors
/// [`Failure`] with each tree that is not what its name says.
pub fn verify(home: &Home) -> Result<usize, Failure> {
    let cache = Cache::new(&home.cache);
    let corrupt = cache.verify().map_err(Problem::from)?;
    if corrupt.is_empty() {
        return Ok(cache.list().map_err(Problem::from)?.len());
    }
    let diagnostics = corrupt.into_iter().map(|found| {
        let message = format!("`{}` is not what its name says", found.path.display());
        let digest = found.found.map_or("nothing readable".to_owned(), |d| d.to_string());
        Diagnostic::error("E_CACHE_CORRUPT", message)
            .kind(Drift::LockedBytes.name())
            .note(format!("expected {}", found.expected))
            .note(format!("found {digest}"))
            .help("akua does not use it, and fetches it anew; to remove it now: akua cache gc")
    });
    Err(Failure { diagnostics: diagnostics.collect(), ..Failure::default() })
}
