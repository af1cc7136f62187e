//! Lowers parsed packages to the resolved program.
//!
//! First all names of all packages are collected, then types and schema layouts are made on
//! demand, then code is lowered against them. One pass over each statement; schemas are lowered
//! once, mixins once for each host (their names mean the host's attributes).

mod code;
mod config;
mod mixin;
mod schema;
mod scope;
mod statements;
mod types;
mod unify;
mod unused;

use crate::{
    Natives,
    hir::{self, PackageId, SchemaId, Symbol, Text},
};
use akua_source::{Diagnostic, FileId, Span};
use indexmap::IndexMap;
use kcl_syntax::ast;
use scope::Frame;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A parsed file with what its imports mean.
#[derive(Debug)]
pub struct ParsedFile {
    /// Its id in the source map.
    pub file: FileId,
    /// Its tree.
    pub module: ast::Module,
    /// Names that its imports bind.
    pub imports: Vec<(Text, Import)>,
}

/// What an import stands for.
#[derive(Debug, Clone)]
pub enum Import {
    /// A package of sources.
    Package(PackageId),
    /// A system module of the library.
    System(Text),
}

/// The files of one package.
#[derive(Debug, Default)]
pub struct ParsedPackage {
    /// Its import path; empty for the main package.
    pub path: Text,
    /// Its files, in order.
    pub files: Vec<ParsedFile>,
    /// The system module whose native members it has too.
    pub natives: Option<Text>,
}

/// Lowers a program; `packages[0]` is the main package.
///
/// The program may run only if no diagnostic is an error.
pub fn lower(packages: &[ParsedPackage], natives: &dyn Natives) -> (hir::Program, Vec<Diagnostic>) {
    let mut lower = Lower::new(packages, natives);
    lower.collect();
    lower.schemas();
    let (program, mut diagnostics) = lower.finish();
    // Types of a program with undefined names would say the same thing twice.
    if diagnostics.iter().all(|d| d.severity != akua_source::Severity::Error) {
        diagnostics.extend(crate::check::check(&program, natives));
    }
    (program, diagnostics)
}

/// Where a piece of syntax stands: decides what its names mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    package: usize,
    file: usize,
}

/// A schema, mixin, protocol or rule of the syntax.
#[derive(Debug, Clone, Copy)]
enum SchemaSyntax<'a> {
    Schema(&'a ast::Schema),
    Rule(&'a ast::Rule),
}

/// A type alias on its way.
#[derive(Debug, Clone)]
enum Alias<'a> {
    Syntax(&'a ast::Type, Place),
    InProgress,
    Done(Rc<hir::Type>),
}

/// What a name of a package stands for before lowering.
#[derive(Debug, Clone, Copy)]
enum Definition {
    Global(u32),
    Schema(u32),
    Alias(u32),
}

/// How far a schema is lowered.
#[derive(Debug, Clone)]
enum SchemaState {
    Waiting,
    InProgress,
    Done(Rc<hir::Schema>),
}

/// A statement that sets a global, with the branches that it stands in.
#[derive(Debug, Clone)]
struct GlobalSetter<'a> {
    place: Place,
    stmt: &'a ast::Stmt,
    guards: Vec<Branch<'a>>,
}

/// A branch of an `if` in the syntax: the statement and the number of the branch.
#[derive(Debug, Clone, Copy)]
struct Branch<'a> {
    stmt: &'a ast::IfStmt,
    at: usize,
}

/// A global before lowering.
#[derive(Debug)]
struct GlobalSyntax<'a> {
    name: Text,
    span: Span,
    setters: Vec<GlobalSetter<'a>>,
}

/// A statement that sets nothing.
#[derive(Debug)]
struct ActionSyntax<'a> {
    place: Place,
    stmt: &'a ast::Stmt,
    guards: Vec<Branch<'a>>,
    after: u32,
}

/// The names of one package.
#[derive(Debug, Default)]
struct Names<'a> {
    definitions: IndexMap<Text, Definition>,
    globals: Vec<GlobalSyntax<'a>>,
    actions: Vec<ActionSyntax<'a>>,
}

/// Slots of the attributes that the current code sees.
type Layout = IndexMap<Text, hir::Slot>;

