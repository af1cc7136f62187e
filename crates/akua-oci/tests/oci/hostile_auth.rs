//! Servers that are after our credentials.

use std::net::TcpStream;

use akua_oci::{Digest, FetchError, HostError, Redacted, Reference, Secret};

use crate::hostile_server::{Hostile, Seen, endless, reply};
use crate::{basic, client, client_with, repository};

/// What a token server does.
type Answer = fn(&mut TcpStream);

/// Answers 401 with a challenge to get a token at `realm`; a request with a token gets a 404.
fn challenge(seen: &Seen, stream: &mut TcpStream, realm: &str) {
    if seen.header("authorization").is_some() {
        return reply(stream, 404, &[], b"");
    }
    let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
    reply(stream, 401, &[("WWW-Authenticate", &challenge)], b"");
}

/// Answers with a token.
fn token(_seen: &Seen, stream: &mut TcpStream) {
    reply(stream, 200, &[], b"{\"token\":\"t0ken\"}");
}

/// Whether any request showed who we are.
fn shown(server: &Hostile) -> bool {
    server.seen().iter().any(|seen| seen.header("authorization").is_some())
}

#[test]
fn a_realm_on_another_host_gets_no_credentials() {
    let thief = Hostile::start(token);
    for realm in [
        format!("http://127.0.0.1:{}/token", thief.port),
        format!("http://localhost:{}/token", thief.port),
        "https://10.0.0.1/token".to_owned(),
        "http://169.254.169.254/token".to_owned(),
        "https://example.test/token".to_owned(),
        "http://example.test/token".to_owned(),
    ] {
        let server = Hostile::start(move |seen, stream| challenge(seen, stream, &realm));
        let identity = Secret::Identity(Redacted::new("hunter2"));
        for secret in [basic("me", "hunter2"), identity] {
            let client = client_with(&server.host(), secret, None);
            let error = client.list_tags(&repository(server.port, "a")).expect_err("refused");
            assert_eq!(error.code(), "E_FETCH_HOST", "{error:?}");
            assert!(!format!("{error:?} {:?}", error.to_diagnostic()).contains("hunter2"));
        }
        assert!(!shown(&server));
    }
    assert_eq!(thief.seen().len(), 0, "it is not even asked");
}

#[test]
fn a_realm_that_is_configured_gets_them() {
    let authority = Hostile::start(token);
    let realm = format!("http://127.0.0.1:{}/token?x=1", authority.port);
    let server = Hostile::start(move |seen, stream| challenge(seen, stream, &realm));
    let client = client_with(&server.host(), basic("me", "pw"), Some(&authority.host()));
    let result = client.list_tags(&repository(server.port, "a"));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NOT_FOUND"));
    let asked = authority.seen();
    assert_eq!(asked[0].header("authorization"), Some("Basic bWU6cHc="));
    assert_eq!(asked[0].path, "/token?x=1&service=s&scope=repository%3Aa%3Apull");
    let answered: Vec<_> =
        server.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(answered, [None, Some("Bearer t0ken".to_owned())]);
}

#[test]
fn an_anonymous_token_may_come_from_elsewhere_but_not_from_anywhere() {
    let authority = Hostile::start(token);
    let realm = format!("http://127.0.0.1:{}/token", authority.port);
    let server = Hostile::start(move |seen, stream| challenge(seen, stream, &realm));
    let result = client().list_tags(&repository(server.port, "a"));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NOT_FOUND"));
    assert!(!shown(&authority));
    for realm in
        ["https://10.0.0.1/", "http://169.254.169.254/", "http://example.test/", "file:///"]
    {
        let server = Hostile::start(move |seen, stream| challenge(seen, stream, realm));
        let result = client().list_tags(&repository(server.port, "a"));
        assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_HOST"), "{realm}");
    }
}

#[test]
fn token_servers_may_fail_in_all_ways() {
    let cases: [(&str, Answer); 5] = [
        ("E_FETCH_SIZE", |stream| endless(stream, b"{\"token\":\"xxxxxxxxxxxxxxxxxxx\"}")),
        ("E_FETCH_PROTOCOL", |stream| reply(stream, 200, &[], b"{}")),
        ("E_FETCH_PROTOCOL", |stream| reply(stream, 200, &[], b"{\"token\":\"a\\nb: c\"}")),
        ("E_FETCH_AUTH", |stream| reply(stream, 401, &[], b"")),
        ("E_FETCH_PROTOCOL", |stream| {
            reply(stream, 302, &[("Location", "http://127.0.0.1:9/")], b"");
        }),
    ];
    for (code, answer) in cases {
        let server = Hostile::start(move |seen, stream| {
            if seen.path.starts_with("/token") {
                return answer(stream);
            }
            challenge(seen, stream, "/token");
        });
        let client = client_with(&server.host(), basic("me", "pw"), None);
        let error = client.list_tags(&repository(server.port, "a")).expect_err("no token");
        assert_eq!(error.code(), code, "{error:?}");
        if let FetchError::Auth { host, .. } = error {
            assert_eq!(host, server.host());
        }
    }
}

