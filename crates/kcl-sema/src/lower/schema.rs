//! Schemas: the layout of their attributes first, then the code against that layout.

use super::types::literal_default;
use super::{Branch, Layout, Lower, Place, SchemaState, SchemaSyntax};
use crate::hir::{self, AttrKind, SchemaId, SetOp, Text};
use akua_source::Span;
use indexmap::IndexMap;
use kcl_syntax::ast::{self, AssignOp, StmtKind};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What the body of a schema consists of, its base's included.
pub(super) struct Body<'a> {
    statements: Vec<BodyStmt<'a>>,
    checks: Vec<(Place, &'a ast::Check)>,
    /// Names that its code means; if an heir has an attribute of such a name, the code means that.
    names: BTreeSet<Text>,
}

/// A statement of a body, with where it stands.
#[derive(Clone)]
struct BodyStmt<'a> {
    place: Place,
    stmt: &'a ast::Stmt,
    guards: Vec<Branch<'a>>,
}

/// A schema on its way.
pub(super) struct Draft<'a> {
    pub(super) attrs: Vec<hir::Attr>,
    layout: Layout,
    statements: Vec<BodyStmt<'a>>,
    pub(super) checks: Vec<(Place, &'a ast::Check)>,
    /// Types that the body on its way declared.
    pub(super) declared: IndexMap<Text, (Rc<hir::Type>, Span)>,
    /// How many attributes there were before the mixins: those keep the types that they have.
    given: usize,
}

impl Draft<'_> {
    /// Returns the slot of an attribute, new or inherited.
    pub(super) fn slot(&mut self, name: &Text, kind: AttrKind, span: Span) -> usize {
        if let Some(slot) = self.layout.get(name) {
            return *slot as usize;
        }
        let at = self.attrs.len();
        self.layout.insert(Rc::clone(name), u32::try_from(at).unwrap_or(u32::MAX));
        self.attrs.push(hir::Attr {
            name: Rc::clone(name),
            kind,
            ty: None,
            optional: false,
            setters: Vec::new(),
            deprecated: None,
            span,
        });
        at
    }
}

impl<'a> Lower<'a> {
    /// Returns a lowered schema; `None` if it is its own base.
    pub(super) fn schema(&mut self, id: SchemaId) -> Option<Rc<hir::Schema>> {
        let at = id.0 as usize;
        match self.states.get_mut(at)? {
            SchemaState::Done(schema) => return Some(Rc::clone(schema)),
            SchemaState::InProgress => return None,
            state @ SchemaState::Waiting => *state = SchemaState::InProgress,
        }
        let (syntax, place, range) = *self.schemas.get(at)?;
        let schema = Rc::new(self.at(place, |lower| match syntax {
            SchemaSyntax::Schema(schema) => lower.lower_schema(id, schema, range),
            SchemaSyntax::Rule(rule) => lower.lower_rule(id, rule, range),
        }));
        if let Some(state) = self.states.get_mut(at) {
            *state = SchemaState::Done(Rc::clone(&schema));
        }
        Some(schema)
    }

    fn base(&mut self, path: Option<&'a ast::Path>) -> Option<Rc<hir::Schema>> {
        let path = path?;
        let id = self.schema_path(path)?;
        let base = self.schema(id);
        match &base {
            None => {
                let message = "there is a circular reference between schemas";
                self.error("CompileError", path.span, message);
            }
            Some(base) if base.kind != ast::SchemaKind::Schema => {
                let what = if base.kind == ast::SchemaKind::Mixin { "mixin" } else { "protocol" };
                let message = format!(
                    "invalid schema inherit object type, cannot inherit the {what} '{}'",
                    base.name
                );
                self.error("IllegalInheritError", path.span, message);
            }
            Some(_) => {}
        }
        base
    }

