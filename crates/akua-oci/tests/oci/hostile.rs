//! Registries that lie about documents: statuses, digests, sizes, pages, redirects.

use akua_oci::{
    Client, ClientOptions, Digest, FetchError, HostError, HostRules, ProtocolProblem, Reference,
};
use serde_json::json;

use crate::hostile_server::{Hostile, Seen, endless, head, reply};
use crate::{client, quick, repository};

/// Media type of a manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A tag.
fn tag() -> Reference {
    Reference::Tag("1".to_owned())
}

/// A manifest with one layer; `urls` as layers may have them.
fn manifest(urls: &[&str]) -> Vec<u8> {
    let digest = Digest::of(b"layer");
    let layer = json!({"mediaType": "a/b", "digest": digest, "size": 5, "urls": urls});
    let config = json!({"mediaType": "a/b", "digest": digest, "size": 5});
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
    manifest.to_string().into_bytes()
}

/// The error of fetching a manifest by `reference` from a server that answers so.
fn refused(
    reference: &Reference,
    answer: impl Fn(&Seen, &mut std::net::TcpStream) + Send + Sync + 'static,
) -> (FetchError, Hostile) {
    let server = Hostile::start(answer);
    let result = client().fetch_manifest(&repository(server.port, "a"), reference);
    (result.expect_err("it must be refused"), server)
}

#[test]
fn each_status_has_its_code_and_its_number_of_attempts() {
    let cases = [
        (401, "E_FETCH_AUTH", 1),
        (403, "E_FETCH_AUTH", 1),
        (404, "E_FETCH_NOT_FOUND", 1),
        (418, "E_FETCH_PROTOCOL", 1),
        (429, "E_FETCH_RATE", 4),
        (500, "E_FETCH_SERVER", 4),
        (501, "E_FETCH_SERVER", 1),
        (503, "E_FETCH_SERVER", 4),
    ];
    for (status, code, attempts) in cases {
        let body = b"{\"errors\":[{\"message\":\"no\x1b[2J\"}]}";
        let (error, server) = refused(&tag(), move |_, stream| {
            // An hour: capped, or this test would notice.
            reply(stream, status, &[("Retry-After", "3600")], body);
        });
        let diagnostic = error.to_diagnostic();
        assert_eq!((diagnostic.code.as_str(), server.seen().len()), (code, attempts), "{status}");
        assert!(!format!("{diagnostic:?}").contains('\x1b'), "{diagnostic:?}");
    }
}

#[test]
fn a_failure_that_passes_is_no_failure() {
    for status in [429, 500, 502] {
        let bytes = manifest(&[]);
        let count = std::sync::atomic::AtomicU32::new(0);
        let server = Hostile::start(move |_, stream| {
            match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0..3 => reply(stream, status, &[], b""),
                _ => reply(stream, 200, &[("Content-Type", MANIFEST)], &bytes),
            }
        });
        let fetched = client().fetch_manifest(&repository(server.port, "a"), &tag());
        assert_eq!(fetched.expect("the fourth attempt").digest, Digest::of(&manifest(&[])));
    }
}

#[test]
fn bytes_of_another_digest_are_refused() {
    let asked = Reference::Digest(Digest::of(b"what was asked for"));
    let (error, _server) = refused(&asked, |_, stream| reply(stream, 200, &[], &manifest(&[])));
    let expected = Digest::of(b"what was asked for");
    assert!(matches!(error, FetchError::Digest { expected: ref e, .. } if *e == expected));
    let announced = Digest::of(b"another").to_string();
    let (error, _server) = refused(&tag(), move |_, stream| {
        reply(stream, 200, &[("Docker-Content-Digest", &announced)], &manifest(&[]));
    });
    assert_eq!(error.code(), "E_FETCH_DIGEST");
    let (error, _server) = refused(&tag(), |_, stream| {
        reply(stream, 200, &[("Docker-Content-Digest", "md5:00")], &manifest(&[]));
    });
    assert_eq!(error.code(), "E_FETCH_PROTOCOL");
}

