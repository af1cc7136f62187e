//! Writing the output directory: each file atomically, stale files of ours removed, others' left.
#![expect(clippy::disallowed_methods, reason = "this crate owns the effect of files")]

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file that lists what akua wrote.
pub const INVENTORY: &str = ".akua-inventory.json";
/// The file that says what the others are made of, and is signed. No object has a file of this name,
/// and `kubectl apply -f DIR` does not look at it.
pub const ATTESTATION: &str = ".akua-attestation.sigstore";
/// First lines of the inventory; the number is the version of its form. `kubectl apply -f DIR` takes
/// hidden files too: to it the inventory is an empty list of objects.
const INVENTORY_HEAD: &str = "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [],\n  \"version\": 1,\n  \"files\": [";
/// Its first lines before kubectl was thought of: directories of then are still ours.
const INVENTORY_HEAD_OLD: &str = "{\n  \"version\": 1,\n  \"files\": [";
/// Largest inventory that is read: 20,000 names of 255 bytes.
const INVENTORY_LIMIT_BYTES: u64 = 8 << 20;

/// Why the output could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The directory cannot be made or written.
    #[error("cannot write `{path}`")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file that akua did not write is in the way.
    #[error("`{path}` is in the way")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The inventory is not one that akua wrote.
    #[error("`{path}` is not an inventory of akua")]
    Inventory {
        /// The inventory.
        path: PathBuf,
    },
}

/// An output directory that was made before there is anything to write.
///
/// Where it was missing and stays empty, it is removed again when this is dropped.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
    /// Directories that were missing, the innermost first.
    made: Vec<PathBuf>,
}

impl OutputFolder {
    /// Makes a directory, unless it is there.
    ///
    /// # Errors
    /// [`OutputError::Io`]; what was made is removed then.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        let missing = |folder: &&Path| {
            !folder.as_os_str().is_empty() && std::fs::symlink_metadata(folder).is_err()
        };
        let made = path.ancestors().take_while(missing).map(Path::to_path_buf).collect();
        let folder = Self { path: path.to_path_buf(), made };
        match std::fs::create_dir_all(path) {
            Ok(()) => Ok(folder),
            Err(source) => Err(OutputError::Io { path: path.to_path_buf(), source }),
        }
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the directory in which the outermost one that was made lies, if any was.
    pub fn made_in(&self) -> Option<&Path> {
        let parent = self.made.last()?.parent()?;
        Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    }
}

impl Drop for OutputFolder {
    fn drop(&mut self) {
        for folder in &self.made {
            // It fails for directories in which something is by now, as it should.
            let _kept = std::fs::remove_dir(folder);
        }
    }
}

/// Writes files into a directory and removes those of the last run that are no longer there.
///
/// All files are staged first: until the last of them is complete the directory is as it was. The
/// inventory names the files of both runs while they are exchanged, so that a run that is killed
/// leaves nothing that the next one would not know as its own.
///
/// # Errors
/// [`OutputError`]; nothing was changed then, unless the system failed in the middle of renames.
pub fn write_output(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), OutputError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| OutputError::Io { path, source }
    };
    let old = inventory(folder)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        let foreign = !old.contains(*name) && std::fs::symlink_metadata(&path).is_ok();
        if foreign && std::fs::read(&path).ok().as_deref() != Some(bytes) {
            return Err(OutputError::Foreign { path });
        }
    }
    std::fs::create_dir_all(folder).map_err(io(folder))?;
    let staging = folder.join(".akua-staging");
    remove(&staging).map_err(io(&staging))?;
    std::fs::create_dir(&staging).map_err(io(&staging))?;
    let result = exchange(folder, &staging, files, &old);
    let cleaned = remove(&staging).map_err(io(&staging));
    result.and(cleaned)
}

fn exchange(
    folder: &Path,
    staging: &Path,
    files: &[(&str, &[u8])],
    old: &BTreeSet<String>,
) -> Result<(), OutputError> {
    let io = |path: &Path, source| OutputError::Io { path: path.to_path_buf(), source };
    for (name, bytes) in files {
        let path = staging.join(name);
        write(&path, bytes).map_err(|source| io(&path, source))?;
    }
    let new: BTreeSet<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let both: BTreeSet<String> = new.union(old).cloned().collect();
    write_inventory(folder, staging, &both)?;
    for (name, _) in files {
        let path = folder.join(name);
        std::fs::rename(staging.join(name), &path).map_err(|source| io(&path, source))?;
    }
    for stale in old.difference(&new) {
        let path = folder.join(stale);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(&path, error)),
            _ => {}
        }
    }
    write_inventory(folder, staging, &new)
}

fn write_inventory(
    folder: &Path,
    staging: &Path,
    names: &BTreeSet<String>,
) -> Result<(), OutputError> {
    let text = inventory_of(names.iter().map(String::as_str));
    let staged = staging.join(INVENTORY);
    let path = folder.join(INVENTORY);
    let done = write(&staged, text.as_bytes()).and_then(|()| std::fs::rename(&staged, &path));
    done.map_err(|source| OutputError::Io { path, source })
}

