//! Bad and hostile packages, through the built binary: each is refused with its code, its place and
//! something to do, ends with its exit code, and leaves the previous output as it was.

use akua_tests::folder::{Folder, names};
use akua_tests::process::akua;
use anyhow::{Context, Result, ensure};
use rustix::fs::{CWD, Mode, mkfifoat};
use serde_json::Value as Json;
use std::os::unix::fs::symlink;
use std::path::Path;

const MANIFEST: &str =
    "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n";
const CHART: &str = "[dependencies]\nc = { path = \"./charts/c\" }\n";
const USE_CHART: &str = "import charts.c\nresources = c.template({})\n";
const GOOD: &str =
    "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"x\"}]\n";

/// What a refusal must say.
struct Refusal<'a> {
    exit: i32,
    code: &'a str,
    /// A part of the message.
    message: &'a str,
    /// `FILE:LINE`; empty where there is no place.
    place: &'a str,
}

/// A package in a directory of its own.
struct Package {
    folder: Folder,
}

impl Package {
    fn new(name: &str, program: &str) -> Result<Self> {
        let folder = Folder::new(&format!("hostile-{name}"))?;
        let package = Self { folder };
        package.write("akua.toml", MANIFEST)?.write("package.k", program)?;
        Ok(package)
    }

    /// A package that templates a chart with one template.
    fn chart(name: &str, template: &str) -> Result<Self> {
        let package = Self::new(name, USE_CHART)?;
        package
            .write("akua.toml", &format!("{MANIFEST}{CHART}"))?
            .write("charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n")?
            .write("charts/c/templates/a.yaml", template)?;
        Ok(package)
    }

    fn write(&self, name: &str, text: &str) -> Result<&Self> {
        self.folder.write(&format!("package/{name}"), text)?;
        Ok(self)
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("package")
    }

    /// Renders over the output of a good package, and checks how it is refused.
    fn refused(&self, arguments: &[&str], expected: &Refusal<'_>) -> Result<()> {
        self.folder.write("good/akua.toml", MANIFEST)?;
        self.folder.write("good/package.k", GOOD)?;
        let directory = self.folder.path();
        akua(&["render", "--package", "good", "--out", "out"], directory)?.success()?;
        let before = contents(&directory.join("out"))?;
        let mut all = vec!["render", "--package", "package", "--out", "out", "--json"];
        all.extend(arguments);
        let outcome = akua(&all, directory)?;
        ensure!(contents(&directory.join("out"))? == before, "the previous output has changed");
        ensure!(outcome.stdout.is_empty(), "expected nothing on stdout");
        check(&outcome.stderr, outcome.code, expected)
    }
}

/// Checks the error lines of a command.
fn check(stderr: &str, code: Option<i32>, expected: &Refusal<'_>) -> Result<()> {
    ensure!(
        code == Some(expected.exit),
        "expected exit {}, found {code:?}: {stderr}",
        expected.exit
    );
    let line = stderr.lines().last().context("expected an error, found none")?;
    let error: Json = serde_json::from_str(line).with_context(|| line.to_owned())?;
    ensure!(error["level"] == "error" && error["code"] == expected.code, "{line}");
    let message = error["message"].as_str().unwrap_or_default();
    ensure!(message.contains(expected.message), "expected `{}` in {line}", expected.message);
    if !expected.place.is_empty() {
        let place = format!("{}:{}", error["path"].as_str().unwrap_or_default(), error["line"]);
        ensure!(place == expected.place, "expected {}, found {line}", expected.place);
    }
    Ok(())
}

/// Names and contents of a directory's files.
fn contents(directory: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut contents = Vec::new();
    for name in names(directory)? {
        let bytes = std::fs::read(directory.join(&name))?;
        contents.push((name, bytes));
    }
    Ok(contents)
}

fn refusal<'a>(exit: i32, code: &'a str, message: &'a str, place: &'a str) -> Refusal<'a> {
    Refusal { exit, code, message, place }
}

// Missing or malformed files.

#[test]
fn a_manifest_that_is_missing() -> Result<()> {
    let package = Package::new("no-manifest", GOOD)?;
    std::fs::remove_file(package.path().join("akua.toml"))?;
    // Nothing above may stand in for it: the search goes up to the root.
    package.refused(&[], &refusal(1, "E_MANIFEST_MISSING", "akua.toml", ""))
}

