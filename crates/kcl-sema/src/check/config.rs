//! Collections: lists, dicts and instances, checked entry by entry against what is expected.

use super::{
    Checker, Site,
    schema::KeyType,
    types::{DictTy, KnownEntry, Ty},
};
use crate::diagnostic;
use crate::hir::{
    Args, Clause, DictExpr, Entry, EntryOp, Expr, ExprKind, Item, Key, SchemaId, Text,
};
use akua_source::Span;
use std::rc::Rc;

/// What is known of a dict literal while its entries are walked.
#[derive(Debug, Default)]
struct Draft {
    /// Types of all values.
    values: Vec<Ty>,
    /// Types of computed keys and of the keys of what is spread.
    keys: Vec<Ty>,
    /// Keys with known text.
    entries: Vec<KnownEntry>,
    /// Whether nothing is expected, so that the type has to be inferred.
    inferred: bool,
    /// How many of the required keys are there.
    given: usize,
    /// Whether a branch or a spread may give further keys.
    open: bool,
}

impl<'p> Checker<'p> {
    /// Infers a list literal.
    pub(super) fn list(&mut self, items: &'p [Item], expected: Option<&Ty>) -> Ty {
        let item = expected.and_then(item_type);
        let mut types = Vec::new();
        self.items(items, item.as_ref(), &mut types);
        match (expected, item) {
            (Some(expected), Some(item)) if self.all_fit(&types, &item) => expected.clone(),
            _ => Ty::list(Ty::join(types)),
        }
    }

    fn all_fit(&self, types: &[Ty], expected: &Ty) -> bool {
        types.iter().all(|ty| super::assign::assignable(self.program, ty, expected))
    }

    fn items(&mut self, items: &'p [Item], expected: Option<&Ty>, types: &mut Vec<Ty>) {
        for item in items {
            match item {
                Item::Value(value) => types.push(self.infer(value, expected)),
                Item::Star(value) => {
                    let ty = self.expr(value);
                    types.push(self.starred(&ty, value.span));
                }
                Item::If(branches, otherwise) => {
                    for (condition, items) in branches {
                        let _ty = self.expr(condition);
                        self.items(items, expected, types);
                    }
                    self.items(otherwise, expected, types);
                    // What may be absent does not decide the type of the list.
                    if expected.is_none() {
                        types.push(Ty::Any);
                    }
                }
            }
        }
    }

    /// Infers a list comprehension.
    pub(super) fn list_comp(
        &mut self,
        item: &'p Item,
        clauses: &'p [Clause],
        expected: Option<&Ty>,
    ) -> Ty {
        self.clauses(clauses);
        let wanted = expected.and_then(item_type);
        let mut types = Vec::new();
        self.items(std::slice::from_ref(item), wanted.as_ref(), &mut types);
        Ty::list(Ty::join(types).widened())
    }

    /// Infers a dict comprehension.
    pub(super) fn dict_comp(
        &mut self,
        dict: &'p DictExpr,
        clauses: &'p [Clause],
        expected: Option<&Ty>,
    ) -> Ty {
        self.clauses(clauses);
        let ty = self.dict(dict, expected);
        match ty {
            Ty::Dict(dict) => Ty::dict(dict.key.widened(), dict.value.widened()),
            other => other,
        }
    }

    fn clauses(&mut self, clauses: &'p [Clause]) {
        for clause in clauses {
            let source = self.expr(&clause.iter);
            self.bind(&clause.slots, &source, clause.iter.span);
            for condition in &clause.conditions {
                let _ty = self.expr(condition);
            }
        }
    }

    /// Infers a dict literal; against a config type its entries are checked one by one.
    pub(super) fn dict(&mut self, dict: &'p DictExpr, expected: Option<&Ty>) -> Ty {
        let target = expected.and_then(config_type);
        let mut draft = Draft { inferred: target.is_none(), ..Draft::default() };
        self.literal(dict, target, &mut draft);
        match target {
            Some(Ty::Dict(wanted)) if !self.keys_fit(&draft, &wanted.key) => {
                let key = Ty::join(draft.keys.iter().cloned().chain([Ty::Str]));
                let key = draft.entries.first().map_or(key, |e| Ty::StrLit(Rc::clone(&e.name)));
                Ty::dict(key, wanted.value.clone())
            }
            Some(target) => target.clone(),
            None => draft.into_ty(),
        }
    }

