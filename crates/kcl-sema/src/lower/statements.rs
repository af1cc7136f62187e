//! Statements of packages: what is defined, in which branch, and what runs besides.

use super::{
    ActionSyntax, Alias, Branch, Definition, GlobalSetter, GlobalSyntax, Lower, Place, SchemaState,
    SchemaSyntax, unify,
};
use crate::hir::{self, ActionKind, SetOp, Text};
use akua_source::Span;
use kcl_syntax::ast::{self, StmtKind};
use std::rc::Rc;

impl<'a> Lower<'a> {
    /// Collects what the statements of a file define.
    pub(super) fn collect_statements(
        &mut self,
        place: Place,
        statements: &'a [ast::Stmt],
        guards: &mut Vec<Branch<'a>>,
    ) {
        for stmt in statements {
            match &stmt.kind {
                StmtKind::Import(_) | StmtKind::Attribute(_) => {}
                StmtKind::Annotation { target, .. } => {
                    let message = format!("'{}' is declared without a value", target.name.text);
                    self.error("CompileError", stmt.span, message);
                }
                StmtKind::Assign { targets, .. } => {
                    for target in targets {
                        self.collect_set(place, stmt, target, guards, true);
                    }
                }
                StmtKind::AugAssign { target, .. } => {
                    self.collect_set(place, stmt, target, guards, true);
                }
                StmtKind::Unification { target, .. } => {
                    self.collect_set(place, stmt, target, guards, false);
                }
                StmtKind::Expr(expr) if self.is_doc(place, expr.span) => {}
                StmtKind::Expr(_) | StmtKind::Assert(_) => {
                    if let Some(names) = self.names.get_mut(place.package) {
                        let after = u32::try_from(names.globals.len()).unwrap_or(u32::MAX);
                        let guards = guards.clone();
                        names.actions.push(ActionSyntax { place, stmt, guards, after });
                    }
                }
                StmtKind::If(inner) => {
                    for (at, (_, body)) in inner.branches.iter().enumerate() {
                        guards.push(Branch { stmt: inner, at });
                        self.collect_statements(place, body, guards);
                        let _branch = guards.pop();
                    }
                    guards.push(Branch { stmt: inner, at: inner.branches.len() });
                    self.collect_statements(place, &inner.otherwise, guards);
                    let _branch = guards.pop();
                }
                StmtKind::Schema(schema) => {
                    self.collect_schema(
                        place,
                        &schema.name,
                        SchemaSyntax::Schema(schema),
                        stmt.span,
                    );
                }
                StmtKind::Rule(rule) => {
                    self.collect_schema(place, &rule.name, SchemaSyntax::Rule(rule), stmt.span);
                }
                StmtKind::TypeAlias { name, ty } => {
                    let at = u32::try_from(self.aliases.len()).unwrap_or(u32::MAX);
                    self.aliases.push(Alias::Syntax(ty, place));
                    self.define(place, name, Definition::Alias(at));
                }
            }
        }
    }

    fn collect_schema(
        &mut self,
        place: Place,
        name: &ast::Name,
        syntax: SchemaSyntax<'a>,
        range: Span,
    ) {
        let at = u32::try_from(self.schemas.len()).unwrap_or(u32::MAX);
        self.schemas.push((syntax, place, range));
        self.states.push(SchemaState::Waiting);
        self.define(place, name, Definition::Schema(at));
    }

    fn define(&mut self, place: Place, name: &ast::Name, definition: Definition) {
        let Some(names) = self.names.get_mut(place.package) else { return };
        if names.definitions.insert(Rc::clone(&name.text), definition).is_some() {
            let message = format!("unique key error name '{}'", name.text);
            self.error("UniqueKeyError", name.span, message);
        }
    }

