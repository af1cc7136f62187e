//! The package that `akua doctor` renders, and the program that must not end by itself.

use super::{Check, Status, reason};
use crate::{Failure, Home};
use akua_disk::Staging;
use akua_package::{Package, Project};
use akua_policy::{Effective, Trail};
use akua_render::{EvalRequest, Options, RenderFailure};
use akua_sandbox::Paths;
use akua_source::Budget;
use std::rc::Rc;
use std::sync::Arc;

/// Files of the package.
const FILES: [(&str, &str); 6] = [
    (
        "akua.toml",
        "[package]\nname = \"doctor\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n\n[dependencies]\nchart = { path = \"./chart\" }\n",
    ),
    (
        "package.k",
        "import akua.kustomize\nimport charts.chart\n\nown = {apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"kcl\"}\nresources = [own] + chart.template({release = \"doctor\"}) + kustomize.build({path = \"overlay\"})\n",
    ),
    ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"),
    (
        "chart/templates/object.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ printf \"%s-helm\" .Release.Name }}\n",
    ),
    ("overlay/kustomization.yaml", "namePrefix: doctor-\nresources: [object.yaml]\n"),
    ("overlay/object.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kustomize\n"),
];
/// What it renders to.
const EXPECTED: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kcl\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: doctor-helm\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: doctor-kustomize\n";
/// A program that takes minutes without a limit, and 30 MB at once.
const ENDLESS: &str =
    "_text = \"a\" * 30000000\nx = [i for i in range(100000) if _text.count(\"ab\") > 0]\n";
/// The time that it has where time is not the limit.
const PATIENCE_MILLISECONDS: u64 = 20_000;
/// Its name.
const ENDLESS_NAME: &str = "endless.k";

/// The package on disk, as long as this lives.
pub(super) struct Written {
    package: Package,
    staging: Staging,
}

/// Writes the package.
///
/// # Errors
/// The disk refuses, or the package is none.
pub(super) fn write(mut staging: Staging, home: &Home) -> Result<Written, Failure> {
    for (name, text) in FILES.into_iter().chain([(ENDLESS_NAME, ENDLESS)]) {
        staging.file(name, text.as_bytes())?;
    }
    let home = Home { offline: true, ..home.clone() };
    let project = Project::open(staging.path())?;
    let package = akua_package::load(project, Rc::new(home.supply(None, &Effective::default())?))?;
    Ok(Written { package, staging })
}

impl Written {
    /// Returns the files that the checks reach.
    pub(super) fn files(&self) -> Paths {
        let holder = self.staging.path().parent().map(std::path::Path::to_path_buf);
        let writable = holder.into_iter().collect();
        Paths { readable: self.package.places(), writable, ..Paths::default() }
    }

    /// Renders the package, and compares.
    pub(super) fn rendered(&self) -> Check {
        let name = "self-test: KCL, helm, kustomize";
        let mut trail = Trail::default();
        let rendered = akua_render::render(&self.package, None, &Options::default(), &mut trail);
        let check = match rendered {
            Ok(rendered) => {
                let stream = akua_objects::stream(&akua_objects::lay_out(rendered.objects));
                if stream == EXPECTED.as_bytes() {
                    return Check::new(name, Status::Ok, "rendered to the expected bytes");
                }
                Check::new(name, Status::Fail, "rendered to other bytes than expected")
            }
            Err(failure) => Check::new(name, Status::Fail, reason(&failure.into())),
        };
        check.help("install akua anew; if that does not help, report it")
    }

    /// Runs what has no end into each of the limits of a Store.
    pub(super) fn limited(&self) -> [Check; 3] {
        [
            self.ends("limit of time", "E_BUDGET_DEADLINE", Budget::WorkerTimeout, 200),
            self.ends("limit of fuel", "E_BUDGET_FUEL", Budget::Fuel, 100_000_000),
            self.ends("limit of memory", "E_BUDGET_MEMORY", Budget::WorkerMemory, 24 << 20),
        ]
    }

    /// Runs the endless program; a limit has to end it, with this code.
    fn ends(&self, name: &str, code: &str, budget: Budget, amount: u64) -> Check {
        let mut policy = Effective::default();
        policy.budgets.set(Budget::WorkerTimeout, PATIENCE_MILLISECONDS);
        policy.budgets.set(budget, amount);
        let failure: Failure = match self.endless(&policy) {
            Ok(()) => {
                let check = Check::new(name, Status::Fail, "nothing ended an endless program");
                return check.help("report it; until then render what you trust only");
            }
            Err(failure) => failure.into(),
        };
        let found = failure.diagnostics.first().map_or("", |first| first.code.as_str());
        let status = if found == code { Status::Ok } else { Status::Fail };
        Check::new(name, status, format!("ended with {}", reason(&failure)))
    }

    fn endless(&self, policy: &Effective) -> Result<(), RenderFailure> {
        let guest_path = "/src/0".to_owned();
        let request = EvalRequest {
            files: vec![format!("{guest_path}/{ENDLESS_NAME}")],
            work_folder: guest_path.clone(),
            externals: Vec::new(),
            names: vec![(guest_path.clone(), String::new())],
            mounts: vec![(guest_path, Arc::clone(&self.package.root))],
            options: crate::eval::EvalOptions::default(),
        };
        akua_render::evaluate(request, policy).map(drop)
    }
}
