//! Schemas of a package without the package: what they depend on of its run is left out.
#![expect(clippy::unwrap_used, reason = "tests")]

use kcl::eval::world::Texts;
use kcl::source::Severity;
use kcl::standard::{Encoding, to_json};
use kcl::{OutputOptions, Request, document};

/// Evaluates a program against a package; returns its `v` as JSON, or all that was said.
fn check(package: &str, program: &str) -> Result<String, String> {
    let program = format!("import pkgs.web\n{program}\n");
    let lib = "import akua.ctx\nimport charts.x\ncount = ctx.input().count\nschema Port:\n    number: int = count\n    name: str = \"http\"\n    values?: x.Values\n";
    let files = vec![
        ("/main.k", program.as_str()),
        ("/deps/web/package.k", package),
        ("/deps/web/lib/ports.k", lib),
    ];
    let request = Request {
        files: vec!["/main.k".to_owned()],
        root: Some("/".to_owned()),
        virtual_packages: vec![(
            "pkgs.web".to_owned(),
            "render = lambda inputs = {} {\n    [inputs]\n}\n".to_owned(),
        )],
        excerpts: vec![("pkgs.web".to_owned(), "/deps/web/package.k".to_owned())],
        names: vec![("/deps/web".to_owned(), "web".to_owned())],
        ..Request::default()
    };
    let library = kcl::standard::library();
    let mut world = Texts::new(files);
    let outcome = kcl::run(&request, &library, &mut world, |_, output| {
        let document = document(output, OutputOptions::default())?;
        to_json(&document.as_dict().unwrap().get("v").cloned().unwrap(), Encoding::default(), 0)
    });
    assert!(!world.printed.contains("BAD"), "it was evaluated");
    let said: Vec<String> = outcome
        .diagnostics
        .iter()
        .map(|d| {
            let file = d.labels.first().and_then(|label| outcome.sources.get(label.span.file));
            let file = file.map_or("", |file| &*file.name);
            let word = if d.severity == Severity::Error { "error" } else { "warning" };
            format!("{word}: {} @ {file}", d.message)
        })
        .collect();
    match outcome.result {
        Some(result) if said.is_empty() => Ok(result),
        _ => Err(said.join("\n")),
    }
}

const WEB: &str = r#"
"""A package."""
import akua.ctx
import akua.helm
import charts.nginx
import regex
import lib.ports as p

_DEFAULT_TAG = "1.0"
_PREFIXES = {web = "w"}
_tag = lambda x: str -> str {
    x + "-" + _DEFAULT_TAG
}
_unused = 1

type Level = "low" | "high"

schema Base:
    name: str

schema Input(Base):
    host: str
    tag: str = _tag(_PREFIXES.web)
    level?: Level
    port?: p.Port
    values?: nginx.Values
    all?: [nginx.Values | str]
    zone: str = input.zone
    url: str = zone + host

    check:
        regex.match(host, "^[a-z]+$"), "host must be letters"
        input.ok, "never"
        zone != "x"

schema FromChart(nginx.Values):
    extra: int = 1

schema render:
    a: int

input: Input = ctx.input()
assert input.host == "x"
print("BAD")
resources = helm.template({chart = nginx.path})
if True:
    late = 1
"#;

#[test]
fn the_schemas_of_a_package_are_there_and_nothing_else_of_it() {
    let found =
        check(WEB, "v = web.render(web.Input {name = \"n\", host = \"h\", level = \"low\"})");
    assert_eq!(
        found,
        Ok(r#"[{"name": "n", "host": "h", "tag": "w-1.0", "level": "low"}]"#.to_owned())
    );
    let all = r#"v = web.Input {name = "n", host = "h", zone = "z", values = {a = 1}, all = [1], port = {}}"#;
    let found = check(WEB, all).unwrap();
    assert!(found.contains(r#""port": {"name": "http"}"#), "{found}");
    assert_eq!(
        check(WEB, "v = web.FromChart {other = 1}"),
        Ok(r#"{"extra": 1, "other": 1}"#.to_owned())
    );
    for name in ["input", "resources", "late", "_unused", "Nothing"] {
        assert!(check(WEB, &format!("v = web.{name}")).is_err(), "{name}");
    }
}

#[test]
fn inputs_are_checked_where_they_are_written() {
    let refused = |config: &str, words: &str| {
        let found = check(WEB, &format!("v = web.render(web.Input {config})")).unwrap_err();
        assert!(found.contains(words), "expected {words}, found {found}");
    };
    refused("{name = \"n\", host = 1}", "expected str, found int @ main.k");
    refused("{name = \"n\", hots = \"x\", host = \"h\"}", "cannot add member 'hots'");
    refused("{name = \"n\", host = \"0\"}", "host must be letters");
    refused("{name = \"n\", host = \"h\", port = {number = \"x\"}}", "expected int, found str");
    refused("{host = \"h\"}", "attribute 'name'");
}

#[test]
fn what_depends_on_the_run_takes_what_depends_on_it_along() {
    let package = r#"
import akua.ctx
import file
_a = ctx.input()
_b = _a
_c = lambda {
    _b.x
}
_d = file.read("secret")
_e = option("secret")
schema S:
    a: int = _c()
    b: str = _d
    c: int = a + 1
    d?: str = _e
    _hidden = _a
    e: int = _hidden
    f: int
    if _a:
        f = 1
    g: int = 2
    h = {x = a}
schema T(S):
    i: int = c
mixin MMixin:
    j: int = _a
schema U:
    mixin [MMixin]
"#;
    assert_eq!(
        check(package, "v = [web.S {}, web.T {}, web.U {}]"),
        Ok(r#"[{"g": 2}, {"g": 2}, {}]"#.to_owned())
    );
    let all = "v = web.T {a = 1, b = \"\", c = 1, e = 1, f = 1, i = 2}";
    assert_eq!(
        check(package, all),
        Ok(r#"{"a": 1, "b": "", "c": 1, "e": 1, "f": 1, "g": 2, "i": 2}"#.to_owned())
    );
}

#[test]
fn a_package_that_does_not_parse_is_an_error_at_its_place() {
    let found = check("schema Input:\n    a: [\n", "v = web.render({})").unwrap_err();
    assert!(found.contains("@ web/package.k"), "{found}");
}
