//! Calls: lambdas, schemas, native functions, member functions of strings.

use super::{Interp, expr::SELF, place, setters::Change};
use crate::dict::Dict;
use crate::library::{Args, Eval, Item, error};
use crate::text::type_of;
use crate::value::{Closure, Text, Value};
use akua_source::{Frame, Span};
use kcl_sema::Natives as _;
use kcl_sema::hir::{self, Expr, ExprKind, Stmt};
use std::rc::Rc;

/// Frames of a call trace that are kept, innermost first.
const TRACE_LIMIT: usize = 16;

impl Interp<'_> {
    /// Calls a function value; for native functions that take functions.
    ///
    /// # Errors
    /// What the function fails with, or `TypeError` if it is none.
    pub fn call(&mut self, callee: &Value, args: Args) -> Eval<Value> {
        self.call_value(callee, args, Span::default())
    }

    /// Calls a function of the library by module and name.
    pub(super) fn call_library(
        &mut self,
        module: &str,
        name: &str,
        args: Vec<Value>,
        span: Span,
    ) -> Eval<Value> {
        let Some(id) = self.library.member(module, name) else {
            return Err(place(
                error("EvaluationError", format!("{module}.{name} is not available")),
                span,
            ));
        };
        let args = Args { positional: args, ..Args::default() };
        self.call_value(&Value::Native(id), args, span)
    }

    pub(super) fn args(&mut self, args: &hir::Args) -> Eval<Args> {
        let mut positional = Vec::with_capacity(args.positional.len());
        for arg in &args.positional {
            positional.push(self.expr(arg)?);
        }
        let mut keyword = Vec::with_capacity(args.keyword.len());
        for (name, arg) in &args.keyword {
            keyword.push((Rc::clone(name), self.expr(arg)?));
        }
        Ok(Args { receiver: Value::Undefined, positional, keyword })
    }

    pub(super) fn call_expr(&mut self, callee: &Expr, args: &hir::Args, span: Span) -> Eval<Value> {
        let value = self.expr(callee)?;
        let args = self.args(args)?;
        self.call_value(&value, args, span)
    }

    pub(super) fn call_member(
        &mut self,
        value: &Expr,
        name: &Text,
        optional: bool,
        args: &hir::Args,
        span: Span,
    ) -> Eval<Value> {
        let receiver = self.expr(value)?;
        match &receiver {
            Value::Str(_) => {
                let mut args = self.args(args)?;
                args.receiver = receiver;
                self.string_method(name, args, span)
            }
            Value::Schema(id) if &**name == "instances" => Ok(self.instances_of(*id)),
            Value::None | Value::Undefined if optional => Ok(Value::None),
            _ => {
                let callee = self.member(receiver, name, optional, span)?;
                let args = self.args(args)?;
                self.call_value(&callee, args, span)
            }
        }
    }

    fn string_method(&mut self, name: &str, args: Args, span: Span) -> Eval<Value> {
        let Some(function) = self.library.string_method(name) else {
            let message = format!("attribute '{name}' not found in 'str'");
            return Err(place(error("TypeError", message), span));
        };
        function(self, args).map_err(|e| place(e, span))
    }

    fn call_value(&mut self, callee: &Value, args: Args, span: Span) -> Eval<Value> {
        match callee {
            Value::Closure(closure) => self.call_closure(closure, args, span),
            Value::Native(id) => match self.library.get(*id).map(|native| native.item) {
                Some(Item::Function(function)) => function(self, args).map_err(|e| place(e, span)),
                _ => Err(place(error("TypeError", "the value is not callable"), span)),
            },
            Value::Schema(id) => {
                let Some(schema) = self.schema(*id) else { return Ok(Value::Undefined) };
                let params = self.schema_params(&schema, args, span)?;
                let made = self.instantiate(&schema, params, Rc::new(Dict::default()), span);
                made.map_err(|e| place(e, span))
            }
            Value::Method(method) => match &**method {
                (Value::Schema(id), name) if &**name == "instances" => Ok(self.instances_of(*id)),
                (receiver, name) => {
                    let args = Args { receiver: receiver.clone(), ..args };
                    self.string_method(name, args, span)
                }
            },
            other => {
                let message = format!("'{}' object is not callable", type_of(other));
                Err(place(error("TypeError", message), span))
            }
        }
    }

    fn call_closure(&mut self, closure: &Rc<Closure>, args: Args, span: Span) -> Eval<Value> {
        let lambda = &closure.lambda;
        self.budget.enter().map_err(|e| place(e, span))?;
        let base = self.push_frame(lambda.slots);
        let scope = std::mem::replace(&mut self.scope, closure.scope.clone());
        let result = self.bind_params(closure, args, span).and_then(|()| self.run_lambda(lambda));
        self.scope = scope;
        self.pop_frame(base);
        self.budget.leave();
        result.map_err(|mut failure| {
            if failure.trace.len() < TRACE_LIMIT {
                let callee = if lambda.name.is_empty() { "lambda" } else { &*lambda.name };
                failure.trace.push(Frame { span, callee: callee.to_owned() });
            }
            failure
        })
    }

    fn bind_params(&mut self, closure: &Rc<Closure>, mut args: Args, span: Span) -> Eval<()> {
        let lambda = &closure.lambda;
        if args.positional.len() > lambda.params.len() {
            let message = format!(
                "lambda takes {} positional arguments but {} were given",
                lambda.params.len(),
                args.positional.len()
            );
            return Err(place(error("TypeError", message), span));
        }
        for (at, param) in lambda.params.iter().enumerate() {
            let value = match (args.take(at, &param.name), &param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.code(default)?,
                (None, None) => {
                    let message = format!("missing the required argument '{}'", param.name);
                    return Err(place(error("TypeError", message), span));
                }
            };
            let value = match &param.ty {
                Some(ty) => self.coerce(value, ty, span).map_err(|e| place(e, span))?,
                None => value,
            };
            self.set_local(param.slot, value);
        }
        if let Some((name, _)) = args.keyword.first() {
            let message = format!("got an unexpected keyword argument '{name}'");
            return Err(place(error("TypeError", message), span));
        }
        for ((slot, _), value) in lambda.captures.iter().zip(&closure.captured) {
            let value = match value {
                Value::Module(SELF) => Value::Closure(Rc::clone(closure)),
                other => other.clone(),
            };
            self.set_local(*slot, value);
        }
        Ok(())
    }

    fn run_lambda(&mut self, lambda: &hir::Lambda) -> Eval<Value> {
        let value = self.statements(&lambda.body)?;
        match &lambda.result {
            Some(ty) => self.coerce(value, ty, lambda.span).map_err(|e| place(e, lambda.span)),
            None => Ok(value),
        }
    }

    fn statements(&mut self, statements: &[Stmt]) -> Eval<Value> {
        let mut last = Value::Undefined;
        for statement in statements {
            last = self.statement(statement)?;
        }
        Ok(last)
    }

    fn statement(&mut self, statement: &Stmt) -> Eval<Value> {
        match statement {
            Stmt::Expr(expr) => self.expr(expr),
            Stmt::Set { slot, ty, op, path, value, span } => {
                let value = match &value.kind {
                    ExprKind::Lambda(lambda) => self.closure(lambda, Some(*slot))?,
                    _ => self.expr(value)?,
                };
                let value = if path.is_empty() && *op == hir::SetOp::Assign {
                    value
                } else {
                    let old = self.take_local(*slot);
                    self.change(old, path, Change { op: *op, value, span: *span })?
                };
                let value = match ty {
                    Some(ty) => self.coerce(value, ty, *span).map_err(|e| place(e, *span))?,
                    None => value,
                };
                self.set_local(*slot, value.clone());
                Ok(value)
            }
            Stmt::If(branches, otherwise) => {
                for (condition, body) in branches {
                    if self.expr(condition)?.is_truthy() {
                        return self.statements(body);
                    }
                }
                self.statements(otherwise)
            }
            Stmt::Assert(check) => {
                self.assert(check)?;
                Ok(Value::Undefined)
            }
        }
    }
}
