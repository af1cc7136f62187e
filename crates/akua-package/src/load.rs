//! From a path that a person named to a package with open folders, all of them what the lock says.

use crate::catalog::Supply;
use crate::content::{self, ENTRY, METADATA_LIMIT_BYTES};
use crate::key::{SourceKey, local_path};
use crate::locking::{path_changed, referenced};
use crate::problem::{Drift, Problem};
use crate::project::{Project, find_locked, inside, no_entry, normal, read_manifest};
use crate::vendor;
use akua_disk::{Folder, TreeLimits};
use akua_manifest::{Alias, Lock, LockedPackage, Manifest, ModuleDependency, Source, parse_module};
use akua_source::{Diagnostic, Digest, SourceMap};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Charts in each other, at most: helm itself has no need of more.
const CHARTS_LIMIT: usize = 16;

/// A package, ready to be rendered.
#[derive(Debug)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// The bytes of its manifest.
    pub manifest_bytes: Vec<u8>,
    /// Its root.
    pub root: Folder,
    /// Path of the entry file below the root.
    pub entry: String,
    /// Its dependencies, by alias.
    pub dependencies: Vec<Dependency>,
    graph: Rc<Graph>,
}

/// A dependency on disk.
#[derive(Debug)]
pub struct Dependency {
    /// The name that the package uses.
    pub alias: Alias,
    /// What it is.
    pub kind: Kind,
    /// Its root.
    pub root: Folder,
    /// Digest of its files, where a lock vouches for them.
    pub digest: Option<Digest>,
    /// Charts that it depends on and does not carry itself.
    pub charts: Vec<Subchart>,
    /// Whether the package declares it; else a module that it imports does.
    pub declared: bool,
    /// The tree that it lies in, if it was fetched: what it asks for by path lies there too.
    tree: Option<PathBuf>,
}

/// A chart that a chart depends on.
#[derive(Debug)]
pub struct Subchart {
    /// Where helm looks for it, below the chart: `charts/NAME`.
    pub path: String,
    /// Its root.
    pub root: Folder,
}

/// What a dependency is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A Helm chart: `Chart.yaml`.
    Chart,
    /// A Package: `akua.toml` and `package.k`.
    Package,
    /// A KCL module: `kcl.mod`.
    Module,
    /// Neither: a folder, for overlays and the like.
    Folder,
}

/// What all packages of one render share.
#[derive(Debug)]
struct Graph {
    root: PathBuf,
    workspace: PathBuf,
    lock: Option<Lock>,
    /// Directories that stand in for sources.
    replaced: BTreeMap<SourceKey, String>,
    /// Directories of vendored copies, by source.
    aliases: BTreeMap<SourceKey, String>,
    supply: Rc<Supply>,
    /// Digests of directories that were checked.
    checked: RefCell<BTreeMap<PathBuf, Digest>>,
    /// Entries of the lock that cannot be opened, and why.
    broken: RefCell<BTreeMap<(SourceKey, Digest), Problem>>,
}

/// A package that asks for others.
struct Asking<'a> {
    graph: &'a Graph,
    root: &'a Path,
    tree: Option<&'a Path>,
}

/// Loads the package that a person named: a directory or an entry file.
///
/// # Errors
/// What is wrong with it; `E_LOCK_MISSING` and `E_LOCK_DRIFT`.
pub fn load(path: &Path, supply: Rc<Supply>) -> Result<Package, Problem> {
    let project = Project::open(path)?;
    let (replaced, aliases) = (project.replaced(), vendor::aliases(&project));
    let Project { manifest, manifest_bytes, root, entry, lock, workspace, sources } = project;
    if !root.has_file(&entry) {
        return Err(no_entry(&root.path().join(&entry)));
    }
    let graph = Graph {
        root: root.path().to_path_buf(),
        workspace,
        lock,
        replaced,
        aliases,
        supply,
        checked: RefCell::default(),
        broken: RefCell::default(),
    };
    let graph = Rc::new(graph);
    graph.prefetch();
    graph.digest_all();
    let asking = Asking { graph: &graph, root: root.path(), tree: None };
    let dependencies = asking.dependencies(&manifest, &sources)?;
    graph.complete();
    Ok(Package { manifest, manifest_bytes, root, entry, dependencies, graph })
}

