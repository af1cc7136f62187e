//! What there is, as the resolver asks for it: directories, the cache, the network.

use crate::cache::Cache;
use crate::content::{Content, Reader, Want, Yaml};
use crate::key::SourceKey;
use crate::problem::{Problem, in_dependency};
use crate::project::{Project, inside};
use crate::remote::{Fetched, Remote, Wanted, pinned, tag_of};
use crate::resolve::{Ask, Candidate, Catalog};
use akua_disk::{Folder, TreeLimits};
use akua_manifest::{LOCAL, LockedPackage, Requirement, RequirementKind, Source, version_of_tag};
use akua_sign::Trust;
use akua_source::Diagnostic;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Directories by path in each other, at most.
const NESTING_LIMIT: usize = 16;

/// What packages are made of: the cache, the network if it may be used, and a reader of YAML.
#[derive(Debug)]
pub struct Supply {
    /// The cache.
    pub cache: Cache,
    /// The network; none where no socket may be opened.
    pub remote: Option<Remote>,
    /// Reads YAML.
    pub yaml: Box<dyn Yaml>,
    /// `oci://HOST/PATH` of KCL modules that are asked for by version alone.
    pub module_registry: Option<String>,
    /// Who has to have signed what is fetched.
    pub trust: Trust,
}

/// What is known of a version that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// What it holds.
    pub(crate) content: Content,
    /// What the lock says of it.
    pub(crate) fetched: Fetched,
    /// What it asks for.
    pub(crate) asks: Vec<Ask>,
}

/// The catalog of a project.
pub(crate) struct Live<'p> {
    project: &'p Project,
    supply: &'p Supply,
    /// Entries of the lock that are kept where they fit.
    kept: BTreeMap<SourceKey, LockedPackage>,
    /// Directories that stand in for a source.
    replaced: BTreeMap<SourceKey, String>,
    /// What was looked at.
    pub(crate) known: BTreeMap<(SourceKey, String), Known>,
}

/// Where a directory that asks for others lies.
enum Base<'b> {
    /// On this machine, in the workspace.
    Local(&'b Path),
    /// In a tree that was fetched: what it asks for by path lies in the tree too.
    Tree { root: &'b Path, folder: &'b Path },
}

impl<'p> Live<'p> {
    pub(crate) fn new(project: &'p Project, supply: &'p Supply, kept: Vec<LockedPackage>) -> Self {
        let kept = kept.into_iter().map(|entry| (SourceKey::locked(&entry.source), entry));
        let (kept, replaced) = (kept.collect(), project.replaced());
        Self { project, supply, kept, replaced, known: BTreeMap::new() }
    }

    /// Returns what the project itself asks for.
    pub(crate) fn root_asks(&self) -> Result<Vec<Ask>, Problem> {
        let mut asks = Vec::new();
        for declared in &self.project.manifest.dependencies {
            let want = Want { alias: declared.alias.clone(), source: declared.source.clone() };
            let asked = self.ask(&want, &Base::Local(self.project.root.path()), 0, &mut asks);
            asked.map_err(|problem| self.at(declared.span, problem))?;
        }
        Ok(asks)
    }

    /// Fetches at once what will likely be chosen of what is asked for: what is locked, else the
    /// highest version that is accepted.
    pub(crate) fn prefetch(&self, asks: &[Ask]) {
        let Some(remote) = &self.supply.remote else { return };
        let remote_asks = asks.iter().filter(|ask| self.local(&ask.key).is_none());
        let wanted = remote_asks.filter_map(|ask| {
            let pin = self.kept.get(&ask.key);
            let tag = match (tag_of(&ask.key), &ask.requirement, pin) {
                (Some(tag), _, _) => tag.to_owned(),
                (None, Some(requirement), Some(pin)) if requirement.accepts(&pin.version) => {
                    pin.version.clone()
                }
                (None, Some(requirement), _) => self.likely(remote, &ask.key, requirement)?,
                (None, None, _) => return None,
            };
            let pin = pin.filter(|pin| pin.version == tag);
            Some(Wanted { key: ask.key.clone(), tag, pin })
        });
        let wanted: Vec<Wanted<'_>> = wanted.collect();
        remote.prefetch(&wanted, &self.supply.cache, self.supply.yaml.as_ref());
    }

