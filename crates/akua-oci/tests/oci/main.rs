//! akua-oci against real servers (a registry, git) and hostile ones, all on loopback.
#![expect(
    clippy::disallowed_methods,
    reason = "tests own servers, sockets and scratch directories"
)]

mod git;
mod git_repository;
mod hostile;
mod hostile_auth;
mod hostile_server;
mod hostile_transfer;
mod real;
mod server;
mod service;
mod tls;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use akua_oci::{Client, ClientOptions, Credential, Credentials, FetchLimits, Redacted, Repository};
use akua_oci::{HostRules, Secret};

/// Limits under which a hostile test is over in a moment.
fn quick_limits() -> FetchLimits {
    FetchLimits {
        document_bytes: 64 << 10,
        token_bytes: 16 << 10,
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(20),
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        document_timeout: Duration::from_secs(10),
        transfer_timeout: Duration::from_secs(20),
        ..FetchLimits::default()
    }
}

/// Options with quick limits.
fn quick() -> ClientOptions {
    let hosts = HostRules { local_repositories: true, ..HostRules::default() };
    ClientOptions { limits: quick_limits(), hosts, ..ClientOptions::default() }
}

/// A client that knows nobody.
fn client() -> Client {
    Client::new(quick()).expect("a client")
}

/// A client that has a credential for one host.
fn client_with(host: &str, secret: Secret, realm: Option<&str>) -> Client {
    let credential = Credential { secret, realm: realm.map(str::to_owned) };
    let credentials = Credentials::default().with(host, credential);
    Client::new(ClientOptions { credentials, ..quick() }).expect("a client")
}

/// A user and a password.
fn basic(username: &str, password: &str) -> Secret {
    Secret::Basic { username: username.to_owned(), password: Redacted::new(password) }
}

/// A repository of a server on loopback.
fn repository(port: u16, name: &str) -> Repository {
    Repository::parse(&format!("127.0.0.1:{port}/{name}")).expect("a repository")
}

/// An empty directory of this test run.
fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{name}-{}-{count}", std::process::id()));
    drop(std::fs::remove_dir_all(&path));
    std::fs::create_dir_all(&path).expect("a scratch directory");
    path
}
