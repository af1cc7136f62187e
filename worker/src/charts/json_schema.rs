//! A chart's `values.schema.json` as KCL schemas.
//!
//! **Invariant:** what the chart's schema admits after helm merged the defaults, the schemas admit
//! before: what cannot be said in KCL is left out, and helm checks it later.

use super::DEPTH_LIMIT;
use super::checks::{checks, literals};
use super::document::Document;
use super::flat::Flat;
use super::writer::{Attribute, Said, Schema, TEXT_LIMIT_BYTES, Writer};
use kcl::Value;
use std::collections::BTreeMap;

/// Most alternatives of a union.
const ALTERNATIVE_LIMIT: usize = 16;

/// What the chart gives by itself where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'d> {
    /// Nothing: what is required has to be said.
    Nothing,
    /// These defaults.
    Defaults(&'d Value),
    /// Nobody knows, so nothing has to be said.
    Unknown,
}

/// Where a type is asked for.
#[derive(Debug, Clone, Copy)]
struct Place<'p, 'd> {
    /// The schema around it.
    parent: &'p str,
    /// Its name in there.
    key: &'p str,
    given: Given<'d>,
    depth: usize,
}

/// Writes the schema `Values`; returns whether the document says anything about values.
pub(super) fn values<'d>(writer: &mut Writer, root: &'d Value, given: Given<'d>) -> bool {
    let mut document = Document::new(root);
    let flat = Flat::of(&mut document, &[root]);
    if flat.properties.is_empty() && flat.additional.is_empty() && !flat.closed {
        return false;
    }
    let Some((at, name)) = writer.reserve("Values", "") else { return false };
    let known = [true, false].map(|strict| (("#", strict), name.clone()));
    let known = BTreeMap::from(known);
    let mut generator = Generator { document, writer, known, active: Vec::new(), said_bytes: 0 };
    let place = Place { parent: &name, key: "", given, depth: DEPTH_LIMIT - 1 };
    generator.schema(&flat, place, at);
    true
}

