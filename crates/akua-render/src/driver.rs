//! What one render keeps while its programs run: Stores that ran, objects by handle, what is fatal.

use crate::Options;
use crate::callouts::Answering;
use crate::events;
use crate::failure::{self, RenderFailure};
use crate::files::{ReadError, Reads};
use crate::paths;
use crate::plan::{Inputs, plan};
use crate::worker::{Finished, Item, finish, identity, parsed_bytes};
use akua_disk::{SharedFile, Snapshot};
use akua_objects::Object;
use akua_package::Package;
use akua_policy::Trail;
use akua_sandbox::{FilesError, Guest, GuestOutput, Loan, SandboxError, Session};
use akua_source::{Budget, Diagnostic};
use akua_wire::protocol::{self, BridgeError, BridgeValue};
use akua_wire::{FrameBuilder, decode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::path::PathBuf;
use std::rc::Rc;

/// Bytes of what a program prints that are kept.
const PRINTED_LIMIT_BYTES: usize = 1 << 20;

/// One render: the session, the packages on the way, the objects that engines made.
pub(crate) struct Driver<'s> {
    pub(crate) session: &'s Session,
    pub(crate) options: &'s Options,
    pub(crate) trail: &'s mut Trail,
    /// What is read.
    pub(crate) reads: Reads,
    /// Objects by handle.
    pub(crate) held: Vec<Rc<Object>>,
    /// Roots of the packages on the way, outermost first.
    pub(crate) stack: Vec<PathBuf>,
    /// A broken budget or a rule of the policy: it wins over however the program goes on.
    pub(crate) fatal: Option<RenderFailure>,
    /// What programs printed.
    pub(crate) printed: Vec<u8>,
    /// What refused paths resolved to: for people, never for the program.
    pub(crate) escapes: Vec<String>,
    /// What the call in progress is about, for its event.
    pub(crate) about: Map<String, Json>,
}

impl<'s> Driver<'s> {
    pub(crate) fn new(session: &'s Session, options: &'s Options, trail: &'s mut Trail) -> Self {
        Self {
            session,
            options,
            trail,
            reads: Reads::new(session, &options.policy.budgets),
            held: Vec::new(),
            stack: Vec::new(),
            fatal: None,
            printed: Vec::new(),
            escapes: Vec::new(),
            about: Map::new(),
        }
    }

    /// Runs a package in a worker Store of its own.
    pub(crate) fn run(
        &mut self,
        package: &Package,
        inputs: Option<&Inputs>,
    ) -> Result<Finished, RenderFailure> {
        let plan = plan(package, inputs, &self.options.policy, &self.reads)?;
        events::mounts(self.trail, package);
        self.stack.push(package.root.path().to_path_buf());
        let session = self.session;
        let mut calls = Answering::new(self, package);
        let outcome = session.run_worker(&plan.mounts, &plan.request, &mut calls);
        self.stack.pop();
        let output =
            self.ran(Guest::Worker, plan.request.len(), outcome).map_err(|found| *found)?;
        let left = PRINTED_LIMIT_BYTES.saturating_sub(self.printed.len());
        self.printed.extend(output.stdout.iter().take(left));
        let _loan = session.lend(parsed_bytes(&output.bytes))?;
        finish(&output).map_err(|failure| failure.with_inputs(inputs))
    }

    /// Records how a Store ended.
    fn ran(
        &mut self,
        guest: Guest,
        request_bytes: usize,
        outcome: Result<GuestOutput, SandboxError>,
    ) -> Result<GuestOutput, Box<Diagnostic>> {
        match outcome {
            Ok(output) => {
                events::store(self.trail, guest, request_bytes, &output);
                Ok(output)
            }
            Err(error) => {
                let diagnostic = failure::sandbox(&error);
                events::killed(self.trail, guest, &error, &diagnostic.code);
                Err(Box::new(diagnostic))
            }
        }
    }

    /// Returns the failure to report: a broken budget before what the program made of it.
    pub(crate) fn verdict(&mut self, failure: RenderFailure) -> RenderFailure {
        let mut verdict = failure;
        if let Some(mut fatal) = self.fatal.take() {
            match (fatal.diagnostics.first_mut(), verdict.diagnostics.last_mut()) {
                // The program's own failure says where; it has the same code if it went on to
                // fail, and lacks what is not for programs to know.
                (Some(first), Some(last)) if first.code == last.code => {
                    last.notes.append(&mut first.notes);
                }
                _ => verdict = fatal,
            }
        }
        verdict.printed.clone_from(&self.printed);
        if let Some(last) = verdict.diagnostics.last_mut()
            && last.code == "E_PATH_ESCAPE"
        {
            last.notes.append(&mut self.escapes);
        }
        verdict
    }

    /// Takes the objects of a result.
    pub(crate) fn take(&mut self, entries: Vec<Item>) -> Vec<Object> {
        let objects = entries.into_iter().filter_map(|entry| match entry {
            Item::Made(object) => Some(object),
            Item::Held(handle) => {
                let object = self.held.get(usize::try_from(handle).ok()?)?;
                Some(Object::clone(object))
            }
        });
        objects.collect()
    }

    /// Keeps objects for the program and returns their handles.
    pub(crate) fn hold(&mut self, objects: Vec<Rc<Object>>) -> Result<BridgeValue, BridgeError> {
        let total = self.held.len().saturating_add(objects.len());
        // Each object may be held once for each level of nesting, and some are dropped again.
        let limit = self.options.policy.budgets.size(Budget::Resources).saturating_mul(4);
        if total > limit {
            let message = format!("engines made more than {limit} objects");
            let help = "render fewer objects, or raise --max-resources";
            let diagnostic = Diagnostic::error("E_BUDGET_RESOURCES", message).help(help);
            return Err(self.fatal(diagnostic));
        }
        let bytes = objects.iter().map(|object| object.yaml.len()).fold(0, usize::saturating_add);
        if let Err(error) = self.session.hold(bytes) {
            return Err(self.fatal(failure::sandbox(&error)));
        }
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let value =
            BridgeValue::Objects { first: number(self.held.len()), count: number(objects.len()) };
        self.held.extend(objects);
        Ok(value)
    }

