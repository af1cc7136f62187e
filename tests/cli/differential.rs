//! Generated programs: akua gives what the reference implementation gives, or both refuse.

use akua_tests::folder::Folder;
use akua_tests::generate::program;
use akua_tests::process::akua;
use akua_tests::reference::{Answer, Reference};
use akua_tests::same::same_yaml;
use anyhow::{Context, Result, ensure};

/// Programs that are compared: a few seconds' worth. Longer runs are in `fuzz/`.
const PROGRAMS: u64 = 300;
/// Programs that the reference alone may refuse: its checker refuses some that evaluate
/// (`docs/kcl.md`), and how many a generator meets is its own matter. What the reference accepts
/// has to be accepted, all of it.
const REFUSED_BY_REFERENCE: usize = 15;

#[test]
fn programs_give_the_same() -> Result<()> {
    let Some(mut reference) = Reference::start()? else {
        return say("kcl-lib is not in .tools/kcl: skipped");
    };
    let folder = Folder::new("differential")?;
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    for seed in 0..PROGRAMS {
        let program = program(seed);
        folder.write("main.k", &program)?;
        let found = akua(&["eval", "main.k"], folder.path())?;
        let accepted = found.code == Some(0);
        match reference.run(&program)? {
            Answer::Crash => {}
            Answer::Yaml(expected) if accepted => {
                let found = String::from_utf8(found.stdout).context("the output is not UTF-8")?;
                if !same_yaml(&expected, &found)? {
                    wrong.push(format!("{program}\nexpected:\n{expected}\nfound:\n{found}"));
                }
            }
            Answer::Error(_) if !accepted => {}
            Answer::Yaml(_) => wrong.push(format!("{program}\nakua: {}", found.stderr)),
            Answer::Error(error) => refused.push(format!("{program}\nreference: {error}")),
        }
    }
    ensure!(wrong.is_empty(), "{} programs differ:\n{}", wrong.len(), wrong.join("\n\n"));
    let count = refused.len();
    let few = count <= REFUSED_BY_REFERENCE;
    ensure!(few, "the reference refuses {count} of {PROGRAMS}:\n{}", refused.join("\n\n"));
    say(&format!("{PROGRAMS} programs, {count} refused by the reference"))
}

/// Tells how it went, also where the output of tests that pass is captured.
fn say(text: &str) -> Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stderr(), "differential: {text}")?)
}
