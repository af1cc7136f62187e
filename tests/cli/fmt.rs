//! `akua fmt` as a person uses it: what it writes, what it says, how it ends.

use akua_tests::folder::{Folder, names};
use akua_tests::process::{Outcome, akua, akua_reading, root};
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

const UGLY: &str = "a=1 # one\nb = [1,\n2]\n";
const PRETTY: &str = "a = 1 # one\nb = [\n    1\n    2\n]\n";
const BROKEN: &str = "a = (1\n";

/// Makes a folder of files.
fn folder(name: &str, files: &[(&str, &str)]) -> Result<Folder> {
    let folder = Folder::new(&format!("fmt-{name}"))?;
    for (name, text) in files {
        folder.write(name, text)?;
    }
    Ok(folder)
}

/// Runs `akua fmt` and checks its exit code and what it prints on stdout.
fn fmt(folder: &Folder, arguments: &[&str], code: i32, stdout: &str) -> Result<Outcome> {
    let outcome = akua(&[&["fmt"], arguments].concat(), folder.path())?;
    let found = String::from_utf8_lossy(&outcome.stdout).into_owned();
    ensure!(outcome.code == Some(code), "expected exit code {code}: {outcome:?}");
    ensure!(found == stdout, "expected {stdout:?}, found {found:?}");
    Ok(outcome)
}

/// Checks what a file holds.
fn holds(folder: &Folder, name: &str, expected: &str) -> Result<()> {
    let found = fs::read_to_string(folder.path().join(name))?;
    ensure!(found == expected, "{name}: expected {expected:?}, found {found:?}");
    Ok(())
}

#[test]
fn files_are_formatted_in_place() -> Result<()> {
    let folder = folder("place", &[("a.k", UGLY), ("b.k", PRETTY), ("c.k", UGLY)])?;
    let path = folder.path().join("a.k");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751))?;
    fmt(&folder, &["a.k", "b.k"], 0, "a.k\n")?;
    holds(&folder, "a.k", PRETTY)?;
    holds(&folder, "b.k", PRETTY)?;
    holds(&folder, "c.k", UGLY)?;
    ensure!(fs::metadata(&path)?.permissions().mode() & 0o777 == 0o751, "the mode changed");
    ensure!(names(folder.path())? == ["a.k", "b.k", "c.k"], "something was left behind");
    fmt(&folder, &["a.k", "b.k"], 0, "")?;
    Ok(())
}

#[test]
fn folders_are_searched() -> Result<()> {
    let files = ["a.k", "b/c.k", "b/d.txt", ".e/f.k", "vendor/g.k"].map(|name| (name, UGLY));
    let folder = folder("folder", &files)?;
    symlink("a.k", folder.path().join("link.k"))?;
    fmt(&folder, &[], 0, "a.k\nb/c.k\n")?;
    for untouched in ["b/d.txt", ".e/f.k", "vendor/g.k"] {
        holds(&folder, untouched, UGLY)?;
    }
    ensure!(folder.path().join("link.k").is_symlink(), "the link was replaced");
    fmt(&folder, &["vendor", "./vendor/g.k"], 0, "vendor/g.k\n")?;
    let outcome = fmt(&folder, &["link.k"], 1, "")?;
    ensure!(outcome.stderr.starts_with("error[E_FMT_FILE]"), "{outcome:?}");
    Ok(())
}

#[test]
fn check_writes_nothing_and_lists_what_would_change() -> Result<()> {
    let folder = folder("check", &[("a.k", UGLY), ("b.k", PRETTY), ("c.k", UGLY)])?;
    let outcome = fmt(&folder, &["--check"], 1, "a.k\nc.k\n")?;
    ensure!(outcome.stderr.starts_with("error[E_FMT_CHANGED]: 2 files are"), "{outcome:?}");
    holds(&folder, "a.k", UGLY)?;
    fmt(&folder, &["--check", "b.k"], 0, "")?;
    let refused = akua(&["fmt", "--check", "--stdout"], folder.path())?;
    ensure!(refused.code == Some(1), "two goals: {refused:?}");
    Ok(())
}