#[test]
fn what_is_no_manifest_is_refused() {
    let digest = Digest::of(b"");
    let negative = json!({"schemaVersion": 2, "layers": [],
        "config": {"mediaType": "a/b", "digest": digest, "size": -1}});
    let sha512 = json!({"schemaVersion": 2, "layers": [],
        "config": {"mediaType": "a/b", "digest": "sha512:00", "size": 1}});
    let index = json!({"schemaVersion": 2, "mediaType": MANIFEST, "manifests": []});
    let deep = "[".repeat(60_000);
    for body in
        ["", "[]", "{}", &deep, &negative.to_string(), &sha512.to_string(), &index.to_string()]
    {
        let body = body.as_bytes().to_vec();
        let (error, _server) = refused(&tag(), move |_, stream| reply(stream, 200, &[], &body));
        assert_eq!(error.code(), "E_FETCH_PROTOCOL", "{error:?}");
    }
}

#[test]
fn endless_documents_are_cut() {
    let (error, _server) = refused(&tag(), |_, stream| endless(stream, b" "));
    assert!(matches!(error, FetchError::Size { limit: 65_536, .. }), "{error:?}");
    // Announced as too large: refused before a byte of it is read.
    let (error, _server) = refused(&tag(), |_, stream| {
        head(stream, 200, &[("Content-Length", "65537")], &[]);
    });
    assert_eq!(error.code(), "E_FETCH_SIZE");
    let server = Hostile::start(|_, stream| endless(stream, b"[\"a\",\"b\"],"));
    let repository = repository(server.port, "a");
    let error = client().list_tags(&repository).expect_err("no end");
    assert_eq!(error.code(), "E_FETCH_SIZE");
    let error = client().list_referrers(&repository, &Digest::of(b"")).expect_err("no end");
    assert_eq!(error.code(), "E_FETCH_SIZE");
}

#[test]
fn a_document_of_exactly_the_limit_is_taken() {
    let mut bytes = manifest(&[]);
    bytes.resize(64 << 10, b' ');
    let digest = Digest::of(&bytes);
    let server = Hostile::start(move |_, stream| reply(stream, 200, &[], &bytes));
    let fetched = client().fetch_manifest(&repository(server.port, "a"), &tag());
    assert_eq!(fetched.expect("it fits").digest, digest);
}

#[test]
fn pages_come_to_an_end() {
    // Each page names a new one.
    let server = Hostile::start(|seen, stream| {
        let count = seen.path.len();
        let link = format!("</v2/a/tags/list?n={}>; rel=\"next\"", "1".repeat(count));
        reply(stream, 200, &[("Link", &link)], b"{\"tags\":[\"a\"]}");
    });
    let error = client().list_tags(&repository(server.port, "a")).expect_err("no end");
    assert!(matches!(error, FetchError::Size { unit: "pages", .. }), "{error:?}");
    // Each page names itself.
    let server = Hostile::start(|seen, stream| {
        reply(stream, 200, &[("Link", &format!("<{}>; rel=next", seen.path))], b"{\"tags\":null}");
    });
    let error = client().list_tags(&repository(server.port, "a")).expect_err("no end");
    let circle = matches!(error, FetchError::Protocol { problem: ProtocolProblem::Pages, .. });
    assert!(circle && server.seen().len() == 1, "{error:?}");
    // The next page is of another server.
    let server = Hostile::start(|_, stream| {
        let link = "<http://127.0.0.1:9/v2/a/tags/list>; rel=\"next\"";
        reply(stream, 200, &[("Link", link)], b"{\"tags\":[\"a\"]}");
    });
    let error = client().list_tags(&repository(server.port, "a")).expect_err("elsewhere");
    assert_eq!(error.code(), "E_FETCH_HOST");
}

