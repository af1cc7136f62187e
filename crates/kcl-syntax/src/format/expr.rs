//! Expressions; but for blocks and brackets that stand on several lines, they are one line.

use super::printer::{Gaps, Printer};
use super::schema::end_of;
use crate::ast::{Args, Expr, ExprKind, Lambda, Quantifier, QuantifierKind, UnaryOp};
use crate::token::{Op, Tok};
use akua_source::Span;

impl Printer<'_> {
    /// An expression.
    pub(super) fn expr(&mut self, expr: &Expr) {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Int(value) => self.integer(*value, span),
            ExprKind::Multiplied(value, _) => self.multiplied(*value, span),
            // A float keeps its spelling: `2.0` is no `2`.
            ExprKind::None
            | ExprKind::Undefined
            | ExprKind::Bool(_)
            | ExprKind::IntOverflow(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Interpolated(_)
            | ExprKind::Name(_)
            | ExprKind::Error => self.verbatim(span),
            ExprKind::List(items) => self.list(span, items),
            ExprKind::Dict(entries) => self.dict(span, entries),
            ExprKind::Config { head, args, entries, body_span } => {
                self.expr(head);
                // `S() {…}` is `S {…}`.
                if let Some(args) = args.as_deref().filter(|args| !is_empty(args)) {
                    self.args(args);
                }
                self.write(" ");
                self.dict(*body_span, entries);
            }
            ExprKind::ListComp(item, clauses) => self.list_comprehension(item, clauses),
            ExprKind::DictComp(entry, clauses) => self.dict_comprehension(entry, clauses),
            ExprKind::Quantifier(quantifier) => self.quantifier(span, quantifier),
            ExprKind::Lambda(lambda) => self.lambda(span, lambda),
            _ => self.operation(expr),
        }
    }

    /// An expression that is made of others with marks and words between them.
    #[inline(never)]
    fn operation(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Paren(inner) => {
                self.write("(");
                self.expr(inner);
                self.write(")");
            }
            ExprKind::Binary(left, op, right) => self.infix(left, op.text(), right),
            ExprKind::And(left, right) => self.infix(left, "and", right),
            ExprKind::Or(left, right) => self.infix(left, "or", right),
            ExprKind::Compare(first, rest) => {
                self.expr(first);
                for (op, operand) in rest {
                    self.write(" ");
                    self.write(op.text());
                    self.write(" ");
                    self.expr(operand);
                }
            }
            ExprKind::Unary(op, operand) => {
                self.write(match op {
                    UnaryOp::Plus => "+",
                    UnaryOp::Minus => "-",
                    UnaryOp::Invert => "~",
                    UnaryOp::Not => "not ",
                });
                self.expr(operand);
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                self.infix(then, "if", condition);
                self.write(" else ");
                self.expr(otherwise);
            }
            ExprKind::As(value, ty) => {
                self.expr(value);
                self.write(" as ");
                self.ty(ty);
            }
            _ => self.access(expr),
        }
    }

    fn infix(&mut self, left: &Expr, mark: &str, right: &Expr) {
        self.expr(left);
        self.write(" ");
        self.write(mark);
        self.write(" ");
        self.expr(right);
    }

    /// Members, indexes, slices and calls.
    #[inline(never)]
    fn access(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Member { value, name, optional } => {
                self.expr(value);
                self.write(if *optional { "?." } else { "." });
                self.verbatim(name.span);
            }
            ExprKind::Index { value, index, optional } => {
                self.expr(value);
                self.write(if *optional { "?[" } else { "[" });
                self.expr(index);
                self.write("]");
            }
            ExprKind::Slice { value, lower, upper, step, optional } => {
                self.expr(value);
                self.write(if *optional { "?[" } else { "[" });
                self.opt_expr(lower.as_deref());
                self.write(":");
                self.opt_expr(upper.as_deref());
                self.write(":");
                self.opt_expr(step.as_deref());
                self.write("]");
            }
            ExprKind::Call(callee, args) => {
                self.expr(callee);
                self.args(args);
            }
            _ => self.verbatim(expr.span),
        }
    }

    fn opt_expr(&mut self, expr: Option<&Expr>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    /// `(a, b=c)`.
    #[inline(never)]
    pub(super) fn args(&mut self, args: &Args) {
        self.write("(");
        self.separated(&args.positional, ", ", Self::expr);
        if !args.positional.is_empty() && !args.keyword.is_empty() {
            self.write(", ");
        }
        self.separated(&args.keyword, ", ", |p, (name, value)| {
            p.verbatim(name.span);
            p.write("=");
            p.expr(value);
        });
        self.write(")");
    }

    /// `all x in it {test if condition}`, the test on its own line where it was on another one
    /// than the head.
    #[inline(never)]
    fn quantifier(&mut self, span: Span, quantifier: &Quantifier) {
        self.write(match quantifier.kind {
            QuantifierKind::All => "all ",
            QuantifierKind::Any => "any ",
            QuantifierKind::Map => "map ",
            QuantifierKind::Filter => "filter ",
        });
        self.separated(&quantifier.vars, ", ", |p, name| p.verbatim(name.span));
        self.write(" in ");
        self.expr(&quantifier.iter);
        self.write(" ");
        let brace = self.source.find(Tok::Op(Op::LBrace), quantifier.iter.span.end);
        let last = quantifier.condition.as_ref().unwrap_or(&quantifier.test).span.end;
        let lined = !self.source.same_line(span.start, quantifier.test.span.start)
            || self.source.has_comment(brace, quantifier.test.span.start)
            || self.source.has_comment(last, span.end)
            || self.is_lined(&quantifier.iter);
        if lined {
            self.open_bracket("{", brace);
            self.open_line(quantifier.test.span.start, Gaps::Drop);
            self.quantified(quantifier);
            self.close_line(last);
            return self.close_bracket("}", span.end);
        }
        self.write("{");
        self.quantified(quantifier);
        self.write("}");
    }

    fn quantified(&mut self, quantifier: &Quantifier) {
        self.expr(&quantifier.test);
        if let Some(condition) = &quantifier.condition {
            self.write(" if ");
            self.expr(condition);
        }
    }

    /// `lambda params -> R {` and its statements, always on lines of their own.
    #[inline(never)]
    fn lambda(&mut self, span: Span, lambda: &Lambda) {
        self.write("lambda ");
        self.separated(&lambda.params, ", ", Self::param);
        if !lambda.params.is_empty() {
            self.write(" ");
        }
        let mut head = lambda.params.last().map_or(span.start, end_of);
        if let Some(result) = &lambda.result {
            self.write("-> ");
            self.ty(result);
            self.write(" ");
            head = result.span.end;
        }
        let brace = self.source.find(Tok::Op(Op::LBrace), head);
        self.open_bracket("{", brace);
        self.statements(&lambda.body);
        self.close_bracket("}", span.end);
    }
}

fn is_empty(args: &Args) -> bool {
    args.positional.is_empty() && args.keyword.is_empty()
}
