//! Keys in tokens; `token/absent.rs` stands here in an akua that is built without the feature `pkcs11`.

use crate::{Failure, Home};
use akua_pkcs11::{TokenError, TokenKey, TokenUri, UriError};
use akua_sign::{PublicKey, Secret};
use akua_source::{Diagnostic, Digest};

/// Whether keys in tokens can be used.
pub(crate) const IS_BUILT_IN: bool = true;

/// A key in a token.
#[derive(Debug)]
pub(crate) struct Token {
    key: TokenKey,
    public: PublicKey,
}

impl Token {
    /// Finds a key by its URI, and unlocks its token.
    ///
    /// # Errors
    /// `E_PKCS11_*`.
    pub(crate) fn open(uri: &Secret, home: &Home) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(uri.bytes());
        let uri = TokenUri::parse(text.trim_end()).map_err(|error| misnamed(&error))?;
        let pin = home.token_pin.as_ref().map(Secret::bytes);
        let key = TokenKey::open(&uri, home.token_module.as_deref(), pin);
        let key = key.map_err(|error| told(&error))?;
        let public = PublicKey::from_point(key.point()).ok_or_else(|| {
            let message = "the public key in the token is no point of P-256";
            Failure::from(Diagnostic::error("E_PKCS11_TOKEN", message).help(BROKEN))
        })?;
        Ok(Self { key, public })
    }

    /// Returns the key that verifies.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has the token sign a message; the signature was verified.
    ///
    /// # Errors
    /// `E_PKCS11_TOKEN`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let digest = Digest::of(message);
        let numbers = self.key.sign(&digest.bytes()).map_err(|error| told(&error))?;
        self.public.accept(message, &numbers).ok_or_else(|| {
            let message = "the signature of the token is not of the public key beside its key";
            Diagnostic::error("E_PKCS11_TOKEN", message).help(BROKEN).into()
        })
    }
}

/// What to do about a token that does not do as it should.
const BROKEN: &str = "check the token with its own tool: both keys of a pair have the same id";

/// Says that a URI names no key. What it says itself is not shown: it may have a PIN.
fn misnamed(error: &UriError) -> Failure {
    let message = format!("the URI of the key cannot be used: {error}");
    let help = match error {
        UriError::Pin { .. } => {
            "put the PIN into AKUA_PKCS11_PIN; change it if others can log in here"
        }
        _ => "name it as in pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/MODULE.so",
    };
    Diagnostic::error("E_PKCS11_URI", message).help(help).into()
}

/// Says why a key in a token cannot be used.
fn told(error: &TokenError) -> Failure {
    let narrow = "name it with token, serial, object or id in the URI";
    let (code, help) = match error {
        TokenError::NoModule | TokenError::RelativeModule { .. } => (
            "E_PKCS11_MODULE",
            "name it by its absolute path: ?module-path=… in the URI, or AKUA_PKCS11_MODULE",
        ),
        TokenError::Module { .. } => (
            "E_PKCS11_MODULE",
            "name the library of the token's maker, and see that its settings are right",
        ),
        TokenError::NoToken { .. } => {
            ("E_PKCS11_KEY", "plug it in, or correct the URI: token is the label of the token")
        }
        TokenError::NoKey { .. } => {
            ("E_PKCS11_KEY", "correct the URI: object is the label of the private key, id its id")
        }
        TokenError::Tokens { .. } | TokenError::Keys { .. } => ("E_PKCS11_KEY", narrow),
        TokenError::Kind { .. } => ("E_PKCS11_KEY", "make a key pair of P-256 in the token"),
        TokenError::AsksAlways { .. } => {
            ("E_PKCS11_KEY", "use one that is unlocked once a session (CKA_ALWAYS_AUTHENTICATE)")
        }
        TokenError::NoPublicKey { .. } => {
            ("E_PKCS11_KEY", "put the public key of the pair into the token, with the same id")
        }
        TokenError::NoPin { .. } => ("E_PKCS11_PIN", "put it into AKUA_PKCS11_PIN"),
        TokenError::Pin { .. } => {
            ("E_PKCS11_PIN", "correct AKUA_PKCS11_PIN first: after some wrong ones a token locks")
        }
        TokenError::Failed { .. } => ("E_PKCS11_TOKEN", "check the token with its own tool"),
    };
    Diagnostic::error(code, error.to_string()).help(help).into()
}
