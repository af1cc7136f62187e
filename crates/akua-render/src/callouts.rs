//! Answers the worker: engines in Stores of their own, nested packages in workers of their own.

use crate::arguments::{self, HelmTemplate, KustomizeBuild, Names, PackageRender};
use crate::driver::{Driver, internal};
use crate::events::{self, BridgeCall};
use crate::failure::{self, RenderFailure};
use crate::paths;
use crate::plan::{CHART_HANDLE, Inputs};
use akua_package::{Kind, Package};
use akua_sandbox::{Callouts, Guest};
use akua_wire::protocol::{
    BridgeError, BridgeValue, Envelope, METHOD_HELM, METHOD_KUSTOMIZE, METHOD_LOAD, METHOD_PACKAGE,
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::rc::Rc;

/// Refused paths that people are told of.
const ESCAPES_LIMIT: usize = 8;

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

/// The driver while a package's program runs.
pub(crate) struct Answering<'d, 's> {
    driver: &'d mut Driver<'s>,
    package: &'d Package,
}

impl<'d, 's> Answering<'d, 's> {
    pub(crate) fn new(driver: &'d mut Driver<'s>, package: &'d Package) -> Self {
        Self { driver, package }
    }
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
