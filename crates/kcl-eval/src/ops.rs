//! Operators: each matches on the pair of values; the last arm is the error that names both.

use crate::budget::{LIST_LIMIT, TEXT_LIMIT_BYTES, admit};
use crate::library::{Eval, error};
use crate::text::type_of;
use crate::value::{Value, as_f64};
use kcl_sema::hir::{BinOp, UnaryOp};
use std::rc::Rc;

/// Applies a binary operator (`|` on configs is the evaluator's).
///
/// # Errors
/// `TypeError` for values that it does not take, `EvaluationError` for an overflow.
pub(crate) fn binary(op: BinOp, a: &Value, b: &Value) -> Eval<Value> {
    match (op, a, b) {
        (_, Value::Int(x), Value::Int(y)) => int(op, *x, *y),
        (_, Value::Float(x), Value::Float(y)) => float(op, *x, *y, a, b),
        (_, Value::Int(x), Value::Float(y)) => float(op, as_f64(*x), *y, a, b),
        (_, Value::Float(x), Value::Int(y)) => float(op, *x, as_f64(*y), a, b),
        (BinOp::Add, Value::Str(x), Value::Str(y)) => {
            let length = x.len().saturating_add(y.len());
            admit("`+`", length, TEXT_LIMIT_BYTES)?;
            let mut text = String::with_capacity(length);
            text.push_str(x);
            text.push_str(y);
            Ok(Value::str(text))
        }
        (BinOp::Add, Value::List(x), Value::List(y)) => concat(x, y),
        (BinOp::Mul, Value::Str(text), Value::Int(n))
        | (BinOp::Mul, Value::Int(n), Value::Str(text)) => {
            let times = repeat(*n, text.len(), TEXT_LIMIT_BYTES)?;
            Ok(Value::str(text.repeat(times)))
        }
        (BinOp::Mul, Value::List(items), Value::Int(n))
        | (BinOp::Mul, Value::Int(n), Value::List(items)) => {
            let times = repeat(*n, items.len(), LIST_LIMIT)?;
            let length = items.len().saturating_mul(times);
            Ok(Value::list(items.iter().cycle().take(length).cloned().collect()))
        }
        _ => Err(unsupported(op.text(), a, b)),
    }
}

fn concat(x: &Rc<Vec<Value>>, y: &Rc<Vec<Value>>) -> Eval<Value> {
    let length = x.len().saturating_add(y.len());
    admit("`+`", length, LIST_LIMIT)?;
    let mut items = Vec::with_capacity(length);
    items.extend_from_slice(x);
    items.extend_from_slice(y);
    Ok(Value::list(items))
}

fn repeat(times: i64, length: usize, limit: usize) -> Eval<usize> {
    // What does not fit is too much, in a guest of 32 bits too: only what is below zero is nothing.
    let times = usize::try_from(times.max(0)).unwrap_or(usize::MAX);
    admit("`*`", length.saturating_mul(times), limit)?;
    Ok(times)
}

fn overflow(text: impl std::fmt::Display) -> Box<akua_source::Diagnostic> {
    error("EvaluationError", format!("{text}: A 64 bit integer overflow"))
}

