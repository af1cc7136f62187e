//! A YAML document as JSON: what the host reads of charts and indexes, as it has no YAML parser.

use akua_wire::Frame;
use akua_wire::protocol::{Answer, OUTPUT, SOURCE};
use kcl::source::Diagnostic;
use kcl::standard::{Encoding, from_yaml, to_json};

/// Reads the document of a frame; of several, the first.
pub(crate) fn document(
    frame: &Frame<'_>,
    name: &str,
    parts: &mut Vec<(&'static str, Vec<u8>)>,
) -> Answer {
    match json(frame.get(SOURCE).unwrap_or_default()) {
        Ok(json) => {
            parts.push((OUTPUT, json.into_bytes()));
            Answer { ok: true, ..Answer::default() }
        }
        Err(reason) => {
            let message = format!("`{name}` cannot be read: {reason}");
            let diagnostics = vec![Diagnostic::error("E_YAML", message)];
            Answer { diagnostics, ..Answer::default() }
        }
    }
}

fn json(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_invalid| "it is not UTF-8 text".to_owned())?;
    let documents = from_yaml(text).map_err(|reason| reason.message.clone())?;
    let first = documents.into_iter().next().unwrap_or_default();
    to_json(&first, Encoding::default(), 0).map_err(|reason| reason.message.clone())
}
