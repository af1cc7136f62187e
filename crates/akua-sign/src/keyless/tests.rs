//! Exchanges with services: what is asked, and what of their answers is taken.

use super::{
    Certificate, IdentityToken, KeylessError, Log, LogVersion, Services, ServicesError, Signing,
    TokenError,
};
use crate::{Artifact, Bundle, Envelope, Expected, Identity, Matcher, PrivateKey, TrustRoot};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn key() -> PrivateKey {
    PrivateKey::from_bytes(&[7; 32]).expect("a key")
}

fn token(claims: &Value) -> Result<IdentityToken, TokenError> {
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    IdentityToken::parse(&format!("e30.{claims}.c2VjcmV0\n"))
}

#[test]
fn a_token_says_whom_it_is_of() {
    let check = |claims: Value, expected: Result<&str, TokenError>| {
        let found = token(&claims);
        assert_eq!(found.as_ref().map(IdentityToken::subject), expected.as_ref().copied());
    };
    check(json!({ "sub": "s" }), Ok("s"));
    check(json!({ "sub": "s", "email": "a@b", "email_verified": true }), Ok("a@b"));
    check(json!({ "sub": "s", "email": "a@b", "email_verified": "true" }), Ok("a@b"));
    check(json!({ "sub": "s", "email": "a@b" }), Err(TokenError::Unverified));
    check(
        json!({ "sub": "s", "email": "a@b", "email_verified": "no" }),
        Err(TokenError::Unverified),
    );
    check(json!({ "sub": "" }), Err(TokenError::Nobody));
    check(json!({}), Err(TokenError::Nobody));
    check(json!([]), Err(TokenError::Nobody));
    check(json!("s"), Err(TokenError::Malformed));
}

#[test]
fn what_is_no_token_is_refused() {
    for text in ["", "a", "a.b", "a.b.c", "e30.e30.e30.e30", "e30.e30.\u{1b}", "..", "e30.e30.a b"]
    {
        assert!(IdentityToken::parse(text).is_err(), "{text:?}");
    }
    let long = format!("e30.e30.{}", "a".repeat(64 << 10));
    assert!(matches!(IdentityToken::parse(&long), Err(TokenError::TooLong { .. })));
}

#[test]
fn a_token_is_shown_to_nobody() {
    let token = token(&json!({ "sub": "s" })).expect("a token");
    assert_eq!(format!("{token:?}"), "IdentityToken(…)");
}

#[test]
fn a_certificate_is_asked_for_with_a_proof_of_the_key() {
    let signing = Signing::of_artifact(b"it", key());
    let token = token(&json!({ "sub": "me" })).expect("a token");
    let asked: Value = serde_json::from_slice(&signing.certificate_request(&token)).expect("JSON");
    assert_eq!(asked["credentials"]["oidcIdentityToken"], token.reveal());
    assert_eq!(asked["publicKeyRequest"]["publicKey"]["content"], key().public().to_pem());
    let proof = asked["publicKeyRequest"]["proofOfPossession"].as_str().expect("a proof");
    assert!(key().public().verifies(b"me", &STANDARD.decode(proof).expect("base64")));
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let bundle = include_str!("../../../../tests/corpus/trust/blob.sigstore.json");
    let bundle: Value = serde_json::from_str(bundle).expect("JSON");
    let certificate = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
    let certificate = certificate.as_str().expect("base64");
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let signing = Signing::of_artifact(b"it", key());
    let answer = |answer: Value| signing.read_certificate(answer.to_string().as_bytes());
    let chain = json!({ "chain": { "certificates": [pem] } });
    for name in ["signedCertificateEmbeddedSct", "signedCertificateDetachedSct"] {
        let found = answer(json!({ name: chain }));
        assert!(matches!(found, Err(KeylessError::OtherKey)), "{found:?}");
    }
    let none = json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": [] } } });
    assert!(matches!(answer(none), Err(KeylessError::NoCertificate)));
    assert!(matches!(answer(json!({})), Err(KeylessError::NoCertificate)));
    assert!(matches!(
        answer(json!([])),
        Err(KeylessError::NoCertificate | KeylessError::Json { .. })
    ));
    let garbage = json!({ "chain": { "certificates": ["garbage"] } });
    let found = answer(json!({ "signedCertificateEmbeddedSct": garbage }));
    assert!(matches!(found, Err(KeylessError::NoCertificate)));
}

