//! The table agrees with itself, amounts are read as they are written, and the page is the table.

use super::*;
use std::fmt::Write as _;
use std::path::Path;

fn check(unit: Unit, text: &str, amount: Option<u64>) {
    assert_eq!(unit.parse(text).ok(), amount, "{text}");
}

#[test]
fn amounts_have_their_unit() {
    check(Unit::Time, "90s", Some(90_000));
    check(Unit::Time, "2m", Some(120_000));
    check(Unit::Time, "150ms", Some(150));
    check(Unit::Time, "1us", Some(1));
    for bad in ["10", "0s", "1.5s", "s", "-1s", "", "1 s", "99999999999999999999s", "é"] {
        check(Unit::Time, bad, None);
    }
    check(Unit::Bytes, "256MiB", Some(256 << 20));
    check(Unit::Bytes, "1GiB", Some(1 << 30));
    check(Unit::Bytes, "12", None);
    check(Unit::Bytes, "99999999999999GiB", None);
    check(Unit::Count, "20_000", Some(20_000));
    check(Unit::Count, "0", None);
    check(Unit::Count, "5s", None);
}

#[test]
fn amounts_are_shown_as_they_are_read() {
    for row in &TABLE {
        for amount in row.default.into_iter().chain([1, 1_023, 1_500, row.most]) {
            check(row.unit, &row.unit.show(amount), Some(amount));
        }
    }
}

#[test]
fn the_table_has_each_limit_once() {
    assert!(TABLE.is_sorted_by(|a, b| a.budget < b.budget), "in the order of the enum");
    for row in &TABLE {
        assert!(row.default.is_none_or(|default| default <= row.most), "{}", row.name);
        assert_eq!(row.budget.row().name, row.name);
        let mut budgets = Budgets::default();
        assert_eq!(budgets.get(row.budget), row.default);
        budgets.tighten(row.budget, 1);
        budgets.tighten(row.budget, 2);
        assert_eq!(budgets.get(row.budget), Some(1), "only the tighter wins");
        budgets.set(row.budget, u64::MAX);
        assert_eq!(budgets.get(row.budget), Some(row.most));
    }
}

/// The page of the table.
fn page() -> String {
    let mut page = String::from(
        "# Limits\n\nMade from the table in `crates/akua-source/src/budget.rs`; `UPDATE=1 cargo test -p akua-source` writes it.\n\n\
         A limit is set by its flag, or by its field in `[budgets]` of a policy ([policy.md](policy.md)); of several that are\n\
         set the lowest holds. Who breaks one is ended with its code and exit 6; the event has rule `budget.<field>` and the code as\n\
         its reason. They hold for the worker, for engines and for nested packages, which share what is left.\n\n\
         | field | default | most | flag | code | what |\n|---|---|---|---|---|---|\n",
    );
    for row in &TABLE {
        let default = row.default.map_or("none".to_owned(), |amount| row.unit.show(amount));
        let most = if row.most == u64::MAX { "–".to_owned() } else { row.unit.show(row.most) };
        let Row { name, flag, code, about, .. } = row;
        writeln!(
            page,
            "| `{name}` | {default} | {most} | `{flag}` | [{code}](errors/{code}.md) | {about} |"
        )
        .expect("a String takes it");
    }
    page.push_str("\nThese cannot be set:\n\n| what | value | code | why |\n|---|---|---|---|\n");
    for Fixed { name, value, code, about } in &FIXED {
        let code =
            if code.is_empty() { "–".to_owned() } else { format!("[{code}](errors/{code}.md)") };
        writeln!(page, "| {name} | {value} | {code} | {about} |").expect("a String takes it");
    }
    page
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of a file of the project")]
fn the_page_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).expect("writes");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, page(), "{}: run the test with UPDATE=1", path.display());
}
