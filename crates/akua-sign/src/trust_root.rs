//! Whom signatures without keys of one's own lead back to: authorities, logs, clocks.
//!
//! # Spec
//! Sigstore protobuf-specs, `sigstore_trustroot.proto`: `TrustedRoot`.

use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TimeRange, TrustedRoot};
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
    /// Returns the document of the public instance, as it was when akua was built.
    pub fn public() -> &'static [u8] {
        SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes()
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

/// Someone or something that a trust root names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPart {
    /// What it does.
    pub kind: TrustPartKind,
    /// Where it is, or what it is called.
    pub name: String,
    /// Since when it counts: RFC 3339; empty where the trust root does not say.
    pub from: String,
    /// Until when it counted; empty while it does.
    pub until: String,
}

/// What a part of a trust root does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustPartKind {
    /// It gives certificates.
    Authority,
    /// It logs certificates.
    CertificateLog,
    /// It logs signatures.
    SignatureLog,
    /// It signs the time.
    Clock,
}

/// Returns what a trust root names.
///
/// # Errors
/// [`TrustRootError`].
pub fn trust_parts(json: &[u8]) -> Result<Vec<TrustPart>, TrustRootError> {
    TrustRoot::parse(json)?;
    let root = serde_json::from_slice::<TrustedRoot>(json)
        .map_err(|error| TrustRootError::Json(error.into()))?;
    let part = |kind, name: &str, valid: Option<TimeRange>| TrustPart {
        kind,
        name: name.to_owned(),
        from: valid.map(|valid| valid.start.to_string()).unwrap_or_default(),
        until: valid.and_then(|valid| valid.end).map(|end| end.to_string()).unwrap_or_default(),
    };
    let authorities = root.certificate_authorities.iter();
    let mut parts: Vec<TrustPart> =
        authorities.map(|it| part(TrustPartKind::Authority, &it.uri, it.valid_for)).collect();
    let logs = root.ctlogs.iter();
    parts.extend(
        logs.map(|it| part(TrustPartKind::CertificateLog, &it.base_url, it.public_key.valid_for)),
    );
    let logs = root.tlogs.iter();
    parts.extend(
        logs.map(|it| part(TrustPartKind::SignatureLog, &it.base_url, it.public_key.valid_for)),
    );
    let clocks = root.timestamp_authorities.iter();
    parts.extend(clocks.map(|it| {
        let name = it.uri.as_deref().or(it.subject.common_name.as_deref()).unwrap_or_default();
        part(TrustPartKind::Clock, name, it.valid_for)
    }));
    Ok(parts)
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMIT_BYTES, TrustPartKind, TrustRoot, TrustRootError, trust_parts};

    #[test]
    fn the_public_root_can_be_used() {
        let root = TrustRoot::parse(TrustRoot::public()).expect("the root that is built in");
        assert!(root.logs_certificates);
        let parts = trust_parts(TrustRoot::public()).expect("the root that is built in");
        for kind in [
            TrustPartKind::Authority,
            TrustPartKind::CertificateLog,
            TrustPartKind::SignatureLog,
            TrustPartKind::Clock,
        ] {
            let named = parts.iter().any(|part| {
                part.kind == kind && part.name.starts_with("https://") && !part.from.is_empty()
            });
            assert!(named, "{kind:?}: {parts:?}");
        }
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
