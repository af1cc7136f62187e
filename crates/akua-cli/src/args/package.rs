//! Commands that make packages and look after what they depend on.

use crate::args::bundle::BundleArgs;
use clap::{ArgGroup, Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Where the package is.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Workspace {
    /// The package's directory.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,
}

/// Whether to act on a whole workspace.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Members {
    /// Act on every package of the workspace that the directory lies in: the members that its
    /// akua.toml lists.
    #[arg(long)]
    pub(crate) members: bool,
}

/// Whether the network may be used.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct Network {
    /// Open no socket: use the lock, vendored copies and the cache alone.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `init`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Init {
    /// The package's name, and its directory if --path does not name one [default: the name of the
    /// current directory, in which the package is made then].
    pub(crate) name: Option<String>,
    /// The directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// What the package begins with.
    #[arg(long, value_enum, default_value_t = Template::Minimal)]
    pub(crate) template: Template,
    /// Overwrite files that are there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// What a package begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// KCL alone.
    Minimal,
    /// A Helm chart in the package.
    Helm,
    /// A kustomize overlay in the package.
    Kustomize,
    /// A package that renders another one.
    Composed,
}

/// Arguments of `add`.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("source").required(true))]
pub(crate) struct Add {
    /// The name that the package uses for it.
    pub(crate) name: String,
    /// A repository of a registry, `oci://HOST/NAME`; with --version.
    #[arg(long, value_name = "REF", group = "source", requires = "version")]
    pub(crate) oci: Option<String>,
    /// A git repository; with --tag or --rev.
    #[arg(long, value_name = "URL", group = "source")]
    pub(crate) git: Option<String>,
    /// A directory, relative to the package.
    #[arg(long, value_name = "DIR", group = "source")]
    pub(crate) path: Option<String>,
    /// A chart repository; with --version.
    #[arg(long, value_name = "URL", group = "source", requires = "version")]
    pub(crate) helm: Option<String>,
    /// The chart in a chart repository [default: the dependency's name].
    #[arg(long, value_name = "NAME", requires = "helm")]
    pub(crate) chart: Option<String>,
    /// A version exactly, or a range such as ^1.2.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// A tag of a git repository.
    #[arg(long, value_name = "TAG", requires = "git", conflicts_with = "rev")]
    pub(crate) tag: Option<String>,
    /// A commit of a git repository: 40 hexadecimal digits.
    #[arg(long, value_name = "COMMIT", requires = "git")]
    pub(crate) rev: Option<String>,
    /// Replace a dependency of that name.
    #[arg(long)]
    pub(crate) force: bool,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `remove`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Remove {
    /// The dependency.
    pub(crate) name: String,
    /// Succeed also where there is no such dependency.
    #[arg(long)]
    pub(crate) ignore_missing: bool,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `lock`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Lock {
    /// Write nothing; fail where the lock is not what akua.toml asks for, or a tag has moved.
    #[arg(long)]
    pub(crate) check: bool,
    /// Whether to act on a whole workspace.
    #[command(flatten)]
    pub(crate) members: Members,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `update`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Update {
    /// Update these dependencies alone.
    #[arg(long = "dep", value_name = "NAME")]
    pub(crate) dependencies: Vec<String>,
    /// Whether to act on a whole workspace.
    #[command(flatten)]
    pub(crate) members: Members,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `verify`.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("signed").args(["folder", "bundle"]))]
pub(crate) struct Verify {
    /// Verify what `akua render --attest` wrote into this directory, in place of a package: its files,
    /// and who says what they are made of.
    #[arg(value_name = "DIR", requires = "signer")]
    #[arg(conflicts_with_all = ["workspace", "members", "tarball"])]
    pub(crate) folder: Option<PathBuf>,
    /// Verify this archive in place of a package; with --public-key.
    #[arg(long, value_name = "FILE", requires = "public_key")]
    pub(crate) tarball: Option<PathBuf>,
    /// The file that `akua sign` wrote for the archive [default: the archive's name and .akuasig].
    #[arg(long, value_name = "FILE", requires = "tarball")]
    pub(crate) sig: Option<PathBuf>,
    /// The public key that has to have signed the archive.
    #[arg(long, value_name = "FILE", requires = "tarball")]
    pub(crate) public_key: Option<PathBuf>,
    /// Whether to act on a whole workspace.
    #[command(flatten)]
    pub(crate) members: Members,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
    /// A bundle in place of a package.
    #[command(flatten)]
    pub(crate) bundle: BundleArgs,
}

/// Arguments of `vendor`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Vendor {
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `tree`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Tree {
    /// How to show it.
    #[arg(long, value_enum, default_value_t = TreeFormat::Text)]
    pub(crate) format: TreeFormat,
    /// Whether to act on a whole workspace.
    #[command(flatten)]
    pub(crate) members: Members,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
}

/// How a tree is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TreeFormat {
    /// Lines, indented.
    Text,
    /// JSON.
    Json,
    /// A graph for mermaid.
    Mermaid,
    /// A graph for graphviz.
    Dot,
}

/// Arguments of `pack`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pack {
    /// The archive [default: dist/NAME-VERSION.tar.gz in the package].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out what the package depends on.
    #[arg(long)]
    pub(crate) no_vendor: bool,
    /// Where the package is.
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: Network,
}

