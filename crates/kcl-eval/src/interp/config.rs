//! Config literals, and instances made from them.

use super::{Interp, place};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Eval, error};
use crate::text::type_of;
use crate::union::Join;
use crate::value::{Text, Value};
use akua_source::{Diagnostic, Span};
use kcl_sema::hir::{self, DictExpr, Expr, Key};
use std::rc::Rc;

/// What `Schema(args) {…}` says, before an instance is made of it.
pub(super) struct Parts {
    pub(super) schema: Rc<hir::Schema>,
    pub(super) params: Rc<[Value]>,
    pub(super) config: Dict,
}

impl Interp<'_> {
    /// Evaluates the entries of a literal. `pending` keeps `key[index] op value` for a list that
    /// only the schema has.
    pub(super) fn dict(&mut self, dict: &DictExpr, pending: bool) -> Eval<Dict> {
        let mut out = Dict::with_capacity(dict.entries.len());
        self.entries(&dict.entries, dict, pending, &mut out)?;
        Ok(out)
    }

    fn entries(
        &mut self,
        entries: &[hir::Entry],
        dict: &DictExpr,
        pending: bool,
        out: &mut Dict,
    ) -> Eval<()> {
        for entry in entries {
            match entry {
                hir::Entry::KeyValue { key, key_span, op, index, value } => {
                    let value = self.visible(dict, out, |interp| interp.expr(value))?;
                    let key = self.visible(dict, out, |interp| interp.key(key))?;
                    let index = match index {
                        Some(index) => Some(self.element_index(index)?),
                        None => None,
                    };
                    let Some(key) = key else { continue };
                    let entry = Entry { key, value, op: *op, index };
                    self.add(out, entry, pending, *key_span)?;
                }
                hir::Entry::Spread(value) => {
                    let span = value.span;
                    let value = self.visible(dict, out, |interp| interp.expr(value))?;
                    self.spread(value, out, span)?;
                }
                hir::Entry::If(branches, otherwise) => {
                    let mut chosen = otherwise;
                    for (condition, entries) in branches {
                        if self.visible(dict, out, |interp| interp.expr(condition))?.is_truthy() {
                            chosen = entries;
                            break;
                        }
                    }
                    self.entries(chosen, dict, pending, out)?;
                }
            }
        }
        Ok(())
    }

    /// Runs `work` while the literal's local holds what is built so far.
    fn visible<T>(
        &mut self,
        dict: &DictExpr,
        out: &mut Dict,
        work: impl FnOnce(&mut Self) -> Eval<T>,
    ) -> Eval<T> {
        let Some(slot) = dict.slot else { return work(self) };
        self.set_local(slot, Value::dict(std::mem::take(out)));
        let result = work(self);
        if let Value::Dict(built) = self.take_local(slot) {
            *out = Rc::try_unwrap(built).unwrap_or_else(|shared| (*shared).clone());
        }
        result
    }

    fn key(&mut self, key: &Key) -> Eval<Option<Text>> {
        match key {
            Key::Static(text) => Ok(Some(Rc::clone(text))),
            Key::Dynamic(expr) => match self.expr(expr)? {
                Value::Str(text) => Ok(Some(text)),
                Value::None | Value::Undefined => Ok(None),
                other => {
                    let message =
                        format!("A attribute must be string type, got '{}'", type_of(&other));
                    Err(place(error("IllegalAttributeError", message), expr.span))
                }
            },
        }
    }

    fn element_index(&mut self, index: &Expr) -> Eval<i64> {
        match self.expr(index)? {
            Value::Int(at) => Ok(at),
            other => {
                let message = format!("list indices must be integers, got '{}'", type_of(&other));
                Err(place(error("TypeError", message), index.span))
            }
        }
    }

    fn add(&mut self, out: &mut Dict, entry: Entry, pending: bool, span: Span) -> Eval<()> {
        let join = Join::literal(span);
        let absent = out.entry(&entry.key).is_none();
        let result = if absent && entry.index.is_some() && !pending {
            let key = Rc::clone(&entry.key);
            let joined = self.join_value(&key, Value::Undefined, entry, join);
            joined.map(|value| out.put(Entry { key, value, op: EntryOp::Override, index: None }))
        } else {
            self.merge_entry(out, entry, join)
        };
        result.map_err(|e| place(e, span))
    }

    fn spread(&mut self, value: Value, out: &mut Dict, span: Span) -> Eval<()> {
        let value = self.force(value)?;
        match &value {
            Value::None | Value::Undefined => Ok(()),
            Value::Dict(dict) => {
                self.merge(out, dict, Join::literal(span)).map_err(|e| place(e, span))
            }
            Value::Instance(instance) => {
                for (key, value) in instance.attrs.iter() {
                    if matches!(value, Value::Undefined) && out.get(key).is_some() {
                        continue;
                    }
                    let entry = Entry {
                        key: Rc::clone(key),
                        value: value.clone(),
                        op: EntryOp::Override,
                        index: None,
                    };
                    self.merge_entry(out, entry, Join::literal(span))?;
                }
                Ok(())
            }
            other => {
                let message =
                    format!("only dict and schema can be used ** unpack, got '{}'", type_of(other));
                Err(place(error("TypeError", message), span))
            }
        }
    }

    /// Evaluates `head(args) {…}`.
    pub(super) fn config(
        &mut self,
        head: &Expr,
        args: Option<&hir::Args>,
        dict: &DictExpr,
        span: Span,
    ) -> Eval<Value> {
        let head_value = self.expr(head)?;
        match self.force(head_value)? {
            Value::Schema(id) => {
                let parts = self.parts(id, args, dict, span)?;
                let made =
                    self.instantiate(&parts.schema, parts.params, Rc::new(parts.config), span);
                made.map_err(|e| explain(e, &[dict], span))
            }
            Value::Instance(instance) => {
                let config = self.dict(dict, true)?;
                let changed = if self.has_no_type(head) {
                    self.union(Value::Instance(instance), Value::dict(config), Join::strict(span))
                } else {
                    self.changed(&instance, &config, Join::loose(span))
                };
                changed.map_err(|e| explain(e, &[dict], span))
            }
            value @ Value::Dict(_) => {
                let config = self.dict(dict, true)?;
                let joined = self.union(value, Value::dict(config), Join::strict(span));
                joined.map_err(|e| explain(e, &[dict], span))
            }
            other => {
                let message = format!("Invalid schema type '{}'", type_of(&other));
                Err(place(error("TypeError", message), head.span))
            }
        }
    }

    /// Returns whether an expression names a variable that no statement gives a type.
    ///
    /// What has one is made anew from the config, so that nothing is in conflict with it.
    fn has_no_type(&self, head: &Expr) -> bool {
        let hir::ExprKind::Global(package, at) = head.kind else { return false };
        let global = self
            .program
            .packages
            .get(package.0 as usize)
            .and_then(|package| package.globals.get(at as usize));
        global.is_some_and(|global| {
            let unified = |setter: &hir::Setter| setter.op == hir::SetOp::Unify;
            global.ty.is_none() && !global.setters.iter().any(unified)
        })
    }

    /// Evaluates what `Schema(args) {…}` says.
    pub(super) fn parts(
        &mut self,
        id: hir::SchemaId,
        args: Option<&hir::Args>,
        dict: &DictExpr,
        span: Span,
    ) -> Eval<Parts> {
        let Some(schema) = self.schema(id) else {
            return Err(place(error("EvaluationError", "unknown schema"), span));
        };
        let args = match args {
            Some(args) => self.args(args)?,
            None => crate::library::Args::default(),
        };
        let params = self.schema_params(&schema, args, span)?;
        let config = self.dict(dict, true)?;
        Ok(Parts { schema, params, config })
    }
}

