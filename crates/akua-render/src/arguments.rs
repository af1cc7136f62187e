//! Arguments of plugins, checked before anything is done with them.

use akua_wire::protocol::BridgeError;
use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// Longest release name, in bytes: helm's own limit.
const RELEASE_LIMIT: usize = 53;

/// Arguments of `helm.template`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HelmTemplate {
    pub(crate) chart: String,
    /// A mapping, as text: parsed, it would be many times as large.
    pub(crate) values: Option<Box<RawValue>>,
    pub(crate) release: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) kube_version: Option<String>,
    pub(crate) api_versions: Option<Names>,
    pub(crate) include_crds: Option<bool>,
    pub(crate) no_hooks: Option<bool>,
    pub(crate) skip_tests: Option<bool>,
    pub(crate) show_only: Option<Names>,
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
    /// A mapping, as text.
    pub(crate) inputs: Option<Box<RawValue>>,
}

/// Most names in a list of an argument; a cluster has some hundred API versions.
const NAMES_LIMIT: usize = 10_000;

/// A list of names that ends.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Names;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "a list of at most {NAMES_LIMIT} strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    if names.len() >= NAMES_LIMIT {
                        return Err(A::Error::invalid_length(names.len(), &self));
                    }
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        from.deserialize_seq(List)
    }
}

/// Returns a mapping that a program gave, `{}` if it gave none.
pub(crate) fn mapping(
    method: &str,
    field: &str,
    given: Option<Box<RawValue>>,
) -> Result<Box<RawValue>, BridgeError> {
    let given = match given {
        Some(given) if given.get() != "null" => given,
        _ => RawValue::from_string("{}".to_owned()).map_err(|error| invalid(method, &error))?,
    };
    if given.get().starts_with('{') {
        return Ok(given);
    }
    Err(invalid(method, &serde_json::Error::custom(format!("`{field}`: expected a mapping"))))
}

/// Reads the one argument of a plugin.
pub(crate) fn read<T: DeserializeOwned>(method: &str, args: &str) -> Result<T, BridgeError> {
    let parsed: Result<(T,), _> = serde_json::from_str(args);
    parsed.map(|(argument,)| argument).map_err(|error| invalid(method, &error))
}

fn invalid(method: &str, error: &serde_json::Error) -> BridgeError {
    BridgeError {
        code: "E_PLUGIN_ARGUMENT".to_owned(),
        message: format!("invalid argument of {method}: {}", reason(error)),
        path: None,
        help: Some(format!("see the schema of {method} for its fields and their types")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads values that a program gave; they are as they were written.
    fn check(values: &str) {
        let args = format!(r#"[{{"chart": "c", "values": {values}}}]"#);
        let read: HelmTemplate = read("helm.template", &args).expect("arguments");
        assert_eq!(mapping("m", "values", read.values).expect("a mapping").get(), values);
        let args = format!(r#"[{{"package": "p", "inputs": {values}}}]"#);
        let read: PackageRender = super::read("pkg.render", &args).expect("arguments");
        assert_eq!(mapping("m", "inputs", read.inputs).expect("a mapping").get(), values);
    }

    /// Parsed, a number, an order or an empty list would not be what it was, and many times as large.
    #[test]
    fn values_and_inputs_are_never_parsed() {
        check("{}");
        check(r#"{ "b": 1.0e0, "a" : [ ], "a": 18446744073709551616 }"#);
        check(&format!("{{\"a\": [{}[]]}}", "[],".repeat(100_000)));
        check(&format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000)));
    }

    #[test]
    fn values_are_a_mapping() {
        let refused = |given: &str| {
            let given = RawValue::from_string(given.to_owned()).expect("JSON");
            let error = mapping("helm.template", "values", Some(given)).expect_err("no mapping");
            assert_eq!(error.code, "E_PLUGIN_ARGUMENT");
            assert!(error.message.contains("`values`: expected a mapping"), "{}", error.message);
        };
        refused("[]");
        refused("1");
        refused("\"{}\"");
        let nothing = RawValue::from_string("null".to_owned()).expect("JSON");
        for given in [None, Some(nothing)] {
            assert_eq!(mapping("helm.template", "values", given).expect("a mapping").get(), "{}");
        }
    }

    #[test]
    fn lists_of_names_end() {
        let list = |count: usize| {
            let names = vec!["v1"; count];
            serde_json::json!([{"chart": "c", "apiVersions": names}]).to_string()
        };
        let read = |count| read::<HelmTemplate>("helm.template", &list(count));
        assert_eq!(
            read(NAMES_LIMIT).expect("fits").api_versions.expect("names").0.len(),
            NAMES_LIMIT
        );
        let error = read(NAMES_LIMIT.saturating_add(1)).expect_err("one too many");
        assert_eq!(error.code, "E_PLUGIN_ARGUMENT");
        assert!(error.message.contains("at most 10000 strings"), "{}", error.message);
    }
}
