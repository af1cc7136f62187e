//! Objects of a repository, verified one by one, and the files of a commit.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use gix::ObjectId;
use gix::objs::tree::EntryKind;
use gix::objs::{CommitRefIter, Kind, TagRefIter, TreeRefIter};

use super::{GitRef, GitTag, git_error, not_found};
use crate::{FetchError, FetchLimits, GitProblem, RemoteText};

/// Bytes of a commit or a tag object: their text is written by people.
const COMMIT_BYTES: u64 = 1 << 20;
/// Tags that may lead to tags before a commit comes.
const TAG_DEPTH: usize = 8;

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitEntry {
    /// Its path from the root, with `/`; every component is a name that can be a file's.
    pub path: String,
    /// What it is.
    pub kind: GitEntryKind,
    /// Its bytes; of a link, none.
    pub bytes: Vec<u8>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitEntryKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link, and where it leads; nothing has been checked of that.
    Link(String),
}

/// A walk under way.
struct Walk<'a> {
    /// The repository's URL.
    what: &'a str,
    /// Its objects.
    repository: &'a gix::Repository,
    /// How much.
    limits: &'a FetchLimits,
    /// Who gets the files.
    sink: &'a mut dyn FnMut(GitEntry) -> io::Result<()>,
    /// Entries so far.
    entries: usize,
    /// Bytes of files so far.
    bytes: u64,
}

/// Makes the bare repository that a pack is received into.
pub(super) fn create(
    what: &str,
    scratch: &Path,
    object_limit_bytes: u64,
) -> Result<gix::Repository, FetchError> {
    let options = gix::open::Options::isolated().config_overrides([
        // No object of a pack may take more memory than this, whatever its header says.
        format!("gitoxide.objects.allocLimit={object_limit_bytes}"),
        "core.logAllRefUpdates=false".to_owned(),
    ]);
    let create = gix::create::Options::default();
    gix::ThreadSafeRepository::init_opts(scratch, gix::create::Kind::Bare, create, options)
        .map(|repository| repository.to_thread_local())
        .map_err(|err| git_error(what, GitProblem::Scratch, &err.to_string()))
}

/// Opens a repository of this machine; only its own configuration is read.
fn open(what: &str, folder: &Path) -> Result<gix::Repository, FetchError> {
    gix::open_opts(folder, gix::open::Options::isolated())
        .map_err(|err| git_error(what, GitProblem::Url, &err.to_string()))
}

/// The tags of a repository of this machine.
pub(super) fn local_tags(what: &str, folder: &Path) -> Result<Vec<GitTag>, FetchError> {
    let repository = open(what, folder)?;
    let failed = |err: &dyn std::fmt::Display| git_error(what, GitProblem::Fetch, &err.to_string());
    let references = repository.references().map_err(|err| failed(&err))?;
    let mut tags = Vec::new();
    for reference in references.tags().map_err(|err| failed(&err))? {
        let mut reference = reference.map_err(|err| failed(&err))?;
        let name = reference.name().shorten().to_string();
        let commit = reference.peel_to_id().map_err(|err| failed(&err))?.to_string();
        tags.push(GitTag { name, commit });
    }
    Ok(tags)
}

/// A repository of this machine, and the object that a reference names in it.
pub(super) fn local_start(
    what: &str,
    folder: &Path,
    reference: &GitRef,
) -> Result<(gix::Repository, ObjectId), FetchError> {
    let repository = open(what, folder)?;
    let id = match reference {
        GitRef::Rev(hex) => ObjectId::from_hex(hex.as_bytes()).ok(),
        GitRef::Tag(name) => {
            let found = repository.try_find_reference(format!("refs/tags/{name}").as_str());
            let found =
                found.map_err(|err| git_error(what, GitProblem::Fetch, &err.to_string()))?;
            found.and_then(|reference| reference.try_id().map(gix::Id::detach))
        }
    };
    let missing = || not_found(what, reference);
    let id = id.filter(|id| repository.has_object(id)).ok_or_else(missing)?;
    Ok((repository, id))
}

/// Whether an object says that it is a commit; a pin is not one of a tag.
pub(super) fn is_commit(repository: &gix::Repository, id: ObjectId) -> bool {
    repository.find_header(id).is_ok_and(|header| header.kind() == Kind::Commit)
}

/// Hands out the files of the commit that `start` leads to; returns the commit's id.
pub(super) fn walk(
    what: &str,
    repository: &gix::Repository,
    start: ObjectId,
    limits: &FetchLimits,
    sink: &mut dyn FnMut(GitEntry) -> io::Result<()>,
) -> Result<String, FetchError> {
    let mut walk = Walk { what, repository, limits, sink, entries: 0, bytes: 0 };
    let (commit, tree) = walk.commit(start)?;
    walk.tree(tree, "", 0)?;
    Ok(commit.to_string())
}

