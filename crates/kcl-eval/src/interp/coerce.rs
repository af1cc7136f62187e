//! Values against types: a dict becomes an instance where a schema is declared; all else must fit.

use super::Interp;
use crate::library::{Eval, error};
use crate::text::type_of;
use crate::value::Value;
use akua_source::Span;
use kcl_sema::hir::{DictExpr, Entry, Expr, ExprKind, Item, Key, SchemaId, Type};
use std::rc::Rc;

impl Interp<'_> {
    /// Returns the value as the type has it. An error has no place: the caller knows it.
    pub(crate) fn coerce(&mut self, value: Value, ty: &Type, span: Span) -> Eval<Value> {
        if self.fits(&value, ty)? {
            return Ok(value);
        }
        match (value, ty) {
            (value @ Value::Opaque(_), ty) => {
                let value = self.force(value)?;
                self.coerce(value, ty, span)
            }
            (Value::Dict(dict), Type::Schema(id)) => {
                let Some(schema) = self.schema(*id) else { return Ok(Value::Dict(dict)) };
                let params = self.schema_params(&schema, crate::library::Args::default(), span)?;
                self.instantiate(&schema, params, dict, span)
            }
            // It was made to be joined with more: now it has to be whole.
            (Value::Instance(part), Type::Schema(id)) if self.derives(part.schema.id, *id) => {
                let config = Rc::clone(&part.config);
                self.instantiate(&part.schema, Rc::clone(&part.params), config, span)
            }
            (Value::List(mut items), Type::List(item)) => {
                for at in 0..items.len() {
                    let Some(old) = items.get(at) else { break };
                    if self.fits(old, item)? {
                        continue;
                    }
                    let new = self.coerce(old.clone(), item, span)?;
                    if let Some(place) = Rc::make_mut(&mut items).get_mut(at) {
                        *place = new;
                    }
                }
                Ok(Value::List(items))
            }
            (Value::Dict(mut dict), Type::Dict(key, item)) => {
                for (found, _) in dict.iter() {
                    if !self.fits(&Value::Str(Rc::clone(found)), key)? {
                        return Err(self.mismatch(&Value::Dict(Rc::clone(&dict)), ty));
                    }
                }
                for entry in Rc::make_mut(&mut dict).entries_mut() {
                    let old = std::mem::take(&mut entry.value);
                    entry.value = self.coerce(old, item, span)?;
                }
                Ok(Value::Dict(dict))
            }
            (value, Type::Union(members)) => {
                let mut first = None;
                for member in members.iter().filter(|member| converts(&value, member)) {
                    match self.coerce(value.clone(), member, span) {
                        Ok(value) => return Ok(value),
                        Err(failure) => first = first.or(Some(failure)),
                    }
                }
                let mismatch = self.mismatch(&value, ty);
                Err(first.unwrap_or(mismatch))
            }
            (value, ty) => Err(self.mismatch(&value, ty)),
        }
    }

    /// Returns the value of an expression as the type has it; an error is placed at the part of a
    /// literal that it is about, or else at `span`.
    pub(super) fn coerce_literal(
        &mut self,
        mut value: Value,
        ty: &Type,
        expr: &Expr,
        span: Span,
    ) -> Eval<Value> {
        match (&mut value, ty, &expr.kind) {
            (Value::List(items), Type::List(item), ExprKind::List(literal))
                if items.len() == literal.len() =>
            {
                for (old, literal) in Rc::make_mut(items).iter_mut().zip(literal) {
                    if let Item::Value(expr) = literal {
                        *old = self.coerce_literal(std::mem::take(old), item, expr, expr.span)?;
                    }
                }
            }
            (Value::Dict(dict), Type::Dict(_, item), ExprKind::Dict(literal)) => {
                for entry in Rc::make_mut(dict).entries_mut() {
                    if let Some((expr, span)) = last_value(literal, &entry.key) {
                        let old = std::mem::take(&mut entry.value);
                        entry.value = self.coerce_literal(old, item, expr, span)?;
                    }
                }
            }
            _ => {}
        }
        self.coerce(value, ty, span).map_err(|e| super::place(e, span))
    }

    /// `x as T`.
    pub(super) fn convert(&mut self, value: Value, ty: &Type, span: Span) -> Eval<Value> {
        self.coerce(value, ty, span).map_err(|e| super::place(e, span))
    }

    fn mismatch(&self, value: &Value, ty: &Type) -> Box<akua_source::Diagnostic> {
        let message = format!("expected {}, got {}", self.type_text(ty), type_of(value));
        error("TypeError", message)
    }

    /// Returns whether a value is of a type as it stands; a list and a dict take a step.
    fn fits(&mut self, value: &Value, ty: &Type) -> Eval<bool> {
        Ok(match (value, ty) {
            (Value::None | Value::Undefined, _)
            | (_, Type::Any)
            | (Value::Bool(_), Type::Bool)
            | (Value::Int(_), Type::Int | Type::Float)
            | (Value::Float(_), Type::Float)
            | (Value::Str(_), Type::Str)
            | (Value::Multiplied(..), Type::Multiplier)
            | (
                Value::Closure(_) | Value::Native(_) | Value::Method(_) | Value::Schema(_),
                Type::Function(_),
            ) => true,
            (Value::Bool(value), Type::BoolLit(literal)) => value == literal,
            (Value::Int(value), Type::IntLit(literal)) => value == literal,
            #[expect(clippy::float_cmp, reason = "a literal type admits exactly its value")]
            (Value::Float(value), Type::FloatLit(literal)) => value == literal,
            (Value::Str(value), Type::StrLit(literal)) => value == literal,
            (Value::Multiplied(value, m), Type::MultipliedLit(literal, l)) => {
                value == literal && m == l
            }
            (Value::List(items), Type::List(item)) => {
                **item == Type::Any || self.all_fit(items.iter(), item)?
            }
            (Value::Dict(dict), Type::Dict(key, item)) => {
                let any_key = matches!(**key, Type::Any | Type::Str);
                for (found, _) in dict.iter().take_while(|_| !any_key) {
                    if !self.fits(&Value::Str(Rc::clone(found)), key)? {
                        return Ok(false);
                    }
                }
                **item == Type::Any || self.all_fit(dict.iter().map(|(_, value)| value), item)?
            }
            (Value::Instance(instance), Type::Dict(_, item)) => {
                let values = instance.attrs.iter().map(|(_, value)| value);
                **item == Type::Any || self.all_fit(values, item)?
            }
            (Value::Instance(instance), Type::Schema(id)) => {
                self.derives(instance.schema.id, *id) && (!instance.partial || self.lenient > 0)
            }
            (value, Type::Union(members)) => {
                for member in members.iter() {
                    if self.fits(value, member)? {
                        return Ok(true);
                    }
                }
                false
            }
            _ => false,
        })
    }

    /// Returns whether the values of one list or dict are all of a type; it takes a step.
    fn all_fit<'v>(&mut self, values: impl Iterator<Item = &'v Value>, ty: &Type) -> Eval<bool> {
        self.budget.charge(1)?;
        for value in values {
            if !self.fits(value, ty)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether a schema is another one, or inherits from it.
    pub(super) fn derives(&self, mut id: SchemaId, base: SchemaId) -> bool {
        loop {
            if id == base {
                return true;
            }
            match self.schema(id).and_then(|schema| schema.base) {
                Some(next) => id = next,
                None => return false,
            }
        }
    }
}

/// Returns the last value that a literal has for a key, and where the key stands.
fn last_value<'e>(literal: &'e DictExpr, name: &str) -> Option<(&'e Expr, Span)> {
    literal.entries.iter().rev().find_map(|entry| match entry {
        Entry::KeyValue { key: Key::Static(key), key_span, value, .. } if **key == *name => {
            Some((value, *key_span))
        }
        _ => None,
    })
}

/// Returns whether a conversion is worth trying.
fn converts(value: &Value, ty: &Type) -> bool {
    matches!(
        (value, ty),
        (Value::Dict(_) | Value::Opaque(_), Type::Schema(_) | Type::Dict(..))
            | (Value::Instance(_), Type::Schema(_))
            | (Value::List(_), Type::List(_))
    )
}