impl Package {
    /// Returns the directories that a render of it may read, those of the packages in it included.
    pub fn places(&self) -> Vec<PathBuf> {
        let graph = &self.graph;
        let mut places = vec![graph.root.clone()];
        let place = |entry: &LockedPackage| match local_path(entry) {
            Some(path) => {
                let folder = inside(&graph.root, &graph.workspace, &entry.name, path).ok()?;
                Some(folder.path().to_path_buf())
            }
            None => Some(graph.supply.cache.tree(&entry.digest)),
        };
        match &graph.lock {
            Some(lock) => places.extend(lock.packages.iter().filter_map(place)),
            None if self.manifest.dependencies.is_empty() => {}
            // Packages in it may ask for any directory of the workspace.
            None => places.push(graph.workspace.clone()),
        }
        places
    }

    /// Closes the network: all that a render needs is here.
    pub fn close_network(&self) {
        if let Some(remote) = &self.graph.supply.remote {
            remote.close();
        }
    }
}

/// Loads a dependency that is a Package. The lock is that of the package that is rendered.
///
/// # Errors
/// As [`load`].
pub fn load_dependency(from: &Package, dependency: &Dependency) -> Result<Package, Problem> {
    let root = Folder::open(dependency.root.path())?;
    let mut sources = SourceMap::default();
    let (manifest, manifest_bytes) = read_manifest(&root, &mut sources)?;
    let asking = Asking { graph: &from.graph, root: root.path(), tree: dependency.tree.as_deref() };
    let dependencies = asking.dependencies(&manifest, &sources)?;
    let graph = Rc::clone(&from.graph);
    Ok(Package { manifest, manifest_bytes, root, entry: ENTRY.to_owned(), dependencies, graph })
}

