//! Names, strings and numbers as KCL writes them, whatever a chart calls its values.

use kcl::Value;
use std::fmt::Write as _;

/// Words that are no names in KCL.
const KEYWORDS: [&str; 27] = [
    "as",
    "import",
    "rule",
    "schema",
    "mixin",
    "protocol",
    "check",
    "for",
    "assert",
    "if",
    "elif",
    "else",
    "or",
    "and",
    "not",
    "in",
    "is",
    "lambda",
    "all",
    "any",
    "filter",
    "map",
    "type",
    "True",
    "False",
    "None",
    "Undefined",
];

/// Returns a string literal on one line. A `$` is written as a code: `${` would be interpolated.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '$' => out.push_str("\\u0024"),
            c if c.is_control() => {
                let _infallible = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns an attribute's name as its declaration has it.
pub(super) fn declared(name: &str) -> String {
    if is_identifier(name) && !KEYWORDS.contains(&name) { name.to_owned() } else { quoted(name) }
}

/// Returns an attribute's name as an expression has it; none where no expression can name it.
pub(super) fn named(name: &str) -> Option<String> {
    match name {
        // These are values, with a `$` too.
        "True" | "False" | "None" | "Undefined" => None,
        name if KEYWORDS.contains(&name) => Some(format!("${name}")),
        name => is_identifier(name).then(|| name.to_owned()),
    }
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns a scalar as a literal; none for what is no scalar, or no number that KCL can write.
pub(super) fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        // The least integer is its own negation: KCL cannot write it.
        Value::Int(value) if *value != i64::MIN => Some(value.to_string()),
        Value::Float(value) if value.is_finite() => Some(format!("{value:?}")),
        Value::Str(text) => Some(quoted(text)),
        _ => None,
    }
}

/// Returns the name of a schema for what is called `key` within the schema `parent`.
pub(super) fn schema_name(parent: &str, key: &str) -> String {
    /// Letters of a key that go into a name.
    const KEY_LIMIT: usize = 40;
    /// Letters of a name; deeper schemas have the number that makes them unique.
    const NAME_LIMIT: usize = 120;
    let mut name = parent.to_owned();
    let mut start = true;
    for c in key.chars().take(KEY_LIMIT) {
        if !c.is_ascii_alphanumeric() {
            start = true;
        } else if name.len() < NAME_LIMIT {
            name.push(if start { c.to_ascii_uppercase() } else { c });
            start = false;
        }
    }
    // The ends of names mean something to KCL.
    if name.ends_with("Mixin") || name.ends_with("Protocol") {
        name.push('_');
    }
    name
}
