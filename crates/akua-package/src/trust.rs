//! Whether what was fetched is signed by who has to have signed it.
//!
//! **Invariant:** the check is bound to the files in use, each time they are used: a signature
//! speaks for a manifest, the manifest for an archive, the archive for a tree. That the tree is the
//! manifest's is attested by its publisher, or was noted by the akua that unpacked it, or it is
//! fetched again; what nobody can show is refused.

use crate::catalog::Supply;
use crate::key::{SourceKey, local_path};
use crate::locking::referenced;
use crate::parallel::each;
use crate::problem::Problem;
use crate::remote::{Place, fetch_evidence, noted_tree, place};
use akua_disk::Folder;
use akua_manifest::{Lock, LockedPackage};
use akua_oci::Repository;
use akua_sign::{
    Asked, AskedSigner, Attested, EVIDENCE_LIMIT, EVIDENCE_SUM_LIMIT_BYTES, Evidence, Refusal,
    Signer, check,
};
use akua_source::{Diagnostic, Digest, Span};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// Where evidence lies that a package carries with its vendored dependencies.
pub const EVIDENCE: &str = ".akua/evidence";
/// Kind of the facts that are evidence, by the digest of the manifest.
const FACT: &str = "evidence";
/// Largest file of evidence, in bytes: twice what all pieces may have, as quotes are escaped.
const FILE_LIMIT_BYTES: u64 = 2 * EVIDENCE_SUM_LIMIT_BYTES;
/// Type of the predicate that says how something was built.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// Name, among what a provenance lists as made besides, of the tree of files.
pub const FILES: &str = "files";
/// Name of the algorithm of a tree's digest.
pub const TREE_DIGEST: &str = "akuaTreeV1";

/// What was proven of an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Who signed it, of those who may.
    pub signer: Option<Signer>,
    /// Digest of its provenance, where that is attested.
    pub attestation: Option<Digest>,
}

/// What is not proven of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Signature,
    Signer,
    Attestation,
    Identity,
    Binding,
    Rule,
}

impl Missing {
    fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Signature => ("E_SIGN_MISSING", "MissingSignature"),
            Self::Signer => ("E_SIGN_INVALID", "InvalidSignature"),
            Self::Attestation => ("E_ATTEST_MISSING", "AttestationMissing"),
            Self::Identity => ("E_LOCK_IDENTITY", "SignerChanged"),
            Self::Binding => ("E_SIGN_UNBOUND", "UnboundSignature"),
            Self::Rule => ("E_POLICY_SIGNATURE", "MissingSignature"),
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Signature => {
                "ask its publisher to sign it (`akua sign`, `cosign sign`), or depend on a signed version"
            }
            Self::Signer => {
                "find out who signed it; who may is said in [signing] of akua.toml, and in the policy"
            }
            Self::Attestation => "ask its publisher to attest it: `akua publish` does",
            Self::Identity => "find out why its signer changed; to accept the new one: akua update",
            Self::Binding => {
                "run this once without --offline: then its files are fetched again and compared"
            }
            Self::Rule => {
                "say who may sign it: [signing] in akua.toml, or [signatures.identities] in the policy"
            }
        }
    }

    fn of(self, what: &Artifact<'_>, said: &str) -> Diagnostic {
        let (code, kind) = self.code();
        let message = format!("`{}` {} {said}", what.name, what.version);
        Diagnostic::error(code, message).kind(kind).help(self.help())
    }
}

/// An artifact of a registry, and what a lock says of its signer.
#[derive(Debug, Clone, Copy)]
pub struct Artifact<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Digest of its manifest.
    pub manifest: &'a Digest,
    /// Who was locked as its signer.
    pub signature: Option<&'a str>,
    /// The attestation that was locked.
    pub attestation: Option<&'a Digest>,
}

impl<'a> Artifact<'a> {
    /// Returns what an entry of a lock stands for; none if it is no artifact of a registry.
    fn of(entry: &'a LockedPackage) -> Option<Self> {
        Some(Self {
            name: &entry.name,
            version: &entry.version,
            manifest: entry.manifest_digest.as_ref()?,
            signature: entry.signature.as_deref(),
            attestation: entry.attestation.as_ref(),
        })
    }
}

/// What the package that is worked on says of its dependencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roots {
    /// Where it is; what it carries speaks for its dependencies.
    pub(crate) root: PathBuf,
    /// Sources that it declares itself, and where.
    pub(crate) direct: BTreeMap<SourceKey, Span>,
}

