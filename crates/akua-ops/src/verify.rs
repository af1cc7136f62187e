//! `akua verify`: proves that nothing moved since the lock was written.

pub mod bundle;
pub mod folder;

use crate::{Failure, Home};
use akua_package::{Project, Verification, verify};
use akua_source::Diagnostic;
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
    /// `ok` or `fail`.
    pub status: &'static str,
    /// What was looked at.
    pub summary: VerifySummary,
    /// What was proven of dependencies.
    pub proven: Vec<Proven>,
    /// All that differs.
    pub violations: Vec<Violation>,
    /// The same for people.
    #[serde(skip)]
    pub failure: Failure,
}

/// What was looked at.
#[derive(Debug, Serialize)]
pub struct VerifySummary {
    /// Dependencies that the manifest declares.
    pub declared_deps: usize,
    /// Entries of the lock.
    pub locked_packages: usize,
    /// Entries whose signer was proven.
    pub proven_packages: usize,
}

/// A dependency of which something was asked and proven.
#[derive(Debug, Serialize)]
pub struct Proven {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who signed it.
    pub signature: Option<String>,
    /// Digest of what its publisher attests.
    pub attestation: Option<String>,
}

/// One thing that differs.
#[derive(Debug, Serialize)]
pub struct Violation {
    /// How it differs: `PathDigestDrift` and the like; else the code of the error.
    pub kind: String,
    /// What differs.
    pub message: String,
    /// What was expected, and what was found.
    pub notes: Vec<String>,
}

/// Verifies a package.
///
/// # Errors
/// [`Failure`] where it cannot be told whether something differs.
pub fn run(request: &VerifyRequest) -> Result<VerifyOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let Verification { wrong: found, proven } =
        verify(&project, &request.home.supply_for(&project)?)?;
    let violation = |found: &Diagnostic| Violation {
        kind: if found.kind.is_empty() { found.code.clone() } else { found.kind.clone() },
        message: found.message.clone(),
        notes: found.notes.clone(),
    };
    Ok(VerifyOutcome {
        status: if found.is_empty() { "ok" } else { "fail" },
        summary: VerifySummary {
            declared_deps: project.manifest.dependencies.len(),
            locked_packages: project.lock.as_ref().map_or(0, |lock| lock.packages.len()),
            proven_packages: proven.len(),
        },
        proven: proven
            .iter()
            .map(|(entry, proof)| Proven {
                name: entry.name.clone(),
                version: entry.version.clone(),
                signature: proof.signer.as_ref().map(ToString::to_string),
                attestation: proof.attestation.as_ref().map(ToString::to_string),
            })
            .collect(),
        violations: found.iter().map(violation).collect(),
        failure: Failure {
            diagnostics: found,
            sources: project.into_sources(),
            printed: Vec::new(),
        },
    })
}
