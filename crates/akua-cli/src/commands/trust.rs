//! Commands that sign what is published.

use crate::args::trust::{Keygen, Layout, Publish, Sign, SignWith, TrustCommand};
use crate::environment::{entropy, ephemeral, now_seconds, token_source};
use crate::print::Printer;
use akua_ops::keygen::{KeygenOutcome, KeygenRequest};
use akua_ops::keyless::{Keyless, TokenSource};
use akua_ops::publish::{PublishOutcome, PublishRequest};
use akua_ops::sign::{SignOutcome, SignRequest, VerifiedArchive, verify_archive};
use akua_ops::trust_root::{RefreshOutcome, RefreshRequest, ShowOutcome, refresh, show};
use akua_ops::{Exit, Failure, keygen, publish, sign, signing};
use akua_source::Diagnostic;
use std::path::{Path, PathBuf};

/// What a command of this file gives.
type Result = std::result::Result<Exit, Failure>;

pub(crate) fn run_publish(printer: &Printer, args: Publish) -> Result {
    let request = PublishRequest {
        workspace: args.workspace.workspace,
        reference: args.reference,
        tag: args.tag,
        vendor: !args.no_vendor,
        sign: !args.no_sign,
        attest: !args.no_attest,
        keyless: keyless(&args.key)?,
        key: args.key.key,
        layout: layout(args.layout),
        dry_run: args.dry_run,
        home: printer.home(args.network.offline),
    };
    let outcome = publish::run(&request)?;
    Ok(printer.outcome(&outcome, publish_lines))
}

