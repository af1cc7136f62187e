//! One layer of a policy: a file, parsed.

use crate::preset::Preset;
use akua_sign::{Depth, RawSignerRules, SignerRules};
use akua_source::{Budget, Diagnostic, FileId, Span, TABLE};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;

/// The form of the file.
const VERSION: i64 = 1;
/// The engines that a policy may name.
pub const ENGINES: [&str; 2] = ["helm", "kustomize"];
/// The standard modules of KCL that a policy may name.
pub const MODULES: [&str; 15] = [
    "base32",
    "base64",
    "collection",
    "crypto",
    "datetime",
    "file",
    "json",
    "manifests",
    "math",
    "net",
    "regex",
    "runtime",
    "template",
    "units",
    "yaml",
];

/// What one layer says; what it does not say stays as other layers have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// What the rest is laid over.
    pub preset: Option<Preset>,
    /// Limits.
    pub budgets: BTreeMap<Budget, u64>,
    /// Engines that may run.
    pub engines: Option<BTreeSet<String>>,
    /// Standard modules that may be imported.
    pub modules: Option<BTreeSet<String>>,
    /// What the resolver may do.
    pub network: Network,
    /// What has to be signed, and by whom.
    pub signatures: Signatures,
    /// Where each rule stands, for lint.
    pub(crate) places: BTreeMap<String, Span>,
}

impl Policy {
    /// Returns a layer of limits alone.
    pub fn of(budgets: BTreeMap<Budget, u64>) -> Self {
        Self { budgets, ..Self::default() }
    }
}

/// What has to be signed, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures {
    /// How deep in the graph of dependencies what is fetched has to be signed.
    pub required: Option<Depth>,
    /// How deep its provenance has to be attested.
    pub attestations: Option<Depth>,
    /// Who has to have signed what comes from where. Keys are files beside the policy.
    pub identities: SignerRules,
    /// File with the trust root for signatures without keys; the public one if there is none.
    pub trusted_root: Option<String>,
}

/// What the resolver may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Hosts that may be reached: a name, or `*.suffix`.
    pub hosts: Option<BTreeSet<String>>,
    /// Hosts that may have private addresses, in the same form.
    pub private_hosts: Option<BTreeSet<String>>,
    /// Requests of one command.
    pub requests: Option<u64>,
    /// Bytes that one command downloads.
    pub bytes: Option<u64>,
    /// Bytes that one command downloads from one host.
    pub bytes_per_host: Option<u64>,
}

/// An amount: a number of things, or text with a unit.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected a whole number, or a text such as `90s` or `256MiB`")]
enum Amount {
    Number(i64),
    Text(String),
}

/// A policy as it is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    /// The form of the file: 1.
    #[cfg_attr(test, schemars(with = "i64"))]
    version: Spanned<i64>,
    /// What the rest is laid over: `strict`, `balanced` or `dev`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    preset: Option<Spanned<String>>,
    /// Limits, by their names in docs/limits.md.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, Amount>"))]
    budgets: BTreeMap<Spanned<String>, Spanned<Amount>>,
    /// Engines that may run: `helm`, `kustomize`.
    engines: Option<Allow>,
    /// Standard modules that may be imported.
    modules: Option<Allow>,
    /// What the resolver may do.
    network: Option<RawNetwork>,
    /// Whether what is fetched has to be signed.
    signatures: Option<RawSignatures>,
}

/// A list of what is allowed; what it does not name is not.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Allow {
    /// The names.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    allow: Spanned<Vec<Spanned<String>>>,
}

/// `[network]`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawNetwork {
    /// Hosts that may be reached: names, or `*.` and a name for all below it.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    hosts: Option<Spanned<Vec<Spanned<String>>>>,
    /// Hosts that may have private addresses.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    private_hosts: Option<Spanned<Vec<Spanned<String>>>>,
    /// Requests of one command.
    #[cfg_attr(test, schemars(with = "Option<Amount>"))]
    requests: Option<Spanned<Amount>>,
    /// Bytes that one command downloads.
    #[cfg_attr(test, schemars(with = "Option<Amount>"))]
    bytes: Option<Spanned<Amount>>,
    /// Bytes that one command downloads from one host.
    #[cfg_attr(test, schemars(with = "Option<Amount>"))]
    bytes_per_host: Option<Spanned<Amount>>,
}

/// `[signatures]`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawSignatures {
    /// How deep what is fetched has to be signed: `true` is `all`.
    #[cfg_attr(test, schemars(with = "Option<RawDepth>"))]
    required: Option<Spanned<RawDepth>>,
    /// How deep its provenance has to be attested: `true` is `all`.
    #[cfg_attr(test, schemars(with = "Option<RawDepth>"))]
    attestations: Option<Spanned<RawDepth>>,
    /// File with the trust root for signatures without keys.
    trusted_root: Option<String>,
    /// Who has to have signed what comes from where, by patterns of sources.
    #[cfg_attr(test, schemars(with = "Option<RawSignerRules>"))]
    identities: Option<Spanned<RawSignerRules>>,
}

/// How deep something is asked for.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected true, false, `none`, `direct` or `all`")]
enum RawDepth {
    /// Everywhere, or nowhere.
    Whether(bool),
    /// As deep as this.
    Depth(Depth),
}

impl From<RawDepth> for Depth {
    fn from(raw: RawDepth) -> Self {
        match raw {
            RawDepth::Whether(true) => Self::All,
            RawDepth::Whether(false) => Self::None,
            RawDepth::Depth(depth) => depth,
        }
    }
}

