//! `akua explain`: a code, a report or a file of events, in words, with the way out.

use crate::Failure;
use crate::failure::named_file;
use akua_policy::{BrokenTrail, Decision, Event, read_trail};
use akua_source::Diagnostic;
use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

mod rules;

use rules::rule;

/// The pages of all codes.
static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/errors");
/// Largest file that is explained, in bytes.
const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// What was explained.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Explained {
    /// A code.
    Code {
        /// The code.
        code: String,
        /// Its page, in Markdown.
        page: String,
    },
    /// Errors of a report.
    Report {
        /// Each error.
        errors: Vec<ExplainedError>,
    },
    /// A file of events.
    Events {
        /// How many there are in the file.
        count: usize,
        /// The hash of the last: who keeps it elsewhere can tell that the file is the same.
        hash: String,
        /// Each event that was asked for.
        events: Vec<ExplainedEvent>,
    },
}

/// An error of a report.
#[derive(Debug, Serialize)]
pub struct ExplainedError {
    /// Its code.
    pub code: String,
    /// What was said.
    pub message: String,
    /// What the code means.
    pub meaning: String,
    /// What to do.
    pub fix: String,
}

/// An event in words.
#[derive(Debug, Serialize)]
pub struct ExplainedEvent {
    /// Its number in the file, from 0.
    pub sequence: usize,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// What it means.
    pub meaning: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

/// Explains a code, or a file of events or of errors.
///
/// # Errors
/// [`Failure`] where there is no such code or file, or the events are not the ones that were written.
pub fn explain(subject: &str, number: Option<usize>) -> Result<Explained, Failure> {
    if is_code(subject) {
        return Ok(Explained::Code { code: subject.to_owned(), page: page(subject)?.to_owned() });
    }
    let help = "name a code such as E_PATH_ESCAPE, a file of `--events`, or errors of `--json`";
    let bytes = akua_disk::read_file(Path::new(subject), FILE_LIMIT_BYTES)
        .map_err(|error| named_file("E_EXPLAIN_FILE", &error, help))?;
    let text = String::from_utf8_lossy(&bytes);
    let first: Option<Value> = text.lines().next().and_then(|l| serde_json::from_str(l).ok());
    if first.as_ref().is_some_and(|first| first.get("rule_id").is_some()) {
        return events(&text, number);
    }
    if first.as_ref().is_some_and(|first| first.get("code").is_some()) {
        return Ok(report(&text));
    }
    let message = format!("`{subject}` has neither events nor errors of akua");
    Err(Diagnostic::error("E_EXPLAIN_FILE", message).help(help).into())
}

/// Returns whether a text is written as codes are.
fn is_code(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (text.starts_with("E_") || text.starts_with("W_")) && text.bytes().all(letter)
}

/// Returns the page of a code.
fn page(code: &str) -> Result<&'static str, Failure> {
    let file = PAGES.get_file(format!("{code}.md"));
    file.and_then(|file| file.contents_utf8()).ok_or_else(|| {
        let near = codes().filter(|known| shared(known, code) > 4);
        let near = near.max_by_key(|known| shared(known, code));
        let help = match near {
            Some(near) => format!("did you mean `{near}`? docs/errors/ lists all codes"),
            None => "docs/errors/ lists all codes".to_owned(),
        };
        let message = format!("there is no code `{code}`");
        Diagnostic::error("E_EXPLAIN_UNKNOWN", message).help(help).into()
    })
}

/// Returns all codes.
fn codes() -> impl Iterator<Item = &'static str> {
    let names = PAGES.files().filter_map(|file| file.path().file_stem()?.to_str());
    names.filter(|name| is_code(name))
}

/// Returns how many letters two codes have in common, from their beginnings and their ends.
fn shared(a: &str, b: &str) -> usize {
    let head = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let tail = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    head.saturating_add(tail)
}

/// Returns what the page of a code says first, and its way out.
fn short(code: &str) -> (String, String) {
    let Ok(page) = page(code) else { return (String::new(), String::new()) };
    let mut paragraphs = page.split("\n\n").skip(1);
    let meaning = paragraphs.next().unwrap_or_default();
    let fix = paragraphs.find_map(|text| text.strip_prefix("**What to do.** "));
    (meaning.trim().to_owned(), fix.unwrap_or_default().trim().to_owned())
}

/// Explains the lines of errors that `--json` printed.
fn report(text: &str) -> Explained {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = lines.filter_map(|line| {
        let field = |name: &str| line.get(name)?.as_str().map(str::to_owned);
        let code = field("code")?;
        let (meaning, fix) = short(&code);
        let fix = field("help").unwrap_or(fix);
        Some(ExplainedError { code, message: field("message")?, meaning, fix })
    });
    Explained::Report { errors: errors.collect() }
}

/// Explains events, all or one, after checking that they are the ones that were written.
fn events(text: &str, number: Option<usize>) -> Result<Explained, Failure> {
    let trail = read_trail(text).map_err(|broken| changed(&broken))?;
    let count = trail.events().len();
    let (_, hash) = trail.lines();
    let all = trail.events().iter().enumerate();
    let events: Vec<_> = all
        .filter(|(sequence, _)| number.is_none_or(|number| number == *sequence))
        .map(|(sequence, event)| {
            let (meaning, fix) = words(event);
            ExplainedEvent { sequence, event: event.clone(), meaning, fix }
        })
        .collect();
    if let (Some(number), true) = (number, events.is_empty()) {
        let message = format!("there is no event {number}: the file has {count}, from 0");
        let help = "leave --event out to see all";
        return Err(Diagnostic::error("E_INVALID_FLAG", message).help(help).into());
    }
    Ok(Explained::Events { count, hash, events })
}

/// Returns what an event means, and the way out.
fn words(event: &Event) -> (String, String) {
    let meaning = rule(&event.rule_id).map_or("a rule of a later akua", |rule| rule.meaning);
    let (why, fix) = match event.decision {
        Decision::Allow => (String::new(), String::new()),
        Decision::Deny | Decision::Kill => short(&event.reason_code),
    };
    let verb = match event.decision {
        Decision::Allow => "allowed",
        Decision::Deny => "refused",
        Decision::Kill => "ended",
    };
    let mut text = format!("{verb}: {meaning}");
    if !why.is_empty() {
        text.push_str("; ");
        text.push_str(why.lines().next().unwrap_or_default());
    }
    (text, fix)
}

/// Returns the error for events that were changed.
fn changed(broken: &BrokenTrail) -> Diagnostic {
    Diagnostic::error("E_EVENTS_BROKEN", broken.to_string())
        .help("do not rely on this file: render again with --events to have a whole one")
}
