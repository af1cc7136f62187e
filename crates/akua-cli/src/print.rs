//! Writes to stdout and stderr; text from packages is escaped before a terminal sees it.

use crate::args::Common;
use crate::environment::home;
use crate::escape::{escaped, escaped_json};
use crate::{progress, report};
use akua_ops::{Exit, Failure, Home};
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a command prints with.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    /// Whether output is JSON.
    pub(crate) json: bool,
    /// Whether stderr takes colour.
    color: bool,
    /// Whether long work shows how far it is.
    progress: bool,
    /// The policy that a flag names.
    policy: Option<PathBuf>,
}

impl Printer {
    #[expect(clippy::disallowed_methods, reason = "akua-cli owns the environment")]
    pub(crate) fn new(common: &Common) -> Self {
        let wanted = !common.no_color && std::env::var_os("NO_COLOR").is_none();
        let terminal = std::io::stderr().is_terminal();
        let progress = terminal && !common.json && !common.no_progress;
        let policy = common.policy.clone();
        Self { json: common.json, color: wanted && terminal, progress, policy }
    }

    /// Returns where things are on this machine; transfers show how far they are.
    pub(crate) fn home(&self, offline: bool) -> Home {
        let progress = self.progress.then(progress::bars);
        Home { progress, policy: self.policy.clone(), ..home(offline) }
    }

    /// Prints one line on stdout.
    pub(crate) fn line(&self, text: &str) -> Exit {
        // What others call themselves must not look like a line of ours.
        self.bytes(format!("{}\n", escaped(text).replace('\n', "\\n")).as_bytes())
    }

    /// Prints what came of a command: a JSON document, or lines for people.
    pub(crate) fn outcome<T: Serialize>(
        &self,
        outcome: &T,
        lines: impl FnOnce(&T) -> Vec<String>,
    ) -> Exit {
        if self.json { self.document(outcome) } else { self.lines(&lines(outcome)) }
    }

    /// Prints lines on stdout.
    pub(crate) fn lines(&self, lines: &[String]) -> Exit {
        lines.iter().map(|line| self.line(line)).max().unwrap_or(Exit::Success)
    }

    /// Prints a JSON document on stdout.
    pub(crate) fn document(&self, value: &impl Serialize) -> Exit {
        match serde_json::to_string(value) {
            Ok(text) => self.bytes(format!("{}\n", escaped_json(&text)).as_bytes()),
            Err(_) => Exit::System,
        }
    }

    /// Prints bytes on stdout. On a terminal control characters are made visible; a pipe gets
    /// the bytes as they are.
    #[expect(clippy::unused_self, reason = "who prints has a printer")]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Exit {
        let mut stdout = std::io::stdout().lock();
        let result = if stdout.is_terminal() {
            stdout.write_all(escaped(&String::from_utf8_lossy(bytes)).as_bytes())
        } else {
            stdout.write_all(bytes)
        };
        match result.and_then(|()| stdout.flush()) {
            // Who closes a pipe early has seen enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Exit::System,
            _ => Exit::Success,
        }
    }

    /// Prints one line on stderr.
    pub(crate) fn note(&self, text: &str) {
        self.error_text(&format!("{}\n", escaped(text).replace('\n', "\\n")));
    }

    /// Prints on stderr what programs printed.
    pub(crate) fn printed(&self, bytes: &[u8]) {
        self.error_text(&escaped(&String::from_utf8_lossy(bytes)));
    }

    /// Prints diagnostics on stderr.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &SourceMap) {
        for diagnostic in diagnostics {
            let text = if self.json {
                report::json(diagnostic, sources)
            } else {
                report::human(diagnostic, sources, self.color)
            };
            self.error_text(&text);
        }
    }

    /// Prints a failure on stderr and returns how the command ends.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        self.printed(&failure.printed);
        self.diagnostics(&failure.diagnostics, &failure.sources);
        failure.exit()
    }

    #[expect(clippy::unused_self, reason = "who prints has a printer")]
    fn error_text(&self, text: &str) {
        // Nobody is left to tell where stderr is closed.
        let _result = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Prints what clap says of the command line: help and usage errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _printed = error.print();
    let exit = if error.use_stderr() { Exit::User } else { Exit::Success };
    ExitCode::from(exit.code())
}
