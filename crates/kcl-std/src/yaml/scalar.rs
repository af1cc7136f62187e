//! What a plain scalar means: the core schema of YAML 1.2, or what Kubernetes reads.

use kcl_eval::value::Value;

/// Returns the value of a plain scalar.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::None,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let may_be_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    if !text.starts_with(may_be_number) {
        return Value::str(text);
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Value::str(text))
}

/// Returns the value of a plain scalar of an object: YAML 1.1 as the Go library has it that all
/// tools of Kubernetes use. Timestamps are text, and there are no numbers to the base 60.
pub(super) fn kubernetes(text: &str) -> Value {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-')) {
        return plain(text);
    }
    let digits = text.replace('_', "");
    // What begins with a zero and is not octal, such as `0899`, is a decimal float.
    let decimal = || sign(text).1.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok());
    octal(&digits)
        .or_else(|| integer(&digits))
        .or_else(|| float(text))
        .or_else(|| decimal().flatten().map(Value::Float))
        .unwrap_or_else(|| plain(text))
}

/// Returns the value of an integer that begins with a zero.
fn octal(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    let digits = digits.strip_prefix('0')?;
    if digits.is_empty() || !digits.bytes().all(|b| matches!(b, b'0'..=b'7')) {
        return None;
    }
    let value = i64::from_str_radix(digits, 8).ok()?;
    Some(Value::Int(if negative { value.saturating_neg() } else { value }))
}

/// Returns the value of an integer; one beyond 64 bits becomes a float.
pub(super) fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ => (10, digits),
    };
    let leading_zero = radix == 10 && digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || leading_zero || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok();
    let value = magnitude.map(|value| if negative { value.saturating_neg() } else { value });
    if let Some(value) = value.and_then(|value| i64::try_from(value).ok()) {
        return Some(Value::Int(value));
    }
    // Through its decimal digits, so that it is rounded once.
    let decimal = magnitude.map_or_else(|| digits.to_owned(), |value| value.to_string());
    let magnitude = decimal.parse::<f64>().ok()?;
    Some(Value::Float(if negative { -magnitude } else { magnitude }))
}

/// Returns the value of a float.
pub(super) fn float(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    match digits {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Value::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        ".nan" | ".NaN" | ".NAN" if text.len() == 4 => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    let digit = digits.bytes().any(|b| b.is_ascii_digit());
    let number = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    let zeros =
        digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    if !digit || !number || zeros {
        return None;
    }
    digits
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .map(|value| Value::Float(if negative { -value } else { value }))
}

/// Splits off a sign.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Returns whether a text has to be quoted, because YAML 1.1 or 1.2 would read another type.
pub(super) fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 11] =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~", "nan"];
    text.is_empty()
        || text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        || (text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &Value) {
        same(&kubernetes(text), expected);
    }

    fn same(found: &Value, expected: &Value) {
        assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }

    #[test]
    fn objects_have_the_scalars_of_yaml_1_1() {
        check("0644", &Value::Int(420));
        check("-010", &Value::Int(-8));
        check("0899", &Value::Float(899.0));
        check("-", &Value::str("-"));
        check("0o17", &Value::Int(15));
        check("0x1F", &Value::Int(31));
        check("1_000", &Value::Int(1000));
        check("0", &Value::Int(0));
        check("yes", &Value::Bool(true));
        check("Off", &Value::Bool(false));
        check("y", &Value::Bool(true));
        check("1e3", &Value::Float(1000.0));
        check("12:30", &Value::str("12:30"));
        check("2001-12-14", &Value::str("2001-12-14"));
        check("1.2.3", &Value::str("1.2.3"));
        check("_1", &Value::str("_1"));
        check("~", &Value::None);
    }

    #[test]
    fn other_documents_have_those_of_yaml_1_2() {
        same(&plain("0644"), &Value::str("0644"));
        same(&plain("yes"), &Value::str("yes"));
    }
}
