//! Attributes, elements, and what a loop goes over.

use super::{
    Checker,
    assign::assignable,
    signatures,
    types::{FunctionTy, Ty},
};
use crate::hir::{SchemaId, Text};
use crate::{diagnostic, similar::similar};
use akua_source::Span;
use std::rc::Rc;

impl Checker<'_> {
    /// Returns the type of `value.name`.
    pub(super) fn member(&mut self, value: &Ty, name: &Text, span: Span) -> Ty {
        match value {
            // Members of unions are looked up when the program runs, as the reference does.
            Ty::Any | Ty::Void | Ty::Union(_) | Ty::Module(_) => Ty::Any,
            Ty::Dict(dict) => {
                dict.entry(name).map_or_else(|| dict.value.clone(), |entry| entry.ty.clone())
            }
            Ty::Str | Ty::StrLit(_) => match signatures::native("str", name) {
                Ty::Any => {
                    let close = similar(name, signatures::string_members());
                    self.no_member(value, name, span, close)
                }
                function => function,
            },
            Ty::Class(_) if **name == *"instances" => {
                let function = FunctionTy::new(Vec::new(), Ty::list(Ty::Any), false);
                Ty::Function(Rc::new(function.variadic()))
            }
            Ty::Schema(id) | Ty::Class(id) => self.attribute(*id, name).unwrap_or_else(|| {
                let close = self.similar_attribute(*id, name);
                self.no_member(value, name, span, close)
            }),
            _ => self.no_member(value, name, span, None),
        }
    }

    fn no_member(&mut self, value: &Ty, name: &str, span: Span, close: Option<Text>) -> Ty {
        let shown = value.widened().shown(self.program);
        let message = format!("attribute '{name}' not found in '{shown}'");
        let mut found = diagnostic("TypeError", span, message);
        if let Some(close) = close {
            found = found.help(format!("did you mean `{close}`?"));
        }
        if let Ty::Schema(id) | Ty::Class(id) = value
            && let Some(schema) = self.program.schemas.get(id.0 as usize)
        {
            found = found.label(schema.span, format!("`{}` is declared here", schema.name));
        }
        self.report(found);
        Ty::Any
    }

    /// Returns the attribute that somebody may have meant.
    pub(super) fn similar_attribute(&self, id: SchemaId, name: &str) -> Option<Text> {
        let schema = self.program.schemas.get(id.0 as usize)?;
        similar(name, schema.attrs.iter().filter(|a| a.ty.is_some()).map(|attr| &*attr.name))
    }

    /// Returns the type of `value[index]`.
    pub(super) fn element(&mut self, value: &Ty, index: &Ty, span: Span, at: Span) -> Ty {
        match value {
            Ty::List(item) => {
                self.integer_index(index, at);
                (**item).clone()
            }
            Ty::Str | Ty::StrLit(_) => {
                self.integer_index(index, at);
                Ty::Str
            }
            Ty::Dict(dict) => {
                self.text_index(&dict.key, index, span);
                match index {
                    Ty::StrLit(name) => {
                        dict.entry(name).map_or_else(|| dict.value.clone(), |e| e.ty.clone())
                    }
                    _ => dict.value.clone(),
                }
            }
            Ty::Schema(_) => {
                self.text_index(&Ty::Str, index, span);
                match index {
                    Ty::StrLit(name) => self.member(value, name, span),
                    _ => Ty::Any,
                }
            }
            Ty::Any | Ty::Void | Ty::Union(_) | Ty::Class(_) => Ty::Any,
            other => {
                let message = format!(
                    "'{}' object is not subscriptable",
                    other.widened().shown(self.program)
                );
                self.error("CompileError", span, message);
                Ty::Any
            }
        }
    }

    fn integer_index(&mut self, index: &Ty, at: Span) {
        let wrong = index.is_str()
            || matches!(index, Ty::Float | Ty::FloatLit(_) | Ty::List(_) | Ty::Dict(_));
        if wrong {
            self.mismatch(index, &Ty::Int, super::Site { span: at, declared: None });
        }
    }

    fn text_index(&mut self, key: &Ty, index: &Ty, span: Span) {
        let wrong = key.is_str() && (index.is_number() || index.is_bool());
        if wrong {
            let message =
                format!("invalid dict/schema key type: '{}'", index.widened().shown(self.program));
            self.error("CompileError", span, message);
        }
    }

    /// Returns the type of `value[a:b:c]`.
    pub(super) fn slice(&mut self, value: &Ty, span: Span) -> Ty {
        match value {
            Ty::List(_) => value.clone(),
            Ty::Str | Ty::StrLit(_) => Ty::Str,
            Ty::Any | Ty::Void | Ty::Union(_) => Ty::Any,
            Ty::Dict(_) | Ty::Schema(_) => {
                let message = "a dict or an instance has no slices";
                self.error("CompileError", span, message);
                Ty::Any
            }
            other => {
                let message = format!(
                    "'{}' object is not subscriptable",
                    other.widened().shown(self.program)
                );
                self.error("CompileError", span, message);
                Ty::Any
            }
        }
    }

    /// Returns the types of the variables of a loop over a value.
    pub(super) fn iterated(&mut self, value: &Ty, variables: usize, span: Span) -> [Ty; 2] {
        let mut firsts = Vec::new();
        let mut seconds = Vec::new();
        for member in value.members() {
            let (first, second) = match member {
                Ty::List(item) if variables > 1 => (Ty::Int, item.widened()),
                Ty::List(item) => (item.widened(), Ty::Any),
                Ty::Str | Ty::StrLit(_) if variables > 1 => (Ty::Int, Ty::Str),
                Ty::Str | Ty::StrLit(_) | Ty::Schema(_) => (Ty::Str, Ty::Any),
                Ty::Dict(dict) => (dict.key.widened(), dict.value.widened()),
                Ty::Any | Ty::Void | Ty::Class(_) => (Ty::Any, Ty::Any),
                other => {
                    let message =
                        format!("'{}' object is not iterable", other.widened().shown(self.program));
                    self.error("CompileError", span, message);
                    (Ty::Any, Ty::Any)
                }
            };
            firsts.push(first);
            seconds.push(second);
        }
        [Ty::join(firsts), Ty::join(seconds)]
    }

    /// Returns the type of the items that `*value` adds to a list.
    pub(super) fn starred(&mut self, value: &Ty, span: Span) -> Ty {
        match value {
            Ty::Any | Ty::Void => value.clone(),
            Ty::List(item) => (**item).clone(),
            Ty::Dict(dict) => dict.key.clone(),
            Ty::Union(members) if members.iter().all(is_spreadable) => Ty::join(
                members.iter().map(|member| self.starred(member, span)).collect::<Vec<_>>(),
            ),
            other if other.is_config() => Ty::Str,
            other => {
                let message = format!(
                    "only list, dict and schema objects can be unpacked with *, found '{}'",
                    other.widened().shown(self.program)
                );
                self.error("CompileError", span, message);
                Ty::Any
            }
        }
    }

    /// Reports an operator that does not take its operands.
    pub(super) fn unsupported(&mut self, sign: &str, left: &Ty, right: &Ty, span: Span) {
        let [a, b] = [left, right].map(|ty| ty.widened().shown(self.program));
        let message = format!("unsupported operand type(s) for {sign}: '{a}' and '{b}'");
        let mut found = diagnostic("TypeError", span, message);
        let texts = left.is_str() || right.is_str();
        if sign == "+" && texts && !assignable(self.program, left, right) {
            found = found.help("convert with `str(…)`, or use \"${…}\"");
        }
        self.report(found);
    }
}

/// Returns whether `*value` takes values of a type.
fn is_spreadable(ty: &Ty) -> bool {
    matches!(ty, Ty::Any | Ty::Void | Ty::List(_)) || ty.is_config()
}
