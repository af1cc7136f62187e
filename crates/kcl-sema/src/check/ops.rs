//! Operators: which types they take, and what comes out.

use super::types::Ty;
use crate::hir::{BinOp, CmpOp, UnaryOp};

/// Returns the type of `a op b`, or `None` where the operator does not take them.
pub(super) fn binary(op: BinOp, a: &Ty, b: &Ty) -> Option<Ty> {
    if matches!(a, Ty::Any) || matches!(b, Ty::Any) {
        return Some(Ty::Any);
    }
    match op {
        BinOp::Add => add(a, b),
        BinOp::Sub | BinOp::FloorDiv | BinOp::Pow => numeric(a, b),
        // The reference takes `5 / 2` for an integer and `5 % 2.0` too; it is not refused there.
        BinOp::Div => numeric(a, b).map(|ty| if ty == Ty::Int { Ty::Int } else { Ty::Float }),
        BinOp::Mod => numeric(a, b).map(|_| Ty::Int),
        BinOp::Mul => numeric(a, b).or_else(|| repeated(a, b)).or_else(|| repeated(b, a)),
        BinOp::Shl | BinOp::Shr | BinOp::BitAnd | BinOp::BitXor => integers(a, b),
        BinOp::BitOr => union(a, b),
    }
}

fn numeric(a: &Ty, b: &Ty) -> Option<Ty> {
    if !a.is_number() || !b.is_number() {
        return None;
    }
    Some(if a.is_int() && b.is_int() { Ty::Int } else { Ty::Float })
}

fn integers(a: &Ty, b: &Ty) -> Option<Ty> {
    (a.is_int() && b.is_int()).then_some(Ty::Int)
}

fn add(a: &Ty, b: &Ty) -> Option<Ty> {
    if a.is_str() && b.is_str() {
        return Some(Ty::Str);
    }
    numeric(a, b).or_else(|| joined_lists(a, b))
}

fn joined_lists(a: &Ty, b: &Ty) -> Option<Ty> {
    Some(Ty::list(Ty::join([a.items()?, b.items()?])))
}

/// Returns the type of a string or list times an integer.
fn repeated(a: &Ty, b: &Ty) -> Option<Ty> {
    if !b.is_int() {
        return None;
    }
    let repeats =
        |ty: &Ty| matches!(ty, Ty::Str | Ty::StrLit(_) | Ty::List(_) | Ty::Int | Ty::IntLit(_));
    a.members().iter().all(repeats).then(|| a.widened())
}

fn union(a: &Ty, b: &Ty) -> Option<Ty> {
    match (a, b) {
        (Ty::Void, other) | (other, Ty::Void) => Some(other.widened()),
        (Ty::Dict(a), Ty::Dict(b)) => Some(Ty::merged(a, b)),
        (a, b) if a.is_config() && b.is_config() && !a.is_instance() => Some(Ty::Any),
        (a, b) if a.is_instance() && b.is_config() => Some(instance(a)),
        (a, b) => integers(a, b).or_else(|| joined_lists(a, b)),
    }
}

/// Returns the type of an instance that something was merged into.
fn instance(ty: &Ty) -> Ty {
    match ty {
        Ty::Class(id) | Ty::Schema(id) => Ty::Schema(*id),
        _ => Ty::Any,
    }
}

/// Returns whether a comparison takes the types; its result is always a boolean.
pub(super) fn compares(op: CmpOp, a: &Ty, b: &Ty) -> bool {
    if matches!(a, Ty::Any) || matches!(b, Ty::Any) {
        return true;
    }
    match op {
        CmpOp::Eq | CmpOp::NotEq => equals(a, b),
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => ordered(a) && ordered(b),
        CmpOp::In | CmpOp::NotIn => contains(b),
        CmpOp::Is | CmpOp::IsNot => {
            matches!(a, Ty::Void) || matches!(b, Ty::Void) || (ordered(a) && ordered(b))
        }
    }
}

fn equals(a: &Ty, b: &Ty) -> bool {
    let scalar =
        |ty: &Ty| ty.members().iter().all(|ty| ty.is_number() || ty.is_bool() || ty.is_str());
    match (a, b) {
        (Ty::Void, _) | (_, Ty::Void) => true,
        (a, b) if a.items().is_some() && b.items().is_some() => true,
        (a, b) => (scalar(a) && scalar(b)) || (a.is_config() && b.is_config()),
    }
}

/// Booleans are ordered like 0 and 1; strings and lists are not ordered.
fn ordered(ty: &Ty) -> bool {
    ty.members().iter().all(|ty| ty.is_number() || ty.is_bool())
}

fn contains(ty: &Ty) -> bool {
    ty.members().iter().all(|ty| matches!(ty, Ty::List(_)) || ty.is_str() || ty.is_config())
}

/// Returns the type of `op value`, or `None` where the operator does not take it.
pub(super) fn unary(op: UnaryOp, value: &Ty) -> Option<Ty> {
    match (op, value) {
        // The reference gives `not x` the type of `x`; here it is not known to be anything.
        (_, Ty::Any) | (UnaryOp::Not, _) => Some(Ty::Any),
        (UnaryOp::Plus | UnaryOp::Minus, ty) if ty.is_number() => {
            Some(if ty.is_int() { Ty::Int } else { Ty::Float })
        }
        (UnaryOp::Invert, ty) if ty.is_int() => Some(Ty::Int),
        (UnaryOp::Invert, ty) if ty.is_bool() => Some(Ty::Bool),
        _ => None,
    }
}

/// Returns the sign of a prefix operator in the source.
pub(super) fn unary_sign(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Plus => "+",
        UnaryOp::Minus => "-",
        UnaryOp::Invert => "~",
        UnaryOp::Not => "not",
    }
}
