//! The parser against the conformance corpus, where it is at hand (`../shared` beside the
//! workspace), and against what mutation makes of it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read the corpus, and say that it is absent"
)]

use akua_source::{Diagnostic, FileId, SourceMap};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Returns the folder of the cases, or `None` with a note.
fn cases() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../../../shared/kcl-conformance/cases");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no corpus at {}", folder.display());
    None
}

/// Returns all files below a folder with this ending, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Parses a text and returns what is wrong with it, as `line: message`.
fn findings(text: &str) -> Vec<(u32, String)> {
    let (_, diagnostics) = kcl_syntax::parse(FileId(0), text);
    diagnostics
        .iter()
        .map(|diagnostic| (line_of(text, diagnostic), diagnostic.message.clone()))
        .collect()
}

/// Returns the line of the primary label.
fn line_of(text: &str, diagnostic: &Diagnostic) -> u32 {
    let mut map = SourceMap::default();
    map.add("a.k", text);
    map.location(diagnostic.labels[0].span).unwrap().line
}

/// Returns the cases with their folders.
fn load(folder: &Path) -> Vec<(PathBuf, Value)> {
    files(folder, "case.json")
        .into_iter()
        .map(|path| {
            let case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            (path.parent().unwrap().to_owned(), case)
        })
        .collect()
}

#[test]
fn programs_that_succeed_parse_cleanly() {
    let Some(folder) = cases() else { return };
    let mut bad = Vec::new();
    for (path, case) in load(&folder) {
        if case["expect"] != "ok" {
            continue;
        }
        for file in files(&path.join("input"), ".k") {
            let text = String::from_utf8(std::fs::read(&file).unwrap()).unwrap();
            let found = findings(&text);
            if !found.is_empty() {
                bad.push(format!("{}: {found:?}", file.display()));
            }
        }
    }
    assert!(bad.is_empty(), "{} files:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn syntax_errors_are_on_the_expected_lines() {
    let Some(folder) = cases() else { return };
    let mut bad = Vec::new();
    for (path, case) in load(&folder) {
        let Some(errors) = case["errors"].as_array() else { continue };
        if case["expect"] != "error" {
            continue;
        }
        for file in files(&path.join("input"), ".k") {
            let Ok(text) = String::from_utf8(std::fs::read(&file).unwrap()) else { continue };
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let syntax = |error: &&Value| {
                matches!(
                    error["kind"].as_str(),
                    Some(
                        "InvalidSyntax" | "TabError" | "IndentationError" | "IllegalArgumentSyntax"
                    )
                )
            };
            let here = |error: &&Value| error["file"].as_str().is_some_and(|f| f.ends_with(&name));
            let line = |error: &Value| error["line"].as_u64();
            let lines: Vec<u64> = errors.iter().filter(here).filter_map(line).collect();
            let expected = errors.iter().filter(here).any(|error| syntax(&error));
            let found = findings(&text);
            // What others report in a later pass may be found here, if the place is right.
            let fits = found.iter().any(|(line, _)| lines.contains(&u64::from(*line)));
            if (expected && found.is_empty()) || (!found.is_empty() && !fits && !lines.is_empty()) {
                bad.push(format!("{}: expected {lines:?}, found {found:?}", file.display()));
            }
        }
    }
    assert!(bad.is_empty(), "{} files:\n{}", bad.len(), bad.join("\n"));
}

#[test]
fn mutated_programs_neither_panic_nor_hang() {
    let Some(folder) = cases() else { return };
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for file in files(&folder, ".k") {
        let bytes = std::fs::read(&file).unwrap();
        if bytes.is_empty() || bytes.len() > 20_000 {
            continue;
        }
        for _ in 0..12 {
            let mut mutant = bytes.clone();
            for _ in 0..=random(&mut seed, 3) {
                mutate(&mut mutant, &mut seed);
            }
            let text = String::from_utf8_lossy(&mutant);
            let (_, diagnostics) = kcl_syntax::parse(FileId(0), &text);
            for diagnostic in &diagnostics {
                let span = diagnostic.labels[0].span;
                assert!(span.start <= span.end && span.end as usize <= text.len(), "{text}");
            }
        }
    }
}

/// Cuts, repeats, removes or replaces some bytes.
fn mutate(bytes: &mut Vec<u8>, seed: &mut u64) {
    const MARKS: &[u8] = b"(){}[]:,.=*+-?@\"'$\\\n\t #|<0xKi";
    let at = random(seed, bytes.len());
    let end = (at + random(seed, 40)).min(bytes.len());
    match random(seed, 5) {
        0 => bytes.truncate(at),
        1 => bytes.extend_from_within(at..end),
        2 => drop(bytes.drain(at..end)),
        3 => bytes.insert(at, MARKS[random(seed, MARKS.len())]),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = MARKS[random(seed, MARKS.len())];
            }
        }
    }
}

/// Returns a number below `bound` (xorshift; the same ones in every run).
fn random(seed: &mut u64, bound: usize) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed >> 16).unwrap_or(0) % bound.max(1)
}
