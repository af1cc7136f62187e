//! Definitions of schemas and mixins.

use super::types::Type;
use super::{Generator, Name, indented};

/// An attribute of a schema.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) optional: bool,
    pub(super) default: bool,
}

/// A schema that was defined.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) base: Option<usize>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) mixin: bool,
    /// Whether it can be made without arguments.
    pub(super) open: bool,
    /// The type that an index signature admits.
    pub(super) index: Option<Type>,
    /// Types of its parameters.
    pub(super) parameters: Vec<Type>,
}

impl Generator {
    /// Returns the attributes of a schema with those of its bases.
    pub(super) fn attributes(&self, at: usize) -> Vec<Attribute> {
        let schema = &self.schemas[at];
        let mut all = schema.base.map_or_else(Vec::new, |base| self.attributes(base));
        for attribute in &schema.attributes {
            match all.iter_mut().find(|known| known.name == attribute.name) {
                Some(known) => known.default |= attribute.default,
                None => all.push(attribute.clone()),
            }
        }
        all
    }

    /// Writes the definition of a schema.
    pub(super) fn schema(&mut self) {
        let base = if self.chance(2) { self.some_schema() } else { None };
        let name = self.fresh("S");
        let parameters = if base.is_none() && self.chance(6) {
            (0..=self.below(2)).map(|_| self.simple_type()).collect()
        } else {
            Vec::new()
        };
        let index = (base.is_none() && self.chance(6)).then(|| self.simple_type());
        let schema = Schema {
            name: name.clone(),
            base,
            attributes: Vec::new(),
            mixin: false,
            open: parameters.is_empty(),
            index: index.clone(),
            parameters: parameters.clone(),
        };
        let mixins: Vec<String> = (self.schemas.iter().filter(|schema| schema.mixin))
            .map(|schema| schema.name.clone())
            .collect();
        let mut names = Vec::new();
        let mut header = Vec::new();
        for (at, kind) in parameters.into_iter().enumerate() {
            let default =
                if at > 0 { format!(" = {}", self.literal(&kind)) } else { String::new() };
            header.push(format!("p{at}: {}{default}", self.type_text(&kind)));
            names.push(Name { text: format!("p{at}"), kind });
        }
        let header =
            if header.is_empty() { String::new() } else { format!("[{}]", header.join(", ")) };
        let parent = base.map_or_else(String::new, |base| format!("({})", self.schemas[base].name));
        self.schemas.push(schema);
        let at = self.schemas.len() - 1;
        let mut lines = Vec::new();
        if !mixins.is_empty() && self.chance(4) {
            lines.push(format!("mixin [{}]", self.pick(&mixins)));
        }
        if let Some(kind) = index {
            lines.push(self.index_signature(&kind));
        }
        self.schemas[at].open = false;
        let body = self.within(names, |this| this.body(at));
        self.schemas[at].open = self.schemas[at].parameters.is_empty();
        lines.extend(body);
        self.lines.push(format!("schema {name}{header}{parent}:"));
        self.lines.extend(indented(&lines));
        self.lines.push(String::new());
    }

    /// `[name: str]: T = default`
    fn index_signature(&mut self, kind: &Type) -> String {
        let default =
            if self.chance(4) { format!(" = {}", self.literal(kind)) } else { String::new() };
        // Without `...`, all attributes have to be of its type.
        let key = if self.slip(3) { "str" } else { "...str" };
        format!("[{key}]: {}{default}", self.type_text(kind))
    }

