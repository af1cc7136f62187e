//! Drives one render: a request to a worker Store, callouts to engine Stores and nested workers,
//! and objects back.
//!
//! **Invariant:** package code runs in Stores only; this crate moves bytes and checks paths. No
//! path of this machine goes into a Store. Start with [`render`].
#![forbid(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
// A test says what must hold.
#![cfg_attr(not(test), warn(clippy::expect_used))]

mod arguments;
mod callouts;
mod document;
mod driver;
mod eval;
mod events;
mod failure;
mod files;
mod format;
mod inspect;
mod paths;
mod plan;
mod worker;

pub use document::yaml_to_json;
pub use eval::{EvalRequest, Evaluated, evaluate, settings};
pub use events::{BridgeCall, Trace};
pub use failure::RenderFailure;
pub use format::{Formatted, FormattedFile, SourceText, format};
pub use inspect::inspect;
pub use plan::Inputs;

pub use akua_wire::protocol::{FieldFact, InputFacts, Inspected, OptionFact};

use akua_objects::Object;
use akua_package::Package;
use akua_policy::{Effective, Trail};
use akua_sandbox::{Guest, Limits, Report, Session};
use akua_source::{Budget, Budgets, Diagnostic, SourceMap};
use driver::Driver;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::rc::Rc;

/// What holds for a render.
#[derive(Default)]
pub struct Options {
    /// What is allowed.
    pub policy: Effective,
    /// Whether charts have to be dependencies, not paths.
    pub strict: bool,
    /// What random bytes follow from, in place of the package, its inputs and its dependencies.
    pub seed: Option<String>,
    /// Who is told of each call over the bridge.
    pub trace: Option<Rc<Trace>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The result of a render.
#[derive(Debug)]
pub struct Rendered {
    /// Objects in the order of `resources`.
    pub objects: Vec<Object>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What the program printed.
    pub printed: Vec<u8>,
    /// What was used.
    pub used: Used,
}

/// What a render used.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Fuel, memory, Stores, and whether clock and random bytes were read.
    pub report: Report,
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Renders a package; what was decided on the way is in `trail`, also where the render fails.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn render(
    package: &Package,
    inputs: Option<&Inputs>,
    options: &Options,
    trail: &mut Trail,
) -> Result<Rendered, RenderFailure> {
    let budgets = &options.policy.budgets;
    let limits = Limits::from(budgets);
    akua_sandbox::on_render_stack(limits.max_depth, || {
        let entry = package.root.read(&package.entry, plan::SOURCE_LIMIT_BYTES);
        akua_sandbox::prepare_in_background(probable(&entry.unwrap_or_default()));
        let session = Session::new(limits, seed(package, inputs, options.seed.clone()));
        events::start(trail, package, budgets);
        let mut driver = Driver::new(&session, options, trail);
        let finished = driver.run(package, inputs);
        let finished = finished.map_err(|failure| driver.verdict(failure));
        let finished = match driver.fatal.take() {
            Some(failure) => Err(failure),
            None => finished,
        };
        let rendered = finished.and_then(|finished| {
            let objects = driver.take(finished.entries);
            within_budget(&objects, budgets)?;
            complete(&objects)?;
            let (files, bytes) = driver.reads.used();
            Ok(Rendered {
                objects,
                warnings: finished.warnings,
                sources: finished.sources,
                printed: std::mem::take(&mut driver.printed),
                used: Used { report: session.report(), files, bytes },
            })
        });
        events::end(trail, &rendered, &session.report());
        rendered
    })
}

fn within_budget(objects: &[Object], budgets: &Budgets) -> Result<(), RenderFailure> {
    let limit = budgets.size(Budget::Resources);
    if objects.len() > limit {
        let message =
            format!("the package renders {} objects, the limit is {limit}", objects.len());
        let help = "render fewer objects, or raise --max-resources";
        return Err(Diagnostic::error("E_BUDGET_RESOURCES", message).help(help).into());
    }
    let limit = budgets.size(Budget::Output);
    let bytes: usize = objects.iter().fold(0, |sum, object| object.yaml.len().saturating_add(sum));
    if bytes > limit {
        let message = format!("the package renders {bytes} bytes, the limit is {limit}");
        let help = "render fewer or smaller objects, or raise --max-output";
        return Err(Diagnostic::error("E_BUDGET_OUTPUT", message).help(help).into());
    }
    Ok(())
}

/// Refuses what is no object of Kubernetes; what programs make themselves was checked in the worker.
fn complete(objects: &[Object]) -> Result<(), RenderFailure> {
    for (at, Object { identity, .. }) in objects.iter().enumerate() {
        let is_named = !identity.name.is_empty() || !identity.generate_name.is_empty();
        let lacks = match identity.kind.as_str() {
            "" => "kind",
            kind if !is_named && !kind.ends_with("List") => "metadata.name",
            _ => continue,
        };
        let message = format!("object {at} of `resources`, which an engine made, has no `{lacks}`");
        let help = "correct the chart's template or the overlay's file, or leave the object out";
        return Err(Diagnostic::error("E_RENDER_RESOURCES", message).help(help).into());
    }
    Ok(())
}

/// Returns the engines that an entry file names: a guess that only decides what is loaded early.
fn probable(entry: &[u8]) -> Vec<Guest> {
    let text = String::from_utf8_lossy(entry);
    let guesses = [
        (Guest::Helm, ["import charts.", "import akua.helm"].as_slice()),
        (Guest::Kustomize, &["import akua.kustomize"]),
    ];
    let named = guesses.iter().filter(|(_, words)| words.iter().any(|word| text.contains(word)));
    named.map(|(guest, _)| *guest).collect()
}

/// Returns what finds out the seed of all random bytes of a render: it follows from what is
/// rendered, not from the build of akua.
fn seed(
    package: &Package,
    inputs: Option<&Inputs>,
    given: Option<String>,
) -> impl Fn() -> [u8; 32] + Send + Sync + 'static {
    let fingerprint = package.fingerprint();
    let inputs = inputs.map(|inputs| inputs.bytes.clone()).unwrap_or_default();
    move || {
        let mut hash = Sha256::new();
        if let Some(text) = &given {
            hash.update(text);
        } else {
            hash.update(fingerprint().to_string());
            hash.update(&inputs);
        }
        hash.finalize().into()
    }
}
