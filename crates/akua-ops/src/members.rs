//! One verb for all packages of a workspace.

use crate::{Exit, Failure};
use akua_package::members;
use serde::Serialize;
use std::path::Path;

/// What became of one package of a workspace.
#[derive(Debug, Serialize)]
pub struct MemberOutcome<T> {
    /// Its directory, below the workspace.
    pub path: String,
    /// `ok` or `fail`.
    pub status: &'static str,
    /// What the verb gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<T>,
    /// Why it failed.
    #[serde(skip)]
    pub failure: Option<Failure>,
}

/// What became of all packages of a workspace.
#[derive(Debug, Serialize)]
pub struct WorkspaceOutcome<T> {
    /// `ok`, or `fail` if one failed.
    pub status: &'static str,
    /// Each package, those that others depend on before the others.
    pub members: Vec<MemberOutcome<T>>,
}

/// Runs a verb for each package of the workspace that a directory lies in. One that fails does not
/// keep the others from their turn. A verb gives a result, a failure, or both.
///
/// # Errors
/// [`Failure`] where it cannot be told which packages there are.
pub fn each<T>(
    workspace: &Path,
    mut run: impl FnMut(&Path) -> (Option<T>, Option<Failure>),
) -> Result<WorkspaceOutcome<T>, Failure> {
    let mut found = Vec::new();
    for member in members(workspace)? {
        let (result, failure) = run(&member.root);
        let path = member.name;
        let failure = failure.map(|mut failure| {
            for diagnostic in &mut failure.diagnostics {
                diagnostic.message = format!("in the member `{path}`: {}", diagnostic.message);
            }
            failure
        });
        let status = if failure.is_none() { "ok" } else { "fail" };
        found.push(MemberOutcome { path, status, result, failure });
    }
    let is_bad = found.iter().any(|member| member.failure.is_some());
    Ok(WorkspaceOutcome { status: if is_bad { "fail" } else { "ok" }, members: found })
}

impl<T> WorkspaceOutcome<T> {
    /// Returns how the command ends: the worst of its packages.
    pub fn exit(&self) -> Exit {
        let failures = self.members.iter().filter_map(|member| member.failure.as_ref());
        failures.map(Failure::exit).max().unwrap_or(Exit::Success)
    }
}
