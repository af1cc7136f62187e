//! Dependencies from a real registry process, real git, and a chart repository, on loopback.

use akua_tests::folder::Folder;
use akua_tests::project::{Project, manifest};
use akua_tests::servers::{Files, Registry};
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = "import charts.web\nresources = web.template({release = \"r\"})\n";

fn version_of(rendered: &str) -> &str {
    let line = rendered.lines().find(|line| line.contains("version:")).unwrap_or_default();
    line.trim().trim_start_matches("version: ").trim_matches('"')
}

#[test]
fn a_chart_of_a_registry_is_locked_rendered_and_updated() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("registry", "", PROGRAM)?;
    for version in ["1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0"] {
        project.push_chart(host, "web", version, "")?;
    }
    let repository = format!("oci://{host}/charts/web");
    project.ok(&["add", "web", "--oci", &repository, "--version", "^1"])?;
    ensure!(version_of(&project.render(&[])?) == "1.1.0");
    project.push_chart(host, "web", "1.3.0", "")?;
    project.ok(&["lock"])?;
    ensure!(version_of(&project.render(&[])?) == "1.1.0", "a lock stays");
    project.ok(&["lock", "--check"])?;
    ensure!(project.ok(&["update", "--dep", "web"])?.contains("1.1.0 -> web 1.3.0"));
    ensure!(version_of(&project.render(&[])?) == "1.3.0");
    // The same tag, other bytes: what is locked is fetched by its digest, and the change is told.
    project.push_chart(host, "web", "1.3.0", "description: changed\n")?;
    ensure!(version_of(&project.render(&[])?) == "1.3.0");
    let words = ["E_LOCK_DRIFT", "LockDigestMismatch", "1.3.0", "akua update"];
    project.refused(&["lock", "--check"], 1, &words)?;
    project.ok(&["lock", "--check", "--offline"])?;
    ensure!(project.ok(&["update"])?.contains("1.3.0 -> web 1.3.0"));
    project.ok(&["lock", "--check"])?;
    let missing = ["add", "none", "--oci", &format!("oci://{host}/charts/none"), "--version", "^1"];
    project.refused(&missing, 1, &["E_FETCH_NOT_FOUND"])?;
    let range = ["add", "web", "--force", "--oci", &repository, "--version", "^7"];
    project.refused(&range, 1, &["E_RESOLVE_CONFLICT", "there are 2.0.0"])
}

#[test]
fn a_version_is_found_with_and_without_its_letter() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("spelling", "", PROGRAM)?;
    for version in ["v1.0.0", "2.0.0", "3.0.0", "v3.0.0"] {
        project.push_chart(host, "web", version, "")?;
    }
    let repository = format!("oci://{host}/charts/web");
    let cases =
        [("1.0.0", "v1.0.0"), ("v2.0.0", "2.0.0"), ("3.0.0", "3.0.0"), ("v3.0.0", "v3.0.0")];
    for (asked, found) in cases {
        let add = ["add", "web", "--force", "--oci", &repository, "--version", asked];
        fs::write(project.path("akua.lock"), "version = 1\n")?;
        project.ok(&add)?;
        let lock = project.read("akua.lock")?;
        ensure!(lock.contains(&format!("version = \"{found}\"")), "{asked}: {lock}");
        ensure!(version_of(&project.render(&[])?) == found);
        project.ok(&["lock", "--check"])?;
    }
    let none = ["add", "web", "--force", "--oci", &repository, "--version", "9.0.0"];
    project.refused(&none, 1, &["E_FETCH_NOT_FOUND", "9.0.0"])
}

