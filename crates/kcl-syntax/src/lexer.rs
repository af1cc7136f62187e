//! Text to tokens. Layout is not a token: each token knows whether it opens a line, and how far
//! that line is indented.

use crate::token::{Kw, OPS, Op, Tok, Token};

/// Something wrong with the characters of the text.
#[derive(Debug)]
pub(crate) struct LexError {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What is wrong.
    pub message: &'static str,
    /// What to do; may be empty.
    pub help: &'static str,
}

/// What the lexer found in a piece of text.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// Tokens; the last one is [`Tok::Eof`].
    pub tokens: Vec<Token>,
    /// Places of comments, `#` included.
    pub comments: Vec<(u32, u32)>,
    /// What is wrong.
    pub errors: Vec<LexError>,
}

/// Cuts a whole file into tokens.
pub(crate) fn lex(text: &str) -> Lexed {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    Lexer::new(text, start, text.len(), false).run()
}

/// Cuts the expression of an interpolation into tokens: from `start` up to the `}` that closes it,
/// to a `: #format`, or to `end`. The [`Tok::Eof`] stands where it stopped.
pub(crate) fn lex_interpolation(text: &str, start: usize, end: usize) -> Lexed {
    Lexer::new(text, start, end, true).run()
}

/// State of the lexer.
struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    end: usize,
    interpolation: bool,
    depth: usize,
    first: bool,
    column: u16,
    indent: &'t str,
    out: Lexed,
}

impl<'t> Lexer<'t> {
    fn new(text: &'t str, start: usize, end: usize, interpolation: bool) -> Self {
        let mut out = Lexed::default();
        out.tokens.reserve(end.saturating_sub(start) / 4);
        Self {
            text,
            bytes: text.as_bytes().get(..end).unwrap_or_default(),
            at: start,
            end,
            interpolation,
            depth: 0,
            first: !interpolation,
            column: 0,
            indent: "",
            out,
        }
    }

    fn run(mut self) -> Lexed {
        if !self.interpolation {
            self.line_start();
        }
        while let Some(byte) = self.peek(0) {
            if self.interpolation && self.depth == 0 && self.ends_interpolation(byte) {
                break;
            }
            self.token(byte);
        }
        // The end counts as a new line, so that no statement runs into it.
        self.first = true;
        self.column = 0;
        let at = self.at;
        self.push(Tok::Eof, at);
        self.out
    }

