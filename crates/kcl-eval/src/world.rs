//! The one door out of the evaluator: sources, files of the package, calls to the host.

use crate::value::Value;

/// Why the world refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldError {
    /// There is no such file or folder.
    NotFound,
    /// The sandbox does not allow it; what was refused, in words.
    Denied(String),
    /// The file is not text, is too large, or could not be read; the reason, in words.
    Unreadable(String),
}

/// An error that the host answered to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Its code, such as `E_PATH_ESCAPE`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The path it is about.
    pub path: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// What an evaluation may see of the outside. Paths are guest paths with `/`.
pub trait World {
    /// Reads a file.
    ///
    /// # Errors
    /// [`WorldError`] where it cannot be had.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, WorldError>;

    /// Lists the names in a folder, sorted.
    ///
    /// # Errors
    /// [`WorldError`] where it cannot be had.
    fn list(&mut self, folder: &str) -> Result<Vec<String>, WorldError>;

    /// Returns whether a file or folder is there: `Some(true)` for a folder.
    fn is_folder(&mut self, path: &str) -> Option<bool>;

    /// Returns more source of a virtual package, besides what the request has. It is asked once,
    /// when all that imports the package is there: `mentions` says whether that mentions a word.
    fn more_source(&mut self, _package: &str, _mentions: &dyn Fn(&str) -> bool) -> Option<String> {
        None
    }

    /// Returns the folder that relative paths start at.
    fn working_folder(&self) -> String;

    /// Returns the folder of `kcl.mod` (or of the entry file).
    fn module_folder(&self) -> String;

    /// Returns the path of the (first) entry file; a relative one starts at the working folder.
    fn entry_file(&self) -> String {
        "main.k".to_owned()
    }

    /// Returns the frozen clock, in seconds since 1970.
    fn now(&self) -> f64;

    /// Returns 16 bytes of seeded entropy.
    fn entropy(&mut self) -> [u8; 16];

    /// Returns the memory of the evaluation, in bytes; 0 where nobody knows.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// Takes what `print` writes.
    fn print(&mut self, text: &str);

    /// Calls a plugin of the host (`helm.template`).
    ///
    /// # Errors
    /// The host's typed error.
    fn call(&mut self, method: &str, argument: &Value) -> Result<Value, CallError>;

    /// Loads an object that the host holds.
    ///
    /// # Errors
    /// The host's typed error.
    fn load(&mut self, handle: u32) -> Result<Value, CallError>;
}
