//! `akua fmt`: KCL files laid out the one way, in place.
//!
//! The texts are parsed in a worker Store only; many files share one.

use crate::failure::named_file;
use crate::wall::raise_around;
use crate::{Exit, Failure};
use akua_disk::DiskError;
use akua_render::{Formatted, FormattedFile, SourceText};
use akua_sandbox::Paths;
use akua_source::{Budgets, Diagnostic};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most bytes of a file. Measured: a Store's 256 MiB hold what formatting 2 MB of the densest text
/// needs (`a=1` on every line), and not that of 3 MB.
pub const FILE_LIMIT_BYTES: u64 = 2 << 20;
/// Bytes after which a batch goes to its Store.
const BATCH_BYTES: usize = 2 << 20;
/// Files after which a batch goes to its Store.
const BATCH_FILES: usize = 500;
/// Name of the standard input, for people.
const STDIN: &str = "<stdin>";

/// What to format.
#[derive(Debug, Clone)]
pub enum FmtInput {
    /// Files and folders.
    Paths(Vec<PathBuf>),
    /// The standard input; its result is never written anywhere.
    Text(Vec<u8>),
}

/// What to do with the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FmtGoal {
    /// Write what changed.
    Write,
    /// Nothing; that something would change is an error.
    Check,
    /// Hand it back.
    Print,
}

/// A request to format.
#[derive(Debug, Clone)]
pub struct FmtRequest {
    /// What to format.
    pub input: FmtInput,
    /// What to do with the result.
    pub goal: FmtGoal,
    /// Whether the process is the verb's own: [`crate::Home::wall`].
    pub wall: bool,
}

/// A file that was formatted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FmtFile {
    /// Its path, as a person would write it.
    pub path: String,
    /// Whether formatting changes it.
    pub changed: bool,
    /// The result, where it was to be handed back.
    pub text: Option<Vec<u8>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct FmtOutcome {
    /// The files that could be formatted, in order.
    pub files: Vec<FmtFile>,
    /// What went wrong with others; empty where nothing did.
    pub failure: Failure,
}

impl FmtOutcome {
    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        if self.failure.diagnostics.is_empty() { Exit::Success } else { self.failure.exit() }
    }

    /// Returns the files that change.
    pub fn changed(&self) -> impl Iterator<Item = &FmtFile> {
        self.files.iter().filter(|file| file.changed)
    }

    /// Tells what went wrong with a file, or a batch.
    fn fail(&mut self, failure: Failure) {
        let sources = &mut self.failure.sources;
        let offset = u32::try_from(sources.files().len()).unwrap_or(u32::MAX);
        for file in failure.sources.files() {
            sources.add(file.name.as_str(), file.text.as_str());
        }
        self.failure.diagnostics.extend(failure.diagnostics.into_iter().map(|mut found| {
            for label in &mut found.labels {
                label.span.file.0 = label.span.file.0.saturating_add(offset);
            }
            found
        }));
    }
}

/// A file on its way to a Store.
struct Queued {
    /// Where it is written to.
    path: Option<PathBuf>,
    source: SourceText,
}

/// Formats files. Each that can be is, whatever becomes of the others.
pub fn fmt(request: FmtRequest) -> FmtOutcome {
    let goal = request.goal;
    let mut outcome = FmtOutcome::default();
    if request.wall
        && let Err(failure) = raise_around(files(&request.input, goal))
    {
        outcome.fail(failure);
        return outcome;
    }
    match request.input {
        FmtInput::Text(bytes) => {
            let limit_bytes = FILE_LIMIT_BYTES;
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit_bytes {
                let path = STDIN.to_owned();
                outcome.fail(refused(&DiskError::TooLarge { path, limit_bytes }));
                return outcome;
            }
            let source = SourceText { name: STDIN.to_owned(), bytes };
            run(goal, &[Queued { path: None, source }], &mut outcome);
        }
        FmtInput::Paths(paths) => {
            let mut batch = Vec::new();
            let mut size = 0_usize;
            for path in found(&paths, &mut outcome) {
                match akua_disk::read_file(&path, FILE_LIMIT_BYTES) {
                    Ok(bytes) => {
                        size = size.saturating_add(bytes.len());
                        let source = SourceText { name: shown(&path), bytes };
                        batch.push(Queued { path: Some(path), source });
                    }
                    Err(error) => outcome.fail(refused(&error)),
                }
                if size >= BATCH_BYTES || batch.len() >= BATCH_FILES {
                    run(goal, &std::mem::take(&mut batch), &mut outcome);
                    size = 0;
                }
            }
            run(goal, &batch, &mut outcome);
        }
    }
    if goal == FmtGoal::Check {
        outcome.failure.diagnostics.extend(unformatted(&outcome));
    }
    outcome
}

