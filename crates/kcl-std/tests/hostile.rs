//! Decoders against broken and malicious text, and encoders against what they wrote.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read the corpus, and say that it is absent"
)]

use kcl_eval::Value;
use kcl_eval::budget::Budget;
use kcl_eval::compare::equal;
use kcl_std::{Encoding, from_json, from_yaml, to_json, to_yaml};
use std::path::{Path, PathBuf};

/// Returns the expected documents of the conformance corpus; none, with a note, where it is absent.
fn documents() -> Vec<String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/kcl-conformance/cases");
    if !folder.is_dir() {
        eprintln!("skipped: no corpus at {}", folder.display());
        return Vec::new();
    }
    let mut folders: Vec<PathBuf> = vec![folder];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("expected.yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Compares what the corpus and these tests hold, which costs little.
fn same(a: &Value, b: &Value) -> bool {
    equal(a, b, &mut Budget::default()).unwrap()
}

#[test]
fn what_is_written_reads_back() {
    for text in documents() {
        for value in from_yaml(&text).unwrap_or_default() {
            let yaml = to_yaml(&value, Encoding::default()).unwrap();
            let again = from_yaml(&yaml).unwrap();
            assert!(again.len() == 1 && same(&again[0], &value), "{text}\n---\n{yaml}");
            let json = to_json(&value, Encoding::default(), 2).unwrap();
            assert!(same(&from_json(&json).unwrap(), &value), "{json}");
        }
    }
}

#[test]
fn strings_of_any_kind_read_back() {
    let parts = [
        "a", " ", "\n", "\t", "'", "\"", "\\", ": ", " #", "- ", "\u{85}", "\u{2028}", "é", "0",
        "|", "\r", "\u{feff}", "{", "\u{7f}",
    ];
    let mut seed = 7_u64;
    for _ in 0..20_000 {
        let length = random(&mut seed, 6);
        let text: String = (0..length).map(|_| parts[random(&mut seed, parts.len())]).collect();
        let value = Value::list(vec![Value::str(text.as_str())]);
        let yaml = to_yaml(&value, Encoding::default()).unwrap();
        let again = from_yaml(&yaml).unwrap();
        assert!(again.len() == 1 && same(&again[0], &value), "{text:?} as {yaml:?}");
    }
}

#[test]
fn mutated_documents_do_no_harm() {
    const MARKS: &[u8] = b":-?[]{},&*!|>'\"%@`#\n\t \\~<";
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for text in documents() {
        for _ in 0..20 {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=random(&mut seed, 4) {
                let at = random(&mut seed, bytes.len());
                match random(&mut seed, 3) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, MARKS[random(&mut seed, MARKS.len())]),
                    _ => drop(bytes.drain(at..(at + random(&mut seed, 9)).min(bytes.len()))),
                }
                bytes.push(b'\n');
            }
            let text = String::from_utf8_lossy(&bytes);
            drop(from_yaml(&text));
            drop(from_json(&text));
        }
    }
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        laughs.extend([format!("a{n}: &a{n} ["), aliases, "]\n".to_owned()]);
    }
    assert!(from_yaml(&laughs).is_err());
    assert!(from_yaml("a: &a [*a]").is_err());
    assert!(from_yaml(&"[".repeat(100_000)).is_err());
    assert!(from_yaml(&"- ".repeat(10_000)).is_err());
    assert!(from_yaml(&"? ".repeat(10_000)).is_err());
    assert!(from_yaml(&"{a: ".repeat(10_000)).is_err());
    assert!(from_json(&"[".repeat(100_000)).is_err());
    assert!(from_yaml(&format!("{}1{}", "[".repeat(100), "]".repeat(100))).is_ok());
}

/// Returns a number below `bound` (xorshift; the same ones in every run).
fn random(seed: &mut u64, bound: usize) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed >> 16).unwrap_or(0) % bound.max(1)
}