    fn keys_fit(&self, draft: &Draft, wanted: &Ty) -> bool {
        let fits = |ty: &Ty| super::assign::assignable(self.program, ty, wanted);
        match wanted {
            Ty::Any | Ty::Str => true,
            _ => {
                draft.keys.iter().all(fits)
                    && draft.entries.iter().all(|e| fits(&Ty::StrLit(Rc::clone(&e.name))))
            }
        }
    }

    /// Walks a literal, with its keys in scope for the values after them.
    fn literal(&mut self, dict: &'p DictExpr, target: Option<&Ty>, draft: &mut Draft) {
        if let (Some(slot), Some(frame)) = (dict.slot, self.frames.last_mut()) {
            frame.literals.push((slot, Vec::new()));
        }
        self.entries(&dict.entries, target, draft, dict.slot.is_some());
        if dict.slot.is_some()
            && let Some(frame) = self.frames.last_mut()
        {
            frame.literals.pop();
        }
    }

    fn entries(
        &mut self,
        entries: &'p [Entry],
        target: Option<&Ty>,
        draft: &mut Draft,
        scoped: bool,
    ) {
        for entry in entries {
            match entry {
                Entry::KeyValue { key: Key::Static(name), key_span, op, index, value } => {
                    let site = Site { span: *key_span, declared: None };
                    let index = index.as_ref();
                    // Entries are unified with others of the same name: each may be a part.
                    let partial = std::mem::replace(&mut self.partial, true);
                    let ty = self.static_entry(name, (*op, index, value), target, site, draft);
                    self.partial = partial;
                    let entry = KnownEntry { name: Rc::clone(name), ty, span: *key_span };
                    self.remember(entry, target, draft, scoped);
                }
                Entry::KeyValue { key: Key::Dynamic(key), key_span, value, .. } => {
                    self.dynamic_entry(key, *key_span, value, target, draft);
                }
                Entry::Spread(value) => self.spread(value, target, draft),
                Entry::If(branches, otherwise) => {
                    draft.open = true;
                    for (condition, entries) in branches {
                        let _ty = self.expr(condition);
                        self.entries(entries, target, draft, scoped);
                    }
                    self.entries(otherwise, target, draft, scoped);
                }
            }
        }
    }

    /// Keeps the type of a key for those who ask for it.
    fn remember(
        &mut self,
        entry: KnownEntry,
        target: Option<&Ty>,
        draft: &mut Draft,
        scoped: bool,
    ) {
        if scoped
            && let Some((_, entries)) = self.frames.last_mut().and_then(|f| f.literals.last_mut())
        {
            // In a branch it may also be something else.
            let ty = if draft.open { Ty::Any } else { entry.ty.clone() };
            entries.push(KnownEntry { ty, ..entry.clone() });
        }
        if draft.inferred {
            draft.values.push(entry.ty.clone());
            let ty = if draft.open { Ty::Any } else { entry.ty.clone() };
            draft.entries.push(KnownEntry { ty, ..entry });
        } else if let Some(Ty::Dict(dict)) = target
            && !matches!(dict.key, Ty::Any | Ty::Str)
        {
            draft.entries.push(entry);
        }
    }

    fn static_entry(
        &mut self,
        name: &Text,
        (op, index, value): (EntryOp, Option<&'p Expr>, &'p Expr),
        target: Option<&Ty>,
        mut site: Site,
        draft: &mut Draft,
    ) -> Ty {
        if let Some(index) = index {
            let _ty = self.expr(index);
        }
        let Some(target) = target else {
            let ty = self.expr(value);
            return match (op, index) {
                (EntryOp::Insert, _) | (_, Some(_)) => Ty::Any,
                _ => ty,
            };
        };
        let Some(key) = self.key_of(target, name) else {
            let _ty = self.expr(value);
            self.unexpected_key(target, name, site.span, None);
            return Ty::Any;
        };
        draft.given = draft.given.saturating_add(usize::from(key.required));
        site.declared = key.declared;
        let wanted = match (index, op, key.ty) {
            (Some(_), EntryOp::Union | EntryOp::Override, Ty::List(item)) => (*item).clone(),
            (Some(_), ..) => Ty::Any,
            (None, _, ty) => ty,
        };
        let ty = self.check(value, &wanted, site);
        if matches!(ty, Ty::Any) { wanted } else { ty }
    }

