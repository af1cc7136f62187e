//! `akua verify --bundle`, and `akua verify DIR`.

use crate::args::bundle::BundleArgs;
use crate::print::Printer;
use akua_ops::verify::bundle::{
    BundleOutcome, BundleRequest, SignerOption, SignerOutcome, TextOption, run,
};
use akua_ops::verify::folder::{self, FolderOutcome, FolderRequest, NamedDigest};
use akua_ops::{Exit, Failure};
use akua_source::Diagnostic;
use std::path::Path;

/// Verifies a bundle, and says who signed.
pub(super) fn run_bundle(
    printer: &Printer,
    bundle: &Path,
    args: &BundleArgs,
) -> Result<Exit, Failure> {
    let outcome = run(&BundleRequest {
        bundle: bundle.to_path_buf(),
        artifact: args.artifact.clone().unwrap_or_default(),
        signer: signer(args)?,
        trusted_root: args.trusted_root.clone(),
        // It needs no network, and gives it up.
        home: printer.home(true),
    })?;
    Ok(printer.outcome(&outcome, lines))
}

/// Verifies what was rendered into a directory, and says who attests it.
pub(super) fn run_folder(
    printer: &Printer,
    path: &Path,
    args: &BundleArgs,
) -> Result<Exit, Failure> {
    let outcome = folder::run(&FolderRequest {
        folder: path.to_path_buf(),
        signer: signer(args)?,
        trusted_root: args.trusted_root.clone(),
        // It needs no network, and gives it up.
        home: printer.home(true),
    })?;
    Ok(printer.outcome(&outcome, folder_lines))
}

fn signer(args: &BundleArgs) -> Result<SignerOption, Failure> {
    if let Some(path) = args.key.clone() {
        return Ok(SignerOption::Key { path, log: args.require_log });
    }
    let subject =
        text(args.certificate_identity.as_ref(), args.certificate_identity_regexp.as_ref());
    let issuer =
        text(args.certificate_oidc_issuer.as_ref(), args.certificate_oidc_issuer_regexp.as_ref());
    match (subject, issuer) {
        (Some(subject), Some(issuer)) => Ok(SignerOption::Identity { subject, issuer }),
        // The parser of arguments asks for one of them.
        _ => Err(Diagnostic::error("E_INVALID_FLAG", "nobody is named who should have signed")
            .help("name a --key, or a --certificate-identity and --certificate-oidc-issuer")
            .into()),
    }
}

fn text(exact: Option<&String>, expression: Option<&String>) -> Option<TextOption> {
    let exact = exact.cloned().map(TextOption::Exact);
    exact.or_else(|| expression.cloned().map(TextOption::Expression))
}

/// Says what was proven, for people.
fn lines(outcome: &BundleOutcome) -> Vec<String> {
    let mut lines = vec![signer_line(&outcome.signer)];
    lines.push(format!("  artifact {}", outcome.artifact));
    if let Some(predicate) = &outcome.predicate_type {
        lines.push(format!("  statement {predicate}"));
    }
    lines.extend(outcome.signed_at.iter().map(|time| format!("  signed at {time}")));
    let entries = outcome.log_entries.iter();
    lines.extend(entries.map(|entry| format!("  entry {} in the log {}", entry.index, entry.log)));
    if outcome.log_entries.is_empty() {
        lines.push("  in no log".to_owned());
    }
    lines
}

/// Says what is proven of a directory, for people.
fn folder_lines(outcome: &FolderOutcome) -> Vec<String> {
    let FolderOutcome { package, files, .. } = outcome;
    let named = |found: &Option<NamedDigest>| match found {
        Some(found) => format!("{} sha256:{}", found.name, found.sha256),
        None => "none".to_owned(),
    };
    let count = if *files == 1 { "file" } else { "files" };
    let mut lines = vec![
        signer_line(&outcome.signer),
        format!("  rendered {files} {count}: all there, and none besides"),
        format!("  package  {} {}", package.name, package.version),
        format!("           {}", package.digest),
        format!("  inputs   {}", named(&outcome.inputs)),
        format!("  lock     {}", named(&outcome.lock)),
        format!("  akua     {}", outcome.akua),
    ];
    lines.extend(outcome.signed_at.iter().map(|time| format!("  signed at {time}")));
    lines
}

fn signer_line(signer: &SignerOutcome) -> String {
    match signer {
        SignerOutcome::Key { key } => format!("verified: signed with the key {key}"),
        SignerOutcome::Identity { identity, issuer } => {
            format!("verified: signed by {identity} (issuer {issuer})")
        }
    }
}
