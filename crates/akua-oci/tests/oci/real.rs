//! A real registry: push, pull, list, with and without authorization.

use akua_oci::{Client, Redacted};
use akua_oci::{
    ClientOptions, Descriptor, Digest, FetchError, OciManifest, Parsed, Reference, Repository,
    Secret,
};
use serde_json::json;
use std::sync::{Arc, Mutex};

use crate::server::Server;
use crate::{basic, client, client_with, quick, repository};

/// Media type of a manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Parses a reference.
fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("a reference of this test")
}

/// A manifest of one layer.
fn manifest(config: &Digest, layer: &Digest, size: usize, subject: Option<&Digest>) -> Vec<u8> {
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.akua.test+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/octet-stream", "digest": layer, "size": size}],
    });
    if let Some(subject) = subject {
        manifest["subject"] = json!({"mediaType": MANIFEST, "digest": subject, "size": 1});
    }
    manifest.to_string().into_bytes()
}

/// Pushes an artifact under a tag; returns its digest.
fn push(client: &Client, repository: &Repository, tag: &str, layer: &[u8]) -> Digest {
    let config = client.push_blob(repository, b"{}").expect("the configuration is pushed");
    let digest = client.push_blob(repository, layer).expect("the layer is pushed");
    let bytes = manifest(&config, &digest, layer.len(), None);
    client
        .push_manifest(repository, &reference(tag), MANIFEST, &bytes)
        .expect("the manifest is pushed")
}

/// The layers of a manifest.
fn layers(manifest: &OciManifest) -> &[Descriptor] {
    match &manifest.parsed {
        Parsed::Image(image) => &image.layers,
        Parsed::Index(_) => &[],
    }
}

/// Pushes, lists and pulls an artifact of 300 kB.
fn round_trip(client: &Client, repository: &Repository) {
    let layer: Vec<u8> = (0..300_000).map(|n: u32| n.to_le_bytes()[1]).collect();
    let digest = push(client, repository, "1.2.3", &layer);
    assert_eq!(push(client, repository, "1.2.3", &layer), digest, "again, and nothing changes");
    push(client, repository, "v1.10.0", &layer);
    assert_eq!(client.list_tags(repository).expect("tags"), ["1.2.3", "v1.10.0"]);
    for reference in [reference("1.2.3"), Reference::Digest(digest.clone())] {
        let manifest = client.fetch_manifest(repository, &reference).expect("the manifest");
        assert_eq!((&manifest.digest, manifest.media_type.as_str()), (&digest, MANIFEST));
        let mut bytes = b"left over".to_vec();
        client.fetch_blob(repository, &layers(&manifest)[0], &mut bytes).expect("the layer");
        assert_eq!(bytes, layer);
    }
}

#[test]
fn without_authorization() {
    let server = Server::start(&[]);
    let repository = repository(server.port, "a/b");
    round_trip(&client(), &repository);
    let missing = client().fetch_manifest(&repository, &reference("nope"));
    assert!(matches!(missing, Err(FetchError::NotFound { .. })), "{missing:?}");
}

#[test]
fn by_the_name_localhost() {
    let server = Server::start(&[]);
    let repository = Repository::parse(&format!("LocalHost:{}/a", server.port));
    round_trip(&client(), &repository.expect("a repository"));
}

#[test]
fn with_a_password() {
    let server = Server::start(&["-basic", "me:pass:word"]);
    let repository = repository(server.port, "a/b");
    round_trip(&client_with(&server.host(), basic("me", "pass:word"), None), &repository);
    let wrong = client_with(&server.host(), basic("me", "wrong"), None).list_tags(&repository);
    assert!(matches!(wrong, Err(FetchError::Auth { known: true, .. })), "{wrong:?}");
    let error = client().list_tags(&repository).expect_err("nobody is let in without a password");
    let diagnostic = error.to_diagnostic();
    assert_eq!(diagnostic.code, "E_FETCH_AUTH");
    assert_eq!(diagnostic.helps, [format!("run `akua auth add --registry {}`", server.host())]);
}

#[test]
fn with_tokens() {
    let server = Server::start(&["-bearer"]);
    round_trip(&client(), &repository(server.port, "a/b"));
    let server = Server::start(&["-bearer", "-basic", "me:secret", "-identity", "refresh-me"]);
    let host = server.host();
    let repository = repository(server.port, "a/b");
    round_trip(&client_with(&host, basic("me", "secret"), None), &repository);
    let identity = Secret::Identity(Redacted::new("refresh-me"));
    round_trip(&client_with(&host, identity, None), &repository);
    let refused = client().list_tags(&repository);
    assert!(matches!(refused, Err(FetchError::Auth { ref host, .. }) if *host == server.host()));
}