    /// Returns the highest version that a requirement accepts.
    fn likely(&self, remote: &Remote, key: &SourceKey, wanted: &Requirement) -> Option<String> {
        if let RequirementKind::Exact(_) = wanted.kind() {
            return Some(wanted.as_str().to_owned());
        }
        let candidates = remote.candidates(key, self.supply.yaml.as_ref()).ok()?;
        let fitting = candidates.iter().filter(|c| !c.yanked && wanted.accepts(&c.tag));
        fitting.max_by_key(|found| version_of_tag(&found.tag)).map(|found| found.tag.clone())
    }

    /// Points a problem without a place at a place of the manifest.
    fn at(&self, span: akua_source::Span, mut problem: Problem) -> Problem {
        if let [only] = problem.diagnostics.as_mut_slice()
            && only.labels.is_empty()
        {
            let diagnostic = only.clone().label(span, "");
            return self.project.problem(diagnostic);
        }
        problem
    }

    /// Adds what one wish asks for. A directory in a fetched tree is part of that tree: what it
    /// asks for itself is asked for instead.
    fn ask(
        &self,
        want: &Want,
        base: &Base<'_>,
        depth: usize,
        asks: &mut Vec<Ask>,
    ) -> Result<(), Problem> {
        let Source::Path { path } = &want.source else {
            let key = SourceKey::remote(&want.source, &want.alias);
            let Some(key) = key else { return Ok(()) };
            let requirement = match &want.source {
                Source::Oci { version, .. } | Source::Helm { version, .. } => Some(version.clone()),
                Source::Git { .. } | Source::Path { .. } => None,
            };
            // A directory, or one tag by itself, has no other versions.
            let single = self.replaced.contains_key(&key) || tag_of(&key).is_some();
            asks.push(Ask { requirement: requirement.filter(|_| !single), key });
            return Ok(());
        };
        let alias = want.alias.as_str();
        match base {
            Base::Local(folder) => {
                let found = inside(folder, &self.project.workspace, alias, path)?;
                let key = SourceKey::folder(self.project.root.path(), found.path());
                asks.push(Ask { key, requirement: None });
                Ok(())
            }
            Base::Tree { root, folder } => {
                if depth > NESTING_LIMIT {
                    let message =
                        format!("`{alias}` is nested in more than {NESTING_LIMIT} directories");
                    return Err(Diagnostic::error("E_CHART_RESOLVE", message).into());
                }
                let found = inside(folder, root, alias, path)?;
                let content = self.read(&found, alias)?;
                let base = Base::Tree { root, folder: found.path() };
                let mut inner = content.wants.iter();
                inner.try_for_each(|want| self.ask(want, &base, depth.saturating_add(1), asks))
            }
        }
    }

    fn read(&self, folder: &Folder, shown: &str) -> Result<Content, Problem> {
        let registry = self.supply.module_registry.as_deref();
        let reader = Reader { yaml: self.supply.yaml.as_ref(), module_registry: registry };
        Ok(reader.content(folder, shown)?)
    }

    /// Returns the directory of a source on this machine, if it is one.
    fn local(&self, key: &SourceKey) -> Option<PathBuf> {
        let path = key.path().or_else(|| self.replaced.get(key).map(String::as_str))?;
        Some(self.project.root.path().join(path))
    }

    /// Looks at a version.
    fn look(&self, key: &SourceKey, tag: &str) -> Result<Known, Problem> {
        if let Some(path) = self.local(key) {
            let alias = key.to_string();
            let path = path.to_string_lossy();
            let root = self.project.root.path();
            let folder = inside(root, &self.project.workspace, &alias, &path)?;
            let content = self.read(&folder, &alias)?;
            let digest = folder.digest(TreeLimits::default());
            let digest = digest.map_err(|error| in_dependency(&alias, error))?;
            let base = Base::Local(folder.path());
            let asks = self.asks_of(&content, &base)?;
            let fetched = Fetched {
                digest,
                manifest_digest: None,
                layer_digest: None,
                commit: None,
                yanked: false,
            };
            return Ok(Known { content, fetched, asks });
        }
        let fetched = self.fetch(key, tag)?;
        let tree = self.supply.cache.tree(&fetched.digest);
        let folder = Folder::open(&tree)?;
        let content = self.read(&folder, &format!("{key} {tag}"))?;
        let base = Base::Tree { root: folder.path(), folder: folder.path() };
        let asks = self.asks_of(&content, &base)?;
        Ok(Known { content, fetched, asks })
    }

    fn asks_of(&self, content: &Content, base: &Base<'_>) -> Result<Vec<Ask>, Problem> {
        let mut asks = Vec::new();
        for want in &content.wants {
            self.ask(want, base, 0, &mut asks)?;
        }
        Ok(asks)
    }

