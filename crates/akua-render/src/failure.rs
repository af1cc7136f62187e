//! What went wrong, as diagnostics with codes.

use crate::plan::Inputs;
use akua_disk::DiskError;
use akua_sandbox::{BridgeFault, FilesError, SandboxError};
use akua_source::{Diagnostic, SourceMap};
use akua_wire::protocol::{BridgeError, INPUTS_NAME};

/// A render that failed.
#[derive(Debug, Clone, Default)]
pub struct RenderFailure {
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What the program printed before.
    pub printed: Vec<u8>,
}

impl RenderFailure {
    /// Says which document the inputs are, where they are at fault.
    pub(crate) fn with_inputs(mut self, inputs: Option<&Inputs>) -> Self {
        let name = inputs.map_or(INPUTS_NAME, |inputs| inputs.name.as_str());
        for diagnostic in &mut self.diagnostics {
            if diagnostic.path.as_deref() == Some(INPUTS_NAME) {
                diagnostic.message = diagnostic.message.replace(INPUTS_NAME, name);
                diagnostic.path = Some(name.to_owned());
            }
        }
        self
    }
}

impl From<Diagnostic> for RenderFailure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], ..Self::default() }
    }
}

impl From<SandboxError> for RenderFailure {
    fn from(error: SandboxError) -> Self {
        sandbox(&error).into()
    }
}

/// Returns the diagnostic for a Store that ended without a result.
pub(crate) fn sandbox(error: &SandboxError) -> Diagnostic {
    let (code, help) = match error {
        SandboxError::Memory { .. } | SandboxError::HostMemory { .. } => (
            "E_BUDGET_MEMORY",
            "the package allocates without end, or needs more: --worker-memory, --engine-memory, --render-memory",
        ),
        SandboxError::Files { source, .. } => return files(*source),
        SandboxError::Deadline { .. } => (
            "E_BUDGET_DEADLINE",
            "the package loops without end, or needs more time: --timeout, --worker-timeout, --engine-timeout",
        ),
        SandboxError::Fuel { .. } => {
            ("E_BUDGET_FUEL", "the package loops without end, or needs more: --fuel")
        }
        SandboxError::Stack { .. } => ("E_BUDGET_STACK", "the package recurses too deeply"),
        SandboxError::Tables { .. } => {
            ("E_BUDGET_TABLES", "this is not something a package can need")
        }
        SandboxError::Depth { .. } => (
            "E_RENDER_BUDGET_DEPTH",
            "let packages depend on fewer levels of packages, or raise --max-depth",
        ),
        SandboxError::Request { .. } => (
            "E_BUDGET_READ",
            "the files of the chart or overlay are too large: --max-read, --max-bridge",
        ),
        SandboxError::Output { .. } => {
            ("E_BUDGET_OUTPUT", "render fewer or smaller objects, or raise --max-output")
        }
        SandboxError::Bridge { fault: BridgeFault::TooLarge { .. } } => {
            ("E_BUDGET_BRIDGE", "pass smaller values to the plugin, or raise --max-bridge")
        }
        SandboxError::Bridge { .. } => ("E_SANDBOX_DENIED", "the sandbox refused a malformed call"),
        SandboxError::Exit { .. }
        | SandboxError::Trap { .. }
        | SandboxError::BadOutput { .. }
        | SandboxError::Start { .. } => ("E_INTERNAL", "this is a fault of akua: please report it"),
    };
    let mut diagnostic = Diagnostic::error(code, error.to_string()).help(help);
    if let SandboxError::Exit { stderr, .. } | SandboxError::Trap { stderr, .. } = error {
        let text = String::from_utf8_lossy(stderr);
        diagnostic.notes.extend(text.lines().take(8).map(str::to_owned));
    }
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        diagnostic.notes.push(source.to_string());
        cause = source.source();
    }
    diagnostic
}

