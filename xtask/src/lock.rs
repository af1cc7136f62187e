//! `engines/engines.lock`: the digests of what was built.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The lock file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Layout of the file.
    pub version: u32,
    /// The engines by name.
    #[serde(default)]
    pub engine: BTreeMap<String, Entry>,
}

/// One engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The compiler of its source.
    pub toolchain: String,
    /// Digest of the snapshot, which is the same for every architecture.
    pub snapshot: String,
    /// Digests of machine code, by architecture.
    #[serde(default)]
    pub code: BTreeMap<String, String>,
}

/// Reads the lock file; an absent one is empty.
pub fn load(path: &Path) -> Result<Lock> {
    if !path.exists() {
        return Ok(Lock { version: 1, ..Lock::default() });
    }
    let lock: Lock = toml::from_str(&std::fs::read_to_string(path)?).context("engines.lock")?;
    if lock.version != 1 {
        bail!("engines.lock has version {}, expected 1", lock.version);
    }
    Ok(lock)
}

/// Writes the lock file.
pub fn store(path: &Path, lock: &Lock) -> Result<()> {
    let head = "# Written by `cargo xtask guests`; compared by `cargo xtask guests --check`.\n";
    Ok(std::fs::write(path, format!("{head}{}", toml::to_string(lock)?))?)
}

/// The digest of `parts`, each with its length.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
