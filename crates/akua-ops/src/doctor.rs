//! `akua doctor`: what is in force on this machine, and whether the parts do what they should.
//!
//! It raises the wall around itself and tries what is forbidden, then renders a small package
//! through the Stores behind it. Start with [`run`].

mod package;

use crate::token::IS_BUILT_IN;
use crate::{Failure, Home, cache};
use akua_disk::Staging;
use akua_package::Cache;
use akua_sandbox::{Guest, InForce, Paths};
use serde::Serialize;

/// What the engines were built as.
const ENGINES_LOCK: &str = include_str!("../../../engines/engines.lock");
/// What the helm engine is built from.
const HELM_MODULES: &str = include_str!("../../../engines/helm/go.mod");
/// What the kustomize engine is built from.
const KUSTOMIZE_MODULES: &str = include_str!("../../../engines/kustomize/go.mod");

/// The result of `doctor`.
#[derive(Debug, Serialize)]
pub struct Health {
    /// The worst of the checks.
    pub status: Status,
    /// Version of akua.
    pub version: &'static str,
    /// Operating system and architecture.
    pub platform: String,
    /// What was looked at, in order.
    pub checks: Vec<Check>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// akua works, and something is missing on this machine.
    Warn,
    /// Something that has to hold does not.
    Fail,
}

impl Status {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it went.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Check {
    fn new(name: &str, status: Status, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), status, found: found.into(), help: None }
    }

    fn help(self, help: &str) -> Self {
        Self { help: Some(help.to_owned()), ..self }
    }
}

/// Looks at this machine. The process is the verb's own: the wall around it stays.
pub fn run(home: &Home) -> Health {
    let mut checks = vec![Check::new("kernel", Status::Ok, akua_sandbox::kernel())];
    checks.extend([
        engine("helm", Guest::Helm, HELM_MODULES, "helm.sh/helm/v4 "),
        engine("kustomize", Guest::Kustomize, KUSTOMIZE_MODULES, "sigs.k8s.io/kustomize/api "),
        Check::new("worker", Status::Ok, Guest::Worker.digest()),
        trusted(home),
        whole_cache(home),
        Check::new(
            "pkcs11",
            Status::Ok,
            if IS_BUILT_IN { "in this build" } else { "not in this build" },
        ),
    ]);
    match Cache::new(&home.cache).staging() {
        Ok(staging) => {
            checks.push(Check::new("cache write", Status::Ok, "trees can be put into the cache"));
            behind_the_wall(staging, home, &mut checks);
        }
        Err(error) => {
            let check = Check::new("cache write", Status::Fail, error.to_string());
            checks.push(check.help("make it writable, or set XDG_CACHE_HOME to where it is"));
            wall(Paths::default(), &mut checks);
        }
    }
    let status = checks.iter().map(|check| check.status).max().unwrap_or(Status::Ok);
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    Health { status, version: env!("CARGO_PKG_VERSION"), platform, checks }
}

/// Compares an engine with what it was built as.
fn engine(name: &str, guest: Guest, modules: &str, module: &str) -> Check {
    let digest = guest.digest();
    let version = version(modules, module).unwrap_or("(version unknown)");
    let found = format!("{version} {digest}");
    if ENGINES_LOCK.contains(&digest) {
        return Check::new(name, Status::Ok, found);
    }
    let check =
        Check::new(name, Status::Fail, format!("{found}, which is not the one it should be"));
    check.help("install akua anew")
}

/// Says which trust root is taken where none is named.
fn trusted(home: &Home) -> Check {
    match crate::trust_root::default_root(home) {
        Ok(found) => Check::new("trust root", Status::Ok, found),
        Err(failure) => {
            let what = failure.diagnostics.first().map(|first| first.message.clone());
            let check = Check::new("trust root", Status::Fail, what.unwrap_or_default());
            check.help("remove it, and run `akua trust refresh`")
        }
    }
}

/// Returns the line of a module in a go.mod: its name and version.
fn version<'m>(modules: &'m str, module: &str) -> Option<&'m str> {
    modules.lines().map(str::trim).find(|line| line.starts_with(module))
}