    /// Records what the render fails with, whatever the program makes of it, and returns it for the
    /// program.
    pub(crate) fn fatal(&mut self, diagnostic: Diagnostic) -> BridgeError {
        let error = failure::bridge(&diagnostic);
        if self.fatal.is_none() {
            self.fatal = Some(diagnostic.into());
        }
        error
    }

    /// Says in the event of the call what it is about.
    pub(crate) fn about(&mut self, key: &str, value: &str) {
        self.about.insert(key.to_owned(), events::text(value).into());
    }

    /// Refuses an engine that the policy does not allow.
    pub(crate) fn allow(&mut self, engine: &str) -> Result<(), BridgeError> {
        let policy = &self.options.policy;
        if policy.allows_engine(engine) {
            return Ok(());
        }
        let from = policy.origins.get("engines.allow").map_or("a policy", String::as_str);
        let message = format!("the policy does not allow the engine `{engine}`");
        let diagnostic = Diagnostic::error("E_POLICY_ENGINE", message)
            .note(format!("the rule is `engines.allow` of {from}"))
            .help("ask whoever runs akua to allow it, or render without it");
        Err(self.fatal(diagnostic))
    }

    pub(crate) fn engine(
        &mut self,
        guest: Guest,
        frame: &[u8],
    ) -> Result<BridgeValue, BridgeError> {
        let outcome = self.session.run_engine(guest, frame);
        let output = match self.ran(guest, frame.len(), outcome) {
            Ok(output) => output,
            Err(diagnostic) => return Err(self.fatal(*diagnostic)),
        };
        let loan = self.lend(parsed_bytes(&output.bytes))?;
        let objects = engine_objects(&output.bytes).map_err(failure::with_help)?;
        drop(loan);
        self.hold(objects)
    }
}

impl Driver<'_> {
    /// Returns the frame for an engine: the request, and the files below a directory, with those of
    /// the charts that it depends on where helm looks for them.
    pub(crate) fn frame(
        &mut self,
        request: &impl Serialize,
        prefix: &str,
        from: &paths::Allowed<'_>,
    ) -> Result<Vec<u8>, BridgeError> {
        let mut files = self.read(from.root, &from.path)?;
        for chart in from.charts {
            let more = self.read(&chart.root, "")?;
            files.extend(more.into_iter().map(|(path, bytes)| {
                let path = format!("{}/{path}", chart.path);
                (path, bytes)
            }));
        }
        let request = serde_json::to_vec(request).map_err(|error| internal(error.to_string()))?;
        let size =
            files.iter().map(|(_, bytes)| bytes.len()).fold(request.len(), usize::saturating_add);
        // While it is built; while the engine runs it counts by itself.
        let _loan = self.lend(size)?;
        let mut frame = FrameBuilder::with_capacity(size);
        frame.push("request", &request);
        for (path, bytes) in &files {
            frame.push(&format!("{prefix}/{path}"), bytes);
        }
        Ok(frame.finish())
    }

    /// Takes memory of the render for what the host holds for a moment; else the render fails.
    pub(crate) fn lend(&mut self, bytes: usize) -> Result<Loan, BridgeError> {
        self.session.lend(bytes).map_err(|error| self.fatal(failure::sandbox(&error)))
    }

    /// Reads all files below a directory; where too much is read, the render fails.
    fn read(&mut self, tree: &Snapshot, path: &str) -> Result<Vec<SharedFile>, BridgeError> {
        self.reads.tree(tree, path).map_err(|error| {
            let mut told = match &error {
                ReadError::Disk(error) => failure::disk(error),
                ReadError::NoMemory => failure::bridge(&failure::files(FilesError::NoMemory)),
            };
            if told.code.starts_with("E_BUDGET_") || told.code == "E_LOCK_DRIFT" {
                let help = told.help.take().unwrap_or_default();
                told = self.fatal(Diagnostic::error(told.code, told.message).help(help));
            }
            told
        })
    }
}

/// What an engine answers beside the objects.
#[derive(Deserialize)]
struct EngineResult {
    objects: Vec<protocol::Identity>,
}

fn engine_objects(bytes: &[u8]) -> Result<Vec<Rc<Object>>, BridgeError> {
    let broken = |reason: String| internal(format!("an engine's answer makes no sense: {reason}"));
    let frame = decode(bytes, bytes.len()).map_err(|error| broken(error.to_string()))?;
    if let Some(error) = frame.get("error") {
        return Err(serde_json::from_slice(error).unwrap_or_else(|error| broken(error.to_string())));
    }
    let result = frame.get("result").ok_or_else(|| broken("it has no result".to_owned()))?;
    let result: EngineResult =
        serde_json::from_slice(result).map_err(|error| broken(error.to_string()))?;
    let bodies: Vec<_> = frame.parts().iter().filter(|part| part.name == "object").collect();
    if bodies.len() != result.objects.len() {
        return Err(broken("an object is missing".to_owned()));
    }
    let objects = result.objects.into_iter().zip(bodies);
    let objects =
        objects.map(|(found, body)| Object { identity: identity(found), yaml: body.data.to_vec() });
    Ok(objects.map(Rc::new).collect())
}

pub(crate) fn internal(message: String) -> BridgeError {
    BridgeError { code: "E_INTERNAL".to_owned(), message, path: None, help: None }
}
