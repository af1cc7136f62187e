//! What packages are made of: the cache, the network, and YAML through a Store.

use crate::Failure;
use crate::failure::named_file;
use akua_oci::{ClientOptions, Credentials, HostRules, ProgressFn};
use akua_package::{Cache, Problem, Remote, Supply, Yaml};
use akua_sandbox::Limits;
use akua_source::{Diagnostic, SourceMap};
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
    /// Whether the process is the verb's own, so that the verb may take from it, for good, what it
    /// does not need.
    pub wall: bool,
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
    pub(crate) fn supply(&self, limits: Limits) -> Supply {
        Supply {
            cache: Cache::new(&self.cache),
            remote: (!self.offline).then(|| self.remote()),
            yaml: Box::new(StoreYaml { limits }),
            module_registry: self.module_registry.clone(),
        }
    }

    /// Returns the network.
    pub(crate) fn remote(&self) -> Remote {
        let home = self.clone();
        Remote::new(Box::new(move || home.client_options()))
    }

    fn client_options(&self) -> Result<ClientOptions, Problem> {
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
            allow_private: self.allow_private.clone(),
            local_repositories: self.local_git,
            ..HostRules::default()
        };
        let progress = self.progress.clone();
        Ok(ClientOptions { credentials, hosts, ca_bundle, progress, ..ClientOptions::default() })
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
    limits: Limits,
}

impl Yaml for StoreYaml {
    fn to_json(&self, name: &str, bytes: &[u8]) -> Result<String, Box<Diagnostic>> {
        akua_render::yaml_to_json(name, bytes, self.limits.clone()).map_err(|failure| {
            let first = failure.diagnostics.into_iter().next();
            let unknown = || Diagnostic::error("E_INTERNAL", format!("`{name}` cannot be read"));
            Box::new(first.unwrap_or_else(unknown))
        })
    }
}
