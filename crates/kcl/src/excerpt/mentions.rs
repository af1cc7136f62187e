//! The names that a piece of syntax mentions, whatever they mean there.
//!
//! Names are not resolved: a local variable counts like the global that it hides. So what mentions
//! none of some names does not depend on them.

use kcl_syntax::ast::{
    Args, Check, Clause, Decorator, Entry, Expr, ExprKind, Key, KeyKind, ListItem, Param, Path,
    Schema, Stmt, StmtKind, StrPart, Target, TargetStep, Text, Type, TypeKind,
};

/// What is found on the way.
pub(crate) enum Seen<'s> {
    /// A name.
    Name(&'s Text),
    /// A call: what is called, and with what.
    Call(&'s Expr, &'s Args),
}

/// Takes each name, and each call.
pub(crate) type Names<'n> = dyn FnMut(Seen<'_>) + 'n;

/// Names of a statement.
pub(crate) fn statement(stmt: &Stmt, names: &mut Names<'_>) {
    match &stmt.kind {
        StmtKind::Import(_) => {}
        StmtKind::Assign { targets, ty, value } => {
            for target in targets {
                self::target(target, names);
            }
            if let Some(ty) = ty {
                self::ty(ty, names);
            }
            expr(value, names);
        }
        StmtKind::AugAssign { target, value, .. } | StmtKind::Unification { target, value } => {
            self::target(target, names);
            expr(value, names);
        }
        StmtKind::Annotation { target, ty } => {
            self::target(target, names);
            self::ty(ty, names);
        }
        StmtKind::Expr(value) => expr(value, names),
        StmtKind::If(branches) => {
            for (condition, body) in &branches.branches {
                expr(condition, names);
                for stmt in body {
                    statement(stmt, names);
                }
            }
            for stmt in &branches.otherwise {
                statement(stmt, names);
            }
        }
        StmtKind::Assert(line) => check(line, names),
        StmtKind::Schema(schema) => self::schema(schema, names),
        StmtKind::Rule(rule) => {
            for d in &rule.decorators {
                decorator(d, names);
            }
            for p in &rule.params {
                param(p, names);
            }
            for p in rule.bases.iter().chain(&rule.host) {
                path(p, names);
            }
            for line in &rule.checks {
                check(line, names);
            }
        }
        StmtKind::TypeAlias { ty, .. } => self::ty(ty, names),
        StmtKind::Attribute(attribute) => {
            for d in &attribute.decorators {
                decorator(d, names);
            }
            ty(&attribute.ty, names);
            if let Some((_, value)) = &attribute.default {
                expr(value, names);
            }
        }
    }
}

fn schema(schema: &Schema, names: &mut Names<'_>) {
    for d in &schema.decorators {
        decorator(d, names);
    }
    for p in &schema.params {
        param(p, names);
    }
    for p in schema.base.iter().chain(&schema.host).chain(&schema.mixins) {
        path(p, names);
    }
    if let Some(index) = &schema.index_signature {
        ty(&index.key, names);
        ty(&index.value, names);
        if let Some(value) = &index.default {
            expr(value, names);
        }
    }
    for stmt in &schema.body {
        statement(stmt, names);
    }
    for line in &schema.checks {
        check(line, names);
    }
}

/// Names of a line of a check block.
pub(super) fn check(line: &Check, names: &mut Names<'_>) {
    expr(&line.condition, names);
    for value in line.guard.iter().chain(&line.message) {
        expr(value, names);
    }
}

/// Names of a decorator's arguments.
pub(super) fn decorator(decorator: &Decorator, names: &mut Names<'_>) {
    if let Some(args) = &decorator.args {
        self::args(args, names);
    }
}

/// Names of a parameter.
pub(super) fn param(param: &Param, names: &mut Names<'_>) {
    if let Some(ty) = &param.ty {
        self::ty(ty, names);
    }
    if let Some(value) = &param.default {
        expr(value, names);
    }
}

/// The name that a path begins with.
pub(super) fn path(path: &Path, names: &mut Names<'_>) {
    for name in path.segments.iter().take(1) {
        names(Seen::Name(&name.text));
    }
}

/// Names of a type.
pub(super) fn ty(ty: &Type, names: &mut Names<'_>) {
    match &ty.kind {
        TypeKind::Named(named) => path(named, names),
        TypeKind::List(Some(item)) => self::ty(item, names),
        TypeKind::Dict(key, value) => {
            for ty in key.iter().chain(value) {
                self::ty(ty, names);
            }
        }
        TypeKind::Union(members) => members.iter().for_each(|ty| self::ty(ty, names)),
        TypeKind::Function(params, result) => {
            for ty in params {
                self::ty(ty, names);
            }
            if let Some(ty) = result {
                self::ty(ty, names);
            }
        }
        _ => {}
    }
}

