//! A position of a JSON Schema laid flat: all that is said of one value, by the subschemas that hold
//! for it together (`allOf`, `$ref` with what stands beside it), in one place.
//!
//! **Invariant:** it admits at least what the subschemas admit. What it cannot say it leaves out.

use super::document::Document;
use kcl::Value;
use kcl::eval::dict::Dict;
use kcl::eval::value::Text;

/// What the subschemas of a position say together.
#[derive(Debug, Clone, Default)]
pub(super) struct Flat<'d> {
    /// Types that are admitted; none where all are.
    pub(super) types: Option<Vec<&'d str>>,
    /// Subschemas of each property; all of them hold.
    pub(super) properties: Vec<(&'d Text, Vec<&'d Value>)>,
    pub(super) required: Vec<&'d str>,
    /// Whether there may be no other properties.
    pub(super) closed: bool,
    /// What holds for other properties.
    pub(super) additional: Vec<&'d Value>,
    /// Whether other properties are told apart by patterns.
    pub(super) patterned: bool,
    /// What holds for items.
    pub(super) items: Vec<&'d Value>,
    /// The only values.
    pub(super) values: Option<&'d [Value]>,
    /// Groups of alternatives: of each group one or more hold.
    pub(super) alternatives: Vec<&'d [Value]>,
    /// Limits, by keyword; of the same keyword the first.
    pub(super) limits: Vec<(&'static str, &'d Value)>,
    pub(super) description: &'d str,
}

/// Most properties of one object; others have no type.
const PROPERTY_LIMIT: usize = 2_000;

/// Keywords that become checks.
const LIMITS: [&str; 9] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
];

impl<'d> Flat<'d> {
    /// Lays subschemas flat that all hold.
    pub(super) fn of(document: &mut Document<'d>, schemas: &[&'d Value]) -> Self {
        let mut flat = Self::default();
        let mut active = Vec::new();
        for schema in schemas {
            flat.add(document, schema, &mut active);
        }
        flat
    }

    /// Returns it with one more subschema, and without its alternatives.
    pub(super) fn with(&self, document: &mut Document<'d>, schema: &'d Value) -> Self {
        document.charge(self.properties.len());
        let mut flat = Self { alternatives: Vec::new(), ..self.clone() };
        flat.add(document, schema, &mut Vec::new());
        flat
    }

    /// Returns whether, as an alternative below `base`, it says more than which keys there must be.
    pub(super) fn says_something(&self, base: &Self) -> bool {
        self.says_parts() || self.types.is_some() && self.types != base.types
    }

    /// Returns whether, its alternatives and its type aside, it says nothing of a value.
    pub(super) fn is_plain(&self) -> bool {
        self.properties.is_empty() && self.items.is_empty() && self.additional.is_empty()
    }

    fn says_parts(&self) -> bool {
        !self.is_plain() || !self.alternatives.is_empty() || self.values.is_some()
    }

    fn add(&mut self, document: &mut Document<'d>, schema: &'d Value, active: &mut Vec<&'d str>) {
        let Value::Dict(keywords) = schema else { return };
        if !document.charge(1) {
            return;
        }
        if self.description.is_empty() {
            let text = keywords.get("description").or_else(|| keywords.get("title"));
            self.description = text.and_then(Value::as_str).unwrap_or_default();
        }
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            // What cannot be followed may say anything: it is left out.
            if let Some(target) = document.resolve(reference)
                && !active.contains(&reference)
                && active.len() < super::DEPTH_LIMIT
            {
                active.push(reference);
                self.add(document, target, active);
                active.pop();
            }
            if document.refs_stand_alone {
                return;
            }
        }
        self.keywords(document, keywords);
        active.push("");
        if active.len() < super::DEPTH_LIMIT {
            for schema in list(keywords, "allOf") {
                self.add(document, schema, active);
            }
        }
        active.pop();
    }

    fn keywords(&mut self, document: &mut Document<'d>, keywords: &'d Dict) {
        if let Some(types) = types(keywords) {
            self.types = Some(match self.types.take() {
                Some(known) => both(&known, &types),
                None => types,
            });
        }
        if let Some(properties) = keywords.get("properties").and_then(dict) {
            self.properties(document, properties);
        }
        self.required.extend(list(keywords, "required").iter().filter_map(Value::as_str));
        self.patterned |= keywords.get("patternProperties").is_some_and(|v| dict(v).is_some());
        match keywords.get("additionalProperties") {
            Some(Value::Bool(false)) => self.closed = true,
            Some(schema @ Value::Dict(_)) => self.additional.push(schema),
            _ => {}
        }
        self.items.extend(keywords.get("items").filter(|items| dict(items).is_some()));
        let tuple = keywords.get("prefixItems").is_some();
        if tuple {
            self.items.clear();
        }
        let values = match (keywords.entry("const"), keywords.get("enum")) {
            (Some(value), _) => Some(std::slice::from_ref(&value.value)),
            (None, Some(Value::List(values))) => Some(values.as_slice()),
            _ => None,
        };
        self.values = self.values.or(values);
        for group in ["anyOf", "oneOf"] {
            let group = list(keywords, group);
            if !group.is_empty() {
                self.alternatives.push(group);
            }
        }
        for keyword in LIMITS {
            if let Some(limit) = keywords.get(keyword)
                && !self.limits.iter().any(|(known, _)| *known == keyword)
            {
                self.limits.push((keyword, limit));
            }
        }
    }

    fn properties(&mut self, document: &mut Document<'d>, properties: &'d Dict) {
        let first = self.properties.is_empty();
        for (name, schema) in properties.iter() {
            if !first {
                document.charge(self.properties.len() / 64);
                let known = self.properties.iter_mut().find(|(known, _)| *known == name);
                if let Some((_, schemas)) = known {
                    schemas.push(schema);
                    continue;
                }
            }
            if self.properties.len() < PROPERTY_LIMIT {
                self.properties.push((name, vec![schema]));
            } else {
                // What is not said of this one may be said of none without a name.
                self.patterned = true;
            }
        }
    }
}

/// Returns the types that a subschema names.
fn types(keywords: &Dict) -> Option<Vec<&str>> {
    match keywords.get("type") {
        Some(Value::Str(name)) => Some(vec![name]),
        Some(Value::List(names)) => Some(names.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// Returns the types that both admit; a number may be an integer.
fn both<'d>(some: &[&'d str], others: &[&'d str]) -> Vec<&'d str> {
    let within = |ty: &str, types: &[&str]| {
        types.contains(&ty) || ty == "integer" && types.contains(&"number")
    };
    let mut types: Vec<&str> = some.iter().copied().filter(|ty| within(ty, others)).collect();
    let more = others.iter().copied().filter(|ty| within(ty, some) && !some.contains(ty));
    types.extend(more);
    types
}

fn dict(value: &Value) -> Option<&Dict> {
    match value {
        Value::Dict(dict) => Some(dict),
        _ => None,
    }
}

fn list<'d>(keywords: &'d Dict, key: &str) -> &'d [Value] {
    match keywords.get(key) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
