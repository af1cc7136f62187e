//! The driver of the tests of the binary: each case renders with `akua` and with the native tool.
//!
//! **Invariant:** what is tested is the binary as it ships, `target/release/akua` (or `AKUA_BIN`);
//! nothing here links to a crate of akua (`cli/endurance.rs` alone does). A missing binary or oracle
//! fails the test, but for the reference implementation of KCL: without it, what compares with it is
//! skipped. Start with `corpus.rs`.

pub mod compare;
pub mod corpus;
pub mod data;
pub mod folder;
pub mod generate;
pub mod hostile;
pub mod oracle;
pub mod page;
pub mod peers;
pub mod process;
pub mod project;
pub mod reference;
pub mod render;
pub mod same;
pub mod servers;
pub mod softhsm;
