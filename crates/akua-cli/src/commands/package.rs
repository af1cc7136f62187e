//! Commands that make packages and look after what they depend on.

use super::{bundle, members};
use crate::args::package::{
    Add, Auth, Cache, Init, Inspect, Lock, Network, Pack, Pull, Push, Remove, Template, Tree,
    TreeFormat, Update, Vendor, Verify, Workspace,
};
use crate::environment::home;
use crate::print::Printer;
use akua_ops::artifact::inspect::{InspectedArtifact, archive, artifact};
use akua_ops::artifact::pull::{PullRequest, pull};
use akua_ops::artifact::{PushRequest, push};
use akua_ops::edit::{Edit, EditRequest};
use akua_ops::lock::{LockOutcome, LockRequest, LockedEntry, UpdateOutcome, UpdateRequest, update};
use akua_ops::pack::PackRequest;
use akua_ops::vendor::VendorRequest;
use akua_ops::verify::{VerifyOutcome, VerifyRequest};
use akua_ops::{Exit, Failure, auth, cache, edit, init, lock, pack, tree, vendor, verify};
use akua_source::Diagnostic;
use serde_json::json;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Longest secret that is read, in bytes.
const SECRET_LIMIT_BYTES: u64 = 64 << 10;

/// What a command of this file gives.
type Result = std::result::Result<Exit, Failure>;

pub(crate) fn run_init(printer: &Printer, args: Init) -> Result {
    let path = match (&args.path, &args.name) {
        (Some(path), _) => path.clone(),
        (None, Some(name)) => PathBuf::from(name),
        (None, None) => PathBuf::from("."),
    };
    let template = match args.template {
        Template::Minimal => init::Template::Minimal,
        Template::Helm => init::Template::Helm,
        Template::Kustomize => init::Template::Kustomize,
        Template::Composed => init::Template::Composed,
    };
    // A name with directories names the package by the last of them.
    let name = args.name.filter(|name| args.path.is_some() || !name.contains('/'));
    let outcome = init::run(&init::InitRequest { path, name, template, force: args.force })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let mut exit =
        printer.line(&format!("made the package `{}` in {}", outcome.name, outcome.path));
    for file in &outcome.files {
        exit = exit.max(printer.line(&format!("  {file}")));
    }
    let package =
        if outcome.path == "." { String::new() } else { format!(" --package {}", outcome.path) };
    Ok(exit.max(printer.line(&format!("next: akua render{package}"))))
}