#[test]
fn results_as_text_or_json() -> Result<()> {
    let folder = folder("results", &[("a.k", UGLY), ("b.k", "b = 1\n")])?;
    fmt(&folder, &["--stdout", "a.k", "b.k"], 0, &format!("{PRETTY}b = 1\n"))?;
    let json =
        "{\"files\":[{\"path\":\"a.k\",\"changed\":true},{\"path\":\"b.k\",\"changed\":false}]}\n";
    let outcome = fmt(&folder, &["--check", "--json"], 1, json)?;
    let error: Json = serde_json::from_str(&outcome.stderr)?;
    ensure!(error["code"] == "E_FMT_CHANGED" && error["help"].is_string(), "{error}");
    holds(&folder, "a.k", UGLY)?;
    fmt(&folder, &["--json"], 0, json)?;
    holds(&folder, "a.k", PRETTY)
}

#[test]
fn the_standard_input_goes_to_the_standard_output() -> Result<()> {
    let folder = folder("stdin", &[("a.k", UGLY)])?;
    let run = |input: &[u8], arguments: &[&str]| akua_reading(input, arguments, folder.path());
    ensure!(run(UGLY.as_bytes(), &["fmt", "-"])?.success()? == PRETTY.as_bytes());
    ensure!(run(b"", &["fmt", "-"])?.success()? == b"");
    let check = run(UGLY.as_bytes(), &["fmt", "--check", "-"])?;
    ensure!(check.code == Some(1) && check.stdout == b"<stdin>\n", "{check:?}");
    let broken = run(BROKEN.as_bytes(), &["fmt", "-"])?;
    let place = "error[E_KCL_SYNTAX]: InvalidSyntax: ";
    ensure!(broken.code == Some(1) && broken.stdout.is_empty(), "{broken:?}");
    ensure!(broken.stderr.starts_with(place) && broken.stderr.contains("--> <stdin>:"));
    let both = akua(&["fmt", "-", "a.k"], folder.path())?;
    ensure!(both.code == Some(1) && both.stderr.starts_with("error[E_INVALID_FLAG]"), "{both:?}");
    Ok(())
}

#[test]
fn what_cannot_be_formatted_stays_and_the_others_are() -> Result<()> {
    let files = [("a.k", BROKEN), ("b.k", UGLY), ("d.k", UGLY), ("e.k", "x = {\n"), ("f.k", UGLY)];
    let folder = folder("broken", &files)?;
    fs::write(folder.path().join("c.k"), b"a = '\xff'\n")?;
    let read_only = folder.path().join("d.k");
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o444))?;
    let paths = ["a.k", "b.k", "c.k", "d.k", "e.k", "f.k", "missing.k"];
    let outcome = fmt(&folder, &paths, 2, "b.k\nf.k\n")?;
    for expected in [
        "error[E_KCL_SYNTAX]: InvalidSyntax: ",
        "--> a.k:1:",
        "--> e.k:1:",
        "error[E_FMT_KCL]: `c.k` is not UTF-8 text",
        "error[E_IO]: cannot write `d.k`",
        "error[E_FMT_FILE]: there is no `missing.k`",
    ] {
        ensure!(outcome.stderr.contains(expected), "no {expected} in {}", outcome.stderr);
    }
    holds(&folder, "a.k", BROKEN)?;
    holds(&folder, "b.k", PRETTY)?;
    holds(&folder, "d.k", UGLY)?;
    fmt(&folder, &["missing.k"], 1, "")?;
    Ok(())
}

