//! `akua inspect --package`: texts of a package's files in a worker Store, what it may be given
//! back.

use crate::failure::RenderFailure;
use crate::format::{SourceText, ask};
use crate::worker::finish;
use akua_source::Budgets;
use akua_wire::protocol::{Goal, Inspected};

/// Returns what a package may be given: `option()` calls, and its inputs. Nothing is evaluated. The
/// entry file comes first.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn inspect(files: &[SourceText], budgets: &Budgets) -> Result<Inspected, RenderFailure> {
    let names = files.iter().map(|file| file.name.clone()).collect();
    let output = ask(Goal::Inspect { names }, files, budgets)?;
    Ok(finish(&output)?.inspected)
}
