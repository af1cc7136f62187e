//! Files of credentials, read and changed.

use akua_source::FileId;

use super::*;

fn basic(username: &str, password: &str) -> Credential {
    let password = Redacted::new(password);
    Credential { secret: Secret::Basic { username: username.to_owned(), password }, realm: None }
}

#[test]
fn auth_toml_has_passwords_and_tokens() {
    let text = "[registries.\"R.test\"]\nusername = \"u\"\npassword = \"p\"\n\
                [registries.\"localhost:5000\"]\ntoken = \"t\"\nrealm = \"https://auth.test/token\"\n";
    let found = Credentials::parse(Some(text), None).expect("it is well-formed");
    assert_eq!(found.get("r.test"), Some(&basic("u", "p")));
    let local = found.get("localhost:5000").expect("it is there");
    assert_eq!(local.secret, Secret::Token(Redacted::new("t")));
    assert_eq!(local.realm.as_deref(), Some("auth.test"));
    assert_eq!(found.get("other.test"), None);
}

#[test]
fn docker_config_has_three_forms_and_akua_wins() {
    let docker = r#"{"auths": {
        "https://a.test/v1/": {"auth": "dTpwOnE="},
        "b.test": {"username": "x", "password": "y"},
        "c.test": {"identitytoken": "i"},
        "d.test": {}
    }, "credsStore": "desktop", "credHelpers": {"e.test": "evil"}}"#;
    let akua = "registries = { \"b.test\" = { username = \"u\", password = \"p\" } }";
    let found = Credentials::parse(Some(akua), Some(docker)).expect("both are well-formed");
    assert_eq!(found.get("a.test"), Some(&basic("u", "p:q")));
    assert_eq!(found.get("b.test"), Some(&basic("u", "p")));
    let identity = found.get("c.test").map(|credential| credential.secret.clone());
    assert_eq!(identity, Some(Secret::Identity(Redacted::new("i"))));
    assert_eq!(found.get("d.test"), None);
    assert_eq!(found.get("e.test"), None);
}

#[test]
fn malformed_files_are_errors_with_a_place_and_without_a_secret() {
    let akua = [
        ("registries = 1", "1"),
        ("[registries.\"a\"]\nusername = \"hunter2\"", "[registries.\"a\"]"),
        ("[registries.\"a\"]\ntoken = 5", "5"),
        ("[registries.\"a\"]\ntokn = \"hunter2\"", "\"hunter2\""),
    ];
    for (text, at) in akua {
        let error = Credentials::parse(Some(text), None).expect_err("it is malformed");
        assert_eq!(text.get(error.span.clone()), Some(at), "{error}");
        let shown = format!("{error} {:?}", error.to_diagnostic(FileId(0)));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(Credentials::parse(Some("x = "), None).is_err());
    for text in
        ["{", "[]", r#"{"auths": {"a": "hunter2"}}"#, r#"{"auths": {"a": {"auth": "hunter2"}}}"#]
    {
        let error = Credentials::parse(None, Some(text)).expect_err("it is malformed");
        assert_eq!(error.file, AuthFile::Docker);
        assert!(error.span.end <= text.len(), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn editing_keeps_layout_and_comments() {
    let text = "# mine\n\n[registries.\"a.test\"] # first\nusername = \"u\"\npassword = \"p\"\n";
    let token = Secret::Token(Redacted::new("t\"x"));
    let added = add_registry(text, "https://B.test:443/", &token).expect("it is well-formed");
    assert_eq!(added, format!("{text}\n[registries.\"b.test\"]\ntoken = 't\"x'\n"));
    let replaced = add_registry(&added, "a.test", &token).expect("it is well-formed");
    assert!(
        replaced.starts_with("# mine\n\n[registries.\"a.test\"] # first\ntoken = "),
        "{replaced}"
    );
    let entries = list_registries(&added).expect("it is well-formed");
    let hosts: Vec<_> =
        entries.iter().map(|entry| (entry.host.as_str(), entry.username.as_deref())).collect();
    assert_eq!(hosts, [("a.test", Some("u")), ("b.test", None)]);
    assert_eq!(remove_registry(&added, "b.test"), Ok(text.to_owned()));
    assert_eq!(
        remove_registry(text, "b.test").map_err(|err| err.problem),
        Err(AuthProblem::Absent)
    );
    assert_eq!(add_registry("", "a b", &token).map_err(|err| err.problem), Err(AuthProblem::Host));
    let fresh = add_registry("", "a.test", &token).expect("an empty file is well-formed");
    assert_eq!(fresh, "[registries.\"a.test\"]\ntoken = 't\"x'\n");
}
