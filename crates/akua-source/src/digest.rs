//! A digest of bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Prefix of the one algorithm in use.
const PREFIX: &str = "sha256:";
/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;

/// SHA-256 of something, written `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Returns the digest that a text says, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let valid = digits.len() == DIGITS && digits.bytes().all(hexadecimal);
        valid.then(|| Self(text.to_owned()))
    }

    /// Returns the digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_bytes(Sha256::digest(bytes).into())
    }

    /// Returns the digest with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Self(digits.fold(PREFIX.to_owned(), |text, byte| text + &byte))
    }

    /// Returns the whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hexadecimal digits.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or(&self.0)
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let digits = self.hex().as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap_or_default(), 16);
        digits.map(|pair| byte(pair).unwrap_or_default()).collect()
    }

    /// Returns the first digits, enough for people.
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| format!("expected `sha256:` and 64 hexadecimal digits, found `{text}`"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_prefix_and_lower_case_digits() {
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(Digest::parse(digest.as_str()), Some(digest.clone()));
        assert_eq!((digest.short(), digest.hex().len()), ("abababababab", 64));
        let digits = "0".repeat(64);
        for wrong in ["", "sha256:", "sha512:00", &digits, &format!("sha256:{}G", "0".repeat(63))] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }
}
