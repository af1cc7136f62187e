//! The schemas that were made, and their text.

use super::text::{declared, named, quoted, schema_name};
use std::collections::BTreeSet;

/// Most schemas; what would be a further one is any.
pub(super) const SCHEMA_LIMIT: usize = 2_000;
/// Longest text of a module, in bytes: its tree takes some twenty times as much.
pub(super) const TEXT_LIMIT_BYTES: usize = 1 << 20;
/// Most letters of a description.
const DESCRIPTION_LIMIT: usize = 500;

/// Stands for an attribute's name in conditions; no literal has it.
pub(super) const NAME: &str = "\0";

/// What is said of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Its type.
    pub(super) ty: String,
    /// What must hold of it besides.
    pub(super) checks: Vec<Rule>,
    /// Whether an attribute of it stays optional: None is a value, or KCL would give it by itself.
    pub(super) optional: bool,
}

/// A condition and what to say where it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// The condition, with [`NAME`] for the attribute.
    pub(super) condition: String,
    /// When it must hold, besides there being a value.
    pub(super) guard: Option<String>,
    /// What the value must be, such as `at least 1`.
    pub(super) must: String,
    /// The functions and modules that the condition names.
    pub(super) uses: &'static str,
}

impl Said {
    /// Says a type and no more.
    pub(super) fn of(ty: impl Into<String>) -> Self {
        Self { ty: ty.into(), ..Self::default() }
    }

    /// Says nothing.
    pub(super) fn any() -> Self {
        Self { optional: true, ..Self::of("any") }
    }
}

/// A schema to be written.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) description: String,
    pub(super) attributes: Vec<Attribute>,
    /// Type of the other keys; none where there may not be any.
    pub(super) others: Option<String>,
}

/// An attribute of it.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) said: Said,
    pub(super) description: String,
}

/// Schemas by the numbers that their names were given in.
#[derive(Debug, Default)]
pub(super) struct Writer {
    names: BTreeSet<String>,
    texts: Vec<String>,
    length_bytes: usize,
    uses_regex: bool,
}

impl Writer {
    /// Reserves a name for a schema; none where there are too many.
    pub(super) fn reserve(&mut self, parent: &str, key: &str) -> Option<(usize, String)> {
        if self.texts.len() >= SCHEMA_LIMIT || self.length_bytes > TEXT_LIMIT_BYTES {
            return None;
        }
        let mut name = schema_name(parent, key);
        if !self.names.insert(name.clone()) {
            name = format!("{name}_{}", self.texts.len());
            self.names.insert(name.clone());
        }
        self.texts.push(String::new());
        Some((self.texts.len().saturating_sub(1), name))
    }

    /// Writes a schema under its reserved name.
    pub(super) fn write(&mut self, at: usize, name: &str, schema: &Schema) {
        let text = self.schema(name, schema);
        self.length_bytes = self.length_bytes.saturating_add(text.len());
        // What is reserved is named: over the limit it stays a schema, and says nothing.
        let fits = self.length_bytes <= TEXT_LIMIT_BYTES.saturating_mul(2);
        if let Some(place) = self.texts.get_mut(at) {
            *place = if fits { text } else { format!("schema {name}:\n    [...str]: any\n") };
        }
    }

    fn schema(&mut self, name: &str, schema: &Schema) -> String {
        let mut lines = vec![format!("schema {name}:")];
        lines.extend(document(schema));
        if let Some(ty) = &schema.others {
            lines.push(format!("[...str]: {ty}"));
        }
        let attributes = schema.attributes.iter().map(|attribute| {
            let mark = if attribute.required { "" } else { "?" };
            format!("{}{mark}: {}", declared(&attribute.name), attribute.said.ty)
        });
        lines.extend(attributes);
        let checks = self.checks(schema);
        if !checks.is_empty() {
            lines.push("check:".to_owned());
            lines.extend(checks.iter().map(|check| format!("    {check}")));
        }
        if lines.len() == 1 {
            // KCL has no empty block.
            lines.push("\"\"\"\"\"\"".to_owned());
        }
        lines.join("\n    ") + "\n"
    }

    fn checks(&mut self, schema: &Schema) -> Vec<String> {
        let mut checks = Vec::new();
        for attribute in &schema.attributes {
            let Some(name) = named(&attribute.name) else { continue };
            for rule in &attribute.said.checks {
                // An attribute of that name would be meant.
                if schema.attributes.iter().any(|other| other.name == rule.uses) {
                    continue;
                }
                self.uses_regex |= rule.uses == "regex";
                let guard =
                    rule.guard.as_ref().map_or(String::new(), |more| format!(" and {more}"));
                let message = quoted(&format!("{} must {}", attribute.name, rule.must));
                let condition = rule.condition.replace(NAME, &name);
                checks.push(format!(
                    "{condition} if {name} not in [None, Undefined]{guard}, {message}"
                ));
            }
        }
        checks
    }

    /// Returns all schemas, the first one first.
    pub(super) fn finish(self) -> String {
        let import = if self.uses_regex { "import regex\n\n" } else { "" };
        format!("{import}{}", self.texts.join("\n"))
    }
}

/// Returns the doc string of a schema: what it is, then what its attributes are.
fn document(schema: &Schema) -> Option<String> {
    let described: Vec<&Attribute> =
        schema.attributes.iter().filter(|attribute| !attribute.description.is_empty()).collect();
    if schema.description.is_empty() && described.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = description_lines(&schema.description).collect();
    if !described.is_empty() {
        lines.extend(["", "Attributes", "----------"].map(str::to_owned));
    }
    for attribute in described {
        lines.push(format!("{} : {}", escaped(&attribute.name), escaped(&attribute.said.ty)));
        lines.extend(description_lines(&attribute.description).map(|line| format!("    {line}")));
    }
    Some(format!("\"\"\"{}\n    \"\"\"", lines.join("\n    ")))
}

/// Returns the lines of a description, cut where it is long.
fn description_lines(text: &str) -> impl Iterator<Item = String> {
    let end = text.char_indices().nth(DESCRIPTION_LIMIT).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default().trim().lines().map(|line| escaped(line.trim_end()))
}

/// Returns text as it may stand within a long string.
fn escaped(text: &str) -> String {
    let literal = quoted(text);
    literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
