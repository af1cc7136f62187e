//! Whom TLS trusts.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::start_error;
use crate::{FetchError, NetworkProblem, RemoteText};

/// rustls on ring: the machine's authorities, else Mozilla's; and those of `ca_bundle` (PEM).
pub(super) fn config(ca_bundle: Option<&[u8]>) -> Result<ClientConfig, FetchError> {
    let mut roots = RootCertStore::empty();
    // Some certificates of a machine are often unreadable; what counts is whether any is left.
    let (_added, _ignored) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(pem) = ca_bundle {
        add_bundle(&mut roots, pem)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|err| start_error(&err.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Adds the certificates of a PEM text, of which there must be at least one.
fn add_bundle(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), FetchError> {
    let error = |said: &str| FetchError::Network {
        what: "ca bundle".to_owned(),
        problem: NetworkProblem::CaBundle,
        said: RemoteText::new(said.as_bytes()),
    };
    let mut added = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|err| error(&err.to_string()))?;
        roots.add(certificate).map_err(|err| error(&err.to_string()))?;
        added = added.saturating_add(1);
    }
    if added == 0 { Err(error("")) } else { Ok(()) }
}
