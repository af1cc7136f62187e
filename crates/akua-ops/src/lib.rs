//! One file a verb, free of terminals: load, resolve, check, write, return the outcome.
//!
//! **Invariant:** nothing here prints, reads the environment or knows a terminal. Start with
//! `render.rs`.
#![forbid(unsafe_code)]

pub mod eval;
mod exit;
mod failure;
pub mod fmt;
mod limits;
mod modules;
pub mod render;

pub use exit::Exit;
pub use failure::Failure;
pub use limits::LimitOptions;
