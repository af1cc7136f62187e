//! Git repositories: what tags there are, and the files of one commit.
//!
//! gix speaks the protocol, writes the pack and reads objects; what it talks through is ours:
//! [`http`] for https, [`daemon`] for `git://` on loopback. So the host rules, redirects, credentials
//! and limits are those of every other request. A `file://` repository is opened where it lies,
//! because gix would start `git-upload-pack` to talk to it.
//!
//! **Invariant:** no process is started (no ssh, no credential helper, no filter, no hook), nothing is
//! checked out, and configuration outside of the repository is not read. An object is handed out only
//! after its id was computed from its bytes. Submodules are refused.

mod daemon;
mod http;
mod meter;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::protocol::handshake::Ref;
use gix::remote::Direction;
use gix_transport::client::blocking_io::Transport;
use reqwest::Url;

use self::meter::Meter;
pub use self::tree::{GitEntry, GitEntryKind};
use crate::http::{parse_url, shown};
use crate::{Client, FetchError, GitProblem, HostError, RemoteText};

/// A transport of either kind.
type AnyTransport<'a> = Box<dyn Transport + 'a>;

/// Name under which a fetched commit is kept in the scratch repository.
const LOCAL_REF: &str = "refs/akua/fetch";

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitRef {
    /// A tag, light or annotated, without `refs/tags/`.
    Tag(String),
    /// A commit, as 40 lower-case hex digits.
    Rev(String),
}

/// A tag of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitTag {
    /// Its name, without `refs/tags/`.
    pub name: String,
    /// What it leads to, an annotated tag peeled: a commit, as a rule.
    pub commit: String,
}

