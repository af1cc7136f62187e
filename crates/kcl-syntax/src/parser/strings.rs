//! String literals: prefixes, quotes, escapes and interpolation.

use super::Parser;
use super::margin::without_margin;
use crate::ast::{ExprKind, Name, StrPart, Text};
use crate::lexer;
use crate::parser::to_usize;
use crate::token::Tok;
use akua_source::Span;
use std::borrow::Cow;

/// Character that stands for a code point which is none, such as half a surrogate pair.
const REPLACEMENT: char = '\u{fffd}';

/// The pieces of a string as they are read.
#[derive(Default)]
struct Pieces {
    parts: Vec<StrPart>,
    text: String,
}

impl Pieces {
    /// Drops the newline that opens a long string, once its first piece is there.
    fn start(&mut self, long: bool) {
        if long && self.parts.is_empty() && self.text.starts_with('\n') {
            self.text.remove(0);
        }
    }

    /// Ends the text piece that is being read.
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(StrPart::Text(Text::from(self.text.as_str())));
            self.text.clear();
        }
    }
}

impl Parser<'_> {
    /// A string token as an expression.
    #[inline(never)]
    pub(super) fn string(&mut self) -> ExprKind {
        let token = self.bump();
        let source = self.slice(token.start, token.end);
        let raw = source.starts_with(['r', 'R']);
        let quoted = if raw { source.get(1..).unwrap_or("") } else { source };
        let quote = quoted.get(..1).unwrap_or("\"");
        let long = quoted.len() >= 3 && quoted.bytes().take(3).all(|b| quote.as_bytes() == [b]);
        let width = if long { 3 } else { 1 };
        let skipped = usize::from(raw).saturating_add(width);
        let start = to_usize(token.start).saturating_add(skipped);
        let closing = if token.kind == Tok::Str { width } else { 0 };
        let end = to_usize(token.end).saturating_sub(closing).max(start);
        let content = self.text.get(start..end).unwrap_or("");
        if raw || !(content.contains('\\') || content.contains("${")) {
            let text = line_ends(content);
            if !long {
                return ExprKind::Str(Text::from(&*text));
            }
            let text = Text::from(text.strip_prefix('\n').unwrap_or(&text));
            return joined(vec![StrPart::Text(text)], long);
        }
        self.pieces(start, end, long)
    }

    /// Decodes the text between the quotes. Long strings leave out a newline at their start, even
    /// one that is written as an escape.
    fn pieces(&mut self, start: usize, end: usize, long: bool) -> ExprKind {
        let mut pieces = Pieces::default();
        let mut at = start;
        while at < end && !self.aborted {
            let rest = self.text.get(at..end).unwrap_or("");
            let plain = rest.find(['\\', '$', '\r']).unwrap_or(rest.len());
            pieces.text.push_str(rest.get(..plain).unwrap_or(""));
            at = at.saturating_add(plain);
            let rest = rest.get(plain..).unwrap_or("");
            let used = if rest.starts_with('\\') {
                self.escape(at, rest, &mut pieces.text)
            } else if rest.starts_with("${") {
                pieces.start(long);
                pieces.flush();
                at = self.interpolation(at, end, &mut pieces);
                continue;
            } else if rest.starts_with("\r\n") {
                1
            } else {
                let Some(c) = rest.chars().next() else { break };
                pieces.text.push(c);
                c.len_utf8()
            };
            at = at.saturating_add(used);
        }
        pieces.start(long);
        pieces.flush();
        joined(pieces.parts, long)
    }

    /// Decodes the escape at the start of `rest`; returns how many bytes it takes.
    fn escape(&mut self, at: usize, rest: &str, out: &mut String) -> usize {
        // A backslash before `${`, be it escaped itself or not, keeps the text as it is.
        for (mark, len) in [("\\\\${", 4), ("\\${", 3)] {
            if rest.starts_with(mark) {
                out.push_str("${");
                return len;
            }
        }
        let mut chars = rest.chars().skip(1);
        let Some(c) = chars.next() else {
            out.push('\\');
            return 1;
        };
        let plain = match c {
            '\n' => return 2,
            '\r' if chars.next() == Some('\n') => return 3,
            '\\' | '\'' | '"' => c,
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0'..='7' => return octal(rest, out),
            'x' => return self.coded(at, rest, 2, out),
            'u' => return self.coded(at, rest, 4, out),
            'U' => return self.coded(at, rest, 8, out),
            'N' => return self.coded(at, rest, 0, out),
            _ => {
                out.push('\\');
                out.push(c);
                return c.len_utf8().saturating_add(1);
            }
        };
        out.push(plain);
        2
    }

    /// Decodes `\x41` and its longer kin.
    fn coded(&mut self, at: usize, rest: &str, digits: usize, out: &mut String) -> usize {
        let digits_end = digits.saturating_add(2);
        let code = rest
            .get(2..digits_end)
            .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u32::from_str_radix(text, 16).ok())
            .filter(|code| *code <= 0x0010_ffff);
        let Some(code) = code else {
            let span = self.span_at(at, at.saturating_add(2));
            let message = match digits {
                0 => "character names are not supported".to_owned(),
                _ => format!("expected {digits} hexadecimal digits of a character"),
            };
            self.error_at(span, message);
            return 2;
        };
        out.push(char::from_u32(code).unwrap_or(REPLACEMENT));
        digits_end
    }

    /// `"${" expr [":" "#" format] "}"`; returns where the text goes on.
    #[inline(never)]
    fn interpolation(&mut self, at: usize, end: usize, pieces: &mut Pieces) -> usize {
        let start = at.saturating_add(2);
        let lexed = lexer::lex_interpolation(self.text, start, end);
        let (tokens, outer_at) = self.take_lexed(lexed);
        let outer = (self.last_end, self.fresh, self.line_column);
        let (heads, in_parens) = (self.heads, self.in_parens);
        // Within the braces, lines mean nothing.
        self.in_parens = true;
        self.heads = super::Heads::Allowed;
        self.last_end = u32::try_from(start).unwrap_or(u32::MAX);
        let value = self.expr();
        let stop = to_usize(self.tokens.last().map_or(0, |token| token.end)).max(start);
        if self.kind() != Tok::Eof && !matches!(value.kind, ExprKind::Error) {
            self.expected("`}`");
        }
        (self.tokens, self.at) = (tokens, outer_at);
        (self.last_end, self.fresh, self.line_column) = outer;
        (self.heads, self.in_parens) = (heads, in_parens);
        if self.aborted {
            self.at = self.tokens.len().saturating_sub(1);
        }
        let rest = self.text.get(stop..end).unwrap_or("");
        let Some(close) = rest.find('}') else {
            let span = self.span_at(at, start);
            self.error_at(span, "expected `}` at the end of the interpolation");
            return end;
        };
        let format = self.format(stop, rest.get(..close).unwrap_or(""));
        pieces.parts.push(StrPart::Expr { value, format });
        stop.saturating_add(close).saturating_add(1)
    }

    /// `":" "#" format` of an interpolation, which begins at `at`.
    fn format(&self, at: usize, spec: &str) -> Option<Name> {
        let format = spec.strip_prefix(':')?;
        let text = Text::from(format.trim());
        let from = at.saturating_add(spec.len().saturating_sub(format.trim_start().len()));
        let to = from.saturating_add(text.len());
        Some(Name { text, span: self.span_at(from, to) })
    }

    /// Returns a span of byte indexes.
    fn span_at(&self, start: usize, end: usize) -> Span {
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(start), offset(end))
    }
}

/// Returns the string of some parts: plain where all of it is text.
fn joined(mut parts: Vec<StrPart>, long: bool) -> ExprKind {
    if long {
        without_margin(&mut parts);
    }
    match parts.as_slice() {
        [] => ExprKind::Str("".into()),
        [StrPart::Text(text)] => ExprKind::Str(Text::clone(text)),
        _ => ExprKind::Interpolated(parts),
    }
}

/// Decodes `\101`: one to three octal digits.
fn octal(rest: &str, out: &mut String) -> usize {
    let mut code = 0_u32;
    let mut used = 1_usize;
    for digit in rest.chars().skip(1).take(3).map_while(|c| c.to_digit(8)) {
        code = code.saturating_mul(8).saturating_add(digit);
        used = used.saturating_add(1);
    }
    out.push(char::from_u32(code).unwrap_or(REPLACEMENT));
    used
}

/// Returns the text with `\n` at the ends of its lines.
fn line_ends(content: &str) -> Cow<'_, str> {
    if content.contains("\r\n") {
        return Cow::Owned(content.replace("\r\n", "\n"));
    }
    Cow::Borrowed(content)
}
