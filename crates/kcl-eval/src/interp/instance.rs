//! Instances of schemas: attributes on demand, each once; then the rest of the config, what is
//! required, statements and checks.

use super::{Interp, OptionValue, config::ATTRIBUTE, place};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Args, Eval, error};
use crate::schema::{Instance, Scope, Slot};
use crate::text::{display, type_text};
use crate::union::Join;
use crate::value::Value;
use akua_source::{Diagnostic, Frame, Span};
use kcl_sema::hir::{self, AttrKind, IndexSignature, Schema};
use std::cell::RefCell;
use std::rc::Rc;

impl Interp<'_> {
    /// Makes an instance.
    pub(crate) fn instantiate(
        &mut self,
        schema: &Rc<Schema>,
        params: Rc<[Value]>,
        config: Rc<Dict>,
        span: Span,
    ) -> Eval<Value> {
        self.budget.enter().map_err(|e| place(e, span))?;
        if let Some((message, strict)) = &schema.deprecated {
            self.deprecated(message, *strict, span)?;
        }
        let slots = vec![Slot::Waiting; schema.attrs.len()];
        let scope =
            Rc::new(Scope { schema: Rc::clone(schema), config, slots: RefCell::new(slots) });
        for (param, value) in schema.params.iter().zip(params.iter()) {
            set_slot(&scope, param.slot as usize, Slot::Done(value.clone()));
        }
        let outer = self.scope.replace(Rc::clone(&scope));
        let lenient = self.lenient;
        let result = self.build(&scope, params, span);
        self.lenient = lenient;
        self.scope = outer;
        self.budget.leave();
        let value = result?;
        if self.program.uses_instances && self.lenient == 0 {
            self.instances.push((schema.id, value.clone()));
        }
        Ok(value)
    }

    fn build(&mut self, scope: &Rc<Scope>, params: Rc<[Value]>, span: Span) -> Eval<Value> {
        let schema = &scope.schema;
        let mut attrs = Dict::with_capacity(schema.attrs.len());
        for (at, attr) in schema.attrs.iter().enumerate() {
            if attr.kind == AttrKind::Param {
                continue;
            }
            let value = self.attr(scope, at)?;
            attrs.push_new(Entry {
                key: Rc::clone(&attr.name),
                value,
                op: EntryOp::Override,
                index: None,
            });
        }
        self.rest_of_config(scope, &mut attrs, span)?;
        if self.lenient == 0 {
            require(schema, &attrs, span)?;
        }
        for action in &schema.actions {
            let _value = self.action(action)?;
        }
        if self.lenient == 0 {
            self.checks(scope, &attrs, span)?;
        }
        let config = Rc::clone(&scope.config);
        let partial = self.lenient > 0;
        Ok(Value::Instance(Rc::new(Instance {
            schema: Rc::clone(schema),
            attrs,
            config,
            params,
            partial,
        })))
    }

    /// Takes the keys of a config that are no attributes, where an index signature allows them.
    fn rest_of_config(&mut self, scope: &Rc<Scope>, attrs: &mut Dict, span: Span) -> Eval<()> {
        let schema = Rc::clone(&scope.schema);
        let known = |entry: &&Entry| {
            schema.attrs.iter().any(|attr| attr.kind != AttrKind::Param && attr.name == entry.key)
        };
        let entries = scope.config.entries();
        // The reference puts the last of these keys first, where they have a name.
        let named = schema.index.as_ref().is_some_and(|index| index.key_slot.is_some());
        let last =
            entries.iter().rposition(|entry| named && !known(&entry)).unwrap_or(entries.len());
        let (before, from) = entries.split_at(last);
        let (last, after) = from.split_at(from.len().min(1));
        for entry in last.iter().chain(before).chain(after) {
            if known(&entry) {
                continue;
            }
            let Some(index) = &schema.index else {
                return Err(unknown(&schema, &entry.key));
            };
            let value = self.indexed(scope, index, entry, span);
            let value = value.map_err(|e| about_part(e, &entry.key, span))?;
            if !matches!(value, Value::Undefined) {
                attrs.push_new(Entry {
                    value,
                    op: EntryOp::Override,
                    index: None,
                    key: Rc::clone(&entry.key),
                });
            }
        }
        Ok(())
    }

    fn indexed(
        &mut self,
        scope: &Scope,
        index: &IndexSignature,
        entry: &Entry,
        span: Span,
    ) -> Eval<Value> {
        if let Some(slot) = index.key_slot {
            set_slot(scope, slot as usize, Slot::Done(Value::Str(Rc::clone(&entry.key))));
        }
        let _key = self.coerce(Value::Str(Rc::clone(&entry.key)), &index.key, span)?;
        let value = match (&index.default, entry.op) {
            (Some(default), EntryOp::Union | EntryOp::Insert) => {
                // `Schema(key)` is a part, to be completed by the entry; `Schema {…}` is whole.
                let partial = u32::from(matches!(default.expr.kind, hir::ExprKind::Call(..)));
                self.lenient = self.lenient.saturating_add(partial);
                let default = self.code(default);
                self.lenient = self.lenient.saturating_sub(partial);
                let default = default?;
                let join = Join::loose(span);
                self.join_value(&entry.key, default, entry.clone(), join)?
            }
            _ => entry.value.clone(),
        };
        self.coerce(value, &index.value, span)
    }

    fn checks(&mut self, scope: &Rc<Scope>, attrs: &Dict, span: Span) -> Eval<()> {
        let key_slot = scope.schema.index.as_ref().and_then(|index| index.key_slot);
        for check in &scope.schema.checks {
            let Some(slot) = key_slot else {
                self.check(&scope.schema, check, span)?;
                continue;
            };
            // A named key: the check holds for each key that the index signature admitted.
            let keys = attrs.iter().filter(|(key, _)| {
                !scope
                    .schema
                    .attrs
                    .iter()
                    .any(|attr| attr.kind == AttrKind::Public && attr.name == **key)
            });
            for (key, _) in keys {
                set_slot(scope, slot as usize, Slot::Done(Value::Str(Rc::clone(key))));
                self.check(&scope.schema, check, span)?;
            }
        }
        Ok(())
    }

    fn check(&mut self, schema: &Schema, check: &hir::Check, span: Span) -> Eval<()> {
        if let Some(guard) = &check.guard
            && !self.code(guard)?.is_truthy()
        {
            return Ok(());
        }
        if self.code(&check.condition)?.is_truthy() {
            return Ok(());
        }
        let said = match &check.message {
            Some(message) => display(&self.code(message)?),
            None => String::new(),
        };
        let message =
            if said.is_empty() { format!("a check of '{}' failed", schema.name) } else { said };
        let mut failure = *error("EvaluationError", message);
        failure.notes.extend(self.values_of(&check.condition.expr));
        failure.trace.push(Frame { span, callee: schema.name.to_string() });
        Err(Box::new(
            failure
                .label(check.span, "check failed on this condition")
                .label(span, "instance check failed"),
        ))
    }

    pub(super) fn deprecated(&mut self, message: &str, strict: bool, span: Span) -> Eval<()> {
        let finding = error("EvaluationError", message);
        if strict {
            return Err(place(finding, span));
        }
        self.warnings.push(finding.label(span, "").warning());
        Ok(())
    }

    /// Binds the arguments of a schema to its parameters.
    pub(super) fn schema_params(
        &mut self,
        schema: &Rc<Schema>,
        mut args: Args,
        span: Span,
    ) -> Eval<Rc<[Value]>> {
        if args.positional.len() > schema.params.len() {
            let message = format!(
                "\"{}\" takes {} positional argument but {} were given",
                schema.name,
                schema.params.len(),
                args.positional.len()
            );
            return Err(place(error("CompileError", message), span));
        }
        let mut values = Vec::with_capacity(schema.params.len());
        for (at, param) in schema.params.iter().enumerate() {
            let value = match (args.take(at, &param.name), &param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.code(default)?,
                (None, None) => Value::Undefined,
            };
            values.push(match &param.ty {
                Some(ty) => self.coerce(value, ty, span).map_err(|e| place(e, span))?,
                None => value,
            });
        }
        if let Some((name, _)) = args.keyword.first() {
            let message =
                format!("\"{}\" got an unexpected keyword argument '{name}'", schema.name);
            return Err(place(error("CompileError", message), span));
        }
        Ok(values.into())
    }

    /// Returns the instances of a schema so far, in order.
    pub(super) fn instances_of(&self, id: hir::SchemaId) -> Value {
        let found = self.instances.iter().filter(|(schema, _)| self.derives(*schema, id));
        Value::list(found.map(|(_, value)| value.clone()).collect())
    }

    /// Returns the last option given for `key`.
    pub fn option(&self, key: &str) -> Option<&OptionValue> {
        self.options.iter().rev().find(|option| *option.key == *key)
    }

    /// Returns a type as people write it.
    pub fn type_text(&self, ty: &hir::Type) -> String {
        type_text(ty, self.program)
    }
}

