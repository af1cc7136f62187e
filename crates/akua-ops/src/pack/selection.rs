//! Which files of a package are packed, and why others are not: rules of akua's own, then those of
//! `.akuaignore`, the last that matches winning.
//!
//! **Invariant:** what a lock vouches for is packed as it is; `.git` and `.akua` never are.

use akua_disk::{DiskError, Folder, INVENTORY};
use akua_source::Diagnostic;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, Glob};
use serde::Serialize;
use std::path::Path;

/// The file with the rules of a package.
pub(crate) const IGNORE: &str = ".akuaignore";
/// Largest such file, in bytes, longest line of it, and most lines: those of large projects have some
/// hundred.
const IGNORE_LIMIT_BYTES: u64 = 64 << 10;
const LINE_LIMIT_BYTES: usize = 1024;
const LINES_LIMIT: usize = 1000;
/// Files without which there is no package.
const REQUIRED: [&str; 3] = ["akua.toml", "akua.lock", "package.k"];
/// What akua leaves out unless `.akuaignore` says otherwise, and why; later rules win.
const RULES: [(Reason, &[&str]); 5] = [
    (Reason::Hidden, &[".*"]),
    (Reason::Vcs, &[".hg", ".svn", ".bzr", ".jj", ".gitignore", ".gitattributes", ".gitmodules"]),
    (Reason::Output, &["/deploy", "/rendered", "/out", "/target", "/node_modules", "/dist"]),
    // Archives that were packed before, and their signatures.
    (Reason::Output, &["/*.tgz", "/*.tar.gz", "*.akuasig"]),
    // Inputs of whoever has the package here: they are not part of it.
    (Reason::Inputs, &["/inputs.yaml"]),
];

/// Why a file or directory is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// A rule of `.akuaignore`.
    Ignored,
    /// It begins with a dot.
    Hidden,
    /// It belongs to the version control.
    Vcs,
    /// It was made from the package.
    Output,
    /// Inputs of whoever has the package here.
    Inputs,
    /// What akua keeps here; what is vendored goes into the archive by itself.
    Akua,
}

impl Reason {
    /// All of them, with their names.
    const ALL: [(Self, &str); 6] = [
        (Self::Ignored, "ignored"),
        (Self::Hidden, "hidden"),
        (Self::Vcs, "vcs"),
        (Self::Output, "output"),
        (Self::Inputs, "inputs"),
        (Self::Akua, "akua"),
    ];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(reason, _)| *reason == self).map_or("", |(_, name)| name)
    }

    /// Returns the reason that a rule was made for.
    fn of(rule: &Glob) -> Self {
        let from = rule.from().and_then(Path::to_str);
        let found = Self::ALL.iter().find(|(_, name)| Some(*name) == from);
        found.map_or(Self::Ignored, |(reason, _)| *reason)
    }
}

/// What is left out of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The path; a directory ends with `/`.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// Decides about one file after the other.
pub(crate) struct Selection<'p> {
    root: &'p Folder,
    rules: Gitignore,
    /// Directories that the lock vouches for, each with `/` at its end.
    locked: &'p [String],
    /// The archive itself, where it lies in the package.
    archive: Option<&'p str>,
    left_out: Vec<LeftOut>,
}

impl<'p> Selection<'p> {
    /// Reads the rules of a package.
    ///
    /// # Errors
    /// `E_PACK_IGNORE`.
    pub(crate) fn new(
        root: &'p Folder,
        locked: &'p [String],
        archive: Option<&'p str>,
    ) -> Result<Self, Box<Diagnostic>> {
        let text = match root.read(IGNORE, IGNORE_LIMIT_BYTES) {
            Ok(bytes) => {
                String::from_utf8(bytes).map_err(|_invalid| refused("it is not UTF-8", None))?
            }
            Err(DiskError::Missing { .. }) => String::new(),
            Err(error) => return Err(refused(&error.to_string(), None)),
        };
        Ok(Self { root, rules: rules(&text)?, locked, archive, left_out: Vec::new() })
    }

    /// Returns whether a file, or with `true` a directory, is part of the package, and notes it if it
    /// is not.
    pub(crate) fn keeps(&mut self, path: &str, is_folder: bool) -> bool {
        let Some(reason) = self.reason(path, is_folder) else { return true };
        let path = if is_folder { format!("{path}/") } else { path.to_owned() };
        self.left_out.push(LeftOut { path, reason });
        false
    }

    /// Returns what was left out, sorted.
    ///
    /// # Errors
    /// `E_PACK_IGNORE` if there is no package without it.
    pub(crate) fn finish(mut self) -> Result<Vec<LeftOut>, Box<Diagnostic>> {
        self.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        match self.left_out.iter().find(|left| REQUIRED.contains(&left.path.as_str())) {
            Some(left) => {
                Err(refused(&format!("it leaves out `{}`, which is the package", left.path), None))
            }
            None => Ok(self.left_out),
        }
    }

    /// Returns why a path is left out.
    fn reason(&self, path: &str, is_folder: bool) -> Option<Reason> {
        match path.rsplit('/').next() {
            Some(".git") => return Some(Reason::Vcs),
            Some(".akua") => return Some(Reason::Akua),
            _ => {}
        }
        let folder = format!("{path}/");
        let vouched = |locked: &String| {
            path.starts_with(locked.as_str()) || is_folder && locked.starts_with(&folder)
        };
        if self.locked.iter().any(vouched) {
            return None;
        }
        if self.archive == Some(path) {
            return Some(Reason::Output);
        }
        match self.rules.matched_path_or_any_parents(path, is_folder) {
            Match::Ignore(rule) => Some(Reason::of(rule)),
            Match::Whitelist(_) => None,
            // Where akua rendered into, wherever that is.
            Match::None => {
                let rendered = is_folder && self.root.has_file(&format!("{folder}{INVENTORY}"));
                rendered.then_some(Reason::Output)
            }
        }
    }
}

/// Returns akua's rules, and those of a text after them.
fn rules(text: &str) -> Result<Gitignore, Box<Diagnostic>> {
    let mut builder = GitignoreBuilder::new("");
    for (reason, rules) in RULES {
        for rule in rules {
            let added = builder.add_line(Some(reason.name().into()), rule);
            added.map_err(|error| refused(&error.to_string(), None))?;
        }
    }
    for (at, line) in text.lines().enumerate() {
        let number = at.saturating_add(1);
        if number > LINES_LIMIT {
            return Err(refused(&format!("it has more than {LINES_LIMIT} lines"), None));
        }
        if line.len() > LINE_LIMIT_BYTES {
            let reason = format!("the line is longer than {LINE_LIMIT_BYTES} bytes");
            return Err(refused(&reason, Some(number)));
        }
        let added = builder.add_line(None, line);
        added.map_err(|error| refused(&error.to_string(), Some(number)))?;
    }
    builder.build().map_err(|error| refused(&error.to_string(), None))
}

/// Returns the error for rules that cannot be followed.
fn refused(reason: &str, line: Option<usize>) -> Box<Diagnostic> {
    let place = line.map_or_else(String::new, |line| format!(":{line}"));
    let error = Diagnostic::error("E_PACK_IGNORE", format!("`{IGNORE}{place}`: {reason}"));
    Box::new(error.path(IGNORE).help("correct it: one pattern a line, as in .gitignore"))
}

#[cfg(test)]
mod tests;
