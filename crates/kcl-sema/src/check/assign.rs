//! Which value may stand where which type is expected.

use super::types::{FunctionTy, Ty};
use crate::hir::{Program, SchemaId};

/// Returns whether a value of type `from` may stand where `to` is expected.
///
/// As the reference has it: a dict may stand for any schema (it is converted and checked when the
/// program runs), a string for any union of literals, and None everywhere.
pub(super) fn assignable(program: &Program, from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Module(_), _) => false,
        (Ty::Any | Ty::Void, _)
        | (_, Ty::Any | Ty::Void)
        | (Ty::Dict(_), Ty::Schema(_))
        | (Ty::Class(_), Ty::Function(_)) => true,
        (Ty::Union(members), _) => members.iter().all(|from| assignable(program, from, to)),
        (_, Ty::Union(members)) => members.iter().any(|to| assignable(program, from, to)),
        (Ty::List(from), Ty::List(to)) => assignable(program, from, to),
        (Ty::Dict(from), Ty::Dict(to)) => {
            assignable(program, &from.key, &to.key) && assignable(program, &from.value, &to.value)
        }
        (Ty::Schema(from) | Ty::Class(from), Ty::Schema(to)) => derives(program, *from, *to),
        (Ty::Class(from), Ty::Class(to)) => from == to,
        (Ty::Function(from), Ty::Function(to)) => function_assignable(program, from, to),
        (from, to) => scalar_assignable(from, to),
    }
}

fn scalar_assignable(from: &Ty, to: &Ty) -> bool {
    match (from, to) {
        (Ty::Bool | Ty::BoolLit(_), Ty::Bool)
        | (Ty::Int | Ty::IntLit(_), Ty::Int | Ty::Float)
        | (Ty::IntLit(_), Ty::FloatLit(_))
        | (Ty::Float | Ty::FloatLit(_), Ty::Float)
        | (Ty::Str | Ty::StrLit(_), Ty::Str)
        | (Ty::Str, Ty::StrLit(_))
        | (Ty::Multiplier | Ty::MultiplierLit(..), Ty::Multiplier)
        | (Ty::Multiplier, Ty::MultiplierLit(..)) => true,
        (from, to) => from == to,
    }
}

fn function_assignable(program: &Program, from: &FunctionTy, to: &FunctionTy) -> bool {
    if from.variadic || to.variadic {
        return true;
    }
    from.params.len() == to.params.len()
        && from.params.iter().zip(&to.params).all(|(from, to)| {
            assignable(program, &to.ty, &from.ty) || assignable(program, &from.ty, &to.ty)
        })
        && assignable(program, &from.result, &to.result)
}

/// Returns whether a schema is another or inherits it.
pub(super) fn derives(program: &Program, from: SchemaId, to: SchemaId) -> bool {
    let mut at = Some(from);
    // A chain longer than the number of schemas would be a cycle, which lowering reports.
    for _ in 0..=program.schemas.len() {
        match at {
            Some(id) if id == to => return true,
            Some(id) => at = program.schemas.get(id.0 as usize).and_then(|schema| schema.base),
            None => return false,
        }
    }
    false
}

/// Returns whether the conversion `from as to` can ever succeed: it narrows a type, or names it.
pub(super) fn convertible(program: &Program, from: &Ty, to: &Ty) -> bool {
    if matches!(from, Ty::Any | Ty::Void) || matches!(to, Ty::Any | Ty::Void) {
        return true;
    }
    let from = from.widened();
    from.members().iter().any(|from| {
        to.members().iter().any(|to| match (from, to) {
            (Ty::Schema(from), Ty::Schema(to)) => {
                derives(program, *from, *to) || derives(program, *to, *from)
            }
            (from, to) => assignable(program, to, from),
        })
    })
}
