//! The cases of the corpus: directories with a `case.toml`, which may be absent.

use crate::folder::names;
use crate::process::root;
use anyhow::{Context, Result};
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A case as `case.toml` has it; without the file, all of it is the default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Case {
    /// Its name, if the directory has more than one.
    pub name: String,
    /// The values or inputs [default: values.yaml].
    pub values: Option<String>,
    /// The folder that is built, for kustomize [default: the directory].
    pub path: Option<String>,
    /// Options of helm, as `helm.template` calls them.
    pub options: toml::Table,
    /// The code with which akua must refuse it.
    pub refused: Option<String>,
    /// What the message must contain, akua's and the native tool's.
    pub message: String,
    /// Set to false where the native tool would do it: it is not asked.
    pub native: Option<bool>,
}

/// The cases of a directory.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(rename = "case")]
    cases: Vec<Case>,
}

/// Returns a trial for each case below `tests/corpus/AREA`.
///
/// # Errors
/// If the corpus cannot be read.
pub fn trials(area: &str, check: fn(&Path, &Case) -> Result<()>) -> Result<Vec<Trial>> {
    let area = root().join("tests/corpus").join(area);
    let mut trials = Vec::new();
    for directory in names(&area)? {
        let path = area.join(&directory);
        for mut case in cases(&path)? {
            let separator = if case.name.is_empty() { "" } else { "/" };
            case.name = format!("{directory}{separator}{}", case.name);
            let (path, case): (PathBuf, Case) = (path.clone(), case);
            trials.push(trial(&case.name.clone(), move || check(&path, &case)));
        }
    }
    Ok(trials)
}

/// Returns a trial of a name.
pub fn trial(name: &str, check: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(name, || check().map_err(|error| Failed::from(format!("{error:#}"))))
}

/// Runs the trials as the arguments of the process say.
///
/// # Errors
/// If there are none.
pub fn run(trials: Result<Vec<Trial>>) -> Result<ExitCode> {
    Ok(libtest_mimic::run(&Arguments::from_args(), trials?).exit_code())
}

/// Reads the cases of a directory.
fn cases(directory: &Path) -> Result<Vec<Case>> {
    let file = directory.join("case.toml");
    if !file.exists() {
        return Ok(vec![Case::default()]);
    }
    let text = std::fs::read_to_string(&file)?;
    let parsed: Cases = toml::from_str(&text).with_context(|| file.display().to_string())?;
    Ok(parsed.cases)
}
