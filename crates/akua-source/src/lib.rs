//! Ground of every other crate: where a byte is (`Span`, `FileId`, `SourceMap`), what is wrong with
//! it (`Diagnostic`), what bytes are the same (`Digest`), and what a render may use (`Budget`).
//!
//! **Invariant:** plain data. Nothing here reads a file, formats for a terminal or knows a
//! language. Start with `diagnostic.rs`.
#![forbid(unsafe_code)]

mod budget;
mod diagnostic;
mod digest;
mod span;

pub use budget::{Budget, Budgets, FIXED, Fixed, Row, TABLE, Unit};
pub use diagnostic::{Diagnostic, Frame, Label, Severity};
pub use digest::Digest;
pub use span::{FileId, Location, SourceFile, SourceMap, Span};