impl Asking<'_> {
    fn dependencies(
        &self,
        manifest: &Manifest,
        sources: &SourceMap,
    ) -> Result<Vec<Dependency>, Problem> {
        let mut found: Vec<Dependency> = Vec::with_capacity(manifest.dependencies.len());
        for declared in &manifest.dependencies {
            let dependency = self.dependency(declared).map_err(|mut problem| {
                // What has no place of its own happened at the dependency's line.
                if let [only] = problem.diagnostics.as_mut_slice()
                    && only.labels.is_empty()
                {
                    *only = only.clone().label(declared.span, "");
                    problem.sources = sources.clone();
                }
                problem
            })?;
            found.push(dependency);
        }
        let mut at = 0;
        while let Some(module) = found.get(at) {
            let more = match module.kind {
                Kind::Module => self.imported(module, &found)?,
                Kind::Chart | Kind::Package | Kind::Folder => Vec::new(),
            };
            found.extend(more);
            at = at.saturating_add(1);
        }
        Ok(found)
    }

    fn dependency(&self, declared: &akua_manifest::Dependency) -> Result<Dependency, Problem> {
        self.one(&declared.alias, &declared.source, true)
    }

    fn one(&self, alias: &Alias, source: &Source, declared: bool) -> Result<Dependency, Problem> {
        let graph = self.graph;
        if let (Source::Path { path }, Some(tree)) = (source, self.tree) {
            // The digest of the tree is its digest too.
            let root = inside(self.root, tree, alias.as_str(), path)?;
            return Ok(dependency(alias, root, declared, Some(tree.to_path_buf())));
        }
        let (key, folder) = match source {
            Source::Path { path } => {
                let folder = inside(self.root, &graph.workspace, alias.as_str(), path);
                // What is locked and gone is drift; what never was there is a wrong path.
                let folder =
                    folder.map_err(|error| self.gone(alias, path).map_or(error, Box::new))?;
                (SourceKey::folder(&graph.root, folder.path()), Some(folder))
            }
            _ => match SourceKey::remote(source, alias) {
                Some(key) => (key, None),
                None => return Err(unlocked(alias)),
            },
        };
        let Some(lock) = &graph.lock else {
            return match folder {
                Some(root) => Ok(dependency(alias, root, declared, None)),
                None => Err(not_locked(alias)),
            };
        };
        let entry = find_locked(lock, &key, source).ok_or_else(|| unlocked(alias))?;
        let mut found = self.locked(alias, entry, declared)?;
        if found.kind == Kind::Chart {
            subcharts(graph, lock, entry, "", 0, &mut found.charts)?;
        }
        Ok(found)
    }

    /// Opens what an entry of the lock stands for, which has to be what the entry says.
    fn locked(
        &self,
        alias: &Alias,
        entry: &LockedPackage,
        declared: bool,
    ) -> Result<Dependency, Problem> {
        let (root, tree) = self.graph.open(entry)?;
        let mut found = dependency(alias, root, declared, tree);
        found.digest = Some(entry.digest.clone());
        Ok(found)
    }

    /// Returns the drift of a directory that is locked and gone.
    fn gone(&self, alias: &Alias, path: &str) -> Option<Diagnostic> {
        let lock = self.graph.lock.as_ref()?;
        let wanted = self.root.join(path);
        let is_this = |entry: &&LockedPackage| {
            let key = SourceKey::locked(&entry.source);
            let known = key.path().map(|known| normal(&self.graph.root.join(known)));
            known.is_some_and(|known| known == normal(&wanted))
        };
        lock.packages.iter().find(is_this).filter(|_| !akua_disk::is_folder(&wanted))?;
        let message = format!("the directory `{path}` of the dependency `{alias}` is gone");
        Some(Drift::Missing.diagnostic(message))
    }

    /// Returns the modules that a module imports, besides those that are there.
    fn imported(
        &self,
        module: &Dependency,
        there: &[Dependency],
    ) -> Result<Vec<Dependency>, Problem> {
        let shown = format!("{}/kcl.mod", module.alias);
        let bytes = module.root.read("kcl.mod", METADATA_LIMIT_BYTES)?;
        let mut sources = SourceMap::default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let file = sources.add(shown, text.clone());
        let parsed = parse_module(file, &text)
            .map_err(|error| Problem { diagnostics: vec![*error], sources: sources.clone() })?;
        let asking =
            Asking { graph: self.graph, root: module.root.path(), tree: module.tree.as_deref() };
        let mut found = Vec::new();
        for (name, wanted) in parsed.dependencies {
            let told = |reason| Problem::from(Diagnostic::error("E_KCL_MODULE", reason));
            let alias = Alias::new(&name).map_err(told)?;
            let known = there.iter().any(|known| known.alias.module() == alias.module());
            if known || (self.graph.lock.is_none() && !is_path(&wanted)) {
                continue;
            }
            let registry = self.graph.supply.module_registry.as_deref();
            let source = content::module_source(wanted, registry).map_err(told)?;
            found.push(asking.one(&alias, &source, false)?);
        }
        Ok(found)
    }
}

fn is_path(wanted: &ModuleDependency) -> bool {
    matches!(wanted, ModuleDependency::Source(Source::Path { .. }))
}

impl Graph {
    /// Fetches what is neither vendored nor cached, several entries at a time.
    fn prefetch(&self) {
        let Some(lock) = &self.lock else { return };
        let is_vendored = akua_disk::is_folder(&self.root.join(vendor::VENDOR));
        let entries = lock.packages.iter();
        let entries = entries.filter(|entry| local_path(entry).is_none() && !is_vendored);
        vendor::prefetch(entries, &self.supply);
    }

    /// Digests all that the lock names and that is there, several trees at a time.
    fn digest_all(&self) {
        let Some(lock) = &self.lock else { return };
        let vendored = self.root.join(vendor::VENDOR);
        let names = akua_disk::names(&vendored).unwrap_or_default();
        let places = lock.packages.iter().map(|entry| {
            let local = local_path(entry);
            local.map_or_else(|| self.supply.cache.tree(&entry.digest), |path| self.root.join(path))
        });
        let fetched = places.filter_map(|path| Folder::open(&path).ok());
        let copies = names.into_iter().filter_map(|name| vendor::open(&self.root, &name).ok());
        let folders: Vec<Folder> = fetched.chain(copies.flatten()).collect();
        if folders.len() < 2 {
            return;
        }
        let found = akua_disk::digests(&folders, TreeLimits::default());
        for (folder, digest) in folders.iter().zip(found) {
            // What cannot be read is told when it is used.
            if let Ok(digest) = digest {
                self.checked.borrow_mut().insert(folder.path().to_path_buf(), digest);
            }
        }
    }

