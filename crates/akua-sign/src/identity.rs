//! Whose signature is asked for, where certificates name the signer: an identity and its issuer.

use crate::Pattern;
use regex_lite::{Regex, RegexBuilder};
use std::fmt;

/// Longest pattern, in bytes.
const PATTERN_LIMIT_BYTES: usize = 1_000;
/// Largest compiled pattern, in bytes: those of one line have some kilobytes.
const COMPILED_LIMIT_BYTES: usize = 256 << 10;
/// Deepest nesting of groups in a pattern.
const NESTING_LIMIT: u32 = 20;

/// An identity that a certificate has to show, and who has to have vouched for it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The mail address or URI in the certificate.
    pub subject: Matcher,
    /// The OIDC issuer.
    pub issuer: Matcher,
}

/// What a text has to be.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// This text.
    Exact(String),
    /// One that is as this pattern says.
    Pattern(Pattern),
    /// One that the whole of this expression matches.
    Expression(Expression),
}

/// A regular expression that matches whole texts, in time that grows with their length.
#[derive(Clone)]
pub struct Expression {
    text: String,
    regex: Regex,
}

/// A pattern is no regular expression that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ExpressionError {
    /// Too long.
    #[error("a pattern has at most {limit_bytes} bytes")]
    TooLong {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// Malformed, or too large once it is compiled.
    #[error("it is not a regular expression that akua reads")]
    Malformed(#[source] regex_lite::Error),
}

impl Matcher {
    /// Returns the regular expression that a text says.
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub fn expression(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > PATTERN_LIMIT_BYTES {
            return Err(ExpressionError::TooLong { limit_bytes: PATTERN_LIMIT_BYTES });
        }
        let build = |text: &str| {
            let mut builder = RegexBuilder::new(text);
            builder.size_limit(COMPILED_LIMIT_BYTES).nest_limit(NESTING_LIMIT).build()
        };
        // By itself first: what closes a group of its own must not open ours.
        build(text).map_err(ExpressionError::Malformed)?;
        let regex = build(&format!(r"\A(?:{text})\z")).map_err(ExpressionError::Malformed)?;
        Ok(Self::Expression(Expression { text: text.to_owned(), regex }))
    }

    /// Returns whether a text is what it has to be.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Pattern(pattern) => pattern.matches(text),
            Self::Expression(expression) => expression.regex.is_match(text),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => write!(f, "`{exact}`"),
            Self::Pattern(pattern) => write!(f, "`{pattern}`"),
            Self::Expression(expression) => write!(f, "one like `{}`", expression.text),
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Matcher, PATTERN_LIMIT_BYTES};

    fn check(pattern: &str, text: &str, expected: bool) {
        let pattern = Matcher::expression(pattern).expect("a pattern of this test");
        assert_eq!(pattern.matches(text), expected, "{pattern} and {text:?}");
    }

    #[test]
    fn a_pattern_matches_whole_texts() {
        check("https://example.com/.*", "https://example.com/a", true);
        check("^https://example.com/.*$", "https://example.com/a", true);
        check("https://example.com/", "https://example.com/a", false);
        check("example.com", "https://example.com", false);
        check("a|b", "a", true);
        check("a|b", "ac", false);
        check("a|b", "cb", false);
        check("(?m)^a$", "b\na\nb", false);
        check("a", "a\n", false);
        check("(?x)a b", "ab", true);
        check(".*", "a\nb", false);
        assert!(Matcher::Exact("a.c".to_owned()).matches("a.c"));
        assert!(!Matcher::Exact("a.c".to_owned()).matches("abc"));
    }

    #[test]
    fn a_pattern_cannot_leave_its_group() {
        for pattern in ["a)|(?:b", "(", "a)", "(?:", "(?x)a # b"] {
            assert!(Matcher::expression(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn patterns_have_limits() {
        assert!(Matcher::expression(&"a".repeat(PATTERN_LIMIT_BYTES)).is_ok());
        assert!(Matcher::expression(&"a".repeat(PATTERN_LIMIT_BYTES + 1)).is_err());
        assert!(Matcher::expression("(((a{100}){100}){100})").is_err());
        let nested = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Matcher::expression(&nested(10)).is_ok());
        assert!(Matcher::expression(&nested(100)).is_err());
    }
}
