//! Which policy holds: layers of files and flags, joined; and `akua policy lint|template|show`.

use crate::failure::named_file;
use crate::{Failure, Home, LimitOptions};
use akua_disk::Folder;
use akua_package::Project;
use akua_policy::{Author, Effective, Layer, Policy};
use akua_source::{Diagnostic, Severity, SourceMap, TABLE, Unit};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use akua_policy::Preset;

/// A policy beside a manifest.
const PROJECT: &str = "policy.toml";
/// Largest policy, in bytes.
const POLICY_LIMIT_BYTES: u64 = 1 << 20;

/// What holds, and what a person should know about it.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What holds.
    pub(crate) policy: Effective,
    /// Flags that a policy overrules.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Home {
    /// Finds out which policy holds: that of the machine, that of `--policy`, those of the project
    /// (beside the package's manifest, and beside the workspace's), and flags.
    ///
    /// # Errors
    /// A policy that cannot be read: nothing goes on without it.
    pub(crate) fn policy(
        &self,
        project: Option<&Project>,
        flags: &LimitOptions,
    ) -> Result<Found, Failure> {
        let mut layers = Vec::new();
        for path in &self.policies {
            if akua_disk::exists(path) {
                layers.push(load(path)?);
            }
        }
        if let Some(path) = &self.policy {
            layers.push(load(path)?);
        }
        if let Some(project) = project {
            let folders = BTreeSet::from([project.workspace.clone(), project.root.path().into()]);
            for folder in folders {
                layers.extend(own(&folder)?);
            }
        }
        let policy = flags.policy();
        layers.push(Layer { name: "flags".to_owned(), author: Author::Operator, policy });
        let policy = Effective::of(&layers);
        let warnings = flags.amounts.iter().filter_map(|(budget, wanted)| {
            let row = budget.row();
            let held = policy.budgets.amount(*budget);
            let from = policy.origins.get(&format!("budgets.{}", row.name))?;
            let (wanted, held) = (row.unit.show(*wanted), row.unit.show(held));
            let message = format!("{} {wanted} is more than is allowed: {held} holds", row.flag);
            let warning = Diagnostic::error("W_POLICY_TIGHTER", message).warning();
            (wanted != held).then(|| warning.note(format!("the limit is from {from}")))
        });
        let warnings = warnings.collect();
        Ok(Found { policy, warnings })
    }
}

/// Reads a policy file that whoever runs akua names.
fn load(path: &Path) -> Result<Layer, Failure> {
    let name = path.display().to_string();
    let (policy, _) = read(path)?;
    Ok(Layer { name, author: Author::Operator, policy })
}

/// Reads the policy of a directory of the project, if there is one. It may be a stranger's: a link
/// that leads out would have a line of any file shown as what is wrong with it.
fn own(folder: &Path) -> Result<Option<Layer>, Failure> {
    let path = folder.join(PROJECT);
    if !akua_disk::exists(&path) {
        return Ok(None);
    }
    let bytes = Folder::open(folder)?.read(PROJECT, POLICY_LIMIT_BYTES)?;
    let name = path.display().to_string();
    let (policy, _) = parse(&name, &bytes)?;
    Ok(Some(Layer { name, author: Author::Project, policy }))
}

fn read(path: &Path) -> Result<(Policy, SourceMap), Failure> {
    let help = "name an existing policy; to begin with one: akua policy template --preset strict";
    let bytes = akua_disk::read_file(path, POLICY_LIMIT_BYTES)
        .map_err(|error| named_file("E_POLICY_FILE", &error, help))?;
    parse(&path.display().to_string(), &bytes)
}

fn parse(name: &str, bytes: &[u8]) -> Result<(Policy, SourceMap), Failure> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut sources = SourceMap::default();
    let file = sources.add(name, text.clone());
    match akua_policy::parse(file, &text) {
        Ok(policy) => Ok((policy, sources)),
        Err(diagnostics) => Err(Failure { diagnostics, sources, printed: Vec::new() }),
    }
}

/// What is odd about a policy.
#[derive(Debug, Serialize)]
pub struct LintOutcome {
    /// `ok`, `warn` or `fail`.
    pub status: &'static str,
    /// Contradictions.
    pub errors: usize,
    /// Rules without effect, or wider than the preset.
    pub warnings: usize,
    /// The same for people.
    #[serde(skip)]
    pub failure: Failure,
}