#[test]
fn referrers_by_the_api_and_by_the_fallback_tag() {
    for arguments in [&[] as &[&str], &["-referrers=false"]] {
        let server = Server::start(arguments);
        let (client, repository) = (client(), repository(server.port, "a"));
        let subject = push(&client, &repository, "1.0.0", b"payload");
        assert_eq!(client.list_referrers(&repository, &subject).expect("none yet"), []);
        let mut pushed = Vec::new();
        for layer in [b"one", b"two"] {
            let config = client.push_blob(&repository, b"{}").expect("the configuration is pushed");
            let digest = client.push_blob(&repository, layer).expect("the layer is pushed");
            let bytes = manifest(&config, &digest, layer.len(), Some(&subject));
            let own = Reference::Digest(Digest::of(&bytes));
            for _again in 0..2 {
                client.push_manifest(&repository, &own, MANIFEST, &bytes).expect("it is pushed");
            }
            pushed.push(Digest::of(&bytes));
        }
        let found = client.list_referrers(&repository, &subject).expect("two");
        let mut digests: Vec<_> = found.iter().map(|entry| entry.digest.clone()).collect();
        digests.sort();
        pushed.sort();
        assert_eq!(digests, pushed, "{arguments:?}");
        let types: Vec<_> = found.iter().map(|entry| entry.artifact_type.as_deref()).collect();
        assert_eq!(types, [Some("application/vnd.akua.test+json"); 2], "{arguments:?}");
    }
}

#[test]
fn several_threads_share_a_client() {
    let server = Server::start(&["-bearer"]);
    let client = client();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let (client, port) = (&client, server.port);
            scope.spawn(move || round_trip(client, &repository(port, name)));
        }
    });
}

#[test]
fn progress_ends_with_the_whole() {
    let server = Server::start(&[]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let progress = move |progress| log.lock().expect("no test panics with it").push(progress);
    let options = ClientOptions { progress: Some(Arc::new(progress)), ..quick() };
    let client = Client::new(options).expect("a client");
    let repository = repository(server.port, "a");
    let digest = push(&client, &repository, "1", &vec![7; 100_000]);
    let reference = Reference::Digest(digest);
    let manifest = client.fetch_manifest(&repository, &reference).expect("the manifest");
    told.lock().expect("no test panics with it").clear();
    client.fetch_blob(&repository, &layers(&manifest)[0], &mut Vec::new()).expect("the layer");
    let told = told.lock().expect("no test panics with it");
    assert!(told.is_sorted_by_key(|progress| progress.done_bytes));
    let last = told.last().expect("it was told");
    assert_eq!((last.done_bytes, last.total_bytes), (100_000, Some(100_000)));
}

#[test]
fn a_blob_goes_into_a_file() {
    let server = Server::start(&[]);
    let (client, repository) = (client(), repository(server.port, "a"));
    let digest = push(&client, &repository, "1", b"in a file");
    let manifest = client.fetch_manifest(&repository, &Reference::Digest(digest));
    let path = crate::scratch("blob").join("blob");
    let mut file = std::fs::File::create(&path).expect("a file");
    let manifest = manifest.expect("the manifest");
    client.fetch_blob(&repository, &layers(&manifest)[0], &mut file).expect("the layer");
    assert_eq!(std::fs::read(&path).expect("the file"), b"in a file");
}

#[test]
fn plain_files_with_and_without_a_password() {
    let root = crate::scratch("files");
    std::fs::write(root.join("index.yaml"), "entries: {}\n").expect("a file");
    let root = root.to_str().expect("UTF-8");
    for arguments in [&["-root", root] as &[&str], &["-root", root, "-basic", "me:secret"]] {
        let server = Server::start(arguments);
        let client = client_with(&server.host(), basic("me", "secret"), None);
        let url = |name: &str| format!("http://{}/files/{name}?token=hidden", server.host());
        let mut bytes = Vec::new();
        let fetched = client.fetch_file(&url("index.yaml"), 12, &mut bytes).expect("the file");
        assert_eq!((bytes.as_slice(), fetched.size), (b"entries: {}\n".as_slice(), 12));
        assert_eq!(fetched.digest, Digest::of(&bytes));
        let error = client.fetch_file(&url("index.yaml"), 11, &mut bytes).expect_err("too large");
        assert!(matches!(error, FetchError::Size { limit: 11, .. }), "{error:?}");
        assert!(bytes.is_empty());
        let error = client.fetch_file(&url("nope"), 12, &mut bytes).expect_err("not there");
        assert_eq!(error.code(), "E_FETCH_NOT_FOUND");
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
    }
}
