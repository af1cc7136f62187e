//! EFFECT tokens: keys in hardware, or in programs that act like it, which sign where they are.
//!
//! A token is reached through a module: a shared library, which is loaded into this process and may
//! do what akua may. **Invariant:** only a module is loaded that whoever runs akua named, by its
//! absolute path; a PIN is tried once, and is in no error. Absent on purpose: what a package says,
//! making or reading keys, other algorithms than ECDSA with P-256, and this crate itself from an akua
//! that is built without the feature `pkcs11`. Start with `token.rs`.
//!
//! # Spec
//! PKCS #11 2.40; RFC 7512 (URIs). Why: `docs/decisions/0015`.
#![forbid(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(not(test), warn(clippy::expect_used))]

mod token;
mod uri;

pub use token::{TokenError, TokenKey};
pub use uri::{TokenUri, UriError};
