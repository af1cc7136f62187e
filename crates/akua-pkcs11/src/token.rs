//! A key in a token: found by what its name says, unlocked once, and asked to sign.

use crate::TokenUri;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;
use std::path::{Path, PathBuf};

/// The curve P-256, as `CKA_EC_PARAMS` has it: its object identifier in DER.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// What a point of it begins with in `CKA_EC_POINT`: an octet string of 65 bytes in DER.
const OCTETS: [u8; 2] = [0x04, 0x41];
/// Bytes of a point: both coordinates, and a byte that says so.
const POINT_BYTES: usize = 65;

/// Why a key in a token cannot be used, or did not sign.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nobody said which module speaks with the token.
    #[error("nothing says which module speaks with the token")]
    NoModule,
    /// A module by a path that depends on where akua runs.
    #[error("the module `{}` is not named by an absolute path", path.display())]
    RelativeModule {
        /// The path.
        path: PathBuf,
    },
    /// It cannot be loaded, or is none.
    #[error("the module `{}` cannot be used: {reason}", path.display())]
    Module {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No token is the one that is meant.
    #[error("no token is the one that is named; there {}", tokens(found))]
    NoToken {
        /// The labels of those that are there.
        found: Vec<String>,
    },
    /// Several are.
    #[error("{} tokens are the one that is named: {}", found.len(), found.join(", "))]
    Tokens {
        /// Their labels and serial numbers.
        found: Vec<String>,
    },
    /// The token wants a PIN.
    #[error("there is no PIN for the token `{token}`")]
    NoPin {
        /// Its label.
        token: String,
    },
    /// The token wants another one.
    #[error("the token `{token}` does not take the PIN: {reason}")]
    Pin {
        /// Its label.
        token: String,
        /// What it says.
        reason: &'static str,
    },
    /// No private key is the one that is meant.
    #[error("the token `{token}` has no private key that is the one that is named")]
    NoKey {
        /// The token's label.
        token: String,
    },
    /// Several are.
    #[error("{count} private keys of the token `{token}` are the one that is named")]
    Keys {
        /// The token's label.
        token: String,
        /// How many.
        count: usize,
    },
    /// The key is not of P-256.
    #[error("the key in the token `{token}` is of another kind: expected a P-256 key")]
    Kind {
        /// The token's label.
        token: String,
    },
    /// The key wants the PIN again for each signature.
    #[error("the key in the token `{token}` asks for the PIN at each signature")]
    AsksAlways {
        /// The token's label.
        token: String,
    },
    /// What verifies its signatures is not there.
    #[error("the token `{token}` does not have the public key of the pair")]
    NoPublicKey {
        /// The token's label.
        token: String,
    },
    /// The token, or its module, does not do what it is asked.
    #[error("the token fails: {reason}")]
    Failed {
        /// In which function of PKCS #11, and what it says.
        reason: String,
    },
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Failed { reason: reason(&error) }
    }
}

