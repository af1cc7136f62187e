//! Simple signing: the payload that cosign signs in the layout of tags.
//!
//! # Spec
//! cosign's `specs/SIGNATURE_SPEC.md`.

use akua_source::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Media type of the payload.
pub const SIMPLE_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// What the payload says it is.
const TYPE: &str = "cosign container image signature";
/// Largest payload, in bytes.
const LIMIT_BYTES: usize = 1 << 20;

/// Says which manifest is signed. What it says counts once a signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleSigning {
    /// The repository that it was signed in, as its signer says.
    pub repository: String,
    /// Digest of the manifest.
    pub manifest: Digest,
}

/// Bytes are no payload.
#[derive(Debug, thiserror::Error)]
pub enum SimpleError {
    /// Too large.
    #[error("a payload has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not the JSON of a payload.
    #[error("not the JSON of a simple signing payload")]
    Json(#[source] serde_json::Error),
    /// It signs something else, or no digest.
    #[error("its type or its digest is unknown")]
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct Raw {
    critical: Critical,
    #[serde(default)]
    optional: Option<Value>,
}

#[derive(Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    #[serde(rename = "docker-reference")]
    reference: String,
}

#[derive(Serialize, Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl SimpleSigning {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`SimpleError`].
    pub fn parse(json: &[u8]) -> Result<Self, SimpleError> {
        if json.len() > LIMIT_BYTES {
            return Err(SimpleError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let raw: Raw = serde_json::from_slice(json).map_err(SimpleError::Json)?;
        let Critical { identity, image, kind } = raw.critical;
        let manifest = Digest::parse(&image.digest).filter(|_| kind == TYPE);
        let manifest = manifest.ok_or(SimpleError::Unknown)?;
        Ok(Self { repository: identity.reference, manifest })
    }

    /// Returns its JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let raw = Raw {
            critical: Critical {
                identity: Identity { reference: self.repository.clone() },
                image: Image { digest: self.manifest.to_string() },
                kind: TYPE.to_owned(),
            },
            optional: None,
        };
        // Strings in structs are always JSON.
        serde_json::to_vec(&raw).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cosign 2.6 wrote it.
    const COSIGN: &str = r#"{"critical":{"identity":{"docker-reference":"127.0.0.1:5000/web"},"image":{"docker-manifest-digest":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},"type":"cosign container image signature"},"optional":null}"#;

    #[test]
    fn a_payload_is_read_as_it_was_written() {
        let payload = SimpleSigning {
            repository: "127.0.0.1:5000/web".to_owned(),
            manifest: Digest::of(b"a"),
        };
        assert_eq!(payload.to_json(), COSIGN.as_bytes());
        assert_eq!(SimpleSigning::parse(COSIGN.as_bytes()).expect("a payload"), payload);
    }

    #[test]
    fn what_is_no_payload_is_refused() {
        let parse = |text: &str| SimpleSigning::parse(text.as_bytes()).expect_err("is refused");
        assert!(matches!(parse("{}"), SimpleError::Json(_)));
        let digest = COSIGN.replace("sha256:c", "sha256:C");
        assert!(matches!(parse(&digest), SimpleError::Unknown));
        let kind = COSIGN.replace("cosign container", "another");
        assert!(matches!(parse(&kind), SimpleError::Unknown));
        let large = vec![b' '; LIMIT_BYTES + 1];
        assert!(matches!(SimpleSigning::parse(&large), Err(SimpleError::TooLarge { .. })));
    }
}
