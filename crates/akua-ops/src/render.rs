//! `akua render`: a package to Kubernetes YAML.

use crate::attestation::{Attestation, Attesting, Facts, attest};
use crate::failure::named_file;
use crate::keyless::Keyless;
use crate::policy::Found;
use crate::wall::raise_around;
use crate::{Failure, Home, LimitOptions};
use akua_disk::{ATTESTATION, OutputFolder};
use akua_objects::OutputFile;
use akua_package::{Package, Project};
use akua_policy::Trail;
use akua_render::{Inputs, Options, Rendered, Used};
use akua_sandbox::Paths;
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use akua_render::{BridgeCall, Trace};

/// Largest inputs document, in bytes.
const INPUTS_LIMIT_BYTES: u64 = 16 << 20;

/// What to render, and where to.
#[derive(Clone)]
pub struct RenderRequest {
    /// The package: a directory or an entry file.
    pub package: PathBuf,
    /// The inputs document; else `inputs.yaml`, else `inputs.example.yaml`, else none.
    pub inputs: Option<PathBuf>,
    /// Where the objects go.
    pub target: Target,
    /// Whether charts have to be dependencies, not paths.
    pub strict: bool,
    /// A text that random bytes follow from, in place of what is rendered.
    pub seed: Option<String>,
    /// Whether what the files are made of is attested; only in a directory.
    pub attest: Option<AttestOption>,
    /// Where the events go.
    pub events: Option<PathBuf>,
    /// Who is told of each call over the bridge.
    pub trace: Option<Rc<Trace>>,
    /// Limits.
    pub limits: LimitOptions,
    /// Where dependencies come from.
    pub home: Home,
}

impl fmt::Debug for RenderRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RenderRequest").field("package", &self.package).finish_non_exhaustive()
    }
}

/// How a render is attested.
#[derive(Debug, Clone)]
pub enum AttestOption {
    /// With the key of this file, else that of the environment or the package.
    Key(Option<PathBuf>),
    /// Without a key. The services are asked when the files are known: the network stays open to the
    /// process, and so do its files, which finding a host takes.
    Keyless(Keyless),
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
    /// Who attests what the files are made of, if that was asked for.
    pub attested: Option<String>,
    /// What the render cost.
    pub cost: Cost,
    /// What it used of the world.
    pub uses: Uses,
    /// The hash of the last event, where events were written.
    pub events_hash: Option<String>,
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
            uses: self.uses,
            attested: self.attested.as_deref(),
            events_hash: self.events_hash.as_deref(),
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
    /// What it used of the world.
    pub uses: Uses,
    /// Who attests what the files are made of, as akua.lock names them, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested: Option<&'a str>,
    /// The hash of the last event, where events were written: it vouches for the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_hash: Option<&'a str>,
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
    /// Files of packages that were read, each once.
    pub files_read: u64,
    /// Their bytes.
    pub bytes_read: u64,
}

/// What a render used of the world: neither changes from one run to the next.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Uses {
    /// The clock, which stands.
    pub clock: bool,
    /// Random bytes, which follow from the seed.
    pub entropy: bool,
}

/// Renders a package.
///
/// # Errors
/// [`Failure`]; the output directory is as it was then. The events are written all the same.
pub fn render(request: &RenderRequest) -> Result<RenderOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.package)?;
    let Found { policy, warnings } = request.home.policy(Some(&project), &request.limits)?;
    let supply = request.home.supply(Some(&project), &policy)?;
    // The wall hides the key's file: it is read here, and opened when the program is done.
    let attesting = request.attest.as_ref();
    let attesting = attesting.map(|option| Attesting::new(option, &request.home, &project));
    let attesting = attesting.transpose()?;
    let package = akua_package::load(project, Rc::new(supply))?;
    let inputs = inputs(&package, request.inputs.as_deref())?;
    let RenderRequest { strict, seed, trace, .. } = request.clone();
    let options = Options { policy, strict, seed, trace };
    let folder = match &request.target {
        Target::Folder(folder) => Some(OutputFolder::open(folder)?),
        Target::Stream | Target::Nowhere => None,
    };
    let events = request.events.as_deref().map(akua_disk::NewFile::create).transpose()?;
    let services = matches!(request.attest, Some(AttestOption::Keyless(_)));
    package.close_network();
    if request.home.wall && !services {
        raise_around(paths(&package, folder.as_ref()))?;
    }
    let mut trail = Trail::default();
    let rendered = akua_render::render(&package, inputs.as_ref(), &options, &mut trail);
    let events_hash = events.map(|file| write_events(file, &trail)).transpose()?;
    let Rendered { objects, warnings: more, sources, printed, used } = rendered?;
    let files = akua_objects::lay_out(objects);
    let Used { report, files: files_read, bytes: bytes_read } = used;
    let cost = Cost {
        fuel: report.fuel_used,
        peak_memory_bytes: report.peak_memory_bytes,
        stores: report.calls,
        files_read,
        bytes_read,
    };
    let facts = Facts { package: &package, inputs: inputs.as_ref(), options: &options };
    let attest = |attesting| attest(attesting, &request.home, &facts, &files, &cost);
    let attestation = attesting.as_ref().map(attest).transpose()?;
    let target = write(&request.target, &files, attestation.as_ref())?;
    let attested = attestation.map(|found| found.signer);
    let uses = Uses { clock: report.clock_used, entropy: report.entropy_used };
    let warnings = warnings.into_iter().chain(more).collect();
    let outcome = RenderOutcome {
        target,
        files,
        attested,
        cost,
        uses,
        events_hash,
        warnings,
        sources,
        printed,
    };
    Ok(outcome)
}

/// Writes the files, with what attests them; returns where they are.
fn write(
    target: &Target,
    files: &[OutputFile],
    attestation: Option<&Attestation>,
) -> Result<Option<String>, Failure> {
    match target {
        Target::Folder(folder) => {
            let objects = files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice()));
            let signed = attestation.map(|found| (ATTESTATION, found.bundle.as_slice()));
            let contents: Vec<(&str, &[u8])> = objects.chain(signed).collect();
            akua_disk::write_output(folder, &contents)?;
            Ok(Some(folder.display().to_string()))
        }
        Target::Stream => Ok(Some("-".to_owned())),
        Target::Nowhere => Ok(None),
    }
}

/// Writes the events; returns the hash of the last.
fn write_events(file: akua_disk::NewFile, trail: &Trail) -> Result<String, Failure> {
    let (text, hash) = trail.lines();
    file.write(text.as_bytes())?;
    Ok(hash)
}

/// Returns the files that a render reaches once all of it is loaded.
fn paths(package: &Package, folder: Option<&OutputFolder>) -> Paths {
    let path = |path: &Path| path.to_path_buf();
    Paths {
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
    let Some(name) = defaults.into_iter().find(|name| package.root.has_name(name)) else {
        return Ok(None);
    };
    let bytes = package.root.read(name, INPUTS_LIMIT_BYTES).map_err(|error| {
        named_file(
            "E_INPUTS_MISSING",
            &error,
            "make it a readable file, or name another with --inputs",
        )
    })?;
    Ok(Some(Inputs { name: name.to_owned(), bytes: bytes.to_vec() }))
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
