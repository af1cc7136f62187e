//! Schemas: types of their attributes, and the code of their bodies.

use super::{
    Checker, NESTED_LIMIT, Site,
    assign::assignable,
    setter::{State, Variable},
    types::Ty,
};
use crate::diagnostic;
use crate::hir::{self, AttrKind, Schema, SchemaId, Slot, Text};
use akua_source::Span;
use indexmap::IndexMap;
use std::rc::Rc;

/// What is asked again and again of a schema.
#[derive(Debug)]
pub(super) struct SchemaTypes {
    /// Types of attributes, by slot.
    attrs: Vec<State>,
    /// Slots of attributes, by name.
    names: Rc<IndexMap<Text, Slot>>,
    /// How many attributes a config has to give.
    required: usize,
    /// Type of what the index signature admits.
    index: Option<Ty>,
}

/// What a schema says of a key of its config.
pub(super) struct KeyType {
    pub(super) ty: Ty,
    pub(super) declared: Option<Span>,
    /// Whether the config has to give it.
    pub(super) required: bool,
}

impl<'p> Checker<'p> {
    fn schema_types(&mut self, id: SchemaId) -> Option<&mut SchemaTypes> {
        let at = id.0 as usize;
        let schema = self.program.schemas.get(at)?;
        let types = self.schemas.get_mut(at)?;
        Some(types.get_or_insert_with(|| SchemaTypes {
            attrs: attribute_states(schema),
            names: Rc::new(names(schema)),
            required: schema.attrs.iter().filter(|attr| required(schema, attr)).count(),
            index: schema.index.as_ref().map(|index| Ty::declared(&index.value)),
        }))
    }

    /// Returns how many attributes a config of the schema has to give.
    pub(super) fn required_count(&mut self, id: SchemaId) -> usize {
        self.schema_types(id).map_or(0, |types| types.required)
    }

    /// Returns the type of an attribute of the schema that the code stands in.
    pub(super) fn own_attribute(&mut self, slot: Slot) -> Ty {
        self.schema.map_or(Ty::Any, |schema| self.attribute_slot(schema, slot))
    }

    /// Returns the type of an attribute of an instance; `None` where the schema has none.
    pub(super) fn attribute(&mut self, id: SchemaId, name: &Text) -> Option<Ty> {
        let types = self.schema_types(id)?;
        let slot = types.names.get(name).copied();
        let index = types.index.clone();
        let attr = slot.and_then(|slot| {
            let schema = self.program.schemas.get(id.0 as usize)?;
            schema.attrs.get(slot as usize)
        });
        // Without a declared type it is a variable of the body, which the outside does not see.
        match slot.filter(|_| attr.is_some_and(|attr| attr.ty.is_some())) {
            Some(slot) => Some(self.attribute_slot(id, slot)),
            None => index,
        }
    }

    /// Returns what a config of the schema may give for a key; `None` for what it may not give.
    pub(super) fn key_type(&mut self, id: SchemaId, name: &Text) -> Option<KeyType> {
        let types = self.schema_types(id)?;
        let slot = types.names.get(name).copied();
        let index = types.index.clone();
        let schema = self.program.schemas.get(id.0 as usize)?;
        let attr = slot.and_then(|slot| schema.attrs.get(slot as usize));
        match attr.filter(|attr| attr.ty.is_some() && attr.kind != AttrKind::Param) {
            Some(attr) => Some(KeyType {
                ty: self.attribute_slot(id, slot.unwrap_or(Slot::MAX)),
                declared: Some(attr.span),
                required: required(schema, attr),
            }),
            None => index.map(|ty| KeyType { ty, declared: None, required: false }),
        }
    }

