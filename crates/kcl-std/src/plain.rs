//! What encoders see of a value: data alone, with the options of `json.encode` and its kin.

use crate::args::Param;
use kcl_eval::Interp;
use kcl_eval::dict::Dict;
use kcl_eval::library::{Args, Eval};
use kcl_eval::text::multiplied;
use kcl_eval::value::{Text, Value};

/// Deepest nesting that is encoded: the encoders recurse.
pub(crate) const DEPTH_LIMIT: u32 = 200;

/// What encoders leave out, and how they order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Encoding {
    /// Sorts keys at every depth.
    pub sort_keys: bool,
    /// Leaves out keys that start with `_`.
    pub ignore_private: bool,
    /// Leaves out None from dicts and lists.
    pub ignore_none: bool,
}

/// A value as data.
pub(crate) enum Plain<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'v str),
    List(Vec<&'v Value>),
    Dict(Vec<(&'v Text, &'v Value)>),
}

impl Encoding {
    /// Takes the options that follow one another from the argument `first` on.
    pub(crate) fn take(name: &'static str, first: usize, args: &mut Args) -> Eval<Self> {
        Ok(Self {
            ignore_private: Param(name, first, "ignore_private").flag(args)?,
            ignore_none: Param(name, first.saturating_add(1), "ignore_none").flag(args)?,
            sort_keys: false,
        })
    }

    /// Returns a value as data; functions and the like are null.
    pub(crate) fn plain(self, value: &Value) -> Plain<'_> {
        match value {
            Value::Bool(value) => Plain::Bool(*value),
            Value::Int(value) => Plain::Int(*value),
            Value::Float(value) if value.is_finite() => Plain::Float(*value),
            Value::Multiplied(value, multiplier) => Plain::Float(multiplied(*value, *multiplier)),
            Value::Str(text) => Plain::Str(text),
            Value::List(items) => Plain::List(items.iter().filter(|v| self.keeps(v)).collect()),
            other => other.as_dict().map_or(Plain::Null, |dict| Plain::Dict(self.entries(dict))),
        }
    }

    fn entries(self, dict: &Dict) -> Vec<(&Text, &Value)> {
        let kept = dict.iter().filter(|(key, value)| {
            self.keeps(value) && !(self.ignore_private && key.starts_with('_'))
        });
        let mut entries: Vec<_> = kept.collect();
        if self.sort_keys {
            entries.sort_by(|a, b| a.0.cmp(b.0));
        }
        entries
    }

    /// Returns whether a list or a dict keeps the value.
    fn keeps(self, value: &Value) -> bool {
        match value {
            Value::None => !self.ignore_none,
            Value::Undefined
            | Value::Schema(_)
            | Value::Closure(_)
            | Value::Native(_)
            | Value::Method(_)
            | Value::Module(_) => false,
            _ => true,
        }
    }
}

/// Takes the value to encode, with what the host holds of it.
pub(crate) fn subject(
    name: &'static str,
    parameter: &'static str,
    interp: &mut Interp<'_>,
    args: &mut Args,
) -> Eval<Value> {
    let value = Param(name, 0, parameter).value(args)?;
    interp.force_deep(value)
}

/// Returns the shortest text of a finite float that reads back as itself, always with a point or
/// an exponent; `plus` is written before exponents of zero and above.
pub(crate) fn float_text(value: f64, plus: &str) -> String {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-5..16).contains(&power) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if power >= 0 { plus } else { "" };
    format!("{digits}e{sign}{power}")
}
