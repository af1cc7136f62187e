//! Bundles of real signers (`tests/corpus/trust`): what is accepted, and that nothing else is.

use super::{Artifact, Bundle, BundleError, Expected, LogRule, PROOFS, Verified};
use crate::{Identity, Matcher, PublicKey, Signer, TrustRoot};
use akua_source::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A file of the corpus.
macro_rules! corpus {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/corpus/trust/", $name)).as_slice()
    };
}

const BLOB: &[u8] = corpus!("blob.sigstore.json");
const OTHER: &[u8] = corpus!("other.sigstore.json");
const STATEMENT: &[u8] = corpus!("statement.sigstore.json");
const WORKFLOW: &[u8] = corpus!("workflow.sigstore.json");
const EARLY: &[u8] = corpus!("early.sigstore.json");
const EXPIRED: &[u8] = corpus!("expired.sigstore.json");
const KEY: &[u8] = corpus!("key.sigstore.json");
const KEY_LOGGED: &[u8] = corpus!("key-logged.sigstore.json");
const KEY_STATEMENT: &[u8] = corpus!("key-statement.sigstore.json");
const LOGGED_BLOB: &[u8] = corpus!("logged/blob.sigstore.json");
const LOGGED_STATEMENT: &[u8] = corpus!("logged/statement.sigstore.json");
const ARTIFACT: &[u8] = corpus!("artifact.txt");
const MAIL: &str = "dev@example.com";
const ISSUER: &str = "http://127.0.0.1:34533/people";
const WORKFLOWS: &str = "http://127.0.0.1:34533/workflows";

/// The issuer of the deployment whose certificates are in a log, and whose log is of Rekor 1.
const LOGGED_ISSUER: &str = "http://127.0.0.1:36905/people";

/// The trust root of that deployment, changed.
fn logged_root(change: fn(&mut Value)) -> TrustRoot {
    let root = corpus!("logged/trusted_root.json");
    let mut root: Value = serde_json::from_slice(root).expect("JSON");
    change(&mut root);
    TrustRoot::parse(root.to_string().as_bytes()).expect("a root")
}

fn root() -> TrustRoot {
    TrustRoot::parse(corpus!("trusted_root.json")).expect("the root of the corpus")
}

fn identity(subject: &str, issuer: &str) -> Identity {
    Identity {
        subject: Matcher::Exact(subject.to_owned()),
        issuer: Matcher::Exact(issuer.to_owned()),
    }
}

fn key() -> PublicKey {
    PublicKey::read(corpus!("key.pub")).expect("the key of the corpus")
}

fn by_identity(json: &[u8], artifact: &[u8]) -> Result<Verified, BundleError> {
    let identity = identity(MAIL, ISSUER);
    Bundle::parse(json)?.verify(Artifact::Bytes(artifact), Expected::Identity(&identity), &root())
}

fn by_key(json: &[u8], key: &PublicKey, log: LogRule) -> Result<Verified, BundleError> {
    Bundle::parse(json)?.verify(Artifact::Bytes(ARTIFACT), Expected::Key { key, log }, &root())
}

#[test]
fn what_a_bundle_says_is_returned_once_it_is_proven() {
    let log = LogRule::IfPresent;
    let said = |json: &[u8], key: &PublicKey| {
        Bundle::parse(json)?.verify_statement(Expected::Key { key, log }, &root())
    };
    let (verified, statement) = said(KEY_STATEMENT, &key()).expect("it is signed");
    assert_eq!(verified.signer, Signer::Key(key().id()));
    assert!(statement.is_about(&Digest::of(ARTIFACT)));
    let other = PublicKey::read(corpus!("other-key.pub")).expect("the other key of the corpus");
    check_refused(said(KEY_STATEMENT, &other).map(|(verified, _)| verified), "E_SIGN_SIGNATURE");
    // A signature of an artifact says nothing.
    check_refused(said(KEY, &key()).map(|(verified, _)| verified), "E_SIGN_ARTIFACT");
}

