//! `cargo xtask guests`: builds what akua-sandbox embeds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::compile::{Compiled, compile};
use crate::lock::{Entry, digest, load, store};
use crate::merge_data::Merged;
use crate::order::order;
use crate::preinit::{Snapshot, snapshot};
use crate::{go_build, hostile, worker_build};

/// The guests, quickest first.
const GUESTS: [&str; 4] = ["hostile", "worker", "kustomize", "helm"];
/// The sources of the stages: a change of any rebuilds everything.
const STAGES: [&[u8]; 9] = [
    include_bytes!("compile.rs"),
    include_bytes!("data.rs"),
    include_bytes!("go_build.rs"),
    include_bytes!("merge_data.rs"),
    include_bytes!("order.rs"),
    include_bytes!("preinit.rs"),
    include_bytes!("worker_build.rs"),
    include_bytes!("../Cargo.lock"),
    include_bytes!("../../crates/akua-sandbox/src/settings.rs"),
];

/// Builds the guests that `arguments` name, or all.
pub fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    let flag = |name: &str| arguments.contains(&name);
    let named: Vec<&str> =
        arguments.iter().copied().filter(|name| !name.starts_with("--")).collect();
    if let Some(unknown) = named.iter().find(|name| !GUESTS.contains(name)) {
        bail!("there is no guest `{unknown}`; there are {GUESTS:?}");
    }
    let build = Build { root, output: root.join("target/guests"), force: flag("--force") };
    std::fs::create_dir_all(&build.output)?;
    for guest in GUESTS {
        if named.is_empty() || named.contains(&guest) {
            build.guest(guest, flag("--check")).with_context(|| format!("building {guest}"))?;
        }
    }
    Ok(())
}

/// Where to build, and how.
struct Build<'a> {
    /// The root of the workspace.
    root: &'a Path,
    /// Where results go.
    output: PathBuf,
    /// Build even what is up to date.
    force: bool,
}

impl Build<'_> {
    /// Builds a guest if it is not up to date.
    fn guest(&self, name: &str, check: bool) -> Result<()> {
        let file = |extension: &str| self.output.join(name).with_extension(extension);
        // The worker's own build says best whether it is up to date.
        let worker = if name == "worker" { Some(worker_build::build(self.root)?) } else { None };
        let inputs = match &worker {
            Some(module) => digest(STAGES.into_iter().chain([module.0.as_slice()])),
            None => self.inputs(name)?,
        };
        let stamp = std::fs::read_to_string(file("stamp")).unwrap_or_default();
        let fresh = stamp.lines().next() == Some(&inputs) && file("cwasm").is_file();
        if fresh && !self.force {
            eprintln!("{name}: up to date");
            let snapshot = stamp.lines().nth(1).unwrap_or_default().to_owned();
            let code = stamp.lines().nth(2).unwrap_or_default().to_owned();
            return self.lock(name, snapshot, code, check);
        }
        let snapshot = match (name, worker) {
            ("hostile", _) => hostile::build()?,
            (_, Some(module)) => start(module.try_into()?, "akua_warm")?,
            _ => {
                let directory = self.root.join("engines").join(name);
                let module = go_build::build(name, &directory, &self.output)?;
                start(module.try_into()?, "warm")?
            }
        };
        let compiled = compile(&snapshot)?;
        let (snapshot, code) = self.write(name, &snapshot, &compiled)?;
        std::fs::write(file("stamp"), format!("{inputs}\n{snapshot}\n{code}\n"))?;
        self.lock(name, snapshot, code, check)
    }

    /// Writes the results; returns their digests.
    fn write(
        &self,
        name: &str,
        snapshot: &Snapshot,
        compiled: &Compiled,
    ) -> Result<(String, String)> {
        let file = |extension: &str| self.output.join(name).with_extension(extension);
        std::fs::write(file("cwasm"), &compiled.code)?;
        std::fs::write(file("image"), &compiled.image)?;
        eprintln!(
            "{name}: snapshot {} KiB, code {} KiB, image {} KiB",
            snapshot.0.len() >> 10,
            compiled.code.len() >> 10,
            compiled.image.len() >> 10
        );
        let code = digest([compiled.code.as_slice(), &compiled.image]);
        Ok((digest([snapshot.0.as_slice()]), code))
    }

    /// Compares the digests of an engine with the lock file, or writes them there.
    ///
    /// The worker is not locked: it changes with every commit to the language, and the stamp in the
    /// binary says which one is in it.
    fn lock(&self, name: &str, snapshot: String, code: String, check: bool) -> Result<()> {
        if !["helm", "kustomize"].contains(&name) {
            return Ok(());
        }
        let path = self.root.join("engines/engines.lock");
        let mut lock = load(&path)?;
        let mut entry = lock.engine.get(name).cloned().unwrap_or_default();
        if entry.snapshot != snapshot {
            entry = Entry { toolchain: go_build::version()?, snapshot, ..Entry::default() };
        }
        entry.code.insert(std::env::consts::ARCH.to_owned(), code);
        if lock.engine.get(name) == Some(&entry) {
            return Ok(());
        }
        if check {
            bail!("{name} differs from engines.lock: {entry:?}");
        }
        lock.engine.insert(name.to_owned(), entry);
        store(&path, &lock)
    }

    /// The digest of all that a guest other than the worker is made of.
    fn inputs(&self, name: &str) -> Result<String> {
        let mut parts: Vec<Vec<u8>> = STAGES.iter().map(|stage| stage.to_vec()).collect();
        parts.push(std::env::consts::ARCH.as_bytes().to_vec());
        if name == "hostile" {
            parts.push(hostile::source().to_vec());
        } else {
            parts.push(go_build::version()?.into_bytes());
            collect(&self.root.join("engines").join(name), &mut parts)?;
            collect(&self.root.join("engines/wire"), &mut parts)?;
        }
        Ok(digest(parts.iter().map(Vec::as_slice)))
    }
}

/// Orders the functions of a module as `warm` calls them, and takes the snapshot.
fn start(module: Merged, warm: &str) -> Result<Snapshot> {
    snapshot(&order(&module, warm)?, warm)
}

/// Adds the name and the bytes of every file below `directory`, in order of their names.
fn collect(directory: &Path, parts: &mut Vec<Vec<u8>>) -> Result<()> {
    if !directory.is_dir() {
        return Ok(());
    }
    let entries: std::io::Result<Vec<_>> = std::fs::read_dir(directory)?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, parts)?;
        } else {
            let name = path.file_name().context("a file has a name")?;
            parts.push(name.as_encoded_bytes().to_vec());
            parts.push(std::fs::read(&path)?);
        }
    }
    Ok(())
}
