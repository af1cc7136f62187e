//! Which versions of a dependency will do.

mod range;

pub use range::Range;
use semver::Version;
use std::fmt;

/// Longest requirement, in bytes.
const REQUIREMENT_LIMIT: usize = 256;

/// Which versions of a dependency will do.
///
/// # Shape
/// A text without an operator is that tag exactly: `1.2.3`, `v1.2.3`, `latest`. Else a range as
/// helm reads it: comparators that all hold, joined by `,` or spaces, and alternatives of them,
/// joined by `||`: `^1.2`, `~1.2`, `>=1.2 <2`, `1.x`, `1.2 - 1.4`, `!=1.3`, `>=1.2-0`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    text: String,
    kind: RequirementKind,
}

/// What kind of requirement it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementKind {
    /// One tag, which is no semantic version: it is resolved by its name alone.
    Tag,
    /// One version.
    Exact(Version),
    /// Any version that one of these accepts.
    Range(Vec<Range>),
}

impl Requirement {
    /// Returns the requirement, or what is wrong with the text.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refuse = || format!("expected a version or a range such as `^1.2`, found `{text}`");
        if text.is_empty() || text.len() > REQUIREMENT_LIMIT {
            return Err(refuse());
        }
        let kind = if is_range(text) {
            RequirementKind::Range(alternatives(text).ok_or_else(refuse)?)
        } else if is_tag(text) {
            version_of_tag(text).map_or(RequirementKind::Tag, RequirementKind::Exact)
        } else {
            return Err(refuse());
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// Returns what a chart asks for of a chart repository: there `1.2` is a range.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn of_chart(text: &str) -> Result<Self, String> {
        let found = Self::new(text)?;
        match alternatives(&found.text) {
            Some(ranges) if found.kind == RequirementKind::Tag => {
                Ok(Self { kind: RequirementKind::Range(ranges), ..found })
            }
            _ => Ok(found),
        }
    }

    /// Returns the requirement as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what kind of requirement it is.
    pub fn kind(&self) -> &RequirementKind {
        &self.kind
    }

    /// Returns whether a tag will do.
    pub fn accepts(&self, tag: &str) -> bool {
        match (&self.kind, version_of_tag(tag)) {
            (RequirementKind::Tag, _) | (_, None) => self.text == tag,
            (RequirementKind::Exact(version), Some(found)) => *version == found,
            (RequirementKind::Range(ranges), Some(found)) => {
                ranges.iter().any(|range| range.accepts(&found))
            }
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the semantic version that a tag is: three numbers at least, with or without `v`, with `_`
/// for the `+` that tags cannot have. A tag such as `1.2` is none: it moves.
pub fn version_of_tag(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix('v').unwrap_or(tag).replacen('_', "+", 1);
    Version::parse(&text).ok()
}

/// Returns the other spelling of a tag that is a semantic version: with `v`, or without.
pub fn other_spelling(tag: &str) -> Option<String> {
    version_of_tag(tag)?;
    Some(tag.strip_prefix('v').map_or_else(|| format!("v{tag}"), str::to_owned))
}

/// Returns whether a text has an operator or a wildcard in it.
fn is_range(text: &str) -> bool {
    let wild = |part: &str| matches!(part, "x" | "X");
    let mut release = text.split(['-', '+']).take(1).flat_map(|release| release.split('.'));
    text.contains(['^', '~', '<', '>', '=', '*', ',', ' ', '|']) || release.any(wild)
}

/// Reads ranges of which one has to hold.
fn alternatives(text: &str) -> Option<Vec<Range>> {
    text.split("||").map(Range::parse).collect()
}

/// Returns whether a text may be a tag of a registry or of git.
fn is_tag(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/".contains(&byte);
    text.bytes().all(letter) && !text.starts_with(['-', '.', '/']) && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, yes: &[&str], no: &[&str]) {
        let requirement = Requirement::new(text).expect(text);
        for tag in yes {
            assert!(requirement.accepts(tag), "{text} accepts {tag}");
        }
        for tag in no {
            assert!(!requirement.accepts(tag), "{text} does not accept {tag}");
        }
    }

    #[test]
    fn ranges_as_semver_and_charts_have_them() {
        check("^1.2", &["1.2.0", "v1.9.3"], &["2.0.0", "1.1.9", "1.3.0-rc.1", "latest", "1.2"]);
        check("^1.0.0-next.1", &["1.0.0-next.2", "1.0.0"], &["1.0.0-next.0"]);
        check("v1.2 - v1.4", &["1.3.0"], &["1.5.0"]);
        check("~1.2", &["1.2.9"], &["1.3.0"]);
        check(">=1.2 <2", &["1.2.0", "1.99.0"], &["2.0.0"]);
        check(">= 1.2, < 2", &["1.2.0"], &["2.0.0"]);
        check("1.x", &["1.0.0", "1.7.2"], &["2.0.0"]);
        check("1.2.*", &["1.2.7"], &["1.3.0"]);
        check("*", &["0.1.0", "9.9.9"], &["1.0.0-rc.1", "latest"]);
        check("1.2 - 1.4", &["1.2.0", "1.4.0"], &["1.5.0"]);
        check("^1 || ^3", &["1.5.0", "3.0.1"], &["2.0.0"]);
        check(">=1.0.0-0", &["1.0.0-rc.1"], &["0.9.0"]);
        check(">=1.2-0 <2", &["1.2.0-rc.1", "v1.3.0"], &["2.0.0", "1.1.0"]);
        check("1.x-0", &["1.2.0-rc.1", "1.2.0"], &["2.0.0"]);
        check("1.2.0-rc.x", &["1.2.0-rc.x"], &["1.2.0"]);
    }

    #[test]
    fn in_a_chart_a_partial_version_is_a_range() {
        let chart = |text: &str| Requirement::of_chart(text).expect(text);
        assert!(chart("1.2").accepts("1.2.7") && !chart("1.2").accepts("1.3.0"));
        assert!(chart("v1").accepts("1.9.0") && chart("1.2-0").accepts("1.2.1-rc.1"));
        assert!(chart(" 1.2.3 ").accepts("v1.2.3"));
        assert!(!chart("1.2.3").accepts("1.2.4") && chart("latest").accepts("latest"));
        assert!(Requirement::of_chart(">=a").is_err());
    }

    #[test]
    fn a_text_without_an_operator_is_that_version() {
        check("1.2.3", &["1.2.3", "v1.2.3"], &["1.2.4", "1.2"]);
        check("1.31", &["1.31"], &["v1.31", "1.31.0", "1.31.1"]);
        check("1.0.0+build.5", &["1.0.0_build.5"], &["1.0.0"]);
        check("latest", &["latest"], &["1.0.0", "Latest"]);
    }

    #[test]
    fn versions_have_two_spellings() {
        assert_eq!(other_spelling("1.2.0").as_deref(), Some("v1.2.0"));
        assert_eq!(other_spelling("v1.2.0-rc.1").as_deref(), Some("1.2.0-rc.1"));
        for tag in ["latest", "1.2", "v1", "vv1.2.0"] {
            assert_eq!(other_spelling(tag), None, "{tag}");
        }
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "^", "^a", "a b", "1.2.3 ||", "a\nb", "../x", &"1".repeat(300)] {
            assert!(Requirement::new(text).is_err(), "{text}");
        }
    }
}