#[test]
fn a_manifest_that_is_malformed() -> Result<()> {
    let package = Package::new("bad-manifest", GOOD)?;
    package.write("akua.toml", "[package\n")?;
    package.refused(&[], &refusal(1, "E_MANIFEST_PARSE", "", "akua.toml:1"))
}

#[test]
fn a_manifest_with_an_unknown_field() -> Result<()> {
    let package = Package::new("unknown-field", GOOD)?;
    package.write("akua.toml", &format!("{MANIFEST}surprise = 1\n"))?;
    package.refused(&[], &refusal(1, "E_MANIFEST_PARSE", "surprise", "akua.toml:5"))
}

#[test]
fn an_entry_file_that_is_missing() -> Result<()> {
    let package = Package::new("no-entry", GOOD)?;
    std::fs::remove_file(package.path().join("package.k"))?;
    package.refused(&[], &refusal(1, "E_PACKAGE_MISSING", "package.k", ""))
}

#[test]
fn a_program_that_is_no_kcl() -> Result<()> {
    let package = Package::new("syntax", "a = 1\nresources = [\n")?;
    package.refused(&[], &refusal(1, "E_KCL_SYNTAX", "expected", "package.k:2"))
}

#[test]
fn inputs_that_are_missing() -> Result<()> {
    let package = Package::new("no-inputs", GOOD)?;
    package.refused(&["--inputs", "none.yaml"], &refusal(1, "E_INPUTS_MISSING", "none.yaml", ""))
}

#[test]
fn inputs_that_are_malformed() -> Result<()> {
    let package = Package::new("bad-inputs", GOOD)?;
    package.write("inputs.yaml", "a: [\n")?;
    package.refused(&[], &refusal(1, "E_INPUTS_PARSE", "inputs.yaml", ""))
}

#[test]
fn inputs_that_are_no_mapping() -> Result<()> {
    let package = Package::new("list-inputs", GOOD)?;
    package.write("inputs.yaml", "- a\n")?;
    package.refused(&[], &refusal(1, "E_INPUTS_PARSE", "not a mapping", ""))
}

#[test]
fn inputs_that_the_schema_refuses() -> Result<()> {
    let program = format!(
        "import akua.ctx\nschema Input:\n    n: int\n    check:\n        n > 0, \"n must be positive\"\ninput: Input = ctx.input()\n{GOOD}"
    );
    let package = Package::new("refused-inputs", &program)?;
    package.write("inputs.yaml", "n: 0\n")?;
    package.refused(&[], &refusal(1, "E_KCL_EVAL", "n must be positive", "package.k:5"))
}

#[test]
fn a_chart_that_is_missing() -> Result<()> {
    let package = Package::new("no-chart", USE_CHART)?;
    package.write("akua.toml", &format!("{MANIFEST}{CHART}"))?;
    package.refused(&[], &refusal(1, "E_CHART_RESOLVE", "charts/c", "akua.toml:6"))
}

#[test]
fn a_chart_that_is_malformed() -> Result<()> {
    let package = Package::chart("bad-chart", "a: 1\n")?;
    package.write("charts/c/Chart.yaml", "name: [\n")?;
    package.refused(&[], &refusal(1, "E_HELM_CHART", "Chart.yaml", "package.k:2"))
}

#[test]
fn a_template_that_is_malformed() -> Result<()> {
    let package = Package::chart("bad-template", "a: {{ .Values.x\n")?;
    package.refused(&[], &refusal(1, "E_HELM_TEMPLATE", "unclosed action", "package.k:2"))
}

#[test]
fn a_kustomization_that_is_malformed() -> Result<()> {
    let program = "import akua.kustomize\nresources = kustomize.build({path = \"o\"})\n";
    let package = Package::new("bad-kustomization", program)?;
    package.write("o/kustomization.yaml", "resources: [missing.yaml]\n")?;
    package.refused(&[], &refusal(1, "E_KUSTOMIZE_BUILD", "missing.yaml", "package.k:2"))
}

