//! The render worker: frames in, frames out, as a wasm module.
//!
//! **Invariant:** a thin shell around the crate `kcl`. `abi.rs` is the only file with `unsafe`; it
//! offers four exports and takes one import. What a request means is in `run.rs`; what a program
//! may see of the outside is in `world.rs`.
//!
//! Elsewhere than in wasm there is only what is tested there: `charts.rs`.

#[cfg(target_arch = "wasm32")]
mod abi;
#[cfg(any(target_arch = "wasm32", test))]
mod charts;
#[cfg(target_arch = "wasm32")]
mod document;
#[cfg(target_arch = "wasm32")]
mod format;
#[cfg(target_arch = "wasm32")]
mod inspect;
#[cfg(target_arch = "wasm32")]
mod modules;
#[cfg(target_arch = "wasm32")]
mod options;
#[cfg(target_arch = "wasm32")]
mod run;
#[cfg(target_arch = "wasm32")]
mod select;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod world;
