//! From a path that a person named to a package with open folders, all of them what the lock says.

mod charts;

use crate::catalog::Supply;
use crate::content::{self, ENTRY, METADATA_LIMIT_BYTES};
use crate::key::{SourceKey, local_path};
use crate::locking::path_changed;
use crate::problem::{Drift, Problem};
use crate::project::{Project, find_locked, inside, no_entry, normal, parse_manifest};
use crate::trust;
use crate::vendor;
use akua_disk::{Folder, Listing, Snapshot, TreeLimits};
use akua_manifest::{Alias, Lock, LockedPackage, Manifest, ModuleDependency, Source, parse_module};
use akua_source::{Diagnostic, Digest, SourceMap};
use charts::{Carried, subcharts};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

pub use charts::Subchart;

/// A package, ready to be rendered.
#[derive(Debug)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its root.
    pub root: Arc<Snapshot>,
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
    pub root: Arc<Snapshot>,
    /// Digest of its files, where a lock vouches for them.
    pub digest: Option<Digest>,
    /// Charts that it depends on and does not carry itself.
    pub charts: Vec<Subchart>,
    /// What a KCL module imports: its name for it, and which of the package's dependencies it is.
    pub imports: Vec<(String, usize)>,
    /// Whether the package declares it; else a module that it imports does.
    pub declared: bool,
    /// The tree that it lies in, if it was fetched: what it asks for by path lies there too.
    tree: Option<PathBuf>,
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
    /// Files of directories that were checked.
    checked: RefCell<BTreeMap<PathBuf, Arc<Listing>>>,
    /// Trees that are open: a render sees each in one state.
    open: RefCell<BTreeMap<PathBuf, Arc<Snapshot>>>,
    /// Entries of the lock that cannot be opened, and why.
    broken: RefCell<BTreeMap<(SourceKey, Digest), Problem>>,
}

/// A package that asks for others.
struct Asking<'a> {
    graph: &'a Graph,
    root: &'a Path,
    tree: Option<&'a Path>,
}

/// Loads the package that a person named.
///
/// # Errors
/// What is wrong with it; `E_LOCK_MISSING` and `E_LOCK_DRIFT`.
pub fn load(project: Project, supply: Rc<Supply>) -> Result<Package, Problem> {
    if let Some(lock) = &project.lock {
        let (_, wrong) = trust::prove(lock, &project.roots(), &supply)?;
        if !wrong.is_empty() {
            return Err(Problem { diagnostics: wrong, sources: project.sources });
        }
    }
    let (replaced, aliases) = (project.replaced(), vendor::aliases(&project));
    let Project { manifest, root, entry, lock, workspace, sources, .. } = project;
    if !root.has_name(&entry) {
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
        open: RefCell::default(),
        broken: RefCell::default(),
    };
    let graph = Rc::new(graph);
    graph.prefetch();
    graph.digest_all();
    let asking = Asking { graph: &graph, root: root.path(), tree: None };
    let dependencies = asking.dependencies(&manifest, &sources)?;
    graph.complete();
    let root = Arc::new(Snapshot::from(root));
    Ok(Package { manifest, root, entry, dependencies, graph })
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
    let root = Arc::clone(&dependency.root);
    let mut sources = SourceMap::default();
    let bytes = root.read(content::MANIFEST, METADATA_LIMIT_BYTES)?;
    let manifest = parse_manifest(&bytes, &mut sources)?;
    let asking = Asking { graph: &from.graph, root: root.path(), tree: dependency.tree.as_deref() };
    let dependencies = asking.dependencies(&manifest, &sources)?;
    let graph = Rc::clone(&from.graph);
    Ok(Package { manifest, root, entry: ENTRY.to_owned(), dependencies, graph })
}

