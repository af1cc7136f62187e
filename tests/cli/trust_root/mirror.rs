//! A TUF repository: three keys vouch for its root, two of which have to agree; one for the rest.

use akua_sign::PrivateKey;
use akua_source::Digest;
use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use sigstore_tuf::canonical_json::to_canonical_bytes;
use std::collections::BTreeMap;

/// Until when everything is good.
pub(crate) const FRESH: &str = "2099-01-01T00:00:00Z";
/// Until when it was.
pub(crate) const STALE: &str = "2001-01-01T00:00:00Z";

/// What to put into a repository; a test changes one thing of it.
#[derive(Clone)]
pub(crate) struct Mirror {
    /// Versions of its root, the first one first: who vouches for each.
    pub(crate) roots: Vec<Root>,
    /// Version of all other metadata.
    pub(crate) version: u64,
    /// Until when the timestamp is good.
    pub(crate) timestamp_expires: &'static str,
    /// Who signs all but the root.
    pub(crate) online: PrivateKey,
    /// The trust root.
    pub(crate) trusted_root: String,
}

/// A version of the root.
#[derive(Clone)]
pub(crate) struct Root {
    /// Its version.
    pub(crate) version: u64,
    /// Who vouches for it from then on.
    pub(crate) keys: Vec<PrivateKey>,
    /// Who signs it.
    pub(crate) signers: Vec<PrivateKey>,
    /// Until when it is good.
    pub(crate) expires: &'static str,
}

/// Returns a key.
pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[number; 32]).expect("a scalar")
}

impl Root {
    /// Returns a root that keys 1 to 3 vouch for.
    pub(crate) fn first(version: u64) -> Self {
        let keys: Vec<PrivateKey> = [1, 2, 3].map(key).into();
        Self { version, signers: keys.clone(), keys, expires: FRESH }
    }
}

impl Mirror {
    /// Returns a repository whose root has this version.
    pub(crate) fn new(version: u64, trusted_root: &str) -> Self {
        Self {
            roots: vec![Root::first(version)],
            version: 5,
            timestamp_expires: FRESH,
            online: key(9),
            trusted_root: trusted_root.to_owned(),
        }
    }

    /// Returns its files, by path.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        for root in &self.roots {
            let file = signed(&root_of(root), &root.signers)?;
            files.insert(format!("{}.root.json", root.version), file);
        }
        let root = Digest::of(self.trusted_root.as_bytes());
        let length = self.trusted_root.len();
        let target = json!({ "length": length, "hashes": { "sha256": root.hex() } });
        let path = format!("targets/{}.trusted_root.json", root.hex());
        files.insert(path, self.trusted_root.clone().into_bytes());
        let by = std::slice::from_ref(&self.online);
        let targets =
            self.role("targets", FRESH, ("targets", json!({ "trusted_root.json": target })));
        let targets = signed(&targets, by)?;
        let snapshot = json!({ "targets.json": self.described(&targets) });
        let snapshot = signed(&self.role("snapshot", FRESH, ("meta", snapshot)), by)?;
        let timestamp = json!({ "snapshot.json": self.described(&snapshot) });
        let timestamp = self.role("timestamp", self.timestamp_expires, ("meta", timestamp));
        files.insert("timestamp.json".to_owned(), signed(&timestamp, by)?);
        files.insert(format!("{}.snapshot.json", self.version), snapshot);
        files.insert(format!("{}.targets.json", self.version), targets);
        Ok(files)
    }

    fn described(&self, file: &[u8]) -> Value {
        let digest = Digest::of(file);
        json!({ "version": self.version, "length": file.len(), "hashes": { "sha256": digest.hex() } })
    }

    fn role(&self, kind: &str, expires: &str, rest: (&str, Value)) -> Value {
        let mut role = json!({
            "_type": kind, "spec_version": "1.0.31", "version": self.version, "expires": expires,
        });
        role[rest.0] = rest.1;
        role
    }
}

fn root_of(root: &Root) -> Value {
    let online = key(9);
    let mut keys = Map::new();
    for key in root.keys.iter().chain([&online]) {
        let public = key.public().to_pem();
        let scheme = "ecdsa-sha2-nistp256";
        let described =
            json!({ "keytype": "ecdsa", "scheme": scheme, "keyval": { "public": public } });
        keys.insert(key.public().id().hex().to_owned(), described);
    }
    let ids: Vec<String> = root.keys.iter().map(|it| it.public().id().hex().to_owned()).collect();
    let online = json!({ "keyids": [online.public().id().hex()], "threshold": 1 });
    json!({
        "_type": "root", "spec_version": "1.0.31", "version": root.version, "expires": root.expires,
        "consistent_snapshot": true,
        "keys": keys,
        "roles": {
            "root": { "keyids": ids, "threshold": 2 },
            "timestamp": online, "snapshot": online, "targets": online,
        },
    })
}

fn signed(role: &Value, keys: &[PrivateKey]) -> Result<Vec<u8>> {
    let bytes = to_canonical_bytes(role).context("canonical JSON")?;
    let signature = |key: &PrivateKey| {
        let hex: Vec<String> = key.sign(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "keyid": key.public().id().hex(), "sig": hex.concat() })
    };
    let signatures: Vec<Value> = keys.iter().map(signature).collect();
    Ok(json!({ "signatures": signatures, "signed": role }).to_string().into_bytes())
}
