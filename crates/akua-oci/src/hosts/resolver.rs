//! Names to addresses, at the moment of connecting.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{HostError, HostRules};

/// The resolver under every connection: what the rules refuse is not handed to the connector.
pub(crate) struct GuardedResolver {
    /// The rules.
    rules: Arc<HostRules>,
    /// Who answers.
    lookup: Lookup,
}

/// Who answers for a name.
pub(crate) enum Lookup {
    /// The machine's own resolver.
    System,
    /// A list, for tests.
    #[cfg(test)]
    Fixed(Vec<SocketAddr>),
}

impl GuardedResolver {
    /// Returns a resolver under the rules.
    pub(crate) fn new(rules: Arc<HostRules>, lookup: Lookup) -> Self {
        Self { rules, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = super::normal(name.as_str());
        let rules = Arc::clone(&self.rules);
        match &self.lookup {
            Lookup::System => Box::pin(async move {
                let addresses = lookup_host(&host, 0).await?;
                Ok(keep(&rules, &host, addresses)?)
            }),
            #[cfg(test)]
            Lookup::Fixed(addresses) => {
                let addresses = addresses.clone();
                Box::pin(async move { Ok(keep(&rules, &host, addresses)?) })
            }
        }
    }
}

/// Asks the machine's resolver.
pub(crate) async fn lookup_host(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// The addresses that the rules let through; the refusal of the last one if none is left.
///
/// One bad address among good ones is left out: the connector never sees it.
fn keep(rules: &HostRules, host: &str, addresses: Vec<SocketAddr>) -> Result<Addrs, HostError> {
    let mut kept = Vec::new();
    let mut refusal = None;
    for address in addresses {
        match rules.check_address(host, address.ip()) {
            Ok(()) => kept.push(address),
            Err(error) => refusal = Some(error),
        }
    }
    match refusal {
        Some(error) if kept.is_empty() => Err(error),
        _ => Ok(Box::new(kept.into_iter())),
    }
}
