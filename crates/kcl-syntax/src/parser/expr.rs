//! Expressions: operators by precedence, then postfix parts, then atoms.

use super::types::error_expr;
use super::{Heads, Parser, syntax_error};
use crate::ast::{
    Args, BinOp, CmpOp, Expr, ExprKind, Lambda, Name, Quantifier, QuantifierKind, UnaryOp,
};
use crate::token::{Kw, Op, Tok};
use std::rc::Rc;

/// What stands between two operands.
#[derive(Debug, Clone, Copy)]
enum Infix {
    Or,
    And,
    Compare(CmpOp),
    Binary(BinOp),
}

impl Parser<'_> {
    /// `expr: or ["as" type]* ["if" or "else" expr]`.
    #[inline(never)]
    pub(super) fn expr(&mut self) -> Expr {
        let outer_height = std::mem::replace(&mut self.height, 0);
        let start = self.token().start;
        if !self.enter() {
            return error_expr(self.span_from(start));
        }
        let mut left = self.or_expr();
        while self.is_keyword(Kw::As) && self.is_glued() {
            self.bump();
            let ty = self.ty();
            self.raise();
            let kind = ExprKind::As(Box::new(left), Box::new(ty));
            left = Expr { kind, span: self.span_from(start) };
        }
        if self.is_keyword(Kw::If) && self.is_glued() {
            left = self.ternary(left);
        }
        self.leave();
        self.raise();
        self.height = self.height.max(outer_height);
        left
    }

    /// `"if" or "else" expr` after its first part.
    #[inline(never)]
    fn ternary(&mut self, then: Expr) -> Expr {
        self.bump();
        let condition = self.or_expr();
        if !self.is_keyword(Kw::Else) || !self.is_glued() {
            self.expected("`else`");
            return then;
        }
        self.bump();
        let otherwise = self.expr();
        let span = then.span.to(self.span_from(then.span.start));
        let kind = ExprKind::Ternary {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Expr { kind, span }
    }

    /// An expression without a ternary or `as` at its top.
    pub(super) fn or_expr(&mut self) -> Expr {
        self.binary(0)
    }

    /// Operators that bind at least as tightly as `level`.
    #[inline(never)]
    fn binary(&mut self, level: u8) -> Expr {
        let outer_height = std::mem::replace(&mut self.height, 0);
        let mut left = self.unary();
        while let Some((infix, found, width)) = self.infix() {
            if found < level || self.aborted {
                break;
            }
            for _ in 0..width {
                self.bump();
            }
            let right = self.binary(found.saturating_add(1));
            left = join(left, infix, right);
            self.raise();
        }
        self.height = self.height.max(outer_height);
        left
    }

    /// Returns the operator that stands here, its level and its number of tokens.
    fn infix(&self) -> Option<(Infix, u8, u8)> {
        if !self.is_glued() {
            return None;
        }
        let word = |ahead| self.kind_ahead(ahead);
        Some(match self.kind() {
            Tok::Op(op) => {
                let (infix, level) = infix_mark(op)?;
                (infix, level, 1)
            }
            Tok::Keyword(Kw::Or) => (Infix::Or, 1, 1),
            Tok::Keyword(Kw::And) => (Infix::And, 2, 1),
            Tok::Keyword(Kw::In) => (Infix::Compare(CmpOp::In), 4, 1),
            Tok::Keyword(Kw::Not) if word(1) == Tok::Keyword(Kw::In) => {
                (Infix::Compare(CmpOp::NotIn), 4, 2)
            }
            Tok::Keyword(Kw::Is) if word(1) == Tok::Keyword(Kw::Not) => {
                (Infix::Compare(CmpOp::IsNot), 5, 2)
            }
            Tok::Keyword(Kw::Is) => (Infix::Compare(CmpOp::Is), 5, 1),
            _ => return None,
        })
    }

    /// `unary: ("+" | "-" | "~" | "not") unary | postfix`.
    #[inline(never)]
    fn unary(&mut self) -> Expr {
        let op = match self.kind() {
            Tok::Op(Op::Plus) => UnaryOp::Plus,
            Tok::Op(Op::Minus) => UnaryOp::Minus,
            Tok::Op(Op::Tilde) => UnaryOp::Invert,
            Tok::Keyword(Kw::Not) => UnaryOp::Not,
            _ => return self.postfix(),
        };
        let start = self.token().start;
        if !self.is_operand_place() || !self.enter() {
            self.expected("an expression");
            return error_expr(self.span_from(start));
        }
        self.bump();
        let operand = self.unary();
        self.leave();
        self.raise();
        let span = self.span_from(start);
        // The one number whose magnitude does not fit, though it fits itself.
        if let (UnaryOp::Minus, ExprKind::IntOverflow(text)) = (op, &operand.kind)
            && text.replace('_', "") == "9223372036854775808"
        {
            return Expr { kind: ExprKind::Int(i64::MIN), span };
        }
        Expr { kind: ExprKind::Unary(op, Box::new(operand)), span }
    }

    /// Returns whether an operand may stand here: on the same line, or at the start of an item.
    fn is_operand_place(&self) -> bool {
        self.is_glued() || self.at_fresh()
    }

    /// `postfix: atom ("." NAME | "?." NAME | "[" … "]" | "?[" … "]" | "(" … ")" | "{" … "}")*`.
    #[inline(never)]
    pub(super) fn postfix(&mut self) -> Expr {
        if !self.is_operand_place() {
            self.expected("an expression");
            return error_expr(self.span_from(self.last_end));
        }
        let mut left = self.atom();
        while self.is_glued() && !self.aborted {
            left = match self.kind() {
                Tok::Op(Op::Dot) => self.member(left, false),
                Tok::Op(Op::Question) if self.kind_ahead(1) == Tok::Op(Op::Dot) => {
                    self.bump();
                    self.member(left, true)
                }
                Tok::Op(Op::LBracket) => self.subscript(left, false),
                Tok::Op(Op::Question) if self.kind_ahead(1) == Tok::Op(Op::LBracket) => {
                    self.bump();
                    self.subscript(left, true)
                }
                Tok::Op(Op::LParen) => self.call(left),
                Tok::Op(Op::LBrace) if self.opens_config(&left) => self.instance(left),
                _ => break,
            };
            self.raise();
        }
        left
    }

    /// `"." NAME`.
    #[inline(never)]
    fn member(&mut self, value: Expr, optional: bool) -> Expr {
        self.bump();
        let start = value.span.start;
        let Some(name) = self.name() else { return value };
        let kind = ExprKind::Member { value: Box::new(value), name, optional };
        Expr { kind, span: self.span_from(start) }
    }

    /// `"[" expr "]"`, or a slice.
    #[inline(never)]
    fn subscript(&mut self, value: Expr, optional: bool) -> Expr {
        let start = value.span.start;
        let outside = self.open(true);
        let value = Box::new(value);
        let mut parts = [None, None, None];
        let mut colons = 0_usize;
        for part in &mut parts {
            if !matches!(self.kind(), Tok::Op(Op::Colon | Op::RBracket)) {
                *part = Some(Box::new(self.expr()));
            }
            if colons == 2 || !self.eat(Op::Colon) {
                break;
            }
            colons = colons.saturating_add(1);
        }
        let [first, upper, step] = parts;
        let kind = match (colons, first) {
            (0, Some(index)) => ExprKind::Index { value, index, optional },
            (0, None) => {
                self.expected("an index");
                ExprKind::Error
            }
            (_, lower) => ExprKind::Slice { value, lower, upper, step, optional },
        };
        self.close(Op::RBracket, &outside);
        Expr { kind, span: self.span_from(start) }
    }

    /// `"(" args ")"`.
    #[inline(never)]
    fn call(&mut self, callee: Expr) -> Expr {
        let start = callee.span.start;
        let args = self.args();
        let kind = ExprKind::Call(Box::new(callee), Box::new(args));
        Expr { kind, span: self.span_from(start) }
    }

    /// `args: "(" [arg ("," arg)* [","]] ")"` with `arg: [NAME "="] expr`.
    #[inline(never)]
    pub(super) fn args(&mut self) -> Args {
        let outside = self.open(true);
        let mut args = Args::default();
        while !matches!(self.kind(), Tok::Op(Op::RParen) | Tok::Eof) {
            self.arg(&mut args);
            if !self.eat(Op::Comma) {
                break;
            }
        }
        self.close(Op::RParen, &outside);
        args
    }

    /// `arg: [NAME "="] expr`.
    #[inline(never)]
    fn arg(&mut self, args: &mut Args) {
        if self.is_name() && self.kind_ahead(1) == Tok::Op(Op::Eq) {
            let token = self.bump();
            let name = self.name_of(token);
            self.bump();
            let value = self.expr();
            args.keyword.push((name, value));
            return;
        }
        let value = self.expr();
        if !args.keyword.is_empty() && !matches!(value.kind, ExprKind::Error) {
            self.error_at(value.span, "positional argument follows keyword argument");
        }
        args.positional.push(value);
    }

    /// An expression of one piece.
    #[inline(never)]
    pub(super) fn atom(&mut self) -> Expr {
        let token = self.token();
        let kind = match token.kind {
            Tok::Number => self.number(),
            Tok::Str | Tok::OpenStr => self.string(),
            Tok::Name => {
                self.bump();
                ExprKind::Name(self.name_of(token).text)
            }
            Tok::Op(Op::LParen) => self.parenthesised(),
            Tok::Op(Op::LBracket) => self.list(),
            Tok::Op(Op::LBrace) => self.dict(),
            Tok::Keyword(keyword) => self.keyword_atom(keyword),
            _ => {
                self.expected("an expression");
                ExprKind::Error
            }
        };
        Expr { kind, span: self.span_from(token.start) }
    }

    /// An expression that begins with a keyword.
    #[inline(never)]
    fn keyword_atom(&mut self, keyword: Kw) -> ExprKind {
        let quantifier = match keyword {
            Kw::All => Some(QuantifierKind::All),
            Kw::Any => Some(QuantifierKind::Any),
            Kw::Map => Some(QuantifierKind::Map),
            Kw::Filter => Some(QuantifierKind::Filter),
            _ => None,
        };
        match (keyword, quantifier) {
            (Kw::True, _) => self.constant(ExprKind::Bool(true)),
            (Kw::False, _) => self.constant(ExprKind::Bool(false)),
            (Kw::None, _) => self.constant(ExprKind::None),
            (Kw::Undefined, _) => self.constant(ExprKind::Undefined),
            (Kw::Lambda, _) => self.lambda(),
            (_, Some(kind)) if self.is_quantifier() => self.quantifier(kind),
            _ if keyword.is_soft() => {
                let token = self.bump();
                ExprKind::Name(self.name_of(token).text)
            }
            _ => {
                self.expected("an expression");
                ExprKind::Error
            }
        }
    }

    fn constant(&mut self, kind: ExprKind) -> ExprKind {
        self.bump();
        kind
    }

    /// Returns whether `all`, `any`, `map` or `filter` stands before a loop variable.
    fn is_quantifier(&self) -> bool {
        let glued = self.tokens.get(self.at.saturating_add(1)).is_some_and(|t| !t.first);
        let variable = match self.kind_ahead(1) {
            Tok::Name => true,
            Tok::Keyword(_) => {
                matches!(self.kind_ahead(2), Tok::Keyword(Kw::In) | Tok::Op(Op::Comma))
            }
            _ => false,
        };
        (glued || self.in_parens) && variable
    }

    /// `"(" expr ")"`.
    #[inline(never)]
    fn parenthesised(&mut self) -> ExprKind {
        let outside = self.open(true);
        let inner = self.expr();
        self.close(Op::RParen, &outside);
        ExprKind::Paren(Box::new(inner))
    }

    /// `("all" | "any" | "map" | "filter") NAME ["," NAME] "in" or "{" or ["if" or] "}"`.
    #[inline(never)]
    fn quantifier(&mut self, kind: QuantifierKind) -> ExprKind {
        self.bump();
        let vars = self.loop_variables();
        let heads = std::mem::replace(&mut self.heads, Heads::Forbidden);
        let iter = self.or_expr();
        self.heads = heads;
        if !self.is(Op::LBrace) {
            self.expected("`{`");
            return ExprKind::Error;
        }
        let outside = self.open(false);
        self.set_fresh();
        let test = self.or_expr();
        let mut condition = None;
        if self.eat_keyword(Kw::If) {
            condition = Some(self.or_expr());
        }
        self.close(Op::RBrace, &outside);
        ExprKind::Quantifier(Box::new(Quantifier { kind, vars, iter, test, condition }))
    }

    /// `NAME ["," NAME] "in"`.
    pub(super) fn loop_variables(&mut self) -> Vec<Name> {
        let mut vars = Vec::new();
        while let Some(name) = self.name() {
            vars.push(name);
            if !self.eat(Op::Comma) {
                break;
            }
        }
        if let Some(extra) = vars.get(2) {
            let error = syntax_error(extra.span, "expected one or two loop variables, found more");
            self.report(error.kind("CompileError"));
            vars.truncate(2);
        }
        if self.is(Op::Dot) {
            let span = self.span_of(self.token());
            let error = syntax_error(span, "a loop variable is a plain name");
            self.report(error.kind("CompileError"));
            self.last_error = Some(span.start);
        }
        if !self.eat_keyword(Kw::In) {
            self.expected("`in`");
        }
        vars
    }

    /// `"lambda" [param ("," param)*] ["->" type] "{" statements "}"`.
    #[inline(never)]
    fn lambda(&mut self) -> ExprKind {
        self.bump();
        // Its header may stand on several lines, up to the brace.
        let outer_parens = std::mem::replace(&mut self.in_parens, true);
        let mut params = Vec::new();
        while !matches!(self.kind(), Tok::Op(Op::LBrace | Op::Arrow) | Tok::Eof) {
            let Some(param) = self.param(Heads::WhereBlockFollows) else { break };
            params.push(param);
            if !self.eat(Op::Comma) {
                break;
            }
        }
        self.check_params(&params);
        let result = if self.eat(Op::Arrow) { Some(self.ty()) } else { None };
        self.in_parens = outer_parens;
        if !self.is(Op::LBrace) {
            self.expected("`{`");
            return ExprKind::Error;
        }
        let outside = self.open(false);
        let body = self.lambda_body();
        self.close(Op::RBrace, &outside);
        ExprKind::Lambda(Rc::new(Lambda { params, result, body }))
    }
}