/// Proves what is asked of all entries of a lock, several at a time. What is not proven is a
/// diagnostic, with the way that leads to it.
///
/// # Errors
/// What the network says.
pub(crate) fn prove(
    lock: &Lock,
    roots: &Roots,
    supply: &Supply,
) -> Result<(BTreeMap<String, Proof>, Vec<Diagnostic>), Problem> {
    let mut wanted: Vec<(&LockedPackage, Asked)> = lock
        .packages
        .iter()
        .filter(|entry| local_path(entry).is_none())
        .map(|entry| {
            let is_direct = roots.direct.contains_key(&SourceKey::locked(&entry.source));
            (entry, supply.trust.of(&spellings(entry), is_direct))
        })
        .filter(|(_, asked)| !asked.is_nothing())
        .collect();
    wanted.sort_by_key(|(entry, _)| &entry.source);
    let results = each(&wanted, |(entry, asked)| prove_one(entry, asked, &roots.root, supply));
    let (mut proofs, mut wrong) = (BTreeMap::new(), Vec::new());
    for ((entry, _), result) in wanted.iter().zip(results) {
        match result? {
            Ok(proof) => {
                proofs.insert(entry.source.clone(), proof);
            }
            Err(diagnostic) => wrong.push(placed(*diagnostic, lock, roots, entry)),
        }
    }
    Ok((proofs, wrong))
}

/// Returns the repository of an entry; none if it is from somewhere else.
fn repository(entry: &LockedPackage) -> Option<Repository> {
    match place(&SourceKey::locked(&entry.source)) {
        Some(Place::Oci { repository }) => Repository::parse(repository).ok(),
        Some(Place::Git { .. } | Place::Helm { .. }) | None => None,
    }
}

/// Returns the texts by which a rule may name where an entry comes from: as the lock has it, without
/// the tag that may stand there, and with its host as any other spelling of it has it.
fn spellings(entry: &LockedPackage) -> Vec<String> {
    let mut spellings = vec![entry.source.clone()];
    if let Some(repository) = repository(entry) {
        spellings.extend([format!("oci://{repository}"), repository.source()]);
    }
    spellings
}

/// Says where an entry is declared, or what leads to it.
fn placed(told: Diagnostic, lock: &Lock, roots: &Roots, entry: &LockedPackage) -> Diagnostic {
    if let Some(span) = roots.direct.get(&SourceKey::locked(&entry.source)) {
        return told.label(*span, "");
    }
    match way(lock, roots, entry) {
        Some(way) => told.note(format!("it is needed by {way}")),
        None => told,
    }
}

/// Proves what is asked of one entry.
fn prove_one(
    entry: &LockedPackage,
    asked: &Asked,
    root: &Path,
    supply: &Supply,
) -> Result<Result<Proof, Box<Diagnostic>>, Problem> {
    let repository = repository(entry);
    let (Some(artifact), Some(repository)) = (Artifact::of(entry), repository) else {
        let message = format!("`{}` {} is no artifact of a registry", entry.name, entry.version);
        let (code, kind) = Missing::Rule.code();
        let diagnostic = Diagnostic::error(code, format!("{message}, and so is not signed"));
        let help = "depend on it through a registry, or put a copy into the package and review it";
        return Ok(Err(Box::new(diagnostic.kind(kind).help(help))));
    };
    match prove_artifact(&artifact, &repository, asked, Some(root), supply)? {
        Err(diagnostic) => Ok(Err(diagnostic)),
        Ok((proof, statements)) => {
            if let Some(diagnostic) = drifted(&artifact, &proof) {
                return Ok(Err(Box::new(diagnostic)));
            }
            let unbound = bound(entry, &artifact, &statements, supply)?;
            Ok(unbound.map_or(Ok(proof), Err))
        }
    }
}

/// What was proven, and what was attested, for each layer by those whom it names; or what was not
/// proven.
pub type Judged = Result<(Proof, Vec<Vec<Attested>>), Box<Diagnostic>>;

