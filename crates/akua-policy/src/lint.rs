//! What is wrong with a policy that can be parsed: contradictions, rules without effect, rules that
//! are wider than the preset beside them.

use crate::policy::{Network, Policy};
use crate::preset::Preset;
use akua_sign::Depth;
use akua_source::{Budget, Diagnostic, TABLE};
use std::collections::BTreeSet;

/// Pairs of limits of which the first cannot be used up where the second is lower.
const INSIDE: [(Budget, Budget); 4] = [
    (Budget::WorkerTimeout, Budget::Timeout),
    (Budget::EngineTimeout, Budget::Timeout),
    (Budget::WorkerMemory, Budget::RenderMemory),
    (Budget::EngineMemory, Budget::RenderMemory),
];

/// Returns what is odd about a policy: errors for contradictions, warnings for the rest.
pub fn lint(policy: &Policy) -> Vec<Diagnostic> {
    let mut found = Lint { policy, found: Vec::new() };
    found.contradictions();
    found.unused();
    found.wider();
    found.found
}

struct Lint<'p> {
    policy: &'p Policy,
    found: Vec<Diagnostic>,
}

impl Lint<'_> {
    fn tell(&mut self, diagnostic: Diagnostic, rule: &str) {
        let place = self.policy.places.get(rule).copied();
        self.found.push(match place {
            Some(place) => diagnostic.label(place, ""),
            None => diagnostic,
        });
    }

    fn contradiction(&mut self, rule: &str, message: String) {
        self.tell(Diagnostic::error("E_POLICY_CONTRADICTION", message), rule);
    }

    fn warn(&mut self, code: &str, rule: &str, message: String) {
        self.tell(Diagnostic::error(code, message).warning(), rule);
    }

    /// What a limit is in this file, its preset or the defaults.
    fn amount(&self, budget: Budget) -> Option<u64> {
        let own = self.policy.budgets.get(&budget).copied();
        let preset = self.policy.preset.unwrap_or(Preset::Balanced);
        own.or_else(|| preset.policy().budgets.get(&budget).copied())
    }

    fn contradictions(&mut self) {
        for (inner, outer) in INSIDE {
            let (Some(own), Some(whole)) = (self.amount(inner), self.amount(outer)) else {
                continue;
            };
            let (inner, outer) = (inner.row(), outer.row());
            if own > whole {
                let rule = format!("budgets.{}", inner.name);
                let outside = format!("budgets.{}", outer.name);
                let rule = if self.policy.places.contains_key(&rule) { rule } else { outside };
                let (own, whole) = (inner.unit.show(own), outer.unit.show(whole));
                let message = format!(
                    "`{}` ({own}) can never be used up: `{}` is {whole}",
                    inner.name, outer.name
                );
                self.contradiction(&rule, message);
            }
        }
        let Network { hosts, private_hosts, bytes, bytes_per_host, .. } = &self.policy.network;
        if let (Some(bytes), Some(host)) = (bytes, bytes_per_host)
            && host > bytes
        {
            let message = "one host may be read for more bytes than all hosts together".to_owned();
            self.contradiction("network.bytes_per_host", message);
        }
        if let (Some(hosts), Some(private)) = (hosts, private_hosts) {
            for host in private.iter().filter(|host| !covered(hosts, host)) {
                let message = format!("the private host `{host}` is not among `network.hosts`");
                self.contradiction("network.private_hosts", message);
            }
        }
        let no_helm = self.policy.engines.as_ref().is_some_and(BTreeSet::is_empty);
        for budget in [Budget::EngineTimeout, Budget::EngineMemory] {
            if no_helm && self.policy.budgets.contains_key(&budget) {
                let name = budget.row().name;
                let message = format!("`{name}` bounds engines, and no engine is allowed");
                self.contradiction(&format!("budgets.{name}"), message);
            }
        }
    }

    fn unused(&mut self) {
        const CODE: &str = "W_POLICY_UNUSED";
        let preset = self.policy.preset.unwrap_or(Preset::Balanced).policy();
        for row in &TABLE {
            let own = self.policy.budgets.get(&row.budget);
            if own.is_some() && own == preset.budgets.get(&row.budget) {
                let message = format!("`{}` says what holds without it", row.name);
                self.warn(CODE, &format!("budgets.{}", row.name), message);
            }
        }
        let lists = [
            ("network.hosts", self.policy.network.hosts.clone()),
            ("network.private_hosts", self.policy.network.private_hosts.clone()),
        ];
        for (rule, hosts) in lists {
            let Some(hosts) = hosts else { continue };
            for host in &hosts {
                let others: BTreeSet<String> =
                    hosts.iter().filter(|other| *other != host).cloned().collect();
                if covered(&others, host) {
                    let message = format!("`{host}` is covered by another entry");
                    self.warn(CODE, rule, message);
                }
            }
        }
        if self.policy.engines.as_ref().is_some_and(|named| named.len() == crate::ENGINES.len()) {
            self.warn(CODE, "engines.allow", "all engines are allowed without it".to_owned());
        }
        let required = self.policy.signatures.required;
        if required == Some(Depth::None) && preset.signatures.required.is_none() {
            let message = "signatures are not required without it".to_owned();
            self.warn(CODE, "signatures.required", message);
        }
    }

    fn wider(&mut self) {
        const CODE: &str = "W_POLICY_WIDER";
        let Some(preset) = self.policy.preset else { return };
        let name = preset.name();
        let preset = preset.policy();
        for row in &TABLE {
            let own = self.policy.budgets.get(&row.budget);
            let theirs = preset.budgets.get(&row.budget);
            if let (Some(own), Some(theirs)) = (own, theirs)
                && own > theirs
            {
                let theirs = row.unit.show(*theirs);
                let message = format!("`{}` is wider than `{name}`, which has {theirs}", row.name);
                self.warn(CODE, &format!("budgets.{}", row.name), message);
            }
        }
        if let (Some(own), Some(theirs)) = (&self.policy.modules, &preset.modules) {
            for module in own.difference(theirs) {
                let message = format!("`{name}` does not allow the module `{module}`");
                self.warn(CODE, "modules.allow", message);
            }
        }
        let quotas = [
            ("network.requests", self.policy.network.requests, preset.network.requests),
            ("network.bytes", self.policy.network.bytes, preset.network.bytes),
            (
                "network.bytes_per_host",
                self.policy.network.bytes_per_host,
                preset.network.bytes_per_host,
            ),
        ];
        for (rule, own, theirs) in quotas {
            if own.zip(theirs).is_some_and(|(own, theirs)| own > theirs) {
                self.warn(CODE, rule, format!("`{rule}` is wider than in `{name}`"));
            }
        }
        let (own, theirs) = (self.policy.signatures.required, preset.signatures.required);
        if own.zip(theirs).is_some_and(|(own, theirs)| own < theirs) {
            let message = format!("`{name}` wants more signatures than this file");
            self.warn(CODE, "signatures.required", message);
        }
    }
}

/// Returns whether a list of hosts has a host, or all that a pattern stands for.
fn covered(hosts: &BTreeSet<String>, host: &str) -> bool {
    let name = host.strip_prefix("*.").map_or(host, |_| host.trim_start_matches('*'));
    hosts.contains(host)
        || hosts.iter().any(|pattern| {
            pattern
                .strip_prefix('*')
                .is_some_and(|suffix| name.ends_with(suffix) && pattern != host)
        })
}
