//! What a program may have of a package without running it: its schemas.
//!
//! **Invariant:** what is kept mentions nothing that was left out. Kept are schemas, mixins,
//! protocols, rules and type aliases, what they use of plain assignments, and imports that they
//! use. A type that names something left out is any; a default, a statement or a check that does is
//! left out itself, and the attribute becomes optional. So an excerpt admits what the package does.

pub(crate) mod mentions;

use kcl_syntax::ast::{
    self, Attribute, IndexSignature, Module, Path, Schema, Stmt, StmtKind, Target, Text, Type,
    TypeKind,
};
use mentions::{Names, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// Rounds in which what depends on what was left out is left out. Each finds one link of a chain
/// at least; where they do not suffice, the checker reports the name.
const ROUND_LIMIT: usize = 64;

/// Names that are left out.
type Gone = BTreeSet<Text>;

/// Takes the schemas of a package. `available` says which imports of which file mean something
/// here; `taken` are the names that others have already.
pub(crate) fn excerpt(modules: &mut [&mut Module], available: &[Gone], taken: &[&str]) {
    let mut gone: Gone = taken.iter().map(|name| Text::from(*name)).collect();
    // What a caller passes to the program that imports is not for this one.
    gone.insert("option".into());
    for (module, available) in modules.iter_mut().zip(available) {
        first_cut(module, available, &mut gone);
    }
    for _round in 0..ROUND_LIMIT {
        let before = gone.len();
        for module in modules.iter_mut() {
            module.body.retain(|stmt| !depends(stmt, &mut gone));
        }
        if gone.len() == before {
            break;
        }
    }
    let mut lost = BTreeMap::new();
    for _round in 0..ROUND_LIMIT {
        let mut changed = false;
        for module in modules.iter_mut() {
            for stmt in &mut module.body {
                changed |= trim(stmt, &gone, &mut lost);
            }
        }
        if !changed {
            break;
        }
    }
    let used = used(modules);
    for module in modules.iter_mut() {
        module.body.retain(|stmt| match &stmt.kind {
            StmtKind::Assign { targets, .. } => {
                targets.iter().any(|target| used.contains(&target.name.text))
            }
            StmtKind::Import(import) => import.binds().is_some_and(|name| used.contains(name)),
            _ => true,
        });
    }
}

/// Leaves out all statements of other kinds, and imports that mean nothing here.
fn first_cut(module: &mut Module, available: &Gone, gone: &mut Gone) {
    module.body.retain(|stmt| match &stmt.kind {
        StmtKind::Import(import) => match import.binds() {
            Some(name) if available.contains(name) => true,
            Some(name) => {
                gone.insert(name.clone());
                false
            }
            None => false,
        },
        StmtKind::Schema(_) | StmtKind::Rule(_) | StmtKind::TypeAlias { .. } => true,
        StmtKind::Assign { targets, .. }
            if matches!(targets.as_slice(), [target] if target.path.is_empty()) =>
        {
            true
        }
        _ => {
            sets(stmt, gone);
            false
        }
    });
}

/// Adds the names that a statement sets.
fn sets(stmt: &Stmt, names: &mut Gone) {
    let mut target = |target: &Target| {
        names.insert(target.name.text.clone());
    };
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().for_each(target),
        StmtKind::AugAssign { target: to, .. }
        | StmtKind::Unification { target: to, .. }
        | StmtKind::Annotation { target: to, .. } => target(to),
        StmtKind::If(branches) => {
            let bodies = branches.branches.iter().flat_map(|(_, body)| body);
            for stmt in bodies.chain(&branches.otherwise) {
                sets(stmt, names);
            }
        }
        _ => {}
    }
}

/// Returns whether a statement has to go with what is gone; then its name is gone too.
fn depends(stmt: &Stmt, gone: &mut Gone) -> bool {
    let name = match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.first().map(|target| &target.name),
        StmtKind::Schema(schema) => Some(&schema.name),
        StmtKind::Rule(rule) => Some(&rule.name),
        StmtKind::TypeAlias { name, .. } => Some(name),
        _ => None,
    };
    let Some(name) = name else { return false };
    if gone.contains(&name.text) {
        return true;
    }
    let whole = matches!(stmt.kind, StmtKind::Assign { .. } | StmtKind::Rule(_));
    let goes = whole && mentions(gone, |names| mentions::statement(stmt, names));
    if goes {
        gone.insert(name.text.clone());
    }
    goes
}

/// Returns whether one of some names is mentioned.
fn mentions(names: &Gone, walk: impl FnOnce(&mut Names<'_>)) -> bool {
    let mut found = false;
    walk(&mut |seen: Seen<'_>| {
        found |= matches!(seen, Seen::Name(name) if names.contains(name));
    });
    found
}

/// Leaves out what depends on what is gone within a statement; returns whether there was more.
fn trim(stmt: &mut Stmt, gone: &Gone, lost: &mut BTreeMap<Text, Gone>) -> bool {
    match &mut stmt.kind {
        StmtKind::TypeAlias { ty, .. } => {
            trim_type(ty, gone);
            false
        }
        StmtKind::Schema(schema) => trim_schema(schema, gone, lost),
        _ => false,
    }
}

