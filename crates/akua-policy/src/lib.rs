//! What is allowed, as policy files say it, and what was decided, as events say it.
//!
//! **Invariant:** decisions are values: nothing here reads a file, opens a socket or runs a Store;
//! a layer of a policy only tightens. Start with `policy.rs`, then `event.rs`.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used
    )
)]

mod effective;
mod event;
mod lint;
mod policy;
mod preset;
#[cfg(test)]
mod schema;

pub use effective::{Author, Effective, Layer, Signers};
pub use event::{BrokenTrail, Decision, Event, Trail, read_trail};
pub use lint::lint;
pub use policy::{ENGINES, MODULES, Network, Policy, Signatures, parse};
pub use preset::Preset;
