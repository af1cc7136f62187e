//! The key to sign with: where it is, and how it is opened.

use crate::failure::named_file;
use crate::token::Token;
use crate::{Failure, Home};
use akua_disk::DiskError;
use akua_package::Project;
use akua_sign::{Envelope, IN_TOTO, KeyError, PrivateKey, PublicKey, Secret, Statement};
use akua_source::Diagnostic;
use std::path::Path;

/// Largest file of a key, in bytes.
const KEY_LIMIT_BYTES: u64 = 64 << 10;
/// How the name of a key in a token begins.
const TOKEN: &str = "pkcs11:";

/// A key to sign with that was found, and not opened yet.
#[derive(Debug)]
pub(crate) enum SealedKey {
    /// It was read.
    File {
        /// Where it comes from.
        name: String,
        /// What is there.
        bytes: Secret,
    },
    /// It is in a token, by its URI: nobody has asked the token yet.
    Token(Secret),
}

/// A key that signs.
#[derive(Debug)]
pub(crate) enum Key {
    /// It is here.
    Own(PrivateKey),
    /// It is in a token.
    Token(Token),
}

/// Finds the key to sign with: the one that is named, else that of the environment, else that of the
/// package, which names files alone: a token's name says what code to load.
///
/// # Errors
/// `E_SIGN_KEY` where there is none, or it cannot be read; `E_PKCS11_PLACE`.
pub(crate) fn sealed_key(
    home: &Home,
    project: Option<&Project>,
    named: Option<&Path>,
) -> Result<SealedKey, Failure> {
    let unreadable = |error: DiskError| {
        named_file("E_SIGN_KEY", &error, "name the file of a private key: `akua keygen` makes one")
    };
    if let Some(path) = named {
        if let Some(uri) = path.to_str().filter(|text| text.starts_with(TOKEN)) {
            return Ok(SealedKey::Token(Secret::new(uri.as_bytes().to_vec())));
        }
        let bytes = akua_disk::read_file(path, KEY_LIMIT_BYTES).map_err(unreadable)?;
        return Ok(SealedKey::file(path.display().to_string(), bytes));
    }
    if let Some(key) = &home.signing_key {
        if key.bytes().starts_with(TOKEN.as_bytes()) {
            return Ok(SealedKey::Token(key.clone()));
        }
        return Ok(SealedKey::file("AKUA_COSIGN_KEY".to_owned(), key.bytes().to_vec()));
    }
    let own = project.and_then(|project| {
        Some((project, project.manifest.signing.cosign_private_key.as_deref()?))
    });
    if let Some((project, name)) = own {
        if name.starts_with(TOKEN) {
            let message = "`signing.cosign_private_key` of akua.toml names a key in a token";
            let help = "name it with --key, or in AKUA_COSIGN_KEY: a package does not say what \
                        code akua loads";
            return Err(Diagnostic::error("E_PKCS11_PLACE", message).help(help).into());
        }
        let bytes = project.root.read(name, KEY_LIMIT_BYTES).map_err(unreadable)?;
        return Ok(SealedKey::file(name.to_owned(), bytes));
    }
    let help = "name one with --key, or put its text into AKUA_COSIGN_KEY; `akua keygen` makes one";
    let diagnostic = Diagnostic::error("E_SIGN_KEY", "there is no key to sign with").help(help);
    Err(diagnostic.into())
}

impl SealedKey {
    fn file(name: String, bytes: Vec<u8>) -> Self {
        Self::File { name, bytes: Secret::new(bytes) }
    }

    /// Returns a key that can be opened behind the second wall, where no code is loaded and what a
    /// token needs is not reached.
    ///
    /// # Errors
    /// `E_PKCS11_PLACE`.
    pub(crate) fn behind_wall(self) -> Result<Self, Failure> {
        match self {
            Self::File { .. } => Ok(self),
            Self::Token(_) => {
                let message = "a key in a token cannot attest a render: where the package's program \
                               runs no code is loaded, and no token is reached";
                let help = "attest with the file of a key; `publish` and `sign` do with a token";
                Err(Diagnostic::error("E_PKCS11_PLACE", message).help(help).into())
            }
        }
    }

    /// Opens the key.
    ///
    /// # Errors
    /// `E_SIGN_KEY`, `E_PKCS11_*`.
    pub(crate) fn open(&self, home: &Home) -> Result<Key, Failure> {
        let (name, bytes) = match self {
            Self::File { name, bytes } => (name, bytes),
            Self::Token(_) if home.offline => {
                let message = "--offline takes away what a token needs";
                let help = "leave it out, or sign with the file of a key";
                return Err(Diagnostic::error("E_PKCS11_PLACE", message).help(help).into());
            }
            Self::Token(uri) => return Token::open(uri, home).map(Key::Token),
        };
        let key = PrivateKey::read(bytes.bytes(), home.passphrase.as_ref()).map_err(|error| {
            let message = format!("`{name}` cannot be signed with: {error}");
            let help = match error {
                KeyError::NoPassphrase => "put the passphrase into AKUA_COSIGN_PASSPHRASE",
                KeyError::WrongPassphrase => "correct AKUA_COSIGN_PASSPHRASE",
                _ => "name a P-256 key: PKCS#8, or what cosign and `akua keygen` make",
            };
            Failure::from(Diagnostic::error("E_SIGN_KEY", message).help(help))
        });
        key.map(Key::Own)
    }
}

impl Key {
    /// Returns the key that verifies.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Own(key) => key.public(),
            Self::Token(token) => token.public().clone(),
        }
    }

    /// Signs a message.
    ///
    /// # Errors
    /// `E_PKCS11_TOKEN`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Own(key) => Ok(key.sign(message)),
            Self::Token(token) => token.sign(message),
        }
    }

    /// Returns a statement in an envelope, signed.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub(crate) fn envelope(&self, statement: &Statement) -> Result<Envelope, Failure> {
        Envelope::sign_with(IN_TOTO, statement.to_json(), |message| self.sign(message))
    }
}
