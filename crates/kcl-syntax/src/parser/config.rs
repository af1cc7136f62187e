//! Lists, configs and comprehensions, with the `if` blocks that may stand in them.

use super::{Heads, Parser, syntax_error};
use crate::ast::{Clause, Entry, EntryOp, Expr, ExprKind, Key, KeyKind, ListItem, Name};
use crate::token::{Kw, Op, Tok};

/// Branches of an `if` block, each with what its body holds; and the body of `else`.
pub(super) type Branches<T> = (Vec<(Expr, Vec<T>)>, Vec<T>);

impl Parser<'_> {
    /// `"[" item* "]"`, or a comprehension.
    pub(super) fn list(&mut self) -> ExprKind {
        let outside = self.open(false);
        let mut items = Vec::new();
        let mut clauses = Vec::new();
        while !matches!(self.kind(), Tok::Op(Op::RBracket) | Tok::Eof) {
            let before = self.at;
            items.push(self.list_item());
            if self.is_keyword(Kw::For) {
                clauses = self.clauses();
                break;
            }
            if !self.eat(Op::Comma) && self.at == before {
                break;
            }
        }
        self.close(Op::RBracket, &outside);
        if clauses.is_empty() {
            return ExprKind::List(items);
        }
        if items.len() > 1 {
            self.error_at(self.span_from(self.last_end), "expected one value before `for`");
        }
        if let Some(ListItem::Star(value)) = items.first() {
            let error = syntax_error(value.span, "a list comprehension cannot unpack a list");
            self.report(error.kind("CompileError"));
        }
        match items.pop() {
            Some(item) => ExprKind::ListComp(Box::new(item), clauses),
            None => ExprKind::Error,
        }
    }

    /// `item: expr | "*" expr | if-block`.
    fn list_item(&mut self) -> ListItem {
        self.set_fresh();
        match self.kind() {
            Tok::Op(Op::Star) => {
                self.bump();
                ListItem::Star(self.or_expr())
            }
            Tok::Keyword(Kw::If) => {
                let start = self.token().start;
                let (branches, otherwise) =
                    self.branches(|p, column| p.item_block(column, Self::list_item));
                ListItem::If { branches, otherwise, span: self.span_from(start) }
            }
            _ => ListItem::Value(self.expr()),
        }
    }

    /// `"{" entry* "}"`, or a comprehension.
    pub(super) fn dict(&mut self) -> ExprKind {
        let (mut entries, clauses) = self.entries();
        if clauses.is_empty() {
            return ExprKind::Dict(entries);
        }
        if let Some(Entry::Spread(value)) = entries.first() {
            let error = syntax_error(value.span, "a dict comprehension cannot unpack a dict");
            self.report(error.kind("CompileError"));
        }
        match entries.pop() {
            Some(entry) => ExprKind::DictComp(Box::new(entry), clauses),
            None => ExprKind::Error,
        }
    }

    /// `"{" entry* clauses "}"`.
    fn entries(&mut self) -> (Vec<Entry>, Vec<Clause>) {
        let outside = self.open(false);
        let mut entries = Vec::new();
        let mut clauses = Vec::new();
        while !matches!(self.kind(), Tok::Op(Op::RBrace) | Tok::Eof) {
            let before = self.at;
            entries.extend(self.entry());
            if self.is_keyword(Kw::For) && !self.is_key_ahead(1) {
                clauses = self.clauses();
                break;
            }
            let separated = self.eat(Op::Comma);
            if self.is(Op::Semicolon) {
                self.semicolon();
            } else if !separated && self.at == before {
                break;
            }
        }
        self.close(Op::RBrace, &outside);
        if entries.len() > 1 && !clauses.is_empty() {
            self.error_at(self.span_from(self.last_end), "expected one entry before `for`");
        }
        (entries, clauses)
    }

    /// `head "{" entry* "}"` after its head.
    pub(super) fn instance(&mut self, head: Expr) -> Expr {
        let start = head.span.start;
        let brace = self.token().start;
        let (entries, clauses) = self.entries();
        if let Some(clause) = clauses.first() {
            self.error_at(clause.span, "expected entries, found a comprehension");
        }
        let body_span = self.span_from(brace);
        let (head, args) = match head.kind {
            ExprKind::Call(callee, args) => (callee, Some(args)),
            kind => (Box::new(Expr { kind, span: head.span }), None),
        };
        let kind = ExprKind::Config { head, args, entries, body_span };
        Expr { kind, span: self.span_from(start) }
    }

    /// Returns whether the `{` that stands here opens the config of `head`.
    pub(super) fn opens_config(&self, head: &Expr) -> bool {
        let named = match &head.kind {
            ExprKind::Call(callee, _) => is_dotted_name(callee),
            _ => is_dotted_name(head),
        };
        named
            && match self.heads {
                Heads::Allowed => true,
                Heads::Forbidden => false,
                Heads::WhereBlockFollows => self.block_follows(),
            }
    }

    /// Returns whether a block, another parameter or `->` follows the braces that open here.
    fn block_follows(&self) -> bool {
        let mut depth = 0_u32;
        for (ahead, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                Tok::Op(Op::LBrace) => depth = depth.saturating_add(1),
                Tok::Op(Op::RBrace) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let next = self.tokens.get(ahead.saturating_add(1)).map(|token| token.kind);
                return matches!(next, Some(Tok::Op(Op::LBrace | Op::Comma | Op::Arrow)));
            }
        }
        false
    }

    /// `entry: key (":" | "=" | "+=") expr | NAME | "**" expr | if-block`.
    fn entry(&mut self) -> Option<Entry> {
        self.set_fresh();
        let start = self.token().start;
        match self.kind() {
            Tok::Op(Op::StarStar) => {
                self.bump();
                return Some(Entry::Spread(self.or_expr()));
            }
            Tok::Keyword(Kw::If) if !self.is_key_ahead(1) => {
                let (branches, otherwise) = self.branches(Self::item_block_of_entries);
                return Some(Entry::If { branches, otherwise, span: self.span_from(start) });
            }
            _ => {}
        }
        let key = self.key();
        let op = match self.kind() {
            Tok::Op(Op::Colon) => EntryOp::Union,
            Tok::Op(Op::Eq) => EntryOp::Override,
            Tok::Op(Op::PlusEq) => EntryOp::Insert,
            _ => return self.shorthand(key),
        };
        if !self.is_glued() {
            self.expected("`:`, `=` or `+=`");
            return None;
        }
        self.bump();
        let value = self.expr();
        Some(Entry::KeyValue { key, op, value, span: self.span_from(start) })
    }

    /// `{name}`, which stands for `{name = name}`.
    fn shorthand(&mut self, key: Key) -> Option<Entry> {
        let span = key.span;
        if let KeyKind::Path(names) = &key.kind
            && let [name] = names.as_slice()
        {
            let value = Expr { kind: ExprKind::Name(name.text.clone()), span };
            return Some(Entry::KeyValue { key, op: EntryOp::Override, value, span });
        }
        self.expected("`:`, `=` or `+=`");
        None
    }

    /// `key: NAME ("." NAME)* ["[" expr "]"] | expr`.
    fn key(&mut self) -> Key {
        let token = self.token();
        if self.is_name() && self.is_key_ahead(1) {
            self.bump();
            let name = self.name_of(token);
            return Key { span: name.span, kind: KeyKind::Path(vec![name]) };
        }
        let heads = std::mem::replace(&mut self.heads, Heads::Forbidden);
        let expr = self.or_expr();
        self.heads = heads;
        let span = expr.span;
        Key { kind: key_of(expr), span }
    }

    /// Returns whether the operator of an entry stands there, so that a name before it is a key.
    fn is_key_ahead(&self, ahead: usize) -> bool {
        matches!(self.kind_ahead(ahead), Tok::Op(Op::Colon | Op::Eq | Op::PlusEq))
    }

    /// `clauses: ("for" vars "in" or ("if" or)*)+`.
    fn clauses(&mut self) -> Vec<Clause> {
        let mut clauses = Vec::new();
        while self.is_keyword(Kw::For) {
            let start = self.bump().start;
            let vars = self.loop_variables();
            let iter = self.or_expr();
            let mut conditions = Vec::new();
            while self.eat_keyword(Kw::If) {
                conditions.push(self.or_expr());
            }
            clauses.push(Clause { vars, iter, conditions, span: self.span_from(start) });
        }
        clauses
    }

    /// `"if" expr ":" body ("elif" expr ":" body)* ["else" ":" body]`, whatever a body is.
    pub(super) fn branches<T>(&mut self, body: fn(&mut Self, u16) -> Vec<T>) -> Branches<T> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        if !self.enter() {
            return (branches, otherwise);
        }
        self.bump();
        let column = self.line_column;
        loop {
            let condition = self.expr();
            let items = self.branch_body(column, body);
            branches.push((condition, items));
            if self.continues_if(Kw::Elif, column) {
                self.bump();
            } else if self.continues_if(Kw::Else, column) {
                let token = self.bump();
                if self.is_keyword(Kw::If) && self.is_glued() {
                    let span = self.span_of(token);
                    self.error_at(span, "expected `elif`, found `else if`");
                    self.bump();
                } else {
                    otherwise = self.branch_body(column, body);
                    break;
                }
            } else {
                break;
            }
        }
        self.leave();
        (branches, otherwise)
    }

    /// `":" body`.
    fn branch_body<T>(&mut self, column: u16, body: fn(&mut Self, u16) -> Vec<T>) -> Vec<T> {
        if !self.is_glued() || !self.expect(Op::Colon) {
            self.expected("`:`");
            return Vec::new();
        }
        body(self, column)
    }

    /// Returns whether `elif` or `else` belongs to the `if` whose line is indented by `column`.
    fn continues_if(&self, keyword: Kw, column: u16) -> bool {
        let token = self.token();
        let aligned =
            !token.first || token.column == column || (self.brackets > 0 && token.column > column);
        self.is_keyword(keyword) && aligned && !self.aborted
    }

    /// The body of a branch in a list: one item on the same line, or an indented block of items.
    fn item_block<T>(&mut self, column: u16, item: fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        let block = self.token().column;
        if !self.token().first {
            items.push(item(self));
            return items;
        }
        if block <= column {
            self.missing_block();
        }
        while !self.ends_item_block(block) && block > column {
            let before = self.at;
            items.push(item(self));
            if !self.eat(Op::Comma) && self.at == before {
                break;
            }
        }
        items
    }

    /// The same for entries.
    fn item_block_of_entries(&mut self, column: u16) -> Vec<Entry> {
        self.item_block(column, Self::entry).into_iter().flatten().collect()
    }

    /// Returns whether a block of items that is indented by `block` ends here.
    fn ends_item_block(&self, block: u16) -> bool {
        let token = self.token();
        let closed = matches!(
            token.kind,
            Tok::Eof | Tok::Op(Op::RBrace | Op::RBracket) | Tok::Keyword(Kw::Elif | Kw::Else)
        );
        closed || (token.first && token.column < block)
    }

    /// Reports that no block follows a `:`.
    pub(super) fn missing_block(&mut self) {
        let token = self.token();
        if token.kind == Tok::Eof {
            self.expected("an indented block");
        } else {
            self.last_error = Some(token.start);
            self.error_at(self.span_of(token), "expected an indented block");
        }
    }

    /// Reports a semicolon, and skips it.
    pub(super) fn semicolon(&mut self) {
        self.error_here("unexpected `;`", Some("remove it: a statement ends with its line"));
        self.bump();
    }
}

