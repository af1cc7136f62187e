//! Starts the binary and the oracles.

use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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

/// What private keys of tests are encrypted with.
pub const PASSPHRASE: &str = "correct-horse-battery-staple";
/// A password of a registry.
pub const PASSWORD: &str = "swordfish-of-the-registry";
/// A token of a registry.
pub const TOKEN: &str = "t0ken-of-the-registry";
/// The PIN of tokens that hold keys.
pub const PIN: &str = "5839201746";
/// The secrets of tests: nothing that akua prints in any test has one of them.
const SECRETS: [&str; 4] = [PASSPHRASE, PASSWORD, TOKEN, PIN];

/// What to do where there is no binary.
const BUILD: &str =
    "run `cargo xtask guests && cargo build --release -p akua-cli`, or set AKUA_BIN";

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
    run(&binary, BUILD, arguments, directory)
}

/// Runs `akua` in a directory, with these variables besides those that it always has.
///
/// # Errors
/// If there is no binary, or it cannot be started.
pub fn akua_with(
    variables: &[(&str, &str)],
    arguments: &[&str],
    directory: &Path,
) -> Result<Outcome> {
    let output = command_of_akua(arguments, directory)?.envs(variables.iter().copied()).output();
    outcome(output.context("starting akua")?)
}

/// Returns `akua`, ready to start in a directory, with nothing on its standard input.
///
/// # Errors
/// If there is no binary.
pub fn command_of_akua(arguments: &[&str], directory: &Path) -> Result<Command> {
    let binary = setting("AKUA_BIN", "target/release/akua");
    ensure!(binary.is_file(), "{} is missing: {BUILD}", binary.display());
    let mut command = command(&binary, arguments, directory);
    command.stdin(Stdio::null());
    Ok(command)
}

/// Runs `akua` in a directory, with something on its standard input.
///
/// # Errors
/// If there is no binary, or it cannot be started.
pub fn akua_reading(input: &[u8], arguments: &[&str], directory: &Path) -> Result<Outcome> {
    let binary = setting("AKUA_BIN", "target/release/akua");
    ensure!(binary.is_file(), "{} is missing: {BUILD}", binary.display());
    let mut command = command(&binary, arguments, directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
    // It answers only when it has read everything, and the pipe is closed behind this line.
    child.stdin.take().context("a pipe")?.write_all(input)?;
    outcome(child.wait_with_output()?)
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

/// Runs a program in a directory that is its home, with an empty environment.
///
/// # Errors
/// If it cannot be started.
pub fn run_in(binary: &Path, arguments: &[&str], directory: &Path) -> Result<Outcome> {
    run(binary, "it was there", arguments, directory)
}

/// Runs a program in a directory that is its home, with these variables.
///
/// # Errors
/// If it cannot be started.
pub fn run_with(
    binary: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
    directory: &Path,
) -> Result<Outcome> {
    let output = command(binary, arguments, directory).envs(variables.iter().copied()).output();
    outcome(output.with_context(|| format!("starting {}", binary.display()))?)
}

/// Runs a program with an empty environment.
fn run(binary: &Path, missing: &str, arguments: &[&str], directory: &Path) -> Result<Outcome> {
    ensure!(binary.is_file(), "{} is missing: {missing}", binary.display());
    let output = command(binary, arguments, directory).output();
    outcome(output.with_context(|| format!("starting {}", binary.display()))?)
}

/// Returns a program that is ready to start, with an empty environment.
fn command(binary: &Path, arguments: &[&str], directory: &Path) -> Command {
    let home: OsString = directory.join("home").into();
    let mut command = Command::new(binary);
    command.args(arguments).current_dir(directory).env_clear();
    command.env("HOME", home).env("PATH", "/nonexistent");
    command
}

fn outcome(output: Output) -> Result<Outcome> {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&output.stdout);
    for secret in SECRETS {
        let shown = stdout.contains(secret) || stderr.contains(secret);
        ensure!(!shown, "a secret was printed:\n{stdout}\n{stderr}");
    }
    Ok(Outcome { stdout: output.stdout, stderr, code: output.status.code() })
}
