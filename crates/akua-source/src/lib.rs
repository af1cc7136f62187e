//! Ground of every other crate: where a byte is (`Span`, `FileId`, `SourceMap`) and what is wrong
//! with it (`Diagnostic`).
//!
//! **Invariant:** plain data. Nothing here reads a file, formats for a terminal or knows a
//! language. Start with `diagnostic.rs`.
#![forbid(unsafe_code)]

mod diagnostic;
mod span;

pub use diagnostic::{Diagnostic, Frame, Label, Severity};
pub use span::{FileId, Location, SourceFile, SourceMap, Span};
