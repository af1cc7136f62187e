//! What the names in a failed condition stood for.

use super::Interp;
use crate::schema::Slot;
use crate::text::display;
use crate::value::Value;
use kcl_sema::hir::{Expr, ExprKind};

/// Longest value that is shown, in characters.
const SHOWN_LIMIT: usize = 80;

impl Interp<'_> {
    /// Returns a line for each attribute that a condition reads, such as `port = 70000`.
    pub(super) fn values_of(&self, condition: &Expr) -> Vec<String> {
        let mut slots = Vec::new();
        attributes(condition, &mut slots);
        let Some(scope) = &self.scope else { return Vec::new() };
        let known = scope.slots.borrow();
        let shown = slots.into_iter().filter_map(|slot| {
            let name = &scope.schema.attrs.get(slot as usize)?.name;
            match known.get(slot as usize)? {
                Slot::Done(value) | Slot::InProgress(value) => {
                    Some(format!("{name} = {}", shown(value)))
                }
                Slot::Waiting => None,
            }
        });
        shown.collect()
    }
}

/// Collects the attributes that an expression reads, each once.
fn attributes(expr: &Expr, slots: &mut Vec<u32>) {
    match &expr.kind {
        ExprKind::Attr(slot) if !slots.contains(slot) => slots.push(*slot),
        ExprKind::Binary(left, _, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Index { value: left, index: right, .. } => {
            attributes(left, slots);
            attributes(right, slots);
        }
        ExprKind::Compare(first, rest) => {
            attributes(first, slots);
            for (_, expr) in rest {
                attributes(expr, slots);
            }
        }
        ExprKind::Unary(_, value) | ExprKind::Member { value, .. } => attributes(value, slots),
        ExprKind::Ternary(parts) => all(parts.as_slice(), slots),
        ExprKind::Call(_, args) => {
            all(&args.positional, slots);
        }
        ExprKind::CallMember { value, args, .. } => {
            attributes(value, slots);
            all(&args.positional, slots);
        }
        _ => {}
    }
}

fn all(exprs: &[Expr], slots: &mut Vec<u32>) {
    for expr in exprs {
        attributes(expr, slots);
    }
}

/// Returns a value as a program would write it, cut where it is long.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Str(text) => format!("\"{text}\""),
        other => display(other),
    };
    match text.char_indices().nth(SHOWN_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
