//! KCL in one call: load the files, parse, resolve, evaluate, lay out the result.
//!
//! **Invariant:** everything outside comes through the [`World`]; the library of native functions
//! is an argument. The worker names this crate alone, and reaches the others through it. Start
//! with [`run`].
#![forbid(unsafe_code)]

mod excerpt;
pub mod inspect;
mod load;
mod output;
mod overrides;

pub use akua_source as source;
pub use kcl_eval as eval;
pub use kcl_eval::{Interp, Library, Value, world::World};
pub use kcl_std as standard;
pub use kcl_syntax::format;
pub use output::{OutputOptions, document, document_yaml};

use akua_source::{Diagnostic, Severity, SourceMap};
use kcl_eval::budget::DEFAULT_STEPS;
use kcl_eval::interp::{OptionValue, Output, Settings};

/// What to evaluate.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Entry files and folders, in order, as guest paths.
    pub files: Vec<String>,
    /// Folder that imports start at; `None` to look for `kcl.mod` upward from the first file.
    pub root: Option<String>,
    /// Packages that are there without being files: dotted import path and source.
    pub virtual_packages: Vec<(String, String)>,
    /// Virtual packages that also have the schemas of a file, and of what it imports: dotted import
    /// path and guest path of the file.
    pub excerpts: Vec<(String, String)>,
    /// External packages: import name and guest folder.
    pub externals: Vec<(String, String)>,
    /// What a name means in one external package, before `externals`: the folder of the package, the
    /// name, and the folder that it means.
    pub own_externals: Vec<(String, String, String)>,
    /// Guest prefixes and what people see instead of them, longest first.
    pub names: Vec<(String, String)>,
    /// Standard modules that may be imported; `None` for all.
    pub modules: Option<Vec<String>>,
    /// Overrides (`-O`), in order.
    pub overrides: Vec<String>,
    /// Options (`-D`), in order.
    pub options: Vec<OptionValue>,
    /// How to run.
    pub settings: Settings,
    /// Whether memory is left to who ends the process: to free a million values takes time, and a
    /// Store ends after one program.
    pub abandon: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome<T> {
    /// What was asked for, if there was no error.
    pub result: Option<T>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
}

/// Evaluates a program and gives the finished interpreter and its output to `finish`.
pub fn run<T>(
    request: &Request,
    library: &Library,
    world: &mut dyn World,
    finish: impl FnOnce(&mut Interp<'_>, &Output) -> Result<T, Box<Diagnostic>>,
) -> Outcome<T> {
    let mut loaded = load::load(request, library, world);
    let mut outcome =
        Outcome { result: None, diagnostics: Vec::new(), sources: SourceMap::default() };
    if !has_errors(&loaded.diagnostics) {
        let (program, diagnostics) = kcl_sema::lower(&loaded.packages, library);
        loaded.diagnostics.extend(diagnostics);
        if !has_errors(&loaded.diagnostics) {
            let mut interp = Interp::new(&program, library, world);
            interp.options.clone_from(&request.options);
            interp.settings = request.settings;
            interp.budget.limit_steps(request.settings.steps.unwrap_or(DEFAULT_STEPS));
            let result = interp.run().and_then(|output| {
                let result = finish(&mut interp, &output);
                if request.abandon {
                    std::mem::forget(output);
                }
                result
            });
            loaded.diagnostics.append(&mut interp.warnings);
            match result {
                Ok(result) => outcome.result = Some(result),
                Err(failure) => {
                    let failure = at_run_time(at_caller(*failure, &loaded.sources));
                    loaded.diagnostics.push(failure);
                }
            }
            if request.abandon {
                std::mem::forget(interp);
                std::mem::forget(program);
            }
        }
    }
    outcome.diagnostics = loaded.diagnostics;
    outcome.sources = loaded.sources;
    if request.abandon {
        std::mem::forget(loaded.packages);
    }
    outcome
}

/// Names a type error as the reference does when it is found by running the program.
fn at_run_time(mut failure: Diagnostic) -> Diagnostic {
    if failure.kind == "TypeError" {
        "EvaluationError".clone_into(&mut failure.kind);
    }
    failure
}

/// Points an error in a generated module at the call in a file that a person wrote.
fn at_caller(mut failure: Diagnostic, sources: &SourceMap) -> Diagnostic {
    let written = |span: akua_source::Span| {
        sources.get(span.file).is_some_and(|file| !file.name.starts_with('<'))
    };
    if failure.labels.first().is_none_or(|label| written(label.span)) {
        return failure;
    }
    if let Some(at) = failure.trace.iter().position(|frame| written(frame.span)) {
        let frame = failure.trace.remove(at);
        failure.trace.drain(..at);
        failure.labels = vec![akua_source::Label { span: frame.span, text: String::new() }];
    }
    failure
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}
