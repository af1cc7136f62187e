//! What cosign 2 wrote under tags (`tests/corpus/trust/logged`): what is accepted, and that nothing
//! else is.

use super::{CERTIFICATE, CERTIFICATES, CHAIN, END, ENTRY, TIMESTAMP};
use crate::{
    Evidence, Identity, Matcher, PrivateKey, Refusal, SIGNATURE, SIMPLE_TYPE, Signer, TrustRoot,
    Verdict, Who, check,
};
use akua_source::Digest;
use serde_json::{Value, json};

const TAGGED: &str = include_str!("../../../../../tests/corpus/trust/logged/tagged.json");
const ROOT: &str = include_str!("../../../../../tests/corpus/trust/logged/trusted_root.json");
const MANIFEST: &str = "sha256:b8d062fe4febb491c9ac1bb14d14496d71cf777641b0e61e75dcc97fa85cba12";
const MAIL: &str = "dev@example.com";
const ISSUER: &str = "http://127.0.0.1:36905/people";

/// Two signatures and two attestations; the second of each has a timestamp, too.
fn pieces() -> [Evidence; 4] {
    let pieces: Vec<Evidence> = serde_json::from_str(TAGGED).expect("evidence");
    pieces.try_into().expect("four pieces")
}

fn root() -> TrustRoot {
    TrustRoot::parse(ROOT.as_bytes()).expect("the root of the corpus")
}

fn who(subject: &str, issuer: &str) -> Who {
    let (subject, issuer) = (subject.to_owned(), issuer.to_owned());
    Who::Identity(Identity { subject: Matcher::Exact(subject), issuer: Matcher::Exact(issuer) })
}

fn checked(piece: &Evidence, root: &TrustRoot) -> Verdict {
    let manifest = Digest::parse(MANIFEST).expect("a digest");
    check(std::slice::from_ref(piece), &manifest, &[who(MAIL, ISSUER)], root)
}

/// Why a piece proves nothing.
fn refused(piece: &Evidence, root: &TrustRoot) -> String {
    let verdict = checked(piece, root);
    assert!(verdict.signers.is_empty() && verdict.statements.is_empty(), "it proves something");
    verdict.refused.first().expect("a reason").to_string()
}

#[test]
fn what_cosign_2_signs_is_proven() {
    let [plain, stamped, said, said_stamped] = pieces();
    assert!(!plain.annotations.contains_key(TIMESTAMP));
    assert!(stamped.annotations.contains_key(TIMESTAMP));
    let (identity, issuer) = (MAIL.to_owned(), ISSUER.to_owned());
    let signer = Signer::Identity { identity, issuer };
    for piece in [&plain, &stamped] {
        let verdict = checked(piece, &root());
        assert_eq!(verdict.signers.as_slice(), std::slice::from_ref(&signer));
        assert_eq!((verdict.statements.len(), verdict.refused.len()), (0, 0));
    }
    for (piece, kind) in
        [(&said, "https://example.com/p"), (&said_stamped, "https://slsa.dev/provenance/v1")]
    {
        let verdict = checked(piece, &root());
        assert!(verdict.signers.is_empty(), "an attestation is no signature");
        let attested = verdict.statements.first().expect("a statement");
        assert_eq!((attested.statement.predicate_type.as_str(), &attested.signer), (kind, &signer));
    }
}

