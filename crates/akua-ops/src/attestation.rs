//! What `render --attest` says of the files that it writes, and signs: the package, the inputs and
//! the akua that they are made of.

use crate::keyless::Keyless;
use crate::render::{AttestOption, Cost};
use crate::signing::{SealedKey, engines, sealed_key};
use crate::{Failure, Home};
use akua_objects::OutputFile;
use akua_package::{LOCK, Package, Project};
use akua_render::{Inputs, Options};
use akua_sign::{Signer, Statement, Subject, keyed_bundle};
use akua_source::{Budgets, Diagnostic, Digest, TABLE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// What kind of thing is said.
pub(crate) const RENDER: &str = "https://akua.dev/attestations/render/v1";
/// Largest lock, in bytes; one that is larger was refused when the project was opened.
const LOCK_LIMIT_BYTES: u64 = 8 << 20;

/// What there is before the render: the wall hides it afterwards.
#[derive(Debug)]
pub(crate) struct Attesting {
    by: By,
    lock: Option<NamedDigest>,
}

/// Who attests.
#[derive(Debug)]
enum By {
    /// The owner of a key.
    Key(SealedKey),
    /// Who has an identity token.
    Keyless(Keyless),
}

/// What was rendered.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// The package.
    pub(crate) package: &'a Package,
    /// Its inputs.
    pub(crate) inputs: Option<&'a Inputs>,
    /// What held for it.
    pub(crate) options: &'a Options,
}

/// An attestation.
#[derive(Debug)]
pub(crate) struct Attestation {
    /// The bundle.
    pub(crate) bundle: Vec<u8>,
    /// Who signed it, as akua.lock names them.
    pub(crate) signer: String,
}

/// What is said of the files. It has no times and nothing that differs from one run to the next: the
/// same render has the same attestation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Predicate {
    /// The package.
    pub(crate) package: AttestedPackage,
    /// The inputs document; none where there is none.
    pub(crate) inputs: Option<NamedDigest>,
    /// The lock; none where there is none.
    pub(crate) lock: Option<NamedDigest>,
    /// The akua, and its engines.
    pub(crate) akua: Value,
    /// The limits that held, by their fields in `[budgets]`.
    limits: Value,
    /// What the render cost.
    cost: Value,
    /// Whether charts had to be dependencies.
    strict: bool,
    /// What random bytes follow from, where that was given.
    seed: Option<String>,
    /// The hash over all files, as `render --json` has it.
    hash: String,
}

/// The package that files are made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttestedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of all that it is made of: its own files and its dependencies.
    pub digest: String,
}

/// A file, by its name without directories: where it lies says nothing of what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedDigest {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Attesting {
    /// Reads the key, and what else the wall hides.
    ///
    /// # Errors
    /// As [`sealed_key`]; the lock cannot be read.
    pub(crate) fn new(
        option: &AttestOption,
        home: &Home,
        project: &Project,
    ) -> Result<Self, Failure> {
        let by = match option {
            AttestOption::Key(named) => {
                By::Key(sealed_key(home, Some(project), named.as_deref())?.behind_wall()?)
            }
            AttestOption::Keyless(keyless) => By::Keyless(keyless.checked(home)?.clone()),
        };
        let lock = match &project.lock {
            Some(_) => Some(NamedDigest::of(LOCK, &project.root.read(LOCK, LOCK_LIMIT_BYTES)?)),
            None => None,
        };
        Ok(Self { by, lock })
    }
}

impl NamedDigest {
    fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), sha256: Digest::of(bytes).hex().to_owned() }
    }
}

/// Attests what files are made of.
///
/// # Errors
/// `E_SIGN_KEY` where the key cannot be opened, `E_ATTEST_FILES` where there is no file; without a key,
/// as [`crate::keyless::sign`].
pub(crate) fn attest(
    attesting: &Attesting,
    home: &Home,
    facts: &Facts<'_>,
    files: &[OutputFile],
    cost: &Cost,
) -> Result<Attestation, Failure> {
    let Some(first) = files.first() else {
        let message = "the package renders no objects: there is no file to attest";
        let help = "render objects, or leave out --attest";
        return Err(Diagnostic::error("E_ATTEST_FILES", message).help(help).into());
    };
    let subjects = files.iter().map(|file| Subject::new(&*file.name, &Digest::of(&file.bytes)));
    let predicate = predicate(facts, attesting.lock.clone(), files, cost);
    // Structs of texts and numbers are always JSON.
    let predicate = serde_json::to_value(&predicate).unwrap_or_default();
    let statement = Statement::new(subjects.collect(), RENDER, predicate);
    let (bundle, signer) = match &attesting.by {
        By::Key(key) => {
            let key = key.open(home)?;
            let public = key.public();
            let envelope = key.envelope(&statement)?;
            (keyed_bundle(&envelope, &public).into_bytes(), Signer::Key(public.id()))
        }
        By::Keyless(keyless) => {
            // Any of the files will do: the statement is about all of them.
            let json = statement.to_json();
            let about = Digest::of(&first.bytes);
            let subject = crate::keyless::Subject::Statement { json: &json, about: &about };
            let signed = crate::keyless::sign(home, keyless, subject)?;
            (signed.bundle, signed.signer)
        }
    };
    Ok(Attestation { bundle, signer: signer.to_string() })
}

fn predicate(
    facts: &Facts<'_>,
    lock: Option<NamedDigest>,
    files: &[OutputFile],
    cost: &Cost,
) -> Predicate {
    let package = &facts.package.manifest.package;
    let inputs = facts.inputs.map(|inputs| {
        let name = Path::new(&inputs.name).file_name().unwrap_or_default();
        NamedDigest::of(&name.to_string_lossy(), &inputs.bytes)
    });
    Predicate {
        package: AttestedPackage {
            name: package.name.to_string(),
            version: package.version.clone(),
            digest: facts.package.fingerprint()().to_string(),
        },
        inputs,
        lock,
        akua: json!({ "version": env!("CARGO_PKG_VERSION"), "engines": engines() }),
        limits: limits(&facts.options.policy.budgets),
        // How much memory was live at once may differ.
        cost: json!({
            "fuel": cost.fuel,
            "stores": cost.stores,
            "files_read": cost.files_read,
            "bytes_read": cost.bytes_read,
        }),
        strict: facts.options.strict,
        seed: facts.options.seed.clone(),
        hash: akua_objects::digest(files),
    }
}

/// Returns all limits by their names.
fn limits(budgets: &Budgets) -> Value {
    TABLE.iter().map(|row| (row.name.to_owned(), json!(budgets.get(row.budget)))).collect()
}
