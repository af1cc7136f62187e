//! Objects as files and as a stream.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Longest part of a file name, in bytes: three of them and a suffix stay below 255.
const PART_LIMIT: usize = 80;

/// What tells objects apart; missing fields are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.generateName`.
    pub generate_name: String,
}

/// A rendered object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What tells it apart.
    pub identity: Identity,
    /// Its YAML, without document markers.
    pub yaml: Vec<u8>,
}

/// An object and the file that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// File name: `<kind>-<namespace>-<name>.yaml`.
    pub name: String,
    /// What tells the object apart.
    pub identity: Identity,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
}

impl OutputFile {
    /// Returns the SHA-256 of the bytes, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }
}

/// Returns the SHA-256 over names and contents of all files, as `sha256:<hexadecimal>`.
pub fn digest(files: &[OutputFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.name.as_bytes());
        hash.update(b"\n");
        hash.update(&file.bytes);
    }
    format!("sha256:{}", hex(&hash.finalize()))
}

/// Gives each object its file, in order; a name that is taken gets a number behind it.
///
/// # Spec
/// SPEC §8, output directory.
pub fn lay_out(objects: Vec<Object>) -> Vec<OutputFile> {
    let mut taken = BTreeSet::new();
    let mut files = Vec::with_capacity(objects.len());
    for object in objects {
        let stem = stem(&object.identity);
        let mut name = stem.clone() + ".yaml";
        let mut number = 2_u32;
        while !taken.insert(name.clone()) {
            name = format!("{stem}-{number}.yaml");
            number = number.saturating_add(1);
        }
        let mut bytes = object.yaml;
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        files.push(OutputFile { name, identity: object.identity, bytes });
    }
    files
}

/// Returns all files as one multi-document stream.
pub fn stream(files: &[OutputFile]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(files.iter().map(|file| file.bytes.len().saturating_add(4)).sum());
    for file in files {
        out.extend_from_slice(b"---\n");
        out.extend_from_slice(&file.bytes);
    }
    out
}

fn stem(identity: &Identity) -> String {
    let name = if identity.name.is_empty() { &identity.generate_name } else { &identity.name };
    let parts = [&identity.kind, &identity.namespace, name];
    let parts: Vec<String> =
        parts.iter().map(|part| safe(part)).filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

/// Returns the part of a file name for a text: lower case, letters, digits, `.` and `-`.
fn safe(text: &str) -> String {
    let lower = text.to_lowercase();
    let letters = lower.chars().map(|letter| match letter {
        'a'..='z' | '0'..='9' | '.' => letter,
        _ => '-',
    });
    let text: String = letters.take(PART_LIMIT).collect();
    text.trim_matches(['-', '.']).to_owned()
}

/// Returns bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _written = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, namespace: &str, name: &str) -> Object {
        let identity = Identity {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Identity::default()
        };
        Object { identity, yaml: b"kind: X".to_vec() }
    }

    #[test]
    fn names_have_no_index_and_clash_only_by_number() {
        let files = lay_out(vec![
            object("Deployment", "shop", "web"),
            object("Namespace", "", "shop"),
            object("deployment", "shop", "Web"),
            object("ClusterRole", "", "system:aggregate/../x"),
        ]);
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "deployment-shop-web.yaml",
                "namespace-shop.yaml",
                "deployment-shop-web-2.yaml",
                "clusterrole-system-aggregate-..-x.yaml"
            ]
        );
        assert!(files.iter().all(|file| file.bytes.ends_with(b"\n")));
    }
}
