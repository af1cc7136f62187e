//! A package under test: its directory, and a home directory with a cache of its own.

use crate::folder::Folder;
use crate::process::{Oracle, Outcome, akua, akua_reading, akua_with, oracle};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;

/// The head of a manifest of version 0.1.0.
pub fn manifest(name: &str, rest: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n{rest}"
    )
}

/// A directory in which commands run; its `home` is their home directory.
#[derive(Debug)]
pub struct Project {
    /// The directory.
    pub folder: Folder,
}

impl Project {
    /// Makes a package `app` with these dependencies and this program.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn new(name: &str, dependencies: &str, program: &str) -> Result<Self> {
        let folder = Folder::new(&format!("dependencies-{name}"))?;
        folder.write("akua.toml", &manifest("app", dependencies))?;
        folder.write("package.k", program)?;
        Ok(Self { folder })
    }

    /// Writes a chart whose one object says what its values and files say.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn chart(&self, path: &str, name: &str, version: &str, rest: &str) -> Result<()> {
        let metadata = format!("apiVersion: v2\nname: {name}\nversion: {version}\n{rest}");
        self.folder.write(&format!("{path}/Chart.yaml"), &metadata)?;
        let object = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  version: {{{{ .Chart.Version | quote }}}}\n"
        );
        self.folder.write(&format!("{path}/templates/object.yaml"), &object)
    }

    /// Runs akua.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        akua(arguments, self.folder.path())
    }

    /// Runs akua with these variables.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Result<Outcome> {
        akua_with(variables, arguments, self.folder.path())
    }

    /// Runs akua, which has to succeed, and returns what it prints.
    ///
    /// # Errors
    /// It fails.
    pub fn ok(&self, arguments: &[&str]) -> Result<String> {
        let outcome = self.run(arguments)?.success();
        Ok(String::from_utf8(outcome.with_context(|| arguments.join(" "))?)?)
    }

    /// Runs akua with something on its standard input.
    ///
    /// # Errors
    /// It fails.
    pub fn ok_reading(&self, input: &str, arguments: &[&str]) -> Result<String> {
        let outcome = akua_reading(input.as_bytes(), arguments, self.folder.path())?.success();
        Ok(String::from_utf8(outcome.with_context(|| arguments.join(" "))?)?)
    }

    /// Runs akua, which has to be refused with this exit code and these words.
    ///
    /// # Errors
    /// It is not.
    pub fn refused(&self, arguments: &[&str], code: i32, words: &[&str]) -> Result<()> {
        let outcome = self.run(arguments)?;
        let shown = format!("{}: {:?}\n{}", arguments.join(" "), outcome.code, outcome.stderr);
        ensure!(outcome.code == Some(code), "{shown}");
        for word in words {
            ensure!(outcome.stderr.contains(word), "no `{word}` in {shown}");
        }
        Ok(())
    }

    /// Renders twice, and returns what both times gave.
    ///
    /// # Errors
    /// It fails, or the second time gives something else.
    pub fn render(&self, arguments: &[&str]) -> Result<String> {
        let arguments = [&["render", "--stdout"], arguments].concat();
        let first = self.ok(&arguments)?;
        ensure!(first == self.ok(&arguments)?, "a second render differs");
        Ok(first)
    }

    /// Runs helm, which has to succeed.
    ///
    /// # Errors
    /// It fails.
    pub fn helm(&self, arguments: &[&str]) -> Result<String> {
        let outcome = oracle(Oracle::Helm, arguments, self.folder.path())?.success();
        Ok(String::from_utf8(outcome.with_context(|| arguments.join(" "))?)?)
    }

    /// Writes a chart, packs it with helm and pushes it with helm.
    ///
    /// # Errors
    /// It cannot.
    pub fn push_chart(&self, host: &str, name: &str, version: &str, rest: &str) -> Result<()> {
        let path = format!("charts-{name}-{version}");
        self.chart(&path, name, version, rest)?;
        self.helm(&["package", &path, "-d", "packed"])?;
        let archive = format!("packed/{name}-{version}.tgz");
        self.helm(&["push", &archive, &format!("oci://{host}/charts"), "--plain-http"])?;
        Ok(())
    }

    /// Returns the path of something in the directory.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn read(&self, below: &str) -> Result<String> {
        let path = self.path(below);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    }
}
