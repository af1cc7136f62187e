//! The charts that a chart depends on and does not carry in its `charts/` directory.

use super::{Graph, unlocked};
use crate::content::{CHART, METADATA_LIMIT_BYTES, Reader};
use crate::key::SourceKey;
use crate::locking::referenced;
use crate::problem::{Drift, Problem};
use crate::project::{find_locked, inside};
use akua_disk::{Folder, Snapshot};
use akua_manifest::{Lock, LockedPackage, Source};
use akua_source::Diagnostic;
use std::path::Path;
use std::sync::Arc;

/// Charts in each other, at most: helm itself has no need of more.
const CHARTS_LIMIT: usize = 16;
/// Word without which a `Chart.yaml` asks for nothing: most are not decoded.
const ASKS: &[u8] = b"dependencies";

/// A chart that a chart depends on.
#[derive(Debug)]
pub struct Subchart {
    /// Where helm looks for it, below the chart: `charts/NAME`.
    pub path: String,
    /// Its root.
    pub root: Arc<Snapshot>,
}

/// Collects the charts that a chart's entry depends on.
pub(super) fn subcharts(
    graph: &Graph,
    lock: &Lock,
    entry: &LockedPackage,
    prefix: &str,
    depth: usize,
    found: &mut Vec<Subchart>,
) -> Result<(), Problem> {
    check_depth(depth)?;
    for name in &entry.dependencies {
        let Some(chart) = referenced(lock, name) else {
            let message = format!("the lock has no `{name}`, which `{}` depends on", entry.name);
            return Err(Drift::Unlocked.diagnostic(message).into());
        };
        let (root, _) = graph.open(chart)?;
        let path = format!("{prefix}charts/{}", chart.name);
        subcharts(graph, lock, chart, &format!("{path}/"), depth.saturating_add(1), found)?;
        found.push(Subchart { path, root });
    }
    Ok(())
}

fn check_depth(depth: usize) -> Result<(), Problem> {
    if depth <= CHARTS_LIMIT {
        return Ok(());
    }
    let message = format!("charts depend on each other in more than {CHARTS_LIMIT} levels");
    Err(Diagnostic::error("E_CHART_RESOLVE", message).into())
}

/// A fetched tree that carries charts. They have no entries of their own in the lock: what they
/// ask for is locked as what the tree asks for.
pub(super) struct Carried<'a> {
    pub(super) graph: &'a Graph,
    pub(super) lock: &'a Lock,
    pub(super) tree: &'a Path,
}

impl Carried<'_> {
    /// Collects the charts that a chart of the tree depends on.
    pub(super) fn charts(
        &self,
        chart: &Folder,
        prefix: &str,
        depth: usize,
        found: &mut Vec<Subchart>,
    ) -> Result<(), Problem> {
        check_depth(depth)?;
        let metadata = chart.read(CHART, METADATA_LIMIT_BYTES)?;
        if !metadata.windows(ASKS.len()).any(|window| window == ASKS) {
            return Ok(());
        }
        let supply = &self.graph.supply;
        let module_registry = supply.module_registry.as_deref();
        let reader = Reader { yaml: supply.yaml.as_ref(), module_registry };
        let shown = chart.path().strip_prefix(self.tree).unwrap_or(Path::new(CHART));
        let deeper = depth.saturating_add(1);
        for want in reader.content(chart, &shown.to_string_lossy())?.wants {
            let alias = &want.alias;
            if let Source::Path { path } = &want.source {
                let root = inside(chart.path(), self.tree, alias.as_str(), path)?;
                let path = format!("{prefix}charts/{alias}");
                self.charts(&root, &format!("{path}/"), deeper, found)?;
                let root = self.graph.snapshot(root, Some(self.tree));
                found.push(Subchart { path, root });
                continue;
            }
            let key = SourceKey::remote(&want.source, alias).ok_or_else(|| unlocked(alias))?;
            let entry = find_locked(self.lock, &key, &want.source);
            let entry = entry.ok_or_else(|| unlocked(alias))?;
            let (root, _) = self.graph.open(entry)?;
            let path = format!("{prefix}charts/{}", entry.name);
            subcharts(self.graph, self.lock, entry, &format!("{path}/"), deeper, found)?;
            found.push(Subchart { path, root });
        }
        Ok(())
    }
}
