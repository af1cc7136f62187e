//! Says in which fields two lists of objects differ.

use crate::data::{Data, objects};
use anyhow::{Result, ensure};
use std::collections::BTreeSet;

/// Most differences that are told.
const TOLD: usize = 12;

/// Compares two YAML streams: the same objects in the same order, with the same fields.
///
/// # Errors
/// The differences.
pub fn check_equal(expected: &[u8], actual: &[u8]) -> Result<()> {
    let (expected, actual) = (objects(expected)?, objects(actual)?);
    let names = |list: &[Data]| list.iter().map(identity).collect::<Vec<_>>();
    let (wanted, found) = (names(&expected), names(&actual));
    ensure!(
        wanted == found,
        "other objects\nexpected:\n  {}\nfound:\n  {}",
        wanted.join("\n  "),
        found.join("\n  ")
    );
    let mut told = Vec::new();
    for ((name, expected), actual) in wanted.iter().zip(&expected).zip(&actual) {
        differences(name, Some(expected), Some(actual), &mut told);
    }
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    ensure!(told.is_empty(), "differences:\n{}\nand {more} more", told.join("\n"));
    Ok(())
}

/// Returns what an object is called.
fn identity(object: &Data) -> String {
    let field = |from: Option<&Data>, key: &str| {
        from.and_then(|from| from.get(key)).and_then(Data::text).unwrap_or("-").to_owned()
    };
    let metadata = object.get("metadata");
    let name = match field(metadata, "name") {
        name if name == "-" => field(metadata, "generateName"),
        name => name,
    };
    format!(
        "{} {} {}/{name}",
        field(Some(object), "apiVersion"),
        field(Some(object), "kind"),
        field(metadata, "namespace"),
    )
}

/// Collects the places in which two values differ.
fn differences(path: &str, expected: Option<&Data>, actual: Option<&Data>, told: &mut Vec<String>) {
    if expected == actual {
        return;
    }
    match (expected, actual) {
        (Some(Data::Map(left)), Some(Data::Map(right))) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                differences(&format!("{path}.{key}"), left.get(key), right.get(key), told);
            }
        }
        (Some(Data::List(left)), Some(Data::List(right))) => {
            for at in 0..left.len().max(right.len()) {
                differences(&format!("{path}[{at}]"), left.get(at), right.get(at), told);
            }
        }
        _ => told.push(format!("  {path}: expected {expected:?}, found {actual:?}")),
    }
}
