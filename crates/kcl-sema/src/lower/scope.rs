//! What a name means: locals, keys of enclosing literals, attributes, globals, imports, built-ins.

use super::{Definition, Import, Lower};
use crate::hir::{Capture, Expr, ExprKind, PackageId, SchemaId, Slot, Text};
use crate::similar::similar;
use akua_source::Span;
use indexmap::IndexSet;
use std::rc::Rc;

/// The slot of an attribute that only the host of a mixin has: nothing is known of it.
const UNKNOWN: Slot = Slot::MAX;

/// The locals of one piece of code or one lambda.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Scopes, innermost last.
    pub(super) scopes: Vec<Scope>,
    /// Locals needed so far.
    pub(super) slots: u32,
    /// Captures of a lambda, with the name they were made for.
    pub(super) captures: Vec<(Text, Slot, Capture)>,
}

impl Frame {
    /// Reserves a local.
    pub(super) fn slot(&mut self) -> Slot {
        let slot = self.slots;
        self.slots = self.slots.saturating_add(1);
        slot
    }
}

/// Names of one block.
#[derive(Debug)]
pub(super) enum Scope {
    /// Parameters and locals of a lambda.
    Locals(Vec<(Text, Slot)>),
    /// Variables of a comprehension or quantifier: an identifier key of that name means them.
    Loop(Vec<(Text, Slot)>),
    /// Keys of a config literal seen so far; whether it has a head (`Schema {…}`).
    Config { keys: IndexSet<Text>, slot: Slot, used: bool, headed: bool },
}

/// Where a name was found in the frames.
enum Found {
    Local(Slot),
    Key(Slot, usize),
}

