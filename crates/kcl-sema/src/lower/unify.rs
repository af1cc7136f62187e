//! Declarations `name: Schema {…}` of one variable: their literals are one literal.
//!
//! Entries with one name stand where the first of them stands, and so do all that have none
//! (`**value` and `if`); `=` takes out what has its name before it. The last declaration says
//! which schema it is, and with which arguments.

use super::{GlobalSetter, Lower, Place, scope::Frame};
use crate::hir::{self, EntryOp, ExprKind, SetOp, Text};
use akua_source::Span;
use indexmap::IndexMap;
use kcl_syntax::ast::{self, KeyKind, StmtKind};
use std::rc::Rc;

/// The literal of one declaration.
#[derive(Clone, Copy)]
struct Literal<'a> {
    place: Place,
    stmt: &'a ast::Stmt,
    target: &'a ast::Target,
    head: (&'a ast::Expr, Option<&'a ast::Args>),
    entries: &'a [ast::Entry],
    span: Span,
    body_span: Span,
}

/// What entries are joined by.
#[derive(PartialEq, Eq, Hash)]
enum Group {
    /// A name.
    Name(Text),
    /// `**value` and `if`.
    Spread,
    /// An entry that stays alone: its number.
    Alone(usize),
}

/// An entry where it stands.
type Placed<'a> = (Place, &'a ast::Entry);

/// Returns how many of the first statements are declarations with literals that are joined.
pub(super) fn run_length(setters: &[GlobalSetter<'_>]) -> usize {
    let follow = |setter: &&GlobalSetter<'_>| {
        matches!(setter.stmt.kind, StmtKind::Unification { .. }) && literal(setter).is_some()
    };
    match setters.split_first() {
        Some((first, rest)) if literal(first).is_some() => {
            rest.iter().take_while(follow).count().saturating_add(1)
        }
        _ => 1,
    }
}

/// Returns the literal that an unconditional statement sets its whole variable to.
fn literal<'a>(setter: &GlobalSetter<'a>) -> Option<Literal<'a>> {
    let (target, value) = match &setter.stmt.kind {
        StmtKind::Assign { targets, value, .. } => match targets.as_slice() {
            [target] => (target, value),
            _ => return None,
        },
        StmtKind::Unification { target, value } => (target, value),
        _ => return None,
    };
    let ast::ExprKind::Config { head, args, entries, body_span } = &value.kind else {
        return None;
    };
    let head = (&**head, args.as_deref());
    let (place, stmt, span) = (setter.place, setter.stmt, value.span);
    let whole = setter.guards.is_empty() && target.path.is_empty();
    whole.then_some(Literal { place, stmt, target, head, entries, span, body_span: *body_span })
}

impl<'a> Lower<'a> {
    /// Lowers declarations of one variable as one; none if they are not all of schemas.
    pub(super) fn joined(
        &mut self,
        name: &Text,
        setters: &[GlobalSetter<'a>],
    ) -> Option<hir::Setter> {
        let literals: Vec<Literal<'a>> = setters.iter().filter_map(literal).collect();
        let last = *literals.last()?;
        if !literals.iter().all(|it| self.is_schema(it.place, it.head.0)) {
            return None;
        }
        let value = self.joined_code(&literals, last);
        let reads_self = self.resolved.contains(name);
        Some(hir::Setter {
            guards: Rc::new([]),
            op: SetOp::Unify,
            path: Vec::new(),
            value,
            reads_self,
            span: last.stmt.span,
            target: last.target.span,
        })
    }

    /// Returns whether an expression names a schema; reports nothing.
    fn is_schema(&mut self, place: Place, head: &'a ast::Expr) -> bool {
        self.unreported(|lower| {
            let head = lower.at(place, |lower| lower.code(head));
            matches!(head.expr.kind, ExprKind::Schema(_))
        })
    }

    /// Runs work whose diagnostics are not kept.
    fn unreported<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let kept = self.diagnostics.len();
        let result = work(self);
        self.diagnostics.truncate(kept);
        result
    }

    /// Lowers literals as one, in a frame of its own.
    fn joined_code(&mut self, literals: &[Literal<'a>], last: Literal<'a>) -> hir::Code {
        let outer = std::mem::replace(&mut self.frames, vec![Frame::default()]);
        let (head, args) = self.at(last.place, |lower| {
            (lower.boxed(last.head.0), last.head.1.map(|args| Box::new(lower.args(args))))
        });
        let (entries, replaced) = grouped(literals);
        // Names in what is replaced are used all the same.
        for placed in replaced {
            let _entry = self.unreported(|lower| lower.placed_dict(&[placed], last.span, true));
        }
        let dict = Box::new(self.placed_dict(&entries, last.body_span, true));
        let expr = hir::Expr { kind: ExprKind::Config { head, args, dict }, span: last.span };
        let slots = self.frames.pop().map_or(0, |frame| frame.slots);
        self.frames = outer;
        hir::Code { expr, slots }
    }
}

/// Returns the entries of literals in the order in which they are joined, and those that a later
/// one replaces.
fn grouped<'a>(literals: &[Literal<'a>]) -> (Vec<Placed<'a>>, Vec<Placed<'a>>) {
    let mut groups: IndexMap<Group, Vec<Placed<'a>>> = IndexMap::new();
    let mut replaced = Vec::new();
    let all = literals.iter().flat_map(|it| it.entries.iter().map(|entry| (it.place, entry)));
    for (at, (place, entry)) in all.enumerate() {
        let (group, replaces) = group(entry, at);
        let members = groups.entry(group).or_default();
        if replaces {
            replaced.append(members);
        }
        members.push((place, entry));
    }
    (groups.into_values().flatten().collect(), replaced)
}

/// Returns what an entry is joined by, and whether it replaces those before it.
fn group(entry: &ast::Entry, at: usize) -> (Group, bool) {
    match entry {
        ast::Entry::Spread(_) | ast::Entry::If { .. } => (Group::Spread, false),
        ast::Entry::KeyValue { key, op, .. } => {
            let replaces = *op == EntryOp::Override;
            match &key.kind {
                KeyKind::Path(names) => match names.as_slice() {
                    [name] => (Group::Name(Rc::clone(&name.text)), replaces),
                    [name, ..] => (Group::Name(Rc::clone(&name.text)), false),
                    [] => (Group::Alone(at), false),
                },
                KeyKind::Expr(expr) => match &expr.kind {
                    ast::ExprKind::Str(text) => (Group::Name(Rc::clone(text)), replaces),
                    _ => (Group::Alone(at), false),
                },
                KeyKind::Indexed(..) => (Group::Alone(at), false),
            }
        }
    }
}
