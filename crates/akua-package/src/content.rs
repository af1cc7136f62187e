//! What a directory is, what it calls itself, and what it asks for.

use crate::Kind;
use crate::problem::Problem;
use akua_disk::Folder;
use akua_manifest::{Alias, Chart, ModuleDependency, Requirement, Source, parse_module};
use akua_source::{Diagnostic, SourceMap};

/// Largest `akua.toml`, `kcl.mod` or `Chart.yaml`, in bytes.
pub(crate) const METADATA_LIMIT_BYTES: u64 = 1 << 20;
/// The manifest's file name.
pub const MANIFEST: &str = "akua.toml";
/// The entry file where none is named.
pub(crate) const ENTRY: &str = "package.k";
/// What a chart says of itself.
pub(crate) const CHART: &str = "Chart.yaml";
/// What a KCL module says of itself.
const MODULE: &str = "kcl.mod";

/// The door to YAML: the host has no parser of it, a Store has.
pub trait Yaml: std::fmt::Debug + Sync {
    /// Returns the first document as JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    fn to_json(&self, name: &str, bytes: &[u8]) -> Result<String, Box<Diagnostic>>;
}

/// What a directory holds.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// What it calls itself.
    pub(crate) name: Option<String>,
    /// What it asks for.
    pub(crate) wants: Vec<Want>,
}

/// Something that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    /// The name that is used for it.
    pub(crate) alias: Alias,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// How directories are read.
pub(crate) struct Reader<'y> {
    /// Reads YAML.
    pub(crate) yaml: &'y dyn Yaml,
    /// `oci://HOST/PATH` of modules that are asked for by version alone.
    pub(crate) module_registry: Option<&'y str>,
}

/// What is wrong with a file of a dependency, and the file.
#[derive(Debug)]
pub(crate) struct ContentError {
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: SourceMap,
}

impl From<ContentError> for Problem {
    fn from(error: ContentError) -> Self {
        Self { diagnostics: error.diagnostics, sources: error.sources }
    }
}

impl From<Diagnostic> for ContentError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], sources: SourceMap::default() }
    }
}

/// Returns what a directory is.
pub(crate) fn kind(folder: &Folder) -> Kind {
    if folder.has_name(CHART) {
        Kind::Chart
    } else if folder.has_name(MANIFEST) && folder.has_name(ENTRY) {
        Kind::Package
    } else if folder.has_name(MODULE) {
        Kind::Module
    } else {
        Kind::Folder
    }
}

impl Reader<'_> {
    /// Reads what a directory says; `shown` is what people call it.
    ///
    /// # Errors
    /// Its file is missing, too large or invalid.
    pub(crate) fn content(&self, folder: &Folder, shown: &str) -> Result<Content, ContentError> {
        let mut content = match kind(folder) {
            Kind::Chart => self.chart(folder, shown)?,
            Kind::Package => package(folder, shown)?,
            Kind::Module => self.module(folder, shown)?,
            Kind::Folder => Content { name: None, wants: Vec::new() },
        };
        content.wants.sort_by(|a, b| a.alias.cmp(&b.alias));
        Ok(content)
    }

    /// Reads a chart. It asks for the charts that are not in its `charts/` directory.
    fn chart(&self, folder: &Folder, shown: &str) -> Result<Content, ContentError> {
        let name = format!("{shown}/{CHART}");
        let bytes = read(folder, CHART, &name)?;
        let json = self.yaml.to_json(&name, &bytes).map_err(|error| ContentError::from(*error))?;
        let refuse = |reason: String| {
            let message = format!("`{name}` is no chart's metadata: {reason}");
            ContentError::from(Diagnostic::error("E_CHART_RESOLVE", message))
        };
        let chart = Chart::from_json(&json).map_err(refuse)?;
        let mut wants = Vec::new();
        for dependency in &chart.dependencies {
            let repository = dependency.repository.as_deref().unwrap_or_default();
            if repository.is_empty() || is_vendored(folder, &dependency.name) {
                continue;
            }
            let source = chart_source(repository, &dependency.name, &dependency.version);
            let told = |reason| refuse(format!("its dependency `{}`: {reason}", dependency.name));
            let alias = Alias::new(&dependency.name).map_err(told)?;
            let source = source.map_err(told)?;
            wants.push(Want { alias, source });
        }
        Ok(Content { name: Some(chart.name), wants })
    }

    fn module(&self, folder: &Folder, shown: &str) -> Result<Content, ContentError> {
        let name = format!("{shown}/{MODULE}");
        let mut sources = SourceMap::default();
        let text = String::from_utf8_lossy(&read(folder, MODULE, &name)?).into_owned();
        let file = sources.add(name, text.clone());
        let module = match parse_module(file, &text) {
            Ok(module) => module,
            Err(error) => return Err(ContentError { diagnostics: vec![*error], sources }),
        };
        let mut wants = Vec::new();
        for (alias, dependency) in module.dependencies {
            let told = |reason: String| ContentError {
                diagnostics: vec![Diagnostic::error("E_KCL_MODULE", reason)],
                sources: sources.clone(),
            };
            let source = module_source(dependency, self.module_registry).map_err(told)?;
            wants.push(Want { alias: Alias::new(&alias).map_err(told)?, source });
        }
        Ok(Content { name: module.name, wants })
    }
}