impl Package {
    /// Returns what finds out the digest of all that the package is made of: its own files, but for
    /// those that akua rendered, and its dependencies.
    pub fn fingerprint(&self) -> impl Fn() -> Digest + Send + Sync + 'static {
        let dependencies = self.dependencies.iter();
        let dependencies: Vec<_> = dependencies
            .map(|found| (found.alias.to_string(), found.digest.clone(), Arc::clone(&found.root)))
            .collect();
        let (root, entry) = (Arc::clone(&self.root), self.entry.clone());
        move || {
            let source = |tree: &Snapshot| tree.source_digest(&entry, TreeLimits::default());
            let found = dependencies.iter().map(|(alias, digest, tree)| {
                let digest = digest.clone().unwrap_or_else(|| source(tree));
                format!("{digest} {alias}\n")
            });
            let text: String =
                std::iter::once(format!("{}\n", source(&root))).chain(found).collect();
            Digest::of(text.as_bytes())
        }
    }
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
            let mut imports = Vec::with_capacity(more.len());
            for (name, module) in more {
                let is_same = |known: &Dependency| known.root.path() == module.root.path();
                let known = found.iter().position(is_same);
                imports.push((name, known.unwrap_or(found.len())));
                if known.is_none() {
                    found.push(module);
                }
            }
            if let Some(module) = found.get_mut(at) {
                module.imports = imports;
            }
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
            let root = graph.snapshot(root, Some(tree));
            let mut found = dependency(alias, root, declared, Some(tree.to_path_buf()));
            if let (Kind::Chart, Some(lock)) = (found.kind, &graph.lock) {
                let carried = Carried { graph, lock, tree };
                carried.charts(found.root.folder(), "", 0, &mut found.charts)?;
            }
            return Ok(found);
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
                Some(root) => Ok(dependency(alias, graph.snapshot(root, None), declared, None)),
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

    /// Returns the modules that a module imports, by the names that its `kcl.mod` gives them.
    fn imported(
        &self,
        module: &Dependency,
        there: &[Dependency],
    ) -> Result<Vec<(String, Dependency)>, Problem> {
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
            // Without a lock, what is fetched is what the package declares under that name.
            if self.graph.lock.is_none() && !is_path(&wanted) {
                continue;
            }
            let known = there.iter().any(|known| known.alias.module() == alias.module());
            let registry = self.graph.supply.module_registry.as_deref();
            match content::module_source(wanted, registry) {
                Ok(source) => found.push((alias.module(), asking.one(&alias, &source, false)?)),
                // Nobody says where modules are: what is there under that name.
                Err(_) if known => {}
                Err(reason) => return Err(told(reason)),
            }
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
        let found = akua_disk::listings(&folders, TreeLimits::default());
        for (folder, listing) in folders.iter().zip(found) {
            // What cannot be read is told when it is used.
            if let Ok(listing) = listing {
                self.checked.borrow_mut().insert(folder.path().to_path_buf(), listing);
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
    fn open(&self, entry: &LockedPackage) -> Result<(Arc<Snapshot>, Option<PathBuf>), Problem> {
        let (folder, tree) = self.find(entry)?;
        Ok((self.snapshot(folder, None), tree))
    }

    /// Returns a directory as this render sees it. What lies in a `tree` that a lock vouches for is
    /// vouched for too.
    fn snapshot(&self, folder: Folder, tree: Option<&Path>) -> Arc<Snapshot> {
        let path = folder.path().to_path_buf();
        if let Some(known) = self.open.borrow().get(&path) {
            return Arc::clone(known);
        }
        let tree = tree.unwrap_or(&path);
        let below = path.strip_prefix(tree).ok().and_then(Path::to_str);
        let listing = self.checked.borrow().get(tree).cloned();
        let snapshot = match (listing, below) {
            (Some(listing), Some("")) => Snapshot::locked(folder, listing, String::new()),
            (Some(listing), Some(below)) => Snapshot::locked(folder, listing, format!("{below}/")),
            _ => Snapshot::from(folder),
        };
        let snapshot = Arc::new(snapshot);
        self.open.borrow_mut().insert(path, Arc::clone(&snapshot));
        snapshot
    }

    /// Finds the directory of an entry, which has to be what the entry says, and the tree that it
    /// was fetched as.
    fn find(&self, entry: &LockedPackage) -> Result<(Folder, Option<PathBuf>), Problem> {
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
            _ => {
                let fetched = vendor::tree(entry, &self.supply)?;
                // What lay there before was another tree.
                self.checked.borrow_mut().remove(fetched.path());
                self.digest(&fetched)?;
                fetched
            }
        };
        let tree = folder.path().to_path_buf();
        Ok((folder, Some(tree)))
    }

    fn digest(&self, folder: &Folder) -> Result<Digest, Problem> {
        if let Some(known) = self.checked.borrow().get(folder.path()) {
            return Ok(known.digest().clone());
        }
        let listing = Arc::new(folder.listing(TreeLimits::default())?);
        let digest = listing.digest().clone();
        self.checked.borrow_mut().insert(folder.path().to_path_buf(), listing);
        Ok(digest)
    }
}

fn dependency(
    alias: &Alias,
    root: Arc<Snapshot>,
    declared: bool,
    tree: Option<PathBuf>,
) -> Dependency {
    let kind = content::kind(root.folder());
    Dependency {
        alias: alias.clone(),
        kind,
        root,
        digest: None,
        charts: Vec::new(),
        imports: Vec::new(),
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