fn publish_lines(outcome: &PublishOutcome) -> Vec<String> {
    let done = if outcome.dry_run { "would publish" } else { "published" };
    let signed = match (&outcome.signature, outcome.attested) {
        (Some(signer), true) => format!("{signer}, attested"),
        (Some(signer), false) => format!("{signer}, not attested"),
        (None, _) => "nobody: it is not signed".to_owned(),
    };
    let vendored = match outcome.vendored_deps.as_slice() {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    vec![
        format!("{done} {}:{} {}", outcome.oci_ref, outcome.tag, outcome.manifest_digest),
        format!("  checked   {} from the example inputs", objects(outcome.objects)),
        format!("  archive   {} {} bytes", outcome.layer_digest, outcome.layer_size),
        format!("  vendored  {vendored}"),
        format!("  signed by {signed}"),
    ]
}

fn objects(count: usize) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// Returns how to sign without a key, if that is asked for.
pub(super) fn keyless(args: &SignWith) -> std::result::Result<Option<Keyless>, Failure> {
    if !args.keyless {
        return Ok(None);
    }
    let refuse = |message: &str, help: &str| {
        Failure::from(Diagnostic::error("E_KEYLESS_TOKEN", message).help(help))
    };
    let token = args.identity_token.clone().map(TokenSource::File).or_else(token_source);
    let token = token.ok_or_else(|| {
        let help = "name its file with --identity-token, put its text into SIGSTORE_ID_TOKEN, or \
                    give the job of GitHub Actions the permission `id-token: write`";
        refuse("there is no identity token to sign with", help)
    })?;
    let entropy = ephemeral()
        .ok_or_else(|| refuse("the system gives no random bytes", "sign on another machine"))?;
    let (signing_config, trusted_root) = (args.signing_config.clone(), args.trusted_root.clone());
    Ok(Some(Keyless { token, entropy, signing_config, trusted_root }))
}

pub(crate) fn layout(layout: Layout) -> signing::Layout {
    match layout {
        Layout::Both => signing::Layout::Both,
        Layout::Tags => signing::Layout::Tags,
        Layout::Referrers => signing::Layout::Referrers,
    }
}

pub(crate) fn run_keygen(printer: &Printer, args: Keygen) -> Result {
    let entropy = entropy().ok_or_else(|| {
        let error = Diagnostic::error("E_SIGN_KEY", "the system gives no random bytes");
        Failure::from(error.help("make keys on another machine, or with another tool"))
    })?;
    let home = printer.home(true);
    let outcome = keygen::run(&KeygenRequest { out: args.out, plain: args.plain, entropy, home })?;
    Ok(printer.outcome(&outcome, keygen_lines))
}

fn keygen_lines(outcome: &KeygenOutcome) -> Vec<String> {
    let kind = if outcome.encrypted { "encrypted" } else { "plain: keep it where nobody reads it" };
    vec![
        format!("wrote the private key {} ({kind})", outcome.private_key),
        format!("wrote the public key  {}", outcome.public_key),
        format!("  {}", outcome.id),
    ]
}

pub(crate) fn run_sign(printer: &Printer, args: Sign) -> Result {
    let request = SignRequest {
        tarball: args.tarball,
        reference: args.reference,
        tag: args.tag,
        keyless: keyless(&args.key)?,
        key: args.key.key,
        layout: layout(args.layout),
        attest: !args.no_attest,
        out: args.out,
        home: printer.home(false),
    };
    Ok(printer.outcome(&sign::run(&request)?, sign_lines))
}

fn sign_lines(outcome: &SignOutcome) -> Vec<String> {
    let mut lines = vec![
        format!("signed {}:{} {}", outcome.oci_ref, outcome.tag, outcome.manifest_digest),
        format!("  signed by {}", outcome.signature),
    ];
    if let (Some(tarball), Some(sidecar)) = (&outcome.tarball, &outcome.sidecar) {
        lines.push(format!("  wrote {sidecar}"));
        let push =
            format!("akua push --tarball {tarball} --ref {} --sig {sidecar}", outcome.oci_ref);
        lines.push(format!("next: {push}"));
    }
    lines
}

pub(crate) fn run_verify_archive(
    printer: &Printer,
    tarball: &Path,
    sidecar: Option<&Path>,
    key: &Path,
) -> Result {
    let beside = PathBuf::from(format!("{}.akuasig", tarball.display()));
    let outcome = verify_archive(tarball, sidecar.unwrap_or(&beside), key, &printer.home(true))?;
    Ok(printer.outcome(&outcome, archive_lines))
}

fn archive_lines(outcome: &VerifiedArchive) -> Vec<String> {
    vec![
        format!("verified {} for {}:{}", outcome.tarball, outcome.oci_ref, outcome.tag),
        format!("  {}", outcome.manifest_digest),
        format!("  signed by {}", outcome.signature),
    ]
}

pub(crate) fn run_trust(printer: &Printer, command: TrustCommand) -> Result {
    match command {
        TrustCommand::Show { trusted_root } => {
            let outcome = show(&printer.home(true), trusted_root.as_deref())?;
            Ok(printer.outcome(&outcome, show_lines))
        }
        TrustCommand::Refresh(args) => {
            let (mirror, root, out) = (args.mirror, args.root, args.out);
            let (now_seconds, home) = (now_seconds(), printer.home(false));
            let outcome = refresh(&RefreshRequest { mirror, root, out, now_seconds, home })?;
            Ok(printer.outcome(&outcome, refresh_lines))
        }
    }
}

fn show_lines(outcome: &ShowOutcome) -> Vec<String> {
    let root = outcome.root_version.map(|version| format!(", root {version} of its keys"));
    let refreshed = outcome.refreshed.as_deref().map(|when| format!(", refreshed {}", day(when)));
    let details = format!("{}{}", root.unwrap_or_default(), refreshed.unwrap_or_default());
    let mut lines = vec![format!("trust root: {}{details}", outcome.from)];
    for part in &outcome.parts {
        let until = if part.until.is_empty() { "" } else { " to " };
        let range = format!("from {}{until}{}", day(&part.from), day(&part.until));
        lines.push(format!("  {:<15} {}  {range}", part.kind, part.name));
    }
    lines
}

fn refresh_lines(outcome: &RefreshOutcome) -> Vec<String> {
    let RefreshOutcome { mirror, root_version, fresh_until, .. } = outcome;
    let what = if outcome.changed { "refreshed" } else { "up to date:" };
    vec![
        format!("{what} the trust root of {mirror}"),
        format!("  root {root_version} of its keys; fresh until {}", day(fresh_until)),
        format!("  in {}", outcome.directory),
    ]
}

/// Returns the day of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