    /// Reads one token, or skips what is none.
    fn token(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | 0x0c => self.advance(1),
            b'\n' => {
                self.advance(1);
                self.line_start();
            }
            b'#' => self.comment(),
            b'\\' => self.continuation(),
            b'0'..=b'9' => self.number(),
            b'"' | b'\'' => self.string(0, false),
            b'r' | b'R' if matches!(self.peek(1), Some(b'"' | b'\'')) => self.string(1, true),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(0),
            b'$' if self.char_at(1).is_some_and(is_name_start) => self.name(1),
            0x80.. if self.char_at(0).is_some_and(is_name_start) => self.name(0),
            _ => self.operator(),
        }
    }

    /// Measures the indentation of a line, and skips it.
    fn line_start(&mut self) {
        let start = self.at;
        while let Some(b' ' | b'\t') = self.peek(0) {
            self.advance(1);
        }
        self.first = true;
        let width = self.at.saturating_sub(start);
        self.column = u16::try_from(width).unwrap_or(u16::MAX);
        if self.depth > 0 || matches!(self.peek(0), None | Some(b'\n' | b'\r' | b'#')) {
            return;
        }
        let indent = self.text.get(start..self.at).unwrap_or("");
        if !indent.starts_with(self.indent) && !self.indent.starts_with(indent) {
            self.error(
                start,
                self.at,
                "inconsistent use of tabs and spaces in indentation",
                "indent all lines of a block with the same characters",
            );
        }
        self.indent = indent;
    }

    /// Reads a comment up to the end of its line, without the `\r` at its end.
    fn comment(&mut self) {
        let start = self.at;
        while !matches!(self.peek(0), None | Some(b'\n')) {
            self.advance(1);
        }
        let mut end = self.at;
        while end > start && self.bytes.get(end.saturating_sub(1)) == Some(&b'\r') {
            end = end.saturating_sub(1);
        }
        self.out.comments.push((offset(start), offset(end)));
    }

    /// Reads a `\` that joins two lines.
    fn continuation(&mut self) {
        let start = self.at;
        self.advance(1);
        if self.peek(0) == Some(b'\r') {
            self.advance(1);
        }
        if self.peek(0) == Some(b'\n') {
            self.advance(1);
        } else if self.at < self.end {
            self.error(
                start,
                start.saturating_add(1),
                "unexpected character after line continuation character",
                "end the line right after the `\\`, or remove it",
            );
        }
    }

    /// Reads a number: digits, letters, `_`, a fraction and a signed exponent; the parser decodes.
    fn number(&mut self) {
        let start = self.at;
        let radix = self.peek(0) == Some(b'0')
            && matches!(self.peek(1), Some(b'x' | b'o' | b'b' | b'X' | b'O' | b'B'));
        self.digits(radix);
        if !radix && self.peek(0) == Some(b'.') {
            // `1.5` and `1.` are floats, `1.name` is a member.
            let next = self.char_at(1);
            if !next.is_some_and(|c| is_name_start(c) || c == '.') {
                self.advance(1);
                self.digits(false);
            }
        }
        self.push(Tok::Number, start);
    }

    /// Skips digits and letters, and the sign of an exponent.
    fn digits(&mut self, radix: bool) {
        while let Some(byte) = self.peek(0) {
            let exponent = matches!(byte, b'e' | b'E') && !radix;
            match byte {
                _ if exponent && matches!(self.peek(1), Some(b'+' | b'-')) => self.advance(2),
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.advance(1),
                _ => break,
            }
        }
    }

    /// Reads a string with a prefix of `prefix` bytes. What is in it is decoded by the parser.
    fn string(&mut self, prefix: usize, raw: bool) {
        let start = self.at;
        self.advance(prefix);
        let quote = self.peek(0).unwrap_or(b'"');
        let long = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        self.advance(if long { 3 } else { 1 });
        loop {
            match self.peek(0) {
                None => break,
                Some(b'\n') if !long => break,
                // In a raw string, too, a backslash keeps a quote from closing it.
                Some(b'\\') if raw && self.peek(1) == Some(b'\n') && !long => break,
                Some(b'\\') if self.peek(1) == Some(b'\n') && !long => {
                    self.advance(1);
                    break;
                }
                Some(b'\\') => self.advance_char_after_backslash(),
                Some(byte) if byte == quote => {
                    if !long {
                        self.advance(1);
                        return self.push(Tok::Str, start);
                    }
                    if self.peek(1) == Some(quote) && self.peek(2) == Some(quote) {
                        self.advance(3);
                        return self.push(Tok::Str, start);
                    }
                    self.advance(1);
                }
                Some(_) => self.advance(1),
            }
        }
        let opening = start.saturating_add(prefix).saturating_add(if long { 3 } else { 1 });
        self.error(start, opening.min(self.end), "unterminated string", "close it with its quote");
        self.push(Tok::OpenStr, start);
    }

    /// Skips a backslash and what it escapes.
    fn advance_char_after_backslash(&mut self) {
        self.advance(1);
        if let Some(c) = self.char_at(0) {
            self.advance(c.len_utf8());
        }
    }

    /// Reads a name that begins after `prefix` bytes.
    fn name(&mut self, prefix: usize) {
        let start = self.at;
        self.advance(prefix);
        while let Some(byte) = self.peek(0) {
            match byte {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.advance(1),
                0x80.. => match self.char_at(0) {
                    Some(c) if c.is_alphanumeric() => self.advance(c.len_utf8()),
                    _ => break,
                },
                _ => break,
            }
        }
        let kind = self.text.get(start..self.at).and_then(Kw::from_text);
        self.push(kind.map_or(Tok::Name, Tok::Keyword), start);
    }

    /// Reads punctuation; reports what is no token at all.
    fn operator(&mut self) {
        let start = self.at;
        let Some((op, width)) = self.mark() else {
            let width = self.char_at(0).map_or(1, char::len_utf8);
            self.advance(width);
            return self.error(start, self.at, "unknown start of token", "remove this character");
        };
        match op {
            Op::LParen | Op::LBracket | Op::LBrace => self.depth = self.depth.saturating_add(1),
            Op::RParen | Op::RBracket | Op::RBrace => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.advance(width);
        self.push(Tok::Op(op), start);
    }

    /// Returns the punctuation that stands here and its width: one byte, or the longest mark that
    /// fits.
    fn mark(&self) -> Option<(Op, usize)> {
        let byte = self.peek(0)?;
        let single = match byte {
            b'(' => Op::LParen,
            b')' => Op::RParen,
            b'[' => Op::LBracket,
            b']' => Op::RBracket,
            b'{' => Op::LBrace,
            b'}' => Op::RBrace,
            b',' => Op::Comma,
            b':' => Op::Colon,
            b'=' if self.peek(1) != Some(b'=') => Op::Eq,
            b'.' if self.peek(1) != Some(b'.') => Op::Dot,
            _ => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                let fits = |(mark, _): &&(&str, Op)| rest.starts_with(mark.as_bytes());
                return OPS.iter().find(fits).map(|(mark, op)| (*op, mark.len()));
            }
        };
        Some((single, 1))
    }

    /// Returns whether the expression of an interpolation ends here.
    fn ends_interpolation(&self, byte: u8) -> bool {
        if byte == b':' {
            let rest = self.bytes.get(self.at.saturating_add(1)..).unwrap_or_default();
            return rest.iter().find(|b| !matches!(b, b' ' | b'\t')) == Some(&b'#');
        }
        byte == b'}'
    }

    fn push(&mut self, kind: Tok, start: usize) {
        self.out.tokens.push(Token {
            kind,
            first: self.first,
            column: self.column,
            start: offset(start),
            end: offset(self.at),
        });
        self.first = false;
    }

    fn error(&mut self, start: usize, end: usize, message: &'static str, help: &'static str) {
        let (start, end) = (offset(start), offset(end));
        self.out.errors.push(LexError { start, end, message, help });
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.saturating_add(ahead)).copied()
    }

    fn char_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at.saturating_add(ahead)..self.end)?.chars().next()
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.end);
    }
}

/// Returns whether a name may begin with this character.
fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Returns a byte offset as the tree stores it.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