/// Where a repository is, by how it is reached.
enum Place {
    /// https, or http on loopback.
    Http(Url),
    /// `git://` on loopback.
    Daemon(Url),
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Client {
    /// The tags of a repository, sorted by name. Nothing is written.
    ///
    /// # Errors
    /// [`FetchError::Git`] for ssh and for what is no repository; else as any fetch.
    pub fn list_git_refs(&self, url: &str) -> Result<Vec<GitTag>, FetchError> {
        let (place, what) = self.place(url)?;
        let limit = self.http.limits.git_refs;
        let mut tags = match &place {
            Place::Folder(folder) => tree::local_tags(&what, folder)?,
            Place::Http(_) | Place::Daemon(_) => {
                let meter = Meter::new(self, what.clone());
                let found = remote_refs(Self::transport(&place, &meter)?)
                    .map_err(|err| meter.error(GitProblem::Fetch, &err))?;
                found.into_iter().filter_map(tag_of).collect()
            }
        };
        if tags.len() > limit {
            let limit = u64::try_from(limit).unwrap_or(u64::MAX);
            return Err(FetchError::Size { what, limit, unit: "references" });
        }
        tags.sort();
        Ok(tags)
    }

    /// Fetches one commit and hands its files to `sink`, depth first in the order of the tree; returns
    /// the commit's id. `scratch` is an empty directory for the pack, the caller's to remove.
    ///
    /// # Errors
    /// [`FetchError::NotFound`] for a tag that is not there, [`FetchError::Size`] over a limit,
    /// [`FetchError::Git`] for submodules, names that are no paths and damaged objects. Entries that
    /// were handed out before an error count for nothing.
    pub fn fetch_git(
        &self,
        url: &str,
        reference: &GitRef,
        scratch: &Path,
        sink: &mut dyn FnMut(GitEntry) -> std::io::Result<()>,
    ) -> Result<String, FetchError> {
        let (place, what) = self.place(url)?;
        check_reference(&what, reference)?;
        let limits = &self.http.limits;
        let (repository, id) = match &place {
            Place::Folder(folder) => tree::local_start(&what, folder, reference)?,
            Place::Http(_) | Place::Daemon(_) => {
                let meter = Meter::new(self, what.clone());
                let transport = Self::transport(&place, &meter)?;
                let limit_bytes = limits.git_object_bytes;
                let repository = tree::create(&what, scratch, limit_bytes)?;
                let id = self.receive(&repository, transport, &meter, reference)?;
                (repository, id)
            }
        };
        if let GitRef::Rev(hex) = reference
            && !tree::is_commit(&repository, id)
        {
            return Err(git_error(&what, GitProblem::Commit, hex));
        }
        tree::walk(&what, &repository, id, limits, sink)
    }

    /// Where a URL leads, checked against the rules; and the URL as it is shown.
    fn place(&self, text: &str) -> Result<(Place, String), FetchError> {
        let what = RemoteText::new(text.as_bytes()).to_string();
        let git = |problem| git_error(&what, problem, "");
        if is_ssh(text) {
            return Err(git(GitProblem::Ssh));
        }
        let url = parse_url(text).map_err(|_malformed| git(GitProblem::Url))?;
        let what = shown(&url);
        let host = |reason| FetchError::Host { what: what.clone(), reason };
        let scheme = |url: &Url| HostError::Scheme {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or("this machine").to_owned(),
        };
        let rules = &self.http.rules;
        let place = match url.scheme() {
            "http" | "https" => {
                rules.check_url(&url).map_err(host)?;
                Place::Http(url)
            }
            "git" => {
                daemon::check(rules, &url).map_err(host)?;
                Place::Daemon(url)
            }
            "file" if rules.local_repositories => {
                let folder = url.to_file_path();
                let folder =
                    folder.map_err(|()| git_error(&what, GitProblem::Url, "no path in it"))?;
                Place::Folder(folder)
            }
            _ => return Err(host(scheme(&url))),
        };
        Ok((place, what))
    }

    /// A connection to a remote repository, metered.
    fn transport<'a>(
        place: &Place,
        meter: &Arc<Meter<'a>>,
    ) -> Result<AnyTransport<'a>, FetchError> {
        match place {
            Place::Http(url) => http::transport(url, meter),
            Place::Daemon(url) => daemon::transport(url, meter),
            Place::Folder(_) => Err(git_error(meter.what(), GitProblem::Url, "")),
        }
    }

    /// Fetches one commit, without its ancestors, into the scratch repository; returns what the
    /// reference names, which may be a tag object.
    fn receive(
        &self,
        repository: &gix::Repository,
        transport: AnyTransport<'_>,
        meter: &Arc<Meter<'_>>,
        reference: &GitRef,
    ) -> Result<gix::ObjectId, FetchError> {
        let failed = |err: &gix::Error| meter.error(GitProblem::Fetch, err);
        let source = match reference {
            GitRef::Tag(name) => format!("refs/tags/{name}"),
            GitRef::Rev(hex) => hex.clone(),
        };
        let spec = format!("+{source}:{LOCAL_REF}");
        let remote = repository
            .remote_at_without_url_rewrite("https://localhost/")
            .and_then(|remote| remote.with_refspecs([spec.as_str()], Direction::Fetch))
            .map_err(|err| failed(&err))?
            .with_fetch_tags(gix::remote::fetch::Tags::None);
        let connection = remote
            .to_connection_with_transport(transport)
            .with_credentials(|_action| Ok(None))
            .with_transport_options(Box::new(()));
        let prepared = connection
            .prepare_fetch(gix::progress::Discard, gix::remote::ref_map::Options::default())
            .map_err(|err| failed(&err))?;
        let mapping = prepared.ref_map().mappings.first();
        let id = mapping.and_then(|mapping| mapping.remote.as_id()).map(ToOwned::to_owned);
        let id = id.ok_or_else(|| not_found(meter.what(), reference))?;
        let deadline = Deadline::start(self);
        prepared
            .with_shallow(gix::remote::fetch::Shallow::DepthAtRemote(std::num::NonZeroU32::MIN))
            .receive(gix::progress::Discard, &deadline.passed)
            .map_err(|err| failed(&err))?;
        Ok(id)
    }
}

