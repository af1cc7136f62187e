//! A directory that is built aside and appears whole, or not at all.
#![expect(clippy::disallowed_methods, reason = "this crate owns the effect of files")]

use crate::folder::{DiskError, Folder};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Directories that this process has staged.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A directory that is built aside. It goes when it is dropped.
///
/// Nothing that it is given is a path of this machine: paths were checked by who gives them, and
/// links are never written through, as every file is made anew.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    /// Says that somebody is at work here.
    _lock: File,
}

impl Staging {
    /// Makes an empty directory below `parent`, on the disk where it is to appear.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn new(parent: &Path) -> Result<Self, DiskError> {
        std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
        let path = loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{}-{count}", std::process::id()));
            match std::fs::create_dir(&path) {
                // Of a process of that number that was killed, or that runs in another container.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => {
                    break made.map(|()| path.clone()).map_err(|source| write(&path, source))?;
                }
            }
        };
        let lock = File::open(&path).and_then(|lock| lock.lock().map(|()| lock));
        let lock = lock.map_err(|source| write(&path, source))?;
        Ok(Self { path, _lock: lock })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a directory in it, and those above.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn folder(&mut self, path: &str) -> Result<(), DiskError> {
        let path = self.path.join(path);
        std::fs::create_dir_all(&path).map_err(|source| write(&path, source))
    }

    /// Makes a file with these bytes.
    ///
    /// # Errors
    /// [`DiskError::Write`], also where there is one.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.copy(path, &mut &*bytes).map(drop)
    }

    /// Makes a file with what a reader gives; returns how many bytes these are.
    ///
    /// # Errors
    /// [`DiskError::Write`], also where there is one.
    pub fn copy(&mut self, path: &str, from: &mut dyn Read) -> Result<u64, DiskError> {
        let (mut file, path) = self.create(path)?;
        std::io::copy(from, &mut file).map_err(|source| write(&path, source))
    }

    /// Makes an empty file, to be written and read.
    ///
    /// # Errors
    /// [`DiskError::Write`], also where there is one.
    pub fn open(&mut self, path: &str) -> Result<File, DiskError> {
        self.create(path).map(|(file, _)| file)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn link(&mut self, path: &str, target: &str) -> Result<(), DiskError> {
        let path = self.parented(path)?;
        std::os::unix::fs::symlink(target, &path).map_err(|source| write(&path, source))
    }

    /// Puts the directory, or one in it (`""` for all), in its place. Where there is one already it
    /// stays: a directory named by what is in it is the same.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn commit(self, below: &str, to: &Path) -> Result<(), DiskError> {
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
        }
        match std::fs::rename(self.path.join(below), to) {
            Err(error) if taken(&error) => Ok(()),
            done => done.map_err(|source| write(to, source)),
        }
    }

    /// Puts the directory in its place, instead of what is there.
    ///
    /// # Errors
    /// [`DiskError::Write`]; what was there is there still, or beside it as `<name>.old`.
    pub fn replace(self, to: &Path) -> Result<(), DiskError> {
        let mut old = to.as_os_str().to_os_string();
        old.push(".old");
        let old = PathBuf::from(old);
        remove(&old)?;
        match std::fs::rename(to, &old) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(write(to, error)),
            _ => {}
        }
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
        }
        std::fs::rename(&self.path, to).map_err(|source| write(to, source))?;
        remove(&old)
    }

    /// Moves a directory in here, to go when this goes; one that is not there has gone already.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn take(&self, from: &Path) -> Result<(), DiskError> {
        match std::fs::rename(from, self.path.join("taken")) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(write(from, error)),
            _ => Ok(()),
        }
    }

    /// Removes a file in it, if it is there.
    pub fn remove(&mut self, path: &str) {
        let _absent = std::fs::remove_file(self.path.join(path));
    }

    /// Opens what is there so far.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn opened(&self, below: &str) -> Result<Folder, DiskError> {
        Folder::open(&self.path.join(below))
    }

    /// Returns the one directory in it if that is all there is, else `""`: archives of charts and
    /// of releases have a directory around their files.
    ///
    /// # Errors
    /// [`DiskError::Io`].
    pub fn wrapper(&self) -> Result<String, DiskError> {
        let shown = || self.path.display().to_string();
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(|e| DiskError::new(shown(), e))? {
            let entry = entry.map_err(|e| DiskError::new(shown(), e))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            match entry.file_name().into_string() {
                Ok(name) if is_folder && names.is_empty() => names.push(name),
                _ => return Ok(String::new()),
            }
        }
        Ok(names.pop().unwrap_or_default())
    }

    fn create(&self, path: &str) -> Result<(File, PathBuf), DiskError> {
        let path = self.parented(path)?;
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path);
        file.map(|file| (file, path.clone())).map_err(|source| write(&path, source))
    }

    fn parented(&self, path: &str) -> Result<PathBuf, DiskError> {
        let path = self.path.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
        }
        Ok(path)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed is removed by `akua cache gc`.
        let _left = std::fs::remove_dir_all(&self.path);
    }
}

