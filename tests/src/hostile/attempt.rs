//! Runs akua on a case, and measures what it takes.

use crate::process::command_of_akua;
use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};
use wait4::Wait4 as _;

/// How a command ended, and what it took.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// How long it ran.
    pub elapsed: Duration,
    /// The most memory that it had, in bytes.
    pub peak_bytes: u64,
}

/// Runs akua in a directory; what it writes goes through files beside it, which cannot be full.
///
/// # Errors
/// If it cannot be started.
pub fn attempt(arguments: &[&str], directory: &Path) -> Result<Attempt> {
    let (out, error) = (directory.join("stdout"), directory.join("stderr"));
    let mut command = command_of_akua(arguments, directory)?;
    command.stdout(File::create(&out)?).stderr(File::create(&error)?);
    let start = Instant::now();
    let ended = command.spawn().context("starting akua")?.wait4()?;
    let elapsed = start.elapsed();
    let attempt = Attempt {
        stdout: fs::read(&out)?,
        stderr: fs::read(&error)?,
        code: ended.status.code(),
        elapsed,
        peak_bytes: ended.rusage.maxrss,
    };
    fs::remove_file(out)?;
    fs::remove_file(error)?;
    Ok(attempt)
}
