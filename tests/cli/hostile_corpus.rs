//! Every package of `tests/corpus/hostile` is contained: it is refused with its code, or gets nothing;
//! in time, within its memory, with the previous output as it was.
//!
//! What is measured is printed by `cargo test --test hostile_corpus -- measure --nocapture --ignored`.
#![expect(clippy::print_stdout, reason = "says what it measures")]

use akua_tests::corpus::{run, trial};
use akua_tests::folder::Folder;
use akua_tests::hostile::{Attempt, CANARY, Case, Ground, attempt, cases};
use akua_tests::project::manifest;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a case may take beyond its deadline: 200 ms, on a machine that does other things too.
const GRACE: Duration = Duration::from_millis(500);
/// What the process may have beyond its Stores.
const HOST_BYTES: u64 = 100 << 20;
/// How long links are swapped.
const SWAPPING: Duration = Duration::from_secs(3);
/// Known problems of helm and kustomize that the corpus must have.
const KNOWN: [&str; 16] = [
    "CVE-2020-4053",
    "CVE-2021-32690",
    "CVE-2022-23524",
    "CVE-2022-23525",
    "CVE-2022-23526",
    "CVE-2022-36055",
    "CVE-2022-36049",
    "CVE-2024-25620",
    "CVE-2024-26147",
    "CVE-2025-32386",
    "CVE-2025-32387",
    "CVE-2025-53547",
    "CVE-2025-55198",
    "CVE-2025-55199",
    "CVE-2019-18658",
    "CVE-2019-11253",
];

fn main() -> Result<ExitCode> {
    run(cases().map(|cases| {
        let names: Vec<Case> = cases.clone();
        let mut trials = vec![
            trial("known problems have cases", move || known(&names)),
            trial("links that are swapped while it renders", swapping),
        ];
        let measured = cases.clone();
        trials.push(trial("measure", move || measure(&measured)).with_ignored_flag(true));
        trials.extend(cases.into_iter().map(|case| {
            let name = case.name.clone();
            trial(&name, move || contained(&case).map(drop))
        }));
        trials
    }))
}

fn known(cases: &[Case]) -> Result<()> {
    ensure!(cases.len() >= 150, "there are {} cases", cases.len());
    for name in KNOWN {
        ensure!(cases.iter().any(|case| case.cve.contains(name)), "no case for {name}");
    }
    Ok(())
}

/// Runs all cases, one after the other, and says what they take.
fn measure(cases: &[Case]) -> Result<()> {
    let mut all = Vec::new();
    for case in cases {
        let attempt = contained(case).with_context(|| case.name.clone())?;
        all.push((attempt.peak_bytes >> 20, attempt.elapsed.as_millis(), case.name.as_str()));
    }
    all.sort_unstable();
    let total: u128 = all.iter().map(|(_, millis, _)| millis).sum();
    for (mib, millis, name) in all.iter().rev().take(12) {
        println!("{mib} MiB {millis} ms {name}");
    }
    all.sort_unstable_by_key(|(_, millis, _)| *millis);
    for (mib, millis, name) in all.iter().rev().take(12) {
        println!("{millis} ms {mib} MiB {name}");
    }
    println!("{} cases, {total} ms", all.len());
    Ok(())
}

/// Runs a case over the output of a good package.
fn contained(case: &Case) -> Result<Attempt> {
    let ground = Ground::new(case, "corpus")?;
    let directory = ground.path();
    good(&ground.folder, directory)?;
    let output = directory.join("out");
    let (before, around) = (contents(&output)?, surroundings(directory)?);
    let mut arguments = vec!["render", "--package", "package", "--out", "out", "--json"];
    if !case.defaults && case.argument("--timeout").is_none() {
        arguments.extend(["--timeout", "10s"]);
    }
    arguments.extend(case.args.iter().map(String::as_str));
    let mut done = attempt(&arguments, directory)?;
    if done.elapsed > deadline(case) {
        // Once more: a machine that is busy may have been busy with something else.
        done = attempt(&arguments, directory)?;
    }
    let told = format!("{}{}", text(&done.stdout), text(&done.stderr));
    let told = told.trim_end();
    let about = || format!("{} {}\n{told}", case.about, case.cve);
    verdict(case, &done).with_context(about)?;
    let after = contents(&output)?;
    if case.code.is_some() {
        ensure!(after == before, "the previous output has changed");
    } else {
        shown(case, &after).with_context(about)?;
    }
    ensure!(surroundings(directory)? == around, "something has changed outside of the output");
    hidden(case, &done, &after)?;
    plain(&done)?;
    within(case, &done)?;
    if case.terminal {
        arguments.retain(|argument| *argument != "--json");
        let done = attempt(&arguments, directory)?;
        hidden(case, &done, &after)?;
        plain(&done)?;
    }
    Ok(done)
}

