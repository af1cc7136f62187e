//! EFFECT sockets: registries, plain files over https, git; a blocking API, async stays inside.
//!
//! Everything that akua fetches, and everything it publishes, passes here. What comes back is bytes
//! whose digest is known, or an error with a code; what they mean is for others.
//!
//! **Invariant:** no host is reached that [`HostRules`] refuse, at the moment of connecting and at each
//! redirect; credentials go to the host they are for and to no other; every body has a limit that is
//! checked while it is read; bytes count only once their digest was verified. Absent on purpose:
//! subprocesses (credential helpers, git, ssh), the environment, proxies, layer `urls`, printing.
//!
//! Start with `client.rs`, then `http.rs`, which all protocols go through. Why oci-client's own
//! requests are not used: `docs/decisions/0012`.
#![forbid(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
// A test says what must hold.
#![cfg_attr(not(test), warn(clippy::expect_used))]

mod client;
mod credentials;
mod download;
mod error;
mod file;
mod git;
mod hosts;
mod http;
mod limits;
mod manifest;
mod names;
mod redacted;
mod registry;
mod remote_text;
mod service;
mod sink;

pub use akua_source::Digest;
pub use client::{Client, ClientOptions, Progress, ProgressFn};
pub use credentials::{
    AuthFile, AuthProblem, Credential, Credentials, CredentialsError, RegistryEntry, Secret,
    add_registry, list_registries, remove_registry,
};
pub use download::Fetched;
pub use error::{FetchError, GitProblem, NetworkProblem, ProtocolProblem};
pub use git::{GitEntry, GitEntryKind, GitRef, GitTag};
pub use hosts::address::AddressKind;
pub use hosts::{HostError, HostRules};
pub use http::quota::{QuotaKind, Quotas};
pub use limits::FetchLimits;
pub use manifest::{Descriptor, ImageManifest, OciManifest, Parsed};
pub use names::{NameError, Reference, Repository};
pub use redacted::Redacted;
pub use remote_text::RemoteText;
pub use service::Post;
pub use sink::Sink;