#[test]
fn an_argument_that_is_unknown() -> Result<()> {
    let package = Package::chart("argument", "a: 1\n")?;
    package.write("package.k", "import charts.c\nresources = c.template({relase = \"x\"})\n")?;
    package.refused(&[], &refusal(1, "E_PLUGIN_ARGUMENT", "relase", "package.k:2"))
}

#[test]
fn a_remote_dependency_without_a_lock() -> Result<()> {
    let package = Package::new("remote", GOOD)?;
    let remote =
        "[dependencies]\nx = { oci = \"oci://registry.example.com/x\", version = \"1\" }\n";
    package.write("akua.toml", &format!("{MANIFEST}{remote}"))?;
    package.refused(&[], &refusal(1, "E_LOCK_MISSING", "`x`", "akua.toml:6"))
}

// Results that are no objects.

fn check_resources(name: &str, value: &str, message: &str) -> Result<()> {
    let package = Package::new(name, &format!("a = 1\nresources = {value}\n"))?;
    package.refused(&[], &refusal(1, "E_RENDER_RESOURCES", message, "package.k:2"))
}

#[test]
fn resources_that_are_no_objects() -> Result<()> {
    check_resources("dict", "{a = 1}", "not a list")?;
    check_resources("number", "[1]", "`resources[0]` is int(1), not an object")?;
    check_resources("nested", "[[]]", "`resources[0]` is list")?;
    check_resources("kind", "[{metadata.name = \"x\"}]", "`resources[0]` has no `kind`")?;
    check_resources("name", "[{kind = \"A\"}]", "neither `metadata.name` nor")
}

#[test]
fn resources_that_are_missing() -> Result<()> {
    let package = Package::new("no-resources", "a = 1\n")?;
    package.refused(&[], &refusal(1, "E_RENDER_RESOURCES", "sets no `resources`", ""))
}

#[test]
fn more_objects_than_allowed() -> Result<()> {
    let program = "resources = [{kind = \"A\", metadata.name = \"x\"} for i in range(20001)]\n";
    Package::new("many", program)?.refused(&[], &refusal(6, "E_BUDGET_RESOURCES", "20001", ""))
}

// Escapes.

fn check_escape(name: &str, path: &str) -> Result<()> {
    let kustomize =
        format!("import akua.kustomize\nresources = kustomize.build({{path = \"{path}\"}})\n");
    let package = Package::new(&format!("escape-k-{name}"), &kustomize)?;
    symlink("/etc", package.path().join("link"))?;
    package.refused(&[], &refusal(1, "E_PATH_ESCAPE", path, "package.k:2"))?;
    let helm = format!("import akua.helm\nresources = helm.template({{chart = \"{path}\"}})\n");
    let package = Package::new(&format!("escape-h-{name}"), &helm)?;
    symlink("/etc", package.path().join("link"))?;
    package.refused(&[], &refusal(1, "E_PATH_ESCAPE", path, "package.k:2"))
}

#[test]
fn escapes_by_plugin_paths() -> Result<()> {
    check_escape("up", "../good")?;
    check_escape("far", "../../../../../../etc")?;
    check_escape("missing", "../no-such-thing")?;
    check_escape("absolute", "/etc")?;
    check_escape("link", "link")?;
    check_escape("hidden", "a/../../good")
}

#[test]
fn escapes_by_a_link_inside_an_overlay() -> Result<()> {
    let program = "import akua.kustomize\nresources = kustomize.build({path = \"o\"})\n";
    let package = Package::new("escape-inside", program)?;
    package.write("o/kustomization.yaml", "configMapGenerator: [{name: x, files: [secret]}]\n")?;
    symlink("/etc/hostname", package.path().join("o/secret"))?;
    package.refused(&[], &refusal(1, "E_PATH_ESCAPE", "o/secret", "package.k:2"))
}

fn check_read(name: &str, call: &str) -> Result<()> {
    let package =
        Package::new(&format!("read-{name}"), &format!("import file\nx = {call}\n{GOOD}"))?;
    symlink("/etc", package.path().join("link"))?;
    package.refused(&[], &refusal(1, "E_SANDBOX_DENIED", "", "package.k:2"))
}

