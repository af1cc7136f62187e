//! Dependencies by path, the lock, and the commands that need no server.

use akua_tests::folder::names;
use akua_tests::process::TOKEN;
use akua_tests::project::{Project, manifest};
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::fs;

const CHART: &str = "\n[dependencies]\nweb = { path = \"./charts/web\" }\n";
const PROGRAM: &str = "import charts.web\nresources = web.template({release = \"r\"})\n";

fn with_chart(name: &str) -> Result<Project> {
    let project = Project::new(name, CHART, PROGRAM)?;
    project.chart("charts/web", "web", "1.0.0", "")?;
    Ok(project)
}

#[test]
fn every_template_renders_and_is_formatted() -> Result<()> {
    for template in ["minimal", "helm", "kustomize", "composed"] {
        let project = Project::new(&format!("init-{template}"), "", "")?;
        project.ok(&["init", "made", "--template", template])?;
        let package = ["--package", "made"];
        ensure!(project.render(&package)?.contains("kind: Deployment"), "{template}");
        project.ok(&["fmt", "--check", "made"])?;
        project.ok(&["lock", "--workspace", "made"])?;
        project.render(&package)?;
        project.refused(&["init", "made"], 1, &["E_INIT_EXISTS"])?;
        project.ok(&["init", "made", "--force"])?;
        let json: Json = serde_json::from_str(&project.ok(&[
            "init",
            "other",
            "--json",
            "--template",
            template,
        ])?)?;
        ensure!(json["name"] == "other" && json["files"].is_array(), "{json}");
    }
    let project = Project::new("init-name", "", "")?;
    project.refused(&["init", "-n"], 1, &["--help"])?;
    project.refused(&["init", "ä"], 1, &["E_INIT_NAME"])
}

#[test]
fn what_was_locked_may_not_change() -> Result<()> {
    let project = with_chart("drift")?;
    let before = project.render(&[])?;
    ensure!(project.ok(&["lock"])?.contains("locked 1"));
    let lock = project.read("akua.lock")?;
    project.ok(&["lock"])?;
    ensure!(project.read("akua.lock")? == lock, "a second lock differs");
    ensure!(project.render(&[])? == before);
    project.ok(&["verify"])?;
    project.folder.write("charts/web/values.yaml", "a: 1\n")?;
    let words =
        ["E_LOCK_DRIFT", "PathDigestDrift", "charts/web", "akua update", "expected sha256:"];
    for command in ["lock", "verify", "render"] {
        project.refused(&[command], 1, &words)?;
    }
    project.refused(&["lock", "--check"], 1, &words)?;
    ensure!(project.read("akua.lock")? == lock, "the lock was touched");
    ensure!(project.ok(&["update"])?.contains("updated web"));
    project.ok(&["verify"])?;
    project.render(&[])?;
    fs::remove_dir_all(project.path("charts/web"))?;
    for command in ["lock", "verify", "render"] {
        project.refused(&[command], 1, &["E_LOCK_DRIFT", "PathMissing", "charts/web"])?;
    }
    Ok(())
}

#[test]
fn declared_and_locked_have_to_agree() -> Result<()> {
    let project = with_chart("unlocked")?;
    project.chart("charts/other", "other", "1.0.0", "")?;
    project.ok(&["lock"])?;
    let both =
        CHART.replace("[dependencies]\n", "[dependencies]\nother = { path = \"charts/other\" }\n");
    project.folder.write("akua.toml", &manifest("app", &both))?;
    project.refused(&["verify"], 1, &["UnlockedDependency", "`other`", "akua lock"])?;
    project.refused(&["render"], 1, &["UnlockedDependency", "akua.toml:7:9"])?;
    project.refused(&["lock", "--check"], 1, &["E_LOCK_DRIFT"])?;
    project.ok(&["lock"])?;
    project.ok(&["verify"])?;
    project.folder.write("akua.toml", &manifest("app", CHART))?;
    project.refused(&["verify"], 1, &["OrphanedEntry", "other"])?;
    project.ok(&["lock"])?;
    project.ok(&["verify"])?;
    project.folder.write("akua.lock", "version = 2\n")?;
    project.refused(&["render"], 1, &["E_LOCK_PARSE", "akua.lock:1:11"])
}

