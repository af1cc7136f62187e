//! Ground of every other crate: where a byte is (`Span`, `FileId`, `SourceMap`), what is wrong with
//! it (`Diagnostic`), and what bytes are the same (`Digest`).
//!
//! **Invariant:** plain data. Nothing here reads a file, formats for a terminal or knows a
//! language. Start with `diagnostic.rs`.
#![forbid(unsafe_code)]

mod diagnostic;
mod digest;
mod span;

pub use diagnostic::{Diagnostic, Frame, Label, Severity};
pub use digest::Digest;
pub use span::{FileId, Location, SourceFile, SourceMap, Span};