    /// The lines of a schema's body: attributes, statements, checks.
    fn body(&mut self, at: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let inherited = self.schemas[at].base.map_or_else(Vec::new, |base| self.attributes(base));
        let before = self.names.len();
        // What is said anew reads no attribute: to the reference it would depend on the order.
        for attribute in &inherited {
            if self.chance(4) {
                let value = self.expression(&attribute.kind, 2);
                let kind = self.type_text(&attribute.kind);
                let kind = if self.chance(2) { format!(": {kind}") } else { String::new() };
                lines.push(format!("{}{kind} = {value}", attribute.name));
                let attribute = Attribute { default: true, ..attribute.clone() };
                self.schemas[at].attributes.push(attribute);
            }
        }
        for attribute in inherited.iter().filter(|attribute| !attribute.optional) {
            self.names.push(Name { text: attribute.name.clone(), kind: attribute.kind.clone() });
        }
        for _ in 0..=self.below(4) {
            let (attribute, line) = self.attribute(at);
            if !attribute.optional {
                self.names
                    .push(Name { text: attribute.name.clone(), kind: attribute.kind.clone() });
            }
            self.schemas[at].attributes.push(attribute);
            lines.push(line);
        }
        for _ in 0..self.below(2) {
            let outer = before..self.names.len();
            lines.extend(self.body_statement(at, &lines, outer));
        }
        if self.chance(4) {
            let condition = self.expression(&Type::Bool, 2);
            let line = match self.below(3) {
                0 => format!("{condition} or True, \"never\""),
                1 => format!("True if {condition}, \"message\""),
                _ => condition,
            };
            lines.push("check:".to_owned());
            lines.extend(indented(&[line]));
        }
        self.names.truncate(before);
        lines
    }

    /// An attribute and its line.
    fn attribute(&mut self, at: usize) -> (Attribute, String) {
        let kind = match self.schemas[at].index.clone() {
            Some(kind) if self.chance(2) => kind,
            _ => self.some_type(2),
        };
        let name = self.fresh(&kind.letters());
        let optional = self.chance(6);
        let default = self.below(3) > 0;
        let mut line =
            format!("{name}{}: {}", if optional { "?" } else { "" }, self.type_text(&kind));
        if default {
            line = format!("{line} = {}", self.expression(&kind, 2));
            if !optional && self.chance(8) {
                line = format!("{name} = {}", self.expression(&kind, 2));
            }
        }
        (Attribute { name, kind, optional, default }, line)
    }

    /// A statement in a body: `if`, a private name, an augmented assignment.
    ///
    /// What changes an attribute neither reads attributes nor changes one that was read: the
    /// reference runs such statements twice.
    fn body_statement(
        &mut self,
        at: usize,
        before: &[String],
        own: std::ops::Range<usize>,
    ) -> Vec<String> {
        let known: Vec<_> = self.schemas[at].attributes.clone();
        let attribute = self.pick(&known);
        let read = before.iter().filter(|line| line.contains(&attribute.name)).count() > 1;
        let choice = self.below(4);
        if choice.is_multiple_of(2) && attribute.default && !read {
            let names: Vec<Name> = self.names.drain(own).collect();
            let lines = self.change(&attribute, choice == 0);
            self.names.extend(names);
            return lines;
        }
        if choice != 1 {
            return vec![format!("assert {} or True", self.expression(&Type::Bool, 1))];
        }
        let name = self.fresh(&format!("_{}", attribute.kind.letters()));
        let line = format!("{name} = {}", self.expression(&attribute.kind, 2));
        self.names.push(Name { text: name, kind: attribute.kind });
        vec![line]
    }

    /// A statement that changes an attribute.
    fn change(&mut self, attribute: &Attribute, conditional: bool) -> Vec<String> {
        let value = self.expression(&attribute.kind, 2);
        match &attribute.kind {
            _ if conditional => {
                let condition = self.expression(&Type::Bool, 1);
                let mut lines = vec![format!("if {condition}:")];
                lines.extend(indented(&[format!("{} = {value}", attribute.name)]));
                if self.chance(2) {
                    let other = self.expression(&attribute.kind, 1);
                    lines.push("else:".to_owned());
                    lines.extend(indented(&[format!("{} = {other}", attribute.name)]));
                }
                lines
            }
            Type::Int | Type::Str | Type::List(_) => {
                vec![format!("{} += {value}", attribute.name)]
            }
            _ => vec![format!("{} = {value}", attribute.name)],
        }
    }

    /// Writes the definition of a mixin.
    pub(super) fn mixin(&mut self) {
        let (kind, name) = (self.simple_type(), self.fresh("M") + "Mixin");
        let attribute = self.fresh(&kind.letters());
        let value = self.expression(&kind, 1);
        self.lines.push(format!("mixin {name}:"));
        self.lines.push(format!("    {attribute}: {} = {value}\n", self.type_text(&kind)));
        self.schemas.push(Schema {
            name,
            base: None,
            attributes: Vec::new(),
            mixin: true,
            open: false,
            index: None,
            parameters: Vec::new(),
        });
    }
}