/// Joins two operands; a comparison after a comparison goes on with its chain.
fn join(left: Expr, infix: Infix, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    let kind = match infix {
        Infix::Or => ExprKind::Or(Box::new(left), Box::new(right)),
        Infix::And => ExprKind::And(Box::new(left), Box::new(right)),
        Infix::Binary(op) => ExprKind::Binary(Box::new(left), op, Box::new(right)),
        Infix::Compare(op) => match left.kind {
            ExprKind::Compare(first, mut rest) => {
                rest.push((op, right));
                ExprKind::Compare(first, rest)
            }
            _ => ExprKind::Compare(Box::new(left), vec![(op, right)]),
        },
    };
    Expr { kind, span }
}

/// Returns what a mark does between two operands, and its level.
fn infix_mark(op: Op) -> Option<(Infix, u8)> {
    Some(match op {
        Op::EqEq => (Infix::Compare(CmpOp::Eq), 3),
        Op::NotEq => (Infix::Compare(CmpOp::NotEq), 3),
        Op::Lt => (Infix::Compare(CmpOp::Lt), 6),
        Op::LtE => (Infix::Compare(CmpOp::LtE), 6),
        Op::Gt => (Infix::Compare(CmpOp::Gt), 6),
        Op::GtE => (Infix::Compare(CmpOp::GtE), 6),
        Op::Bar => (Infix::Binary(BinOp::BitOr), 7),
        Op::Caret => (Infix::Binary(BinOp::BitXor), 8),
        Op::Amp => (Infix::Binary(BinOp::BitAnd), 9),
        Op::Shl => (Infix::Binary(BinOp::Shl), 10),
        Op::Shr => (Infix::Binary(BinOp::Shr), 10),
        Op::Plus => (Infix::Binary(BinOp::Add), 11),
        Op::Minus => (Infix::Binary(BinOp::Sub), 11),
        Op::Star => (Infix::Binary(BinOp::Mul), 12),
        Op::Slash => (Infix::Binary(BinOp::Div), 12),
        Op::SlashSlash => (Infix::Binary(BinOp::FloorDiv), 12),
        Op::Percent => (Infix::Binary(BinOp::Mod), 12),
        Op::StarStar => (Infix::Binary(BinOp::Pow), 13),
        _ => return None,
    })
}
