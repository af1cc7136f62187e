//! Answers the worker: engines in Stores of their own, nested packages in workers of their own.

use crate::Options;
use crate::arguments::{self, HelmTemplate, KustomizeBuild, Names, PackageRender};
use crate::events::{self, BridgeCall};
use crate::failure::{self, RenderFailure};
use crate::files::{ReadError, Reads};
use crate::paths;
use crate::plan::{CHART_HANDLE, Inputs, plan};
use crate::worker::{Finished, Item, finish, identity, parsed_bytes};
use akua_disk::{SharedFile, Snapshot};
use akua_objects::Object;
use akua_package::{Kind, Package};
use akua_policy::Trail;
use akua_sandbox::{Callouts, FilesError, Guest, GuestOutput, Loan, SandboxError, Session};
use akua_source::{Budget, Diagnostic};
use akua_wire::protocol::{
    self, BridgeError, BridgeValue, Envelope, METHOD_HELM, METHOD_KUSTOMIZE, METHOD_LOAD,
    METHOD_PACKAGE,
};
use akua_wire::{FrameBuilder, decode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use std::path::PathBuf;
use std::rc::Rc;

/// Bytes of what a program prints that are kept.
const PRINTED_LIMIT_BYTES: usize = 1 << 20;

/// Refused paths that people are told of.
const ESCAPES_LIMIT: usize = 8;

/// One render: the session, the packages on the way, the objects that engines made.
pub(crate) struct Driver<'s> {
    session: &'s Session,
    options: &'s Options,
    trail: &'s mut Trail,
    /// What is read.
    pub(crate) reads: Reads,
    /// Objects by handle.
    held: Vec<Rc<Object>>,
    /// Roots of the packages on the way, outermost first.
    stack: Vec<PathBuf>,
    /// A broken budget or a rule of the policy: it wins over however the program goes on.
    pub(crate) fatal: Option<RenderFailure>,
    /// What programs printed.
    pub(crate) printed: Vec<u8>,
    /// What refused paths resolved to: for people, never for the program.
    escapes: Vec<String>,
    /// What the call in progress is about, for its event.
    about: Map<String, Json>,
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
        let mut calls = Answering { driver: self, package };
        let session = calls.driver.session;
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
    fn hold(&mut self, objects: Vec<Rc<Object>>) -> Result<BridgeValue, BridgeError> {
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
    fn fatal(&mut self, diagnostic: Diagnostic) -> BridgeError {
        let error = failure::bridge(&diagnostic);
        if self.fatal.is_none() {
            self.fatal = Some(diagnostic.into());
        }
        error
    }

    /// Says in the event of the call what it is about.
    fn about(&mut self, key: &str, value: &str) {
        self.about.insert(key.to_owned(), events::text(value).into());
    }

    /// Refuses an engine that the policy does not allow.
    fn allow(&mut self, engine: &str) -> Result<(), BridgeError> {
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

    fn engine(&mut self, guest: Guest, frame: &[u8]) -> Result<BridgeValue, BridgeError> {
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

/// What the helm engine is asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HelmRequest<'a> {
    release: Release<'a>,
    values: &'a RawValue,
    kube_version: &'a str,
    api_versions: &'a Names,
    include_crds: bool,
    no_hooks: bool,
    skip_tests: bool,
    show_only: &'a Names,
}

/// What a chart is installed as.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Release<'a> {
    name: &'a str,
    namespace: &'a str,
    is_upgrade: bool,
    revision: u32,
}

/// What the kustomize engine is asked.
#[derive(Serialize)]
struct KustomizeRequest<'a> {
    path: &'a str,
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

fn internal(message: String) -> BridgeError {
    BridgeError { code: "E_INTERNAL".to_owned(), message, path: None, help: None }
}

/// The driver while a package's program runs.
struct Answering<'d, 's> {
    driver: &'d mut Driver<'s>,
    package: &'d Package,
}

impl Callouts for Answering<'_, '_> {
    fn call(&mut self, method: &str, args: &str, _kwargs: &str) -> String {
        // A nested package's calls come in between.
        let outer = std::mem::take(&mut self.driver.about);
        let answer = match method {
            METHOD_LOAD => self.load(args),
            METHOD_HELM => self.helm(args),
            METHOD_KUSTOMIZE => self.kustomize(args),
            METHOD_PACKAGE => self.nested(args),
            _ => Err(internal(format!("there is no plugin `{}`", method.escape_default()))),
        };
        let about = std::mem::replace(&mut self.driver.about, outer);
        let envelope = match answer {
            Ok(value) => Envelope::Ok(value),
            Err(error) => Envelope::Error(error),
        };
        let text = serde_json::to_string(&envelope).unwrap_or_default();
        let error = match &envelope {
            Envelope::Ok(_) => None,
            Envelope::Error(error) => Some(error.code.as_str()),
        };
        if method != METHOD_LOAD || error.is_some() {
            events::call(self.driver.trail, method, about, error);
        }
        if let Some(trace) = &self.driver.options.trace {
            let (args_bytes, answer_bytes) = (args.len(), text.len());
            trace(&BridgeCall { method, args_bytes, answer_bytes, error });
        }
        text
    }
}

impl Answering<'_, '_> {
    fn load(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        let handle = serde_json::from_str::<(u32,)>(args)
            .ok()
            .and_then(|(handle,)| usize::try_from(handle).ok());
        let object = handle.and_then(|handle| self.driver.held.get(handle));
        let object = object.ok_or_else(|| internal("there is no such object".to_owned()))?;
        let object = Rc::clone(object);
        // A copy, and what JSON makes of it: six letters of a control character.
        let _loan = self.driver.lend(object.yaml.len().saturating_mul(7))?;
        let yaml = String::from_utf8(object.yaml.clone());
        yaml.map(BridgeValue::Yaml)
            .map_err(|_invalid| internal("an engine made an object that is not UTF-8".to_owned()))
    }

    fn helm(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        self.driver.allow("helm")?;
        let arguments: HelmTemplate = arguments::read(METHOD_HELM, args)?;
        self.driver.about("chart", &arguments.chart);
        if self.driver.options.strict && !arguments.chart.starts_with(CHART_HANDLE) {
            return Err(untyped(&arguments.chart));
        }
        let chart = paths::chart(self.package, &arguments.chart);
        let chart = chart.map_err(|refused| self.refused(refused))?;
        let package = self.package.manifest.package.name.as_str();
        let release = arguments::release(arguments.release.as_deref(), package)?;
        let values = arguments::mapping(METHOD_HELM, "values", arguments.values)?;
        let request = HelmRequest {
            release: Release {
                name: &release,
                namespace: arguments.namespace.as_deref().unwrap_or("default"),
                is_upgrade: false,
                revision: 1,
            },
            values: &values,
            kube_version: arguments.kube_version.as_deref().unwrap_or_default(),
            api_versions: &arguments.api_versions.unwrap_or_default(),
            include_crds: arguments.include_crds.unwrap_or(true),
            no_hooks: arguments.no_hooks.unwrap_or(false),
            skip_tests: arguments.skip_tests.unwrap_or(false),
            show_only: &arguments.show_only.unwrap_or_default(),
        };
        self.driver.about("release", &release);
        let frame = self.driver.frame(&request, "chart", &chart)?;
        self.driver.engine(Guest::Helm, &frame).map_err(|mut error| {
            // The engine knows the chart's files only by their names in the chart.
            error.path = error.path.map(|path| format!("{}/{path}", arguments.chart));
            error
        })
    }

    /// Keeps for people what a refused path resolved to.
    fn refused(&mut self, refused: paths::Refused) -> BridgeError {
        let left = ESCAPES_LIMIT.saturating_sub(self.driver.escapes.len());
        self.driver.escapes.extend(refused.resolved.into_iter().take(left));
        refused.error
    }

    fn kustomize(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        self.driver.allow("kustomize")?;
        let arguments: KustomizeBuild = arguments::read(METHOD_KUSTOMIZE, args)?;
        self.driver.about("path", &arguments.path);
        let overlay = paths::directory(self.package, &arguments.path);
        let overlay = overlay.map_err(|refused| self.refused(refused))?;
        let path = overlay.path.clone();
        let request = KustomizeRequest { path: &path };
        let overlay = paths::Allowed { path: String::new(), ..overlay };
        let frame = self.driver.frame(&request, "file", &overlay)?;
        self.driver.engine(Guest::Kustomize, &frame)
    }

    fn nested(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        let arguments: PackageRender = arguments::read(METHOD_PACKAGE, args)?;
        let alias = &arguments.package;
        self.driver.about("alias", alias);
        let mut found =
            self.package.dependencies.iter().filter(|d| d.kind == Kind::Package && d.declared);
        let Some(dependency) = found.find(|dependency| dependency.alias.as_str() == alias) else {
            return Err(BridgeError {
                code: "E_DEP_UNKNOWN".to_owned(),
                message: format!("there is no Package dependency `{}`", alias.escape_default()),
                path: None,
                help: Some(
                    "declare it in akua.toml; pkg.render takes the alias, never a path".to_owned(),
                ),
            });
        };
        if self.driver.stack.iter().any(|root| root == dependency.root.path()) {
            return Err(BridgeError {
                code: "E_RENDER_CYCLE".to_owned(),
                message: format!(
                    "the package `{alias}` is already being rendered: packages render each other in a cycle"
                ),
                path: None,
                help: Some("break the cycle between the packages".to_owned()),
            });
        }
        let package = akua_package::load_dependency(self.package, dependency).map_err(|error| {
            let first = error.diagnostics.into_iter().next();
            first.map_or_else(
                || internal("a package cannot be loaded".to_owned()),
                |first| within(alias, failure::bridge(&first)),
            )
        })?;
        let inputs = arguments::mapping(METHOD_PACKAGE, "inputs", arguments.inputs)?;
        let bytes = inputs.get().as_bytes().to_vec();
        let inputs = Inputs { name: format!("inputs of {alias}"), bytes };
        match self.driver.run(&package, Some(&inputs)) {
            Ok(finished) => {
                let objects = self.driver.take(finished.entries).into_iter().map(Rc::new).collect();
                self.driver.hold(objects)
            }
            Err(failure) => Err(self.nested_failure(alias, &failure)),
        }
    }

    /// Returns the failure of a nested package for the program that rendered it.
    fn nested_failure(&mut self, alias: &str, failure: &RenderFailure) -> BridgeError {
        let Some(first) =
            failure.diagnostics.iter().find(|d| d.severity == akua_source::Severity::Error)
        else {
            return internal(format!("the package `{alias}` failed without a reason"));
        };
        let code = first.code.as_str();
        let is_final = ["E_BUDGET_", "E_POLICY_"].iter().any(|prefix| code.starts_with(prefix));
        if is_final || code == "E_RENDER_BUDGET_DEPTH" {
            let _recorded = self.driver.fatal(first.clone());
        }
        let mut error = failure::bridge(first);
        let place = first.labels.first().and_then(|label| {
            let location = failure.sources.location(label.span)?;
            let file = failure.sources.get(label.span.file)?;
            Some(format!("{}:{}:{}", file.name, location.line, location.column))
        });
        if let Some(place) = place {
            error.message = format!("{place}: {}", error.message);
        }
        within(alias, error)
    }
}

/// Refuses a chart that is a path.
fn untyped(chart: &str) -> BridgeError {
    BridgeError {
        code: "E_STRICT_UNTYPED_CHART".to_owned(),
        message: format!(
            "`{}` is a path, where --strict wants a dependency",
            chart.escape_default()
        ),
        path: None,
        help: Some("declare the chart in akua.toml and pass `charts.<alias>.path`".to_owned()),
    }
}

/// Says in which package an error is.
fn within(alias: &str, mut error: BridgeError) -> BridgeError {
    error.message = format!("in package `{alias}`: {}", error.message);
    error
}

impl Driver<'_> {
    /// Returns the frame for an engine: the request, and the files below a directory, with those of
    /// the charts that it depends on where helm looks for them.
    fn frame(
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
    fn lend(&mut self, bytes: usize) -> Result<Loan, BridgeError> {
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