struct Generator<'w, 'd> {
    document: Document<'d>,
    writer: &'w mut Writer,
    /// Schemas of references, for places where the chart gives nothing and for others.
    known: BTreeMap<(&'d str, bool), String>,
    /// References that are being looked at without being schemas.
    active: Vec<&'d str>,
    /// How much was said so far.
    said_bytes: usize,
}

impl<'d> Generator<'_, 'd> {
    /// Says what subschemas admit that all hold.
    fn say(&mut self, schemas: &[&'d Value], place: Place<'_, 'd>) -> Said {
        // References say the same again, at any length.
        let more = self.said_bytes <= TEXT_LIMIT_BYTES;
        let Some(depth) = place.depth.checked_sub(1).filter(|_| more) else { return Said::any() };
        let place = Place { depth, ..place };
        let reference = match schemas {
            [schema] => self.lone_reference(schema),
            _ => None,
        };
        let said = if let Some(reference) = reference {
            self.reference(reference, place)
        } else {
            let flat = Flat::of(&mut self.document, schemas);
            self.flat(&flat, place)
        };
        let checks = said.checks.iter().map(|rule| rule.condition.len());
        let length = checks.sum::<usize>().saturating_add(said.ty.len());
        self.said_bytes = self.said_bytes.saturating_add(length);
        said
    }

    /// Returns the reference that is all that a subschema says of a value.
    fn lone_reference(&self, schema: &'d Value) -> Option<&'d str> {
        let keywords = schema.as_dict()?;
        let says = |key: &str| {
            let silent = ["$ref", "$comment", "description", "title", "default", "examples"];
            !silent.contains(&key)
        };
        let alone = self.document.refs_stand_alone || !keywords.iter().any(|(key, _)| says(key));
        keywords.get("$ref").filter(|_| alone)?.as_str()
    }

    /// Says what a reference admits: an object becomes a schema once, so that it may hold itself.
    fn reference(&mut self, reference: &'d str, place: Place<'_, 'd>) -> Said {
        let strict = matches!(place.given, Given::Nothing);
        if let Some(name) = self.known.get(&(reference, strict)) {
            return Said::of(name.as_str());
        }
        let target = self.document.resolve(reference);
        let Some(target) = target.filter(|_| !self.active.contains(&reference)) else {
            return Said::any();
        };
        let flat = Flat::of(&mut self.document, &[target]);
        if !is_schema(&flat) {
            self.active.push(reference);
            let said = self.flat(&flat, place);
            self.active.pop();
            return said;
        }
        let key = reference.rsplit('/').next().unwrap_or_default();
        let Some((at, name)) = self.writer.reserve("Values", key) else { return Said::any() };
        self.known.insert((reference, strict), name.clone());
        let given = if strict { Given::Nothing } else { Given::Unknown };
        self.schema(&flat, Place { parent: &name, given, ..place }, at);
        Said::of(name)
    }

    fn flat(&mut self, flat: &Flat<'d>, place: Place<'_, 'd>) -> Said {
        if let Some(values) = flat.values {
            return literals(values);
        }
        self.alternatives(flat, place).unwrap_or_else(|| self.typed(flat, place))
    }

    /// Says a union, if one of the groups of alternatives is about more than required keys.
    fn alternatives(&mut self, flat: &Flat<'d>, place: Place<'_, 'd>) -> Option<Said> {
        let depth = place.depth.checked_sub(1)?;
        let place = Place { depth, ..place };
        let mut members = None;
        for group in &flat.alternatives {
            let flats = group.iter().take(ALTERNATIVE_LIMIT.saturating_add(1));
            let flats: Vec<Flat<'d>> =
                flats.map(|schema| Flat::of(&mut self.document, &[schema])).collect();
            let says = |member: &Flat<'d>| member.says_something(flat);
            if flats.len() <= ALTERNATIVE_LIMIT && flats.iter().all(says) {
                members = Some(group);
                break;
            }
        }
        let (mut types, mut nullable) = (Vec::new(), false);
        for (at, schema) in members?.iter().enumerate() {
            let key = format!("{} {}", place.key, at.saturating_add(1));
            let member = flat.with(&mut self.document, schema);
            if member.types.as_deref() == Some(&["null"]) {
                nullable = true;
                continue;
            }
            let said = match self.lone_reference(schema).filter(|_| flat.is_plain()) {
                Some(reference) => self.reference(reference, place),
                None => self.flat(&member, Place { key: &key, ..place }),
            };
            types.push(said);
        }
        let mut said = union(types)?;
        said.optional |= nullable;
        Some(said)
    }

    fn typed(&mut self, flat: &Flat<'d>, place: Place<'_, 'd>) -> Said {
        let mut types = flat.types.clone().unwrap_or_else(|| {
            let object = !flat.properties.is_empty() || !flat.additional.is_empty() || flat.closed;
            let array = !flat.items.is_empty();
            [("object", object), ("array", array)]
                .into_iter()
                .filter(|t| t.1)
                .map(|t| t.0)
                .collect()
        });
        let count = types.len();
        types.retain(|ty| *ty != "null");
        let nullable = types.len() < count;
        if types.contains(&"number") {
            types.retain(|ty| *ty != "integer");
        }
        let said = types.iter().map(|ty| self.single(ty, flat, place)).collect();
        let mut said = union(said).unwrap_or_else(Said::any);
        said.optional |= nullable;
        said
    }

    /// Says one of the types of JSON Schema.
    fn single(&mut self, ty: &str, flat: &Flat<'d>, place: Place<'_, 'd>) -> Said {
        let said = |ty: &str| Said { checks: checks(ty, &flat.limits), ..Said::of(ty) };
        match ty {
            "boolean" => Said::of("bool"),
            "integer" => said("int"),
            "number" => said("float"),
            "string" => said("str"),
            "array" if flat.items.is_empty() => said("[]"),
            "array" => {
                let key = format!("{} item", place.key);
                // Lists are replaced as a whole: no default completes their items.
                let place = Place { key: &key, given: Given::Nothing, ..place };
                let ty = self.say(&flat.items, place).ty;
                Said { checks: checks("[]", &flat.limits), ..Said::of(format!("[{ty}]")) }
            }
            "object" if flat.properties.is_empty() => {
                let others = self.others(flat, place);
                Said::of(if others == "any" {
                    "{str:}".to_owned()
                } else {
                    format!("{{str:{others}}}")
                })
            }
            "object" => match self.writer.reserve(place.parent, place.key) {
                Some((at, name)) => {
                    self.schema(flat, Place { parent: &name, ..place }, at);
                    Said::of(name)
                }
                None => Said::any(),
            },
            _ => Said::any(),
        }
    }

    /// Returns the type of properties that have no name.
    fn others(&mut self, flat: &Flat<'d>, place: Place<'_, 'd>) -> String {
        if flat.additional.is_empty() || flat.patterned {
            return "any".to_owned();
        }
        let given = match place.given {
            Given::Nothing => Given::Nothing,
            Given::Defaults(_) | Given::Unknown => Given::Unknown,
        };
        let key = format!("{} value", place.key);
        self.say(&flat.additional, Place { key: &key, given, ..place }).ty
    }

    /// Writes the schema of an object; `place.parent` is its own name.
    fn schema(&mut self, flat: &Flat<'d>, place: Place<'_, 'd>, at: usize) {
        let mut schema = Schema { description: flat.description.to_owned(), ..Schema::default() };
        for (name, schemas) in &flat.properties {
            let given = match place.given {
                Given::Defaults(defaults) => match defaults.as_dict().and_then(|d| d.get(name)) {
                    Some(value) => Given::Defaults(value),
                    None => Given::Nothing,
                },
                other => other,
            };
            let said = self.say(schemas, Place { key: name, given, ..place });
            let absent = matches!(given, Given::Nothing);
            let required = flat.required.contains(&&***name) && absent && !said.optional;
            let own = schemas.iter().filter_map(|s| s.as_dict()?.get("description")?.as_str());
            let description = own.take(1).collect();
            schema.attributes.push(Attribute {
                name: name.to_string(),
                required,
                said,
                description,
            });
        }
        if !flat.closed || flat.patterned {
            schema.others = Some(self.others(flat, Place { key: "", ..place }));
        }
        self.writer.write(at, place.parent, &schema);
    }
}

/// Returns whether it is an object with properties, and no alternative to it.
fn is_schema(flat: &Flat<'_>) -> bool {
    let object = flat.types.as_ref().is_none_or(|types| types.iter().all(|ty| *ty == "object"));
    object && !flat.properties.is_empty() && flat.alternatives.is_empty() && flat.values.is_none()
}

/// Returns the union of types, with the checks of an only one; none where it says nothing.
fn union(mut said: Vec<Said>) -> Option<Said> {
    if said.len() == 1 {
        return said.pop();
    }
    let mut types: Vec<&str> = Vec::new();
    for Said { ty, .. } in &said {
        if ty == "any" {
            return None;
        }
        if !types.contains(&ty.as_str()) {
            types.push(ty);
        }
    }
    let optional = said.iter().any(|said| said.optional);
    let ty = types.join(" | ");
    (!ty.is_empty()).then(|| Said { optional, ..Said::of(ty) })
}
