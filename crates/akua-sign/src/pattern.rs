//! Patterns of names: text, with `*` for anything.

use std::fmt;

/// Longest pattern, in bytes.
const LIMIT_BYTES: usize = 1024;

/// A text in which each `*` stands for any text, the empty one and `/` included. Nothing else is
/// special: identities have brackets and dots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern(String);

impl Pattern {
    /// Returns a pattern; none where it is empty or too long.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty() && text.len() <= LIMIT_BYTES).then(|| Self(text.to_owned()))
    }

    /// Returns the pattern of all texts.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Returns whether all of a text is as the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        // What follows the last star is the end; each part before it is found as early as it can be.
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Some((_, after)) = text.split_once(part) else { return false };
            text = after;
        }
        text.ends_with(last)
    }

    /// Returns the text of the pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = Pattern::new(pattern).expect("a pattern");
        for text in matching {
            assert!(pattern.matches(text), "{pattern} {text}");
        }
        for text in others {
            assert!(!pattern.matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_stand_for_anything() {
        check("oci://a/b", &["oci://a/b"], &["oci://a/bc", "oci://a", "xoci://a/b", ""]);
        check("oci://a/*", &["oci://a/b", "oci://a/b/c", "oci://a/"], &["oci://a", "oci://ab/c"]);
        check("*", &["", "a", "oci://a"], &[]);
        check("a*b*c", &["abc", "axbxc", "abbcc", "abcbc"], &["ab", "ac", "abcd", "xabc"]);
        check("a**b", &["ab", "axb"], &["a", "b"]);
        check("*.example.com", &["a.example.com"], &["example.com", "a.example.com.evil.org"]);
        check("ab*ba", &["abba", "abxba"], &["aba", "ab", "ba"]);
        check("1+bot[bot]@x.org", &["1+bot[bot]@x.org"], &["1+bob@x.org", "1+bott@x.org"]);
    }

    #[test]
    fn long_ones_are_refused() {
        assert_eq!(Pattern::new(""), None);
        assert_eq!(Pattern::new(&"a".repeat(LIMIT_BYTES + 1)), None);
    }
}
