//! The text that is being made: lines, indentation, and comments in their places.
//!
//! A *line* is what may have comments of its own before it and one behind it: a statement, an
//! entry, an item, a header. Comments are taken in order. A comment within a line that has no
//! place there (the line is joined from several) moves to a line before it.

use super::source::Source;
use std::borrow::Cow;

/// Spaces of a level.
const INDENT: &str = "    ";

/// What becomes of empty lines between comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    /// One stays where there were any: between statements.
    Keep,
    /// They go: between entries.
    Drop,
}

/// A line that is being written.
struct Line {
    /// Where it begins in the result, indentation included.
    at: usize,
    /// Indexes of the comments that move to lines before it.
    moved: Vec<usize>,
}

/// State of the formatter.
pub(super) struct Printer<'s> {
    pub source: &'s Source<'s>,
    out: String,
    depth: usize,
    /// Index of the next comment.
    next: usize,
    lines: Vec<Line>,
    moved: bool,
}

impl<'s> Printer<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        let (out, lines) = (String::new(), Vec::new());
        Self { source, out, depth: 0, next: 0, lines, moved: false }
    }

    /// Writes the comments that are left; returns the text, and whether comments moved.
    pub(super) fn finish(mut self) -> (String, bool) {
        self.comments_before(u32::MAX, Gaps::Keep);
        let end = self.out.trim_end_matches('\n').len();
        self.out.truncate(end);
        if end > 0 {
            self.out.push('\n');
        }
        (self.out, self.moved)
    }

    /// Writes text within a line.
    pub(super) fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Ends a line, or makes an empty one.
    pub(super) fn newline(&mut self) {
        self.out.push('\n');
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push_str(INDENT);
        }
    }

    /// Begins a line, behind the comments before `start`.
    pub(super) fn open_line(&mut self, start: u32, gaps: Gaps) {
        self.comments_before(start, gaps);
        self.lines.push(Line { at: self.out.len(), moved: Vec::new() });
        self.indent();
    }

    /// Ends a line that ends at `end` in the source, with the comment behind it.
    pub(super) fn close_line(&mut self, end: u32) {
        self.end_line(end);
        self.comment_behind(end);
        self.newline();
    }

    /// Ends a line that opens a block; a comment behind it goes into the block.
    pub(super) fn close_header(&mut self, end: u32) {
        self.end_line(end);
        self.newline();
    }

    /// Puts the comments before a line that have no place within it.
    fn end_line(&mut self, end: u32) {
        self.move_comments(end);
        let Some(line) = self.lines.pop() else { return };
        if line.moved.is_empty() {
            return;
        }
        let mut text = String::new();
        for at in line.moved {
            for _ in 0..self.depth {
                text.push_str(INDENT);
            }
            text.push_str(&self.comment(at));
            text.push('\n');
        }
        self.out.insert_str(line.at, &text);
        self.moved = true;
    }

    /// Takes the comments before `to` out of the line that is being written.
    fn move_comments(&mut self, to: u32) {
        while self.source.comments.get(self.next).is_some_and(|comment| comment.0 < to) {
            if let Some(line) = self.lines.last_mut() {
                line.moved.push(self.next);
            }
            self.next = self.next.saturating_add(1);
        }
    }

    /// Writes the comment that follows `end` on its line.
    fn comment_behind(&mut self, end: u32) {
        let Some(comment) = self.source.comments.get(self.next) else { return };
        if self.source.same_line(end, comment.0) && self.source.is_blank(end, comment.0) {
            self.write(" ");
            self.write(&self.comment(self.next));
            self.next = self.next.saturating_add(1);
        }
    }

    fn comment(&self, at: usize) -> Cow<'s, str> {
        let (start, end) = self.source.comments.get(at).copied().unwrap_or_default();
        self.source.slice(start, end)
    }

    /// Writes the comments before `to`, each on a line of its own.
    pub(super) fn comments_before(&mut self, to: u32, gaps: Gaps) {
        self.comments_while(gaps, |_, comment| comment < to);
    }

    /// Writes the comments at the end of an indented block: those before the next token that are
    /// indented more than the line that opens the block.
    pub(super) fn comments_of_block(&mut self, header: u32, last: u32) {
        let column = self.source.column(header);
        let to = self.source.next_token(last);
        self.comments_while(Gaps::Drop, |source, comment| {
            comment < to && source.column(comment) > column
        });
    }

    fn comments_while(&mut self, gaps: Gaps, wanted: impl Fn(&Source<'_>, u32) -> bool) {
        let mut before = None;
        while let Some((start, end)) = self.source.comments.get(self.next).copied()
            && wanted(self.source, start)
        {
            let gap = before.is_some_and(|end| self.source.lines_between(end, start) > 0);
            if gap && gaps == Gaps::Keep {
                self.newline();
            }
            self.indent();
            self.write(&self.comment(self.next));
            self.newline();
            before = Some(end);
            self.next = self.next.saturating_add(1);
        }
    }

    /// Goes one level deeper.
    pub(super) fn deeper(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    /// Comes back up.
    pub(super) fn shallower(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Opens a bracket whose content stands on lines of its own. The bracket is at `at`; what
    /// comes before it is done with.
    pub(super) fn open_bracket(&mut self, mark: &str, at: u32) {
        self.move_comments(at);
        self.write(mark);
        self.comment_behind(at.saturating_add(1));
        self.newline();
        self.deeper();
    }

    /// Closes a bracket whose last byte is before `end`.
    pub(super) fn close_bracket(&mut self, mark: &str, end: u32) {
        self.comments_before(end, Gaps::Drop);
        self.shallower();
        self.indent();
        self.write(mark);
    }
}