#[test]
fn dependencies_are_added_and_removed() -> Result<()> {
    let project = Project::new("edit", "\n# why\n[dependencies] # here\n", "resources = []\n")?;
    project.chart("charts/web", "web", "1.0.0", "")?;
    let before = project.read("akua.toml")?;
    ensure!(project.ok(&["add", "web", "--path", "charts/web"])?.contains("added `web`"));
    let after = project.read("akua.toml")?;
    ensure!(after == format!("{before}web = {{ path = \"charts/web\" }}\n"), "{after}");
    ensure!(project.read("akua.lock")?.contains("path+file://charts/web"));
    project.refused(
        &["add", "web", "--path", "charts/web"],
        1,
        &["E_ADD_DEP_EXISTS", "--force"],
    )?;
    project.refused(&["add", "x", "--path", "charts/none"], 1, &["E_CHART_RESOLVE"])?;
    project.refused(&["add", "akua", "--path", "charts/web"], 1, &["E_ADD_INVALID_DEP"])?;
    project.refused(
        &["add", "x", "--oci", "r/x", "--version", "1"],
        1,
        &["E_ADD_INVALID_DEP", "oci://"],
    )?;
    project.refused(&["add", "x"], 1, &["--oci", "--git", "--path", "--helm"])?;
    ensure!(project.read("akua.toml")? == after, "a refusal changed the manifest");
    let json: Json = serde_json::from_str(&project.ok(&["remove", "web", "--json"])?)?;
    ensure!(json["removed"] == true, "{json}");
    ensure!(project.read("akua.toml")? == before);
    ensure!(!project.read("akua.lock")?.contains("web"));
    project.refused(&["remove", "web"], 1, &["E_REMOVE_NOT_FOUND"])?;
    project.ok(&["remove", "web", "--ignore-missing"])?;
    Ok(())
}

#[test]
fn trees_are_shown_in_four_ways() -> Result<()> {
    let project = with_chart("tree")?;
    project.ok(&["lock"])?;
    let text = project.ok(&["tree"])?;
    ensure!(text.starts_with("app 0.1.0\n└── web local path+file://charts/web "), "{text}");
    let mermaid = project.ok(&["tree", "--format", "mermaid"])?;
    ensure!(mermaid.contains("app_0_1_0[\"app 0.1.0\"] --> web_local[\"web local\"]"), "{mermaid}");
    let dot = project.ok(&["tree", "--format", "dot"])?;
    ensure!(dot.contains("\"app 0.1.0\" -> \"web local\";"), "{dot}");
    let json: Json = serde_json::from_str(&project.ok(&["tree", "--format", "json"])?)?;
    ensure!(json["dependencies"][0]["locked"]["source_kind"] == "path", "{json}");
    Ok(())
}

#[test]
fn paths_stay_in_the_workspace() -> Result<()> {
    let project = Project::new("escape", "", "resources = []\n")?;
    project.chart("outside", "web", "1.0.0", "")?;
    let app = "\n[dependencies]\nweb = { path = \"../outside\" }\n";
    project.folder.write("inner/akua.toml", &manifest("inner", app))?;
    project.folder.write("inner/package.k", PROGRAM)?;
    fs::remove_file(project.path("akua.toml"))?;
    let inner = ["--workspace", "inner"];
    project.refused(&[&["lock"], &inner[..]].concat(), 1, &["E_PATH_ESCAPE", "[workspace]"])?;
    project
        .folder
        .write("akua.toml", &manifest("outer", "\n[workspace]\nmembers = [\"inner\"]\n"))?;
    project.ok(&[&["lock"], &inner[..]].concat())?;
    ensure!(project.read("inner/akua.lock")?.contains("path+file://../outside"));
    project.render(&["--package", "inner"])?;
    Ok(())
}

#[test]
fn links_of_a_package_do_not_lead_akua_out_of_it() -> Result<()> {
    let project = Project::new("links", "", "resources = []\n")?;
    project.chart("in/charts/web", "web", "1.0.0", "")?;
    project.folder.write("in/akua.toml", &manifest("in", CHART))?;
    project.folder.write("in/package.k", PROGRAM)?;
    fs::create_dir_all(project.path("outside/vendor"))?;
    std::os::unix::fs::symlink("../outside", project.path("in/.akua"))?;
    std::os::unix::fs::symlink("../outside", project.path("in/dist"))?;
    project.ok(&["lock", "--workspace", "in"])?;
    project.refused(&["vendor", "--workspace", "in"], 1, &["E_PATH_ESCAPE", ".akua"])?;
    project.refused(&["pack", "--workspace", "in"], 1, &["E_PATH_ESCAPE", "dist"])?;
    ensure!(names(&project.path("outside"))? == ["vendor"], "something was written outside");
    Ok(())
}