/// Checks that a bundle is refused for its reason.
fn check_refused(found: Result<Verified, BundleError>, code: &str) {
    let error = found.expect_err(code);
    assert_eq!(error.code(), code, "{error:?}");
    let diagnostic = error.to_diagnostic("b");
    assert!(!diagnostic.helps.is_empty());
}

#[test]
fn who_signed_and_when_is_told() {
    let found = by_identity(BLOB, ARTIFACT).expect("it is good");
    let (subject, issuer) = (MAIL.to_owned(), ISSUER.to_owned());
    assert_eq!(found.signer, Signer::Identity { identity: subject, issuer });
    assert_eq!(found.times.len(), 1);
    assert!(found.times.iter().all(|time| time.starts_with("2026-11-21T")), "{found:?}");
    assert_eq!(found.entries.len(), 1);
    assert!(found.entries.iter().all(|entry| entry.log == "127.0.0.1"), "{found:?}");
    assert_eq!((found.statement, found.predicate_type), (None, None));
    let said = by_identity(STATEMENT, ARTIFACT).expect("it is good");
    assert_eq!(said.predicate_type.as_deref(), Some("https://example.com/predicate/v1"));
    assert!(said.statement.is_some());
}

#[test]
fn a_digest_is_as_good_as_the_bytes() {
    let digest = Digest::of(ARTIFACT);
    let mail = identity(MAIL, ISSUER);
    let key = key();
    let key = Expected::Key { key: &key, log: LogRule::IfPresent };
    for (json, signer) in [
        (BLOB, Expected::Identity(&mail)),
        (STATEMENT, Expected::Identity(&mail)),
        (KEY, key),
        (KEY_LOGGED, key),
        (KEY_STATEMENT, key),
    ] {
        let bundle = Bundle::parse(json).expect("a bundle");
        let verify = |digest| bundle.verify(Artifact::Digest(digest), signer, &root());
        verify(&digest).expect("it is good");
        check_refused(verify(&Digest::of(b"else")), "E_SIGN_ARTIFACT");
    }
}

#[test]
fn an_identity_is_exact_or_of_a_pattern() {
    let bundle = Bundle::parse(WORKFLOW).expect("a bundle");
    let verify = |pattern: &str| {
        let subject = Matcher::expression(pattern).expect("a pattern");
        let identity = Identity { subject, issuer: Matcher::Exact(WORKFLOWS.to_owned()) };
        bundle.verify(Artifact::Bytes(ARTIFACT), Expected::Identity(&identity), &root())
    };
    verify("https://github.com/octo-org/octo-repo/.*@refs/heads/main").expect("it is they");
    check_refused(verify("https://github.com/octo-org/"), "E_SIGN_IDENTITY");
    check_refused(
        verify("https://github.com/octo-org/octo-repo/.*@refs/tags/.*"),
        "E_SIGN_IDENTITY",
    );
}

#[test]
fn another_signer_is_refused() {
    let verify = |subject, issuer| {
        let identity = identity(subject, issuer);
        let bundle = Bundle::parse(BLOB).expect("a bundle");
        bundle.verify(Artifact::Bytes(ARTIFACT), Expected::Identity(&identity), &root())
    };
    check_refused(verify("other@example.com", ISSUER), "E_SIGN_IDENTITY");
    check_refused(verify("", ISSUER), "E_SIGN_IDENTITY");
    check_refused(verify(MAIL, WORKFLOWS), "E_SIGN_ISSUER");
    check_refused(verify(MAIL, ""), "E_SIGN_ISSUER");
}

#[test]
fn another_artifact_is_refused() {
    check_refused(by_identity(OTHER, ARTIFACT), "E_SIGN_ARTIFACT");
    check_refused(by_identity(BLOB, b"what was signed"), "E_SIGN_ARTIFACT");
    check_refused(by_identity(STATEMENT, b""), "E_SIGN_ARTIFACT");
}

#[test]
fn a_certificate_has_to_be_valid_when_it_signs() {
    check_refused(by_identity(EARLY, ARTIFACT), "E_SIGN_VALIDITY");
    check_refused(by_identity(EXPIRED, ARTIFACT), "E_SIGN_VALIDITY");
}

