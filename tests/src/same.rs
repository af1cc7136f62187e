//! Whether two YAML texts say the same: the same values, and keys in the same order.

use anyhow::{Context, Result};
use saphyr_parser::{Event, Parser, ScalarStyle};

/// A part of a document.
#[derive(Debug, PartialEq)]
enum Part {
    Map,
    List,
    End,
    Text(String),
    /// Null, a boolean or an integer, as it is written.
    Plain(String),
    Float(f64),
}

impl Part {
    /// Returns whether it is another. The reference passes floats through a text that it reads back
    /// with an error of one unit in the last place.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(left), Self::Float(right)) => {
                (left - right).abs() <= left.abs() * 2.0 * f64::EPSILON
            }
            _ => self == other,
        }
    }
}

/// Returns whether two texts have the same values in the same order.
///
/// # Errors
/// If one of them is not YAML.
pub fn same_yaml(left: &str, right: &str) -> Result<bool> {
    if left.trim_end() == right.trim_end() {
        return Ok(true);
    }
    let (left, right) = (parts(left)?, parts(right)?);
    Ok(left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| left.is(right)))
}

/// Returns the parts of a text in order.
fn parts(text: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.with_context(|| format!("invalid YAML:\n{text}"))?;
        match event {
            Event::Scalar(text, ScalarStyle::Plain, _, _) => parts.push(plain(&text)),
            Event::Scalar(text, _, _, _) => parts.push(Part::Text(text.into_owned())),
            Event::SequenceStart(..) => parts.push(Part::List),
            Event::MappingStart(..) => parts.push(Part::Map),
            Event::SequenceEnd | Event::MappingEnd => parts.push(Part::End),
            _ => {}
        }
    }
    Ok(parts)
}

/// Returns what a plain scalar is.
fn plain(text: &str) -> Part {
    let number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    if ["null", "true", "false", "~", ""].contains(&text) || (number && text.parse::<i64>().is_ok())
    {
        return Part::Plain(text.to_owned());
    }
    match text.parse() {
        Ok(value) if number => Part::Float(value),
        _ => Part::Text(text.to_owned()),
    }
}