/// Arguments of `push`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Push {
    /// An archive that `akua pack` made.
    #[arg(long, value_name = "FILE")]
    pub(crate) tarball: PathBuf,
    /// The repository, `oci://HOST/NAME`.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: String,
    /// The tag [default: the one that it is signed for, else the package's version].
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// A file that `akua sign` wrote for the archive: it is pushed too.
    #[arg(long, value_name = "FILE")]
    pub(crate) sig: Option<PathBuf>,
}

/// Arguments of `pull`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pull {
    /// The repository, `oci://HOST/NAME`.
    #[arg(long = "ref", value_name = "REF")]
    pub(crate) reference: String,
    /// The tag, or a digest.
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: String,
    /// The directory, which must not be there.
    #[arg(long, value_name = "DIR", default_value = "./pulled")]
    pub(crate) out: PathBuf,
    /// Refuse it unless this public key signed it; of several, one is enough [default: what the
    /// policy asks for].
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
}

/// Arguments of `inspect`.
#[derive(Debug, ClapArgs)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Inspect {
    /// A package: a directory or an entry file. It is read, and not run.
    #[arg(long, value_name = "PATH", group = "what")]
    pub(crate) package: Option<PathBuf>,
    /// An archive that `akua pack` made.
    #[arg(long, value_name = "FILE", group = "what")]
    pub(crate) tarball: Option<PathBuf>,
    /// A repository of a registry, `oci://HOST/NAME`; with --tag.
    #[arg(long = "ref", value_name = "REF", group = "what", requires = "tag")]
    pub(crate) reference: Option<String>,
    /// The tag, or a digest.
    #[arg(long, value_name = "TAG", requires = "reference")]
    pub(crate) tag: Option<String>,
    /// Fail unless this public key signed the artifact; of several, one is enough.
    #[arg(long = "key", value_name = "FILE", requires = "reference")]
    pub(crate) keys: Vec<PathBuf>,
    /// The trust root that certificates of signers lead back to [default: that of the public
    /// instance].
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) trusted_root: Option<PathBuf>,
}

/// Commands of `cache`.
#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// List the trees in the cache.
    List,
    /// Remove trees, and what processes that were killed left behind.
    Gc {
        /// Keep what the lock of this package names; may be given several times.
        #[arg(long, value_name = "DIR")]
        keep: Vec<PathBuf>,
    },
    /// Print where the cache is.
    Path,
    /// Check that each tree is what its name says.
    Verify,
}

/// Commands of `auth`.
#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Add a registry, or replace its secret; the secret is read from the standard input.
    Add {
        /// The registry's host, with its port where it is not the usual one.
        #[arg(long, value_name = "HOST")]
        registry: String,
        /// The user; without one the secret is a token.
        #[arg(long, value_name = "NAME")]
        username: Option<String>,
    },
    /// List the registries; never a secret.
    List,
    /// Remove a registry.
    Remove {
        /// The registry's host.
        #[arg(long, value_name = "HOST")]
        registry: String,
    },
}
