//! What names resolve to is judged under a real connector.

#![expect(clippy::disallowed_methods, reason = "a listener that must see nobody")]

use super::{Http, Request};
use crate::hosts::resolver::Lookup;
use crate::{AddressKind, ClientOptions, FetchError, HostError, NetworkProblem};

/// The error of asking `host`, whose name stands for `address`.
fn ask(host: &str, address: &str) -> FetchError {
    let lookup = Lookup::Fixed(vec![address.parse().expect("an address of this test")]);
    let mut options = ClientOptions::default();
    options.limits.attempts = 1;
    options.limits.connect_timeout = std::time::Duration::from_millis(500);
    let http = Http::new(options, lookup).expect("a client");
    let url = format!("https://{host}/").parse().expect("a URL of this test");
    http.block_on(http.document(&Request::get(url, "it"), 0)).expect_err("nobody is there")
}

#[test]
fn a_name_that_stands_for_a_private_address_is_not_connected_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let error = ask(&format!("rebound.test:{port}"), &format!("127.0.0.1:{port}"));
    let loopback = AddressKind::Loopback;
    let refused = matches!(
        error,
        FetchError::Host { reason: HostError::Address { kind, .. }, .. } if kind == loopback
    );
    assert!(refused, "{error:?}");
    listener.set_nonblocking(true).expect("it can be asked");
    assert!(listener.accept().is_err(), "nobody came");
    let error = ask("metadata.test", "169.254.169.254:443");
    assert_eq!(error.code(), "E_FETCH_HOST");
}

#[test]
fn localhost_is_this_machine_or_nothing() {
    let error = ask("localhost", "93.184.215.14:443");
    assert_eq!(error.code(), "E_FETCH_HOST", "{error:?}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    drop(listener);
    let error = ask(&format!("localhost:{port}"), &format!("127.0.0.1:{port}"));
    assert!(matches!(error, FetchError::Network { problem: NetworkProblem::Connect, .. }));
}
