//! Editing `akua.toml`: the user's layout and comments stay.

use crate::{Alias, GitReference, Source};
use toml_edit::{Decor, DocumentMut, InlineTable, Item, RawString, Table, TableLike, Value};

/// Why a manifest cannot be edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not TOML.
    #[error("akua.toml is not valid TOML")]
    Malformed(#[source] toml_edit::TomlError),
    /// The alias is taken.
    #[error("there is a dependency `{alias}` already")]
    Exists {
        /// The alias.
        alias: Alias,
    },
    /// There is no such dependency.
    #[error("there is no dependency `{alias}`")]
    Missing {
        /// The alias.
        alias: Alias,
    },
    /// `dependencies` is not a table.
    #[error("`dependencies` is not a table")]
    NoTable,
}

/// Adds a dependency, at the end of `[dependencies]`. One of that name is replaced if `force`.
///
/// # Errors
/// [`EditError`].
pub fn add_dependency(
    text: &str,
    alias: &Alias,
    source: &Source,
    force: bool,
) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(EditError::Malformed)?;
    if document.get("dependencies").is_none() {
        document.insert("dependencies", Item::Table(Table::new()));
    }
    let table = dependencies(&mut document)?;
    let known = table.contains_key(alias.as_str());
    if known && !force {
        return Err(EditError::Exists { alias: alias.clone() });
    }
    match table.get_mut(alias.as_str()) {
        Some(Item::Value(old)) => {
            // What stands around the old value stays: spaces, and a comment at the end of the line.
            let decor = old.decor().clone();
            *old = Value::InlineTable(entry(source));
            *old.decor_mut() = decor;
        }
        Some(old) => match old.as_table_like_mut() {
            Some(old) => change(old, source),
            None => *old = Item::Value(Value::InlineTable(entry(source))),
        },
        None => {
            table.insert(alias.as_str(), Item::Value(Value::InlineTable(entry(source))));
        }
    }
    Ok(with_line_ends(text, document.to_string()))
}

/// Removes a dependency.
///
/// # Errors
/// [`EditError`].
pub fn remove_dependency(text: &str, alias: &Alias) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(EditError::Malformed)?;
    let missing = || EditError::Missing { alias: alias.clone() };
    if document.get("dependencies").is_none() {
        return Err(missing());
    }
    dependencies(&mut document)?.remove(alias.as_str()).ok_or_else(missing)?;
    Ok(with_line_ends(text, document.to_string()))
}

/// Returns an edited text with the line ends of the one before.
fn with_line_ends(before: &str, edited: String) -> String {
    if before.contains("\r\n") {
        edited.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        edited
    }
}

fn dependencies(document: &mut DocumentMut) -> Result<&mut dyn TableLike, EditError> {
    let item = document.get_mut("dependencies").ok_or(EditError::NoTable)?;
    item.as_table_like_mut().ok_or(EditError::NoTable)
}

/// Changes the fields of a table, each where it is. Comments on lines of their own stay, also where
/// their field goes; one at the end of a line goes with its value.
fn change(table: &mut dyn TableLike, source: &Source) {
    let fields = fields(source);
    let is_new = |key: &str| fields.iter().any(|(name, _)| *name == key);
    let old: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let mut comments = String::new();
    for key in old.iter().filter(|key| !is_new(key)) {
        if let Some(key) = table.key(key) {
            comments.push_str(prefix(key.leaf_decor()));
        }
        table.remove(key);
    }
    for (name, text) in &fields {
        match table.get_mut(name) {
            Some(Item::Value(old)) => {
                let decor = old.decor().clone();
                *old = Value::from(*text);
                *old.decor_mut() = decor;
            }
            _ => {
                table.insert(name, Item::Value(Value::from(*text)));
            }
        }
        if let Some(mut key) = table.key_mut(name).filter(|_| !comments.is_empty()) {
            let decor = key.leaf_decor_mut();
            let own = prefix(decor).to_owned();
            decor.set_prefix(std::mem::take(&mut comments) + &own);
        }
    }
}

/// Returns the lines of comments before something.
fn prefix(decor: &Decor) -> &str {
    let text = decor.prefix().and_then(RawString::as_str).unwrap_or_default();
    if text.contains('#') { text } else { "" }
}

