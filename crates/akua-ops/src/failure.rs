//! A verb that failed.

use crate::Exit;
use akua_disk::{DiskError, OutputError};
use akua_package::Problem;
use akua_render::RenderFailure;
use akua_source::{Diagnostic, Severity, SourceMap};

/// What to tell, and how the command ends.
#[derive(Debug, Default)]
pub struct Failure {
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What programs printed before.
    pub printed: Vec<u8>,
}

impl Failure {
    /// Returns how the command ends: the worst of its errors.
    pub fn exit(&self) -> Exit {
        let errors = self.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        errors.map(Exit::of).max().unwrap_or(Exit::User)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], sources: SourceMap::default(), printed: Vec::new() }
    }
}

impl From<RenderFailure> for Failure {
    fn from(failure: RenderFailure) -> Self {
        let RenderFailure { diagnostics, sources, printed } = failure;
        Self { diagnostics, sources, printed }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let Problem { diagnostics, sources } = problem;
        Self { diagnostics, sources, printed: Vec::new() }
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        Problem::from(error).into()
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        let message = error.to_string();
        let diagnostic = match &error {
            OutputError::Io { source, .. } => Diagnostic::error("E_OUTPUT_WRITE", message)
                .note(source.to_string())
                .help("choose a directory that you may write, with --out"),
            OutputError::Foreign { .. } => Diagnostic::error("E_OUTPUT_FOREIGN", message)
                .note("akua did not write this file, and does not overwrite it")
                .help("move the file away, or choose another directory with --out"),
            OutputError::Inventory { path } => Diagnostic::error("E_OUTPUT_INVENTORY", message)
                .help(format!(
                    "look into the file; if nothing else needs it: rm {}",
                    path.display()
                )),
        };
        diagnostic.into()
    }
}

/// Returns the failure for a file that a person named.
pub(crate) fn named_file(code: &str, error: &DiskError, help: &str) -> Failure {
    let mut diagnostic = Diagnostic::error(code, error.to_string()).help(help);
    if let Some(source) = std::error::Error::source(error) {
        diagnostic = diagnostic.note(source.to_string());
    }
    diagnostic.into()
}
