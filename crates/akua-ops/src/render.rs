//! `akua render`: a package to Kubernetes YAML.

use crate::failure::named_file;
use crate::{Failure, LimitOptions};
use akua_objects::OutputFile;
use akua_package::Package;
use akua_render::{Inputs, Rendered};
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Largest inputs document, in bytes.
const INPUTS_LIMIT_BYTES: u64 = 16 << 20;

/// What to render, and where to.
#[derive(Debug, Clone)]
pub struct RenderRequest {
    /// The package: a directory or an entry file.
    pub package: PathBuf,
    /// The inputs document; else `inputs.yaml`, else `inputs.example.yaml`, else none.
    pub inputs: Option<PathBuf>,
    /// Where the objects go.
    pub target: Target,
    /// Limits.
    pub limits: LimitOptions,
}

/// Where the objects go.
#[derive(Debug, Clone)]
pub enum Target {
    /// A directory, one file an object.
    Folder(PathBuf),
    /// A multi-document stream.
    Stream,
    /// Nowhere.
    Nowhere,
}

/// A render that succeeded.
#[derive(Debug)]
pub struct RenderOutcome {
    /// The machine-readable summary.
    pub summary: Summary,
    /// The stream, for [`Target::Stream`].
    pub stream: Vec<u8>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What programs printed.
    pub printed: Vec<u8>,
}

/// The summary of `render --json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Always `raw-manifests`.
    pub format: &'static str,
    /// The output directory, `-` for a stream, none for a dry run.
    pub target: Option<String>,
    /// The files, in the order of the objects.
    pub files: Vec<FileSummary>,
    /// SHA-256 over names and contents of all files.
    pub hash: String,
    /// What the render cost.
    pub cost: Cost,
}

/// One file of the summary.
#[derive(Debug, Serialize)]
pub struct FileSummary {
    /// Its name in the output directory.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The object's kind.
    pub kind: String,
    /// The object's namespace, empty where it has none.
    pub namespace: String,
    /// The object's name, or its `generateName`.
    pub name: String,
}

/// What a render cost.
#[derive(Debug, Serialize)]
pub struct Cost {
    /// Fuel of all Stores: the same for the same package, inputs and build of akua.
    pub fuel: u64,
    /// Most memory of all live Stores together, in bytes.
    pub peak_memory_bytes: u64,
    /// Stores that ran.
    pub stores: u64,
}

/// Renders a package.
///
/// # Errors
/// [`Failure`]; the output directory is as it was then.
pub fn render(request: &RenderRequest) -> Result<RenderOutcome, Failure> {
    let package = akua_package::load(&request.package)?;
    let inputs = inputs(&package, request.inputs.as_deref())?;
    let limits = request.limits.limits();
    let rendered = akua_render::render(&package, inputs.as_ref(), limits)?;
    let Rendered { objects, warnings, sources, printed, report } = rendered;
    let files = akua_objects::lay_out(objects);
    let mut stream = Vec::new();
    let target = match &request.target {
        Target::Folder(folder) => {
            let contents: Vec<(&str, &[u8])> =
                files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
            akua_disk::write_output(folder, &contents)?;
            Some(folder.display().to_string())
        }
        Target::Stream => {
            stream = akua_objects::stream(&files);
            Some("-".to_owned())
        }
        Target::Nowhere => None,
    };
    let cost = Cost {
        fuel: report.fuel_used,
        peak_memory_bytes: report.peak_memory_bytes,
        stores: report.calls,
    };
    let summary = Summary {
        format: "raw-manifests",
        target,
        hash: hash(&files),
        files: files.into_iter().map(summary).collect(),
        cost,
    };
    Ok(RenderOutcome { summary, stream, warnings, sources, printed })
}

/// Reads the inputs document, named or by default.
fn inputs(package: &Package, named: Option<&Path>) -> Result<Option<Inputs>, Failure> {
    if let Some(path) = named {
        let help = "name an existing YAML or JSON document with --inputs";
        let bytes = akua_disk::read_file(path, INPUTS_LIMIT_BYTES)
            .map_err(|error| named_file("E_INPUTS_MISSING", &error, help))?;
        return Ok(Some(Inputs { name: path.display().to_string(), bytes }));
    }
    let defaults = ["inputs.yaml", "inputs.example.yaml"];
    let Some(name) = defaults.into_iter().find(|name| package.root.has_file(name)) else {
        return Ok(None);
    };
    let bytes = package.root.read(name, INPUTS_LIMIT_BYTES).map_err(|error| {
        named_file(
            "E_INPUTS_MISSING",
            &error,
            "make it a readable file, or name another with --inputs",
        )
    })?;
    Ok(Some(Inputs { name: name.to_owned(), bytes }))
}

fn summary(file: OutputFile) -> FileSummary {
    let OutputFile { name: path, identity, sha256, .. } = file;
    let name = if identity.name.is_empty() { identity.generate_name } else { identity.name };
    FileSummary { path, sha256, kind: identity.kind, namespace: identity.namespace, name }
}

fn hash(files: &[OutputFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.name.as_bytes());
        hash.update(b"\n");
        hash.update(&file.bytes);
    }
    let mut text = "sha256:".to_owned();
    for byte in hash.finalize() {
        let _written = write!(text, "{byte:02x}");
    }
    text
}
