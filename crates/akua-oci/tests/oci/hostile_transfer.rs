//! Registries that lie about blobs: changed, cut, endless, elsewhere.

use std::io::Write;
use std::net::TcpStream;

use akua_oci::{Client, Descriptor, Digest, FetchError};

use crate::hostile_server::{Hostile, Seen, endless, head, reply};
use crate::{client, quick, repository};

/// The blob of these tests.
fn blob() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// What a manifest says of some bytes.
fn descriptor(bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: "application/octet-stream".to_owned(),
        digest: Digest::of(bytes),
        size: u64::try_from(bytes.len()).expect("it fits"),
        artifact_type: None,
        annotations: std::collections::BTreeMap::new(),
    }
}

/// Fetches [`blob`] from a server that answers so; the bytes, or the error with an empty sink.
fn fetch(
    answer: impl Fn(&Seen, &mut TcpStream) + Send + Sync + 'static,
) -> (Result<Vec<u8>, FetchError>, Vec<Seen>) {
    let server = Hostile::start(answer);
    let mut bytes = Vec::new();
    let repository = repository(server.port, "a");
    let result = client().fetch_blob(&repository, &descriptor(&blob()), &mut bytes);
    if result.is_err() {
        assert!(bytes.is_empty(), "what was refused must not stay");
    }
    (result.map(|()| bytes), server.seen())
}

/// Sends the part of the blob that is asked for, as far as `end`, and hangs up.
fn send_part(seen: &Seen, stream: &mut TcpStream, end: usize) {
    let blob = blob();
    let (from, total) = (seen.from().unwrap_or(0), blob.len());
    let length = (total - from).to_string();
    let range = format!("bytes {from}-{}/{total}", total - 1);
    let status = if seen.from().is_some() { 206 } else { 200 };
    head(stream, status, &[("Content-Length", &length), ("Content-Range", &range)], &[]);
    drop(stream.write_all(&blob[from..end.max(from)]));
}

#[test]
fn a_changed_blob_is_refused() {
    let (result, seen) = fetch(|_, stream| {
        let mut changed = blob();
        changed[1234] ^= 1;
        reply(stream, 200, &[], &changed);
    });
    assert!(matches!(result, Err(FetchError::Digest { .. })), "{result:?}");
    assert_eq!(seen.len(), 1);
}

#[test]
fn a_cut_connection_is_resumed_where_it_broke() {
    let (result, seen) = fetch(|seen, stream| {
        let end = seen.from().unwrap_or(0) + 300_000;
        send_part(seen, stream, end.min(blob().len()));
    });
    assert_eq!(result.expect("it comes in three parts"), blob());
    let starts: Vec<_> = seen.iter().map(Seen::from).collect();
    assert_eq!(starts, [None, Some(300_000), Some(600_000)]);
}

#[test]
fn a_server_without_ranges_is_asked_from_the_start() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let (result, seen) = fetch(move |_, stream| {
        let blob = blob();
        head(stream, 200, &[("Content-Length", &blob.len().to_string())], &[]);
        let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        let end = if first { 300_000 } else { blob.len() };
        drop(stream.write_all(&blob[..end]));
    });
    assert_eq!(result.expect("the second attempt is whole"), blob());
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_server_that_knows_no_rest_is_asked_from_the_start() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let (result, seen) = fetch(move |seen, stream| {
        if seen.from().is_some() {
            return reply(stream, 416, &[], b"");
        }
        let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        send_part(seen, stream, if first { 300_000 } else { blob().len() });
    });
    assert_eq!(result.expect("it is whole at last"), blob());
    assert_eq!(seen.iter().map(Seen::from).collect::<Vec<_>>(), [None, Some(300_000), None]);
}

