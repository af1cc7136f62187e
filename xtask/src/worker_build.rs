//! Stage 1 of the worker: Rust sources → a reactor module.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A module as rustc's linker writes it.
pub struct RustModule(pub Vec<u8>);

/// The part of the stack that Rust keeps in the guest's memory; with the linker's 1 MiB it would end
/// before KCL's own depth budget does.
const STACK_BYTES: usize = 4 << 20;

/// Builds the worker of the workspace at `root`.
pub fn build(root: &Path) -> Result<RustModule> {
    let target = root.join("target/guest-build");
    let home = std::env::var("CARGO_HOME")
        .unwrap_or_else(|_unset| format!("{}/.cargo", std::env::var("HOME").unwrap_or_default()));
    // Paths end up in panic messages: the module must not depend on where it is built.
    let flags = format!(
        "--remap-path-prefix={}=/akua --remap-path-prefix={home}=/cargo -Clink-arg=-zstack-size={STACK_BYTES}",
        root.display()
    );
    let status = Command::new(env!("CARGO"))
        .args(["build", "--profile", "guest", "--target", "wasm32-wasip1", "-p", "akua-worker"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(root)
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .context("running cargo")?;
    ensure!(status.success(), "building the worker failed");
    Ok(RustModule(std::fs::read(target.join("wasm32-wasip1/guest/akua_worker.wasm"))?))
}
