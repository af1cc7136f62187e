//! Trust roots, and `akua trust`: what is trusted where no trust root is named, and bringing it up to
//! date.
//!
//! The public instance's trust root is built in. `akua trust refresh` fetches a newer one over TUF
//! and leaves it in the user's data directory ([`Home::trust`]), where it is taken from then on.

use crate::failure::named_file;
use crate::{Failure, Home};
use akua_disk::DiskError;
use akua_oci::FetchError;
use akua_sign::{
    FetchFile, RefreshError, Services, TrustPart, TrustPartKind, TrustRoot, TrustRootError,
    TrustState,
};
use akua_source::Diagnostic;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Largest trust root, in bytes, as a file.
pub(crate) const ROOT_LIMIT_BYTES: u64 = 2 << 20;
/// Largest state of a refresh, in bytes: the public instance's has some hundred kilobytes.
const STATE_LIMIT_BYTES: u64 = 16 << 20;
/// File of the state, in the directory of a refresh.
const STATE: &str = "tuf.json";
/// Files of the documents, beside it: for those who name them, cosign too.
const TRUSTED_ROOT: &str = "trusted_root.json";
/// The other one.
const SIGNING_CONFIG: &str = "signing_config.json";

/// What to bring up to date.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    /// A mirror, in place of the public one.
    pub mirror: Option<String>,
    /// A deployment of one's own: the root of keys with which trust begins.
    pub root: Option<PathBuf>,
    /// Directory for the files, in place of the user's own.
    pub out: Option<PathBuf>,
    /// The time, in seconds since 1970: what has expired is refused.
    pub now_seconds: i64,
    /// Where things are.
    pub home: Home,
}

/// The result of `trust refresh`.
#[derive(Debug, Serialize)]
pub struct RefreshOutcome {
    /// Always `ok`.
    pub status: &'static str,
    /// Who was asked.
    pub mirror: String,
    /// Version of the root of keys.
    pub root_version: u64,
    /// Until when the mirror says that nothing is newer: RFC 3339.
    pub fresh_until: String,
    /// Whether something is trusted now that was not before, or the other way round.
    pub changed: bool,
    /// Where the files are.
    pub directory: String,
}

/// The result of `trust show`.
#[derive(Debug, Serialize)]
pub struct ShowOutcome {
    /// Where the trust root is from: a file, a directory, or `built in`.
    pub from: String,
    /// Version of the root of keys that vouches for it; none where it is a file.
    pub root_version: Option<u64>,
    /// When it was fetched: RFC 3339; none where it was not.
    pub refreshed: Option<String>,
    /// What it names.
    pub parts: Vec<PartOutcome>,
}

/// Someone or something that a trust root names.
#[derive(Debug, Serialize)]
pub struct PartOutcome {
    /// `authority`, `certificate-log`, `signature-log` or `clock`.
    pub kind: &'static str,
    /// Where it is, or what it is called.
    pub name: String,
    /// Since when it counts: RFC 3339; empty where the trust root does not say.
    pub from: String,
    /// Until when it counted; empty while it does.
    pub until: String,
}