#[test]
fn too_many_tags_are_refused_and_odd_ones_left_out() {
    let tags = |count: usize| {
        let mut names: Vec<_> = (0..count).map(|n| format!("v{n}")).collect();
        names.extend(["../x".to_owned(), "v\u{1b}".to_owned()]);
        json!({ "tags": names }).to_string()
    };
    for (count, fits) in [(10, true), (11, false)] {
        let body = tags(count);
        let server = Hostile::start(move |_, stream| reply(stream, 200, &[], body.as_bytes()));
        let mut options = quick();
        options.limits.tags = 10;
        let found =
            Client::new(options).expect("a client").list_tags(&repository(server.port, "a"));
        assert_eq!(found.as_ref().map(Vec::len).ok(), fits.then_some(10), "{found:?}");
    }
}

#[test]
fn redirects_to_where_nobody_may_go_are_refused() {
    let targets = [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:192.168.0.1]/",
        "http://example.test/",
        "file:///etc/passwd",
        "https://user:pass@example.test/",
    ];
    for target in targets {
        let (error, server) = refused(&tag(), move |_, stream| {
            reply(stream, 307, &[("Location", target)], b"");
        });
        assert_eq!((error.code(), server.seen().len()), ("E_FETCH_HOST", 1), "{target}: {error:?}");
    }
}

#[test]
fn redirects_are_counted_and_must_lead_somewhere() {
    let (error, server) = refused(&tag(), |seen, stream| {
        reply(stream, 302, &[("Location", &format!("{}x", seen.path))], b"");
    });
    let redirects = ProtocolProblem::Redirects(5);
    assert!(matches!(error, FetchError::Protocol { problem, .. } if problem == redirects));
    assert_eq!(server.seen().len(), 6);
    let (error, _server) = refused(&tag(), |_, stream| reply(stream, 302, &[], b""));
    assert!(matches!(error, FetchError::Protocol { problem: ProtocolProblem::Location, .. }));
}

#[test]
fn an_allowlist_holds_for_redirects_too() {
    let other = Hostile::start(|_, stream| reply(stream, 200, &[], &manifest(&[])));
    let target = format!("http://localhost:{}/", other.port);
    let server = Hostile::start(move |_, stream| reply(stream, 307, &[("Location", &target)], b""));
    let fetch = |allowed: &[&str]| {
        let allowed = vec![allowed.iter().map(|&host| host.to_owned()).collect()];
        let hosts = HostRules { allowed, ..HostRules::default() };
        let client = Client::new(ClientOptions { hosts, ..quick() }).expect("a client");
        client.fetch_manifest(&repository(server.port, "a"), &tag())
    };
    let error = fetch(&["127.0.0.1"]).expect_err("not on the list");
    let reason = HostError::NotAllowed { host: "localhost".to_owned() };
    assert!(matches!(error, FetchError::Host { reason: ref found, .. } if *found == reason));
    assert_eq!(other.seen().len(), 0);
    fetch(&["127.0.0.1", "localhost"]).expect("both are on the list");
    let error = fetch(&["localhost"]).expect_err("the registry itself is not on the list");
    assert_eq!(error.code(), "E_POLICY_HOST");
}

#[test]
fn private_hosts_are_refused_before_a_socket_is_opened() {
    for host in ["10.0.0.1", "169.254.169.254:80", "[fd00:ec2::254]", "100.64.0.1", "0.0.0.0:5000"]
    {
        let repository = akua_oci::Repository::parse(&format!("{host}/a")).expect("a repository");
        let error = client().list_tags(&repository).expect_err("it is private");
        assert_eq!(error.to_diagnostic().code, "E_FETCH_HOST", "{error:?}");
    }
}

#[test]
fn no_connection_is_a_network_error() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("a port").port();
    drop(free);
    let error = client().list_tags(&repository(port, "a")).expect_err("nobody listens");
    assert_eq!(error.code(), "E_FETCH_NETWORK");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let mut options = quick();
    options.limits.idle_timeout = std::time::Duration::from_millis(100);
    let (hold, release) = std::sync::mpsc::channel::<()>();
    let release = std::sync::Mutex::new(release);
    let server = Hostile::start(move |_, _stream| {
        let held = release.lock().expect("no test panics with it");
        assert!(held.recv().is_err(), "nothing is ever sent");
    });
    let client = Client::new(options).expect("a client");
    let error = client.list_tags(&repository(server.port, "a")).expect_err("it says nothing");
    drop(hold);
    assert_eq!(error.code(), "E_FETCH_TIMEOUT");
}

