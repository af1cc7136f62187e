//! Who has to have signed what comes from where, as it is written: `[signing.identities]` in
//! `akua.toml`, `[signatures.identities]` in a policy.

use crate::Pattern;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rules by patterns of sources; the keys that they name are still files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignerRules {
    /// A pattern of sources, and who may have signed what comes from them: one of these is enough.
    pub rules: Vec<(Pattern, Vec<SignerRule>)>,
}

/// One who may have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerRule {
    /// Who has the private key of this one: a PEM file, beside the file that says so.
    Key(String),
    /// Whom an issuer knows by this identity.
    Identity {
        /// The identity: an email address, or the URI of a workflow.
        identity: Pattern,
        /// The OIDC issuer.
        issuer: Pattern,
    },
}

/// The table as it is written: patterns of sources, such as `oci://registry.example.com/*`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RawSignerRules(BTreeMap<String, RawSigners>);

/// Who may have signed: one, or any of several.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected { key = … } or { identity = …, issuer = … }, or a list")]
enum RawSigners {
    /// One.
    One(RawSigner),
    /// Any of them.
    Any(Vec<RawSigner>),
}

/// One who may have signed: by a key, or by an identity and its issuer.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawSigner {
    /// PEM file of a public key.
    key: Option<String>,
    /// Identity in the certificate; `*` stands for anything.
    identity: Option<String>,
    /// OIDC issuer of the identity; `*` stands for anything.
    issuer: Option<String>,
}

impl RawSignerRules {
    /// Checks the table.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn check(self) -> Result<SignerRules, String> {
        let rules = self.0.into_iter().map(|(source, signers)| {
            let pattern = Pattern::new(&source).filter(|_| source.starts_with("oci://"));
            let pattern = pattern.ok_or_else(|| {
                format!("`{source}`: expected `oci://HOST/NAME`, where `*` stands for anything")
            })?;
            if source.contains(char::is_uppercase) {
                return Err(format!(
                    "`{source}`: hosts and repositories are compared in lower case"
                ));
            }
            let signers = match signers {
                RawSigners::One(one) => vec![one],
                RawSigners::Any(several) => several,
            };
            if signers.is_empty() {
                return Err(format!("`{source}`: expected somebody who may have signed"));
            }
            let signers = signers.into_iter().map(RawSigner::check).collect::<Result<_, _>>();
            Ok((pattern, signers.map_err(|reason| format!("`{source}`: {reason}"))?))
        });
        Ok(SignerRules { rules: rules.collect::<Result<_, _>>()? })
    }
}

impl RawSigner {
    fn check(self) -> Result<SignerRule, String> {
        match (self.key, self.identity, self.issuer) {
            (Some(key), None, None) => Ok(SignerRule::Key(key)),
            (None, Some(identity), Some(issuer)) => {
                match (Pattern::new(&identity), Pattern::new(&issuer)) {
                    (Some(identity), Some(issuer)) => Ok(SignerRule::Identity { identity, issuer }),
                    _ => Err("an identity or issuer is empty or too long".to_owned()),
                }
            }
            _ => Err("expected `key`, or `identity` and `issuer`".to_owned()),
        }
    }
}
