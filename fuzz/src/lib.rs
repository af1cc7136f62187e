//! What targets and the long comparison share: a world that holds one file to evaluate programs in,
//! and checks of diagnostics.

pub mod told;

use akua_source::Severity;
use kcl::eval::interp::Settings;
use kcl::eval::world::Texts;
use kcl::{OutputOptions, Request, document_yaml};

/// The file.
const MAIN: &str = "/package/main.k";
/// The stack of an evaluation, in bytes; more than a Store has, as native frames are larger.
const STACK: usize = 256 << 20;
/// Steps of a program: a generated one takes some thousands.
const STEPS: u64 = 200_000;

/// What an evaluation gives: YAML, or its errors, a line each.
pub type Outcome = Result<String, String>;

/// Evaluates a program.
pub fn evaluate(text: &str) -> Outcome {
    let request = Request {
        files: vec![MAIN.to_owned()],
        root: Some("/package".to_owned()),
        names: vec![("/package".to_owned(), String::new())],
        settings: Settings { steps: Some(STEPS), ..Settings::default() },
        ..Request::default()
    };
    let library = kcl::standard::library();
    let outcome = kcl::run(&request, &library, &mut Texts::new([(MAIN, text)]), |interp, output| {
        match interp.stream.take() {
            Some(stream) => Ok(stream),
            None => document_yaml(&kcl::document(&output, OutputOptions::default())?),
        }
    });
    let mut errors = String::new();
    for found in outcome.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        let at = found.labels.first().and_then(|label| outcome.sources.location(label.span));
        let at = at.map_or_else(String::new, |at| format!("main.k:{}:{}: ", at.line, at.column));
        errors = format!("{errors}{at}{} {}\n", found.code, found.message);
    }
    outcome.result.ok_or(errors)
}

/// Runs work on a thread with a large stack.
pub fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.expect("a thread can be started").join().expect("the work does not panic")
    })
}