#[test]
fn a_server_that_drips_is_given_up() {
    let server = Hostile::start(drip);
    let mut options = quick();
    options.limits.document_timeout = std::time::Duration::from_millis(150);
    options.limits.transfer_timeout = std::time::Duration::from_millis(150);
    let client = Client::new(options).expect("a client");
    let result = client.fetch_manifest(&repository(server.port, "a"), &tag());
    assert_eq!(result.map(drop).map_err(|err| err.code()), Err("E_FETCH_TIMEOUT"));
    let mut bytes = Vec::new();
    let result = client.fetch_file(&format!("http://{}/", server.host()), 1 << 20, &mut bytes);
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_TIMEOUT"));
    assert!(bytes.is_empty());
    let result = client.list_git_refs(&format!("http://{}/a.git", server.host()));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_TIMEOUT"));
}

/// Sends a byte every 10 ms.
fn drip(_seen: &Seen, stream: &mut std::net::TcpStream) {
    use std::io::Write as _;
    let kind = "application/x-git-upload-pack-advertisement";
    head(stream, 200, &[("Content-Type", kind)], &[]);
    drop(stream.write_all(b"ff00"));
    while stream.write_all(b"x").is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn pushes_without_location_or_to_another_host_are_refused() {
    let bytes = manifest(&[]);
    let own = Reference::Digest(Digest::of(&bytes));
    // The registry that sends no Location: where oci-client panics.
    let server = Hostile::start(|seen, stream| match seen.method.as_str() {
        "HEAD" => head(stream, 404, &[], &[]),
        "PUT" => reply(stream, 201, &[], b""),
        _ => reply(stream, 202, &[], b""),
    });
    let (client, repository) = (client(), repository(server.port, "a"));
    client.push_manifest(&repository, &own, MANIFEST, &bytes).expect("no Location is needed");
    let error = client.push_blob(&repository, b"x").expect_err("nowhere to go");
    assert!(matches!(error, FetchError::Protocol { problem: ProtocolProblem::Location, .. }));
    for target in ["http://localhost:9/up", "https://10.0.0.1/up", "http://169.254.169.254/"] {
        let server = Hostile::start(move |seen, stream| match seen.method.as_str() {
            "HEAD" => head(stream, 404, &[], &[]),
            _ => reply(stream, 202, &[("Location", target)], b""),
        });
        let error = client.push_blob(&crate::repository(server.port, "a"), b"x");
        assert_eq!(error.map_err(|err| err.code()), Err("E_FETCH_HOST"), "{target}");
    }
}

#[test]
fn a_push_that_is_redirected_or_stored_wrongly_is_refused() {
    let bytes = manifest(&[]);
    let server = Hostile::start(|seen, stream| match seen.method.as_str() {
        "HEAD" => head(stream, 404, &[], &[]),
        _ => reply(stream, 307, &[("Location", "http://127.0.0.1:9/")], b""),
    });
    let error = client().push_manifest(&repository(server.port, "a"), &tag(), MANIFEST, &bytes);
    assert_eq!(error.map_err(|err| err.code()), Err("E_FETCH_PROTOCOL"));
    let other = Digest::of(b"other").to_string();
    let server = Hostile::start(move |seen, stream| match seen.method.as_str() {
        "HEAD" => head(stream, 404, &[], &[]),
        _ => reply(stream, 201, &[("Docker-Content-Digest", &other)], b""),
    });
    let error = client().push_manifest(&repository(server.port, "a"), &tag(), MANIFEST, &bytes);
    assert_eq!(error.map_err(|err| err.code()), Err("E_FETCH_DIGEST"));
}
