//! The render worker: frames in, frames out, as a wasm module.
//!
//! **Invariant:** a thin shell around the crate `kcl`. `abi.rs` is the only file with `unsafe`; it
//! offers four exports and takes one import. What a request means is in `run.rs`; what a program
//! may see of the outside is in `world.rs`.
#![cfg(target_arch = "wasm32")]

mod abi;
mod document;
mod format;
mod modules;
mod options;
mod run;
mod select;
mod settings;
mod world;
