//! Resolved KCL program to values: the evaluator, its budget and its doors.
//!
//! **Invariant:** the only way out is the [`world::World`] that the caller gives; native functions
//! are injected as a [`library::Library`]. Nothing here knows a standard module. It runs only in
//! the worker, inside a Store. Start with `interp.rs`.
#![forbid(unsafe_code)]

pub mod budget;
pub mod compare;
pub mod dict;
pub mod interp;
pub mod library;
mod ops;
pub mod schema;
pub mod text;
mod union;
pub mod value;
pub mod world;

pub use interp::Interp;
pub use library::{Args, Eval, Library, error};
pub use value::Value;