/// Proves what is asked of an artifact, with what lies beside it. `root` is a package that carries
/// evidence.
///
/// # Errors
/// What the network says; inside, what is not proven.
pub fn prove_artifact(
    artifact: &Artifact<'_>,
    repository: &Repository,
    asked: &Asked,
    root: Option<&Path>,
    supply: &Supply,
) -> Result<Judged, Problem> {
    if asked.signers.is_empty() {
        let said = "has to be signed, and nothing says who may sign it";
        let rule = if asked.signature { "signatures" } else { "attestations" };
        let told = Missing::Rule.of(artifact, said).note(format!("{rule} are required"));
        return Ok(Err(Box::new(told)));
    }
    let manifest = artifact.manifest;
    // What is here may be enough; if it is not, there may be more by now.
    let mut here = root.map(|root| carried(root, manifest)).unwrap_or_default();
    here.extend(noted(supply, manifest));
    let judged = judge(artifact, asked, &here);
    let (Err(_), Some(remote)) = (&judged, &supply.remote) else { return Ok(judged) };
    let found = fetch_evidence(remote.client()?, repository, manifest)?;
    if !found.is_empty() {
        let fact = serde_json::to_vec(&found).unwrap_or_default();
        supply.cache.note(FACT, manifest.as_str().as_bytes(), &fact);
    }
    Ok(judge(artifact, asked, &found))
}

/// Judges evidence by each layer that says who may sign.
fn judge(artifact: &Artifact<'_>, asked: &Asked, found: &[Evidence]) -> Judged {
    let (mut proof, mut statements) = (Proof::default(), Vec::new());
    for AskedSigner { layer, who, root } in &asked.signers {
        let verdict = check(found, artifact.manifest, who, root);
        let told = |diagnostic: Diagnostic| {
            let diagnostic = diagnostic.note(format!("it is asked for by {layer}"));
            let refused: BTreeSet<&Refusal> = verdict.refused.iter().collect();
            let refused = refused.into_iter();
            Box::new(refused.fold(diagnostic, |told, refusal| told.note(refusal.to_string())))
        };
        let Some(first) = verdict.signers.first() else {
            let missing = if found.is_empty() { Missing::Signature } else { Missing::Signer };
            let said = match missing {
                Missing::Signature => "is not signed",
                _ => "is not signed by anybody who may sign it",
            };
            return Err(told(missing.of(artifact, said)));
        };
        let mut signers = verdict.signers.iter();
        let same = signers.find(|one| Some(one.to_string().as_str()) == artifact.signature);
        if proof.signer.is_none() {
            proof.signer = Some(same.unwrap_or(first).clone());
        }
        let provenance = |one: &&Attested| one.statement.predicate_type == PROVENANCE;
        let mut provenances = verdict.statements.iter().filter(provenance);
        if asked.attestation && provenances.clone().next().is_none() {
            return Err(told(Missing::Attestation.of(artifact, "has no attested provenance")));
        }
        if proof.attestation.is_none() {
            let is_locked = |one: &&Attested| Some(&one.digest) == artifact.attestation;
            let found = provenances.clone().find(is_locked).or_else(|| provenances.next());
            proof.attestation = found.map(|one| one.digest.clone());
        }
        statements.push(verdict.statements);
    }
    Ok((proof, statements))
}

/// Returns what is wrong where a proof is not of whom the lock names.
fn drifted(artifact: &Artifact<'_>, proof: &Proof) -> Option<Diagnostic> {
    let locked = artifact.signature?;
    let found = proof.signer.as_ref().map(Signer::to_string);
    if found.as_deref() != Some(locked) {
        let diagnostic =
            Missing::Identity.of(artifact, "is signed by somebody else than was locked");
        let found = found.unwrap_or_else(|| "nobody".to_owned());
        return Some(diagnostic.note(format!("expected {locked}")).note(format!("found {found}")));
    }
    let wanted = artifact.attestation?;
    if proof.attestation.as_ref() == Some(wanted) {
        return None;
    }
    let diagnostic = Missing::Attestation.of(artifact, "has lost the attestation that was locked");
    let found = proof.attestation.as_ref().map_or("none".to_owned(), Digest::to_string);
    Some(diagnostic.note(format!("expected {wanted}")).note(format!("found {found}")))
}

