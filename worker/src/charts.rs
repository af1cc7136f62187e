//! The schema `Values` of a chart: its source, made from what lies in the chart's folder.
//!
//! **Invariant:** the source always parses, whatever the chart says, and its size is bounded. It is
//! made when a program that imports the chart mentions it, in the Store: the host reads none of it.
//! Start with [`values_schema`].

mod checks;
mod document;
mod flat;
mod infer;
mod json_schema;
mod text;
mod writer;

use json_schema::Given;
use kcl::{Value, World};
use writer::Writer;

/// Deepest nesting of what is said of values; what is further down is any.
const DEPTH_LIMIT: usize = 32;
/// Largest schema or defaults that are looked at, in bytes.
const DOCUMENT_LIMIT_BYTES: usize = 1 << 20;
/// Beginning of the names of all schemas.
pub(crate) const PREFIX: &str = "Values";

/// What a chart says of its values.
#[derive(Debug, Default)]
pub(crate) struct Chart {
    /// Its `values.schema.json`.
    pub(crate) schema: Option<Value>,
    /// Its `values.yaml`; none where nobody can say what the chart gives by itself.
    pub(crate) defaults: Option<Value>,
    /// Whether other charts are in it: they give values that are in none of its files.
    pub(crate) has_charts: bool,
}

/// Returns the source of the schema `Values` and of those that it names.
pub(crate) fn values_schema(chart: &Chart) -> String {
    let mut writer = Writer::default();
    let given = match &chart.defaults {
        Some(defaults) if !chart.has_charts => Given::Defaults(defaults),
        _ => Given::Unknown,
    };
    let schema = chart.schema.as_ref();
    if !schema.is_some_and(|schema| json_schema::values(&mut writer, schema, given)) {
        let defaults = chart.defaults.as_ref().and_then(Value::as_dict);
        infer::values(&mut writer, defaults.unwrap_or(&kcl::eval::dict::Dict::default()));
    }
    writer.finish()
}

/// Reads what the chart in a folder says of its values.
pub(crate) fn read(folder: &str, world: &mut dyn World) -> Chart {
    let schema = text(&format!("{folder}/values.schema.json"), world);
    // Defaults say what is not required, and what the values are where the schema does not.
    let asks = schema
        .as_ref()
        .is_none_or(|schema| schema.contains("\"required\"") || !schema.contains("\"properties\""));
    let schema = schema.map(|text| kcl::standard::from_json(&text).unwrap_or_default());
    let defaults = if asks { text(&format!("{folder}/values.yaml"), world) } else { None };
    let defaults =
        defaults.and_then(|text| kcl::standard::from_yaml(&text).ok()?.into_iter().next());
    let charts = world.list(&format!("{folder}/charts"));
    Chart { schema, defaults, has_charts: charts.is_ok_and(|charts| !charts.is_empty()) }
}

/// Reads a file of a chart; what is too large or no text says nothing.
fn text(path: &str, world: &mut dyn World) -> Option<String> {
    let bytes = world.read(path).ok()?;
    if bytes.len() > DOCUMENT_LIMIT_BYTES {
        return Some(String::new());
    }
    Some(String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests;
