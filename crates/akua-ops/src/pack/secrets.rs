//! What looks like a secret, by its name or by what is in it.
//!
//! A table of our own: there is no crate for it that is kept, and is a library. It finds what was left
//! in a package by mistake, and is no fence: who wants to publish a secret can. Manifests of Kubernetes
//! Secrets, public keys and certificates are ordinary.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::{memchr_iter, memmem};
use std::collections::BTreeSet;

/// Something that looks like a secret. It never has the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Suspicion {
    /// The line, from 1, where it is what the file says and not how it is called.
    pub(crate) line: Option<usize>,
    /// What it looks like.
    pub(crate) what: &'static str,
}

/// Names of files that are secrets.
const NAMES: [(&str, &str); 11] = [
    (".env", "variables of an environment"),
    (".git-credentials", "credentials of git"),
    ("auth.toml", "credentials of akua"),
    ("cosign.key", "a private key of cosign"),
    ("id_dsa", "a private key of SSH"),
    ("id_ecdsa", "a private key of SSH"),
    ("id_ecdsa_sk", "a private key of SSH"),
    ("id_ed25519", "a private key of SSH"),
    ("id_ed25519_sk", "a private key of SSH"),
    ("id_rsa", "a private key of SSH"),
    ("kubeconfig", "the access to a cluster"),
];
/// Ends of such names.
const ENDINGS: [(&str, &str); 8] = [
    (".jks", "a key store"),
    (".keystore", "a key store"),
    (".kubeconfig", "the access to a cluster"),
    (".p12", "a key store"),
    (".pfx", "a key store"),
    (".tfstate", "the state of a cloud"),
    (".tfstate.backup", "the state of a cloud"),
    (".ppk", "a private key of SSH"),
];
/// Ends of paths of such files.
const PLACES: [(&str, &str); 3] = [
    (".aws/credentials", "credentials of AWS"),
    (".docker/config.json", "credentials of registries"),
    (".kube/config", "the access to a cluster"),
];
/// Files that are secrets where they have such a word.
const HOLDERS: [(&str, &[&str]); 5] = [
    (".dockercfg", &["\"auth\""]),
    (".netrc", &["password"]),
    (".npmrc", &["_authToken", "_auth", "_password"]),
    (".pypirc", &["password"]),
    ("_netrc", &["password"]),
];
/// `.env.*` that are made to be shared.
const EXAMPLES: [&str; 5] = ["dist", "example", "sample", "template", "tpl"];

/// What a token begins with, which letters follow besides those of the alphabet and digits, how many
/// at least, and what it is.
const TOKENS: [(&str, &str, usize, &str); 17] = [
    ("ghp_", "", 36, "a token of GitHub"),
    ("gho_", "", 36, "a token of GitHub"),
    ("ghu_", "", 36, "a token of GitHub"),
    ("ghs_", "", 36, "a token of GitHub"),
    ("ghr_", "", 36, "a token of GitHub"),
    ("github_pat_", "_", 40, "a token of GitHub"),
    ("glpat-", "_-", 20, "a token of GitLab"),
    ("xoxa-", "-", 20, "a token of Slack"),
    ("xoxb-", "-", 20, "a token of Slack"),
    ("xoxp-", "-", 20, "a token of Slack"),
    ("xoxr-", "-", 20, "a token of Slack"),
    ("xoxs-", "-", 20, "a token of Slack"),
    ("AIza", "_-", 35, "a key of Google"),
    ("npm_", "", 36, "a token of npm"),
    ("pypi-AgEIcHlwaS", "_-", 50, "a token of PyPI"),
    ("sk_live_", "", 24, "a key of Stripe"),
    ("dckr_pat_", "_-", 20, "a token of Docker"),
];
/// Different letters that a token has at least: `xxxxxxxx` stands for one.
const DISTINCT: usize = 8;
/// Letters of a private key on a line; those of the shortest have 64.
const KEY_LETTERS: usize = 40;
/// How far behind the head of a key its letters begin: some have headers of their own.
const HEAD_BYTES: usize = 400;
/// Longest token of Kubernetes, in bytes.
const JWT_LIMIT_BYTES: usize = 16 << 10;

