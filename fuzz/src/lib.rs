//! What targets and the long comparison share: a world that holds one file to evaluate programs in,
//! and checks of diagnostics.

pub mod told;

use akua_source::Severity;
use kcl::eval::interp::Settings;
use kcl::eval::world::{CallError, WorldError};
use kcl::{OutputOptions, Request, Value, World, document_yaml};

/// The file.
const MAIN: &str = "/package/main.k";
/// The stack of an evaluation, in bytes; more than a Store has, as native frames are larger.
const STACK: usize = 256 << 20;
/// Steps of a program: a generated one takes some thousands.
const STEPS: u64 = 200_000;

/// What an evaluation gives: YAML, or its errors, a line each.
pub type Outcome = Result<String, String>;

/// A world with one file.
struct OneFile<'t>(&'t str);

impl World for OneFile<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, WorldError> {
        if path == MAIN { Ok(self.0.as_bytes().to_vec()) } else { Err(WorldError::NotFound) }
    }

    fn list(&mut self, _: &str) -> Result<Vec<String>, WorldError> {
        Err(WorldError::NotFound)
    }

    fn is_folder(&mut self, path: &str) -> Option<bool> {
        match path {
            MAIN => Some(false),
            "/package" => Some(true),
            _ => None,
        }
    }

    fn working_folder(&self) -> String {
        "/package".to_owned()
    }

    fn module_folder(&self) -> String {
        "/package".to_owned()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn entropy(&mut self) -> [u8; 16] {
        [7; 16]
    }

    fn print(&mut self, _: &str) {}

    fn call(&mut self, method: &str, _: &Value) -> Result<Value, CallError> {
        let (code, message) = ("E_HOST".to_owned(), format!("there is no `{method}`"));
        Err(CallError { code, message, path: None, help: None })
    }

    fn load(&mut self, _: u32) -> Result<Value, CallError> {
        self.call("load", &Value::None)
    }
}

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
    let outcome = kcl::run(&request, &library, &mut OneFile(text), |interp, output| {
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