    fn collect_set(
        &mut self,
        place: Place,
        stmt: &'a ast::Stmt,
        target: &'a ast::Target,
        guards: &[Branch<'a>],
        changes: bool,
    ) {
        let name = &target.name.text;
        if self.at(place, |lower| lower.import(name)).is_some() {
            self.reassigned_import(place, target);
        }
        let Some(names) = self.names.get_mut(place.package) else { return };
        let setter = GlobalSetter { place, stmt, guards: guards.to_vec() };
        let exported = !name.starts_with('_');
        let at = match names.definitions.get(name) {
            Some(Definition::Global(at)) => Some(*at),
            Some(_) => {
                let message = format!("unique key error name '{name}'");
                self.error("UniqueKeyError", target.span, message);
                return;
            }
            None => None,
        };
        if let Some(at) = at {
            let Some(global) = names.globals.get_mut(at as usize) else { return };
            global.setters.push(setter);
            if exported && changes {
                let (first, name) = (global.span, Rc::clone(name));
                self.immutable(&name, target.span, first);
            }
            return;
        }
        let at = u32::try_from(names.globals.len()).unwrap_or(u32::MAX);
        names.definitions.insert(Rc::clone(name), Definition::Global(at));
        names.globals.push(GlobalSyntax {
            name: Rc::clone(name),
            span: target.name.span,
            setters: vec![setter],
        });
    }

    /// Returns whether an expression is the doc string of its file.
    fn is_doc(&self, place: Place, span: Span) -> bool {
        let file = self.packages.get(place.package).and_then(|p| p.files.get(place.file));
        file.and_then(|file| file.module.doc.as_ref()).is_some_and(|doc| doc.span == span)
    }

    /// Reports an assignment to the name of an import.
    fn reassigned_import(&mut self, place: Place, target: &ast::Target) {
        let name = &target.name.text;
        let file = self.packages.get(place.package).and_then(|p| p.files.get(place.file));
        let import = file.into_iter().flat_map(|file| &file.module.body).find(
            |stmt| matches!(&stmt.kind, StmtKind::Import(import) if import.binds() == Some(name)),
        );
        let message = format!("cannot set '{name}': it is the name of an import");
        let mut found = crate::diagnostic("ImmutableError", target.span, message)
            .help("rename the variable, or import the module under another name with `as`");
        if let Some(import) = import {
            found = found.label(import.span, "imported here");
        }
        self.report(found);
    }

    fn immutable(&mut self, name: &str, span: Span, first: Span) {
        let message =
            format!("can not change the value of '{name}', because it was declared immutable");
        self.error("ImmutableError", span, message);
        if let Some(diagnostic) = self.diagnostics.last_mut() {
            *diagnostic = diagnostic
                .clone()
                .label(first, format!("the variable '{name}' is declared here"))
                .help(format!("change the variable name to '_{name}' to make it mutable"));
        }
    }

    /// Lowers a package.
    pub(super) fn lowered_package(&mut self, at: usize) -> hir::Package {
        let names = self.names.get_mut(at).map(std::mem::take).unwrap_or_default();
        let (globals, actions) = (names.globals, names.actions);
        // Only the definitions are looked up from here on.
        if let Some(place) = self.names.get_mut(at) {
            place.definitions = names.definitions;
        }
        let globals = globals.iter().map(|global| self.global(global)).collect();
        let actions = actions.iter().filter_map(|action| self.action(action)).collect();
        let (path, natives) = self.packages.get(at).map_or_else(
            || ("".into(), None),
            |package| (Rc::clone(&package.path), package.natives.clone()),
        );
        hir::Package { path, globals, actions, names: self.symbols(at), natives }
    }

    fn global(&mut self, global: &GlobalSyntax<'a>) -> hir::Global {
        let mut ty = None;
        let mut setters = Vec::with_capacity(global.setters.len());
        let mut rest = global.setters.as_slice();
        while !rest.is_empty() {
            // Names that other globals resolved are of no use here, and would add up.
            self.resolved.clear();
            let (run, after) = rest.split_at(unify::run_length(rest));
            rest = after;
            for setter in run {
                self.declared_type(setter, &mut ty, global.span);
            }
            if let [_, _, ..] = run
                && let Some(joined) = self.joined(&global.name, run)
            {
                setters.push(joined);
                continue;
            }
            for setter in run {
                self.place = setter.place;
                let guards = self.guards(&setter.guards);
                setters.extend(self.setter(&global.name, setter.stmt, guards));
            }
        }
        hir::Global {
            name: Rc::clone(&global.name),
            ty,
            setters,
            exported: !global.name.starts_with('_'),
            span: global.span,
        }
    }

    /// Takes the type that a statement declares.
    fn declared_type(
        &mut self,
        setter: &GlobalSetter<'a>,
        ty: &mut Option<Rc<hir::Type>>,
        first: Span,
    ) {
        self.place = setter.place;
        if let StmtKind::Assign { ty: Some(declared), .. } = &setter.stmt.kind {
            let declared = self.ty(declared);
            if ty.as_ref().is_some_and(|before| *before != declared) {
                self.type_changed(setter.stmt, first);
            }
            *ty = Some(declared);
        }
    }

    /// Reports a variable that is declared with two types.
    fn type_changed(&mut self, stmt: &ast::Stmt, first: Span) {
        let message = "the variable is declared with another type before";
        let found = crate::diagnostic("TypeError", stmt.span, message);
        self.report(found.label(first, "declared here").help("declare it once"));
    }

    /// Lowers the part of a statement that sets `name`.
    pub(super) fn setter(
        &mut self,
        name: &Text,
        stmt: &'a ast::Stmt,
        guards: Rc<[hir::Guard]>,
    ) -> Option<hir::Setter> {
        let (target, op, value) = match &stmt.kind {
            StmtKind::Assign { targets, value, .. } => {
                (targets.iter().find(|target| target.name.text == *name)?, SetOp::Assign, value)
            }
            StmtKind::AugAssign { target, op, value } => (target, SetOp::Aug(*op), value),
            StmtKind::Unification { target, value } => (target, SetOp::Unify, value),
            _ => return None,
        };
        let path = self.steps(&target.path, true);
        let before = std::mem::take(&mut self.resolved);
        let value = self.named_code(name, value);
        let reads_self = self.resolved.contains(name);
        self.resolved.extend(before);
        Some(hir::Setter {
            guards,
            op,
            path,
            value,
            reads_self,
            span: stmt.span,
            target: target.span,
        })
    }

    /// Lowers a value in a frame of its own; a lambda gets the name for its traces.
    fn named_code(&mut self, name: &Text, value: &'a ast::Expr) -> hir::Code {
        let mut code = self.code(value);
        if let hir::ExprKind::Lambda(lambda) = &mut code.expr.kind
            && let Some(lambda) = Rc::get_mut(lambda)
        {
            lambda.name = Rc::clone(name);
        }
        code
    }

    fn action(&mut self, action: &ActionSyntax<'a>) -> Option<hir::Action> {
        self.place = action.place;
        let guards = self.guards(&action.guards);
        let kind = self.action_kind(action.stmt)?;
        Some(hir::Action { guards, kind, after: action.after })
    }

    /// Lowers an assert or an expression statement.
    pub(super) fn action_kind(&mut self, stmt: &'a ast::Stmt) -> Option<ActionKind> {
        match &stmt.kind {
            StmtKind::Assert(check) => Some(ActionKind::Assert(self.check(check))),
            StmtKind::Expr(expr) => Some(ActionKind::Expr(self.code(expr))),
            _ => None,
        }
    }

    /// Lowers a check with frames of its own.
    pub(super) fn check(&mut self, check: &'a ast::Check) -> hir::Check {
        hir::Check {
            condition: self.code(&check.condition),
            guard: check.guard.as_ref().map(|guard| self.code(guard)),
            message: check.message.as_ref().map(|message| self.code(message)),
            span: check.span,
        }
    }

    /// Lowers the branches that a statement stands in.
    pub(super) fn guards(&mut self, branches: &[Branch<'a>]) -> Rc<[hir::Guard]> {
        branches.iter().map(|branch| self.guard(*branch)).collect()
    }

    fn guard(&mut self, branch: Branch<'a>) -> hir::Guard {
        let conditions = branch.stmt.branches.iter().take(branch.at.saturating_add(1));
        let codes: Vec<Rc<hir::Code>> =
            conditions.map(|(condition, _)| Rc::new(self.code(condition))).collect();
        match codes.split_last() {
            Some((when, unless)) if branch.at < branch.stmt.branches.len() => {
                hir::Guard { unless: unless.into(), when: Some(Rc::clone(when)) }
            }
            _ => hir::Guard { unless: codes.into(), when: None },
        }
    }
}