pub(super) fn set_slot(scope: &Scope, at: usize, slot: Slot) {
    if let Some(place) = scope.slots.borrow_mut().get_mut(at) {
        *place = slot;
    }
}

fn require(schema: &Schema, attrs: &Dict, span: Span) -> Eval<()> {
    for attr in &schema.attrs {
        if attr.kind != AttrKind::Public || attr.optional || attr.ty.is_none() {
            continue;
        }
        if attrs.get(&attr.name).is_none_or(Value::is_nullish) {
            let message = format!(
                "attribute '{}' of {} is required and can't be None or Undefined",
                attr.name, schema.name
            );
            let failure = *error("EvaluationError", message);
            return Err(Box::new(failure.label(span, "").label(attr.span, "declared here")));
        }
    }
    Ok(())
}

fn unknown(schema: &Schema, key: &str) -> Box<Diagnostic> {
    let message = format!("Cannot add member '{key}' to schema '{}'", schema.name);
    about(error("CompileError", message), key)
}

/// Notes which attribute an error is about, so that it can be placed at its entry.
pub(super) fn about(mut failure: Box<Diagnostic>, name: &str) -> Box<Diagnostic> {
    if !failure.notes.iter().any(|note| note.starts_with(ATTRIBUTE)) && failure.labels.is_empty() {
        failure.notes.push(format!("{ATTRIBUTE}{name}"));
    }
    failure
}

/// As [`about`], of what had to be made at a place that is not the value's own.
pub(super) fn about_part(mut failure: Box<Diagnostic>, name: &str, place: Span) -> Box<Diagnostic> {
    if failure.labels.first().is_none_or(|label| label.span != place) {
        return about(failure, name);
    }
    failure.labels.remove(0);
    failure.notes.push(format!("{ATTRIBUTE}{name}"));
    failure
}
