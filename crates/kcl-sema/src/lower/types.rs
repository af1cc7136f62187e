//! Types: names become schemas or the types that aliases stand for.

use super::{Alias, Definition, Import, Lower};
use crate::hir::{FunctionType, SchemaId, Type};
use kcl_syntax::ast::{self, ExprKind, TypeKind, UnaryOp};
use std::rc::Rc;

impl<'a> Lower<'a> {
    /// Lowers a type; what does not exist is reported and any.
    pub(super) fn ty(&mut self, ty: &'a ast::Type) -> Rc<Type> {
        Rc::new(self.ty_value(ty))
    }

    fn ty_value(&mut self, ty: &'a ast::Type) -> Type {
        match &ty.kind {
            TypeKind::Any | TypeKind::Error => Type::Any,
            TypeKind::Bool => Type::Bool,
            TypeKind::Int => Type::Int,
            TypeKind::Float => Type::Float,
            TypeKind::Str => Type::Str,
            TypeKind::Literal(literal) => literal_type(literal),
            TypeKind::List(item) => Type::List(self.opt_ty(item.as_deref())),
            TypeKind::Dict(key, value) => {
                Type::Dict(self.opt_ty(key.as_deref()), self.opt_ty(value.as_deref()))
            }
            TypeKind::Union(members) => {
                let mut all = Vec::with_capacity(members.len());
                for member in members {
                    match self.ty_value(member) {
                        Type::Union(inner) => all.extend(inner.iter().cloned()),
                        other => all.push(other),
                    }
                }
                Type::Union(all.into())
            }
            TypeKind::Named(path) => self.named(path),
            TypeKind::Function(params, result) => {
                let params = params.iter().map(|param| self.ty_value(param)).collect();
                let result = result.as_deref().map_or(Type::Any, |ty| self.ty_value(ty));
                Type::Function(Rc::new(FunctionType { params, result }))
            }
        }
    }

    fn opt_ty(&mut self, ty: Option<&'a ast::Type>) -> Rc<Type> {
        ty.map_or_else(|| Rc::new(Type::Any), |ty| self.ty(ty))
    }

    fn named(&mut self, path: &'a ast::Path) -> Type {
        let found = match path.segments.as_slice() {
            [name] => {
                let definition = self
                    .names
                    .get(self.place.package)
                    .and_then(|names| names.definitions.get(&name.text).copied());
                definition.and_then(|definition| self.defined_type(definition))
            }
            [module, name] => match self.import(&module.text) {
                Some(Import::Package(id)) => {
                    let definition = self
                        .names
                        .get(id.0 as usize)
                        .and_then(|names| names.definitions.get(&name.text).copied());
                    definition.and_then(|definition| self.defined_type(definition))
                }
                Some(Import::System(module)) if &*module == "units" => {
                    (&*name.text == "NumberMultiplier").then_some(Type::Multiplier)
                }
                _ => None,
            },
            _ => None,
        };
        found.unwrap_or_else(|| {
            if let [module, name] = path.segments.as_slice()
                && self.import(&module.text).is_some()
            {
                let message =
                    format!("attribute '{}' not found in module '{}'", name.text, module.text);
                self.error("TypeError", path.span, message);
                return Type::Any;
            }
            let names: Vec<&str> = path.segments.iter().map(|name| &*name.text).collect();
            let message = format!("name '{}' is not defined", names.join("."));
            self.error("CompileError", path.span, message);
            Type::Any
        })
    }

    fn defined_type(&mut self, definition: Definition) -> Option<Type> {
        match definition {
            Definition::Schema(id) => Some(Type::Schema(SchemaId(id))),
            Definition::Alias(at) => Some((*self.alias(at)).clone()),
            Definition::Global(_) => None,
        }
    }

    /// Returns the type that an alias stands for; a cycle is reported and any.
    pub(super) fn alias(&mut self, at: u32) -> Rc<Type> {
        let at = at as usize;
        let Some(alias) = self.aliases.get_mut(at) else { return Rc::new(Type::Any) };
        match std::mem::replace(alias, Alias::InProgress) {
            Alias::Done(ty) => {
                *alias = Alias::Done(Rc::clone(&ty));
                ty
            }
            Alias::InProgress => Rc::new(Type::Any),
            Alias::Syntax(syntax, place) => {
                let before = self.diagnostics.len();
                let ty = self.at(place, |lower| lower.ty(syntax));
                if self.alias_names_itself(at, syntax) && self.diagnostics.len() == before {
                    self.error("CompileError", syntax.span, "the type alias refers to itself");
                }
                if let Some(alias) = self.aliases.get_mut(at) {
                    *alias = Alias::Done(Rc::clone(&ty));
                }
                ty
            }
        }
    }

    fn alias_names_itself(&self, at: usize, ty: &ast::Type) -> bool {
        let mentions = |member: &ast::Type| self.alias_names_itself(at, member);
        match &ty.kind {
            TypeKind::Named(path) => path.segments.first().is_some_and(|name| {
                let names = self.names.get(self.place.package);
                let found = names.and_then(|names| names.definitions.get(&name.text));
                path.segments.len() == 1
                    && matches!(found, Some(Definition::Alias(alias)) if *alias as usize == at)
            }),
            TypeKind::List(Some(item)) => mentions(item),
            TypeKind::Union(members) => members.iter().any(mentions),
            TypeKind::Dict(key, value) => {
                key.as_deref().is_some_and(mentions) || value.as_deref().is_some_and(mentions)
            }
            _ => false,
        }
    }

    /// Resolves a path that must name a schema.
    pub(super) fn schema_path(&mut self, path: &'a ast::Path) -> Option<SchemaId> {
        match self.named(path) {
            Type::Schema(id) => Some(id),
            Type::Any => None,
            _ => {
                self.error("IllegalInheritError", path.span, "expected a schema, found a type");
                None
            }
        }
    }
}

/// Returns the only value that an attribute can have: with `kind: "Pod"` it need not be given.
pub(super) fn literal_default(attribute: &ast::Attribute) -> Option<&ast::Expr> {
    match &attribute.ty.kind {
        TypeKind::Literal(value) if !attribute.optional => {
            (!matches!(value.kind, ExprKind::None)).then_some(&**value)
        }
        _ => None,
    }
}

fn literal_type(literal: &ast::Expr) -> Type {
    match &literal.kind {
        ExprKind::None => Type::None,
        ExprKind::Bool(value) => Type::BoolLit(*value),
        ExprKind::Int(value) => Type::IntLit(*value),
        ExprKind::Float(value) => Type::FloatLit(*value),
        ExprKind::Str(text) => Type::StrLit(Rc::clone(text)),
        ExprKind::Multiplied(value, multiplier) => Type::MultipliedLit(*value, *multiplier),
        ExprKind::Unary(UnaryOp::Minus, inner) => match literal_type(inner) {
            Type::IntLit(value) => Type::IntLit(value.wrapping_neg()),
            Type::FloatLit(value) => Type::FloatLit(-value),
            other => other,
        },
        _ => Type::Any,
    }
}
