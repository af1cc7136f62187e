//! The render worker: frames in, frames out, as a wasm module.
//!
//! **Invariant:** a thin shell. `abi.rs` is the only file with `unsafe`; it offers four exports and
//! takes one import. What a request means is in `run.rs`.
#![cfg(target_arch = "wasm32")]

mod abi;
mod run;
