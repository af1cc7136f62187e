//! Whom to ask: the services of a Sigstore instance.
//!
//! # Spec
//! protobuf-specs, `sigstore_trustroot.proto`: `SigningConfig`.

use super::{Log, LogVersion};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_SIGNING_CONFIG, ServiceSelector, SigningConfig};

/// Largest file, in bytes.
const LIMIT_BYTES: usize = 1 << 20;
/// Most clocks that are asked.
const CLOCKS: usize = 8;
/// The versions of logs that are spoken to, as a config numbers them; the best is first.
const LOG_VERSIONS: [(u32, LogVersion); 2] = [(2, LogVersion::Two), (1, LogVersion::One)];

/// Where to send what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// For a certificate.
    pub certificates: String,
    /// For an entry in a log.
    pub entries: Log,
    /// For timestamps, of each.
    pub timestamps: Vec<String>,
}

/// A file does not say whom to ask.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// Too large.
    #[error("a signing config has at most {limit_bytes} bytes")]
    TooLarge {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Not text.
    #[error("a signing config is JSON, and this is no text")]
    Text,
    /// Not the JSON of a signing config.
    #[error("it is not the JSON of a signing config (0.2)")]
    Json(#[source] sigstore_trust_root::Error),
    /// A service that is not there, or not any more, or only in versions that are not spoken.
    #[error("it names no {service} that akua can use")]
    Missing {
        /// Which one.
        service: &'static str,
    },
    /// More than one log is asked for.
    #[error("it asks for entries in several logs")]
    Several,
    /// More timestamps than it names clocks for, or than are asked.
    #[error("it asks for {wanted} timestamps, and names {named} clocks")]
    Clocks {
        /// How many it asks for.
        wanted: usize,
        /// How many there are.
        named: usize,
    },
}

impl Services {
    /// Returns the document of the public instance, as it was when akua was built.
    pub fn public() -> &'static [u8] {
        SIGSTORE_PRODUCTION_SIGNING_CONFIG.as_bytes()
    }

    /// Reads a signing config: what `cosign signing-config create` writes.
    ///
    /// # Errors
    /// [`ServicesError`].
    pub fn parse(json: &[u8]) -> Result<Self, ServicesError> {
        if json.len() > LIMIT_BYTES {
            return Err(ServicesError::TooLarge { limit_bytes: LIMIT_BYTES });
        }
        let text = std::str::from_utf8(json).map_err(|_no_text| ServicesError::Text)?;
        let config = SigningConfig::from_json(text).map_err(ServicesError::Json)?;
        let missing = |service| ServicesError::Missing { service };
        let certificates = config.fulcio_url().ok_or_else(|| missing("Fulcio"))?.url.clone();
        let entries = log(&config)?;
        let timestamps = clocks(&config, entries.version)?;
        Ok(Self { certificates, entries, timestamps })
    }
}

/// The log to write to: one of the newest version that is spoken to and that the config names.
fn log(config: &SigningConfig) -> Result<Log, ServicesError> {
    let of_version = |(number, version)| (config.eligible_rekor_urls(Some(number)), version);
    let mut named = LOG_VERSIONS.into_iter().map(of_version);
    let found = named.find(|(logs, _)| !logs.is_empty());
    let (logs, version) = found.ok_or(ServicesError::Missing { service: "log (Rekor 1 or 2)" })?;
    let several = match config.rekor_tlog_config.selector {
        ServiceSelector::Any => false,
        ServiceSelector::All => logs.len() > 1,
        _ => config.rekor_tlog_config.count != Some(1),
    };
    if several {
        return Err(ServicesError::Several);
    }
    let url = logs.first().map(|log| log.url.clone()).unwrap_or_default();
    Ok(Log { url, version })
}

/// The clocks to ask. There has to be one where entries of the log have no time.
fn clocks(config: &SigningConfig, log: LogVersion) -> Result<Vec<String>, ServicesError> {
    let found = config.eligible_tsa_urls();
    let named = found.len();
    let wanted = match config.tsa_config.selector {
        ServiceSelector::Any => 1,
        ServiceSelector::All => named,
        _ => config.tsa_config.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
    };
    if named == 0 && log == LogVersion::One {
        return Ok(Vec::new());
    }
    if named == 0 {
        return Err(ServicesError::Missing { service: "timestamp authority" });
    }
    if wanted == 0 || wanted > named || wanted > CLOCKS {
        return Err(ServicesError::Clocks { wanted, named });
    }
    Ok(found.iter().take(wanted).map(|clock| clock.url.clone()).collect())
}
