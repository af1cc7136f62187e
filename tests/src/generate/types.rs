//! Types that expressions are written for.

use super::Generator;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    Float,
    Bool,
    Str,
    /// One of three literal strings.
    Choice,
    /// An integer or a string.
    Either,
    List(Box<Self>),
    /// A dict with keys of [`KEYS`].
    Dict(Box<Self>),
    /// A schema, by its index.
    Schema(usize),
}

/// Keys of dicts.
pub(super) const KEYS: [&str; 5] = ["ka", "kb", "kc", "kd", "ke"];
/// Literals of [`Type::Choice`].
pub(super) const CHOICES: [&str; 3] = ["\"red\"", "\"green\"", "\"blue\""];

impl Type {
    /// Returns a list of it.
    pub(super) fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// Returns a dict of it.
    pub(super) fn dict(self) -> Self {
        Self::Dict(Box::new(self))
    }

    /// Returns whether a literal of it has a config inside.
    pub(super) fn has_dict(&self) -> bool {
        match self {
            Self::Dict(_) | Self::Schema(_) => true,
            Self::List(item) => item.has_dict(),
            _ => false,
        }
    }

    /// Returns whether a value of it holds instances.
    pub(super) fn has_schema(&self) -> bool {
        match self {
            Self::Schema(_) => true,
            Self::List(item) | Self::Dict(item) => item.has_schema(),
            _ => false,
        }
    }

    /// Returns letters that only names of this type start with.
    pub(super) fn letters(&self) -> String {
        match self {
            Self::Int => "i".to_owned(),
            Self::Float => "f".to_owned(),
            Self::Bool => "b".to_owned(),
            Self::Str => "s".to_owned(),
            Self::Choice => "c".to_owned(),
            Self::Either => "e".to_owned(),
            Self::List(item) => format!("l{}", item.letters()),
            Self::Dict(item) => format!("d{}", item.letters()),
            Self::Schema(at) => format!("x{at}_"),
        }
    }
}

impl Generator {
    /// Returns how a type is written.
    pub(super) fn type_text(&self, kind: &Type) -> String {
        match kind {
            Type::Int => "int".to_owned(),
            Type::Float => "float".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Str => "str".to_owned(),
            Type::Choice => CHOICES.join(" | "),
            Type::Either => "int | str".to_owned(),
            Type::List(item) => format!("[{}]", self.type_text(item)),
            Type::Dict(item) => format!("{{str:{}}}", self.type_text(item)),
            Type::Schema(at) => self.schemas[*at].name.clone(),
        }
    }

    /// Returns some type; schemas only where there are any.
    pub(super) fn some_type(&mut self, depth: u32) -> Type {
        match self.below(if depth == 0 { 10 } else { 18 }) {
            0..=2 => Type::Int,
            3 => Type::Float,
            4 => Type::Bool,
            5..=7 => Type::Str,
            8 => Type::Choice,
            9 => Type::Either,
            10..=12 => self.some_type(depth - 1).list(),
            13..=15 => self.some_type(depth - 1).dict(),
            _ => self.some_schema().map_or(Type::Int, Type::Schema),
        }
    }

    /// Returns one of the schemas that can be made without arguments.
    pub(super) fn some_schema(&mut self) -> Option<usize> {
        let plain: Vec<usize> = (0..self.schemas.len())
            .filter(|at| !self.schemas[*at].mixin && self.schemas[*at].open)
            .collect();
        (!plain.is_empty()).then(|| self.pick(&plain))
    }

    /// Returns a type whose values are the same text in both implementations: that of an instance
    /// has private attributes in the reference.
    pub(super) fn shown_type(&mut self) -> Type {
        let kind = self.some_type(1);
        if kind.has_schema() { Type::Int } else { kind }
    }

    /// Returns a type of simple values.
    pub(super) fn simple_type(&mut self) -> Type {
        self.pick(&[Type::Int, Type::Int, Type::Str, Type::Str, Type::Float, Type::Bool])
    }
}
