//! Git repositories: the files of one commit.

use super::{Fetched, TREE, changed, told};
use crate::cache::Cache;
use crate::key::SourceKey;
use crate::problem::Problem;
use akua_disk::{Staging, check_link, entry_path};
use akua_manifest::{LockedPackage, other_spelling};
use akua_oci::{Client, GitEntry, GitEntryKind, GitRef, GitTag};
use std::io;

/// Kind of the facts that say which tree a commit led to.
const FACT: &str = "git";

/// Returns the commit that a tag leads to now; of a commit, itself.
pub(super) fn current(
    client: &Client,
    url: &str,
    reference: &str,
) -> Result<Option<String>, Problem> {
    if is_commit(reference) {
        return Ok(Some(reference.to_owned()));
    }
    Ok(tag(client, url, reference)?.map(|tag| tag.commit))
}

/// Returns a tag; of a version, with or without the `v` where there is only the other.
fn tag(client: &Client, url: &str, name: &str) -> Result<Option<GitTag>, Problem> {
    let tags = client.list_git_refs(url).map_err(|error| told(&error))?;
    let named = |name: &str| tags.iter().find(|tag| tag.name == name);
    Ok(named(name).or_else(|| named(&other_spelling(name)?)).cloned())
}

/// Fetches a commit: that of the pin, else the one that the reference names.
pub(super) fn fetch(
    client: &Client,
    cache: &Cache,
    url: &str,
    reference: &str,
    pin: Option<&LockedPackage>,
) -> Result<Fetched, Problem> {
    let wanted = match pin.and_then(|pin| pin.commit.as_deref()) {
        Some(commit) => commit.to_owned(),
        None => reference.to_owned(),
    };
    let (wanted, known) = if is_commit(&wanted) {
        (wanted.clone(), Some(wanted))
    } else {
        match tag(client, url, &wanted)? {
            Some(tag) => (tag.name, Some(tag.commit)),
            None => (wanted, None),
        }
    };
    if let Some(commit) = &known
        && let Some(fact) = cache.fact(FACT, format!("{url} {commit}").as_bytes())
        && let Ok(fetched) = serde_json::from_slice::<Fetched>(&fact)
        && cache.open(&fetched.digest)?.is_some()
    {
        return Ok(fetched);
    }
    let git_ref = if is_commit(&wanted) { GitRef::Rev(wanted) } else { GitRef::Tag(wanted) };
    let staging = cache.staging()?;
    let mut tree = Staging::new(&staging.path().join(TREE))?;
    let scratch = Staging::new(&staging.path().join("repository"))?;
    let commit = client
        .fetch_git(url, &git_ref, scratch.path(), &mut |entry| put(&mut tree, &entry))
        .map_err(|error| told(&error))?;
    if let Some(pinned) = pin.and_then(|pin| pin.commit.as_ref())
        && *pinned != commit
    {
        let key = SourceKey::locked(&format!("git+{url}@{reference}"));
        return Err(changed(&key, "", pinned, &commit));
    }
    let digest = cache.insert(tree, "")?;
    let fetched = Fetched {
        digest,
        manifest_digest: None,
        layer_digest: None,
        commit: Some(commit.clone()),
        yanked: false,
    };
    let fact = serde_json::to_vec(&fetched).unwrap_or_default();
    cache.note(FACT, format!("{url} {commit}").as_bytes(), &fact);
    Ok(fetched)
}

/// Puts a file of a commit into the tree, by the rules for archives.
fn put(tree: &mut Staging, entry: &GitEntry) -> io::Result<()> {
    let path = entry_path(&entry.path).map_err(io::Error::other)?;
    if path.split('/').any(|part| matches!(part, ".git" | ".akua")) {
        return Ok(());
    }
    match &entry.kind {
        GitEntryKind::Link(target) => {
            check_link(&path, target).map_err(io::Error::other)?;
            tree.link(&path, target).map_err(io::Error::other)
        }
        _ => tree.file(&path, &entry.bytes).map_err(io::Error::other),
    }
}

fn is_commit(reference: &str) -> bool {
    reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}
