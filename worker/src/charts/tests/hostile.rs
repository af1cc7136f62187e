//! Charts that want to break the generator: what it makes parses, and is bounded.

use super::{check, parses, source};
use crate::charts::{Chart, values_schema};
use kcl::Value;
use kcl::standard::{Encoding, from_json, from_yaml, to_json};

#[test]
fn hostile_names_and_texts_parse() {
    let strange = [
        "", "a b", "\\", "\"\"\"", "${x}", "\n", "schema", "True", "_x", "é", "a.b", "$id",
        "protocol", "mixin", "0", "\u{0}", "\u{202e}", "'", "len", "str", "Values", "check",
        "lambda",
    ];
    let mut properties = kcl::eval::dict::Dict::default();
    let nested = from_json(
        r#"{"type": "object", "description": "\"\"\" ${x} \\", "required": ["a"],
        "properties": {"a": {"type": "string", "minLength": 1}}}"#,
    )
    .expect("it is JSON");
    for name in strange {
        properties.insert(name.into(), nested.clone());
    }
    let mut schema = kcl::eval::dict::Dict::default();
    schema.insert("properties".into(), Value::dict(properties.clone()));
    schema.insert("description".into(), Value::str("\"\"\"\nschema X:\n    a: int\\"));
    let schema = Value::dict(schema);
    let text = to_json(&schema, Encoding::default(), 0).expect("it is JSON");
    assert_eq!(
        check(&text, "", r#"{"True" = {a = "x"}, "$id" = {a = "x"}, _x = {a = "y"}}"#),
        Ok(r#"{"True": {"a": "x"}, "$id": {"a": "x"}}"#.to_owned())
    );
    parses(values_schema(&Chart { schema: Some(schema), ..Chart::default() }));
    parses(values_schema(&Chart { defaults: Some(Value::dict(properties)), ..Chart::default() }));
}

#[test]
fn hostile_sizes_are_bounded() {
    let words: Vec<String> = (0..5_000).map(|n| format!("\"v{n}\"")).collect();
    let found =
        source(&format!("{{\"properties\": {{\"a\": {{\"enum\": [{}]}}}}}}", words.join(",")));
    assert!(found.contains("a?: str\n"), "{found}");
    // Twice as much with each reference.
    let defs: Vec<String> = (0..60)
        .map(|n| format!("\"d{n}\": {{\"allOf\": [{{\"$ref\": \"#/$defs/d{0}\"}}, {{\"$ref\": \"#/$defs/d{0}\"}}]}}", n + 1))
        .collect();
    source(&format!(
        "{{\"properties\": {{\"a\": {{\"$ref\": \"#/$defs/d0\"}}}}, \"$defs\": {{{}}}}}",
        defs.join(",")
    ));
    let defs = defs.join(",").replace("allOf", "anyOf");
    source(&format!(
        "{{\"properties\": {{\"a\": {{\"$ref\": \"#/$defs/d0\"}}}}, \"$defs\": {{{defs}}}}}"
    ));
    source(
        r##"{"properties": {"a": {"$ref": "#/properties/a"}, "b": {"allOf": [{"$ref": "#"}]}}}"##,
    );
    let deep = "{\"properties\": {\"a\": ".repeat(40) + "{}" + &"}}".repeat(40);
    let found = source(&deep);
    assert!(found.matches("schema ").count() <= 32, "{found}");
    let many: Vec<String> =
        (0..3_000).map(|n| format!("\"p{n}\": {{\"properties\": {{\"x\": {{}}}}}}")).collect();
    let found = source(&format!("{{\"properties\": {{{}}}}}", many.join(",")));
    assert_eq!(found.matches("schema ").count(), 2_000);
    let defaults = from_yaml(&many.join("\n").replace("\"properties\"", "a")).expect("it is YAML");
    let defaults = defaults.into_iter().next();
    let found = parses(values_schema(&Chart { defaults, ..Chart::default() }));
    assert_eq!(found.matches("schema ").count(), 2_000);
}

#[test]
fn long_texts_that_are_referred_to_often_are_said_once() {
    let word = "x".repeat(4_000);
    let values: Vec<String> = (0..200).map(|n| format!("\"{n}{word}\"")).collect();
    let refs: Vec<String> =
        (0..2_000).map(|n| format!("\"p{n}\": {{\"$ref\": \"#/$defs/e\"}}")).collect();
    let found = source(&format!(
        "{{\"properties\": {{{}}}, \"$defs\": {{\"e\": {{\"enum\": [{}]}}}}}}",
        refs.join(","),
        values.join(",")
    ));
    assert!(found.len() < 4 << 20 && found.contains("p1999?: any\n"), "{}", found.len());
}
