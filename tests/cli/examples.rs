//! Every example renders: to a stream, to files that hold the same, and to what is checked in as
//! `rendered/`. `UPDATE=1` rewrites that.

use akua_tests::compare::check_equal;
use akua_tests::corpus::{run, trial};
use akua_tests::folder::{Folder, names};
use akua_tests::process::{akua, root};
use akua_tests::render::render;
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::path::Path;
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    run(names(&root().join("examples")).map(|names| {
        let check = |name: String| trial(&name.clone(), move || example(&name));
        names.into_iter().map(check).collect()
    }))
}

/// Renders an example to a stream and to a directory.
fn example(name: &str) -> Result<()> {
    let folder = Folder::new(&format!("example-{name}"))?;
    folder.copy(&root().join("examples").join(name), "package")?;
    let package = folder.path().join("package");
    let stream = render(&package, &[])?.success()?;
    ensure!(!stream.is_empty(), "expected objects, found none");
    let report = akua(&["render", "--json", "--out", "out"], &package)?.success()?;
    let report: Json = serde_json::from_slice(&report)?;
    let mut files = Vec::new();
    for file in report["files"].as_array().context("expected a list of files")? {
        let path = file["path"].as_str().context("expected a path")?;
        files.extend_from_slice(b"---\n");
        files.extend(std::fs::read(package.join("out").join(path))?);
    }
    check_equal(&stream, &files)?;
    // What it costs depends on nothing but the package: not on where it lies or runs.
    folder.copy(&package, "elsewhere/and/deeper")?;
    let again = folder.path().join("elsewhere/and/deeper");
    let again =
        akua(&["render", "--json", "--package", &again.display().to_string()], folder.path())?;
    let again: Json = serde_json::from_slice(&again.success()?)?;
    let fuel = |report: &Json| report["cost"]["fuel"].as_u64().context("a cost");
    ensure!(fuel(&report)? == fuel(&again)?, "another place, another cost");
    ensure!(report["hash"] == again["hash"], "another place, other bytes");
    check_rendered(&root().join("examples").join(name).join("rendered"), &package.join("out"))
}

/// Compares a rendered directory with the one that is checked in, byte for byte.
fn check_rendered(expected: &Path, found: &Path) -> Result<()> {
    if std::env::var_os("UPDATE").is_some() {
        akua(&["render", "--out", "rendered"], expected.parent().context("an example")?)?
            .success()?;
    }
    ensure!(names(expected)? == names(found)?, "the files differ from {}", expected.display());
    for name in names(expected)? {
        let same = std::fs::read(expected.join(&name))? == std::fs::read(found.join(&name))?;
        ensure!(same, "{name} differs from {}: UPDATE=1 rewrites it", expected.display());
    }
    Ok(())
}
