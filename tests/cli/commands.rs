//! The commands as a person uses them: flags, formats, what goes to which stream.

use akua_tests::folder::{Folder, names};
use akua_tests::process::{Outcome, akua};
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;

const MANIFEST: &str =
    "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n";
const PROGRAM: &str = "import akua.ctx\nschema Input:\n    name: str = \"default\"\ninput: Input = ctx.input()\nresources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = input.name}]\n";

fn package(name: &str) -> Result<Folder> {
    let folder = Folder::new(&format!("commands-{name}"))?;
    folder.write("p/akua.toml", MANIFEST)?;
    folder.write("p/package.k", PROGRAM)?;
    Ok(folder)
}

fn text(outcome: Outcome) -> Result<String> {
    Ok(String::from_utf8(outcome.success()?)?)
}

/// Evaluates a program twice, and checks what is printed.
fn check_eval(program: &str, arguments: &[&str], expected: &str) -> Result<()> {
    let folder = Folder::new(&format!("eval-{}", expected.len() + program.len() * 1000))?;
    folder.write("main.k", program)?;
    folder.write("lib/m.k", "x = 7\n")?;
    let mut all = vec!["eval", "main.k"];
    all.extend(arguments);
    let first = text(akua(&all, folder.path())?)?;
    ensure!(first == expected, "expected {expected:?}, found {first:?}");
    ensure!(first == text(akua(&all, folder.path())?)?, "a second run differs");
    Ok(())
}

#[test]
fn version() -> Result<()> {
    let folder = Folder::new("version")?;
    let line = text(akua(&["version"], folder.path())?)?;
    ensure!(line.starts_with("akua ") && line.ends_with('\n'), "{line}");
    let json: Json = serde_json::from_str(&text(akua(&["version", "--json"], folder.path())?)?)?;
    ensure!(line == format!("akua {}\n", json["version"].as_str().unwrap_or_default()));
    ensure!(line == text(akua(&["--version"], folder.path())?)?, "`--version` says something else");
    Ok(())
}

#[test]
fn completions() -> Result<()> {
    let folder = Folder::new("completions")?;
    for shell in ["bash", "zsh", "fish"] {
        let script = text(akua(&["completions", shell], folder.path())?)?;
        ensure!(script.contains("worker-timeout"), "{shell}: {script}");
    }
    Ok(())
}

#[test]
fn eval_prints_yaml_or_json() -> Result<()> {
    check_eval("a = 1\nb = [1.0, None]\n", &[], "a: 1\nb:\n- 1.0\n- null\n")?;
    let json = "{\n  \"a\": 1,\n  \"b\": [\n    \"x\"\n  ]\n}\n";
    check_eval("a = 1\nb = ['x']\n", &["-o", "json"], json)?;
    check_eval("b = 1\na = 2\n", &["--sort-keys"], "a: 2\nb: 1\n")?;
    check_eval("a = None\nb = 2\n", &["--disable-none"], "b: 2\n")?;
    check_eval("_a = 1\nbc = 2\n", &["--show-hidden"], "_a: 1\nbc: 2\n")
}

#[test]
fn eval_takes_options_selectors_and_packages() -> Result<()> {
    check_eval("a = option('k')\n", &["-D", "k=[1, 2]"], "a:\n- 1\n- 2\n")?;
    check_eval("a = option('key')\n", &["-D", "key=text"], "a: text\n")?;
    check_eval("a = {b = {c = 3}}\n", &["-S", "a.b"], "c: 3\n")?;
    check_eval("import lib.m\na = m.x\n", &[], "a: 7\n")?;
    check_eval("import other.m\na = m.x\nbb = 1\n", &["-E", "other=lib"], "a: 7\nbb: 1\n")
}

