//! Build stages that need a compiler for wasm, and checks of the workspace.
//!
//! **Invariant:** a workspace of its own, so that nothing that is needed here becomes a part of the
//! product. Start with `guests.rs`.

mod compile;
mod data;
mod go_build;
mod guests;
mod hostile;
mod lock;
mod merge_data;
mod order;
mod preinit;
#[path = "../../crates/akua-sandbox/src/settings.rs"]
mod settings;
mod tidy;
mod tools;
mod verbs;
mod worker_build;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root()?;
    match arguments.as_slice() {
        ["guests", rest @ ..] => guests::run(&root, rest),
        ["run", "--", rest @ ..] | ["run", rest @ ..] => verbs::run(&root, rest),
        ["test"] => verbs::test(&root),
        ["pkcs11"] => verbs::pkcs11(&root),
        ["peers", rest @ ..] => tools::install_peers(&root, rest),
        ["tidy"] => tidy::run(&root),
        _ => bail!(
            "usage: cargo xtask run [ARGUMENTS OF AKUA…]\n       cargo xtask test\n       \
             cargo xtask guests [--check] [--force] [NAME…]\n       \
             cargo xtask peers [--nightly] [NAME…]\n       cargo xtask pkcs11\n       \
             cargo xtask tidy"
        ),
    }
}

/// The root of the product's workspace.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_path_buf).context("xtask has a parent directory")
}
