//! Expressions and lambda bodies.

use super::{
    Lower,
    scope::{Frame, Scope},
};
use crate::hir::{self, Expr, ExprKind, SetOp, Slot, Text};
use akua_source::Span;
use kcl_syntax::ast;
use std::rc::Rc;

impl<'a> Lower<'a> {
    /// Lowers an expression into the current frame.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of expression")]
    pub(super) fn expr(&mut self, expr: &'a ast::Expr) -> Expr {
        use ast::ExprKind as Ast;
        let span = expr.span;
        let kind = match &expr.kind {
            Ast::None => ExprKind::None,
            Ast::Undefined => ExprKind::Undefined,
            Ast::Bool(value) => ExprKind::Bool(*value),
            Ast::Int(value) => ExprKind::Int(*value),
            Ast::IntOverflow(text) => ExprKind::IntOverflow(Rc::clone(text)),
            Ast::Multiplied(value, multiplier) => ExprKind::Multiplied(*value, *multiplier),
            Ast::Float(value) => ExprKind::Float(*value),
            Ast::Str(text) => ExprKind::Str(Rc::clone(text)),
            Ast::Interpolated(parts) => self.interpolated(parts),
            Ast::Name(name) => return self.resolve(name, span),
            Ast::Paren(inner) => return self.expr(inner),
            Ast::Unary(op, value) => ExprKind::Unary(*op, self.boxed(value)),
            Ast::And(a, b) => ExprKind::And(self.boxed(a), self.boxed(b)),
            Ast::Or(a, b) => ExprKind::Or(self.boxed(a), self.boxed(b)),
            Ast::Binary(a, op, b) => ExprKind::Binary(self.boxed(a), *op, self.boxed(b)),
            Ast::Compare(first, rest) => {
                let first = self.boxed(first);
                ExprKind::Compare(first, rest.iter().map(|(op, e)| (*op, self.expr(e))).collect())
            }
            Ast::Ternary { condition, then, otherwise } => {
                let parts = [self.expr(condition), self.expr(then), self.expr(otherwise)];
                ExprKind::Ternary(Box::new(parts))
            }
            Ast::As(value, ty) => {
                let value = self.boxed(value);
                ExprKind::As(value, self.ty(ty))
            }
            Ast::Member { value, name, optional } => {
                return self.member(value, name, *optional, span);
            }
            Ast::Index { value, index, optional } => ExprKind::Index {
                value: self.boxed(value),
                index: self.boxed(index),
                optional: *optional,
            },
            Ast::Slice { value, lower, upper, step, optional } => ExprKind::Slice {
                value: self.boxed(value),
                bounds: Box::new(
                    [lower, upper, step].map(|bound| bound.as_ref().map(|e| self.expr(e))),
                ),
                optional: *optional,
            },
            Ast::Call(callee, args) => self.call(callee, args),
            Ast::List(items) => ExprKind::List(self.items(items)),
            Ast::Dict(entries) => ExprKind::Dict(Box::new(self.dict(entries, span, false))),
            Ast::Config { head, args, entries, body_span } => {
                let head = self.boxed(head);
                let args = args.as_ref().map(|args| Box::new(self.args(args)));
                let dict = Box::new(self.dict(entries, *body_span, true));
                ExprKind::Config { head, args, dict }
            }
            Ast::ListComp(item, clauses) => {
                let (item, clauses) = self.comprehension(clauses, |lower| lower.item(item));
                ExprKind::ListComp(Box::new(item), clauses)
            }
            Ast::DictComp(entry, clauses) => {
                let (dict, clauses) =
                    self.comprehension(clauses, |lower| lower.computed_entry(entry, span));
                ExprKind::DictComp(Box::new(dict), clauses)
            }
            Ast::Quantifier(quantifier) => self.quantifier(quantifier),
            Ast::Lambda(lambda) => ExprKind::Lambda(self.lambda(lambda, "".into(), span)),
            Ast::Error => ExprKind::Error,
        };
        Expr { kind, span }
    }

    pub(super) fn boxed(&mut self, expr: &'a ast::Expr) -> Box<Expr> {
        Box::new(self.expr(expr))
    }

    fn interpolated(&mut self, parts: &'a [ast::StrPart]) -> ExprKind {
        let parts = parts.iter().map(|part| match part {
            ast::StrPart::Text(text) => hir::FormatPart::Text(Rc::clone(text)),
            ast::StrPart::Expr { value, format } => {
                let format = format.as_ref().map(|name| Rc::clone(&name.text));
                hir::FormatPart::Expr(self.expr(value), format)
            }
        });
        ExprKind::Format(parts.collect())
    }

    fn member(
        &mut self,
        value: &'a ast::Expr,
        name: &ast::Name,
        optional: bool,
        span: Span,
    ) -> Expr {
        if let Some(import) = self.imported(value) {
            if optional {
                let message =
                    "for the module type, the use of '?.' is unnecessary: use '.' instead";
                self.error("CompileError", span, message);
            }
            return self.module_member(&import, &name.text, span);
        }
        let value = self.boxed(value);
        Expr { kind: ExprKind::Member { value, name: Rc::clone(&name.text), optional }, span }
    }

