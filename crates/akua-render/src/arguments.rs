//! Arguments of plugins, checked before anything is done with them.

use akua_wire::protocol::BridgeError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// Longest release name, in bytes: helm's own limit.
const RELEASE_LIMIT: usize = 53;

/// Arguments of `helm.template`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HelmTemplate {
    pub(crate) chart: String,
    pub(crate) values: Option<serde_json::Map<String, Json>>,
    pub(crate) release: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) kube_version: Option<String>,
    pub(crate) api_versions: Option<Vec<String>>,
    pub(crate) include_crds: Option<bool>,
    pub(crate) no_hooks: Option<bool>,
    pub(crate) skip_tests: Option<bool>,
    pub(crate) show_only: Option<Vec<String>>,
}

/// Arguments of `kustomize.build`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KustomizeBuild {
    pub(crate) path: String,
}

/// Arguments of `pkg.render`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageRender {
    pub(crate) package: String,
    pub(crate) inputs: Option<serde_json::Map<String, Json>>,
}

/// Reads the one argument of a plugin.
pub(crate) fn read<T: DeserializeOwned>(method: &str, args: &str) -> Result<T, BridgeError> {
    let parsed: Result<(T,), _> = serde_json::from_str(args);
    parsed.map(|(argument,)| argument).map_err(|error| BridgeError {
        code: "E_PLUGIN_ARGUMENT".to_owned(),
        message: format!("invalid argument of {method}: {}", reason(&error)),
        path: None,
        help: Some(format!("see the schema of {method} for its fields and their types")),
    })
}

/// Returns what serde says without the place in a text that nobody sees.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Returns the name of the release, by default that of the package as Kubernetes allows it.
pub(crate) fn release(given: Option<&str>, package: &str) -> Result<String, BridgeError> {
    let name = given.map_or_else(|| package.to_lowercase().replace('_', "-"), str::to_owned);
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if name.len() <= RELEASE_LIMIT && name.split('.').all(label) {
        return Ok(name);
    }
    Err(BridgeError {
        code: "E_PLUGIN_ARGUMENT".to_owned(),
        message: format!(
            "invalid release name `{name}`: expected lower-case letters, digits, `-` and `.`, at most {RELEASE_LIMIT}"
        ),
        path: None,
        help: Some("pass `release` to helm.template".to_owned()),
    })
}
