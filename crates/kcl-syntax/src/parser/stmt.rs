//! Lines, blocks and statements.

use super::{Heads, Parser, is_close};
use crate::ast::{
    BinOp, Check, Decorator, Expr, ExprKind, IfStmt, Import, Name, Param, Stmt, StmtKind, Target,
    TargetStep, Type, TypeKind,
};
use crate::token::{Kw, Op, Tok};
use akua_source::Diagnostic;

impl Parser<'_> {
    /// All statements of a file.
    pub(super) fn module_body(&mut self) -> Vec<Stmt> {
        let mut body = Vec::new();
        let column = self.token().column;
        while self.kind() != Tok::Eof {
            let before = self.at;
            self.lines(Some(column), &mut body, Self::line);
            if self.at == before {
                // A line to the left of the first one.
                self.error_here("expected the indentation of the first line", None);
                self.bump();
                self.recover(Some(column));
            }
        }
        body
    }

    /// Statements between the braces of a lambda.
    pub(super) fn lambda_body(&mut self) -> Vec<Stmt> {
        let mut body = Vec::new();
        if self.enter() {
            self.lines(None, &mut body, Self::line);
            self.leave();
        }
        body
    }

    /// The body of a branch: a statement on the same line, or an indented block.
    fn block(&mut self, parent: u16) -> Vec<Stmt> {
        let mut body = Vec::new();
        let token = self.token();
        if !token.first {
            self.set_fresh();
            self.line(&mut body);
        } else if token.column > parent {
            self.lines(Some(token.column), &mut body, Self::line);
        } else {
            self.missing_block();
        }
        body
    }

    /// Reads lines that are indented by `column` (by anything where there is none) with `one`.
    #[inline(never)]
    pub(super) fn lines<C>(
        &mut self,
        column: Option<u16>,
        ctx: &mut C,
        one: fn(&mut Self, &mut C),
    ) {
        loop {
            let token = self.token();
            if token.kind == Tok::Eof || (self.brackets > 0 && is_close(token.kind)) {
                return;
            }
            if token.first && !self.is_aligned(column) {
                return;
            }
            self.set_fresh();
            let (before, errors) = (self.at, self.diagnostics.len());
            one(self, ctx);
            let failed = self.diagnostics.len() > errors;
            if self.at == before {
                self.expected("a statement");
                self.bump();
                self.recover(column);
            } else if failed {
                self.recover(column);
            } else {
                self.end_of_statement(column);
            }
        }
    }

    /// Returns whether the line belongs to the block; reports it where it is indented further.
    fn is_aligned(&mut self, column: Option<u16>) -> bool {
        let token = self.token();
        match column {
            Some(column) if token.column < column => false,
            Some(column) if token.column > column => {
                let message =
                    format!("expected an indentation of {column}, found {}", token.column);
                let error = super::syntax_error(self.span_of(token), message)
                    .help("align the line with the lines of its block");
                self.report(error);
                true
            }
            _ => true,
        }
    }

    /// Checks what follows a statement: another line, or (as KCL allows) another statement.
    fn end_of_statement(&mut self, column: Option<u16>) {
        if self.is(Op::Semicolon) {
            return self.semicolon();
        }
        let token = self.token();
        if token.first || (self.brackets > 0 && is_close(token.kind)) {
            return;
        }
        let starts = match token.kind {
            Tok::Op(op) => matches!(op, Op::LBracket | Op::LBrace | Op::LParen | Op::Tilde),
            Tok::Keyword(keyword) => {
                keyword.is_soft()
                    || matches!(keyword, Kw::Not | Kw::If | Kw::Lambda | Kw::True | Kw::False)
                    || matches!(keyword, Kw::None | Kw::Undefined)
            }
            _ => true,
        };
        if !starts {
            self.expected("the end of the statement");
            self.recover(column);
        }
    }

    /// Skips to the next line of this block or of an outer one.
    fn recover(&mut self, column: Option<u16>) {
        let mut depth = 0_u32;
        loop {
            let token = self.token();
            let line = token.first && column.is_none_or(|column| token.column <= column);
            match token.kind {
                Tok::Eof => return,
                _ if line && depth == 0 => return,
                kind if is_close(kind) => {
                    if depth == 0 && self.brackets > 0 {
                        return;
                    }
                    depth = depth.saturating_sub(1);
                }
                _ if token.first && token.column == 0 && self.brackets == 0 => return,
                Tok::Op(Op::LParen | Op::LBracket | Op::LBrace) => depth = depth.saturating_add(1),
                _ => {}
            }
            self.bump();
        }
    }

    /// One statement.
    fn line(&mut self, body: &mut Vec<Stmt>) {
        let start = self.token().start;
        let kind = match self.kind() {
            Tok::Keyword(Kw::Import) => self.import(),
            Tok::Keyword(Kw::If) => Some(self.if_statement()),
            Tok::Keyword(Kw::Assert) => Some(self.assert()),
            Tok::Keyword(Kw::Schema | Kw::Mixin | Kw::Protocol) if self.is_head() => {
                self.schema(Vec::new())
            }
            Tok::Keyword(Kw::Rule) if self.is_head() => self.rule(Vec::new()),
            Tok::Keyword(Kw::Type) if self.is_head() => self.type_alias(),
            Tok::Op(Op::At) => self.decorated(),
            _ => self.simple_statement(),
        };
        if let Some(kind) = kind {
            body.push(Stmt { kind, span: self.span_from(start) });
        }
    }

    /// Returns whether `schema`, `rule` or `type` opens a statement, and is not a name.
    fn is_head(&self) -> bool {
        let next = self.tokens.get(self.at.saturating_add(1));
        next.is_some_and(|token| {
            !token.first
                && match token.kind {
                    Tok::Name | Tok::Str | Tok::Number | Tok::Op(Op::Eq | Op::Colon) => true,
                    Tok::Keyword(keyword) => keyword.is_soft(),
                    _ => false,
                }
        })
    }

    /// `"import" "."* NAME ("." NAME)* ["as" NAME]`.
    fn import(&mut self) -> Option<StmtKind> {
        self.bump();
        let mut dots = 0_u32;
        while self.is_glued() {
            match self.kind() {
                Tok::Op(Op::Dot) => dots = dots.saturating_add(1),
                Tok::Op(Op::Ellipsis) => dots = dots.saturating_add(3),
                _ => break,
            }
            self.bump();
        }
        let path = self.path()?.segments;
        let mut alias = None;
        if self.is_keyword(Kw::As) && self.is_glued() {
            self.bump();
            alias = self.name();
        }
        Some(StmtKind::Import(Import { dots, path, alias }))
    }

    /// `"if" …` with blocks of statements.
    #[inline(never)]
    pub(super) fn if_statement(&mut self) -> StmtKind {
        let (branches, otherwise) = self.branches(Self::block);
        StmtKind::If(IfStmt { branches, otherwise })
    }

    /// `"assert" check`.
    pub(super) fn assert(&mut self) -> StmtKind {
        let start = self.bump().start;
        let mut check = self.check();
        check.span = self.span_from(start);
        StmtKind::Assert(check)
    }

    /// `check: or ["if" or] ["," expr]`.
    pub(super) fn check(&mut self) -> Check {
        let start = self.token().start;
        let condition = self.or_expr();
        let mut guard = None;
        if self.is_keyword(Kw::If) && self.is_glued() {
            self.bump();
            guard = Some(self.or_expr());
        }
        let mut message = None;
        if self.is_glued_op(Op::Comma) {
            self.bump();
            message = Some(self.expr());
        }
        Check { condition, guard, message, span: self.span_from(start) }
    }

    /// `"type" NAME "=" type`.
    fn type_alias(&mut self) -> Option<StmtKind> {
        self.bump();
        if !self.is_name() {
            let help = "write `$type` to use the keyword as a name";
            self.error_here(format!("expected a name, found {}", self.describe()), Some(help));
            return None;
        }
        let name = self.name()?;
        if !self.is_glued() || !self.eat(Op::Eq) {
            self.expected("`=`");
            return None;
        }
        let ty = self.ty();
        Some(StmtKind::TypeAlias { name, ty })
    }

    /// `decorator+ (schema | rule)`.
    fn decorated(&mut self) -> Option<StmtKind> {
        let decorators = self.decorators()?;
        match self.kind() {
            Tok::Keyword(Kw::Schema | Kw::Mixin | Kw::Protocol) => self.schema(decorators),
            Tok::Keyword(Kw::Rule) => self.rule(decorators),
            _ => {
                self.expected("a schema or a rule after its decorators");
                None
            }
        }
    }

    /// `decorator: "@" path [args]`.
    pub(super) fn decorators(&mut self) -> Option<Vec<Decorator>> {
        let mut decorators = Vec::new();
        while self.is(Op::At) {
            let start = self.bump().start;
            let name = self.path()?;
            let args = if self.is_glued_op(Op::LParen) { Some(self.args()) } else { None };
            decorators.push(Decorator { name, args, span: self.span_from(start) });
        }
        self.set_fresh();
        Some(decorators)
    }

    /// An assignment in any of its forms, or an expression.
    #[inline(never)]
    pub(super) fn simple_statement(&mut self) -> Option<StmtKind> {
        let left = self.expr();
        if matches!(left.kind, ExprKind::Error) {
            return None;
        }
        if !self.is_glued() {
            return Some(StmtKind::Expr(left));
        }
        match self.kind() {
            Tok::Op(Op::Eq) => {
                let first = self.target(left);
                self.assignment(first, None)
            }
            Tok::Op(Op::Colon) => {
                let target = self.target(left)?;
                self.annotated(target)
            }
            Tok::Op(op) => match augmented(op) {
                Some(op) => {
                    let target = self.target(left);
                    self.bump();
                    let value = self.expr();
                    Some(StmtKind::AugAssign { target: target?, op, value })
                }
                None => Some(StmtKind::Expr(left)),
            },
            _ => Some(StmtKind::Expr(left)),
        }
    }

    /// `("=" expr)+` after the first target.
    fn assignment(&mut self, first: Option<Target>, ty: Option<Type>) -> Option<StmtKind> {
        let mut targets: Vec<Target> = first.into_iter().collect();
        self.bump();
        let mut value = self.expr();
        while self.is_glued_op(Op::Eq) {
            targets.extend(self.target(value));
            self.bump();
            value = self.expr();
        }
        if targets.is_empty() {
            return None;
        }
        Some(StmtKind::Assign { targets, ty, value })
    }

    /// `":" (schema-expr | type "=" expr)` after the target.
    fn annotated(&mut self, target: Target) -> Option<StmtKind> {
        self.bump();
        if self.is_instance_ahead() {
            let value = self.unified_value()?;
            return Some(StmtKind::Unification { target, value });
        }
        let ty = self.ty();
        if self.is_glued_op(Op::Eq) {
            return self.assignment(Some(target), Some(ty));
        }
        if !matches!(ty.kind, TypeKind::Error) {
            self.expected("`=`");
        }
        Some(StmtKind::Annotation { target, ty })
    }

    /// Returns whether `path "{"` or `path "("` stands here: an instance, not a type.
    pub(super) fn is_instance_ahead(&self) -> bool {
        let mut ahead = 0_usize;
        while matches!(self.kind_ahead(ahead), Tok::Name | Tok::Keyword(_)) {
            ahead = ahead.saturating_add(1);
            let next = self.tokens.get(self.at.saturating_add(ahead));
            match next.filter(|token| !token.first).map(|token| token.kind) {
                Some(Tok::Op(Op::LBrace | Op::LParen)) => return self.is_glued(),
                Some(Tok::Op(Op::Dot)) => ahead = ahead.saturating_add(1),
                _ => return false,
            }
        }
        false
    }

    /// The instance of a unification statement.
    pub(super) fn unified_value(&mut self) -> Option<Expr> {
        let value = self.postfix();
        if matches!(value.kind, ExprKind::Config { .. }) {
            return Some(value);
        }
        self.error_at(value.span, "expected a type or an instance of a schema");
        None
    }

    /// Turns the left side of an assignment into a target.
    fn target(&mut self, expr: Expr) -> Option<Target> {
        let span = expr.span;
        let mut path = Vec::new();
        let mut at = expr;
        loop {
            match at.kind {
                ExprKind::Name(text) => {
                    path.reverse();
                    return Some(Target { name: Name { text, span: at.span }, path, span });
                }
                ExprKind::Member { value, name, optional: false } => {
                    path.push(TargetStep::Member(name));
                    at = *value;
                }
                ExprKind::Index { value, index, optional: false } => {
                    path.push(TargetStep::Index(*index));
                    at = *value;
                }
                _ => break,
            }
        }
        self.error_at(span, "expected a name to assign to, found an expression");
        None
    }

    /// Checks that parameters with defaults come last.
    pub(super) fn check_params(&mut self, params: &[Param]) {
        let first = params.iter().find_map(|param| param.default.as_ref());
        let Some(default) = first.map(|default| default.span) else { return };
        let after =
            |param: &&Param| param.default.is_none() && param.name.span.start > default.start;
        if let Some(param) = params.iter().find(after) {
            let message = format!(
                "parameter `{}` without a default after one with a default",
                param.name.text
            );
            let error = Diagnostic::error("E_KCL_PARAMETER", message)
                .kind("IllegalParameterError")
                .label(param.name.span, "")
                .label(default, "the default")
                .help("give it a default, or move it to the front");
            self.report(error);
        }
    }

    /// `param: NAME [":" type] ["=" expr]`.
    #[inline(never)]
    pub(super) fn param(&mut self, heads: Heads) -> Option<Param> {
        let name = self.name()?;
        let ty = if self.eat(Op::Colon) { Some(self.ty()) } else { None };
        let mut default = None;
        if self.eat(Op::Eq) {
            let outer = std::mem::replace(&mut self.heads, heads);
            default = Some(self.expr());
            self.heads = outer;
        }
        Some(Param { name, ty, default })
    }
}

/// Returns the operator of an augmented assignment.
pub(super) fn augmented(op: Op) -> Option<BinOp> {
    Some(match op {
        Op::PlusEq => BinOp::Add,
        Op::MinusEq => BinOp::Sub,
        Op::StarEq => BinOp::Mul,
        Op::SlashEq => BinOp::Div,
        Op::SlashSlashEq => BinOp::FloorDiv,
        Op::PercentEq => BinOp::Mod,
        Op::StarStarEq => BinOp::Pow,
        Op::ShlEq => BinOp::Shl,
        Op::ShrEq => BinOp::Shr,
        Op::AmpEq => BinOp::BitAnd,
        Op::BarEq => BinOp::BitOr,
        Op::CaretEq => BinOp::BitXor,
        _ => return None,
    })
}

/// Returns the text of a statement that is nothing but a string.
pub(super) fn doc_of(stmt: &Stmt) -> Option<Name> {
    match &stmt.kind {
        StmtKind::Expr(Expr { kind: ExprKind::Str(text), span }) => {
            Some(Name { text: text.clone(), span: *span })
        }
        _ => None,
    }
}
