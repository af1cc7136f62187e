//! Reading: an open directory, its files, its whole tree.
#![expect(clippy::disallowed_methods, reason = "this crate owns the effect of files")]

use crate::snapshot::HIDDEN;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

/// Opening does not wait.
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
/// Deepest directory below a folder; real charts have some ten levels.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// Entries that are looked at, directories among them, for each file that may be read.
const ENTRIES_A_FILE: usize = 4;

/// Why a file or directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is none.
    #[error("there is no `{path}`")]
    Missing {
        /// The path, as the caller gave it.
        path: String,
    },
    /// It leads out of the directory that it must stay in.
    #[error("`{path}` leads out of its directory")]
    Escape {
        /// The path, as the caller gave it.
        path: String,
        /// What it resolves to on this machine; for people, never for guests.
        target: PathBuf,
    },
    /// It is larger than allowed.
    #[error("`{path}` is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The path.
        path: String,
        /// The limit.
        limit_bytes: u64,
    },
    /// There are more files than allowed.
    #[error("`{path}` is one file too many: the limit is {limit}")]
    TooMany {
        /// The file, or the directory, with which there are more.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// It lies too deep; what leads back into itself has no end.
    #[error("`{path}` lies deeper than {DEPTH_LIMIT} directories, or leads back to where it is")]
    TooDeep {
        /// The directory.
        path: String,
    },
    /// It is not what it was when its tree was digested.
    #[error("`{path}` has changed since it was checked")]
    Changed {
        /// The path.
        path: String,
    },
    /// It is neither a file nor a directory.
    #[error("`{path}` is neither a file nor a directory")]
    Special {
        /// The path.
        path: String,
    },
    /// The system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// The path.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The system refused to write.
    #[error("cannot write `{path}`")]
    Write {
        /// The path.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl DiskError {
    pub(crate) fn new(path: impl Into<String>, source: std::io::Error) -> Self {
        let path = path.into();
        if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            return Self::Missing { path };
        }
        // What a package can write down is no fault of the system.
        match Errno::from_io_error(&source) {
            Some(Errno::NAMETOOLONG) => Self::Missing { path },
            Some(Errno::LOOP) => Self::Special { path },
            _ => Self::Io { path, source },
        }
    }
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Path below the folder, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How much of a tree is read.
#[derive(Debug, Clone, Copy)]
pub struct TreeLimits {
    /// Bytes of all files.
    pub total_bytes: u64,
    /// Number of files.
    pub files: usize,
}

impl Default for TreeLimits {
    fn default() -> Self {
        // SPEC §5: 256 MiB read. The largest public charts have some 2,000 files.
        Self { total_bytes: 256 << 20, files: 20_000 }
    }
}

/// An open directory.
#[derive(Debug)]
pub struct Folder {
    dir: Dir,
    path: PathBuf,
}

impl Folder {
    /// Opens a directory; links in the path itself are followed.
    ///
    /// # Errors
    /// [`DiskError`] where it is missing or no directory.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let shown = || path.display().to_string();
        let path = std::fs::canonicalize(path).map_err(|e| DiskError::new(shown(), e))?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())
            .map_err(|e| DiskError::new(shown(), e))?;
        Ok(Self { dir, path })
    }

    /// Returns its canonical path on this machine.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Resolves a path of a package below this folder: links are followed, and must stay inside.
    /// Returns the path below the folder, with `/`.
    ///
    /// # Errors
    /// [`DiskError::Escape`] for absolute paths and for what leads out, also where it does not
    /// exist; [`DiskError::Missing`].
    pub fn resolve(&self, requested: &str) -> Result<String, DiskError> {
        let escape = |target: PathBuf| DiskError::Escape { path: requested.to_owned(), target };
        let path = Path::new(requested);
        if path.is_absolute() || requested.contains('\0') {
            return Err(escape(path.to_path_buf()));
        }
        let joined = self.path.join(path);
        let target = match std::fs::canonicalize(&joined) {
            Ok(target) => target,
            Err(_) if climbs(path) => return Err(escape(joined)),
            Err(error) => return Err(DiskError::new(requested, error)),
        };
        let Ok(relative) = target.strip_prefix(&self.path) else { return Err(escape(target)) };
        relative
            .to_str()
            .map(str::to_owned)
            .ok_or(DiskError::Special { path: requested.to_owned() })
    }

    /// Reads a file below the folder.
    ///
    /// # Errors
    /// [`DiskError`]; a link that leads out is [`DiskError::Escape`].
    pub fn read(&self, path: &str, limit_bytes: u64) -> Result<Vec<u8>, DiskError> {
        let (file, size_bytes) = self.open_file(path)?;
        bounded(file, path, size_bytes, limit_bytes)
    }

    /// Opens a file below the folder, and returns how long it says it is, in bytes.
    pub(crate) fn open_file(&self, path: &str) -> Result<(File, u64), DiskError> {
        let mut options = OpenOptions::new();
        // To open a pipe would wait for who writes to it.
        options.read(true).custom_flags(NONBLOCK);
        let file = self.dir.open_with(path, &options).map_err(|error| self.refusal(path, error))?;
        let metadata = file.metadata().map_err(|error| DiskError::new(path, error))?;
        if !metadata.is_file() {
            return Err(DiskError::Special { path: path.to_owned() });
        }
        Ok((file.into_std(), metadata.len()))
    }

    /// Returns whether there is a file below the folder.
    pub fn has_file(&self, path: &str) -> bool {
        self.dir.metadata(path).is_ok_and(|metadata| metadata.is_file())
    }

    /// Returns whether something below the folder that is no directory has this name, although it
    /// may not be readable: a link that leads out is there.
    pub fn has_name(&self, path: &str) -> bool {
        match self.metadata(path) {
            Ok(metadata) => !metadata.is_dir(),
            Err(DiskError::Missing { .. }) => false,
            Err(_) => true,
        }
    }

    /// Returns what the system says of a path below the folder, links followed.
    pub(crate) fn metadata(&self, path: &str) -> Result<Metadata, DiskError> {
        let at = if path.is_empty() { "." } else { path };
        self.dir.metadata(at).map_err(|error| self.refusal(path, error))
    }

    /// Returns the names in a directory below the folder, sorted, without hidden directories and
    /// names that are no text.
    ///
    /// # Errors
    /// [`DiskError::TooMany`] where there are more than `limit`.
    pub(crate) fn names_up_to(&self, path: &str, limit: usize) -> Result<Vec<String>, DiskError> {
        let at = if path.is_empty() { "." } else { path };
        let mut names = Vec::new();
        for entry in self.dir.read_dir(at).map_err(|error| self.refusal(path, error))? {
            let entry = entry.map_err(|error| DiskError::new(path, error))?;
            if names.len() >= limit {
                let path = join(path, &entry.file_name().to_string_lossy());
                return Err(DiskError::TooMany { path, limit });
            }
            names.extend(entry.file_name().into_string());
        }
        names.retain(|name| !HIDDEN.contains(&name.as_str()));
        names.sort();
        Ok(names)
    }

    /// Returns the names in a directory below the folder, sorted; none where it is none.
    pub fn names(&self, path: &str) -> Vec<String> {
        let entries = self.dir.read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Returns all names in the folder itself, sorted; those that are no text as well as they can be
    /// shown.
    ///
    /// # Errors
    /// [`DiskError`] where it cannot be listed.
    pub fn all_names(&self) -> Result<Vec<String>, DiskError> {
        let error = |error| DiskError::new(self.path.display().to_string(), error);
        let mut names = Vec::new();
        for entry in self.dir.entries().map_err(error)? {
            names.push(entry.map_err(error)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// Returns how many files there are.
    ///
    /// # Errors
    /// As [`Folder::tree`].
    pub fn count(&self) -> Result<usize, DiskError> {
        Ok(self.list("", TreeLimits::default())?.len())
    }

    /// Returns the bytes of all files.
    ///
    /// # Errors
    /// As [`Folder::tree`].
    pub fn size_bytes(&self) -> Result<u64, DiskError> {
        let files = self.list("", TreeLimits::default())?;
        Ok(files.iter().map(|file| file.size_bytes).fold(0, u64::saturating_add))
    }

    /// Reads all files below `start` (`""` for all), sorted by path, without `.git` and `.akua`.
    ///
    /// # Errors
    /// [`DiskError`]; links that lead out, devices and too much of anything are refused.
    pub fn tree(&self, start: &str, limits: TreeLimits) -> Result<Vec<TreeFile>, DiskError> {
        let mut files = Vec::new();
        self.walk(start, limits, &mut |path, left_bytes| {
            let bytes = self.read(path, left_bytes)?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            files.push(TreeFile { path: path.to_owned(), bytes });
            Ok(length)
        })?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let prefix = if start.is_empty() { String::new() } else { format!("{start}/") };
        for file in &mut files {
            if let Some(rest) = file.path.strip_prefix(&prefix) {
                file.path = rest.to_owned();
            }
        }
        Ok(files)
    }

    /// Reads the files that `keep` wants, sorted by path. It is asked for each file and, with `true`,
    /// for each directory, before that is looked into; for `.git` and `.akua` as well, which no tree
    /// has.
    ///
    /// # Errors
    /// As [`Folder::tree`]; a link that leads out is refused where it is wanted.
    pub fn pick(
        &self,
        limits: TreeLimits,
        keep: &mut dyn FnMut(&str, bool) -> bool,
    ) -> Result<Vec<TreeFile>, DiskError> {
        let mut files = Vec::new();
        let each: &mut Each<'_> = &mut |path, left_bytes| {
            let bytes = self.read(path, left_bytes)?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            files.push(TreeFile { path: path.to_owned(), bytes });
            Ok(length)
        };
        self.walk_where("", limits, keep, each)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Lists all files below `start`, sorted by path, as [`Folder::tree`] would read them; their
    /// paths begin at the folder.
    pub(crate) fn list(&self, start: &str, limits: TreeLimits) -> Result<Vec<Listed>, DiskError> {
        let mut files = Vec::new();
        self.walk(start, limits, &mut |path, left_bytes| {
            let size_bytes = self.dir.metadata(path).map_err(|e| self.refusal(path, e))?.len();
            if size_bytes > left_bytes {
                let limit_bytes = limits.total_bytes;
                return Err(DiskError::TooLarge { path: path.to_owned(), limit_bytes });
            }
            files.push(Listed { path: path.to_owned(), size_bytes });
            Ok(size_bytes)
        })?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    fn walk(&self, start: &str, limits: TreeLimits, each: &mut Each<'_>) -> Result<(), DiskError> {
        self.walk_where(start, limits, &mut |_, _| true, each)
    }

    fn walk_where(
        &self,
        start: &str,
        limits: TreeLimits,
        keep: &mut Keep<'_>,
        each: &mut Each<'_>,
    ) -> Result<(), DiskError> {
        let mut walk = Walk {
            folder: self,
            limits,
            left_bytes: limits.total_bytes,
            files: 0,
            entries: 0,
            seen: BTreeSet::new(),
            keep,
            each,
        };
        let resolved = self.resolve(start)?;
        walk.enter(start, &resolved, 0)
    }

    /// Returns why a path could not be opened: cap-std refuses what leads out.
    fn refusal(&self, path: &str, error: std::io::Error) -> DiskError {
        // An error of cap-std's own, and none of the system, is that. The path may lead elsewhere by
        // now: it is not asked again whether it does.
        let refused = error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none();
        match self.resolve(path) {
            Err(escape @ DiskError::Escape { .. }) => escape,
            _ if refused => {
                DiskError::Escape { path: path.to_owned(), target: self.path.join(path) }
            }
            _ => DiskError::new(path, error),
        }
    }
}

/// A file of a list.
pub(crate) struct Listed {
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
}

/// What is done with each file: gets its path and how many bytes may still be read, returns how
/// many it has.
type Each<'a> = dyn FnMut(&str, u64) -> Result<u64, DiskError> + 'a;

/// Whether a file, or with `true` a directory, is wanted.
type Keep<'a> = dyn FnMut(&str, bool) -> bool + 'a;

/// A walk over a tree.
struct Walk<'a, 'e> {
    folder: &'a Folder,
    limits: TreeLimits,
    left_bytes: u64,
    files: usize,
    entries: usize,
    /// Directories on the way, by their resolved path: a link to one of them is a cycle.
    seen: BTreeSet<String>,
    keep: &'a mut Keep<'e>,
    each: &'a mut Each<'e>,
}

impl Walk<'_, '_> {
    /// Reads a directory; `resolved` is its path without links.
    fn enter(&mut self, path: &str, resolved: &str, depth: usize) -> Result<(), DiskError> {
        if depth > DEPTH_LIMIT || !self.seen.insert(resolved.to_owned()) {
            return Err(DiskError::TooDeep { path: path.to_owned() });
        }
        let at = if path.is_empty() { "." } else { path };
        let entries = self.folder.dir.read_dir(at).map_err(|e| self.folder.refusal(at, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| DiskError::new(path, e))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(DiskError::Special { path: name.to_string_lossy().into_owned() });
            };
            let below = join(path, name);
            if HIDDEN.contains(&name) {
                let _wanted = (self.keep)(&below, true);
                continue;
            }
            self.charge(&below)?;
            // What is a link has to be looked up; most files are none.
            match entry.file_type().map_err(|e| DiskError::new(&below, e))? {
                kind if kind.is_file() && !(self.keep)(&below, false) => {}
                kind if kind.is_file() => self.file(&below)?,
                kind if kind.is_dir() && !(self.keep)(&below, true) => {}
                kind if kind.is_dir() => {
                    self.enter(&below, &join(resolved, name), depth.saturating_add(1))?;
                }
                _ => self.visit(&below, depth)?,
            }
        }
        self.seen.remove(resolved);
        Ok(())
    }

    /// Charges an entry that is looked at, a directory or a link too: links may lead to the same
    /// directory many times.
    fn charge(&mut self, path: &str) -> Result<(), DiskError> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > self.limits.files.saturating_mul(ENTRIES_A_FILE) {
            return Err(DiskError::TooMany { path: path.to_owned(), limit: self.limits.files });
        }
        Ok(())
    }

    /// Reads what a link leads to.
    fn visit(&mut self, path: &str, depth: usize) -> Result<(), DiskError> {
        let metadata = self.folder.dir.metadata(path).map_err(|e| self.folder.refusal(path, e));
        let is_folder = metadata.as_ref().is_ok_and(Metadata::is_dir);
        if !(self.keep)(path, is_folder) {
            return Ok(());
        }
        if metadata?.is_dir() {
            let resolved = self.folder.resolve(path)?;
            return self.enter(path, &resolved, depth.saturating_add(1));
        }
        self.file(path)
    }

    fn file(&mut self, path: &str) -> Result<(), DiskError> {
        if self.files >= self.limits.files {
            return Err(DiskError::TooMany { path: path.to_owned(), limit: self.limits.files });
        }
        let length = (self.each)(path, self.left_bytes)?;
        self.left_bytes = self.left_bytes.saturating_sub(length);
        self.files = self.files.saturating_add(1);
        Ok(())
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Returns whether a path goes above where it starts, by its text alone.
fn climbs(path: &Path) -> bool {
    let mut depth = 0_i64;
    path.components().any(|component| {
        depth = match component {
            Component::ParentDir => depth.saturating_sub(1),
            Component::Normal(_) => depth.saturating_add(1),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => depth,
        };
        depth < 0
    })
}

/// Reads a file that a person named.
///
/// # Errors
/// [`DiskError`].
pub fn read_file(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, DiskError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|e| DiskError::new(&shown, e))?;
    let size_bytes = file.metadata().map_or(0, |metadata| metadata.len());
    bounded(file, &shown, size_bytes, limit_bytes)
}

/// Returns the canonical form of a path that a person named.
///
/// # Errors
/// [`DiskError`].
pub fn canonical(path: &Path) -> Result<PathBuf, DiskError> {
    std::fs::canonicalize(path).map_err(|e| DiskError::new(path.display().to_string(), e))
}

/// Returns whether a path that a person named exists.
pub fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok()
}

/// Returns whether a path that a person named is a directory.
pub fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Reads a file that says it has `size_bytes`, in one piece if that is true.
fn bounded(
    file: File,
    path: &str,
    size_bytes: u64,
    limit_bytes: u64,
) -> Result<Vec<u8>, DiskError> {
    if size_bytes > limit_bytes {
        // Not even its beginning is read: it may be as large as it likes to say.
        return Err(DiskError::TooLarge { path: path.to_owned(), limit_bytes });
    }
    let expected = usize::try_from(size_bytes).unwrap_or(0);
    let mut bytes = Vec::with_capacity(expected.saturating_add(1));
    let read = file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|e| DiskError::new(path, e))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit_bytes {
        return Err(DiskError::TooLarge { path: path.to_owned(), limit_bytes });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, mkfifoat};

    /// A fresh directory below the target directory of the build.
    fn scratch(name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-disk").join(name);
        let _absent = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("in/sub")).expect("a directory");
        std::fs::write(path.join("in/a.txt"), "a").expect("a file");
        std::fs::write(path.join("in/sub/b.txt"), "b").expect("a file");
        std::fs::write(path.join("secret"), "s").expect("a file");
        path
    }

    fn check(path: &str, expected: &str) {
        let root = scratch(&format!("resolve-{}", path.replace(['/', '.'], "_")));
        std::os::unix::fs::symlink("../secret", root.join("in/out")).expect("a link");
        std::os::unix::fs::symlink("sub", root.join("in/inside")).expect("a link");
        let folder = Folder::open(&root.join("in")).expect("opens");
        let found = match folder.resolve(path) {
            Ok(path) => path,
            Err(DiskError::Escape { .. }) => "escape".to_owned(),
            Err(DiskError::Missing { .. }) => "missing".to_owned(),
            Err(other) => other.to_string(),
        };
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn paths_stay_inside() {
        check("a.txt", "a.txt");
        check("./sub/../a.txt", "a.txt");
        check("inside/b.txt", "sub/b.txt");
        check("../in/a.txt", "a.txt");
        check("../secret", "escape");
        check("../missing", "escape");
        check("/etc/passwd", "escape");
        check("out", "escape");
        check("missing", "missing");
    }

    #[test]
    fn what_is_not_wanted_is_not_looked_at() {
        let root = scratch("pick");
        std::fs::create_dir_all(root.join("in/sub/.git")).expect("a directory");
        std::os::unix::fs::symlink("../../secret", root.join("in/sub/out")).expect("a link");
        let folder = Folder::open(&root.join("in")).expect("opens");
        let pick = |unwanted: &str| {
            let mut asked = Vec::new();
            let files = folder.pick(TreeLimits::default(), &mut |path, is_folder| {
                asked.push(format!("{path}{}", if is_folder { "/" } else { "" }));
                path != unwanted
            });
            asked.sort();
            let names = |files: Vec<TreeFile>| files.into_iter().map(|file| file.path).collect();
            (files.map(names), asked)
        };
        let (files, asked) = pick("sub");
        let files: Vec<String> = files.expect("reads");
        assert_eq!(files, ["a.txt"]);
        assert!(
            asked.contains(&"sub/".to_owned())
                && !asked.iter().any(|path| path.starts_with("sub/b"))
        );
        let (files, asked) = pick("sub/out");
        assert_eq!(files.expect("reads"), ["a.txt", "sub/b.txt"]);
        assert!(asked.contains(&"sub/.git/".to_owned()), "{asked:?}");
        assert!(matches!(pick("").0, Err(DiskError::Escape { .. })));
    }

    #[test]
    fn a_tree_refuses_links_out_and_too_much() {
        let root = scratch("tree");
        let folder = Folder::open(&root.join("in")).expect("opens");
        let paths =
            |files: Vec<TreeFile>| files.into_iter().map(|file| file.path).collect::<Vec<_>>();
        let tree = folder.tree("", TreeLimits::default()).expect("reads");
        assert_eq!(paths(tree), ["a.txt", "sub/b.txt"]);
        let tree = folder.tree("sub", TreeLimits::default()).expect("reads");
        assert_eq!(paths(tree), ["b.txt"]);
        let few = TreeLimits { files: 1, ..TreeLimits::default() };
        let refused = folder.list("", few).map(drop).map_err(|error| error.to_string());
        let one = ["a.txt", "sub/b.txt"].map(|path| format!("`{path}` is one file too many"));
        let told = refused.expect_err("one file too many");
        assert!(one.iter().any(|one| told == format!("{one}: the limit is 1")), "{told}");
        mkfifoat(CWD, root.join("in/pipe"), Mode::RUSR).expect("a pipe");
        assert!(matches!(folder.tree("", TreeLimits::default()), Err(DiskError::Special { .. })));
        std::fs::remove_file(root.join("in/pipe")).expect("removes");
        let small = TreeLimits { total_bytes: 1, ..TreeLimits::default() };
        assert!(matches!(folder.tree("", small), Err(DiskError::TooLarge { .. })));
        std::fs::create_dir_all(root.join("in/d40")).expect("a directory");
        for level in 0..40 {
            let path = root.join(format!("in/d{level}"));
            std::fs::create_dir_all(&path).expect("a directory");
            for name in ["a", "b"] {
                let target = format!("../d{}", level + 1);
                std::os::unix::fs::symlink(target, path.join(name)).expect("a link");
            }
        }
        let doubled = folder.tree("", TreeLimits::default());
        assert!(matches!(doubled, Err(DiskError::TooMany { .. })), "2^40 ways to d40");
        for level in 0..=40 {
            std::fs::remove_dir_all(root.join(format!("in/d{level}"))).expect("removes");
        }
        std::os::unix::fs::symlink("..", root.join("in/sub/up")).expect("a link");
        let endless = folder.tree("", TreeLimits::default());
        let endless = endless.map(drop).map_err(|error| error.to_string());
        let told = "`sub/up` lies deeper than 64 directories, or leads back to where it is";
        assert_eq!(endless, Err(told.to_owned()));
        std::fs::remove_file(root.join("in/sub/up")).expect("removes");
        std::os::unix::fs::symlink("../../secret", root.join("in/sub/out")).expect("a link");
        assert!(matches!(folder.tree("", TreeLimits::default()), Err(DiskError::Escape { .. })));
    }
}