/// Digests what is in the cache.
fn whole_cache(home: &Home) -> Check {
    match cache::verify(home) {
        Ok(count) => {
            let path = cache::path(home);
            Check::new("cache", Status::Ok, format!("{count} trees in {}", path.display()))
        }
        Err(failure) => {
            let check = Check::new("cache", Status::Warn, reason(&failure));
            check.help("what is broken is fetched anew; to remove it now: akua cache gc")
        }
    }
}

/// Raises the wall, tries what it forbids, and has the Stores work behind it.
fn behind_the_wall(staging: Staging, home: &Home, checks: &mut Vec<Check>) {
    let package = match package::write(staging, home) {
        Ok(package) => package,
        Err(failure) => {
            checks.push(Check::new("self-test", Status::Fail, reason(&failure)));
            return wall(Paths::default(), checks);
        }
    };
    wall(package.files(), checks);
    checks.push(package.rendered());
    checks.extend(package.limited());
}

/// Raises the wall, and tries what it forbids.
fn wall(files: Paths, checks: &mut Vec<Check>) {
    let in_force = match crate::wall::raise_around(files) {
        Ok(in_force) => in_force,
        Err(failure) => {
            checks.push(Check::new("wall", Status::Fail, reason(&failure)));
            return;
        }
    };
    checks.extend(parts(in_force));
    for trial in akua_sandbox::try_forbidden() {
        let there = if trial.is_file { in_force.landlock.is_some() } else { in_force.seccomp };
        let name = format!("may not: {}", trial.what);
        checks.push(match (trial.refused, there) {
            (true, _) => Check::new(&name, Status::Ok, "refused"),
            (false, true) => Check::new(&name, Status::Fail, "NOT refused")
                .help("report it; until then render what you trust only"),
            (false, false) => Check::new(&name, Status::Warn, "not refused by this system"),
        });
    }
}

/// Says which parts of the wall this system has.
fn parts(in_force: InForce) -> [Check; 2] {
    let landlock = match in_force.landlock {
        Some(version) => Check::new("landlock", Status::Ok, format!("version {version}")),
        None => Check::new("landlock", Status::Warn, "files are not limited")
            .help("Linux 5.19 or newer with Landlock among the security modules (lsm=landlock,…)"),
    };
    let seccomp = if in_force.seccomp {
        Check::new("seccomp", Status::Ok, "system calls are filtered")
    } else {
        Check::new("seccomp", Status::Warn, "system calls are not filtered")
            .help("a Linux kernel with CONFIG_SECCOMP_FILTER")
    };
    [landlock, seccomp]
}

/// Returns what a failure says first.
fn reason(failure: &Failure) -> String {
    let first = failure.diagnostics.first();
    first.map_or_else(String::new, |first| format!("{}: {}", first.code, first.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    /// The value of a key below a heading of the lock.
    fn locked(heading: &str, key: &str) -> String {
        let (_, section) = ENGINES_LOCK.split_once(heading).expect("a heading");
        let mut lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
        let line = lines.find_map(|line| line.strip_prefix(key)).expect("a key");
        line.trim_start_matches([' ', '=']).trim_matches('"').to_owned()
    }

    #[test]
    fn the_page_has_the_versions() {
        let mut table = String::from(
            "| engine | module | built with | digest of the code, x86_64 |\n|---|---|---|---|\n",
        );
        for (name, modules, module) in [
            ("helm", HELM_MODULES, "helm.sh/helm/v4 "),
            ("kustomize", KUSTOMIZE_MODULES, "sigs.k8s.io/kustomize/api "),
        ] {
            let toolchain = locked(&format!("[engine.{name}]"), "toolchain");
            let digest = locked(&format!("[engine.{name}.code]"), "x86_64");
            let version = version(modules, module).expect("a version");
            writeln!(table, "| {name} | {version} | {toolchain} | `{digest}` |").expect("a String");
        }
        crate::page::check("embedded-engines.md", "versions", &table);
    }
}
