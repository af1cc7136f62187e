//! Finds a package and what it depends on: its root, its manifest, its lock; resolves, fetches,
//! caches and vendors dependencies, and opens them.
//!
//! **Invariant:** a dependency by path lies inside the workspace; what a lock vouches for has the
//! digest that it says, on every use; what is returned are open folders, so that nothing later
//! depends on paths of this machine. Start with [`load`], then `locking.rs`.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::string_slice, clippy::arithmetic_side_effects)]

mod cache;
mod catalog;
mod content;
mod key;
mod load;
mod locking;
mod parallel;
mod problem;
mod project;
mod remote;
mod resolve;
mod trust;
mod vendor;
mod verify;
mod workspace;

pub use cache::{Cache, CacheEntry, Corrupt};
pub use catalog::Supply;
pub use content::{MANIFEST, Yaml};
pub use key::SourceKey;
pub use load::{Dependency, Kind, Package, Subchart, load, load_dependency};
pub use locking::{
    Keep, lock, referenced as find_reference, restore_lock, served_drift, write_lock,
};
pub use problem::{Drift, Problem};
pub use project::{LOCK, Project, find_entry};
pub use remote::{
    EvidenceSubject, Options, Remote, evidence_tag, fetch_evidence, push_evidence, refused_archive,
};
pub use trust::{
    Artifact, EVIDENCE, FILES, Judged, PROVENANCE, Proof, TREE_DIGEST, evidence_files,
    prove_artifact,
};
pub use vendor::{VENDOR, Vendored, check_own, in_package, vendor, vendored_files};
pub use verify::{Verification, verify};
pub use workspace::{Member, members};
