//! What host and worker say to each other inside their frames: the part `request` of a request and
//! the part `result` of an answer, as JSON, and the other parts that go with them.

use akua_source::{Diagnostic, SourceMap, Span};
use serde::{Deserialize, Serialize};

/// Name of the part that holds a [`Request`].
pub const REQUEST: &str = "request";
/// Name of the part that holds the inputs document, as its file has it.
pub const INPUTS: &str = "inputs";
/// What the worker calls the inputs document in errors: its name is the host's alone, so that what a
/// render costs does not depend on it.
pub const INPUTS_NAME: &str = "<inputs>";
/// Name of each part that holds a settings file; the goal says their names.
pub const SETTINGS: &str = "settings";
/// Name of each part that holds the text of a file to format.
pub const SOURCE: &str = "source";
/// Name of the part that holds an [`Answer`].
pub const RESULT: &str = "result";
/// Name of the part that holds the text that `akua eval` prints, and of each part that holds a
/// formatted text.
pub const OUTPUT: &str = "output";
/// Name of each part that holds the YAML of an object that the program made.
pub const OBJECT: &str = "object";

/// Plugin method that loads an object which the host holds.
pub const METHOD_LOAD: &str = "akua.load";
/// Plugin method that renders a chart.
pub const METHOD_HELM: &str = "helm.template";
/// Plugin method that builds an overlay.
pub const METHOD_KUSTOMIZE: &str = "kustomize.build";
/// Plugin method that renders a Package.
pub const METHOD_PACKAGE: &str = "pkg.render";

/// What the worker is asked to do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Request {
    /// Entry files and folders, as guest paths, in order.
    pub files: Vec<String>,
    /// Folder that imports start at; none to look for `kcl.mod`.
    pub root: Option<String>,
    /// Folder that relative paths of the `file` module start at.
    pub work_folder: String,
    /// Packages without files: dotted import path and source.
    pub virtual_packages: Vec<(String, String)>,
    /// Charts: dotted import path of their module and guest folder. The worker adds a schema of the
    /// chart's values to the module.
    pub charts: Vec<(String, String)>,
    /// Packages: dotted import path of their module and entry file. The module also has the schemas
    /// of that file.
    pub packages: Vec<(String, String)>,
    /// External packages: import name and guest folder.
    pub externals: Vec<(String, String)>,
    /// What a name means in one external package, before `externals`: the folder of the package, the
    /// name, and the folder that it means.
    #[serde(default)]
    pub own_externals: Vec<(String, String, String)>,
    /// Guest prefixes and what people see instead, longest first.
    pub names: Vec<(String, String)>,
    /// Standard modules that may be imported; none for all.
    pub modules: Option<Vec<String>>,
    /// Most steps that the program may take; none for the default.
    pub steps: Option<u64>,
    /// What to make of the result.
    pub goal: Goal,
}

/// What to make of a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The objects in `resources`.
    Render {
        /// Whether there is an inputs document; the part [`INPUTS`] holds it.
        inputs: bool,
    },
    /// The whole document, as text.
    Eval(EvalOptions),
    /// What settings files say, merged in order; the parts [`SETTINGS`] hold them.
    Settings {
        /// Their names, for errors.
        names: Vec<String>,
    },
    /// A YAML document as JSON; nothing is evaluated. The part [`SOURCE`] holds it.
    Json {
        /// Its name, for errors.
        name: String,
    },
    /// What a package may be given; nothing is evaluated. The parts [`SOURCE`] hold its files, the
    /// entry file first.
    Inspect {
        /// Names of the files, for errors, in the order of the parts.
        names: Vec<String>,
    },
    /// Its files, formatted; nothing is evaluated. The parts [`SOURCE`] hold their texts.
    Format {
        /// Names of the files, for errors, in the order of the parts.
        names: Vec<String>,
    },
}

impl Default for Goal {
    fn default() -> Self {
        Self::Eval(EvalOptions::default())
    }
}

/// How `akua eval` evaluates and prints.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct EvalOptions {
    /// `-D key=value`, in order, as given.
    pub define: Vec<String>,
    /// Options of settings files: key and value as JSON, before those of `define`.
    pub options: Vec<(String, String)>,
    /// `-O path=value`, in order.
    pub overrides: Vec<String>,
    /// `-S path`, in order.
    pub select: Vec<String>,
    /// `--sort-keys`.
    pub sort_keys: bool,
    /// `--disable-none`.
    pub disable_none: bool,
    /// `--show-hidden`.
    pub show_hidden: bool,
    /// `--strict-range-check`.
    pub strict_range_check: bool,
    /// `-o json` instead of YAML.
    pub json: bool,
}

/// What the worker answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the goal was reached.
    pub ok: bool,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The sources that they point into; left empty where there are none.
    pub sources: SourceMap,
    /// Objects in the order of `resources`.
    pub objects: Vec<ObjectEntry>,
    /// Where `resources` is set.
    pub resources: Option<Span>,
    /// What settings files say.
    pub settings: Settings,
    /// What became of each file to format, in order.
    pub formatted: Vec<FormatEntry>,
    /// What a package may be given.
    pub inspected: Inspected,
}

/// What a package may be given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Calls of `option()`, each name once.
    pub options: Vec<OptionFact>,
    /// The schema `Input`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<InputFacts>,
}

/// A call of `option()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionFact {
    /// The option's name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// Whether it has to be given.
    pub required: bool,
    /// Its default, as KCL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// The schema of a package's inputs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFacts {
    /// Its doc string, without the part on attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Its attributes.
    pub fields: Vec<FieldFact>,
}

/// An attribute of the inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFact {
    /// Its name.
    pub name: String,
    /// Its type, as KCL.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it has to be given.
    pub required: bool,
    /// Its default, as KCL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What the doc string says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
}

/// What settings files (`kcl.yaml`) say; none where they say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Files and folders to evaluate.
    pub files: Vec<String>,
    /// Options: key and value as JSON.
    pub options: Vec<(String, String)>,
    /// Overrides.
    pub overrides: Vec<String>,
    /// Path selectors.
    pub select: Vec<String>,
    /// External packages: name and folder.
    pub externals: Vec<(String, String)>,
    /// Whether None is left out.
    pub disable_none: Option<bool>,
    /// Whether keys are sorted.
    pub sort_keys: Option<bool>,
    /// Whether hidden names are printed.
    pub show_hidden: Option<bool>,
    /// Whether numbers are checked to fit 32 bits.
    pub strict_range_check: Option<bool>,
}

/// What became of a file to format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatEntry {
    /// It stays as it is.
    Same,
    /// The next part [`OUTPUT`] holds its new text.
    Changed,
    /// It cannot be formatted; a diagnostic says why.
    Refused,
}

/// One object of `resources`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectEntry {
    /// The host holds it, unchanged, under this number.
    Held(u32),
    /// The program made it; the next part [`OBJECT`] holds its YAML.
    Made(Identity),
}

/// What tells objects apart; missing fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.generateName`.
    pub generate_name: String,
    /// File of the chart that an engine made it from.
    pub source: String,
}

/// The JSON envelope of an answer over the bridge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Envelope {
    /// The value.
    Ok(BridgeValue),
    /// Why there is none.
    Error(BridgeError),
}

/// A value over the bridge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BridgeValue {
    /// Objects that the host holds: their numbers run from the first.
    Objects {
        /// Number of the first.
        first: u32,
        /// How many there are.
        count: u32,
    },
    /// The YAML of one object.
    Yaml(String),
}

/// An error over the bridge, and in the part `error` of an engine's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeError {
    /// Its code, such as `E_PATH_ESCAPE`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The path it is about, as the package knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}
