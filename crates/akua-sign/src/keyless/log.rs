//! Logs of both versions: what each is asked to take, and what of its answer is an entry.
//!
//! # Spec
//! Rekor 1's `openapi.yaml` and its types `hashedrekord` and `dsse` 0.0.1; Rekor 2's API document.

use super::{Certificate, KeylessError, Signing};
use serde::{Deserialize, Serialize};
use sigstore_types::{KindVersion, SignatureBytes, SignatureContent, TransparencyLogEntry};
use sigstore_verify::crypto::sha256;
use sigstore_verify::rekor::entry::{
    DsseEntry, HashedRekord, HashedRekordV2, LogEntry, RekorV2KeyDetails,
};
use std::collections::BTreeMap;

/// What a log's answer should be.
const WANTED: &str = "an entry of a log";

/// A log that takes entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its base URL.
    pub url: String,
    /// What it speaks.
    pub version: LogVersion,
}

/// What a log speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogVersion {
    /// Rekor 1: entries have the time when they were taken, and a promise that the log signed.
    One,
    /// Rekor 2, with tiles: entries have no time.
    Two,
}

/// An entry in a log.
#[derive(Debug, Clone)]
pub struct Entry(pub(super) TransparencyLogEntry);

impl LogVersion {
    /// Returns whether a log signs a promise that it has an entry.
    pub fn promises(self) -> bool {
        self == Self::One
    }

    /// Returns where entries are posted, below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::One => "api/v1/log/entries",
            Self::Two => "api/v2/log/entries",
        }
    }

    /// Returns where an entry is asked for that a log says it has already; none where logs have no
    /// such question.
    pub fn search_path(self) -> Option<&'static str> {
        match self {
            Self::One => Some("api/v1/log/entries/retrieve"),
            Self::Two => None,
        }
    }
}

impl Signing {
    /// Returns what a log is asked: to take the signature.
    ///
    /// # Errors
    /// [`KeylessError::Bundle`]; it does not happen.
    pub fn entry_request(
        &self,
        certificate: &Certificate,
        version: LogVersion,
    ) -> Result<Vec<u8>, KeylessError> {
        let signature = SignatureBytes::new(self.signature.clone());
        match (version, self.content()) {
            (LogVersion::Two, _) => json(&HashedRekordV2::new_with_certificate(
                &self.signed_digest(),
                &signature,
                &certificate.own,
                RekorV2KeyDetails::PkixEcdsaP256Sha256,
            )),
            (LogVersion::One, SignatureContent::DsseEnvelope(envelope)) => {
                let entry = DsseEntry::new(&envelope, &certificate.own);
                json(&entry.map_err(|_unlikely| KeylessError::Bundle)?)
            }
            (LogVersion::One, _) => {
                json(&HashedRekord::new(&self.signed_digest(), &signature, &certificate.own))
            }
        }
    }

    /// Returns what a log of Rekor 1 is asked for an entry that it has already, by the request that
    /// it refused.
    pub fn search_request(entry_request: &[u8]) -> Vec<u8> {
        [&b"{\"entries\":["[..], entry_request, b"]}"].concat()
    }

    /// Reads a log's answer to [`Self::entry_request`].
    ///
    /// # Errors
    /// [`KeylessError`].
    pub fn read_entry(&self, answer: &[u8], version: LogVersion) -> Result<Entry, KeylessError> {
        match version {
            LogVersion::One => self.entry_of(parse(answer)?),
            LogVersion::Two => parse(answer).map(Entry),
        }
    }

    /// Reads a log's answer to [`Self::search_request`].
    ///
    /// # Errors
    /// [`KeylessError`].
    pub fn read_found(&self, answer: &[u8]) -> Result<Entry, KeylessError> {
        let found: Vec<BTreeMap<String, LogEntry>> = parse(answer)?;
        self.entry_of(found.into_iter().next().unwrap_or_default())
    }

    /// Takes the one entry of an answer of Rekor 1, which has it by its name.
    fn entry_of(&self, mut answer: BTreeMap<String, LogEntry>) -> Result<Entry, KeylessError> {
        let found = answer.pop_first().map(|(_name, entry)| entry);
        let found = found.filter(|_| answer.is_empty()).ok_or(KeylessError::NoEntry)?;
        let kind = match self.content() {
            SignatureContent::DsseEnvelope(_) => KindVersion::DsseV001,
            _ => KindVersion::HashedRekordV001,
        };
        found.to_bundle_entry(kind).map(Entry).map_err(|_malformed| KeylessError::NoEntry)
    }

    /// The digest of what the signature is of.
    fn signed_digest(&self) -> sigstore_types::Sha256Hash {
        match &self.content {
            super::Content::Statement(envelope) => sha256(&envelope.signed_bytes()),
            super::Content::Artifact(digest) => *digest,
        }
    }
}

/// Writes a request.
fn json(request: &impl Serialize) -> Result<Vec<u8>, KeylessError> {
    serde_json::to_vec(request).map_err(|_unlikely| KeylessError::Bundle)
}

/// Reads an answer.
fn parse<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, KeylessError> {
    serde_json::from_slice(answer).map_err(|source| KeylessError::Json { wanted: WANTED, source })
}
