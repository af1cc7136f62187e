//! Commands about what is allowed, and what was decided.

use crate::args::policy::{Explain, PolicyCommand, PresetName, Show};
use crate::print::Printer;
use akua_ops::explain::{Explained, ExplainedEvent, explain};
use akua_ops::policy::{self, Preset, ShowRequest};
use akua_ops::{Exit, Failure};
use serde_json::json;

/// What a command of this file gives.
type Result = std::result::Result<Exit, Failure>;

pub(crate) fn run_explain(printer: &Printer, args: &Explain) -> Result {
    let explained = explain(&args.subject, args.event)?;
    match explained {
        Explained::Events { count, hash, .. } if args.verify => {
            if printer.json {
                return Ok(
                    printer.document(&json!({ "status": "ok", "count": count, "hash": hash }))
                );
            }
            Ok(printer.line(&format!("{count} events, all as they were written; last hash {hash}")))
        }
        explained if printer.json => Ok(printer.document(&explained)),
        Explained::Code { page, .. } => Ok(printer.bytes(page.as_bytes())),
        Explained::Report { errors } => {
            let mut exit = Exit::Success;
            for error in errors {
                exit = exit.max(printer.lines(&[
                    format!("{}: {}", error.code, error.message),
                    format!("  {}", error.meaning),
                    format!("  what to do: {}", error.fix),
                ]));
            }
            Ok(exit)
        }
        Explained::Events { events, .. } => {
            let mut exit = Exit::Success;
            for found in events {
                exit = exit.max(printer.lines(&shown(&found)));
            }
            Ok(exit)
        }
    }
}

/// Returns an event as people read it, in lines.
fn shown(found: &ExplainedEvent) -> Vec<String> {
    let event = &found.event;
    let head = format!(
        "{:>4}  {:<24} {:<22} {}",
        found.sequence, event.rule_id, event.reason_code, found.meaning
    );
    let context = event.context.iter().map(|(key, value)| format!("{key}: {value}"));
    let fix = (!found.fix.is_empty()).then(|| format!("what to do: {}", found.fix));
    let rest = context.chain(fix).map(|line| format!("        {line}"));
    std::iter::once(head).chain(rest).collect()
}

pub(crate) fn run_policy(printer: &Printer, command: PolicyCommand) -> Result {
    match command {
        PolicyCommand::Lint { file } => {
            let outcome = policy::lint(&file)?;
            printer.diagnostics(&outcome.failure.diagnostics, &outcome.failure.sources);
            let exit = if outcome.errors > 0 { Exit::User } else { Exit::Success };
            if printer.json {
                return Ok(printer.document(&outcome).max(exit));
            }
            let (errors, warnings) = (outcome.errors, outcome.warnings);
            let line = match outcome.status {
                "ok" => format!("{} has nothing odd", file.display()),
                _ => format!(
                    "{}: {}, {}",
                    file.display(),
                    counted(errors, "contradiction"),
                    counted(warnings, "warning")
                ),
            };
            Ok(printer.line(&line).max(exit))
        }
        PolicyCommand::Template { preset, out } => {
            let preset = match preset {
                PresetName::Strict => Preset::Strict,
                PresetName::Balanced => Preset::Balanced,
                PresetName::Dev => Preset::Dev,
            };
            let text = policy::template(preset, out.as_deref())?;
            match out {
                Some(out) if printer.json => {
                    Ok(printer.document(&json!({ "path": out.display().to_string() })))
                }
                Some(out) => Ok(printer.line(&format!("wrote {}", out.display()))),
                None if printer.json => Ok(printer.document(&json!({ "policy": text }))),
                None => Ok(printer.bytes(text.as_bytes())),
            }
        }
        PolicyCommand::Show(show) => run_show(printer, *show),
    }
}

/// Returns a number of things in words.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn run_show(printer: &Printer, show: Show) -> Result {
    let here = std::path::PathBuf::from(".");
    let package = show.package.or_else(|| policy::is_package(&here).then_some(here));
    let limits = show.limits.0;
    let mut outcome = policy::show(&ShowRequest { package, limits, home: printer.home(true) })?;
    if !show.effective {
        outcome.rules.retain(|rule| rule.from != "built-in");
    }
    if printer.json {
        return Ok(printer.document(&outcome));
    }
    if outcome.rules.is_empty() {
        return Ok(printer.line("no policy says anything; to see what holds: --effective"));
    }
    let mut exit = Exit::Success;
    for rule in &outcome.rules {
        let line = format!("{:<24} {:<18} {}", rule.name, rule.value, rule.from);
        exit = exit.max(printer.line(&line));
    }
    Ok(exit)
}