#[test]
fn modules_bring_what_they_import() -> Result<()> {
    let dependencies = "\n[dependencies]\nlib = { path = \"./lib\" }\n";
    let program = "import lib\nresources = [lib.object(\"x\")]\n";
    let project = Project::new("modules", dependencies, program)?;
    let module = "[package]\nname = \"lib\"\n[dependencies]\nbase = { path = \"./base\" }\n";
    project.folder.write("lib/kcl.mod", module)?;
    let source = "import base\nobject = lambda name { base.named(name) }\n";
    project.folder.write("lib/main.k", source)?;
    project.folder.write("lib/base/kcl.mod", "[package]\nname = \"base\"\n")?;
    let source = "named = lambda name { {apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = name} }\n";
    project.folder.write("lib/base/main.k", source)?;
    let before = project.render(&[])?;
    ensure!(before.contains("name: x"), "{before}");
    project.ok(&["lock"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("\"base@local\"") && lock.contains("path+file://lib/base"), "{lock}");
    ensure!(project.render(&[])? == before);
    Ok(())
}

#[test]
fn modules_may_call_different_things_the_same() -> Result<()> {
    let dependencies = "\n[dependencies]\none = { path = \"./one\" }\ntwo = { path = \"./two\" }\n";
    let program = "import one\nimport two\nresources = [one.object, two.object]\n";
    let project = Project::new("same-names", dependencies, program)?;
    let module = |path: &str, dependencies: &str, source: &str| -> Result<()> {
        let head = format!("[package]\nname = \"lib\"\n[dependencies]\n{dependencies}");
        project.folder.write(&format!("{path}/kcl.mod"), &head)?;
        project.folder.write(&format!("{path}/main.k"), source)
    };
    let source = |name: &str| {
        format!(
            "schema Object:\n    apiVersion: str = \"v1\"\n    kind: str = \"ConfigMap\"\n    metadata: {{str:}}\n\nmake = lambda {{ Object {{metadata.name = {name:?}}} }}\n"
        )
    };
    let uses = "import lib\nimport lib.sub\nobject: lib.Object = lib.make() | {data.sub = sub.a}\n";
    for (name, inner) in [("one", "in-one"), ("two", "in-two")] {
        module(name, "lib = { path = \"./lib\" }\n", uses)?;
        module(
            &format!("{name}/lib"),
            "",
            &source(inner).replace("metadata:", "data?: {str:}\n    metadata:"),
        )?;
        project.folder.write(&format!("{name}/lib/sub/a.k"), &format!("a = {name:?}\n"))?;
    }
    let found = project.render(&[])?;
    for words in ["name: in-one", "name: in-two", "sub: one", "sub: two"] {
        ensure!(found.contains(words), "no {words} in {found}");
    }
    project.ok(&["lock"])?;
    ensure!(project.render(&[])? == found);
    project.ok(&["lock", "--check"])?;
    // What the package calls so is a third one; schemas of the same name are not the same.
    let third = format!("{dependencies}lib = {{ path = \"./third\" }}\n");
    module("third", "", &source("third"))?;
    project.folder.write("akua.toml", &manifest("app", &third))?;
    let all = program.replace("[one", "[lib.make(), one");
    project.folder.write("package.k", &format!("import lib\n{all}"))?;
    project.ok(&["update"])?;
    let found = project.render(&[])?;
    for words in ["name: in-one", "name: in-two", "name: third"] {
        ensure!(found.contains(words), "no {words} in {found}");
    }
    let crossed = "import lib\nimport one\nx: lib.Object = one.object\nresources = []\n";
    project.folder.write("package.k", crossed)?;
    project.refused(&["render"], 1, &["E_KCL_TYPE", "package.k:3"])?;
    // Errors say in which of them they are.
    project.folder.write("package.k", program)?;
    project.folder.write("two/lib/sub/a.k", "a = 1 + None\n")?;
    project.ok(&["update"])?;
    project.refused(&["render"], 1, &["lib/sub/a.k:1"])
}

#[test]
fn the_same_files_give_the_same_archive() -> Result<()> {
    let (one, two) = (with_chart("pack-1")?, with_chart("pack-2")?);
    for project in [&one, &two] {
        project.folder.write("inputs.yaml", "secret: 1\n")?;
        project.folder.write(".hidden", "x")?;
        project.render(&[])?;
        project.ok(&["render"])?;
        project.ok(&["pack"])?;
    }
    let archive = "dist/app-0.1.0.tar.gz";
    ensure!(fs::read(one.path(archive))? == fs::read(two.path(archive))?, "the archives differ");
    let json: Json =
        serde_json::from_str(&one.ok(&["inspect", "--tarball", archive, "--json"])?)?;
    ensure!(json["package_name"] == "app" && json["file_count"] == 4, "{json}");
    one.folder.write("broken.tar.gz", "nothing")?;
    one.refused(&["inspect", "--tarball", "broken.tar.gz"], 1, &["E_ARCHIVE"])?;
    let outside = "\n[dependencies]\nweb = { path = \"../x\" }\n";
    two.folder.write("in/akua.toml", &manifest("in", outside))?;
    two.chart("x", "web", "1.0.0", "")?;
    two.folder.write("akua.toml", &manifest("outer", "\n[workspace]\n"))?;
    two.refused(&["pack", "--workspace", "in"], 1, &["E_PACK_PATH"])
}

#[test]
fn credentials_are_kept_and_never_shown() -> Result<()> {
    let project = Project::new("auth", "", "resources = []\n")?;
    let secret = TOKEN;
    let add = ["auth", "add", "--registry", "registry.example.com"];
    project.ok_reading(&format!("{secret}\n"), &add)?;
    project.ok_reading(secret, &[&add[..], &["--username", "me"]].concat())?;
    let listed = project.ok(&["auth", "list"])? + &project.ok(&["auth", "list", "--json"])?;
    ensure!(listed.contains("registry.example.com me") && !listed.contains(secret), "{listed}");
    let file = project.path("home/.config/akua/auth.toml");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file)?.permissions());
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    fs::write(&file, format!("[registries]\n\"r\" = {{ token = \"{secret}\" \n"))?;
    let told = project.run(&["auth", "list"])?;
    ensure!(told.code == Some(1) && told.stderr.contains("E_AUTH_FILE"), "{}", told.stderr);
    ensure!(!told.stderr.contains(secret), "{}", told.stderr);
    fs::remove_file(&file)?;
    project.refused(
        &["auth", "remove", "--registry", "registry.example.com"],
        1,
        &["E_AUTH_FILE"],
    )?;
    let empty = akua_tests::process::akua_reading(b"", &add, project.folder.path())?;
    ensure!(empty.code == Some(1) && empty.stderr.contains("E_AUTH_SECRET"), "{}", empty.stderr);
    Ok(())
}

