//! The static checker: what can be said to be wrong without running the program.
//!
//! It works on the resolved program, after lowering: names are slots there, so that a local's type
//! is an index away, and every expression still has its span. One pass over the statements of all
//! packages; what a statement needs to know of others (a global, an attribute without a declared
//! type) is inferred when it is asked for, and once.
//!
//! **Invariant:** a correct program is never refused. What is not known is [`Ty::Any`], which goes
//! with everything; the rules are those of the reference, also where they are odd. The work is
//! linear in the size of the program, apart from spreads, which cost what they add; types share
//! their parts. Start with [`check`], then `expr.rs`.

mod assign;
mod call;
mod config;
mod expr;
mod lambda;
mod member;
mod ops;
mod schema;
mod setter;
mod signatures;
mod types;

#[cfg(test)]
mod tests;

use crate::hir::{self, NativeId, PackageId, Program, SchemaId};
use crate::{Natives, diagnostic};
use akua_source::{Diagnostic, FileId, Severity, Span};
use schema::SchemaTypes;
use setter::State;
use std::collections::{BTreeMap, BTreeSet};
use types::{KnownEntry, Ty};

/// Most errors of one run; whoever has more of them mends the first ones first.
const ERROR_LIMIT: usize = 50;

/// Most globals whose types wait for each other; beyond it a type is any.
const NESTED_LIMIT: u32 = 48;

/// Checks a program that was lowered without errors; gives errors and warnings in source order.
pub(crate) fn check(program: &Program, natives: &dyn Natives) -> Vec<Diagnostic> {
    let mut checker = Checker {
        program,
        natives,
        diagnostics: Vec::new(),
        errors: 0,
        globals: program.packages.iter().map(|p| vec![State::Waiting; p.globals.len()]).collect(),
        schemas: program.schemas.iter().map(|_| None).collect(),
        functions: BTreeMap::new(),
        guards: BTreeSet::new(),
        frames: Vec::new(),
        schema: None,
        nested: 0,
        depth: 0,
        partial: false,
    };
    checker.program();
    let mut diagnostics = checker.diagnostics;
    diagnostics.sort_by_key(|diagnostic| {
        diagnostic.labels.first().map(|label| (label.span.file, label.span.start))
    });
    diagnostics
}

/// Where a value is checked, and where the type that it must have is declared.
#[derive(Debug, Clone, Copy)]
struct Site {
    span: Span,
    declared: Option<Span>,
}

/// The locals of a piece of code.
#[derive(Debug, Default)]
struct Frame {
    /// Types by slot; what is not set yet is `None`.
    locals: Vec<Option<Ty>>,
    /// Config literals on their way, with the local that holds each while it is built.
    literals: Vec<(hir::Slot, Vec<KnownEntry>)>,
}

struct Checker<'p> {
    program: &'p Program,
    natives: &'p dyn Natives,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    globals: Vec<Vec<State>>,
    schemas: Vec<Option<SchemaTypes>>,
    functions: BTreeMap<NativeId, Ty>,
    /// Conditions that were walked: every statement of a branch carries them.
    guards: BTreeSet<(FileId, u32, u32)>,
    frames: Vec<Frame>,
    /// The schema whose attributes the code means.
    schema: Option<SchemaId>,
    nested: u32,
    /// How deeply the current expression is nested.
    depth: u32,
    /// Whether the next instance is one of several that are unified: it need not be complete.
    partial: bool,
}

impl<'p> Checker<'p> {
    fn program(&mut self) {
        for at in 0..self.program.schemas.len() {
            self.schema_body(SchemaId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        for (at, package) in self.program.packages.iter().enumerate() {
            let id = PackageId(u32::try_from(at).unwrap_or(u32::MAX));
            for global in 0..package.globals.len() {
                let _ty = self.global_ty(id, global);
            }
            for action in &package.actions {
                self.action(action);
            }
        }
    }

    /// Runs `work` as code of its own: of no lambda, and of `schema` or of none.
    fn apart<T>(&mut self, schema: Option<SchemaId>, work: impl FnOnce(&mut Self) -> T) -> T {
        let frames = std::mem::take(&mut self.frames);
        let schema = std::mem::replace(&mut self.schema, schema);
        let partial = std::mem::take(&mut self.partial);
        self.nested = self.nested.saturating_add(1);
        let result = work(self);
        self.nested = self.nested.saturating_sub(1);
        self.frames = frames;
        self.schema = schema;
        self.partial = partial;
        result
    }

    /// Runs `work` in a frame of its own.
    fn framed<T>(&mut self, slots: u32, work: impl FnOnce(&mut Self) -> T) -> T {
        self.frames.push(Frame { locals: vec![None; slots as usize], literals: Vec::new() });
        let result = work(self);
        self.frames.pop();
        result
    }

    /// Infers the type of a piece of code with a frame of its own.
    fn code(&mut self, code: &'p hir::Code) -> Ty {
        self.framed(code.slots, |checker| checker.expr(&code.expr))
    }

    fn action(&mut self, action: &'p hir::Action) {
        self.guards(&action.guards);
        match &action.kind {
            hir::ActionKind::Assert(check) => self.check_line(check, false),
            hir::ActionKind::Expr(code) => {
                let _ty = self.code(code);
            }
        }
    }

    /// Walks the conditions of branches, each once.
    fn guards(&mut self, guards: &'p [hir::Guard]) {
        for guard in guards {
            for code in guard.unless.iter().chain(&guard.when) {
                let span = code.expr.span;
                if self.guards.insert((span.file, span.start, span.end)) {
                    let _ty = self.code(code);
                }
            }
        }
    }

    /// Walks an assert or a line of a check block; `inline` where it shares the frame around it.
    fn check_line(&mut self, check: &'p hir::Check, inline: bool) {
        let codes = [Some(&check.condition), check.guard.as_ref(), check.message.as_ref()];
        for (at, code) in codes.into_iter().enumerate() {
            let Some(code) = code else { continue };
            let ty = if inline { self.expr(&code.expr) } else { self.code(code) };
            if at == 2 {
                let site = Site { span: code.expr.span, declared: None };
                self.expect(&ty, &Ty::Str, site);
            }
        }
    }

    /// Returns whether enough was found.
    fn full(&self) -> bool {
        self.errors >= ERROR_LIMIT
    }

    /// Adds an error, unless it is there already.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.full() || self.diagnostics.contains(&diagnostic) {
            return;
        }
        if diagnostic.severity == Severity::Error {
            self.errors = self.errors.saturating_add(1);
        }
        self.diagnostics.push(diagnostic);
    }

    fn error(&mut self, kind: &str, span: Span, message: impl Into<String>) {
        self.report(diagnostic(kind, span, message));
    }

    /// Reports a value of the wrong type.
    fn expect(&mut self, found: &Ty, expected: &Ty, site: Site) {
        if !assign::assignable(self.program, found, expected) {
            self.mismatch(found, expected, site);
        }
    }

    fn mismatch(&mut self, found: &Ty, expected: &Ty, site: Site) {
        let found = found.named_for(expected);
        let expected = expected.shown(self.program);
        let message = format!("expected {expected}, found {}", found.shown(self.program));
        let mut diagnostic = diagnostic("TypeError", site.span, message);
        if let Some(declared) = site.declared.filter(|declared| *declared != site.span) {
            diagnostic = diagnostic.label(declared, format!("its type is {expected}"));
        }
        self.report(diagnostic);
    }
}
