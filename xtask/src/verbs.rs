//! The two commands of the README: run the product, and test it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{guests, tidy};

/// Native tools that tests compare with, and the versions of the engines that they must have.
const TOOLS: [(&str, &str); 2] =
    [("helm.sh/helm/v4/cmd/helm", "v4.3.1"), ("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.2")];
/// The reference implementation of KCL, for the differential test; it goes into a venv.
const KCL: &str = "kcl-lib==0.13.2";
/// The conformance corpus, where it is at hand.
const CORPUS: &str = "../shared/kcl-conformance/run.py";
/// Cases of the visible corpus that pass today; a commit may only raise it.
const CORPUS_PASSES: &str = "1441";

/// Builds everything and runs akua with `arguments`.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    build(root, &[])?;
    let binary = root.join("target/release/akua");
    let status = Command::new(binary).args(arguments).status().context("running akua")?;
    std::process::exit(status.code().unwrap_or(2));
}

/// Builds everything and runs all checks and tests.
pub fn test(root: &Path) -> Result<()> {
    build(root, &["--check"])?;
    tools(root)?;
    reference(root);
    cargo(root, &["fmt", "--all", "--check"])?;
    tidy::run(root)?;
    cargo(root, &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    for module in ["engines/wire", "engines/helm", "engines/kustomize", "engines/helm/stubs/check"]
    {
        step(Command::new("go").args(["test", "./..."]).current_dir(root.join(module)))?;
    }
    cargo(root, &["test", "--release", "--workspace"])?;
    corpus(root)
}

/// Builds the guests and the binary.
fn build(root: &Path, guests: &[&str]) -> Result<()> {
    step(Command::new("rustup").args(["target", "add", "wasm32-wasip1"]).current_dir(root))?;
    guests::run(root, guests)?;
    cargo(root, &["build", "--release", "-p", "akua-cli"])
}

/// Installs the native tools into `.tools/bin`, each once a version.
fn tools(root: &Path) -> Result<()> {
    let folder = root.join(".tools");
    for (package, version) in TOOLS {
        let name = package.rsplit('/').find(|part| !is_major(part)).unwrap_or(package);
        let stamp = folder.join(format!("{name}-{version}"));
        if stamp.is_file() && folder.join("bin").join(name).is_file() {
            continue;
        }
        let mut install = Command::new("go");
        install
            .args(["install", "-trimpath", "-ldflags=-s -w"])
            .arg(format!("{package}@{version}"));
        // A clean folder: no go.mod of ours may choose other versions.
        std::fs::create_dir_all(&folder)?;
        step(
            install.env("GOBIN", folder.join("bin")).env("CGO_ENABLED", "0").current_dir(&folder),
        )?;
        std::fs::write(stamp, "")?;
    }
    Ok(())
}

/// Installs the reference implementation of KCL into `.tools/kcl`; without it the test that
/// compares with it says that it is skipped.
fn reference(root: &Path) {
    let venv = root.join(".tools/kcl");
    let stamp = root.join(".tools").join(KCL.replace("==", "-"));
    if stamp.is_file() && venv.join("bin/python").is_file() {
        return;
    }
    let installed = step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        .and_then(|()| step(Command::new(venv.join("bin/pip")).args(["install", "--quiet", KCL])))
        .and_then(|()| Ok(std::fs::write(stamp, "")?));
    if let Err(error) = installed {
        println!("{KCL} cannot be installed: {error:#}");
    }
}

/// Returns whether a part of a package path is a major version, such as `v5`.
fn is_major(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Runs the conformance corpus.
fn corpus(root: &Path) -> Result<()> {
    let script = root.join(CORPUS);
    if !script.is_file() {
        println!("the conformance corpus is not at {CORPUS}: skipped");
        return Ok(());
    }
    let binary = root.join("target/release/akua");
    step(Command::new("python3").arg(script).arg(binary).args(["--top", "--min", CORPUS_PASSES]))
}

/// Runs cargo in the product's workspace.
fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    step(Command::new("cargo").args(arguments).current_dir(root))
}

/// Runs a step, or fails with what it was.
fn step(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    println!("-- {shown}");
    let status = command.status().with_context(|| format!("starting {shown}"))?;
    if status.success() { Ok(()) } else { bail!("failed: {shown}") }
}
