//! The interpreter: globals on demand, each once; one value stack for all frames.
//!
//! Read in this order: this file, `interp/expr.rs`, `interp/config.rs`, `interp/instance.rs`.

mod attribute;
mod calls;
mod coerce;
mod collections;
mod config;
mod document;
mod explain;
mod expr;
mod instance;
mod setters;

use crate::budget::Budget;
use crate::library::{Eval, Library, error};
use crate::schema::{Scope, Slot};
use crate::value::{Opaque, Text, Value};
use crate::world::{CallError, World};
use akua_source::{Diagnostic, Span};
use kcl_sema::hir::{self, PackageId, SchemaId};
use std::rc::Rc;

/// What a run of a program needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether numbers have to fit 32 bits (`-r`).
    pub strict_range_check: bool,
    /// Most steps, if not as many as by default.
    pub steps: Option<u64>,
}

/// An option given on the command line (`-D key=value`) or in a settings file.
#[derive(Debug, Clone)]
pub struct OptionValue {
    /// Its key.
    pub key: Text,
    /// Its value.
    pub value: Value,
}

/// The interpreter of one program.
pub struct Interp<'p> {
    /// The program.
    pub program: &'p hir::Program,
    /// Native functions.
    pub library: &'p Library,
    /// The way out.
    pub world: &'p mut dyn World,
    /// What may still be used.
    pub budget: Budget,
    /// Options, in order; the last of a key wins.
    pub options: Vec<OptionValue>,
    /// How to run.
    pub settings: Settings,
    /// Documents that replace the output (`manifests.yaml_stream`), already encoded.
    pub stream: Option<String>,
    /// Warnings found while running.
    pub warnings: Vec<Diagnostic>,
    stack: Vec<Value>,
    base: usize,
    scope: Option<Rc<Scope>>,
    globals: Vec<Vec<Slot>>,
    /// Instances by schema, where the program asks for them.
    instances: Vec<(SchemaId, Value)>,
    /// Over zero while a value is made that will be joined with more before it has to be whole.
    lenient: u32,
}

impl std::fmt::Debug for Interp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interp").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Returns what orders a variable in the output: where it is first set, or last unified.
fn place_of(global: &hir::Global) -> (akua_source::FileId, u32) {
    let last = global.setters.last().filter(|setter| setter.op == hir::SetOp::Unify);
    let span = last.map_or(global.span, |setter| setter.target);
    (span.file, span.start)
}

/// The result of a main package: its variables in order.
#[derive(Debug, Default)]
pub struct Output {
    /// Values of expression statements, in order.
    pub root: Vec<Value>,
    /// Variables in order of definition, those that begin with `_` too.
    pub variables: Vec<(Text, Value)>,
}

impl<'p> Interp<'p> {
    /// Returns an interpreter that has run nothing yet.
    pub fn new(program: &'p hir::Program, library: &'p Library, world: &'p mut dyn World) -> Self {
        let globals = program
            .packages
            .iter()
            .map(|package| vec![Slot::Waiting; package.globals.len()])
            .collect();
        Self {
            program,
            library,
            world,
            budget: Budget::default(),
            options: Vec::new(),
            settings: Settings::default(),
            stream: None,
            warnings: Vec::new(),
            stack: Vec::with_capacity(256),
            base: 0,
            scope: None,
            globals,
            instances: Vec::new(),
            lenient: 0,
        }
    }

