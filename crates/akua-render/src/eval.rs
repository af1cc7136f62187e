//! `akua eval`: plain KCL files in a worker Store.

use crate::failure::RenderFailure;
use crate::files::Reads;
use crate::plan::steps;
use crate::worker::finish;
use akua_disk::Snapshot;
use akua_policy::Effective;
use akua_sandbox::{Callouts, GuestOutput, Limits, Report, Session};
use akua_source::{Budgets, Diagnostic, SourceMap};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{
    BridgeError, Envelope, EvalOptions, Goal, REQUEST, Request, SETTINGS, Settings,
};
use std::sync::Arc;

/// What to evaluate.
#[derive(Debug)]
pub struct EvalRequest {
    /// What the worker may read: guest folder and tree.
    pub mounts: Vec<(String, Arc<Snapshot>)>,
    /// Entry files and folders, as guest paths.
    pub files: Vec<String>,
    /// Folder that relative paths start at, as a guest path.
    pub work_folder: String,
    /// External packages: name and guest folder.
    pub externals: Vec<(String, String)>,
    /// Guest prefixes and what people see instead, longest first.
    pub names: Vec<(String, String)>,
    /// How to evaluate and print.
    pub options: EvalOptions,
}

/// What came of it.
#[derive(Debug)]
pub struct Evaluated {
    /// The text to print.
    pub text: Vec<u8>,
    /// What the program printed.
    pub printed: Vec<u8>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// The sources that they point into.
    pub sources: SourceMap,
    /// What was used.
    pub report: Report,
}

/// Evaluates plain KCL.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn evaluate(request: EvalRequest, policy: &Effective) -> Result<Evaluated, RenderFailure> {
    let budgets = &policy.budgets;
    let EvalRequest { mounts, files, work_folder, externals, names, options } = request;
    let request = Request {
        files,
        work_folder,
        externals,
        names,
        modules: policy.modules.as_ref().map(|modules| modules.iter().cloned().collect()),
        steps: Some(steps(budgets)),
        goal: Goal::Eval(options),
        ..Request::default()
    };
    let frame = FrameBuilder::new().part(REQUEST, &json(&request)?).finish();
    let limits = Limits::from(budgets);
    akua_sandbox::on_render_stack(limits.max_depth, || {
        // Plain files have no package whose digest could be the seed: it is fixed.
        let session = Session::new(limits, || [0; 32]);
        let reads = Reads::new(&session, budgets);
        let mounts: Vec<_> =
            mounts.into_iter().map(|(guest_path, tree)| reads.mount(guest_path, &tree)).collect();
        let output = session.run_worker(&mounts, &frame, &mut Nobody)?;
        let finished = finish(&output).map_err(|mut failure| {
            failure.printed.clone_from(&output.stdout);
            failure
        })?;
        Ok(Evaluated {
            text: finished.text,
            printed: output.stdout,
            warnings: finished.warnings,
            sources: finished.sources,
            report: session.report(),
        })
    })
}

/// Reads settings files, in order: their names for errors, and their bytes.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn settings(files: &[(String, Vec<u8>)], budgets: &Budgets) -> Result<Settings, RenderFailure> {
    let names = files.iter().map(|(name, _)| name.clone()).collect();
    let request = Request { goal: Goal::Settings { names }, ..Request::default() };
    let mut frame = FrameBuilder::new().part(REQUEST, &json(&request)?);
    for (_, bytes) in files {
        frame.push(SETTINGS, bytes);
    }
    Ok(finish(&alone(&frame.finish(), budgets)?)?.settings)
}

/// Runs a worker that sees no files and calls nobody.
pub(crate) fn alone(frame: &[u8], budgets: &Budgets) -> Result<GuestOutput, RenderFailure> {
    let limits = Limits::from(budgets);
    akua_sandbox::on_render_stack(limits.max_depth, || {
        let session = Session::new(limits, || [0; 32]);
        Ok(session.run_worker(&[], frame, &mut Nobody)?)
    })
}

/// Returns a request as its part of the frame.
pub(crate) fn json(request: &Request) -> Result<Vec<u8>, RenderFailure> {
    serde_json::to_vec(request)
        .map_err(|error| RenderFailure::from(Diagnostic::error("E_INTERNAL", error.to_string())))
}

/// Plain KCL has no engines.
struct Nobody;

impl Callouts for Nobody {
    fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
        let envelope = Envelope::Error(BridgeError {
            code: "E_ENGINE_NOT_AVAILABLE".to_owned(),
            message: "engines are available to packages only".to_owned(),
            path: None,
            help: Some("render a package with `akua render`".to_owned()),
        });
        serde_json::to_string(&envelope).unwrap_or_default()
    }
}
