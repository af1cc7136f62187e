//! https on loopback, with a certificate authority of our own.

use std::path::PathBuf;

use akua_oci::{Client, ClientOptions, FetchError, NetworkProblem};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::server::Server;
use crate::{client, quick, scratch};

/// Makes an authority and a leaf for localhost; returns the authority's PEM, the chain and the key.
fn certificates() -> (Vec<u8>, PathBuf, PathBuf) {
    let folder = scratch("tls");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let authority_pem = authority.self_signed(&authority_key).expect("a certificate").pem();
    let leaf_key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let issuer = Issuer::new(authority, authority_key);
    let leaf_pem = leaf.signed_by(&leaf_key, &issuer).expect("a certificate").pem();
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    std::fs::write(&chain, leaf_pem).expect("a file");
    std::fs::write(&key, leaf_key.serialize_pem()).expect("a file");
    (authority_pem.into_bytes(), chain, key)
}

#[test]
fn a_private_authority_is_trusted_when_configured_and_only_then() {
    let (authority, chain, key) = certificates();
    let root = scratch("tls-files");
    std::fs::write(root.join("a"), "text").expect("a file");
    let path = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (chain, key, root) = (path(&chain), path(&key), path(&root));
    let server = Server::start(&["-tls-cert", &chain, "-tls-key", &key, "-root", &root]);
    let url = format!("https://localhost:{}/files/a", server.port);
    let mut bytes = Vec::new();
    let refused = client().fetch_file(&url, 100, &mut bytes).expect_err("nobody knows it");
    let tls = matches!(refused, FetchError::Network { problem: NetworkProblem::Tls, .. });
    assert!(tls, "{refused:?}");
    let options = ClientOptions { ca_bundle: Some(authority), ..quick() };
    let knowing = Client::new(options).expect("a client");
    knowing.fetch_file(&url, 100, &mut bytes).expect("the file");
    assert_eq!(bytes, b"text");
    // The certificate is for `localhost` alone.
    let other = format!("https://127.0.0.1:{}/files/a", server.port);
    let refused = knowing.fetch_file(&other, 100, &mut bytes).expect_err("another name");
    assert!(matches!(refused, FetchError::Network { problem: NetworkProblem::Tls, .. }));
    assert!(bytes.is_empty());
}

#[test]
fn a_bundle_without_certificates_is_refused() {
    for bundle in
        ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        let options = ClientOptions { ca_bundle: Some(bundle.into()), ..quick() };
        let problem = Client::new(options).map(drop).map_err(|err| err.code());
        assert_eq!(problem, Err("E_FETCH_NETWORK"), "{bundle}");
    }
}