#[test]
fn a_connection_that_is_always_cut_is_given_up() {
    let (result, seen) = fetch(|seen, stream| {
        let from = seen.from().unwrap_or(0);
        send_part(seen, stream, from + 10);
    });
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NETWORK"));
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_short_body_that_ends_properly_is_no_success() {
    let (result, _seen) = fetch(|_, stream| reply(stream, 200, &[], &blob()[..100]));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NETWORK"));
}

#[test]
fn a_second_half_of_another_blob_is_noticed() {
    // The resumed part is wrong: from the start once more, and then it is right.
    let (result, seen) = fetch(|seen, stream| match seen.from() {
        None => send_part(seen, stream, 300_000),
        Some(from) => {
            let rest = vec![0; blob().len() - from];
            let range = format!("bytes {from}-{}/{}", blob().len() - 1, blob().len());
            reply(stream, 206, &[("Content-Range", &range)], &rest);
        }
    });
    assert!(result.is_err(), "it is wrong each time");
    assert!(seen.len() <= 9, "and given up: {}", seen.len());
}

#[test]
fn a_part_that_begins_elsewhere_is_refused() {
    let (result, _seen) = fetch(|seen, stream| match seen.from() {
        None => send_part(seen, stream, 300_000),
        Some(_) => reply(stream, 206, &[("Content-Range", "bytes 0-9/10")], &[0; 10]),
    });
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_PROTOCOL"));
}

#[test]
fn more_than_the_descriptor_says_is_refused() {
    let (result, _seen) = fetch(|_, stream| endless(stream, b"x"));
    let limit = u64::try_from(blob().len()).expect("it fits");
    assert!(matches!(result, Err(FetchError::Size { limit: l, .. }) if l == limit), "{result:?}");
    let (result, _seen) = fetch(|_, stream| {
        let one_more = (blob().len() + 1).to_string();
        head(stream, 200, &[("Content-Length", &one_more)], &[]);
    });
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_SIZE"));
}

#[test]
fn a_descriptor_over_the_limit_is_not_even_asked_for() {
    let server = Hostile::start(|_, stream| reply(stream, 200, &[], &blob()));
    let size = descriptor(&blob()).size;
    for (blob_bytes, fits) in [(size, true), (size - 1, false)] {
        let mut options = quick();
        options.limits.blob_bytes = blob_bytes;
        let client = Client::new(options).expect("a client");
        let repository = repository(server.port, "a");
        let result = client.fetch_blob(&repository, &descriptor(&blob()), &mut Vec::new());
        assert_eq!(result.is_ok(), fits);
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn the_urls_of_a_layer_are_not_followed() {
    let elsewhere = Hostile::start(|_, stream| reply(stream, 200, &[], &blob()));
    let url = format!("http://127.0.0.1:{}/blob", elsewhere.port);
    let server = Hostile::start(move |seen, stream| {
        if seen.path.contains("/manifests/") {
            let (digest, size) = (Digest::of(&blob()), blob().len());
            let layer = serde_json::json!({
                "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar",
                "digest": digest, "size": size, "urls": [url],
            });
            let manifest =
                serde_json::json!({"schemaVersion": 2, "config": layer, "layers": [layer]});
            reply(stream, 200, &[], manifest.to_string().as_bytes());
        } else {
            reply(stream, 404, &[], b"");
        }
    });
    let (client, repository) = (client(), repository(server.port, "a"));
    let reference = akua_oci::Reference::Tag("1".to_owned());
    let manifest = client.fetch_manifest(&repository, &reference).expect("the manifest");
    let akua_oci::Parsed::Image(image) = manifest.parsed else { unreachable!("it is an image") };
    let result = client.fetch_blob(&repository, &image.layers[0], &mut Vec::new());
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NOT_FOUND"));
    assert_eq!(elsewhere.seen().len(), 0);
}

#[test]
fn a_file_is_never_resumed_and_keeps_its_limit() {
    let server = Hostile::start(|seen, stream| {
        let from = seen.from().unwrap_or(0);
        send_part(seen, stream, from + 300_000);
    });
    let url = format!("http://{}/chart.tgz", server.host());
    let mut bytes = Vec::new();
    let result = client().fetch_file(&url, 1 << 20, &mut bytes);
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_NETWORK"));
    assert!(bytes.is_empty());
    assert!(server.seen().iter().all(|seen| seen.from().is_none()));
    // A part that nobody asked for.
    let server = Hostile::start(|_, stream| {
        reply(stream, 206, &[("Content-Range", "bytes 0-3/9")], b"part");
    });
    let url = format!("http://{}/chart.tgz", server.host());
    let result = client().fetch_file(&url, 100_000, &mut bytes);
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_PROTOCOL"));
    let server = Hostile::start(|_, stream| endless(stream, b"x"));
    let url = format!("http://{}/chart.tgz", server.host());
    let result = client().fetch_file(&url, 100_000, &mut bytes);
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_SIZE"));
    assert!(bytes.is_empty());
}

#[test]
fn a_full_sink_is_an_error_of_its_own() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl akua_oci::Sink for Full {
        fn restart(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let server = Hostile::start(|_, stream| reply(stream, 200, &[], &blob()));
    let repository = repository(server.port, "a");
    let result = client().fetch_blob(&repository, &descriptor(&blob()), &mut Full);
    assert_eq!(result.map_err(|err| err.code()), Err("E_IO"));
    assert_eq!(server.seen().len(), 1);
}
