//! The digest of a directory: what its files are called and what is in them.

use crate::folder::{DiskError, Folder, TreeLimits};
use akua_source::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a thread reads at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes that are worth a thread of their own.
const SHARE_BYTES: u64 = 2 << 20;
/// Most threads.
const THREADS_LIMIT: usize = 16;

/// The files of a tree, each with its size and its hash.
#[derive(Debug)]
pub struct Listing {
    files: BTreeMap<String, (u64, [u8; 32])>,
    digest: Digest,
}

impl Listing {
    /// Lists files by path.
    pub(crate) fn new(files: BTreeMap<String, (u64, [u8; 32])>) -> Self {
        let mut whole = Sha256::new();
        let mut line = String::new();
        for (path, (_, hash)) in &files {
            line.clear();
            for byte in hash {
                // Writing to a String does not fail.
                let _written = write!(line, "{byte:02x}");
            }
            line.push_str("  ");
            line.push_str(path);
            line.push('\n');
            whole.update(&line);
        }
        Self { files, digest: Digest::from_bytes(whole.finalize().into()) }
    }

    /// Returns the digest of the tree.
    ///
    /// # Shape
    /// SHA-256 over a line `<sha256 of the file>  <path>` a file, sorted by path: what
    /// `sha256sum` prints, so that other tools can say it too. Links count as what they lead to.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns how long a file is, in bytes; none where there is no such file.
    pub(crate) fn size_bytes(&self, path: &str) -> Option<u64> {
        self.files.get(path).map(|(size, _)| *size)
    }

    /// Returns whether bytes are those of a file.
    pub(crate) fn matches(&self, path: &str, bytes: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        self.files.get(path).is_some_and(|(_, known)| *known == hash)
    }

    /// Returns whether files lie below a prefix, which ends in `/`.
    pub(crate) fn has_folder(&self, prefix: &str) -> bool {
        self.below(prefix).next().is_some()
    }

    /// Returns the paths below a prefix, which is empty or ends in `/`, without the prefix.
    pub(crate) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self.files.range(prefix.to_owned()..);
        from.map_while(move |(path, _)| path.strip_prefix(prefix))
    }

    /// Returns the names right below a prefix, sorted, and whether each is a directory.
    pub(crate) fn names(&self, prefix: &str) -> Vec<(String, bool)> {
        let mut names = BTreeMap::new();
        for path in self.below(prefix) {
            match path.split_once('/') {
                Some((folder, _)) => names.insert(folder.to_owned(), true),
                None => names.insert(path.to_owned(), false),
            };
        }
        names.into_iter().collect()
    }
}

/// Returns the lists of several trees, as [`Folder::listing`] does, several at a time.
pub fn listings(folders: &[Folder], limits: TreeLimits) -> Vec<Result<Arc<Listing>, DiskError>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = folders.len().min(processors);
    if threads < 2 {
        return folders.iter().map(|folder| folder.listing(limits).map(Arc::new)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(folder) = folders.get(at) else { return found };
            found.push((at, folder.listing(limits).map(Arc::new)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let running: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        all.extend(running.into_iter().filter_map(|thread| thread.join().ok()).flatten());
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, found)| found).collect()
}

impl Folder {
    /// Returns the digest of the tree: [`Listing::digest`].
    ///
    /// # Errors
    /// As [`Folder::listing`].
    pub fn digest(&self, limits: TreeLimits) -> Result<Digest, DiskError> {
        Ok(self.listing(limits)?.digest)
    }

    /// Lists the tree, without `.git` and `.akua`.
    ///
    /// # Errors
    /// [`DiskError`], as [`Folder::tree`]; also names with control characters, which could pass
    /// for another line.
    pub fn listing(&self, limits: TreeLimits) -> Result<Listing, DiskError> {
        let files = self.list("", limits)?;
        let total: u64 = files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add);
        let wanted = usize::try_from(total / SHARE_BYTES).unwrap_or(THREADS_LIMIT);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = wanted.clamp(1, processors.min(THREADS_LIMIT));
        let mut hashes = vec![(0, [0; 32]); files.len()];
        if threads == 1 {
            for (file, hash) in files.iter().zip(&mut hashes) {
                *hash = self.hash(&file.path)?;
            }
        } else {
            self.share(threads, &files, &mut hashes)?;
        }
        let paths = files.into_iter().map(|file| file.path);
        Ok(Listing::new(paths.zip(hashes).collect()))
    }

    /// Digests files on several threads; each takes every n-th.
    fn share(
        &self,
        threads: usize,
        files: &[crate::folder::Listed],
        hashes: &mut [(u64, [u8; 32])],
    ) -> Result<(), DiskError> {
        let parts = std::thread::scope(|scope| {
            let work = |first: usize| {
                move || {
                    let mine = files.iter().enumerate().skip(first).step_by(threads);
                    mine.map(|(at, file)| Ok((at, self.hash(&file.path)?)))
                        .collect::<Result<Vec<_>, DiskError>>()
                }
            };
            let running: Vec<_> = (1..threads).map(|first| scope.spawn(work(first))).collect();
            let mut parts = vec![work(0)()];
            // A thread that panicked has nothing to give: its files stay without a line.
            parts.extend(running.into_iter().filter_map(|thread| thread.join().ok()));
            parts
        });
        let mut done = 0_usize;
        for part in parts {
            for (at, found) in part? {
                if let Some(hash) = hashes.get_mut(at) {
                    *hash = found;
                    done = done.saturating_add(1);
                }
            }
        }
        if done == files.len() {
            return Ok(());
        }
        Err(DiskError::Io { path: ".".to_owned(), source: std::io::Error::other("a thread ended") })
    }

    /// Returns length and hash of one file.
    pub(crate) fn hash(&self, path: &str) -> Result<(u64, [u8; 32]), DiskError> {
        if path.chars().any(char::is_control) {
            return Err(DiskError::Special { path: path.to_owned() });
        }
        let (mut file, _) = self.open_file(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0_u8; CHUNK_BYTES];
        let mut length = 0_u64;
        loop {
            let read = file.read(&mut buffer).map_err(|error| DiskError::new(path, error))?;
            if read == 0 {
                return Ok((length, hash.finalize().into()));
            }
            length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            hash.update(buffer.get(..read).unwrap_or_default());
        }
    }
}