#[test]
fn escapes_by_the_file_module() -> Result<()> {
    check_read("absolute", "file.read(\"/etc/hostname\")")?;
    check_read("up", "file.read(\"../good/package.k\")")?;
    check_read("link", "file.read(\"link/hostname\")")?;
    check_read("proc", "file.read(\"/proc/self/environ\")")
}

/// To open a pipe waits for who writes to it; in the host, where no deadline of a guest reaches.
#[test]
fn waits_for_a_pipe() -> Result<()> {
    let package = Package::new("pipe", &format!("import file\nx = file.read(\"pipe\")\n{GOOD}"))?;
    mkfifoat(CWD, package.path().join("pipe"), Mode::RUSR)?;
    package.refused(&[], &refusal(1, "E_SANDBOX_DENIED", "pipe", "package.k:2"))?;
    let package = Package::chart("pipe-chart", "a: b\n")?;
    mkfifoat(CWD, package.path().join("charts/c/templates/pipe"), Mode::RUSR)?;
    package.refused(&[], &refusal(1, "E_PATH_ESCAPE", "templates/pipe", "package.k:2"))
}

#[test]
fn writes_are_denied() -> Result<()> {
    check_read("write", "file.write(\"x\", \"y\")")?;
    check_read("delete", "file.delete(\"package.k\")")
}

#[test]
fn a_dependency_outside_of_the_package() -> Result<()> {
    let package = Package::new("dependency-out", GOOD)?;
    let manifest = format!("{MANIFEST}[workspace]\n[dependencies]\ng = {{ path = \"../good\" }}\n");
    package.write("akua.toml", &manifest)?;
    // Its own `[workspace]` does not widen what it may reach.
    package.refused(&[], &refusal(1, "E_PATH_ESCAPE", "../good", "akua.toml:7"))
}

// Endless programs.

#[test]
fn loops_in_kcl() -> Result<()> {
    let program = "resources = [j for i in range(100000) for j in range(1000000) if j < 0]\n";
    let package = Package::new("loop", program)?;
    package.refused(&[], &refusal(6, "E_KCL_STEPS", "12000000 steps", "package.k:1"))?;
    // A function that takes long by itself takes no steps.
    let program =
        "_s = \"a\" * 30000000\nresources = [i for i in range(1000) if _s.count(\"ab\") > 0]\n";
    let package = Package::new("loop-native", program)?;
    let expected = refusal(6, "E_BUDGET_DEADLINE", "500ms", "");
    package.refused(&["--worker-timeout", "500ms"], &expected)?;
    package.refused(&["--timeout", "400ms"], &refusal(6, "E_BUDGET_DEADLINE", "400ms", ""))
}

#[test]
fn allocates_without_end_in_kcl() -> Result<()> {
    let program = "_f = lambda n, s { s if n == 0 else _f(n - 1, s + s) }\nx = _f(60, \"aaaaaaaa\")\nresources = []\n";
    let package = Package::new("memory", program)?;
    package.refused(&[], &refusal(6, "E_KCL_MEMORY", "longer than", "package.k:1"))?;
    let program = "a = [[j for j in range(100)] for i in range(10000000)]\nresources = a\n";
    let package = Package::new("memory-range", program)?;
    package.refused(&[], &refusal(6, "E_KCL_MEMORY", "range()", "package.k:1"))?;
    let program = "a = [[j for j in range(1000)] for i in range(100000)]\nresources = a\n";
    let package = Package::new("memory-held", program)?;
    package.refused(&[], &refusal(6, "E_KCL_MEMORY", "holds more", "package.k:1"))?;
    // Ten values that are each small enough, before the language looks.
    let program = "_a = [c * 30000000 for c in \"abcdefghij\"]\nresources = []\nb = len(_a)\n";
    let package = Package::new("memory-store", program)?;
    package.refused(&[], &refusal(6, "E_BUDGET_MEMORY", "worker", ""))
}

/// What is shared in memory is printed as often as it is used.
#[test]
fn prints_without_end_in_kcl() -> Result<()> {
    let lines: Vec<String> =
        (1..40).map(|i| format!("_a{i} = {{l = _a{}, r = _a{}}}", i - 1, i - 1)).collect();
    let head = format!("_a0 = {{x = 1}}\n{}\n", lines.join("\n"));
    let object = "apiVersion = \"v1\", kind = \"A\", metadata.name = \"a\"";
    let package = Package::new("shared", &format!("{head}resources = [{{{object}, s = _a39}}]\n"))?;
    package.refused(&[], &refusal(6, "E_KCL_MEMORY", "encoding", "package.k:41"))
}