    /// Returns the module that an expression names, unless the name means something nearer.
    fn imported(&mut self, value: &ast::Expr) -> Option<super::Import> {
        let ast::ExprKind::Name(name) = &value.kind else { return None };
        let import = self.import(name)?;
        match self.try_resolve(name)? {
            ExprKind::Module(_) | ExprKind::SystemModule(_) => Some(import),
            _ => None,
        }
    }

    fn call(&mut self, callee: &'a ast::Expr, args: &'a ast::Args) -> ExprKind {
        if let ast::ExprKind::Member { value, name, optional } = &callee.kind {
            if &*name.text == "instances" {
                self.uses_instances = true;
            }
            if self.imported(value).is_none() {
                let value = self.boxed(value);
                let args = Box::new(self.args(args));
                let name = Rc::clone(&name.text);
                return ExprKind::CallMember { value, name, optional: *optional, args };
            }
        }
        let callee = self.boxed(callee);
        ExprKind::Call(callee, Box::new(self.args(args)))
    }

    pub(super) fn args(&mut self, args: &'a ast::Args) -> hir::Args {
        hir::Args {
            positional: args.positional.iter().map(|arg| self.expr(arg)).collect(),
            keyword: args
                .keyword
                .iter()
                .map(|(name, arg)| (Rc::clone(&name.text), self.expr(arg)))
                .collect(),
            names: args.keyword.iter().map(|(name, _)| name.span).collect(),
        }
    }

    fn items(&mut self, items: &'a [ast::ListItem]) -> Vec<hir::Item> {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &'a ast::ListItem) -> hir::Item {
        match item {
            ast::ListItem::Value(value) => hir::Item::Value(self.expr(value)),
            ast::ListItem::Star(value) => hir::Item::Star(self.expr(value)),
            ast::ListItem::If { branches, otherwise, .. } => {
                let branches = branches
                    .iter()
                    .map(|(condition, items)| (self.expr(condition), self.items(items)))
                    .collect();
                hir::Item::If(branches, self.items(otherwise))
            }
        }
    }

