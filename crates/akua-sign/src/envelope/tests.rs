use super::*;

fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[byte; 32]).expect("a key")
}

/// The example of the specification.
#[test]
fn what_is_signed() {
    let bytes = encoded("http://example.com/HelloWorld", b"hello world");
    assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn an_envelope_is_read_as_it_was_written() {
    let envelope = Envelope::sign("text/plain", b"{}\xff".to_vec(), &key(7));
    let read = Envelope::parse(envelope.to_json().as_bytes()).expect("an envelope");
    assert_eq!(read, envelope);
    assert!(read.is_signed_by(&key(7).public()));
    assert!(!read.is_signed_by(&key(8).public()));
}

#[test]
fn any_change_breaks_the_signature() {
    let envelope = Envelope::sign("text/plain", b"hello world".to_vec(), &key(7));
    let public = key(7).public();
    for at in 0..envelope.payload.len() {
        let mut changed = envelope.clone();
        *changed.payload.get_mut(at).expect("is there") ^= 1;
        assert!(!changed.is_signed_by(&public), "byte {at}");
    }
    // A byte moved from the payload to the type.
    let moved = Envelope {
        payload_type: "text/plain 11 h".to_owned(),
        payload: b"ello world".to_vec(),
        ..envelope
    };
    assert!(!moved.is_signed_by(&public));
}

#[test]
fn one_of_several_signatures_is_enough() {
    let mut envelope = Envelope::sign("text/plain", b"a".to_vec(), &key(7));
    envelope.signatures.extend(Envelope::sign("text/plain", b"a".to_vec(), &key(8)).signatures);
    assert!(envelope.is_signed_by(&key(7).public()));
    assert!(envelope.is_signed_by(&key(8).public()));
}

#[test]
fn what_is_no_envelope_is_refused() {
    let parse = |text: &str| Envelope::parse(text.as_bytes()).expect_err("is refused");
    assert!(matches!(parse("[]"), EnvelopeError::Json(_)));
    let none = r#"{"payloadType":"a","payload":"","signatures":[]}"#;
    assert!(matches!(parse(none), EnvelopeError::Signatures { count: 0, .. }));
    let many = format!(
        r#"{{"payloadType":"a","payload":"","signatures":[{}]}}"#,
        vec![r#"{"sig":""}"#; SIGNATURES + 1].join(",")
    );
    assert!(matches!(parse(&many), EnvelopeError::Signatures { .. }));
    let text = r#"{"payloadType":"a","payload":"!","signatures":[{"sig":""}]}"#;
    assert!(matches!(parse(text), EnvelopeError::Base64));
    let large = vec![b' '; LIMIT_BYTES + 1];
    assert!(matches!(Envelope::parse(&large), Err(EnvelopeError::TooLarge { .. })));
}
