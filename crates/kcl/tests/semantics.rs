//! What programs mean where the language's documentation is silent: each case was compared with the
//! reference implementation.

use kcl::eval::world::Texts;
use kcl::source::Severity;
use kcl::standard::Encoding;
use kcl::{OutputOptions, Request};

/// The document of a program as one line of JSON, or the first error.
fn run(program: &str) -> String {
    let request = Request { files: vec!["/main.k".to_owned()], ..Request::default() };
    let library = kcl::standard::library();
    let outcome =
        kcl::run(&request, &library, &mut Texts::new([("/main.k", program)]), |_, output| {
            let document = kcl::document(output, OutputOptions::default())?;
            kcl::standard::to_json(&document, Encoding::default(), 0)
        });
    match (outcome.result, outcome.diagnostics.first()) {
        (Some(text), _) => text,
        (None, Some(diagnostic)) => format!("error: {}", diagnostic.message),
        (None, None) => String::new(),
    }
}

#[track_caller]
fn check(program: &str, expected: &str) {
    assert_eq!(run(program), expected, "{program}");
}

#[test]
fn a_config_goes_over_the_default_and_under_what_changes_it() {
    let schema = "schema B:\n    x: int = 1\n    y: int = 2\n\
                  schema A:\n    b: B\n    b.x = 5\n    l: [int] = [1]\n    l += [2]\n";
    let of = |config: &str| format!("{schema}a = A {{{config}}}\n");
    check(&of("b: {y = 9}"), r#"{"a": {"b": {"x": 5, "y": 9}, "l": [1, 2]}}"#);
    check(&of("b: {x = 7}, l: [8]"), r#"{"a": {"b": {"x": 7, "y": 2}, "l": [8, 2]}}"#);
    check(&of("b = {y = 9}, l = [8]"), r#"{"a": {"b": {"x": 1, "y": 9}, "l": [8]}}"#);
    check(&of("b: B {x = 7}"), r#"{"a": {"b": {"x": 5, "y": 2}, "l": [1, 2]}}"#);
}

#[test]
fn the_last_operator_of_a_literal_counts() {
    let schema = "schema A:\n    l: [int] = [0]\n";
    check(&format!("{schema}a = A {{l = [2], l += [1]}}\n"), r#"{"a": {"l": [0, 2, 1]}}"#);
    check(&format!("{schema}a = A {{l += [1], l = [2]}}\n"), r#"{"a": {"l": [2]}}"#);
    check(&format!("{schema}a = A {{l = [2]}} | {{l += [5]}}\n"), r#"{"a": {"l": [2, 5]}}"#);
}

#[test]
fn private_and_unset_attributes_belong_to_an_instance() {
    let schema = "import json\nschema P:\n    n: str = \"n\"\n    _p: int = 1\n    o?: int\n";
    check(&format!("{schema}a = [k for k in P {{}}]\n"), r#"{"a": ["n", "_p", "o"]}"#);
    check(&format!("{schema}a = (P {{_p = 9}})._p\n"), r#"{"a": 9}"#);
    check(&format!("{schema}a = {{o = 1, **P {{}}}}\n"), r#"{"a": {"o": 1, "n": "n"}}"#);
    check(&format!("{schema}a = P {{o = 1}} | P {{}}\n"), r#"{"a": {"n": "n", "o": 1}}"#);
}

#[test]
fn optional_access_asks_whether_there_is_anything() {
    check("a = {}?.x\n_n = None\nb = _n?[0]\n", r#"{"a": null, "b": null}"#);
    check("_d = {k = {l = 1}}\na = [_d?.x, _d?.x?.y]\n", r#"{"a": [null]}"#);
}

#[test]
fn unified_variables_stand_where_they_are_complete() {
    let schema = "schema S:\n    x?: int\n    y?: int\n";
    let program = format!("{schema}a = 1\ns: S {{x = 1}}\nb = 2\ns: S {{y = 2}}\nc = 3\n");
    check(&program, r#"{"a": 1, "b": 2, "s": {"x": 1, "y": 2}, "c": 3}"#);
    let server = "schema S[r: int]:\n    n: int = r\ns: S(1) {}\ns: S(2) {}\n";
    check(server, r#"{"s": {"n": 2}}"#);
}

#[test]
fn instances_are_those_of_derived_schemas_too() {
    let schemas = "schema A:\n    x?: int\nschema B(A):\n    y?: int\n_a = A {x = 1}\n_b = B {}\n";
    check(&format!("{schemas}n = [len(A.instances()), len(B.instances())]\n"), r#"{"n": [2, 1]}"#);
}

#[test]
fn a_long_string_at_the_head_documents() {
    check("\"\"\"doc\"\"\"\na = 1\n", r#"{"a": 1}"#);
    check("'x'\n", r#""x""#);
    check("a = [1 > False, 2 < True]\n", r#"{"a": [true, false]}"#);
}

/// The first error of a program: its message, notes and helps.
fn explained(program: &str) -> String {
    let request = Request { files: vec!["/main.k".to_owned()], ..Request::default() };
    let library = kcl::standard::library();
    let outcome =
        kcl::run(&request, &library, &mut Texts::new([("/main.k", program)]), |_, _| Ok(()));
    let said = outcome.diagnostics.into_iter().next();
    said.map(|d| [vec![d.message], d.notes, d.helps].concat().join("; ")).unwrap_or_default()
}

#[test]
fn errors_say_what_to_do() {
    let check = |program: &str, expected: &str| {
        let found = explained(program);
        assert!(found.contains(expected), "expected `{expected}` in `{found}`");
    };
    check("a = json.encode({})\n", "add `import json` at the head of the file");
    check("import math\na = math.sqr(4)\n", "did you mean `sqrt`?");
    check("l = [1]\na = l[5]\n", "the list has 1 items");
    check("d = None\na = d.name\n", "use `?.name` where there may be no value");
    let schema = "schema P:\n    port: int\n    host: str = \"h\"\n    check:\n        port < 9 and len(host) > 0\n";
    check(&format!("{schema}p = P {{port = 70}}\n"), "port = 70; host = \"h\"");
}

#[test]
fn what_is_missing_is_missed_at_the_value_that_lacks_it() {
    let schema = "schema D:\n    a: int\n    b: int\nschema S:\n    d: D\nschema I:\n    \
                  [...str]: D\n_d = {a = 1}\n";
    let place = |rest: &str| {
        let program = format!("{schema}{rest}");
        let request = Request { files: vec!["/main.k".to_owned()], ..Request::default() };
        let library = kcl::standard::library();
        let outcome =
            kcl::run(&request, &library, &mut Texts::new([("/main.k", &*program)]), |_, _| Ok(()));
        let error = outcome.diagnostics.iter().find(|found| found.severity == Severity::Error);
        let label = error.and_then(|found| found.labels.first());
        let span = label.map(|label| label.span).unwrap_or_default();
        program.get(span.start as usize..span.end as usize).unwrap_or("").to_owned()
    };
    assert_eq!(place("x: D = _d\n"), "x");
    assert_eq!(place("x: [D] = [_d]\n"), "_d");
    assert_eq!(place("x: {str:D} = {\n    k = _d\n}\n"), "k");
    assert_eq!(place("x: {str:[D]} = {\n    k = [_d]\n}\n"), "_d");
    assert_eq!(place("x = S {\n    d = _d\n}\n"), "d");
    assert_eq!(place("x = I {\n    k = _d\n}\n"), "k");
    assert_eq!(place("x: I {\n    k: D {a = 1}\n}\n"), "k");
}
