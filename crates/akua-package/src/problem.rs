//! What is wrong with a package or what it depends on.

use akua_disk::DiskError;
use akua_source::{Diagnostic, SourceMap};
use std::fmt::Display;

/// What to tell a person, and the files that it points into.
#[derive(Debug, Clone, Default, thiserror::Error)]
#[error("{}", self.diagnostics.first().map_or("a problem without a reason", |first| &first.message))]
pub struct Problem {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that it points into.
    pub sources: SourceMap,
}

impl Problem {
    /// Returns whether it is that a server has no such thing.
    pub(crate) fn is_absence(&self) -> bool {
        self.diagnostics.iter().all(|told| told.code == "E_FETCH_NOT_FOUND")
    }
}

/// How what is there differs from what `akua.lock` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// The bytes of a remote dependency are others.
    LockedBytes,
    /// The files of a directory are others.
    Files,
    /// A directory is gone.
    Missing,
    /// A dependency is declared and not locked.
    Unlocked,
    /// An entry of the lock that nothing depends on.
    Orphaned,
}

impl Drift {
    /// Returns its name, as people and documents see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LockedBytes => "LockDigestMismatch",
            Self::Files => "PathDigestDrift",
            Self::Missing => "PathMissing",
            Self::Unlocked => "UnlockedDependency",
            Self::Orphaned => "OrphanedEntry",
        }
    }

    /// Returns the diagnostic for bytes that are others, with what they should be and what they are.
    pub(crate) fn differs(
        self,
        message: String,
        expected: &(impl Display + ?Sized),
        found: &(impl Display + ?Sized),
    ) -> Diagnostic {
        let diagnostic = self.diagnostic(message).note(format!("expected {expected}"));
        diagnostic.note(format!("found {found}"))
    }

    /// Returns the diagnostic for it, with a way out.
    pub(crate) fn diagnostic(self, message: String) -> Diagnostic {
        let help = match self {
            Self::LockedBytes => {
                "find out why it changed; to accept what is there now: akua update"
            }
            Self::Files => "to accept the change: akua update",
            Self::Missing => "put the directory back, or correct its path in akua.toml",
            Self::Unlocked | Self::Orphaned => "to write the lock anew: akua lock",
        };
        Diagnostic::error("E_LOCK_DRIFT", message).kind(self.name()).help(help)
    }
}

impl From<Diagnostic> for Problem {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], sources: SourceMap::default() }
    }
}

impl From<Box<Diagnostic>> for Problem {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        (*diagnostic).into()
    }
}

impl From<DiskError> for Problem {
    fn from(error: DiskError) -> Self {
        let (code, help) = match &error {
            DiskError::Escape { .. } => ("E_PATH_ESCAPE", "remove the link that leads out"),
            DiskError::Special { .. } => {
                ("E_PATH_ESCAPE", "only regular files and directories are read: remove it")
            }
            DiskError::TooLarge { .. } | DiskError::TooMany { .. } => {
                ("E_BUDGET_READ", "depend on a smaller directory, or leave large files out of it")
            }
            DiskError::TooDeep { .. } => {
                ("E_BUDGET_READ", "remove links that lead back up, or directories that deep")
            }
            DiskError::Changed { .. } => {
                ("E_LOCK_DRIFT", "render again; to accept what changed: akua update")
            }
            DiskError::Missing { .. } | DiskError::Io { .. } => {
                ("E_IO", "check that it is there, and its permissions")
            }
            DiskError::Write { .. } => ("E_IO", "check the permissions, and the space on the disk"),
        };
        let diagnostic = Diagnostic::error(code, error.to_string()).help(help);
        match std::error::Error::source(&error) {
            Some(source) => diagnostic.note(source.to_string()).into(),
            None => diagnostic.into(),
        }
    }
}

/// Returns the problem that a dependency cannot be read.
pub(crate) fn in_dependency(name: &str, error: DiskError) -> Problem {
    let mut problem = Problem::from(error);
    for diagnostic in &mut problem.diagnostics {
        diagnostic.message = format!("in the dependency `{name}`: {}", diagnostic.message);
    }
    problem
}