/// Returns the inventory of files with these names, which are sorted.
pub fn inventory_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut text = INVENTORY_HEAD.to_owned();
    for (at, name) in names.enumerate() {
        // File names are letters, digits, `.` and `-`: nothing to escape.
        text.push_str(if at == 0 { "\n    \"" } else { ",\n    \"" });
        text.push_str(name);
        text.push('"');
    }
    text.push_str("\n  ]\n}\n");
    text
}

/// Returns the names in the inventory of a directory; none where there is none.
fn inventory(folder: &Path) -> Result<BTreeSet<String>, OutputError> {
    let path = folder.join(INVENTORY);
    let text = match crate::read_file(&path, INVENTORY_LIMIT_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Err(crate::DiskError::Missing { .. }) => return Ok(BTreeSet::new()),
        Err(_) => return Err(OutputError::Inventory { path }),
    };
    let heads = [INVENTORY_HEAD, INVENTORY_HEAD_OLD];
    let Some(list) = heads.iter().find_map(|head| text.strip_prefix(head)) else {
        return Err(OutputError::Inventory { path });
    };
    let names = list
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').strip_prefix('"')?.strip_suffix('"'));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    // A name that is not ours to give would make us remove somebody's file.
    let ours = |name: &String| {
        let is_yaml = Path::new(name).extension().is_some_and(|e| e == "yaml");
        let is_plain = !name.starts_with('.') && !name.contains(['/', '\\']);
        is_yaml && is_plain || name == ATTESTATION
    };
    if names.iter().all(ours) { Ok(names) } else { Err(OutputError::Inventory { path }) }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-disk").join(name);
        let _absent = std::fs::remove_dir_all(&path);
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("reads");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn stale_files_go_and_those_of_others_stay() {
        let out = scratch("stale");
        write_output(&out, &[("a.yaml", b"1"), ("b.yaml", b"2")]).expect("writes");
        std::fs::write(out.join("mine.yaml"), "x").expect("writes");
        write_output(&out, &[("b.yaml", b"3")]).expect("writes");
        assert_eq!(names(&out), [INVENTORY, "b.yaml", "mine.yaml"]);
        assert_eq!(std::fs::read(out.join("b.yaml")).expect("reads"), b"3");
    }

    #[test]
    fn an_inventory_of_an_older_akua_is_followed() {
        let out = scratch("older");
        write_output(&out, &[("a.yaml", b"1")]).expect("writes");
        let older = format!("{INVENTORY_HEAD_OLD}\n    \"a.yaml\"\n  ]\n}}\n");
        std::fs::write(out.join(INVENTORY), older).expect("writes");
        write_output(&out, &[("b.yaml", b"2")]).expect("writes");
        assert_eq!(names(&out), [INVENTORY, "b.yaml"]);
    }

    #[test]
    fn a_file_of_somebody_else_is_not_overwritten() {
        let out = scratch("foreign");
        write_output(&out, &[("a.yaml", b"1")]).expect("writes");
        std::fs::write(out.join("mine.yaml"), "x").expect("writes");
        let refused = write_output(&out, &[("mine.yaml", b"y")]);
        assert!(matches!(refused, Err(OutputError::Foreign { .. })));
        assert_eq!(names(&out), [INVENTORY, "a.yaml", "mine.yaml"]);
    }

    #[test]
    fn an_attestation_goes_with_the_files_that_it_is_of() {
        let out = scratch("attestation");
        write_output(&out, &[("a.yaml", b"1"), (ATTESTATION, b"of a")]).expect("writes");
        assert_eq!(names(&out), [ATTESTATION, INVENTORY, "a.yaml"]);
        write_output(&out, &[("a.yaml", b"2")]).expect("writes");
        assert_eq!(names(&out), [INVENTORY, "a.yaml"]);
        // One that somebody else put there is theirs.
        std::fs::write(out.join(ATTESTATION), "mine").expect("writes");
        let refused = write_output(&out, &[("a.yaml", b"3"), (ATTESTATION, b"of a")]);
        assert!(matches!(refused, Err(OutputError::Foreign { .. })));
    }

    #[test]
    fn a_directory_that_stays_empty_was_never_there() {
        let out = scratch("empty");
        let folder = OutputFolder::open(&out.join("a/b")).expect("makes");
        assert!(out.join("a/b").is_dir());
        assert_eq!(folder.made_in(), out.parent());
        drop(folder);
        assert!(!out.exists());
        let folder = OutputFolder::open(&out.join("a/b")).expect("makes");
        write_output(folder.path(), &[("a.yaml", b"1")]).expect("writes");
        drop(folder);
        assert_eq!(names(&out.join("a/b")), [INVENTORY, "a.yaml"]);
        std::fs::create_dir(out.join("mine")).expect("makes");
        let folder = OutputFolder::open(&out.join("mine")).expect("is there");
        assert_eq!(folder.made_in(), None);
        drop(folder);
        assert!(out.join("mine").is_dir());
    }

    #[test]
    fn an_inventory_that_names_other_paths_is_refused() {
        let out = scratch("inventory");
        write_output(&out, &[("a.yaml", b"1")]).expect("writes");
        std::fs::write(
            out.join(INVENTORY),
            format!("{INVENTORY_HEAD}\n    \"../x.yaml\"\n  ]\n}}\n"),
        )
        .expect("writes");
        assert!(matches!(write_output(&out, &[]), Err(OutputError::Inventory { .. })));
    }
}
