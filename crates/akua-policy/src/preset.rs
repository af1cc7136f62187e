//! The three policies to begin with.

use crate::policy::{MODULES, Network, Policy, Signatures};
use akua_source::Budget::{
    Bridge, Depth, EngineMemory, EngineTimeout, Files, Fuel, Output, Read, RenderMemory, Resources,
    Timeout, WorkerMemory, WorkerTimeout,
};
use akua_source::{Budget, TABLE, Unit};
use std::fmt::Write as _;

/// A policy to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// For packages of strangers: small limits, signatures, no `file` module.
    Strict,
    /// The limits that hold without a policy.
    Balanced,
    /// For one's own packages: large limits.
    Dev,
}

/// What a line of a template says where the preset sets nothing.
const NONE: &str = " # not set";

/// Limits of `strict`: a quarter of the defaults or so, enough for the examples and large charts.
const STRICT: [(Budget, u64); 13] = [
    (Fuel, 20_000_000_000),
    (Timeout, 20_000),
    (WorkerTimeout, 2_000),
    (EngineTimeout, 10_000),
    (WorkerMemory, 128 << 20),
    (EngineMemory, 256 << 20),
    (RenderMemory, 512 << 20),
    (Depth, 4),
    (Output, 32 << 20),
    (Resources, 5_000),
    (Files, 5_000),
    (Read, 64 << 20),
    (Bridge, 32 << 20),
];

/// Limits of `dev`.
const DEV: [(Budget, u64); 12] = [
    (Timeout, 300_000),
    (WorkerTimeout, 30_000),
    (EngineTimeout, 120_000),
    (WorkerMemory, 1 << 30),
    (EngineMemory, 2 << 30),
    (RenderMemory, 4 << 30),
    (Depth, 32),
    (Output, 256 << 20),
    (Resources, 100_000),
    (Files, 100_000),
    (Read, 1 << 30),
    (Bridge, 256 << 20),
];

impl Preset {
    /// All, the tightest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Balanced, Self::Dev];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Balanced => "balanced",
            Self::Dev => "dev",
        }
    }

    /// Returns the preset of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Returns what it says.
    pub fn policy(self) -> Policy {
        match self {
            Self::Strict => Policy {
                budgets: STRICT.into(),
                modules: Some(
                    MODULES
                        .iter()
                        .filter(|name| **name != "file")
                        .map(|n| (*n).to_owned())
                        .collect(),
                ),
                network: Network {
                    requests: Some(500),
                    bytes: Some(256 << 20),
                    bytes_per_host: Some(128 << 20),
                    ..Network::default()
                },
                signatures: Signatures {
                    required: Some(akua_sign::Depth::All),
                    ..Signatures::default()
                },
                ..Policy::default()
            },
            Self::Balanced => {
                let limits = TABLE.iter().filter_map(|row| Some((row.budget, row.default?)));
                Policy { budgets: limits.collect(), ..Policy::default() }
            }
            Self::Dev => Policy { budgets: DEV.into(), ..Policy::default() },
        }
    }

    /// Returns the text of a file that says the same, for people to go on from. What the preset says
    /// stands there as comments: a file that repeats it stays behind when presets change.
    pub fn template(self) -> String {
        let policy = self.policy();
        let mut text = format!(
            "# A policy of akua: docs/policy.md. What is commented out holds as it is: take the `#` away from\n\
             # what you change, and from the name in brackets above it.\n\
             version = 1\npreset = \"{}\"\n\n# [budgets]\n",
            self.name()
        );
        for row in &TABLE {
            let amount = policy.budgets.get(&row.budget).copied().or(row.default);
            text.push_str(&line(row.name, amount, 20_000_000_000, row.unit));
        }
        let Network { requests, bytes, bytes_per_host, .. } = policy.network;
        text.push_str("\n# [network]\n");
        text.push_str(&line("requests", requests, 500, Unit::Count));
        text.push_str(&line("bytes", bytes, 256 << 20, Unit::Bytes));
        text.push_str(&line("bytes_per_host", bytes_per_host, 128 << 20, Unit::Bytes));
        let modules = policy.modules.unwrap_or_else(|| MODULES.map(str::to_owned).into());
        let modules: Vec<_> = modules.iter().map(|name| format!("\"{name}\"")).collect();
        // Writing to a String does not fail.
        let _written = write!(
            text,
            "# hosts = [\"registry.example.com\", \"*.example.org\"]{NONE}\n\
             \n# [engines]\n# allow = [\"helm\", \"kustomize\"]\n\
             \n# [modules]\n# allow = [{}]\n\
             \n# [signatures]\n# required = \"{}\"\n# attestations = \"none\"\n\
             # identities = {{ \"oci://registry.example.com/*\" = {{ key = \"registry.pub\" }} }}{NONE}\n",
            modules.join(", "),
            policy.signatures.required.unwrap_or_default().name()
        );
        text
    }
}

/// Returns a line of a template: an amount, or an example of one where there is none.
fn line(name: &str, amount: Option<u64>, example: u64, unit: Unit) -> String {
    let shown = unit.show(amount.unwrap_or(example));
    let quote = if unit == Unit::Count { "" } else { "\"" };
    let none = if amount.is_none() { NONE } else { "" };
    format!("# {name} = {quote}{shown}{quote}{none}\n")
}
