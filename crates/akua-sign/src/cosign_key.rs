//! cosign's own encrypted keys: a PKCS#8 key in a box of `NaCl`, whose key is made from a passphrase.
//!
//! # Shape
//! PEM of a JSON document: the parameters of scrypt, the nonce, and what the box holds.

use crate::key::{KeyError, SCRYPT_LIMIT_BYTES, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What cosign makes keys with today: 2^16, 64 MiB.
const COST: u64 = 1 << 16;
const BLOCK_SIZE: u64 = 8;
/// Most parallel parts; each takes its time.
const PARALLEL_LIMIT: u64 = 16;
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

/// The document.
#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Parameters,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Parameters {
    #[serde(rename = "N")]
    cost: u64,
    r: u64,
    p: u64,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Opens a key; returns its PKCS#8 DER.
pub(crate) fn open(json: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let sealed: Sealed = serde_json::from_slice(json).map_err(|_json| KeyError::Malformed)?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        return Err(KeyError::Encryption);
    }
    let key = derive(&sealed.kdf.params, &bytes(&sealed.kdf.salt)?, passphrase)?;
    let nonce = <[u8; 24]>::try_from(bytes(&sealed.cipher.nonce)?);
    let nonce = nonce.map_err(|_length| KeyError::Malformed)?;
    let opened = key.decrypt(&Nonce::from(nonce), bytes(&sealed.ciphertext)?.as_slice());
    opened.map(Zeroizing::new).map_err(|_wrong| KeyError::WrongPassphrase)
}

/// Seals a PKCS#8 key.
pub(crate) fn seal(
    der: &[u8],
    passphrase: &Secret,
    salt: [u8; 32],
    nonce: [u8; 24],
) -> Result<String, KeyError> {
    let params = Parameters { cost: COST, r: BLOCK_SIZE, p: 1 };
    let key = derive(&params, &salt, passphrase)?;
    let sealed = key.encrypt(&Nonce::from(nonce), der).map_err(|_box| KeyError::Encryption)?;
    let document = Sealed {
        kdf: Kdf { name: "scrypt".to_owned(), params, salt: STANDARD.encode(salt) },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(sealed),
    };
    let json = serde_json::to_vec(&document).map_err(|_json| KeyError::Encryption)?;
    pem_rfc7468::encode_string(LABEL, pem_rfc7468::LineEnding::LF, &json)
        .map_err(|_pem| KeyError::Encryption)
}

/// Returns whether a key may cost this much memory and time.
pub(crate) fn affordable(cost: u64, block_size: u64, parallel: u64) -> bool {
    let memory = cost.checked_mul(block_size).and_then(|blocks| blocks.checked_mul(128));
    memory.is_some_and(|bytes| bytes <= SCRYPT_LIMIT_BYTES) && parallel <= PARALLEL_LIMIT
}

fn derive(
    parameters: &Parameters,
    salt: &[u8],
    passphrase: &Secret,
) -> Result<XSalsa20Poly1305, KeyError> {
    let Parameters { cost, r, p } = *parameters;
    if !affordable(cost, r, p) {
        return Err(KeyError::Cost);
    }
    let small = |number: u64| u32::try_from(number).map_err(|_large| KeyError::Cost);
    if !cost.is_power_of_two() {
        return Err(KeyError::Malformed);
    }
    let logarithm = u8::try_from(cost.trailing_zeros()).map_err(|_large| KeyError::Cost)?;
    let parameters = scrypt::Params::new(logarithm, small(r)?, small(p)?);
    let parameters = parameters.map_err(|_parameters| KeyError::Malformed)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    scrypt::scrypt(passphrase.bytes(), salt, &parameters, key.as_mut_slice())
        .map_err(|_length| KeyError::Malformed)?;
    Ok(XSalsa20Poly1305::new(Key::from_slice(key.as_slice())))
}

fn bytes(text: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD.decode(text).map_err(|_base64| KeyError::Malformed)
}
