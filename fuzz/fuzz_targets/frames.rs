//! Any bytes of a guest are a frame, which is written to the same bytes, or none; what host and
//! guests say inside of it is read or refused, and diagnostics of a guest, wherever they point, are
//! shown without harm to a terminal.
#![no_main]

#[path = "../../crates/akua-cli/src/escape.rs"]
mod escape;
#[path = "../../crates/akua-cli/src/report.rs"]
mod report;

use akua_wire::protocol::{Answer, BridgeError, Envelope, ObjectEntry, RESULT, Request};
use akua_wire::{FrameBuilder, FrameError, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    answer(bytes);
    let Ok(frame) = decode(bytes, bytes.len()) else { return };
    let (actual_bytes, limit_bytes) = (bytes.len(), bytes.len() - 1);
    let refused = FrameError::TooLarge { actual_bytes, limit_bytes };
    assert_eq!(decode(bytes, limit_bytes), Err(refused));
    let mut again = FrameBuilder::new();
    for part in frame.parts() {
        again.push(part.name, part.data);
        if part.name == RESULT {
            answer(part.data);
        }
    }
    assert_eq!(again.finish(), bytes);
});

/// Reads what a part may hold.
fn answer(bytes: &[u8]) {
    let _request: Result<Request, _> = serde_json::from_slice(bytes);
    let _envelope: Result<Envelope, _> = serde_json::from_slice(bytes);
    let _error: Result<BridgeError, _> = serde_json::from_slice(bytes);
    let Ok(answer) = serde_json::from_slice::<Answer>(bytes) else { return };
    let _made = answer.objects.iter().filter(|entry| matches!(entry, ObjectEntry::Made(_)));
    for diagnostic in &answer.diagnostics {
        let shown = report::human(diagnostic, &answer.sources, false);
        let harmful = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
        assert!(!shown.contains(harmful), "{shown:?}");
        let line = report::json(diagnostic, &answer.sources);
        assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    }
}
