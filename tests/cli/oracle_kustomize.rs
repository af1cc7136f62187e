//! akua builds overlays as `kustomize build` does.

use akua_tests::compare::check_equal;
use akua_tests::corpus::{Case, run, trial, trials};
use akua_tests::folder::Folder;
use akua_tests::oracle::check_agrees;
use akua_tests::process::{Oracle, oracle, root};
use akua_tests::render::render;
use anyhow::Result;
use std::path::Path;
use std::process::ExitCode;

const MANIFEST: &str = r#"[package]
name = "case"
version = "0.1.0"
edition = "akua.dev/v1alpha1"
"#;

fn main() -> Result<ExitCode> {
    run(trials("overlays", overlay).map(|mut all| {
        for stage in ["staging", "production"] {
            all.push(trial(&format!("example/{stage}"), move || example(stage)));
        }
        all
    }))
}

/// Builds a directory; once as it comes, once with each object passed through KCL.
fn overlay(directory: &Path, case: &Case) -> Result<()> {
    let folder = Folder::new(&format!("kustomize-{}", case.name))?;
    let path = case.path.as_deref().map_or("overlay".to_owned(), |path| format!("overlay/{path}"));
    for (package, resources) in [("plain", "_objects"), ("touched", "[{**o} for o in _objects]")] {
        folder.copy(directory, &format!("{package}/overlay"))?;
        folder.write(&format!("{package}/akua.toml"), MANIFEST)?;
        let program = format!(
            "import akua.kustomize\n\n_objects = kustomize.build({{path = \"{path}\"}})\n\
             resources = {resources}\n"
        );
        folder.write(&format!("{package}/package.k"), &program)?;
    }
    let (plain, touched) = (folder.path().join("plain"), folder.path().join("touched"));
    let arguments = ["build", &path];
    check_agrees(case, &[&plain, &touched], || oracle(Oracle::Kustomize, &arguments, &plain))
}

/// An overlay of the example.
fn example(stage: &str) -> Result<()> {
    let folder = Folder::new(&format!("kustomize-example-{stage}"))?;
    folder.copy(&root().join("examples/kustomize-overlays"), "package")?;
    folder.write("package/inputs.yaml", &format!("stage: {stage}\n"))?;
    let package = folder.path().join("package");
    let path = format!("kustomize/overlays/{stage}");
    let expected = oracle(Oracle::Kustomize, &["build", &path], &package)?.success()?;
    check_equal(&expected, &render(&package, &[])?.success()?)
}
