//! What is asked of an artifact before it is used: who has to have signed it, and what else.

use crate::{Pattern, TrustRoot, Who};
use serde::Deserialize;
use std::sync::Arc;

/// How deep in the graph of dependencies something is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Depth {
    /// Nowhere.
    #[default]
    None,
    /// Of what the package itself depends on.
    Direct,
    /// Of what its dependencies depend on, too.
    All,
}

impl Depth {
    /// Returns whether something is asked for here.
    pub fn reaches(self, is_direct: bool) -> bool {
        self == Self::All || (self == Self::Direct && is_direct)
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Direct => "direct",
            Self::All => "all",
        }
    }
}

/// One file that says who may sign.
#[derive(Debug, Clone)]
pub struct TrustLayer {
    /// Its name, for people.
    pub name: String,
    /// Who may sign what comes from sources that a pattern matches.
    pub rules: Vec<(Pattern, Vec<Who>)>,
    /// Who may sign what comes from any other source.
    pub others: Vec<Who>,
    /// What signatures without keys lead back to.
    pub root: Arc<TrustRoot>,
}

impl TrustLayer {
    /// Returns who may sign what comes from a source, however it is spelled; nobody where the layer
    /// says nothing of it.
    fn signers(&self, spellings: &[String]) -> Vec<Who> {
        let is_meant = |pattern: &Pattern| spellings.iter().any(|source| pattern.matches(source));
        let matching = self.rules.iter().filter(|(pattern, _)| is_meant(pattern));
        let named: Vec<Who> = matching.flat_map(|(_, who)| who.iter().cloned()).collect();
        if named.is_empty() { self.others.clone() } else { named }
    }
}

/// What is asked of artifacts: each layer that says who may sign has to be satisfied.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The layers.
    pub layers: Vec<TrustLayer>,
    /// Where signatures are required.
    pub signatures: Depth,
    /// Where attestations of how it was published are required.
    pub attestations: Depth,
}

/// Who has to have signed one artifact, as one layer says it.
#[derive(Debug, Clone)]
pub struct AskedSigner {
    /// Name of the layer.
    pub layer: String,
    /// Who may have signed: one of these.
    pub who: Vec<Who>,
    /// What signatures without keys lead back to.
    pub root: Arc<TrustRoot>,
}

/// What is asked of one artifact.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// By each layer that says something of it.
    pub signers: Vec<AskedSigner>,
    /// Whether it has to be signed although no layer says by whom.
    pub signature: bool,
    /// Whether its provenance has to be attested.
    pub attestation: bool,
}

impl Asked {
    /// Returns whether nothing is asked.
    pub fn is_nothing(&self) -> bool {
        self.signers.is_empty() && !self.signature && !self.attestation
    }
}

impl Trust {
    /// Returns what is asked of what comes from a source, which may be spelled in several ways.
    pub fn of(&self, spellings: &[String], is_direct: bool) -> Asked {
        let layers = self.layers.iter();
        let signers = layers.map(|layer| AskedSigner {
            layer: layer.name.clone(),
            who: layer.signers(spellings),
            root: Arc::clone(&layer.root),
        });
        Asked {
            signers: signers.filter(|asked| !asked.who.is_empty()).collect(),
            signature: self.signatures.reaches(is_direct),
            attestation: self.attestations.reaches(is_direct),
        }
    }
}
