//! Which hosts may be reached, and by which scheme.
//!
//! Three checks, none of which relies on another: the URL before each request and each redirect
//! ([`HostRules::check_url`], which also judges literal addresses), the addresses that a name
//! resolved to at the moment of connecting ([`HostRules::check_address`], called by the resolver, so
//! that a name which changes its mind gains nothing), and the step from one host to another
//! ([`HostRules::check_step`]).

pub(crate) mod address;
pub(crate) mod resolver;

use std::net::IpAddr;

use reqwest::Url;

use self::address::{AddressKind, kind_of};

/// Which hosts may be reached.
#[derive(Debug, Clone)]
pub struct HostRules {
    /// Lists of host names, or `*.suffix` for all below a name: each list has to have the host.
    pub allowed: Vec<Vec<String>>,
    /// Hosts that may have private, link-local or other special addresses, in the same form.
    pub allow_private: Vec<String>,
    /// Whether loopback may be reached: `localhost` and literal addresses, also by plain http.
    pub loopback: bool,
    /// Whether `file://` git repositories of this machine may be read. Off: a package that names
    /// one would read files outside of its workspace.
    pub local_repositories: bool,
}

impl Default for HostRules {
    fn default() -> Self {
        Self {
            allowed: Vec::new(),
            allow_private: Vec::new(),
            loopback: true,
            local_repositories: false,
        }
    }
}

/// Why a host was not reached.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum HostError {
    /// An allowlist is in force and does not name it.
    #[error("host `{host}` is not among the hosts that are allowed")]
    NotAllowed {
        /// The host.
        host: String,
    },
    /// The name stands for, or the address is, one that is not public.
    #[error("host `{host}` has the {kind} address {address}")]
    Address {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What kind of address that is.
        kind: AddressKind,
    },
    /// Plain http to another machine, or a scheme that is not spoken.
    #[error("`{scheme}` is not spoken with host `{host}`")]
    Scheme {
        /// The scheme.
        scheme: String,
        /// The host.
        host: String,
    },
    /// `user:password@` in a URL.
    #[error("a URL of host `{host}` carries a user name or a password")]
    Userinfo {
        /// The host.
        host: String,
    },
    /// A redirect, or a token server, from elsewhere to this machine or to a private host that was
    /// allowed for its own sake.
    #[error("host `{from}` sends to `{to}`, which is not for it to say")]
    Inward {
        /// Who sent.
        from: String,
        /// Where to.
        to: String,
    },
    /// A registry wants its credentials sent to another host.
    #[error("host `{host}` wants its credentials sent to `{realm}`")]
    Realm {
        /// The registry.
        host: String,
        /// The token server that it names.
        realm: String,
    },
    /// An upload was to be continued at another host.
    #[error("host `{from}` wants an upload continued at `{to}`")]
    OtherHost {
        /// The registry.
        from: String,
        /// Where the upload was to go.
        to: String,
    },
}

impl HostRules {
    /// Checks a URL before a request: scheme, userinfo, allowlist, and a literal address.
    pub(crate) fn check_url(&self, url: &Url) -> Result<(), HostError> {
        let host = host_of(url);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HostError::Userinfo { host });
        }
        let spoken = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&host),
            _ => false,
        };
        if !spoken || host.is_empty() {
            return Err(HostError::Scheme { scheme: url.scheme().to_owned(), host });
        }
        self.check_name(&host)?;
        match host.parse::<IpAddr>() {
            Ok(address) => self.check_address(&host, address),
            Err(_not_literal) => Ok(()),
        }
    }

    /// Checks the step from a request's URL to one that its answer named: it must not lead inwards.
    pub(crate) fn check_step(&self, from: &Url, to: &Url) -> Result<(), HostError> {
        let (from, to) = (host_of(from), host_of(to));
        let private = |host: &str| self.allow_private.iter().any(|pattern| matches(pattern, host));
        let inward = is_loopback(&to) || private(&to);
        if from == to || !inward || is_loopback(&from) || (private(&from) && !is_loopback(&to)) {
            return Ok(());
        }
        Err(HostError::Inward { from, to })
    }

    /// Checks a host against the allowlist, and `localhost` against the switch.
    pub(crate) fn check_name(&self, host: &str) -> Result<(), HostError> {
        let listed = |list: &[String]| list.iter().any(|pattern| matches(pattern, host));
        let refused = self.allowed.iter().any(|list| !listed(list));
        if refused || (is_loopback(host) && !self.loopback) {
            return Err(HostError::NotAllowed { host: host.to_owned() });
        }
        Ok(())
    }

    /// Checks an address that `host` stands for, at the moment of connecting.
    pub(crate) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), HostError> {
        let kind = kind_of(address);
        let loopback = kind == AddressKind::Loopback;
        let fits = if is_loopback(host) {
            // A `localhost` that is not this machine would make plain http leave it.
            loopback && self.loopback
        } else {
            kind == AddressKind::Public
                || self.allow_private.iter().any(|pattern| matches(pattern, host))
        };
        if fits { Ok(()) } else { Err(HostError::Address { host: host.to_owned(), address, kind }) }
    }
}

/// Whether two URLs are served by the same party: scheme, host and port.
pub(crate) fn same_origin(left: &Url, right: &Url) -> bool {
    left.scheme() == right.scheme()
        && host_of(left) == host_of(right)
        && left.port_or_known_default() == right.port_or_known_default()
}

/// The host of a URL, in lower case, without brackets and final dot.
pub(crate) fn host_of(url: &Url) -> String {
    normal(url.host_str().unwrap_or_default())
}

/// The host and port of a URL, as credentials are listed: the port only where it is not the usual.
pub(crate) fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// The host and port of a URL in the one spelling that rules compare: as [`authority_of`], and without
/// a final dot, which names the same host.
pub(crate) fn place_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// Whether a host is this machine by name or by literal address.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse().is_ok_and(|address: IpAddr| kind_of(address) == AddressKind::Loopback)
}

/// Lower case, no brackets, no final dot.
fn normal(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    host.to_ascii_lowercase()
}

/// Whether `host` is what `pattern` names: the same host, or one below `*.suffix`.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(suffix) => {
            let suffix = normal(suffix);
            host.strip_suffix(suffix.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        }
        None => normal(pattern) == host,
    }
}

#[cfg(test)]
mod tests;
