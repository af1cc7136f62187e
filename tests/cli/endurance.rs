//! Many renders in one process, hostile and benign by turns: benign ones give what a fresh process
//! gives, hostile ones their codes, and memory does not grow.
//!
//! `AKUA_RENDERS=10000 cargo test --release -p akua-tests --test endurance -- --nocapture` takes
//! long, and says how much memory there is on the way.
#![expect(clippy::print_stdout, reason = "says what it measures")]

use akua_ops::render::{RenderRequest, Target, render};
use akua_ops::{Home, LimitOptions, TABLE};
use akua_tests::hostile::{Case, Ground, attempt, cases};
use anyhow::{Context as _, Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};

/// Renders, where nobody says how many.
const RENDERS: usize = 500;
/// After so many renders memory is as large as it gets.
const WARM: usize = 1_000;
/// Hostile packages that take longer are rendered once.
const QUICK: Duration = Duration::from_millis(150);
/// How much memory may still grow, in bytes: the allocator keeps some of what the largest took.
const GROWTH_BYTES: u64 = 32 << 20;

/// A package, and how its render ends.
struct Packaged {
    ground: Ground,
    request: RenderRequest,
    /// The objects, of one that is benign.
    stream: Option<Vec<u8>>,
    /// The code with which it is refused.
    code: Option<String>,
    /// The code where the machine is busy.
    or: Option<String>,
    name: String,
}

#[test]
fn hostile_and_benign_by_turns() -> Result<()> {
    let renders = std::env::var("AKUA_RENDERS").ok().and_then(|text| text.parse().ok());
    let renders = renders.unwrap_or(RENDERS);
    let benign = benign()?;
    let mut hostile = hostile()?;
    ensure!(hostile.len() > 150, "{} hostile packages", hostile.len());
    let mut warm_bytes = None;
    let mut next = 0;
    for at in 0..renders {
        if let Some(package) = benign.get(at % (2 * benign.len()) / 2).filter(|_| at % 2 == 0) {
            check(package)?;
            continue;
        }
        next = if next < hostile.len() { next } else { 0 };
        let start = Instant::now();
        check(hostile.get(next).context("a hostile package")?)?;
        if start.elapsed() > QUICK {
            hostile.remove(next);
        } else {
            next += 1;
        }
        if at >= WARM && warm_bytes.is_none() {
            warm_bytes = Some(resident_bytes()?);
        }
        if at % 1_000 == 999 {
            println!("{} renders: {} KiB", at + 1, resident_bytes()? >> 10);
        }
    }
    ensure!(hostile.len() > 100, "{} hostile packages are quick", hostile.len());
    let (end_bytes, warm_bytes) = (resident_bytes()?, warm_bytes.unwrap_or(u64::MAX));
    println!("{renders} renders, {} hostile packages: {} KiB", hostile.len(), end_bytes >> 10);
    ensure!(
        end_bytes <= warm_bytes.saturating_add(GROWTH_BYTES),
        "{end_bytes} bytes, and {warm_bytes} after {WARM} renders"
    );
    Ok(())
}

/// Renders a package, and compares.
fn check(package: &Packaged) -> Result<()> {
    let about = || format!("{} in {}", package.name, package.ground.path().display());
    match render(&package.request) {
        Ok(outcome) => {
            ensure!(package.code.is_none(), "it is not refused: {}", about());
            if let Some(stream) = &package.stream {
                ensure!(outcome.stream() == *stream, "another output: {}", about());
            }
        }
        Err(failure) => {
            let last = failure.diagnostics.last().context("a diagnostic")?;
            let expected = package.code.as_deref();
            let busy = package.or.as_deref();
            ensure!(
                [expected, busy].contains(&Some(last.code.as_str())),
                "{} {}: {}",
                last.code,
                last.message,
                about()
            );
        }
    }
    Ok(())
}

/// Packages that render, with what a process of their own makes of them.
fn benign() -> Result<Vec<Packaged>> {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let program = "import crypto\n_n = [{apiVersion = \"v1\", kind = \"A\", metadata.name = \"a${i}\", \
                   h = crypto.sha256(str(i))} for i in range(20)]\nresources = _n\n";
    let files = [("o/a.yaml".to_owned(), object.to_owned())].into();
    let all = [
        Case { name: "kcl".to_owned(), program: Some(program.to_owned()), ..Case::default() },
        Case {
            name: "chart".to_owned(),
            template: Some(format!("{object}data: {{x: {{{{ randAlphaNum 12 | quote }}}}}}\n")),
            ..Case::default()
        },
        Case {
            name: "overlay".to_owned(),
            kustomization: Some("resources: [a.yaml]\nnamePrefix: x-\n".to_owned()),
            files,
            ..Case::default()
        },
    ];
    let packages = all.into_iter().map(|case| {
        let mut package = packaged(case)?;
        let arguments = ["render", "--package", "package", "--stdout"];
        let fresh = attempt(&arguments, package.ground.path())?;
        ensure!(fresh.code == Some(0), "{}", String::from_utf8_lossy(&fresh.stderr));
        package.stream = Some(fresh.stdout);
        Ok(package)
    });
    packages.collect()
}

/// The packages of the corpus that do not take long, and that no policy has a say in.
fn hostile() -> Result<Vec<Packaged>> {
    let wanted = |case: &Case| !case.slow && !case.defaults && case.argument("--policy").is_none();
    cases()?.into_iter().filter(wanted).map(packaged).collect()
}

/// Puts a package on the disk.
fn packaged(case: Case) -> Result<Packaged> {
    let ground = Ground::new(&case, "endurance")?;
    let mut limits = LimitOptions::default();
    for row in &TABLE {
        if let Some(text) = case.argument(row.flag) {
            let amount = row.unit.parse(text).map_err(anyhow::Error::msg)?;
            limits.amounts.insert(row.budget, amount);
        }
    }
    let request = RenderRequest {
        package: ground.path().join("package"),
        inputs: None,
        target: Target::Stream,
        strict: case.args.iter().any(|argument| argument == "--strict"),
        seed: None,
        attest: None,
        events: None,
        trace: None,
        limits,
        home: home(ground.path()),
    };
    Ok(Packaged { ground, request, stream: None, code: case.code, or: case.or, name: case.name })
}

/// A home in a directory, for a process that renders more than once.
fn home(directory: &Path) -> Home {
    let home = directory.join("home");
    Home {
        cache: home.join("cache"),
        auth: home.join("auth.toml"),
        docker: home.join("config.json"),
        offline: true,
        ..Home::default()
    }
}

/// How much memory this process has, in bytes.
fn resident_bytes() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no such line")?;
    let number: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(number << 10)
}
