//! `akua verify DIR`: proves that a directory holds what was rendered, all of it and nothing besides,
//! and who says what it is made of; without any project and without the network.

use super::bundle::{BUNDLE_LIMIT_BYTES, SignerOption, SignerOutcome, Wanted};
use crate::attestation::{Predicate, RENDER};
use crate::trust_root::trust_root;
use crate::{Failure, Home};
use akua_disk::{ATTESTATION, DiskError, Folder, INVENTORY, inventory_of};
use akua_sign::{Bundle, BundleError, Statement, Subject};
use akua_source::{Diagnostic, Digest};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use crate::attestation::{AttestedPackage, NamedDigest};

/// Largest file that is compared, in bytes: all output of a render may be as large.
const FILE_LIMIT_BYTES: u64 = 512 << 20;
/// What `kubectl apply -f DIR` takes from a directory, hidden files included.
const APPLIED: [&str; 3] = ["json", "yaml", "yml"];
/// The one name that `kubectl apply -k DIR` takes besides.
const KUSTOMIZATION: &str = "Kustomization";
/// The members of a bundle. One with others could be an object of Kubernetes as well.
const MEMBERS: [&str; 3] = ["dsseEnvelope", "mediaType", "verificationMaterial"];

/// What to verify.
#[derive(Debug, Clone)]
pub struct FolderRequest {
    /// The directory.
    pub folder: PathBuf,
    /// Who should have signed.
    pub signer: SignerOption,
    /// A trust root in place of the public one.
    pub trusted_root: Option<PathBuf>,
    /// Where things are.
    pub home: Home,
}

/// What was proven.
#[derive(Debug, Serialize)]
pub struct FolderOutcome {
    /// Always `ok`: what is not proven is a failure.
    pub status: &'static str,
    /// The directory.
    pub folder: String,
    /// Who signed.
    pub signer: SignerOutcome,
    /// When, as clocks of the trust root have it; empty where none was asked.
    pub signed_at: Vec<String>,
    /// How many files were rendered.
    pub files: usize,
    /// The package that they are made of.
    pub package: AttestedPackage,
    /// The inputs document; none where there was none.
    pub inputs: Option<NamedDigest>,
    /// The lock; none where there was none.
    pub lock: Option<NamedDigest>,
    /// The version of the akua that rendered.
    pub akua: String,
    /// All that is attested.
    pub predicate: Value,
}

/// How a directory differs from what was rendered.
#[derive(Debug, thiserror::Error)]
enum Difference {
    /// Another file.
    #[error("`{name}` was changed: expected sha256:{expected}, found {found}")]
    Changed { name: String, expected: String, found: Digest },
    /// No file.
    #[error("`{name}` is missing: expected sha256:{expected}")]
    Missing { name: String, expected: String },
    /// Something that cannot be read as a file of the directory.
    #[error("`{name}` cannot be compared: {source}")]
    Unreadable { name: String, source: DiskError },
    /// A file besides.
    #[error("`{name}` was added: nothing says where it comes from")]
    Added { name: String },
    /// An inventory of other files.
    #[error("`{INVENTORY}` is not the list of the files that are attested")]
    Inventory,
}

