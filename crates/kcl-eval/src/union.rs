//! Unification: how two values become one, entry by entry, in time linear in what is joined.

use crate::budget::Budget;
use crate::compare::equal;
use crate::dict::{Dict, Entry, EntryOp};
use crate::interp::Interp;
use crate::library::{Eval, error};
use crate::ops;
use crate::schema::Instance;
use crate::text::type_of;
use crate::value::Value;
use akua_source::Span;
use kcl_sema::hir::{AttrKind, BinOp};
use std::rc::Rc;

/// How strictly values are joined, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Join {
    /// Whether unlike scalars under `:` are a conflict (not so where a config meets a default).
    pub(crate) check: bool,
    /// Whether a dict is put together: there the last operator of a key counts, whereas the config
    /// of an instance keeps `=`.
    pub(crate) literal: bool,
    /// Where to report.
    pub(crate) span: Span,
}

impl Join {
    /// Values that may not contradict each other.
    pub(crate) fn strict(span: Span) -> Self {
        Self { check: true, literal: false, span }
    }

    /// A value over a default.
    pub(crate) fn loose(span: Span) -> Self {
        Self { check: false, literal: false, span }
    }

    /// The entries of one literal.
    pub(crate) fn literal(span: Span) -> Self {
        Self { check: true, literal: true, span }
    }
}

