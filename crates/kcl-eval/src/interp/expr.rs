//! Expressions.

use super::{Interp, place};
use crate::compare::compare;
use crate::library::{Eval, Item as NativeItem, error};
use crate::ops;
use crate::schema::Slot;
use crate::text;
use crate::value::{Closure, Text, Value};
use akua_source::Span;
use kcl_sema::hir::{self, BinOp, Capture, Expr, ExprKind};
use std::rc::Rc;

impl Interp<'_> {
    /// Evaluates an expression in the current frame.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Eval<Value> {
        match &expr.kind {
            ExprKind::Local(slot) => Ok(self.local(*slot)),
            ExprKind::Attr(slot) => self.scope_attr(*slot),
            ExprKind::Global(package, at) => self.global(*package, *at),
            ExprKind::Str(value) => Ok(Value::Str(Rc::clone(value))),
            ExprKind::Int(value) => Ok(Value::Int(*value)),
            ExprKind::Bool(value) => Ok(Value::Bool(*value)),
            ExprKind::Float(value) => Ok(Value::Float(*value)),
            ExprKind::None => Ok(Value::None),
            ExprKind::Undefined | ExprKind::Error | ExprKind::SystemModule(_) => {
                Ok(Value::Undefined)
            }
            ExprKind::Multiplied(value, multiplier) => Ok(Value::Multiplied(*value, *multiplier)),
            ExprKind::IntOverflow(text) => {
                let failure =
                    error("EvaluationError", format!("{text}: A 64 bit integer overflow"));
                Err(place(failure, expr.span))
            }
            ExprKind::Schema(id) => Ok(Value::Schema(*id)),
            ExprKind::Native(id) => Ok(self.native_value(*id)),
            ExprKind::Module(id) => Ok(Value::Module(*id)),
            ExprKind::Lambda(lambda) => self.closure(lambda, None),
            _ => {
                self.budget.nest().map_err(|error| place(error, expr.span))?;
                self.step(expr.span)?;
                let value = self.compound(expr);
                self.budget.unnest();
                value
            }
        }
    }

    /// Charges one step.
    #[inline]
    pub(crate) fn step(&mut self, span: Span) -> Eval<()> {
        if self.budget.step() {
            let memory_bytes = self.world.memory_bytes();
            self.budget.look(memory_bytes).map_err(|error| place(error, span))?;
        }
        Ok(())
    }

    /// Evaluates what is made of other expressions.
    #[inline]
    fn compound(&mut self, expr: &Expr) -> Eval<Value> {
        match &expr.kind {
            ExprKind::Dict(dict) => self.dict(dict, false).map(Value::dict),
            ExprKind::List(items) => self.list(items),
            ExprKind::Member { value, name, optional } => {
                self.member_expr(value, name, *optional, expr.span)
            }
            ExprKind::CallMember { value, name, optional, args } => {
                self.call_member(value, name, *optional, args, expr.span)
            }
            ExprKind::Call(callee, args) => self.call_expr(callee, args, expr.span),
            ExprKind::Config { head, args, dict } => {
                self.config(head, args.as_deref(), dict, expr.span)
            }
            _ => self.operator(expr),
        }
    }

    /// Evaluates what computes: operators, indexes, comprehensions.
    #[inline(never)]
    fn operator(&mut self, expr: &Expr) -> Eval<Value> {
        match &expr.kind {
            ExprKind::Sibling { slot, key, otherwise } => {
                self.sibling(*slot, key, otherwise.as_deref())
            }
            ExprKind::Format(parts) => self.format(parts),
            ExprKind::Binary(a, op, b) => self.binary(a, *op, b, expr.span),
            ExprKind::Compare(first, rest) => self.compare(first, rest, expr.span),
            ExprKind::Unary(op, value) => {
                let value = self.expr(value)?;
                ops::unary(*op, &value).map_err(|e| place(e, expr.span))
            }
            ExprKind::And(a, b) => {
                let a = self.expr(a)?;
                if a.is_truthy() { self.expr(b) } else { Ok(a) }
            }
            ExprKind::Or(a, b) => {
                let a = self.expr(a)?;
                if a.is_truthy() { Ok(a) } else { self.expr(b) }
            }
            ExprKind::Ternary(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.expr(condition)?.is_truthy() {
                    self.expr(then)
                } else {
                    self.expr(otherwise)
                }
            }
            ExprKind::As(value, ty) => {
                let value = self.expr(value)?;
                self.convert(value, ty, expr.span)
            }
            ExprKind::Index { value, index, optional } => {
                self.index(value, index, *optional, expr.span)
            }
            ExprKind::Slice { value, bounds, optional } => {
                self.slice(value, bounds, *optional, expr.span)
            }
            ExprKind::ListComp(item, clauses) => self.list_comp(item, clauses),
            ExprKind::DictComp(dict, clauses) => self.dict_comp(dict, clauses),
            ExprKind::Quantifier(quantifier) => self.quantifier(quantifier),
            _ => Ok(Value::Undefined),
        }
    }

    /// Reads an attribute of the instance that the code belongs to.
    fn scope_attr(&mut self, slot: hir::Slot) -> Eval<Value> {
        let Some(scope) = &self.scope else { return Ok(Value::Undefined) };
        if let Some(Slot::Done(value)) = scope.slots.borrow().get(slot as usize) {
            return Ok(value.clone());
        }
        let scope = Rc::clone(scope);
        self.attr(&scope, slot as usize)
    }

    fn sibling(&mut self, slot: hir::Slot, key: &str, otherwise: Option<&Expr>) -> Eval<Value> {
        let at = self.base.saturating_add(slot as usize);
        if let Some(Value::Dict(dict)) = self.stack.get(at)
            && let Some(value) = dict.get(key)
        {
            return Ok(value.clone());
        }
        otherwise.map_or(Ok(Value::Undefined), |expr| self.expr(expr))
    }

    fn native_value(&self, id: hir::NativeId) -> Value {
        match self.library.get(id).map(|native| native.item) {
            Some(NativeItem::Constant(make)) => make(),
            _ => Value::Native(id),
        }
    }

    /// Makes a closure; `target` is the local it is assigned to, which it may call itself by.
    pub(super) fn closure(
        &mut self,
        lambda: &Rc<hir::Lambda>,
        target: Option<hir::Slot>,
    ) -> Eval<Value> {
        let mut captured = Vec::with_capacity(lambda.captures.len());
        for (_, capture) in &lambda.captures {
            captured.push(match capture {
                // Holds the place of the closure itself: it cannot hold a pointer to itself.
                Capture::Local(slot) if Some(*slot) == target => Value::Module(SELF),
                Capture::Local(slot) => self.local(*slot),
                Capture::Expr(expr) => self.expr(expr)?,
            });
        }
        Ok(Value::Closure(Rc::new(Closure {
            lambda: Rc::clone(lambda),
            captured: captured.into(),
            scope: self.scope.clone(),
        })))
    }

    fn format(&mut self, parts: &[hir::FormatPart]) -> Eval<Value> {
        let mut out = String::new();
        for part in parts {
            match part {
                hir::FormatPart::Text(text) => out.push_str(text),
                hir::FormatPart::Expr(expr, format) => {
                    let value = self.expr(expr)?;
                    let value = self.force_deep(value)?;
                    self.format_value(&value, format.as_ref(), expr.span, &mut out)?;
                }
            }
        }
        Ok(Value::str(out))
    }

    fn format_value(
        &mut self,
        value: &Value,
        format: Option<&Text>,
        span: Span,
        out: &mut String,
    ) -> Eval<()> {
        let module = match format.map(|format| &**format) {
            None | Some("") => {
                out.push_str(&text::display(value));
                return Ok(());
            }
            Some(spec) if spec.eq_ignore_ascii_case("#json") => "json",
            Some(spec) if spec.eq_ignore_ascii_case("#yaml") => "yaml",
            Some(other) => {
                let message = format!("invalid format spec: '{other}': expected #json or #yaml");
                return Err(place(error("EvaluationError", message), span));
            }
        };
        let encoded = self.call_library(module, "encode", vec![value.clone()], span)?;
        out.push_str(encoded.as_str().unwrap_or_default());
        Ok(())
    }

    fn binary(&mut self, a: &Expr, op: BinOp, b: &Expr, span: Span) -> Eval<Value> {
        let a = self.expr(a)?;
        let b = self.expr(b)?;
        self.binary_values(a, op, b, span)
    }

    pub(super) fn binary_values(
        &mut self,
        a: Value,
        op: BinOp,
        b: Value,
        span: Span,
    ) -> Eval<Value> {
        let result = if op == BinOp::BitOr {
            self.union_operator(a, b, span)
        } else {
            ops::binary(op, &a, &b)
        };
        result.and_then(|value| self.in_range(value)).map_err(|e| place(e, span))
    }

    /// Checks that a number fits 32 bits, where that is asked for.
    pub(super) fn in_range(&self, value: Value) -> Eval<Value> {
        if !self.settings.strict_range_check {
            return Ok(value);
        }
        match value {
            Value::Int(number) if i32::try_from(number).is_err() => {
                Err(error("EvaluationError", format!("{number}: A 32 bit integer overflow")))
            }
            Value::Float(number) if number.is_finite() && number.abs() > f64::from(f32::MAX) => {
                let message = format!("{number:e}: A 32-bit floating point number overflow");
                Err(error("EvaluationError", message))
            }
            other => Ok(other),
        }
    }

    fn compare(&mut self, first: &Expr, rest: &[(hir::CmpOp, Expr)], span: Span) -> Eval<Value> {
        let mut left = self.expr(first)?;
        for (op, right) in rest {
            let value = self.expr(right)?;
            let right = self.force(value)?;
            left = self.force(left)?;
            let found = compare(*op, &left, &right, &mut self.budget);
            if !found.map_err(|error| place(error, span))? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn member_expr(
        &mut self,
        value: &Expr,
        name: &Text,
        optional: bool,
        span: Span,
    ) -> Eval<Value> {
        let value = self.expr(value)?;
        self.member(value, name, optional, span)
    }

    /// Reads a member of a value.
    pub(super) fn member(
        &mut self,
        value: Value,
        name: &Text,
        optional: bool,
        span: Span,
    ) -> Eval<Value> {
        // `?.` asks whether there is anything, not whether there is this.
        if optional && !value.is_truthy() {
            return Ok(Value::None);
        }
        match &value {
            Value::Dict(dict) => Ok(dict.get(name).cloned().unwrap_or_default()),
            Value::Instance(instance) => {
                if let Some(found) = instance.attrs.get(name) {
                    return Ok(found.clone());
                }
                let known = instance
                    .schema
                    .attrs
                    .iter()
                    .any(|attr| attr.name == *name && attr.kind == hir::AttrKind::Public);
                if known || instance.schema.index.is_some() {
                    return Ok(Value::Undefined);
                }
                let message = format!("attribute '{name}' not found in '{}'", instance.schema.name);
                Err(place(error("TypeError", message), span))
            }
            Value::Opaque(_) => {
                let value = self.force(value)?;
                self.member(value, name, optional, span)
            }
            Value::Str(_) | Value::Schema(_) => {
                Ok(Value::Method(Rc::new((value, Rc::clone(name)))))
            }
            other => {
                let message =
                    format!("invalid value '{}' to load attribute '{name}'", text::type_of(other));
                let mut failure = error("EvaluationError", message);
                if other.is_nullish() {
                    failure.helps.push(format!("use `?.{name}` where there may be no value"));
                }
                Err(place(failure, span))
            }
        }
    }
}

/// Marks a captured value that stands for the closure itself. No package has this number.
pub(super) const SELF: hir::PackageId = hir::PackageId(u32::MAX);
