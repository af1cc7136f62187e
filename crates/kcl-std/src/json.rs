//! The module `json`.

use crate::args::{Param, failure};
use crate::plain::{DEPTH_LIMIT, Encoding, Plain, float_text, subject};
use kcl_eval::Interp;
use kcl_eval::budget::{TEXT_LIMIT_BYTES, admit};
use kcl_eval::dict::Dict;
use kcl_eval::library::{Args, Eval, Native, error, function};
use kcl_eval::value::{Text, Value};
use serde::Serialize as _;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;
use std::fmt::{self, Write as _};

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("decode", decode),
    function("dump_to_file", |_, _| Err(denied("json.dump_to_file"))),
    function("encode", encode),
    function("merge", merge),
    function("validate", validate),
];

/// Widest indentation.
const INDENT_LIMIT: i64 = 64;

/// Returns the error of functions that would write.
pub(crate) fn denied(function: &str) -> Box<akua_source::Diagnostic> {
    error("SandboxDenied", format!("{function}() would write a file, which a render never does"))
}

fn encode(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = subject("encode", "data", interp, &mut args)?;
    let mut encoding = Encoding::take("encode", 3, &mut args)?;
    encoding.sort_keys = Param("encode", 1, "sort_keys").flag(&mut args)?;
    let indent = Param("encode", 2, "indent").opt_int(&mut args)?.unwrap_or(0);
    let indent = usize::try_from(indent.clamp(0, INDENT_LIMIT)).unwrap_or(0);
    Ok(Value::str(to_json(&value, encoding, indent)?))
}

/// Returns the JSON of a value; one line where `indent` is 0.
///
/// # Errors
/// `EvaluationError` where the value is nested too deeply.
pub fn to_json(value: &Value, encoding: Encoding, indent: usize) -> Eval<String> {
    let mut writer = Writer { out: String::new(), encoding, indent, depth: 0 };
    writer.value(value)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    encoding: Encoding,
    indent: usize,
    depth: u32,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Eval<()> {
        match self.encoding.plain(value) {
            Plain::Null => self.out.push_str("null"),
            Plain::Bool(value) => self.out.push_str(if value { "true" } else { "false" }),
            Plain::Int(value) => {
                let _infallible = write!(self.out, "{value}");
            }
            Plain::Float(value) => self.out.push_str(&float_text(value, "+")),
            Plain::Str(text) => self.string(text),
            Plain::List(items) => {
                return self.items('[', ']', items, Self::value);
            }
            Plain::Dict(entries) => {
                return self.items('{', '}', entries, |writer, (key, value)| {
                    writer.string(key);
                    writer.out.push_str(": ");
                    writer.value(value)
                });
            }
        }
        Ok(())
    }

    fn items<T>(
        &mut self,
        open: char,
        close: char,
        items: Vec<T>,
        write: fn(&mut Self, T) -> Eval<()>,
    ) -> Eval<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_LIMIT {
            return Err(failure(format!("the value is nested deeper than {DEPTH_LIMIT} levels")));
        }
        self.out.push(open);
        let empty = items.is_empty();
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.out.push_str(if self.indent > 0 { "," } else { ", " });
            }
            self.line();
            write(self, item)?;
        }
        self.depth = self.depth.saturating_sub(1);
        if !empty {
            self.line();
        }
        self.out.push(close);
        admit("the encoding", self.out.len(), TEXT_LIMIT_BYTES)
    }

    /// Begins a line, where there is an indentation.
    fn line(&mut self) {
        if self.indent > 0 {
            let depth = usize::try_from(self.depth).unwrap_or(0);
            self.out.push('\n');
            self.out.push_str(&" ".repeat(self.indent.saturating_mul(depth)));
        }
    }

    fn string(&mut self, text: &str) {
        // Most texts have nothing to escape.
        if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
            return;
        }
        let mut bytes = Vec::with_capacity(text.len().saturating_add(2));
        let mut serializer = serde_json::Serializer::new(&mut bytes);
        // Writing text to memory does not fail; if it did, the text would only be missing.
        if text.serialize(&mut serializer).is_ok() {
            self.out.push_str(&String::from_utf8(bytes).unwrap_or_default());
        }
    }
}

fn decode(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("decode", 0, "value").text(&mut args)?;
    from_json(&text)
}

/// Returns the value of a JSON text.
///
/// # Errors
/// `EvaluationError` with the place of what is wrong.
pub fn from_json(text: &str) -> Eval<Value> {
    let keys = RefCell::new(Keys::default());
    let mut reader = serde_json::Deserializer::from_str(text);
    let decoded = Reader(&keys).deserialize(&mut reader);
    let decoded = decoded.and_then(|value| reader.end().map(|()| value));
    decoded.map_err(|error| failure(error.to_string()))
}

fn validate(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("validate", 0, "value").text(&mut args)?;
    Ok(Value::Bool(serde_json::from_str::<de::IgnoredAny>(&text).is_ok()))
}

fn merge(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let source = subject("merge", "src", interp, &mut args)?;
    let patch = Param("merge", 1, "patch").value(&mut args)?;
    let patch = interp.force_deep(patch)?;
    Ok(merged(&source, &patch, 0))
}

/// Applies a merge patch (RFC 7396): None deletes, dicts merge, anything else replaces.
fn merged(source: &Value, patch: &Value, depth: u32) -> Value {
    let (Some(patch), true) = (patch.as_dict(), depth < DEPTH_LIMIT) else { return patch.clone() };
    let mut out = source.as_dict().cloned().unwrap_or_default();
    for (key, value) in patch.iter() {
        if value.is_nullish() {
            out.remove(key);
            continue;
        }
        let merged = merged(out.get(key).unwrap_or(&Value::None), value, depth.saturating_add(1));
        out.insert(Text::clone(key), merged);
    }
    Value::dict(out)
}

/// Slots of [`Keys`], a power of two.
const KEY_SLOTS: usize = 256;

/// Keys that were read last: the same ones come again and again, and are shared.
struct Keys(Vec<Option<Text>>);

impl Default for Keys {
    fn default() -> Self {
        Self(vec![None; KEY_SLOTS])
    }
}

impl Keys {
    fn shared(&mut self, key: &str) -> Text {
        // Length and both ends tell the keys of one kind of record apart well enough.
        let bytes = key.as_bytes();
        let ends = bytes.first().zip(bytes.last()).map_or(0, |(first, last)| {
            usize::from(*first).wrapping_mul(31).wrapping_add(usize::from(*last))
        });
        let at = ends.wrapping_mul(7).wrapping_add(bytes.len()) % KEY_SLOTS;
        match self.0.get_mut(at) {
            Some(Some(known)) if **known == *key => Text::clone(known),
            Some(slot) => Text::clone(slot.insert(Text::from(key))),
            None => Text::from(key),
        }
    }
}

/// Reads a value; `serde_json` bounds the nesting.
#[derive(Clone, Copy)]
struct Reader<'k>(&'k RefCell<Keys>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Reads a key.
struct KeyReader<'k>(&'k RefCell<Keys>);

impl<'de> DeserializeSeed<'de> for KeyReader<'_> {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyReader<'_> {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Text, E> {
        Ok(self.0.borrow_mut().shared(key))
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::Float(crate::u64_to_f64(value)), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::str(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::list(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut dict = Dict::with_capacity(8);
        while let Some(key) = map.next_key_seed(KeyReader(self.0))? {
            let value = map.next_value_seed(self)?;
            dict.insert(key, value);
        }
        Ok(Value::dict(dict))
    }
}
