//! Options: what `-D key=value` means.

use kcl::eval::interp::OptionValue;
use kcl::eval::value::Value;

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
    match kcl::standard::from_json(text) {
        Ok(value) if !exponent => value,
        _ => Value::str(text),
    }
}