    fn lower_schema(&mut self, id: SchemaId, schema: &'a ast::Schema, range: Span) -> hir::Schema {
        let place = self.place;
        let base = self.base(schema.base.as_ref());
        if schema.kind == ast::SchemaKind::Protocol && !schema.name.text.ends_with("Protocol") {
            let message = "the name of a protocol must end with 'Protocol'";
            self.error("CompileError", schema.name.span, message);
        }
        let host = self.host(schema.host.as_ref());
        let is_mixin = schema.kind == ast::SchemaKind::Mixin;
        let mut draft = draft(base.as_deref());
        if let Some(host) = host.filter(|_| is_mixin) {
            draft.promise(&host);
        }
        let params = self.params(&schema.params, &mut draft);
        self.gather(&schema.body, place, &mut draft);
        draft.checks.extend(schema.checks.iter().map(|check| (place, check)));
        draft.given = draft.attrs.len();
        self.gather_mixins(schema, &mut draft, 0);
        let index = schema.index_signature.as_deref();
        let key_slot = index.and_then(|index| index.key_name.as_ref()).map(|name| {
            u32::try_from(draft.slot(&name.text, AttrKind::Param, name.span)).unwrap_or(u32::MAX)
        });
        // The code of the body comes last: now all names of the layout are known.
        let layout = Rc::new(draft.layout.clone());
        let outer = self.layout.replace(layout);
        let params = self.param_defaults(params, &schema.params);
        let own_index = index.map(|index| Rc::new(self.index_signature(index, key_slot)));
        self.resolved.clear();
        let (mut actions, mut checks) = self.inherit(&mut draft, base.as_deref());
        // The names of a mixin mean its host's attributes: its code is lowered once for each host,
        // and once for itself, where what it does not have may be the host's.
        let open = std::mem::replace(&mut self.open, is_mixin);
        self.lower_body(&mut draft, &mut actions);
        for (place, check) in &draft.checks {
            checks.push(Rc::new(self.at(*place, |lower| lower.check(check))));
        }
        self.open = open;
        self.layout = outer;
        let attrs = self.keep_body(id, base.as_ref().map(|base| base.id), draft);
        hir::Schema {
            id,
            name: Rc::clone(&schema.name.text),
            package: hir::PackageId(u32::try_from(place.package).unwrap_or(u32::MAX)),
            kind: schema.kind,
            is_rule: false,
            base: base.as_ref().map(|base| base.id),
            attrs,
            index: own_index.or_else(|| base.as_ref().and_then(|base| base.index.clone())),
            params,
            actions,
            checks,
            deprecated: self.deprecated(&schema.decorators, &schema.name.text),
            doc: schema.doc.as_ref().map(|doc| Rc::clone(&doc.text)),
            span: schema.name.span,
            range,
        }
    }

    fn lower_rule(&mut self, id: SchemaId, rule: &'a ast::Rule, range: Span) -> hir::Schema {
        let host = self.host(rule.host.as_ref());
        let mut draft = draft(host.as_deref());
        let mut checks = Vec::new();
        for path in &rule.bases {
            if let Some(base) = self.schema_path(path).and_then(|id| self.schema(id)) {
                for attr in &base.attrs {
                    let _slot = draft.slot(&attr.name, attr.kind, attr.span);
                }
                checks.extend(base.checks.iter().cloned());
            }
        }
        let params = self.params(&rule.params, &mut draft);
        let outer = self.layout.replace(Rc::new(draft.layout.clone()));
        let params = self.param_defaults(params, &rule.params);
        for check in &rule.checks {
            checks.push(Rc::new(self.check(check)));
        }
        self.layout = outer;
        hir::Schema {
            id,
            name: Rc::clone(&rule.name.text),
            package: hir::PackageId(u32::try_from(self.place.package).unwrap_or(u32::MAX)),
            kind: ast::SchemaKind::Schema,
            is_rule: true,
            base: None,
            attrs: draft.attrs,
            index: None,
            params,
            actions: Vec::new(),
            checks,
            deprecated: self.deprecated(&rule.decorators, &rule.name.text),
            doc: rule.doc.as_ref().map(|doc| Rc::clone(&doc.text)),
            span: rule.name.span,
            range,
        }
    }

    /// Makes the code of a base anew where it means names that are attributes now.
    fn inherit(
        &mut self,
        draft: &mut Draft<'a>,
        base: Option<&hir::Schema>,
    ) -> (Vec<Rc<hir::Action>>, Vec<Rc<hir::Check>>) {
        let Some(base) = base else { return (Vec::new(), Vec::new()) };
        let body = self.bodies.get(&base.id).map(Rc::clone);
        let fresh = draft.attrs.iter().skip(base.attrs.len());
        let Some(body) =
            body.filter(|body| fresh.into_iter().any(|attr| body.names.contains(&attr.name)))
        else {
            return (base.actions.clone(), base.checks.clone());
        };
        for attr in draft.attrs.iter_mut().take(base.attrs.len()) {
            attr.setters.clear();
        }
        let mut actions = Vec::new();
        for stmt in &body.statements {
            self.lower_stmt(stmt, draft, &mut actions);
        }
        let checks = body.checks.iter();
        let checks =
            checks.map(|(place, check)| Rc::new(self.at(*place, |lower| lower.check(check))));
        (actions, checks.collect())
    }

