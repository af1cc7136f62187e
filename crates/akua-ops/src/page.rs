//! Pages of the documentation whose tables are made from the source: compared in tests.
#![expect(clippy::disallowed_methods, reason = "tests of files of the project")]

use std::path::Path;

/// Compares a table with the one between `<!-- MARKER -->` and `<!-- end -->` in a page of `docs/`;
/// `UPDATE=1` writes it.
pub(crate) fn check(name: &str, marker: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let marker = format!("<!-- {marker} -->\n");
    let page = std::fs::read_to_string(&path).expect("is there");
    let (head, rest) = page.split_once(&marker).expect("a marker");
    let (_, tail) = rest.split_once("<!-- end -->").expect("a marker");
    let wanted = format!("{head}{marker}{table}<!-- end -->{tail}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).expect("writes");
    }
    let page = std::fs::read_to_string(&path).expect("is there");
    assert_eq!(page, wanted, "{}: run the test with UPDATE=1", path.display());
}
