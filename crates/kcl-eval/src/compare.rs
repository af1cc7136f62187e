//! Comparisons. **Invariant:** what compares values charges steps for it, and nothing else compares
//! them: a value may hold the same list at endless many places, each of which is compared.

use crate::budget::Budget;
use crate::dict::Dict;
use crate::library::Eval;
use crate::ops::unsupported;
use crate::value::{Value, as_f64};
use kcl_sema::hir::CmpOp;
use std::cmp::Ordering;
use std::rc::Rc;

/// Items of a list for a step: a pair of numbers takes a tenth of the time of an expression.
const ITEMS_A_STEP: usize = 8;

/// Bytes of text for a step.
const BYTES_A_STEP: usize = 64;

/// Applies a comparison.
///
/// # Errors
/// `TypeError` for values that have no order, `E_KCL_STEPS`.
pub(crate) fn compare(op: CmpOp, a: &Value, b: &Value, budget: &mut Budget) -> Eval<bool> {
    Ok(match op {
        CmpOp::Eq => equal(a, b, budget)?,
        CmpOp::NotEq => !equal(a, b, budget)?,
        CmpOp::Lt => order(op, a, b, budget)? == Ordering::Less,
        CmpOp::LtE => order(op, a, b, budget)? != Ordering::Greater,
        CmpOp::Gt => order(op, a, b, budget)? == Ordering::Greater,
        CmpOp::GtE => order(op, a, b, budget)? != Ordering::Less,
        CmpOp::In => contains(a, b, budget)?,
        CmpOp::NotIn => !contains(a, b, budget)?,
        CmpOp::Is => same(a, b),
        CmpOp::IsNot => !same(a, b),
    })
}

/// Returns whether two values are equal. A list takes a step for each [`ITEMS_A_STEP`] items, a dict
/// for each entry, a text for each [`BYTES_A_STEP`].
///
/// # Errors
/// `E_KCL_STEPS`.
#[inline]
#[expect(clippy::float_cmp, reason = "KCL compares floats as they are")]
pub fn equal(a: &Value, b: &Value, budget: &mut Budget) -> Eval<bool> {
    // What is common and small stays in the loop that asks.
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Str(a), Value::Str(b)) if a.len() < BYTES_A_STEP => Ok(a == b),
        _ => equal_parts(a, b, budget),
    }
}

#[expect(clippy::float_cmp, reason = "KCL compares floats as they are")]
fn equal_parts(a: &Value, b: &Value, budget: &mut Budget) -> Eval<bool> {
    Ok(match (a, b) {
        (Value::Undefined, Value::Undefined) | (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => as_f64(*a) == *b,
        (Value::Multiplied(a, x), Value::Multiplied(b, y)) => a == b && x == y,
        (Value::Str(a), Value::Str(b)) if a.len() == b.len() => {
            charge_text(a, budget)?;
            a == b
        }
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b) || equal_lists(a, b, budget)?,
        (Value::Schema(a), Value::Schema(b)) => a == b,
        (Value::Native(a), Value::Native(b)) => a == b,
        (Value::Closure(a), Value::Closure(b)) => Rc::ptr_eq(a, b),
        // An instance is never a dict, whatever is in it.
        (Value::Instance(_), Value::Dict(_)) | (Value::Dict(_), Value::Instance(_)) => false,
        (a, b) => match (a.as_dict(), b.as_dict()) {
            (Some(a), Some(b)) => std::ptr::eq(a, b) || equal_dicts(a, b, budget)?,
            _ => false,
        },
    })
}