/// Places an error about an attribute at its entry in one of the literals.
pub(super) fn explain(
    mut failure: Box<Diagnostic>,
    literals: &[&DictExpr],
    span: Span,
) -> Box<Diagnostic> {
    let Some(at) = failure.notes.iter().position(|note| note.starts_with(ATTRIBUTE)) else {
        return place(failure, span);
    };
    let note = failure.notes.remove(at);
    let name = note.trim_start_matches(ATTRIBUTE);
    let found = literals.iter().rev().find_map(|dict| key_span(&dict.entries, name));
    let label = akua_source::Label { span: found.unwrap_or(span), text: String::new() };
    failure.labels.insert(0, label);
    failure
}

/// Start of the note that carries the name of the attribute that an error is about.
pub(super) const ATTRIBUTE: &str = "attribute: ";

/// Returns where a key stands in a literal, or else in what is nested in it.
fn key_span(entries: &[hir::Entry], name: &str) -> Option<Span> {
    let here = entries.iter().find_map(|entry| match entry {
        hir::Entry::KeyValue { key: Key::Static(key), key_span, .. } if **key == *name => {
            Some(*key_span)
        }
        hir::Entry::If(branches, otherwise) => branches
            .iter()
            .find_map(|(_, entries)| key_span(entries, name))
            .or_else(|| key_span(otherwise, name)),
        _ => None,
    });
    here.or_else(|| {
        entries.iter().find_map(|entry| match entry {
            hir::Entry::KeyValue { value, .. } => nested_key_span(value, name),
            _ => None,
        })
    })
}

fn nested_key_span(value: &Expr, name: &str) -> Option<Span> {
    match &value.kind {
        hir::ExprKind::Dict(dict) => key_span(&dict.entries, name),
        hir::ExprKind::List(items) => items.iter().find_map(|item| match item {
            hir::Item::Value(value) => nested_key_span(value, name),
            _ => None,
        }),
        _ => None,
    }
}
