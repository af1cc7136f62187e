//! Commands about what is allowed, and what was decided.

use crate::args::Limits;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Arguments of `explain`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// A code such as `E_PATH_ESCAPE`, a file of `--events`, or error lines of `--json`.
    #[arg(value_name = "CODE|FILE")]
    pub(crate) subject: String,
    /// Explain one event only, by its number.
    #[arg(long, value_name = "N")]
    pub(crate) event: Option<usize>,
    /// Check only that the events are whole, and print the hash of the last.
    #[arg(long, conflicts_with = "event")]
    pub(crate) verify: bool,
}

/// Commands of `policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy: contradictions, rules without effect, rules wider than its preset.
    Lint {
        /// The policy.
        #[arg(value_name = "FILE", default_value = "policy.toml")]
        file: PathBuf,
    },
    /// Print a policy to begin with.
    Template {
        /// What it begins with.
        #[arg(long, value_enum, default_value_t = PresetName::Balanced)]
        preset: PresetName,
        /// Write it to a file instead.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show which rules hold, and where each is from.
    Show(Box<Show>),
}

/// Arguments of `policy show`.
#[derive(Debug, ClapArgs)]
pub(crate) struct Show {
    /// Show all that holds, built-in rules too; else only what files and flags say.
    #[arg(long)]
    pub(crate) effective: bool,
    /// A package whose policies count too [default: the current directory, if it is one].
    #[arg(long, value_name = "PATH")]
    pub(crate) package: Option<PathBuf>,
    /// Limits.
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// A preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetName {
    /// For packages of strangers.
    Strict,
    /// What holds without a policy.
    Balanced,
    /// For one's own packages.
    Dev,
}