/// Verifies a directory.
///
/// # Errors
/// `E_ATTEST_MISSING` where nothing is attested, `E_ATTEST_FILES` where it is something else, and as
/// [`super::bundle::run`].
pub fn run(request: &FolderRequest) -> Result<FolderOutcome, Failure> {
    request.home.raise_wall()?;
    let name = request.folder.join(ATTESTATION).display().to_string();
    let refused = |error: BundleError| Failure::from(error.to_diagnostic(&name));
    let wanted = Wanted::read(&request.signer)?;
    let root = trust_root(&request.home, request.trusted_root.as_deref())?;
    if !akua_disk::exists(&request.folder) {
        let message = format!("there is no `{}`", request.folder.display());
        let help = "name the directory that `akua render --attest --out` wrote";
        return Err(Diagnostic::error("E_ATTEST_MISSING", message).help(help).into());
    }
    let folder = Folder::open(&request.folder)?;
    if !folder.has_name(ATTESTATION) {
        let message = format!("nothing attests what `{}` is made of", request.folder.display());
        return Err(missing(message));
    }
    let bytes = folder.read(ATTESTATION, BUNDLE_LIMIT_BYTES)?;
    let bundle = Bundle::parse(&bytes).map_err(refused)?;
    let (verified, statement) =
        bundle.verify_statement(wanted.expected(), &root).map_err(refused)?;
    let predicate = predicate(&statement, &name)?;
    let differences = differences(&folder, &statement.subject, &bytes)?;
    if !differences.is_empty() {
        return Err(differs(&request.folder, &differences));
    }
    let version = predicate.akua.get("version").and_then(Value::as_str).unwrap_or_default();
    Ok(FolderOutcome {
        status: "ok",
        folder: request.folder.display().to_string(),
        signer: verified.signer.into(),
        signed_at: verified.times,
        files: statement.subject.len(),
        akua: version.to_owned(),
        package: predicate.package,
        inputs: predicate.inputs,
        lock: predicate.lock,
        predicate: statement.predicate,
    })
}

/// Reads what is said, where it is said of a render.
fn predicate(statement: &Statement, name: &str) -> Result<Predicate, Failure> {
    if statement.predicate_type != RENDER {
        let found = &statement.predicate_type;
        return Err(missing(format!("`{name}` says nothing of a render: its type is `{found}`")));
    }
    serde_json::from_value(statement.predicate.clone())
        .map_err(|error| missing(format!("`{name}` says nothing of a render: {error}")))
}

fn missing(message: String) -> Failure {
    let help = "render it again: `akua render --attest --out DIR`";
    Diagnostic::error("E_ATTEST_MISSING", message).help(help).into()
}

/// Compares a directory with what is attested.
fn differences(
    folder: &Folder,
    attested: &[Subject],
    bundle: &[u8],
) -> Result<Vec<Difference>, Failure> {
    let mut found: Vec<Difference> =
        attested.iter().filter_map(|subject| changed(folder, subject)).collect();
    let known: BTreeSet<&str> = attested.iter().map(|subject| subject.name.as_str()).collect();
    for name in folder.all_names()? {
        let is_ours = known.contains(&*name) || [ATTESTATION, INVENTORY].contains(&&*name);
        if !is_ours && is_applied(&name) {
            found.push(Difference::Added { name });
        }
    }
    let members: Map<String, Value> = serde_json::from_slice(bundle).unwrap_or_default();
    if members.keys().any(|member| !MEMBERS.contains(&member.as_str())) {
        found.push(Difference::Added { name: ATTESTATION.to_owned() });
    }
    let ours: BTreeSet<&str> = known.into_iter().chain([ATTESTATION]).collect();
    let inventory = inventory_of(ours.into_iter());
    if folder.has_name(INVENTORY) {
        let listed = folder.read(INVENTORY, BUNDLE_LIMIT_BYTES)?;
        found.extend((listed != inventory.as_bytes()).then_some(Difference::Inventory));
    }
    Ok(found)
}

/// Returns whether something may apply a file of this name to a cluster.
fn is_applied(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    name == KUSTOMIZATION || extension.is_some_and(|extension| APPLIED.contains(&extension))
}

/// Compares one file.
fn changed(folder: &Folder, subject: &Subject) -> Option<Difference> {
    let name = subject.name.clone();
    let expected = subject.digest.get("sha256").cloned().unwrap_or_default();
    match folder.read(&name, FILE_LIMIT_BYTES) {
        Ok(bytes) if subject.has(&Digest::of(&bytes)) => None,
        Ok(bytes) => Some(Difference::Changed { name, expected, found: Digest::of(&bytes) }),
        Err(DiskError::Missing { .. }) => Some(Difference::Missing { name, expected }),
        Err(source) => Some(Difference::Unreadable { name, source }),
    }
}

fn differs(folder: &Path, differences: &[Difference]) -> Failure {
    let message = format!("`{}` is not what was rendered", folder.display());
    let mut diagnostic = Diagnostic::error("E_ATTEST_FILES", message);
    for difference in differences {
        diagnostic = diagnostic.note(difference.to_string());
    }
    diagnostic.help("find out who changed it, or render it again").into()
}