#[test]
fn another_signer_or_manifest_is_refused() {
    let manifest = Digest::parse(MANIFEST).expect("a digest");
    let key = PrivateKey::from_bytes(&[7; 32]).expect("a key").public();
    for piece in pieces() {
        let check = |manifest: &Digest, who: &[Who]| {
            let verdict = check(std::slice::from_ref(&piece), manifest, who, &root());
            assert!(verdict.signers.is_empty() && verdict.statements.is_empty());
            verdict.refused.into_iter().next().expect("a reason")
        };
        let told = check(&manifest, &[who("other@example.com", ISSUER)]).to_string();
        assert!(told.ends_with("signed by `dev@example.com`, expected `other@example.com`"));
        let both = [who("other@example.com", ISSUER), Who::Key(key.clone())];
        assert_eq!(check(&manifest, &both).to_string(), told, "a key says less");
        assert!(check(&manifest, &[who(MAIL, "https://x")]).to_string().contains("issuer"));
        let stranger = check(&manifest, &[Who::Key(key.clone())]);
        assert!(matches!(stranger, Refusal::Signer { .. }), "{stranger:?}");
        assert!(matches!(check(&manifest, &[]), Refusal::Signer { .. }));
        let other = check(&Digest::of(b"other"), &[who(MAIL, ISSUER)]);
        assert!(matches!(other, Refusal::Subject { .. }), "{other:?}");
    }
}

#[test]
fn the_trust_root_counts() {
    let changed = |change: fn(&mut Value)| {
        let mut root: Value = serde_json::from_str(ROOT).expect("JSON");
        change(&mut root);
        TrustRoot::parse(root.to_string().as_bytes()).expect("a root")
    };
    for piece in pieces() {
        let told = |change| refused(&piece, &changed(change));
        let told_log = told(|root| root["ctlogs"] = root["tlogs"].clone());
        assert!(told_log.contains("in a log of certificates"), "{told_log}");
        let told_log = told(|root| root["tlogs"] = root["ctlogs"].clone());
        assert!(told_log.contains("that a log has the signature"), "{told_log}");
        let told_chain = told(|root| root["certificateAuthorities"] = json!([]));
        assert!(told_chain.contains("lead back to the trust root"), "{told_chain}");
    }
}

#[test]
fn each_proof_is_needed() {
    for piece in pieces() {
        let without = |name: &str, text: Option<String>| {
            let mut piece = piece.clone();
            match text {
                Some(text) => piece.annotations.insert(name.to_owned(), text),
                None => piece.annotations.remove(name),
            };
            refused(&piece, &root())
        };
        let annotation = |name: &str| piece.annotations.get(name).expect("it is there");
        assert!(without(CERTIFICATE, None).contains("not signed by anybody who may"));
        assert!(without(CERTIFICATE, Some("x".to_owned())).contains("its certificates"));
        let twice = annotation(CERTIFICATE).repeat(2);
        assert!(without(CERTIFICATE, Some(twice)).contains("its certificates"));
        assert!(without(ENTRY, None).contains("names no entry"));
        assert!(without(ENTRY, Some(String::new())).contains("names no entry"));
        assert!(without(ENTRY, Some("{}".to_owned())).contains("its entry"));
        let chain = annotation(CHAIN);
        assert_eq!(chain.matches(END).count(), 1);
        let long = without(CHAIN, Some(chain.repeat(CERTIFICATES)));
        assert!(long.contains("its certificates"), "{long}");
        // The authority is in the trust root: the chain may be shorter, or have some more.
        for count in [0, CERTIFICATES - 1] {
            let mut other = piece.clone();
            other.annotations.insert(CHAIN.to_owned(), chain.repeat(count));
            assert!(checked(&other, &root()).refused.is_empty());
        }
    }
}

#[test]
fn proofs_of_another_signature_are_refused() {
    let [plain, stamped, said, said_stamped] = pieces();
    for (piece, other) in [(&stamped, &plain), (&plain, &stamped), (&said, &said_stamped)] {
        for name in [SIGNATURE, CERTIFICATE, ENTRY] {
            let mut mixed = piece.clone();
            let theirs = other.annotations.get(name).expect("it is there");
            mixed.annotations.insert(name.to_owned(), theirs.clone());
            // The signature of an attestation is in its envelope.
            if mixed != *piece && !(name == SIGNATURE && *piece == said) {
                refused(&mixed, &root());
            }
        }
    }
    let mut mixed = stamped.clone();
    let theirs = said_stamped.annotations.get(TIMESTAMP).expect("it is there");
    mixed.annotations.insert(TIMESTAMP.to_owned(), theirs.clone());
    assert!(refused(&mixed, &root()).contains("timestamp"));
    mixed.annotations.insert(TIMESTAMP.to_owned(), "{}".to_owned());
    assert!(refused(&mixed, &root()).contains("its timestamp cannot be read"));
}

