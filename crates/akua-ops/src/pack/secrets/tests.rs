//! What looks like a secret, and what does not. Secrets are put together here, so that nothing takes
//! this file for one.

use super::*;

/// Checks what a file looks like: the line, or none, and what.
fn check(path: &str, text: &str, expected: &[(Option<usize>, &str)]) {
    let found = suspicions(path, text.as_bytes());
    let found: Vec<_> = found.iter().map(|found| (found.line, found.what)).collect();
    assert_eq!(found, expected, "{path}");
}

/// So many letters that look drawn.
fn drawn(count: usize) -> String {
    "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xY".chars().cycle().take(count).collect()
}

fn pem(kind: &str) -> String {
    let lines = format!("{}\n{}\n", drawn(64), drawn(64));
    ["-----BEGIN ", kind, "-----\n", &lines, "-----END ", kind, "-----\n"].concat()
}

#[test]
fn files_are_secrets_by_their_names() {
    let named = |path: &str, what| check(path, "a", &[(None, what)]);
    named(".env", "variables of an environment");
    named("a/.env.production", "variables of an environment");
    named("a/.env.example.local", "variables of an environment");
    named("a/id_rsa", "a private key of SSH");
    named("a/id_ed25519", "a private key of SSH");
    named("a/b.p12", "a key store");
    named("b.keystore", "a key store");
    named("kubeconfig", "the access to a cluster");
    named("prod.kubeconfig", "the access to a cluster");
    named("keys/cosign.key", "a private key of cosign");
    named("auth.toml", "credentials of akua");
    named(".docker/config.json", "credentials of registries");
    named("home/.aws/credentials", "credentials of AWS");
    named("a.tfstate", "the state of a cloud");
    for path in [
        ".env.example",
        ".env.local.sample",
        ".env.template",
        "id_rsa.pub",
        "cosign.pub",
        "config.json",
        "credentials",
        "env",
        "my.env.md",
        "charts/web/templates/kubeconfig.yaml",
        ".npmrc",
        ".netrc",
    ] {
        check(path, "a", &[]);
    }
    check(".npmrc", "//host/:_authToken=x", &[(None, "credentials")]);
    check("a/.netrc", "machine a login b password c", &[(None, "credentials")]);
    check(".dockercfg", "{\"host\": {\"auth\": \"x\"}}", &[(None, "credentials")]);
}

#[test]
fn private_keys_are_found() {
    for kind in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "ENCRYPTED SIGSTORE PRIVATE KEY",
        "ENCRYPTED COSIGN PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        check("a.txt", &format!("one\ntwo\n{}", pem(kind)), &[(Some(3), "a private key")]);
        check("a.yaml", &pem(kind).replace('\n', "\n    "), &[(Some(1), "a private key")]);
        check("a.json", &pem(kind).replace('\n', "\\n"), &[(Some(1), "a private key")]);
    }
    let own =
        pem("RSA PRIVATE KEY").replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: A,B\n\n", 1);
    check("a.pem", &own, &[(Some(1), "a private key")]);
    for kind in ["PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY", "CERTIFICATE REQUEST"] {
        check("a.pem", &pem(kind), &[]);
    }
    // Places for a key, as charts have them in comments.
    let place = |body: &str| pem("PRIVATE KEY").replace(&drawn(64), body);
    check("values.yaml", &place("..."), &[]);
    check("values.yaml", &place(&"x".repeat(64)), &[]);
    check("a.md", "-----BEGIN PRIVATE KEY-----", &[]);
}

#[test]
fn tokens_are_found() {
    let found = |token: &str, what| {
        check("a.k", &format!("a = 1\nb = \"{token}\"\nc = \"{token}\"\n"), &[(Some(2), what)]);
        check("a.k", &format!("x{token}"), &[]);
    };
    let short = |token: &str| check("a.k", token, &[]);
    for head in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"] {
        found(&format!("{head}{}", drawn(36)), "a token of GitHub");
        short(&format!("{head}{}", drawn(35)));
    }
    found(&format!("github_{}{}", "pat_", drawn(60)), "a token of GitHub");
    found(&format!("glpat{}{}", "-", drawn(20)), "a token of GitLab");
    found(&format!("xox{}{}", "b-", drawn(30)), "a token of Slack");
    found(&format!("AI{}{}", "za", drawn(35)), "a key of Google");
    short(&format!("AI{}{}", "za", drawn(34)));
    short(&format!("ghp_{}", "x".repeat(36)));
    let jwt = |claims: &str| {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", URL_SAFE_NO_PAD.encode(claims), drawn(40))
    };
    found(
        &jwt("{\"iss\": \"kubernetes/serviceaccount\", \"kubernetes.io\": {}}"),
        "a token of a service account",
    );
    found(&jwt("{\"sub\": \"system:serviceaccount:a:b\"}"), "a token of a service account");
    short(&jwt("{\"sub\": \"somebody\"}"));
}

#[test]
fn keys_of_aws_and_of_clusters_are_found() {
    let id = format!("AK{}{}", "IA", "Q3EGUYTHJ5K7LMNP");
    let secret = drawn(40);
    let pair = format!("id: {id}\nsecret: {secret}\n");
    check("a.yaml", &pair, &[(Some(1), "an access key of AWS")]);
    check("a.yaml", &format!("id: {id}\n"), &[]);
    check(
        "a.yaml",
        &format!("id: {id}\ncommit: {}\n", "0123456789abcdef".repeat(3).split_at(40).0),
        &[],
    );
    let example = id.replace("J5K7LMNP", "XEXAMPLE");
    check("a.yaml", &format!("id: {example}\nsecret: {secret}\n"), &[]);
    let access = |value: &str| format!("users:\n- user:\n    client-key-data: {value}\n");
    check("a.yaml", &access(&drawn(60)), &[(Some(3), "the access to a cluster")]);
    check("a.yaml", &access("{{ .Values.key }}"), &[]);
}

#[test]
fn what_charts_have_is_ordinary() {
    let object =
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  password: aHVudGVyMg==\n";
    check("templates/secret.yaml", object, &[]);
    check("values.yaml", "auth:\n  password: hunter2\n  existingSecret: \"\"\n", &[]);
    check("package.k", "import akua.helm\nresources = []\n", &[]);
    check("bytes", "\u{0}\u{1}\u{2}", &[]);
}
