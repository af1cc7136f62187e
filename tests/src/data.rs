//! YAML as Kubernetes reads it: the scalars of YAML 1.1, keys that are strings, one kind of number.
//!
//! **Invariant:** not akua's own reader, so that a mistake there is not made here again.

use anyhow::{Context, Result, bail};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number, also one that was written with an exponent.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping; its order says nothing.
    Map(BTreeMap<String, Self>),
}

impl Data {
    /// Returns a field of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// Returns text, else nothing.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A collection that is being read.
enum Open {
    List(Vec<Data>),
    Map { map: BTreeMap<String, Data>, merged: Vec<Data>, key: Option<String> },
}

/// Returns the documents of a YAML stream without the empty ones.
///
/// # Errors
/// If it is not YAML.
pub fn objects(text: &[u8]) -> Result<Vec<Data>> {
    let text = std::str::from_utf8(text).context("the output is not UTF-8")?;
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.with_context(|| format!("invalid YAML:\n{text}"))?;
        reader.event(event)?;
    }
    reader.documents.retain(|document| match document {
        Data::Null => false,
        Data::Map(map) => !map.is_empty(),
        _ => true,
    });
    Ok(reader.documents)
}

/// State of the reader.
#[derive(Default)]
struct Reader {
    open: Vec<(Open, usize)>,
    anchors: BTreeMap<usize, Data>,
    documents: Vec<Data>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style == ScalarStyle::Plain, tag.as_deref())?;
                self.end(value, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.open.push((Open::List(Vec::new()), anchor));
                Ok(())
            }
            Event::MappingStart(anchor, _) => {
                let map = Open::Map { map: BTreeMap::new(), merged: Vec::new(), key: None };
                self.open.push((map, anchor));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (open, anchor) = self.open.pop().context("an end without a start")?;
                let value = match open {
                    Open::List(items) => Data::List(items),
                    Open::Map { map, merged, key: _ } => Data::Map(merge(map, merged)),
                };
                self.end(value, anchor)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().context("an unknown alias")?;
                self.end(value, 0)
            }
            _ => Ok(()),
        }
    }

    /// Puts a value where it belongs.
    fn end(&mut self, value: Data, anchor: usize) -> Result<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => self.documents.push(value),
            Some((Open::List(items), _)) => items.push(value),
            Some((Open::Map { map, merged, key }, _)) => match key.take() {
                None => *key = Some(key_of(&value)?),
                Some(key) if key == "<<" => merged.push(value),
                Some(key) => {
                    map.insert(key, value);
                }
            },
        }
        Ok(())
    }
}

/// Fills in what `<<` brings.
fn merge(mut map: BTreeMap<String, Data>, merged: Vec<Data>) -> BTreeMap<String, Data> {
    for value in merged {
        let sources = if let Data::List(items) = value { items } else { vec![value] };
        for source in sources {
            let Data::Map(source) = source else { continue };
            for (key, value) in source {
                map.entry(key).or_insert(value);
            }
        }
    }
    map
}

/// Returns a key as JSON has it.
fn key_of(value: &Data) -> Result<String> {
    Ok(match value {
        Data::Null => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => value.to_string(),
        Data::Text(text) => text.clone(),
        Data::List(_) | Data::Map(_) => bail!("a collection as a key"),
    })
}

/// Returns the value of a scalar.
fn scalar(text: &str, plain: bool, tag: Option<&Tag>) -> Result<Data> {
    match tag.map(|tag| tag.suffix.as_str()) {
        None if plain => Ok(resolve(text)),
        None | Some("str" | "binary") => Ok(Data::Text(text.to_owned())),
        Some("int" | "float" | "bool" | "null") => Ok(resolve(text)),
        Some(other) => bail!("the tag `{other}`"),
    }
}

/// Returns what YAML 1.1 takes a plain scalar for.
fn resolve(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Data::Bool(true);
        }
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Data::Bool(false);
        }
        _ => {}
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| Data::Text(text.to_owned()))
}

fn integer(text: &str) -> Option<Data> {
    let digits = text.replace('_', "");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-".contains(first))
        || !digits.starts_with(|first: char| first.is_ascii_digit())
    {
        return None;
    }
    let based = |prefix: &str, radix| {
        digits.strip_prefix(prefix).and_then(|rest| i128::from_str_radix(rest, radix).ok())
    };
    let value = based("0x", 16)
        .or_else(|| based("0b", 2))
        .or_else(|| based("0o", 8))
        .or_else(|| based("0", 8))
        .or_else(|| digits.parse().ok())?;
    Some(Data::Int(sign * value))
}

fn float(text: &str) -> Option<Data> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        || !text.chars().all(|letter| letter.is_ascii_digit() || "+-.eE".contains(letter))
    {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // Whole numbers are whole numbers, however they are written.
    let whole = format!("{value:.0}").parse().ok().filter(|_| value.fract() == 0.0);
    Some(whole.map_or(Data::Float(value), Data::Int))
}