struct Lower<'a> {
    packages: &'a [ParsedPackage],
    natives: &'a dyn Natives,
    names: Vec<Names<'a>>,
    /// Schemas with their place and the whole of their statement.
    schemas: Vec<(SchemaSyntax<'a>, Place, Span)>,
    states: Vec<SchemaState>,
    /// Bodies of schemas, their bases' included, for schemas whose names the bases' code may mean.
    bodies: IndexMap<SchemaId, Rc<schema::Body<'a>>>,
    aliases: Vec<Alias<'a>>,
    diagnostics: Vec<Diagnostic>,
    uses_instances: bool,
    place: Place,
    layout: Option<Rc<Layout>>,
    frames: Vec<Frame>,
    /// Imports that something uses: package, file and bound name.
    used_imports: BTreeSet<(usize, usize, Text)>,
    /// Variables of the main package that something reads.
    used_globals: BTreeSet<u32>,
    /// Whether names that nothing has are attributes of a host that is not known (in mixins).
    open: bool,
    /// Names that were resolved since it was cleared.
    resolved: BTreeSet<Text>,
}

impl<'a> Lower<'a> {
    fn new(packages: &'a [ParsedPackage], natives: &'a dyn Natives) -> Self {
        Self {
            packages,
            natives,
            names: Vec::new(),
            schemas: Vec::new(),
            states: Vec::new(),
            aliases: Vec::new(),
            diagnostics: Vec::new(),
            uses_instances: false,
            place: Place { package: 0, file: 0 },
            layout: None,
            frames: Vec::new(),
            resolved: BTreeSet::new(),
            used_imports: BTreeSet::new(),
            used_globals: BTreeSet::new(),
            open: false,
            bodies: IndexMap::new(),
        }
    }

    fn error(&mut self, kind: &str, span: Span, message: impl Into<String>) {
        self.report(crate::diagnostic(kind, span, message));
    }

    /// Adds a finding, unless it is there already.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Runs `work` with names meaning what they mean at `place`.
    fn at<T>(&mut self, place: Place, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.place, place);
        let result = work(self);
        self.place = before;
        result
    }

    /// Lowers an expression that runs in a frame of its own.
    fn code(&mut self, expr: &'a ast::Expr) -> hir::Code {
        let outer = std::mem::replace(&mut self.frames, vec![Frame::default()]);
        let expr = self.expr(expr);
        let slots = self.frames.pop().map_or(0, |frame| frame.slots);
        self.frames = outer;
        hir::Code { expr, slots }
    }

    /// Collects the names of all packages.
    fn collect(&mut self) {
        let packages = self.packages;
        for (at, package) in packages.iter().enumerate() {
            self.names.push(Names::default());
            for (file, parsed) in package.files.iter().enumerate() {
                let place = Place { package: at, file };
                self.place = place;
                self.collect_statements(place, &parsed.module.body, &mut Vec::new());
            }
        }
    }

    /// Lowers the globals and actions of a package, whose schemas are done.
    fn schemas(&mut self) {
        for at in 0..self.schemas.len() {
            let id = SchemaId(u32::try_from(at).unwrap_or(u32::MAX));
            let _schema = self.schema(id);
        }
    }

    fn finish(mut self) -> (hir::Program, Vec<Diagnostic>) {
        let mut program = hir::Program::default();
        for at in 0..self.packages.len() {
            let package = self.lowered_package(at);
            program.packages.push(package);
        }
        for state in &self.states {
            if let SchemaState::Done(schema) = state {
                program.schemas.push(Rc::clone(schema));
            }
        }
        program.uses_instances = self.uses_instances;
        self.unused_imports();
        if let Some(main) = program.packages.first() {
            self.unused_variables(main);
        }
        let failed = self.diagnostics.iter().any(|d| d.severity == akua_source::Severity::Error);
        debug_assert!(failed || program.schemas.len() == self.states.len());
        (program, self.diagnostics)
    }

    fn symbols(&mut self, at: usize) -> Vec<(Text, Symbol)> {
        let definitions: Vec<_> = self.names.get(at).map_or_else(Vec::new, |names| {
            names.definitions.iter().map(|(name, found)| (Rc::clone(name), *found)).collect()
        });
        definitions
            .into_iter()
            .map(|(name, definition)| {
                let symbol = match definition {
                    Definition::Global(slot) => Symbol::Global(slot),
                    Definition::Schema(id) => Symbol::Schema(SchemaId(id)),
                    Definition::Alias(alias) => Symbol::Alias(self.alias(alias)),
                };
                (name, symbol)
            })
            .collect()
    }
}
