//! The cache: trees by their digest, and small facts that were true when they were written.
//!
//! # Shape
//! `trees/<hex>/` is a tree with that digest; `facts/<kind>/<hex>` a small file; `staging/` what is
//! being written; `locks/` files that processes lock. What appears in `trees` appears whole.
//!
//! **Invariant:** nothing in it is believed: a tree is digested each time before it is used.

use akua_disk::{DiskError, FileLock, Folder, Staging, TreeLimits};
use akua_source::Digest;
use std::path::{Path, PathBuf};

/// Version of the layout: another layout is another directory.
const LAYOUT: &str = "v1";
/// Largest fact, in bytes: twice what the evidence of an artifact may have, as quotes are escaped.
const FACT_LIMIT_BYTES: u64 = 32 << 20;

/// The cache.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// A tree of the cache.
#[derive(Debug, Clone)]
pub struct CacheEntry {
    /// The digest that its name says.
    pub digest: Digest,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes of its files; none where it cannot be read.
    pub size_bytes: Option<u64>,
}

/// A tree that is not what its name says.
#[derive(Debug, Clone)]
pub struct Corrupt {
    /// The digest that its name says.
    pub expected: Digest,
    /// The digest that it has; none where it cannot be read.
    pub found: Option<Digest>,
    /// Where it is.
    pub path: PathBuf,
}

impl Cache {
    /// Returns the cache below a directory, which need not be there.
    pub fn new(root: &Path) -> Self {
        Self { root: root.join(LAYOUT) }
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Returns where a tree is, or would be.
    pub fn tree(&self, digest: &Digest) -> PathBuf {
        self.root.join("trees").join(digest.hex())
    }

    /// Returns a tree, if it is there and what its name says. One that is not is removed: it is
    /// fetched again by who can.
    ///
    /// # Errors
    /// [`DiskError`] where it can be neither read nor removed.
    pub fn open(&self, digest: &Digest) -> Result<Option<Folder>, DiskError> {
        let path = self.tree(digest);
        let folder = match Folder::open(&path) {
            Err(DiskError::Missing { .. }) => return Ok(None),
            folder => folder?,
        };
        match folder.digest(TreeLimits::default()) {
            Ok(found) if found == *digest => Ok(Some(folder)),
            _ => self.discard(&path).map(|()| None),
        }
    }

    /// Returns a directory in which a tree is built.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn staging(&self) -> Result<Staging, DiskError> {
        Staging::new(&self.root.join("staging"))
    }

    /// Takes a tree that was built, or a directory in it; returns its digest.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn insert(&self, staging: Staging, below: &str) -> Result<Digest, DiskError> {
        let digest = staging.opened(below)?.digest(TreeLimits::default())?;
        // What was broken under this name makes room for what is whole.
        if self.open(&digest)?.is_none() {
            staging.commit(below, &self.tree(&digest))?;
        }
        Ok(digest)
    }

    /// Waits until this process alone fetches what has this name.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn wait(&self, name: &str) -> Result<FileLock, DiskError> {
        FileLock::wait(&self.root.join("locks").join(hex(name.as_bytes())))
    }

    /// Returns a fact, if it is known.
    pub fn fact(&self, kind: &str, key: &[u8]) -> Option<Vec<u8>> {
        akua_disk::read_file(&self.fact_path(kind, key), FACT_LIMIT_BYTES).ok()
    }

    /// Notes a fact. A cache that cannot be written only makes akua slower.
    pub fn note(&self, kind: &str, key: &[u8], fact: &[u8]) {
        let _noted = akua_disk::write_file(&self.fact_path(kind, key), fact);
    }

    fn fact_path(&self, kind: &str, key: &[u8]) -> PathBuf {
        self.root.join("facts").join(kind).join(hex(key))
    }

    /// Lists the trees.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn list(&self) -> Result<Vec<CacheEntry>, DiskError> {
        let names = akua_disk::names(&self.root.join("trees"))?;
        let digests = names.iter().filter_map(|name| Digest::parse(&format!("sha256:{name}")));
        let entries = digests.map(|digest| {
            let path = self.tree(&digest);
            let size_bytes = Folder::open(&path).and_then(|folder| folder.size_bytes()).ok();
            CacheEntry { digest, path, size_bytes }
        });
        Ok(entries.collect())
    }

    /// Returns the trees that are not what their names say.
    ///
    /// # Errors
    /// [`DiskError`] where the cache cannot be listed.
    pub fn verify(&self) -> Result<Vec<Corrupt>, DiskError> {
        let mut corrupt = Vec::new();
        for entry in self.list()? {
            let folder = Folder::open(&entry.path);
            let found = folder.and_then(|folder| folder.digest(TreeLimits::default())).ok();
            if found.as_ref() != Some(&entry.digest) {
                corrupt.push(Corrupt { expected: entry.digest, found, path: entry.path });
            }
        }
        Ok(corrupt)
    }

    /// Removes what no process is writing and nothing needs: trees except `keep`, leftovers of
    /// processes that were killed, facts. Returns how many trees went, and their bytes.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn collect(&self, keep: &[Digest]) -> Result<(usize, u64), DiskError> {
        let (mut removed, mut freed_bytes) = (0_usize, 0_u64);
        for entry in self.list()? {
            if !keep.contains(&entry.digest) {
                self.discard(&entry.path)?;
                removed = removed.saturating_add(1);
                freed_bytes = freed_bytes.saturating_add(entry.size_bytes.unwrap_or(0));
            }
        }
        akua_disk::remove_abandoned(&self.root.join("staging"))?;
        akua_disk::remove_folder(&self.root.join("facts"))?;
        Ok((removed, freed_bytes))
    }

    /// Removes a tree; it is gone from its name at once.
    fn discard(&self, path: &Path) -> Result<(), DiskError> {
        let bin = self.staging()?;
        bin.take(path)
    }
}

fn hex(bytes: &[u8]) -> String {
    Digest::of(bytes).hex().to_owned()
}

#[cfg(test)]
mod tests;
