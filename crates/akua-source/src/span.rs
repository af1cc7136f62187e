//! Byte positions in source files, and the table of files that gives them lines and columns.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Index of a file in a [`SourceMap`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct FileId(pub u32);

/// A range of bytes in one file: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Span {
    /// File that the bytes are in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Returns the range `start..end` of `file`.
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// Returns a range of bytes of `file`.
    pub fn of(file: FileId, range: &Range<usize>) -> Self {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self::new(file, byte(range.start), byte(range.end))
    }

    /// Returns the smallest span that covers both (which lie in one file).
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A position for people: 1-based line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One source text and its name, as shown to people.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceFile {
    /// Name for people: a path relative to the working folder or the package.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// All source texts of one run; a [`FileId`] is an index into it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { name: name.into(), text: text.into() });
        id
    }

    /// Returns a file, or `None` where a guest made up its id.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// Returns the line and column of the first byte of `span`.
    pub fn location(&self, span: Span) -> Option<Location> {
        let text = &self.get(span.file)?.text;
        let end = floor_char_boundary(text, usize::try_from(span.start).ok()?);
        let before = text.get(..end)?;
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let column = before.get(line_start..)?.chars().count();
        Some(Location {
            line: u32::try_from(lines.saturating_add(1)).ok()?,
            column: u32::try_from(column.saturating_add(1)).ok()?,
        })
    }

    /// Returns all files in order of their ids.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }
}

/// Returns the largest character boundary of `text` that is at most `at`.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, start: u32, line: u32, column: u32) {
        let mut map = SourceMap::default();
        let file = map.add("a.k", text);
        let location = map.location(Span::new(file, start, start));
        assert_eq!(location, Some(Location { line, column }));
    }

    #[test]
    fn locations_count_characters_from_one() {
        check("a = 1\nb = 2\n", 6, 2, 1);
        check("é = 1", 3, 1, 3);
        check("é", 1, 1, 1);
        check("", 99, 1, 1);
    }
}
