//! in-toto statements: what is said of which files.
//!
//! # Spec
//! in-toto attestation framework v1: statement.md.

use akua_source::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The type of a statement in an envelope.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// The types of statements that are read; both have the same fields.
const TYPES: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/// Largest statement, in bytes.
const LIMIT_BYTES: usize = 16 << 20;

/// Something that is said of subjects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is said of.
    pub subject: Vec<Subject>,
    /// What kind of thing is said.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    #[serde(default)]
    pub predicate: Value,
}

/// Something that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// Its digests, in hexadecimal, by algorithm.
    pub digest: BTreeMap<String, String>,
}

/// Bytes are no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Too large.
    #[error("a statement has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not the JSON of a statement.
    #[error("not the JSON of an in-toto statement")]
    Json(#[source] serde_json::Error),
    /// A statement of another version.
    #[error("a statement of the type `{0}`")]
    Type(String),
}

impl Statement {
    /// Returns a statement.
    pub fn new(subject: Vec<Subject>, predicate_type: &str, predicate: Value) -> Self {
        let [kind, _older] = TYPES;
        let predicate_type = predicate_type.to_owned();
        Self { kind: kind.to_owned(), subject, predicate_type, predicate }
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(json: &[u8]) -> Result<Self, StatementError> {
        if json.len() > LIMIT_BYTES {
            return Err(StatementError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let found: Self = serde_json::from_slice(json).map_err(StatementError::Json)?;
        if !TYPES.contains(&found.kind.as_str()) {
            return Err(StatementError::Type(found.kind));
        }
        Ok(found)
    }

    /// Returns its JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Maps with keys that are text are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns whether it is said of the bytes with this digest.
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subject.iter().any(|subject| subject.has(digest))
    }
}

impl Subject {
    /// Returns the subject with a name and a digest.
    pub fn new(name: impl Into<String>, digest: &Digest) -> Self {
        let digest = BTreeMap::from([("sha256".to_owned(), digest.hex().to_owned())]);
        Self { name: name.into(), digest }
    }

    /// Returns whether it has this digest.
    pub fn has(&self, digest: &Digest) -> bool {
        self.digest.get("sha256").is_some_and(|hex| hex == digest.hex())
    }
}

#[cfg(test)]
mod tests;