/// Parses a policy.
///
/// # Errors
/// All that is wrong, each at its byte, with code `E_POLICY_PARSE`.
pub fn parse(file: FileId, text: &str) -> Result<Policy, Vec<Diagnostic>> {
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        vec![Diagnostic::error("E_POLICY_PARSE", message).label(Span::of(file, &at), "")]
    })?;
    let mut reader = Reader { file, policy: Policy::default(), wrong: Vec::new() };
    reader.read(raw);
    if reader.wrong.is_empty() { Ok(reader.policy) } else { Err(reader.wrong) }
}

/// A policy that is being read.
struct Reader {
    file: FileId,
    policy: Policy,
    wrong: Vec<Diagnostic>,
}

impl Reader {
    fn read(&mut self, raw: Raw) {
        if *raw.version.get_ref() != VERSION {
            self.refuse(&raw.version.span(), format!("expected version {VERSION}"));
        }
        if let Some(name) = raw.preset {
            self.place("preset", &name.span());
            match Preset::named(name.get_ref()) {
                Some(preset) => self.policy.preset = Some(preset),
                None => self.refuse(&name.span(), "expected `strict`, `balanced` or `dev`".into()),
            }
        }
        for (name, amount) in raw.budgets {
            let Some(row) = TABLE.iter().find(|row| row.name == name.get_ref()) else {
                let names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
                let message = format!("there is no such limit; expected {}", names.join(", "));
                self.refuse(&name.span(), message);
                continue;
            };
            self.place(&format!("budgets.{}", row.name), &name.span());
            if let Some(amount) = self.amount(amount, row.unit, row.most) {
                self.policy.budgets.insert(row.budget, amount);
            }
        }
        self.policy.engines = self.names("engines.allow", raw.engines, &ENGINES);
        self.policy.modules = self.names("modules.allow", raw.modules, &MODULES);
        if let Some(network) = raw.network {
            self.network(network);
        }
        if let Some(signatures) = raw.signatures {
            self.signatures(signatures);
        }
    }

    fn signatures(&mut self, raw: RawSignatures) {
        let mut depth = |name: &str, raw: Option<Spanned<RawDepth>>| {
            let raw = raw?;
            self.place(name, &raw.span());
            Some(Depth::from(raw.into_inner()))
        };
        let required = depth("signatures.required", raw.required);
        let attestations = depth("signatures.attestations", raw.attestations);
        let mut identities = SignerRules::default();
        if let Some(rules) = raw.identities {
            let at = rules.span();
            self.place("signatures.identities", &at);
            match rules.into_inner().check() {
                Ok(checked) => identities = checked,
                Err(reason) => self.refuse(&at, reason),
            }
        }
        let trusted_root = raw.trusted_root;
        self.policy.signatures = Signatures { required, attestations, identities, trusted_root };
    }

    fn network(&mut self, raw: RawNetwork) {
        use akua_source::Unit::{Bytes, Count};
        let hosts = self.hosts("network.hosts", raw.hosts);
        let private_hosts = self.hosts("network.private_hosts", raw.private_hosts);
        let mut number = |name: &str, amount: Option<Spanned<Amount>>, unit| {
            let amount = amount?;
            self.place(name, &amount.span());
            self.amount(amount, unit, u64::MAX)
        };
        let requests = number("network.requests", raw.requests, Count);
        let bytes = number("network.bytes", raw.bytes, Bytes);
        let bytes_per_host = number("network.bytes_per_host", raw.bytes_per_host, Bytes);
        self.policy.network = Network { hosts, private_hosts, requests, bytes, bytes_per_host };
    }

    fn amount(
        &mut self,
        amount: Spanned<Amount>,
        unit: akua_source::Unit,
        most: u64,
    ) -> Option<u64> {
        let at = amount.span();
        let read = match amount.into_inner() {
            Amount::Number(number) => unit.parse(&number.to_string()),
            Amount::Text(text) => unit.parse(&text),
        };
        match read {
            Ok(amount) if amount <= most => return Some(amount),
            Ok(_) => self.refuse(&at, format!("expected at most {}", unit.show(most))),
            Err(message) => self.refuse(&at, message),
        }
        None
    }

    fn names(&mut self, at: &str, raw: Option<Allow>, known: &[&str]) -> Option<BTreeSet<String>> {
        let list = raw?.allow;
        self.place(at, &list.span());
        let mut names = BTreeSet::new();
        for name in list.into_inner() {
            if known.contains(&name.get_ref().as_str()) {
                names.insert(name.into_inner());
            } else {
                self.refuse(&name.span(), format!("expected one of {}", known.join(", ")));
            }
        }
        Some(names)
    }

    fn hosts(
        &mut self,
        at: &str,
        raw: Option<Spanned<Vec<Spanned<String>>>>,
    ) -> Option<BTreeSet<String>> {
        let list = raw?;
        self.place(at, &list.span());
        let mut hosts = BTreeSet::new();
        for host in list.into_inner() {
            if is_host(host.get_ref()) {
                hosts.insert(host.into_inner());
            } else {
                let message = "expected a host in lower case, such as `example.com`, or `*.example.com` for all below it";
                self.refuse(&host.span(), message.to_owned());
            }
        }
        Some(hosts)
    }

    fn place(&mut self, rule: &str, at: &Range<usize>) {
        self.policy.places.insert(rule.to_owned(), Span::of(self.file, at));
    }

    fn refuse(&mut self, at: &Range<usize>, message: String) {
        let place = Span::of(self.file, at);
        self.wrong.push(Diagnostic::error("E_POLICY_PARSE", message).label(place, ""));
    }
}

/// Returns whether a text is a host without scheme and port, or `*.` and one.
fn is_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b);
    // An IPv6 address has colons in brackets; a port has none.
    let port = name.contains(':') && !name.starts_with('[');
    !name.is_empty() && !port && !name.starts_with('.') && name.bytes().all(letter)
}

#[cfg(test)]
mod tests;
