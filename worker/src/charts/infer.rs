//! What `values.yaml` lets one guess, where a chart has no schema.

use super::DEPTH_LIMIT;
use super::writer::{Attribute, Said, Schema, Writer};
use kcl::Value;
use kcl::eval::dict::Dict;

/// Most different types of the items of a list.
const ITEM_LIMIT: usize = 8;

/// Writes the schema `Values` for the defaults of a chart.
pub(super) fn values(writer: &mut Writer, defaults: &Dict) {
    if let Some((at, name)) = writer.reserve("Values", "") {
        schema(writer, at, &name, defaults, DEPTH_LIMIT);
    }
}

/// Writes an open schema with an attribute for each key.
fn schema(writer: &mut Writer, at: usize, name: &str, defaults: &Dict, depth: usize) {
    let mut schema = Schema { others: Some("any".to_owned()), ..Schema::default() };
    for (key, value) in defaults.iter() {
        let ty = ty(writer, name, key, value, depth.saturating_sub(1));
        schema.attributes.push(Attribute {
            name: key.to_string(),
            required: false,
            said: Said::of(ty),
            description: String::new(),
        });
    }
    writer.write(at, name, &schema);
}

/// Returns the type that a default has: what is empty says nothing.
fn ty(writer: &mut Writer, parent: &str, key: &str, value: &Value, depth: usize) -> String {
    let any = || "any".to_owned();
    if depth == 0 {
        return any();
    }
    match value {
        Value::Bool(_) => "bool".to_owned(),
        Value::Int(_) | Value::Float(_) => "int | float".to_owned(),
        // The way in which charts say that there is no value, be it a port or a name.
        Value::Str(text) if text.is_empty() => "str | int | float | bool".to_owned(),
        Value::Str(_) => "str".to_owned(),
        Value::List(items) => {
            let mut types: Vec<String> = Vec::new();
            for item in items.iter().take(ITEM_LIMIT) {
                // Items are not merged with defaults: what one has, others need not have.
                let ty = match item {
                    Value::Dict(_) => "{str:}".to_owned(),
                    item => ty(writer, parent, key, item, depth.saturating_sub(1)),
                };
                if !types.contains(&ty) {
                    types.push(ty);
                }
            }
            let known = !types.is_empty() && items.len() <= ITEM_LIMIT && !types.contains(&any());
            if known { format!("[{}]", types.join(" | ")) } else { "[]".to_owned() }
        }
        Value::Dict(dict) if !dict.is_empty() => match writer.reserve(parent, key) {
            Some((at, name)) => {
                schema(writer, at, &name, dict, depth);
                name
            }
            None => any(),
        },
        _ => any(),
    }
}