fn entry(source: &Source) -> InlineTable {
    fields(source).into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// Returns what an entry says.
fn fields(source: &Source) -> Vec<(&str, &str)> {
    let mut fields: Vec<(&str, &str)> = Vec::new();
    match source {
        Source::Path { path } => fields.push(("path", path)),
        Source::Oci { repository, version } => {
            fields.extend([("oci", repository.as_str()), ("version", version.as_str())]);
        }
        Source::Git { url, reference } => {
            fields.push(("git", url));
            fields.push(match reference {
                GitReference::Tag(tag) => ("tag", tag),
                GitReference::Rev(rev) => ("rev", rev),
            });
        }
        Source::Helm { url, chart, version } => {
            fields.push(("helm", url));
            fields.extend(chart.as_deref().map(|chart| ("chart", chart)));
            fields.push(("version", version.as_str()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Requirement;

    const TEXT: &str = "# mine\n[package]\nname = \"a\"\n\n[dependencies] # here\nz = { path = \"./z\" } # why\n\n[signing]\n";

    fn alias(text: &str) -> Alias {
        Alias::new(text).expect(text)
    }

    fn oci() -> Source {
        let version = Requirement::new("^1").expect("a range");
        Source::Oci { repository: "oci://r/x".to_owned(), version }
    }

    #[test]
    fn layout_and_comments_stay() {
        let added = add_dependency(TEXT, &alias("b"), &oci(), false).expect("adds");
        let line = "b = { oci = \"oci://r/x\", version = \"^1\" }\n";
        assert_eq!(added, TEXT.replace("# why\n", &format!("# why\n{line}")));
        assert_eq!(remove_dependency(&added, &alias("b")).expect("removes"), TEXT);
        let path = Source::Path { path: "../z".to_owned() };
        let forced = add_dependency(TEXT, &alias("z"), &path, true).expect("replaces");
        assert_eq!(forced, TEXT.replace("./z", "../z"));
        let windows = TEXT.replace('\n', "\r\n");
        let added = add_dependency(&windows, &alias("b"), &oci(), false).expect("adds");
        assert_eq!(remove_dependency(&added, &alias("b")).expect("removes"), windows);
    }

    #[test]
    fn comments_of_a_table_that_is_replaced_stay() {
        let check = |before: &str, source: &Source, after: &str| {
            let found = add_dependency(before, &alias("z"), source, true).expect("replaces");
            assert_eq!(found, after);
        };
        let git = Source::Git {
            url: "https://g/z".to_owned(),
            reference: GitReference::Tag("v1".to_owned()),
        };
        let table = "# of all\n[dependencies.z] # here\n# from\noci = \"oci://r/z\" # mirror\n\n# pinned, see 7\nversion = \"1.0.0\" # for now\n# end\n[signing]\n";
        let expected = table.replace("oci://r/z", "oci://r/x").replace("1.0.0", "^1");
        check(table, &oci(), &expected);
        let expected = "# of all\n[dependencies.z] # here\n# from\n\n# pinned, see 7\ngit = \"https://g/z\"\ntag = \"v1\"\n# end\n[signing]\n";
        check(table, &git, expected);
        let dotted = "[dependencies]\n# why\nz.oci = \"oci://r/z\" # mirror\nz.version = \"1\" # now\na = { path = \"a\" }\n";
        let expected = dotted.replace("oci://r/z", "oci://r/x").replace("\"1\"", "\"^1\"");
        check(dotted, &oci(), &expected);
        let expected = "[dependencies]\n# why\nz.git = \"https://g/z\"\nz.tag = \"v1\"\na = { path = \"a\" }\n";
        check(dotted, &git, expected);
        let replaced = "[dependencies.z]\noci = \"oci://r/z\"\nversion = \"1\"\n\n[dependencies.z.replace]\npath = \"../z\"\n";
        check(replaced, &oci(), "[dependencies.z]\noci = \"oci://r/x\"\nversion = \"^1\"\n");
    }

    #[test]
    fn a_first_dependency_gets_a_table() {
        let added = add_dependency("[package]\n", &alias("b"), &oci(), false).expect("adds");
        let table = "[dependencies]\nb = { oci = \"oci://r/x\", version = \"^1\" }\n";
        assert_eq!(added, format!("[package]\n\n{table}"));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let exists = add_dependency(TEXT, &alias("z"), &oci(), false);
        assert!(matches!(exists, Err(EditError::Exists { .. })));
        assert!(matches!(remove_dependency(TEXT, &alias("b")), Err(EditError::Missing { .. })));
        assert!(matches!(remove_dependency("a = ", &alias("b")), Err(EditError::Malformed(_))));
        let list = "dependencies = []\n";
        assert!(matches!(remove_dependency(list, &alias("b")), Err(EditError::NoTable)));
    }
}
