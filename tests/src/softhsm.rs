//! Tokens of `SoftHSM`, and the akua that is built to sign with them.
//!
//! `cargo xtask pkcs11` builds that akua and takes `SoftHSM` from Debian's packages; without them what
//! needs them is skipped, and says so.

use crate::folder::Folder;
use crate::peers::peer;
use crate::process::{Outcome, PIN, root, run_with};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// What makes tokens.
const UTIL: &str = "softhsm/usr/bin/softhsm2-util";
/// The module that speaks with them.
const MODULE: &str = "softhsm/usr/lib/softhsm/libsofthsm2.so";
/// The variable that names the module to a test that speaks with it by itself.
pub const TEST_MODULE: &str = "AKUA_TEST_MODULE";
/// What their owner has; nobody here is one afterwards.
const OWNER_PIN: &str = "11223344";

/// Tokens, and an akua that signs with them.
#[derive(Debug)]
pub struct SoftHsm {
    /// Where tokens lie.
    folder: Folder,
    util: PathBuf,
    /// The module that speaks with them.
    pub module: PathBuf,
    binary: PathBuf,
    /// The variable that says where they lie.
    pub settings: (&'static str, String),
}

impl SoftHsm {
    /// Returns a place for tokens, which is empty; none where it or that akua is missing.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn new(name: &str) -> Result<Option<Self>> {
        let (Some(util), Some(module), Some(binary)) = (peer(UTIL), peer(MODULE), binary()) else {
            return Ok(None);
        };
        let folder = Folder::new(&format!("softhsm-{name}"))?;
        folder.write("tokens/README", "")?;
        let tokens = folder.path().join("tokens");
        let settings = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
        folder.write("softhsm2.conf", &settings)?;
        let settings = folder.path().join("softhsm2.conf").display().to_string();
        let settings = ("SOFTHSM2_CONF", settings);
        Ok(Some(Self { folder, util, module, binary, settings }))
    }

    /// Makes a token with this label; its PIN is [`PIN`].
    ///
    /// # Errors
    /// If its tool refuses.
    pub fn token(&self, label: &str) -> Result<()> {
        let pins = ["--so-pin", OWNER_PIN, "--pin", PIN];
        self.util(&[&["--init-token", "--free", "--label", label], &pins[..]].concat())
    }

    /// Puts a pair of keys into the token with this label: that of a PKCS#8 file.
    ///
    /// # Errors
    /// If its tool refuses.
    pub fn import(&self, token: &str, key: &Path, label: &str, id: &str) -> Result<()> {
        let key = key.display().to_string();
        let names = ["--token", token, "--label", label, "--id", id, "--pin", PIN];
        // Also with an id that is taken.
        self.util(&[&["--import", &key, "--force"], &names[..]].concat())
    }

    /// Has the test `name` of this program, which is ignored otherwise, do something with the tokens by
    /// itself: modules take their settings from the environment of the process.
    ///
    /// # Errors
    /// It fails.
    pub fn run_test(&self, name: &str) -> Result<()> {
        let program = std::env::current_exe()?;
        let module = self.module.display().to_string();
        let variables = [(self.settings.0, self.settings.1.as_str()), (TEST_MODULE, &module)];
        let arguments = ["--exact", name, "--ignored"];
        let outcome = run_with(&program, &variables, &arguments, self.folder.path())?;
        let stdout = String::from_utf8(outcome.success()?)?;
        ensure!(stdout.contains("1 passed"), "{stdout}");
        Ok(())
    }

    fn util(&self, arguments: &[&str]) -> Result<()> {
        let module = self.module.display().to_string();
        let variables = [(self.settings.0, self.settings.1.as_str())];
        let arguments = [&["--module", &module], arguments].concat();
        let outcome = run_with(&self.util, &variables, &arguments, self.folder.path())?;
        outcome.success().map(drop).with_context(|| arguments.join(" "))
    }

    /// Returns the URI of a key.
    pub fn uri(&self, path: &str) -> String {
        format!("pkcs11:{path}?module-path={}", self.module.display())
    }

    /// Runs the akua that signs with tokens, in a directory, with these variables besides.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn akua(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
        directory: &Path,
    ) -> Result<Outcome> {
        let settings = [(self.settings.0, self.settings.1.as_str())];
        run_with(&self.binary, &[&settings, variables].concat(), arguments, directory)
    }

    /// Has that akua fail: with this exit code, and these words.
    ///
    /// # Errors
    /// It does something else.
    pub fn refused(
        &self,
        variables: &[(&str, &str)],
        arguments: &[&str],
        directory: &Path,
        expected: (i32, &[&str]),
    ) -> Result<()> {
        let outcome = self.akua(variables, arguments, directory)?;
        let Outcome { code, stderr, .. } = &outcome;
        ensure!(*code == Some(expected.0), "exit code {code:?}: {stderr}");
        for word in expected.1 {
            ensure!(stderr.contains(word), "expected `{word}` in:\n{stderr}");
        }
        Ok(())
    }
}

/// Returns the akua that signs with tokens; none where it is not built.
#[expect(clippy::print_stderr, reason = "a test says that it is skipped")]
fn binary() -> Option<PathBuf> {
    let path = root().join("target/release/akua-pkcs11");
    if !path.is_file() {
        eprintln!("skipped: there is no akua with tokens; run `cargo xtask pkcs11`");
        return None;
    }
    Some(path)
}
