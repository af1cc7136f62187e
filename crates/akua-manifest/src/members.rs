//! The members of a workspace.

use crate::manifest::first_line;
use akua_source::{Diagnostic, FileId, Span};
use serde::Deserialize;
use toml::Spanned;

/// What a manifest says of its workspace. It need not be a package itself.
#[derive(Debug, Clone)]
pub struct Members {
    /// Whether it is a package too.
    pub has_package: bool,
    /// Globs of directories below it, and where they are written.
    pub globs: Vec<(String, Span)>,
}

/// The parts of `akua.toml` that are read.
#[derive(Deserialize)]
struct RawRoot {
    package: Option<toml::Value>,
    workspace: Option<RawWorkspace>,
}

/// `[workspace]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorkspace {
    #[serde(default)]
    members: Vec<Spanned<String>>,
}

/// Parses `[workspace]` of a manifest; none if it declares none.
///
/// # Errors
/// All that is wrong, each at its byte, with code `E_MANIFEST_PARSE`.
pub fn parse_members(file: FileId, text: &str) -> Result<Option<Members>, Vec<Diagnostic>> {
    let refuse = |at, message| Diagnostic::error("E_MANIFEST_PARSE", message).label(at, "");
    let raw: RawRoot = toml::from_str(text).map_err(|error| {
        let at = Span::of(file, &error.span().unwrap_or(0..0));
        vec![refuse(at, first_line(error.message()))]
    })?;
    let Some(workspace) = raw.workspace else { return Ok(None) };
    let members = workspace.members.into_iter();
    let globs = members.map(|member| (Span::of(file, &member.span()), member.into_inner()));
    let globs: Vec<(String, Span)> = globs.map(|(at, glob)| (glob, at)).collect();
    let wrong = globs.iter().filter(|(glob, _)| !is_below(glob));
    let wrong: Vec<Diagnostic> = wrong
        .map(|(_, at)| {
            refuse(*at, "expected a directory below this one, `*` for any name".to_owned())
        })
        .collect();
    let has_package = raw.package.is_some();
    if wrong.is_empty() { Ok(Some(Members { has_package, globs })) } else { Err(wrong) }
}

/// Returns whether a glob leads to directories below, each part of it to one level.
fn is_below(glob: &str) -> bool {
    let plain = |part: &str| !matches!(part, ".." | "**") && !part.contains(char::is_control);
    !glob.is_empty() && !glob.starts_with('/') && glob.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_globs_below() {
        let text = "[workspace]\nmembers = [\"apps/*\", \"lib\"]\n";
        let found = parse_members(FileId(0), text).expect("parses").expect("a workspace");
        let globs: Vec<&str> = found.globs.iter().map(|(glob, _)| glob.as_str()).collect();
        assert_eq!((found.has_package, globs), (false, vec!["apps/*", "lib"]));
        assert!(parse_members(FileId(0), "[package]\n").expect("parses").is_none());
        for (glob, start) in [("../x", 23), ("/x", 23), ("a/**", 23), ("", 23)] {
            let text = format!("[workspace]\nmembers = [{glob:?}]\n");
            let wrong = parse_members(FileId(0), &text).expect_err(glob);
            let at = wrong.first().and_then(|wrong| wrong.labels.first()).expect("a place").span;
            assert_eq!(at.start, start, "{glob}");
        }
    }
}
