//! Values as text: `str(x)`, interpolation, and the names of types in messages.

use crate::schema::Instance;
use crate::value::{Value, factor, suffix};
use kcl_sema::hir::{Multiplier, Program, Type};
use std::fmt::Write as _;

/// Returns the text of a value as `str(x)` and interpolation give it.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out, false);
    out
}

/// Appends the text of a value; strings of dicts are quoted.
fn write_value(value: &Value, out: &mut String, quote: bool) {
    match value {
        Value::Undefined => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Value::Int(value) => {
            let _written = write!(out, "{value}");
        }
        Value::Float(value) => out.push_str(&float(*value)),
        Value::Multiplied(value, multiplier) => {
            let _written = write!(out, "{value}{}", suffix(*multiplier));
        }
        Value::Str(text) if quote => out.push_str(&quoted(text)),
        Value::Str(text) => out.push_str(text),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_value(item, out, false);
            }
            out.push(']');
        }
        Value::Schema(_) | Value::Closure(_) | Value::Native(_) | Value::Method(_) => {
            out.push_str("function");
        }
        Value::Module(_) => out.push_str("module"),
        Value::Dict(_) | Value::Instance(_) | Value::Opaque(_) => {
            out.push('{');
            let entries = value.as_dict().into_iter().flat_map(super::dict::Dict::iter);
            for (at, (key, value)) in entries.enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                let _written = write!(out, "{}: ", quoted(key));
                write_value(value, out, true);
            }
            out.push('}');
        }
    }
}

/// Returns a string in quotes: double ones where it has some itself, escaped where it has both.
fn quoted(text: &str) -> String {
    match (text.contains('"'), text.contains('\'')) {
        (false, _) => format!("'{text}'"),
        (true, false) => format!("\"{text}\""),
        (true, true) => format!("\"{}\"", text.replace('"', "\\\"")),
    }
}

/// Returns the text of a float: never in exponent form, always with a point.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { text + ".0" }
}

/// Returns the number that a multiplied number stands for.
pub fn multiplied(value: i64, multiplier: Multiplier) -> f64 {
    crate::value::as_f64(value) * factor(multiplier)
}

/// Returns the type of a value for messages: `int(1)`, `str(a)`, `list`, `Person`.
pub fn type_of(value: &Value) -> String {
    match value {
        Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::Str(_) => {
            let mut text = display(value);
            if text.chars().count() > 40 {
                text = text.chars().take(40).collect::<String>() + "…";
            }
            format!("{}({text})", value.type_name())
        }
        Value::Multiplied(number, multiplier) => {
            format!("number_multiplier({number}{})", suffix(*multiplier))
        }
        Value::Instance(instance) => schema_name(instance),
        other => other.type_name().to_owned(),
    }
}

fn schema_name(instance: &Instance) -> String {
    instance.schema.name.to_string()
}

/// Returns a type as people write it.
pub fn type_text(ty: &Type, program: &Program) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::None => "None".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Str => "str".to_owned(),
        Type::BoolLit(value) => if *value { "True" } else { "False" }.to_owned(),
        Type::IntLit(value) => value.to_string(),
        Type::FloatLit(value) => float(*value),
        Type::StrLit(text) => format!("\"{text}\""),
        Type::MultipliedLit(value, multiplier) => format!("{value}{}", suffix(*multiplier)),
        Type::Multiplier => "number_multiplier".to_owned(),
        Type::List(item) => format!("[{}]", type_text(item, program)),
        Type::Dict(key, value) => {
            format!("{{{}:{}}}", type_text(key, program), type_text(value, program))
        }
        Type::Union(members) => {
            let members: Vec<String> = members.iter().map(|ty| type_text(ty, program)).collect();
            members.join(" | ")
        }
        Type::Schema(id) => program
            .schemas
            .get(id.0 as usize)
            .map_or_else(|| "schema".to_owned(), |schema| schema.name.to_string()),
        Type::Function(_) => "function".to_owned(),
    }
}