#[test]
fn eval_takes_overrides_and_settings() -> Result<()> {
    check_eval(
        "c = {n = 1, m = {k = 2}}\n",
        &["-O", "c.m.k=5", "-O", "c.n-"],
        "c:\n  m:\n    k: 5\n",
    )?;
    let folder = Folder::new("eval-settings")?;
    folder.write("main.k", "a = option('k')\nb = None\n")?;
    folder.write("kcl.yaml", "kcl_cli_configs:\n  files: [main.k]\n  disable_none: true\nkcl_options:\n- {key: k, value: 1}\n")?;
    folder.write("other.yaml", "kcl_options:\n- {key: k, value: 2}\n")?;
    folder.write("wrong.yaml", "kcl_options: 1\n")?;
    let found = |arguments: &[&str]| akua(&[&["eval"], arguments].concat(), folder.path());
    ensure!(text(found(&[])?)? == "a: 1\n", "kcl.yaml is read by default");
    ensure!(text(found(&["-D", "k=3"])?)? == "a: 3\n", "the command line wins");
    ensure!(
        text(found(&["main.k", "-Y", "other.yaml"])?)? == "a: 2\nb: null\n",
        "-Y names another"
    );
    let wrong = found(&["main.k", "-Y", "wrong.yaml"])?;
    ensure!(wrong.code == Some(1) && wrong.stderr.contains("E_EVAL_SETTINGS"), "{wrong:?}");
    Ok(())
}

#[test]
fn eval_reads_modules_by_path_below_the_working_directory() -> Result<()> {
    let folder = Folder::new("eval-modules")?;
    folder.write("app/kcl.mod", "[dependencies]\nmy-lib = { path = \"../lib\" }\n")?;
    folder.write("app/main.k", "import my_lib\na = my_lib.x\n")?;
    folder.write("lib/kcl.mod", "[dependencies]\nbase = { path = \"../base\" }\n")?;
    folder.write("lib/lib.k", "import base\nx = base.y + 1\n")?;
    folder.write("base/base.k", "y = 1\n")?;
    ensure!(text(akua(&["eval", "app/main.k"], folder.path())?)? == "a: 2\n", "two levels");
    let outside = akua(&["eval", "main.k", "--work-dir", "app"], folder.path())?;
    ensure!(outside.code == Some(1) && outside.stderr.contains("E_PATH_ESCAPE"), "{outside:?}");
    Ok(())
}

#[test]
fn eval_prints_what_the_program_prints_on_stderr() -> Result<()> {
    let folder = Folder::new("eval-print")?;
    folder.write("main.k", "print('hello')\na = 1\n")?;
    let outcome = akua(&["eval", "main.k"], folder.path())?;
    ensure!(outcome.stdout == b"a: 1\n" && outcome.stderr == "hello\n", "{outcome:?}");
    Ok(())
}

#[test]
fn eval_points_at_the_byte() -> Result<()> {
    let folder = Folder::new("eval-error")?;
    folder.write("main.k", "schema Person:\n    age: int\np = Person {age = 'x'}\n")?;
    let outcome = akua(&["eval", "main.k"], folder.path())?;
    let expected = "error[E_KCL_TYPE]: TypeError: expected int, found str\n --> main.k:3:13\n";
    ensure!(outcome.code == Some(1) && outcome.stderr.starts_with(expected), "{}", outcome.stderr);
    ensure!(outcome.stdout.is_empty(), "expected nothing on stdout");
    Ok(())
}

#[test]
fn eval_sees_no_environment_and_no_clock() -> Result<()> {
    check_eval("import file\na = file.read_env('HOME') or 'none'\n", &[], "a: none\n")?;
    check_eval("import datetime\na = datetime.today()[:4]\n", &[], "a: '2024'\n")
}

#[test]
fn render_summary_as_json() -> Result<()> {
    let folder = package("json")?;
    let arguments = ["render", "--package", "p", "--out", "out", "--json"];
    let summary = text(akua(&arguments, folder.path())?)?;
    ensure!(summary == text(akua(&arguments, folder.path())?)?, "a second run differs");
    let summary: Json = serde_json::from_str(&summary)?;
    ensure!(summary["format"] == "raw-manifests" && summary["target"] == "out", "{summary}");
    let file = &summary["files"][0];
    ensure!(file["path"] == "configmap-default.yaml" && file["kind"] == "ConfigMap", "{file}");
    ensure!(file["sha256"].as_str().is_some_and(|digest| digest.len() == 64), "{file}");
    ensure!(summary["cost"]["fuel"].as_u64().is_some_and(|fuel| fuel > 0), "{summary}");
    Ok(())
}