#[test]
fn the_schemas_are_linked_from_the_docs() -> Result<()> {
    let found = names(&akua_tests::process::root().join("docs/schemas"))?;
    for page in ["dependencies.md", "policy.md"] {
        let text = fs::read_to_string(akua_tests::process::root().join("docs").join(page));
        ensure!(text.context("the docs")?.contains("docs/schemas/"), "{page}");
    }
    let known = ["akua.lock.schema.json", "akua.toml.schema.json", "policy.toml.schema.json"];
    ensure!(found == known, "{found:?}");
    Ok(())
}

#[test]
fn a_version_names_no_path() -> Result<()> {
    let project = Project::new("version", "", "resources = []\n")?;
    let text = manifest("app", "").replace("0.1.0", "/../../../ESCAPED");
    project.folder.write("akua.toml", &text)?;
    project.refused(&["pack"], 1, &["E_MANIFEST_PARSE", "akua.toml:3:11"])
}

#[test]
fn nothing_is_written_through_a_link() -> Result<()> {
    let project = with_chart("staged")?;
    project.folder.write("victim", "mine")?;
    // Whatever number the process gets next.
    let start = std::process::id();
    for process in start..start + 3000 {
        for count in 0..2 {
            let link = project.path(&format!(".akua.lock.akua-{process}-{count}"));
            std::os::unix::fs::symlink("victim", link)?;
        }
    }
    project.ok(&["lock"])?;
    ensure!(project.read("victim")? == "mine", "the link was followed");
    ensure!(!fs::symlink_metadata(project.path("akua.lock"))?.is_symlink());
    Ok(())
}

#[test]
fn links_to_the_same_place_many_times_end() -> Result<()> {
    let project = with_chart("doubling")?;
    for level in 0..34 {
        let folder = project.path(&format!("charts/web/d{level}"));
        fs::create_dir_all(&folder)?;
        for name in ["a", "b"] {
            std::os::unix::fs::symlink(format!("../d{}", level + 1), folder.join(name))?;
        }
    }
    fs::create_dir_all(project.path("charts/web/d34"))?;
    project.refused(&["lock"], 6, &["E_BUDGET_READ", "one file too many: the limit is 20000"])
}

