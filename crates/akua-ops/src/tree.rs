//! `akua tree`: what depends on what.

use crate::Failure;
use crate::lock::LockedEntry;
use akua_manifest::{Lock, LockedPackage};
use akua_package::{Project, find_entry, find_reference};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Levels of the tree, at most.
const DEPTH_LIMIT: usize = 64;

/// The result of `tree`.
#[derive(Debug, Serialize)]
pub struct Tree {
    /// The package.
    pub package: Root,
    /// Its dependencies.
    pub dependencies: Vec<Branch>,
}

/// The package at the root.
#[derive(Debug, Serialize)]
pub struct Root {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The edition of its manifest.
    pub edition: String,
}

/// A dependency.
#[derive(Debug, Serialize)]
pub struct Branch {
    /// Its alias, or what it calls itself where only a dependency depends on it.
    pub name: String,
    /// `oci`, `git`, `helm` or `path`, if the package declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// Its address or directory, as it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// The version, tag or commit that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the lock says of it.
    pub locked: Option<LockedEntry>,
    /// Whether it is shown whole elsewhere.
    pub repeated: bool,
    /// What it depends on.
    pub dependencies: Vec<Self>,
}

/// Returns what a package depends on, as its lock has it.
///
/// # Errors
/// [`Failure`].
pub fn run(workspace: &Path) -> Result<Tree, Failure> {
    let project = Project::open(workspace)?;
    let lock = project.lock.clone().unwrap_or_default();
    let mut seen = Vec::new();
    let mut dependencies = Vec::new();
    for declared in &project.manifest.dependencies {
        let entry = find_entry(&project, &lock, declared);
        let mut found = branch(declared.alias.as_str(), entry, &lock, &mut seen, 0);
        found.source = Some(declared.source.kind());
        found.source_ref = Some(declared.source.address().to_owned());
        found.version = declared.source.version();
        dependencies.push(found);
    }
    let package = &project.manifest.package;
    let package = Root {
        name: package.name.to_string(),
        version: package.version.clone(),
        edition: package.edition.clone(),
    };
    Ok(Tree { package, dependencies })
}

fn branch<'l>(
    name: &str,
    entry: Option<&'l LockedPackage>,
    lock: &'l Lock,
    seen: &mut Vec<&'l LockedPackage>,
    depth: usize,
) -> Branch {
    let mut found = Branch {
        name: name.to_owned(),
        source: None,
        source_ref: None,
        version: None,
        locked: entry.map(LockedEntry::new),
        repeated: false,
        dependencies: Vec::new(),
    };
    let Some(entry) = entry else { return found };
    found.repeated = seen.contains(&entry) && !entry.dependencies.is_empty();
    if found.repeated || depth >= DEPTH_LIMIT {
        return found;
    }
    seen.push(entry);
    for reference in &entry.dependencies {
        let next = find_reference(lock, reference);
        let name = next.map_or(reference.as_str(), |next| next.name.as_str());
        let below = branch(name, next, lock, seen, depth.saturating_add(1));
        found.dependencies.push(below);
    }
    found
}

impl Tree {
    /// Returns the tree as people read it.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}\n", self.package.name, self.package.version);
        lines(&self.dependencies, "", &mut text);
        text
    }

    /// Returns the graph for mermaid.
    pub fn mermaid(&self) -> String {
        let mut text = "graph LR\n".to_owned();
        self.edges(&mut |from, to| {
            // Writing to a String does not fail.
            let _written = writeln!(text, "    {} --> {}", node(from), node(to));
        });
        text
    }

    /// Returns the graph for dot.
    pub fn dot(&self) -> String {
        let mut text = format!("digraph {} {{\n", quoted(&self.package.name));
        self.edges(&mut |from, to| {
            // Writing to a String does not fail.
            let _written = writeln!(text, "    {} -> {};", quoted(from), quoted(to));
        });
        text.push_str("}\n");
        text
    }

    /// Calls back with each edge, once, in the order of the tree.
    fn edges(&self, each: &mut dyn FnMut(&str, &str)) {
        let mut seen = BTreeSet::new();
        let root = format!("{} {}", self.package.name, self.package.version);
        walk(&root, &self.dependencies, &mut seen, each);
    }
}

fn walk(
    from: &str,
    branches: &[Branch],
    seen: &mut BTreeSet<(String, String)>,
    each: &mut dyn FnMut(&str, &str),
) {
    for branch in branches {
        let to = label(branch);
        if seen.insert((from.to_owned(), to.clone())) {
            each(from, &to);
        }
        walk(&to, &branch.dependencies, seen, each);
    }
}

/// Returns what a dependency is called in a graph.
fn label(branch: &Branch) -> String {
    let version = branch.locked.as_ref().map_or("(not locked)", |entry| entry.version.as_str());
    format!("{} {version}", branch.name)
}

fn lines(branches: &[Branch], indent: &str, text: &mut String) {
    for (at, branch) in branches.iter().enumerate() {
        let last = at.saturating_add(1) == branches.len();
        let (tee, bar) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let _written = write!(text, "{indent}{tee}{}", label(branch));
        if let Some(entry) = &branch.locked {
            let digest = entry.digest.get(7..19).unwrap_or_default();
            let _written = write!(text, " {} {digest}", entry.source);
        }
        text.push_str(if branch.repeated { " (*)\n" } else { "\n" });
        lines(&branch.dependencies, &format!("{indent}{bar}"), text);
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns a node of mermaid: an identifier, and a label.
fn node(text: &str) -> String {
    let identifier: String = text
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    format!("{identifier}[{}]", quoted(text))
}
