//! Lists, configs and comprehensions.

use super::printer::{Gaps, Printer};
use crate::ast::{Clause, Entry, EntryOp, Expr, Key, KeyKind, ListItem};
use akua_source::Span;

/// Branches of an `if` among items, and the items of its `else`.
struct Branches<'a, T> {
    span: Span,
    tested: &'a [(Expr, Vec<T>)],
    otherwise: &'a [T],
}

impl Printer<'_> {
    /// `[…]`, on one line or with a line an item.
    #[inline(never)]
    pub(super) fn list(&mut self, span: Span, items: &[ListItem]) {
        if self.is_list_lined(span, items) {
            self.open_bracket("[", span.start);
            self.list_items(items);
            return self.close_bracket("]", span.end);
        }
        self.write("[");
        self.separated(items, ", ", Self::list_item);
        self.write("]");
    }

    /// Items, a line each.
    fn list_items(&mut self, items: &[ListItem]) {
        for item in items {
            if let ListItem::If { branches, otherwise, span } = item {
                let branches = Branches { span: *span, tested: branches, otherwise };
                self.branches(&branches, Self::item_start, Self::item_end, Self::list_items);
                continue;
            }
            self.open_line(self.item_start(item), Gaps::Drop);
            self.list_item(item);
            self.close_line(self.item_end(item));
        }
    }

    /// An item that is no block.
    fn list_item(&mut self, item: &ListItem) {
        match item {
            ListItem::Value(value) => self.expr(value),
            ListItem::Star(value) => {
                self.write("*");
                self.expr(value);
            }
            ListItem::If { span, .. } => self.verbatim(*span),
        }
    }

    /// `{…}`, on one line or with a line an entry.
    #[inline(never)]
    pub(super) fn dict(&mut self, span: Span, entries: &[Entry]) {
        if self.is_dict_lined(span, entries) {
            self.open_bracket("{", span.start);
            self.entries(entries);
            return self.close_bracket("}", span.end);
        }
        self.write("{");
        self.separated(entries, ", ", Self::entry);
        self.write("}");
    }

    /// Entries, a line each.
    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Entry::If { branches, otherwise, span } = entry {
                let branches = Branches { span: *span, tested: branches, otherwise };
                self.branches(&branches, Self::entry_start, Self::entry_end, Self::entries);
                continue;
            }
            self.open_line(self.entry_start(entry), Gaps::Drop);
            self.entry(entry);
            self.close_line(self.entry_end(entry));
        }
    }

    /// An entry that is no block.
    #[inline(never)]
    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::KeyValue { key, op, value, .. } => {
                self.key(key);
                // `{name}` stands for `{name = name}`; its value has the key's place.
                if value.span == key.span {
                    return;
                }
                self.write(match op {
                    EntryOp::Union => ": ",
                    EntryOp::Override => " = ",
                    EntryOp::Insert => " += ",
                });
                self.expr(value);
            }
            Entry::Spread(value) => {
                self.write("**");
                self.expr(value);
            }
            Entry::If { span, .. } => self.verbatim(*span),
        }
    }

    /// The key of an entry.
    fn key(&mut self, key: &Key) {
        match &key.kind {
            KeyKind::Path(names) => self.separated(names, ".", |p, name| p.verbatim(name.span)),
            KeyKind::Indexed(names, index) => {
                self.separated(names, ".", |p, name| p.verbatim(name.span));
                self.write("[");
                self.expr(index);
                self.write("]");
            }
            KeyKind::Expr(expr) => self.expr(expr),
        }
    }

    /// `if … elif … else …` among items, a line an item. An `else` that holds nothing but another
    /// `if` keeps it.
    #[inline(never)]
    fn branches<T>(
        &mut self,
        found: &Branches<'_, T>,
        start: fn(&Self, &T) -> u32,
        end: fn(&Self, &T) -> u32,
        items: fn(&mut Self, &[T]),
    ) {
        let header = found.span.start;
        let body = |p: &mut Self, found: &[T], fallback: u32| {
            p.deeper();
            items(p, found);
            let last = found.last().map_or(fallback, |item| end(p, item));
            p.comments_of_block(header, last);
            p.shallower();
        };
        for (at, (condition, found)) in found.tested.iter().enumerate() {
            let (keyword, from) =
                if at == 0 { ("if ", header) } else { ("elif ", condition.span.start) };
            self.branch_header(keyword, from, condition, Gaps::Drop);
            body(self, found, condition.span.end);
        }
        if let Some(first) = found.otherwise.first() {
            self.else_header(start(self, first), Gaps::Drop);
            body(self, found.otherwise, header);
        }
    }

    /// `[item for … in … if …]`, always one line.
    #[inline(never)]
    pub(super) fn list_comprehension(&mut self, item: &ListItem, clauses: &[Clause]) {
        self.write("[");
        self.list_item(item);
        self.clauses(clauses);
        self.write("]");
    }

    /// `{entry for … in … if …}`, always one line.
    #[inline(never)]
    pub(super) fn dict_comprehension(&mut self, entry: &Entry, clauses: &[Clause]) {
        self.write("{");
        self.entry(entry);
        self.clauses(clauses);
        self.write("}");
    }

    fn clauses(&mut self, clauses: &[Clause]) {
        for clause in clauses {
            self.write(" for ");
            self.separated(&clause.vars, ", ", |p, name| p.verbatim(name.span));
            self.write(" in ");
            self.expr(&clause.iter);
            for condition in &clause.conditions {
                self.write(" if ");
                self.expr(condition);
            }
        }
    }

    /// Returns where an item begins, its `*` included.
    pub(super) fn item_start(&self, item: &ListItem) -> u32 {
        match item {
            ListItem::Value(value) => value.span.start,
            ListItem::Star(value) => self.source.token_before(value.span.start, 1),
            ListItem::If { span, .. } => span.start,
        }
    }

    /// Returns where an item ends.
    #[expect(clippy::unused_self, reason = "it is passed beside `entry_end` and `item_start`")]
    pub(super) fn item_end(&self, item: &ListItem) -> u32 {
        match item {
            ListItem::Value(value) | ListItem::Star(value) => value.span.end,
            ListItem::If { span, .. } => span.end,
        }
    }

    /// Returns where an entry begins, its `**` included.
    pub(super) fn entry_start(&self, entry: &Entry) -> u32 {
        match entry {
            Entry::KeyValue { span, .. } | Entry::If { span, .. } => span.start,
            Entry::Spread(value) => self.source.token_before(value.span.start, 1),
        }
    }

    /// Returns where an entry ends. The span of `{name}` is that of its key.
    #[expect(clippy::unused_self, reason = "it is passed beside `item_end` and `entry_start`")]
    pub(super) fn entry_end(&self, entry: &Entry) -> u32 {
        match entry {
            Entry::KeyValue { span, .. } | Entry::If { span, .. } => span.end,
            Entry::Spread(value) => value.span.end,
        }
    }
}
