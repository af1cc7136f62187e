//! Expressions: what all types have in common.

use super::types::{CHOICES, Type};
use super::{Generator, Name, SLIP};

impl Generator {
    /// Returns an expression of a type.
    pub(super) fn expression(&mut self, kind: &Type, depth: u32) -> String {
        if self.slip(SLIP) {
            return self.mistake(depth);
        }
        if depth == 0 {
            return self.leaf(kind);
        }
        match self.below(16) {
            0..=2 => self.leaf(kind),
            3 => self.conditional(kind, depth - 1),
            4 => self.called(kind, depth - 1),
            5 => self.item(kind, depth - 1),
            6 => self.member(kind, depth - 1),
            7 => self.fallback(kind, depth - 1),
            _ => self.own(kind, depth - 1),
        }
    }

    /// Returns an expression that only this type has.
    fn own(&mut self, kind: &Type, depth: u32) -> String {
        match kind {
            Type::Int => self.int(depth),
            Type::Float => self.float(depth),
            Type::Bool => self.bool(depth),
            Type::Str => self.text(depth),
            Type::Choice => self.leaf(kind),
            Type::Either => {
                let kind = self.pick(&[Type::Int, Type::Str]);
                self.expression(&kind, depth)
            }
            Type::List(item) => self.list(item, depth),
            Type::Dict(item) => self.dict(item, depth),
            Type::Schema(at) => self.schema_value(*at, depth),
        }
    }

    /// Returns a name or a literal.
    pub(super) fn leaf(&mut self, kind: &Type) -> String {
        let known: Vec<String> = self.known(kind).map(|name| name.text.clone()).collect();
        if !known.is_empty() && !self.chance(3) { self.pick(&known) } else { self.literal(kind) }
    }

    /// Returns the names in scope of a type.
    pub(super) fn known(&self, kind: &Type) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(move |name| name.kind == *kind)
    }

    /// Returns a literal.
    pub(super) fn literal(&mut self, kind: &Type) -> String {
        match kind {
            Type::Int => self.int_literal(),
            Type::Float => self.float_literal(),
            Type::Bool => self.pick(&["True", "False"]).to_owned(),
            Type::Str => self.text_literal(),
            Type::Choice => self.pick(&CHOICES).to_owned(),
            Type::Either => {
                let kind = self.pick(&[Type::Int, Type::Str]);
                self.literal(&kind)
            }
            Type::List(item) => {
                let count = self.below(4);
                let items: Vec<String> = (0..count).map(|_| self.literal(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Type::Dict(item) => self.dict_literal(item, 0),
            Type::Schema(at) => self.made(*at, 0),
        }
    }

    /// `a if condition else b`
    fn conditional(&mut self, kind: &Type, depth: u32) -> String {
        let (then, other) = (self.expression(kind, depth), self.expression(kind, depth));
        let condition = self.expression(&Type::Bool, depth);
        format!("({then} if {condition} else {other})")
    }

    /// A call of a lambda.
    fn called(&mut self, kind: &Type, depth: u32) -> String {
        let fitting: Vec<_> =
            self.lambdas.iter().filter(|lambda| lambda.result == *kind).cloned().collect();
        if fitting.is_empty() {
            return self.own(kind, depth);
        }
        let lambda = self.pick(&fitting);
        let mut arguments = Vec::new();
        for (at, parameter) in lambda.parameters.iter().enumerate() {
            let value = self.expression(parameter, depth);
            let named = at + 1 == lambda.parameters.len() && self.chance(3);
            arguments.push(if named { format!("p{at}={value}") } else { value });
        }
        format!("{}({})", lambda.name, arguments.join(", "))
    }

    /// An item of a list or of a dict.
    fn item(&mut self, kind: &Type, depth: u32) -> String {
        if self.chance(2) && !kind.has_dict() {
            let items = self.several(kind, 1, 3, depth);
            let count = i64::try_from(items.len()).unwrap_or(1);
            let at = i64::try_from(self.below(8)).unwrap_or(0) % (2 * count) - count;
            return format!("[{}][{at}]", items.join(", "));
        }
        let lists: Vec<String> =
            self.known(&kind.clone().list()).map(|name| name.text.clone()).collect();
        if lists.is_empty() {
            return self.own(kind, depth);
        }
        let list = self.pick(&lists);
        let (value, other) = (format!("{list}[0]"), self.expression(kind, depth));
        format!("({value} if {list} else {other})")
    }

    /// An attribute of an instance in scope.
    fn member(&mut self, kind: &Type, depth: u32) -> String {
        let mut found = Vec::new();
        for name in &self.names {
            if let Type::Schema(at) = name.kind {
                for attribute in self.attributes(at) {
                    if attribute.kind == *kind && !attribute.optional {
                        found.push(format!("{}.{}", name.text, attribute.name));
                    }
                }
            }
        }
        if found.is_empty() { self.own(kind, depth) } else { self.pick(&found) }
    }

    /// `value or other`, where the value may be missing.
    fn fallback(&mut self, kind: &Type, depth: u32) -> String {
        let dicts: Vec<String> =
            self.known(&kind.clone().dict()).map(|name| name.text.clone()).collect();
        let other = self.expression(kind, depth);
        if dicts.is_empty() {
            return if self.chance(3) { format!("(None or {other})") } else { other };
        }
        let (dict, key) = (self.pick(&dicts), self.pick(&super::types::KEYS));
        let value = match self.below(5) {
            0 => format!("{dict}.{key}"),
            1 => format!("{dict}?.{key}"),
            2 => format!("{dict}?[\"{key}\"]"),
            _ => format!("{dict}[\"{key}\"]"),
        };
        format!("({value} or {other})")
    }

    /// An expression of the wrong type, or a name that does not exist.
    fn mistake(&mut self, depth: u32) -> String {
        match self.below(8) {
            0 => "None".to_owned(),
            1 => "missing".to_owned(),
            2 => "Undefined".to_owned(),
            _ => {
                let kind = self.some_type(1);
                self.expression(&kind, depth.min(1))
            }
        }
    }
}
