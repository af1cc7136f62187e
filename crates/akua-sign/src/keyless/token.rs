//! Identity tokens: who somebody is, as an issuer says it.
//!
//! Nothing is verified: Fulcio does that. What is read is what the request has to repeat.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use std::fmt;
use zeroize::Zeroizing;

/// Longest token, in bytes: those of CI have some two kilobytes.
const LIMIT_BYTES: usize = 32 << 10;

/// An identity token (a JWT); it is shown to nobody.
#[derive(Clone)]
pub struct IdentityToken {
    text: Zeroizing<String>,
    subject: String,
}

/// A text is no identity token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Too long.
    #[error("a token has at most {limit_bytes} bytes")]
    TooLong {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not three parts in base64, the second of them claims.
    #[error("it is not an identity token (a JWT)")]
    Malformed,
    /// Its mail address was not verified.
    #[error("the issuer has not verified the mail address in it")]
    Unverified,
    /// It says of nobody.
    #[error("it names neither a mail address nor a subject")]
    Nobody,
}

/// What is read of a token.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: Verified,
}

/// Some issuers write it as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verified {
    Flag(bool),
    Text(String),
}

impl Default for Verified {
    fn default() -> Self {
        Self::Flag(false)
    }
}

impl IdentityToken {
    /// Takes a token in; space around it does not count.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.len() > LIMIT_BYTES {
            return Err(TokenError::TooLong { limit_bytes: LIMIT_BYTES });
        }
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let parts: Vec<&str> = text.split('.').collect();
        let [_header, claims, _signature] = parts.as_slice() else {
            return Err(TokenError::Malformed);
        };
        let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('='));
        let claims = claims.map(Zeroizing::new).map_err(|_base64| TokenError::Malformed)?;
        let claims: Claims =
            serde_json::from_slice(&claims).map_err(|_claims| TokenError::Malformed)?;
        let verified = match claims.email_verified {
            Verified::Flag(flag) => flag,
            Verified::Text(text) => text == "true",
        };
        let subject = match (claims.email.is_empty(), verified) {
            _ if !printable => return Err(TokenError::Malformed),
            (false, true) => claims.email,
            (false, false) => return Err(TokenError::Unverified),
            (true, _) if claims.sub.is_empty() => return Err(TokenError::Nobody),
            (true, _) => claims.sub,
        };
        Ok(Self { text: Zeroizing::new(text.to_owned()), subject })
    }

    /// Returns whom it is of, as Fulcio asks to prove it.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the token itself, for a request and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityToken(…)")
    }
}