/// Trims a schema. What its attributes and its base's attributes lost is gone for it, too.
fn trim_schema(schema: &mut Schema, gone: &Gone, lost: &mut BTreeMap<Text, Gone>) -> bool {
    let own = lost.get(&schema.name.text).cloned().unwrap_or_default();
    let before = own.len();
    let mut gone: Gone = gone.union(&own).cloned().collect();
    let bases = schema.base.iter().chain(&schema.mixins);
    let inherited: Vec<Text> = bases
        .filter_map(|path| path.segments.first())
        .filter_map(|name| lost.get(&name.text))
        .flatten()
        .cloned()
        .collect();
    let outside = gone.clone();
    gone.extend(inherited.iter().cloned());
    open_bases(schema, &outside);
    if let Some(index) = &mut schema.index_signature {
        trim_type(&mut index.key, &outside);
        trim_type(&mut index.value, &outside);
        index.default.take_if(|value| mentions(&gone, |names| mentions::expr(value, names)));
    }
    for param in &mut schema.params {
        if let Some(ty) = &mut param.ty {
            trim_type(ty, &outside);
        }
        param.default.take_if(|value| mentions(&gone, |names| mentions::expr(value, names)));
    }
    schema.decorators.retain(|d| !mentions(&gone, |names| mentions::decorator(d, names)));
    let mut own: Gone = own.into_iter().chain(inherited).collect();
    let mut unset = Gone::new();
    schema.body.retain_mut(|stmt| {
        if let StmtKind::Attribute(attribute) = &mut stmt.kind {
            trim_type(&mut attribute.ty, &outside);
            trim_attribute(attribute, &gone, &mut own);
            return true;
        }
        let goes = mentions(&gone, |names| mentions::statement(stmt, names));
        if goes {
            sets(stmt, &mut unset);
        }
        !goes
    });
    for stmt in &mut schema.body {
        if let StmtKind::Attribute(attribute) = &mut stmt.kind
            && unset.contains(&attribute.name.text)
        {
            attribute.optional = true;
        }
    }
    own.extend(unset);
    schema.checks.retain(|line| !mentions(&gone, |names| mentions::check(line, names)));
    let changed = own.len() > before;
    lost.insert(schema.name.text.clone(), own);
    changed
}

/// Trims an attribute: without its default it is optional.
fn trim_attribute(attribute: &mut Attribute, gone: &Gone, lost: &mut Gone) {
    attribute.decorators.retain(|d| !mentions(gone, |names| mentions::decorator(d, names)));
    let default = attribute
        .default
        .take_if(|(_, value)| mentions(gone, |names| mentions::expr(value, names)));
    if default.is_some() {
        attribute.optional = true;
        lost.insert(attribute.name.text.clone());
    }
}

/// Leaves out bases that are gone: what they declared is admitted, whatever it was.
fn open_bases(schema: &mut Schema, gone: &Gone) {
    let is_gone = |path: &Path| mentions(gone, |names| mentions::path(path, names));
    let base = schema.base.take_if(|path| is_gone(path)).is_some();
    schema.host.take_if(|path| is_gone(path));
    let count = schema.mixins.len();
    schema.mixins.retain(|path| !is_gone(path));
    let open = base || schema.mixins.len() < count;
    if open && schema.index_signature.is_none() {
        let span = schema.name.span;
        schema.index_signature = Some(Box::new(IndexSignature {
            key_name: None,
            key: Type { kind: TypeKind::Str, span },
            any_other: true,
            value: Type { kind: TypeKind::Any, span },
            default: None,
            span,
        }));
    }
}

/// Makes types any that name what is gone.
fn trim_type(ty: &mut ast::Type, gone: &Gone) {
    match &mut ty.kind {
        TypeKind::Named(path) if mentions(gone, |names| mentions::path(path, names)) => {
            ty.kind = TypeKind::Any;
        }
        TypeKind::List(Some(item)) => trim_type(item, gone),
        TypeKind::Dict(key, value) => {
            for ty in key.iter_mut().chain(value) {
                trim_type(ty, gone);
            }
        }
        TypeKind::Union(members) => members.iter_mut().for_each(|ty| trim_type(ty, gone)),
        TypeKind::Function(params, result) => {
            for ty in params {
                trim_type(ty, gone);
            }
            if let Some(ty) = result {
                trim_type(ty, gone);
            }
        }
        _ => {}
    }
}

/// Returns the names that what is kept mentions.
fn used(modules: &[&mut Module]) -> Gone {
    let statements = || modules.iter().flat_map(|module| &module.body);
    let mut used = Gone::new();
    for stmt in statements().filter(|stmt| !matches!(stmt.kind, StmtKind::Assign { .. })) {
        mentions::statement(stmt, &mut |seen| {
            if let Seen::Name(name) = seen {
                used.insert(name.clone());
            }
        });
    }
    loop {
        let before = used.len();
        for stmt in statements() {
            if let StmtKind::Assign { targets, .. } = &stmt.kind
                && targets.iter().any(|target| used.contains(&target.name.text))
            {
                mentions::statement(stmt, &mut |seen| {
                    if let Seen::Name(name) = seen {
                        used.insert(name.clone());
                    }
                });
            }
        }
        if used.len() == before {
            return used;
        }
    }
}
