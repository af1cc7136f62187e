//! `akua.toml` and `akua.lock`: their schemas, parsing them with spans, editing and writing them.
//!
//! **Invariant:** a function of its text. Everything invalid has a diagnostic at the offending
//! byte; what [`parse`] and [`parse_lock`] return needs no further check. Start with `manifest.rs`.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

mod chart;
mod edit;
mod lock;
mod manifest;
mod members;
mod module;
mod name;
mod requirement;
#[cfg(test)]
mod schema;
mod source;

pub use chart::{Chart, ChartDependency};
pub use edit::{EditError, add_dependency, remove_dependency};
pub use lock::{LOCAL, Lock, LockedPackage, parse_lock};
pub use manifest::{
    Dependency, EDITION, Manifest, PackageSection, Signing, Workspace, has_workspace, parse,
};
pub use members::{Members, parse_members};
pub use module::{Module, ModuleDependency, module_paths, parse_module};
pub use name::{Alias, PackageName};
pub use requirement::{Range, Requirement, RequirementKind, other_spelling, version_of_tag};
pub use source::{GitReference, Source};