#[test]
fn what_is_used_is_what_the_lock_says() -> Result<()> {
    let registry = Registry::start(&[])?;
    let project = Project::new("cache", "", PROGRAM)?;
    project.push_chart(&registry.host, "web", "1.0.0", "")?;
    let repository = format!("oci://{}/charts/web", registry.host);
    project.ok(&["add", "web", "--oci", &repository, "--version", "1.0.0"])?;
    let before = project.render(&[])?;
    project.ok(&["vendor"])?;
    let cache = project.path("home/.cache/akua");
    fs::remove_dir_all(&cache)?;
    ensure!(project.render(&["--offline"])? == before, "vendored");
    project.folder.write(".akua/vendor/web/templates/more.yaml", "a: 1\n")?;
    for command in ["render", "verify"] {
        project.refused(
            &[command],
            1,
            &["LockDigestMismatch", ".akua/vendor/web", "akua vendor"],
        )?;
    }
    project.ok(&["vendor"])?;
    ensure!(project.render(&["--offline"])? == before);
    fs::remove_dir_all(project.path(".akua"))?;
    // A cached tree that somebody changed is not used: it is fetched anew.
    let trees = cache.join("v1/trees");
    let tree = fs::read_dir(&trees)?.next().context("a tree")??.path();
    fs::write(tree.join("templates/object.yaml"), "a: 1\n")?;
    project.refused(&["cache", "verify"], 1, &["E_CACHE_CORRUPT"])?;
    project.refused(&["verify"], 1, &["LockDigestMismatch", "cached copy"])?;
    ensure!(project.render(&[])? == before);
    project.ok(&["cache", "verify"])?;
    fs::write(tree.join("templates/object.yaml"), "a: 1\n")?;
    project.refused(&["render", "--offline"], 1, &["E_OFFLINE"])?;
    project.ok(&["render", "--stdout"])?;
    ensure!(project.ok(&["cache", "gc", "--keep", "."])?.contains("removed 0 trees"));
    ensure!(project.ok(&["cache", "gc"])?.contains("removed 1 trees"));
    fs::remove_file(project.path("akua.lock"))?;
    project.refused(&["render"], 1, &["E_LOCK_MISSING", "akua lock"])
}

#[test]
fn offline_needs_no_network() -> Result<()> {
    let isolated = |arguments: &[&str], folder: &Path| -> Result<Option<std::process::Output>> {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]).args(arguments).current_dir(folder);
        command.env("HOME", folder.join("home"));
        Ok(command.output().ok().filter(|output| !output.stderr.starts_with(b"unshare")))
    };
    let registry = Registry::start(&[])?;
    let project = Project::new("offline", "", PROGRAM)?;
    if isolated(&["true"], project.folder.path())?.is_none_or(|output| !output.status.success()) {
        use std::io::Write as _;
        return Ok(writeln!(std::io::stderr(), "offline: no network namespaces here: skipped")?);
    }
    project.push_chart(&registry.host, "web", "1.0.0", "")?;
    let repository = format!("oci://{}/charts/web", registry.host);
    project.ok(&["add", "web", "--oci", &repository, "--version", "^1"])?;
    let before = project.render(&[])?;
    let akua = akua_tests::process::root().join("target/release/akua");
    let akua = akua.to_str().context("a path")?;
    for arguments in [&["render", "--stdout"][..], &["lock"], &["verify"], &["vendor"]] {
        let all = [&[akua], arguments, &["--offline"]].concat();
        let output = isolated(&all, project.folder.path())?.context("isolated")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?}: {told}");
        if arguments.first() == Some(&"render") {
            ensure!(output.stdout == before.as_bytes());
        }
    }
    Ok(())
}

