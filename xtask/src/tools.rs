//! Programs that tests compare with or talk to: in Go, each installed once a version; and SoftHSM.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A program: its name here, its package, its version.
pub type Tool = (&'static str, &'static str, &'static str);

/// Native tools that tests compare with, and the versions of the engines that they must have.
const TOOLS: [Tool; 2] = [
    ("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1"),
    ("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2"),
];
/// Peers of tests of trust: who else signs and verifies, and the services of a Sigstore deployment.
const PEERS: [Tool; 7] = [
    ("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3"),
    ("cosign2", "github.com/sigstore/cosign/v2/cmd/cosign", "v2.6.5"),
    ("fulcio", "github.com/sigstore/fulcio", "v1.8.8"),
    ("rekor-server", "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix", "v2.3.0"),
    (
        "timestamp-server",
        "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server",
        "v2.1.3",
    ),
    ("regctl", "github.com/regclient/regclient/cmd/regctl", "v0.11.7"),
    ("registry", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.2"),
];

/// More services, which take as long again: logs that keep their trees in a database (PostgreSQL, which
/// is the system's), and the one of certificates among them.
const NIGHTLY: [Tool; 5] = [
    ("rekor1-server", "github.com/sigstore/rekor/cmd/rekor-server", "v1.5.4"),
    (
        "ct-server",
        "github.com/google/certificate-transparency-go/trillian/ctfe/ct_server",
        "v1.4.0",
    ),
    ("trillian-log-server", "github.com/google/trillian/cmd/trillian_log_server", TRILLIAN),
    ("trillian-log-signer", "github.com/google/trillian/cmd/trillian_log_signer", TRILLIAN),
    ("trillian-createtree", "github.com/google/trillian/cmd/createtree", TRILLIAN),
];
/// The version of Trillian.
const TRILLIAN: &str = "v1.8.0";
/// Its tables, below the folder of its module.
const TABLES: &str = "storage/postgresql/schema/storage.sql";

/// Installs the native tools into `.tools/bin`.
pub fn install_native(root: &Path) -> Result<()> {
    TOOLS.iter().try_for_each(|tool| install(&root.join(".tools"), "bin", tool))
}

/// Installs the peers that are named, or all, into `.tools/peers`; those of the night with `--nightly`,
/// or by name.
pub fn install_peers(root: &Path, names: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|name| name.starts_with('-'));
    ensure!(flags.iter().all(|flag| *flag == "--nightly"), "the only flag is --nightly");
    if names.is_empty() || names.contains(&"softhsm") {
        softhsm(root);
    }
    for name in names.iter().filter(|name| **name != "softhsm") {
        let known = PEERS.iter().chain(&NIGHTLY).any(|(known, ..)| known == name);
        ensure!(known, "there is no peer `{name}`");
    }
    let tools = root.join(".tools");
    let is_named = |tool: &&Tool| names.contains(&tool.0);
    let peers = PEERS.iter().filter(|tool| names.is_empty() || is_named(tool));
    let nightly = NIGHTLY.iter().filter(|tool| !flags.is_empty() || is_named(tool));
    peers.chain(nightly).try_for_each(|tool| {
        install(&tools, "peers", tool)?;
        if tool.0 == "trillian-log-server" { copy_tables(&tools) } else { Ok(()) }
    })
}

/// Copies the tables of Trillian beside its programs.
fn copy_tables(tools: &Path) -> Result<()> {
    let cache = Command::new("go").args(["env", "GOMODCACHE"]).output().context("running go")?;
    let cache = String::from_utf8(cache.stdout)?;
    let module = format!("github.com/google/trillian@{TRILLIAN}");
    let tables = Path::new(cache.trim()).join(module).join(TABLES);
    let copy = tools.join("peers/trillian.sql");
    // Go's cache may have been emptied since.
    if copy.is_file() && !tables.is_file() {
        return Ok(());
    }
    let bytes = std::fs::read(&tables).with_context(|| format!("reading {}", tables.display()))?;
    Ok(std::fs::write(copy, bytes)?)
}

/// Unpacks SoftHSM where that is possible; else tests with tokens say that they are skipped.
pub fn softhsm(root: &Path) {
    if let Err(error) = install_softhsm(root) {
        println!(
            "SoftHSM cannot be taken from Debian's packages (apt-get update may help): {error:#}"
        );
    }
}

/// Where SoftHSM is, below `.tools`.
const SOFTHSM: &str = "peers/softhsm";
/// Debian's packages of it; what they need besides, libc and OpenSSL, is on every machine.
const SOFTHSM_PACKAGES: [&str; 2] = ["softhsm2", "libsofthsm2"];

/// Unpacks SoftHSM from Debian's packages into `.tools/peers`, without installing it.
fn install_softhsm(root: &Path) -> Result<()> {
    let tools = root.join(".tools");
    let (target, built) = (tools.join(SOFTHSM), tools.join("build/softhsm"));
    if target.is_dir() {
        return Ok(());
    }
    if built.exists() {
        std::fs::remove_dir_all(&built)?;
    }
    let unpacked = built.join("unpacked");
    std::fs::create_dir_all(&unpacked)?;
    let mut download = Command::new("apt-get");
    download.arg("download").args(SOFTHSM_PACKAGES).current_dir(&built);
    crate::verbs::step(&mut download)?;
    for entry in std::fs::read_dir(&built)? {
        let package = entry?.path();
        if package.extension().is_some_and(|ending| ending == "deb") {
            crate::verbs::step(Command::new("dpkg").arg("-x").arg(package).arg(&unpacked))?;
        }
    }
    std::fs::create_dir_all(tools.join("peers"))?;
    std::fs::rename(unpacked, target)?;
    Ok(std::fs::remove_dir_all(&built)?)
}

/// Builds a program into a folder of `.tools`, unless this version of it is there.
fn install(tools: &Path, folder: &str, (name, package, version): &Tool) -> Result<()> {
    let stamp = tools.join(format!("{name}-{version}"));
    let program = tools.join(folder).join(name);
    if stamp.is_file() && program.is_file() {
        return Ok(());
    }
    // A clean folder: no go.mod of ours may choose other versions, and no other program is in it.
    let built = tools.join("build").join(name);
    std::fs::create_dir_all(&built)?;
    std::fs::create_dir_all(tools.join(folder))?;
    let mut install = Command::new("go");
    install.args(["install", "-trimpath", "-ldflags=-s -w"]).arg(format!("{package}@{version}"));
    install.env("GOBIN", &built).env("CGO_ENABLED", "0").current_dir(&built);
    crate::verbs::step(&mut install)?;
    let mut found = std::fs::read_dir(&built)?;
    let found = found.next().with_context(|| format!("{package} has no program"))??;
    std::fs::rename(found.path(), program)?;
    std::fs::remove_dir(&built)?;
    Ok(std::fs::write(stamp, "")?)
}
