//! Types of expressions.

use super::{
    Checker, Site, assign, ops, signatures,
    types::{KnownEntry, Ty, find_entry},
};
use crate::diagnostic;
use crate::hir::{
    BinOp, CmpOp, Expr, ExprKind, FormatPart, NativeId, Quantifier, QuantifierKind, Slot, Text,
    UnaryOp,
};
use akua_source::Span;

/// Deepest nesting of expressions, those of globals that wait for each other included: a program
/// nests its own by 150 at most, and the rest must not use up the stack.
const EXPR_LIMIT: u32 = 400;

impl<'p> Checker<'p> {
    /// Checks that an expression has a type, and returns what it has.
    pub(super) fn check(&mut self, expr: &'p Expr, expected: &Ty, site: Site) -> Ty {
        let before = self.errors;
        let ty = self.infer(expr, Some(expected));
        // What is wrong inside was said already.
        if self.errors == before {
            self.expect(&ty, expected, site);
        }
        ty
    }

    /// Infers the type of an expression.
    pub(super) fn expr(&mut self, expr: &'p Expr) -> Ty {
        self.infer(expr, None)
    }

    /// Infers the type of an expression; literals are checked against what is expected of them.
    pub(super) fn infer(&mut self, expr: &'p Expr, expected: Option<&Ty>) -> Ty {
        if self.full() || self.depth >= EXPR_LIMIT {
            return Ty::Any;
        }
        self.depth = self.depth.saturating_add(1);
        let ty = self.infer_here(expr, expected);
        self.depth = self.depth.saturating_sub(1);
        ty
    }

    fn infer_here(&mut self, expr: &'p Expr, expected: Option<&Ty>) -> Ty {
        match &expr.kind {
            ExprKind::List(items) => self.list(items, expected),
            ExprKind::Dict(dict) => self.dict(dict, expected),
            ExprKind::DictComp(dict, clauses) => self.dict_comp(dict, clauses, expected),
            ExprKind::ListComp(item, clauses) => self.list_comp(item, clauses, expected),
            ExprKind::Config { head, args, dict } => self.instance(head, args.as_deref(), dict),
            ExprKind::Ternary(parts) => {
                let [condition, then, otherwise] = &**parts;
                let _condition = self.expr(condition);
                let branches = [then, otherwise].map(|part| self.infer(part, expected));
                Ty::join(branches)
            }
            _ => self.plain(expr),
        }
    }