#[test]
fn a_dependency_that_cannot_be_read_is_named() -> Result<()> {
    let project = with_chart("special")?;
    let pipe = project.path("charts/web/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe, rustix::fs::Mode::RUSR)?;
    project.refused(&["lock"], 1, &["E_PATH_ESCAPE", "`charts/web`", "`pipe`"])?;
    fs::remove_file(project.path("charts/web/pipe"))?;
    std::os::unix::fs::symlink("/etc/passwd", project.path("charts/web/out"))?;
    project.refused(&["lock"], 1, &["E_PATH_ESCAPE", "`charts/web`", "`out`"])
}

#[test]
fn a_pipe_above_the_package_is_not_waited_for() -> Result<()> {
    let project = with_chart("pipe")?;
    project.folder.copy(&project.path("charts"), "app/charts")?;
    project.folder.write("app/akua.toml", &manifest("app", CHART))?;
    fs::remove_file(project.path("akua.toml"))?;
    rustix::fs::mkfifoat(rustix::fs::CWD, project.path("akua.toml"), rustix::fs::Mode::RUSR)?;
    project.ok(&["lock", "--workspace", "app"])?;
    Ok(())
}

#[test]
fn a_directory_that_only_a_dependency_names_may_not_go() -> Result<()> {
    let dependencies = "\n[dependencies]\na = { path = \"./a\" }\n";
    let project = Project::new("inner-gone", dependencies, "resources = []\n")?;
    let inner = "\n[dependencies]\nb = { path = \"../b\" }\n";
    project.folder.write("a/akua.toml", &manifest("a", inner))?;
    project.folder.write("a/package.k", "resources = []\n")?;
    project.chart("b", "b", "1.0.0", "")?;
    project.ok(&["lock"])?;
    fs::remove_dir_all(project.path("b"))?;
    project.refused(&["verify"], 1, &["PathMissing", "`b`"])?;
    project.refused(&["lock", "--check"], 1, &["PathMissing"])
}

#[test]
fn an_update_of_one_accepts_no_other() -> Result<()> {
    let both = "\n[dependencies]\na = { path = \"./a\" }\nb = { path = \"./b\" }\n";
    let project = Project::new("update-one", both, "resources = []\n")?;
    project.chart("a", "a", "1.0.0", "")?;
    project.chart("b", "b", "1.0.0", "")?;
    project.ok(&["lock"])?;
    project.folder.write("a/f", "1")?;
    project.ok(&["update", "--dep", "a"])?;
    project.folder.write("a/f", "2")?;
    project.folder.write("b/f", "2")?;
    project.refused(&["update", "--dep", "a"], 1, &["PathDigestDrift", "`b`"])?;
    project.ok(&["update"])?;
    project.ok(&["verify"])?;
    Ok(())
}

#[test]
fn a_packed_chart_is_what_the_lock_says() -> Result<()> {
    let project = with_chart("pack-hidden")?;
    project.folder.write("charts/web/.helmignore", "*.tmp\n")?;
    project.ok(&["lock"])?;
    let before = project.render(&[])?;
    project.ok(&["pack", "--out", "app.tar.gz"])?;
    fs::create_dir_all(project.path("unpacked"))?;
    let mut tar = std::process::Command::new("tar");
    let unpacked = tar.args(["-xzf", "../app.tar.gz"]).current_dir(project.path("unpacked"));
    ensure!(unpacked.status()?.success());
    ensure!(project.render(&["--package", "unpacked"])? == before);
    project.ok(&["verify", "--workspace", "unpacked"])?;
    Ok(())
}

#[test]
fn an_edit_that_fails_changes_nothing() -> Result<()> {
    let project = Project::new("edit-fails", "", "resources = []\n")?;
    project.chart("web", "web", "1.0.0", "")?;
    let before = project.read("akua.toml")?;
    fs::create_dir_all(project.path("akua.lock/in-the-way"))?;
    project.refused(&["add", "web", "--path", "web"], 2, &["akua.lock"])?;
    ensure!(project.read("akua.toml")? == before, "the manifest was changed");
    Ok(())
}

#[test]
fn names_of_files_do_not_control_the_terminal() -> Result<()> {
    let dependencies = "\n[dependencies]\nlib = { path = \"./x\\u001b[31my\" }\n";
    let project = Project::new("escape-names", dependencies, "resources = []\n")?;
    project.folder.write("x\u{1b}[31my/kcl.mod", "broken = \n")?;
    let told = project.run(&["lock"])?;
    ensure!(told.code == Some(1) && !told.stderr.contains('\u{1b}'), "{:?}", told.stderr);
    Ok(())
}
