//! No other evaluator: every verb is listed here with what it does with a package's program, and
//! what it does is tried. `cargo xtask tidy` shows that the binary links neither KCL nor a reader
//! of YAML, so that there is nothing but a Store to evaluate with.

use akua_tests::folder::Folder;
use akua_tests::process::{Outcome, akua};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;

/// What a verb does with the program of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It evaluates it, in a Store: fuel ends it, and nothing was printed before.
    Evaluates,
    /// It evaluates it, in a Store, before it goes on: the fuel of a policy ends it.
    Checks,
    /// It does not evaluate it: what the program prints is never printed.
    Not,
    /// It takes no package.
    Nothing,
}

/// All verbs, with arguments that have them look at the package.
const VERBS: [(&str, &[&str], Does); 26] = [
    ("render", &["--stdout"], Does::Evaluates),
    ("eval", &["package.k"], Does::Evaluates),
    ("init", &["other"], Does::Not),
    ("add", &["more", "--path", "./more"], Does::Not),
    ("remove", &["dep"], Does::Not),
    ("lock", &["--offline"], Does::Not),
    ("update", &["--offline"], Does::Not),
    ("verify", &["--offline"], Does::Not),
    ("tree", &[], Does::Not),
    ("vendor", &["--offline"], Does::Not),
    ("pack", &["--offline"], Does::Not),
    ("publish", &["--ref", "oci://127.0.0.1:1/x", "--no-sign", "--dry-run"], Does::Checks),
    ("sign", &["--ref", "oci://127.0.0.1:1/x", "--tag", "1"], Does::Not),
    ("keygen", &["--plain", "--out", "pair"], Does::Nothing),
    ("trust", &["show"], Does::Nothing),
    ("push", &["oci://127.0.0.1:1/x", "--tarball", "dist/p-0.1.0.tar.gz"], Does::Not),
    ("pull", &["oci://127.0.0.1:1/x", "--tag", "1"], Does::Not),
    ("inspect", &["--package", "."], Does::Not),
    ("fmt", &["--check", "."], Does::Not),
    ("cache", &["verify"], Does::Nothing),
    ("auth", &["list"], Does::Nothing),
    ("explain", &["E_PATH_ESCAPE"], Does::Nothing),
    ("policy", &["show", "--effective"], Does::Nothing),
    ("doctor", &[], Does::Nothing),
    ("version", &[], Does::Nothing),
    ("completions", &["bash"], Does::Nothing),
];
/// What the program prints.
const CANARY: &str = "EVALUATED";
const PROGRAM: &str = "print(\"EVALUATED\")\nimport dep\n\nschema Input:\n    a: str = \"EVALU\" + \"ATED\"\n\nresources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"x\"}]\n";

fn package(name: &str) -> Result<Folder> {
    let folder = Folder::new(&format!("evaluators-{name}"))?;
    let manifest = |name: &str, rest: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n{rest}"
        )
    };
    folder.write("akua.toml", &manifest("p", "[dependencies]\ndep = { path = \"./dep\" }\n"))?;
    folder.write("package.k", PROGRAM)?;
    for dependency in ["dep", "more"] {
        folder.write(&format!("{dependency}/akua.toml"), &manifest(dependency, ""))?;
        let program = PROGRAM.replace("import dep\n", "");
        folder.write(&format!("{dependency}/package.k"), &program)?;
    }
    Ok(folder)
}

fn printed(outcome: &Outcome) -> bool {
    String::from_utf8_lossy(&outcome.stdout).contains(CANARY) || outcome.stderr.contains(CANARY)
}

fn run(verb: &str, arguments: &[&str], more: &[&str], directory: &Path) -> Result<Outcome> {
    let all: Vec<&str> = std::iter::once(verb)
        .chain(arguments.iter().copied())
        .chain(more.iter().copied())
        .collect();
    akua(&all, directory)
}

#[test]
fn every_verb_is_listed() -> Result<()> {
    let folder = Folder::new("evaluators-help")?;
    let help = String::from_utf8(akua(&["--help"], folder.path())?.success()?)?;
    let (_, commands) = help.split_once("Commands:\n").context("a list of commands")?;
    let lines = commands.lines().take_while(|line| !line.is_empty());
    let verbs = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let found: BTreeSet<&str> = verbs
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    let listed: BTreeSet<&str> = VERBS.iter().map(|(verb, ..)| *verb).collect();
    ensure!(
        found == listed,
        "verbs that are not listed: {:?}",
        found.symmetric_difference(&listed)
    );
    Ok(())
}

#[test]
fn programs_are_evaluated_in_stores_alone() -> Result<()> {
    for (verb, arguments, does) in VERBS {
        let folder = package(verb)?;
        run("lock", &["--offline"], &[], folder.path())?.success()?;
        if verb == "push" {
            run("pack", &["--offline"], &[], folder.path())?.success()?;
        }
        match does {
            Does::Evaluates => {
                let whole = run(verb, arguments, &[], folder.path())?;
                ensure!(printed(&whole), "{verb}: expected the program to print: {whole:?}");
                let ended = run(verb, arguments, &["--fuel", "1000"], folder.path())?;
                ensure!(ended.code == Some(6), "{verb}: expected exit 6, found {ended:?}");
                ensure!(ended.stderr.contains("E_BUDGET_FUEL") && !printed(&ended), "{ended:?}");
            }
            Does::Checks => {
                run(verb, arguments, &[], folder.path())?.success()?;
                folder.write("policy.toml", "version = 1\nbudgets.fuel = 1000\n")?;
                let ended = run(verb, arguments, &[], folder.path())?;
                ensure!(ended.code == Some(6), "{verb}: expected exit 6, found {ended:?}");
                ensure!(ended.stderr.contains("E_BUDGET_FUEL") && !printed(&ended), "{ended:?}");
            }
            Does::Not | Does::Nothing => {
                let outcome = run(verb, arguments, &[], folder.path())?;
                ensure!(!printed(&outcome), "{verb} evaluates: {outcome:?}");
                // Only what needs a server may fail: what is not reached proves nothing.
                let fails = matches!(verb, "push" | "pull" | "sign");
                let exit = outcome.code.unwrap_or(-1);
                ensure!(exit == 0 || fails || (verb == "fmt" && exit == 1), "{verb}: {outcome:?}");
            }
        }
    }
    Ok(())
}
