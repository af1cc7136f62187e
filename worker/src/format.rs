//! Formats files: texts in, texts out, nothing is evaluated.

use akua_wire::Frame;
use akua_wire::protocol::{Answer, FormatEntry, OUTPUT, SOURCE};
use kcl::source::{Diagnostic, FileId};

/// Formats the parts of a frame that hold files with these names.
pub(crate) fn format(
    frame: &Frame<'_>,
    names: &[String],
    parts: &mut Vec<(&'static str, Vec<u8>)>,
) -> Answer {
    let mut answer = Answer { ok: true, ..Answer::default() };
    let sources = frame.parts().iter().filter(|part| part.name == SOURCE);
    for (name, source) in names.iter().zip(sources) {
        let entry = match std::str::from_utf8(source.data) {
            Ok(text) => file(name, text, &mut answer, parts),
            Err(_) => {
                let message = format!("`{name}` is not UTF-8 text");
                let error = Diagnostic::error("E_FMT_KCL", message).path(name.as_str());
                answer.diagnostics.push(error.help("save the file as UTF-8"));
                FormatEntry::Refused
            }
        };
        answer.formatted.push(entry);
    }
    answer
}

/// Formats one file.
fn file(
    name: &str,
    text: &str,
    answer: &mut Answer,
    parts: &mut Vec<(&'static str, Vec<u8>)>,
) -> FormatEntry {
    let id = FileId(u32::try_from(answer.sources.files().len()).unwrap_or(u32::MAX));
    match kcl::format(id, text) {
        Ok(formatted) if formatted == text => FormatEntry::Same,
        Ok(formatted) => {
            parts.push((OUTPUT, formatted.into_bytes()));
            FormatEntry::Changed
        }
        Err(diagnostics) => {
            answer.sources.add(name, text);
            answer.diagnostics.extend(diagnostics);
            FormatEntry::Refused
        }
    }
}