#[test]
fn a_file_that_is_too_much_for_a_store_harms_no_other() -> Result<()> {
    let deep = format!("a = {}1{}\n", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let large = "x = 1\n".repeat(800_000);
    let files = [("a.k", UGLY), ("b.k", deep.as_str()), ("c.k", large.as_str()), ("d.k", UGLY)];
    let folder = folder("large", &files)?;
    let outcome = fmt(&folder, &["."], 1, "a.k\nd.k\n")?;
    ensure!(outcome.stderr.contains("nested too deeply"), "{}", outcome.stderr);
    ensure!(outcome.stderr.contains("error[E_FMT_FILE]: `./c.k` is larger"), "{}", outcome.stderr);
    Ok(())
}

/// Formats every program of the conformance corpus, and evaluates it before and after.
#[test]
fn formatting_changes_no_result() -> Result<()> {
    let corpus = root().join("../shared/kcl-conformance/cases");
    if !corpus.is_dir() {
        return Ok(());
    }
    let folder = Folder::new("fmt-corpus")?;
    folder.copy(&corpus, "before")?;
    folder.copy(&corpus, "after")?;
    make_writable(&folder.path().join("after"))?;
    let formatted = akua(&["fmt", "after"], folder.path())?;
    ensure!(!formatted.stderr.contains("E_FMT_KCL]: the"), "{}", formatted.stderr);
    ensure!(formatted.stdout.split(|byte| *byte == b'\n').count() > 500, "little was formatted");
    let cases = cases(&folder.path().join("before"))?;
    let (first, second) = cases.split_at(cases.len() / 2);
    let unlike = std::thread::scope(|scope| -> Result<Vec<String>> {
        let other = scope.spawn(|| compare(folder.path(), first));
        let mut unlike = compare(folder.path(), second)?;
        unlike.extend(other.join().ok().context("the other half")??);
        Ok(unlike)
    })?;
    ensure!(unlike.is_empty(), "{} differ:\n{}", unlike.len(), unlike.join("\n"));
    Ok(())
}

/// Makes all files of a folder writable: the corpus may be read-only.
fn make_writable(folder: &Path) -> Result<()> {
    for path in names(folder)?.into_iter().map(|name| folder.join(name)) {
        if path.is_dir() {
            make_writable(&path)?;
        } else {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

/// A case: its folder below the corpus, where it runs, and its arguments.
struct Case {
    folder: PathBuf,
    work: String,
    arguments: Vec<String>,
}

/// Returns the cases that succeed.
fn cases(corpus: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let mut folders = vec![corpus.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let file = folder.join("case.json");
        if !file.is_file() {
            let below = names(&folder)?.into_iter().map(|name| folder.join(name));
            folders.extend(below.filter(|path| path.is_dir()));
            continue;
        }
        let case: Json = serde_json::from_slice(&fs::read(file)?)?;
        if case["expect"] == "ok" {
            let work = case["cwd"].as_str().unwrap_or(".").to_owned();
            let folder = folder.strip_prefix(corpus)?.join("input");
            cases.push(Case { folder, work, arguments: arguments(&case) });
        }
    }
    Ok(cases)
}

/// Returns the arguments of a case, as `akua eval` takes them.
fn arguments(case: &Json) -> Vec<String> {
    let texts = |value: &Json| {
        let texts = value.as_array().into_iter().flatten();
        texts.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut arguments = vec!["eval".to_owned()];
    arguments.extend(texts(&case["files"]));
    for (name, flag) in [("define", "-D"), ("select", "-S"), ("external", "-E")] {
        for value in texts(&case["args"][name]) {
            arguments.extend([flag.to_owned(), value]);
        }
    }
    for name in ["disable_none", "sort_keys", "show_hidden", "strict_range_check"] {
        if case["args"][name] == true {
            arguments.push(format!("--{}", name.replace('_', "-")));
        }
    }
    arguments
}

/// Returns the cases whose results differ.
fn compare(folder: &Path, cases: &[Case]) -> Result<Vec<String>> {
    let mut unlike = Vec::new();
    for case in cases {
        let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        let run = |side: &str| {
            let directory = folder.join(side).join(&case.folder).join(&case.work);
            akua(&arguments, &directory)
        };
        let (before, after) = (run("before")?, run("after")?);
        // Paths of the two sides are in a few results.
        let plain = |text: Vec<u8>| String::from_utf8_lossy(&text).replace("/after/", "/before/");
        if plain(before.stdout) != plain(after.stdout) || before.code != after.code {
            unlike.push(format!("{}: {}", case.folder.display(), after.stderr));
        }
    }
    Ok(unlike)
}
