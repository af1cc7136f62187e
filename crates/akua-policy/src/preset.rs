//! The three policies to begin with.

use crate::policy::{MODULES, Network, Policy};
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
                signatures: Some(true),
                ..Policy::default()
            },
            Self::Balanced => {
                let limits = TABLE.iter().filter_map(|row| Some((row.budget, row.default?)));
                Policy { budgets: limits.collect(), ..Policy::default() }
            }
            Self::Dev => Policy { budgets: DEV.into(), ..Policy::default() },
        }
    }

    /// Returns the text of a file that says the same, for people to go on from.
    pub fn template(self) -> String {
        let policy = self.policy();
        let mut text = format!(
            "# A policy of akua: docs/policy.md. Delete what you do not want to set: the preset has it.\n\
             version = 1\npreset = \"{}\"\n\n[budgets]\n",
            self.name()
        );
        for row in &TABLE {
            let line = match policy.budgets.get(&row.budget) {
                Some(amount) if row.unit == Unit::Count => format!("{} = {amount}", row.name),
                Some(amount) => format!("{} = \"{}\"", row.name, row.unit.show(*amount)),
                None => format!("# {} = 20000000000", row.name),
            };
            // Writing to a String does not fail.
            let _written = writeln!(text, "{line}");
        }
        text.push_str("\n[engines]\nallow = [\"helm\", \"kustomize\"]\n");
        if let Some(modules) = &policy.modules {
            let names: Vec<_> = modules.iter().map(|name| format!("\"{name}\"")).collect();
            let _written = write!(text, "\n[modules]\nallow = [{}]\n", names.join(", "));
        }
        let network = &policy.network;
        text.push_str("\n[network]\n# hosts = [\"registry.example.com\", \"*.example.org\"]\n");
        if let Some(requests) = network.requests {
            let _written = writeln!(text, "requests = {requests}");
        }
        for (name, bytes) in [("bytes", network.bytes), ("bytes_per_host", network.bytes_per_host)]
        {
            if let Some(bytes) = bytes {
                let _written = writeln!(text, "{name} = \"{}\"", Unit::Bytes.show(bytes));
            }
        }
        let required = policy.signatures == Some(true);
        let _written = write!(text, "\n[signatures]\nrequired = {required}\n");
        text
    }
}