#[test]
fn an_entry_is_read_or_refused() {
    let signing = Signing::of_artifact(b"it", key());
    let read = |answer: &[u8]| signing.read_entry(answer, LogVersion::Two);
    assert!(matches!(read(b"{}"), Err(KeylessError::Json { .. })));
    let bundle = include_str!("../../../../tests/corpus/trust/blob.sigstore.json");
    let bundle: Value = serde_json::from_str(bundle).expect("JSON");
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    assert!(read(entry.to_string().as_bytes()).is_ok());
}

/// What a log of Rekor 1 answered, by name and in a list.
const ANSWER: &str = include_str!("../../../../tests/corpus/trust/logged/answer.json");
const FOUND: &str = include_str!("../../../../tests/corpus/trust/logged/found.json");

#[test]
fn an_entry_of_rekor_1_is_read_or_refused() {
    let signing = Signing::of_artifact(b"it", key());
    let read = |answer: &str| signing.read_entry(answer.as_bytes(), LogVersion::One);
    let found = |answer: &str| signing.read_found(answer.as_bytes());
    // The entry belongs into the bundle that cosign made of the same answer.
    let bundle = include_str!("../../../../tests/corpus/trust/logged/blob.sigstore.json");
    let mut bundle: Value = serde_json::from_str(bundle).expect("JSON");
    let root = include_bytes!("../../../../tests/corpus/trust/logged/trusted_root.json");
    let root = TrustRoot::parse(root).expect("a root");
    let expression = |text: &str| Matcher::expression(text).expect("an expression");
    let anybody = Identity { subject: expression(".*"), issuer: expression(".*") };
    let artifact = include_bytes!("../../../../tests/corpus/trust/artifact.txt");
    for entry in [read(ANSWER).expect("an entry"), found(FOUND).expect("an entry")] {
        let entry = serde_json::to_value(&entry.0).expect("JSON");
        bundle["verificationMaterial"]["tlogEntries"] = json!([entry]);
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).expect("a bundle");
        let expected = Expected::Identity(&anybody);
        let verified = bundle.verify(Artifact::Bytes(artifact), expected, &root);
        assert_eq!(verified.expect("it is good").entries.len(), 1);
    }
    assert!(matches!(read("[]"), Err(KeylessError::Json { .. })));
    assert!(matches!(found("{}"), Err(KeylessError::Json { .. })));
    assert!(matches!(read("{}"), Err(KeylessError::NoEntry)));
    assert!(matches!(found("[]"), Err(KeylessError::NoEntry)));
    assert!(matches!(found("[{}]"), Err(KeylessError::NoEntry)));
    let mut two: Value = serde_json::from_str(ANSWER).expect("JSON");
    let one = two.as_object().and_then(|all| all.values().next()).cloned();
    two["another"] = one.expect("an entry");
    assert!(matches!(read(&two.to_string()), Err(KeylessError::NoEntry)));
    let broken = ANSWER.replace("\\n\\n— ", " ");
    assert!(matches!(read(&broken), Err(KeylessError::NoEntry)), "a checkpoint that is none");
}

#[test]
fn each_version_of_logs_is_asked_in_its_way() {
    let bundle = include_str!("../../../../tests/corpus/trust/blob.sigstore.json");
    let bundle: Value = serde_json::from_str(bundle).expect("JSON");
    let certificate = &bundle["verificationMaterial"]["certificate"]["rawBytes"];
    let certificate = serde_json::from_value(certificate.clone());
    let certificate = certificate.map(|own| Certificate { own, chain: String::new() });
    let certificate = certificate.expect("a certificate");
    let pem = STANDARD.encode(certificate.own.to_pem());
    let asked = |signing: &Signing, version| -> Value {
        let request = signing.entry_request(&certificate, version).expect("a request");
        let search = Signing::search_request(&request);
        let search: Value = serde_json::from_slice(&search).expect("JSON");
        let request: Value = serde_json::from_slice(&request).expect("JSON");
        assert_eq!(search, json!({ "entries": [request] }));
        request
    };
    let artifact = Signing::of_artifact(b"it", key());
    let one = asked(&artifact, LogVersion::One);
    assert_eq!((&one["kind"], &one["apiVersion"]), (&json!("hashedrekord"), &json!("0.0.1")));
    assert_eq!(one["spec"]["signature"]["content"], STANDARD.encode(&artifact.signature));
    assert_eq!(one["spec"]["signature"]["publicKey"]["content"], pem);
    assert!(asked(&artifact, LogVersion::Two)["hashedRekordRequestV002"].is_object());
    let statement = Signing::of_statement(b"{}".to_vec(), key());
    let one = asked(&statement, LogVersion::One);
    assert_eq!((&one["kind"], &one["apiVersion"]), (&json!("dsse"), &json!("0.0.1")));
    let proposed = &one["spec"]["proposedContent"];
    assert_eq!(proposed["verifiers"], json!([pem]));
    let envelope = proposed["envelope"].as_str().expect("JSON in a text");
    let envelope = Envelope::parse(envelope.as_bytes()).expect("an envelope");
    assert!(envelope.is_signed_by(&key().public()));
    assert!(asked(&statement, LogVersion::Two)["hashedRekordRequestV002"].is_object());
    assert_ne!(LogVersion::One.path(), LogVersion::Two.path());
    assert!(LogVersion::Two.search_path().is_none());
}