pub(crate) fn run_add(printer: &Printer, args: Add) -> Result {
    let fields = [
        ("oci", args.oci),
        ("git", args.git),
        ("path", args.path),
        ("helm", args.helm),
        ("chart", args.chart),
        ("version", args.version),
        ("tag", args.tag),
        ("rev", args.rev),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let edit = Edit::Add { fields: fields.collect(), force: args.force };
    run_edit(printer, args.name, edit, &args.workspace, args.network)
}

pub(crate) fn run_remove(printer: &Printer, args: Remove) -> Result {
    let edit = Edit::Remove { ignore_missing: args.ignore_missing };
    run_edit(printer, args.name, edit, &args.workspace, args.network)
}

fn run_edit(
    printer: &Printer,
    alias: String,
    edit: Edit,
    workspace: &Workspace,
    network: Network,
) -> Result {
    let home = printer.home(network.offline);
    let workspace = workspace.workspace.clone();
    let outcome = edit::run(&EditRequest { workspace, alias, edit, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let done = match (outcome.source, outcome.replaced, outcome.removed) {
        (Some(_), false, _) => "added",
        (Some(_), true, _) => "replaced",
        (None, _, true) => "removed",
        (None, _, false) => "there was no",
    };
    let mut exit = printer.line(&format!("{done} `{}`", outcome.name));
    for entry in &outcome.locked {
        exit = exit.max(printer.line(&format!("  locked {}", shown(entry))));
    }
    Ok(exit)
}

pub(crate) fn run_lock(printer: &Printer, args: Lock) -> Result {
    if args.members.members {
        return members::run_lock(printer, &args);
    }
    let home = printer.home(args.network.offline);
    let workspace = args.workspace.workspace;
    let outcome = lock::run(&LockRequest { workspace, check: args.check, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    Ok(printer.line(&lock_line(&outcome)))
}

/// Returns what became of a lock, for people.
pub(super) fn lock_line(outcome: &LockOutcome) -> String {
    let count = outcome.locked_packages.len();
    let done = if outcome.wrote { "locked" } else { "akua.lock is up to date:" };
    format!("{done} {}", counted(count))
}

/// Returns a number of dependencies, in words.
fn counted(count: usize) -> String {
    format!("{count} {}", noun(count))
}

fn noun(count: usize) -> &'static str {
    if count == 1 { "dependency" } else { "dependencies" }
}

pub(crate) fn run_update(printer: &Printer, args: Update) -> Result {
    if args.members.members {
        return members::run_update(printer, &args);
    }
    let home = printer.home(args.network.offline);
    let workspace = args.workspace.workspace;
    let outcome = update(&UpdateRequest { workspace, dependencies: args.dependencies, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    Ok(printer.lines(&update_lines(&outcome)))
}

/// Returns what an update changed, for people.
pub(super) fn update_lines(outcome: &UpdateOutcome) -> Vec<String> {
    let mut lines = Vec::new();
    for found in &outcome.updated {
        let entry = &found.entry;
        lines.push(format!("updated {} {} -> {}", entry.name, found.from_version, shown(entry)));
    }
    lines.extend(outcome.added.iter().map(|entry| format!("added {}", shown(entry))));
    lines.extend(outcome.removed.iter().map(|entry| format!("removed {}", shown(entry))));
    if lines.is_empty() {
        let unchanged = counted(outcome.unchanged.len());
        lines.push(format!("nothing has changed in {unchanged}"));
    }
    lines
}

/// Returns an entry of the lock for people.
fn shown(entry: &LockedEntry) -> String {
    let digest = entry.digest.get(7..19).unwrap_or_default();
    format!("{} {} {digest}", entry.name, entry.version)
}

pub(crate) fn run_verify(printer: &Printer, args: &Verify) -> Result {
    if let Some(path) = &args.bundle.bundle {
        return bundle::run_bundle(printer, path, &args.bundle);
    }
    if let Some(path) = &args.folder {
        return bundle::run_folder(printer, path, &args.bundle);
    }
    if args.members.members {
        return members::run_verify(printer, args);
    }
    if let (Some(tarball), Some(key)) = (&args.tarball, &args.public_key) {
        return super::trust::run_verify_archive(printer, tarball, args.sig.as_deref(), key);
    }
    let home = printer.home(args.network.offline);
    let workspace = args.workspace.workspace.clone();
    let outcome = verify::run(&VerifyRequest { workspace, home })?;
    let failed = !outcome.violations.is_empty();
    if printer.json {
        let printed = printer.document(&outcome);
        return Ok(if failed { printed.max(printer.failure(&outcome.failure)) } else { printed });
    }
    if failed {
        return Ok(printer.failure(&outcome.failure));
    }
    Ok(printer.line(&verify_line(&outcome)))
}

/// Returns that all is as it was, for people.
pub(super) fn verify_line(outcome: &VerifyOutcome) -> String {
    let count = outcome.summary.locked_packages;
    let moved = format!("verified: nothing moved in {count} locked {}", noun(count));
    match outcome.summary.proven_packages {
        0 => format!("{moved}; nothing says who may sign them"),
        proven => format!("{moved}, {proven} of them proven to be signed by who may"),
    }
}

pub(crate) fn run_vendor(printer: &Printer, args: &Vendor) -> Result {
    let home = printer.home(args.network.offline);
    let workspace = args.workspace.workspace.clone();
    let outcome = vendor::run(&VendorRequest { workspace, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let count = outcome.vendored.len();
    let mut exit = printer.line(&format!("vendored {} in {}", counted(count), outcome.path));
    for found in &outcome.vendored {
        exit = exit.max(printer.line(&format!("  {}", found.directory)));
    }
    Ok(exit)
}

pub(crate) fn run_tree(printer: &Printer, args: &Tree) -> Result {
    if args.members.members {
        return members::run_tree(printer, args);
    }
    let tree = tree::run(&args.workspace.workspace)?;
    Ok(match args.format {
        _ if printer.json => printer.document(&tree),
        TreeFormat::Json => printer.document(&tree),
        TreeFormat::Text => printer.bytes(tree.text().as_bytes()),
        TreeFormat::Mermaid => printer.bytes(tree.mermaid().as_bytes()),
        TreeFormat::Dot => printer.bytes(tree.dot().as_bytes()),
    })
}

/// Paths that are left out of an archive and told of, one a line.
const LEFT_OUT_SHOWN: usize = 10;

pub(crate) fn run_pack(printer: &Printer, args: Pack) -> Result {
    let home = printer.home(args.network.offline);
    let workspace = args.workspace.workspace;
    let outcome =
        pack::run(&PackRequest { workspace, out: args.out, vendor: !args.no_vendor, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let line = format!(
        "packed {} files, {} bytes: {}",
        outcome.file_count, outcome.size_bytes, outcome.path
    );
    let mut exit = printer.line(&line).max(printer.line(&format!("  {}", outcome.layer_digest)));
    for left in outcome.left_out.iter().take(LEFT_OUT_SHOWN) {
        exit =
            exit.max(printer.line(&format!("  left out: {} ({})", left.path, left.reason.name())));
    }
    let more = outcome.left_out.len().saturating_sub(LEFT_OUT_SHOWN);
    if more > 0 {
        exit = exit.max(printer.line(&format!("  left out: {more} more; --json has all")));
    }
    Ok(exit)
}

pub(crate) fn run_push(printer: &Printer, args: Push) -> Result {
    let home = printer.home(false);
    let Push { tarball, reference, tag, sig: sidecar } = args;
    let outcome = push(&PushRequest { tarball, reference, tag, sidecar, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let line = format!("pushed {}:{} {}", outcome.oci_ref, outcome.tag, outcome.manifest_digest);
    Ok(printer.line(&line))
}

pub(crate) fn run_pull(printer: &Printer, args: Pull) -> Result {
    let home = printer.home(false);
    let Pull { reference, tag, out, keys } = args;
    let outcome = pull(&PullRequest { reference, tag, out, keys, home })?;
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    let line = format!("pulled {}:{} into {}", outcome.oci_ref, outcome.tag, outcome.out);
    let signed = match &outcome.signature {
        Some(signer) => format!("  signed by {signer}"),
        None => "  not verified: nothing says who may have signed it (--key, policy)".to_owned(),
    };
    Ok(printer.lines(&[line, format!("  {}", outcome.manifest_digest), signed]))
}

pub(crate) fn run_inspect(printer: &Printer, args: &Inspect) -> Result {
    if let Some(package) = &args.package {
        return super::inspect::run(printer, package);
    }
    match (&args.tarball, &args.reference, &args.tag) {
        (Some(tarball), ..) => inspect_tarball(printer, tarball),
        (None, Some(reference), Some(tag)) => {
            let (root, home) = (args.trusted_root.as_deref(), printer.home(false));
            let found = artifact(reference, tag, &args.keys, root, &home)?;
            Ok(printer.outcome(&found, artifact_lines))
        }
        (None, ..) => {
            let message = "expected --package, --tarball, or --ref with --tag";
            Err(Diagnostic::error("E_INVALID_FLAG", message).into())
        }
    }
}

fn inspect_tarball(printer: &Printer, tarball: &Path) -> Result {
    let found = archive(tarball, &printer.home(true))?;
    if printer.json {
        return Ok(printer.document(&found));
    }
    let vendored = match found.vendored_deps.as_slice() {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    let (packed, unpacked) = (found.compressed_size_bytes, found.uncompressed_size_bytes);
    Ok(printer.lines(&[
        format!("{} {} ({})", found.package_name, found.package_version, found.package_edition),
        format!("  digest    {}", found.layer_digest),
        format!("  packed    {packed} bytes"),
        format!("  unpacked  {unpacked} bytes in {} files", found.file_count),
        format!("  vendored  {vendored}"),
    ]))
}

fn artifact_lines(found: &InspectedArtifact) -> Vec<String> {
    let mut text = vec![
        format!("{}:{} {}", found.oci_ref, found.tag, found.manifest_digest),
        format!("  type      {}", found.artifact_type.as_deref().unwrap_or("an index")),
    ];
    for layer in &found.layers {
        text.push(format!(
            "  layer     {} {} {} bytes",
            layer.media_type, layer.digest, layer.size_bytes
        ));
    }
    for (name, value) in &found.annotations {
        text.push(format!("  note      {name} = {value}"));
    }
    for piece in &found.evidence {
        let mut line = format!("  {:<11} {}", piece.kind, piece.layout);
        let says = [&piece.predicate_type, &piece.builder];
        for said in says.into_iter().flatten() {
            line.push(' ');
            line.push_str(said);
        }
        if let Some(signer) = &piece.signer {
            line.push_str(" by ");
            line.push_str(signer);
        }
        text.push(line);
    }
    text.push(match &found.signature {
        Some(signer) => format!("  signed by {signer}"),
        None if found.evidence.is_empty() => "  not signed".to_owned(),
        None => "  not verified: nothing says who may have signed it (--key, policy)".to_owned(),
    });
    for referrer in &found.referrers {
        text.push(format!("  referrer  {} {}", referrer.media_type, referrer.digest));
    }
    text
}

pub(crate) fn run_cache(printer: &Printer, args: &Cache) -> Result {
    let home = home(true);
    match args {
        Cache::Path => {
            let path = cache::path(&home).display().to_string();
            if printer.json {
                return Ok(printer.document(&json!({ "action": "path", "root": path })));
            }
            Ok(printer.line(&path))
        }
        Cache::List => {
            let found = cache::list(&home)?;
            if printer.json {
                return Ok(printer.document(&found));
            }
            let mut exit = Exit::Success;
            for entry in &found.entries {
                exit = exit.max(printer.line(&format!("{} {:>12}", entry.id, entry.size_bytes)));
            }
            let count = found.entries.len();
            Ok(exit.max(printer.line(&format!("{count} trees, {} bytes", found.total_bytes))))
        }
        Cache::Gc { keep } => {
            let found = cache::collect(&home, keep)?;
            if printer.json {
                return Ok(printer.document(&found));
            }
            Ok(printer
                .line(&format!("removed {} trees, {} bytes", found.removed, found.freed_bytes)))
        }
        Cache::Verify => {
            let count = cache::verify(&home)?;
            if printer.json {
                return Ok(printer
                    .document(&json!({ "action": "verify", "status": "ok", "trees": count })));
            }
            Ok(printer.line(&format!("{count} trees are what their names say")))
        }
    }
}

pub(crate) fn run_auth(printer: &Printer, args: &Auth) -> Result {
    let home = home(true);
    match args {
        Auth::List => {
            let found = auth::list(&home)?;
            if printer.json {
                return Ok(printer.document(&found));
            }
            let mut exit = Exit::Success;
            for entry in &found.registries {
                let user = entry.username.as_deref().unwrap_or("(token)");
                exit = exit.max(printer.line(&format!("{} {user}", entry.host)));
            }
            Ok(exit)
        }
        Auth::Add { registry, username } => {
            auth::add(&home, registry, username.as_deref(), &read_secret()?)?;
            Ok(changed(printer, "add", registry, &format!("added `{registry}`")))
        }
        Auth::Remove { registry } => {
            auth::remove(&home, registry)?;
            Ok(changed(printer, "remove", registry, &format!("removed `{registry}`")))
        }
    }
}

fn changed(printer: &Printer, action: &str, registry: &str, line: &str) -> Exit {
    if printer.json {
        return printer.document(&json!({ "action": action, "registry": registry }));
    }
    printer.line(line)
}

/// Reads a secret from the standard input.
fn read_secret() -> std::result::Result<String, Failure> {
    let mut secret = String::new();
    let read = std::io::stdin().lock().take(SECRET_LIMIT_BYTES).read_to_string(&mut secret);
    read.map_err(|error| {
        let message = "cannot read the secret from the standard input";
        Failure::from(Diagnostic::error("E_AUTH_SECRET", message).note(error.to_string()))
    })?;
    Ok(secret)
}
