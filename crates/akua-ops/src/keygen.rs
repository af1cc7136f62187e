//! `akua keygen`: a pair of keys, in the files that cosign has.

use crate::{Failure, Home};
use akua_sign::PrivateKey;
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::PathBuf;

/// Random bytes that keys are made of; whoever owns the entropy of the machine draws them.
#[derive(Clone)]
pub struct Entropy {
    /// What the key is made of.
    pub key: [u8; 32],
    /// What its passphrase is salted with.
    pub salt: [u8; 32],
    /// What its box is locked with.
    pub nonce: [u8; 24],
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// Which keys to make.
#[derive(Debug, Clone)]
pub struct KeygenRequest {
    /// Their files, without `.key` and `.pub`.
    pub out: PathBuf,
    /// Whether the private key is written as it is, without a passphrase.
    pub plain: bool,
    /// What they are made of.
    pub entropy: Entropy,
    /// Where things are.
    pub home: Home,
}

/// The result of `keygen`.
#[derive(Debug, Serialize)]
pub struct KeygenOutcome {
    /// File of the private key.
    pub private_key: String,
    /// File of the public key.
    pub public_key: String,
    /// Name of the pair: what akua.lock has where this key signed.
    pub id: String,
    /// Whether the private key is encrypted.
    pub encrypted: bool,
}

/// Makes a pair of keys. Files that are there stay.
///
/// # Errors
/// `E_SIGN_KEY`; nothing is written then.
pub fn run(request: &KeygenRequest) -> Result<KeygenOutcome, Failure> {
    request.home.raise_wall()?;
    let refuse = |message: String, help: &str| {
        Err(Diagnostic::error("E_SIGN_KEY", message).help(help).into())
    };
    let named = |ending: &str| PathBuf::from(format!("{}.{ending}", request.out.display()));
    let (private, public) = (named("key"), named("pub"));
    for path in [&private, &public] {
        if akua_disk::exists(path) {
            let message = format!("there is a `{}` already", path.display());
            return refuse(message, "choose another name with --out, or move it away");
        }
    }
    let Some(key) = PrivateKey::from_bytes(&request.entropy.key) else {
        return refuse("the random bytes make no key".to_owned(), "try again");
    };
    let entropy = &request.entropy;
    // An empty one is what a secret of CI is that is not set: it encrypts for everybody.
    let passphrase = request.home.passphrase.as_ref().filter(|it| !it.bytes().is_empty());
    let pem = match (passphrase, request.plain) {
        (_, true) => key.to_pem().map(|pem| pem.to_string()),
        (Some(passphrase), false) => key.to_encrypted_pem(passphrase, entropy.salt, entropy.nonce),
        (None, false) => {
            let message = "there is no passphrase to encrypt the key with".to_owned();
            return refuse(message, "put one into AKUA_COSIGN_PASSPHRASE, or have it --plain");
        }
    };
    let pem = pem.map_err(|error| {
        Failure::from(Diagnostic::error(
            "E_INTERNAL",
            format!("the key cannot be written: {error}"),
        ))
    })?;
    akua_disk::write_secret(&private, pem.as_bytes())?;
    let written = akua_disk::write_file(&public, key.public().to_pem().as_bytes());
    if let Err(error) = written {
        // Half a pair is of use to nobody.
        akua_disk::remove_file(&private)?;
        return Err(error.into());
    }
    Ok(KeygenOutcome {
        private_key: private.display().to_string(),
        public_key: public.display().to_string(),
        id: format!("cosign:key:{}", key.public().id()),
        encrypted: !request.plain,
    })
}
