//! Signing without a key of one's own: a token is exchanged for a certificate, a log takes the
//! signature, a clock says when.
//!
//! What comes of it is verified, against the trust root, before anybody gets it: a service that
//! lies, or a root that does not fit the services, is found here and not by who pulls.

use crate::trust_root::{public_services, trust_root};
use crate::{Failure, Home};
use akua_oci::{Client, FetchError, Post, ProtocolProblem, Redacted};
use akua_package::Remote;
use akua_sign::{
    ANSWER_LIMIT_BYTES, Artifact, Bundle, Certificate, Entry, Evidence, Expected, Identity,
    IdentityToken, KeylessError, Log, Matcher, PrivateKey, Secret, Services, Signer, Signing,
    TrustRoot, Verdict, Who, check,
};
use akua_source::{Diagnostic, Digest};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Largest file of a token or signing config, in bytes.
const FILE_LIMIT_BYTES: u64 = 2 << 20;
/// Whom tokens are for.
const AUDIENCE: &str = "sigstore";
/// JSON, asked and answered.
const JSON: &str = "application/json";

/// Who signs, with what, and whom to ask.
#[derive(Debug, Clone)]
pub struct Keyless {
    /// Where the token is from.
    pub token: TokenSource,
    /// Random bytes that the key of this one signature is made of.
    pub entropy: Ephemeral,
    /// The services, in place of the public ones: what `cosign signing-config create` writes.
    pub signing_config: Option<PathBuf>,
    /// Their trust root, in place of the public one.
    pub trusted_root: Option<PathBuf>,
}

impl Keyless {
    /// Returns it, if there is a network, and it is known whom to ask.
    ///
    /// # Errors
    /// `E_INVALID_FLAG`, `E_KEYLESS_SERVICES`.
    pub(crate) fn checked(&self, home: &Home) -> Result<&Self, Failure> {
        if home.offline {
            let message = "who signs without a key needs the network";
            let help = "leave out --offline, or sign with a key";
            return Err(Diagnostic::error("E_INVALID_FLAG", message).help(help).into());
        }
        services(home, self.signing_config.as_deref())?;
        Ok(self)
    }
}

/// Random bytes for one key.
#[derive(Clone)]
pub struct Ephemeral(pub [u8; 32]);

impl std::fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ephemeral(…)")
    }
}

/// Where an identity token is from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// A file.
    File(PathBuf),
    /// The environment.
    Text(Secret, &'static str),
    /// A run of GitHub Actions, which asks for one.
    Ambient {
        /// Where: `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: String,
        /// What shows that it is this run: `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        secret: Secret,
    },
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An in-toto statement, about the artifact with this digest.
    Statement {
        /// Its JSON.
        json: &'a [u8],
        /// What it is about.
        about: &'a Digest,
    },
    /// Bytes.
    Artifact(&'a [u8]),
}

/// What was signed, and by whom.
#[derive(Debug)]
pub struct Signed {
    /// The bundle, in JSON.
    pub bundle: Vec<u8>,
    /// Who the certificate names.
    pub signer: Signer,
    /// The certificates between that one and an authority, in PEM.
    pub chain: String,
}

/// Who has a certificate for what they are about to sign; no log has it yet.
pub(crate) struct Certified<'a> {
    remote: Remote,
    services: Services,
    root: TrustRoot,
    subject: Subject<'a>,
    signing: Signing,
    certificate: Certificate,
    /// Who, and who vouches for them.
    named: (String, String),
}

/// Signs.
///
/// # Errors
/// `E_KEYLESS_*`, `E_FETCH_*` and `E_POLICY_*` where a service does not answer or its answer makes
/// no sense, `E_SIGN_*` where the bundle is not good.
pub fn sign(home: &Home, keyless: &Keyless, subject: Subject<'_>) -> Result<Signed, Failure> {
    certify(home, keyless, subject)?.sign()
}

/// Returns whether the log promises that it has an entry: without that, nothing can be kept under tags.
///
/// # Errors
/// `E_KEYLESS_SERVICES`.
pub(crate) fn promises(home: &Home, keyless: &Keyless) -> Result<bool, Failure> {
    let services = services(home, keyless.signing_config.as_deref())?;
    Ok(services.entries.version.promises())
}