#[test]
fn packages_are_pushed_pulled_and_depended_on() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("packages", "", "resources = []\n")?;
    project.push_chart(host, "web", "1.0.0", "")?;
    let chart = format!(
        "\n[dependencies]\nweb = {{ oci = \"oci://{host}/charts/web\", version = \"^1\" }}\n"
    );
    project.folder.write("base/akua.toml", &manifest("base", &chart))?;
    project.folder.write("base/package.k", PROGRAM)?;
    project.refused(&["pack", "--workspace", "base"], 1, &["E_LOCK_DRIFT", "akua lock"])?;
    project.ok(&["lock", "--workspace", "base"])?;
    project.ok(&["pack", "--workspace", "base", "--out", "base.tar.gz"])?;
    let reference = format!("oci://{host}/pkgs/base");
    let push = ["push", "--tarball", "base.tar.gz", "--ref", &reference, "--json"];
    let pushed: Json = serde_json::from_str(&project.ok(&push)?)?;
    let again: Json = serde_json::from_str(&project.ok(&push)?)?;
    ensure!(pushed == again && pushed["tag"] == "0.1.0", "{pushed}");
    let pull = ["pull", "--ref", &reference, "--tag", "0.1.0"];
    project.ok(&pull)?;
    project.refused(&pull, 1, &["E_PULL_EXISTS"])?;
    ensure!(!project.path(".akua-staging").exists());
    let expected = project.render(&["--package", "base"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    ensure!(project.render(&["--package", "pulled", "--offline"])? == expected);
    // As a dependency: its chart is locked here too.
    project.ok(&["add", "base", "--oci", &reference, "--version", "^0.1"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("\"web@1.0.0\"") && lock.contains("/charts/web"), "{lock}");
    let program = "import akua.pkg\nresources = pkg.render({package = \"base\"})\n";
    project.folder.write("package.k", program)?;
    ensure!(project.render(&[])? == expected);
    project.ok(&["vendor"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    ensure!(project.render(&["--offline"])? == expected, "vendored, with what it depends on");
    ensure!(project.ok(&["tree"])?.contains("    └── web 1.0.0"));
    // What only the package in it needs is fetched before the render runs, behind its wall.
    let vendored = project.path(".akua/vendor");
    let copies = fs::read_dir(&vendored)?.collect::<std::io::Result<Vec<_>>>()?;
    let inner = copies.iter().find(|copy| copy.file_name().to_string_lossy().starts_with("web@"));
    fs::remove_dir_all(inner.context("a copy of the chart")?.path())?;
    project.refused(&["render", "--stdout", "--offline"], 1, &["E_OFFLINE", "web"])?;
    ensure!(project.render(&[])? == expected, "one of two is vendored, the other fetched");
    Ok(())
}

#[test]
fn a_conflict_says_who_asks_for_what() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("conflict", "", "resources = []\n")?;
    project.push_chart(host, "web", "1.0.0", "")?;
    project.push_chart(host, "web", "2.0.0", "")?;
    let asks = |version: &str| {
        format!("web = {{ oci = \"oci://{host}/charts/web\", version = \"{version}\" }}\n")
    };
    let inner = format!("\n[dependencies]\n{}", asks("^1"));
    project.folder.write("inner/akua.toml", &manifest("inner", &inner))?;
    project.folder.write("inner/package.k", PROGRAM)?;
    let both = |version: &str| {
        format!("\n[dependencies]\ninner = {{ path = \"./inner\" }}\n{}", asks(version))
    };
    project.folder.write("akua.toml", &manifest("app", &both("^2")))?;
    let words = ["E_RESOLVE_CONFLICT", "`inner` asks for", "^1", "`app` asks for", "^2"];
    project.refused(&["lock"], 1, &words)?;
    project.folder.write("akua.toml", &manifest("app", &both(">=1")))?;
    project.ok(&["lock"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("version = \"1.0.0\"") && !lock.contains("2.0.0"), "{lock}");
    let fork = both("^2").replace("\"^2\"", "\"^2\", replace = { path = \"./fork\" }");
    project.chart("fork", "web", "9.0.0", "")?;
    project.folder.write("akua.toml", &manifest("app", &fork))?;
    project.ok(&["lock"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("replaced = { path = \"./fork\" }"), "{lock}");
    project.folder.write("package.k", PROGRAM)?;
    ensure!(version_of(&project.render(&[])?) == "9.0.0");
    project.folder.write("fork/values.yaml", "a: 1\n")?;
    project.refused(&["render"], 1, &["PathDigestDrift", "./fork"])
}

#[test]
fn charts_get_the_charts_that_they_depend_on() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let chart = "\n[dependencies]\nweb = { path = \"./web\" }\n";
    let project = Project::new("subcharts", chart, PROGRAM)?;
    project.push_chart(host, "base", "1.0.0", "")?;
    let wants = format!(
        "dependencies:\n  - name: base\n    version: 1.x\n    repository: oci://{host}/charts\n"
    );
    project.push_chart(host, "middle", "1.0.0", "")?;
    let both =
        format!("{wants}  - name: middle\n    version: ^1\n    repository: oci://{host}/charts\n");
    project.chart("web", "web", "1.0.0", &both)?;
    project.refused(&["render"], 1, &["E_HELM_DEPENDENCY"])?;
    project.ok(&["lock"])?;
    let found = project.render(&[])?;
    project.folder.copy(&project.path("web"), "oracle")?;
    project.helm(&["dependency", "update", "oracle", "--plain-http"])?;
    let expected = project.helm(&["template", "r", "oracle"])?;
    for name in ["base", "middle", "web"] {
        ensure!(found.contains(&format!("name: {name}\n")), "{found}");
        ensure!(expected.contains(&format!("name: {name}\n")), "{expected}");
    }
    ensure!(
        found.matches("kind: ConfigMap").count() == expected.matches("kind: ConfigMap").count()
    );
    Ok(())
}

#[test]
fn a_chart_asks_for_versions_as_helm_reads_them() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let chart = "\n[dependencies]\nweb = { path = \"./web\" }\n";
    let project = Project::new("ranges", chart, PROGRAM)?;
    for version in ["1.2.0", "1.2.9", "1.3.0-rc.1", "2.0.0-rc.1", "2.1.0"] {
        project.push_chart(host, "base", version, "")?;
    }
    let folder = Folder::new("registries-ranges")?;
    project.helm(&["repo", "index", "packed"])?;
    folder.copy(&project.path("packed"), "")?;
    let index = Files::serve(folder.path())?;
    let oci = format!("oci://{host}/charts");
    let cases = [">=1.2-0 <2-0", ">= 1.2-0, < 2", "~1.2-0 || ^2", ">1.2-0 !=2.1.0"];
    let cases = cases.into_iter().flat_map(|wanted| [(wanted, &oci), (wanted, &index.url)]);
    for (number, (wanted, repository)) in cases.chain([("1.2", &index.url)]).enumerate() {
        let wants = format!(
            "dependencies:\n  - name: base\n    version: {wanted:?}\n    repository: {repository}\n"
        );
        project.chart("web", "web", "1.0.0", &wants)?;
        fs::write(project.path("akua.lock"), "version = 1\n")?;
        project.ok(&["lock"])?;
        let oracle = format!("oracle-{number}");
        project.folder.copy(&project.path("web"), &oracle)?;
        project.helm(&["dependency", "update", &oracle, "--plain-http"])?;
        let archive =
            fs::read_dir(project.path(&oracle).join("charts"))?.next().context("one")??;
        let name = archive.file_name().into_string().unwrap_or_default();
        let version = name.trim_start_matches("base-").trim_end_matches(".tgz").to_owned();
        let lock = project.read("akua.lock")?;
        ensure!(lock.contains(&format!("version = \"{version}\"")), "{wanted}: {name}\n{lock}");
        project.render(&[])?;
    }
    Ok(())
}

#[test]
fn a_chart_repository_is_a_source() -> Result<()> {
    let folder = Folder::new("registries-index")?;
    let project = Project::new("index", "", PROGRAM)?;
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        let rest = if version == "1.2.0" { "deprecated: true\n" } else { "" };
        project.chart(&format!("web-{version}"), "web", version, rest)?;
        project.helm(&["package", &format!("web-{version}"), "-d", "served"])?;
    }
    project.helm(&["repo", "index", "served"])?;
    folder.copy(&project.path("served"), "")?;
    let server = Files::serve(folder.path())?;
    project.ok(&["add", "web", "--helm", &server.url, "--version", "1.x"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("version = \"1.1.0\"") && lock.contains("#web\""), "{lock}");
    ensure!(version_of(&project.render(&[])?) == "1.1.0");
    project.ok(&["lock", "--check"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    // The archive under that name has other bytes now.
    fs::copy(folder.path().join("web-1.0.0.tgz"), folder.path().join("web-1.1.0.tgz"))?;
    project.refused(&["render"], 1, &["LockDigestMismatch"])?;
    ensure!(!project.path("home/.cache/akua/v1/trees").exists(), "nothing half-written stays");
    let missing = ["add", "x", "--helm", &format!("{}/none", server.url), "--version", "1"];
    project.refused(&missing, 1, &["E_FETCH_NOT_FOUND"])
}

#[test]
fn an_index_may_lead_to_a_registry() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let folder = Folder::new("registries-index-oci")?;
    let project = Project::new("index-oci", "", PROGRAM)?;
    let entry = |version: &str, address: &str, rest: &str| {
        format!("    - name: web\n      version: {version}\n      urls: [\"{address}\"]\n{rest}")
    };
    let index = |entries: &[String]| {
        let text = format!("apiVersion: v1\nentries:\n  web:\n{}", entries.concat());
        folder.write("index.yaml", &text)
    };
    project.push_chart(host, "web", "1.0.0", "")?;
    project.push_chart(host, "web", "1.1.0", "")?;
    let tagged = format!("oci://{host}/charts/web:1.0.0");
    index(&[
        entry("1.0.0", &tagged, ""),
        entry("1.1.0", &format!("oci://{host}/charts/web"), ""),
        entry("1.2.0", &tagged, &format!("      digest: {}\n", "0".repeat(64))),
        entry("1.3.0", "oci://10.0.0.1/charts/web:1.0.0", ""),
    ])?;
    let server = Files::serve(folder.path())?;
    let add = |version: &str, words: &[&str]| {
        let add = ["add", "web", "--force", "--helm", &server.url, "--version", version];
        if words.is_empty() { project.ok(&add).map(drop) } else { project.refused(&add, 1, words) }
    };
    project.helm(&["pull", "web", "--repo", &server.url, "--version", "1.0.0", "--plain-http"])?;
    add("1.2.0", &["E_FETCH_DIGEST", "what the index of"])?;
    add("1.3.0", &["E_FETCH_HOST", "10.0.0.1"])?;
    add("1.1.0", &[])?;
    ensure!(version_of(&project.render(&[])?) == "1.1.0");
    add("1.0.0", &[])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("manifest_digest = ") && lock.contains("layer_digest = "), "{lock}");
    project.ok(&["lock", "--check"])?;
    // The tag moves: what was locked is fetched by its digest.
    project.push_chart(host, "web", "1.0.0", "description: changed\n")?;
    project.refused(&["lock", "--check"], 1, &["LockDigestMismatch", "1.0.0"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    project.render(&[])?;
    // The archive is served as a file again, and the lock still fits.
    project.chart("charts-web-1.0.0", "web", "1.0.0", "")?;
    project.ok(&["update"])?;
    fs::copy(project.path("packed/web-1.0.0.tgz"), folder.path().join("web-1.0.0.tgz"))?;
    index(&[entry("1.0.0", "web-1.0.0.tgz", "")])?;
    project.ok(&["lock", "--check"])?;
    project.ok(&["update"])?;
    ensure!(!project.read("akua.lock")?.contains("manifest_digest"));
    index(&[entry("1.0.0", &tagged, "")])?;
    project.ok(&["lock", "--check"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    project.render(&[]).map(drop)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments);
    let output = command.current_dir(folder).output().context("starting git")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {arguments:?}: {told}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[test]
fn git_tags_and_commits_are_pinned() -> Result<()> {
    let project = Project::new("git", "", PROGRAM)?;
    project.chart("work", "web", "1.0.0", "")?;
    let work = project.path("work");
    git(&work, &["init", "-q", "-b", "main"])?;
    git(&work, &["add", "."])?;
    git(&work, &["commit", "-q", "-m", "one"])?;
    git(&work, &["tag", "-a", "v1", "-m", "v1"])?;
    let commit = git(&work, &["rev-parse", "HEAD"])?;
    fs::create_dir_all(project.path("served"))?;
    git(project.folder.path(), &["clone", "-q", "--bare", "work", "served/web.git"])?;
    let backend = format!("{}/git-http-backend", git(&work, &["--exec-path"])?);
    let root = project.path("served");
    let server = Registry::start(&["-git", &backend, "-root", root.to_str().context("a path")?])?;
    let url = format!("http://{}/git/web.git", server.host);
    project.ok(&["add", "web", "--git", &url, "--tag", "v1"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains(&format!("commit = \"{commit}\"")), "{lock}");
    ensure!(version_of(&project.render(&[])?) == "1.0.0");
    // The tag moves.
    project.chart("work", "web", "2.0.0", "")?;
    git(&work, &["commit", "-q", "-am", "two"])?;
    git(&work, &["tag", "-f", "-a", "v1", "-m", "v1"])?;
    git(&work, &["push", "-q", "-f", "--tags", "../served/web.git"])?;
    project.refused(&["lock", "--check"], 1, &["LockDigestMismatch", &commit])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    ensure!(version_of(&project.render(&[])?) == "1.0.0", "the commit is fetched, not the tag");
    project.ok(&["update"])?;
    ensure!(version_of(&project.render(&[])?) == "2.0.0");
    project.ok(&["add", "web", "--force", "--git", &url, "--rev", &commit])?;
    ensure!(version_of(&project.render(&[])?) == "1.0.0");
    let ssh = ["add", "x", "--git", "git@h:x.git", "--tag", "v1"];
    project.refused(&ssh, 1, &["E_ADD_INVALID_DEP", "ssh"])?;
    let none = ["add", "x", "--git", &url, "--tag", "v9"];
    project.refused(&none, 1, &["E_FETCH_"])?;
    // A version, with and without its letter; what is spelled so exactly comes first.
    git(&work, &["tag", "v2.0.0"])?;
    git(&work, &["tag", "3.0.0", &commit])?;
    git(&work, &["tag", "v3.0.0"])?;
    git(&work, &["push", "-q", "--tags", "../served/web.git"])?;
    for (tag, version) in [("2.0.0", "2.0.0"), ("3.0.0", "1.0.0"), ("v3.0.0", "2.0.0")] {
        project.ok(&["add", "web", "--force", "--git", &url, "--tag", tag])?;
        ensure!(version_of(&project.render(&[])?) == version, "{tag}");
        project.ok(&["lock", "--check"])?;
    }
    // A repository of this machine, only where it is allowed.
    let local = format!("file://{}", root.join("web.git").display());
    let add = ["add", "here", "--git", &local, "--tag", "v1"];
    project.refused(&add, 1, &["E_FETCH_HOST"])?;
    let akua = akua_tests::process::root().join("target/release/akua");
    let mut command = Command::new(akua);
    command.args(add).current_dir(project.folder.path()).env("HOME", project.path("home"));
    let output = command.env("AKUA_ALLOW_FILE_GIT", "1").output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(project.read("akua.lock")?.contains("git+file://"));
    Ok(())
}

#[test]
fn credentials_open_a_registry() -> Result<()> {
    for flags in [&["-basic", "me:s3cr3t"][..], &["-bearer", "-basic", "me:s3cr3t"]] {
        let registry = Registry::start(flags)?;
        let project = Project::new("login", "", "resources = []\n")?;
        project.ok(&["pack", "--out", "app.tar.gz"])?;
        let reference = format!("oci://{}/pkgs/app", registry.host);
        let push = ["push", "--tarball", "app.tar.gz", "--ref", &reference];
        project.refused(&push, 1, &["E_FETCH_AUTH", "akua auth add"])?;
        let add = ["auth", "add", "--registry", &registry.host, "--username", "me"];
        project.ok_reading("wrong", &add)?;
        let told = project.run(&push)?;
        ensure!(told.code == Some(1) && !told.stderr.contains("wrong"), "{}", told.stderr);
        project.ok_reading("s3cr3t", &add)?;
        project.ok(&push)?;
        project.ok(&["pull", "--ref", &reference, "--tag", "0.1.0"])?;
    }
    Ok(())
}

#[test]
fn many_processes_share_a_cold_cache_and_survive_kills() -> Result<()> {
    let registry = Registry::start(&[])?;
    let project = Project::new("parallel", "", PROGRAM)?;
    project.push_chart(&registry.host, "web", "1.0.0", "")?;
    let repository = format!("oci://{}/charts/web", registry.host);
    project.ok(&["add", "web", "--oci", &repository, "--version", "^1"])?;
    let expected = project.render(&[])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    let rendered: Vec<Result<String>> = std::thread::scope(|scope| {
        let one = || project.ok(&["render", "--stdout"]);
        let running: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    ensure!(rendered.len() == 8);
    for found in rendered {
        ensure!(found? == expected);
    }
    project.ok(&["cache", "verify"])?;
    let akua = akua_tests::process::root().join("target/release/akua");
    for round in 0..20_u32 {
        fs::remove_dir_all(project.path("home/.cache"))?;
        let mut command = Command::new(&akua);
        command.args(["render", "--stdout"]).current_dir(project.folder.path());
        command.env("HOME", project.path("home"));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut process = command.spawn()?;
        // As long as some thousand steps take, another number each time.
        std::hint::black_box((0..round * 40_000).map(std::hint::black_box).max());
        process.kill()?;
        process.wait()?;
        project.ok(&["cache", "verify"])?;
        ensure!(project.ok(&["render", "--stdout"])? == expected, "round {round}");
    }
    ensure!(project.ok(&["cache", "gc", "--keep", "."])?.contains("removed 0 trees"));
    Ok(())
}

/// Pushes a package with these dependencies and files.
fn push_package(project: &Project, host: &str, name: &str, rest: &str, text: &str) -> Result<()> {
    project.folder.write(&format!("{name}/akua.toml"), &manifest(name, rest))?;
    project.folder.write(&format!("{name}/package.k"), text)?;
    project.ok(&["lock", "--workspace", name])?;
    project.ok(&["pack", "--workspace", name, "--no-vendor", "--out", "packed.tar.gz"])?;
    let reference = format!("oci://{host}/pkgs/{name}");
    project.ok(&["push", "--tarball", "packed.tar.gz", "--ref", &reference])?;
    Ok(())
}

#[test]
fn a_lock_that_was_tampered_with_is_found() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("tampered", "", "resources = []\n")?;
    push_package(&project, host, "base", "", "resources = []\n")?;
    let add = ["add", "base", "--oci", &format!("oci://{host}/pkgs/base"), "--version", "0.1.0"];
    project.ok(&add)?;
    project.ok(&["vendor"])?;
    project.folder.write(".akua/vendor/base/package.k", "resources = [1]\n")?;
    let told = project.run(&["verify"])?.stderr;
    let found =
        told.split("found ").nth(1).and_then(|rest| rest.lines().next()).context("a digest")?;
    let expected = told.split("expected ").nth(1).and_then(|rest| rest.lines().next());
    let lock = project.read("akua.lock")?;
    let expected = expected.context("a digest")?.trim();
    project.folder.write("akua.lock", &lock.replace(expected, found.trim()))?;
    project.refused(&["lock", "--check"], 1, &["LockDigestMismatch"])?;
    let pins: Vec<&str> = lock.lines().filter(|line| !line.starts_with("manifest")).collect();
    project.folder.write("akua.lock", &pins.join("\n"))?;
    project.refused(&["render"], 1, &["E_LOCK_PARSE", "manifest_digest"])
}

#[test]
fn what_replaces_is_what_the_manifest_says() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("replaced", "", "resources = []\n")?;
    let of = |name: &str, rest: &str| {
        format!("{name} = {{ oci = \"oci://{host}/pkgs/{name}\", version = \"^0.1\"{rest} }}\n")
    };
    push_package(&project, host, "x", "", "resources = []\n")?;
    push_package(
        &project,
        host,
        "y",
        &format!("\n[dependencies]\n{}", of("x", "")),
        "resources = []\n",
    )?;
    project.folder.write("fork/akua.toml", &manifest("x", ""))?;
    project.folder.write("fork/package.k", "resources = []\n")?;
    let fork = of("x", ", replace = { path = \"./fork\" }");
    let both = format!("\n[dependencies]\n{fork}{}", of("y", ""));
    project.folder.write("akua.toml", &manifest("app", &both))?;
    project.ok(&["lock"])?;
    let lock = project.read("akua.lock")?;
    ensure!(lock.contains("replaced"), "{lock}");
    // A lock that still replaces what the manifest does not.
    let one = format!("\n[dependencies]\n{}", of("y", ""));
    project.folder.write("akua.toml", &manifest("app", &one))?;
    let program = "import akua.pkg\nresources = pkg.render({package = \"y\"})\n";
    project.folder.write("package.k", program)?;
    for command in ["verify", "render"] {
        project.refused(&[command], 1, &["E_LOCK_DRIFT", "what replaces"])?;
    }
    project.ok(&["lock"])?;
    ensure!(!project.read("akua.lock")?.contains("replaced"));
    project.ok(&["verify"])?;
    Ok(())
}

#[test]
fn vendored_copies_serve_all_who_ask() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("shared", "", "resources = []\n")?;
    let of = |name: &str| {
        format!("{name} = {{ oci = \"oci://{host}/pkgs/{name}\", version = \"^0.1\" }}\n")
    };
    let nested =
        |name: &str| format!("import akua.pkg\nresources = pkg.render({{package = \"{name}\"}})\n");
    push_package(&project, host, "base", "", "resources = []\n")?;
    push_package(
        &project,
        host,
        "lib",
        &format!("\n[dependencies]\n{}", of("base")),
        &nested("base"),
    )?;
    let both = format!("\n[dependencies]\n{}{}", of("base"), of("lib"));
    project.folder.write("akua.toml", &manifest("app", &both))?;
    project.folder.write("package.k", &nested("lib"))?;
    project.ok(&["lock"])?;
    project.ok(&["vendor"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    project.render(&["--offline"])?;
    project.ok(&["verify", "--offline"])?;
    Ok(())
}

#[test]
fn charts_that_a_fetched_package_carries_get_what_they_depend_on() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let program = "import akua.pkg\nresources = pkg.render({package = \"lib\"})\n";
    let project = Project::new("carried", "", program)?;
    let asks = |name: &str, repository: &str| {
        format!("  - name: {name}\n    version: ^1\n    repository: {repository}\n")
    };
    let charts = format!("oci://{host}/charts");
    project.push_chart(host, "base", "1.0.0", "")?;
    let middle = format!("dependencies:\n{}", asks("base", &charts));
    project.chart("lib/middle", "middle", "1.0.0", &middle)?;
    let both = format!("{middle}{}", asks("middle", "file://../middle"));
    project.chart("lib/web", "web", "1.0.0", &both)?;
    let chart = "\n[dependencies]\nweb = { path = \"./web\" }\n";
    push_package(&project, host, "lib", chart, PROGRAM)?;
    let wants = format!(
        "\n[dependencies]\nlib = {{ oci = \"oci://{host}/pkgs/lib\", version = \"^0.1\" }}\n"
    );
    project.folder.write("akua.toml", &manifest("app", &wants))?;
    project.ok(&["lock"])?;
    let found = project.render(&[])?;
    let count = |name: &str| found.matches(&format!("name: {name}\n")).count();
    ensure!((count("web"), count("middle"), count("base")) == (1, 1, 2), "{found}");
    ensure!(found == project.render(&["--package", "lib"])?, "as where it was made");
    project.ok(&["vendor"])?;
    fs::remove_dir_all(project.path("home/.cache"))?;
    ensure!(found == project.render(&["--offline"])?, "vendored");
    // What the tree asks for has to be in the lock.
    let lock = project.read("akua.lock")?;
    let (head, rest) = lock.split_once("[[package]]\nname = \"base\"").context("base")?;
    let rest = rest.split_once("[[package]]").context("lib")?.1;
    let lock = format!("{head}[[package]]{rest}").replace("\"base@1.0.0\",", "");
    fs::write(project.path("akua.lock"), lock)?;
    project.refused(&["render"], 1, &["E_LOCK_DRIFT", "`base`"])
}

#[test]
fn an_update_of_one_takes_what_others_ask_for_too() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("update-shared", "", "resources = []\n")?;
    project.push_chart(host, "x", "1.0.0", "")?;
    let x = format!("x = {{ oci = \"oci://{host}/charts/x\", version = \"^1\" }}\n");
    push_package(&project, host, "y", &format!("\n[dependencies]\n{x}"), "resources = []\n")?;
    let y = format!("y = {{ oci = \"oci://{host}/pkgs/y\", version = \"^0.1\" }}\n");
    project.folder.write("akua.toml", &manifest("app", &format!("\n[dependencies]\n{x}{y}")))?;
    project.ok(&["lock"])?;
    project.push_chart(host, "x", "1.1.0", "")?;
    ensure!(project.ok(&["update", "--dep", "x"])?.contains("1.0.0 -> x 1.1.0"));
    Ok(())
}
