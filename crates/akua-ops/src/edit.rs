//! `akua add` and `akua remove`: dependencies in `akua.toml`, and the lock after them.

use crate::lock::{LockedEntry, compare};
use crate::{Failure, Home};
use akua_manifest::{Alias, EditError, Source, add_dependency, remove_dependency};
use akua_package::{Keep, MANIFEST, Project, lock, restore_lock, write_lock};
use akua_source::{Diagnostic, SourceMap};
use serde::Serialize;
use std::path::PathBuf;

/// What to change, and where.
#[derive(Debug, Clone)]
pub struct EditRequest {
    /// The package's directory.
    pub workspace: PathBuf,
    /// The dependency.
    pub alias: String,
    /// What to do with it.
    pub edit: Edit,
    /// Where things are.
    pub home: Home,
}

/// What to do with a dependency.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Add it.
    Add {
        /// What its entry says, as TOML: `path = "…"` and the like.
        fields: Vec<(&'static str, String)>,
        /// Whether to replace one of that name.
        force: bool,
    },
    /// Remove it.
    Remove {
        /// Whether it need not be there.
        ignore_missing: bool,
    },
}

/// The result of an edit.
#[derive(Debug, Serialize)]
pub struct EditOutcome {
    /// The dependency.
    pub name: String,
    /// Where it comes from; none if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// Its address or directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<String>,
    /// The version, tag or commit that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether there was one before.
    pub replaced: bool,
    /// Whether it was removed.
    pub removed: bool,
    /// New entries of the lock.
    pub locked: Vec<LockedEntry>,
}

/// Adds or removes a dependency, and locks the package. The manifest is written last: where the
/// dependency cannot be locked both files stay as they are.
///
/// # Errors
/// [`Failure`]; nothing has changed then.
pub fn run(request: &EditRequest) -> Result<EditOutcome, Failure> {
    request.home.raise_wall()?;
    let project = Project::open(&request.workspace)?;
    let text = String::from_utf8_lossy(&project.manifest_bytes).into_owned();
    let alias = Alias::new(&request.alias).map_err(|reason| {
        Diagnostic::error("E_ADD_INVALID_DEP", format!("`{}`: {reason}", request.alias))
    })?;
    let known = project.manifest.dependencies.iter().any(|declared| declared.alias == alias);
    let (edited, source) = match &request.edit {
        Edit::Add { fields, force } => {
            let source = source(&alias, fields)?;
            let edited = add_dependency(&text, &alias, &source, *force).map_err(refused)?;
            (edited, Some(source))
        }
        Edit::Remove { ignore_missing: true } if !known => (text.clone(), None),
        Edit::Remove { .. } => (remove_dependency(&text, &alias).map_err(refused)?, None),
    };
    let old = project.lock.clone().unwrap_or_default();
    let changed = project.edited(&edited)?;
    let new = lock(&changed, &request.home.supply_for(&project)?, &Keep::All)?;
    let wrote = !(new.packages.is_empty() && changed.lock.is_none()) && write_lock(&changed, &new)?;
    if edited != text {
        let path = changed.root.path().join(MANIFEST);
        if let Err(error) = akua_disk::replace_file(&path, edited.as_bytes()) {
            if wrote {
                // Both or neither; the first error is the one to tell.
                let _restored = restore_lock(&project);
            }
            return Err(error.into());
        }
    }
    let removed = source.is_none() && known;
    let locked = compare(&old, &new).added;
    Ok(EditOutcome {
        name: alias.to_string(),
        source: source.as_ref().map(Source::kind),
        source_ref: source.as_ref().map(|source| source.address().to_owned()),
        version: source.as_ref().and_then(Source::version),
        replaced: known && !removed,
        removed,
        locked,
    })
}

/// Returns the source that fields say, checked as the manifest checks it.
fn source(alias: &Alias, fields: &[(&'static str, String)]) -> Result<Source, Failure> {
    let entry: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name} = {}", toml_text(value))).collect();
    let head = "[package]\nname = \"a\"\nversion = \"0\"\nedition = \"akua.dev/v1alpha1\"\n[dependencies]\n";
    let text = format!("{head}{alias} = {{ {} }}\n", entry.join(", "));
    let mut sources = SourceMap::default();
    let file = sources.add("the command line", text.clone());
    let manifest = akua_manifest::parse(file, &text).map_err(|diagnostics| {
        // The place is one in a text that nobody wrote.
        let told = diagnostics.into_iter().map(|told| {
            Diagnostic::error("E_ADD_INVALID_DEP", told.message)
                .help("see `akua add --help` for what belongs together")
        });
        Failure { diagnostics: told.collect(), ..Failure::default() }
    })?;
    let found = manifest.dependencies.into_iter().next();
    let missing = || Diagnostic::error("E_ADD_INVALID_DEP", "there is nothing to add").into();
    found.map(|declared| declared.source).ok_or_else(missing)
}

fn toml_text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "it is used as a function of an error")]
fn refused(error: EditError) -> Failure {
    let message = error.to_string();
    match error {
        EditError::Exists { .. } => {
            Diagnostic::error("E_ADD_DEP_EXISTS", message).help("to replace it: akua add --force")
        }
        EditError::Missing { .. } => Diagnostic::error("E_REMOVE_NOT_FOUND", message)
            .help("`akua tree` lists the dependencies"),
        EditError::Malformed(_) | EditError::NoTable => {
            Diagnostic::error("E_MANIFEST_PARSE", message)
        }
    }
    .into()
}
