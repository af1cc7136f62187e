//! Stage 1 of an engine: Go sources → a reactor module.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What the release of helm says of itself; the commit of its tag is not in Go's proxy.
const HELM_FLAGS: &str = "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1";

/// What `buildMetadata: [managedByLabel]` writes.
const KUSTOMIZE_FLAGS: &str = "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2";

/// A module as Go's linker writes it.
pub struct GoModule(pub Vec<u8>);

/// Builds the engine in `directory`; `scratch` is where Go may write.
pub fn build(name: &str, directory: &Path, scratch: &Path) -> Result<GoModule> {
    let output = scratch.join(format!("{name}.go.wasm"));
    let flags = if name == "helm" { HELM_FLAGS } else { KUSTOMIZE_FLAGS };
    let status = Command::new("go")
        .args(["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-mod=readonly"])
        .arg(format!("-ldflags={flags}"))
        .arg("-o")
        .arg(&output)
        .arg(".")
        .current_dir(directory)
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOWASM", "satconv,signext")
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "")
        .status()
        .context("running go")?;
    ensure!(status.success(), "go build of {name} failed");
    Ok(GoModule(std::fs::read(&output)?))
}

/// The version of Go, which the result depends on.
pub fn version() -> Result<String> {
    let output = Command::new("go").arg("version").output().context("running go")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
