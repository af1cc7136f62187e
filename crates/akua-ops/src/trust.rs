//! Who may sign what a project depends on: the tables of `akua.toml` and of policies, with the keys
//! that they name.

use crate::failure::named_file;
use crate::trust_root::{ROOT_LIMIT_BYTES, parsed_root, trust_root};
use crate::{Failure, Home};
use akua_disk::Folder;
use akua_package::Project;
use akua_policy::{Author, Effective, Signers};
use akua_sign::{
    Depth, Identity, Matcher, Pattern, PublicKey, SignerRule, SignerRules, Trust, TrustLayer,
    TrustRoot, Who,
};
use akua_source::Diagnostic;
use std::path::Path;
use std::sync::Arc;

/// Largest file of a key, in bytes.
const KEY_LIMIT_BYTES: u64 = 64 << 10;
/// The layer of the project's own manifest.
const MANIFEST: &str = "[signing] of akua.toml";

/// Returns what is asked of dependencies: each layer that says something of a source has to be
/// satisfied.
///
/// # Errors
/// `E_SIGN_KEY` where a key cannot be read.
pub(crate) fn trust(
    home: &Home,
    project: Option<&Project>,
    policy: &Effective,
) -> Result<Trust, Failure> {
    let mut trust = Trust {
        layers: policy
            .signers
            .iter()
            .map(|signers| of_policy(home, signers))
            .collect::<Result<_, _>>()?,
        signatures: policy.signatures,
        attestations: policy.attestations,
    };
    if let Some(project) = project {
        trust.layers.extend(of_project(home, project)?);
        if project.manifest.package.strict_signing {
            trust.signatures = Depth::All;
        }
    }
    Ok(trust)
}

/// Returns the layer of a policy. Keys of a project's policy lie beside it; an operator may name any.
fn of_policy(home: &Home, signers: &Signers) -> Result<TrustLayer, Failure> {
    let path = Path::new(&signers.layer);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let read = |name: &str| match signers.author {
        Author::Operator => key(&parent.join(name)),
        Author::Project => key_below(&Folder::open(parent)?, name),
    };
    let rules = named(&signers.rules, read)?;
    let root = match (&signers.trusted_root, signers.author) {
        (None, _) => trust_root(home, None)?,
        (Some(name), Author::Operator) => trust_root(home, Some(&parent.join(name)))?,
        (Some(name), Author::Project) => root_below(&Folder::open(parent)?, name)?,
    };
    let root = Arc::new(root);
    Ok(TrustLayer { name: signers.layer.clone(), rules, others: Vec::new(), root })
}

/// Returns the layer of a manifest, if it says anything.
fn of_project(home: &Home, project: &Project) -> Result<Option<TrustLayer>, Failure> {
    let signing = &project.manifest.signing;
    let read = |name: &str| key_below(&project.root, name);
    let rules = named(&signing.identities, read)?;
    let others: Vec<Who> = match &signing.cosign_public_key {
        Some(name) => vec![Who::Key(read(name)?)],
        None => Vec::new(),
    };
    if rules.is_empty() && others.is_empty() {
        return Ok(None);
    }
    let root = match &signing.trusted_root {
        Some(name) => root_below(&project.root, name)?,
        None => trust_root(home, None)?,
    };
    Ok(Some(TrustLayer { name: MANIFEST.to_owned(), rules, others, root: Arc::new(root) }))
}

/// Reads the keys that rules name.
fn named(
    rules: &SignerRules,
    read: impl Fn(&str) -> Result<PublicKey, Failure>,
) -> Result<Vec<(Pattern, Vec<Who>)>, Failure> {
    let who = |rule: &SignerRule| match rule {
        SignerRule::Key(name) => Ok(Who::Key(read(name)?)),
        SignerRule::Identity { identity, issuer } => {
            let (subject, issuer) = (identity.clone(), issuer.clone());
            let (subject, issuer) = (Matcher::Pattern(subject), Matcher::Pattern(issuer));
            Ok(Who::Identity(Identity { subject, issuer }))
        }
    };
    let rules = rules.rules.iter().map(|(pattern, signers)| {
        let signers: Result<Vec<Who>, Failure> = signers.iter().map(who).collect();
        Ok((pattern.clone(), signers?))
    });
    rules.collect()
}

/// Reads a public key that a person named.
///
/// # Errors
/// `E_SIGN_KEY`.
pub(crate) fn key(path: &Path) -> Result<PublicKey, Failure> {
    let bytes = akua_disk::read_file(path, KEY_LIMIT_BYTES)
        .map_err(|error| named_file("E_SIGN_KEY", &error, "name the file of a public key"))?;
    parsed(&path.display().to_string(), &bytes)
}

/// Reads a public key of a project: what it names has to lie in it.
fn key_below(folder: &Folder, name: &str) -> Result<PublicKey, Failure> {
    let bytes = folder.read(name, KEY_LIMIT_BYTES).map_err(|error| {
        named_file("E_SIGN_KEY", &error, "name the file of a public key, in the project")
    })?;
    parsed(name, &bytes)
}

/// Reads a trust root of a project: it has to lie in it.
fn root_below(folder: &Folder, name: &str) -> Result<TrustRoot, Failure> {
    let bytes = folder.read(name, ROOT_LIMIT_BYTES).map_err(|error| {
        named_file("E_SIGN_ROOT", &error, "name the file of a trust root, in the project")
    })?;
    parsed_root(name, TrustRoot::parse(&bytes))
}

fn parsed(name: &str, bytes: &[u8]) -> Result<PublicKey, Failure> {
    PublicKey::read(bytes).map_err(|error| {
        let message = format!("`{name}` is no public key: {error}");
        let help = "name a PEM file with a P-256 key, as `akua keygen` and cosign make them";
        Diagnostic::error("E_SIGN_KEY", message).help(help).into()
    })
}