    /// Opens what only packages in the package need: once the render runs, nothing is fetched and
    /// the cache is not written. What goes wrong is told when the entry is used.
    fn complete(&self) {
        let Some(lock) = &self.lock else { return };
        for entry in lock.packages.iter().filter(|entry| local_path(entry).is_none()) {
            if let Err(problem) = self.open(entry) {
                let name = (SourceKey::locked(&entry.source), entry.digest.clone());
                self.broken.borrow_mut().insert(name, problem);
            }
        }
    }

    /// Opens the directory of an entry, and the tree that it was fetched as.
    fn open(&self, entry: &LockedPackage) -> Result<(Folder, Option<PathBuf>), Problem> {
        let key = SourceKey::locked(&entry.source);
        if let Some(known) = self.broken.borrow().get(&(key.clone(), entry.digest.clone())) {
            return Err(known.clone());
        }
        if entry.replaced.as_ref() != self.replaced.get(&key) {
            let message = format!("akua.toml and akua.lock do not agree on what replaces `{key}`");
            return Err(Drift::Unlocked.diagnostic(message).into());
        }
        if let Some(path) = local_path(entry) {
            let folder = inside(&self.root, &self.workspace, &entry.name, path)?;
            let found = self.digest(&folder)?;
            if found != entry.digest {
                return Err(path_changed(path, &entry.digest, &found).into());
            }
            return Ok((folder, None));
        }
        for name in vendor::places(entry, self.aliases.get(&key)) {
            let Some(folder) = vendor::open(&self.root, &name)? else { continue };
            let found = self.digest(&folder)?;
            if found == entry.digest {
                let tree = folder.path().to_path_buf();
                return Ok((folder, Some(tree)));
            }
            return Err(vendor::changed(entry, &format!("{}/{name}", vendor::VENDOR), &found));
        }
        let folder = match Folder::open(&self.supply.cache.tree(&entry.digest)) {
            // It was digested before, with the others.
            Ok(folder) if self.digest(&folder)? == entry.digest => folder,
            _ => vendor::tree(entry, &self.supply)?,
        };
        let tree = folder.path().to_path_buf();
        Ok((folder, Some(tree)))
    }

    fn digest(&self, folder: &Folder) -> Result<Digest, Problem> {
        if let Some(known) = self.checked.borrow().get(folder.path()) {
            return Ok(known.clone());
        }
        let digest = folder.digest(TreeLimits::default())?;
        self.checked.borrow_mut().insert(folder.path().to_path_buf(), digest.clone());
        Ok(digest)
    }
}

/// Collects the charts that a chart's entry depends on.
fn subcharts(
    graph: &Graph,
    lock: &Lock,
    entry: &LockedPackage,
    prefix: &str,
    depth: usize,
    found: &mut Vec<Subchart>,
) -> Result<(), Problem> {
    if depth > CHARTS_LIMIT {
        let message = format!("charts depend on each other in more than {CHARTS_LIMIT} levels");
        return Err(Diagnostic::error("E_CHART_RESOLVE", message).into());
    }
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

fn dependency(alias: &Alias, root: Folder, declared: bool, tree: Option<PathBuf>) -> Dependency {
    let kind = content::kind(&root);
    Dependency {
        alias: alias.clone(),
        kind,
        root,
        digest: None,
        charts: Vec::new(),
        declared,
        tree,
    }
}

fn not_locked(alias: &Alias) -> Problem {
    let message = format!("the dependency `{alias}` is not locked: there is no akua.lock");
    let help = "run `akua lock`, and commit akua.lock beside akua.toml";
    Diagnostic::error("E_LOCK_MISSING", message).help(help).into()
}

fn unlocked(alias: &Alias) -> Problem {
    let message = format!("akua.lock has nothing that fits the dependency `{alias}`");
    Drift::Unlocked.diagnostic(message).into()
}
