//! YAML text to values: events to a stack of open collections, without recursion.

use super::scalar;
use crate::args::failure;
use akua_source::Diagnostic;
use kcl_eval::dict::Dict;
use kcl_eval::library::Eval;
use kcl_eval::text::display;
use kcl_eval::value::{Text, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;

/// Deepest nesting of a document.
const DEPTH_LIMIT: usize = 128;

/// Most nodes of a text, each alias counted with all that it stands for: aliases cost nothing
/// here, but whoever writes the value out again would pay for each.
const NODE_LIMIT: usize = 2_000_000;

/// A collection that is being read.
struct Open {
    items: Items,
    anchor: usize,
    /// Nodes before it.
    nodes: usize,
}

enum Items {
    List(Vec<Value>),
    Dict(Dict, Option<Text>),
}

/// State of the decoder.
#[derive(Default)]
struct Decoder {
    /// Read as Kubernetes does.
    manifest: bool,
    open: Vec<Open>,
    /// Anchored values with their number of nodes.
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
    documents: Vec<Value>,
    root: Option<Value>,
}

/// Returns the documents of a YAML text.
///
/// # Errors
/// `EvaluationError` with the place of what is wrong, or where a limit is hit.
pub fn from_yaml(text: &str) -> Eval<Vec<Value>> {
    read(text, Decoder::default())
}

/// Returns the documents of a YAML text as Kubernetes reads them: with the scalars of YAML 1.1, so
/// that `0644` is 420 and `yes` is true, and with merge keys.
///
/// # Errors
/// As [`from_yaml`].
pub fn from_manifest(text: &str) -> Eval<Vec<Value>> {
    read(text, Decoder { manifest: true, ..Decoder::default() })
}

fn read(text: &str, mut decoder: Decoder) -> Eval<Vec<Value>> {
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| at(error.info(), *error.marker()))?;
        decoder.event(event).map_err(|message| at(&message, span.start))?;
    }
    Ok(decoder.documents)
}

/// Returns an error with its place.
fn at(message: &str, marker: Marker) -> Box<Diagnostic> {
    let (line, column) = (marker.line(), marker.col().saturating_add(1));
    failure(format!("{message} at line {line} column {column} of the YAML text"))
}

impl Decoder {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.root = None;
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd => {
                self.documents.push(self.root.take().unwrap_or(Value::None));
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor),
            Event::Scalar(text, style, anchor, tag) => {
                let is_key =
                    matches!(self.open.last(), Some(Open { items: Items::Dict(_, None), .. }));
                let value = if is_key {
                    self.key(&text, style)
                } else {
                    scalar_of(&text, style, tag.as_deref(), self.plain())?
                };
                self.count(1)?;
                self.anchor(anchor, &value, 1);
                self.add(value)
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(Items::List(Vec::new()), anchor, tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => {
                self.start(Items::Dict(Dict::default(), None), anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    /// What plain scalars mean.
    fn plain(&self) -> fn(&str) -> Value {
        if self.manifest { scalar::kubernetes } else { scalar::plain }
    }

    /// Returns a key; Kubernetes has it through JSON, where a boolean is written in one way.
    fn key(&self, text: &str, style: ScalarStyle) -> Value {
        if !self.manifest || style != ScalarStyle::Plain {
            return Value::str(text);
        }
        match scalar::kubernetes(text) {
            Value::Bool(value) => Value::str(if value { "true" } else { "false" }),
            Value::Int(value) => Value::str(value.to_string()),
            _ => Value::str(text),
        }
    }

    /// Opens a list or a dict.
    fn start(&mut self, items: Items, anchor: usize, tag: Option<&Tag>) -> Result<(), String> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            return Err(format!("unsupported tag `{}{}`", tag.handle, tag.suffix));
        }
        if self.open.len() >= DEPTH_LIMIT {
            return Err(format!("nesting deeper than {DEPTH_LIMIT} levels"));
        }
        self.count(1)?;
        self.open.push(Open { items, anchor, nodes: self.nodes });
        Ok(())
    }

    /// Closes a list or a dict.
    fn end(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.items {
            Items::List(items) => Value::list(items),
            Items::Dict(dict, _) => Value::dict(dict),
        };
        let nodes = self.nodes.saturating_sub(open.nodes).saturating_add(1);
        self.anchor(open.anchor, &value, nodes);
        self.add(value)
    }

    /// Puts a value where it belongs.
    fn add(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(value),
            Some(Items::List(items)) => items.push(value),
            Some(Items::Dict(dict, key)) => match key.take() {
                Some(key) if self.manifest && &*key == "<<" => merge(dict, &value)?,
                Some(key) => dict.insert(key, value),
                None => *key = Some(key_of(value)?),
            },
        }
        Ok(())
    }

    /// Repeats an anchored value.
    fn alias(&mut self, anchor: usize) -> Result<(), String> {
        let Some((value, nodes)) = self.anchors.get(&anchor).cloned() else {
            return Err("an alias stands within what it is an alias of".to_owned());
        };
        self.count(nodes)?;
        self.add(value)
    }

    fn anchor(&mut self, anchor: usize, value: &Value, nodes: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), nodes));
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODE_LIMIT {
            return Err(format!("more than {NODE_LIMIT} values, aliases counted in full,"));
        }
        Ok(())
    }
}

/// Adds the entries that a merge key brings; those that are there stay.
fn merge(dict: &mut Dict, value: &Value) -> Result<(), String> {
    let sources = match value {
        Value::List(items) => items.iter().collect(),
        other => vec![other],
    };
    for source in sources {
        let Value::Dict(source) = source else {
            return Err("expected a mapping as what `<<` merges".to_owned());
        };
        for (key, value) in source.iter() {
            if dict.get(key).is_none() {
                dict.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// Returns a value as a key.
fn key_of(value: Value) -> Result<Text, String> {
    match value {
        Value::Str(text) => Ok(text),
        Value::List(_) => Err("expected a string as a key, found a sequence".to_owned()),
        Value::Dict(_) => Err("expected a string as a key, found a mapping".to_owned()),
        other => Ok(Text::from(display(&other))),
    }
}

/// Returns the value of a scalar.
fn scalar_of(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    plain: fn(&str) -> Value,
) -> Result<Value, String> {
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { plain(text) } else { Value::str(text) });
    };
    let wrong = || format!("expected a value of the tag `!!{}`", tag.suffix);
    match tag.suffix.as_str() {
        suffix if !tag.is_yaml_core_schema() => {
            if suffix.is_empty() && tag.handle == "!" {
                return Ok(Value::str(text));
            }
            Err(format!("unsupported tag `{}{suffix}`", tag.handle))
        }
        "str" => Ok(Value::str(text)),
        "int" => scalar::integer(text).ok_or_else(wrong),
        "float" => match scalar::plain(text) {
            Value::Int(value) => Ok(Value::Float(kcl_eval::value::as_f64(value))),
            value @ Value::Float(_) => Ok(value),
            _ => Err(wrong()),
        },
        "bool" | "null" => match (tag.suffix.as_str(), scalar::plain(text)) {
            ("bool", value @ Value::Bool(_)) | ("null", value @ Value::None) => Ok(value),
            _ => Err(wrong()),
        },
        suffix => Err(format!("unsupported tag `!!{suffix}`")),
    }
}