/// Returns the files that formatting reaches: a file is replaced in its directory.
fn files(input: &FmtInput, goal: FmtGoal) -> Paths {
    let paths = match input {
        FmtInput::Text(_) => Vec::new(),
        FmtInput::Paths(paths) => searched(paths),
    };
    if goal != FmtGoal::Write {
        return Paths { readable: paths, ..Paths::default() };
    }
    let folder = |path: &PathBuf| match path.parent() {
        _ if akua_disk::is_folder(path) => path.clone(),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    Paths { writable: paths.iter().map(folder).collect(), ..Paths::default() }
}

/// Returns the paths that are searched: none is the current folder.
fn searched(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() { vec![PathBuf::from(".")] } else { paths.to_vec() }
}

/// Returns the files at and below paths, each once; none is the current folder.
fn found(paths: &[PathBuf], outcome: &mut FmtOutcome) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in &searched(paths) {
        match akua_disk::source_files(path, "k") {
            Ok(found) => files.extend(found.into_iter().filter(|file| {
                seen.insert(akua_disk::canonical(file).unwrap_or_else(|_| file.clone()))
            })),
            Err(error) => outcome.fail(refused(&error)),
        }
    }
    files
}

/// Formats a batch in one Store. Where that Store gives no answer, one file is to blame, and each
/// gets a Store of its own.
fn run(goal: FmtGoal, batch: &[Queued], outcome: &mut FmtOutcome) {
    if batch.is_empty() {
        return;
    }
    let sources: Vec<SourceText> = batch.iter().map(|queued| queued.source.clone()).collect();
    match akua_render::format(&sources, &Budgets::default()) {
        Ok(formatted) => take(goal, batch, formatted, outcome),
        Err(_) if batch.len() > 1 => {
            for queued in batch {
                run(goal, std::slice::from_ref(queued), outcome);
            }
        }
        Err(failure) => {
            let mut failure = Failure::from(failure);
            for (found, queued) in failure.diagnostics.iter_mut().zip(batch) {
                found.path = Some(queued.source.name.clone());
                found.notes.push(format!("while formatting `{}`", queued.source.name));
                if found.code.starts_with("E_BUDGET_") {
                    found.helps = vec!["split the file".to_owned()];
                }
            }
            outcome.fail(failure);
        }
    }
}

/// Does with the results of a batch what was asked for.
fn take(goal: FmtGoal, batch: &[Queued], formatted: Formatted, outcome: &mut FmtOutcome) {
    let Formatted { files, diagnostics, sources } = formatted;
    outcome.fail(Failure { diagnostics, sources, printed: Vec::new() });
    for (queued, result) in batch.iter().zip(files) {
        let (changed, text) = match result {
            FormattedFile::Refused => continue,
            FormattedFile::Same => (false, None),
            FormattedFile::Changed(text) => (true, Some(text)),
        };
        if let (FmtGoal::Write, Some(path), Some(text)) = (goal, &queued.path, &text)
            && let Err(error) = akua_disk::replace_file(path, text)
        {
            outcome.fail(refused(&error));
            continue;
        }
        let print = || text.unwrap_or_else(|| queued.source.bytes.clone());
        let text = (goal == FmtGoal::Print).then(print);
        let path = queued.source.name.clone();
        outcome.files.push(FmtFile { path, changed, text });
    }
}

/// Says that files would change.
fn unformatted(outcome: &FmtOutcome) -> Option<Diagnostic> {
    let count = outcome.changed().count();
    let first = outcome.changed().next()?;
    let message = match count {
        1 => format!("`{}` is not formatted", first.path),
        _ => format!("{count} files are not formatted"),
    };
    Some(Diagnostic::error("E_FMT_CHANGED", message).help("run `akua fmt` without --check"))
}

/// Returns the failure for a path that cannot be read, searched or written.
fn refused(error: &DiskError) -> Failure {
    let (code, help) = match error {
        DiskError::Io { .. } => ("E_IO", "make it readable, or leave it out"),
        DiskError::Write { .. } => ("E_IO", "make it and its directory writable, or leave it out"),
        DiskError::TooLarge { .. } => ("E_FMT_FILE", "no person writes files that large"),
        DiskError::TooMany { .. } | DiskError::TooDeep { .. } => {
            ("E_FMT_FILE", "name the directories that you mean")
        }
        DiskError::Special { .. } => {
            ("E_FMT_FILE", "links are not followed: name the file that it leads to")
        }
        DiskError::Missing { .. } | DiskError::Escape { .. } | DiskError::Changed { .. } => {
            ("E_FMT_FILE", "name files or directories that exist, or `-` for the standard input")
        }
    };
    named_file(code, error, help)
}

/// Returns a path as a person would write it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