/// Exchanges the token for a certificate of who signs.
///
/// # Errors
/// As [`sign`].
pub(crate) fn certify<'a>(
    home: &Home,
    keyless: &Keyless,
    subject: Subject<'a>,
) -> Result<Certified<'a>, Failure> {
    let services = services(home, keyless.checked(home)?.signing_config.as_deref())?;
    let root = trust_root(home, keyless.trusted_root.as_deref())?;
    let remote = home.remote_alone()?;
    let client = remote.client()?;
    let (token, secret) = token(&keyless.token, client)?;
    let key = PrivateKey::from_bytes(&keyless.entropy.0).ok_or_else(|| {
        let diagnostic = Diagnostic::error("E_KEYLESS_ANSWER", "the random bytes make no key");
        Failure::from(diagnostic.help("try again"))
    })?;
    let signing = match subject {
        Subject::Statement { json, .. } => Signing::of_statement(json.to_vec(), key),
        Subject::Artifact(bytes) => Signing::of_artifact(bytes, key),
    };
    let certificate = certificate(client, &services, &signing, &token, secret)?;
    let named = certificate.name().map_err(|error| told(&services.certificates, &error))?;
    Ok(Certified { remote, services, root, subject, signing, certificate, named })
}

impl Certified<'_> {
    /// Returns who signs, as the certificate names them.
    pub(crate) fn signer(&self) -> Signer {
        let (identity, issuer) = self.named.clone();
        Signer::Identity { identity, issuer }
    }

    /// Returns what these pieces prove of a manifest, of what the same signer says.
    pub(crate) fn said(&self, there: &[Evidence], manifest: &Digest) -> Verdict {
        check(there, manifest, &[Who::Identity(self.identity())], &self.root)
    }

    fn identity(&self) -> Identity {
        let (subject, issuer) = self.named.clone();
        Identity { subject: Matcher::Exact(subject), issuer: Matcher::Exact(issuer) }
    }

    /// Has a log take the signature, and clocks say when.
    ///
    /// # Errors
    /// As [`sign`].
    pub(crate) fn sign(self) -> Result<Signed, Failure> {
        let identity = self.identity();
        let Self { remote, services, root, subject, signing, certificate, .. } = self;
        let client = remote.client()?;
        let chain = certificate.chain().to_owned();
        let entry = entry(client, &services, &signing, &certificate)?;
        let ask = |clock: &String| timestamp(client, clock, &signing);
        let stamps = services.timestamps.iter().map(ask).collect::<Result<Vec<_>, _>>()?;
        let bundle = signing.into_bundle(certificate, entry, stamps);
        let bundle = bundle.map_err(|error| told(&services.certificates, &error))?;
        let artifact = match subject {
            Subject::Statement { about, .. } => Artifact::Digest(about),
            Subject::Artifact(bytes) => Artifact::Bytes(bytes),
        };
        let verified = Bundle::parse(&bundle)
            .and_then(|made| made.verify(artifact, Expected::Identity(&identity), &root));
        let verified =
            verified.map_err(|error| error.to_diagnostic("the bundle that the services made"))?;
        Ok(Signed { bundle, signer: verified.signer, chain })
    }
}

fn certificate(
    client: &Client,
    services: &Services,
    signing: &Signing,
    token: &IdentityToken,
    secret: Redacted,
) -> Result<Certificate, Failure> {
    let url = below(&services.certificates, "api/v2/signingCert");
    let body = signing.certificate_request(token);
    let post = Post { secret: Some(secret), ..json_post(url.clone(), body) };
    let answer = client.post(post).map_err(|error| {
        let diagnostic = error.to_diagnostic();
        diagnostic.help("get a new token if it is some minutes old; it has to be for `sigstore`")
    })?;
    signing.read_certificate(&answer).map_err(|error| told(&url, &error))
}

fn entry(
    client: &Client,
    services: &Services,
    signing: &Signing,
    certificate: &Certificate,
) -> Result<Entry, Failure> {
    let Log { url: base, version } = &services.entries;
    let url = below(base, version.path());
    let sense = |error: KeylessError| told(&url, &error);
    let request = signing.entry_request(certificate, *version).map_err(sense)?;
    match client.post(json_post(url.clone(), request.clone())) {
        Ok(answer) => signing.read_entry(&answer, *version).map_err(sense),
        Err(error) => match version.search_path().filter(|_| is_conflict(&error)) {
            Some(path) => {
                let url = below(base, path);
                let answer = client.post(json_post(url.clone(), Signing::search_request(&request)));
                let answer = answer.map_err(|error| error.to_diagnostic())?;
                signing.read_found(&answer).map_err(|error| told(&url, &error))
            }
            None => Err(error.to_diagnostic().into()),
        },
    }
}