#[test]
fn recurses_without_end_in_kcl() -> Result<()> {
    let program = "_f = lambda n { _f(n + 1) }\nresources = _f(1)\n";
    let package = Package::new("recursion", program)?;
    package.refused(&[], &refusal(6, "E_KCL_DEPTH", "nested deeper", "package.k:1"))?;
    let schema = "schema S:\n    next: S = S {}\nresources = [S {}]\n";
    let package = Package::new("recursion-schema", schema)?;
    package.refused(&[], &refusal(6, "E_KCL_DEPTH", "nested deeper", "package.k:2"))
}

#[test]
fn loops_in_a_template() -> Result<()> {
    let template = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}a: 1\n";
    let package = Package::chart("template-loop", template)?;
    let expected = refusal(6, "E_BUDGET_DEADLINE", "700ms", "package.k:2");
    package.refused(&["--engine-timeout", "700ms"], &expected)
}

#[test]
fn allocates_without_end_in_a_template() -> Result<()> {
    let template = "{{ $s := \"aaaaaaaaaaaaaaaa\" }}{{ range until 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}a: 1\n";
    let package = Package::chart("template-memory", template)?;
    package.refused(&[], &refusal(6, "E_BUDGET_MEMORY", "helm", "package.k:2"))
}

#[test]
fn recurses_without_end_in_a_template() -> Result<()> {
    let template = "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}a: {{ include \"x\" . }}\n";
    let package = Package::chart("template-recursion", template)?;
    package.refused(&[], &refusal(1, "E_HELM_TEMPLATE", "include", "package.k:2"))
}

#[test]
fn a_budget_cannot_be_caught() -> Result<()> {
    let template = "{{ $s := \"aaaaaaaaaaaaaaaa\" }}{{ range until 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}a: 1\n";
    let package = Package::chart("catch", template)?;
    let program = format!(
        "import runtime\nimport charts.c\n_ = runtime.catch(lambda {{ c.template({{}}) }})\n{GOOD}"
    );
    package.write("package.k", &program)?;
    package.refused(&[], &refusal(6, "E_BUDGET_MEMORY", "helm", ""))
}

// Packages of packages.

fn nested(package: &Package, folder: &str, dependencies: &str, program: &str) -> Result<()> {
    package.write(&format!("{folder}/akua.toml"), &format!("{MANIFEST}{dependencies}"))?;
    package.write(&format!("{folder}/package.k"), program)?;
    Ok(())
}

#[test]
fn packages_in_a_cycle() -> Result<()> {
    let render = |alias: &str| {
        format!("import akua.pkg\nresources = pkg.render({{package = \"{alias}\"}})\n")
    };
    let package = Package::new("cycle", &render("b"))?;
    package.write("akua.toml", &format!("{MANIFEST}[dependencies]\nb = {{ path = \"b\" }}\n"))?;
    nested(&package, "b", "[dependencies]\na = { path = \"..\" }\n", &render("a"))?;
    package.refused(&[], &refusal(1, "E_RENDER_CYCLE", "`a`", "package.k:2"))
}

#[test]
fn packages_nested_too_deeply() -> Result<()> {
    let render = "import akua.pkg\nresources = pkg.render({package = \"d\"})\n";
    let dependency = "[dependencies]\nd = { path = \"d\" }\n";
    let package = Package::new("depth", render)?;
    package.write("akua.toml", &format!("{MANIFEST}{dependency}"))?;
    let mut folder = String::from("d");
    for _ in 0..3 {
        nested(&package, &folder, dependency, render)?;
        folder.push_str("/d");
    }
    nested(&package, &folder, "", GOOD)?;
    // Five levels: one less is refused, as many as there are is not.
    package
        .refused(&["--max-depth", "4"], &refusal(6, "E_RENDER_BUDGET_DEPTH", "4", "package.k:2"))?;
    let arguments = ["render", "--package", "package", "--stdout", "--max-depth", "5"];
    akua(&arguments, package.folder.path())?.success()?;
    Ok(())
}