impl Interp<'_> {
    /// Joins `b` onto `a`.
    pub(crate) fn union(&mut self, a: Value, b: Value, join: Join) -> Eval<Value> {
        self.step(join.span)?;
        let a = self.force(a)?;
        let b = self.force(b)?;
        match (a, b) {
            (Value::Undefined, b) | (Value::None, b @ Value::None) => Ok(b),
            (a, Value::None | Value::Undefined) => Ok(a),
            (Value::None, b) => Ok(b),
            (Value::Dict(mut a), Value::Dict(b)) => {
                let join = Join { literal: true, ..join };
                self.merge(Rc::make_mut(&mut a), &b, join)?;
                Ok(Value::Dict(a))
            }
            (Value::List(a), Value::List(b)) => self.union_lists(a, &b, join),
            (Value::Instance(a), Value::Dict(b)) => self.union_instance(&a, &b, join),
            (Value::Instance(a), Value::Instance(b)) => {
                self.union_instance(&a, &entries_of(&b), join)
            }
            (Value::Dict(a), Value::Instance(b)) => {
                let mut config = (*a).clone();
                self.merge(&mut config, &entries_of(&b), join)?;
                let params = Rc::clone(&b.params);
                self.instantiate(&b.schema, params, Rc::new(config), join.span)
            }
            (a, b) => scalars(&a, b, join, &mut self.budget),
        }
    }

    /// The operator `|`.
    ///
    /// # Errors
    /// `TypeError` for values that have no union, `EvaluationError` for a conflict.
    pub fn union_operator(&mut self, a: Value, b: Value, span: Span) -> Eval<Value> {
        match (&a, &b) {
            (Value::Int(_), Value::Int(_)) => ops::binary(BinOp::BitOr, &a, &b),
            (Value::List(a), Value::List(b)) => self.overlay_lists(Rc::clone(a), b, span),
            (Value::None | Value::Undefined, _) | (_, Value::None | Value::Undefined) => {
                self.union(a, b, Join::strict(span))
            }
            _ if is_config(&a) && is_config(&b) => self.union(a, b, Join::strict(span)),
            _ => Err(ops::unsupported("|", &a, &b)),
        }
    }

    fn union_instance(&mut self, a: &Rc<Instance>, b: &Dict, join: Join) -> Eval<Value> {
        if join.check {
            agree_entries(&a.attrs, b, &mut self.budget)?;
        }
        self.changed(a, b, join)
    }

    /// Makes an instance anew with more config (`instance {…}`).
    pub(crate) fn changed(&mut self, a: &Rc<Instance>, b: &Dict, join: Join) -> Eval<Value> {
        let mut config = (*a.config).clone();
        self.merge(&mut config, b, join)?;
        self.instantiate(&a.schema, Rc::clone(&a.params), Rc::new(config), join.span)
    }

    /// Joins lists under `|`: configs at one index unify, anything else is replaced.
    fn overlay_lists(&mut self, mut a: Rc<Vec<Value>>, b: &[Value], span: Span) -> Eval<Value> {
        let items = Rc::make_mut(&mut a);
        for (at, value) in b.iter().enumerate() {
            let Some(item) = items.get_mut(at) else {
                items.push(value.clone());
                continue;
            };
            let old = std::mem::take(item);
            let check = is_config(&old) && is_config(value);
            *item = self.union(old, value.clone(), Join { check, literal: false, span })?;
        }
        Ok(Value::List(a))
    }

    fn union_lists(&mut self, mut a: Rc<Vec<Value>>, b: &[Value], join: Join) -> Eval<Value> {
        if join.check && a.len() != b.len() {
            return Err(conflict("", &Value::List(a), &Value::list(b.to_vec())));
        }
        let items = Rc::make_mut(&mut a);
        for (at, value) in b.iter().enumerate() {
            match items.get_mut(at) {
                Some(item) => {
                    let old = std::mem::take(item);
                    let joined = self.union(old, value.clone(), join)?;
                    if let Some(item) = items.get_mut(at) {
                        *item = joined;
                    }
                }
                None => items.push(value.clone()),
            }
        }
        Ok(Value::List(a))
    }

    /// Joins all entries of `b` onto `a`, each by its own operator.
    pub(crate) fn merge(&mut self, a: &mut Dict, b: &Dict, join: Join) -> Eval<()> {
        for entry in b.entries() {
            self.merge_entry(a, entry.clone(), join)?;
        }
        Ok(())
    }

    /// Joins one entry onto a dict.
    pub(crate) fn merge_entry(&mut self, dict: &mut Dict, entry: Entry, join: Join) -> Eval<()> {
        let Some(existing) = dict.entry_mut(&entry.key) else {
            dict.push_new(entry);
            return Ok(());
        };
        let old = std::mem::take(&mut existing.value);
        let op = if join.literal { entry.op } else { join_ops(existing.op, entry.op) };
        let key = Rc::clone(&existing.key);
        let value = self.join_value(&key, old, entry, join)?;
        if let Some(existing) = dict.entry_mut(&key) {
            existing.value = value;
            existing.op = op;
        }
        Ok(())
    }

    /// Applies an entry to the value that stands under its key.
    pub(crate) fn join_value(
        &mut self,
        key: &str,
        old: Value,
        entry: Entry,
        join: Join,
    ) -> Eval<Value> {
        if let Some(index) = entry.index {
            return self.join_element(old, entry.op, index, entry.value, join);
        }
        match entry.op {
            EntryOp::Override => Ok(entry.value),
            EntryOp::Insert => insert(old, entry.value),
            EntryOp::Union => self.union(old, entry.value, join).map_err(|error| below(key, error)),
        }
    }

    /// Applies `key[index] op value` to the list under the key.
    fn join_element(
        &mut self,
        old: Value,
        op: EntryOp,
        index: i64,
        value: Value,
        join: Join,
    ) -> Eval<Value> {
        let mut items = match old {
            Value::List(items) => items,
            Value::None | Value::Undefined if op == EntryOp::Insert => Rc::new(Vec::new()),
            _ => {
                let message =
                    format!("only list attribute can be override value with the index {index}");
                return Err(error("EvaluationError", message));
            }
        };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let at = if index < 0 { index.saturating_add(length) } else { index };
        let list = Rc::make_mut(&mut items);
        match op {
            EntryOp::Insert => {
                let Some(at) = usize::try_from(at).ok().filter(|at| *at <= list.len()) else {
                    let message =
                        format!("insertion index (is {index}) should be <= len (is {length})");
                    return Err(error("EvaluationError", message));
                };
                let new = match value {
                    Value::List(new) => new,
                    other => Rc::new(vec![other]),
                };
                list.splice(at..at, new.iter().cloned());
            }
            EntryOp::Union | EntryOp::Override => {
                let slot = usize::try_from(at).ok().and_then(|at| list.get_mut(at));
                let Some(slot) = slot else {
                    let message = format!(
                        "index out of bounds: the len is {length} but the index is {index}"
                    );
                    return Err(error("EvaluationError", message));
                };
                let old = std::mem::take(slot);
                *slot = if op == EntryOp::Override { value } else { self.union(old, value, join)? };
            }
        }
        Ok(Value::List(items))
    }
}

/// Start of the note that names the path of a conflict.
const PATH: &str = "path: ";

fn is_config(value: &Value) -> bool {
    matches!(value, Value::Dict(_) | Value::Instance(_) | Value::Opaque(_))
}