/// Whether a log says that it has an entry already: it took it, and its answer was lost.
fn is_conflict(error: &FetchError) -> bool {
    matches!(error, FetchError::Protocol { problem: ProtocolProblem::Status(409), .. })
}

fn timestamp(client: &Client, clock: &str, signing: &Signing) -> Result<Vec<u8>, Failure> {
    let answer = client.post(Post {
        url: clock.to_owned(),
        content_type: "application/timestamp-query",
        accept: "application/timestamp-reply",
        body: signing.timestamp_request(),
        secret: None,
        limit_bytes: ANSWER_LIMIT_BYTES,
    });
    Ok(answer.map_err(|error| error.to_diagnostic())?)
}

fn json_post(url: String, body: Vec<u8>) -> Post {
    let limit_bytes = ANSWER_LIMIT_BYTES;
    Post { url, content_type: JSON, accept: JSON, body, secret: None, limit_bytes }
}

/// Returns the address of something below a base URL.
fn below(base: &str, path: &str) -> String {
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// Says that an answer makes no sense.
fn told(service: &str, error: &KeylessError) -> Failure {
    let mut diagnostic = Diagnostic::error("E_KEYLESS_ANSWER", format!("`{service}`: {error}"));
    if let Some(source) = std::error::Error::source(error) {
        diagnostic = diagnostic.note(source.to_string());
    }
    diagnostic.help("check that --signing-config names Fulcio, and a log of Rekor").into()
}

/// Reads whom to ask.
fn services(home: &Home, path: Option<&Path>) -> Result<Services, Failure> {
    let help =
        "name a signing config with a log of Rekor, as `cosign signing-config create` writes it";
    let (name, parsed) = match path {
        None => ("the public signing config".to_owned(), Services::parse(&public_services(home)?)),
        Some(path) => (path.display().to_string(), Services::parse(&read(path, help)?)),
    };
    parsed.map_err(|error| {
        let message = format!("`{name}`: {error}");
        let mut diagnostic = Diagnostic::error("E_KEYLESS_SERVICES", message);
        if let Some(source) = std::error::Error::source(&error) {
            diagnostic = diagnostic.note(source.to_string());
        }
        diagnostic.help(help).into()
    })
}

/// Gets the token; its text a second time, to be kept out of messages.
fn token(source: &TokenSource, client: &Client) -> Result<(IdentityToken, Redacted), Failure> {
    let (name, text) = match source {
        TokenSource::File(path) => {
            let text = read(path, "name the file of an identity token (a JWT)")?;
            (path.display().to_string(), utf8(&text))
        }
        TokenSource::Text(text, name) => ((*name).to_owned(), utf8(text.bytes())),
        TokenSource::Ambient { url, secret } => (url.clone(), ambient(client, url, secret)?),
    };
    let parsed = IdentityToken::parse(&text).map_err(|error| {
        let diagnostic = Diagnostic::error("E_KEYLESS_TOKEN", format!("`{name}`: {error}"));
        Failure::from(diagnostic.help("get a token of your issuer, for the audience `sigstore`"))
    })?;
    Ok((parsed, Redacted::new(text.trim())))
}

/// Text of bytes that should be text.
fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asks GitHub Actions for a token of this run.
fn ambient(client: &Client, url: &str, secret: &Secret) -> Result<String, Failure> {
    /// What it answers.
    #[derive(Deserialize)]
    struct Answer {
        value: String,
    }
    let join = if url.contains('?') { '&' } else { '?' };
    let asked = format!("{url}{join}audience={AUDIENCE}");
    let answer =
        client.fetch_with(&asked, &Redacted::new(utf8(secret.bytes())), ANSWER_LIMIT_BYTES);
    let answer = answer.map_err(|error| error.to_diagnostic())?;
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_no_token| {
        let message = "GitHub Actions gave no identity token";
        let help = "give the job the permission `id-token: write`";
        Failure::from(Diagnostic::error("E_KEYLESS_TOKEN", message).help(help))
    })?;
    Ok(answer.value)
}

/// Reads a file that a person named.
fn read(path: &Path, help: &str) -> Result<Vec<u8>, Failure> {
    akua_disk::read_file(path, FILE_LIMIT_BYTES)
        .map_err(|error| crate::failure::named_file("E_SIGN_FILE", &error, help))
}