    /// Infers the type of an expression that is no collection.
    fn plain(&mut self, expr: &'p Expr) -> Ty {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Local(_)
            | ExprKind::Attr(_)
            | ExprKind::Global(..)
            | ExprKind::Sibling { .. }
            | ExprKind::Schema(_)
            | ExprKind::Native(_)
            | ExprKind::Module(_)
            | ExprKind::SystemModule(_) => self.name(expr),
            ExprKind::Binary(a, op, b) => self.binary(a, *op, b, span),
            ExprKind::Compare(first, rest) => self.compare(first, rest, span),
            ExprKind::Unary(op, value) => self.unary(*op, value),
            ExprKind::And(a, b) => match (self.expr(a), self.expr(b)) {
                (Ty::Any, _) | (_, Ty::Any) => Ty::Any,
                // As the reference has it; `a and b` is meant for conditions.
                _ => Ty::Bool,
            },
            ExprKind::Or(a, b) => {
                let types = [self.expr(a), self.expr(b)];
                Ty::join(types)
            }
            ExprKind::As(value, ty) => {
                let from = self.expr(value);
                self.conversion(&from, Ty::declared(ty), span)
            }
            ExprKind::Member { value, name, .. } => {
                let ty = self.expr(value);
                self.member(&ty, name, span)
            }
            ExprKind::Index { value, index, .. } => {
                let (ty, index_ty) = (self.expr(value), self.expr(index));
                self.element(&ty, &index_ty, span, index.span)
            }
            ExprKind::Slice { value, bounds, .. } => {
                let ty = self.expr(value);
                for bound in bounds.iter().flatten() {
                    let site = Site { span: bound.span, declared: None };
                    self.check(bound, &Ty::Int, site);
                }
                self.slice(&ty, span)
            }
            ExprKind::Call(callee, args) => {
                let ty = self.expr(callee);
                self.call(&ty, args, span)
            }
            ExprKind::CallMember { value, name, args, .. } => {
                let ty = self.expr(value);
                let callee = self.member(&ty, name, span);
                self.call(&callee, args, span)
            }
            ExprKind::Quantifier(quantifier) => self.quantifier(quantifier),
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::Format(parts) => self.format(parts),
            _ => literal(&expr.kind),
        }
    }

    /// Returns whether the code stands in a mixin.
    fn in_mixin(&self) -> bool {
        let schema = self.schema.and_then(|id| self.program.schemas.get(id.0 as usize));
        schema.is_some_and(|schema| schema.kind == crate::hir::SchemaKind::Mixin)
    }

    /// Returns the type of what a name stands for.
    fn name(&mut self, expr: &'p Expr) -> Ty {
        match &expr.kind {
            ExprKind::Local(slot) => self.local(*slot),
            ExprKind::Attr(slot) => self.own_attribute(*slot),
            ExprKind::Global(package, at) => self.global_ty(*package, *at as usize),
            // The host of a mixin may have an attribute of that name, which comes first.
            ExprKind::Sibling { .. } if self.in_mixin() => Ty::Any,
            ExprKind::Sibling { slot, key, otherwise } => match self.sibling(*slot, key) {
                Some(entry) => entry.ty.clone(),
                None => otherwise.as_deref().map_or(Ty::Any, |expr| self.name(expr)),
            },
            ExprKind::Schema(id) => match self.program.schemas.get(id.0 as usize) {
                Some(schema) if !schema.is_rule => Ty::Class(*id),
                _ => Ty::Any,
            },
            ExprKind::Native(id) => self.native(*id),
            ExprKind::Module(id) => {
                let package = self.program.packages.get(id.0 as usize);
                Ty::Module(package.map_or_else(|| "".into(), |package| package.path.clone()))
            }
            ExprKind::SystemModule(name) => Ty::Module(name.clone()),
            _ => Ty::Any,
        }
    }

    /// Returns the type of a local of the current frame.
    pub(super) fn local(&self, slot: Slot) -> Ty {
        let frame = self.frames.last();
        frame.and_then(|frame| frame.locals.get(slot as usize)?.clone()).unwrap_or(Ty::Any)
    }

    fn sibling(&self, slot: Slot, key: &Text) -> Option<&KnownEntry> {
        let literals = &self.frames.last()?.literals;
        let (_, entries) = literals.iter().rev().find(|(found, _)| *found == slot)?;
        find_entry(entries, key)
    }

    fn native(&mut self, id: NativeId) -> Ty {
        if let Some(ty) = self.functions.get(&id) {
            return ty.clone();
        }
        let ty = match self.natives.describe(id) {
            Some((module, name)) => signatures::native(module, name),
            None => Ty::Any,
        };
        self.functions.insert(id, ty.clone());
        ty
    }

    fn binary(&mut self, a: &'p Expr, op: BinOp, b: &'p Expr, span: Span) -> Ty {
        let (left, right) = (self.expr(a), self.expr(b));
        let divides = matches!(op, BinOp::Div | BinOp::FloorDiv | BinOp::Mod);
        if divides && is_zero(&b.kind) {
            self.error("TypeError", span, "integer division or modulo by zero");
            return Ty::Any;
        }
        ops::binary(op, &left, &right).unwrap_or_else(|| {
            self.unsupported(op.text(), &left, &right, span);
            Ty::Any
        })
    }

    /// Checks the first of a chain of comparisons; the others compare what only running tells.
    fn compare(&mut self, first: &'p Expr, rest: &'p [(CmpOp, Expr)], span: Span) -> Ty {
        let left = self.expr(first);
        for (at, (op, right)) in rest.iter().enumerate() {
            let right = self.expr(right);
            if at == 0 && !ops::compares(*op, &left, &right) {
                self.unsupported(op.text(), &left, &right, span);
            }
        }
        Ty::Bool
    }

    fn unary(&mut self, op: UnaryOp, value: &'p Expr) -> Ty {
        let ty = self.expr(value);
        if op == UnaryOp::Minus {
            match ty {
                Ty::IntLit(value) => return Ty::IntLit(value.wrapping_neg()),
                Ty::FloatLit(value) => return Ty::FloatLit(-value),
                _ => {}
            }
        }
        ops::unary(op, &ty).unwrap_or_else(|| {
            let shown = ty.widened().shown(self.program);
            let message = format!("bad operand type for unary {}: '{shown}'", ops::unary_sign(op));
            self.error("TypeError", value.span, message);
            Ty::Any
        })
    }

    fn conversion(&mut self, from: &Ty, to: Ty, span: Span) -> Ty {
        if !assign::convertible(self.program, from, &to) {
            let (from, to) = (from.widened().shown(self.program), to.shown(self.program));
            let message = format!("a value of type {from} is never {to}");
            self.report(diagnostic("TypeError", span, message));
        }
        to
    }

    fn quantifier(&mut self, quantifier: &'p Quantifier) -> Ty {
        let source = self.expr(&quantifier.iter);
        self.bind(&quantifier.slots, &source, quantifier.iter.span);
        if let Some(condition) = &quantifier.condition {
            let _ty = self.expr(condition);
        }
        let test = self.expr(&quantifier.test);
        match quantifier.kind {
            QuantifierKind::All | QuantifierKind::Any => Ty::Bool,
            QuantifierKind::Map => Ty::list(test.widened()),
            QuantifierKind::Filter => source,
        }
    }

    /// Gives the variables of a loop their types.
    pub(super) fn bind(&mut self, slots: &[Slot], source: &Ty, span: Span) {
        let types = self.iterated(source, slots.len(), span);
        let Some(frame) = self.frames.last_mut() else { return };
        for (slot, ty) in slots.iter().zip(types) {
            if let Some(local) = frame.locals.get_mut(*slot as usize) {
                *local = Some(ty);
            }
        }
    }

    fn format(&mut self, parts: &'p [FormatPart]) -> Ty {
        for part in parts {
            let FormatPart::Expr(expr, format) = part else { continue };
            let _ty = self.expr(expr);
            if let Some(format) = format
                && !["#json", "#yaml"].contains(&&*format.trim().to_lowercase())
            {
                let message = format!("{format} is no format: expected #json or #yaml");
                self.error("CompileError", expr.span, message);
            }
        }
        Ty::Str
    }
}

fn is_zero(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Int(value) => *value == 0,
        ExprKind::Float(value) => *value == 0.0,
        _ => false,
    }
}

/// Returns the type of a literal; any for what a diagnostic was already given for.
fn literal(kind: &ExprKind) -> Ty {
    match kind {
        ExprKind::None | ExprKind::Undefined => Ty::Void,
        ExprKind::Bool(value) => Ty::BoolLit(*value),
        ExprKind::Int(value) => Ty::IntLit(*value),
        ExprKind::IntOverflow(_) => Ty::Int,
        ExprKind::Float(value) => Ty::FloatLit(*value),
        ExprKind::Multiplied(value, multiplier) => Ty::MultiplierLit(*value, *multiplier),
        ExprKind::Str(text) => Ty::StrLit(text.clone()),
        _ => Ty::Any,
    }
}
