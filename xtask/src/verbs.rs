//! The two commands of the README: run the product, and test it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{guests, tidy, tools};

/// The reference implementation of KCL, for the differential test; it goes into a venv.
const KCL: &str = "kcl-lib==0.13.2";
/// The conformance corpus, where it is at hand.
const CORPUS: &str = "../shared/kcl-conformance/run.py";
/// Cases of the visible corpus that pass today; a commit may only raise it.
const CORPUS_PASSES: &str = "1441";

/// Builds everything and runs akua with `arguments`.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    build(root)?;
    let binary = root.join("target/release/akua");
    let status = Command::new(binary).args(arguments).status().context("running akua")?;
    std::process::exit(status.code().unwrap_or(2));
}

/// Builds everything and runs all checks and tests.
pub fn test(root: &Path) -> Result<()> {
    guests(root, &["--check"])?;
    pkcs11(root)?;
    tools::install_native(root)?;
    reference(root);
    cargo(root, &["fmt", "--all", "--check"])?;
    tidy::run(root)?;
    cargo(root, &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    let tokens = ["clippy", "--release", "-p", "akua-cli", "--features", "pkcs11"];
    cargo(root, &[&tokens[..], &["-p", "akua-ops", "--", "-D", "warnings"]].concat())?;
    for module in ["engines/wire", "engines/helm", "engines/kustomize", "engines/helm/stubs/check"]
    {
        step(Command::new("go").args(["test", "./..."]).current_dir(root.join(module)))?;
    }
    cargo(root, &["test", "--release", "--workspace"])?;
    corpus(root)
}

/// Builds the guests and the binary.
fn build(root: &Path) -> Result<()> {
    guests(root, &[])?;
    cargo(root, &["build", "--release", "-p", "akua-cli"])
}

/// Builds the guests.
fn guests(root: &Path, arguments: &[&str]) -> Result<()> {
    step(Command::new("rustup").args(["target", "add", "wasm32-wasip1"]).current_dir(root))?;
    guests::run(root, arguments)
}

/// Builds the binary that signs with keys in tokens, as `target/release/akua-pkcs11`, then the
/// binary as it ships; unpacks the tokens of tests.
pub fn pkcs11(root: &Path) -> Result<()> {
    let release = root.join("target/release");
    let (binary, other) = (release.join("akua"), release.join("akua-pkcs11"));
    let build = ["build", "--release", "-p", "akua-cli"];
    cargo(root, &[&build[..], &["--features", "pkcs11"]].concat())?;
    // It has the same name: cargo puts it where the one that ships belongs, which is built next.
    std::fs::copy(&binary, &other).context("copying the binary")?;
    cargo(root, &build)?;
    tools::softhsm(root);
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

/// Runs cargo in the product's workspace, as if it were started by hand: what cargo says of xtask
/// itself is not for the build scripts there, which would run again each time (ring's does).
fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    step(cargo.args(arguments).current_dir(root))
}

/// Runs a step, or fails with what it was.
pub fn step(command: &mut Command) -> Result<()> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let shown = words.join(" ");
    println!("-- {shown}");
    let status = command.status().with_context(|| format!("starting {shown}"))?;
    if status.success() { Ok(()) } else { bail!("failed: {shown}") }
}