impl Walk<'_> {
    /// Follows tags to a commit; returns its id and its tree's.
    fn commit(&self, start: ObjectId) -> Result<(ObjectId, ObjectId), FetchError> {
        let no_commit = || git_error(self.what, GitProblem::Commit, "");
        let mut id = start;
        for _tag in 0..TAG_DEPTH {
            let (kind, data) = self.object(id, COMMIT_BYTES)?;
            match kind {
                Kind::Commit => {
                    let tree = CommitRefIter::from_bytes(&data, id.kind()).tree_id();
                    return Ok((id, tree.map_err(|_malformed| self.damaged(id))?));
                }
                Kind::Tag => {
                    let target = TagRefIter::from_bytes(&data, id.kind()).target_id();
                    id = target.map_err(|_malformed| self.damaged(id))?;
                }
                Kind::Tree | Kind::Blob => return Err(no_commit()),
            }
        }
        Err(no_commit())
    }

    /// Hands out the files of one directory and of those below it.
    fn tree(&mut self, id: ObjectId, parent: &str, depth: usize) -> Result<(), FetchError> {
        if depth > self.limits.git_depth {
            return Err(self.too_much(self.limits.git_depth, "nested directories"));
        }
        let (kind, data) = self.object(id, self.limits.git_object_bytes)?;
        if kind != Kind::Tree {
            return Err(self.damaged(id));
        }
        let mut names = BTreeSet::new();
        for entry in TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(|_malformed| self.damaged(id))?;
            self.entries = self.entries.saturating_add(1);
            if self.entries > self.limits.git_entries {
                return Err(self.too_much(self.limits.git_entries, "entries"));
            }
            let name = self.name(entry.filename)?;
            if !names.insert(name) {
                return Err(self.damaged(id));
            }
            let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            let id = entry.oid.to_owned();
            match entry.mode.kind() {
                EntryKind::Tree => self.tree(id, &path, depth.saturating_add(1))?,
                EntryKind::Blob => self.file(id, path, GitEntryKind::File)?,
                EntryKind::BlobExecutable => self.file(id, path, GitEntryKind::Executable)?,
                EntryKind::Link => self.link(id, path)?,
                EntryKind::Commit => {
                    let path = RemoteText::new(path.as_bytes());
                    return Err(git_error(self.what, GitProblem::Submodule(path), ""));
                }
            }
        }
        Ok(())
    }

    /// Hands out a file.
    fn file(&mut self, id: ObjectId, path: String, kind: GitEntryKind) -> Result<(), FetchError> {
        let bytes = self.blob(id)?;
        self.hand_out(GitEntry { path, kind, bytes })
    }

    /// Hands out a link.
    fn link(&mut self, id: ObjectId, path: String) -> Result<(), FetchError> {
        let target = String::from_utf8(self.blob(id)?);
        let target = target.map_err(|err| {
            let name = RemoteText::new(err.as_bytes());
            git_error(self.what, GitProblem::EntryName(name), "")
        })?;
        self.hand_out(GitEntry { path, kind: GitEntryKind::Link(target), bytes: Vec::new() })
    }

    /// Gives an entry to the caller.
    fn hand_out(&mut self, entry: GitEntry) -> Result<(), FetchError> {
        let what = format!("{}: {}", self.what, RemoteText::new(entry.path.as_bytes()));
        (self.sink)(entry).map_err(|source| FetchError::Sink { what, source })
    }

    /// The bytes of a file, counted.
    fn blob(&mut self, id: ObjectId) -> Result<Vec<u8>, FetchError> {
        let left = self.limits.git_tree_bytes.saturating_sub(self.bytes);
        let (kind, data) = self.object(id, left.min(self.limits.git_object_bytes))?;
        if kind != Kind::Blob {
            return Err(self.damaged(id));
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        Ok(data)
    }

    /// Reads an object of at most `limit` bytes, and computes its id from them.
    fn object(&self, id: ObjectId, limit: u64) -> Result<(Kind, Vec<u8>), FetchError> {
        let damaged = |_err| self.damaged(id);
        let header = self.repository.find_header(id).map_err(damaged)?;
        if header.size() > limit {
            let what = format!("{}: object {id}", self.what);
            return Err(FetchError::Size { what, limit, unit: "bytes" });
        }
        let mut object = self.repository.find_object(id).map_err(damaged)?;
        let computed = gix::objs::compute_hash(id.kind(), object.kind, &object.data);
        if computed.map_err(damaged)? != id {
            return Err(self.damaged(id));
        }
        Ok((object.kind, std::mem::take(&mut object.data)))
    }

    /// A name that is a path's component everywhere.
    fn name<'n>(&self, name: &'n [u8]) -> Result<&'n str, FetchError> {
        let text = std::str::from_utf8(name).ok().filter(|text| {
            let special = ["", ".", ".."].contains(text) || text.eq_ignore_ascii_case(".git");
            !special && !text.chars().any(|c| c.is_control() || c == '/' || c == '\\')
        });
        text.ok_or_else(|| git_error(self.what, GitProblem::EntryName(RemoteText::new(name)), ""))
    }

    /// An object that is missing, malformed or not what its id says.
    fn damaged(&self, id: ObjectId) -> FetchError {
        git_error(self.what, GitProblem::Object(id.to_string()), "")
    }

    /// There is more than may be.
    fn too_much(&self, limit: usize, unit: &'static str) -> FetchError {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        FetchError::Size { what: self.what.to_owned(), limit, unit }
    }
}