/// Returns whether a value is equal to one of others.
///
/// # Errors
/// As [`equal`].
pub fn is_among(value: &Value, others: &[Value], budget: &mut Budget) -> Eval<bool> {
    for others in others.chunks(ITEMS_A_STEP) {
        budget.charge(1)?;
        for other in others {
            if equal(other, value, budget)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn equal_lists(a: &[Value], b: &[Value], budget: &mut Budget) -> Eval<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.chunks(ITEMS_A_STEP).zip(b.chunks(ITEMS_A_STEP)) {
        budget.charge(1)?;
        for (a, b) in a.iter().zip(b) {
            if !equal(a, b, budget)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Compares keys and values; order and operators do not count.
fn equal_dicts(a: &Dict, b: &Dict, budget: &mut Budget) -> Eval<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    budget.charge(u64::try_from(a.len()).unwrap_or(u64::MAX))?;
    for (key, value) in a.iter() {
        let Some(found) = b.get(key) else {
            return Ok(false);
        };
        if !equal(value, found, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[expect(clippy::float_cmp, reason = "KCL compares floats as they are")]
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Undefined, Value::Undefined) | (Value::None, Value::None) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => Rc::ptr_eq(a, b),
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b),
        (Value::Dict(a), Value::Dict(b)) => Rc::ptr_eq(a, b),
        (Value::Instance(a), Value::Instance(b)) => Rc::ptr_eq(a, b),
        _ => false,
    }
}

fn order(op: CmpOp, a: &Value, b: &Value, budget: &mut Budget) -> Eval<Ordering> {
    let found = match (&*ordered(a), &*ordered(b)) {
        (Value::Int(x), Value::Int(y)) => Some(x.cmp(y)),
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y),
        (Value::Int(x), Value::Float(y)) => as_f64(*x).partial_cmp(y),
        (Value::Float(x), Value::Int(y)) => x.partial_cmp(&as_f64(*y)),
        (Value::List(x), Value::List(y)) => return list_order(op, x, y, budget),
        _ => return Err(unsupported(op.text(), a, b)),
    };
    Ok(found.unwrap_or(Ordering::Greater))
}

/// Returns a boolean as the number that it is ordered as, else the value.
fn ordered(value: &Value) -> std::borrow::Cow<'_, Value> {
    use std::borrow::Cow;
    match value {
        Value::Bool(value) => Cow::Owned(Value::Int(i64::from(*value))),
        other => Cow::Borrowed(other),
    }
}

fn list_order(op: CmpOp, x: &[Value], y: &[Value], budget: &mut Budget) -> Eval<Ordering> {
    for (x, y) in x.chunks(ITEMS_A_STEP).zip(y.chunks(ITEMS_A_STEP)) {
        budget.charge(1)?;
        for (a, b) in x.iter().zip(y) {
            if !equal(a, b, budget)? {
                let found = order(op, a, b, budget)?;
                if found != Ordering::Equal {
                    return Ok(found);
                }
            }
        }
    }
    Ok(x.len().cmp(&y.len()))
}

fn contains(item: &Value, container: &Value, budget: &mut Budget) -> Eval<bool> {
    match (item, container) {
        (_, Value::List(items)) => is_among(item, items, budget),
        (Value::Str(part), Value::Str(text)) => {
            charge_text(text, budget)?;
            Ok(text.contains(&**part))
        }
        (Value::Str(key), container) if container.as_dict().is_some() => {
            Ok(container.as_dict().is_some_and(|dict| dict.get(key).is_some()))
        }
        (_, container) if container.as_dict().is_some() => Ok(false),
        (_, Value::None | Value::Undefined) => Ok(false),
        _ => Err(unsupported("in", item, container)),
    }
}

/// Charges a text that is looked through.
#[inline]
fn charge_text(text: &str, budget: &mut Budget) -> Eval<()> {
    match text.len() / BYTES_A_STEP {
        0 => Ok(()),
        steps => budget.charge(u64::try_from(steps).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a value that holds the same list 2^`depth` times.
    fn doubled(depth: usize) -> Value {
        (0..depth).fold(Value::Int(1), |inner, _| Value::list(vec![inner.clone(), inner]))
    }

    /// Returns the same in dicts.
    fn doubled_dict(depth: usize) -> Value {
        (0..depth).fold(Value::Int(1), |inner, _| {
            let pairs = [("a".into(), inner.clone()), ("b".into(), inner)];
            Value::dict(pairs.into_iter().collect())
        })
    }

    /// Compares under a limit of steps; `None` where it is exceeded.
    fn check(op: CmpOp, a: &Value, b: &Value, steps: u64, expected: Option<bool>) {
        let mut budget = Budget::default();
        budget.limit_steps(steps);
        let found = match compare(op, a, b, &mut budget) {
            Ok(found) => Some(found),
            Err(error) => {
                assert_eq!(error.code, "E_KCL_STEPS");
                None
            }
        };
        assert_eq!(found, expected, "{op:?}");
    }

    #[test]
    fn what_is_held_many_times_is_charged_each_time() {
        for op in [CmpOp::Eq, CmpOp::NotEq, CmpOp::Lt, CmpOp::GtE] {
            check(op, &doubled(60), &doubled(60), 10_000, None);
            check(
                op,
                &doubled(10),
                &doubled(10),
                10_000,
                Some(op != CmpOp::NotEq && op != CmpOp::Lt),
            );
        }
        for op in [CmpOp::Eq, CmpOp::NotEq] {
            check(op, &doubled_dict(60), &doubled_dict(60), 10_000, None);
            check(op, &doubled_dict(10), &doubled_dict(10), 10_000, Some(op == CmpOp::Eq));
        }
        let within = Value::list(vec![doubled(60)]);
        check(CmpOp::In, &doubled(60), &within, 10_000, None);
        check(CmpOp::NotIn, &doubled(10), &Value::list(vec![doubled(10)]), 10_000, Some(false));
    }

    #[test]
    fn what_is_the_same_takes_no_steps() {
        let value = doubled(60);
        check(CmpOp::Eq, &value, &value, 0, Some(true));
        check(CmpOp::Is, &value, &doubled(60), 0, Some(false));
    }

    #[test]
    fn items_and_bytes_take_steps() {
        let many = Value::list(vec![Value::Int(0); 100_000]);
        check(CmpOp::In, &Value::Int(1), &many, 20_000, Some(false));
        check(CmpOp::In, &Value::Int(1), &many, 10_000, None);
        let text = |last: &str| Value::str("a".repeat(1_000_000) + last);
        check(CmpOp::Eq, &text("a"), &text("b"), 20_000, Some(false));
        check(CmpOp::Eq, &text("a"), &text("b"), 10_000, None);
        check(CmpOp::In, &Value::str("b"), &text("b"), 10_000, None);
    }
}
