//! Whom signatures without keys of one's own lead back to: authorities, logs, clocks.
//!
//! # Spec
//! Sigstore protobuf-specs, `sigstore_trustroot.proto`: `TrustedRoot`.

use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::Verifier;
use std::fmt;

/// Largest trust root, in bytes: the public one has some ten kilobytes.
const LIMIT_BYTES: usize = 1 << 20;

/// A trust root, ready to verify with.
pub struct TrustRoot {
    /// What checks proofs.
    pub(crate) verifier: Verifier,
    /// Whether it names a log of certificates. Where it does, certificates have to be in it.
    pub(crate) logs_certificates: bool,
}

/// A file is no trust root.
#[derive(Debug, thiserror::Error)]
pub enum TrustRootError {
    /// Too large.
    #[error("a trust root has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not text.
    #[error("a trust root is JSON, and this is no text")]
    Text,
    /// Not the JSON of a trust root.
    #[error("it is not the JSON of a trust root")]
    Json(#[source] sigstore_trust_root::Error),
    /// A key, certificate or validity in it that makes no sense.
    #[error("a key or certificate in it cannot be used")]
    Material(#[source] Box<sigstore_verify::Error>),
}

impl TrustRoot {
    /// Returns the trust root of the public instance, as it was when akua was built.
    ///
    /// # Errors
    /// [`TrustRootError`]; it does not happen, as a test shows.
    pub fn public() -> Result<Self, TrustRootError> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// Reads a trust root: what `cosign trusted-root create` writes.
    ///
    /// # Errors
    /// [`TrustRootError`].
    pub fn parse(json: &[u8]) -> Result<Self, TrustRootError> {
        if json.len() > LIMIT_BYTES {
            return Err(TrustRootError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let text = std::str::from_utf8(json).map_err(|_no_text| TrustRootError::Text)?;
        let root = TrustedRoot::from_json(text).map_err(TrustRootError::Json)?;
        let verifier = Verifier::new(&root).map_err(|e| TrustRootError::Material(Box::new(e)))?;
        Ok(Self { verifier, logs_certificates: !root.ctlogs.is_empty() })
    }
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_BYTES, TrustRoot, TrustRootError};

    #[test]
    fn the_public_root_can_be_used() {
        let root = TrustRoot::public().expect("the root that is built in");
        assert!(root.logs_certificates);
    }

    #[test]
    fn what_is_no_root_is_refused() {
        assert!(matches!(TrustRoot::parse(b"\xff"), Err(TrustRootError::Text)));
        assert!(matches!(TrustRoot::parse(b"{}"), Err(TrustRootError::Json(_))));
        let large = vec![b' '; LIMIT_BYTES + 1];
        assert!(matches!(TrustRoot::parse(&large), Err(TrustRootError::TooLarge { .. })));
        let large = vec![b' '; LIMIT_BYTES];
        assert!(matches!(TrustRoot::parse(&large), Err(TrustRootError::Json(_))));
    }
}