/// Returns what looks like a secret in a file, by what it looks like each once.
pub(crate) fn suspicions(path: &str, bytes: &[u8]) -> Vec<Suspicion> {
    let mut found: Vec<Suspicion> = Vec::new();
    let named = by_name(path, bytes).map(|what| Suspicion { line: None, what });
    found.extend(named);
    let mut add = |at: usize, what: &'static str| {
        if !found.iter().any(|known| known.what == what) {
            found.push(Suspicion { line: Some(line_of(bytes, at)), what });
        }
    };
    for at in places(bytes, b"-----BEGIN ") {
        if is_private_key(bytes.get(at..).unwrap_or_default()) {
            add(at, "a private key");
        }
    }
    for (head, more, least, what) in TOKENS {
        for at in places(bytes, head.as_bytes()) {
            let token = run(bytes, at.saturating_add(head.len()), more);
            if begins(bytes, at) && token.len() >= least && is_random(token) {
                add(at, what);
            }
        }
    }
    for head in ["AKIA", "ASIA"] {
        for at in places(bytes, head.as_bytes()) {
            let id = run(bytes, at, "");
            if begins(bytes, at)
                && id.len() == 20
                && is_upper(id)
                && !id.ends_with(b"EXAMPLE")
                && has_aws_secret(bytes)
            {
                add(at, "an access key of AWS");
            }
        }
    }
    for head in ["client-key-data:", "\"client-key-data\":"] {
        for at in places(bytes, head.as_bytes()) {
            let rest = bytes.get(at.saturating_add(head.len())..).unwrap_or_default();
            let blank = rest.iter().take_while(|byte| b" \t\"'".contains(byte)).count();
            if run(rest, blank, "+/=").len() >= KEY_LETTERS {
                add(at, "the access to a cluster");
            }
        }
    }
    for at in places(bytes, b"eyJ") {
        if begins(bytes, at) && is_service_account(run(bytes, at, "_-.")) {
            add(at, "a token of a service account");
        }
    }
    found
}

/// Returns what a file is by its name.
fn by_name(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if let Some((_, what)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(what);
    }
    if let Some((_, what)) = ENDINGS.iter().find(|(end, _)| name.ends_with(end)) {
        return Some(what);
    }
    let lies = |place: &str| path == place || path.ends_with(&format!("/{place}"));
    if let Some((_, what)) = PLACES.iter().find(|(place, _)| lies(place)) {
        return Some(what);
    }
    let holder = HOLDERS.iter().find(|(known, _)| *known == name);
    if holder.is_some_and(|(_, words)| words.iter().any(|word| has(bytes, word.as_bytes()))) {
        return Some("credentials");
    }
    let kind = name.strip_prefix(".env.")?;
    let last = kind.rsplit('.').next().unwrap_or_default();
    (!EXAMPLES.contains(&last)).then_some("variables of an environment")
}

/// Returns whether a text that begins as PEM is a private key with its letters, and no place for one.
fn is_private_key(text: &[u8]) -> bool {
    let line = text.iter().take(80).take_while(|byte| **byte != b'\n' && **byte != b'\\');
    let line: Vec<u8> = line.copied().collect();
    if !has(&line, b"PRIVATE KEY") {
        return false;
    }
    let body = text.get(line.len()..).unwrap_or_default();
    let body = body.get(..HEAD_BYTES.min(body.len())).unwrap_or_default();
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    body.split(|byte| !letters(byte)).any(|run| run.len() >= KEY_LETTERS && is_random(run))
}

/// Returns whether there is what an AWS secret key looks like: 40 letters that are no digest.
fn has_aws_secret(bytes: &[u8]) -> bool {
    let letters = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let mut runs = bytes.split(|byte| !letters(byte));
    runs.any(|run| run.len() == 40 && !run.iter().all(u8::is_ascii_hexdigit) && is_random(run))
}

/// Returns whether a token is one of Kubernetes for a service account.
fn is_service_account(token: &[u8]) -> bool {
    let mut parts = token.splitn(3, |byte| *byte == b'.');
    let (Some(_), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if signature.is_empty() || token.len() > JWT_LIMIT_BYTES {
        return false;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    has(&claims, b"kubernetes.io") || has(&claims, b"system:serviceaccount:")
}

/// Returns where a word begins, each time.
fn places<'b>(bytes: &'b [u8], word: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    memmem::find_iter(bytes, word)
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memmem::find(bytes, word).is_some()
}

/// Returns whether a word begins there: no letter comes before.
fn begins(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

/// Returns the letters, digits and such more bytes from a place on.
fn run<'b>(bytes: &'b [u8], from: usize, more: &str) -> &'b [u8] {
    let rest = bytes.get(from..).unwrap_or_default();
    let letters = |byte: &&u8| byte.is_ascii_alphanumeric() || more.as_bytes().contains(byte);
    let length = rest.iter().take_while(letters).count();
    rest.get(..length).unwrap_or_default()
}

/// Returns whether letters look drawn, and do not stand for something.
fn is_random(letters: &[u8]) -> bool {
    letters.iter().collect::<BTreeSet<_>>().len() >= DISTINCT
}

fn is_upper(letters: &[u8]) -> bool {
    letters.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Returns the number of the line of a place.
fn line_of(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    memchr_iter(b'\n', before).count().saturating_add(1)
}

#[cfg(test)]
mod tests;