fn join_ops(old: EntryOp, new: EntryOp) -> EntryOp {
    match (old, new) {
        (EntryOp::Override, _) | (_, EntryOp::Override) => EntryOp::Override,
        (EntryOp::Insert, EntryOp::Insert) => EntryOp::Insert,
        _ => EntryOp::Union,
    }
}

/// Appends under `+=`.
fn insert(old: Value, new: Value) -> Eval<Value> {
    match (old, new) {
        (Value::None | Value::Undefined, new) => Ok(new),
        (old, Value::None | Value::Undefined) => Ok(old),
        (Value::List(mut old), Value::List(new)) => {
            Rc::make_mut(&mut old).extend(new.iter().cloned());
            Ok(Value::List(old))
        }
        (_, new) => {
            let message = format!("only list type can in inserted, got '{}'", type_of(&new));
            Err(error("IllegalAttributeError", message))
        }
    }
}

/// Returns what a finished instance gives to a union: its attributes under the operators of its
/// own config; where the config appends, what it appends.
fn entries_of(instance: &Instance) -> Dict {
    let mut dict = Dict::with_capacity(instance.attrs.len());
    for entry in instance.attrs.entries() {
        let unset = matches!(entry.value, Value::Undefined);
        if unset || is_private(&instance.schema, &entry.key) {
            continue;
        }
        let entry = match instance.config.entry(&entry.key) {
            Some(config) if config.op == EntryOp::Insert => config.clone(),
            Some(config) => Entry { op: config.op, ..entry.clone() },
            None => entry.clone(),
        };
        dict.push_new(entry);
    }
    dict
}

fn is_private(schema: &kcl_sema::hir::Schema, key: &str) -> bool {
    schema.attrs.iter().any(|attr| *attr.name == *key && attr.kind == AttrKind::Private)
}

/// Fails where what unifies in `b` is unlike what a finished value has.
fn agree(a: &Value, b: &Value, budget: &mut Budget) -> Eval<()> {
    budget.charge(1)?;
    match (a, b) {
        (Value::None | Value::Undefined | Value::Opaque(_), _)
        | (_, Value::None | Value::Undefined | Value::Opaque(_)) => Ok(()),
        (Value::Dict(a), Value::Dict(b)) => agree_entries(a, b, budget),
        (Value::Instance(a), Value::Dict(b)) => agree_entries(&a.attrs, b, budget),
        (Value::Dict(a), Value::Instance(b)) => agree_entries(a, &entries_of(b), budget),
        (Value::Instance(a), Value::Instance(b)) => agree_entries(&a.attrs, &entries_of(b), budget),
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            a.iter().zip(b.iter()).try_for_each(|(a, b)| agree(a, b, budget))
        }
        _ if equal(a, b, budget)? => Ok(()),
        _ => Err(conflict("", a, b)),
    }
}

fn agree_entries(a: &Dict, b: &Dict, budget: &mut Budget) -> Eval<()> {
    for entry in b.entries() {
        if let Some(old) = a.get(&entry.key)
            && entry.op == EntryOp::Union
            && entry.index.is_none()
        {
            agree(old, &entry.value, budget).map_err(|error| below(&entry.key, error))?;
        }
    }
    Ok(())
}

/// Notes that a conflict is below a key.
fn below(key: &str, mut error: Box<akua_source::Diagnostic>) -> Box<akua_source::Diagnostic> {
    if let Some(path) = error.notes.first_mut().filter(|note| note.starts_with(PATH)) {
        let rest = path.trim_start_matches(PATH);
        *path =
            if rest.is_empty() { format!("{PATH}{key}") } else { format!("{PATH}{key}.{rest}") };
    }
    error
}

fn scalars(a: &Value, b: Value, join: Join, budget: &mut Budget) -> Eval<Value> {
    if join.check && !equal(a, &b, budget)? {
        return Err(conflict("", a, &b));
    }
    Ok(b)
}

fn conflict(key: &str, a: &Value, b: &Value) -> Box<akua_source::Diagnostic> {
    let message = format!("conflicting values: {} and {}", type_of(a), type_of(b));
    let mut diagnostic = error("EvaluationError", message);
    diagnostic.notes.push(format!("{PATH}{key}"));
    diagnostic.helps.push("use `=` instead of `:` to override the value".to_owned());
    diagnostic
}