/// Brings a trust root up to date.
///
/// # Errors
/// `E_TRUST_REFRESH`, `E_FETCH_*`; the files stay as they are then.
pub fn refresh(request: &RefreshRequest) -> Result<RefreshOutcome, Failure> {
    request.home.raise_wall()?;
    let (mirror, folder) = place(request)?;
    let root = match &request.root {
        None => akua_sign::public_root().to_vec(),
        Some(path) => akua_disk::read_file(path, ROOT_LIMIT_BYTES).map_err(|error| {
            named_file("E_SIGN_FILE", &error, "name the first root.json of the deployment")
        })?,
    };
    let before = state(&folder)?;
    let remote = request.home.remote_alone()?;
    // Its rules of hosts, credentials and certificates are read before anything is fetched.
    remote.client()?;
    let base = mirror.trim_end_matches('/').to_owned();
    let fetch: Box<FetchFile> = Box::new(move |name, limit_bytes| {
        let client = remote.client().map_err(|_read_before| "the network cannot be used")?;
        let mut found = Vec::new();
        match client.fetch_file(&format!("{base}/{name}"), limit_bytes, &mut found) {
            Ok(_) => Ok(Some(found)),
            // Stores of objects answer so for what they do not have: python-tuf reads it so, too.
            Err(FetchError::NotFound { .. } | FetchError::Auth { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    });
    let found = akua_sign::refresh(&mirror, &root, before.as_ref(), fetch, request.now_seconds);
    let found = found.map_err(|error| refused(&mirror, error))?;
    let known = match &before {
        Some(before) => before.trusted_root(),
        None if request.root.is_none() => TrustRoot::public(),
        None => &[],
    };
    // The state comes last: what it says is there.
    akua_disk::write_file(&folder.join(TRUSTED_ROOT), found.trusted_root())?;
    if let Some(services) = found.signing_config() {
        akua_disk::write_file(&folder.join(SIGNING_CONFIG), services)?;
    }
    akua_disk::write_file(&folder.join(STATE), &found.to_json())?;
    Ok(RefreshOutcome {
        status: "ok",
        changed: known != found.trusted_root(),
        mirror,
        root_version: found.root_version,
        fresh_until: found.fresh_until,
        directory: folder.display().to_string(),
    })
}

/// Says what a trust root names: that of a file, else what is trusted where none is named.
///
/// # Errors
/// `E_SIGN_ROOT`.
pub fn show(home: &Home, file: Option<&Path>) -> Result<ShowOutcome, Failure> {
    home.raise_wall()?;
    let Public { json, from, state } = match file {
        None => public(home)?,
        Some(path) => Public { json: read(path)?, from: path.display().to_string(), state: None },
    };
    let parts = parsed_root(&from, akua_sign::trust_parts(&json))?;
    let built_in = file.is_none().then(akua_sign::built_in_root_version);
    Ok(ShowOutcome {
        from,
        root_version: state.as_ref().map(|state| state.root_version).or(built_in),
        refreshed: state.map(|state| state.refreshed),
        parts: parts.into_iter().map(part).collect(),
    })
}

/// Returns where the trust root is from that is taken where none is named, and how new it is.
pub(crate) fn default_root(home: &Home) -> Result<String, Failure> {
    let Public { from, state, .. } = public(home)?;
    let version = state.as_ref().map(|state| state.root_version);
    let version = version.unwrap_or_else(akua_sign::built_in_root_version);
    let refreshed = state.map(|state| format!(", refreshed {}", state.refreshed));
    Ok(format!("{from}, root {version}{}", refreshed.unwrap_or_default()))
}

/// Reads a trust root; by default what is trusted of the public instance.
pub(crate) fn trust_root(home: &Home, path: Option<&Path>) -> Result<TrustRoot, Failure> {
    let (name, json) = match path {
        None => public(home).map(|public| (public.from, public.json))?,
        Some(path) => (path.display().to_string(), read(path)?),
    };
    parsed_root(&name, TrustRoot::parse(&json))
}

/// Says what is wrong with a file that is no trust root.
pub(crate) fn parsed_root<T>(name: &str, parsed: Result<T, TrustRootError>) -> Result<T, Failure> {
    parsed.map_err(|error| {
        let mut diagnostic = Diagnostic::error("E_SIGN_ROOT", format!("`{name}`: {error}"));
        if let Some(source) = std::error::Error::source(&error) {
            diagnostic = diagnostic.note(source.to_string());
        }
        diagnostic.help(NAME_A_ROOT).into()
    })
}

/// Returns the signing config of the public instance, as new as its trust root is.
///
/// # Errors
/// `E_SIGN_ROOT`.
pub(crate) fn public_services(home: &Home) -> Result<Vec<u8>, Failure> {
    let state = public(home)?.state;
    let refreshed = state.as_ref().and_then(TrustState::signing_config);
    Ok(refreshed.unwrap_or(Services::public()).to_vec())
}

/// What to do about a file that is no trust root.
const NAME_A_ROOT: &str = "name a trusted_root.json, as `cosign trusted-root create` writes it";

/// The trust root of the public instance.
struct Public {
    json: Vec<u8>,
    from: String,
    /// What the refresh that it is from left behind; none where it is built in.
    state: Option<TrustState>,
}

/// Returns what was refreshed, unless what is built in is newer.
fn public(home: &Home) -> Result<Public, Failure> {
    if let Some(folder) = &home.trust
        && let Some(state) = state(folder)?
        && state.is_newer_than_built_in()
    {
        let json = state.trusted_root().to_vec();
        return Ok(Public { json, from: folder.display().to_string(), state: Some(state) });
    }
    Ok(Public { json: TrustRoot::public().to_vec(), from: "built in".to_owned(), state: None })
}

/// Reads what a refresh left behind, if there was one.
fn state(folder: &Path) -> Result<Option<TrustState>, Failure> {
    let path = folder.join(STATE);
    let help = "remove the file, and run `akua trust refresh`";
    let parsed = match akua_disk::read_file(&path, STATE_LIMIT_BYTES) {
        Err(DiskError::Missing { .. }) => return Ok(None),
        Err(error @ DiskError::TooLarge { .. }) => {
            return Err(named_file("E_SIGN_ROOT", &error, help));
        }
        Err(error) => return Err(error.into()),
        Ok(json) => TrustState::parse(&json),
    };
    parsed.map(Some).map_err(|error| {
        let message = format!("`{}`: {error}", path.display());
        Diagnostic::error("E_SIGN_ROOT", message).help(help).into()
    })
}

/// Returns whom to ask, and where the files go.
fn place(request: &RefreshRequest) -> Result<(String, PathBuf), Failure> {
    let refuse = |message: &str, help: &str| {
        Failure::from(Diagnostic::error("E_INVALID_FLAG", message).help(help))
    };
    if request.home.offline {
        return Err(refuse("a refresh needs the network", "leave out --offline"));
    }
    let mirror = request.mirror.clone().unwrap_or_else(|| akua_sign::public_mirror().to_owned());
    let folder = request.out.clone().or_else(|| request.home.trust.clone());
    let folder = folder.ok_or_else(|| {
        refuse("there is no home directory for the trust root", "name a directory with --out")
    })?;
    Ok((mirror, folder))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    akua_disk::read_file(path, ROOT_LIMIT_BYTES)
        .map_err(|error| named_file("E_SIGN_FILE", &error, NAME_A_ROOT))
}

/// Says why a trust root is as it was.
fn refused(mirror: &str, error: RefreshError) -> Failure {
    let error = match error {
        RefreshError::Fetch(source) => match source.downcast::<FetchError>() {
            Ok(error) => return error.to_diagnostic().into(),
            Err(source) => RefreshError::Fetch(source),
        },
        error => error,
    };
    let help = match &error {
        RefreshError::Expired { .. } => {
            "nothing was changed; the mirror is out of date, or the clock of this machine is wrong"
        }
        RefreshError::Root(_) => "name the first root.json of the deployment with --root",
        _ => "nothing was changed; ask another --mirror, or tell those who run this one",
    };
    let message = format!("the trust root of `{mirror}` is not taken: {error}");
    let mut diagnostic = Diagnostic::error("E_TRUST_REFRESH", message);
    let mut cause = std::error::Error::source(&error);
    while let Some(source) = cause {
        diagnostic = diagnostic.note(source.to_string());
        cause = source.source();
    }
    diagnostic.help(help).into()
}

fn part(part: TrustPart) -> PartOutcome {
    let kind = match part.kind {
        TrustPartKind::Authority => "authority",
        TrustPartKind::CertificateLog => "certificate-log",
        TrustPartKind::SignatureLog => "signature-log",
        TrustPartKind::Clock => "clock",
    };
    PartOutcome { kind, name: part.name, from: part.from, until: part.until }
}
