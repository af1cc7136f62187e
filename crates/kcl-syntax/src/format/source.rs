//! The text being formatted: tokens, comments and lines by their place.

use crate::lexer;
use crate::token::{Tok, Token};
use akua_source::Span;
use std::borrow::Cow;

/// A text with what the tree leaves out of it.
pub(super) struct Source<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// Places of comments, `#` included, in order.
    pub comments: Vec<(u32, u32)>,
    /// Where lines begin.
    lines: Vec<u32>,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let lexed = lexer::lex(text);
        let breaks = text.bytes().zip(1_u32..).filter(|(byte, _)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(_, next)| next)).collect();
        Self { text, tokens: lexed.tokens, comments: lexed.comments, lines }
    }

    /// Returns the text of a place, lines ended by `\n`.
    pub(super) fn slice(&self, start: u32, end: u32) -> Cow<'t, str> {
        let found = self.text.get(index(start)..index(end)).unwrap_or("");
        if found.contains("\r\n") {
            return Cow::Owned(found.replace("\r\n", "\n"));
        }
        Cow::Borrowed(found)
    }

    /// Returns the text of a span.
    pub(super) fn text(&self, span: Span) -> Cow<'t, str> {
        self.slice(span.start, span.end)
    }

    /// Returns the line of a byte, from 0.
    pub(super) fn line(&self, at: u32) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns whether two bytes are on one line.
    pub(super) fn same_line(&self, a: u32, b: u32) -> bool {
        self.line(a) == self.line(b)
    }

    /// Returns how far from the start of its line a byte is.
    pub(super) fn column(&self, at: u32) -> u32 {
        at.saturating_sub(self.lines.get(self.line(at)).copied().unwrap_or(0))
    }

    /// Returns the number of lines between two bytes.
    pub(super) fn lines_between(&self, before: u32, after: u32) -> usize {
        self.line(after).saturating_sub(self.line(before)).saturating_sub(1)
    }

    /// Returns whether a comment begins between two bytes.
    pub(super) fn has_comment(&self, from: u32, to: u32) -> bool {
        let at = self.comments.partition_point(|comment| comment.0 < from);
        self.comments.get(at).is_some_and(|comment| comment.0 < to)
    }

    /// Returns whether a comment has a line of its own between two bytes.
    pub(super) fn has_own_line_comment(&self, from: u32, to: u32) -> bool {
        let next = index_of(self.line(from)).saturating_add(1);
        let next = self.lines.get(index(next)).copied().unwrap_or(to);
        self.has_comment(next, to)
    }

    /// Returns whether nothing but blanks and commas stands between two bytes.
    pub(super) fn is_blank(&self, from: u32, to: u32) -> bool {
        self.text
            .get(index(from)..index(to))
            .is_some_and(|text| text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b',')))
    }

    /// Returns the index of the first token at or after a byte.
    fn token_at(&self, at: u32) -> usize {
        self.tokens.partition_point(|token| token.start < at)
    }

    /// Returns where the next token begins, at or after a byte.
    pub(super) fn next_token(&self, at: u32) -> u32 {
        self.tokens.get(self.token_at(at)).map_or(u32::MAX, |token| token.start)
    }

    /// Returns where the `back`th token before the one at a byte begins.
    pub(super) fn token_before(&self, at: u32, back: usize) -> u32 {
        self.tokens.get(self.token_at(at).saturating_sub(back)).map_or(at, |token| token.start)
    }

    /// Returns whether the next token, at or after a byte, is of a kind.
    pub(super) fn is_next(&self, kind: Tok, at: u32) -> bool {
        self.tokens.get(self.token_at(at)).is_some_and(|token| token.kind == kind)
    }

    /// Returns where the first token of a kind begins, at or after a byte; `from` where there is
    /// none.
    pub(super) fn find(&self, kind: Tok, from: u32) -> u32 {
        let mut after = self.tokens.iter().skip(self.token_at(from));
        after.find(|token| token.kind == kind).map_or(from, |token| token.start)
    }
}

/// Returns an offset as an index.
pub(super) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Returns an index as an offset.
fn index_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
