//! A rendered object: what tells it apart, the file it goes to, its bytes.
//!
//! **Invariant:** a function of its arguments; the YAML of an object is never parsed here.
//! Start with [`lay_out`].
#![forbid(unsafe_code)]

mod layout;

pub use layout::{Identity, Object, OutputFile, digest, lay_out, stream};
