//! A Sigstore deployment on loopback: real Fulcio, Rekor and timestamp authority, and an OIDC issuer.
//!
//! `cargo xtask peers` installs the programs, which takes some ten minutes; those that keep logs in a
//! database come with `--nightly`. Without them what needs them is skipped, and says so.

use crate::folder::Folder;
use crate::process::{Outcome, root, run_in, run_with};
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a workflow shows to get its token; `tests/servers/keyless` knows it too.
pub const WORKFLOW_SECRET: &str = "request-token-of-a-test";

/// Returns where a peer is; none where it is not installed.
#[expect(clippy::print_stderr, reason = "a test says that it is skipped")]
pub fn peer(name: &str) -> Option<PathBuf> {
    let path = root().join(".tools/peers").join(name);
    if !path.is_file() {
        eprintln!("skipped: there is no {name}; run `cargo xtask peers`");
        return None;
    }
    Some(path)
}

/// Which services a deployment has besides Fulcio and a timestamp authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Rekor 2.
    Tiles,
    /// Rekor 1, and a log of certificates.
    Logs,
}

impl Deployment {
    /// The programs that it needs.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Tiles => &["cosign", "cosign2", "fulcio", "timestamp-server", "rekor-server"],
            Self::Logs => &[
                "cosign",
                "cosign2",
                "fulcio",
                "timestamp-server",
                "rekor1-server",
                "ct-server",
                "trillian-log-server",
                "trillian-log-signer",
                "trillian-createtree",
                "trillian.sql",
            ],
        }
    }
}

/// Whether the system has `PostgreSQL`, where `tests/servers/keyless` looks for it.
#[expect(clippy::print_stderr, reason = "a test says that it is skipped")]
fn has_postgresql() -> bool {
    let found = Path::new("/usr/lib/postgresql").is_dir();
    if !found {
        eprintln!("skipped: there is no PostgreSQL");
    }
    found
}

/// A deployment; it ends when it is dropped.
#[derive(Debug)]
pub struct Keyless {
    /// Which services it has.
    pub deployment: Deployment,
    process: Child,
    folder: Folder,
    issuer: String,
    /// One deployment at a time: the timestamp authority has a fixed port for its metrics.
    _turn: File,
}

impl Keyless {
    /// Starts a deployment; none where the peers are not installed.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(name: &str, deployment: Deployment) -> Result<Option<Self>> {
        if deployment.programs().iter().any(|name| peer(name).is_none()) {
            return Ok(None);
        }
        if deployment == Deployment::Logs && !has_postgresql() {
            return Ok(None);
        }
        let servers = root().join("target/test-servers");
        std::fs::create_dir_all(&servers)?;
        let turn = File::create(servers.join("keyless.turn"))?;
        turn.lock()?;
        let program = servers.join("keyless");
        let mut build = Command::new("go");
        build.args(["build", "-o"]).arg(&program).arg(".");
        build.current_dir(root().join("tests/servers/keyless")).env("CGO_ENABLED", "0");
        let built = build.output().context("starting go")?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let folder = Folder::new(name)?;
        let mut start = Command::new(&program);
        start.arg(folder.path()).arg(root().join(".tools/peers"));
        if deployment == Deployment::Logs {
            start.arg("logs");
        }
        // It ends when its standard input does.
        start.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = start.spawn().context("starting the deployment")?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("it has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(!line.is_empty(), "the deployment does not start");
        let issuer = line.trim().to_owned();
        Ok(Some(Self { deployment, process, folder, issuer, _turn: turn }))
    }

    /// Its directory: `trusted_root.json`, `signing_config.json`, and room for a test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path below its directory, as text.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The issuer of people's tokens.
    pub fn people(&self) -> String {
        format!("{}/people", self.issuer)
    }

    /// The issuer of tokens of workflows.
    pub fn workflows(&self) -> String {
        format!("{}/workflows", self.issuer)
    }

    /// Where a workflow gets its token.
    pub fn workflow_url(&self) -> String {
        format!("{}/token?api-version=2.0", self.workflows())
    }

    /// Returns a token of a person.
    ///
    /// # Errors
    /// The issuer does not answer.
    pub fn token(&self, mail: &str) -> Result<String> {
        self.ask(&format!("/people/token?audience=sigstore&email={mail}"))
    }

    /// Returns a token that has expired.
    ///
    /// # Errors
    /// The issuer does not answer.
    pub fn expired_token(&self, mail: &str) -> Result<String> {
        self.ask(&format!("/people/token?audience=sigstore&expired=1&email={mail}"))
    }

    /// Runs cosign in the directory.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn cosign(&self, arguments: &[&str]) -> Result<Outcome> {
        run_in(&root().join(".tools/peers/cosign"), arguments, self.folder())
    }

    /// Runs cosign 2 in the directory, told of the deployment in its way.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn cosign2(&self, arguments: &[&str]) -> Result<Outcome> {
        let variables = [
            ("SIGSTORE_ROOT_FILE", self.path("fulcio.pem")),
            ("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", self.path("certificates.pub")),
            ("SIGSTORE_REKOR_PUBLIC_KEY", self.path("rekor.pub")),
        ];
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        run_with(&root().join(".tools/peers/cosign2"), &variables, arguments, self.folder())
    }

    /// What a verifier has to be told if certificates are in no log.
    pub fn without_certificate_log(&self) -> &'static [&'static str] {
        match self.deployment {
            Deployment::Tiles => &["--insecure-ignore-sct"],
            Deployment::Logs => &[],
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a server of a test")]
    fn ask(&self, path: &str) -> Result<String> {
        let address = self.issuer.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.contains(" 200 "), "{answer}");
        Ok(answer.split_once("\r\n\r\n").context("no body")?.1.to_owned())
    }
}

impl Drop for Keyless {
    fn drop(&mut self) {
        // Its programs end with it, and it ends with its input: it has a database to remove.
        drop(self.process.stdin.take());
        let _status = self.process.wait();
    }
}