fn target(target: &Target, names: &mut Names<'_>) {
    names(Seen::Name(&target.name.text));
    for step in &target.path {
        if let TargetStep::Index(index) = step {
            expr(index, names);
        }
    }
}

fn args(args: &Args, names: &mut Names<'_>) {
    for value in &args.positional {
        expr(value, names);
    }
    for (_, value) in &args.keyword {
        expr(value, names);
    }
}

/// Names of an expression.
pub(super) fn expr(value: &Expr, names: &mut Names<'_>) {
    match &value.kind {
        ExprKind::Name(name) => names(Seen::Name(name)),
        ExprKind::Interpolated(parts) => {
            for part in parts {
                if let StrPart::Expr { value, .. } = part {
                    expr(value, names);
                }
            }
        }
        ExprKind::Paren(value) | ExprKind::Unary(_, value) | ExprKind::Member { value, .. } => {
            expr(value, names);
        }
        ExprKind::Binary(left, _, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Index { value: left, index: right, .. } => {
            expr(left, names);
            expr(right, names);
        }
        ExprKind::Compare(first, rest) => {
            expr(first, names);
            for (_, value) in rest {
                expr(value, names);
            }
        }
        ExprKind::Ternary { condition, then, otherwise } => {
            for value in [condition, then, otherwise] {
                expr(value, names);
            }
        }
        ExprKind::As(value, ty) => {
            expr(value, names);
            self::ty(ty, names);
        }
        ExprKind::Slice { value, lower, upper, step, .. } => {
            expr(value, names);
            for value in lower.iter().chain(upper).chain(step) {
                expr(value, names);
            }
        }
        _ => compound(value, names),
    }
}

/// Names of a call, a collection, a quantifier or a lambda.
fn compound(value: &Expr, names: &mut Names<'_>) {
    match &value.kind {
        ExprKind::Call(callee, args) => {
            names(Seen::Call(callee, args));
            expr(callee, names);
            self::args(args, names);
        }
        ExprKind::List(list) => items(list, names),
        ExprKind::Dict(dict) => entries(dict, names),
        ExprKind::Config { head, args, entries, .. } => {
            expr(head, names);
            if let Some(args) = args {
                self::args(args, names);
            }
            self::entries(entries, names);
        }
        ExprKind::ListComp(item, clauses) => {
            items(std::slice::from_ref(item), names);
            self::clauses(clauses, names);
        }
        ExprKind::DictComp(entry, clauses) => {
            if let Entry::KeyValue { key: Key { kind: KeyKind::Path(path), .. }, .. } = &**entry {
                // Here a name is a variable.
                for name in path {
                    names(Seen::Name(&name.text));
                }
            }
            entries(std::slice::from_ref(entry), names);
            self::clauses(clauses, names);
        }
        ExprKind::Quantifier(quantifier) => {
            expr(&quantifier.iter, names);
            expr(&quantifier.test, names);
            if let Some(value) = &quantifier.condition {
                expr(value, names);
            }
        }
        ExprKind::Lambda(lambda) => {
            for p in &lambda.params {
                param(p, names);
            }
            if let Some(ty) = &lambda.result {
                self::ty(ty, names);
            }
            for stmt in &lambda.body {
                statement(stmt, names);
            }
        }
        _ => {}
    }
}

fn clauses(clauses: &[Clause], names: &mut Names<'_>) {
    for clause in clauses {
        expr(&clause.iter, names);
        for value in &clause.conditions {
            expr(value, names);
        }
    }
}

fn items(list: &[ListItem], names: &mut Names<'_>) {
    for item in list {
        match item {
            ListItem::Value(value) | ListItem::Star(value) => expr(value, names),
            ListItem::If { branches, otherwise, .. } => {
                for (condition, list) in branches {
                    expr(condition, names);
                    items(list, names);
                }
                items(otherwise, names);
            }
        }
    }
}

fn entries(dict: &[Entry], names: &mut Names<'_>) {
    for entry in dict {
        match entry {
            Entry::KeyValue { key, value, .. } => {
                if let KeyKind::Expr(key) | KeyKind::Indexed(_, key) = &key.kind {
                    expr(key, names);
                }
                expr(value, names);
            }
            Entry::Spread(value) => expr(value, names),
            Entry::If { branches, otherwise, .. } => {
                for (condition, dict) in branches {
                    expr(condition, names);
                    entries(dict, names);
                }
                entries(otherwise, names);
            }
        }
    }
}
