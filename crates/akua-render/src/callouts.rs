//! Answers the worker: engines in Stores of their own, nested packages in workers of their own.

use crate::arguments::{self, HelmTemplate, KustomizeBuild, PackageRender};
use crate::failure::{self, RenderFailure};
use crate::paths;
use crate::plan::{Inputs, plan};
use crate::worker::{Finished, Item, finish, identity};
use akua_disk::{Folder, TreeLimits};
use akua_objects::Object;
use akua_package::{Kind, Package};
use akua_sandbox::{Callouts, Guest, Session};
use akua_source::Diagnostic;
use akua_wire::protocol::{
    self, BridgeError, BridgeValue, Envelope, METHOD_HELM, METHOD_KUSTOMIZE, METHOD_LOAD,
    METHOD_PACKAGE,
};
use akua_wire::{FrameBuilder, decode};
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use std::rc::Rc;

/// Bytes of what a program prints that are kept.
const PRINTED_LIMIT_BYTES: usize = 1 << 20;

/// One render: the session, the packages on the way, the objects that engines made.
pub(crate) struct Driver<'s> {
    session: &'s Session,
    /// Objects by handle.
    held: Vec<Rc<Object>>,
    /// Roots of the packages on the way, outermost first.
    stack: Vec<PathBuf>,
    /// A broken budget: it wins over however the program goes on.
    pub(crate) fatal: Option<RenderFailure>,
    /// What programs printed.
    pub(crate) printed: Vec<u8>,
    /// What refused paths resolved to: for people, never for the program.
    escapes: Vec<String>,
}

impl<'s> Driver<'s> {
    pub(crate) fn new(session: &'s Session) -> Self {
        Self {
            session,
            held: Vec::new(),
            stack: Vec::new(),
            fatal: None,
            printed: Vec::new(),
            escapes: Vec::new(),
        }
    }

    /// Runs a package in a worker Store of its own.
    pub(crate) fn run(
        &mut self,
        package: &Package,
        inputs: Option<&Inputs>,
    ) -> Result<Finished, RenderFailure> {
        let plan = plan(package, inputs, self.session.limits())?;
        self.stack.push(package.root.path().to_path_buf());
        let mut calls = Answering { driver: self, package };
        let session = calls.driver.session;
        let outcome = session.run_worker(&plan.mounts, &plan.request, &mut calls);
        self.stack.pop();
        let output = outcome?;
        let left = PRINTED_LIMIT_BYTES.saturating_sub(self.printed.len());
        self.printed.extend(output.stdout.iter().take(left));
        finish(&output)
    }

    /// Returns the failure to report: a broken budget before what the program made of it.
    pub(crate) fn verdict(&mut self, failure: RenderFailure) -> RenderFailure {
        let mut verdict = match self.fatal.take() {
            // The program's own failure says where; it has the same code if it went on to fail.
            Some(fatal)
                if fatal.diagnostics.first().map(|d| &d.code)
                    != failure.diagnostics.last().map(|d| &d.code) =>
            {
                fatal
            }
            _ => failure,
        };
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
        let limit = crate::RESOURCES_LIMIT.saturating_mul(4);
        if total > limit {
            let message = format!("engines made more than {limit} objects");
            return Err(self.budget(Diagnostic::error("E_BUDGET_RESOURCES", message)));
        }
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let value =
            BridgeValue::Objects { first: number(self.held.len()), count: number(objects.len()) };
        self.held.extend(objects);
        Ok(value)
    }

    /// Records a broken budget and returns it for the program.
    fn budget(&mut self, diagnostic: Diagnostic) -> BridgeError {
        let error = failure::bridge(&diagnostic);
        if self.fatal.is_none() {
            self.fatal = Some(diagnostic.into());
        }
        error
    }

    fn engine(&mut self, guest: Guest, frame: &[u8]) -> Result<BridgeValue, BridgeError> {
        let output = match self.session.run_engine(guest, frame) {
            Ok(output) => output,
            Err(error) => return Err(self.budget(failure::sandbox(&error))),
        };
        let objects = engine_objects(&output.bytes).map_err(failure::with_help)?;
        self.hold(objects)
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
        let answer = match method {
            METHOD_LOAD => self.load(args),
            METHOD_HELM => self.helm(args),
            METHOD_KUSTOMIZE => self.kustomize(args),
            METHOD_PACKAGE => self.nested(args),
            _ => Err(internal(format!("there is no plugin `{}`", method.escape_default()))),
        };
        let envelope = match answer {
            Ok(value) => Envelope::Ok(value),
            Err(error) => Envelope::Error(error),
        };
        serde_json::to_string(&envelope).unwrap_or_default()
    }
}