#[test]
fn another_root_is_refused() {
    let public = TrustRoot::parse(TrustRoot::public()).expect("the public root");
    let mail = identity(MAIL, ISSUER);
    let bundle = Bundle::parse(BLOB).expect("a bundle");
    let verify = |root: &TrustRoot| {
        bundle.verify(Artifact::Bytes(ARTIFACT), Expected::Identity(&mail), root)
    };
    check_refused(verify(&public), "E_SIGN_TIME");
    let changed = |change: fn(&mut Value)| {
        let mut root: Value = serde_json::from_slice(corpus!("trusted_root.json")).expect("JSON");
        change(&mut root);
        TrustRoot::parse(root.to_string().as_bytes()).expect("a root")
    };
    check_refused(
        verify(&changed(|root| root["certificateAuthorities"] = json!([]))),
        "E_SIGN_CHAIN",
    );
    check_refused(verify(&changed(|root| root["tlogs"] = json!([]))), "E_SIGN_LOG");
    // A root that names a log of certificates asks for its proof.
    let asks = changed(|root| root["ctlogs"] = root["tlogs"].clone());
    check_refused(verify(&asks), "E_SIGN_CERTIFICATE_LOG");
}

#[test]
fn a_certificate_has_to_be_in_a_log_that_the_root_names() {
    let mail = identity(MAIL, LOGGED_ISSUER);
    for json in [LOGGED_BLOB, LOGGED_STATEMENT] {
        let bundle = Bundle::parse(json).expect("a bundle");
        let verify = |root: &TrustRoot| {
            bundle.verify(Artifact::Bytes(ARTIFACT), Expected::Identity(&mail), root)
        };
        let found = verify(&logged_root(|_| ())).expect("it is good");
        assert!(found.certificate_logged);
        let another = logged_root(|root| root["ctlogs"] = root["tlogs"].clone());
        check_refused(verify(&another), "E_SIGN_CERTIFICATE_LOG");
        let later = logged_root(|root| {
            let start = json!({ "start": "2030-01-01T00:00:00Z" });
            root["ctlogs"][0]["publicKey"]["validFor"] = start;
        });
        check_refused(verify(&later), "E_SIGN_CERTIFICATE_LOG");
        // One that names none asks for none.
        let none = logged_root(|root| root["ctlogs"] = json!([]));
        assert!(!verify(&none).expect("it is good").certificate_logged);
    }
}

#[test]
fn a_log_of_rekor_1_says_when_it_was_signed() {
    let mail = identity(MAIL, LOGGED_ISSUER);
    let verify = |json: &[u8], change: fn(&mut Value)| {
        let mut bundle: Value = serde_json::from_slice(json).expect("JSON");
        change(&mut bundle["verificationMaterial"]);
        let bundle = Bundle::parse(bundle.to_string().as_bytes())?;
        let root = logged_root(|_| ());
        bundle.verify(Artifact::Bytes(ARTIFACT), Expected::Identity(&mail), &root)
    };
    for (json, index) in [(LOGGED_BLOB, 6), (LOGGED_STATEMENT, 7)] {
        let found = verify(json, |_| ()).expect("it is good");
        assert!(found.times.iter().all(|time| time.starts_with("2026-11-22T")), "{found:?}");
        let entry = found.entries.first().expect("an entry");
        assert_eq!(entry.index, index);
        assert!(entry.log.starts_with("127.0.0.1 - "), "{found:?}");
        // The log's time is enough.
        let no_clock = |material: &mut Value| {
            material["timestampVerificationData"] = Value::Null;
        };
        verify(json, no_clock).expect("it is good");
        // It is its promise that says so.
        let found = verify(json, |material| {
            material["timestampVerificationData"] = Value::Null;
            material["tlogEntries"][0]["inclusionPromise"] = Value::Null;
        });
        check_refused(found, "E_SIGN_NO_TIME");
        let found = verify(json, |material| {
            material["tlogEntries"][0]["integratedTime"] = json!("1795315000");
        });
        check_refused(found, "E_SIGN_LOG");
        let found = verify(json, |material| {
            material["tlogEntries"][0]["inclusionProof"] = Value::Null;
        });
        check_refused(found, "E_SIGN_NO_LOG");
    }
}