    /// Keeps what the body consists of, for heirs.
    fn keep_body(
        &mut self,
        id: SchemaId,
        base: Option<SchemaId>,
        draft: Draft<'a>,
    ) -> Vec<hir::Attr> {
        let mut body = Body {
            statements: Vec::new(),
            checks: Vec::new(),
            names: std::mem::take(&mut self.resolved),
        };
        if let Some(base) = base.and_then(|base| self.bodies.get(&base)) {
            body.statements.clone_from(&base.statements);
            body.checks.clone_from(&base.checks);
            body.names.extend(base.names.iter().cloned());
        }
        body.statements.extend(draft.statements);
        body.checks.extend(draft.checks);
        self.bodies.insert(id, Rc::new(body));
        draft.attrs
    }

    fn params(&mut self, params: &'a [ast::Param], draft: &mut Draft<'a>) -> Vec<hir::Param> {
        let lowered = params.iter().map(|param| {
            let slot = draft.slot(&param.name.text, AttrKind::Param, param.name.span);
            hir::Param {
                name: Rc::clone(&param.name.text),
                ty: param.ty.as_ref().map(|ty| self.ty(ty)),
                default: None,
                slot: u32::try_from(slot).unwrap_or(u32::MAX),
                span: param.name.span,
            }
        });
        lowered.collect()
    }

    fn param_defaults(
        &mut self,
        mut lowered: Vec<hir::Param>,
        params: &'a [ast::Param],
    ) -> Vec<hir::Param> {
        for (lowered, param) in lowered.iter_mut().zip(params) {
            lowered.default = param.default.as_ref().map(|default| self.code(default));
        }
        lowered
    }

    /// Adds the attributes that a body declares or sets to the layout.
    pub(super) fn gather(&mut self, body: &'a [ast::Stmt], place: Place, draft: &mut Draft<'a>) {
        self.gather_guarded(body, place, draft, &mut Vec::new());
    }

    fn gather_guarded(
        &mut self,
        body: &'a [ast::Stmt],
        place: Place,
        draft: &mut Draft<'a>,
        guards: &mut Vec<Branch<'a>>,
    ) {
        for stmt in body {
            match &stmt.kind {
                StmtKind::Attribute(attribute) => self.gather_attribute(attribute, draft),
                StmtKind::Assign { targets, ty, .. } => {
                    for target in targets {
                        let slot = gather_target(target, draft);
                        if let (Some(ty), Some(attr)) = (ty, draft.attrs.get_mut(slot)) {
                            attr.ty = Some(self.ty(ty));
                        }
                    }
                }
                StmtKind::AugAssign { target, .. } => {
                    let _slot = gather_target(target, draft);
                }
                StmtKind::Unification { target, value } => {
                    let slot = gather_target(target, draft);
                    let ty = self.head_type(value);
                    if let Some(attr) = draft.attrs.get_mut(slot)
                        && attr.ty.is_none()
                    {
                        attr.ty = ty;
                    }
                }
                StmtKind::If(inner) => {
                    for (at, (_, body)) in inner.branches.iter().enumerate() {
                        guards.push(Branch { stmt: inner, at });
                        self.gather_guarded(body, place, draft, guards);
                        let _branch = guards.pop();
                    }
                    guards.push(Branch { stmt: inner, at: inner.branches.len() });
                    self.gather_guarded(&inner.otherwise, place, draft, guards);
                    let _branch = guards.pop();
                    continue;
                }
                _ => {}
            }
            draft.statements.push(BodyStmt { place, stmt, guards: guards.clone() });
        }
    }

    fn gather_attribute(&mut self, attribute: &'a ast::Attribute, draft: &mut Draft<'a>) {
        let name = &attribute.name;
        let slot = draft.slot(&name.text, attr_kind(&name.text), name.span);
        let ty = self.ty(&attribute.ty);
        let known = draft.declared.insert(Rc::clone(&name.text), (Rc::clone(&ty), name.span));
        if let Some((_, first)) = known.filter(|(known, _)| *known != ty) {
            let message = format!("the attribute '{}' is declared with two types", name.text);
            let found = crate::diagnostic("TypeError", name.span, message);
            self.report(found.label(first, "first declared here"));
        }
        let deprecated = self.deprecated(&attribute.decorators, &name.text);
        let given = slot < draft.given;
        let attr = draft.attrs.get_mut(slot);
        if let Some(attr) = attr.filter(|attr| !given || attr.ty.is_none()) {
            attr.kind = attr_kind(&name.text);
            attr.optional = attribute.optional || (attr.optional && attr.ty.is_some());
            attr.ty = Some(ty);
            attr.span = name.span;
            attr.deprecated = deprecated.or(attr.deprecated.take());
        }
    }

