//! KCL text to a span-exact syntax tree, with diagnostics.
//!
//! **Invariant:** [`parse`] never panics and never fails: it returns a tree, however broken the
//! text is, and says what is wrong in diagnostics. Comments are kept beside the tree, so that a
//! formatter can put them back. Start with `ast.rs`.
#![forbid(unsafe_code)]

pub mod ast;
