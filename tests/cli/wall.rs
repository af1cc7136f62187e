//! The second wall around the built binary. What it refuses is tried in `akua-sandbox`
//! `tests/wall.rs`; here is that commands raise it, and what they do behind it.

use akua_tests::process::{akua, root};
use akua_tests::project::{Project, manifest};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const OBJECT: &str =
    "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"x\"}]\n";
/// It takes as long as it may.
const ENDLESS: &str =
    "_s = \"a\" * 30000000\nresources = [i for i in range(100000) if _s.count(\"ab\") > 0]\n";

/// Starts a command that takes long, and waits until its process has filters; returns how many.
fn filters(project: &Project, arguments: &[&str]) -> Result<u32> {
    let binary = std::env::var_os("AKUA_BIN")
        .map_or_else(|| root().join("target/release/akua"), PathBuf::from);
    let mut child = Command::new(binary)
        .args(arguments)
        .current_dir(project.folder.path())
        .env_clear()
        .env("HOME", project.path("home"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let start = Instant::now();
    let mut found = Ok(0);
    while start.elapsed() < Duration::from_secs(5) && child.try_wait()?.is_none() {
        found = status(child.id());
        // Stores come after both parts of the wall, and so does the thread that watches them.
        if matches!(found, Ok(count) if count > 0) && threads(child.id()) > 1 {
            break;
        }
    }
    child.kill()?;
    child.wait()?;
    found
}

/// Returns how many filters of system calls a process has.
fn status(process: u32) -> Result<u32> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"));
    Ok(line.context("no such line")?.trim().parse()?)
}

fn threads(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/task")).map_or(0, Iterator::count)
}

#[test]
fn commands_run_guests_behind_it() -> Result<()> {
    let project = Project::new("wall-filters", "", ENDLESS)?;
    let online = filters(&project, &["render", "--dry-run"])?;
    ensure!(online == 2, "one when it begins, one when all is fetched: {online}");
    let offline = filters(&project, &["render", "--dry-run", "--offline"])?;
    ensure!(offline == 1, "one when it begins: {offline}");
    let eval = filters(&project, &["eval", "package.k"])?;
    ensure!(eval == 1, "one when it begins: {eval}");
    Ok(())
}

/// The first Store, for the settings, runs before files are limited; the second is still watched.
#[test]
fn settings_are_read_in_a_store_before_the_files() -> Result<()> {
    let project = Project::new("wall-settings", "", ENDLESS)?;
    project.folder.write("kcl.yaml", "kcl_cli_configs:\n  file: [package.k]\n")?;
    project.refused(&["eval", "--worker-timeout", "300ms"], 6, &["E_BUDGET_DEADLINE"])?;
    project.folder.write("package.k", "a = 1\n")?;
    ensure!(project.ok(&["eval"])? == "a: 1\n");
    Ok(())
}

#[test]
fn a_render_that_fails_leaves_no_directory() -> Result<()> {
    let project = Project::new("wall-output", "", "resources = [1]\n")?;
    project.refused(&["render", "--out", "a/b/c"], 1, &["E_RENDER_RESOURCES"])?;
    ensure!(!project.path("a").exists(), "the output directory was left behind");
    project.folder.write("package.k", OBJECT)?;
    project.ok(&["render", "--out", "a/b/c"])?;
    ensure!(project.read("a/b/c/configmap-x.yaml")?.contains("name: x"));
    // Another one, and what is no longer rendered goes.
    project.folder.write("package.k", &OBJECT.replace("\"x\"", "\"y\""))?;
    project.ok(&["render", "--out", "a/b/c"])?;
    ensure!(!project.path("a/b/c/configmap-x.yaml").exists(), "a stale file is there");
    Ok(())
}

/// Packages in packages are loaded behind the wall: from the workspace where there is no lock, from
/// what the lock names where there is one.
#[test]
fn packages_in_packages_are_behind_it() -> Result<()> {
    let render = |alias: &str| {
        format!("import akua.pkg\nresources = pkg.render({{package = \"{alias}\"}})\n")
    };
    let dependency =
        |name: &str, path: &str| format!("[dependencies]\n{name} = {{ path = \"{path}\" }}\n");
    let project = Project::new("wall-nested", "", OBJECT)?;
    project.folder.write("akua.toml", &manifest("workspace", "[workspace]\n"))?;
    project.folder.write("app/akua.toml", &manifest("app", &dependency("middle", "../middle")))?;
    project.folder.write("app/package.k", &render("middle"))?;
    project.folder.write("middle/akua.toml", &manifest("middle", &dependency("inner", "../in")))?;
    project.folder.write("middle/package.k", &render("inner"))?;
    project.folder.write("in/akua.toml", &manifest("in", ""))?;
    project.folder.write("in/package.k", OBJECT)?;
    let first = project.render(&["--package", "app"])?;
    ensure!(first.contains("name: x"), "{first}");
    project.ok(&["lock", "--workspace", "app"])?;
    ensure!(first == project.render(&["--package", "app"])?);
    Ok(())
}

#[test]
fn doctor_finds_a_wall_that_holds() -> Result<()> {
    let project = Project::new("wall-doctor", "", OBJECT)?;
    let outcome = akua(&["doctor", "--json"], project.folder.path())?;
    let health: Json = serde_json::from_slice(&outcome.stdout)?;
    // A machine without Landlock has warnings, and nothing fails.
    ensure!(outcome.code == Some(0) && health["status"] != "fail", "{health:#}");
    let checks = health["checks"].as_array().context("checks")?;
    let found = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        check.with_context(|| format!("no check `{name}`"))
    };
    for name in ["helm", "kustomize", "cache", "seccomp", "may not: start a program"] {
        ensure!(found(name)?["status"] == "ok", "{health:#}");
    }
    for limit in ["time", "fuel", "memory"] {
        ensure!(found(&format!("limit of {limit}"))?["status"] == "ok", "{health:#}");
    }
    ensure!(found("self-test: KCL, helm, kustomize")?["status"] == "ok", "{health:#}");
    let left = std::fs::read_dir(project.path("home/.cache/akua/v1/staging"))?.count();
    ensure!(left == 0, "the self-test left {left} things behind");
    let text = project.ok(&["doctor"])?;
    ensure!(text.contains("  ok    seccomp "), "{text}");
    Ok(())
}

#[test]
fn doctor_says_what_fails() -> Result<()> {
    let project = Project::new("wall-doctor-fails", "", OBJECT)?;
    // A file is where the cache should be.
    project.folder.write("home/.cache/akua", "x")?;
    let outcome = project.run(&["doctor"])?;
    let text = String::from_utf8(outcome.stdout)?;
    ensure!(outcome.code == Some(2) && text.contains("  fail  cache write"), "{text}");
    ensure!(text.contains("help: "), "{text}");
    Ok(())
}
