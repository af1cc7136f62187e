//! `cargo xtask tidy`: which crate may name which, as STYLE.md §2 has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Layer 0, which all may name.
const GROUND: [&str; 2] = ["akua-source", "akua-wire"];
/// The language, in the order of its arrows.
const LANGUAGE: [&str; 5] = ["kcl-syntax", "kcl-sema", "kcl-eval", "kcl-std", "kcl"];
/// The domain; `akua-policy` may also name `akua-objects`.
const DOMAIN: [&str; 4] = ["akua-manifest", "akua-sign", "akua-objects", "akua-policy"];
/// The effects; `akua-oci` may also name `akua-disk`.
const EFFECTS: [&str; 4] = ["akua-disk", "akua-oci", "akua-pkcs11", "akua-sandbox"];
/// Crates that compile; wasmtime's runtime does need cranelift's containers (entity, bitset, bforest).
const COMPILERS: [&str; 4] = [
    "cranelift-codegen",
    "cranelift-frontend",
    "wasmtime-internal-cranelift",
    "wasmtime-internal-winch",
];

/// Crates that load code into the process: what the feature `pkcs11` brings, and nothing else.
const LOADERS: [&str; 2] = ["akua-pkcs11", "libloading"];

/// Crates that read what packages are written in; JSON and TOML are what manifests, locks and frames
/// are written in.
const READERS: [&str; 6] =
    ["saphyr-parser", "serde_yaml", "serde_yaml_ng", "serde_norway", "yaml-rust2", "gtmpl"];

/// Checks the arrows between our crates, and that the binary has no compiler.
pub fn run(root: &Path) -> Result<()> {
    let graph = graph(root)?;
    let mut wrong = Vec::new();
    for (from, to) in &graph.ours {
        for target in to {
            if !allowed(from, target) {
                wrong.push(format!("{from} must not name {target}"));
            }
        }
    }
    for binary in ["akua-cli", "akua-sandbox"] {
        for name in graph.reachable(binary) {
            if COMPILERS.contains(&name.as_str()) {
                wrong.push(format!("{binary} depends on the compiler {name}"));
            }
            if LOADERS.contains(&name.as_str()) {
                wrong.push(format!("{binary} reaches {name}: by default no code is loaded"));
            }
            if LANGUAGE.contains(&name.as_str()) || READERS.contains(&name.as_str()) {
                wrong
                    .push(format!("{binary} reaches {name}: package text is read in a Store only"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("tidy: {} crates, all arrows as they should be", graph.ours.len());
    Ok(())
}

/// Whether `from` may name `to`, both ours.
fn allowed(from: &str, to: &str) -> bool {
    let before = |list: &[&str]| {
        let place = |name: &str| list.iter().position(|entry| *entry == name);
        matches!((place(to), place(from)), (Some(to), Some(from)) if to < from)
    };
    let ground = GROUND.contains(&to);
    let domain = DOMAIN.contains(&to);
    let effects = EFFECTS.contains(&to);
    match from {
        _ if GROUND.contains(&from) => before(&GROUND),
        _ if LANGUAGE.contains(&from) => to == "akua-source" || before(&LANGUAGE),
        // Their files have tables of who may sign.
        "akua-policy" => ["akua-source", "akua-objects", "akua-sign"].contains(&to),
        "akua-manifest" => ["akua-source", "akua-sign"].contains(&to),
        _ if DOMAIN.contains(&from) => to == "akua-source",
        "akua-oci" => ground || to == "akua-disk",
        _ if EFFECTS.contains(&from) => ground,
        "akua-package" => ground || domain || effects,
        // Nested packages are loaded while their render runs: docs/decisions/0004.
        "akua-render" => ground || domain || effects || to == "akua-package",
        "akua-ops" => {
            let work = ["akua-package", "akua-render", "kcl-syntax"].contains(&to);
            ground || domain || effects || work
        }
        "akua-cli" => ["akua-ops", "akua-source"].contains(&to),
        "akua-worker" => ["kcl", "akua-wire"].contains(&to),
        _ => true,
    }
}

/// The dependencies of the workspace; development and build dependencies are left out.
struct Graph {
    /// Our crates, and which of ours each names.
    ours: BTreeMap<String, BTreeSet<String>>,
    /// All packages by id: name and dependencies.
    all: BTreeMap<String, (String, Vec<String>)>,
}

impl Graph {
    /// The names of all packages that the package called `name` needs.
    fn reachable(&self, name: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut open: Vec<&String> =
            self.all.iter().filter(|(_, (own, _))| own == name).map(|(id, _)| id).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some((own, dependencies)) = self.all.get(id) else { continue };
            if seen.insert(id) {
                names.insert(own.clone());
                open.extend(dependencies);
            }
        }
        names
    }
}

/// Asks cargo for the graph.
fn graph(root: &Path) -> Result<Graph> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(root)
        .output()
        .context("running cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let mut all = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let normal = |dependency: &&Value| {
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
        };
        let dependencies = list(&node["deps"]);
        let dependencies: Vec<String> =
            dependencies.iter().filter(normal).map(|dependency| text(&dependency["pkg"])).collect();
        let id = text(&node["id"]);
        let name = names.get(&id).cloned().unwrap_or_default();
        all.insert(id, (name, dependencies));
    }
    let members: BTreeSet<String> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let ours = all
        .iter()
        .filter(|(id, _)| members.contains(*id))
        .map(|(_, (name, dependencies))| {
            let ours = dependencies.iter().filter(|id| members.contains(*id));
            (name.clone(), ours.filter_map(|id| names.get(id).cloned()).collect())
        })
        .collect();
    Ok(Graph { ours, all })
}
