//! Events: what was decided, by which rule, and why; in a file, each line carries the hash of the
//! one before.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The form of the lines.
const VERSION: u32 = 1;
/// What stands before the first line.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Where the hash begins, at the end of a line.
const HASH: &str = ",\"hash\":\"";
/// The rule of the last event: a trail without it was cut.
const LAST: &str = "render.result";
/// Events that are kept, of some 600 bytes: a render has one a mount and two a call.
const EVENTS_LIMIT: usize = 20_000;

/// What became of something that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It was done.
    Allow,
    /// It was refused; the program goes on.
    Deny,
    /// Who asked was ended.
    Kill,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What became of it.
    pub decision: Decision,
    /// The rule that decided, such as `mount.read` or `budget.fuel`.
    pub rule_id: String,
    /// Why: the code of an error, or a word in capitals.
    pub reason_code: String,
    /// What it was about. Never a secret, never a path of this machine.
    pub context: Map<String, Value>,
}

impl Event {
    /// An event without context.
    pub fn new(decision: Decision, rule_id: &str, reason_code: &str) -> Self {
        Self {
            decision,
            rule_id: rule_id.to_owned(),
            reason_code: reason_code.to_owned(),
            context: Map::new(),
        }
    }

    /// Adds what it is about.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }
}

/// The events of one render, in order.
#[derive(Debug, Default)]
pub struct Trail {
    events: Vec<Event>,
    dropped: usize,
}

impl Trail {
    /// Records an event.
    pub fn record(&mut self, event: Event) {
        if self.events.len() < EVENTS_LIMIT || event.rule_id == LAST {
            self.events.push(event);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Returns the events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Returns how many events were not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Returns the lines of a file, and the hash of the last.
    ///
    /// # Shape
    /// A JSON object a line: `version`, `sequence` from 0, the fields of [`Event`], `previous` (the
    /// hash of the line before) and `hash`: SHA-256 of the line up to `,"hash":"`.
    pub fn lines(&self) -> (String, String) {
        let mut text = String::new();
        let mut previous = NOTHING.to_owned();
        for (sequence, event) in self.events.iter().enumerate() {
            let line = Line {
                version: VERSION,
                sequence,
                event: event.clone(),
                previous: previous.clone(),
                hash: None,
            };
            // Strings and maps of strings always have a form in JSON.
            let mut line = serde_json::to_string(&line).unwrap_or_default();
            let _brace = line.pop();
            previous = hash(&line);
            let _written = writeln!(text, "{line}{HASH}{previous}\"}}");
        }
        (text, previous)
    }
}

/// A line of a file.
#[derive(Serialize, Deserialize)]
struct Line {
    version: u32,
    sequence: usize,
    #[serde(flatten)]
    event: Event,
    previous: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

/// Why a file is no trail, or not the one that was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
    /// A line is no event.
    #[error("line {line} is no event: {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A line is not the one that was written.
    #[error("line {line} was changed: its hash is not that of its content")]
    Changed {
        /// Which, from 1.
        line: usize,
    },
    /// A line before was taken out, added or moved.
    #[error("line {line} does not follow the line before it")]
    Chain {
        /// Which, from 1.
        line: usize,
    },
    /// The end is missing.
    #[error("the last event is missing: the file was cut after line {lines}")]
    Cut {
        /// How many lines there are.
        lines: usize,
    },
}

/// Reads the lines of a file and checks that they are the ones that were written, all of them.
///
/// # Errors
/// [`BrokenTrail`]: the first line that is wrong.
pub fn read_trail(text: &str) -> Result<Trail, BrokenTrail> {
    let mut trail = Trail::default();
    let mut previous = NOTHING.to_owned();
    for (sequence, line) in text.lines().enumerate() {
        let number = sequence.saturating_add(1);
        let parsed: Line = serde_json::from_str(line)
            .map_err(|error| BrokenTrail::Line { line: number, reason: error.to_string() })?;
        let (content, _) = line.rsplit_once(HASH).unwrap_or((line, ""));
        let found = hash(content);
        if parsed.hash.as_ref() != Some(&found) || parsed.version != VERSION {
            return Err(BrokenTrail::Changed { line: number });
        }
        if parsed.previous != previous || parsed.sequence != sequence {
            return Err(BrokenTrail::Chain { line: number });
        }
        previous = found;
        trail.events.push(parsed.event);
    }
    match trail.events.last() {
        Some(last) if last.rule_id == LAST => Ok(trail),
        _ => Err(BrokenTrail::Cut { lines: trail.events.len() }),
    }
}

fn hash(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String does not fail.
        let _written = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail() -> String {
        let mut trail = Trail::default();
        trail.record(Event::new(Decision::Allow, "mount.read", "DECLARED").with("alias", "a\"b"));
        trail.record(Event::new(Decision::Kill, "budget.fuel", "E_BUDGET_FUEL").with("limit", 7));
        trail.record(Event::new(Decision::Deny, LAST, "E_BUDGET_FUEL"));
        let (text, last) = trail.lines();
        assert!(text.trim_end().ends_with(&format!("{HASH}{last}\"}}")));
        assert_eq!(read_trail(&text).expect("is whole").events(), trail.events());
        text
    }

    fn check(text: &str, expected: &BrokenTrail) {
        assert_eq!(read_trail(text).as_ref().expect_err("is broken"), expected, "{text}");
    }

    #[test]
    fn what_is_changed_is_found() {
        let text = trail();
        let lines: Vec<&str> = text.lines().collect();
        let join = |lines: &[&str]| lines.join("\n");
        check(&text.replace("\"limit\":7", "\"limit\":8"), &BrokenTrail::Changed { line: 2 });
        check(&join(&[lines[1], lines[2]]), &BrokenTrail::Chain { line: 1 });
        check(&join(&[lines[0], lines[2]]), &BrokenTrail::Chain { line: 2 });
        check(&join(&[lines[1], lines[0]]), &BrokenTrail::Chain { line: 1 });
        check(&join(&[lines[0], lines[0]]), &BrokenTrail::Chain { line: 2 });
        check(&join(&lines[..2]), &BrokenTrail::Cut { lines: 2 });
        check("", &BrokenTrail::Cut { lines: 0 });
        assert!(matches!(read_trail("{}"), Err(BrokenTrail::Line { line: 1, .. })));
    }

    #[test]
    fn every_byte_counts() {
        let text = trail();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            // A line that ends in other white space is the same line.
            if text.as_bytes()[at] != b'\n' {
                assert!(read_trail(&changed).is_err(), "byte {at}: {changed}");
            }
        }
    }
}