/// Returns the diagnostic for a file that a guest must not go on without.
pub(crate) fn files(error: FilesError) -> Diagnostic {
    let (code, help) = match error {
        FilesError::TooMany { .. } => {
            ("E_BUDGET_READ", "leave files out of the package, or raise --max-files")
        }
        FilesError::TooMuch => {
            ("E_BUDGET_READ", "leave large files out of the package, or raise --max-read")
        }
        FilesError::NoMemory => {
            ("E_BUDGET_MEMORY", "leave large files out of the package, or raise --render-memory")
        }
        FilesError::Changed => {
            ("E_LOCK_DRIFT", "a dependency changes while it is rendered: render again")
        }
        FilesError::Missing | FilesError::Denied | FilesError::Unreadable => {
            ("E_IO", "check the permissions of the package's files")
        }
    };
    Diagnostic::error(code, error.to_string()).help(help)
}

/// Returns the error over the bridge for a diagnostic.
pub(crate) fn bridge(diagnostic: &Diagnostic) -> BridgeError {
    BridgeError {
        code: diagnostic.code.clone(),
        message: diagnostic.message.clone(),
        path: diagnostic.path.clone(),
        help: diagnostic.helps.first().cloned(),
    }
}

/// Returns the error over the bridge for a path that a package asked for.
pub(crate) fn disk(error: &DiskError) -> BridgeError {
    let (code, help) = match error {
        DiskError::Escape { .. } => (
            "E_PATH_ESCAPE",
            "a package reads its own directory and its declared dependencies: declare the directory in akua.toml",
        ),
        DiskError::Missing { .. } => {
            ("E_PATH_MISSING", "paths are relative to the package's directory")
        }
        DiskError::TooLarge { .. } | DiskError::TooMany { .. } => {
            ("E_BUDGET_READ", "leave files out of the package, or raise --max-files and --max-read")
        }
        DiskError::TooDeep { .. } => {
            ("E_BUDGET_READ", "remove links that lead back up, or directories that deep")
        }
        DiskError::Special { .. } => {
            ("E_PATH_ESCAPE", "only regular files and directories are read")
        }
        DiskError::Changed { .. } => {
            ("E_LOCK_DRIFT", "a dependency changes while it is rendered: render again")
        }
        DiskError::Io { .. } | DiskError::Write { .. } => {
            ("E_IO", "check the permissions of the package's files")
        }
    };
    let path = match error {
        DiskError::Missing { path }
        | DiskError::Escape { path, .. }
        | DiskError::TooLarge { path, .. }
        | DiskError::TooMany { path, .. }
        | DiskError::TooDeep { path }
        | DiskError::Special { path }
        | DiskError::Changed { path }
        | DiskError::Io { path, .. }
        | DiskError::Write { path, .. } => path.clone(),
    };
    BridgeError {
        code: code.to_owned(),
        message: error.to_string(),
        path: Some(path),
        help: Some(help.to_owned()),
    }
}

/// Returns an engine's error with something to do, where the engine does not say it, and without
/// the empty line that a list of helm ends with.
pub(crate) fn with_help(mut error: BridgeError) -> BridgeError {
    error.message.truncate(error.message.trim_end().len());
    let help = match error.code.as_str() {
        "E_HELM_CHART" => "correct the chart's file that the message names; `helm lint` says more",
        "E_HELM_DEPENDENCY" => {
            "put the chart's dependencies into its `charts/`: `helm dependency build`"
        }
        "E_HELM_TEMPLATE" | "E_HELM_OUTPUT" => {
            "correct the template, or the values that the package passes to it"
        }
        "E_HELM_VALUES" => "correct the values that the package passes to the chart",
        "E_KUSTOMIZE_BUILD" => "correct the overlay; paths in it are relative to its directory",
        "E_KUSTOMIZE_REMOTE" => "put a copy into the package: a render has no network",
        "E_KUSTOMIZE_PLUGIN" => {
            "use a built-in generator or transformer: a render runs no programs"
        }
        _ => return error,
    };
    if error.help.is_none() {
        error.help = Some(help.to_owned());
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_error_ends_with_its_words() {
        let check = |message: &str, expected: &str| {
            let (code, message) = ("E_HELM_VALUES".to_owned(), message.to_owned());
            let error = with_help(BridgeError { code, message, path: None, help: None });
            assert_eq!(error.message, expected);
            assert!(error.help.is_some());
        };
        check("values:\n- one\n- two\n\n", "values:\n- one\n- two");
        check("values", "values");
        check("\n", "");
    }
}
