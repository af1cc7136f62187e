//! Keys, signatures and attestations: bytes in, verdict out.
//!
//! What `publish` signs and what `verify` believes is decided here. **Invariant:** a function of its
//! arguments: keys, passphrases and random bytes are passed in; no file, no socket, no clock.
//! Everything that is verified is hostile: it is read with a limit, and what was read counts only
//! once a signature over the very bytes was checked. Start with `envelope.rs`.
//!
//! # Spec
//! SPEC.md §7; DSSE 1.0; in-toto attestation framework v1; cosign's signature spec.
#![forbid(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![cfg_attr(not(test), warn(clippy::expect_used))]

mod bundle;
mod cosign_key;
mod envelope;
mod evidence;
mod identity;
mod key;
mod keyed;
mod keyless;
mod pattern;
mod refresh;
mod rules;
mod simple;
mod statement;
mod trust;
mod trust_root;
mod verdict;

pub use bundle::{Artifact, Bundle, BundleError, Expected, LogEntry, LogRule, Proof, Verified};
pub use envelope::{Envelope, EnvelopeError, EnvelopeSignature};
pub use evidence::{
    BUNDLE_TYPE, ENVELOPE_TYPE, EVIDENCE_LIMIT, EVIDENCE_LIMIT_BYTES, EVIDENCE_SUM_LIMIT_BYTES,
    Evidence, PREDICATE, SIGNATURE,
};
pub use identity::{Expression, ExpressionError, Identity, Matcher};
pub use key::{KeyError, PrivateKey, PublicKey, Secret};
pub use keyed::keyed_bundle;
pub use keyless::{
    ANSWER_LIMIT_BYTES, Certificate, Entry, IdentityToken, KeylessError, Log, LogVersion, Services,
    ServicesError, Signing, TokenError,
};
pub use pattern::Pattern;
pub use refresh::{
    FetchFile, FetchFileError, RefreshError, TrustState, built_in_root_version, public_mirror,
    public_root, refresh,
};
pub use rules::{RawSignerRules, SignerRule, SignerRules};
pub use simple::{SIMPLE_TYPE, SimpleError, SimpleSigning};
pub use statement::{IN_TOTO, Statement, StatementError, Subject};
pub use trust::{Asked, AskedSigner, Depth, Trust, TrustLayer};
pub use trust_root::{TrustPart, TrustPartKind, TrustRoot, TrustRootError, trust_parts};
pub use verdict::{Attested, COSIGN_SIGN, Refusal, Signer, Verdict, Who, check};
