//! The statements that give a variable, an attribute or a local its value, folded in order.

use super::{Interp, config::Parts, place};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Eval, error};
use crate::schema::{Scope, Slot};
use crate::text::type_of;
use crate::union::Join;
use crate::value::{Text, Value};
use akua_source::Span;
use kcl_sema::hir::{self, BinOp, ExprKind, PackageId, SetOp, Setter, Step, Type};
use std::borrow::Borrow;
use std::rc::Rc;

/// Whose value is folded: it may be read while it is still in progress.
#[derive(Clone)]
pub(super) enum Target<'s> {
    /// A global of a package.
    Global(PackageId, u32),
    /// An attribute of an instance.
    Attr(&'s Scope, usize),
}

/// What a statement does at the end of its path.
pub(super) struct Change {
    /// How the value joins what is there.
    pub(super) op: SetOp,
    /// The value.
    pub(super) value: Value,
    /// The statement.
    pub(super) span: Span,
}

/// What the statements so far have made.
enum Folded<'s> {
    Value(Value),
    /// `name: Schema {…}` statements, whose configs join before an instance is made.
    Parts(Parts, Span, Vec<&'s hir::DictExpr>),
}

impl Interp<'_> {
    /// Folds the setters of a variable into its value, from `start` on.
    pub(super) fn fold<S: Borrow<Setter>>(
        &mut self,
        start: Value,
        setters: &[S],
        ty: Option<&Type>,
        target: &Target<'_>,
    ) -> Eval<Value> {
        // What a later plain assignment replaces need not be computed.
        let first = setters.iter().rposition(|setter| {
            let setter: &Setter = setter.borrow();
            let plain = setter.op == SetOp::Assign && setter.path.is_empty();
            plain && setter.guards.is_empty() && !setter.reads_self
        });
        let mut folded = Folded::Value(start);
        let mut last = Span::default();
        for setter in setters.iter().skip(first.unwrap_or(0)) {
            let setter: &Setter = setter.borrow();
            if !self.guards_hold(&setter.guards)? {
                continue;
            }
            last = setter.target;
            folded = self.apply(folded, setter)?;
            if let Folded::Value(value) = &folded {
                self.progress(target, value);
            }
        }
        let value = self.finish(folded)?;
        let value = self.in_range(value).map_err(|e| place(e, last))?;
        match (ty, setters) {
            (None, _) => Ok(value),
            (Some(ty), [only]) => {
                let setter: &Setter = only.borrow();
                self.coerce_literal(value, ty, &setter.value.expr, last)
            }
            (Some(ty), _) => self.coerce(value, ty, last).map_err(|e| place(e, last)),
        }
    }

    fn progress(&mut self, target: &Target<'_>, value: &Value) {
        let slot = Slot::InProgress(value.clone());
        match target {
            Target::Global(package, at) => self.set_global(*package, *at, slot),
            Target::Attr(scope, at) => {
                if let Some(place) = scope.slots.borrow_mut().get_mut(*at) {
                    *place = slot;
                }
            }
        }
    }

    fn finish(&mut self, folded: Folded<'_>) -> Eval<Value> {
        match folded {
            Folded::Value(value) => Ok(value),
            Folded::Parts(parts, span, literals) => self
                .instantiate(&parts.schema, parts.params, Rc::new(parts.config), span)
                .map_err(|e| super::config::explain(e, &literals, span)),
        }
    }

    fn apply<'s>(&mut self, folded: Folded<'s>, setter: &'s Setter) -> Eval<Folded<'s>> {
        if setter.op == SetOp::Unify && setter.path.is_empty() {
            return self.unify(folded, setter);
        }
        let old = self.finish(folded)?;
        let value = self.code(&setter.value)?;
        let value =
            self.change(old, &setter.path, Change { op: setter.op, value, span: setter.span })?;
        Ok(Folded::Value(value))
    }

    /// Joins the config of one more `name: Schema {…}`.
    fn unify<'s>(&mut self, folded: Folded<'s>, setter: &'s Setter) -> Eval<Folded<'s>> {
        let span = setter.value.expr.span;
        let join = Join::strict(span);
        let code = &setter.value;
        let parts = match &code.expr.kind {
            ExprKind::Config { head, args, dict } => match head.kind {
                ExprKind::Schema(id) => {
                    let base = self.push_frame(code.slots);
                    // What is nested in it may be completed by the next statement.
                    self.lenient = self.lenient.saturating_add(1);
                    let parts = self.parts(id, args.as_deref(), dict, span);
                    self.lenient = self.lenient.saturating_sub(1);
                    self.pop_frame(base);
                    Some((parts?, &**dict))
                }
                _ => None,
            },
            _ => None,
        };
        match (folded, parts) {
            (Folded::Value(Value::Undefined), Some((parts, dict))) => {
                Ok(Folded::Parts(parts, span, vec![dict]))
            }
            (Folded::Parts(mut old, first, mut literals), Some((parts, dict))) => {
                literals.push(dict);
                self.merge(&mut old.config, &parts.config, join).map_err(|e| place(e, span))?;
                old.params = parts.params;
                Ok(Folded::Parts(old, first, literals))
            }
            (folded, parts) => {
                let old = self.finish(folded)?;
                let value = match parts {
                    Some((parts, _)) => Value::dict(parts.config),
                    None => self.code(code)?,
                };
                let joined = self.union(old, value, join).map_err(|e| place(e, span))?;
                Ok(Folded::Value(joined))
            }
        }
    }

    /// Applies `op value` to what stands at `path` below `old`.
    pub(super) fn change(&mut self, old: Value, path: &[Step], change: Change) -> Eval<Value> {
        let Some((step, rest)) = path.split_first() else {
            return self.change_here(old, change);
        };
        match step {
            Step::Member(name, _) => self.change_key(old, name, rest, change),
            Step::Index(code) => {
                let index = if code.slots == 0 { self.expr(&code.expr)? } else { self.code(code)? };
                match index {
                    Value::Str(key) => self.change_key(old, &key, rest, change),
                    index => self.change_item(old, &index, rest, change),
                }
            }
        }
    }

    fn change_here(&mut self, old: Value, change: Change) -> Eval<Value> {
        let Change { op, value, span } = change;
        match op {
            SetOp::Assign => Ok(value),
            SetOp::Aug(BinOp::Add) if old.is_nullish() && matches!(value, Value::List(_)) => {
                Ok(value)
            }
            SetOp::Aug(op) => self.binary_values(old, op, value, span),
            SetOp::Unify => self.union(old, value, Join::strict(span)).map_err(|e| place(e, span)),
        }
    }

    fn change_key(&mut self, old: Value, key: &Text, rest: &[Step], change: Change) -> Eval<Value> {
        let span = change.span;
        match self.force(old)? {
            Value::Dict(mut dict) => {
                let entry = Rc::make_mut(&mut dict);
                let current = entry.entry_mut(key).map(|entry| std::mem::take(&mut entry.value));
                let new = self.change(current.unwrap_or_default(), rest, change)?;
                Rc::make_mut(&mut dict).insert(Rc::clone(key), new);
                Ok(Value::Dict(dict))
            }
            Value::Instance(instance) => {
                let current = instance.attrs.get(key).cloned().unwrap_or_default();
                let new = self.change(current, rest, change)?;
                let mut dict = Dict::default();
                dict.put(Entry {
                    key: Rc::clone(key),
                    value: new,
                    op: EntryOp::Override,
                    index: None,
                });
                self.union(Value::Instance(instance), Value::dict(dict), Join::loose(span))
                    .map_err(|e| place(e, span))
            }
            Value::None | Value::Undefined => {
                let message = format!("there is no value yet whose attribute '{key}' could be set");
                Err(place(error("EvaluationError", message), span))
            }
            other => {
                let message =
                    format!("'{}' object has no attribute '{key}' to set", type_of(&other));
                Err(place(error("TypeError", message), span))
            }
        }
    }

    fn change_item(
        &mut self,
        old: Value,
        index: &Value,
        rest: &[Step],
        change: Change,
    ) -> Eval<Value> {
        let span = change.span;
        let (Value::List(mut items), Value::Int(at)) = (old, index) else {
            let message = format!("cannot set an item at '{}'", type_of(index));
            return Err(place(error("TypeError", message), span));
        };
        let Some(position) = super::collections::position(*at, items.len()) else {
            let message = format!("list index out of range: {at}");
            return Err(place(error("EvaluationError", message), span));
        };
        let current = Rc::make_mut(&mut items).get_mut(position).map(std::mem::take);
        let new = self.change(current.unwrap_or_default(), rest, change)?;
        if let Some(item) = Rc::make_mut(&mut items).get_mut(position) {
            *item = new;
        }
        Ok(Value::List(items))
    }
}
