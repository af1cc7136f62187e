//! What is signed when a package is published, and with which key.

mod key;
mod without_key;

pub(crate) use key::{Key, SealedKey, sealed_key};

use crate::keyless::Keyless;
use crate::{Failure, Home};
use akua_manifest::{Lock, LockedPackage};
use akua_package::{FILES, PROVENANCE, Project, TREE_DIGEST};
use akua_sandbox::Guest;
use akua_sign::{COSIGN_SIGN, Evidence, Signer, SimpleSigning, Statement, Subject, keyed_bundle};
use akua_source::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;

/// What a provenance says a package is made by.
const BUILD_TYPE: &str = "https://akua.dev/slsa/publish/v1";
/// What it says made it.
const BUILDER: &str = concat!("https://akua.dev/cli/v", env!("CARGO_PKG_VERSION"));

/// Where signatures and attestations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Both ways.
    #[default]
    Both,
    /// Under tags beside the artifact's: what cosign 2 reads.
    Tags,
    /// As bundles that refer to the artifact: what cosign 3 writes.
    Referrers,
}

/// What was published.
#[derive(Debug, Clone)]
pub(crate) struct Published<'a> {
    /// The repository, without a scheme.
    pub(crate) repository: &'a str,
    /// The tag.
    pub(crate) tag: &'a str,
    /// Digest of the manifest.
    pub(crate) manifest: &'a Digest,
    /// Digest of the files, as those who depend on it will have them.
    pub(crate) tree: Option<&'a Digest>,
    /// What it depends on.
    pub(crate) lock: Option<&'a Lock>,
    /// Digest of what its example inputs render to, if that was checked.
    pub(crate) render: Option<&'a str>,
}

/// Who signs.
#[derive(Debug)]
pub(crate) enum Hand<'a> {
    /// The owner of a key.
    Key(Key),
    /// Who has an identity token.
    Keyless(&'a Keyless),
}

/// What is said, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speech<'a> {
    /// Where signatures and attestations are kept.
    pub(crate) layout: Layout,
    /// Whether it is attested how it was made.
    pub(crate) attested: bool,
    /// What speaks for it already.
    pub(crate) there: &'a [Evidence],
}

/// Returns who signs: with a key as [`sealed_key`] finds it, or without one.
///
/// # Errors
/// As [`sealed_key`] and [`SealedKey::open`].
pub(crate) fn hand<'a>(
    home: &Home,
    project: Option<&Project>,
    named: Option<&Path>,
    keyless: Option<&'a Keyless>,
) -> Result<Hand<'a>, Failure> {
    match keyless {
        Some(keyless) => keyless.checked(home).map(Hand::Keyless),
        None => sealed_key(home, project, named)?.open(home).map(Hand::Key),
    }
}

/// Signs: returns what speaks for something that was published besides what is `there` already, and
/// who says it.
///
/// # Errors
/// [`Failure`], without a key: as [`crate::keyless::sign`].
pub(crate) fn speak(
    home: &Home,
    published: &Published<'_>,
    hand: &Hand<'_>,
    options: Speech<'_>,
) -> Result<(Vec<Evidence>, Signer), Failure> {
    match hand {
        Hand::Key(key) => {
            let public = key.public();
            let mut evidence = evidence(published, key, options.layout, options.attested)?;
            // Tokens sign with random numbers: what one signed before is as good.
            evidence.retain(|piece| !piece.is_said_in(options.there, &public));
            Ok((evidence, Signer::Key(public.id())))
        }
        Hand::Keyless(keyless) => without_key::speak(home, keyless, published, options),
    }
}

/// Returns what is said: that it is signed, and how it was made if that is to be `attested`.
fn statements(published: &Published<'_>, attested: bool) -> (Statement, Option<Statement>) {
    let subject = || vec![Subject::new(published.repository, published.manifest)];
    let signature = Statement::new(subject(), COSIGN_SIGN, json!({}));
    let made = attested.then(|| Statement::new(subject(), PROVENANCE, provenance(published)));
    (signature, made)
}

/// Returns what is signed under a tag.
fn payload(published: &Published<'_>) -> Vec<u8> {
    let (repository, manifest) = (published.repository.to_owned(), published.manifest.clone());
    SimpleSigning { repository, manifest }.to_json()
}

/// Returns what speaks for something that was published: a signature, and how it was made if that is
/// to be `attested`. The same is signed with the same bytes each time, unless a token signs.
///
/// # Errors
/// As [`Key::sign`].
fn evidence(
    published: &Published<'_>,
    key: &Key,
    layout: Layout,
    attested: bool,
) -> Result<Vec<Evidence>, Failure> {
    let mut found = Vec::new();
    let (signature, made) = statements(published, attested);
    if layout != Layout::Referrers {
        let payload = payload(published);
        let signature = STANDARD.encode(key.sign(&payload)?);
        // It was made of text.
        found.push(Evidence::simple(String::from_utf8_lossy(&payload).into_owned(), signature));
        if let Some(made) = &made {
            found.push(Evidence::envelope(&key.envelope(made)?, PROVENANCE));
        }
    }
    if layout != Layout::Tags {
        for statement in std::iter::once(&signature).chain(&made) {
            let bundle = keyed_bundle(&key.envelope(statement)?, &key.public());
            found.push(Evidence::bundle(bundle, &statement.predicate_type));
        }
    }
    Ok(found)
}

/// Returns the predicate that says how something was made. It has no times: the same package has the
/// same provenance.
///
/// # Spec
/// SLSA provenance v1.
fn provenance(published: &Published<'_>) -> Value {
    let dependencies = published.lock.map(|lock| lock.packages.as_slice()).unwrap_or_default();
    let mut made = Vec::new();
    if let Some(tree) = published.tree {
        made.push(json!({ "name": FILES, "digest": { TREE_DIGEST: tree.hex() } }));
    }
    if let Some(render) = published.render {
        made.push(json!({ "name": "render", "digest": { "sha256": render } }));
    }
    json!({
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "ociRef": format!("oci://{}", published.repository),
                "tag": published.tag,
            },
            "internalParameters": {},
            "resolvedDependencies": dependencies.iter().map(resolved).collect::<Vec<_>>(),
        },
        "runDetails": {
            "builder": {
                "id": BUILDER,
                "version": { "akua": env!("CARGO_PKG_VERSION") },
                "builderDependencies": engines(),
            },
            "metadata": {},
            "byproducts": made,
        },
    })
}

/// Returns the worker and the engines of this akua, with their digests.
pub(crate) fn engines() -> Vec<Value> {
    let engines =
        [("worker", Guest::Worker), ("helm", Guest::Helm), ("kustomize", Guest::Kustomize)];
    let engine = |(name, guest): (&str, Guest)| {
        let digest = guest.digest();
        let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
        json!({ "name": name, "digest": { "sha256": hex } })
    };
    engines.into_iter().map(engine).collect()
}

/// Returns what a provenance says of a dependency.
fn resolved(entry: &LockedPackage) -> Value {
    let digest = match (&entry.manifest_digest, &entry.layer_digest, &entry.commit) {
        (Some(manifest), ..) => json!({ "sha256": manifest.hex() }),
        (None, Some(layer), _) => json!({ "sha256": layer.hex() }),
        (None, None, Some(commit)) => json!({ "gitCommit": commit }),
        (None, None, None) => json!({ TREE_DIGEST: entry.digest.hex() }),
    };
    json!({
        "name": entry.name,
        "uri": format!("{}@{}", entry.source, entry.version),
        "digest": digest,
        "annotations": { TREE_DIGEST: entry.digest.hex() },
    })
}