/// A lock that other processes respect; it goes when it is dropped, or when the process ends.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock of a name that processes agree on.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn wait(path: &Path) -> Result<Self, DiskError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|source| write(path, source))?;
        file.lock().map_err(|source| write(path, source))?;
        Ok(Self { _file: file })
    }
}

/// Writes a file that appears whole, or not at all.
///
/// # Errors
/// [`DiskError::Write`].
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The file is made anew: whatever is there under that name, a link above all, is left alone.
    let (mut file, staged) = loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let staged = parent.join(format!(".{name}.akua-{}-{count}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&staged) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            opened => break (opened.map_err(|source| write(path, source))?, staged),
        }
    };
    let done = file.write_all(bytes).and_then(|()| std::fs::rename(&staged, path));
    if done.is_err() {
        // What is left of it harms nobody; the first error is the one to tell.
        let _left = std::fs::remove_file(&staged);
    }
    done.map_err(|source| write(path, source))
}

/// A file that is open to be written, later and by descriptor.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
}

impl NewFile {
    /// Makes a file, or empties the one that is there.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn create(path: &Path) -> Result<Self, DiskError> {
        let file = File::create(path).map_err(|source| write(path, source))?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Writes its content.
    ///
    /// # Errors
    /// [`DiskError::Write`].
    pub fn write(mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all(bytes).map_err(|source| write(&self.path, source))
    }
}

/// Removes the directories below `parent` that were staged by processes that are gone.
///
/// # Errors
/// [`DiskError`].
pub fn remove_abandoned(parent: &Path) -> Result<(), DiskError> {
    for name in names(parent)? {
        let path = parent.join(name);
        let lock = File::open(&path).map_err(|source| write(&path, source))?;
        if lock.try_lock().is_ok() {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// [`DiskError::Write`].
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|source| write(parent, source))?;
    let staged = parent.join(format!(".akua-secret-{}", std::process::id()));
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(&staged);
    let done = opened
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&staged, path));
    if done.is_err() {
        // What is left of it harms nobody; the first error is the one to tell.
        let _left = std::fs::remove_file(&staged);
    }
    done.map_err(|source| write(path, source))
}

/// Removes a file; one that is not there is removed already.
///
/// # Errors
/// [`DiskError::Write`].
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(write(path, error)),
        _ => Ok(()),
    }
}

/// Removes a directory if nothing is in it.
pub fn remove_empty(path: &Path) {
    let _full = std::fs::remove_dir(path);
}

/// Removes a directory and all that is in it; one that is not there is removed already.
///
/// # Errors
/// [`DiskError::Write`].
pub fn remove_folder(path: &Path) -> Result<(), DiskError> {
    remove(path)
}

/// Returns the names in a directory, sorted; none where there is no directory.
///
/// # Errors
/// [`DiskError::Io`].
pub fn names(path: &Path) -> Result<Vec<String>, DiskError> {
    let shown = || path.display().to_string();
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| DiskError::new(shown(), error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| DiskError::new(shown(), error))?;
        names.extend(entry.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Returns whether a directory could not be renamed because there is one.
fn taken(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists)
}

fn remove(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(write(path, error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, source: std::io::Error) -> DiskError {
    DiskError::Write { path: path.display().to_string(), source }
}
