//! Lambdas: their types, and the statements of their bodies.

use super::{
    Checker, Frame, Site,
    setter::Variable,
    types::{FunctionTy, ParamTy, Ty},
};
use crate::diagnostic;
use crate::hir::{Capture, Lambda, SetOp, Stmt};
use std::rc::Rc;

impl<'p> Checker<'p> {
    /// Checks a lambda's body and returns its type.
    pub(super) fn lambda(&mut self, lambda: &'p Lambda) -> Ty {
        let mut frame = Frame { locals: vec![None; lambda.slots as usize], literals: Vec::new() };
        let mut params = Vec::with_capacity(lambda.params.len());
        for param in &lambda.params {
            let ty = param.ty.as_deref().map_or(Ty::Any, Ty::declared);
            if let Some(default) = &param.default {
                let _ty = self.code(default);
            }
            if let Some(local) = frame.locals.get_mut(param.slot as usize) {
                *local = Some(ty.clone());
            }
            params.push(ParamTy {
                name: Rc::clone(&param.name),
                ty,
                optional: param.default.is_some(),
                span: Some(param.span),
            });
        }
        for (slot, capture) in &lambda.captures {
            let ty = match capture {
                Capture::Local(source) => self.local(*source),
                Capture::Expr(expr) => self.expr(expr),
            };
            if let Some(local) = frame.locals.get_mut(*slot as usize) {
                *local = Some(ty);
            }
        }
        let declared = lambda.result.as_deref().map(Ty::declared);
        self.frames.push(frame);
        let partial = std::mem::take(&mut self.partial);
        let result = self.body(&lambda.body, declared.as_ref());
        self.partial = partial;
        self.frames.pop();
        let result = declared.unwrap_or(result);
        Ty::Function(Rc::new(FunctionTy::new(params, result, true)))
    }

    /// Walks statements and returns the type of the value of the last one.
    fn body(&mut self, body: &'p [Stmt], declared: Option<&Ty>) -> Ty {
        let Some((last, before)) = body.split_last() else { return Ty::Void };
        for stmt in before {
            let _ty = self.stmt(stmt, None);
        }
        if let Stmt::If(branches, _) = last
            && let Some((condition, _)) = branches.first()
        {
            let message = "the last statement of a lambda must be an expression";
            let found = diagnostic("CompileError", condition.span, message);
            self.report(found.help("write the value as `a if condition else b`"));
        }
        self.stmt(last, declared)
    }

    /// Walks the statements of a branch.
    fn branch(&mut self, body: &'p [Stmt]) {
        for stmt in body {
            let _ty = self.stmt(stmt, None);
        }
    }

    fn stmt(&mut self, stmt: &'p Stmt, declared: Option<&Ty>) -> Ty {
        match stmt {
            Stmt::Expr(expr) => match declared {
                Some(declared) => {
                    self.check(expr, declared, Site { span: expr.span, declared: None })
                }
                None => self.expr(expr),
            },
            Stmt::Set { slot, ty, op, path, value, span } => {
                let ty = ty.as_deref().map(Ty::declared);
                let known = self.frames.last().and_then(|f| f.locals.get(*slot as usize));
                let known = ty.clone().or_else(|| known.cloned().flatten());
                let plain = path.is_empty() && *op == SetOp::Assign;
                let mut variable = Variable::new(known, None);
                self.set(&mut variable, path, *op, (value, *span), true);
                let found = variable.into_ty();
                if let Some(frame) = self.frames.last_mut()
                    && let Some(local) = frame.locals.get_mut(*slot as usize)
                {
                    *local = Some(found.clone());
                }
                if let Some(declared) = declared.filter(|_| plain) {
                    self.expect(&found, declared, Site { span: *span, declared: None });
                }
                found
            }
            Stmt::If(branches, otherwise) => {
                for (condition, body) in branches {
                    let _ty = self.expr(condition);
                    self.branch(body);
                }
                self.branch(otherwise);
                // What a branch leaves is only known when it runs.
                Ty::Any
            }
            Stmt::Assert(check) => {
                self.check_line(check, true);
                Ty::Any
            }
        }
    }
}