/// Checks that the tree of an entry is the one that its manifest leads to; returns what is wrong.
/// What those attest whom one layer names says nothing to another layer.
fn bound(
    entry: &LockedPackage,
    artifact: &Artifact<'_>,
    statements: &[Vec<Attested>],
    supply: &Supply,
) -> Result<Option<Box<Diagnostic>>, Problem> {
    let attested = |layer: &Vec<Attested>| layer.iter().flat_map(attested_trees).collect();
    let layers: Vec<Vec<String>> = statements.iter().map(attested).collect();
    for attested in &layers {
        if let (Some(digest), false) = (attested.first(), names(attested, &entry.digest)) {
            let diagnostic =
                Missing::Binding.of(artifact, "has other files than its publisher attested");
            let diagnostic = diagnostic.note(format!("expected sha256:{digest}"));
            return Ok(Some(Box::new(diagnostic.note(format!("found {}", entry.digest)))));
        }
    }
    if layers.iter().all(|attested| names(attested, &entry.digest)) {
        return Ok(None);
    }
    let proven = match (noted_tree(&supply.cache, artifact.manifest), &supply.remote) {
        (Some(digest), _) => Some(digest),
        (None, Some(remote)) => {
            let key = SourceKey::locked(&entry.source);
            Some(remote.proven(&key, entry, (&supply.cache, supply.yaml.as_ref()))?)
        }
        (None, None) => None,
    };
    let diagnostic = match proven {
        Some(digest) if digest == entry.digest => return Ok(None),
        Some(digest) => {
            let diagnostic = Missing::Binding.of(artifact, "has other files than its manifest");
            diagnostic.note(format!("expected {digest}")).note(format!("found {}", entry.digest))
        }
        None => {
            Missing::Binding.of(artifact, "is signed, and nothing here shows that its files are")
        }
    };
    Ok(Some(Box::new(diagnostic)))
}

/// Returns whether one of the trees that are attested is this one.
fn names(attested: &[String], tree: &Digest) -> bool {
    attested.iter().any(|digest| digest == tree.hex())
}

/// Returns the digests of trees, in hexadecimal, that a provenance lists.
fn attested_trees(attested: &Attested) -> Vec<String> {
    let made = attested.statement.predicate.pointer("/runDetails/byproducts");
    let made = made.and_then(|made| made.as_array()).into_iter().flatten();
    let trees = made.filter(|one| one.get("name").is_some_and(|name| name == FILES));
    let digest = trees.filter_map(|one| one.get("digest")?.get(TREE_DIGEST)?.as_str());
    digest.map(str::to_owned).collect()
}

/// Returns the shortest way from the package to an entry, for people.
fn way(lock: &Lock, roots: &Roots, to: &LockedPackage) -> Option<String> {
    let is_direct = |entry: &&LockedPackage| {
        let key = SourceKey::locked(&entry.source);
        roots.direct.contains_key(&key) || local_path(entry).is_some()
    };
    let mut before: BTreeMap<&str, Option<&LockedPackage>> = BTreeMap::new();
    let mut waiting: VecDeque<&LockedPackage> = lock.packages.iter().filter(is_direct).collect();
    for entry in &waiting {
        before.insert(&entry.source, None);
    }
    while let Some(entry) = waiting.pop_front() {
        for next in entry.dependencies.iter().filter_map(|name| referenced(lock, name)) {
            if !before.contains_key(next.source.as_str()) {
                before.insert(&next.source, Some(entry));
                waiting.push_back(next);
            }
        }
    }
    let mut names = Vec::new();
    let mut at = *before.get(to.source.as_str())?;
    while let Some(entry) = at {
        names.push(format!("`{}` {}", entry.name, entry.version));
        at = before.get(entry.source.as_str()).copied().flatten();
    }
    names.reverse();
    (!names.is_empty()).then(|| names.join(" → "))
}

/// Returns what was noted when evidence was fetched last.
fn noted(supply: &Supply, manifest: &Digest) -> Vec<Evidence> {
    let fact = supply.cache.fact(FACT, manifest.as_str().as_bytes());
    fact.and_then(|fact| Evidence::read_pieces(&fact).ok()).unwrap_or_default()
}

/// Returns the evidence that a package carries; what cannot be read is none.
fn carried(root: &Path, manifest: &Digest) -> Vec<Evidence> {
    let file = format!("{EVIDENCE}/{}.json", manifest.hex());
    let bytes = Folder::open(root).and_then(|folder| folder.read(&file, FILE_LIMIT_BYTES));
    bytes.ok().and_then(|bytes| Evidence::read_pieces(&bytes).ok()).unwrap_or_default()
}

/// Returns the files of evidence for what is vendored, as far as it is known here: their names below
/// [`EVIDENCE`], and their bytes.
pub fn evidence_files(root: &Path, lock: &Lock, supply: &Supply) -> Vec<(String, Vec<u8>)> {
    let manifests = lock.packages.iter().filter_map(|entry| entry.manifest_digest.as_ref());
    let files = manifests.filter_map(|manifest| {
        let mut found = noted(supply, manifest);
        for piece in carried(root, manifest) {
            if !found.contains(&piece) && found.len() < EVIDENCE_LIMIT {
                found.push(piece);
            }
        }
        let bytes = serde_json::to_vec(&found).ok().filter(|_| !found.is_empty())?;
        Some((format!("{}.json", manifest.hex()), bytes))
    });
    files.collect()
}
