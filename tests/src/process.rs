//! Starts the binary and the oracles.

use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
}

impl Outcome {
    /// Returns the standard output of a process that succeeded.
    ///
    /// # Errors
    /// Its standard error, if it did not.
    pub fn success(self) -> Result<Vec<u8>> {
        ensure!(self.code == Some(0), "exit code {:?}\n{}", self.code, self.stderr);
        Ok(self.stdout)
    }
}

/// A native tool that akua must agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oracle {
    /// `helm`.
    Helm,
    /// `kustomize`.
    Kustomize,
}

/// Returns the root of the workspace.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Runs `akua` in a directory.
///
/// # Errors
/// If there is no binary, or it cannot be started.
pub fn akua(arguments: &[&str], directory: &Path) -> Result<Outcome> {
    let binary = setting("AKUA_BIN", "target/release/akua");
    let missing = "run `cargo xtask guests && cargo build --release -p akua-cli`, or set AKUA_BIN";
    run(&binary, missing, arguments, directory)
}

/// Runs a native tool in a directory, with a home directory of its own and no cluster.
///
/// # Errors
/// If it is not installed, or cannot be started.
pub fn oracle(tool: Oracle, arguments: &[&str], directory: &Path) -> Result<Outcome> {
    let name = match tool {
        Oracle::Helm => "helm",
        Oracle::Kustomize => "kustomize",
    };
    let binary = setting("AKUA_TOOLS", ".tools/bin").join(name);
    run(
        &binary,
        "run `cargo xtask test`, which installs it, or set AKUA_TOOLS",
        arguments,
        directory,
    )
}

/// Returns the path that a variable of the environment gives, else one below the root.
fn setting(variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from)
}

/// Runs a program with an empty environment.
fn run(binary: &Path, missing: &str, arguments: &[&str], directory: &Path) -> Result<Outcome> {
    ensure!(binary.is_file(), "{} is missing: {missing}", binary.display());
    let home: OsString = directory.join("home").into();
    let output = Command::new(binary)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/nonexistent")
        .output()
        .with_context(|| format!("starting {}", binary.display()))?;
    Ok(Outcome {
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    })
}
