//! `akua render`: a package to Kubernetes YAML.

use crate::failure::named_file;
use crate::wall::raise_around;
use crate::{Failure, Home, LimitOptions};
use akua_disk::OutputFolder;
use akua_objects::OutputFile;
use akua_package::Package;
use akua_render::{Inputs, Rendered};
use akua_sandbox::Files;
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::rc::Rc;

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
    /// Where dependencies come from.
    pub home: Home,
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
    /// The output directory, `-` for a stream, none for a dry run.
    pub target: Option<String>,
    /// The files, in the order of the objects.
    pub files: Vec<OutputFile>,
    /// What the render cost.
    pub cost: Cost,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What programs printed.
    pub printed: Vec<u8>,
}

impl RenderOutcome {
    /// Returns all objects as one stream.
    pub fn stream(&self) -> Vec<u8> {
        akua_objects::stream(&self.files)
    }

    /// Returns the machine-readable summary, with the digests of all files.
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            format: "raw-manifests",
            target: self.target.as_deref(),
            files: self.files.iter().map(summary).collect(),
            hash: akua_objects::digest(&self.files),
            cost: &self.cost,
        }
    }
}

/// The summary of `render --json`.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    /// Always `raw-manifests`.
    pub format: &'static str,
    /// The output directory, `-` for a stream, none for a dry run.
    pub target: Option<&'a str>,
    /// The files, in the order of the objects.
    pub files: Vec<FileSummary<'a>>,
    /// SHA-256 over names and contents of all files.
    pub hash: String,
    /// What the render cost.
    pub cost: &'a Cost,
}

/// One file of the summary.
#[derive(Debug, Serialize)]
pub struct FileSummary<'a> {
    /// Its name in the output directory.
    pub path: &'a str,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The object's kind.
    pub kind: &'a str,
    /// The object's namespace, empty where it has none.
    pub namespace: &'a str,
    /// The object's name, or its `generateName`.
    pub name: &'a str,
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
    request.home.raise_wall()?;
    let limits = request.limits.limits();
    let package =
        akua_package::load(&request.package, Rc::new(request.home.supply(limits.clone())))?;
    let inputs = inputs(&package, request.inputs.as_deref())?;
    let folder = match &request.target {
        Target::Folder(folder) => Some(OutputFolder::open(folder)?),
        Target::Stream | Target::Nowhere => None,
    };
    if request.home.wall {
        package.close_network();
        raise_around(files(&package, folder.as_ref()))?;
    }
    let rendered = akua_render::render(&package, inputs.as_ref(), limits)?;
    let Rendered { objects, warnings, sources, printed, report } = rendered;
    let files = akua_objects::lay_out(objects);
    let target = match &request.target {
        Target::Folder(folder) => {
            let contents: Vec<(&str, &[u8])> =
                files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())).collect();
            akua_disk::write_output(folder, &contents)?;
            Some(folder.display().to_string())
        }
        Target::Stream => Some("-".to_owned()),
        Target::Nowhere => None,
    };
    let cost = Cost {
        fuel: report.fuel_used,
        peak_memory_bytes: report.peak_memory_bytes,
        stores: report.calls,
    };
    Ok(RenderOutcome { target, files, cost, warnings, sources, printed })
}

/// Returns the files that a render reaches once all of it is loaded.
fn files(package: &Package, folder: Option<&OutputFolder>) -> Files {
    let path = |path: &Path| path.to_path_buf();
    Files {
        readable: package.places(),
        writable: folder.map(|folder| path(folder.path())).into_iter().collect(),
        removable: folder.and_then(|folder| folder.made_in()).map(path).into_iter().collect(),
    }
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

fn summary(file: &OutputFile) -> FileSummary<'_> {
    let identity = &file.identity;
    let name = if identity.name.is_empty() { &identity.generate_name } else { &identity.name };
    FileSummary {
        path: &file.name,
        sha256: file.sha256(),
        kind: &identity.kind,
        namespace: &identity.namespace,
        name,
    }
}