/// Returns where a module's dependency comes from; `registry` is that of modules that are asked
/// for by version alone.
///
/// # Errors
/// A sentence that says what is missing.
pub(crate) fn module_source(
    dependency: ModuleDependency,
    registry: Option<&str>,
) -> Result<Source, String> {
    let (name, version) = match dependency {
        ModuleDependency::Source(source) => return Ok(source),
        ModuleDependency::Registry { name, version } => (name, version),
    };
    let Some(registry) = registry else {
        return Err(format!(
            "the module `{name}` is asked for by its version alone: name the registry of such modules, `oci://HOST/PATH`, in AKUA_KCL_REGISTRY"
        ));
    };
    let repository = format!("{}/{name}", registry.trim_end_matches('/'));
    Ok(Source::Oci { repository, version: Requirement::new(&version)? })
}

fn package(folder: &Folder, shown: &str) -> Result<Content, ContentError> {
    let name = format!("{shown}/{MANIFEST}");
    let mut sources = SourceMap::default();
    let text = String::from_utf8_lossy(&read(folder, MANIFEST, &name)?).into_owned();
    let file = sources.add(name, text.clone());
    let manifest = match akua_manifest::parse(file, &text) {
        Ok(manifest) => manifest,
        Err(diagnostics) => return Err(ContentError { diagnostics, sources }),
    };
    let wants = manifest
        .dependencies
        .into_iter()
        .map(|declared| Want { alias: declared.alias, source: declared.source });
    Ok(Content { name: Some(manifest.package.name.to_string()), wants: wants.collect() })
}

fn read(folder: &Folder, path: &str, shown: &str) -> Result<Vec<u8>, ContentError> {
    folder.read(path, METADATA_LIMIT_BYTES).map_err(|error| {
        let message = format!("cannot read `{shown}`: {error}");
        ContentError::from(Diagnostic::error("E_CHART_RESOLVE", message))
    })
}

/// Returns whether a chart carries a dependency itself.
fn is_vendored(folder: &Folder, name: &str) -> bool {
    if folder.has_file(&format!("charts/{name}/{CHART}")) {
        return true;
    }
    folder.names("charts").iter().any(|file| {
        let version = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(|rest| {
            rest.strip_suffix(".tgz").is_some_and(|version| {
                version.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit())
            })
        })
    })
}

/// Returns where a chart's dependency comes from.
fn chart_source(repository: &str, name: &str, version: &str) -> Result<Source, String> {
    let any = if version.trim().is_empty() { "*" } else { version };
    if let Some(path) = repository.strip_prefix("file://") {
        return Ok(Source::Path { path: path.to_owned() });
    }
    if repository.starts_with("oci://") {
        let repository = format!("{}/{name}", repository.trim_end_matches('/'));
        // Of a registry helm takes `1.2` as a tag, of an index as a range.
        return Ok(Source::Oci { repository, version: Requirement::new(any)? });
    }
    if repository.starts_with("https://") || repository.starts_with("http://") {
        let url = repository.trim_end_matches('/').to_owned();
        return Ok(Source::Helm {
            url,
            chart: Some(name.to_owned()),
            version: Requirement::of_chart(any)?,
        });
    }
    Err(format!(
        "expected a repository that begins with `https://`, `oci://` or `file://`, found `{repository}`"
    ))
}
