//! Commands that sign what is published.

use super::package::{Network, Workspace};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
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
    #[arg(long, conflicts_with_all = ["key", "keyless"])]
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
    /// signature.
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

impl SignWith {
    /// Returns whether a key, or a signature without one, is asked for.
    pub(crate) fn is_given(&self) -> bool {
        // The other flags come with `--keyless` alone.
        self.key.is_some() || self.keyless
    }
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

/// Commands of `trust`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Say what is trusted where no trust root is named: authorities, logs and clocks.
    Show {
        /// Show this trust root instead.
        #[arg(long, value_name = "FILE")]
        trusted_root: Option<PathBuf>,
    },
    /// Bring the trust root of the public instance up to date, over TUF.
    Refresh(Refresh),
}

/// Arguments of `trust refresh`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Refresh {
    /// A mirror to ask [default: the public one].
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Option<String>,
    /// A deployment of one's own: the root.json of its TUF repository, with which trust begins.
    #[arg(long, value_name = "FILE", requires = "mirror", requires = "out")]
    pub(crate) root: Option<PathBuf>,
    /// Directory for `trusted_root.json`, `signing_config.json` and what the next refresh needs
    /// [default: the user's own, from where they are taken].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
