//! Keys, signatures and attestations: bytes in, verdict out.
//!
//! What `publish` signs and what `verify` believes is decided here. **Invariant:** a function of its
//! arguments: keys, passphrases and random bytes are passed in; no file, no socket, no clock.
//! Everything that is verified is hostile: it is read with a limit, and what was read counts only
//! once a signature over the very bytes was checked. Start with `envelope.rs`.
//!
//! # Spec
//! SPEC.md §7; DSSE 1.0; in-toto attestation framework v1; cosign's signature spec.
#![forbid(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(not(test), warn(clippy::expect_used))]

mod cosign_key;
mod envelope;
mod key;
mod simple;
mod statement;

pub use envelope::{Envelope, EnvelopeError, EnvelopeSignature};
pub use key::{KeyError, Passphrase, PrivateKey, PublicKey};
pub use simple::{SIMPLE_TYPE, SimpleError, SimpleSigning};
pub use statement::{IN_TOTO, Statement, StatementError, Subject};
