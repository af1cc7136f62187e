//! The digest of a directory: what its files are called and what is in them.

use crate::folder::{DiskError, Folder, TreeLimits};
use akua_source::Digest;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a thread reads at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes that are worth a thread of their own.
const SHARE_BYTES: u64 = 2 << 20;
/// Most threads.
const THREADS_LIMIT: usize = 16;

/// Returns the digests of several trees, as [`Folder::digest`] does, several at a time.
pub fn digests(folders: &[Folder], limits: TreeLimits) -> Vec<Result<Digest, DiskError>> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = folders.len().min(processors);
    if threads < 2 {
        return folders.iter().map(|folder| folder.digest(limits)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(folder) = folders.get(at) else { return found };
            found.push((at, folder.digest(limits)));
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
    /// Returns the digest of the tree, without `.git` and `.akua`.
    ///
    /// # Shape
    /// SHA-256 over a line `<sha256 of the file>  <path>` a file, sorted by path: what
    /// `sha256sum` prints, so that other tools can say it too. Links count as what they lead to.
    ///
    /// # Errors
    /// [`DiskError`], as [`Folder::tree`]; also names with control characters, which could pass
    /// for another line.
    pub fn digest(&self, limits: TreeLimits) -> Result<Digest, DiskError> {
        let files = self.list(limits)?;
        let total: u64 = files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add);
        let wanted = usize::try_from(total / SHARE_BYTES).unwrap_or(THREADS_LIMIT);
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = wanted.clamp(1, processors.min(THREADS_LIMIT));
        let mut hashes = vec![String::new(); files.len()];
        if threads == 1 {
            for (file, hash) in files.iter().zip(&mut hashes) {
                *hash = self.line(&file.path)?;
            }
        } else {
            self.share(threads, &files, &mut hashes)?;
        }
        let mut whole = Sha256::new();
        for hash in hashes {
            whole.update(hash);
        }
        Ok(Digest::from_bytes(whole.finalize().into()))
    }

    /// Digests files on several threads; each takes every n-th.
    fn share(
        &self,
        threads: usize,
        files: &[crate::folder::Listed],
        hashes: &mut [String],
    ) -> Result<(), DiskError> {
        let parts = std::thread::scope(|scope| {
            let work = |first: usize| {
                move || {
                    let mine = files.iter().enumerate().skip(first).step_by(threads);
                    mine.map(|(at, file)| Ok((at, self.line(&file.path)?)))
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
            for (at, line) in part? {
                if let Some(hash) = hashes.get_mut(at) {
                    *hash = line;
                    done = done.saturating_add(1);
                }
            }
        }
        if done == files.len() {
            return Ok(());
        }
        Err(DiskError::Io { path: ".".to_owned(), source: std::io::Error::other("a thread ended") })
    }

    /// Returns the line of one file.
    fn line(&self, path: &str) -> Result<String, DiskError> {
        if path.chars().any(char::is_control) {
            return Err(DiskError::Special { path: path.to_owned() });
        }
        let (mut file, _) = self.open_file(path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0_u8; CHUNK_BYTES];
        loop {
            let read = file.read(&mut buffer).map_err(|error| DiskError::new(path, error))?;
            if read == 0 {
                break;
            }
            hash.update(buffer.get(..read).unwrap_or_default());
        }
        let mut line = String::with_capacity(path.len().saturating_add(68));
        for byte in hash.finalize() {
            // Writing to a String does not fail.
            let _written = write!(line, "{byte:02x}");
        }
        line.push_str("  ");
        line.push_str(path);
        line.push('\n');
        Ok(line)
    }
}
