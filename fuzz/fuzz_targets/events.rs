//! Any file of events is read or refused; what was recorded is read as it was, and a change of one
//! byte is found.
#![no_main]

use akua_policy::{Event, Trail, read_trail};
use libfuzzer_sys::fuzz_target;

/// The rule of the last event.
const LAST: &str = "render.result";

fuzz_target!(|input: (u16, u8, &str)| {
    let (at, flip, text) = input;
    if let Ok(trail) = read_trail(text) {
        same(&trail, &trail.lines().0);
    }
    // The same lines as events without hashes: recorded, written and read.
    let mut trail = Trail::default();
    for event in text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
        trail.record(event);
    }
    let (written, last) = trail.lines();
    if trail.events().last().is_none_or(|last| last.rule_id != LAST) {
        assert!(read_trail(&written).is_err(), "it has no end: {written}");
        return;
    }
    same(&trail, &written);
    assert!(written.trim_end().ends_with(&format!("\"hash\":\"{last}\"}}")), "{written}");
    let mut bytes = written.clone().into_bytes();
    let at = usize::from(at) % bytes.len();
    bytes[at] ^= flip;
    // A line that ends in other white space is the same line.
    if flip == 0 || written.as_bytes()[at] == b'\n' {
        return;
    }
    if let Ok(changed) = String::from_utf8(bytes) {
        assert!(read_trail(&changed).is_err(), "byte {at} of {written}");
    }
});

/// Checks that a text holds these events.
fn same(trail: &Trail, text: &str) {
    let read = read_trail(text).unwrap_or_else(|broken| panic!("{broken}: {text}"));
    assert_eq!(read.events(), trail.events(), "{text}");
}