#[test]
fn an_identity_needs_a_log_and_a_clock() {
    let without = |place: &str, value: Value| {
        let mut bundle: Value = serde_json::from_slice(BLOB).expect("JSON");
        *bundle.pointer_mut(place).expect("a place") = value;
        by_identity(bundle.to_string().as_bytes(), ARTIFACT)
    };
    let material = "/verificationMaterial";
    check_refused(without(&format!("{material}/tlogEntries"), json!([])), "E_SIGN_NO_LOG");
    let proof = format!("{material}/tlogEntries/0/inclusionProof");
    check_refused(without(&proof, Value::Null), "E_SIGN_NO_LOG");
    let stamps = format!("{material}/timestampVerificationData");
    check_refused(without(&stamps, Value::Null), "E_SIGN_NO_TIME");
}

#[test]
fn an_entry_of_another_artifact_is_refused() {
    let other: Value = serde_json::from_slice(OTHER).expect("JSON");
    for place in ["/verificationMaterial/tlogEntries", "/verificationMaterial"] {
        let mut bundle: Value = serde_json::from_slice(BLOB).expect("JSON");
        let theirs = other.pointer(place).expect("a place").clone();
        *bundle.pointer_mut(place).expect("a place") = theirs;
        let found = by_identity(bundle.to_string().as_bytes(), ARTIFACT);
        let code = if place.ends_with("Entries") { "E_SIGN_ARTIFACT" } else { "E_SIGN_TIME" };
        check_refused(found, code);
    }
}

#[test]
fn keys_sign_with_and_without_a_log() {
    let key = key();
    let other = PublicKey::read(corpus!("other-key.pub")).expect("a key");
    for json in [KEY, KEY_STATEMENT] {
        let found = by_key(json, &key, LogRule::IfPresent).expect("it is good");
        assert_eq!(found.signer, Signer::Key(key.id()));
        assert!(found.entries.is_empty() && found.times.is_empty());
        check_refused(by_key(json, &key, LogRule::Required), "E_SIGN_NO_LOG");
        check_refused(by_key(json, &other, LogRule::IfPresent), "E_SIGN_SIGNATURE");
    }
    let found = by_key(KEY_LOGGED, &key, LogRule::Required).expect("it is good");
    assert_eq!((found.entries.len(), found.times.len()), (1, 1));
    check_refused(by_key(KEY_LOGGED, &other, LogRule::IfPresent), "E_SIGN_SIGNATURE");
    let root = TrustRoot::parse(TrustRoot::public()).expect("the public root");
    let signer = Expected::Key { key: &key, log: LogRule::IfPresent };
    let bundle = Bundle::parse(KEY_LOGGED).expect("a bundle");
    // A log that is claimed and not trusted is no log.
    check_refused(bundle.verify(Artifact::Bytes(ARTIFACT), signer, &root), "E_SIGN_LOG");
}

#[test]
fn a_key_is_no_identity() {
    check_refused(by_identity(KEY, ARTIFACT), "E_SIGN_KIND");
    check_refused(by_key(BLOB, &key(), LogRule::IfPresent), "E_SIGN_KIND");
}

#[test]
fn what_is_no_bundle_is_refused() {
    for text in ["", "{}", "[]", "null", "{\"mediaType\":\"x\"}"] {
        check_refused(Bundle::parse(text.as_bytes()).map(|_| unreachable!()), "E_SIGN_BUNDLE");
    }
    let mut bundle: Value = serde_json::from_slice(STATEMENT).expect("JSON");
    bundle["dsseEnvelope"]["payloadType"] = json!("text/plain");
    check_refused(by_identity(bundle.to_string().as_bytes(), ARTIFACT), "E_SIGN_BUNDLE");
    let many = |count: usize| {
        let mut bundle: Value = serde_json::from_slice(BLOB).expect("JSON");
        let entries = &mut bundle["verificationMaterial"]["tlogEntries"];
        *entries = vec![entries[0].clone(); count].into();
        by_identity(bundle.to_string().as_bytes(), ARTIFACT)
    };
    assert!(many(PROOFS).is_ok());
    check_refused(many(PROOFS + 1), "E_SIGN_BUNDLE");
}

