//! Which version of each dependency: the highest that all who ask for it accept.
//!
//! **Invariant:** knows no network and no disk; what versions there are and what they ask for is
//! the [`Catalog`]'s to say. The search is pubgrub's.

use crate::key::SourceKey;
use akua_manifest::{Requirement, RequirementKind, version_of_tag};
use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics,
    PubGrubError, Ranges,
};
use semver::Version;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Where it comes from.
    pub(crate) key: SourceKey,
    /// Which versions will do; none where there is only one, as of a commit or a directory.
    pub(crate) requirement: Option<Requirement>,
}

/// A version that there is.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Its tag.
    pub(crate) tag: String,
    /// Whether its publisher withdrew it: it is taken only by who names it exactly, or has it in
    /// the lock.
    pub(crate) yanked: bool,
}

/// What there is.
pub(crate) trait Catalog {
    /// Why it does not know.
    type Error: std::error::Error + 'static;

    /// Returns the versions of a source that has more than one.
    fn candidates(&mut self, key: &SourceKey) -> Result<Vec<Candidate>, Self::Error>;

    /// Returns the tag of a version that is named exactly: as it is written, or with or without the
    /// `v` where there is only the other.
    fn spelling(
        &mut self,
        key: &SourceKey,
        requirement: &Requirement,
    ) -> Result<String, Self::Error>;

    /// Returns what a version asks for; `tag` is empty where there is only one. `None` where the
    /// publisher withdrew it and nobody names it exactly.
    fn asks(
        &mut self,
        key: &SourceKey,
        tag: &str,
        exact: bool,
    ) -> Result<Option<Vec<Ask>>, Self::Error>;

    /// Returns the tag that the lock has.
    fn locked(&self, key: &SourceKey) -> Option<String>;
}

/// Why there is no solution.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError<E: std::error::Error + 'static> {
    /// Those who ask do not agree, or ask for what there is not.
    #[error("the dependencies do not fit together")]
    Conflict {
        /// Who asks for what, and what there is not, each a sentence.
        chain: Vec<String>,
    },
    /// The catalog does not know.
    #[error(transparent)]
    Catalog(E),
}

/// Returns the tag of each source that is needed; it is empty where there is only one version.
///
/// # Errors
/// [`ResolveError`].
pub(crate) fn resolve<C: Catalog>(
    root: &str,
    asks: &[Ask],
    catalog: &mut C,
) -> Result<BTreeMap<SourceKey, String>, ResolveError<C::Error>> {
    let state =
        State { catalog, tags: BTreeMap::new(), asked: BTreeMap::new(), exact: BTreeSet::new() };
    let graph = Graph { root: asks, state: RefCell::new(state) };
    let solved = pubgrub::resolve(&graph, Node::Root(root.to_owned()), only());
    let state = graph.state.into_inner();
    match solved {
        Ok(solution) => {
            let chosen = solution.into_iter().filter_map(|(node, version)| match node {
                Node::Root(_) => None,
                Node::Source(key) => Some((state.tag(&key, &version), key)),
            });
            Ok(chosen.map(|(tag, key)| (key, tag)).collect())
        }
        Err(PubGrubError::NoSolution(tree)) => {
            let mut chain = Vec::new();
            explain(&tree, &state, &mut chain);
            Err(ResolveError::Conflict { chain })
        }
        Err(
            PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => Err(ResolveError::Catalog(source.0)),
    }
}

/// Versions that a conflict lists.
const SHOWN: usize = 5;

/// A package of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    /// The package that is resolved.
    Root(String),
    /// A dependency.
    Source(SourceKey),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Source(key) => key.fmt(f),
        }
    }
}

/// The version of what has only one.
fn only() -> Version {
    Version::new(0, 0, 0)
}

/// An error of the catalog, as pubgrub wants it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Failed<E: std::error::Error>(E);

struct State<'c, C> {
    catalog: &'c mut C,
    /// The candidates of each source that was asked for, by version.
    tags: BTreeMap<SourceKey, BTreeMap<Version, Candidate>>,
    /// Which requirement was written where.
    asked: BTreeMap<(Node, SourceKey), String>,
    /// Versions that somebody names exactly: they are taken also where they were withdrawn.
    exact: BTreeSet<(SourceKey, Version)>,
}

