//! Keys: P-256, in the files that they lie in.

use crate::cosign_key;
use akua_source::Digest;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use std::fmt;
use zeroize::Zeroizing;

/// Largest file of a key, in bytes: one of P-256 has some hundreds.
const FILE_LIMIT_BYTES: usize = 64 << 10;
/// Most memory for making a key from a passphrase, in bytes: twice what cosign asks for.
pub(crate) const SCRYPT_LIMIT_BYTES: u64 = 128 << 20;
/// Most rounds of PBKDF2; `openssl` has 2,048, the advice of today is 600,000.
const ROUNDS_LIMIT: u32 = 10_000_000;
/// The curve's name in PEM files.
const EXPECTED: &str = "expected a P-256 key";

/// A passphrase, or the text of a key; it is shown to nobody.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Returns the secret with these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A file is no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Larger than any key.
    #[error("it has more than {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not PEM.
    #[error("it is not PEM")]
    NotPem,
    /// PEM of something else.
    #[error("it is a `{label}`, {wanted}")]
    Label {
        /// What it says it is.
        label: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A key of another kind, or broken.
    #[error("it is malformed, or another kind of key: {EXPECTED}")]
    Malformed,
    /// Encrypted, and there is no passphrase.
    #[error("it is encrypted, and there is no passphrase")]
    NoPassphrase,
    /// Encrypted with another passphrase.
    #[error("the passphrase is not the one that it is encrypted with")]
    WrongPassphrase,
    /// Encrypted in a way that is not known.
    #[error("it is encrypted in a way that is not supported")]
    Encryption,
    /// Opening it would take too much memory or time.
    #[error("opening it costs more than a key should")]
    Cost,
}

/// A key that signs.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.public().id().short()).finish()
    }
}

impl PrivateKey {
    /// Returns the key of a scalar, in bytes; none for the few that are no key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// Reads a key: PKCS#8 (plain or encrypted), SEC 1, or cosign's own encrypted form.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(pem: &[u8], passphrase: Option<&Secret>) -> Result<Self, KeyError> {
        let (label, der) = decode(pem)?;
        match label.as_str() {
            "PRIVATE KEY" => pkcs8(&der),
            "EC PRIVATE KEY" => {
                let key = p256::SecretKey::from_sec1_der(&der);
                key.map(|key| Self(key.into())).map_err(|_malformed| KeyError::Malformed)
            }
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(KeyError::NoPassphrase)?;
                pkcs8(&decrypt(&der, passphrase)?)
            }
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(KeyError::NoPassphrase)?;
                pkcs8(&cosign_key::open(&der, passphrase)?)
            }
            _ => Err(KeyError::Label { label, wanted: "expected a `PRIVATE KEY`" }),
        }
    }

    /// Signs a message: ECDSA over its SHA-256, in DER. The same message gives the same bytes.
    ///
    /// # Spec
    /// RFC 6979.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    /// Returns the key that verifies.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Returns the file of the key: PKCS#8, for whoever reads it.
    ///
    /// # Errors
    /// [`KeyError::Malformed`]; it does not happen.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pem = self.0.to_pkcs8_pem(p256::pkcs8::LineEnding::LF);
        pem.map_err(|_encoding| KeyError::Malformed)
    }

    /// Returns the file of the key in cosign's encrypted form.
    ///
    /// # Errors
    /// [`KeyError::Encryption`]; it does not happen.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &Secret,
        salt: [u8; 32],
        nonce: [u8; 24],
    ) -> Result<String, KeyError> {
        let der = self.0.to_pkcs8_der().map_err(|_encoding| KeyError::Encryption)?;
        cosign_key::seal(der.as_bytes(), passphrase, salt, nonce)
    }
}

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a key: a `SubjectPublicKeyInfo` in PEM.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let (label, der) = decode(pem)?;
        if label != "PUBLIC KEY" {
            return Err(KeyError::Label { label, wanted: "expected a `PUBLIC KEY`" });
        }
        VerifyingKey::from_public_key_der(&der).map(Self).map_err(|_malformed| KeyError::Malformed)
    }

    /// Returns the key at a point, as SEC 1 writes it; none where that is no point of P-256.
    pub fn from_point(bytes: &[u8]) -> Option<Self> {
        VerifyingKey::from_sec1_bytes(bytes).ok().map(Self)
    }

    /// Returns a signature in DER that comes as its two numbers, one after the other; none where it
    /// is not of this key over this message.
    pub fn accept(&self, message: &[u8], numbers: &[u8]) -> Option<Vec<u8>> {
        let signature = Signature::from_slice(numbers).ok()?.to_der().as_bytes().to_vec();
        self.verifies(message, &signature).then_some(signature)
    }

    /// Returns whether a signature, in DER, is of this key over this message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature)
            .is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }

    /// Returns its `SubjectPublicKeyInfo`, in DER.
    pub fn to_der(&self) -> Vec<u8> {
        // Encoding a key of a known curve does not fail.
        self.0.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
    }

    /// Returns its file.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(p256::pkcs8::LineEnding::LF).unwrap_or_default()
    }

    /// Returns its digest, which is its name.
    pub fn id(&self) -> Digest {
        Digest::of(&self.to_der())
    }
}

/// Takes a PEM file apart: its label, and its bytes.
fn decode(pem: &[u8]) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    if pem.len() > FILE_LIMIT_BYTES {
        return Err(KeyError::TooLarge { limit_bytes: FILE_LIMIT_BYTES });
    }
    let (label, der) = pem_rfc7468::decode_vec(pem).map_err(|_not_pem| KeyError::NotPem)?;
    Ok((label.to_owned(), Zeroizing::new(der)))
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, KeyError> {
    SigningKey::from_pkcs8_der(der).map(PrivateKey).map_err(|_malformed| KeyError::Malformed)
}

/// Opens an encrypted PKCS#8 key.
///
/// # Spec
/// RFC 5958 §3, RFC 8018 (PBES2).
fn decrypt(der: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_der| KeyError::Malformed)?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(KeyError::Encryption);
    };
    let affordable = match &parameters.kdf {
        pbes2::Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= ROUNDS_LIMIT,
        pbes2::Kdf::Scrypt(scrypt) => cosign_key::affordable(
            scrypt.cost_parameter,
            scrypt.block_size.into(),
            scrypt.parallelization.into(),
        ),
        _ => return Err(KeyError::Encryption),
    };
    if !affordable {
        return Err(KeyError::Cost);
    }
    let opened = info.decrypt(passphrase.bytes()).map_err(|_wrong| KeyError::WrongPassphrase)?;
    Ok(opened.to_bytes())
}

#[cfg(test)]
mod tests;