    fn fetch(&self, key: &SourceKey, tag: &str) -> Result<Fetched, Problem> {
        let pin = self.kept.get(key).filter(|pin| pin.version == tag && pin.replaced.is_none());
        if let Some(pin) = pin
            && self.supply.cache.open(&pin.digest)?.is_some()
        {
            return Ok(pinned(pin));
        }
        let Some(remote) = &self.supply.remote else { return Err(offline(key, tag)) };
        remote.fetch(key, tag, pin, (&self.supply.cache, self.supply.yaml.as_ref()))
    }
}

/// Returns the problem that something is needed from the network, which may not be used.
pub(crate) fn offline(key: &SourceKey, tag: &str) -> Problem {
    let message = format!("`{key}` {tag} is not in the cache");
    let help = "run this without --offline once, or vendor the dependencies: akua vendor";
    Diagnostic::error("E_OFFLINE", message.replace("`  ", "` ")).help(help).into()
}

impl Catalog for Live<'_> {
    type Error = Problem;

    fn candidates(&mut self, key: &SourceKey) -> Result<Vec<Candidate>, Problem> {
        let kept = self.kept.get(key);
        match &self.supply.remote {
            Some(remote) => remote.candidates(key, self.supply.yaml.as_ref()),
            // Without the network there is what the lock has.
            None => match kept {
                Some(pin) => Ok(vec![Candidate { tag: pin.version.clone(), yanked: false }]),
                None => Err(offline(key, "")),
            },
        }
    }

    fn spelling(&mut self, key: &SourceKey, wanted: &Requirement) -> Result<String, Problem> {
        let pin = self.kept.get(key).filter(|pin| wanted.accepts(&pin.version));
        match (pin, &self.supply.remote) {
            (Some(pin), _) => Ok(pin.version.clone()),
            (None, Some(remote)) => {
                let supply = (&self.supply.cache, self.supply.yaml.as_ref());
                remote.spelling(key, wanted.as_str(), supply)
            }
            (None, None) => Ok(wanted.as_str().to_owned()),
        }
    }

    fn asks(
        &mut self,
        key: &SourceKey,
        tag: &str,
        exact: bool,
    ) -> Result<Option<Vec<Ask>>, Problem> {
        let tag = tag_of(key).unwrap_or(tag).to_owned();
        let name = (key.clone(), tag);
        if !self.known.contains_key(&name) {
            let known = self.look(key, &name.1)?;
            self.known.insert(name.clone(), known);
        }
        let keeps = exact || self.kept.contains_key(key);
        let usable = self.known.get(&name).filter(|known| keeps || !known.fetched.yanked);
        Ok(usable.map(|known| known.asks.clone()))
    }

    fn locked(&self, key: &SourceKey) -> Option<String> {
        self.kept.get(key).map(|pin| pin.version.clone())
    }
}

impl Live<'_> {
    /// Returns the entry of the lock for a version that was looked at.
    pub(crate) fn entry(&self, key: &SourceKey, tag: &str) -> Option<LockedPackage> {
        let tag = tag_of(key).unwrap_or(tag);
        let known = self.known.get(&(key.clone(), tag.to_owned()))?;
        let replaced = self.replaced.get(key).cloned();
        let is_local = key.path().is_some() || replaced.is_some();
        let version = if is_local { LOCAL } else { tag };
        let kept = self.kept.get(key).filter(|_| !is_local);
        Some(LockedPackage {
            name: known.content.name.clone().unwrap_or_else(|| last_part(key)),
            version: version.to_owned(),
            source: key.as_str().to_owned(),
            digest: known.fetched.digest.clone(),
            manifest_digest: known.fetched.manifest_digest.clone(),
            layer_digest: known.fetched.layer_digest.clone(),
            commit: known.fetched.commit.clone(),
            signature: kept.and_then(|pin| pin.signature.clone()),
            // Another version is attested anew; its signer stays who it was.
            attestation: kept
                .filter(|pin| pin.digest == known.fetched.digest)
                .and_then(|pin| pin.attestation.clone()),
            dependencies: Vec::new(),
            replaced,
            yanked: known.fetched.yanked,
        })
    }
}

/// Returns what to call something that has no name of its own.
fn last_part(key: &SourceKey) -> String {
    let text = key.path().unwrap_or_else(|| key.as_str().split('@').next().unwrap_or_default());
    let part = text.trim_end_matches(".git").rsplit(['/', '#']).next().unwrap_or_default();
    if part.is_empty() || part == "." || part == ".." {
        "package".to_owned()
    } else {
        part.to_owned()
    }
}