/// A flag that is raised once a transfer has had its time: gix looks at it while it unpacks.
struct Deadline {
    /// Whether it has passed.
    passed: Arc<AtomicBool>,
    /// Who raises the flag.
    timer: tokio::task::JoinHandle<()>,
}

impl Deadline {
    /// Starts the timer.
    fn start(client: &Client) -> Self {
        let limit = client.http.limits.transfer_timeout;
        let passed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&passed);
        let timer = client.http.spawn(async move {
            tokio::time::sleep(limit).await;
            flag.store(true, Ordering::Relaxed);
        });
        Self { passed, timer }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

/// Asks a server for its tags.
fn remote_refs(mut transport: AnyTransport<'_>) -> gix::Result<Vec<Ref>> {
    let mut progress = gix::progress::Discard;
    let mut handshake = gix::protocol::handshake(
        &mut transport,
        gix_transport::Service::UploadPack,
        |_action| Ok(None),
        Vec::new(),
        &mut progress,
    )?;
    let spec = gix::refspec::parse(
        "refs/tags/*:refs/tags/*".into(),
        gix::refspec::parse::Operation::Fetch,
    )?;
    let context = gix::protocol::fetch::refmap::init::Context {
        fetch_refspecs: vec![spec.to_owned()],
        extra_refspecs: Vec::new(),
    };
    let agent = ("agent", Some("akua".into()));
    let map = handshake.prepare_lsrefs_or_extract_refmap(agent, true, context)?.fetch_blocking(
        progress,
        &mut transport,
        false,
    )?;
    // Says goodbye to a daemon; its answer, or none, changes nothing.
    drop(gix::protocol::indicate_end_of_interaction(&mut transport, false));
    Ok(map.remote_refs)
}

/// The tag that a reference is, if it is one and has a name that can be shown.
fn tag_of(reference: Ref) -> Option<GitTag> {
    let (full, id) = match reference {
        Ref::Peeled { full_ref_name, object, .. } | Ref::Direct { full_ref_name, object } => {
            (full_ref_name, object)
        }
        Ref::Symbolic { .. } | Ref::Unborn { .. } => return None,
    };
    let name = std::str::from_utf8(&full).ok()?.strip_prefix("refs/tags/")?;
    Some(GitTag { name: name.to_owned(), commit: id.to_string() })
}

/// ssh in any spelling: `ssh://`, `git+ssh://`, `user@host:path`, `host:path`.
fn is_ssh(text: &str) -> bool {
    match text.split_once("://") {
        Some((scheme, _rest)) => scheme.to_ascii_lowercase().contains("ssh"),
        None => text.contains('@') || (text.contains(':') && !text.starts_with("file:")),
    }
}

/// Checks the text of a reference.
fn check_reference(what: &str, reference: &GitRef) -> Result<(), FetchError> {
    let fits = match reference {
        GitRef::Tag(name) => {
            let full = format!("refs/tags/{name}");
            gix::validate::reference::name(full.as_str().into()).is_ok()
        }
        GitRef::Rev(hex) => {
            let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            hex.len() == 40 && hex.bytes().all(lower)
        }
    };
    if fits { Ok(()) } else { Err(git_error(what, GitProblem::Reference, "")) }
}

/// A tag or commit that is not there.
fn not_found(what: &str, reference: &GitRef) -> FetchError {
    let name = match reference {
        GitRef::Tag(name) => RemoteText::new(name.as_bytes()).to_string(),
        GitRef::Rev(hex) => hex.clone(),
    };
    FetchError::NotFound { what: format!("{what}@{name}") }
}

/// An error of a repository.
fn git_error(what: &str, problem: GitProblem, said: &str) -> FetchError {
    let said = RemoteText::new(said.as_bytes());
    FetchError::Git { what: what.to_owned(), problem, said }
}