impl<C: Catalog> State<'_, C> {
    fn tag(&self, key: &SourceKey, version: &Version) -> String {
        let found = self.tags.get(key).and_then(|tags| tags.get(version));
        found.map_or_else(String::new, |candidate| candidate.tag.clone())
    }

    /// Returns which versions there are, the newest few, for people.
    fn there(&self, key: &SourceKey) -> String {
        let known = self.tags.get(key);
        let tags: Vec<&str> = known.map_or_else(Vec::new, |versions| {
            versions.values().rev().map(|candidate| candidate.tag.as_str()).collect()
        });
        let shown = tags.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        match tags.len() {
            0 => "; there is no version at all".to_owned(),
            count if count > SHOWN => {
                format!("; there are {shown} and {} more", count.saturating_sub(SHOWN))
            }
            _ => format!("; there are {shown}"),
        }
    }

    /// Returns the versions that will do, of those that there are.
    fn accepted(&mut self, ask: &Ask) -> Result<Ranges<Version>, C::Error> {
        let Some(requirement) = &ask.requirement else { return Ok(Ranges::singleton(only())) };
        if let RequirementKind::Exact(version) = requirement.kind() {
            let tag = self.catalog.spelling(&ask.key, requirement)?;
            let candidate = Candidate { tag, yanked: false };
            let known = self.tags.entry(ask.key.clone()).or_default();
            known.insert(version.clone(), candidate);
            self.exact.insert((ask.key.clone(), version.clone()));
            return Ok(Ranges::singleton(version.clone()));
        }
        self.list(&ask.key)?;
        let locked = self.catalog.locked(&ask.key);
        let Some(known) = self.tags.get(&ask.key) else { return Ok(Ranges::empty()) };
        let fits = |candidate: &Candidate| {
            let usable = !candidate.yanked || locked.as_ref() == Some(&candidate.tag);
            usable && requirement.accepts(&candidate.tag)
        };
        let fitting = known.iter().filter(|(_, candidate)| fits(candidate));
        Ok(fitting.fold(Ranges::empty(), |all, (version, _)| {
            all.union(&Ranges::singleton(version.clone()))
        }))
    }

    /// Learns the versions of a source; of tags for the same version the shortest counts.
    fn list(&mut self, key: &SourceKey) -> Result<(), C::Error> {
        let mut candidates = self.catalog.candidates(key)?;
        candidates.sort_by(|a, b| (a.tag.len(), &a.tag).cmp(&(b.tag.len(), &b.tag)));
        let known = self.tags.entry(key.clone()).or_default();
        for candidate in candidates {
            if let Some(version) = version_of_tag(&candidate.tag) {
                // A tag that somebody names exactly stays.
                known.entry(version).or_insert(candidate);
            }
        }
        Ok(())
    }
}

struct Graph<'c, C> {
    root: &'c [Ask],
    state: RefCell<State<'c, C>>,
}

impl<C: Catalog> DependencyProvider for Graph<'_, C> {
    type P = Node;
    type V = Version;
    type VS = Ranges<Version>;
    type M = String;
    type Priority = (u32, Reverse<usize>);
    type Err = Failed<C::Error>;

    fn prioritize(
        &self,
        node: &Node,
        range: &Ranges<Version>,
        statistics: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let Node::Source(key) = node else { return (u32::MAX, Reverse(0)) };
        let state = self.state.borrow();
        let versions = state.tags.get(key);
        let count = versions.map_or(1, |versions| {
            versions.keys().filter(|version| range.contains(version)).count()
        });
        (statistics.conflict_count(), Reverse(count))
    }

    fn choose_version(
        &self,
        node: &Node,
        range: &Ranges<Version>,
    ) -> Result<Option<Version>, Self::Err> {
        let state = self.state.borrow();
        let versions = match node {
            Node::Root(_) => None,
            Node::Source(key) => state.tags.get(key).map(|versions| (key, versions)),
        };
        let Some((key, versions)) = versions else {
            return Ok(range.contains(&only()).then(only));
        };
        let locked = state.catalog.locked(key);
        let fitting = || versions.iter().rev().filter(|(version, _)| range.contains(version));
        let kept = fitting().find(|(_, candidate)| locked.as_ref() == Some(&candidate.tag));
        Ok(kept.or_else(|| fitting().next()).map(|(version, _)| version.clone()))
    }

    fn get_dependencies(
        &self,
        node: &Node,
        version: &Version,
    ) -> Result<Dependencies<Node, Ranges<Version>, String>, Self::Err> {
        let mut state = self.state.borrow_mut();
        let asks = match node {
            Node::Root(_) => Some(self.root.to_vec()),
            Node::Source(key) => {
                let tag = state.tag(key, version);
                let exact = state.exact.contains(&(key.clone(), version.clone()));
                state.catalog.asks(key, &tag, exact).map_err(Failed)?
            }
        };
        let Some(asks) = asks else {
            return Ok(Dependencies::Unavailable("its publisher withdrew it".to_owned()));
        };
        let mut wanted: BTreeMap<Node, Ranges<Version>> = BTreeMap::new();
        for ask in asks {
            let range = state.accepted(&ask).map_err(Failed)?;
            let text = ask.requirement.as_ref().map_or_else(String::new, ToString::to_string);
            state.asked.insert((node.clone(), ask.key.clone()), text);
            let entry = wanted.entry(Node::Source(ask.key)).or_insert_with(Ranges::full);
            *entry = entry.intersection(&range);
        }
        Ok(Dependencies::Available(wanted.into_iter().collect()))
    }
}

/// Collects what a conflict follows from: who asks for what, and what there is.
fn explain<C: Catalog>(
    tree: &DerivationTree<Node, Ranges<Version>, String>,
    state: &State<'_, C>,
    chain: &mut Vec<String>,
) {
    let line = match tree {
        DerivationTree::Derived(derived) => {
            explain(&derived.cause1, state, chain);
            return explain(&derived.cause2, state, chain);
        }
        DerivationTree::External(External::FromDependencyOf(from, _, to, range)) => {
            let Node::Source(key) = to else { return };
            let text = state.asked.get(&(from.clone(), key.clone())).map_or("", String::as_str);
            let there = if range.is_empty() { state.there(key) } else { String::new() };
            format!("`{from}` asks for `{to}` {text}{there}").trim_end().to_owned()
        }
        DerivationTree::External(External::NoVersions(node, _)) => {
            format!("no version of `{node}` is accepted by all who ask for it")
        }
        DerivationTree::External(External::Custom(node, version, reason)) => {
            format!("`{node}` {version} cannot be used: {reason}")
        }
        DerivationTree::External(External::NotRoot(..)) => return,
    };
    if !chain.contains(&line) {
        chain.push(line);
    }
}

#[cfg(test)]
mod tests;
