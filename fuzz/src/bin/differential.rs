//! Compares many generated programs with the reference, natively:
//! `differential FROM COUNT FOLDER [KEPT]`. What differs goes into the folder, a few of a kind.

use akua_fuzz::{Outcome, evaluate, with_stack};
use akua_tests::generate::program;
use akua_tests::reference::{Answer, Reference, lines_of};
use akua_tests::same::same_yaml;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Programs that are kept of a kind, unless it is said.
const KEPT: u64 = 30;
/// Programs after which the reference starts anew: it keeps memory.
const FRESH: u64 = 10_000;

fn main() -> Result<()> {
    with_stack(run)
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().context("usage: differential FROM COUNT FOLDER [KEPT]");
    let (from, count): (u64, u64) = (next()?.parse()?, next()?.parse()?);
    let folder = next()?;
    let kept: u64 = arguments.next().map_or(Ok(KEPT), |kept| kept.parse())?;
    std::fs::create_dir_all(&folder)?;
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut reference = start()?;
    for seed in from..from + count {
        if seed % FRESH == FRESH - 1 {
            reference = start()?;
        }
        let program = program(seed);
        let found = evaluate(&program);
        let expected = reference.run(&program)?;
        let kind = kind(&found, &expected);
        let seen = kinds.entry(kind).or_default();
        *seen += 1;
        if !["same", "same-refused"].contains(&kind) && *seen <= kept {
            let text = format!("{program}\n# akua: {found:?}\n# reference: {expected:?}\n");
            std::fs::write(Path::new(&folder).join(format!("{kind}-{seed}.k")), text)?;
        }
    }
    for (kind, count) in kinds {
        println!("{count:8} {kind}");
    }
    Ok(())
}

fn start() -> Result<Reference> {
    Reference::start()?.context("no kcl-lib in .tools/kcl: run `cargo xtask test`")
}

/// Returns how two outcomes agree or differ.
fn kind(found: &Outcome, expected: &Answer) -> &'static str {
    match (found, expected) {
        (_, Answer::Crash) => "same-reference-crashed",
        (Ok(found), Answer::Yaml(expected)) => match same_yaml(expected, found) {
            Ok(true) => "same",
            Ok(false) => "value",
            Err(_) => "yaml",
        },
        (Err(found), Answer::Error(expected)) => {
            let line = lines_of(found).next();
            let agree = lines_of(expected).any(|other| Some(other) == line);
            if agree { "same-refused" } else { "same-other-line" }
        }
        (Ok(_), Answer::Error(_)) => "only-akua-accepts",
        (Err(_), Answer::Yaml(_)) => "only-akua-refuses",
    }
}