/// Renders a good package.
fn good(folder: &Folder, directory: &Path) -> Result<()> {
    let object = "{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"good\"}";
    folder.write("good/akua.toml", &manifest("good", ""))?;
    folder.write("good/package.k", &format!("resources = [{object}]\n"))?;
    let done = attempt(&["render", "--package", "good", "--out", "out"], directory)?;
    ensure!(done.code == Some(0), "{}", text(&done.stderr));
    Ok(())
}

/// Checks how a case ended.
fn verdict(case: &Case, done: &Attempt) -> Result<()> {
    ensure!(
        done.code == Some(case.exit_code()),
        "expected exit {}, found {:?}",
        case.exit_code(),
        done.code
    );
    let Some(code) = &case.code else { return Ok(()) };
    ensure!(done.stdout.is_empty(), "expected nothing on stdout");
    let stderr = text(&done.stderr);
    let line = stderr.lines().last().context("expected an error, found none")?;
    let error: Json = serde_json::from_str(line)?;
    let found = error["code"].as_str();
    let expected = found.is_some() && (found == Some(code.as_str()) || found == case.or.as_deref());
    ensure!(error["level"] == "error" && expected, "expected {code}");
    let message = error["message"].as_str().unwrap_or_default();
    ensure!(message.contains(&case.message), "expected `{}` in `{message}`", case.message);
    Ok(())
}

/// Checks what a case that succeeded shows.
fn shown(case: &Case, output: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let all: String = output.values().map(|bytes| text(bytes)).collect();
    for part in &case.shows {
        ensure!(all.contains(part), "expected `{part}` in:\n{all}");
    }
    let plain = |name: &str| !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
    let odd = output.keys().find(|name| !plain(name) || name.len() > 255);
    ensure!(odd.is_none(), "a file is called {odd:?}");
    Ok(())
}

/// Checks that the secret, and what else must not, is nowhere to be seen.
fn hidden(case: &Case, done: &Attempt, output: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let everything = [&done.stdout, &done.stderr].into_iter().chain(output.values());
    let names: String = output.keys().cloned().collect();
    for bytes in everything.chain([&names.into_bytes()]) {
        let seen = text(bytes);
        for part in case.absent.iter().map(String::as_str).chain([CANARY]) {
            ensure!(!seen.contains(part), "`{part}` is in:\n{seen}");
        }
    }
    Ok(())
}

/// Checks that nothing that is told controls a terminal.
fn plain(done: &Attempt) -> Result<()> {
    for stream in [&done.stdout, &done.stderr] {
        let told = text(stream);
        let bidi = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let odd =
            |letter: &char| letter.is_control() && !matches!(letter, '\n' | '\t') || bidi(*letter);
        ensure!(!told.chars().any(|letter| odd(&letter)), "control characters: {told:?}");
    }
    Ok(())
}

/// Checks what a case took.
fn within(case: &Case, done: &Attempt) -> Result<()> {
    let limit = deadline(case);
    ensure!(done.elapsed <= limit, "{:?}, the limit is {limit:?}", done.elapsed);
    let limit = memory(case)?;
    ensure!(done.peak_bytes <= limit, "{} bytes, the limit is {limit}", done.peak_bytes);
    Ok(())
}

/// How long a case may take.
fn deadline(case: &Case) -> Duration {
    let given = case.argument("--timeout").and_then(|text| {
        let number = |unit| text.strip_suffix(unit).and_then(|number| number.parse().ok());
        number("ms").map(Duration::from_millis).or_else(|| number("s").map(Duration::from_secs))
    });
    let default = if case.defaults { 60 } else { 10 };
    given.unwrap_or(Duration::from_secs(default)) + GRACE
}

/// How much memory a case may take: its Stores, and something for the process.
fn memory(case: &Case) -> Result<u64> {
    let size = |flag, default: u64| match case.argument(flag) {
        None => Ok(default << 20),
        Some(text) => match (text.strip_suffix("MiB"), text.strip_suffix("KiB")) {
            (Some(number), _) => Ok(number.parse::<u64>()? << 20),
            (_, Some(number)) => Ok(number.parse::<u64>()? << 10),
            _ => bail!("`{text}` is not in MiB or KiB"),
        },
    };
    let program = case.program.as_deref().unwrap_or_default();
    let engine = case.template.is_some()
        || case.kustomization.is_some()
        || ["import akua.", "import charts"].iter().any(|words| program.contains(words));
    let engine = if engine { size("--engine-memory", 512)? } else { 0 };
    let workers = size("--worker-memory", 256)? * case.workers.unwrap_or(1);
    Ok((workers + engine).min(size("--render-memory", 1024)?) + HOST_BYTES)
}