/// What no signature covers and nothing here believes, and how many bytes of it there are at most:
/// hints; copies of what a checkpoint says; the name beside a checkpoint's signature, which is only
/// text, and the end of its line; versions and names of algorithms in a timestamp, which CMS leaves
/// open. Whatever they say, the verdict is the same.
const HINTS: [(&str, usize); 8] = [
    ("/logId/keyId", 32),
    ("/inclusionProof/logIndex", 20),
    ("/inclusionProof/rootHash", 32),
    ("/inclusionProof/treeSize", 20),
    ("/publicKey/hint", 64),
    ("/keyid", 64),
    ("/checkpoint/envelope", 10),
    ("/signedTimestamp", 24),
];

#[test]
fn every_byte_counts() {
    let mail = identity(MAIL, ISSUER);
    let key = key();
    let key = Expected::Key { key: &key, log: LogRule::IfPresent };
    let logged = identity(MAIL, LOGGED_ISSUER);
    let (root, logged_root) = (root(), logged_root(|_| ()));
    for (json, signer, root) in [
        (BLOB, Expected::Identity(&mail), &root),
        (STATEMENT, Expected::Identity(&mail), &root),
        (KEY, key, &root),
        (KEY_LOGGED, key, &root),
        (KEY_STATEMENT, key, &root),
        (LOGGED_BLOB, Expected::Identity(&logged), &logged_root),
        (LOGGED_STATEMENT, Expected::Identity(&logged), &logged_root),
    ] {
        let bundle: Value = serde_json::from_slice(json).expect("JSON");
        let verify = |bundle: &Value| {
            let bundle = Bundle::parse(bundle.to_string().as_bytes())?;
            bundle.verify(Artifact::Bytes(ARTIFACT), signer, root)
        };
        verify(&bundle).expect("it is good");
        for place in places(&bundle, String::new()) {
            check_bytes(&bundle, &place, &verify);
        }
    }
}

/// Where a bundle has text.
fn places(value: &Value, place: String) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let below = |(name, value): (&String, &Value)| places(value, format!("{place}/{name}"));
            fields.iter().flat_map(below).collect()
        }
        Value::Array(items) => {
            let below = |(index, value)| places(value, format!("{place}/{index}"));
            items.iter().enumerate().flat_map(below).collect()
        }
        Value::String(_) => vec![place],
        _ => Vec::new(),
    }
}

/// Changes each byte behind a text, one at a time: whatever is accepted says the same.
fn check_bytes(
    bundle: &Value,
    place: &str,
    verify: &dyn Fn(&Value) -> Result<Verified, BundleError>,
) {
    let Some(Value::String(text)) = bundle.pointer(place) else { return };
    let decoded = STANDARD.decode(text).ok().filter(|bytes| bytes.len() > 16);
    let bytes = decoded.clone().unwrap_or_else(|| text.as_bytes().to_vec());
    let original = verify(bundle).expect("it is good");
    let mut survived = Vec::new();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let text = match &decoded {
            Some(_) => STANDARD.encode(&changed),
            None => String::from_utf8_lossy(&changed).into_owned(),
        };
        let mut bundle = bundle.clone();
        *bundle.pointer_mut(place).expect("the place") = Value::String(text);
        if let Ok(found) = verify(&bundle) {
            assert_eq!(found, original, "{place}, byte {at}");
            survived.push(at);
        }
    }
    let hint = HINTS.iter().find(|(hint, _)| place.ends_with(hint));
    assert!(survived.len() <= hint.map_or(0, |(_, most)| *most), "{place}: {survived:?}");
}