    /// Returns the schema of `name: Schema {…}` as a type.
    fn head_type(&mut self, value: &'a ast::Expr) -> Option<Rc<hir::Type>> {
        let (ast::ExprKind::Config { head, .. } | ast::ExprKind::Call(head, _)) = &value.kind
        else {
            return None;
        };
        let segments: Vec<&Text> = match &head.kind {
            ast::ExprKind::Name(name) => vec![name],
            ast::ExprKind::Member { value, name, .. } => match &value.kind {
                ast::ExprKind::Name(module) => vec![module, &name.text],
                _ => return None,
            },
            _ => return None,
        };
        let (package, name) = match segments.as_slice() {
            [name] => (self.place.package, *name),
            [module, name] => match self.import(module)? {
                super::Import::Package(id) => (id.0 as usize, *name),
                super::Import::System(_) => return None,
            },
            _ => return None,
        };
        match self.names.get(package)?.definitions.get(name)? {
            super::Definition::Schema(id) => Some(Rc::new(hir::Type::Schema(SchemaId(*id)))),
            _ => None,
        }
    }

    fn index_signature(
        &mut self,
        index: &'a ast::IndexSignature,
        key_slot: Option<hir::Slot>,
    ) -> hir::IndexSignature {
        hir::IndexSignature {
            key_slot,
            key: self.ty(&index.key),
            any_other: index.any_other,
            value: self.ty(&index.value),
            default: index.default.as_ref().map(|default| self.code(default)),
            span: index.span,
        }
    }

    fn lower_body(&mut self, draft: &mut Draft<'a>, actions: &mut Vec<Rc<hir::Action>>) {
        let statements = std::mem::take(&mut draft.statements);
        for stmt in &statements {
            self.lower_stmt(stmt, draft, actions);
        }
        draft.statements = statements;
    }

    fn lower_stmt(
        &mut self,
        body: &BodyStmt<'a>,
        draft: &mut Draft<'a>,
        actions: &mut Vec<Rc<hir::Action>>,
    ) {
        self.at(body.place, |lower| {
            let guards = lower.guards(&body.guards);
            for (name, setter) in lower.body_setters(body.stmt, &guards) {
                if let Some(slot) = draft.layout.get(&name)
                    && let Some(attr) = draft.attrs.get_mut(*slot as usize)
                {
                    attr.setters.push(Rc::new(setter));
                }
            }
            if let Some(kind) = lower.action_kind(body.stmt) {
                actions.push(Rc::new(hir::Action { guards, kind, after: 0 }));
            }
        });
    }

    fn body_setters(
        &mut self,
        stmt: &'a ast::Stmt,
        guards: &Rc<[hir::Guard]>,
    ) -> Vec<(Text, hir::Setter)> {
        let names: Vec<Text> = match &stmt.kind {
            StmtKind::Attribute(attribute) => {
                let (op, value) = match (&attribute.default, literal_default(attribute)) {
                    (Some((AssignOp::Aug(op), value)), _) => (SetOp::Aug(*op), value),
                    (Some((AssignOp::Assign, value)), _) | (None, Some(value)) => {
                        (SetOp::Assign, value)
                    }
                    (None, None) => return Vec::new(),
                };
                let before = std::mem::take(&mut self.resolved);
                let value = self.code(value);
                let reads_self = self.resolved.contains(&attribute.name.text);
                self.resolved.extend(before);
                let setter = hir::Setter {
                    guards: Rc::clone(guards),
                    op,
                    path: Vec::new(),
                    value,
                    reads_self,
                    span: stmt.span,
                    target: attribute.name.span,
                };
                return vec![(Rc::clone(&attribute.name.text), setter)];
            }
            StmtKind::Assign { targets, .. } => {
                targets.iter().map(|target| Rc::clone(&target.name.text)).collect()
            }
            StmtKind::AugAssign { target, .. } | StmtKind::Unification { target, .. } => {
                vec![Rc::clone(&target.name.text)]
            }
            _ => return Vec::new(),
        };
        let setters = names.into_iter().filter_map(|name| {
            let setter = self.setter(&name, stmt, Rc::clone(guards))?;
            Some((name, setter))
        });
        setters.collect()
    }

