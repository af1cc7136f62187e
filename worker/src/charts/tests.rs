//! What schemas and defaults become, and what programs may say against it.

mod hostile;

use super::{Chart, PREFIX, read, values_schema};
use kcl::eval::world::WorldError;
use kcl::source::Severity;
use kcl::standard::{Encoding, from_json, from_yaml, to_json};
use kcl::{OutputOptions, Request, World, document};

/// A world of a chart's files and one program.
struct Files(Vec<(&'static str, String)>);

impl World for Files {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, WorldError> {
        let file = self.0.iter().find(|(name, _)| *name == path);
        file.map(|(_, text)| text.clone().into_bytes()).ok_or(WorldError::NotFound)
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, WorldError> {
        let below = self.0.iter().filter_map(|(name, _)| name.strip_prefix(folder));
        Ok(below.map(str::to_owned).collect())
    }

    fn is_folder(&mut self, path: &str) -> Option<bool> {
        self.0.iter().any(|(name, _)| *name == path).then_some(false)
    }

    fn more_source(&mut self, package: &str, mentions: &dyn Fn(&str) -> bool) -> Option<String> {
        (package == "charts.web" && mentions(PREFIX)).then(|| values_schema(&read("/chart", self)))
    }
}

/// Evaluates a program that says `v` of type `charts.web.Values`; gives `v` as JSON, or the message
/// and help of the first error with the text that it points at.
fn evaluate(chart: Vec<(&'static str, String)>, program: &str) -> Result<String, String> {
    let program = format!("import charts.web\n{program}\n");
    let mut files = chart;
    files.push(("/main.k", program.clone()));
    let request = Request {
        files: vec!["/main.k".to_owned()],
        root: Some("/".to_owned()),
        virtual_packages: vec![("charts.web".to_owned(), "path = \"chart:web\"\n".to_owned())],
        ..Request::default()
    };
    let library = kcl::standard::library();
    let outcome = kcl::run(&request, &library, &mut Files(files), |_, output| {
        let document = document(output, OutputOptions::default())?;
        let v = document.as_dict().and_then(|document| document.get("v")).cloned();
        to_json(&v.unwrap_or_default(), Encoding::default(), 0)
    });
    let error = outcome.diagnostics.into_iter().find(|d| d.severity == Severity::Error);
    outcome.result.ok_or_else(|| {
        let error = error.expect("what has no result has an error");
        let at = error.labels.first().filter(|label| label.span.file.0 == 0).map(|label| {
            let [from, to] = [label.span.start, label.span.end].map(|at| at as usize);
            program.get(from..to).unwrap_or("?").to_owned()
        });
        format!("{} @ {} ? {}", error.message, at.unwrap_or_default(), error.helps.join("; "))
    })
}

/// Evaluates `v: web.Values = config` against a schema and defaults.
fn check(schema: &str, defaults: &str, config: &str) -> Result<String, String> {
    let chart = vec![
        ("/chart/values.schema.json", schema.to_owned()),
        ("/chart/values.yaml", defaults.to_owned()),
    ];
    evaluate(chart, &format!("v: web.Values = {config}"))
}

/// Evaluates `v: web.Values = config` where there are only defaults.
fn inferred(defaults: &str, config: &str) -> Result<String, String> {
    evaluate(
        vec![("/chart/values.yaml", defaults.to_owned())],
        &format!("v: web.Values = {config}"),
    )
}

/// Returns the source for a schema; it has to parse.
fn source(schema: &str) -> String {
    let schema = Some(from_json(schema).expect("a test's schema is JSON"));
    parses(values_schema(&Chart { schema, ..Chart::default() }))
}

fn parses(source: String) -> String {
    let found = kcl::format(kcl::source::FileId(0), &source);
    assert!(found.is_ok(), "{:?}\n{source}", found.err());
    source
}

const WEB: &str = r##"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object", "required": ["replicaCount", "image", "host"], "description": "A \"web\"\nserver",
  "properties": {
    "replicaCount": {"type": "integer", "minimum": 1, "description": "How many ${of} them"},
    "image": {"type": "object", "additionalProperties": false, "required": ["repository", "tag"],
      "properties": {"repository": {"type": "string"}, "tag": {"type": "string", "minLength": 1}}},
    "host": {"type": "string", "pattern": "^[a-z.]+$"},
    "pull-policy": {"enum": ["Always", "Never"]},
    "if": {"type": ["boolean", "null"]},
    "ports": {"type": "array", "maxItems": 2, "items": {"$ref": "#/definitions/port"}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "tree": {"$ref": "#/definitions/node"},
    "size": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    "far": {"$ref": "https://example.com/schema.json"},
    "both": {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "string"}}}]}
  },
  "definitions": {
    "port": {"type": "integer", "exclusiveMaximum": 65536},
    "node": {"type": "object", "required": ["name"], "properties": {
      "name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/definitions/node"}}}}
  }
}"##;
const WEB_DEFAULTS: &str = "replicaCount: 1\nimage:\n  repository: web\n  tag: '1'\nhost: a\n";

