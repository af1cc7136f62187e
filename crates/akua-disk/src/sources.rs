//! Source files that a person names: found in folders, and replaced, each atomically.
#![expect(clippy::disallowed_methods, reason = "this crate owns the effect of files")]

use crate::folder::{DEPTH_LIMIT, DiskError};
use std::ffi::OsStr;
use std::fs::{Metadata, Permissions};
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Most files below one folder.
const FILES_LIMIT: usize = 20_000;
/// Folders of other people's files, besides hidden ones.
const VENDORED: [&str; 1] = ["vendor"];

/// Returns a file by itself, or the files below a folder whose names have this extension, sorted.
/// Links are not followed; hidden and vendored folders and hidden files are left out.
///
/// # Errors
/// [`DiskError`]; a link that is named itself is [`DiskError::Special`].
pub fn source_files(path: &Path, extension: &str) -> Result<Vec<PathBuf>, DiskError> {
    if !metadata(path)?.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_path_buf(), 0_usize)];
    while let Some((folder, depth)) = folders.pop() {
        let error = |error| DiskError::new(shown(&folder), error);
        for entry in std::fs::read_dir(&folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(error)?);
            if is_hidden(&name) {
                continue;
            }
            if kind.is_dir() && !VENDORED.iter().any(|vendored| name == *vendored) {
                folders.push((entry.path(), depth.saturating_add(1)));
            } else if kind.is_file() && entry.path().extension() == Some(OsStr::new(extension)) {
                if files.len() >= FILES_LIMIT {
                    let path = shown(&entry.path());
                    return Err(DiskError::TooMany { path, limit: FILES_LIMIT });
                }
                files.push(entry.path());
            }
        }
        if depth > DEPTH_LIMIT {
            return Err(DiskError::TooDeep { path: shown(&folder) });
        }
    }
    files.sort();
    Ok(files)
}

/// Replaces a file, atomically; its mode stays.
///
/// # Errors
/// [`DiskError`]; the file is as it was then. One without any permission to write is
/// [`DiskError::Write`], whoever asks.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let error = |source| DiskError::Write { path: shown(path), source };
    let permissions = metadata(path)?.permissions();
    if permissions.readonly() {
        return Err(error(Error::new(ErrorKind::PermissionDenied, "the file is read-only")));
    }
    let mut name = OsStr::new(".").to_os_string();
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".akua-{}", std::process::id()));
    let staged = path.with_file_name(name);
    let done = stage(&staged, bytes, permissions).and_then(|()| std::fs::rename(&staged, path));
    if done.is_err() {
        // What is left of it harms nobody; the first error is the one to tell.
        let _left = std::fs::remove_file(&staged);
    }
    done.map_err(error)
}

fn stage(path: &Path, bytes: &[u8], permissions: Permissions) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    // By its descriptor: behind the second wall no mode is changed by path.
    file.set_permissions(permissions)?;
    file.sync_all()
}

/// Returns what a path is, which must be a file or a folder itself.
fn metadata(path: &Path) -> Result<Metadata, DiskError> {
    let found = std::fs::symlink_metadata(path).map_err(|e| DiskError::new(shown(path), e))?;
    if found.is_file() || found.is_dir() {
        return Ok(found);
    }
    Err(DiskError::Special { path: shown(path) })
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A fresh directory below the target directory of the build.
    fn scratch(name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-disk").join(name);
        let _absent = std::fs::remove_dir_all(&path);
        for file in ["a.k", "b/c.k", "b/d.txt", ".e/f.k", "vendor/g.k", ".h.k"] {
            let file = path.join(file);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
            std::fs::write(file, "x").expect("a file");
        }
        path
    }

    #[test]
    fn folders_are_searched_and_links_left_alone() {
        let root = scratch("sources");
        symlink("a.k", root.join("link.k")).expect("a link");
        symlink("..", root.join("b/up")).expect("a link");
        let found = source_files(&root, "k").expect("searches");
        assert_eq!(found, [root.join("a.k"), root.join("b/c.k")]);
        let named = root.join("vendor/g.k");
        assert_eq!(source_files(&named, "k").expect("finds"), [named]);
        let link = source_files(&root.join("link.k"), "k");
        assert!(matches!(link, Err(DiskError::Special { .. })));
        let missing = source_files(&root.join("z.k"), "k");
        assert!(matches!(missing, Err(DiskError::Missing { .. })));
    }

    #[test]
    fn a_file_is_replaced_with_its_mode() {
        let root = scratch("replace");
        let path = root.join("a.k");
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
        mode(0o754).expect("a mode");
        replace_file(&path, b"y").expect("replaces");
        assert_eq!(std::fs::read(&path).expect("reads"), b"y");
        let found = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(found & 0o777, 0o754);
        mode(0o444).expect("a mode");
        assert!(matches!(replace_file(&path, b"z"), Err(DiskError::Write { .. })));
        assert_eq!(std::fs::read(&path).expect("reads"), b"y");
        let left = std::fs::read_dir(&root).expect("reads").count();
        assert_eq!(left, 5, "nothing is left behind");
    }
}
