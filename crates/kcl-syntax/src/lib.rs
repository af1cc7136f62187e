//! KCL text to a span-exact syntax tree, with diagnostics.
//!
//! **Invariant:** [`parse`] never panics and never fails: it returns a tree, however broken the
//! text is, and says what is wrong in diagnostics. Its recursion is bounded, and so is the height
//! of the tree it returns. Comments are kept beside the tree, so that a formatter can put them
//! back. Start with `ast.rs`, then `parser.rs`; the formatter is in `format.rs`.
#![forbid(unsafe_code)]

pub mod ast;
mod format;
mod intern;
mod lexer;
mod parser;
mod token;

pub use format::format;
pub use parser::{TEXT_LIMIT, parse};
