//! Finds a package: its root, its manifest, what it depends on.
//!
//! **Invariant:** a dependency by path lies inside the workspace; what is returned are open
//! folders, so that nothing later depends on paths of this machine. Start with [`load`].
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

mod cache;
mod content;
mod key;
mod load;
mod resolve;

pub use cache::{Cache, CacheEntry, Corrupt};
pub use content::Yaml;
pub use load::{Dependency, Kind, Package, PackageError, load, load_dependency};
