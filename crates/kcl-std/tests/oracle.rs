//! Expressions of the standard modules with the results that the reference gives. A row is
//! `expression => JSON`, or `=> !` for an error, or `=> ?` for a result that is not printed. Rows
//! where akua differs on purpose begin with `#`, after a line that says why.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their tables from disk"
)]

use kcl::{OutputOptions, Request, document};
use kcl_eval::world::Texts;
use serde_json::Value as Json;
use std::path::Path;

const MODULES: &[&str] = &[
    "base32",
    "base64",
    "collection",
    "crypto",
    "datetime",
    "file",
    "json",
    "manifests",
    "math",
    "net",
    "regex",
    "runtime",
    "template",
    "units",
    "yaml",
];

/// Evaluates an expression; returns its JSON, or the first message.
fn evaluate(expression: &str) -> Result<String, String> {
    let mut text = String::new();
    for module in MODULES.iter().filter(|module| expression.contains(&format!("{module}."))) {
        text += "import ";
        text += module;
        text.push('\n');
    }
    text = text + "v = " + expression + "\n";
    let request = Request {
        files: vec!["/m.k".to_owned()],
        root: Some("/".to_owned()),
        ..Request::default()
    };
    let library = kcl_std::library();
    let outcome =
        kcl::run(&request, &library, &mut Texts::new([("/m.k", text)]), |interp, output| {
            let stream = interp.stream.take();
            let document = document(output, OutputOptions::default())?;
            match stream {
                Some(stream) => Ok(format!("{stream:?}")),
                None => match document.as_dict().and_then(|dict| dict.get("v")) {
                    Some(value) => kcl_std::to_json(value, kcl_std::Encoding::default(), 0),
                    None => Ok("?".to_owned()),
                },
            }
        });
    let message = outcome.diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
    outcome.result.ok_or(message)
}

/// Returns whether two results are the same, but for the last bits of floats.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same(a, b))
        }
        (Json::Number(a), Json::Number(b)) => {
            let (x, y) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            a.is_f64() == b.is_f64() && (x - y).abs() <= 1e-12 * x.abs().max(1e-300)
        }
        (a, b) => a == b,
    }
}

fn fits(found: &Result<String, String>, expected: &str) -> bool {
    match (found, expected) {
        (Err(_), "!") => true,
        (Ok(found), "?") => found == "?",
        (Ok(found), expected) => {
            let parse = |text: &str| serde_json::from_str::<Json>(text);
            parse(found).is_ok_and(|found| parse(expected).is_ok_and(|json| same(&found, &json)))
        }
        (Err(_), _) => false,
    }
}

#[test]
fn results_are_those_of_the_reference() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let mut tables: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    tables.sort();
    let mut bad = Vec::new();
    for table in tables {
        let rows = std::fs::read_to_string(&table).unwrap();
        for row in rows.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
            let (expression, expected) = row.rsplit_once(" => ").unwrap();
            let found = evaluate(expression);
            if !fits(&found, expected) {
                bad.push(format!("{expression}\n  expected {expected}\n  found    {found:?}"));
            }
        }
    }
    assert!(bad.is_empty(), "{} rows:\n{}", bad.len(), bad.join("\n"));
}
