use super::*;

const PASSPHRASE: &[u8] = b"open-sesame";

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/keys/", $name)).as_slice()
    };
}

fn passphrase(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec())
}

fn refused(pem: &[u8], given: Option<&[u8]>) -> KeyError {
    PrivateKey::read(pem, given.map(passphrase).as_ref()).expect_err("is refused")
}

#[test]
fn one_key_in_all_its_files() {
    let public = PublicKey::read(file!("public.pem")).expect("a key of openssl");
    for pem in [file!("sec1.pem"), file!("pkcs8.pem"), file!("pbkdf2.pem"), file!("scrypt.pem")] {
        let key = PrivateKey::read(pem, Some(&passphrase(PASSPHRASE))).expect("the key");
        assert_eq!(key.public(), public);
    }
}

#[test]
fn keys_that_cosign_made() {
    let key = PrivateKey::read(file!("cosign.key"), Some(&passphrase(PASSPHRASE)));
    let public = PublicKey::read(file!("cosign.pub")).expect("a key of cosign");
    assert_eq!(key.expect("the key").public(), public);
    assert!(PrivateKey::read(file!("empty.key"), Some(&passphrase(b""))).is_ok());
}

#[test]
fn a_key_is_read_as_it_was_written() {
    let key = PrivateKey::from_bytes(&[7; 32]).expect("a key");
    let plain = key.to_pem().expect("a file");
    assert_eq!(PrivateKey::read(plain.as_bytes(), None).expect("the key").public(), key.public());
    let given = passphrase(b"a \xff passphrase");
    let sealed = key.to_encrypted_pem(&given, [1; 32], [2; 24]).expect("a file");
    let opened = PrivateKey::read(sealed.as_bytes(), Some(&given)).expect("the key");
    assert_eq!(opened.public(), key.public());
    let public = PublicKey::read(key.public().to_pem().as_bytes());
    assert_eq!(public.expect("the key"), key.public());
    assert!(PrivateKey::from_bytes(&[0; 32]).is_none());
    assert!(PrivateKey::from_bytes(&[255; 32]).is_none());
}

#[test]
fn what_is_no_key_is_refused() {
    let wrong = Some(b"open-says-me".as_slice());
    for name in [file!("pbkdf2.pem"), file!("scrypt.pem"), file!("cosign.key")] {
        assert_eq!(refused(name, wrong), KeyError::WrongPassphrase);
        assert_eq!(refused(name, None), KeyError::NoPassphrase);
    }
    assert_eq!(refused(file!("p384.pem"), None), KeyError::Malformed);
    assert_eq!(refused(file!("des3.pem"), Some(PASSPHRASE)), KeyError::Malformed);
    assert_eq!(refused(file!("rounds.pem"), Some(PASSPHRASE)), KeyError::Cost);
    assert_eq!(refused(b"not a key", None), KeyError::NotPem);
    assert!(matches!(refused(file!("public.pem"), None), KeyError::Label { .. }));
    assert!(matches!(refused(&vec![b'a'; FILE_LIMIT_BYTES + 1], None), KeyError::TooLarge { .. }));
    assert!(matches!(PublicKey::read(file!("sec1.pem")), Err(KeyError::Label { .. })));
}

#[test]
fn opening_a_key_has_a_price_limit() {
    let sealed = |n: u64, r: u64, p: u64| {
        let json = format!(
            r#"{{"kdf":{{"name":"scrypt","params":{{"N":{n},"r":{r},"p":{p}}},"salt":"AAAA"}},"cipher":{{"name":"nacl/secretbox","nonce":"AAAA"}},"ciphertext":"AAAA"}}"#
        );
        let pem = pem_rfc7468::encode_string(
            "ENCRYPTED SIGSTORE PRIVATE KEY",
            pem_rfc7468::LineEnding::LF,
            json.as_bytes(),
        );
        refused(pem.expect("PEM").as_bytes(), Some(PASSPHRASE))
    };
    assert_eq!(sealed(1 << 24, 8, 1), KeyError::Cost);
    assert_eq!(sealed(1 << 16, 8, 17), KeyError::Cost);
    assert_eq!(sealed(u64::MAX, u64::MAX, 1), KeyError::Cost);
    assert_eq!(sealed(0, 8, 1), KeyError::Malformed);
    assert_eq!(sealed(3, 8, 1), KeyError::Malformed);
}

#[test]
fn a_signature_is_of_one_key_over_one_message() {
    let public = PublicKey::read(file!("public.pem")).expect("a key");
    assert!(public.verifies(b"hello", file!("message.sig")), "openssl signed it");
    let key = PrivateKey::read(file!("pkcs8.pem"), None).expect("the key");
    let signature = key.sign(b"hello");
    assert_eq!(signature, key.sign(b"hello"), "the same bytes each time");
    assert!(public.verifies(b"hello", &signature));
    assert!(!public.verifies(b"hallo", &signature));
    assert!(
        !PrivateKey::from_bytes(&[7; 32]).expect("a key").public().verifies(b"hello", &signature)
    );
    for at in 0..signature.len() {
        for bit in 0..8 {
            let mut flipped = signature.clone();
            *flipped.get_mut(at).expect("is there") ^= 1 << bit;
            assert!(!public.verifies(b"hello", &flipped), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    let key = PrivateKey::read(file!("pkcs8.pem"), None).expect("the key");
    assert_eq!(format!("{:?}", passphrase(PASSPHRASE)), "Secret(…)");
    assert_eq!(format!("{key:?}"), format!("PrivateKey(\"{}\")", key.public().id().short()));
}

#[test]
fn signatures_of_tokens_are_verified_before_they_are_taken() {
    let own = PrivateKey::from_bytes(&[7; 32]).expect("a key");
    let der = own.sign(b"message");
    let numbers = Signature::from_der(&der).expect("a signature").to_bytes();
    let point = own.public().0.to_sec1_point(false);
    let public = PublicKey::from_point(point.as_bytes()).expect("a point");
    assert_eq!(public, own.public());
    assert_eq!(public.accept(b"message", &numbers), Some(der));
    assert_eq!(public.accept(b"another", &numbers), None);
    assert_eq!(public.accept(b"message", &[0; 64]), None);
    assert_eq!(public.accept(b"message", b"short"), None);
    assert_eq!(PublicKey::from_point(&[4; 65]), None);
    assert_eq!(PublicKey::from_point(&[]), None);
}