#[test]
fn inputs_by_precedence() -> Result<()> {
    let folder = package("inputs")?;
    let check = |arguments: &[&str], expected: &str| -> Result<()> {
        let mut all = vec!["render", "--package", "p", "--stdout"];
        all.extend(arguments);
        let found = text(akua(&all, folder.path())?)?;
        ensure!(found.contains(&format!("name: {expected}\n")), "expected {expected} in {found}");
        Ok(())
    };
    check(&[], "default")?;
    folder.write("p/inputs.example.yaml", "name: example\n")?;
    check(&[], "example")?;
    folder.write("p/inputs.yaml", "name: file\n")?;
    check(&[], "file")?;
    folder.write("named.json", "{\"name\": \"named\"}")?;
    check(&["--inputs", "named.json"], "named")
}

#[test]
fn render_by_entry_file_and_by_default() -> Result<()> {
    let folder = package("entry")?;
    folder.write("p/other.k", "resources = [{kind = \"A\", metadata.name = \"other\"}]\n")?;
    let other = ["render", "--package", "p/other.k", "--stdout"];
    ensure!(text(akua(&other, folder.path())?)?.contains("name: other"));
    let default = akua(&["render", "--stdout"], &folder.path().join("p"))?;
    ensure!(text(default)?.contains("name: default"));
    Ok(())
}

#[test]
fn a_dry_run_writes_nothing() -> Result<()> {
    let folder = package("dry-run")?;
    let line = text(akua(&["render", "--package", "p", "--dry-run"], folder.path())?)?;
    ensure!(line.contains("rendered 1 object; nothing was written"), "{line}");
    ensure!(names(folder.path())? == ["p"]);
    Ok(())
}

#[test]
fn stale_files_are_removed_and_others_stay() -> Result<()> {
    let folder = package("stale")?;
    let render = ["render", "--package", "p", "--out", "out"];
    akua(&render, folder.path())?.success()?;
    folder.write("out/mine.txt", "mine")?;
    folder.write("p/inputs.yaml", "name: second\n")?;
    akua(&render, folder.path())?.success()?;
    let expected = [".akua-inventory.json", "configmap-second.yaml", "mine.txt"];
    ensure!(names(&folder.path().join("out"))? == expected);
    // `kubectl apply -f out` takes hidden files too: to it this one is a list of no objects.
    let inventory = std::fs::read(folder.path().join("out/.akua-inventory.json"))?;
    let inventory: serde_json::Value = serde_json::from_slice(&inventory)?;
    ensure!(inventory["kind"] == "List" && inventory["items"] == serde_json::json!([]));
    ensure!(inventory["files"] == serde_json::json!(["configmap-second.yaml"]));
    Ok(())
}

#[test]
fn objects_that_the_program_does_not_touch_stay_as_they_are() -> Result<()> {
    let folder = package("opaque")?;
    folder.write("p/akua.toml", &format!("{MANIFEST}[dependencies]\nc = {{ path = \"c\" }}\n"))?;
    folder.write("p/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n")?;
    let object =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x} # a comment\ndata: {k: \"v\"}\n";
    folder.write("p/c/templates/a.yaml", object)?;
    let untouched =
        "import charts.c\nresources = [o for o in c.template({}) if o.kind == \"ConfigMap\"]\n";
    folder.write("p/package.k", untouched)?;
    let arguments = ["render", "--package", "p", "--stdout"];
    let found = text(akua(&arguments, folder.path())?)?;
    ensure!(found.contains("metadata: {name: x} # a comment\n"), "{found}");
    let touched = "import charts.c\nresources = [o | {data.k = \"w\"} for o in c.template({})]\n";
    folder.write("p/package.k", touched)?;
    let found = text(akua(&arguments, folder.path())?)?;
    ensure!(found.contains("data:\n  k: w\n"), "{found}");
    Ok(())
}

#[test]
fn help_names_every_command() -> Result<()> {
    let folder = Folder::new("help")?;
    let help = text(akua(&["--help"], folder.path())?)?;
    for command in ["render", "eval", "version", "completions"] {
        ensure!(help.contains(command), "{help}");
    }
    let render = text(akua(&["render", "--help"], folder.path())?)?;
    let flag = render.lines().find(|line| line.contains("--out"));
    flag.context("expected --out in the help of render")?;
    Ok(())
}