    fn comprehension<T>(
        &mut self,
        clauses: &'a [ast::Clause],
        body: impl FnOnce(&mut Self) -> T,
    ) -> (T, Vec<hir::Clause>) {
        let mut lowered = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let iter = self.expr(&clause.iter);
            let slots = self.open_loop(&clause.vars);
            let conditions = clause.conditions.iter().map(|c| self.expr(c)).collect();
            lowered.push(hir::Clause { slots, iter, conditions });
        }
        let body = body(self);
        for _ in clauses {
            self.close_scope();
        }
        (body, lowered)
    }

    fn quantifier(&mut self, quantifier: &'a ast::Quantifier) -> ExprKind {
        let iter = self.expr(&quantifier.iter);
        let slots = self.open_loop(&quantifier.vars);
        let test = self.expr(&quantifier.test);
        let condition = quantifier.condition.as_ref().map(|c| self.expr(c));
        self.close_scope();
        let kind = quantifier.kind;
        ExprKind::Quantifier(Box::new(hir::Quantifier { kind, slots, iter, test, condition }))
    }

    /// Opens a scope with the variables of a loop and returns their locals.
    fn open_loop(&mut self, vars: &[ast::Name]) -> Vec<Slot> {
        let Some(frame) = self.frames.last_mut() else { return Vec::new() };
        let names: Vec<(Text, Slot)> =
            vars.iter().map(|name| (Rc::clone(&name.text), frame.slot())).collect();
        let slots = names.iter().map(|(_, slot)| *slot).collect();
        frame.scopes.push(Scope::Loop(names));
        slots
    }

    pub(super) fn close_scope(&mut self) -> Option<Scope> {
        self.frames.last_mut()?.scopes.pop()
    }

    /// Lowers a lambda; `name` is what it is assigned to.
    pub(super) fn lambda(
        &mut self,
        lambda: &'a ast::Lambda,
        name: Text,
        span: Span,
    ) -> Rc<hir::Lambda> {
        let defaults: Vec<_> = lambda
            .params
            .iter()
            .map(|param| {
                let default = param.default.as_ref().map(|default| self.code(default));
                (default, param.ty.as_ref().map(|ty| self.ty(ty)))
            })
            .collect();
        let mut frame = Frame::default();
        let names: Vec<_> =
            lambda.params.iter().map(|p| (Rc::clone(&p.name.text), frame.slot())).collect();
        let params = lambda.params.iter().zip(defaults).zip(&names);
        let params = params
            .map(|((param, (default, ty)), (name, slot))| hir::Param {
                name: Rc::clone(name),
                ty,
                default,
                slot: *slot,
                span: param.name.span,
            })
            .collect();
        frame.scopes.push(Scope::Locals(names));
        let result = lambda.result.as_ref().map(|ty| self.ty(ty));
        self.frames.push(frame);
        let body = self.body(&lambda.body);
        let frame = self.frames.pop().unwrap_or_default();
        let captures =
            frame.captures.into_iter().map(|(_, slot, capture)| (slot, capture)).collect();
        Rc::new(hir::Lambda { params, captures, result, body, slots: frame.slots, name, span })
    }

    fn body(&mut self, statements: &'a [ast::Stmt]) -> Vec<hir::Stmt> {
        let mut lowered = Vec::with_capacity(statements.len());
        for statement in statements {
            self.body_statement(statement, &mut lowered);
        }
        lowered
    }

    fn body_statement(&mut self, statement: &'a ast::Stmt, out: &mut Vec<hir::Stmt>) {
        use ast::StmtKind as Ast;
        match &statement.kind {
            Ast::Assign { targets, ty, value } => {
                let ty = ty.as_ref().map(|ty| self.ty(ty));
                for target in targets {
                    let stmt = self.set(target, ty.clone(), SetOp::Assign, value);
                    out.push(stmt);
                }
            }
            Ast::AugAssign { target, op, value } => {
                out.push(self.set(target, None, SetOp::Aug(*op), value));
            }
            Ast::Unification { target, value } => {
                out.push(self.set(target, None, SetOp::Unify, value));
            }
            Ast::Expr(expr) => out.push(hir::Stmt::Expr(self.expr(expr))),
            Ast::If(stmt) => {
                let branches = stmt
                    .branches
                    .iter()
                    .map(|(condition, body)| (self.expr(condition), self.body(body)))
                    .collect();
                out.push(hir::Stmt::If(branches, self.body(&stmt.otherwise)));
            }
            Ast::Assert(check) => {
                let check = self.inline_check(check);
                out.push(hir::Stmt::Assert(check));
            }
            Ast::Annotation { target, ty } => {
                let _checked = self.ty(ty);
                let _declared = self.declare(&target.name.text);
            }
            Ast::Import(_)
            | Ast::Schema(_)
            | Ast::Rule(_)
            | Ast::TypeAlias { .. }
            | Ast::Attribute(_) => {
                self.error("CompileError", statement.span, "not allowed in the body of a lambda");
            }
        }
    }

    /// An assert of a lambda runs in the lambda's frame: its codes need no frame of their own.
    fn inline_check(&mut self, check: &'a ast::Check) -> hir::Check {
        let inline = |expr: Expr| hir::Code { expr, slots: 0 };
        hir::Check {
            condition: inline(self.expr(&check.condition)),
            guard: check.guard.as_ref().map(|e| inline(self.expr(e))),
            message: check.message.as_ref().map(|e| inline(self.expr(e))),
            span: check.span,
        }
    }

    fn set(
        &mut self,
        target: &'a ast::Target,
        ty: Option<Rc<hir::Type>>,
        op: SetOp,
        value: &'a ast::Expr,
    ) -> hir::Stmt {
        let name = &target.name.text;
        // A local lambda may call itself; any other value is computed before the name is there.
        let early = matches!(value.kind, ast::ExprKind::Lambda(_)).then(|| self.declare(name));
        let value = match &value.kind {
            ast::ExprKind::Lambda(lambda) => {
                let kind = ExprKind::Lambda(self.lambda(lambda, Rc::clone(name), value.span));
                Expr { kind, span: value.span }
            }
            _ => self.expr(value),
        };
        let path = self.steps(&target.path, false);
        let slot = early.unwrap_or_else(|| self.declare(name));
        hir::Stmt::Set { slot, ty, op, path, value, span: target.span }
    }

    /// Returns the local of a name of the current lambda, new or not.
    fn declare(&mut self, name: &Text) -> Slot {
        let Some(frame) = self.frames.last_mut() else { return 0 };
        let known = frame.scopes.iter().rev().find_map(|scope| match scope {
            Scope::Locals(names) => names.iter().find(|(n, _)| n == name).map(|(_, slot)| *slot),
            _ => None,
        });
        if let Some(slot) = known {
            return slot;
        }
        let slot = frame.slot();
        if let Some(Scope::Locals(names)) = frame.scopes.first_mut() {
            names.push((Rc::clone(name), slot));
        }
        slot
    }

    /// Lowers a target's path; indexes get frames of their own outside lambdas.
    pub(super) fn steps(
        &mut self,
        path: &'a [ast::TargetStep],
        own_frames: bool,
    ) -> Vec<hir::Step> {
        path.iter()
            .map(|step| match step {
                ast::TargetStep::Member(name) => {
                    hir::Step::Member(Rc::clone(&name.text), name.span)
                }
                ast::TargetStep::Index(index) if own_frames => hir::Step::Index(self.code(index)),
                ast::TargetStep::Index(index) => {
                    hir::Step::Index(hir::Code { expr: self.expr(index), slots: 0 })
                }
            })
            .collect()
    }
}
