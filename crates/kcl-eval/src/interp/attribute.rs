//! The value of an attribute: what the schema's statements make, with the config in the right place
//! among them.

use super::instance::{about, about_part, set_slot};
use super::{Interp, setters::Target};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Eval, error};
use crate::schema::{Scope, Slot};
use crate::union::Join;
use crate::value::Value;
use kcl_sema::hir::{self, AttrKind, SetOp, Setter, Type};
use std::borrow::Borrow;
use std::rc::Rc;

impl Interp<'_> {
    /// Returns the value of an attribute, computing it where it is not yet known.
    pub(super) fn attr(&mut self, scope: &Rc<Scope>, at: usize) -> Eval<Value> {
        match scope.slots.borrow().get(at) {
            Some(Slot::Done(value) | Slot::InProgress(value)) => return Ok(value.clone()),
            Some(Slot::Waiting) => {}
            None => return Ok(Value::Undefined),
        }
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        set_slot(scope, at, Slot::InProgress(Value::Undefined));
        let outer = self.scope.replace(Rc::clone(scope));
        let result = self.attr_value(scope, at, attr);
        self.scope = outer;
        let value = result?;
        set_slot(scope, at, Slot::Done(value.clone()));
        Ok(value)
    }

    fn attr_value(&mut self, scope: &Rc<Scope>, at: usize, attr: &hir::Attr) -> Eval<Value> {
        let entry = match attr.kind {
            AttrKind::Public => scope.config.entry(&attr.name),
            AttrKind::Private if attr.ty.is_some() => scope.config.entry(&attr.name),
            AttrKind::Private | AttrKind::Param => None,
        };
        if let (Some((message, strict)), Some(_)) = (&attr.deprecated, entry) {
            // Whoever makes the instance is told: its place is added on the way up.
            if *strict {
                return Err(error("EvaluationError", message.to_string()));
            }
            self.deprecated(message, false, attr.span)?;
        }
        let ty = attr.ty.as_deref();
        let Some(entry) = entry else {
            return self.fold(Value::Undefined, &attr.setters, ty, &Target::Attr(scope, at));
        };
        // The checker refuses configs of attributes without a type; what it cannot see (`a | b`), and
        // what an index signature admits, sets them.
        let ty = ty.unwrap_or(&Type::Any);
        let replaced = entry.op == EntryOp::Override && entry.index.is_none();
        if attr.setters.iter().any(|setter| !setter.path.is_empty()) {
            return self.around_config(scope, at, entry, ty);
        }
        let value = if replaced {
            entry.value.clone()
        } else {
            self.over_default(scope, at, &attr.setters, entry)?
        };
        self.coerce(value, ty, attr.span).map_err(|e| about_part(e, &attr.name, attr.span))
    }

    /// Computes an attribute with a config and statements of more than one kind.
    fn around_config(
        &mut self,
        scope: &Rc<Scope>,
        at: usize,
        entry: &Entry,
        ty: &Type,
    ) -> Eval<Value> {
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        let replaced = entry.op == EntryOp::Override && entry.index.is_none();
        let (early, late) = split(&attr.setters, entry, replaced);
        let value = if replaced {
            entry.value.clone()
        } else {
            self.over_default(scope, at, &early, entry)?
        };
        let value = self.coerce(value, ty, attr.span);
        let value = value.map_err(|e| about_part(e, &attr.name, attr.span))?;
        set_slot(scope, at, Slot::InProgress(value.clone()));
        self.fold(value, &late, Some(ty), &Target::Attr(scope, at))
    }

    /// Joins an entry of the config onto what the statements make.
    fn over_default<S: Borrow<Setter>>(
        &mut self,
        scope: &Rc<Scope>,
        at: usize,
        setters: &[S],
        entry: &Entry,
    ) -> Eval<Value> {
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        let unifies = entry.op == EntryOp::Union && entry.index.is_none();
        if unifies && setters.iter().any(|setter| is_cumulative(setter.borrow())) {
            return self.stepwise(scope, at, setters, entry);
        }
        // The default is only a part: it need not be whole by itself.
        self.lenient = self.lenient.saturating_add(1);
        let default = self.default(scope, at, setters);
        self.lenient = self.lenient.saturating_sub(1);
        let joined = self.join_value(&attr.name, default?, entry.clone(), Join::loose(attr.span));
        joined.map_err(|e| about(e, &attr.name))
    }

    /// Joins an entry of the config after each statement: one that reads the attribute sees what the
    /// config gives it.
    fn stepwise<S: Borrow<Setter>>(
        &mut self,
        scope: &Rc<Scope>,
        at: usize,
        setters: &[S],
        entry: &Entry,
    ) -> Eval<Value> {
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        let mut value = entry.value.clone();
        for step in setters.chunks(1) {
            set_slot(scope, at, Slot::InProgress(value.clone()));
            self.lenient = self.lenient.saturating_add(1);
            let made = self.fold(value, step, attr.ty.as_deref(), &Target::Attr(scope, at));
            self.lenient = self.lenient.saturating_sub(1);
            let joined = self.join_value(&attr.name, made?, entry.clone(), Join::loose(attr.span));
            value = joined.map_err(|e| about(e, &attr.name))?;
        }
        Ok(value)
    }

    /// Folds statements into what a config goes over.
    fn default<S: Borrow<Setter>>(
        &mut self,
        scope: &Rc<Scope>,
        at: usize,
        setters: &[S],
    ) -> Eval<Value> {
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        let ty = attr.ty.as_deref();
        let mut start = Value::Undefined;
        // `a.b = …` without a value for `a` is about an instance of its schema.
        if let (Some(Type::Schema(_)), Some(first)) = (ty, setters.first())
            && !Borrow::<Setter>::borrow(first).path.is_empty()
        {
            self.lenient = self.lenient.saturating_add(1);
            let made = ty.map(|ty| self.coerce(Value::dict(Dict::default()), ty, attr.span));
            self.lenient = self.lenient.saturating_sub(1);
            start = made.unwrap_or(Ok(Value::Undefined))?;
        }
        self.fold(start, setters, ty, &Target::Attr(scope, at))
    }
}

/// Splits the statements of an attribute into those that make the default which the config goes
/// over, and those that come after it: everything about what is below a ready instance.
fn split<'a>(
    setters: &'a [Rc<Setter>],
    entry: &Entry,
    replaced: bool,
) -> (Vec<&'a Setter>, Vec<&'a Setter>) {
    let setters = setters.iter().map(|setter| &**setter);
    let instance = matches!(entry.value, Value::Instance(_));
    if replaced {
        return (
            Vec::new(),
            setters.filter(|setter| instance && !setter.path.is_empty()).collect(),
        );
    }
    setters.partition(|setter| !instance || setter.path.is_empty())
}

/// Returns whether a statement builds on what the attribute is.
fn is_cumulative(setter: &Setter) -> bool {
    setter.path.is_empty() && (setter.reads_self || matches!(setter.op, SetOp::Aug(_)))
}