/// Annotations, and how many of their bytes may change and prove as much as before: the chain is a
/// hint, and so is the certificate in a timestamp, of which the trust root has its own; names of
/// algorithms in a timestamp are left open by CMS; line ends in PEM are white space.
const HINTS: [(&str, usize); 6] = [
    (CHAIN, usize::MAX),
    (TIMESTAMP, 420),
    (CERTIFICATE, 24),
    (ENTRY, 0),
    (SIGNATURE, 0),
    ("predicateType", usize::MAX),
];

#[test]
fn every_byte_counts() {
    let root = root();
    let [_, stamped, said, _] = pieces();
    for piece in [stamped, said] {
        let whole = checked(&piece, &root);
        let survives = |changed: &Evidence| {
            let verdict = checked(changed, &root);
            let proves = !verdict.signers.is_empty() || !verdict.statements.is_empty();
            assert!(!proves || verdict == whole, "it proves something else");
            proves
        };
        let flips = |text: &str| -> Vec<String> {
            let flip = |at: usize| {
                let mut bytes = text.as_bytes().to_vec();
                *bytes.get_mut(at).expect("is there") ^= 1;
                String::from_utf8(bytes).ok()
            };
            (0..text.len()).filter_map(flip).collect()
        };
        for (name, text) in &piece.annotations {
            let survived = flips(text).into_iter().filter(|text| {
                let mut changed = piece.clone();
                changed.annotations.insert(name.clone(), text.clone());
                survives(&changed)
            });
            let hint = HINTS.iter().find(|(hint, _)| hint == name).map_or(0, |(_, most)| *most);
            let survived = survived.count();
            assert!(survived <= hint, "{name}: {survived} bytes");
        }
        let texts = flips(&piece.text).into_iter();
        let survived =
            texts.filter(|text| survives(&Evidence { text: text.clone(), ..piece.clone() }));
        // The name of a key in an envelope is a hint, and so is what the hint is called.
        let hint = if piece.media_type == SIMPLE_TYPE { 0 } else { "keyid".len() };
        assert_eq!(survived.count(), hint);
    }
}

/// A bundle goes under tags and comes back, where its log promised that it has the entry.
#[test]
fn what_a_bundle_proves_is_proven_under_tags() {
    let statement =
        include_bytes!("../../../../../tests/corpus/trust/logged/statement.sigstore.json");
    let artifact = Digest::of(include_bytes!("../../../../../tests/corpus/trust/artifact.txt"));
    let kind = "https://example.com/predicate/v1";
    let piece = Evidence::tagged_attestation(kind, statement, "").expect("a promise");
    assert!(piece.has_certificate() && !piece.is_bundle());
    let verdict = check(&[piece], &artifact, &[who(MAIL, ISSUER)], &root());
    let attested = verdict.statements.first().expect("a statement");
    assert_eq!(attested.statement.predicate_type, kind);
    // The payload of a signature is the artifact of its bundle.
    let blob = include_bytes!("../../../../../tests/corpus/trust/logged/blob.sigstore.json");
    let piece = Evidence::tagged_signature("{}".to_owned(), blob, "").expect("a promise");
    assert_eq!(piece.media_type, SIMPLE_TYPE);
    assert!(piece.annotations.contains_key(SIGNATURE) && piece.annotations.contains_key(ENTRY));
    let told = refused(&piece, &root());
    assert!(told.starts_with("a signature under the tag `.sig`"), "of another payload: {told}");
    // Rekor 2 promises nothing.
    let tiles = include_bytes!("../../../../../tests/corpus/trust/statement.sigstore.json");
    assert!(Evidence::tagged_attestation(kind, tiles, "").is_none());
    assert!(Evidence::tagged_attestation(kind, b"{}", "").is_none());
}