/// Checks a policy file.
///
/// # Errors
/// [`Failure`] where it is none.
pub fn lint(path: &Path) -> Result<LintOutcome, Failure> {
    let (policy, sources) = read(path)?;
    let diagnostics = akua_policy::lint(&policy);
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let warnings = diagnostics.len().saturating_sub(errors);
    let status = match (errors, warnings) {
        (0, 0) => "ok",
        (0, _) => "warn",
        _ => "fail",
    };
    let failure = Failure { diagnostics, sources, printed: Vec::new() };
    Ok(LintOutcome { status, errors, warnings, failure })
}

/// Writes a policy to begin with; returns its text.
///
/// # Errors
/// [`Failure`] where there is such a file already, or it cannot be written.
pub fn template(preset: Preset, out: Option<&Path>) -> Result<String, Failure> {
    let text = preset.template();
    if let Some(path) = out {
        if akua_disk::exists(path) {
            let message = format!("there is a file `{}` already", path.display());
            let help = "choose another name, or remove the file";
            return Err(Diagnostic::error("E_INIT_EXISTS", message).help(help).into());
        }
        akua_disk::write_file(path, text.as_bytes())?;
    }
    Ok(text)
}

/// Returns whether a directory is a package, whose policies count.
pub fn is_package(path: &Path) -> bool {
    akua_disk::exists(&path.join(akua_package::MANIFEST))
}

/// Which policy to show.
#[derive(Debug, Clone)]
pub struct ShowRequest {
    /// The package whose policies count too.
    pub package: Option<PathBuf>,
    /// Limits of flags.
    pub limits: LimitOptions,
    /// Where things are.
    pub home: Home,
}

/// A rule, and where it is from.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Its name, as a policy has it.
    #[serde(rename = "rule")]
    pub name: String,
    /// What it says.
    pub value: String,
    /// The file or `flags` that it is from; `built-in`.
    pub from: String,
}

/// The policy that holds.
#[derive(Debug, Serialize)]
pub struct ShowOutcome {
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// Shows which policy holds.
///
/// # Errors
/// [`Failure`] where a policy or the package cannot be read.
pub fn show(request: &ShowRequest) -> Result<ShowOutcome, Failure> {
    let project = request.package.as_deref().map(Project::open).transpose()?;
    let policy = request.home.policy(project.as_ref(), &request.limits)?.policy;
    let mut rules = Vec::new();
    let mut add = |rule: String, value: String| {
        let from = policy.origins.get(&rule).cloned().unwrap_or_else(|| "built-in".to_owned());
        rules.push(Rule { name: rule, value, from });
    };
    for row in &TABLE {
        let amount = policy.budgets.get(row.budget);
        let shown = amount.map_or("none".to_owned(), |amount| row.unit.show(amount));
        add(format!("budgets.{}", row.name), shown);
    }
    let list = |names: Option<&BTreeSet<String>>| match names {
        None => "all".to_owned(),
        Some(names) if names.is_empty() => "none".to_owned(),
        Some(names) => names.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    add("engines.allow".to_owned(), list(policy.engines.as_ref()));
    add("modules.allow".to_owned(), list(policy.modules.as_ref()));
    let hosts: Vec<String> = policy.hosts.iter().map(|hosts| list(Some(hosts))).collect();
    let hosts = if hosts.is_empty() { "all".to_owned() } else { hosts.join(" and ") };
    add("network.hosts".to_owned(), hosts);
    let network = &policy.network;
    let private = request.home.private_hosts(&policy).into_iter().collect();
    add("network.private_hosts".to_owned(), list(Some(&private)));
    let quota = |amount: Option<u64>, unit: Unit| {
        amount.map_or("none".to_owned(), |amount| unit.show(amount))
    };
    add("network.requests".to_owned(), quota(network.requests, Unit::Count));
    add("network.bytes".to_owned(), quota(network.bytes, Unit::Bytes));
    add("network.bytes_per_host".to_owned(), quota(network.bytes_per_host, Unit::Bytes));
    add("signatures.required".to_owned(), policy.signatures.name().to_owned());
    add("signatures.attestations".to_owned(), policy.attestations.name().to_owned());
    let signers = policy.signers.iter().flat_map(|signers| &signers.rules.rules);
    let sources: Vec<&str> = signers.map(|(source, _)| source.as_str()).collect();
    let sources = if sources.is_empty() { "none".to_owned() } else { sources.join(", ") };
    add("signatures.identities".to_owned(), sources);
    Ok(ShowOutcome { rules })
}
