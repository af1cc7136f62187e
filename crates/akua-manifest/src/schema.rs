//! JSON Schemas of both files, for editors, made from the types that read them.

use crate::lock::RawLock;
use crate::manifest::RawManifest;
use schemars::schema_for;
use std::path::Path;

/// Compares a schema with the one that is checked in; `UPDATE=1` writes it.
#[expect(clippy::disallowed_methods, reason = "a test of a file of the project")]
fn check(name: &str, schema: &schemars::Schema) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas").join(name);
    let mut text = serde_json::to_string_pretty(schema).expect("a schema is JSON");
    text.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, text, "{}: run the test with UPDATE=1", path.display());
}

#[test]
fn the_schemas_are_those_of_the_types() {
    check("akua.toml.schema.json", &schema_for!(RawManifest));
    check("akua.lock.schema.json", &schema_for!(RawLock));
}
