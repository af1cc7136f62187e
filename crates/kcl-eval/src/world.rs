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

/// What an evaluation may see of the outside: by default nothing but files. Paths are guest paths
/// with `/`.
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
    fn working_folder(&self) -> String {
        "/".to_owned()
    }

    /// Returns the folder of `kcl.mod` (or of the entry file).
    fn module_folder(&self) -> String {
        "/".to_owned()
    }

    /// Returns the path of the (first) entry file; a relative one starts at the working folder.
    fn entry_file(&self) -> String {
        "main.k".to_owned()
    }

    /// Returns the frozen clock, in seconds since 1970.
    fn now(&self) -> f64 {
        0.0
    }

    /// Returns 16 bytes of seeded entropy.
    fn entropy(&mut self) -> [u8; 16] {
        [0; 16]
    }

    /// Returns the memory of the evaluation, in bytes; 0 where nobody knows.
    fn memory_bytes(&self) -> u64 {
        0
    }

    /// Takes what `print` writes.
    fn print(&mut self, _text: &str) {}

    /// Calls a plugin of the host (`helm.template`).
    ///
    /// # Errors
    /// The host's typed error.
    fn call(&mut self, method: &str, _argument: &Value) -> Result<Value, CallError> {
        let (code, message) = ("E_SANDBOX_DENIED".to_owned(), format!("there is no `{method}`"));
        Err(CallError { code, message, path: None, help: None })
    }

    /// Loads an object that the host holds.
    ///
    /// # Errors
    /// The host's typed error.
    fn load(&mut self, _handle: u32) -> Result<Value, CallError> {
        self.call("load", &Value::None)
    }
}

/// A world of some texts by their paths, and nothing else: for who evaluates without a host.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// The files.
    pub files: Vec<(String, String)>,
    /// What was printed.
    pub printed: String,
}

impl Texts {
    /// Returns the world with these files.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        Self { files, printed: String::new() }
    }

    fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, text)| text.as_str())
    }
}

impl World for Texts {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.file(path).map(|text| text.as_bytes().to_vec()).ok_or(WorldError::NotFound)
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, WorldError> {
        let folder = folder.trim_end_matches('/');
        let below = self.files.iter().filter_map(|(name, _)| {
            let name = name.strip_prefix(folder)?.strip_prefix('/')?;
            name.split('/').next().map(str::to_owned)
        });
        let mut names: Vec<String> = below.collect();
        names.sort();
        names.dedup();
        if names.is_empty() { Err(WorldError::NotFound) } else { Ok(names) }
    }

    fn is_folder(&mut self, path: &str) -> Option<bool> {
        if self.file(path).is_some() { Some(false) } else { self.list(path).ok().map(|_| true) }
    }

    fn print(&mut self, text: &str) {
        self.printed.push_str(text);
    }
}
