//! One input, rendered by akua and by the native tool.

use crate::compare::check_equal;
use crate::corpus::Case;
use crate::process::Outcome;
use crate::render::{check_refused, render};
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// Checks that akua agrees with the native tool, on the result or that there is none.
///
/// # Errors
/// The differences.
pub fn check_agrees(
    case: &Case,
    packages: &[&Path],
    native: impl FnOnce() -> Result<Outcome>,
) -> Result<()> {
    let Some(code) = &case.refused else {
        let expected = native()?.success().context("the native tool")?;
        for package in packages {
            let actual = render(package, &[])?.success().context("akua")?;
            check_equal(&expected, &actual).with_context(|| package.display().to_string())?;
        }
        return Ok(());
    };
    if case.native != Some(false) {
        let outcome = native()?;
        ensure!(outcome.code != Some(0), "the native tool does not refuse it");
        let told = &outcome.stderr;
        ensure!(told.contains(&case.message), "expected `{}`, found `{told}`", case.message);
    }
    packages.iter().try_for_each(|package| check_refused(package, code, &case.message))
}
