//! Names that were checked once, where they were read.

use std::fmt;

/// Longest name, in bytes: a release name in Kubernetes has at most 53, with room for a suffix.
const NAME_LIMIT: usize = 128;

/// The name of a package: ASCII letters, digits, `-` and `_`, not beginning with `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageName(String);

impl PackageName {
    /// Returns the name, or what is wrong with it.
    ///
    /// # Errors
    /// A sentence that ends "…, found `x`".
    pub fn new(text: &str) -> Result<Self, String> {
        let valid = !text.is_empty()
            && text.len() <= NAME_LIMIT
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if valid {
            return Ok(Self(text.to_owned()));
        }
        Err("expected letters, digits, `-` and `_`, not beginning with `-`".to_owned())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a dependency in `[dependencies]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias(PackageName);

impl Alias {
    /// Returns the alias, or what is wrong with it.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn new(text: &str) -> Result<Self, String> {
        if matches!(text, "akua" | "charts" | "pkgs") {
            return Err(format!("`{text}` is reserved for akua's own modules"));
        }
        PackageName::new(text).map(Self)
    }

    /// Returns the alias as `akua.toml` has it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the alias as KCL imports it: `-` is `_`.
    pub fn module(&self) -> String {
        self.0.as_str().replace('-', "_")
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
