//! What makes two dependencies the same: where they come from.

use akua_manifest::{Alias, GitReference, LockedPackage, RequirementKind, Source};
use std::fmt;
use std::path::{Component, Path};

/// Beginning of the key of a directory.
const PATH: &str = "path+file://";

/// Where a dependency comes from, in one text: `source` of the lock.
///
/// # Shape
/// `oci://HOST/NAME`, `git+URL@REFERENCE`, `helm+URL#CHART`, or `path+file://PATH` relative to the
/// lock. A tag that is no semantic version is a source by itself, as a commit is: `oci://…@TAG`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey(String);

impl SourceKey {
    /// Returns the key of a source that is not a directory; of a directory, none.
    pub fn remote(source: &Source, alias: &Alias) -> Option<Self> {
        Some(Self(match source {
            Source::Path { .. } => return None,
            Source::Oci { repository, version } => match version.kind() {
                RequirementKind::Tag => format!("{repository}@{version}"),
                RequirementKind::Exact(_) | RequirementKind::Range(_) => repository.clone(),
            },
            Source::Git { url, reference } => match reference {
                GitReference::Tag(name) | GitReference::Rev(name) => format!("git+{url}@{name}"),
            },
            Source::Helm { url, chart, .. } => {
                format!("helm+{url}#{}", chart.as_deref().unwrap_or(alias.as_str()))
            }
        }))
    }

    /// Returns the key of a directory; both paths are canonical.
    pub fn folder(lock_root: &Path, folder: &Path) -> Self {
        Self(format!("{PATH}{}", relative(lock_root, folder)))
    }

    /// Returns the key that a lock has.
    pub fn locked(source: &str) -> Self {
        Self(source.to_owned())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path of a directory, relative to the lock.
    pub fn path(&self) -> Option<&str> {
        self.0.strip_prefix(PATH)
    }
}

impl fmt::Display for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path().unwrap_or(&self.0))
    }
}

/// Returns the directory of an entry of the lock that lies on this machine, relative to the lock: its
/// own, or the one that stands in for it. What has none is fetched.
pub(crate) fn local_path(entry: &LockedPackage) -> Option<&str> {
    entry.replaced.as_deref().or_else(|| entry.source.strip_prefix(PATH))
}

/// Returns the way from one directory to another, with `/`.
pub(crate) fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(same).map(|_| "..".to_owned());
    let down = to.iter().skip(same).filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akua_manifest::Requirement;

    #[test]
    fn a_key_says_where_it_comes_from() {
        let alias = Alias::new("web").expect("an alias");
        let check = |source: Source, expected: Option<&str>| {
            let key = SourceKey::remote(&source, &alias);
            assert_eq!(key.as_ref().map(SourceKey::as_str), expected);
        };
        let oci = |version: &str| Source::Oci {
            repository: "oci://r/x".to_owned(),
            version: Requirement::new(version).expect("a requirement"),
        };
        check(oci("^1"), Some("oci://r/x"));
        check(oci("1.2.3"), Some("oci://r/x"));
        check(oci("latest"), Some("oci://r/x@latest"));
        let version = Requirement::new("*").expect("a requirement");
        check(
            Source::Helm { url: "https://h/c".to_owned(), chart: None, version },
            Some("helm+https://h/c#web"),
        );
        check(Source::Path { path: "x".to_owned() }, None);
        let check = |from: &str, to: &str, expected: &str| {
            let key = SourceKey::folder(Path::new(from), Path::new(to));
            assert_eq!(key.path(), Some(expected));
        };
        check("/a/b", "/a/b/c/d", "c/d");
        check("/a/b", "/a/c", "../c");
        check("/a/b", "/a/b", ".");
    }
}
