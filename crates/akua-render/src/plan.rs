//! What a worker Store gets for a package: mounts, modules, inputs.

use crate::failure::RenderFailure;
use crate::files::Reads;
use akua_package::{Dependency, Kind, Package};
use akua_policy::Effective;
use akua_sandbox::Mount;
use akua_source::{Budget, Budgets, Diagnostic};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{Goal, INPUTS, REQUEST, Request};

/// Largest source file, in bytes.
pub(crate) const SOURCE_LIMIT_BYTES: u64 = 16 << 20;
/// Steps that a program may take for each millisecond that the worker has: a fifth of what it does
/// in that time on a quiet machine.
const STEPS_PER_MILLISECOND: u64 = 4_000;
/// Where the package is mounted.
const PACKAGE_MOUNT: &str = "/package";
/// Where its dependencies are mounted.
const DEPENDENCIES_MOUNT: &str = "/deps";
/// Entry file of a dependency.
const PACKAGE_ENTRY: &str = "package.k";
/// Beginning of the opaque handle of a chart dependency.
pub(crate) const CHART_HANDLE: &str = "chart:";

/// The inputs document of a render.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Its name, for errors.
    pub name: String,
    /// Its bytes: YAML or JSON.
    pub bytes: Vec<u8>,
}

/// What a worker Store gets.
pub(crate) struct Plan {
    pub(crate) mounts: Vec<Mount>,
    pub(crate) request: Vec<u8>,
}

/// Plans the render of a package.
pub(crate) fn plan(
    package: &Package,
    inputs: Option<&Inputs>,
    policy: &Effective,
    reads: &Reads,
) -> Result<Plan, RenderFailure> {
    let mut mounts = vec![reads.mount(PACKAGE_MOUNT.to_owned(), &package.root)];
    let mut request = Request {
        files: vec![format!("{PACKAGE_MOUNT}/{}", package.entry)],
        root: Some(PACKAGE_MOUNT.to_owned()),
        work_folder: PACKAGE_MOUNT.to_owned(),
        names: vec![(PACKAGE_MOUNT.to_owned(), String::new())],
        modules: policy.modules.as_ref().map(|modules| modules.iter().cloned().collect()),
        steps: Some(steps(&policy.budgets)),
        goal: Goal::Render { inputs: inputs.is_some() },
        ..Request::default()
    };
    let folders = guest_paths(&package.dependencies);
    for (dependency, guest_path) in package.dependencies.iter().zip(&folders) {
        mounts.push(reads.mount(guest_path.clone(), &dependency.root));
        request.names.push((guest_path.clone(), dependency.alias.to_string()));
        add(&mut request, dependency, guest_path, &folders);
    }
    let json = serde_json::to_vec(&request)
        .map_err(|error| RenderFailure::from(Diagnostic::error("E_INTERNAL", error.to_string())))?;
    let mut frame = FrameBuilder::new().part(REQUEST, &json);
    if let Some(inputs) = inputs {
        frame.push(INPUTS, &inputs.bytes);
    }
    Ok(Plan { mounts, request: frame.finish() })
}

/// Returns where dependencies are mounted: by their aliases. Modules that others import may have the
/// alias of another one, and a number then.
fn guest_paths(dependencies: &[Dependency]) -> Vec<String> {
    let path = |(at, dependency): (usize, &Dependency)| {
        let alias = &dependency.alias;
        let is_taken = dependencies.iter().take(at).any(|other| other.alias == *alias);
        let number = if is_taken { format!("~{at}") } else { String::new() };
        format!("{DEPENDENCIES_MOUNT}/{alias}{number}")
    };
    dependencies.iter().enumerate().map(path).collect()
}

/// Adds what a dependency gives to programs.
fn add(request: &mut Request, dependency: &Dependency, guest_path: &str, folders: &[String]) {
    match dependency.kind {
        Kind::Chart => {
            let (module, source) = chart_module(dependency, guest_path);
            request.charts.push((module.clone(), guest_path.to_owned()));
            request.virtual_packages.push((module, source));
        }
        Kind::Package | Kind::Module => {
            if dependency.kind == Kind::Package {
                let (module, source) = package_module(dependency);
                request.packages.push((module.clone(), format!("{guest_path}/{PACKAGE_ENTRY}")));
                request.virtual_packages.push((module, source));
            }
            // Of several of a name the first: what the package declares.
            request.externals.push((dependency.alias.module(), guest_path.to_owned()));
        }
        Kind::Folder => {}
    }
    for (name, at) in &dependency.imports {
        let target = folders.get(*at).cloned().unwrap_or_default();
        request.own_externals.push((guest_path.to_owned(), name.clone(), target));
    }
}

/// Returns the module `charts.<alias>`. Its version is read in the Store, and only where it is
/// asked for.
fn chart_module(dependency: &Dependency, guest_path: &str) -> (String, String) {
    let alias = &dependency.alias;
    let digest = dependency.digest.as_ref().map_or("None".to_owned(), |d| format!("\"{d}\""));
    let source = format!(
        r#"import file
import yaml
import akua.helm

path = "{CHART_HANDLE}{alias}"
digest = {digest}
version = yaml.decode(file.read("{guest_path}/Chart.yaml")).version
template = lambda options = {{}} {{
    helm.template({{"chart" = path, **options}})
}}
"#
    );
    (format!("charts.{}", alias.module()), source)
}

/// Returns the module `pkgs.<alias>`; the worker adds the schemas of the Package.
fn package_module(dependency: &Dependency) -> (String, String) {
    let alias = &dependency.alias;
    let source = format!(
        r#"import akua.pkg as _pkg

render = lambda inputs = {{}} {{
    _pkg.render({{"package" = "{alias}", "inputs" = inputs}})
}}
"#
    );
    (format!("pkgs.{}", alias.module()), source)
}

/// Returns how many steps a program may take: they end before the time of the worker.
pub(crate) fn steps(budgets: &Budgets) -> u64 {
    budgets.amount(Budget::WorkerTimeout).saturating_mul(STEPS_PER_MILLISECOND)
}
