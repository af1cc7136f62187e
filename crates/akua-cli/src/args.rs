//! The command line.

pub(crate) mod bundle;
mod limits;
pub(crate) mod package;
pub(crate) mod policy;
pub(crate) mod trust;

pub(crate) use limits::{EvalLimits, Limits};

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Renders Kubernetes packages that nobody vouches for, in a sandbox.
#[derive(Debug, Parser)]
#[command(name = "akua", version, max_term_width = 100)]
pub(crate) struct Args {
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) common: Common,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Common {
    /// Print one JSON document on stdout, and errors as JSON lines on stderr.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print without colour, also on a terminal.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// A policy that holds besides those of the machine and the project.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Show no progress bars, also on a terminal.
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Render a package to Kubernetes YAML.
    Render(Box<Render>),
    /// Make a package to begin with.
    Init(package::Init),
    /// Add a dependency to akua.toml, and lock it.
    Add(Box<package::Add>),
    /// Remove a dependency from akua.toml and akua.lock.
    Remove(package::Remove),
    /// Resolve what akua.toml asks for, and write akua.lock.
    Lock(package::Lock),
    /// Take newer versions, and accept what has changed.
    Update(package::Update),
    /// Prove that nothing moved since the lock was written; with a directory, what it was rendered of.
    Verify(package::Verify),
    /// Show what depends on what.
    Tree(package::Tree),
    /// Copy all dependencies into the package, so that it renders without network and cache.
    Vendor(package::Vendor),
    /// Pack a package into an archive; the same files give the same bytes.
    Pack(package::Pack),
    /// Check, pack, push, sign and attest a package; then its tag moves.
    Publish(Box<trust::Publish>),
    /// Sign what is in a registry, or an archive that is pushed later.
    Sign(trust::Sign),
    /// Make a pair of keys to sign with.
    Keygen(trust::Keygen),
    /// Whom signatures without keys lead back to.
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Push a packed package to a registry.
    Push(package::Push),
    /// Fetch a package from a registry and unpack it.
    Pull(package::Pull),
    /// Say what an archive is, without evaluating anything.
    Inspect(package::Inspect),
    /// Look after the cache.
    #[command(subcommand)]
    Cache(package::Cache),
    /// Look after credentials of registries.
    #[command(subcommand)]
    Auth(package::Auth),
    /// Say in words what a code, a report or a file of events means, and what to do.
    Explain(policy::Explain),
    /// Look after policies: what packages and the resolver may do.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Evaluate plain KCL files, in the sandbox, and print the result.
    Eval(Box<Eval>),
    /// Lay out KCL files the one way, in place.
    Fmt(Fmt),
    /// Say what protects this machine from packages, and whether akua works as it should.
    Doctor,
    /// Print the version of akua.
    Version,
    /// Print completions for a shell.
    Completions(Completions),
}

/// Arguments of `render`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Render {
    /// The package: a directory or an entry file.
    #[arg(long, value_name = "PATH", default_value = "./package.k")]
    pub(crate) package: PathBuf,
    /// The inputs document, YAML or JSON [default: inputs.yaml, else inputs.example.yaml, else
    /// the defaults of the package's schema].
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// The output directory: one file an object; stale files of earlier renders are removed.
    #[arg(long, value_name = "DIR", default_value = "./deploy")]
    pub(crate) out: PathBuf,
    /// Print the objects as one YAML stream instead.
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) stdout: bool,
    /// Render, report, write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Refuse charts that are paths: only dependencies will do.
    #[arg(long)]
    pub(crate) strict: bool,
    /// What random bytes follow from [default: the package, its inputs and its dependencies].
    #[arg(long, value_name = "TEXT")]
    pub(crate) seed: Option<String>,
    /// Sign what the files are made of: package, inputs, lock and akua; `akua verify DIR` proves it.
    #[arg(long, conflicts_with_all = ["stdout", "dry_run"])]
    pub(crate) attest: bool,
    /// What to attest with.
    #[command(flatten)]
    pub(crate) key: trust::SignWith,
    /// Write what was decided to a file, as lines of JSON that vouch for each other.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// Whether the network may be used.
    #[command(flatten)]
    pub(crate) network: package::Network,
    /// Limits.
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// Arguments of `eval`.
#[derive(Debug, ClapArgs)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Eval {
    /// KCL files and folders, relative to the working directory.
    #[arg(value_name = "FILES")]
    pub(crate) files: Vec<String>,
    /// Working directory.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) work_dir: PathBuf,
    /// Set an option: key=value, where value is JSON, a KCL literal, or text.
    #[arg(short = 'D', value_name = "KEY=VALUE", action = ArgAction::Append)]
    pub(crate) define: Vec<String>,
    /// Change the program first: path=value, path:value, path+=value, or path- to remove.
    #[arg(short = 'O', value_name = "PATH=VALUE", action = ArgAction::Append)]
    pub(crate) overrides: Vec<String>,
    /// A settings file; kcl.yaml in the working directory if none is named.
    #[arg(short = 'Y', value_name = "FILE", action = ArgAction::Append)]
    pub(crate) settings: Vec<String>,
    /// Print only the value at a path, such as a.b.c.
    #[arg(short = 'S', value_name = "PATH", action = ArgAction::Append)]
    pub(crate) select: Vec<String>,
    /// An external package: name=path.
    #[arg(short = 'E', value_name = "NAME=PATH", action = ArgAction::Append)]
    pub(crate) external: Vec<String>,
    /// Sort keys at every depth.
    #[arg(long)]
    pub(crate) sort_keys: bool,
    /// Leave out None.
    #[arg(long)]
    pub(crate) disable_none: bool,
    /// Print names that begin with `_` too.
    #[arg(long)]
    pub(crate) show_hidden: bool,
    /// Check that numbers fit 32 bits.
    #[arg(long)]
    pub(crate) strict_range_check: bool,
    /// Format of the result.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Yaml)]
    pub(crate) output: Format,
    /// Limits.
    #[command(flatten)]
    pub(crate) limits: EvalLimits,
}

/// Arguments of `fmt`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Fmt {
    /// KCL files, and directories that are searched for them; `-` is the standard input, whose
    /// result goes to stdout [default: the current directory].
    #[arg(value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; list what would change, and fail where something would.
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; print the result.
    #[arg(long, conflicts_with = "check")]
    pub(crate) stdout: bool,
}

/// Format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Arguments of `completions`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
