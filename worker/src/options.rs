//! Options: what `-D key=value` means.

use kcl::eval::interp::OptionValue;
use kcl::eval::value::Value;
use serde_json::Value as Json;

/// Reads `key=value`: JSON, else a KCL literal, else text.
pub(crate) fn option(text: &str) -> Result<OptionValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() && !value.contains('=') => {
            Ok(OptionValue { key: key.into(), value: self::value(value) })
        }
        _ => Err(format!("invalid option `{text}`: expected `key=value`")),
    }
}

fn value(text: &str) -> Value {
    match text {
        "True" => return Value::Bool(true),
        "False" => return Value::Bool(false),
        "None" => return Value::None,
        _ => {}
    }
    // A number in exponent form stays text, as the reference has it.
    let exponent =
        text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text.contains(['e', 'E']);
    match serde_json::from_str::<Json>(text) {
        Ok(json) if !exponent => from_json(&json),
        _ => Value::str(text),
    }
}

/// Returns JSON as a value.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::str(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_json).collect()),
        Json::Object(entries) => Value::dict(
            entries.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect(),
        ),
    }
}
