//! Workspaces: one command for all members, one report.

use akua_tests::project::{Project, manifest};
use anyhow::{Result, ensure};
use serde_json::Value as Json;
use std::fs;

/// Makes a workspace whose app depends on its library, which depends on a chart.
fn workspace(name: &str, members: &str) -> Result<Project> {
    let project = Project::new(name, "", "resources = []\n")?;
    fs::remove_file(project.path("package.k"))?;
    project.folder.write("akua.toml", &format!("[workspace]\nmembers = [{members}]\n"))?;
    let depends =
        |on: &str, path: &str| format!("\n[dependencies]\n{on} = {{ path = {path:?} }}\n");
    project.folder.write("a/app/akua.toml", &manifest("app", &depends("lib", "../lib")))?;
    let program = "import akua.pkg\nresources = pkg.render({package = \"lib\"})\n";
    project.folder.write("a/app/package.k", program)?;
    project.folder.write("a/lib/akua.toml", &manifest("lib", &depends("web", "../../web")))?;
    let program = "import charts.web\nresources = web.template({})\n";
    project.folder.write("a/lib/package.k", program)?;
    project.folder.write("a/notes/README.md", "no package\n")?;
    project.chart("web", "web", "1.0.0", "")?;
    Ok(project)
}

#[test]
fn all_members_are_locked_verified_updated_and_shown() -> Result<()> {
    let project = workspace("members", "\"a/*\"")?;
    // The library first: its lock is among the files that the app's lock vouches for.
    let locked = project.ok(&["lock", "--members"])?;
    ensure!(locked == "a/lib: locked 1 dependency\na/app: locked 2 dependencies\n", "{locked}");
    project.ok(&["lock", "--members", "--check"])?;
    // From any directory of the workspace.
    let verified = project.ok(&["verify", "--members", "--workspace", "a/app"])?;
    ensure!(verified.lines().count() == 2 && verified.contains("a/lib: verified"), "{verified}");
    let tree = project.ok(&["tree", "--members"])?;
    ensure!(tree.starts_with("lib 0.1.0\n") && tree.contains("app 0.1.0\n"), "{tree}");
    let before = project.render(&["--package", "a/app"])?;
    ensure!(before.contains("name: web"), "{before}");
    project.folder.write("web/values.yaml", "a: 1\n")?;
    let told = project.run(&["verify", "--members", "--json"])?;
    let report: Json = serde_json::from_slice(&told.stdout)?;
    ensure!(told.code == Some(1) && report["status"] == "fail", "{report}");
    let first = &report["members"][0];
    ensure!(
        first["path"] == "a/lib" && first["result"]["violations"][0]["kind"] == "PathDigestDrift"
    );
    ensure!(told.stderr.contains("in the member `a/lib`") && told.stderr.contains("E_LOCK_DRIFT"));
    let updated = project.ok(&["update", "--members"])?;
    ensure!(updated.contains("a/app: updated lib"), "{updated}");
    project.ok(&["verify", "--members"])?;
    project.refused(&["update", "--members", "--dep", "web"], 1, &["E_INVALID_FLAG"])
}

#[test]
fn one_bad_member_does_not_keep_the_others_from_their_turn() -> Result<()> {
    let project = workspace("bad-member", "\"a/lib\", \"a/app\"")?;
    project.folder.write("a/app/akua.toml", "[package\n")?;
    let told = project.run(&["lock", "--members"])?;
    ensure!(told.code == Some(1), "{}", told.stderr);
    let lines = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(lines == "a/app: failed\na/lib: locked 1 dependency\n", "{lines}");
    ensure!(
        told.stderr.contains("in the member `a/app`") && told.stderr.contains("E_MANIFEST_PARSE")
    );
    ensure!(project.path("a/lib/akua.lock").exists());
    Ok(())
}

#[test]
fn a_member_that_is_not_there_is_told_where_it_is_named() -> Result<()> {
    let project = workspace("no-member", "\"a/lib\", \"a/gone\", \"b/*\"")?;
    let words = ["E_WORKSPACE_MEMBER", "a/gone", "akua.toml:2:21", "b/*", "akua.toml:2:31"];
    project.refused(&["lock", "--members"], 1, &words)?;
    ensure!(!project.path("a/lib/akua.lock").exists());
    project.folder.write("akua.toml", "[workspace]\nmembers = [\"../x\"]\n")?;
    project.refused(&["lock", "--members"], 1, &["E_MANIFEST_PARSE", "akua.toml:2:12"])?;
    // A link that leads out is no member.
    project.folder.write("akua.toml", "[workspace]\nmembers = [\"out\"]\n")?;
    std::os::unix::fs::symlink("/", project.path("out"))?;
    project.refused(&["lock", "--members"], 1, &["E_WORKSPACE_MEMBER"])?;
    let alone = Project::new("no-workspace", "", "resources = []\n")?;
    alone.refused(&["tree", "--members"], 1, &["E_WORKSPACE_MISSING"])
}
