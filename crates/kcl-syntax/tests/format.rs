//! The formatter against the conformance corpus, where it is at hand (`../shared` beside the
//! workspace): the pairs of the reference's formatter, and every program in other ways.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests read the corpus, and say that it is absent"
)]

use akua_source::FileId;
use std::path::{Path, PathBuf};

/// Pairs that come out as the reference's formatter has them. The others: it makes floats integers
/// (`2.0` to `2`: five pairs), and writes an `if` among items so that its own parser refuses it
/// (two).
const PAIRS: usize = 110;

/// Returns all files of the corpus with this ending, sorted; none with a note where it is absent.
fn files(ending: &str) -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/kcl-conformance");
    let mut found = Vec::new();
    let mut folders = vec![corpus];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no corpus at {}", folder.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
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

/// Returns the programs of the corpus that parse.
fn programs() -> impl Iterator<Item = (PathBuf, String)> {
    files(".k").into_iter().filter_map(|path| {
        let text = std::fs::read_to_string(&path).ok()?;
        let (_, diagnostics) = kcl_syntax::parse(FileId(0), &text);
        diagnostics.is_empty().then_some((path, text))
    })
}

#[test]
fn pairs_of_the_reference() {
    let inputs = files(".in.k");
    let mut unlike = Vec::new();
    for input in &inputs {
        let text = std::fs::read_to_string(input).unwrap();
        let output = input.to_string_lossy().replace(".in.k", ".out.k");
        let expected = std::fs::read_to_string(output).unwrap();
        if kcl_syntax::format(FileId(0), &text).ok() != Some(expected) {
            unlike.push(input.display().to_string());
        }
    }
    let alike = inputs.len().saturating_sub(unlike.len());
    assert!(inputs.is_empty() || alike >= PAIRS, "{alike} alike; not:\n{}", unlike.join("\n"));
}

#[test]
fn every_program_is_formatted_once_and_for_all() {
    for (path, text) in programs() {
        let first = kcl_syntax::format(FileId(0), &text);
        let first = first.unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
        let second = kcl_syntax::format(FileId(0), &first).unwrap();
        assert_eq!(first, second, "{}", path.display());
    }
}

/// Puts a comment behind each token that may have one, one at a time.
#[test]
fn no_comment_is_lost() {
    for (path, text) in programs().filter(|(_, text)| text.len() < 600) {
        for (at, _) in text.match_indices([' ', '\n', ',', '(', '[', '{']) {
            let (before, after) = text.split_at(at + 1);
            let text = format!("{before} # found\n{after}");
            let (_, diagnostics) = kcl_syntax::parse(FileId(0), &text);
            if !diagnostics.is_empty() || before.ends_with('\\') {
                continue;
            }
            let first = kcl_syntax::format(FileId(0), &text);
            let first = first.unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
            assert!(first.contains("# found"), "{}", path.display());
            let second = kcl_syntax::format(FileId(0), &first).unwrap();
            assert_eq!(first, second, "{} of {text}", path.display());
        }
    }
}
