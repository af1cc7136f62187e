//! What packages are made of: the cache, the network, and YAML through a Store.

use crate::failure::named_file;
use crate::trust::trust;
use crate::{Failure, LimitOptions};
use akua_oci::{ClientOptions, Credentials, HostRules, ProgressFn, Quotas};
use akua_package::{Cache, Problem, Project, Remote, Supply, Yaml};
use akua_policy::{Effective, Network};
use akua_sign::Secret;
use akua_source::{Budgets, Diagnostic, SourceMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file of credentials or certificates, in bytes.
const CONFIG_LIMIT_BYTES: u64 = 1 << 20;

/// Where akua keeps things on this machine, and what it may reach: read from the environment by
/// who owns that.
#[derive(Clone, Default)]
pub struct Home {
    /// The cache.
    pub cache: PathBuf,
    /// Where the trust root of the public instance lies once it was refreshed.
    pub trust: Option<PathBuf>,
    /// akua's own credentials: `auth.toml`.
    pub auth: PathBuf,
    /// Docker's credentials.
    pub docker: PathBuf,
    /// `oci://HOST/PATH` of KCL modules that are asked for by version alone.
    pub module_registry: Option<String>,
    /// Certificate authorities besides the machine's, in PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Hosts that may have private addresses.
    pub allow_private: Vec<String>,
    /// Whether git repositories of this machine (`file://`) may be read.
    pub local_git: bool,
    /// Whether no socket may be opened.
    pub offline: bool,
    /// Policies of this machine, where they are there.
    pub policies: Vec<PathBuf>,
    /// A policy that a person named.
    pub policy: Option<PathBuf>,
    /// Whether the process is the verb's own, so that the verb may take from it, for good, what it
    /// does not need.
    pub wall: bool,
    /// The text of a private key to sign with.
    pub signing_key: Option<Secret>,
    /// What private keys are encrypted with.
    pub passphrase: Option<Secret>,
    /// The module that speaks with tokens, where the name of a key in one has none.
    pub token_module: Option<PathBuf>,
    /// What unlocks them.
    pub token_pin: Option<Secret>,
    /// Who is told how far a transfer is.
    pub progress: Option<Arc<ProgressFn>>,
}

impl std::fmt::Debug for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Home").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl Home {
    /// Returns what packages are made of here.
    ///
    /// # Errors
    /// A key cannot be read.
    pub(crate) fn supply(
        &self,
        project: Option<&Project>,
        policy: &Effective,
    ) -> Result<Supply, Failure> {
        Ok(Supply {
            cache: Cache::new(&self.cache),
            remote: (!self.offline).then(|| self.remote(policy)),
            yaml: Box::new(StoreYaml { budgets: policy.budgets.clone() }),
            trust: trust(self, project, policy)?,
            module_registry: self.module_registry.clone(),
        })
    }

    /// Returns what a project's packages are made of here.
    pub(crate) fn supply_for(&self, project: &Project) -> Result<Supply, Failure> {
        let policy = self.policy(Some(project), &LimitOptions::default())?.policy;
        self.supply(Some(project), &policy)
    }

    /// Returns the network, for what concerns no project.
    pub(crate) fn remote_alone(&self) -> Result<Remote, Failure> {
        Ok(self.remote(&self.policy(None, &LimitOptions::default())?.policy))
    }

    /// Returns the network.
    pub(crate) fn remote(&self, policy: &Effective) -> Remote {
        let (home, policy) = (self.clone(), policy.clone());
        Remote::new(Box::new(move || home.client_options(&policy)))
    }

    fn client_options(&self, policy: &Effective) -> Result<ClientOptions, Problem> {
        let akua = optional(&self.auth)?;
        let docker = optional(&self.docker)?;
        let parsed = Credentials::parse(akua.as_deref(), docker.as_deref());
        let credentials = parsed.map_err(|error| {
            let (path, text) = match error.file {
                akua_oci::AuthFile::Akua => (&self.auth, akua),
                akua_oci::AuthFile::Docker => (&self.docker, docker),
            };
            let mut sources = SourceMap::default();
            // What a file of credentials says is shown to nobody: its place has to do.
            let hidden: String = text.unwrap_or_default().chars().map(hide).collect();
            let file = sources.add(path.display().to_string(), hidden);
            Problem { diagnostics: vec![error.to_diagnostic(file)], sources }
        })?;
        let ca_bundle = match &self.ca_bundle {
            Some(path) => Some(akua_disk::read_file(path, CONFIG_LIMIT_BYTES)?),
            None => None,
        };
        let hosts = HostRules {
            allowed: policy.hosts.iter().map(|hosts| hosts.iter().cloned().collect()).collect(),
            allow_private: self.private_hosts(policy),
            local_repositories: self.local_git,
            ..HostRules::default()
        };
        let progress = self.progress.clone();
        let Network { requests, bytes, bytes_per_host, .. } = policy.network;
        let quotas = Quotas { requests, bytes, bytes_per_host };
        let rest = ClientOptions::default();
        Ok(ClientOptions { credentials, hosts, quotas, ca_bundle, progress, ..rest })
    }

    /// Returns the hosts that may have private addresses: those of the environment, as far as the
    /// policy allows them; where the environment names none, those of the policy.
    pub(crate) fn private_hosts(&self, policy: &Effective) -> Vec<String> {
        match &policy.network.private_hosts {
            Some(allowed) if self.allow_private.is_empty() => allowed.iter().cloned().collect(),
            Some(allowed) => {
                let named = self.allow_private.iter();
                named.filter(|host| allowed.contains(*host)).cloned().collect()
            }
            None => self.allow_private.clone(),
        }
    }

    /// Returns the text of akua's own credentials, empty where there is no such file.
    pub(crate) fn auth_text(&self) -> Result<String, Failure> {
        Ok(optional(&self.auth)?.unwrap_or_default())
    }
}

/// Hides a letter of a secret file; lines stay lines.
fn hide(letter: char) -> char {
    if letter == '\n' { '\n' } else { '·' }
}

/// Reads a file that need not be there.
fn optional(path: &Path) -> Result<Option<String>, Problem> {
    match akua_disk::read_file(path, CONFIG_LIMIT_BYTES) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(akua_disk::DiskError::Missing { .. }) => Ok(None),
        Err(error) => {
            let help = "make it a readable file, or remove it";
            let failure = named_file("E_AUTH_FILE", &error, help);
            Err(Problem { diagnostics: failure.diagnostics, sources: failure.sources })
        }
    }
}

/// Reads YAML in a Store.
#[derive(Debug)]
struct StoreYaml {
    budgets: Budgets,
}

impl Yaml for StoreYaml {
    fn to_json(&self, name: &str, bytes: &[u8]) -> Result<String, Box<Diagnostic>> {
        akua_render::yaml_to_json(name, bytes, &self.budgets).map_err(|failure| {
            let first = failure.diagnostics.into_iter().next();
            let unknown = || Diagnostic::error("E_INTERNAL", format!("`{name}` cannot be read"));
            Box::new(first.unwrap_or_else(unknown))
        })
    }
}