    /// Runs the actions of the imported packages, then the main package.
    ///
    /// # Errors
    /// The first evaluation error, with its place and call trace.
    pub fn run(&mut self) -> Eval<Output> {
        let program = self.program;
        let mut output = Output::default();
        for package in program.packages.iter().skip(1) {
            for action in &package.actions {
                self.action(action)?;
            }
        }
        let Some(main) = program.packages.first() else { return Ok(output) };
        let mut places = Vec::with_capacity(main.globals.len());
        let mut actions = main.actions.iter().peekable();
        for (at, global) in main.globals.iter().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            while let Some(action) = actions.next_if(|action| action.after <= at) {
                self.main_action(action, &mut output)?;
            }
            let value = self.global(PackageId(0), at)?;
            output.add_variable(Rc::clone(&global.name), value, global.span)?;
            places.push(place_of(global));
        }
        for action in actions {
            self.main_action(action, &mut output)?;
        }
        let variables = std::mem::take(&mut output.variables);
        let mut placed: Vec<_> = places.into_iter().zip(variables).collect();
        placed.sort_by_key(|(place, _)| *place);
        output.variables = placed.into_iter().map(|(_, variable)| variable).collect();
        Ok(output)
    }

    fn main_action(&mut self, action: &hir::Action, output: &mut Output) -> Eval<()> {
        match (self.action(action)?, &action.kind) {
            (Some(value), hir::ActionKind::Expr(code)) => {
                output.add_root(value, code.expr.span, &mut self.budget)
            }
            _ => Ok(()),
        }
    }

    /// Runs an assert or an expression statement; returns the value that joins the output.
    fn action(&mut self, action: &hir::Action) -> Eval<Option<Value>> {
        if !self.guards_hold(&action.guards)? {
            return Ok(None);
        }
        match &action.kind {
            hir::ActionKind::Assert(check) => {
                self.assert(check)?;
                Ok(None)
            }
            hir::ActionKind::Expr(code) => {
                let value = self.code(code)?;
                Ok((!value.is_nullish()).then_some(value))
            }
        }
    }

    fn assert(&mut self, check: &hir::Check) -> Eval<()> {
        if let Some(guard) = &check.guard
            && !self.code(guard)?.is_truthy()
        {
            return Ok(());
        }
        if self.code(&check.condition)?.is_truthy() {
            return Ok(());
        }
        let message = match &check.message {
            Some(message) => crate::text::display(&self.code(message)?),
            None => String::new(),
        };
        let mut failure = error("EvaluationError", assert_text(&message));
        *failure = failure.label(check.span, "");
        Err(failure)
    }

    /// Returns the value of a global, computing it where it is not yet known.
    pub(crate) fn global(&mut self, package: PackageId, at: u32) -> Eval<Value> {
        let (p, g) = (package.0 as usize, at as usize);
        match self.globals.get(p).and_then(|package| package.get(g)) {
            Some(Slot::Done(value) | Slot::InProgress(value)) => return Ok(value.clone()),
            Some(Slot::Waiting) => {}
            None => return Ok(Value::Undefined),
        }
        let program = self.program;
        let Some(global) = program.packages.get(p).and_then(|package| package.globals.get(g))
        else {
            return Ok(Value::Undefined);
        };
        self.budget.enter().map_err(|error| place(error, global.span))?;
        self.set_global(package, at, Slot::InProgress(Value::Undefined));
        let scope = self.scope.take();
        let lenient = std::mem::take(&mut self.lenient);
        let target = setters::Target::Global(package, at);
        let result = self.fold(Value::Undefined, &global.setters, global.ty.as_deref(), &target);
        self.lenient = lenient;
        self.scope = scope;
        self.budget.leave();
        let value = result?;
        self.set_global(package, at, Slot::Done(value.clone()));
        Ok(value)
    }

    fn set_global(&mut self, package: PackageId, at: u32, slot: Slot) {
        let slots = self.globals.get_mut(package.0 as usize);
        if let Some(place) = slots.and_then(|slots| slots.get_mut(at as usize)) {
            *place = slot;
        }
    }

    /// Runs code in a frame of its own.
    pub(crate) fn code(&mut self, code: &hir::Code) -> Eval<Value> {
        if code.slots == 0 {
            return self.expr(&code.expr);
        }
        let base = self.push_frame(code.slots);
        let result = self.expr(&code.expr);
        self.pop_frame(base);
        result
    }

    fn push_frame(&mut self, slots: u32) -> usize {
        let base = std::mem::replace(&mut self.base, self.stack.len());
        self.stack.resize(self.base.saturating_add(slots as usize), Value::Undefined);
        base
    }

    fn pop_frame(&mut self, base: usize) {
        self.stack.truncate(self.base);
        self.base = base;
    }

    fn local(&self, slot: hir::Slot) -> Value {
        self.stack.get(self.base.saturating_add(slot as usize)).cloned().unwrap_or_default()
    }

    fn set_local(&mut self, slot: hir::Slot, value: Value) {
        if let Some(place) = self.stack.get_mut(self.base.saturating_add(slot as usize)) {
            *place = value;
        }
    }

    fn take_local(&mut self, slot: hir::Slot) -> Value {
        let place = self.stack.get_mut(self.base.saturating_add(slot as usize));
        place.map(std::mem::take).unwrap_or_default()
    }

    /// Returns whether all branches that a statement stands in are taken.
    fn guards_hold(&mut self, guards: &[hir::Guard]) -> Eval<bool> {
        for guard in guards {
            for condition in guard.unless.iter() {
                if self.code(condition)?.is_truthy() {
                    return Ok(false);
                }
            }
            if let Some(condition) = &guard.when
                && !self.code(condition)?.is_truthy()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns an opaque object's content; any other value as it is.
    ///
    /// # Errors
    /// The host's typed error.
    pub fn force(&mut self, value: Value) -> Eval<Value> {
        match value {
            Value::Opaque(opaque) => self.load(&opaque),
            other => Ok(other),
        }
    }

    /// Returns a value in which no opaque object is left.
    ///
    /// # Errors
    /// The host's typed error.
    pub fn force_deep(&mut self, value: Value) -> Eval<Value> {
        match value {
            Value::Opaque(opaque) => self.load(&opaque),
            whole if !has_opaque(&whole, &mut self.budget)? => Ok(whole),
            Value::List(mut items) => {
                for item in Rc::make_mut(&mut items) {
                    *item = self.force_deep(std::mem::take(item))?;
                }
                Ok(Value::List(items))
            }
            Value::Dict(mut dict) => {
                for entry in Rc::make_mut(&mut dict).entries_mut() {
                    entry.value = self.force_deep(std::mem::take(&mut entry.value))?;
                }
                Ok(Value::Dict(dict))
            }
            other => Ok(other),
        }
    }

    fn load(&mut self, opaque: &Rc<Opaque>) -> Eval<Value> {
        if let Some(value) = opaque.loaded.get() {
            return Ok(value.clone());
        }
        let value = self.world.load(opaque.handle).map_err(call_error)?;
        Ok(opaque.loaded.get_or_init(|| value).clone())
    }

    /// Returns a schema of the program.
    pub(crate) fn schema(&self, id: SchemaId) -> Option<Rc<hir::Schema>> {
        self.program.schemas.get(id.0 as usize).map(Rc::clone)
    }
}

/// Returns whether there is an opaque object in a value; each list and dict takes a step.
fn has_opaque(value: &Value, budget: &mut Budget) -> Eval<bool> {
    match value {
        Value::Opaque(_) => return Ok(true),
        Value::List(items) => {
            budget.charge(1)?;
            for item in items.iter() {
                if has_opaque(item, budget)? {
                    return Ok(true);
                }
            }
        }
        Value::Dict(dict) => {
            budget.charge(1)?;
            for (_, value) in dict.iter() {
                if has_opaque(value, budget)? {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

fn assert_text(message: &str) -> String {
    if message.is_empty() { "the assertion failed".to_owned() } else { message.to_owned() }
}

/// Returns the diagnostic for an error that the host answered.
pub fn call_error(failure: CallError) -> Box<Diagnostic> {
    let mut diagnostic = Diagnostic::error(failure.code, failure.message);
    diagnostic.path = failure.path;
    diagnostic.helps.extend(failure.help);
    Box::new(diagnostic)
}

/// Gives an error the place it lacks.
pub(crate) fn place(mut error: Box<Diagnostic>, span: Span) -> Box<Diagnostic> {
    if error.labels.is_empty() {
        *error = error.label(span, "");
    }
    error
}
