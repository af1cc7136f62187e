//! Config literals: keys, operators, and the names that their entries may use.

use super::{Lower, Place, scope::Scope};
use crate::hir::{DictExpr, Entry, EntryOp, Expr, ExprKind, Key, Text};
use akua_source::Span;
use indexmap::IndexSet;
use kcl_syntax::ast::{self, KeyKind};
use std::rc::Rc;

impl<'a> Lower<'a> {
    /// Lowers the entries of a literal; each sees the keys before it.
    pub(super) fn dict(&mut self, entries: &'a [ast::Entry], span: Span, headed: bool) -> DictExpr {
        let place = self.place;
        let entries: Vec<_> = entries.iter().map(|entry| (place, entry)).collect();
        self.placed_dict(&entries, span, headed)
    }

    /// Lowers entries, each in its place, as those of one literal.
    pub(super) fn placed_dict(
        &mut self,
        entries: &[(Place, &'a ast::Entry)],
        span: Span,
        headed: bool,
    ) -> DictExpr {
        let Some(frame) = self.frames.last_mut() else {
            return DictExpr { entries: Vec::new(), slot: None, span };
        };
        let slot = frame.slot();
        frame.scopes.push(Scope::Config { keys: IndexSet::new(), slot, used: false, headed });
        let entries = entries
            .iter()
            .map(|(place, entry)| self.at(*place, |lower| lower.entry(entry)))
            .collect();
        let used = matches!(self.close_scope(), Some(Scope::Config { used: true, .. }));
        DictExpr { entries, slot: used.then_some(slot), span }
    }

    /// Lowers the entry of a dict comprehension, where an identifier key is a variable.
    pub(super) fn computed_entry(&mut self, entry: &'a ast::Entry, span: Span) -> DictExpr {
        let entry = match entry {
            ast::Entry::KeyValue { key, op, value, .. } => {
                let computed = match &key.kind {
                    KeyKind::Path(names) => match names.as_slice() {
                        [name] => Some(self.resolve(&name.text, name.span)),
                        _ => None,
                    },
                    KeyKind::Indexed(names, index) => self.element(names, index),
                    KeyKind::Expr(_) => None,
                };
                match computed {
                    Some(expr) => {
                        let value = self.expr(value);
                        let key_span = key.span;
                        Entry::KeyValue {
                            key: Key::Dynamic(expr),
                            key_span,
                            op: *op,
                            index: None,
                            value,
                        }
                    }
                    None => self.key_value(key, *op, value),
                }
            }
            other => self.entry(other),
        };
        DictExpr { entries: vec![entry], slot: None, span }
    }

    /// Returns the expression `name[index]`.
    fn element(&mut self, names: &'a [ast::Name], index: &'a ast::Expr) -> Option<Expr> {
        let [name] = names else { return None };
        let value = Box::new(self.resolve(&name.text, name.span));
        let index = self.boxed(index);
        Some(Expr { kind: ExprKind::Index { value, index, optional: false }, span: name.span })
    }

    fn entries(&mut self, entries: &'a [ast::Entry]) -> Vec<Entry> {
        entries.iter().map(|entry| self.entry(entry)).collect()
    }

    fn entry(&mut self, entry: &'a ast::Entry) -> Entry {
        match entry {
            ast::Entry::Spread(value) => Entry::Spread(self.expr(value)),
            ast::Entry::If { branches, otherwise, .. } => {
                let branches = branches
                    .iter()
                    .map(|(condition, entries)| (self.expr(condition), self.entries(entries)))
                    .collect();
                Entry::If(branches, self.entries(otherwise))
            }
            ast::Entry::KeyValue { key, op, value, .. } => self.key_value(key, *op, value),
        }
    }

    fn key_value(&mut self, key: &'a ast::Key, op: EntryOp, value: &'a ast::Expr) -> Entry {
        let key_span = key.span;
        if let KeyKind::Path(names) = &key.kind
            && let [name] = names.as_slice()
            && matches!(&*name.text, "None" | "True" | "False" | "Undefined")
        {
            let message = format!("a key must be a string, found {}", name.text);
            self.error("IllegalAttributeError", key_span, message);
        }
        match &key.kind {
            KeyKind::Path(names) => {
                let variable = names.first().and_then(|name| self.loop_variable(&name.text));
                let value = self.expr(value);
                let mut entry = nest(names, key_span, op, None, value);
                match (variable, &mut entry) {
                    (Some(slot), Entry::KeyValue { key, .. }) => {
                        *key = Key::Dynamic(Expr { kind: ExprKind::Local(slot), span: key_span });
                    }
                    _ => self.see_key(names),
                }
                entry
            }
            KeyKind::Indexed(names, index)
                if names.first().is_some_and(|name| self.loop_variable(&name.text).is_some()) =>
            {
                let key = self.element(names, index).map_or(Key::Static("".into()), Key::Dynamic);
                let value = self.expr(value);
                Entry::KeyValue { key, key_span, op, index: None, value }
            }
            KeyKind::Indexed(names, index) => {
                let index = self.expr(index);
                let value = self.expr(value);
                self.see_key(names);
                nest(names, key_span, op, Some(index), value)
            }
            KeyKind::Expr(expr) => {
                let value = self.expr(value);
                let key = match &expr.kind {
                    ast::ExprKind::Str(text) => {
                        self.see_key_text(text);
                        Key::Static(Rc::clone(text))
                    }
                    _ => Key::Dynamic(self.expr(expr)),
                };
                Entry::KeyValue { key, key_span, op, index: None, value }
            }
        }
    }

    fn see_key(&mut self, names: &[ast::Name]) {
        if let Some(first) = names.first() {
            self.see_key_text(&first.text);
        }
    }

    fn see_key_text(&mut self, text: &Text) {
        let Some(frame) = self.frames.last_mut() else { return };
        if let Some(Scope::Config { keys, .. }) = frame.scopes.last_mut() {
            keys.insert(Rc::clone(text));
        }
    }
}

/// Returns the entry for `a.b.c op value`: nested literals that unify down to the last key.
fn nest(names: &[ast::Name], span: Span, op: EntryOp, index: Option<Expr>, value: Expr) -> Entry {
    let mut names = names.iter().rev();
    let last = names.next().map_or_else(|| "".into(), |name| Rc::clone(&name.text));
    let mut entry = Entry::KeyValue { key: Key::Static(last), key_span: span, op, index, value };
    for name in names {
        let dict = DictExpr { entries: vec![entry], slot: None, span };
        entry = Entry::KeyValue {
            key: Key::Static(Rc::clone(&name.text)),
            key_span: span,
            op: EntryOp::Union,
            index: None,
            value: Expr { kind: ExprKind::Dict(Box::new(dict)), span },
        };
    }
    entry
}
