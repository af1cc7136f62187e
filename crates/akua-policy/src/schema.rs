//! The JSON Schema of policies, for editors, made from the types that read them.

use crate::policy::Raw;
use akua_source::TABLE;
use schemars::schema_for;
use serde_json::{Map, Value, json};
use std::path::Path;

/// Compares the schema with the one that is checked in; `UPDATE=1` writes it.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test of a file of the project")]
fn the_schema_is_that_of_the_types() {
    let mut schema = schema_for!(Raw).to_value();
    let limits: Map<String, Value> = TABLE
        .iter()
        .map(|row| {
            let limit = json!({ "$ref": "#/$defs/Amount", "description": row.about });
            (row.name.to_owned(), limit)
        })
        .collect();
    let budgets = schema.pointer_mut("/properties/budgets").expect("is there");
    budgets["properties"] = Value::Object(limits);
    budgets["additionalProperties"] = Value::Bool(false);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let path = path.join("policy.toml.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, text, "{}: run the test with UPDATE=1", path.display());
}
