//! What akua takes from the environment.
#![expect(clippy::disallowed_methods, reason = "akua-cli owns the environment")]

use akua_ops::keygen::Entropy;
use akua_ops::keyless::{Ephemeral, TokenSource};
use akua_ops::{Home, Secret};
use std::ffi::OsString;
use std::path::PathBuf;

/// Returns where things are on this machine.
///
/// | variable | meaning |
/// |---|---|
/// | `XDG_CACHE_HOME`, `HOME` | the cache is `akua/` in the first, else `.cache/akua/` in the second |
/// | `XDG_DATA_HOME`, `HOME` | `akua/sigstore/` likewise: what `akua trust refresh` fetched |
/// | `XDG_CONFIG_HOME`, `HOME` | `akua/auth.toml` likewise |
/// | `DOCKER_CONFIG`, `HOME` | docker's `config.json` |
/// | `AKUA_KCL_REGISTRY` | registry of KCL modules that are asked for by version alone |
/// | `AKUA_ALLOW_PRIVATE_HOSTS` | hosts that may have private addresses, separated by commas |
/// | `AKUA_ALLOW_FILE_GIT` | `1`: git repositories of this machine (`file://`) may be read |
/// | `XDG_CONFIG_HOME`, `HOME` | `akua/policy.toml`, besides `/etc/akua/policy.toml` |
/// | `AKUA_COSIGN_KEY` | the text of a private key to sign with, or the URI of one in a token |
/// | `SIGSTORE_ID_TOKEN` | an identity token, for `--keyless` |
/// | `ACTIONS_ID_TOKEN_REQUEST_URL`, `ACTIONS_ID_TOKEN_REQUEST_TOKEN` | where GitHub Actions gives one |
/// | `AKUA_COSIGN_PASSPHRASE` | what private keys are encrypted with |
/// | `AKUA_PKCS11_MODULE` | the module that speaks with tokens, where a URI names none |
/// | `AKUA_PKCS11_PIN` | what unlocks them |
/// | `SSL_CERT_FILE` | certificate authorities besides the machine's |
pub(crate) fn home(offline: bool) -> Home {
    let user = path("HOME");
    let below = |variable: &str, fallback: &str| {
        let base = path(variable).or_else(|| Some(user.clone()?.join(fallback)));
        base.map(|base| base.join("akua"))
    };
    let docker = path("DOCKER_CONFIG").or_else(|| Some(user.clone()?.join(".docker")));
    // Without a home there is no such file. One of the working directory would be the package's.
    let config = below("XDG_CONFIG_HOME", ".config");
    let named = |folder: Option<&PathBuf>, name| folder.map(|folder| folder.join(name));
    let policies = [Some("/etc/akua/policy.toml".into()), named(config.as_ref(), "policy.toml")];
    let private = text("AKUA_ALLOW_PRIVATE_HOSTS").unwrap_or_default();
    Home {
        cache: below("XDG_CACHE_HOME", ".cache").unwrap_or_else(|| PathBuf::from(".akua/cache")),
        trust: below("XDG_DATA_HOME", ".local/share").map(|data| data.join("sigstore")),
        auth: named(config.as_ref(), "auth.toml").unwrap_or_default(),
        docker: named(docker.as_ref(), "config.json").unwrap_or_default(),
        module_registry: text("AKUA_KCL_REGISTRY"),
        ca_bundle: path("SSL_CERT_FILE"),
        allow_private: private
            .split(',')
            .map(str::trim)
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .collect(),
        local_git: text("AKUA_ALLOW_FILE_GIT").as_deref() == Some("1"),
        offline,
        policies: policies.into_iter().flatten().collect(),
        policy: None,
        // This process is one command.
        wall: true,
        signing_key: text("AKUA_COSIGN_KEY").map(|key| Secret::new(key.into_bytes())),
        passphrase: secret("AKUA_COSIGN_PASSPHRASE"),
        token_module: text("AKUA_PKCS11_MODULE").map(PathBuf::from),
        token_pin: secret("AKUA_PKCS11_PIN"),
        progress: None,
    }
}

/// Returns whether each call over the bridge is to be printed: `AKUA_BRIDGE_TRACE=1`.
pub(crate) fn traces_bridge() -> bool {
    text("AKUA_BRIDGE_TRACE").as_deref() == Some("1")
}

/// Draws random bytes from the system; none if it has none to give.
pub(crate) fn entropy() -> Option<Entropy> {
    let mut entropy = Entropy { key: [0; 32], salt: [0; 32], nonce: [0; 24] };
    for part in [entropy.key.as_mut_slice(), &mut entropy.salt, &mut entropy.nonce] {
        getrandom::fill(part).ok()?;
    }
    Some(entropy)
}

/// Draws what the key of one keyless signature is made of; none if the system has nothing to give.
pub(crate) fn ephemeral() -> Option<Ephemeral> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok()?;
    Some(Ephemeral(key))
}

/// Returns the time, in seconds since 1970: what metadata of a trust root expires by.
pub(crate) fn now_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}

/// Returns where an identity token is from: its text, else a run of GitHub Actions.
pub(crate) fn token_source() -> Option<TokenSource> {
    let name = "SIGSTORE_ID_TOKEN";
    if let Some(token) = text(name) {
        return Some(TokenSource::Text(Secret::new(token.into_bytes()), name));
    }
    let secret = Secret::new(text("ACTIONS_ID_TOKEN_REQUEST_TOKEN")?.into_bytes());
    Some(TokenSource::Ambient { url: text("ACTIONS_ID_TOKEN_REQUEST_URL")?, secret })
}

/// Returns a secret, which may be empty.
fn secret(variable: &str) -> Option<Secret> {
    std::env::var_os(variable).map(|value| Secret::new(value.into_encoded_bytes()))
}

/// Returns an absolute path; the XDG specification has relative ones ignored.
fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn text(variable: &str) -> Option<String> {
    let value: Option<OsString> = std::env::var_os(variable);
    value.and_then(|value| value.into_string().ok()).filter(|text| !text.is_empty())
}
