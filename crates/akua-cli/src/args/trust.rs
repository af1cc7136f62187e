//! Commands that sign what is published.

use super::package::{Network, Workspace};
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// Arguments of `publish`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Publish {
    /// The repository, `oci://HOST/NAME`.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: String,
    /// The tag [default: the package's version].
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Leave out what the package depends on.
    #[arg(long)]
    pub(crate) no_vendor: bool,
    /// Sign nothing.
    #[arg(long)]
    pub(crate) no_sign: bool,
    /// Attest nothing.
    #[arg(long)]
    pub(crate) no_attest: bool,
    /// The key to sign with.
    #[command(flatten)]
    pub(crate) key: SignWith,
    /// Where signatures and attestations go.
    #[arg(long, value_enum, default_value_t = Layout::Both)]
    pub(crate) layout: Layout,
    /// Push nothing; say what would be pushed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// The key to sign with.
#[derive(Debug, ClapArgs)]
pub(crate) struct SignWith {
    /// PEM file of the key to sign with: PKCS#8, or cosign's; `AKUA_COSIGN_PASSPHRASE` opens it. Or
    /// the URI of a key in a token, `pkcs11:…?module-path=…`, in a build with the feature `pkcs11`;
    /// `AKUA_PKCS11_PIN` unlocks it [default: what is in `AKUA_COSIGN_KEY`, else
    /// `signing.cosign_private_key` of akua.toml].
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Sign without a key: Fulcio gives a certificate for an identity token, a log takes the
    /// signature. It is kept as bundles that refer to the artifact.
    #[arg(long, conflicts_with = "key")]
    pub(crate) keyless: bool,
    /// File of the identity token [default: the text in `SIGSTORE_ID_TOKEN`, else what GitHub Actions
    /// gives to this run].
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) identity_token: Option<PathBuf>,
    /// Whom to ask: what `cosign signing-config create` writes [default: the public instance].
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) signing_config: Option<PathBuf>,
    /// The trust root of whom to ask [default: that of the public instance].
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) trusted_root: Option<PathBuf>,
}

/// Where signatures and attestations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// Both ways.
    Both,
    /// Under tags beside the artifact's: what cosign 2 reads.
    Tags,
    /// As bundles that refer to the artifact: what cosign 3 writes.
    Referrers,
}

/// Arguments of `sign`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Sign {
    /// An archive that `akua pack` made: nothing is pushed, the signature goes into a file
    /// [default: what is in the registry is signed there].
    #[arg(long, value_name = "FILE")]
    pub(crate) tarball: Option<PathBuf>,
    /// The repository, `oci://HOST/NAME`: where it is, or where it will be pushed to.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: String,
    /// The tag, or a digest [default: the version of the archive's package].
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Do not attest how the archive was made.
    #[arg(long, requires = "tarball")]
    pub(crate) no_attest: bool,
    /// The file of the signature [default: the archive's name and .akuasig].
    #[arg(long, value_name = "FILE", requires = "tarball")]
    pub(crate) out: Option<PathBuf>,
    /// The key to sign with.
    #[command(flatten)]
    pub(crate) key: SignWith,
    /// Where signatures and attestations go.
    #[arg(long, value_enum, default_value_t = Layout::Both)]
    pub(crate) layout: Layout,
}

/// Arguments of `keygen`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Keygen {
    /// The files, without `.key` and `.pub`.
    #[arg(long, value_name = "PREFIX", default_value = "cosign")]
    pub(crate) out: PathBuf,
    /// Write the private key without a passphrase; else `AKUA_COSIGN_PASSPHRASE` encrypts it.
    #[arg(long)]
    pub(crate) plain: bool,
}