/// Checks a config against [`WEB`].
fn web(config: &str) -> Result<String, String> {
    check(WEB, WEB_DEFAULTS, config)
}

fn refused(found: &Result<String, String>, words: &str) {
    let message = found.as_ref().expect_err("it is refused");
    assert!(message.contains(words), "expected {words}, found {message}");
}

#[test]
fn what_the_chart_admits_is_admitted() {
    assert_eq!(web("{}"), Ok("{}".to_owned()));
    let all = r#"{replicaCount = 2, image = {tag = "2"}, "pull-policy" = "Never", "if" = None
        ports = [80], labels = {a = "b"}, size = "1", far = [1], both = {a = 1, b = "x", c = 2}
        tree = {name = "a", children = [{name = "b"}]}, other = {x = 1}}"#;
    let found = web(all).expect("all is admitted");
    assert!(found.contains(r#""children": [{"name": "b"}]"#), "{found}");
    assert!(found.contains(r#""other": {"x": 1}"#), "{found}");
    assert!(web("{size = 1}").is_ok());
}

#[test]
fn what_it_refuses_is_refused_at_its_place() {
    refused(&web(r#"{replicaCount = "x"}"#), "expected int, found str @ replicaCount");
    refused(&web(r#"{image = {repositroy = "x"}}"#), "did you mean `repository`?");
    refused(&web("{replicaCount = 0}"), "replicaCount must be at least 1");
    refused(&web(r#"{image = {tag = ""}}"#), "tag must have at least 1 characters");
    refused(&web(r#"{host = "A"}"#), "host must match ^[a-z.]+$");
    refused(&web(r#"{"pull-policy" = "Sometimes"}"#), r#"expected "Always" | "Never""#);
    refused(&web("{ports = [1, 2, 3]}"), "ports must have at most 2 items");
    refused(&web(r#"{ports = ["80"]}"#), "expected [int], found [str]");
    refused(&web("{labels = {a = 1}}"), "expected str, found int");
    refused(&web("{tree = {children = []}}"), "attribute 'name' of ValuesNode is required");
    refused(&web("{size = [1]}"), "expected int | str");
    refused(&web(r#"{both = {a = "x"}}"#), "expected int, found str");
}

#[test]
fn only_what_the_defaults_lack_is_required() {
    refused(&check(WEB, "image: {}\nreplicaCount: 1", "{}"), "attribute 'host' of Values");
    let found = check(WEB, "image: {tag: a}\nhost: a\nreplicaCount: 1", "{image = {}}");
    refused(&found, "attribute 'repository' of ValuesImage is required");
    assert!(check(WEB, "[", "{image = {}}").is_ok());
    let chart = |file| vec![("/chart/values.schema.json", WEB.to_owned()), (file, String::new())];
    assert!(evaluate(chart("/chart/charts/db/Chart.yaml"), "v = web.Values {image = {}}").is_ok());
}

#[test]
fn defaults_say_types_where_there_is_no_schema() {
    let defaults = "replicas: 1\nimage: {tag: a, pull: ''}\nargs: [-v]\nhosts: [{name: a}]\nempty: {}\non: true\nnone: ~\n";
    let all = r#"{replicas = 1.5, image = {pull = 1, other = 2}, args = ["a"], hosts = [{x = 1}]
        empty = [1], on = False, none = "x", more = 1}"#;
    assert!(inferred(defaults, all).is_ok());
    refused(&inferred(defaults, r#"{replicas = "x"}"#), "expected int | float, found str");
    refused(&inferred(defaults, "{image = {tag = 1}}"), "expected str, found int");
    refused(&inferred(defaults, "{image = 1}"), "expected ValuesImage, found int");
    refused(&inferred(defaults, "{args = [1]}"), "expected [str], found [int]");
    refused(&inferred(defaults, "{on = 1}"), "expected bool, found int");
    assert!(inferred("", "{a = 1}").is_ok());
    assert!(inferred("- a", "{a = 1}").is_ok());
}

#[test]
fn schemas_that_say_nothing_leave_it_to_the_defaults() {
    refused(&check("{}", "a: 1", r#"{a = "x"}"#), "expected int | float");
    refused(&check("no json", "a: 1", r#"{a = "x"}"#), "expected int | float");
    let long = format!(
        "{{\"properties\": {{\"a\": {{\"type\": \"integer\"}}}}, \"x\": \"{}\"}}",
        "x".repeat(1 << 20)
    );
    assert!(check(&long, "", r#"{a = "x"}"#).is_ok());
}

#[test]
fn lengths_are_in_characters() {
    let schema = r#"{"properties": {"a": {"type": "string", "minLength": 2, "maxLength": 3}}}"#;
    let check = |text: &str| check(schema, "", &format!("{{a = \"{text}\"}}"));
    assert!(check("éé").is_ok() && check("ééé").is_ok());
    refused(&check("é"), "a must have at least 2 characters");
    refused(&check("éééé"), "a must have at most 3 characters");
}

#[test]
fn alternatives_are_unions_where_they_say_types() {
    let schema = r##"{"properties": {
        "a": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}},
              "oneOf": [{"required": ["x"]}, {"required": ["y"]}]},
        "b": {"anyOf": [{"type": "object", "additionalProperties": false, "properties": {"kind": {"const": "s"}, "s": {"type": "string"}}},
              {"type": "object", "additionalProperties": false, "properties": {"kind": {"const": "n"}, "n": {"type": "integer"}}}]},
        "c": {"anyOf": [{"type": "integer"}, {}]},
        "d": {"type": ["string", "integer", "number"], "minimum": 5},
        "e": {"oneOf": [{"$ref": "#/$defs/e"}, {"type": "null"}]}},
        "$defs": {"e": {"properties": {"e": {"$ref": "#/properties/e"}, "n": {"type": "integer"}}}}}"##;
    let check = |config| check(schema, "", config);
    refused(&check(r#"{a = {x = "1"}}"#), "expected int, found str");
    assert!(check(r#"{a = {y = "1"}, c = "x", d = "x", e = {e = {n = 1}}}"#).is_ok());
    assert!(check("{d = 1.5, e = None}").is_ok());
    refused(&check(r#"{b = {kind = "n", n = "x"}}"#), "expected");
    assert_eq!(
        check(r#"{b = {kind = "n", n = 1}}"#),
        Ok(r#"{"b": {"kind": "n", "n": 1}}"#.to_owned())
    );
    refused(&check(r#"{e = {e = {n = "x"}}}"#), "expected int, found str");
}

#[test]
fn all_of_references_is_merged() {
    let schema = r##"{"$ref": "#/$defs/root", "properties": {"b": {"type": "string"}},
        "$defs": {"root": {"type": "object", "additionalProperties": false,
            "properties": {"a": {"allOf": [{"$ref": "#/$defs/n"}, {"maximum": 5}]}}},
        "n": {"type": "integer", "minimum": 1}}}"##;
    let check = |config| check(schema, "", config);
    assert!(check(r#"{a = 1, b = "x"}"#).is_ok());
    refused(&check("{a = 0}"), "a must be at least 1");
    refused(&check("{a = 6}"), "a must be at most 5");
    refused(&check("{c = 1}"), "cannot add member 'c' to schema 'Values'");
}

#[test]
fn patterns_that_may_mean_something_else_are_left_out() {
    for pattern in [r"^\W$", "[[a]b]", "(?i)a", "(?=a)", "[a-z&&b]", "(", r"\1", r"\Qa"] {
        let pattern = serde_json::to_string(pattern).expect("a string is JSON");
        let schema = format!(
            "{{\"properties\": {{\"a\": {{\"type\": \"string\", \"pattern\": {pattern}}}}}}}"
        );
        assert!(check(&schema, "", r#"{a = "-"}"#).is_ok(), "{pattern}");
    }
    let schema = r#"{"properties": {"a": {"type": "string", "pattern": "^{}\u0000?$", "minLength": 2, "maxLength": 2}}}"#;
    assert!(check(schema, "", r#"{a = "{}"}"#).is_ok());
    // Names of attributes that the check would mean.
    let schema = r#"{"properties": {"regex": {}, "len": {"type": "string", "minLength": 3, "pattern": "z"},
        "type": {"type": "string", "pattern": "^\"\\$$"}}}"#;
    assert!(check(schema, "", r#"{len = "-", "type" = "x"}"#).is_ok());
    let schema = schema.replace("\"regex\": {},", "");
    refused(&check(&schema, "", r#"{"type" = "x"}"#), "type must match");
    assert!(check(&schema, "", r#"{"type" = "\"$"}"#).is_ok());
}

#[test]
fn bases_and_remote_references_are_not_followed() {
    let schema = r##"{"properties": {"a": {"$id": "http://x/y", "properties": {"b": {"$ref": "#/$defs/s"}}},
        "b": {"$ref": "other.json#/a"}, "c": {"$ref": "#/nowhere"}, "d": {"$ref": "#/$defs/a~1b%20c"}},
        "$defs": {"s": {"type": "string"}, "a/b c": {"type": "string"}}}"##;
    assert!(check(schema, "", "{a = {b = 1}, b = 1, c = 1, d = 1}").is_ok());
    let schema = schema.replace("\"$id\": \"http://x/y\", ", "");
    refused(&check(&schema, "", "{d = 1}"), "expected str, found int");
}

#[test]
fn a_program_that_does_not_say_values_does_not_make_them() {
    let chart = || vec![("/chart/values.yaml", "a: 1".to_owned())];
    assert_eq!(evaluate(chart(), "v = web.path"), Ok("\"chart:web\"".to_owned()));
    assert_eq!(evaluate(chart(), "v = web.Values {a = 2}"), Ok("{\"a\": 2}".to_owned()));
}

/// The defaults of a chart are values that it admits.
#[test]
#[expect(clippy::disallowed_methods, reason = "the charts of the corpus lie on the disk")]
fn defaults_fit_their_own_schema() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut count = 0;
    for folder in std::fs::read_dir(root.join("tests/corpus/charts")).expect("the corpus is there")
    {
        let chart = folder.expect("it can be read").path().join("chart");
        let mut files = Vec::new();
        for (name, path) in [
            ("/chart/values.yaml", "values.yaml"),
            ("/chart/values.schema.json", "values.schema.json"),
        ] {
            files.extend(std::fs::read_to_string(chart.join(path)).ok().map(|text| (name, text)));
        }
        let defaults = files.first().filter(|(name, _)| name.ends_with("yaml"));
        let Some(text) = defaults.map(|(_, text)| text.clone()) else { continue };
        let value = from_yaml(&text).expect("it is YAML").into_iter().next().unwrap_or_default();
        if value.as_dict().is_none() {
            continue;
        }
        let json = to_json(&value, Encoding::default(), 0).expect("it is JSON");
        let literal = super::text::quoted(&json);
        let program = format!("import json\nv: web.Values = json.decode({literal})");
        let found = evaluate(files, &program);
        let lacks = found.as_ref().is_err_and(|message| message.contains(" is required "));
        assert!(found.is_ok() || lacks, "{}: {found:?}", chart.display());
        count += 1;
    }
    assert!(count > 5, "{count}");
}
