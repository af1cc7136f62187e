//! Commands for all packages of a workspace: one report, and the worst exit code.

use super::package::{lock_line, update_lines, verify_line};
use crate::args::package::{Lock, Tree, TreeFormat, Update, Verify};
use crate::print::Printer;
use akua_ops::lock::{LockRequest, UpdateRequest, update};
use akua_ops::members::{MemberOutcome, WorkspaceOutcome, each};
use akua_ops::verify::VerifyRequest;
use akua_ops::{Exit, Failure, lock, tree, verify};
use akua_source::Diagnostic;
use serde::Serialize;

pub(crate) fn run_lock(printer: &Printer, args: &Lock) -> Result<Exit, Failure> {
    let outcome = each(&args.workspace.workspace, |root| {
        let home = printer.home(args.network.offline);
        let request = LockRequest { workspace: root.to_path_buf(), check: args.check, home };
        parted(lock::run(&request))
    })?;
    Ok(report(printer, &outcome, |found| vec![lock_line(found)]))
}

pub(crate) fn run_update(printer: &Printer, args: &Update) -> Result<Exit, Failure> {
    if !args.dependencies.is_empty() {
        let message = "--dep names a dependency of one package, --members updates all packages";
        return Err(Diagnostic::error("E_INVALID_FLAG", message).into());
    }
    let outcome = each(&args.workspace.workspace, |root| {
        let home = printer.home(args.network.offline);
        let workspace = root.to_path_buf();
        parted(update(&UpdateRequest { workspace, dependencies: Vec::new(), home }))
    })?;
    Ok(report(printer, &outcome, update_lines))
}

pub(crate) fn run_verify(printer: &Printer, args: &Verify) -> Result<Exit, Failure> {
    let outcome = each(&args.workspace.workspace, |root| {
        let home = printer.home(args.network.offline);
        let found = verify::run(&VerifyRequest { workspace: root.to_path_buf(), home });
        match parted(found) {
            (Some(mut found), None) if !found.violations.is_empty() => {
                let failure = std::mem::take(&mut found.failure);
                (Some(found), Some(failure))
            }
            other => other,
        }
    })?;
    Ok(report(printer, &outcome, |found| vec![verify_line(found)]))
}

pub(crate) fn run_tree(printer: &Printer, args: &Tree) -> Result<Exit, Failure> {
    let outcome = each(&args.workspace.workspace, |root| parted(tree::run(root)))?;
    if printer.json || args.format == TreeFormat::Json {
        return Ok(printer.document(&outcome).max(failures(printer, &outcome)));
    }
    let mut exit = Exit::Success;
    for found in outcome.members.iter().filter_map(|member| member.result.as_ref()) {
        let text = match args.format {
            TreeFormat::Text | TreeFormat::Json => found.text(),
            TreeFormat::Mermaid => found.mermaid(),
            TreeFormat::Dot => found.dot(),
        };
        exit = exit.max(printer.bytes(text.as_bytes()));
    }
    Ok(exit.max(failures(printer, &outcome)))
}

fn parted<T>(result: Result<T, Failure>) -> (Option<T>, Option<Failure>) {
    match result {
        Ok(found) => (Some(found), None),
        Err(failure) => (None, Some(failure)),
    }
}

/// Prints what became of each package: its directory, and the lines of its result.
fn report<T: Serialize>(
    printer: &Printer,
    outcome: &WorkspaceOutcome<T>,
    shown: impl Fn(&T) -> Vec<String>,
) -> Exit {
    if printer.json {
        return printer.document(outcome).max(failures(printer, outcome));
    }
    let mut exit = Exit::Success;
    for MemberOutcome { path, result, failure, .. } in &outcome.members {
        match (result, failure) {
            (Some(result), None) => {
                for line in shown(result) {
                    exit = exit.max(printer.line(&format!("{path}: {line}")));
                }
            }
            _ => exit = exit.max(printer.line(&format!("{path}: failed"))),
        }
    }
    exit.max(failures(printer, outcome))
}

/// Prints why packages failed.
fn failures<T>(printer: &Printer, outcome: &WorkspaceOutcome<T>) -> Exit {
    for failure in outcome.members.iter().filter_map(|member| member.failure.as_ref()) {
        let _worst = printer.failure(failure);
    }
    outcome.exit()
}
