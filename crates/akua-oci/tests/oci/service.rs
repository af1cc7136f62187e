//! Services that are no registries, and hostile ones.

use akua_oci::{FetchError, Post, Redacted};

use crate::client;
use crate::hostile_server::{Hostile, endless, reply};

/// A token whose parts tell something.
const TOKEN: &str = "aGVhZGVyLWhlYWRlcg.Y2xhaW1zLWNsYWltcy1jbGFpbXM.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

fn post(server: &Hostile, path: &str) -> Result<Vec<u8>, FetchError> {
    client().post(Post {
        url: format!("http://{}{path}", server.host()),
        content_type: "application/json",
        accept: "application/json",
        body: TOKEN.into(),
        secret: Some(Redacted::new(TOKEN)),
        limit_bytes: 1_000,
    })
}

#[test]
fn what_is_posted_is_answered() {
    let server = Hostile::start(|_, stream| reply(stream, 201, &[], b"{}"));
    assert_eq!(post(&server, "/a?b=c").expect("an answer"), b"{}");
    let seen = server.seen();
    let seen = seen.first().expect("a request");
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/a?b=c"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn an_answer_has_a_limit() {
    let server = Hostile::start(|_, stream| reply(stream, 200, &[], &[b'a'; 1_000]));
    assert!(post(&server, "/").is_ok());
    let server = Hostile::start(|_, stream| reply(stream, 200, &[], &[b'a'; 1_001]));
    assert_eq!(post(&server, "/").expect_err("too much").code(), "E_FETCH_SIZE");
    let server = Hostile::start(|_, stream| endless(stream, b"a"));
    assert!(post(&server, "/").is_err());
}

#[test]
fn what_is_posted_goes_to_no_other_host() {
    let thief = Hostile::start(|_, stream| reply(stream, 200, &[], b"{}"));
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/", thief.host());
        let server = Hostile::start(move |_, stream| {
            reply(stream, status, &[("Location", &location)], b"");
        });
        assert_eq!(post(&server, "/").expect_err("refused").code(), "E_FETCH_PROTOCOL");
    }
    assert!(thief.seen().is_empty());
}

#[test]
fn no_message_repeats_a_token() {
    let parts = TOKEN.split('.').map(str::to_owned).chain([TOKEN.to_owned()]);
    for part in parts {
        let body = format!("bad token {part}");
        let server = Hostile::start(move |_, stream| reply(stream, 400, &[], body.as_bytes()));
        let error = post(&server, "/").expect_err("refused");
        let told = format!("{error} {error:?} {:?}", error.to_diagnostic());
        assert!(TOKEN.split('.').all(|part| !told.contains(part)), "{told}");
    }
    let server = Hostile::start(|_, stream| reply(stream, 400, &[], b"the token has expired"));
    let error = post(&server, "/").expect_err("refused");
    assert!(format!("{:?}", error.to_diagnostic()).contains("the token has expired"));
}

#[test]
fn a_private_service_is_not_asked() {
    let url = "https://10.0.0.1/".to_owned();
    let refused = client().post(Post {
        url,
        content_type: "a/b",
        accept: "a/b",
        body: Vec::new(),
        secret: None,
        limit_bytes: 1,
    });
    assert_eq!(refused.expect_err("refused").code(), "E_FETCH_HOST");
}

#[test]
fn a_secret_is_shown_to_its_host_alone() {
    let secret = Redacted::new("hunter2-hunter2-hunter2");
    let thief = Hostile::start(|_, stream| reply(stream, 200, &[], b"{}"));
    let location = format!("http://{}/", thief.host());
    let server = Hostile::start(move |seen, stream| match seen.path.as_str() {
        "/elsewhere" => reply(stream, 302, &[("Location", &location)], b""),
        "/echo" => reply(stream, 403, &[], b"hunter2-hunter2-hunter2"),
        _ => reply(stream, 200, &[], b"token"),
    });
    let fetch =
        |path: &str| client().fetch_with(&format!("http://{}{path}", server.host()), &secret, 100);
    assert_eq!(fetch("/").expect("an answer"), b"token");
    let seen = server.seen();
    let shown = seen.first().and_then(|seen| seen.header("authorization"));
    assert_eq!(shown, Some("Bearer hunter2-hunter2-hunter2"));
    let _followed = fetch("/elsewhere");
    assert!(thief.seen().iter().all(|seen| seen.header("authorization").is_none()));
    let error = fetch("/echo").expect_err("refused");
    assert!(!format!("{error:?} {:?}", error.to_diagnostic()).contains("hunter2"));
}
