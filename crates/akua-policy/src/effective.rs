//! Layers of a policy, joined: only the tighter wins.

use crate::policy::{Network, Policy, Signatures};
use crate::preset::Preset;
use akua_sign::{Depth, SignerRules};
use akua_source::{Budget, Budgets, TABLE};
use std::collections::{BTreeMap, BTreeSet};

/// Who a layer is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// Whoever runs akua: a file of the machine, a file that a flag names, or flags. It says what
    /// holds in place of the defaults, up to what can be set.
    Operator,
    /// Whoever wrote the project, and so perhaps the package: it only tightens.
    Project,
}

/// A layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What it is called: a path, or `flags`.
    pub name: String,
    /// Who it is from.
    pub author: Author,
    /// What it says.
    pub policy: Policy,
}

/// Who has to have signed, as one layer says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signers {
    /// The layer.
    pub layer: String,
    /// Who the layer is from.
    pub author: Author,
    /// Its rules.
    pub rules: SignerRules,
    /// File with its trust root.
    pub trusted_root: Option<String>,
}

/// What holds.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// Limits.
    pub budgets: Budgets,
    /// Engines that may run; all if none is named.
    pub engines: Option<BTreeSet<String>>,
    /// Standard modules that may be imported; all if none is named.
    pub modules: Option<BTreeSet<String>>,
    /// Lists of hosts: each list has to have a host that is reached.
    pub hosts: Vec<BTreeSet<String>>,
    /// The rest of what the resolver may do.
    pub network: Network,
    /// How deep in the graph of dependencies what is fetched has to be signed.
    pub signatures: Depth,
    /// How deep its provenance has to be attested.
    pub attestations: Depth,
    /// Who has to have signed what comes from where: each layer has to be satisfied.
    pub signers: Vec<Signers>,
    /// Which layer each rule is from, where it is not built in.
    pub origins: BTreeMap<String, String>,
}

impl Effective {
    /// Joins layers.
    pub fn of(layers: &[Layer]) -> Self {
        let layers: Vec<Layer> = layers.iter().map(Layer::with_preset).collect();
        let mut joined = Self::default();
        for row in &TABLE {
            joined.budget(&layers, row.budget, row.name);
        }
        for layer in &layers {
            joined.rules(layer);
        }
        joined
    }

    /// Sets a limit: the lowest of all layers; of the defaults only if no operator said anything.
    fn budget(&mut self, layers: &[Layer], budget: Budget, name: &str) {
        let mut found: Option<(u64, &str)> = None;
        let said =
            layers.iter().filter_map(|layer| Some((*layer.policy.budgets.get(&budget)?, layer)));
        let mut default = true;
        for (amount, layer) in said {
            default &= layer.author == Author::Project;
            if found.is_none_or(|(lowest, _)| amount < lowest) {
                found = Some((amount, &layer.name));
            }
        }
        let Some((amount, layer)) = found else { return };
        if !default || amount < self.budgets.amount(budget) {
            self.budgets.set(budget, amount);
            self.origin(&format!("budgets.{name}"), layer);
        }
    }

    /// Tightens the rules that are no budgets.
    fn rules(&mut self, layer: &Layer) {
        let Layer { name: layer, author, policy } = layer;
        if tighten_set(&mut self.engines, policy.engines.as_ref()) {
            self.origin("engines.allow", layer);
        }
        if tighten_set(&mut self.modules, policy.modules.as_ref()) {
            self.origin("modules.allow", layer);
        }
        if let Some(hosts) = &policy.network.hosts {
            self.hosts.push(hosts.clone());
            self.origin("network.hosts", layer);
        }
        if tighten_set(&mut self.network.private_hosts, policy.network.private_hosts.as_ref()) {
            self.origin("network.private_hosts", layer);
        }
        let Network { requests, bytes, bytes_per_host, .. } = policy.network;
        if tighten(&mut self.network.requests, requests) {
            self.origin("network.requests", layer);
        }
        if tighten(&mut self.network.bytes, bytes) {
            self.origin("network.bytes", layer);
        }
        if tighten(&mut self.network.bytes_per_host, bytes_per_host) {
            self.origin("network.bytes_per_host", layer);
        }
        let Signatures { required, attestations, identities, trusted_root } = &policy.signatures;
        if required.is_some_and(|depth| depth > self.signatures) {
            self.signatures = required.unwrap_or_default();
            self.origin("signatures.required", layer);
        }
        if attestations.is_some_and(|depth| depth > self.attestations) {
            self.attestations = attestations.unwrap_or_default();
            self.origin("signatures.attestations", layer);
        }
        if !identities.rules.is_empty() {
            self.signers.push(Signers {
                layer: layer.to_owned(),
                author: *author,
                rules: identities.clone(),
                trusted_root: trusted_root.clone(),
            });
            self.origin("signatures.identities", layer);
        }
    }

    fn origin(&mut self, rule: &str, layer: &str) {
        self.origins.insert(rule.to_owned(), layer.to_owned());
    }

    /// Returns whether an engine may run.
    pub fn allows_engine(&self, name: &str) -> bool {
        self.engines.as_ref().is_none_or(|engines| engines.contains(name))
    }
}

impl Layer {
    /// Returns it with what its preset says where it says nothing itself. A project cannot allow
    /// itself private hosts.
    fn with_preset(&self) -> Self {
        let mut policy = self.policy.clone();
        if self.author == Author::Project {
            policy.network.private_hosts = None;
        }
        if let Some(preset) = policy.preset.map(Preset::policy) {
            let mut budgets = preset.budgets;
            budgets.append(&mut policy.budgets);
            policy.budgets = budgets;
            policy.engines = policy.engines.or(preset.engines);
            policy.modules = policy.modules.or(preset.modules);
            let (own, theirs) = (&mut policy.signatures, preset.signatures);
            own.required = own.required.or(theirs.required);
            own.attestations = own.attestations.or(theirs.attestations);
            let (own, theirs) = (&mut policy.network, preset.network);
            own.hosts = own.hosts.take().or(theirs.hosts);
            own.private_hosts = own.private_hosts.take().or(theirs.private_hosts);
            own.requests = own.requests.or(theirs.requests);
            own.bytes = own.bytes.or(theirs.bytes);
            own.bytes_per_host = own.bytes_per_host.or(theirs.bytes_per_host);
        }
        Self { policy, ..self.clone() }
    }
}

fn tighten_set(held: &mut Option<BTreeSet<String>>, said: Option<&BTreeSet<String>>) -> bool {
    let Some(said) = said else { return false };
    let joined = match held.take() {
        Some(held) => held.intersection(said).cloned().collect(),
        None => said.clone(),
    };
    *held = Some(joined);
    true
}

fn tighten(held: &mut Option<u64>, said: Option<u64>) -> bool {
    let Some(said) = said else { return false };
    if held.is_some_and(|held| held <= said) {
        return false;
    }
    *held = Some(said);
    true
}
