//! Instances of schemas, and the configs that they are made from.

use super::Generator;
use super::collection::laid_out;
use super::schema::Attribute;
use super::types::{KEYS, Type};

impl Generator {
    /// An expression that gives an instance.
    pub(super) fn schema_value(&mut self, at: usize, depth: u32) -> String {
        match self.below(8) {
            0 => format!("({} | {})", self.made(at, depth), self.config(at, depth, true)),
            1 => {
                let known: Vec<String> =
                    self.known(&Type::Schema(at)).map(|name| name.text.clone()).collect();
                if known.is_empty() {
                    return self.made(at, depth);
                }
                let (name, config) = (self.pick(&known), self.config(at, depth, true));
                match self.below(3) {
                    // The reference forgets what an instance with a type was made from.
                    0 if name.starts_with('_') => format!("{name}{config}"),
                    0 | 1 => format!("({name} | {config})"),
                    _ => format!("{}{{**{name}}}", self.schemas[at].name),
                }
            }
            _ => self.made(at, depth),
        }
    }

    /// `Name {…}`, with all that is required.
    pub(super) fn made(&mut self, at: usize, depth: u32) -> String {
        let parameters = self.schemas[at].parameters.clone();
        let arguments: Vec<String> =
            parameters.iter().map(|kind| self.expression(kind, depth.min(1))).collect();
        let arguments = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        let config = self.config(at, depth, false);
        format!("{}{arguments} {config}", self.schemas[at].name)
    }

    /// `{…}` for a schema; a partial one leaves out what is required.
    pub(super) fn config(&mut self, at: usize, depth: u32, partial: bool) -> String {
        let mut entries = Vec::new();
        for attribute in self.attributes(at) {
            let required = !attribute.optional && !attribute.default && !partial;
            let given = if required { !self.slip(10) } else { self.chance(4) };
            if given {
                entries.push(self.setting(&attribute, depth.saturating_sub(1), required));
            }
        }
        if let Some(kind) = self.schemas[at].index.clone()
            && self.chance(2)
        {
            let (key, value) = (self.pick(&KEYS), self.expression(&kind, depth.min(1)));
            entries.push(format!("{key} = {value}"));
        }
        if self.slip(15) {
            entries.push("unknown = 1".to_owned());
        }
        laid_out(&entries)
    }

    /// An entry that sets an attribute.
    fn setting(&mut self, attribute: &Attribute, depth: u32, required: bool) -> String {
        let name = &attribute.name;
        let operator = self.pick(&[" =", ":", ":"]);
        match (&attribute.kind, self.below(8)) {
            (Type::List(item), 0) if attribute.default => {
                format!("{name} += [{}]", self.expression(item, depth))
            }
            (Type::List(item), 1) if attribute.default => {
                format!("{name}[0]{operator} {}", self.expression(item, depth))
            }
            (Type::Dict(item), 0) => {
                let (key, value) = (self.pick(&KEYS), self.expression(item, depth));
                format!("{name}.{key}{operator} {value}")
            }
            (Type::Schema(at), 0..=2) => {
                format!("{name}{operator} {}", self.config(*at, depth, !required))
            }
            (Type::Schema(at), 3) if !required => {
                let inner = self.attributes(*at);
                if inner.is_empty() {
                    return format!("{name}{operator} {{}}");
                }
                let inner = self.pick(&inner);
                let value = self.expression(&inner.kind, depth);
                format!("{name}.{}{operator} {value}", inner.name)
            }
            (kind, 4) if !required => {
                let (condition, value) =
                    (self.expression(&Type::Bool, depth), self.expression(kind, depth));
                format!("if {condition}: {name}{operator} {value}")
            }
            (kind, 5) => {
                let value = self.expression(kind, depth);
                format!("**{{{name}{operator} {value}}}")
            }
            (kind, _) => format!("{name}{operator} {}", self.expression(kind, depth)),
        }
    }
}
