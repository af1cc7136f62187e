//! Every code has a page, and what the page says is what happens: its example is run, and what it
//! prints is compared. `UPDATE=1` rewrites examples and the table of pages.

use akua_tests::corpus::{run, trial};
use akua_tests::folder::names;
use akua_tests::page::Page;
use akua_tests::process::root;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pages whose example cannot be run, each for the reason that it gives.
const NOT_RUN: [&str; 15] = [
    "E_BUDGET_STACK",
    "E_BUDGET_TABLES",
    "E_ENGINE_NOT_AVAILABLE",
    "E_FETCH_NAME",
    "E_FETCH_TIMEOUT",
    "E_HELM_REQUEST",
    "E_INTERNAL",
    "E_IO",
    "E_KUSTOMIZE_REQUEST",
    "E_PKCS11_KEY",
    "E_PKCS11_MODULE",
    "E_PKCS11_PIN",
    "E_PKCS11_TOKEN",
    "E_PKCS11_URI",
    "E_WALL",
];
/// Marks of the table in the list of pages.
const TABLE: [&str; 2] = ["<!-- codes -->\n", "<!-- end -->\n"];

fn main() -> Result<ExitCode> {
    run(pages().map(|pages| {
        let codes: BTreeSet<String> = pages.iter().map(|page| page.code.clone()).collect();
        let table = table(&pages);
        let mut trials: Vec<_> =
            pages.into_iter().map(|page| trial(&page.code.clone(), move || check(&page))).collect();
        trials.push(trial("every code of the source has a page", move || check_codes(&codes)));
        trials.push(trial("the list of pages is complete", move || check_table(&table?)));
        trials
    }))
}

/// Where the pages are.
fn folder() -> PathBuf {
    root().join("docs/errors")
}

/// Returns whether a run rewrites what it would compare.
fn updates() -> bool {
    std::env::var_os("UPDATE").is_some()
}

fn pages() -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    for name in names(&folder())? {
        let Some(code) = name.strip_suffix(".md").filter(|code| *code != "README") else {
            continue;
        };
        let text = fs::read_to_string(folder().join(&name))?;
        pages.push(Page { code: code.to_owned(), text });
    }
    Ok(pages)
}

/// Checks a page, and what its example prints.
fn check(page: &Page) -> Result<()> {
    page.check()?;
    let listed = NOT_RUN.contains(&page.code.as_str());
    ensure!(
        page.reason().is_some() == listed,
        "what is not run is listed here, with a reason there"
    );
    if listed {
        return Ok(());
    }
    compare(&format!("{}.md", page.code), &page.text, &page.run()?)
}

/// Compares a file of the folder with what it should be, or rewrites it.
fn compare(name: &str, known: &str, wanted: &str) -> Result<()> {
    if updates() {
        fs::write(folder().join(name), wanted)?;
        return Ok(());
    }
    ensure!(known == wanted, "{name} should be (UPDATE=1 rewrites it):\n{wanted}");
    Ok(())
}

/// Returns the table of all pages.
fn table(pages: &[Page]) -> Result<String> {
    let mut table = "| code | what happened | exit |\n|---|---|---|\n".to_owned();
    for page in pages {
        let exit = page.exit()?.map_or(String::new(), |exit| format!("{exit} "));
        let (code, summary) = (&page.code, page.summary());
        table.extend(["| [", code, "](", code, ".md) | ", &summary, " | ", &exit, "|\n"]);
    }
    Ok(table)
}

fn check_table(table: &str) -> Result<()> {
    let known = fs::read_to_string(folder().join("README.md"))?;
    let [begin, end] = TABLE;
    let (head, rest) = known.split_once(begin).context("no table")?;
    let (_, tail) = rest.split_once(end).context("the table has no end")?;
    compare("README.md", &known, &format!("{head}{begin}{table}{end}{tail}"))
}

/// Compares the codes that the source names with those that have a page.
fn check_codes(pages: &BTreeSet<String>) -> Result<()> {
    let mut named = BTreeSet::new();
    for room in names(&root().join("crates"))? {
        collect(&root().join("crates").join(room).join("src"), &mut named)?;
    }
    for room in ["worker/src", "engines"] {
        collect(&root().join(room), &mut named)?;
    }
    let missing: Vec<_> = named.difference(pages).collect();
    ensure!(missing.is_empty(), "codes without a page: {missing:?}");
    let unused: Vec<_> = pages.difference(&named).collect();
    ensure!(unused.is_empty(), "pages of codes that nothing gives: {unused:?}");
    Ok(())
}

/// Adds the codes that the files of a folder have as texts.
fn collect(folder: &Path, codes: &mut BTreeSet<String>) -> Result<()> {
    for name in names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            collect(&path, codes)?;
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "go") {
            let text = fs::read_to_string(&path)?;
            codes.extend(text.split('"').filter(|word| is_code(word)).map(str::to_owned));
        }
    }
    Ok(())
}

/// Returns whether a text is a code, not only how codes begin.
fn is_code(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let rest = text.strip_prefix("E_").or_else(|| text.strip_prefix("W_"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(letter) && !rest.ends_with('_'))
}
