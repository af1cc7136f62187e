//! What holds for a value besides its type: the only values, limits, patterns.

use super::text::{literal, quoted};
use super::writer::{NAME, Rule, Said};
use kcl::Value;

/// Most literals of a union; more are the type that they have in common.
const LITERAL_LIMIT: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_LIMIT_BYTES: usize = 4 << 10;

/// Says that a value is one of these.
pub(super) fn literals(values: &[Value]) -> Said {
    let some = || values.iter().filter(|value| !value.is_nullish());
    let mut types: Vec<String> = Vec::new();
    for ty in some().take(LITERAL_LIMIT.saturating_add(1)).map(literal_type) {
        let Some(ty) = ty else { return Said::any() };
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    if types.len() > LITERAL_LIMIT {
        return widened(values);
    }
    match types.as_slice() {
        [] => Said::any(),
        // KCL gives an attribute that has only one value by itself.
        [only] => Said { optional: true, ..Said::of(only) },
        types => {
            let optional = some().count() < values.len();
            Said { optional, ..Said::of(types.join(" | ")) }
        }
    }
}

/// Returns the type of a literal: that of its kind where KCL has no literal type for it.
fn literal_type(value: &Value) -> Option<String> {
    match value {
        Value::Float(_) => Some("float".to_owned()),
        Value::Int(value) if *value < 0 => Some("int".to_owned()),
        value => literal(value),
    }
}

/// Says the kinds of literals.
fn widened(values: &[Value]) -> Said {
    let mut types: Vec<&str> = Vec::new();
    for value in values {
        let ty = match value {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::None => continue,
            _ => return Said::any(),
        };
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    Said { optional: true, ..Said::of(types.join(" | ")) }
}

/// Returns the checks that the limits of a schema mean for a KCL type.
pub(super) fn checks(ty: &str, limits: &[(&'static str, &Value)]) -> Vec<Rule> {
    limits.iter().filter_map(|(keyword, limit)| check(ty, keyword, limit)).collect()
}

fn check(ty: &str, keyword: &str, limit: &Value) -> Option<Rule> {
    let (operator, words) = match keyword {
        "minimum" => (">=", "be at least"),
        "maximum" => ("<=", "be at most"),
        "exclusiveMinimum" => (">", "be greater than"),
        "exclusiveMaximum" => ("<", "be less than"),
        "minLength" | "minItems" => (">=", "have at least"),
        "maxLength" | "maxItems" => ("<=", "have at most"),
        "pattern" if ty == "str" => return pattern(limit.as_str()?),
        _ => return None,
    };
    let is_number = matches!(limit, Value::Int(_) | Value::Float(_));
    let number = literal(limit).filter(|_| is_number)?;
    let rule = |condition: String, unit: &str, uses| {
        Some(Rule { condition, guard: None, must: format!("{words} {number}{unit}"), uses })
    };
    let length = format!("len({NAME}) {operator} {number}");
    // The length of a text is in bytes: where that does not decide, its characters are counted.
    let characters = format!("len([c for c in {NAME}]) {operator} {number}");
    match (keyword, ty) {
        ("minLength", "str") => rule(format!("{length} and {characters}"), " characters", "len"),
        ("maxLength", "str") => rule(format!("{length} or {characters}"), " characters", "len"),
        ("minItems" | "maxItems", "[]") => rule(length, " items", "len"),
        ("minLength" | "maxLength" | "minItems" | "maxItems", _) => None,
        (_, "int" | "float") => rule(format!("{NAME} {operator} {number}"), "", ""),
        _ => None,
    }
}

/// Returns the check of a pattern. One that the `regex` module cannot compile says nothing.
fn pattern(pattern: &str) -> Option<Rule> {
    if pattern.len() > PATTERN_LIMIT_BYTES || !means_the_same(pattern) {
        return None;
    }
    let text = quoted(pattern);
    Some(Rule {
        condition: format!("regex.search({NAME}, {text})"),
        guard: Some(format!("regex.compile({text})")),
        must: format!("match {pattern}"),
        uses: "regex",
    })
}

/// Returns whether a pattern means the same to the `regex` module as to helm, or less: negated
/// classes and words are of ASCII there, brackets within brackets are letters, and there is no
/// looking around and back.
fn means_the_same(pattern: &str) -> bool {
    let (mut in_class, mut chars) = (false, pattern.chars().peekable());
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '\\' => {
                if next.is_none_or(|c| "WDSBbQEC".contains(c) || c.is_ascii_digit()) {
                    return false;
                }
                let _escaped = chars.next();
            }
            '[' if in_class => return false,
            '[' => {
                in_class = true;
                // A bracket that closes nothing is a letter.
                let _negation = chars.next_if_eq(&'^');
                let _letter = chars.next_if_eq(&']');
            }
            ']' => in_class = false,
            '&' | '-' | '~' if in_class && next == Some(c) => return false,
            // Flags may turn the meaning of letters.
            '(' if next == Some('?') => {
                let mut ahead = chars.clone();
                let _mark = ahead.next();
                if ahead.next() != Some(':') {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}