    /// Returns the type of an attribute slot; infers it the first time where none is declared.
    fn attribute_slot(&mut self, id: SchemaId, slot: Slot) -> Ty {
        let too_deep = self.nested >= NESTED_LIMIT;
        let Some(types) = self.schema_types(id) else { return Ty::Any };
        let Some(state) = types.attrs.get_mut(slot as usize) else { return Ty::Any };
        match state {
            State::Done(ty) => return ty.clone(),
            State::Waiting if !too_deep => *state = State::Running,
            State::Waiting | State::Running => return Ty::Any,
        }
        let ty = self.walk_attribute(id, slot);
        let types = self.schema_types(id).and_then(|types| types.attrs.get_mut(slot as usize));
        if let Some(state) = types {
            *state = State::Done(ty.clone());
        }
        ty
    }

    /// Walks the statements of a body that set an attribute without a declared type.
    fn walk_attribute(&mut self, id: SchemaId, slot: Slot) -> Ty {
        let Some(schema) = self.program.schemas.get(id.0 as usize) else { return Ty::Any };
        let Some(attr) = schema.attrs.get(slot as usize) else { return Ty::Any };
        let own = |setter: &hir::Setter| within(schema.range, setter.span);
        if !attr.setters.iter().any(|setter| own(setter)) {
            return match schema.base {
                Some(base) if self.has_slot(base, slot) => self.attribute_slot(base, slot),
                _ => Ty::Any,
            };
        }
        let simple = attr.setters.iter().all(|setter| setter.guards.is_empty() && own(setter));
        let ty = self.apart(Some(id), |checker| {
            let mut variable = Variable::new(None, None);
            for setter in attr.setters.iter().filter(|setter| own(setter)) {
                checker.setter(setter, &mut variable, attr.setters.len() > 1);
            }
            variable.into_ty()
        });
        if simple { ty } else { Ty::Any }
    }

    fn has_slot(&self, id: SchemaId, slot: Slot) -> bool {
        let schema = self.program.schemas.get(id.0 as usize);
        schema.is_some_and(|schema| (slot as usize) < schema.attrs.len())
    }

    /// Checks all that stands in the body of a schema.
    pub(super) fn schema_body(&mut self, id: SchemaId) {
        let Some(schema) = self.program.schemas.get(id.0 as usize) else { return };
        self.overrides(schema);
        self.index_signature(schema);
        for (at, attr) in schema.attrs.iter().enumerate() {
            let slot = u32::try_from(at).unwrap_or(Slot::MAX);
            let ty = self.attribute_slot(id, slot);
            if attr.ty.is_none() {
                continue;
            }
            let own = attr.setters.iter().filter(|setter| within(schema.range, setter.span));
            self.apart(Some(id), |checker| {
                for setter in own {
                    let mut variable = Variable::new(Some(ty.clone()), Some(attr.span));
                    checker.setter(setter, &mut variable, attr.setters.len() > 1);
                }
            });
        }
        self.apart(Some(id), |checker| checker.body_code(schema));
    }

    fn body_code(&mut self, schema: &'p Schema) {
        for param in &schema.params {
            if let Some(default) = param.default.as_ref() {
                let _ty = self.code(default);
            }
        }
        for action in schema.actions.iter().filter(|a| within(schema.range, action_span(a))) {
            self.action(action);
        }
        for check in schema.checks.iter().filter(|check| within(schema.range, check.span)) {
            self.check_line(check, false);
        }
    }

    /// Checks that attributes keep to the types that the base gave them.
    fn overrides(&mut self, schema: &Schema) {
        let Some(base) = schema.base.and_then(|id| self.program.schemas.get(id.0 as usize)) else {
            return;
        };
        for (own, inherited) in schema.attrs.iter().zip(&base.attrs) {
            let (Some(ty), Some(base_ty)) = (&own.ty, &inherited.ty) else { continue };
            if Rc::ptr_eq(ty, base_ty) || !within(schema.range, own.span) {
                continue;
            }
            let (ty, base_ty) = (Ty::declared(ty), Ty::declared(base_ty));
            if !assignable(self.program, &ty, &base_ty) {
                let message = format!(
                    "cannot change the type of the inherited attribute '{}' from {} to {}",
                    own.name,
                    base_ty.shown(self.program),
                    ty.shown(self.program)
                );
                let found = diagnostic("TypeError", own.span, message)
                    .label(inherited.span, format!("inherited from `{}`", base.name))
                    .help("give it a type that is part of the inherited one");
                self.report(found);
            }
        }
    }

