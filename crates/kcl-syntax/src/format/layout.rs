//! Which brackets stand on several lines, and which expressions therefore do.
//!
//! A list or config has a line an item where the source begins its last item on another line than
//! its bracket, or where printing would: then formatting the result again changes nothing.

use super::printer::Printer;
use crate::ast::{Args, Clause, Entry, Expr, ExprKind, Key, KeyKind, ListItem};
use akua_source::Span;

impl Printer<'_> {
    /// Returns whether a list has a line an item.
    pub(super) fn is_list_lined(&self, span: Span, items: &[ListItem]) -> bool {
        let places = items.iter().map(|item| (self.item_start(item), self.item_end(item)));
        self.is_spread_out(span, places)
            || items.iter().any(|item| matches!(item, ListItem::If { .. }))
            || but_last(items).iter().any(|item| self.is_item_lined(item))
    }

    /// Returns whether a config has a line an entry. One whose only entry is another config has.
    pub(super) fn is_dict_lined(&self, span: Span, entries: &[Entry]) -> bool {
        let places = entries.iter().map(|entry| (self.entry_start(entry), self.entry_end(entry)));
        self.is_spread_out(span, places)
            || matches!(entries, [entry] if is_nested(entry))
            || entries.iter().any(|entry| matches!(entry, Entry::If { .. }))
            || but_last(entries).iter().any(|entry| self.is_entry_lined(entry))
    }

    /// Returns whether the last item of a bracket begins on another line than the bracket, or
    /// comments stand between its items.
    fn is_spread_out(&self, span: Span, places: impl Iterator<Item = (u32, u32)>) -> bool {
        let mut last = None;
        let mut before = span.start;
        for (start, end) in places {
            if self.source.has_comment(before, start) {
                return true;
            }
            (last, before) = (Some(start), end);
        }
        last.is_some_and(|start| !self.source.same_line(span.start, start))
            || self.source.has_comment(before, span.end)
    }

    /// Returns whether an expression takes several lines when it is printed.
    pub(super) fn is_lined(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Lambda(_) => true,
            ExprKind::Str(_) | ExprKind::Interpolated(_) => {
                !self.source.same_line(expr.span.start, expr.span.end)
            }
            ExprKind::List(items) => {
                self.is_list_lined(expr.span, items)
                    || items.iter().any(|item| self.is_item_lined(item))
            }
            ExprKind::Dict(entries) => self.are_entries_lined(expr.span, entries),
            ExprKind::Config { head, args, entries, body_span } => {
                self.is_lined(head)
                    || args.as_deref().is_some_and(|args| self.are_args_lined(args))
                    || self.are_entries_lined(*body_span, entries)
            }
            ExprKind::ListComp(item, clauses) => {
                self.is_item_lined(item) || self.are_clauses_lined(clauses)
            }
            ExprKind::DictComp(entry, clauses) => {
                self.is_entry_lined(entry) || self.are_clauses_lined(clauses)
            }
            ExprKind::Quantifier(quantifier) => {
                !self.source.same_line(expr.span.start, expr.span.end)
                    || self.is_lined(&quantifier.iter)
                    || self.is_lined(&quantifier.test)
                    || self.is_opt_lined(quantifier.condition.as_ref())
            }
            _ => self.is_operation_lined(expr),
        }
    }

    /// The same for expressions that are made of others.
    fn is_operation_lined(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Paren(value)
            | ExprKind::Unary(_, value)
            | ExprKind::As(value, _)
            | ExprKind::Member { value, .. } => self.is_lined(value),
            ExprKind::Binary(left, _, right)
            | ExprKind::And(left, right)
            | ExprKind::Or(left, right) => self.is_lined(left) || self.is_lined(right),
            ExprKind::Compare(first, rest) => {
                self.is_lined(first) || rest.iter().any(|(_, operand)| self.is_lined(operand))
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                self.is_lined(condition) || self.is_lined(then) || self.is_lined(otherwise)
            }
            ExprKind::Index { value, index, .. } => self.is_lined(value) || self.is_lined(index),
            ExprKind::Slice { value, lower, upper, step, .. } => {
                self.is_lined(value)
                    || [lower, upper, step].iter().any(|part| self.is_opt_lined(part.as_deref()))
            }
            ExprKind::Call(callee, args) => self.is_lined(callee) || self.are_args_lined(args),
            _ => false,
        }
    }

    fn is_opt_lined(&self, expr: Option<&Expr>) -> bool {
        expr.is_some_and(|expr| self.is_lined(expr))
    }

    fn are_args_lined(&self, args: &Args) -> bool {
        args.positional.iter().any(|value| self.is_lined(value))
            || args.keyword.iter().any(|(_, value)| self.is_lined(value))
    }

    fn are_clauses_lined(&self, clauses: &[Clause]) -> bool {
        clauses.iter().any(|clause| {
            self.is_lined(&clause.iter) || clause.conditions.iter().any(|test| self.is_lined(test))
        })
    }

    fn are_entries_lined(&self, span: Span, entries: &[Entry]) -> bool {
        self.is_dict_lined(span, entries) || entries.iter().any(|entry| self.is_entry_lined(entry))
    }

    fn is_item_lined(&self, item: &ListItem) -> bool {
        match item {
            ListItem::Value(value) | ListItem::Star(value) => self.is_lined(value),
            ListItem::If { .. } => true,
        }
    }

    fn is_entry_lined(&self, entry: &Entry) -> bool {
        match entry {
            Entry::KeyValue { key, value, .. } => self.is_key_lined(key) || self.is_lined(value),
            Entry::Spread(value) => self.is_lined(value),
            Entry::If { .. } => true,
        }
    }

    fn is_key_lined(&self, key: &Key) -> bool {
        match &key.kind {
            KeyKind::Path(_) => false,
            KeyKind::Indexed(_, expr) | KeyKind::Expr(expr) => self.is_lined(expr),
        }
    }
}

/// Returns all items but the last one.
fn but_last<T>(items: &[T]) -> &[T] {
    items.split_last().map_or(&[], |(_, rest)| rest)
}

/// Returns whether the value of an entry is a config.
fn is_nested(entry: &Entry) -> bool {
    let (Entry::KeyValue { value, .. } | Entry::Spread(value)) = entry else { return false };
    matches!(value.kind, ExprKind::Dict(_) | ExprKind::Config { .. })
}