    /// Checks the arguments of `@deprecated`.
    fn deprecated_args(&mut self, decorator: &'a ast::Decorator) {
        let Some(args) = &decorator.args else { return };
        if let Some(extra) = args.positional.get(DEPRECATED.len()) {
            let message = "expected 3 arguments at most: version, reason and strict";
            self.error("CompileError", extra.span, message);
        }
        for (value, (_, is_bool)) in args.positional.iter().zip(DEPRECATED) {
            self.deprecated_arg(value, is_bool);
        }
        for (name, value) in &args.keyword {
            let known = DEPRECATED.iter().find(|(known, _)| **known == *name.text);
            if let Some((_, is_bool)) = known {
                self.deprecated_arg(value, *is_bool);
            } else {
                let message = format!("unexpected keyword argument '{}'", name.text);
                self.error("CompileError", name.span, message);
            }
        }
    }

    fn deprecated_arg(&mut self, value: &ast::Expr, is_bool: bool) {
        let (wrong, wanted) = match &value.kind {
            ast::ExprKind::Bool(_) => (!is_bool, "str"),
            ast::ExprKind::Str(_) => (is_bool, "bool"),
            ast::ExprKind::Int(_) | ast::ExprKind::Float(_) | ast::ExprKind::List(_) => {
                (true, if is_bool { "bool" } else { "str" })
            }
            _ => (false, ""),
        };
        if wrong {
            self.error("TypeError", value.span, format!("expected {wanted} here"));
        }
    }

    /// Reads `@deprecated`; reports decorators that do not exist.
    fn deprecated(&mut self, decorators: &'a [ast::Decorator], name: &str) -> Option<(Text, bool)> {
        let mut found = None;
        for decorator in decorators {
            let [segment] = decorator.name.segments.as_slice() else { continue };
            match &*segment.text {
                "deprecated" => {
                    self.deprecated_args(decorator);
                    found = Some(deprecation(decorator, name));
                }
                "info" => {}
                other => {
                    let message = format!("UnKnown decorator {other}");
                    self.error("CompileError", decorator.span, message);
                }
            }
        }
        found
    }
}

/// Parameters of `@deprecated`, and whether each is a boolean, else a string.
const DEPRECATED: [(&str, bool); 3] = [("version", false), ("reason", false), ("strict", true)];

/// Returns the message of a `@deprecated` and whether use is an error.
fn deprecation(decorator: &ast::Decorator, name: &str) -> (Text, bool) {
    let text = |value: &ast::Expr| match &value.kind {
        ast::ExprKind::Str(text) => Some(Rc::clone(text)),
        _ => None,
    };
    let keyword = |key: &str| {
        let args = decorator.args.as_ref()?;
        args.keyword.iter().find(|(found, _)| &*found.text == key).map(|(_, value)| value)
    };
    let positional = |at: usize| decorator.args.as_ref()?.positional.get(at);
    let version = keyword("version").or_else(|| positional(0)).and_then(text).unwrap_or_default();
    let reason = keyword("reason").or_else(|| positional(1)).and_then(text).unwrap_or_default();
    let strict = keyword("strict").or_else(|| positional(2));
    let is_error = !matches!(strict.map(|value| &value.kind), Some(ast::ExprKind::Bool(false)));
    let since =
        if version.is_empty() { String::new() } else { format!(" since version {version}") };
    let because = if reason.is_empty() { String::new() } else { format!(", {reason}") };
    (format!("{name} was deprecated{since}{because}").into(), is_error)
}

fn gather_target(target: &ast::Target, draft: &mut Draft<'_>) -> usize {
    let name = &target.name;
    draft.slot(&name.text, attr_kind(&name.text), name.span)
}

fn attr_kind(name: &str) -> AttrKind {
    if name.starts_with('_') { AttrKind::Private } else { AttrKind::Public }
}

fn draft<'a>(base: Option<&hir::Schema>) -> Draft<'a> {
    let attrs = base.map_or_else(Vec::new, |base| base.attrs.clone());
    let layout = attrs
        .iter()
        .enumerate()
        .map(|(at, attr)| (Rc::clone(&attr.name), u32::try_from(at).unwrap_or(u32::MAX)))
        .collect();
    Draft {
        attrs,
        layout,
        statements: Vec::new(),
        checks: Vec::new(),
        declared: IndexMap::new(),
        given: 0,
    }
}