#[test]
fn a_timestamp_is_asked_of_the_signature() {
    let signing = Signing::of_artifact(b"it", key());
    let asked = signing.timestamp_request();
    assert_eq!(asked.len(), 59);
    assert_eq!(asked.get(24..56), Some(super::sha256(&signing.signature).as_slice()));
}

/// A signing config with these logs and clocks, as versions.
fn config(logs: &[u32], clocks: &[u32], more: &Value) -> Result<Services, ServicesError> {
    let service = |name: &str, version: &u32| {
        let since = json!({ "start": "2024-01-01T00:00:00Z" });
        let url = format!("https://{name}{version}.example.com");
        json!({ "url": url, "majorApiVersion": version, "validFor": since, "operator": "o" })
    };
    let services = |name: &str, versions: &[u32]| -> Vec<Value> {
        versions.iter().map(|version| service(name, version)).collect()
    };
    let mut config = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": services("ca", &[1]),
        "rekorTlogUrls": services("log", logs),
        "tsaUrls": services("clock", clocks),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Services::parse(config.to_string().as_bytes())
}

#[test]
fn services_are_those_that_can_be_used() {
    let found = config(&[1, 2], &[1, 1], &json!({})).expect("services");
    assert_eq!(found.certificates, "https://ca1.example.com");
    let log =
        |number: u32, version| Log { url: format!("https://log{number}.example.com"), version };
    assert_eq!(found.entries, log(2, LogVersion::Two));
    assert_eq!(found.timestamps, ["https://clock1.example.com"]);
    let all = config(&[2], &[1, 1], &json!({ "tsaConfig": { "selector": "ALL" } }));
    assert_eq!(all.expect("services").timestamps.len(), 2);
    let three = config(&[2], &[1, 1], &json!({ "tsaConfig": { "selector": "EXACT", "count": 3 } }));
    assert!(matches!(three, Err(ServicesError::Clocks { wanted: 3, named: 2 })));
    let missing = |found| matches!(found, Err(ServicesError::Missing { .. }));
    let older = config(&[3, 1], &[1], &json!({})).expect("services");
    assert_eq!(older.entries, log(1, LogVersion::One));
    assert_eq!(older.timestamps.len(), 1);
    // A log of Rekor 1 has times of its own.
    assert!(config(&[1], &[], &json!({})).expect("services").timestamps.is_empty());
    assert!(missing(config(&[3], &[1], &json!({}))));
    assert!(missing(config(&[2], &[], &json!({}))));
    assert!(missing(config(&[2], &[1], &json!({ "caUrls": [] }))));
    let several = config(&[2, 2], &[1], &json!({ "rekorTlogConfig": { "selector": "ALL" } }));
    assert!(matches!(several, Err(ServicesError::Several)));
    let one_each = config(&[1, 2], &[1], &json!({ "rekorTlogConfig": { "selector": "ALL" } }));
    assert_eq!(one_each.expect("services").entries, log(2, LogVersion::Two));
    let public = Services::parse(Services::public()).expect("the public services");
    assert_eq!(public.entries.version, LogVersion::One);
    assert!(matches!(Services::parse(b"{}"), Err(ServicesError::Json(_))));
}
