//! `akua fmt`: texts of KCL files in a worker Store, formatted texts back.

use crate::eval::{alone, json};
use crate::failure::RenderFailure;
use crate::worker::{broken, read};
use akua_sandbox::GuestOutput;
use akua_source::{Budgets, Diagnostic, Severity, SourceMap};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{FormatEntry, Goal, OUTPUT, REQUEST, Request, SOURCE};

/// A file to format.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// Its name, for errors.
    pub name: String,
    /// Its bytes, as the disk has them.
    pub bytes: Vec<u8>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormattedFile {
    /// It stays as it is.
    Same,
    /// Its new text.
    Changed(Vec<u8>),
    /// It cannot be formatted; a diagnostic says why.
    Refused,
}

/// What became of files.
#[derive(Debug)]
pub struct Formatted {
    /// Each file, in order.
    pub files: Vec<FormattedFile>,
    /// Why files are refused.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
}

/// Formats files, all in one Store.
///
/// # Errors
/// [`RenderFailure`] where the Store gave no answer: nothing is known of any file then.
pub fn format(files: &[SourceText], budgets: &Budgets) -> Result<Formatted, RenderFailure> {
    let names = files.iter().map(|file| file.name.clone()).collect();
    formatted(&ask(Goal::Format { names }, files, budgets)?, files.len())
}

/// Gives the texts of files to a worker that sees no others.
pub(crate) fn ask(
    goal: Goal,
    files: &[SourceText],
    budgets: &Budgets,
) -> Result<GuestOutput, RenderFailure> {
    let json = json(&Request { goal, ..Request::default() })?;
    let size = files.iter().map(|file| file.bytes.len()).fold(json.len(), usize::saturating_add);
    let mut frame = FrameBuilder::with_capacity(size);
    frame.push(REQUEST, &json);
    for file in files {
        frame.push(SOURCE, &file.bytes);
    }
    alone(&frame.finish(), budgets)
}

/// Reads what a worker made of `count` files.
fn formatted(output: &GuestOutput, count: usize) -> Result<Formatted, RenderFailure> {
    let (frame, answer) = read(output)?;
    let mut texts = frame.parts().iter().filter(|part| part.name == OUTPUT);
    let entries = answer.formatted.iter().map(|entry| match entry {
        FormatEntry::Same => Some(FormattedFile::Same),
        FormatEntry::Changed => Some(FormattedFile::Changed(texts.next()?.data.to_vec())),
        FormatEntry::Refused => Some(FormattedFile::Refused),
    });
    let files: Option<Vec<_>> = entries.collect();
    let files = files.filter(|files| files.len() == count);
    let files = files.ok_or_else(|| broken("a file is missing"))?;
    let errors = answer.diagnostics.iter().any(|found| found.severity == Severity::Error);
    if files.contains(&FormattedFile::Refused) && !errors {
        return Err(broken("it refuses a file without a reason"));
    }
    Ok(Formatted { files, diagnostics: answer.diagnostics, sources: answer.sources })
}
