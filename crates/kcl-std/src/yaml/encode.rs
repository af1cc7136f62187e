//! Values to YAML text, in the reference's style: block collections, lists not indented below
//! their key, `|` for text of several lines, quotes where a reader could see another type.

use super::scalar::is_ambiguous;
use crate::args::failure;
use crate::plain::{DEPTH_LIMIT, Encoding, Plain, float_text};
use kcl_eval::budget::{TEXT_LIMIT_BYTES, admit};
use kcl_eval::library::Eval;
use kcl_eval::value::{Text, Value};
use std::fmt::Write as _;

/// Returns the YAML of a value, with a newline at its end.
///
/// # Errors
/// `EvaluationError` where the value is nested too deeply.
pub fn to_yaml(value: &Value, encoding: Encoding) -> Eval<String> {
    let mut writer = Writer { out: String::new(), encoding, depth: 0 };
    match encoding.plain(value) {
        Plain::List(items) if !items.is_empty() => writer.list(items, 0)?,
        Plain::Dict(entries) if !entries.is_empty() => writer.dict(entries, 0)?,
        other => writer.scalar(&other, 2),
    }
    Ok(writer.out)
}

struct Writer {
    out: String,
    encoding: Encoding,
    depth: u32,
}

impl Writer {
    /// Writes the items of a list; the cursor stands where the first dash belongs.
    fn list(&mut self, items: Vec<&Value>, indent: usize) -> Eval<()> {
        self.enter()?;
        let inner = indent.saturating_add(2);
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.indent(indent);
            }
            self.out.push_str("- ");
            match self.encoding.plain(item) {
                Plain::List(items) if !items.is_empty() => self.list(items, inner)?,
                Plain::Dict(entries) if !entries.is_empty() => self.dict(entries, inner)?,
                other => self.scalar(&other, inner),
            }
        }
        self.depth = self.depth.saturating_sub(1);
        admit("the encoding", self.out.len(), TEXT_LIMIT_BYTES)
    }

    /// Writes the entries of a dict; the cursor stands where the first key belongs.
    fn dict(&mut self, entries: Vec<(&Text, &Value)>, indent: usize) -> Eval<()> {
        self.enter()?;
        let inner = indent.saturating_add(2);
        for (at, (key, value)) in entries.into_iter().enumerate() {
            if at > 0 {
                self.indent(indent);
            }
            self.string(key, None);
            self.out.push(':');
            match self.encoding.plain(value) {
                Plain::List(items) if !items.is_empty() => {
                    self.out.push('\n');
                    self.indent(indent);
                    self.list(items, indent)?;
                }
                Plain::Dict(entries) if !entries.is_empty() => {
                    self.out.push('\n');
                    self.indent(inner);
                    self.dict(entries, inner)?;
                }
                other => {
                    self.out.push(' ');
                    self.scalar(&other, inner);
                }
            }
        }
        self.depth = self.depth.saturating_sub(1);
        admit("the encoding", self.out.len(), TEXT_LIMIT_BYTES)
    }

    fn enter(&mut self) -> Eval<()> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_LIMIT {
            return Err(failure(format!("the value is nested deeper than {DEPTH_LIMIT} levels")));
        }
        Ok(())
    }

    fn indent(&mut self, by: usize) {
        self.out.extend(std::iter::repeat_n(' ', by));
    }

    /// Writes what fits on a line, or a block of text indented by `block`; then a newline.
    fn scalar(&mut self, value: &Plain<'_>, block: usize) {
        match value {
            Plain::Null => self.out.push_str("null"),
            Plain::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Plain::Int(value) => self.out.push_str(&value.to_string()),
            Plain::Float(value) => self.out.push_str(&float_text(*value, "")),
            Plain::Str(text) => return self.string_line(text, block),
            Plain::List(_) => self.out.push_str("[]"),
            Plain::Dict(_) => self.out.push_str("{}"),
        }
        self.out.push('\n');
    }

    fn string_line(&mut self, text: &str, block: usize) {
        self.string(text, Some(block));
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Writes a string in the style that it needs; as a block only where `block` allows it.
    fn string(&mut self, text: &str, block: Option<usize>) {
        match block {
            Some(indent) if fits_block(text) => self.block(text, indent),
            _ if text.contains('\n') || text.chars().any(is_special) => self.double_quoted(text),
            _ if is_ambiguous(text) || !fits_plain(text) => {
                self.out.push('\'');
                self.out.push_str(&text.replace('\'', "''"));
                self.out.push('\'');
            }
            _ => self.out.push_str(text),
        }
    }

    /// Writes a literal block.
    fn block(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        match text.strip_suffix('\n') {
            None => self.out.push('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.out.push('+'),
            Some(_) => {}
        }
        self.out.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.indent(indent);
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
    }

    fn double_quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let escape = match c {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\0' => "\\0",
                '\u{7}' => "\\a",
                '\u{8}' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\u{b}' => "\\v",
                '\u{c}' => "\\f",
                '\r' => "\\r",
                '\u{1b}' => "\\e",
                '\u{85}' => "\\N",
                '\u{2028}' => "\\L",
                '\u{2029}' => "\\P",
                c if is_special(c) => {
                    let code = u32::from(c);
                    let _written = match code {
                        0..=0xff => write!(self.out, "\\x{code:02X}"),
                        0x100..=0xffff => write!(self.out, "\\u{code:04X}"),
                        _ => write!(self.out, "\\U{code:08X}"),
                    };
                    continue;
                }
                c => {
                    self.out.push(c);
                    continue;
                }
            };
            self.out.push_str(escape);
        }
        self.out.push('"');
    }
}

/// Returns whether a character can only be written as an escape.
fn is_special(c: char) -> bool {
    !matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a text can be a literal block: several lines, nothing that a block would lose.
fn fits_block(text: &str) -> bool {
    text.contains('\n')
        && !text.contains(" \n")
        && !text.ends_with(' ')
        && !text.chars().any(|c| c != '\n' && is_special(c))
}

/// Returns whether a text of one line may stand without quotes.
fn fits_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let indicator = match first {
        Some('?' | ':') => second.is_none_or(|c| c == ' '),
        Some(c) => "#,[]{}&*!|>'\"%@` ".contains(c),
        None => true,
    };
    let document = text == "---" || text == "...";
    !indicator
        && !document
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}
