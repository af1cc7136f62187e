//! Archives of packages: the same bytes from everywhere, what is left out, what is refused.

use akua_tests::project::{Project, manifest};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value as Json, json};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Files of a package, in the order in which they are made.
const FILES: [(&str, &str); 5] = [
    ("z.k", "a = 1\n"),
    ("lib/b.k", "b = 1\n"),
    ("README.md", "A package.\n"),
    ("a/deep/er/file.txt", "\n"),
    ("package.k", "import charts.web\nresources = web.template({})\n"),
];

/// Makes a checkout: its files in this order, with this mode and this time.
fn checkout(name: &str, reverse: bool, mode: u32, seconds: u64) -> Result<Project> {
    let depends = "[dependencies]\nweb = { path = \"charts/web\" }\n";
    let project = Project::new(name, depends, "")?;
    project.chart("charts/web", "web", "1.0.0", "")?;
    let mut files = FILES.to_vec();
    if reverse {
        files.reverse();
    }
    for (path, text) in files {
        project.folder.write(path, text)?;
    }
    for path in
        FILES.map(|(path, _)| path).into_iter().chain(["akua.toml", "charts/web/Chart.yaml"])
    {
        let path = project.path(path);
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options().write(true).open(&path)?.set_modified(time)?;
        // Another owner, where the tests may: else it is the same.
        let _owned = chown(&path, Some(mode), Some(mode));
    }
    project.ok(&["lock"])?;
    Ok(project)
}

/// Packs a checkout into a file beside it.
fn packed(project: &Project, variables: &[(&str, &str)], more: &[&str]) -> Result<Vec<u8>> {
    let mut arguments = vec!["pack", "--json"];
    arguments.extend(more);
    let told = project.run_with(variables, &arguments)?.success()?;
    let told: Json = serde_json::from_slice(&told)?;
    let path = told["path"].as_str().context("a path")?;
    Ok(fs::read(project.folder.path().join(path))?)
}

#[test]
fn two_checkouts_give_the_same_bytes() -> Result<()> {
    let here = checkout("pack-here", false, 0o644, 1_000_000_000)?;
    let there = checkout("pack-there-with-a-longer-path", true, 0o755, 1_700_000_000)?;
    let elsewhere = [
        ("TZ", "Asia/Tokyo"),
        ("SOURCE_DATE_EPOCH", "1234567890"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("USER", "somebody"),
    ];
    for more in [[].as_slice(), &["--no-vendor"]] {
        let first = packed(&here, &[], more)?;
        ensure!(packed(&here, &[], more)? == first, "the second run is the first");
        ensure!(packed(&there, &elsewhere, more)? == first, "and so is another checkout");
    }
    let changed = packed(&here, &[], &[])?;
    here.folder.write("README.md", "Another package.\n")?;
    ensure!(packed(&here, &[], &[])? != changed, "what it says counts");
    Ok(())
}

#[test]
fn an_archive_in_the_package_is_not_in_the_next() -> Result<()> {
    let project = checkout("pack-again", false, 0o644, 1)?;
    let first = packed(&project, &[], &["--out", "a.tar.gz"])?;
    ensure!(packed(&project, &[], &["--out", "a.tar.gz"])? == first);
    Ok(())
}

/// Names of the files in an archive.
fn entries(project: &Project, archive: &str) -> Result<Vec<String>> {
    let file = File::open(project.path(archive))?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut names = Vec::new();
    for entry in archive.entries()? {
        let entry = entry?;
        let header = entry.header();
        ensure!(
            (header.mtime()?, header.uid()?, header.gid()?, header.mode()?) == (0, 0, 0, 0o644)
        );
        names.push(entry.path()?.display().to_string());
    }
    Ok(names)
}

/// Makes a directory with all that is not packed, and rules of its own.
fn cluttered(name: &str, rules: &str) -> Result<Project> {
    let project = Project::new(name, "", "resources = []\n")?;
    for path in [
        ".git/config",
        "sub/.git",
        ".akua/x",
        ".gitignore",
        ".editorconfig",
        "dist/old.tar.gz",
        "out/a.yaml",
        "inputs.yaml",
        "inputs.example.yaml",
        "notes.md",
        "sub/notes.md",
        "prod/a.yaml",
        "prod/.akua-inventory.json",
        "drafts/a.k",
    ] {
        project.folder.write(path, "")?;
    }
    project.folder.write(".akuaignore", rules)?;
    Ok(project)
}

#[test]
fn what_is_left_out_is_listed() -> Result<()> {
    let project = cluttered("pack-left-out", "# mine\n/notes.md\ndrafts/\n")?;
    let told = project.ok(&["pack", "--out", "a.tar.gz", "--json"])?;
    let told: Json = serde_json::from_str(&told)?;
    let row = |path: &str, reason: &str| json!({"path": path, "reason": reason});
    let expected = json!([
        row(".akua/", "akua"),
        row(".akuaignore", "hidden"),
        row(".editorconfig", "hidden"),
        row(".git/", "vcs"),
        row(".gitignore", "vcs"),
        row("dist/", "output"),
        row("drafts/", "ignored"),
        row("inputs.yaml", "inputs"),
        row("notes.md", "ignored"),
        row("out/", "output"),
        row("prod/", "output"),
        row("sub/.git/", "vcs"),
    ]);
    // The home directory of the tests lies in the package, if it is there yet.
    let rows = |list: &Json| -> Vec<Json> {
        let all = list.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|row| row["path"] != "home/").collect()
    };
    ensure!(rows(&told["left_out"]) == rows(&expected), "{:#}", told["left_out"]);
    let mut names = entries(&project, "a.tar.gz")?;
    names.retain(|name| !name.starts_with("home/"));
    ensure!(
        names == ["akua.toml", "inputs.example.yaml", "package.k", "sub/notes.md"],
        "{names:?}"
    );
    let text = project.ok(&["pack", "--out", "a.tar.gz"])?;
    ensure!(
        text.contains("left out: .git/ (vcs)\n") && text.contains("more; --json has all"),
        "{text}"
    );
    Ok(())
}