#[test]
fn a_nested_package_sees_only_its_own_dependencies() -> Result<()> {
    let package = Package::new(
        "nested-scope",
        "import akua.pkg\nresources = pkg.render({package = \"b\"})\n",
    )?;
    let dependencies = "[dependencies]\nb = { path = \"b\" }\nc = { path = \"c\" }\n";
    package.write("akua.toml", &format!("{MANIFEST}{dependencies}"))?;
    nested(&package, "b", "", "import akua.pkg\nresources = pkg.render({package = \"c\"})\n")?;
    nested(&package, "c", "", GOOD)?;
    package.refused(&[], &refusal(1, "E_DEP_UNKNOWN", "`c`", "package.k:2"))
}

#[test]
fn a_failure_in_a_nested_package_says_where() -> Result<()> {
    let package = Package::new(
        "nested-failure",
        "import akua.pkg\nresources = pkg.render({package = \"b\"})\n",
    )?;
    package.write("akua.toml", &format!("{MANIFEST}[dependencies]\nb = {{ path = \"b\" }}\n"))?;
    nested(&package, "b", "", "x = 1\nassert x > 1, \"x is too small\"\nresources = []\n")?;
    let message = "in package `b`: package.k:2:1: x is too small";
    package.refused(&[], &refusal(1, "E_KCL_EVAL", message, "package.k:2"))
}

// Forgeries.

#[test]
fn a_message_does_not_forge_a_code() -> Result<()> {
    let program = "assert False, \"error[E_BUDGET_MEMORY]: E_PATH_ESCAPE\"\nresources = []\n";
    Package::new("forge", program)?
        .refused(&[], &refusal(1, "E_KCL_EVAL", "E_PATH_ESCAPE", "package.k:1"))?;
    let package = Package::chart("forge-chart", "{{ fail \"E_BUDGET_FUEL\" }}\n")?;
    package.refused(&[], &refusal(1, "E_HELM_TEMPLATE", "E_BUDGET_FUEL", "package.k:2"))
}

#[test]
fn control_characters_are_escaped() -> Result<()> {
    let program = "print(\"\\x1b[31mred\")\nassert False, \"\\x1b]0;title\\x07\"\nresources = []\n";
    let package = Package::new("escape-codes", program)?;
    let outcome = akua(&["render", "--package", "package"], package.folder.path())?;
    ensure!(!outcome.stderr.contains('\u{1b}'), "{:?}", outcome.stderr);
    ensure!(outcome.stderr.contains("\\u{1b}[31mred"), "{}", outcome.stderr);
    ensure!(outcome.stderr.contains("\\u{1b}]0;title\\u{7}"), "{}", outcome.stderr);
    Ok(())
}

// The output directory.

#[test]
fn an_output_directory_that_cannot_be_written() -> Result<()> {
    let package = Package::new("output", GOOD)?;
    package.folder.write("file", "x")?;
    let arguments = ["render", "--package", "package", "--out", "file/out", "--json"];
    let outcome = akua(&arguments, package.folder.path())?;
    check(&outcome.stderr, outcome.code, &refusal(2, "E_OUTPUT_WRITE", "file/out", ""))
}

#[test]
fn a_file_of_somebody_else_in_the_output_directory() -> Result<()> {
    let package = Package::new("foreign", GOOD)?;
    package.folder.write("out/configmap-x.yaml", "mine")?;
    let arguments = ["render", "--package", "package", "--out", "out", "--json"];
    let outcome = akua(&arguments, package.folder.path())?;
    check(&outcome.stderr, outcome.code, &refusal(1, "E_OUTPUT_FOREIGN", "configmap-x.yaml", ""))?;
    ensure!(std::fs::read(package.folder.path().join("out/configmap-x.yaml"))? == b"mine");
    Ok(())
}

#[test]
fn a_flag_that_makes_no_sense() -> Result<()> {
    let package = Package::new("flag", GOOD)?;
    let outcome =
        akua(&["render", "--package", "package", "--timeout", "soon"], package.folder.path())?;
    ensure!(
        outcome.code == Some(1) && outcome.stderr.contains("such as 90s"),
        "{}",
        outcome.stderr
    );
    Ok(())
}
