//! The worker's answer, read as hostile input.

use crate::failure::RenderFailure;
use akua_objects::{Identity, Object};
use akua_sandbox::GuestOutput;
use akua_source::{Diagnostic, Severity, SourceMap};
use akua_wire::protocol::{self, Answer, OBJECT, OUTPUT, ObjectEntry, RESULT};
use akua_wire::{Frame, decode};

/// Errors, and warnings, of a program that are shown. Each is printed by the host, whose time no
/// deadline of a Store bounds: 20,000 with excerpts took 10 seconds.
const DIAGNOSTICS_LIMIT: usize = 100;

/// An object of a result.
#[derive(Debug)]
pub(crate) enum Item {
    /// The host holds it.
    Held(u32),
    /// The worker made it.
    Made(Object),
}

/// A worker's result.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) entries: Vec<Item>,
    /// Text of `akua eval`.
    pub(crate) text: Vec<u8>,
    /// What settings files say.
    pub(crate) settings: protocol::Settings,
    /// What a package may be given.
    pub(crate) inspected: protocol::Inspected,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) sources: SourceMap,
}

/// Returns the error for an answer that no worker of ours gives.
pub(crate) fn broken(reason: impl std::fmt::Display) -> RenderFailure {
    let message = format!("the worker's answer makes no sense: {reason}");
    Diagnostic::error("E_INTERNAL", message).into()
}

/// Returns how much memory a guest's answer may take when its JSON is parsed: the smallest entry
/// of a list, `{},`, becomes a hundred bytes and more.
pub(crate) fn parsed_bytes(answer: &[u8]) -> usize {
    let frame = decode(answer, answer.len());
    let json = frame.ok().and_then(|frame| frame.get(RESULT).map(<[u8]>::len));
    json.unwrap_or_default().saturating_mul(64)
}

/// Reads the frame that a worker returned.
pub(crate) fn read(output: &GuestOutput) -> Result<(Frame<'_>, Answer), RenderFailure> {
    let frame = decode(&output.bytes, output.bytes.len()).map_err(broken)?;
    let result = frame.get(RESULT).ok_or_else(|| broken("it has no result"))?;
    let mut answer: Answer = serde_json::from_slice(result).map_err(broken)?;
    answer.diagnostics = first(answer.diagnostics);
    Ok((frame, answer))
}

/// Returns the first errors and the first warnings; the last of each says how many more there are.
fn first(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let (mut errors, mut warnings) = (0_usize, 0_usize);
    let mut kept: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let count = match diagnostic.severity {
            Severity::Error => &mut errors,
            Severity::Warning => &mut warnings,
        };
        *count = count.saturating_add(1);
        if *count <= DIAGNOSTICS_LIMIT {
            kept.push(diagnostic);
        }
    }
    for (severity, count) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
        let more = count.saturating_sub(DIAGNOSTICS_LIMIT);
        let last = kept.iter_mut().rfind(|diagnostic| diagnostic.severity == severity);
        if let (Some(last), true) = (last, more > 0) {
            last.notes.push(format!("{more} more like this are not shown"));
        }
    }
    kept
}

/// Reads what a worker returned.
pub(crate) fn finish(output: &GuestOutput) -> Result<Finished, RenderFailure> {
    let (frame, answer) = read(output)?;
    let failed = answer.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if !answer.ok || failed {
        return Err(RenderFailure {
            diagnostics: answer.diagnostics,
            sources: answer.sources,
            printed: Vec::new(),
        });
    }
    let entries = items(&frame, answer.objects).ok_or_else(|| broken("an object is missing"))?;
    let text = frame.get(OUTPUT).unwrap_or_default().to_vec();
    Ok(Finished {
        entries,
        text,
        settings: answer.settings,
        inspected: answer.inspected,
        warnings: answer.diagnostics,
        sources: answer.sources,
    })
}

fn items(frame: &Frame<'_>, entries: Vec<ObjectEntry>) -> Option<Vec<Item>> {
    let mut bodies = frame.parts().iter().filter(|part| part.name == OBJECT);
    let items = entries.into_iter().map(|entry| match entry {
        ObjectEntry::Held(handle) => Some(Item::Held(handle)),
        ObjectEntry::Made(found) => {
            let yaml = bodies.next()?.data.to_vec();
            Some(Item::Made(Object { identity: identity(found), yaml }))
        }
    });
    items.collect()
}

/// Returns the identity of an object as the objects' crate has it.
pub(crate) fn identity(found: protocol::Identity) -> Identity {
    Identity {
        api_version: found.api_version,
        kind: found.kind,
        namespace: found.namespace,
        name: found.name,
        generate_name: found.generate_name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akua_wire::FrameBuilder;

    /// Checks how many of so many errors are kept, and what the last says.
    fn check(errors: usize, kept: usize, note: Option<&str>) {
        let warning = Diagnostic { severity: Severity::Warning, ..Diagnostic::error("W", "w") };
        let mut all = vec![Diagnostic::error("E", "e"); errors];
        all.push(warning);
        let all = first(all);
        let found = all.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        assert_eq!((found.count(), all.len()), (kept, kept.saturating_add(1)));
        let last = all.iter().rfind(|diagnostic| diagnostic.severity == Severity::Error);
        let notes = last.map(|last| last.notes.join("")).unwrap_or_default();
        assert_eq!(notes, note.unwrap_or_default());
    }

    #[test]
    fn what_is_parsed_fits_what_is_lent_for_it() {
        let mut frame = FrameBuilder::with_capacity(8);
        frame.push(RESULT, b"{},");
        frame.push(OBJECT, &[b'x'; 1000]);
        let lent = parsed_bytes(&frame.finish());
        // The smallest entries of lists: what they become.
        assert!(lent >= size_of::<protocol::Identity>().max(size_of::<ObjectEntry>()), "{lent}");
        assert!(lent < 1000, "objects stay the bytes that they are");
        assert_eq!(parsed_bytes(b"no frame"), 0);
    }

    #[test]
    fn many_errors_are_counted() {
        check(1, 1, None);
        check(DIAGNOSTICS_LIMIT, DIAGNOSTICS_LIMIT, None);
        check(
            DIAGNOSTICS_LIMIT.saturating_add(3),
            DIAGNOSTICS_LIMIT,
            Some("3 more like this are not shown"),
        );
    }
}
