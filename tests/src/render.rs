//! Renders with akua: always twice, and the bytes must be the same.

use crate::process::{Outcome, akua};
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::path::Path;

/// Renders a package to a YAML stream; what went wrong is in the outcome.
///
/// # Errors
/// If a second run differs from the first.
pub fn render(package: &Path, more: &[&str]) -> Result<Outcome> {
    let mut arguments = vec!["render", "--package", ".", "--stdout"];
    arguments.extend(more);
    let first = akua(&arguments, package)?;
    let second = akua(&arguments, package)?;
    ensure!(first == second, "a second render differs:\n{first:?}\n{second:?}");
    Ok(first)
}

/// Renders a package that must be refused, and checks the code and a part of the message.
///
/// # Errors
/// If it is rendered, or refused for another reason.
pub fn check_refused(package: &Path, code: &str, message: &str) -> Result<()> {
    let outcome = render(package, &["--json"])?;
    ensure!(outcome.code == Some(1), "expected exit code 1, found {:?}", outcome.code);
    let line = outcome.stderr.lines().next().context("expected an error, found none")?;
    let error: Json = serde_json::from_str(line).with_context(|| line.to_owned())?;
    ensure!(error["code"] == code, "expected {code}, found {line}");
    let found = error["message"].as_str().unwrap_or_default();
    ensure!(found.contains(message), "expected `{message}`, found `{found}`");
    Ok(())
}
