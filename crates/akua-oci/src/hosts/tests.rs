//! Rules on hosts, without a socket.

use std::sync::Arc;

use reqwest::Url;

use super::address::{AddressKind, kind_of};
use super::resolver::{GuardedResolver, Lookup};
use super::*;

fn url(text: &str) -> Url {
    text.parse().expect("a URL of this test")
}

#[test]
fn schemes_follow_the_host() {
    let rules = HostRules::default();
    for right in ["https://h.test/", "http://localhost:1/", "http://127.0.0.1/", "http://[::1]/"] {
        assert_eq!(rules.check_url(&url(right)), Ok(()), "{right}");
    }
    for wrong in ["http://h.test/", "ftp://h.test/", "file:///etc/passwd", "https://u:p@h.test/"] {
        assert!(rules.check_url(&url(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn special_addresses_are_refused_unless_listed() {
    let refused = [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[ff02::1]",
        "[::]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "[::10.0.0.1]",
        "0xa.1",
        "167772161",
        "[fec0::1]",
        "[2001:db8::1]",
    ];
    let rules = HostRules::default();
    for host in refused {
        let error = rules.check_url(&url(&format!("https://{host}/")));
        assert!(matches!(error, Err(HostError::Address { .. })), "{host}: {error:?}");
    }
    for host in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "[2606:4700::1111]", "[2002:808:808::]"] {
        assert_eq!(rules.check_url(&url(&format!("https://{host}/"))), Ok(()), "{host}");
    }
    let listed = HostRules { allow_private: vec!["10.0.0.1".to_owned()], ..HostRules::default() };
    assert_eq!(listed.check_url(&url("https://10.0.0.1/")), Ok(()));
    assert!(listed.check_url(&url("http://10.0.0.1/")).is_err(), "still no plain http");
    assert!(listed.check_url(&url("https://10.0.0.2/")).is_err());
}

#[test]
fn an_allowlist_has_names_and_suffixes() {
    let allowed = vec![vec!["a.test".to_owned(), "*.b.test".to_owned()]];
    let rules = HostRules { allowed, ..HostRules::default() };
    for right in ["https://a.test", "https://A.TEST./x", "https://x.b.test", "https://y.x.b.test"] {
        assert_eq!(rules.check_url(&url(right)), Ok(()), "{right}");
    }
    for wrong in ["https://x.a.test", "https://b.test", "https://xb.test", "http://localhost"] {
        let error = rules.check_url(&url(wrong));
        assert!(matches!(error, Err(HostError::NotAllowed { .. })), "{wrong}: {error:?}");
    }
}

#[test]
fn loopback_can_be_switched_off() {
    let rules = HostRules { loopback: false, ..HostRules::default() };
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
        assert!(rules.check_url(&url(&format!("http://{host}/"))).is_err(), "{host}");
    }
}

#[test]
fn names_are_judged_by_what_they_resolve_to() {
    let rules = HostRules { allow_private: vec!["in.test".to_owned()], ..HostRules::default() };
    let check = |host: &str, address: &str| {
        rules.check_address(host, address.parse().expect("an address of this test")).is_ok()
    };
    assert!(check("out.test", "8.8.8.8"));
    assert!(!check("out.test", "10.0.0.1"));
    assert!(!check("out.test", "127.0.0.1"), "a name is not loopback because it says so");
    assert!(check("localhost", "127.0.0.1") && check("localhost", "::1"));
    assert!(!check("localhost", "8.8.8.8"), "plain http would leave the machine");
    assert!(check("in.test", "10.0.0.1") && check("in.test", "127.0.0.1"));
}

#[test]
fn nobody_is_sent_inwards() {
    let allow_private = vec!["in.test".to_owned(), "also-in.test".to_owned()];
    let rules = HostRules { allow_private, ..HostRules::default() };
    let step = |from: &str, to: &str| rules.check_step(&url(from), &url(to)).is_ok();
    assert!(!step("https://h.test/", "https://localhost/"));
    assert!(!step("https://h.test/", "https://127.0.0.1/"));
    assert!(!step("https://h.test/", "https://in.test/"));
    assert!(!step("https://in.test/", "http://127.0.0.1/"));
    assert!(step("https://in.test/", "https://also-in.test/"));
    assert!(step("https://in.test/", "https://in.test/x"));
    assert!(step("https://in.test/", "https://h.test/"));
    assert!(step("http://127.0.0.1:1/", "http://127.0.0.1:2/"));
    assert!(step("http://127.0.0.1:1/", "https://in.test/"));
    assert!(step("https://h.test/", "https://i.test/"));
}

/// Resolves `host` to `addresses` through a guarded client, and returns the refusal.
fn connect(host: &str, addresses: &[&str]) -> Option<HostError> {
    let fixed = addresses.iter().map(|text| text.parse().expect("an address of this test"));
    let rules = Arc::new(HostRules::default());
    let resolver = GuardedResolver::new(rules, Lookup::Fixed(fixed.collect()));
    let name = host.parse().expect("a name of this test");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    match runtime.block_on(reqwest::dns::Resolve::resolve(&resolver, name)) {
        Ok(_addresses) => None,
        Err(error) => error.downcast().ok().map(|error| *error),
    }
}

#[test]
fn the_resolver_refuses_at_the_moment_of_connecting() {
    assert_eq!(connect("h.test", &["8.8.8.8:0"]), None);
    assert_eq!(connect("h.test", &["10.0.0.1:0", "8.8.8.8:0"]), None, "the good one is left");
    let refused = connect("h.test", &["127.0.0.1:0"]);
    assert!(matches!(refused, Some(HostError::Address { kind: AddressKind::Loopback, .. })));
    assert!(connect("h.test", &["169.254.169.254:0", "[fd00:ec2::254]:0"]).is_some());
}

#[test]
fn both_sides_of_each_range() {
    let kind = |text: &str| kind_of(text.parse().expect("an address of this test"));
    for (inside, outside) in [
        ("172.31.255.255", "172.32.0.0"),
        ("100.64.0.0", "100.63.255.255"),
        ("169.254.0.0", "169.253.255.255"),
        ("223.255.255.255", "224.0.0.0"),
        ("198.19.255.255", "198.20.0.0"),
        ("fdff::1", "2600::1"),
        ("febf::1", "2600::1"),
    ] {
        assert_ne!(kind(inside), kind(outside), "{inside} {outside}");
    }
}