    fn dynamic_entry(
        &mut self,
        key: &'p Expr,
        span: Span,
        value: &'p Expr,
        target: Option<&Ty>,
        draft: &mut Draft,
    ) {
        let key_ty = self.expr(key);
        let wrong = key_ty.is_number()
            || key_ty.is_bool()
            || matches!(key_ty, Ty::List(_) | Ty::Dict(_) | Ty::MultiplierLit(..))
            || matches!(key.kind, ExprKind::None);
        if wrong {
            let shown = key_ty.shown(self.program);
            let message = format!("a key must be a string, found {shown}");
            let found = diagnostic("IllegalAttributeError", span, message);
            self.report(found.help("put the key in quotes, or use \"${…}\""));
        }
        draft.open = true;
        if let Some(Ty::Dict(dict)) = target {
            let site = Site { span, declared: None };
            let _ty = self.check(value, &dict.value, site);
        } else {
            let ty = self.expr(value);
            draft.values.push(ty);
        }
        draft.keys.push(if matches!(key_ty, Ty::Any) { Ty::Any } else { Ty::Str });
    }

    /// Checks `**value`.
    fn spread(&mut self, value: &'p Expr, target: Option<&Ty>, draft: &mut Draft) {
        draft.open = true;
        let ty = self.expr(value);
        match &ty {
            Ty::Any | Ty::Void => {
                draft.keys.push(Ty::Any);
                draft.values.push(Ty::Any);
            }
            Ty::Dict(dict) => {
                if let Some(target) = target {
                    self.spread_entries(dict, target, value.span);
                } else {
                    draft.keys.push(dict.key.clone());
                    draft.values.push(dict.value.clone());
                    draft.entries.extend(dict.entries.iter().cloned());
                }
            }
            other if other.is_config() => {
                draft.keys.push(Ty::Str);
                draft.values.push(Ty::Any);
            }
            other => {
                let shown = other.widened().shown(self.program);
                let message =
                    format!("only dict and schema can be unpacked with **, found '{shown}'");
                self.error("CompileError", value.span, message);
            }
        }
    }

    /// Checks the known keys of a dict that is spread into a config.
    fn spread_entries(&mut self, dict: &DictTy, target: &Ty, span: Span) {
        for entry in &dict.entries {
            if self.full() {
                return;
            }
            let Some(key) = self.key_of(target, &entry.name) else {
                self.unexpected_key(target, &entry.name, span, Some(entry.span));
                continue;
            };
            match &entry.ty {
                Ty::Dict(inner) if config_type(&key.ty).is_some() => {
                    let inner = Rc::clone(inner);
                    self.spread_entries(&inner, &key.ty, span);
                }
                ty if !super::assign::assignable(self.program, ty, &key.ty) => {
                    let found = ty.named_for(&key.ty).shown(self.program);
                    let expected = key.ty.shown(self.program);
                    let message =
                        format!("expected {expected}, found {found} for '{}'", entry.name);
                    let mut report = diagnostic("TypeError", span, message)
                        .label(entry.span, "the value comes from here");
                    if let Some(declared) = key.declared {
                        report = report.label(declared, format!("its type is {expected}"));
                    }
                    self.report(report);
                }
                _ => {}
            }
        }
    }

    /// Returns what a config type says of a key; a union admits what one of its members does.
    fn key_of(&mut self, target: &Ty, name: &Text) -> Option<KeyType> {
        let free = |ty: Ty| Some(KeyType { ty, declared: None, required: false });
        match target {
            Ty::Schema(id) | Ty::Class(id) => self.key_type(*id, name),
            Ty::Dict(dict) => free(dict.value.clone()),
            Ty::Union(members) => {
                let mut types = Vec::new();
                for member in members.iter().filter(|member| config_type(member).is_some()) {
                    types.extend(self.key_of(member, name).map(|key| key.ty));
                }
                if types.is_empty() { None } else { free(Ty::join(types)) }
            }
            _ => free(Ty::Any),
        }
    }

