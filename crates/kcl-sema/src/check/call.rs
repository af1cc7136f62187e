//! Calls: how many arguments, by which names, of which types.

use super::{
    Checker, Site,
    types::{FunctionTy, ParamTy, Ty},
};
use crate::hir::{Args, SchemaId};
use crate::{diagnostic, similar::similar};
use akua_source::Span;
use std::rc::Rc;

impl<'p> Checker<'p> {
    /// Checks a call and returns the type of its result.
    pub(super) fn call(&mut self, callee: &Ty, args: &'p Args, span: Span) -> Ty {
        match callee {
            Ty::Function(function) => {
                self.arguments(function, args, span);
                function.result.clone()
            }
            Ty::Class(id) => {
                self.schema_arguments(*id, Some(args), span);
                Ty::Schema(*id)
            }
            Ty::Any | Ty::Void | Ty::Union(_) => {
                self.unchecked(args);
                Ty::Any
            }
            other => {
                self.unchecked(args);
                let message =
                    format!("'{}' object is not callable", other.widened().shown(self.program));
                self.error("CompileError", span, message);
                Ty::Any
            }
        }
    }

    /// Checks the arguments of a schema.
    pub(super) fn schema_arguments(&mut self, id: SchemaId, args: Option<&'p Args>, span: Span) {
        let Some(schema) = self.program.schemas.get(id.0 as usize) else { return };
        if schema.is_rule {
            return args.into_iter().for_each(|args| self.unchecked(args));
        }
        let params = schema.params.iter().map(|param| ParamTy {
            name: Rc::clone(&param.name),
            ty: param.ty.as_deref().map_or(Ty::Any, Ty::declared),
            optional: param.default.is_some(),
            span: Some(param.span),
        });
        if schema.params.is_empty()
            && args.is_none_or(|args| args.positional.is_empty() && args.keyword.is_empty())
        {
            return;
        }
        let function = FunctionTy::new(params.collect(), Ty::Schema(id), true);
        match args {
            Some(args) => self.arguments(&function, args, span),
            None => self.missing(&function, 0, &[], span),
        }
    }

    fn unchecked(&mut self, args: &'p Args) {
        for arg in args.positional.iter().chain(args.keyword.iter().map(|(_, arg)| arg)) {
            let _ty = self.expr(arg);
        }
    }

    fn arguments(&mut self, function: &FunctionTy, args: &'p Args, span: Span) {
        let most = function.params.len();
        for (at, arg) in args.positional.iter().enumerate() {
            if let Some(param) = function.params.get(at) {
                self.argument(arg, param);
                continue;
            }
            let _ty = self.expr(arg);
            if !function.variadic && at == most {
                let (plural, found) = (plural(most), args.positional.len());
                let message = format!("expected {most} argument{plural} at most, found {found}");
                self.error("CompileError", arg.span, message);
            }
        }
        let mut given = Vec::with_capacity(args.keyword.len());
        for (at, (name, arg)) in args.keyword.iter().enumerate() {
            let found = function.params.iter().position(|param| param.name == *name);
            if let Some(param) = found.and_then(|at| function.params.get(at)) {
                given.extend(found);
                self.argument(arg, param);
                continue;
            }
            let _ty = self.expr(arg);
            if !function.variadic && function.named {
                let span = args.names.get(at).copied().unwrap_or(arg.span);
                self.unexpected_keyword(function, name, span);
            }
        }
        if function.named || args.keyword.is_empty() {
            self.missing(function, args.positional.len(), &given, span);
        }
    }

    fn argument(&mut self, arg: &'p crate::hir::Expr, param: &ParamTy) {
        let site = Site { span: arg.span, declared: param.span };
        let _ty = self.check(arg, &param.ty, site);
    }

    fn unexpected_keyword(&mut self, function: &FunctionTy, name: &str, span: Span) {
        let message = format!("unexpected keyword argument '{name}'");
        let mut found = diagnostic("CompileError", span, message);
        let names = function.params.iter().map(|param| &*param.name);
        if let Some(close) = similar(name, names) {
            found = found.help(format!("did you mean `{close}`?"));
        }
        self.report(found);
    }

    /// Reports parameters that no argument is for.
    fn missing(&mut self, function: &FunctionTy, count: usize, given: &[usize], span: Span) {
        let open = function.params.iter().enumerate().skip(count);
        let open: Vec<&ParamTy> = open
            .filter(|(at, param)| !param.optional && !given.contains(at))
            .map(|(_, param)| param)
            .collect();
        let Some(first) = open.first() else { return };
        let wanted = function.params.iter().filter(|param| !param.optional).count();
        let plural = plural(wanted);
        let found = count.saturating_add(given.len());
        let names: Vec<String> = open.iter().map(|param| format!("`{}`", param.name)).collect();
        let message = if function.named {
            format!(
                "expected {wanted} argument{plural}, found {found}: {} missing",
                names.join(", ")
            )
        } else {
            format!("expected {wanted} argument{plural}, found {found}")
        };
        let mut report = diagnostic("CompileError", span, message);
        if let Some(declared) = first.span {
            report = report.label(declared, "declared here, without a default");
        }
        self.report(report);
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
