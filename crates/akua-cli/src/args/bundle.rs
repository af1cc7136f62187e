//! Arguments of `akua verify --bundle` and `akua verify DIR`, named as those of cosign are.

use clap::{ArgGroup, Args as ClapArgs};
use std::path::PathBuf;

/// Who should have signed a bundle, or what was rendered.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Who signed a bundle, or what was rendered")]
#[command(group = ArgGroup::new("signer").args(["key", "certificate_identity", "certificate_identity_regexp"]))]
#[command(group = ArgGroup::new("issuer").args(["certificate_oidc_issuer", "certificate_oidc_issuer_regexp"]))]
pub(crate) struct BundleArgs {
    /// Verify a Sigstore bundle instead of a package: who signed --artifact, without the network.
    #[arg(long, value_name = "FILE", requires = "artifact", requires = "signer")]
    #[arg(conflicts_with_all = ["workspace", "members"])]
    pub(crate) bundle: Option<PathBuf>,
    /// What was signed: a file, or its digest.
    #[arg(long, value_name = "FILE|sha256:HEX", requires = "bundle")]
    pub(crate) artifact: Option<String>,
    /// The public key of who should have signed: PEM.
    #[arg(long, value_name = "FILE", requires = "signed")]
    pub(crate) key: Option<PathBuf>,
    /// Refuse a signature of the key that no log has.
    #[arg(long, requires = "key")]
    pub(crate) require_log: bool,
    /// Who should have signed: the mail address or URI in the certificate.
    #[arg(long, value_name = "IDENTITY", requires = "signed", requires = "issuer")]
    pub(crate) certificate_identity: Option<String>,
    /// The same as a regular expression, which has to match all of it.
    #[arg(long, value_name = "REGEX", requires = "signed", requires = "issuer")]
    pub(crate) certificate_identity_regexp: Option<String>,
    /// Who should have vouched for the identity: the OIDC issuer in the certificate.
    #[arg(long, value_name = "URL", requires = "signed", conflicts_with = "key")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// The same as a regular expression, which has to match all of it.
    #[arg(long, value_name = "REGEX", requires = "signed", conflicts_with = "key")]
    pub(crate) certificate_oidc_issuer_regexp: Option<String>,
    /// The trust root: authorities, logs and clocks to believe [default: those of the public
    /// instance of Sigstore].
    #[arg(long, value_name = "FILE", requires = "signed")]
    pub(crate) trusted_root: Option<PathBuf>,
}