/// Names and contents of the files in a directory.
fn contents(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(files)
}

/// Names and sizes of all that lies below a directory, but for the output.
fn surroundings(directory: &Path) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path)? {
            let path = entry?.path();
            let facts = path.symlink_metadata()?;
            if facts.is_dir() && path != directory.join("out") {
                open.push(path.clone());
            }
            let size = if facts.is_dir() { 0 } else { facts.len() };
            found.push((path.display().to_string(), size));
        }
    }
    found.sort();
    Ok(found)
}

/// Swaps links between the package and the secrets while it is rendered, again and again.
fn swapping() -> Result<()> {
    let program = "import file\nimport akua.kustomize\nimport akua.helm\n\
        _t = [file.read(\"in/a.yaml\") for i in range(20)]\n\
        _o = kustomize.build({path = \"o\"}) + helm.template({chart = \"c\"})\n\
        resources = _o + [{apiVersion = \"v1\", kind = \"A\", metadata.name = \"a\", t = _t}]\n";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inside}\n";
    let mut case =
        Case { name: "swap".to_owned(), program: Some(program.to_owned()), ..Case::default() };
    for (name, text) in [
        ("inside/a.yaml", object),
        ("parts/a.yaml", object),
        ("inside/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
        ("inside/kustomization.yaml", "resources: [a.yaml]\n"),
        ("o/kustomization.yaml", "resources: [a.yaml]\n"),
        ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
    ] {
        case.files.insert(name.to_owned(), text.to_owned());
    }
    for (name, target) in
        [("in", "inside"), ("o/a.yaml", "../inside/a.yaml"), ("c/templates", "../parts")]
    {
        case.links.insert(name.to_owned(), target.to_owned());
    }
    let ground = Ground::new(&case, "corpus")?;
    ground.folder.write("outside/a.yaml", &object.replace("inside", CANARY))?;
    let over = AtomicBool::new(false);
    let (rendered, refused) = std::thread::scope(|scope| {
        scope.spawn(|| swap(&ground.path().join("package"), &over));
        let told = tries(&ground);
        over.store(true, Ordering::SeqCst);
        told
    })?;
    // Both sides of the race were seen, else nothing was raced.
    ensure!(rendered > 0 && refused > 0, "{rendered} rendered, {refused} refused");
    Ok(())
}

/// Points links inside and outside by turns; each change is one rename. Some turns are as short as
/// they can be, so that a link moves between two looks at it; some outlast a render on a busy
/// machine, so that both ends of the race are seen.
#[expect(clippy::disallowed_methods, reason = "the other side of a race")]
fn swap(package: &Path, over: &AtomicBool) {
    let links = [
        ("in", "inside", "../outside"),
        ("o/a.yaml", "../inside/a.yaml", "../../outside/a.yaml"),
        ("c/templates", "../parts", "../../outside"),
    ];
    let rests = [0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 16, 0, 0, 0, 64, 0, 0, 0, 256];
    let turns = rests.iter().flat_map(|rest| [(true, *rest), (false, *rest)]);
    for (inside, rest) in turns.cycle() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        for (name, good, bad) in links {
            let fresh = package.join("fresh");
            // What fails is tried again at the next turn.
            drop(symlink(if inside { good } else { bad }, &fresh));
            drop(fs::rename(&fresh, package.join(name)));
        }
        std::thread::sleep(Duration::from_millis(rest));
    }
}

/// Renders until the time is over; returns how often it succeeded and failed.
fn tries(ground: &Ground) -> Result<(u32, u32)> {
    let start = Instant::now();
    let (mut rendered, mut refused) = (0, 0);
    while start.elapsed() < SWAPPING || rendered == 0 && start.elapsed() < 10 * SWAPPING {
        let arguments = ["render", "--package", "package", "--stdout", "--json"];
        let done = attempt(&arguments, ground.path())?;
        let told = format!("{}{}", text(&done.stdout), text(&done.stderr));
        ensure!(!told.contains(CANARY), "{told}");
        ensure!(matches!(done.code, Some(0 | 1)), "{:?} {told}", done.code);
        if done.code == Some(0) { rendered += 1 } else { refused += 1 }
    }
    Ok((rendered, refused))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
