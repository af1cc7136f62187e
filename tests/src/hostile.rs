//! The hostile corpus: packages that must be refused, or that get nothing of what they reach for.
//!
//! `case.rs` has what a case says, `make.rs` puts it on the disk, `attempt.rs` runs it and measures.
//! A secret lies beside every package; no case may ever show it.

mod attempt;
mod case;
mod make;

pub use attempt::{Attempt, attempt};
pub use case::{Case, cases};
pub use make::{CANARY, Ground};
