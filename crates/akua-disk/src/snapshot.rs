//! A tree as one render sees it: what was read once stays what it was, and what a lock vouches for
//! is what the lock says, file by file.

use crate::digest::Listing;
use crate::folder::{DiskError, Folder, TreeLimits};
use crate::output::INVENTORY;
use akua_source::Digest;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Directories that belong to no package: tools keep their things there.
pub(crate) const HIDDEN: [&str; 2] = [".git", ".akua"];

/// How much a render has read: over all its snapshots, each file once.
#[derive(Debug)]
pub struct ReadMeter {
    limits: TreeLimits,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl ReadMeter {
    /// A meter that stops at `limits`.
    pub fn new(limits: TreeLimits) -> Self {
        Self { limits, files: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// Returns how many files were read.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Returns how many bytes they have.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns the limits.
    pub fn limits(&self) -> TreeLimits {
        self.limits
    }

    /// Returns how many bytes may still be read.
    fn left_bytes(&self) -> u64 {
        self.limits.total_bytes.saturating_sub(self.bytes())
    }

    fn charge_file(&self, path: &str) -> Result<(), DiskError> {
        let limit = self.limits.files;
        if self.files.fetch_add(1, Ordering::Relaxed) >= u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(DiskError::TooMany { path: path.to_owned(), limit });
        }
        Ok(())
    }

    fn charge_bytes(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What is at a path of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A file of so many bytes.
    File(u64),
    /// A directory.
    Folder,
}

/// A tree as one render sees it.
#[derive(Debug)]
pub struct Snapshot {
    folder: Folder,
    /// What a lock vouches for: the list of a tree, and where in that tree this one begins.
    locked: Option<(Arc<Listing>, String)>,
    seen: Mutex<Seen>,
}

/// What was looked at; it does not change any more.
#[derive(Debug, Default)]
struct Seen {
    files: BTreeMap<String, Kept>,
    nodes: BTreeMap<String, Option<Found>>,
    names: BTreeMap<String, Arc<[(String, bool)]>>,
    /// Bytes of the paths in `nodes`.
    node_bytes: usize,
    /// Names in `names`: links may lead to the same directory by endless many paths.
    listed: usize,
}

/// Most bytes of paths whose kind is remembered; more than that are looked up again.
const NODE_BYTES_LIMIT: usize = 4 << 20;
/// Names that are listed, for each file that may be read.
const NAMES_A_FILE: usize = 4;

/// A file of a tree, and its bytes, which the snapshot has too.
pub type SharedFile = (String, Arc<[u8]>);

/// A file that was read.
#[derive(Debug, Clone)]
struct Kept {
    bytes: Arc<[u8]>,
    /// It counts for the render's meter.
    metered: bool,
}

impl From<Folder> for Snapshot {
    fn from(folder: Folder) -> Self {
        Self { folder, locked: None, seen: Mutex::default() }
    }
}

impl Snapshot {
    /// A tree of which each file has to be the one in a list; `prefix` is where in the listed tree
    /// it begins (`""`, or a path with `/` at its end).
    pub fn locked(folder: Folder, listing: Arc<Listing>, prefix: String) -> Self {
        Self { folder, locked: Some((listing, prefix)), seen: Mutex::default() }
    }

    /// Returns the directory on this machine, which may change.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Returns its canonical path on this machine.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns whether there is a file.
    pub fn has_file(&self, path: &str) -> bool {
        matches!(self.look(path), Ok(Found::File(_)))
    }

    /// Returns whether something that is no directory has this name, although it may not be
    /// readable: a link that leads out is there.
    pub fn has_name(&self, path: &str) -> bool {
        !matches!(self.look(path), Ok(Found::Folder) | Err(DiskError::Missing { .. }))
    }

    /// Returns what is at a path; the root is the empty path.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn look(&self, path: &str) -> Result<Found, DiskError> {
        let missing = || DiskError::Missing { path: path.to_owned() };
        if is_hidden(path) {
            return Err(missing());
        }
        if let Some((listing, prefix)) = &self.locked {
            return match listing.size_bytes(&format!("{prefix}{path}")) {
                Some(size) => Ok(Found::File(size)),
                None if path.is_empty() || listing.has_folder(&format!("{prefix}{path}/")) => {
                    Ok(Found::Folder)
                }
                None => Err(missing()),
            };
        }
        if let Some(kept) = self.seen().files.get(path) {
            return Ok(Found::File(length(&kept.bytes)));
        }
        if let Some(known) = self.seen().nodes.get(path) {
            return known.ok_or_else(missing);
        }
        let found = match self.folder.metadata(path) {
            Ok(metadata) if metadata.is_dir() => Some(Found::Folder),
            Ok(metadata) if metadata.is_file() => Some(Found::File(metadata.len())),
            Ok(_) => return Err(DiskError::Special { path: path.to_owned() }),
            Err(DiskError::Missing { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut seen = self.seen();
        let bytes = seen.node_bytes.saturating_add(path.len());
        if bytes <= NODE_BYTES_LIMIT {
            seen.node_bytes = bytes;
            seen.nodes.insert(path.to_owned(), found);
        }
        found.ok_or_else(missing)
    }

    /// Reads a file that the host needs itself: it does not count for the render.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn read(&self, path: &str, limit_bytes: u64) -> Result<Arc<[u8]>, DiskError> {
        if let Some(kept) = self.seen().files.get(path)
            && length(&kept.bytes) <= limit_bytes
        {
            return Ok(Arc::clone(&kept.bytes));
        }
        let bytes = self.load(path, limit_bytes)?;
        Ok(self.keep(path, bytes, false))
    }

    /// Reads a file for a guest.
    ///
    /// # Errors
    /// [`DiskError`]; too much for the meter is `TooMany` or `TooLarge`.
    pub fn read_metered(&self, path: &str, meter: &ReadMeter) -> Result<Arc<[u8]>, DiskError> {
        let known = self.seen().files.get(path).cloned();
        if let Some(Kept { bytes, metered: true }) = known {
            return Ok(bytes);
        }
        let bytes = match known {
            Some(kept) if length(&kept.bytes) <= meter.left_bytes() => kept.bytes,
            _ => self.load(path, meter.left_bytes())?.into(),
        };
        meter.charge_file(path)?;
        meter.charge_bytes(bytes.len());
        Ok(self.keep(path, bytes, true))
    }

    /// Returns the names in a directory, sorted, and whether each is a directory itself. What leads
    /// out, and what has a name that is no text, is left out.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn names(&self, path: &str, meter: &ReadMeter) -> Result<Arc<[(String, bool)]>, DiskError> {
        if let Some(known) = self.seen().names.get(path) {
            return Ok(Arc::clone(known));
        }
        if self.look(path)? != Found::Folder {
            return Err(DiskError::Special { path: path.to_owned() });
        }
        let names = match &self.locked {
            Some((listing, prefix)) if path.is_empty() => listing.names(prefix),
            Some((listing, prefix)) => listing.names(&format!("{prefix}{path}/")),
            None => {
                let limit = meter.limits.files;
                let found = self.folder.names_up_to(path, limit)?;
                let below = |name: String| {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                    Some((name, self.look(&path).ok()? == Found::Folder))
                };
                found.into_iter().filter_map(below).collect()
            }
        };
        let names: Arc<[(String, bool)]> = names.into();
        let limit = meter.limits.files;
        let mut seen = self.seen();
        seen.listed = seen.listed.saturating_add(names.len()).saturating_add(1);
        if seen.listed > limit.saturating_mul(NAMES_A_FILE) {
            let path = if path.is_empty() { "." } else { path };
            return Err(DiskError::TooMany { path: path.to_owned(), limit });
        }
        seen.names.insert(path.to_owned(), Arc::clone(&names));
        Ok(names)
    }

    /// Reads all files below `start` (`""` for all) for an engine, sorted by path, but for those of
    /// directories that akua rendered into: a render does not depend on the one before it.
    ///
    /// # Errors
    /// As [`Folder::tree`] and [`Snapshot::read_metered`].
    pub fn tree(&self, start: &str, meter: &ReadMeter) -> Result<Vec<SharedFile>, DiskError> {
        if self.look(start)? != Found::Folder {
            return Err(DiskError::Special { path: start.to_owned() });
        }
        let below = if start.is_empty() { String::new() } else { format!("{start}/") };
        let paths: Vec<String> = if let Some((listing, prefix)) = &self.locked {
            listing.below(&format!("{prefix}{below}")).map(str::to_owned).collect()
        } else {
            let limits = TreeLimits { total_bytes: u64::MAX, ..meter.limits };
            let listed = self.folder.list(start, limits)?.into_iter();
            let paths = listed
                .filter_map(|file| Some(file.path.strip_prefix(&below)?.to_owned()))
                .collect();
            without_outputs(paths)
        };
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let bytes = self.read_metered(&format!("{below}{path}"), meter)?;
            files.push((path, bytes));
        }
        Ok(files)
    }

    /// Returns the digest of all files but those of directories that akua rendered into; where the
    /// tree cannot be walked, that of one file of it.
    pub fn source_digest(&self, main: &str, limits: TreeLimits) -> Digest {
        let whole = self.folder.list("", limits).and_then(|files| {
            let paths = without_outputs(files.into_iter().map(|file| file.path).collect());
            let hashed =
                paths.into_iter().map(|path| self.folder.hash(&path).map(|hash| (path, hash)));
            Ok(Listing::new(hashed.collect::<Result<_, _>>()?).digest().clone())
        });
        whole.unwrap_or_else(|_| {
            Digest::of(&self.read(main, limits.total_bytes).unwrap_or_default())
        })
    }

    /// Reads a file, and compares it with what the lock vouches for.
    fn load(&self, path: &str, limit_bytes: u64) -> Result<Vec<u8>, DiskError> {
        if is_hidden(path) {
            return Err(DiskError::Missing { path: path.to_owned() });
        }
        if let Some((listing, prefix)) = &self.locked
            && listing.size_bytes(&format!("{prefix}{path}")).is_none()
        {
            return Err(DiskError::Missing { path: path.to_owned() });
        }
        let bytes = self.folder.read(path, limit_bytes)?;
        match &self.locked {
            Some((listing, prefix)) if !listing.matches(&format!("{prefix}{path}"), &bytes) => {
                Err(DiskError::Changed { path: path.to_owned() })
            }
            _ => Ok(bytes),
        }
    }

    /// Keeps what was read; what another thread kept before wins.
    fn keep(&self, path: &str, bytes: impl Into<Arc<[u8]>>, metered: bool) -> Arc<[u8]> {
        let mut seen = self.seen();
        let fresh = Kept { bytes: bytes.into(), metered };
        let kept = seen.files.entry(path.to_owned()).or_insert(fresh);
        kept.metered |= metered;
        Arc::clone(&kept.bytes)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the paths that do not lie in a directory that akua rendered into.
fn without_outputs(paths: Vec<String>) -> Vec<String> {
    let inventories = paths.iter().filter_map(|path| path.strip_suffix(INVENTORY));
    let outputs: Vec<String> =
        inventories.filter(|folder| folder.ends_with('/')).map(str::to_owned).collect();
    let is_source = |path: &String| !outputs.iter().any(|output| path.starts_with(output));
    paths.into_iter().filter(is_source).collect()
}

/// Returns whether a path leads into a directory that belongs to no package.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| HIDDEN.contains(&part))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
