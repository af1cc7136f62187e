//! Lists, indexes, slices, comprehensions and quantifiers.

use super::{Interp, place};
use crate::dict::{Dict, Entry, EntryOp};
use crate::library::{Eval, error};
use crate::text::type_of;
use crate::union::Join;
use crate::value::{Text, Value};
use akua_source::Span;
use kcl_sema::hir::{self, Expr, QuantifierKind};
use std::rc::Rc;

/// What a comprehension does for each element.
type Body<'b, 'i, 'p> = &'b mut dyn FnMut(&mut Interp<'p>) -> Eval<()>;

impl<'p> Interp<'p> {
    /// Evaluates a list literal.
    pub(super) fn list(&mut self, items: &[hir::Item]) -> Eval<Value> {
        let mut values = Vec::with_capacity(items.len());
        self.items(items, &mut values)?;
        Ok(Value::list(values))
    }

    fn items(&mut self, items: &[hir::Item], out: &mut Vec<Value>) -> Eval<()> {
        for item in items {
            match item {
                hir::Item::Value(expr) => {
                    out.push(self.expr(expr)?);
                }
                hir::Item::Star(expr) => {
                    let value = self.expr(expr)?;
                    let value = self.force(value)?;
                    match &value {
                        Value::List(items) => out.extend(items.iter().cloned()),
                        Value::None | Value::Undefined => {}
                        other => {
                            if let Some(dict) = other.as_dict() {
                                out.extend(dict.iter().map(|(key, _)| Value::Str(Rc::clone(key))));
                            } else {
                                let message = format!(
                                    "only list, dict and schema types can be used * unpacked, got '{}'",
                                    type_of(other)
                                );
                                return Err(place(error("EvaluationError", message), expr.span));
                            }
                        }
                    }
                }
                hir::Item::If(branches, otherwise) => {
                    let mut chosen = otherwise;
                    for (condition, items) in branches {
                        if self.expr(condition)?.is_truthy() {
                            chosen = items;
                            break;
                        }
                    }
                    self.items(chosen, out)?;
                }
            }
        }
        Ok(())
    }

    /// Evaluates `value[index]`.
    pub(super) fn index(
        &mut self,
        value: &Expr,
        index: &Expr,
        optional: bool,
        span: Span,
    ) -> Eval<Value> {
        let value = self.expr(value)?;
        let value = self.force(value)?;
        if optional && !value.is_truthy() {
            return Ok(Value::None);
        }
        let index = self.expr(index)?;
        self.index_value(&value, &index, span).map_err(|e| place(e, span))
    }

    pub(super) fn index_value(&mut self, value: &Value, index: &Value, span: Span) -> Eval<Value> {
        match (value, index) {
            (Value::List(items), Value::Int(at)) => {
                position(*at, items.len()).and_then(|at| items.get(at).cloned()).ok_or_else(|| {
                    let mut failure =
                        error("EvaluationError", format!("list index out of range: {at}"));
                    failure.notes.push(format!("the list has {} items", items.len()));
                    failure
                })
            }
            (Value::Str(text), Value::Int(at)) => {
                let found = if *at >= 0 {
                    usize::try_from(*at).ok().and_then(|at| text.chars().nth(at))
                } else {
                    position(*at, text.chars().count()).and_then(|at| text.chars().nth(at))
                };
                found
                    .map(|found| Value::str(found.to_string()))
                    .ok_or_else(|| error("EvaluationError", "string index out of range"))
            }
            (Value::Dict(dict), Value::Str(key)) => Ok(dict.get(key).cloned().unwrap_or_default()),
            (Value::Instance(_), Value::Str(key)) => self.member(value.clone(), key, false, span),
            (Value::Dict(_), _) => Ok(Value::Undefined),
            (value, index) => {
                let message = format!(
                    "'{}' object is not subscriptable with '{}'",
                    type_of(value),
                    type_of(index)
                );
                Err(error("TypeError", message))
            }
        }
    }

    /// Evaluates `value[a:b:c]`.
    pub(super) fn slice(
        &mut self,
        value: &Expr,
        bounds: &[Option<Expr>; 3],
        optional: bool,
        span: Span,
    ) -> Eval<Value> {
        let value = self.expr(value)?;
        if optional && !value.is_truthy() {
            return Ok(Value::None);
        }
        let mut numbers = [None; 3];
        for (bound, number) in bounds.iter().zip(&mut numbers) {
            let Some(expr) = bound else { continue };
            match self.expr(expr)? {
                Value::Int(value) => *number = Some(value),
                Value::None | Value::Undefined => {}
                other => {
                    let message =
                        format!("slice indices must be integers, got '{}'", type_of(&other));
                    return Err(place(error("TypeError", message), expr.span));
                }
            }
        }
        let [lower, upper, step] = numbers;
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(place(error("EvaluationError", "slice step cannot be zero"), span));
        }
        match &value {
            Value::List(items) => {
                let at = slice_positions(items.len(), lower, upper, step);
                Ok(Value::list(at.filter_map(|at| items.get(at).cloned()).collect()))
            }
            Value::Str(text) => {
                let chars: Vec<char> = text.chars().collect();
                let at = slice_positions(chars.len(), lower, upper, step);
                Ok(Value::str(at.filter_map(|at| chars.get(at)).collect::<String>()))
            }
            other => {
                let message = format!("'{}' object is not sliceable", type_of(other));
                Err(place(error("TypeError", message), span))
            }
        }
    }

    /// Evaluates `[item for …]`.
    pub(super) fn list_comp(&mut self, item: &hir::Item, clauses: &[hir::Clause]) -> Eval<Value> {
        let mut out = Vec::new();
        self.clauses(clauses, &mut |interp| interp.items(std::slice::from_ref(item), &mut out))?;
        Ok(Value::list(out))
    }

    /// Evaluates `{entry for …}`.
    pub(super) fn dict_comp(
        &mut self,
        entry: &hir::DictExpr,
        clauses: &[hir::Clause],
    ) -> Eval<Value> {
        let mut out = Dict::default();
        let span = entry.span;
        let join = Join::loose(span);
        self.clauses(clauses, &mut |interp| {
            let dict = interp.dict(entry, false)?;
            for entry in dict.entries() {
                interp.merge_entry(&mut out, entry.clone(), join).map_err(|e| place(e, span))?;
            }
            Ok(())
        })?;
        Ok(Value::dict(out))
    }

    fn clauses(&mut self, clauses: &[hir::Clause], body: Body<'_, '_, 'p>) -> Eval<()> {
        let Some((clause, rest)) = clauses.split_first() else { return body(self) };
        let iter = self.expr(&clause.iter)?;
        self.each(&iter, &clause.slots, clause.iter.span, &mut |interp, _, _| {
            for condition in &clause.conditions {
                if !interp.expr(condition)?.is_truthy() {
                    return Ok(true);
                }
            }
            interp.clauses(rest, body)?;
            Ok(true)
        })
    }

    /// Puts each element into the loop's locals and runs `body` until it returns false.
    fn each(
        &mut self,
        iter: &Value,
        slots: &[hir::Slot],
        span: Span,
        body: &mut dyn FnMut(&mut Self, &Value, &Value) -> Eval<bool>,
    ) -> Eval<()> {
        let iter = self.force(iter.clone())?;
        match &iter {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    let at = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
                    self.bind(slots, &at, item, item);
                    if !body(self, &at, item)? {
                        break;
                    }
                }
            }
            Value::Str(text) => {
                for (at, letter) in text.chars().enumerate() {
                    let at = Value::Int(i64::try_from(at).unwrap_or(i64::MAX));
                    let letter = Value::str(letter.to_string());
                    self.bind(slots, &at, &letter, &letter);
                    if !body(self, &at, &letter)? {
                        break;
                    }
                }
            }
            Value::None | Value::Undefined => {}
            other => {
                let Some(dict) = other.as_dict() else {
                    let message = format!("'{}' object is not iterable", type_of(other));
                    return Err(place(error("TypeError", message), span));
                };
                for (key, value) in dict.iter() {
                    let key = Value::Str(Rc::clone(key));
                    self.bind(slots, &key, value, &key);
                    if !body(self, &key, value)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn bind(&mut self, slots: &[hir::Slot], first: &Value, second: &Value, single: &Value) {
        match slots {
            [one] => self.set_local(*one, single.clone()),
            [one, two, ..] => {
                self.set_local(*one, first.clone());
                self.set_local(*two, second.clone());
            }
            [] => {}
        }
    }

    /// Evaluates `all`, `any`, `map` and `filter`.
    pub(super) fn quantifier(&mut self, quantifier: &hir::Quantifier) -> Eval<Value> {
        let iter = self.expr(&quantifier.iter)?;
        let mut verdict = quantifier.kind == QuantifierKind::All;
        let mut list = Vec::new();
        let mut dict = Dict::default();
        let is_list = matches!(iter, Value::List(_) | Value::Str(_));
        self.each(&iter, &quantifier.slots, quantifier.iter.span, &mut |interp, key, value| {
            if let Some(condition) = &quantifier.condition
                && !interp.expr(condition)?.is_truthy()
            {
                return Ok(true);
            }
            let result = interp.expr(&quantifier.test)?;
            match quantifier.kind {
                QuantifierKind::All | QuantifierKind::Any => verdict = result.is_truthy(),
                QuantifierKind::Map => list.push(result),
                QuantifierKind::Filter if result.is_truthy() => match key {
                    Value::Str(key) if !is_list => {
                        dict.put(kept(&iter, key, value));
                    }
                    _ => list.push(value.clone()),
                },
                QuantifierKind::Filter => {}
            }
            Ok(match quantifier.kind {
                QuantifierKind::All => verdict,
                QuantifierKind::Any => !verdict,
                QuantifierKind::Map | QuantifierKind::Filter => true,
            })
        })?;
        Ok(match quantifier.kind {
            QuantifierKind::All | QuantifierKind::Any => Value::Bool(verdict),
            QuantifierKind::Filter if !is_list => Value::dict(dict),
            QuantifierKind::Map | QuantifierKind::Filter => Value::list(list),
        })
    }
}

/// Returns the position of an index, negative ones from the end, if it is inside.
pub(super) fn position(at: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if at < 0 { at.checked_add(length)? } else { at };
    if at < length { usize::try_from(at).ok() } else { None }
}

/// Returns the positions that a slice takes.
fn slice_positions(
    length: usize,
    lower: Option<i64>,
    upper: Option<i64>,
    step: i64,
) -> impl Iterator<Item = usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, length) } else { (-1, length.saturating_sub(1)) };
    let clamp = |bound: i64| {
        let bound = if bound < 0 { bound.saturating_add(length) } else { bound };
        bound.clamp(low, high)
    };
    let start = lower.map_or(if step > 0 { low } else { high }, clamp);
    let end = upper.map_or(if step > 0 { high } else { low }, clamp);
    let mut at = start;
    std::iter::from_fn(move || {
        let inside = if step > 0 { at < end } else { at > end };
        if !inside {
            return None;
        }
        let current = usize::try_from(at).ok();
        at = at.saturating_add(step);
        current
    })
}

/// Returns the entry of a dict that a filter keeps, with its operator.
fn kept(from: &Value, key: &Text, value: &Value) -> Entry {
    let op = from.as_dict().and_then(|dict| dict.entry(key)).map_or(EntryOp::Union, |it| it.op);
    Entry { key: Rc::clone(key), value: value.clone(), op, index: None }
}
