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
    clippy::as_conversions,
    clippy::expect_used
)]

mod arguments;
mod callouts;
mod document;
mod eval;
mod failure;
mod format;
mod inspect;
mod paths;
mod plan;
mod worker;

pub use document::yaml_to_json;
pub use eval::{EvalRequest, Evaluated, evaluate, settings};
pub use failure::RenderFailure;
pub use format::{Formatted, FormattedFile, SourceText, format};
pub use inspect::inspect;
pub use plan::Inputs;

pub use akua_wire::protocol::{FieldFact, InputFacts, Inspected, OptionFact};

use akua_objects::Object;
use akua_package::Package;
use akua_sandbox::{Guest, Limits, Report, Session};
use akua_source::{Diagnostic, SourceMap};
use callouts::Driver;
use sha2::{Digest as _, Sha256};

/// Most objects of a render: SPEC §5.
pub const RESOURCES_LIMIT: usize = 20_000;
/// Most bytes of all objects of a render: SPEC §5.
pub const OUTPUT_LIMIT_BYTES: usize = 64 << 20;

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
    pub report: Report,
}

/// Renders a package.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn render(
    package: &Package,
    inputs: Option<&Inputs>,
    limits: Limits,
) -> Result<Rendered, RenderFailure> {
    let depth = limits.max_depth;
    akua_sandbox::on_render_stack(depth, || {
        let entry = package.root.read(&package.entry, plan::SOURCE_LIMIT_BYTES).unwrap_or_default();
        akua_sandbox::prepare_in_background(probable(&entry));
        let session = Session::new(limits, seed(package, &entry, inputs));
        let mut driver = Driver::new(&session);
        let finished = driver.run(package, inputs);
        let report = session.report();
        let finished = finished.map_err(|failure| driver.verdict(failure))?;
        if let Some(failure) = driver.fatal.take() {
            return Err(failure);
        }
        let objects = driver.take(finished.entries);
        within_budget(&objects)?;
        Ok(Rendered {
            objects,
            warnings: finished.warnings,
            sources: finished.sources,
            printed: driver.printed,
            report,
        })
    })
}

fn within_budget(objects: &[Object]) -> Result<(), RenderFailure> {
    if objects.len() > RESOURCES_LIMIT {
        let message = format!(
            "the package renders {} objects, the limit is {RESOURCES_LIMIT}",
            objects.len()
        );
        return Err(Diagnostic::error("E_BUDGET_RESOURCES", message).into());
    }
    let bytes: usize = objects.iter().fold(0, |sum, object| object.yaml.len().saturating_add(sum));
    if bytes > OUTPUT_LIMIT_BYTES {
        let message =
            format!("the package renders {bytes} bytes, the limit is {OUTPUT_LIMIT_BYTES}");
        return Err(Diagnostic::error("E_BUDGET_OUTPUT", message).into());
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

/// Returns the seed of all random bytes of a render: it follows from what is rendered.
fn seed(package: &Package, entry: &[u8], inputs: Option<&Inputs>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [package.manifest_bytes.as_slice(), entry] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    if let Some(inputs) = inputs {
        hash.update(&inputs.bytes);
    }
    hash.finalize().into()
}
