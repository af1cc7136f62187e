//! The one guard of paths that package code gives: below the package or a declared dependency.

use crate::failure;
use crate::plan::CHART_HANDLE;
use akua_disk::{DiskError, Snapshot};
use akua_package::{Kind, Package, Subchart};
use akua_wire::protocol::BridgeError;

/// A directory that package code may read: an open root and a path below it.
#[derive(Debug)]
pub(crate) struct Allowed<'p> {
    pub(crate) root: &'p Snapshot,
    pub(crate) path: String,
    /// Charts that a chart depends on and does not carry itself.
    pub(crate) charts: &'p [Subchart],
}

/// A path that was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What the program is told.
    pub(crate) error: BridgeError,
    /// What a person is told besides: what the path resolves to, and what is allowed.
    pub(crate) resolved: Option<String>,
}

impl From<BridgeError> for Refused {
    fn from(error: BridgeError) -> Self {
        Self { error, resolved: None }
    }
}

/// Resolves the chart of `helm.template`: a handle from `charts.<alias>.path`, or a path.
pub(crate) fn chart<'p>(package: &'p Package, requested: &str) -> Result<Allowed<'p>, Refused> {
    let Some(alias) = requested.strip_prefix(CHART_HANDLE) else {
        return directory(package, requested);
    };
    let mut charts = package.dependencies.iter().filter(|d| d.kind == Kind::Chart && d.declared);
    match charts.find(|dependency| dependency.alias.as_str() == alias) {
        Some(dependency) => {
            let charts = dependency.charts.as_slice();
            Ok(Allowed { root: &dependency.root, path: String::new(), charts })
        }
        None => Err(BridgeError {
            code: "E_CHART_RESOLVE".to_owned(),
            message: format!("there is no chart dependency `{alias}`"),
            path: Some(requested.to_owned()),
            help: Some("declare the chart in akua.toml and pass `charts.<alias>.path`".to_owned()),
        }
        .into()),
    }
}

/// Resolves a directory: relative to the package, links followed, below the package or below a
/// declared dependency.
pub(crate) fn directory<'p>(package: &'p Package, requested: &str) -> Result<Allowed<'p>, Refused> {
    match package.root.folder().resolve(requested) {
        Ok(path) => Ok(Allowed { root: &package.root, path, charts: &[] }),
        Err(DiskError::Escape { path, target }) => {
            let dependency = package.dependencies.iter().find_map(|dependency| {
                let relative =
                    target.strip_prefix(dependency.root.path()).ok()?.to_str()?.to_owned();
                let charts: &[Subchart] =
                    if relative.is_empty() { &dependency.charts } else { &[] };
                Some(Allowed { root: &dependency.root, path: relative, charts })
            });
            dependency.ok_or_else(|| {
                let root = package.root.path().display();
                let resolved =
                    format!("it resolves to `{}`; allowed is `{root}`", target.display());
                let error = failure::disk(&DiskError::Escape { path, target });
                Refused { error, resolved: Some(resolved) }
            })
        }
        Err(error) => Err(failure::disk(&error).into()),
    }
}
