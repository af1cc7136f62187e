//! The reference implementation of KCL (`kcl-lib`), in a process that lives for many programs.

use crate::process::root;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the reference says to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its output.
    Yaml(String),
    /// Its message.
    Error(String),
    /// The process ended: it crashed, or took too long.
    Crash,
}

/// An answer as the script writes it.
#[derive(Deserialize)]
struct Reply {
    yaml: Option<String>,
    error: Option<String>,
}

/// The process.
#[derive(Debug)]
pub struct Reference {
    python: PathBuf,
    child: Child,
    programs: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reference {
    /// Starts it; none where `kcl-lib` is not installed.
    ///
    /// # Errors
    /// If it is there and does not start.
    pub fn start() -> Result<Option<Self>> {
        let python = std::env::var_os("AKUA_KCL_PYTHON")
            .map_or_else(|| root().join(".tools/kcl/bin/python"), PathBuf::from);
        if python.is_file() { Self::spawn(python).map(Some) } else { Ok(None) }
    }

    fn spawn(python: PathBuf) -> Result<Self> {
        let mut child = Command::new(&python)
            .arg(root().join("tests/differential/reference.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", python.display()))?;
        let programs = child.stdin.take().context("the process has no input")?;
        let answers = BufReader::new(child.stdout.take().context("the process has no output")?);
        Ok(Self { python, child, programs, answers })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// If the process cannot be started again after a crash.
    pub fn run(&mut self, program: &str) -> Result<Answer> {
        let line = serde_json::to_string(program)? + "\n";
        let mut reply = String::new();
        let asked = self.programs.write_all(line.as_bytes()).and_then(|()| self.programs.flush());
        if asked.and_then(|()| self.answers.read_line(&mut reply)).unwrap_or(0) == 0 {
            let ended = std::mem::replace(self, Self::spawn(self.python.clone())?);
            drop(ended);
            return Ok(Answer::Crash);
        }
        let reply: Reply = serde_json::from_str(&reply).context(reply)?;
        Ok(match reply.yaml {
            Some(yaml) => Answer::Yaml(yaml),
            None => Answer::Error(reply.error.unwrap_or_default()),
        })
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // It may have ended already; either way there is nothing more to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the lines in `main.k` that a message names: of an error, of what encloses it.
pub fn lines_of(message: &str) -> impl Iterator<Item = u32> {
    message.split("main.k:").skip(1).filter_map(|rest| {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    })
}
