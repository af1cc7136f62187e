//! Statements that set variables and attributes: the first one decides the type, the others obey.

use super::{Checker, NESTED_LIMIT, Site, assign, ops, types::Ty};
use crate::hir::{self, BinOp, PackageId, SetOp, Setter, Step};
use akua_source::Span;

/// How far the type of a variable is known.
#[derive(Debug, Clone)]
pub(super) enum State {
    Waiting,
    Running,
    Done(Ty),
}

/// What a variable may hold, while its statements are walked.
pub(super) struct Variable {
    /// Its type so far; `None` before the first statement that says something.
    ty: Option<Ty>,
    /// Where its type is declared.
    declared: Option<Span>,
}

impl Variable {
    pub(super) fn new(ty: Option<Ty>, declared: Option<Span>) -> Self {
        Self { ty, declared }
    }

    /// Returns its type for those who read it; nothing is known of what is only ever None.
    pub(super) fn into_ty(self) -> Ty {
        match self.ty {
            None | Some(Ty::Void) => Ty::Any,
            Some(ty) => ty,
        }
    }

    /// Returns the type that a value must have, if one is known.
    pub(super) fn expected(&self) -> Option<&Ty> {
        self.ty.as_ref().filter(|ty| !matches!(ty, Ty::Void))
    }

    /// Takes the type of a value, if it has none yet.
    pub(super) fn take(&mut self, value: &Ty) {
        if self.expected().is_none() {
            self.ty = Some(value.widened());
        }
    }
}

impl<'p> Checker<'p> {
    /// Returns the type of a global; walks its statements the first time.
    pub(super) fn global_ty(&mut self, package: PackageId, at: usize) -> Ty {
        let Some(global) = self
            .program
            .packages
            .get(package.0 as usize)
            .and_then(|package| package.globals.get(at))
        else {
            return Ty::Any;
        };
        let declared = || global.ty.as_deref().map(Ty::declared);
        let too_deep = self.nested >= NESTED_LIMIT;
        let Some(state) = self.globals.get_mut(package.0 as usize).and_then(|all| all.get_mut(at))
        else {
            return Ty::Any;
        };
        match state {
            State::Done(ty) => return ty.clone(),
            State::Waiting if !too_deep => *state = State::Running,
            State::Running | State::Waiting => return declared().unwrap_or(Ty::Any),
        }
        let ty = self.apart(None, |checker| {
            let variable = Variable::new(declared(), global.ty.as_ref().map(|_| global.span));
            checker.setters(&global.setters, variable)
        });
        if let Some(state) =
            self.globals.get_mut(package.0 as usize).and_then(|all| all.get_mut(at))
        {
            *state = State::Done(ty.clone());
        }
        ty
    }

    /// Walks the statements that set something and returns its type.
    fn setters(&mut self, setters: &'p [Setter], mut variable: Variable) -> Ty {
        let several = setters.len() > 1;
        for setter in setters {
            self.setter(setter, &mut variable, several);
        }
        variable.into_ty()
    }

    /// Walks one statement that sets something.
    pub(super) fn setter(&mut self, setter: &'p Setter, variable: &mut Variable, several: bool) {
        self.guards(&setter.guards);
        self.partial = several && setter.op == SetOp::Unify;
        self.framed(setter.value.slots, |checker| {
            let value = &setter.value.expr;
            checker.set(variable, &setter.path, setter.op, (value, setter.target), false);
        });
        self.partial = false;
    }

    /// Checks `target op value`, the target being a path below a variable.
    pub(super) fn set(
        &mut self,
        variable: &mut Variable,
        path: &'p [Step],
        op: SetOp,
        (value, target): (&'p hir::Expr, Span),
        inline: bool,
    ) {
        let expected = if path.is_empty() {
            variable.expected().cloned()
        } else {
            let start = variable.expected().cloned().unwrap_or(Ty::Any);
            Some(self.path(start, path, target, inline))
        };
        let site = Site { span: target, declared: variable.declared };
        if let SetOp::Aug(op) = op {
            return self.augmented(op, expected, value, site);
        }
        match expected {
            Some(Ty::Any) => {
                let _ty = self.expr(value);
            }
            Some(expected) => {
                let _ty = self.check(value, &expected, site);
            }
            None => {
                let ty = self.expr(value);
                self.expect(&ty, &Ty::Any, site);
                variable.take(&ty);
            }
        }
    }

    fn augmented(&mut self, op: BinOp, left: Option<Ty>, value: &'p hir::Expr, site: Site) {
        let Some(left) = left else {
            let _ty = self.expr(value);
            return;
        };
        let right = match &left {
            // An added literal list may have configs of schemas in it.
            Ty::List(_) if op == BinOp::Add => self.infer(value, Some(&left)),
            _ => self.expr(value),
        };
        match ops::binary(op, &left, &right) {
            Some(result) if !assign::assignable(self.program, &result, &left) => {
                self.mismatch(&result, &left, site);
            }
            Some(_) => {}
            None => self.unsupported(op.text(), &left, &right, site.span),
        }
    }

    /// Follows a target's path from the type of its variable.
    fn path(&mut self, start: Ty, path: &'p [Step], target: Span, inline: bool) -> Ty {
        let mut ty = start;
        for step in path {
            ty = match step {
                Step::Member(name, span) if matches!(ty, Ty::Schema(_)) => {
                    self.member(&ty, name, *span)
                }
                Step::Member(name, _) => match &ty {
                    Ty::Dict(dict) => {
                        dict.entry(name).map_or_else(|| dict.value.clone(), |e| e.ty.clone())
                    }
                    _ => Ty::Any,
                },
                Step::Index(code) => {
                    let index = if inline { self.expr(&code.expr) } else { self.code(code) };
                    match &ty {
                        Ty::List(_) | Ty::Dict(_) | Ty::Schema(_) => {
                            self.element(&ty, &index, target, code.expr.span)
                        }
                        _ => Ty::Any,
                    }
                }
            };
        }
        ty
    }
}