    fn unexpected_key(&mut self, target: &Ty, name: &str, span: Span, source: Option<Span>) {
        let shown = target.shown(self.program);
        let message = format!("cannot add member '{name}' to schema '{shown}'");
        let mut found = diagnostic("CompileError", span, message);
        if let Some(source) = source {
            found = found.label(source, "the key comes from here");
        }
        if let Ty::Schema(id) | Ty::Class(id) = target
            && let Some(schema) = self.program.schemas.get(id.0 as usize)
        {
            found = found.label(schema.span, format!("`{}` is declared here", schema.name));
            let own = schema.attrs.iter().find(|attr| *attr.name == *name);
            if let Some(close) = self.similar_attribute(*id, name) {
                found = found.help(format!("did you mean `{close}`?"));
            } else if own.is_some() {
                found =
                    found.help(format!("give `{name}` a type in the schema to let configs set it"));
            }
        }
        self.report(found);
    }

    /// Infers `head(args) {…}`.
    pub(super) fn instance(
        &mut self,
        head: &'p Expr,
        args: Option<&'p Args>,
        dict: &'p DictExpr,
    ) -> Ty {
        let partial = self.partial;
        match self.expr(head) {
            Ty::Class(id) => {
                self.schema_arguments(id, args, head.span);
                let target = Ty::Schema(id);
                let mut draft = Draft::default();
                let before = self.errors;
                self.literal(dict, Some(&target), &mut draft);
                let whole = !partial && !draft.open && self.schema.is_none();
                if whole && self.errors == before && draft.given < self.required_count(id) {
                    self.incomplete(id, dict, head.span);
                }
                target
            }
            Ty::Schema(id) => {
                let target = Ty::Schema(id);
                self.literal(dict, Some(&target), &mut Draft::default());
                target
            }
            Ty::Any | Ty::Void | Ty::Union(_) | Ty::Dict(_) => {
                self.literal(dict, None, &mut Draft { inferred: true, ..Draft::default() });
                Ty::Any
            }
            other => {
                let message =
                    format!("invalid schema type '{}'", other.widened().shown(self.program));
                self.error("CompileError", head.span, message);
                Ty::Any
            }
        }
    }

    /// Reports required attributes that a config does not give.
    fn incomplete(&mut self, id: SchemaId, dict: &'p DictExpr, head: Span) {
        let Some(schema) = self.program.schemas.get(id.0 as usize) else { return };
        let given = |name: &Text| {
            dict.entries.iter().any(|entry| {
                matches!(entry, Entry::KeyValue { key: Key::Static(key), .. } if key == name)
            })
        };
        for attr in &schema.attrs {
            let Some(key) = self.key_type(id, &attr.name).filter(|key| key.required) else {
                continue;
            };
            if !given(&attr.name) {
                let ty = key.ty.shown(self.program);
                let message = format!(
                    "attribute '{}' of {} is required and can't be None or Undefined",
                    attr.name, schema.name
                );
                let found = diagnostic("CompileError", head, message)
                    .label(attr.span, format!("declared here as {ty}"))
                    .help(format!("add `{} = …`", attr.name));
                self.report(found);
            }
        }
    }
}

impl Draft {
    fn into_ty(self) -> Ty {
        let known = self.keys.is_empty() && !self.entries.is_empty();
        let key = if known { Ty::Str } else { Ty::join(self.keys.into_iter().chain([])) };
        let key = if self.entries.is_empty() || key == Ty::Any { key } else { Ty::Str };
        let value = Ty::join(self.values);
        Ty::config(key, value, self.entries, false)
    }
}

/// Returns the type that the items of a list literal must have.
fn item_type(expected: &Ty) -> Option<Ty> {
    let items = expected.members().iter().filter_map(|member| match member {
        Ty::List(item) => Some((**item).clone()),
        _ => None,
    });
    let items: Vec<Ty> = items.collect();
    if items.is_empty() { None } else { Some(Ty::join(items)) }
}

/// Returns the type itself if a config literal may be checked against it.
fn config_type(expected: &Ty) -> Option<&Ty> {
    let is_config = |ty: &Ty| matches!(ty, Ty::Schema(_) | Ty::Dict(_));
    match expected {
        Ty::Union(members) if members.contains(&Ty::Any) => None,
        Ty::Union(members) if members.iter().any(is_config) => Some(expected),
        ty if is_config(ty) => Some(ty),
        _ => None,
    }
}