impl Answering<'_, '_> {
    fn load(&self, args: &str) -> Result<BridgeValue, BridgeError> {
        let handle = serde_json::from_str::<(u32,)>(args)
            .ok()
            .and_then(|(handle,)| usize::try_from(handle).ok());
        let object = handle.and_then(|handle| self.driver.held.get(handle));
        let object = object.ok_or_else(|| internal("there is no such object".to_owned()))?;
        let yaml = String::from_utf8(object.yaml.clone());
        yaml.map(BridgeValue::Yaml)
            .map_err(|_invalid| internal("an engine made an object that is not UTF-8".to_owned()))
    }

    fn helm(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        let arguments: HelmTemplate = arguments::read(METHOD_HELM, args)?;
        let chart = paths::chart(self.package, &arguments.chart);
        let chart = chart.map_err(|refused| self.refused(refused))?;
        let package = self.package.manifest.package.name.as_str();
        let release = arguments::release(arguments.release.as_deref(), package)?;
        let request = json!({
            "release": {
                "name": release,
                "namespace": arguments.namespace.as_deref().unwrap_or("default"),
                "isUpgrade": false,
                "revision": 1,
            },
            "values": arguments.values.unwrap_or_default(),
            "kubeVersion": arguments.kube_version.unwrap_or_default(),
            "apiVersions": arguments.api_versions.unwrap_or_default(),
            "includeCrds": arguments.include_crds.unwrap_or(true),
            "noHooks": arguments.no_hooks.unwrap_or(false),
            "skipTests": arguments.skip_tests.unwrap_or(false),
            "showOnly": arguments.show_only.unwrap_or_default(),
        });
        let frame = frame(&request, "chart", &chart)?;
        self.driver.engine(Guest::Helm, &frame).map_err(|mut error| {
            // The engine knows the chart's files only by their names in the chart.
            error.path = error.path.map(|path| format!("{}/{path}", arguments.chart));
            error
        })
    }

    /// Keeps for people what a refused path resolved to.
    fn refused(&mut self, refused: paths::Refused) -> BridgeError {
        self.driver.escapes.extend(refused.resolved);
        refused.error
    }

    fn kustomize(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        let arguments: KustomizeBuild = arguments::read(METHOD_KUSTOMIZE, args)?;
        let overlay = paths::directory(self.package, &arguments.path);
        let overlay = overlay.map_err(|refused| self.refused(refused))?;
        let request = json!({ "path": overlay.path });
        let overlay = paths::Allowed { path: String::new(), ..overlay };
        let frame = frame(&request, "file", &overlay)?;
        self.driver.engine(Guest::Kustomize, &frame)
    }

    fn nested(&mut self, args: &str) -> Result<BridgeValue, BridgeError> {
        let arguments: PackageRender = arguments::read(METHOD_PACKAGE, args)?;
        let alias = &arguments.package;
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
        let inputs = json!(arguments.inputs.unwrap_or_default()).to_string();
        let inputs = Inputs { name: format!("inputs of {alias}"), bytes: inputs.into_bytes() };
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
        if first.code.starts_with("E_BUDGET_") || first.code == "E_RENDER_BUDGET_DEPTH" {
            let _recorded = self.driver.budget(first.clone());
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

/// Says in which package an error is.
fn within(alias: &str, mut error: BridgeError) -> BridgeError {
    error.message = format!("in package `{alias}`: {}", error.message);
    error
}

/// Returns the frame for an engine: the request, and the files below a directory, with those of
/// the charts that it depends on where helm looks for them.
fn frame(
    request: &serde_json::Value,
    prefix: &str,
    from: &paths::Allowed<'_>,
) -> Result<Vec<u8>, BridgeError> {
    let read = |root: &Folder, path: &str| {
        root.tree(path, TreeLimits::default()).map_err(|error| failure::disk(&error))
    };
    let mut files = read(from.root, &from.path)?;
    for chart in from.charts {
        let more = read(&chart.root, "")?;
        files.extend(more.into_iter().map(|file| akua_disk::TreeFile {
            path: format!("{}/{}", chart.path, file.path),
            bytes: file.bytes,
        }));
    }
    let size = files.iter().map(|file| file.bytes.len()).fold(0_usize, usize::saturating_add);
    let mut frame = FrameBuilder::with_capacity(size);
    frame.push("request", request.to_string().as_bytes());
    for file in &files {
        frame.push(&format!("{prefix}/{}", file.path), &file.bytes);
    }
    Ok(frame.finish())
}