#[test]
fn a_token_that_does_not_help_is_asked_for_once() {
    let server = Hostile::start(|seen, stream| {
        if seen.path.starts_with("/token") {
            return token(seen, stream);
        }
        let challenge = "Bearer realm=\"/token\"";
        reply(stream, 401, &[("WWW-Authenticate", challenge)], b"");
    });
    let result = client().list_tags(&repository(server.port, "a"));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_AUTH"));
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_redirect_to_another_host_carries_no_authorization() {
    let other = Hostile::start(|_, stream| reply(stream, 200, &[], b"blob"));
    let target = format!("http://127.0.0.1:{}/blob?signature=s", other.port);
    let server = Hostile::start(move |seen, stream| {
        if seen.header("authorization").is_none() {
            return reply(stream, 401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b"");
        }
        reply(stream, 307, &[("Location", &target)], b"");
    });
    let client = client_with(&server.host(), basic("me", "pw"), None);
    let descriptor = akua_oci::Descriptor {
        media_type: String::new(),
        digest: Digest::of(b"blob"),
        size: 4,
        artifact_type: None,
        annotations: std::collections::BTreeMap::new(),
    };
    let mut bytes = Vec::new();
    client.fetch_blob(&repository(server.port, "a"), &descriptor, &mut bytes).expect("the blob");
    assert_eq!((bytes.as_slice(), other.seen().len()), (b"blob".as_slice(), 1));
    assert!(shown(&server) && !shown(&other));
}

#[test]
fn an_authorization_that_was_left_behind_stays_there() {
    let back = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let home = std::sync::Arc::clone(&back);
    let other = Hostile::start(move |_, stream| {
        let target = home.get().map(String::as_str).unwrap_or_default();
        reply(stream, 307, &[("Location", target)], b"");
    });
    let target = format!("http://127.0.0.1:{}/", other.port);
    let server = Hostile::start(move |seen, stream| {
        if seen.path == "/chosen" {
            return reply(stream, 200, &[], b"{\"tags\":[]}");
        }
        if seen.header("authorization").is_none() {
            return reply(stream, 401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b"");
        }
        reply(stream, 307, &[("Location", &target)], b"");
    });
    back.set(format!("http://{}/chosen", server.host())).expect("it is set once");
    let client = client_with(&server.host(), basic("me", "pw"), None);
    assert_eq!(client.list_tags(&repository(server.port, "a")).expect("no tags").len(), 0);
    let seen = server.seen();
    let last = seen.last().expect("it was asked");
    assert_eq!((last.path.as_str(), last.header("authorization")), ("/chosen", None));
    assert!(!shown(&other));
}

#[test]
fn a_challenge_of_the_host_redirected_to_is_not_answered() {
    let other = Hostile::start(|_, stream| {
        reply(stream, 401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b"");
    });
    let target = format!("http://127.0.0.1:{}/", other.port);
    let server = Hostile::start(move |_, stream| reply(stream, 307, &[("Location", &target)], b""));
    let client = client_with(&server.host(), basic("me", "pw"), None);
    let reference = Reference::Tag("1".to_owned());
    let result = client.fetch_manifest(&repository(server.port, "a"), &reference);
    assert_eq!(result.map(drop).map_err(|err| err.code()), Err("E_FETCH_AUTH"));
    assert!(!shown(&other) && other.seen().len() == 1);
}

#[test]
fn credentials_of_one_port_are_not_those_of_another() {
    let server = Hostile::start(|_, stream| {
        reply(stream, 401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b"");
    });
    let client = client_with("127.0.0.1:1", basic("me", "pw"), None);
    let result = client.list_tags(&repository(server.port, "a"));
    assert!(matches!(result, Err(FetchError::Auth { known: false, .. })), "{result:?}");
    assert!(!shown(&server));
}

#[test]
fn a_token_of_the_file_is_shown_to_the_registry_alone() {
    let thief = Hostile::start(token);
    let realm = format!("http://127.0.0.1:{}/token", thief.port);
    let server = Hostile::start(move |seen, stream| challenge(seen, stream, &realm));
    let client = client_with(&server.host(), Secret::Token(Redacted::new("mine")), None);
    let result = client.list_tags(&repository(server.port, "a"));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NOT_FOUND"));
    assert_eq!(thief.seen().len(), 0);
    assert_eq!(server.seen()[1].header("authorization"), Some("Bearer mine"));
}

#[test]
fn passwords_do_not_go_into_urls() {
    let error =
        client().fetch_file("https://me:hunter2@example.test/index.yaml", 1, &mut Vec::new());
    let error = error.expect_err("no passwords in URLs");
    assert!(matches!(error, FetchError::Host { reason: HostError::Userinfo { .. }, .. }));
    assert!(!format!("{error:?}").contains("hunter2"));
    let result = client().list_git_refs("https://me:hunter2@example.test/a.git");
    assert!(!format!("{result:?}").contains("hunter2"), "{result:?}");
}

#[test]
fn secrets_that_a_server_says_back_are_not_shown() {
    for challenge in ["Basic realm=\"r\"", "Bearer realm=\"/token\""] {
        let server = Hostile::start(move |seen, stream| {
            if seen.path.starts_with("/token") {
                return token(seen, stream);
            }
            let echo = format!("{} hunter2", seen.header("authorization").unwrap_or_default());
            let status = if seen.header("authorization").is_some() { 500 } else { 401 };
            reply(stream, status, &[("WWW-Authenticate", challenge)], echo.as_bytes());
        });
        let client = client_with(&server.host(), basic("me", "hunter2"), None);
        let error = client.list_tags(&repository(server.port, "a")).expect_err("it fails");
        assert_eq!(error.code(), "E_FETCH_SERVER");
        let shown = format!("{error:?} {:?}", error.to_diagnostic());
        for secret in ["hunter2", "t0ken", "bWU6aHVudGVyMg"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