#[test]
fn rules_bring_back_what_they_name() -> Result<()> {
    let rules = "!.editorconfig\n!out\n!prod\n!.git\n!.akua\n!inputs.yaml\nnotes.md\nhome\n";
    let project = cluttered("pack-brought-back", rules)?;
    project.ok(&["pack", "--out", "a.tar.gz"])?;
    let expected = [
        ".editorconfig",
        "akua.toml",
        "inputs.example.yaml",
        "inputs.yaml",
        "out/a.yaml",
        "package.k",
        "prod/a.yaml",
        "drafts/a.k",
    ];
    let names = entries(&project, "a.tar.gz")?;
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    ensure!(names == expected, "{names:?}");
    Ok(())
}

#[test]
fn rules_cannot_take_the_package_apart() -> Result<()> {
    let project = Project::new("pack-rules", "", "resources = []\n")?;
    for (rules, word) in [
        ("*.toml", "leaves out `akua.toml`"),
        ("package.k", "leaves out `package.k`"),
        ("*", "leaves out `akua.toml`"),
        ("a\n{b", "`.akuaignore:2`"),
        (&"a\n".repeat(40_000), "larger than 65536 bytes"),
    ] {
        project.folder.write(".akuaignore", rules)?;
        project.refused(&["pack"], 1, &["E_PACK_IGNORE", word])?;
    }
    fs::write(project.path(".akuaignore"), b"\xff")?;
    project.refused(&["pack"], 1, &["E_PACK_IGNORE", "not UTF-8"])?;
    fs::remove_file(project.path(".akuaignore"))?;
    std::os::unix::fs::symlink("/etc/passwd", project.path(".akuaignore"))?;
    project.refused(&["pack"], 1, &["E_PACK_IGNORE", "leads out"])?;
    ensure!(!project.path("dist").exists(), "nothing is written");
    Ok(())
}

#[test]
fn what_looks_like_a_secret_is_refused_all_at_once() -> Result<()> {
    let project = Project::new("pack-secrets", "", "resources = []\n")?;
    let letters = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYzZ";
    let token = ["ghp", "_", letters, "aB"].concat();
    project.folder.write("lib/a.k", &format!("a = 1\nb = \"{token}\"\n"))?;
    let key = ["-----BEGIN ", "PRIVATE KEY-----\n", letters, letters, "\n"].concat();
    project.folder.write("tests/\u{1b}[31mkey.pem", &key)?;
    project.folder.write("keys/id_rsa", "x\n")?;
    let outcome = project.run(&["pack"])?;
    let told = &outcome.stderr;
    ensure!(outcome.code == Some(1), "{told}");
    for word in [
        "error[E_PUBLISH_SECRET]: `lib/a.k:2` looks like a token of GitHub",
        "`keys/id_rsa` looks like a private key of SSH",
        "key.pem:1` looks like a private key",
        "list it in .akuaignore",
    ] {
        ensure!(told.contains(word), "expected `{word}` in:\n{told}");
    }
    ensure!(!told.contains(letters) && !told.contains('\u{1b}'), "{told}");
    ensure!(!project.path("dist").exists(), "nothing is written");
    project.folder.write(".akuaignore", "keys/\n*.pem\n")?;
    project.refused(&["pack"], 1, &["lib/a.k:2"])?;
    project.folder.write("akua.toml", &manifest("app", "allow_secrets = [\"lib/a.k\"]\n"))?;
    project.ok(&["pack"])?;
    // A rule brings no secret back, and a lock vouches for none.
    project.folder.write("charts/web/.env", "A=b\n")?;
    project.chart("charts/web", "web", "1.0.0", "")?;
    let depends =
        "allow_secrets = [\"lib/a.k\"]\n[dependencies]\nweb = { path = \"charts/web\" }\n";
    project.folder.write("akua.toml", &manifest("app", depends))?;
    project.ok(&["lock"])?;
    project.refused(
        &["pack"],
        1,
        &["`charts/web/.env` looks like variables", "= help: remove it; if"],
    )?;
    project.folder.write(".akuaignore", "keys/\n*.pem\n!.env\n")?;
    project.folder.write(".env", "A=b\n")?;
    project.refused(&["pack"], 1, &["`.env` looks like variables"])
}

#[test]
fn links_out_can_be_left_out() -> Result<()> {
    let project = Project::new("pack-links", "", "resources = []\n")?;
    std::os::unix::fs::symlink(Path::new("/etc/passwd"), project.path("link"))?;
    project.refused(&["pack"], 1, &["E_PATH_ESCAPE"])?;
    project.folder.write(".akuaignore", "link\n")?;
    project.ok(&["pack"]).map(drop)
}
