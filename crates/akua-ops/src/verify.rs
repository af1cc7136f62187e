//! `akua verify`: proves that nothing moved since the lock was written.

use crate::{Failure, Home};
use akua_package::{Problem, Project, verify};
use akua_sandbox::Limits;
use serde::Serialize;
use std::path::PathBuf;

/// What to verify.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// Where things are.
    pub home: Home,
}

/// The result of `verify`.
#[derive(Debug, Serialize)]
pub struct VerifyOutcome {
    /// Always `ok`: what is not is a failure.
    pub status: &'static str,
    /// What was looked at.
    pub summary: VerifySummary,
}

/// What was looked at.
#[derive(Debug, Serialize)]
pub struct VerifySummary {
    /// Dependencies that the manifest declares.
    pub declared_deps: usize,
    /// Entries of the lock.
    pub locked_packages: usize,
}

/// Verifies a package.
///
/// # Errors
/// [`Failure`] with every drift.
pub fn run(request: &VerifyRequest) -> Result<VerifyOutcome, Failure> {
    let project = Project::open(&request.workspace)?;
    let found = verify(&project, &request.home.supply(Limits::default()))?;
    if !found.is_empty() {
        return Err(Problem { diagnostics: found, sources: project.into_sources() }.into());
    }
    Ok(VerifyOutcome {
        status: "ok",
        summary: VerifySummary {
            declared_deps: project.manifest.dependencies.len(),
            locked_packages: project.lock.as_ref().map_or(0, |lock| lock.packages.len()),
        },
    })
}
