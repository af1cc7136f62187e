//! The modules of dependencies as a package sees them: `charts.<alias>.Values` and `pkgs.<alias>`.

use akua_tests::folder::{Folder, names};
use akua_tests::process::{akua, root};
use akua_tests::render::{check_refused, render};
use anyhow::{Result, ensure};

const HEAD: &str =
    "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n";
const DEPENDENCIES: &str =
    "\n[dependencies]\nmy-chart = { path = \"./chart\" }\nmy-web = { path = \"./web\" }\n";

/// A chart whose output is its values.
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata: {{ omit .Values \"global\" | toJson }}\n";
const VALUES: &str =
    "replicas: 1\nimage:\n  repository: web\n  tag: \"1\"\nnodeSelector:\n  disk: ssd\n";
const SCHEMA: &str = r##"{
  "type": "object", "required": ["replicas", "host"],
  "properties": {
    "replicas": {"$ref": "#/$defs/count"},
    "host": {"type": "string", "pattern": "^[a-z.]+$"},
    "image": {"type": "object", "additionalProperties": false, "required": ["repository"],
      "properties": {"repository": {"type": "string"}, "tag": {"type": "string"}}},
    "mode": {"enum": ["fast", "safe"]}
  },
  "$defs": {"count": {"type": "integer", "minimum": 1}}
}"##;

/// A Package whose schema needs what only its own run has.
const WEB: &str = r#"
import akua.ctx
import charts.inner

schema Input:
    host: str
    replicas: int = 1
    zone: str = _zone()
    inner?: inner.Values

    check:
        replicas > 0, "replicas must be positive"

_zone = lambda {
    ctx.input()?.region or "home"
}
input: Input = ctx.input()
resources = [{
    apiVersion = "v1"
    kind = "ConfigMap"
    metadata.name = input.host
    data = {replicas = str(input.replicas), zone = input.zone}
}]
"#;

/// Makes a package of a program, with a chart and a Package that it depends on.
fn package(name: &str, schema: &str, program: &str) -> Result<Folder> {
    let folder = Folder::new(&format!("modules-{name}"))?;
    folder.write("akua.toml", &format!("{HEAD}{DEPENDENCIES}"))?;
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n")?;
    folder.write("chart/values.yaml", VALUES)?;
    folder.write("chart/templates/x.yaml", TEMPLATE)?;
    if !schema.is_empty() {
        folder.write("chart/values.schema.json", schema)?;
    }
    let inner = "\n[dependencies]\ninner = { path = \"./inner\" }\n";
    folder.write("web/akua.toml", &format!("{HEAD}{inner}"))?;
    folder.write("web/package.k", WEB)?;
    folder.write("web/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 1.0.0\n")?;
    folder.write("web/inner/values.yaml", "a: 1\n")?;
    folder.write("package.k", program)?;
    Ok(folder)
}

/// Renders a program, and compares the `data` of its objects.
fn check(name: &str, schema: &str, program: &str, expected: &str) -> Result<()> {
    let folder = package(name, schema, program)?;
    let found = String::from_utf8(render(folder.path(), &[])?.success()?)?;
    let data =
        found.split("\ndata:").skip(1).map(|data| data.split("---").next().unwrap_or_default());
    let words: Vec<&str> = data.flat_map(str::split_whitespace).collect();
    let words = words.join(" ");
    ensure!(words == expected, "expected {expected}, found {words}");
    Ok(())
}

fn refused(name: &str, schema: &str, program: &str, code: &str, message: &str) -> Result<()> {
    check_refused(package(name, schema, program)?.path(), code, message)
}

const CHART: &str = "import charts.my_chart as c\nresources = c.template({values = c.Values ";

#[test]
fn values_of_a_chart_reach_it_as_they_were_written() -> Result<()> {
    let values =
        r#"{host = "a", image = {tag = "2"}, nodeSelector = None, _own = [1], mode = "fast"}"#;
    let program = format!("{CHART}{values}}})\n");
    let expected = r#"{"_own":[1],"host":"a","image":{"repository":"web","tag":"2"},"mode":"fast","replicas":1}"#;
    check("values", SCHEMA, &program, expected)
}

#[test]
fn arguments_take_instances_and_dicts_and_nothing_else() -> Result<()> {
    let chart = |values: &str| {
        format!(
            "import akua.helm\nimport charts.my_chart as c\nresources = helm.template(helm.Template {{chart = c.path, values = {values}}})\n"
        )
    };
    for (name, values) in [("instance", "c.Values {}"), ("dict", "{}"), ("none", "None")] {
        let folder = package(&format!("template-{name}"), "", &chart(values))?;
        render(folder.path(), &[])?.success()?;
    }
    refused("template-text", "", &chart("\"x\""), "E_KCL_EVAL", "values must be a dict")?;
    let web = |inputs: &str| {
        format!(
            "import akua.pkg\nimport pkgs.my_web as w\nused = w.Input\nresources = pkg.render(pkg.Render {{package = \"my-web\", inputs = {inputs}}})\n"
        )
    };
    let folder = package("render-instance", "", &web("w.Input {host = \"h\"}"))?;
    render(folder.path(), &[])?.success()?;
    refused("render-text", "", &web("[1]"), "E_KCL_EVAL", "inputs must be a dict")
}

#[test]
fn values_that_the_chart_refuses_are_errors_in_the_package() -> Result<()> {
    let check = |name, values: &str, code, message| {
        refused(name, SCHEMA, &format!("{CHART}{values}}})\n"), code, message)
    };
    check("type", r#"{host = "a", replicas = "x"}"#, "E_KCL_TYPE", "expected int, found str")?;
    check("closed", r#"{host = "a", image = {tags = "x"}}"#, "E_KCL_COMPILE", "cannot add member")?;
    check("limit", r#"{host = "a", replicas = 0}"#, "E_KCL_EVAL", "replicas must be at least 1")?;
    check("pattern", r#"{host = "A"}"#, "E_KCL_EVAL", "host must match ^[a-z.]+$")?;
    check("enum", r#"{host = "a", mode = "x"}"#, "E_KCL_TYPE", "\"fast\" | \"safe\"")?;
    check("required", "{replicas = 2}", "E_KCL_EVAL", "attribute 'host' of Values is required")
}

#[test]
fn values_are_inferred_from_the_defaults() -> Result<()> {
    let program = format!("{CHART}{{image = {{tag = 2}}}}}})\n");
    refused("inferred", "", &program, "E_KCL_TYPE", "expected str, found int")?;
    let program = format!("{CHART}{{image = {{tags = 2}}, more = 1}}}})\n");
    ensure!(render(package("inferred-open", "", &program)?.path(), &[])?.success().is_ok());
    Ok(())
}

#[test]
fn a_package_has_its_schemas_and_a_render() -> Result<()> {
    let program = "import pkgs.my_web as web\nresources = web.render(web.Input {host = \"h\", inner = {b = 1}}) + web.render({host = \"i\", replicas = 2, zone = \"z\"})\n";
    check("render", "", program, "replicas: '1' zone: home replicas: '2' zone: z")?;
    let check = |name, input: &str, code, message| {
        let program =
            format!("import pkgs.my_web as web\nresources = web.render(web.Input {input})\n");
        refused(name, "", &program, code, message)
    };
    check("input-type", "{host = 1}", "E_KCL_TYPE", "expected str, found int")?;
    check(
        "input-key",
        "{hots = \"x\", host = \"h\"}",
        "E_KCL_COMPILE",
        "cannot add member 'hots'",
    )?;
    check(
        "input-check",
        "{host = \"h\", replicas = 0}",
        "E_KCL_EVAL",
        "replicas must be positive",
    )?;
    let program = "import pkgs.my_web as web\nresources = web.resources\n";
    refused("resources", "", program, "E_KCL_TYPE", "attribute 'resources' not found")
}

#[test]
fn charts_of_the_corpus_have_values() -> Result<()> {
    let charts = root().join("tests/corpus/charts");
    for chart in names(&charts)? {
        let folder = Folder::new(&format!("modules-corpus-{chart}"))?;
        if !charts.join(&chart).join("chart/Chart.yaml").is_file() {
            continue;
        }
        folder.copy(&charts.join(&chart).join("chart"), "chart")?;
        let manifest = format!("{HEAD}\n[dependencies]\nchart = {{ path = \"./chart\" }}\n");
        folder.write("akua.toml", &manifest)?;
        let program = "import charts.chart\n_v: chart.Values = {anything = [1]}\nresources = []\n";
        folder.write("package.k", program)?;
        let outcome = render(folder.path(), &[])?;
        let closed = outcome.stderr.contains("cannot add member 'anything'");
        ensure!(outcome.code == Some(0) || closed, "{chart}: {}", outcome.stderr);
    }
    Ok(())
}

/// A package that cannot be rendered, and can be inspected.
const INSPECTED: &str = r#"
import akua.ctx
import charts.that_is_nowhere

schema Input(Common):
    """What the app is given.

    Attributes
    ----------
    host: str
        Its \u001b[31mname.
    """
    host: str
    replicas: int = 1 + 1
    labels?: {str:str}

input: Input = ctx.input()
region = option("region", type="str", required=True, help="where it runs")
resources = [1 / 0, option("size", default={
    a = 1
})]
"#;
/// What people are told of it.
const TABLE: &str = "p 0.1.0
inputs
  What the app is given.
  name      str        required
  host      str        required  Its \\u{1b}[31mname.
  replicas  int        = 1 + 1
  labels    {str:str}  optional
options
  region  str  required  where it runs
  size    any  = { …
  deep    any  optional
";

#[test]
fn a_package_is_inspected_and_not_run() -> Result<()> {
    let folder = Folder::new("modules-inspect")?;
    folder.write("akua.toml", HEAD)?;
    folder.write("package.k", INSPECTED)?;
    folder.write("common/common.k", "schema Common:\n    name: str\nx = option(\"deep\")\n")?;
    folder.write("inner/kcl.mod", "[package]\nname = \"inner\"\n")?;
    folder.write("inner/main.k", "x = option(\"of another\")\n")?;
    folder.write("app_test.k", "x = option(\"of a test\")\n")?;
    let outcome = akua(&["inspect", "--package", ".", "--json"], folder.path())?.success()?;
    let found: serde_json::Value = serde_json::from_slice(&outcome)?;
    let expected = serde_json::json!({
        "kind": "package", "path": ".", "name": "p", "version": "0.1.0",
        "options": [
            {"name": "region", "type": "str", "required": true, "help": "where it runs"},
            {"name": "size", "required": false, "default": "{\n    a = 1\n}"},
            {"name": "deep", "required": false},
        ],
        "input": {"doc": "What the app is given.", "fields": [
            {"name": "name", "type": "str", "required": true},
            {"name": "host", "type": "str", "required": true, "doc": "Its \u{1b}[31mname."},
            {"name": "replicas", "type": "int", "required": false, "default": "1 + 1"},
            {"name": "labels", "type": "{str:str}", "required": false},
        ]},
    });
    ensure!(found == expected, "{found:#}");
    let text =
        String::from_utf8(akua(&["inspect", "--package", "package.k"], folder.path())?.success()?)?;
    ensure!(text == TABLE, "{text}");
    folder.write("package.k", "a = (\n")?;
    let outcome = akua(&["inspect", "--package", "."], folder.path())?;
    ensure!(
        outcome.code == Some(1) && outcome.stderr.contains("package.k:1"),
        "{}",
        outcome.stderr
    );
    folder.write("common/common.k", &"#".repeat(3 << 20))?;
    let outcome = akua(&["inspect", "--package", "."], folder.path())?;
    ensure!(outcome.stderr.contains("E_BUDGET_READ"), "{}", outcome.stderr);
    Ok(())
}