/// Says what a module or a token answered, in the words of PKCS #11.
fn reason(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        Error::LibraryLoading(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// Says which tokens are there.
fn tokens(found: &[String]) -> String {
    if found.is_empty() { "is none".to_owned() } else { format!("are: {}", found.join(", ")) }
}

/// A key that signs in its token. The session ends when it is dropped.
#[derive(Debug)]
pub struct TokenKey {
    session: Session,
    key: ObjectHandle,
    point: [u8; POINT_BYTES],
    _module: Module,
}

/// A module that was started; it is stopped when it is dropped, after the sessions.
#[derive(Debug)]
struct Module(Pkcs11);

impl Drop for Module {
    fn drop(&mut self) {
        // Nothing depends on what it answers; and its code stays where it is: modules, and the
        // libraries below them, leave things behind that run when the process ends.
        let _stopped = self.0.clone().finalize();
        std::mem::forget(self.0.clone());
    }
}

impl TokenKey {
    /// Finds a key and unlocks its token. The PIN is tried once: tokens lock after some wrong ones.
    ///
    /// `module` is the one to use where the name has none.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn open(
        uri: &TokenUri,
        module: Option<&Path>,
        pin: Option<&[u8]>,
    ) -> Result<Self, TokenError> {
        let path = uri.module.as_deref().or(module).ok_or(TokenError::NoModule)?;
        let module = start(path)?;
        let (slot, token) = find_token(&module.0, uri)?;
        // An empty one is what a secret of CI is that is not set.
        let pin = pin.filter(|pin| !pin.is_empty());
        let pin = pin.ok_or_else(|| TokenError::NoPin { token: token.clone() })?;
        let session = module.0.open_ro_session(slot)?;
        log_in(&session, &token, pin)?;
        let key = find_key(&session, uri, &token)?;
        let point = find_point(&session, key, &token)?;
        Ok(Self { session, key, point, _module: module })
    }

    /// Returns the public key: a point of P-256, uncompressed.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// Has the token sign a SHA-256 digest; returns both numbers of the signature, one after the other.
    /// Nobody has verified it yet.
    ///
    /// # Errors
    /// [`TokenError::Failed`].
    pub fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, TokenError> {
        Ok(self.session.sign(&Mechanism::Ecdsa, self.key, digest)?)
    }
}

/// Loads a module, and starts it.
fn start(path: &Path) -> Result<Module, TokenError> {
    if !path.is_absolute() {
        return Err(TokenError::RelativeModule { path: path.to_owned() });
    }
    let unusable =
        |error: Error| TokenError::Module { path: path.to_owned(), reason: reason(&error) };
    let module = Pkcs11::new(path).map_err(unusable)?;
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    module.initialize(arguments).map_err(unusable)?;
    Ok(Module(module))
}

/// Returns the one token that a name means, and its label.
fn find_token(module: &Pkcs11, uri: &TokenUri) -> Result<(Slot, String), TokenError> {
    let mut all = Vec::new();
    for slot in module.get_slots_with_token()? {
        let token = module.get_token_info(slot)?;
        if token.token_initialized() {
            all.push((slot, token));
        }
    }
    let meant: Vec<_> = all.iter().filter(|(slot, token)| means(uri, *slot, token)).collect();
    match meant.as_slice() {
        [(slot, token)] => Ok((*slot, token.label().to_owned())),
        [] => {
            let found = all.iter().map(|(_, token)| format!("`{}`", token.label())).collect();
            Err(TokenError::NoToken { found })
        }
        several => {
            let named = |(_, token): &&(Slot, TokenInfo)| {
                format!("`{}` (serial {})", token.label(), token.serial_number())
            };
            Err(TokenError::Tokens { found: several.iter().map(named).collect() })
        }
    }
}

/// Returns whether a name means this token.
fn means(uri: &TokenUri, slot: Slot, token: &TokenInfo) -> bool {
    let is =
        |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    is(&uri.token, token.label())
        && is(&uri.manufacturer, token.manufacturer_id())
        && is(&uri.model, token.model())
        && is(&uri.serial, token.serial_number())
        && uri.slot_id.is_none_or(|wanted| wanted == slot.id())
}

/// Unlocks a token.
fn log_in(session: &Session, token: &str, pin: &[u8]) -> Result<(), TokenError> {
    let pin = RawAuthPin::new(Box::new(pin.to_vec()));
    let refused = |reason| Err(TokenError::Pin { token: token.to_owned(), reason });
    match session.login_with_raw(UserType::User, &pin) {
        Ok(()) => Ok(()),
        Err(Error::Pkcs11(value, Function::Login)) => match value {
            RvError::PinIncorrect => refused("it is not the right one"),
            RvError::PinLenRange | RvError::PinInvalid => refused("it cannot be one of this token"),
            RvError::PinLocked => refused("it is locked after too many wrong ones"),
            RvError::PinExpired => refused("it has expired"),
            RvError::UserPinNotInitialized => refused("none was set yet"),
            other => Err(Error::Pkcs11(other, Function::Login).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Returns the one private key that a name means.
fn find_key(session: &Session, uri: &TokenUri, token: &str) -> Result<ObjectHandle, TokenError> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.clone().into_bytes())));
    template.extend(uri.id.clone().map(Attribute::Id));
    let token = || token.to_owned();
    let key = match session.find_objects(&template)?.as_slice() {
        [key] => *key,
        [] => return Err(TokenError::NoKey { token: token() }),
        several => return Err(TokenError::Keys { token: token(), count: several.len() }),
    };
    let (kind, curve) = (AttributeType::KeyType, AttributeType::EcParams);
    let facts = session.get_attributes(key, &[kind, curve, AttributeType::AlwaysAuthenticate])?;
    let is_p256 = facts.contains(&Attribute::KeyType(KeyType::EC))
        && facts.contains(&Attribute::EcParams(P256.to_vec()));
    if !is_p256 {
        return Err(TokenError::Kind { token: token() });
    }
    if facts.contains(&Attribute::AlwaysAuthenticate(true)) {
        return Err(TokenError::AsksAlways { token: token() });
    }
    Ok(key)
}

/// Returns the public half of a key: of the object beside it that has the same id and label, else
/// the same id, else the same label; else of the private key itself. Whether it is the right one is
/// seen by what it verifies.
fn find_point(
    session: &Session,
    key: ObjectHandle,
    token: &str,
) -> Result<[u8; POINT_BYTES], TokenError> {
    let mut names = session.get_attributes(key, &[AttributeType::Id, AttributeType::Label])?;
    names.retain(|name| match name {
        Attribute::Id(text) | Attribute::Label(text) => !text.is_empty(),
        _ => false,
    });
    let mut places = Vec::new();
    let same = std::iter::once(names.as_slice()).chain(names.chunks(1));
    for same in same.filter(|same| !same.is_empty()) {
        let curve = Attribute::EcParams(P256.to_vec());
        let mut template = vec![Attribute::Class(ObjectClass::PUBLIC_KEY), curve];
        template.extend_from_slice(same);
        places.extend(session.find_objects(&template)?);
    }
    places.push(key);
    for place in places {
        for attribute in session.get_attributes(place, &[AttributeType::EcPoint])? {
            if let Attribute::EcPoint(bytes) = attribute
                && let Some(point) = point(&bytes)
            {
                return Ok(point);
            }
        }
    }
    Err(TokenError::NoPublicKey { token: token.to_owned() })
}

/// Takes a point out of its octet string; some tokens leave that away.
fn point(bytes: &[u8]) -> Option<[u8; POINT_BYTES]> {
    let inner = match bytes.len() {
        POINT_BYTES => bytes,
        _ => bytes.strip_prefix(&OCTETS)?,
    };
    inner.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_with_and_without_their_octet_string() {
        let plain = [4; POINT_BYTES];
        assert_eq!(point(&plain), Some(plain));
        assert_eq!(point(&[&OCTETS[..], &plain].concat()), Some(plain));
        assert_eq!(point(&[&[0x04, 0x61][..], &[4; 97]].concat()), None, "P-384");
        assert_eq!(point(&plain[1..]), None);
        assert_eq!(point(&[]), None);
    }

    #[test]
    fn modules_are_named_by_absolute_paths() {
        let open = |uri: &TokenUri, module| TokenKey::open(uri, module, Some(b"1234"));
        let nothing = TokenUri::default();
        assert!(matches!(open(&nothing, None), Err(TokenError::NoModule)));
        let relative = open(&nothing, Some(Path::new("module.so")));
        assert!(matches!(relative, Err(TokenError::RelativeModule { .. })));
        let missing = open(&nothing, Some(Path::new("/nonexistent/module.so")));
        assert!(matches!(missing, Err(TokenError::Module { .. })));
    }
}
