//! The only place where foreign code runs: wasmtime Stores for the worker and for the engines.
//!
//! A [`Session`] is one render. Each call of [`Session::run_worker`] and [`Session::run_engine`]
//! gets a Store of its own that is dropped when the call returns; all Stores of a session share a
//! memory pool and a deadline.
//!
//! **Invariant:** the only machine code that is ever loaded was compiled by `cargo xtask guests`
//! and linked into this binary; there is no compiler here, no cache, no file that could be swapped.
//! Every Store has a memory limit, a deadline and fuel; no guest has sockets, a clock, entropy of
//! the machine, an environment, or files that can be written. This crate knows nothing of KCL,
//! Helm or packages. Around the Stores stands a second wall, which holds the whole process
//! (`wall.rs`). It is the only crate with `unsafe`, all of it in `embedded.rs`, `image.rs`
//! and `callouts.rs`. Start with `session.rs`.
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

mod callouts;
mod capture;
mod embedded;
mod engine;
mod error;
mod files;
mod image;
mod limits;
mod session;
mod settings;
mod stack;
mod store;
mod wall;
mod wasi;
mod watchdog;

pub use callouts::{BridgeFault, Callouts};
pub use embedded::Guest;
pub use error::{DeadlineKind, MemoryKind, SandboxError, TrapKind};
pub use files::{Files, FilesError, Mount, Node};
pub use limits::Limits;
pub use session::{GuestOutput, Holder, Report, Session, prepare_in_background};
pub use stack::on_render_stack;
pub use store::Loan;
pub use wall::{InForce, Paths, Trial, Wall, WallError, kernel, raise, try_forbidden};
