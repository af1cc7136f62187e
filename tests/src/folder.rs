//! Directories of tests: below `target/`, empty at first, gone after a success.

use crate::process::root;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A directory that is removed when the test is over, unless it panics.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes an empty directory; two tests that run at a time must not have the same name.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn new(name: &str) -> Result<Self> {
        let name = name.replace(['/', ' '], "-");
        let path = root().join("target/test-cli").join(format!("{name}-{}", std::process::id()));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self { path })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, and the directories above it.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Copies a directory into this one, under a name.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn copy(&self, from: &Path, name: &str) -> Result<()> {
        copy(from, &self.path.join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A directory that stays behind harms nobody.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}

/// Returns the names in a directory, sorted.
///
/// # Errors
/// If the directory cannot be read.
pub fn names(directory: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Copies a directory with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for name in names(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| source.display().to_string())?;
        }
    }
    Ok(())
}
