//! Keys in tokens, in an akua that is built without them: there are none.

use crate::{Failure, Home};
use akua_sign::{PublicKey, Secret};
use akua_source::Diagnostic;

/// Whether keys in tokens can be used.
pub(crate) const IS_BUILT_IN: bool = false;

/// A key in a token.
#[derive(Debug)]
pub(crate) enum Token {}

impl Token {
    /// Says that there is none.
    ///
    /// # Errors
    /// `E_PKCS11_BUILD`.
    pub(crate) fn open(_uri: &Secret, _home: &Home) -> Result<Self, Failure> {
        let message = "this akua is built without keys in PKCS #11 tokens";
        let help = "build one that has them: cargo build --release -p akua-cli --features pkcs11";
        Err(Diagnostic::error("E_PKCS11_BUILD", message).help(help).into())
    }

    /// Returns the key that verifies.
    pub(crate) fn public(&self) -> &PublicKey {
        match *self {}
    }

    /// Signs a message.
    pub(crate) fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Failure> {
        match *self {}
    }
}