fn int(op: BinOp, x: i64, y: i64) -> Eval<Value> {
    let wide = |value: Option<i64>, op: fn(i128, i128) -> Option<i128>| {
        if let Some(value) = value {
            Ok(Value::Int(value))
        } else {
            let exact = op(i128::from(x), i128::from(y));
            Err(overflow(exact.map_or_else(|| "result".to_owned(), |exact| exact.to_string())))
        }
    };
    match op {
        BinOp::Add => wide(x.checked_add(y), i128::checked_add),
        BinOp::Sub => wide(x.checked_sub(y), i128::checked_sub),
        BinOp::Mul => wide(x.checked_mul(y), i128::checked_mul),
        BinOp::Div if y == 0 => Err(zero()),
        BinOp::Div => Ok(Value::Float(as_f64(x) / as_f64(y))),
        BinOp::FloorDiv => {
            let quotient = x.checked_div(y).ok_or_else(zero)?;
            let exact = x.checked_rem(y) == Some(0) || (x < 0) == (y < 0);
            Ok(Value::Int(if exact { quotient } else { quotient.saturating_sub(1) }))
        }
        BinOp::Mod => {
            let rest = x.checked_rem(y).ok_or_else(zero)?;
            let same = rest == 0 || (rest < 0) == (y < 0);
            Ok(Value::Int(if same { rest } else { rest.saturating_add(y) }))
        }
        BinOp::Pow if y < 0 => Ok(Value::Float(as_f64(x).powf(as_f64(y)))),
        BinOp::Pow => {
            let power = u32::try_from(y).ok().and_then(|y| x.checked_pow(y));
            power.map(Value::Int).ok_or_else(|| overflow(format!("{x} ** {y}")))
        }
        BinOp::Shl => {
            let shifted = u32::try_from(y).ok().and_then(|by| x.checked_shl(by));
            let shifted = shifted.filter(|value| {
                y < 64 && value.checked_shr(u32::try_from(y).unwrap_or(0)) == Some(x)
            });
            shifted.map(Value::Int).ok_or_else(|| overflow(format!("{x} << {y}")))
        }
        BinOp::Shr if y < 0 => Err(error("EvaluationError", "negative shift count")),
        BinOp::Shr => Ok(Value::Int(x >> y.min(63))),
        BinOp::BitAnd => Ok(Value::Int(x & y)),
        BinOp::BitOr => Ok(Value::Int(x | y)),
        BinOp::BitXor => Ok(Value::Int(x ^ y)),
    }
}

fn zero() -> Box<akua_source::Diagnostic> {
    error("EvaluationError", "integer division or modulo by zero")
}

fn float(op: BinOp, x: f64, y: f64, a: &Value, b: &Value) -> Eval<Value> {
    let divisor = matches!(op, BinOp::Div | BinOp::FloorDiv | BinOp::Mod);
    if divisor && y == 0.0 {
        return Err(zero());
    }
    Ok(Value::Float(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x * y,
        BinOp::Div => x / y,
        BinOp::FloorDiv => (x / y).floor(),
        // Unlike that of integers, the remainder of floats has the sign of the dividend.
        BinOp::Mod => x % y,
        BinOp::Pow => x.powf(y),
        BinOp::Shl | BinOp::Shr | BinOp::BitAnd | BinOp::BitOr | BinOp::BitXor => {
            return Err(unsupported(op.text(), a, b));
        }
    }))
}

/// Applies a prefix operator.
///
/// # Errors
/// `TypeError` for values that it does not take, `EvaluationError` for an overflow.
pub(crate) fn unary(op: UnaryOp, value: &Value) -> Eval<Value> {
    match (op, value) {
        (UnaryOp::Not, value) => Ok(Value::Bool(!value.is_truthy())),
        (UnaryOp::Plus, Value::Int(_) | Value::Float(_)) => Ok(value.clone()),
        (UnaryOp::Minus, Value::Int(x)) => {
            x.checked_neg().map(Value::Int).ok_or_else(|| overflow(-i128::from(*x)))
        }
        (UnaryOp::Minus, Value::Float(x)) => Ok(Value::Float(-x)),
        (UnaryOp::Invert, Value::Int(x)) => Ok(Value::Int(!x)),
        (op, value) => {
            let text = match op {
                UnaryOp::Plus => "+",
                UnaryOp::Minus => "-",
                UnaryOp::Invert => "~",
                UnaryOp::Not => "not",
            };
            let message = format!("bad operand type for unary {text}: '{}'", type_of(value));
            Err(error("TypeError", message))
        }
    }
}

/// Returns the error for a pair of values that an operator does not take.
pub(crate) fn unsupported(op: &str, a: &Value, b: &Value) -> Box<akua_source::Diagnostic> {
    let message =
        format!("unsupported operand type(s) for {op}: '{}' and '{}'", type_of(a), type_of(b));
    error("TypeError", message)
}
