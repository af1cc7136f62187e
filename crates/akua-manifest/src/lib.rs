//! `akua.toml`: its schema, and parsing it with spans.
//!
//! **Invariant:** a function of its text. Everything invalid has a diagnostic at the offending
//! byte; what [`parse`] returns needs no further check. Start with `manifest.rs`.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

mod manifest;
mod module;
mod name;

pub use manifest::{
    Dependency, Manifest, PackageSection, Signing, Source, Workspace, has_workspace, parse,
};
pub use module::module_paths;
pub use name::{Alias, PackageName};