    /// Checks a schema's own index signature against its attributes and its default.
    fn index_signature(&mut self, schema: &'p Schema) {
        let Some(index) = schema.index.as_deref() else { return };
        if !within(schema.range, index.span) {
            return;
        }
        let value = Ty::declared(&index.value);
        let key_ty = Ty::declared(&index.key);
        if !matches!(key_ty, Ty::Any) && !key_ty.is_str() {
            let shown = key_ty.shown(self.program);
            let message = format!("keys are strings: the key type cannot be {shown}");
            self.report(
                diagnostic("IndexSignatureError", schema.span, message)
                    .label(index.span, "the index signature"),
            );
        }
        let key = index.key_slot.and_then(|slot| schema.attrs.get(slot as usize));
        if let Some(attr) = key.filter(|attr| attr.kind != AttrKind::Param) {
            let message = format!("the key '{}' has the name of an attribute", attr.name);
            let found = diagnostic("IndexSignatureError", index.span, message);
            self.report(found.label(attr.span, "this attribute").help("rename the key"));
        }
        let declared = schema.attrs.iter().filter(|attr| within(schema.range, attr.span));
        for attr in declared.filter(|attr| attr.kind != AttrKind::Param && !index.any_other) {
            let Some(ty) = attr.ty.as_deref().map(Ty::declared) else { continue };
            if !assignable(self.program, &ty, &value) {
                let message = format!(
                    "attribute '{}' is {}, but the index signature admits only {}",
                    attr.name,
                    ty.shown(self.program),
                    value.shown(self.program)
                );
                let found = diagnostic("IndexSignatureError", attr.span, message)
                    .label(index.span, "the index signature")
                    .help("write `[...str]: T` where attributes may have other types");
                self.report(found);
            }
        }
        if let Some(default) = &index.default {
            let site = Site { span: index.span, declared: None };
            self.apart(Some(schema.id), |checker| {
                checker.framed(default.slots, |checker| checker.check(&default.expr, &value, site))
            });
        }
    }
}

/// Returns whether the second span is part of the first.
fn within(range: Span, span: Span) -> bool {
    range.file == span.file && range.start <= span.start && span.end <= range.end
}

fn action_span(action: &hir::Action) -> Span {
    match &action.kind {
        hir::ActionKind::Assert(check) => check.span,
        hir::ActionKind::Expr(code) => code.expr.span,
    }
}

/// Returns what is known of the attributes before the body is walked.
fn attribute_states(schema: &Schema) -> Vec<State> {
    let mut states: Vec<State> = schema.attrs.iter().map(declared).collect();
    for param in &schema.params {
        let is_param = schema.attrs.get(param.slot as usize).map(|attr| attr.kind);
        if let (Some(ty), Some(AttrKind::Param)) = (&param.ty, is_param)
            && let Some(state) = states.get_mut(param.slot as usize)
        {
            *state = State::Done(Ty::declared(ty));
        }
    }
    states
}

fn declared(attr: &hir::Attr) -> State {
    match &attr.ty {
        Some(ty) => State::Done(Ty::declared(ty)),
        None if attr.kind == AttrKind::Param => State::Done(Ty::Any),
        None => State::Waiting,
    }
}

fn names(schema: &Schema) -> IndexMap<Text, Slot> {
    let slots = (0..).zip(&schema.attrs);
    slots.map(|(slot, attr)| (Rc::clone(&attr.name), slot)).collect()
}

/// Returns whether an instance's config has to give the attribute: nothing else does.
///
/// Inherited attributes are left to the run, as the reference does: its error is another there.
fn required(schema: &Schema, attr: &hir::Attr) -> bool {
    attr.ty.is_some()
        && schema.index.is_none()
        && within(schema.range, attr.span)
        && attr.kind == AttrKind::Public
        && !attr.optional
        && attr.setters.is_empty()
}
