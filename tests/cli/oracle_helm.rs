//! akua renders charts as `helm template` does.

use akua_tests::compare::check_equal;
use akua_tests::corpus::{Case, run, trial, trials};
use akua_tests::folder::Folder;
use akua_tests::oracle::check_agrees;
use akua_tests::process::{Oracle, oracle, root};
use akua_tests::render::render;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::ExitCode;

/// The release of all cases.
const RELEASE: &str = "sample";
/// Their namespace.
const NAMESPACE: &str = "testing";

const MANIFEST: &str = r#"[package]
name = "case"
version = "0.1.0"
edition = "akua.dev/v1alpha1"

[dependencies]
subject = { path = "./chart" }
"#;

fn main() -> Result<ExitCode> {
    run(trials("charts", chart).map(|mut all| {
        all.push(trial("example", example));
        all
    }))
}

/// Renders `chart/` of a directory; once as it comes, once with each object passed through KCL.
fn chart(directory: &Path, case: &Case) -> Result<()> {
    let folder = Folder::new(&format!("helm-{}", case.name))?;
    let values = directory.join(case.values.as_deref().unwrap_or("values.yaml"));
    let values = std::fs::read_to_string(&values).with_context(|| values.display().to_string())?;
    for (package, resources) in [("plain", "_objects"), ("touched", "[{**o} for o in _objects]")] {
        folder.copy(&directory.join("chart"), &format!("{package}/chart"))?;
        folder.write(&format!("{package}/akua.toml"), MANIFEST)?;
        folder.write(&format!("{package}/inputs.yaml"), &values)?;
        folder.write(&format!("{package}/package.k"), &program(case, resources)?)?;
    }
    let (plain, touched) = (folder.path().join("plain"), folder.path().join("touched"));
    let flags = flags(case)?;
    let mut arguments = vec!["template", RELEASE, "./chart", "--namespace", NAMESPACE];
    arguments.extend(["--values", "inputs.yaml"]);
    arguments.extend(flags.iter().map(String::as_str));
    check_agrees(case, &[&plain, &touched], || oracle(Oracle::Helm, &arguments, &plain))
}

/// Returns the program of the package.
fn program(case: &Case, resources: &str) -> Result<String> {
    let mut options = Vec::new();
    for (key, value) in &case.options {
        let value = match value {
            toml::Value::Boolean(true) => "True".to_owned(),
            toml::Value::Boolean(false) => "False".to_owned(),
            other => serde_json::to_string(other)?,
        };
        options.push(format!("    {key} = {value}\n"));
    }
    let options = options.concat();
    Ok(format!(
        "import akua.ctx\nimport akua.helm\nimport charts.subject\n\n_objects = helm.template({{\n    \
         chart = subject.path\n    release = \"{RELEASE}\"\n    namespace = \"{NAMESPACE}\"\n    \
         values = ctx.input()\n{options}}})\nresources = {resources}\n"
    ))
}

/// Returns the options as flags of `helm template`.
fn flags(case: &Case) -> Result<Vec<String>> {
    let mut flags = Vec::new();
    if case.options.get("includeCrds").and_then(toml::Value::as_bool) != Some(false) {
        flags.push("--include-crds".to_owned());
    }
    for (key, value) in &case.options {
        let flag = match key.as_str() {
            "includeCrds" => continue,
            "noHooks" => "--no-hooks",
            "skipTests" => "--skip-tests",
            "kubeVersion" => "--kube-version",
            "apiVersions" => "--api-versions",
            "showOnly" => "--show-only",
            other => bail!("unknown option `{other}`"),
        };
        match value {
            toml::Value::Boolean(false) => {}
            toml::Value::Boolean(true) => flags.push(flag.to_owned()),
            toml::Value::String(text) => flags.extend([flag.to_owned(), text.clone()]),
            toml::Value::Array(items) => {
                for item in items {
                    let item = item.as_str().context("expected a list of strings")?;
                    flags.extend([flag.to_owned(), item.to_owned()]);
                }
            }
            other => bail!("unexpected value {other} of `{key}`"),
        }
    }
    Ok(flags)
}

/// The chart of the example, with the values that its program makes of its inputs.
fn example() -> Result<()> {
    let folder = Folder::new("helm-example")?;
    folder.copy(&root().join("examples/helm-chart"), "package")?;
    folder.write(
        "package/values.yaml",
        "replicaCount: 3\ningress: {enabled: true, host: shop.example.com}\n\
         cache: {enabled: true}\nnodeSelector: null\n",
    )?;
    let package = folder.path().join("package");
    let arguments = ["template", "shop", "./charts/shop", "--namespace", "shop", "--include-crds"];
    let arguments = [&arguments[..], &["--values", "values.yaml"]].concat();
    let expected = oracle(Oracle::Helm, &arguments, &package)?.success()?;
    check_equal(&expected, &render(&package, &[])?.success()?)
}
