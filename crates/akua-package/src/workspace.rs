//! The packages of a workspace.

use crate::content::{MANIFEST, METADATA_LIMIT_BYTES};
use crate::problem::Problem;
use crate::project::{Project, normal};
use akua_disk::Folder;
use akua_manifest::{Members, Source, parse_members};
use akua_source::{Diagnostic, SourceMap};
use glob::{MatchOptions, Pattern};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Packages of a workspace, at most.
const MEMBERS_LIMIT: usize = 1_000;

/// A package of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its directory, as people see it: below the workspace, `.` for the workspace itself.
    pub name: String,
    /// Its directory.
    pub root: PathBuf,
}

/// Returns the packages of the workspace that a directory lies in, those that others depend on by
/// path before the others.
///
/// # Errors
/// `E_WORKSPACE_MISSING`, `E_WORKSPACE_MEMBER`, and what is wrong with the manifest.
pub fn members(start: &Path) -> Result<Vec<Member>, Problem> {
    let start = akua_disk::canonical(start)?;
    for folder in start.ancestors().filter(|folder| akua_disk::exists(&folder.join(MANIFEST))) {
        let root = Folder::open(folder)?;
        let bytes = root.read(MANIFEST, METADATA_LIMIT_BYTES)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut sources = SourceMap::default();
        let file = sources.add(MANIFEST, text.clone());
        let told = |diagnostics| Problem { diagnostics, sources: sources.clone() };
        if let Some(found) = parse_members(file, &text).map_err(told)? {
            return Ok(in_order(below(&root, &found).map_err(told)?));
        }
    }
    let message = format!("there is no workspace at or above `{}`", start.display());
    let help = "declare one in the akua.toml of a directory above: [workspace] members = [\"*\"]";
    Err(Diagnostic::error("E_WORKSPACE_MISSING", message).help(help).into())
}

/// Returns the packages that globs lead to.
fn below(root: &Folder, members: &Members) -> Result<BTreeSet<Member>, Vec<Diagnostic>> {
    let member = |name: &str| Member { name: name.to_owned(), root: root.path().join(name) };
    let mut found = BTreeSet::new();
    if members.has_package {
        found.insert(Member { name: ".".to_owned(), root: root.path().to_path_buf() });
    }
    let mut wrong = Vec::new();
    for (glob, at) in &members.globs {
        let names = expand(root, glob);
        if names.is_empty() {
            let message = format!("there is no package at `{glob}`");
            let help = "correct the path, or make a package there: akua init";
            let missing = Diagnostic::error("E_WORKSPACE_MEMBER", message);
            wrong.push(missing.label(*at, "").help(help));
        }
        found.extend(names.iter().map(|name| member(name)));
        if found.len() > MEMBERS_LIMIT {
            let message = format!("the workspace has more than {MEMBERS_LIMIT} packages");
            wrong.push(Diagnostic::error("E_WORKSPACE_MEMBER", message).label(*at, ""));
            break;
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// Returns the directories with a manifest that a glob leads to. Links do not lead out of the root.
fn expand(root: &Folder, glob: &str) -> Vec<String> {
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let mut found = vec![String::new()];
    for part in glob.split('/').filter(|part| !matches!(*part, "" | ".")) {
        // What is no pattern is a name.
        let pattern = Pattern::new(part).ok().filter(|_| part.contains(['*', '?', '[']));
        let next = found.iter().flat_map(|base| {
            let names = match &pattern {
                None => vec![part.to_owned()],
                Some(pattern) => {
                    let names = root.names(if base.is_empty() { "." } else { base }).into_iter();
                    names.filter(|name| pattern.matches_with(name, options)).collect()
                }
            };
            let join = |name: String| {
                if base.is_empty() { name } else { format!("{base}/{name}") }
            };
            names.into_iter().map(join).collect::<Vec<_>>()
        });
        found = next.take(MEMBERS_LIMIT.saturating_mul(10)).collect();
    }
    found.retain(|name| !name.is_empty() && root.has_file(&format!("{name}/{MANIFEST}")));
    found
}

/// Puts packages after those that they depend on: the lock of one is part of what another one's
/// lock vouches for.
fn in_order(members: BTreeSet<Member>) -> Vec<Member> {
    let members: Vec<Member> = members.into_iter().collect();
    let mut placed = vec![false; members.len()];
    let mut order = Vec::with_capacity(members.len());
    // Each is entered once, and left when all that it depends on has its place.
    for at in 0..members.len() {
        let mut waiting = vec![(at, false)];
        while let Some((at, is_left)) = waiting.pop() {
            let (Some(member), Some(is_placed)) = (members.get(at), placed.get_mut(at)) else {
                continue;
            };
            if is_left {
                order.push(member.clone());
                continue;
            }
            if std::mem::replace(is_placed, true) {
                continue;
            }
            waiting.push((at, true));
            for folder in paths_of(member) {
                let named = members.iter().position(|other| other.root == folder);
                waiting.extend(named.map(|other| (other, false)));
            }
        }
    }
    order
}

/// Returns the directories that a package depends on by path; what is wrong with it is told when it
/// is used.
fn paths_of(member: &Member) -> Vec<PathBuf> {
    let Ok(project) = Project::open(&member.root) else { return Vec::new() };
    let declared = project.manifest.dependencies.iter();
    let paths = declared.filter_map(|declared| match (&declared.source, &declared.replace) {
        (Source::Path { path }, _) | (_, Some(path)) => Some(path),
        _ => None,
    });
    paths.map(|path| normal(&member.root.join(path))).collect()
}
