use super::*;

fn check(text: &str, expected: &Result<TokenUri, UriError>) {
    assert_eq!(&TokenUri::parse(text), expected, "{text}");
}

fn value(name: &'static str, expected: &'static str) -> Result<TokenUri, UriError> {
    Err(UriError::Value { name, expected })
}

#[test]
fn a_key_is_named_by_what_its_token_says() {
    let named = TokenUri {
        token: Some("The Software PKCS#11 Softtoken".to_owned()),
        manufacturer: Some("Snake Oil, Inc.".to_owned()),
        model: Some("1.0".to_owned()),
        serial: Some(String::new()),
        slot_id: Some(2_090_883_328),
        object: Some("my key".to_owned()),
        id: Some(vec![0x69, 0x95, b'a', 0x00]),
        module: Some(PathBuf::from("/usr/lib/soft hsm.so")),
    };
    let text = "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;\
                model=1.0;serial=;slot-id=2090883328;object=my%20key;id=%69%95a%00;type=private\
                ?module-path=/usr/lib/soft%20hsm.so";
    check(text, &Ok(named));
    check("pkcs11:", &Ok(TokenUri::default()));
    let token = Some("akua".to_owned());
    check("pkcs11:token=akua;", &Ok(TokenUri { token, ..TokenUri::default() }));
}

#[test]
fn pins_are_refused_and_not_shown() {
    for (text, name) in [
        ("pkcs11:object=a?module-path=/m.so&pin-value=87654321", "pin-value"),
        ("pkcs11:object=a;pin-value=87654321", "pin-value"),
        ("pkcs11:object=a?pin-source=file:/87654321", "pin-source"),
        ("pkcs11:object=a?module-path=/m.so?pin-value=87654321", "pin-value"),
        ("pkcs11:object=a&pin-value=87654321", "pin-value"),
    ] {
        let error = TokenUri::parse(text).expect_err("a PIN");
        assert_eq!(error, UriError::Pin { name });
        assert!(!error.to_string().contains("87654321"));
    }
}

#[test]
fn malformed_names_are_refused() {
    check("PKCS11:token=a", &Err(UriError::Scheme));
    check("/some/file", &Err(UriError::Scheme));
    check("pkcs11:token=a;87654321", &Err(UriError::NoAttribute { number: 2 }));
    check("pkcs11:token=a?87654321", &Err(UriError::NoAttribute { number: 2 }));
    check("pkcs11:token=a;token=b", &Err(UriError::Twice { name: "token" }));
    for broken in ["%2", "%", "%zz", "a b", "a\"b", "ü", "a%+1"] {
        check(
            &format!("pkcs11:object={broken}"),
            &value("object", "percent-encoded as RFC 7512 has it"),
        );
    }
    check("pkcs11:object=%ff", &value("object", "text"));
    check("pkcs11:object=a%00", &value("object", "text"));
    check("pkcs11:slot-id=-1", &value("slot-id", "a number"));
    check("pkcs11:type=cert", &value("type", "`private`"));
    check("pkcs11:?module-path=lib/module.so", &value("module-path", "an absolute path"));
    check("pkcs11:?module-path=", &value("module-path", "an absolute path"));
    for (text, name) in [
        ("pkcs11:module-path=/m.so", "module-path"),
        ("pkcs11:library-version=3", "library-version"),
        ("pkcs11:?module-name=softhsm", "module-name"),
        ("pkcs11:?token=a", "token"),
    ] {
        let error = TokenUri::parse(text);
        assert!(
            matches!(&error, Err(UriError::Unknown { name: found, .. }) if found == name),
            "{error:?}"
        );
    }
}

#[test]
fn the_limit_holds_on_both_sides() {
    let of_length = |length: usize| format!("pkcs11:object={}", "a".repeat(length - 14));
    assert!(TokenUri::parse(&of_length(LIMIT_BYTES)).is_ok());
    check(&of_length(LIMIT_BYTES + 1), &Err(UriError::TooLong { limit_bytes: LIMIT_BYTES }));
}
