//! Programs with the results that the reference gives: what differed once. A file holds cases below
//! `# --- name`; the lines after `#>` are the YAML, `#!` says that the program is refused.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their tables from disk"
)]

use kcl::eval::world::Texts;
use kcl::{OutputOptions, Request, document, document_yaml};
use std::path::Path;

/// Evaluates a program; returns its YAML, or the first message.
fn evaluate(program: &str) -> Result<String, String> {
    let request = Request {
        files: vec!["/m.k".to_owned()],
        root: Some("/".to_owned()),
        ..Request::default()
    };
    let library = kcl::standard::library();
    let outcome =
        kcl::run(&request, &library, &mut Texts::new([("/m.k", program)]), |_, output| {
            document_yaml(&document(output, OutputOptions::default())?)
        });
    let message = outcome.diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
    outcome.result.ok_or(message)
}

/// Returns what is wrong with a case.
fn wrong(case: &str) -> Option<String> {
    let (name, program) = case.split_once('\n').unwrap_or((case, ""));
    let refused = program.lines().any(|line| line == "#!");
    let mut expected = String::new();
    for line in program.lines().filter_map(|line| line.strip_prefix("#>")) {
        expected = expected + line.strip_prefix(' ').unwrap_or(line) + "\n";
    }
    let found = evaluate(program);
    match &found {
        Ok(found) if !refused && *found == expected => None,
        Err(_) if refused => None,
        _ => Some(format!("{name}: {program}found: {found:?}")),
    }
}

#[test]
fn results_are_those_of_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let mut tables: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.sort();
    let mut bad = Vec::new();
    for table in tables {
        let text = std::fs::read_to_string(&table).unwrap();
        bad.extend(text.split("# --- ").skip(1).filter_map(wrong));
    }
    assert!(bad.is_empty(), "{} cases:\n{}", bad.len(), bad.join("\n"));
}
