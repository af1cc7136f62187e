use super::*;
use crate::{PrivateKey, Subject, keyed_bundle};
use serde_json::json;

fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[byte; 32]).expect("a key")
}

fn root() -> TrustRoot {
    TrustRoot::parse(TrustRoot::public()).expect("the root that is built in")
}

fn manifest() -> Digest {
    Digest::of(b"manifest")
}

fn payload(manifest: &Digest) -> String {
    let payload = SimpleSigning { repository: "r".to_owned(), manifest: manifest.clone() };
    String::from_utf8(payload.to_json()).expect("text")
}

fn simple_by(key: &PrivateKey, manifest: &Digest) -> Evidence {
    let payload = payload(manifest);
    let signature = STANDARD.encode(key.sign(payload.as_bytes()));
    Evidence::simple(payload, signature)
}

fn envelope_by(key: &PrivateKey, manifest: &Digest, kind: &str) -> Envelope {
    let about = vec![Subject::new("r", manifest)];
    Envelope::sign(IN_TOTO, Statement::new(about, kind, json!({"a": 1})).to_json(), key)
}

fn bundle_by(key: &PrivateKey, manifest: &Digest, kind: &str) -> Evidence {
    Evidence::bundle(keyed_bundle(&envelope_by(key, manifest, kind), &key.public()), kind)
}

fn checked(evidence: &[Evidence]) -> Verdict {
    check(evidence, &manifest(), &[Who::Key(key(7).public())], &root())
}

#[test]
fn signatures_of_both_layouts() {
    let signer = Signer::Key(key(7).public().id());
    for piece in [simple_by(&key(7), &manifest()), bundle_by(&key(7), &manifest(), COSIGN_SIGN)] {
        let verdict = checked(std::slice::from_ref(&piece));
        assert_eq!(verdict.signers.as_slice(), std::slice::from_ref(&signer));
        assert_eq!((verdict.statements.len(), verdict.refused.len()), (0, 0));
    }
}

#[test]
fn attestations_of_both_layouts() {
    let envelope = Evidence::envelope(&envelope_by(&key(7), &manifest(), "p"), "p");
    for piece in [envelope, bundle_by(&key(7), &manifest(), "p")] {
        let verdict = checked(std::slice::from_ref(&piece));
        assert!(verdict.signers.is_empty(), "an attestation is no signature");
        let attested = verdict.statements.first().expect("one statement");
        assert_eq!(attested.statement.predicate, json!({"a": 1}));
        assert_eq!(attested.signer, Signer::Key(key(7).public().id()));
    }
}

#[test]
fn who_may_not_sign_proves_nothing() {
    let pieces = [
        simple_by(&key(8), &manifest()),
        bundle_by(&key(8), &manifest(), COSIGN_SIGN),
        Evidence::envelope(&envelope_by(&key(8), &manifest(), "p"), "p"),
    ];
    let verdict = checked(&pieces);
    assert_eq!((verdict.signers.len(), verdict.statements.len()), (0, 0));
    assert!(verdict.refused.iter().all(|refused| matches!(refused, Refusal::Signer { .. })));
    assert_eq!(check(&pieces, &manifest(), &[], &root()).refused.len(), 3);
}

#[test]
fn what_is_signed_for_another_manifest_proves_nothing() {
    let other = Digest::of(b"another");
    let verdict = checked(&[
        simple_by(&key(7), &other),
        bundle_by(&key(7), &other, COSIGN_SIGN),
        Evidence::envelope(&envelope_by(&key(7), &other, "p"), "p"),
    ]);
    assert_eq!((verdict.signers.len(), verdict.statements.len()), (0, 0));
    assert!(verdict.refused.iter().all(|refused| matches!(refused, Refusal::Subject { .. })));
}

/// Each bit of each piece, as a registry has it.
#[test]
fn any_flip_proves_less() {
    let pieces = [
        simple_by(&key(7), &manifest()),
        bundle_by(&key(7), &manifest(), COSIGN_SIGN),
        Evidence::envelope(&envelope_by(&key(7), &manifest(), "p"), "p"),
    ];
    for piece in pieces {
        let whole = checked(std::slice::from_ref(&piece));
        for at in 0..piece.text.len() {
            let mut bytes = piece.text.clone().into_bytes();
            *bytes.get_mut(at).expect("is there") ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let verdict = checked(&[Evidence { text, ..piece.clone() }]);
            // A flip in a field that nobody reads changes nothing; none ever proves more.
            let harmless = verdict == whole;
            assert!(harmless || (verdict.signers.is_empty() && verdict.statements.is_empty()));
            assert!(!harmless || !signed_part(&piece, at), "byte {at} of {}", piece.text);
        }
        let signature = piece.annotations.get(SIGNATURE).filter(|text| !text.is_empty());
        let Some(signature) = signature else { continue };
        for at in 0..signature.len() {
            let mut bytes = signature.clone().into_bytes();
            *bytes.get_mut(at).expect("is there") ^= 1;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let mut flipped = piece.clone();
            flipped.annotations.insert(SIGNATURE.to_owned(), text);
            assert!(checked(&[flipped]).signers.is_empty(), "byte {at} of the signature");
        }
    }
}

/// Whether a byte is of a payload, its type or a signature.
fn signed_part(piece: &Evidence, at: usize) -> bool {
    if piece.media_type == SIMPLE_TYPE {
        return true;
    }
    ["\"payload\":\"", "\"sig\":\"", "\"payloadType\":\""].iter().any(|name| {
        let (before, after) = piece.text.split_once(name).expect("is there");
        let start = before.len().saturating_add(name.len());
        let end = start.saturating_add(after.find('"').expect("is there"));
        (start..end).contains(&at)
    })
}

#[test]
fn what_is_malformed_is_told() {
    let mut broken = simple_by(&key(7), &manifest());
    broken.annotations.clear();
    let text = r#"{"verificationMaterial":{"certificate":{}}}"#.to_owned();
    let verdict =
        checked(&[broken, Evidence::bundle("{}".to_owned(), ""), Evidence::bundle(text, "")]);
    assert_eq!(verdict.refused.len(), 3);
    let other = Envelope::sign("text/plain", b"{}".to_vec(), &key(7));
    let refused = checked(&[Evidence::envelope(&other, "")]).refused;
    let told = refused.first().expect("it is refused").to_string();
    assert!(told.ends_with("its payload is a `text/plain`"), "{told}");
}

#[test]
fn names_of_signers() {
    let signer = Signer::Identity {
        identity: "me@example.com".to_owned(),
        issuer: "https://issuer.example.com".to_owned(),
    };
    assert_eq!(signer.to_string(), "cosign:sigstore:https://issuer.example.com#me@example.com");
    let id = key(7).public().id();
    assert_eq!(Signer::Key(id.clone()).to_string(), format!("cosign:key:{id}"));
}
