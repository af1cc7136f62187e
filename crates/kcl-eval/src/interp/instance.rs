//! Instances of schemas: attributes on demand, each once; then the rest of the config, what is
//! required, statements and checks.

use super::{Interp, OptionValue, config::ATTRIBUTE, place, setters::Target};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Args, Eval, error};
use crate::schema::{Instance, Scope, Slot};
use crate::text::{display, type_text};
use crate::union::Join;
use crate::value::Value;
use akua_source::{Diagnostic, Frame, Span};
use kcl_sema::hir::{self, AttrKind, IndexSignature, Schema, SetOp};
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
            if attr.kind == AttrKind::Public && !matches!(value, Value::Undefined) {
                attrs.push_new(Entry {
                    key: Rc::clone(&attr.name),
                    value,
                    op: EntryOp::Override,
                    index: None,
                });
            }
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
        // The checker refuses configs of attributes without a type; what it cannot see (`a | b`),
        // and what an index signature admits, sets them.
        let ty = ty.unwrap_or(&hir::Type::Any);
        // Statements about what is below the attribute (`a.b += …`) come after the config.
        let split = attr.setters.iter().position(|setter| !setter.path.is_empty());
        let (defaults, below) = attr.setters.split_at(split.unwrap_or(attr.setters.len()));
        let value = if entry.op == EntryOp::Override && entry.index.is_none() {
            entry.value.clone()
        } else {
            self.configured(scope, at, defaults, entry).map_err(|e| about(e, &attr.name))?
        };
        let value = self.coerce(value, ty, attr.span).map_err(|e| about(e, &attr.name))?;
        if below.is_empty() {
            return Ok(value);
        }
        self.fold(value, below, Some(ty), &Target::Attr(scope, at))
    }

    /// Joins what the config unifies with or appends to the default of an attribute.
    fn configured(
        &mut self,
        scope: &Rc<Scope>,
        at: usize,
        defaults: &[Rc<hir::Setter>],
        entry: &Entry,
    ) -> Eval<Value> {
        let Some(attr) = scope.schema.attrs.get(at) else { return Ok(Value::Undefined) };
        let (ty, join) = (attr.ty.as_deref(), Join { check: false, span: attr.span });
        let cumulative = |setter: &Rc<hir::Setter>| setter.reads_self || setter.op != SetOp::Assign;
        let stepwise = entry.op == EntryOp::Union && defaults.iter().any(cumulative);
        // Statements that read the attribute see what the config gives it, one after the other.
        let steps = defaults.chunks(if stepwise { 1 } else { defaults.len().max(1) });
        let mut value = Value::Undefined;
        if stepwise && entry.index.is_none() {
            value = entry.value.clone();
            set_slot(scope, at, Slot::InProgress(value.clone()));
        }
        for step in steps {
            // The default is only a part: it need not be whole by itself.
            self.lenient = self.lenient.saturating_add(1);
            let default = self.fold(value, step, ty, &Target::Attr(scope, at));
            self.lenient = self.lenient.saturating_sub(1);
            value = self.join_value(&attr.name, default?, entry.clone(), join)?;
            set_slot(scope, at, Slot::InProgress(value.clone()));
        }
        if defaults.is_empty() {
            value = self.join_value(&attr.name, value, entry.clone(), join)?;
        }
        Ok(value)
    }

    /// Takes the keys of a config that are no attributes, where an index signature allows them.
    fn rest_of_config(&mut self, scope: &Rc<Scope>, attrs: &mut Dict, span: Span) -> Eval<()> {
        let schema = Rc::clone(&scope.schema);
        for entry in scope.config.entries() {
            let known = schema
                .attrs
                .iter()
                .any(|attr| attr.kind == AttrKind::Public && attr.name == entry.key);
            if known {
                continue;
            }
            let Some(index) = &schema.index else {
                return Err(unknown(&schema, &entry.key));
            };
            let value =
                self.indexed(scope, index, entry, span).map_err(|e| about(e, &entry.key))?;
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
                let default = self.code(default)?;
                let join = Join { check: false, span };
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
        failure.trace.push(Frame { span, callee: schema.name.to_string() });
        Err(Box::new(
            failure
                .label(check.span, "check failed on this condition")
                .label(span, "instance check failed"),
        ))
    }

    fn deprecated(&mut self, message: &str, strict: bool, span: Span) -> Eval<()> {
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
        let found = self.instances.iter().filter(|(schema, _)| *schema == id);
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

fn set_slot(scope: &Scope, at: usize, slot: Slot) {
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
fn about(mut failure: Box<Diagnostic>, name: &str) -> Box<Diagnostic> {
    if !failure.notes.iter().any(|note| note.starts_with(ATTRIBUTE)) && failure.labels.is_empty() {
        failure.notes.push(format!("{ATTRIBUTE}{name}"));
    }
    failure
}
