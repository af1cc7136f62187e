//! What can go wrong between here and a server: facts, and what to tell a person.

use std::io;
use std::time::Duration;

use akua_source::Diagnostic;

use crate::hosts::HostError;
use crate::http::quota::QuotaKind;
use crate::{Digest, NameError, RemoteText};

/// A fetch, or a push, failed. `what` is the thing asked for: `host/name:tag`, a URL without its query.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The rules on hosts refuse it.
    #[error("`{what}`: {reason}")]
    Host {
        /// The thing asked for.
        what: String,
        /// Which rule.
        #[source]
        reason: HostError,
    },
    /// The policy allows no more.
    #[error("`{what}`: the policy allows {} a command", kind.amount(*limit))]
    Quota {
        /// The thing asked for.
        what: String,
        /// Of what.
        kind: QuotaKind,
        /// How many.
        limit: u64,
    },
    /// The name of it makes no sense.
    #[error(transparent)]
    Name(#[from] NameError),
    /// 401 or 403.
    #[error("`{host}` refuses `{what}` with status {status}")]
    Auth {
        /// The thing asked for.
        what: String,
        /// Who refused.
        host: String,
        /// 401 or 403.
        status: u16,
        /// Whether credentials of this host are known.
        known: bool,
        /// What it said.
        said: RemoteText,
    },
    /// 404, or a tag that the repository does not have.
    #[error("`{what}` does not exist")]
    NotFound {
        /// The thing asked for.
        what: String,
    },
    /// 429, after all attempts.
    #[error("`{what}`: the server allows no more requests for now")]
    Rate {
        /// The thing asked for.
        what: String,
        /// When to come back, if the server said so.
        retry_after: Option<Duration>,
    },
    /// 5xx, after all attempts.
    #[error("`{what}`: the server answers with status {status}")]
    Server {
        /// The thing asked for.
        what: String,
        /// The status.
        status: u16,
        /// When to come back, if the server said so.
        retry_after: Option<Duration>,
        /// What it said.
        said: RemoteText,
    },
    /// No connection, or it broke.
    #[error("`{what}`: {problem}")]
    Network {
        /// The thing asked for.
        what: String,
        /// What broke.
        problem: NetworkProblem,
        /// What the system said.
        said: RemoteText,
    },
    /// It took too long.
    #[error("`{what}` took longer than {limit:?}")]
    Timeout {
        /// The thing asked for.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// The bytes are not the ones asked for.
    #[error("`{what}`: expected digest {expected}, found {actual}")]
    Digest {
        /// The thing asked for.
        what: String,
        /// The digest asked for, or announced.
        expected: Digest,
        /// The digest of the bytes, or announced.
        actual: Digest,
    },
    /// More than may be.
    #[error("`{what}` has more than {limit} {unit}")]
    Size {
        /// The thing asked for.
        what: String,
        /// The limit.
        limit: u64,
        /// What is counted.
        unit: &'static str,
    },
    /// The server does not keep to the protocol.
    #[error("`{what}`: {problem}")]
    Protocol {
        /// The thing asked for.
        what: String,
        /// What is wrong.
        problem: ProtocolProblem,
        /// What the server said.
        said: RemoteText,
    },
    /// A git repository, or what is in it, cannot be used.
    #[error("`{what}`: {problem}")]
    Git {
        /// The repository.
        what: String,
        /// What is wrong.
        problem: GitProblem,
        /// What gix, or the server, said.
        said: RemoteText,
    },
    /// The place for the bytes did not take them.
    #[error("cannot keep `{what}`")]
    Sink {
        /// The thing asked for.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What broke.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum NetworkProblem {
    /// No connection: the name, the route or the port.
    #[error("no connection")]
    Connect,
    /// The certificate, or another part of TLS.
    #[error("no trusted connection")]
    Tls,
    /// The connection ended before the answer did.
    #[error("the connection broke")]
    Interrupted,
    /// The bundle of certificate authorities that was configured.
    #[error("no certificate could be read")]
    CaBundle,
    /// This machine gives no threads or sockets.
    #[error("cannot start the network")]
    Start,
}

/// How a server breaks the protocol.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum ProtocolProblem {
    /// A status that means nothing here.
    #[error("unexpected status {0}")]
    Status(u16),
    /// No `Location`, or one that is no URL.
    #[error("the answer has no usable Location")]
    Location,
    /// Too many redirects.
    #[error("more than {0} redirects")]
    Redirects(usize),
    /// A header that is malformed.
    #[error("the answer's `{0}` is malformed")]
    Header(&'static str),
    /// A document that is not the JSON it should be.
    #[error("expected {0}, found something else")]
    Document(&'static str),
    /// The next page is one that was already read.
    #[error("the pages go round in a circle")]
    Pages,
    /// The challenge to authenticate has no scheme that is spoken here.
    #[error("the server asks for an authentication that akua does not speak")]
    Challenge,
    /// The token server gave no token.
    #[error("the token server gave no token")]
    Token,
}

/// What is wrong with a git repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitProblem {
    /// The URL is malformed.
    #[error("it is not a URL of a git repository")]
    Url,
    /// ssh, in one of its spellings.
    #[error("git over ssh is not spoken")]
    Ssh,
    /// The reference is neither a tag's name nor 40 hex digits.
    #[error("expected the name of a tag, or a commit of 40 hex digits")]
    Reference,
    /// gix and the server did not come to an end.
    #[error("the fetch failed")]
    Fetch,
    /// The scratch directory.
    #[error("the scratch repository cannot be used")]
    Scratch,
    /// What was asked for is no commit.
    #[error("the reference does not lead to a commit")]
    Commit,
    /// An object is missing, malformed, or not what its id says.
    #[error("object {0} is missing or damaged")]
    Object(String),
    /// A name that is no path on any system: `..`, `.git`, not UTF-8.
    #[error("the tree has an entry with the name `{0}`")]
    EntryName(RemoteText),
    /// A commit of another repository in the tree.
    #[error("`{0}` is a submodule")]
    Submodule(RemoteText),
}

/// Whether another attempt may end otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// It will not.
    Never,
    /// It may; the server says, or does not say, how long it wants to be left alone.
    After(Option<Duration>),
}

impl FetchError {
    /// Whether another attempt may end otherwise.
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Rate { retry_after, .. } => Retry::After(*retry_after),
            // 501: the server does not know the method, and will not learn it.
            Self::Server { status, retry_after, .. } if *status != 501 => {
                Retry::After(*retry_after)
            }
            Self::Network { problem, .. } => match problem {
                NetworkProblem::Connect | NetworkProblem::Interrupted => Retry::After(None),
                NetworkProblem::Tls | NetworkProblem::CaBundle | NetworkProblem::Start => {
                    Retry::Never
                }
            },
            // A timeout has used its time already.
            Self::Timeout { .. }
            | Self::Host { .. }
            | Self::Quota { .. }
            | Self::Name(_)
            | Self::Auth { .. }
            | Self::NotFound { .. }
            | Self::Digest { .. }
            | Self::Size { .. }
            | Self::Protocol { .. }
            | Self::Git { .. }
            | Self::Server { .. }
            | Self::Sink { .. } => Retry::Never,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Host { reason: HostError::NotAllowed { .. }, .. } => "E_POLICY_HOST",
            Self::Host { .. } => "E_FETCH_HOST",
            Self::Quota { .. } => "E_POLICY_QUOTA",
            Self::Auth { .. } => "E_FETCH_AUTH",
            Self::NotFound { .. } => "E_FETCH_NOT_FOUND",
            Self::Rate { .. } => "E_FETCH_RATE",
            Self::Server { .. } => "E_FETCH_SERVER",
            Self::Network { .. } => "E_FETCH_NETWORK",
            Self::Timeout { .. } => "E_FETCH_TIMEOUT",
            Self::Digest { .. } => "E_FETCH_DIGEST",
            Self::Size { .. } => "E_FETCH_SIZE",
            Self::Name(_) => "E_FETCH_NAME",
            Self::Protocol { .. } => "E_FETCH_PROTOCOL",
            Self::Git { .. } => "E_FETCH_GIT",
            Self::Sink { .. } => "E_IO",
        }
    }

    /// What to tell a person.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code(), self.to_string());
        if let Some(help) = self.help() {
            diagnostic = diagnostic.help(help);
        }
        if let Some(said) = self.said().filter(|said| !said.as_str().is_empty()) {
            diagnostic = diagnostic.note(format!("found there: {said}"));
        }
        if let Self::Sink { source, .. } = self {
            diagnostic = diagnostic.note(source.to_string());
        }
        diagnostic
    }

    /// What somebody else said about it.
    fn said(&self) -> Option<&RemoteText> {
        match self {
            Self::Auth { said, .. }
            | Self::Server { said, .. }
            | Self::Network { said, .. }
            | Self::Protocol { said, .. }
            | Self::Git { said, .. } => Some(said),
            _ => None,
        }
    }

    /// The way out, where there is one.
    fn help(&self) -> Option<String> {
        match self {
            Self::Host { reason, .. } => Some(host_help(reason)),
            Self::Quota { .. } => Some(
                "ask for less at a time, or raise the quota in the policy's `[network]`".to_owned(),
            ),
            Self::Auth { host, known: false, .. } => {
                Some(format!("run `akua auth add --registry {host}`"))
            }
            Self::Auth { host, known: true, .. } => Some(format!(
                "the credentials for `{host}` do not allow it; `akua auth add --registry {host}` \
                 replaces them"
            )),
            Self::Rate { retry_after: Some(pause), .. } => {
                Some(format!("try again in {} s", pause.as_secs()))
            }
            Self::Network { problem: NetworkProblem::Tls, .. } => {
                Some("if the host has a certificate authority of its own, configure it".to_owned())
            }
            Self::Git { problem: GitProblem::Ssh, .. } => {
                Some("use the repository's https URL".to_owned())
            }
            Self::Digest { .. } => Some(
                "the server's copy is damaged or was replaced; do not use it before you know which"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// The way out of a refusal.
fn host_help(reason: &HostError) -> String {
    match reason {
        HostError::NotAllowed { host } => format!("allow `{host}` in the policy's list of hosts"),
        HostError::Address { host, .. } => {
            format!("allow `{host}` in the policy's list of private hosts, if it is yours")
        }
        HostError::Scheme { .. } => {
            "use https; plain http is for loopback, `file://` for where it is allowed".to_owned()
        }
        HostError::Userinfo { host } => {
            format!("take them out, and run `akua auth add --registry {host}`")
        }
        HostError::Realm { host, realm } => format!(
            "if that is right, put `realm = \"{realm}\"` under [registries.\"{host}\"] in auth.toml"
        ),
        HostError::Inward { .. } | HostError::OtherHost { .. } => {
            "name the host that has it, if you trust it".to_owned()
        }
    }
}