impl Lower<'_> {
    /// Resolves a name to the expression that reads it.
    pub(super) fn resolve(&mut self, name: &Text, span: Span) -> Expr {
        let kind = self.try_resolve(name).unwrap_or_else(|| {
            let message = format!("name '{name}' is not defined");
            self.error("CompileError", span, message);
            let help = if self.natives.has_module(name) {
                Some(format!("add `import {name}` at the head of the file"))
            } else {
                self.similar(name).map(|close| format!("did you mean `{close}`?"))
            };
            if let (Some(help), Some(diagnostic)) = (help, self.diagnostics.last_mut()) {
                diagnostic.helps = vec![help];
            }
            ExprKind::Error
        });
        Expr { kind, span }
    }

    /// Resolves a name, or returns `None` where nothing has it.
    pub(super) fn try_resolve(&mut self, name: &Text) -> Option<ExprKind> {
        let top = self.frames.len();
        self.resolve_below(name, top, usize::MAX)
    }

    /// Resolves a name in frames `..frame_end` and, in the last of them, scopes `..scope_end`.
    fn resolve_below(
        &mut self,
        name: &Text,
        frame_end: usize,
        scope_end: usize,
    ) -> Option<ExprKind> {
        let attr = self.layout.as_ref().and_then(|layout| layout.get(name).copied());
        let is_attr = attr.is_some() && !self.is_headed_key(name, frame_end, scope_end);
        for frame in (0..frame_end).rev() {
            let is_last = frame.saturating_add(1) == frame_end;
            let end = if is_last { scope_end } else { usize::MAX };
            match self.find_in_frame(name, frame, end, is_attr) {
                Some(Found::Local(slot)) => {
                    return Some(self.local_from(name, frame, frame_end, slot));
                }
                Some(Found::Key(slot, scope)) => {
                    let outside = self.resolve_below(name, frame.saturating_add(1), scope);
                    let otherwise =
                        outside.map(|kind| Box::new(Expr { kind, span: Span::default() }));
                    let key = Rc::clone(name);
                    let sibling = ExprKind::Sibling { slot, key, otherwise };
                    return Some(self.captured(name, frame, frame_end, sibling));
                }
                None => {}
            }
        }
        if !self.resolved.contains(name) {
            self.resolved.insert(Rc::clone(name));
        }
        if let Some(slot) = attr {
            return Some(ExprKind::Attr(slot));
        }
        let open = self.open.then_some(ExprKind::Attr(UNKNOWN));
        self.resolve_package_name(name).or(open)
    }

    /// Returns whether a name is a key of an enclosing `Schema {…}`, as far as it is written;
    /// lambdas do not see them.
    fn is_headed_key(&self, name: &Text, frame_end: usize, scope_end: usize) -> bool {
        let frame = frame_end.checked_sub(1).and_then(|last| self.frames.get(last));
        let mut scopes = frame.into_iter().flat_map(|frame| frame.scopes.iter().take(scope_end));
        scopes.any(|scope| {
            matches!(scope, Scope::Config { keys, headed: true, .. } if keys.contains(name))
        })
    }

    fn find_in_frame(
        &mut self,
        name: &Text,
        frame: usize,
        scope_end: usize,
        is_attr: bool,
    ) -> Option<Found> {
        let scopes = &mut self.frames.get_mut(frame)?.scopes;
        let end = scope_end.min(scopes.len());
        for (at, scope) in scopes.iter_mut().enumerate().take(end).rev() {
            match scope {
                Scope::Locals(names) | Scope::Loop(names) => {
                    if let Some((_, slot)) = names.iter().rev().find(|(found, _)| found == name) {
                        return Some(Found::Local(*slot));
                    }
                }
                // In a schema its attributes come before keys of literals without a head.
                Scope::Config { keys, slot, used, .. } if !is_attr && keys.contains(name) => {
                    *used = true;
                    return Some(Found::Key(*slot, at));
                }
                Scope::Config { .. } => {}
            }
        }
        None
    }

    fn local_from(&mut self, name: &Text, frame: usize, end: usize, slot: Slot) -> ExprKind {
        self.captured(name, frame, end, ExprKind::Local(slot))
    }

    /// Carries an expression of frame `frame` into the frame before `end`, through captures.
    fn captured(&mut self, name: &Text, frame: usize, end: usize, expr: ExprKind) -> ExprKind {
        let mut expr = expr;
        for at in frame.saturating_add(1)..end {
            let Some(inner) = self.frames.get_mut(at) else { return ExprKind::Error };
            if let ExprKind::Local(source) = &expr
                && let Some((_, slot, _)) = inner.captures.iter().find(
                    |(_, _, capture)| matches!(capture, Capture::Local(found) if found == source),
                )
            {
                expr = ExprKind::Local(*slot);
                continue;
            }
            let slot = inner.slot();
            let capture = match expr {
                ExprKind::Local(source) => Capture::Local(source),
                kind => Capture::Expr(Expr { kind, span: Span::default() }),
            };
            inner.captures.push((Rc::clone(name), slot, capture));
            expr = ExprKind::Local(slot);
        }
        expr
    }

    fn resolve_package_name(&mut self, name: &Text) -> Option<ExprKind> {
        let package = self.place.package;
        if let Some(definition) = self.names.get(package)?.definitions.get(name).copied() {
            return self.definition(package, definition);
        }
        if let Some(import) = self.import(name) {
            return Some(match import {
                Import::Package(id) => ExprKind::Module(id),
                Import::System(module) => ExprKind::SystemModule(module),
            });
        }
        self.natives.member("", name).map(ExprKind::Native)
    }

    /// Returns the expression that reads a definition; of aliases only those of schemas are values.
    pub(super) fn definition(
        &mut self,
        package: usize,
        definition: Definition,
    ) -> Option<ExprKind> {
        Some(match definition {
            Definition::Global(slot) => {
                if package == 0 {
                    self.used_globals.insert(slot);
                }
                ExprKind::Global(PackageId(u32::try_from(package).ok()?), slot)
            }
            Definition::Schema(id) => ExprKind::Schema(SchemaId(id)),
            Definition::Alias(alias) => match &*self.alias(alias) {
                crate::hir::Type::Schema(id) => ExprKind::Schema(*id),
                _ => return None,
            },
        })
    }

    /// Returns what an import of the current file binds to `name`.
    pub(super) fn import(&mut self, name: &str) -> Option<Import> {
        let file = self.packages.get(self.place.package)?.files.get(self.place.file)?;
        let (found, import) = file.imports.iter().find(|(found, _)| **found == *name)?;
        if self.place.package == 0 {
            self.used_imports.insert((0, self.place.file, Rc::clone(found)));
        }
        Some(import.clone())
    }

    /// Resolves `module.name`, or reports that the module has no such name.
    pub(super) fn module_member(&mut self, import: &Import, name: &Text, span: Span) -> Expr {
        let found = match import {
            Import::Package(id) => self.package_member(*id, name, span),
            Import::System(module) => self.natives.member(module, name).map(ExprKind::Native),
        };
        let kind = found.unwrap_or_else(|| {
            let module = match import {
                Import::System(module) => Rc::clone(module),
                Import::Package(id) => self
                    .packages
                    .get(id.0 as usize)
                    .map_or_else(|| "".into(), |p| Rc::clone(&p.path)),
            };
            let message = format!("attribute '{name}' not found in module '{module}'");
            let mut found = crate::diagnostic("TypeError", span, message);
            if let Some(close) = self.similar_member(import, name) {
                found = found.help(format!("did you mean `{close}`?"));
            }
            self.report(found);
            ExprKind::Error
        });
        Expr { kind, span }
    }

    fn package_member(&mut self, id: PackageId, name: &Text, span: Span) -> Option<ExprKind> {
        let at = id.0 as usize;
        if let Some(definition) = self.names.get(at)?.definitions.get(name).copied() {
            if name.starts_with('_') {
                let message = format!("cannot access private member '{name}' of another module");
                self.error("CompileError", span, message);
                return Some(ExprKind::Error);
            }
            return self.definition(at, definition);
        }
        let natives = self.packages.get(at)?.natives.clone()?;
        self.natives.member(&natives, name).map(ExprKind::Native)
    }

    /// Returns whether `name` is a loop variable that an identifier key would mean.
    pub(super) fn loop_variable(&self, name: &Text) -> Option<Slot> {
        let frame = self.frames.last()?;
        frame.scopes.iter().rev().find_map(|scope| match scope {
            Scope::Loop(names) => {
                names.iter().find(|(found, _)| found == name).map(|(_, slot)| *slot)
            }
            _ => None,
        })
    }

    /// Returns the public name of a package that somebody may have meant.
    fn similar_member(&self, import: &Import, name: &str) -> Option<Text> {
        let id = match import {
            Import::Package(id) => id,
            Import::System(module) => {
                return similar(name, self.natives.members(module).into_iter());
            }
        };
        let names = self.names.get(id.0 as usize)?.definitions.keys();
        similar(name, names.map(|found| &**found).filter(|found| !found.starts_with('_')))
    }

    /// Returns the defined name that somebody may have meant.
    fn similar(&self, name: &str) -> Option<Text> {
        let names = self.names.get(self.place.package)?;
        let attrs = self.layout.iter().flat_map(|layout| layout.keys());
        similar(name, attrs.chain(names.definitions.keys()).map(|found| &**found))
    }
}
