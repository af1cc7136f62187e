//! One file a verb, free of terminals: load, resolve, check, write, return the outcome.
//!
//! **Invariant:** nothing here prints, reads the environment or knows a terminal. Start with
//! `render.rs`.
#![forbid(unsafe_code)]

pub mod artifact;
mod attestation;
pub mod auth;
pub mod cache;
pub mod doctor;
pub mod edit;
pub mod eval;
mod exit;
pub mod explain;
mod failure;
pub mod fmt;
pub mod init;
pub mod inspect;
pub mod keygen;
pub mod keyless;
mod limits;
pub mod lock;
pub mod members;
mod modules;
pub mod pack;
#[cfg(test)]
mod page;
pub mod policy;
pub mod publish;
pub mod render;
pub mod sign;
pub mod signing;
mod supply;
#[cfg(feature = "pkcs11")]
mod token;
#[cfg(not(feature = "pkcs11"))]
#[path = "token/absent.rs"]
mod token;
pub mod tree;
mod trust;
pub mod trust_root;
pub mod vendor;
pub mod verify;
mod wall;

pub use akua_sign::Secret;
pub use exit::Exit;
pub use failure::Failure;
pub use limits::LimitOptions;
pub use supply::Home;

pub use akua_oci::{Progress, ProgressFn};
pub use akua_source::{Budget, Budgets, Row, TABLE};