/// Returns what an expression means as a key.
fn key_of(expr: Expr) -> KeyKind {
    match expr.kind {
        ExprKind::Index { value, index, optional: false } if is_dotted_name(&value) => {
            KeyKind::Indexed(names_of(*value), index)
        }
        ExprKind::Name(_) | ExprKind::Member { .. } if is_dotted_name(&expr) => {
            KeyKind::Path(names_of(expr))
        }
        _ => KeyKind::Expr(Box::new(expr)),
    }
}

/// Returns whether the expression is `a.b.c`.
pub(super) fn is_dotted_name(expr: &Expr) -> bool {
    let mut expr = expr;
    loop {
        match &expr.kind {
            ExprKind::Name(_) => return true,
            ExprKind::Member { value, optional: false, .. } => expr = value,
            _ => return false,
        }
    }
}

/// Returns the names of `a.b.c`, in order.
fn names_of(expr: Expr) -> Vec<Name> {
    let mut names = Vec::new();
    let mut expr = expr;
    loop {
        match expr.kind {
            ExprKind::Name(text) => {
                names.push(Name { text, span: expr.span });
                break;
            }
            ExprKind::Member { value, name, .. } => {
                names.push(name);
                expr = *value;
            }
            _ => break,
        }
    }
    names.reverse();
    names
}
