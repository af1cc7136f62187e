//! The table of native functions, injected so that the evaluator does not know the standard
//! modules, and what such a function may touch.

use crate::interp::Interp;
use crate::value::{Text, Value};
use akua_source::Diagnostic;
use kcl_sema::{Natives, hir::NativeId};

/// The result of anything that evaluates.
pub type Eval<T> = Result<T, Box<Diagnostic>>;

/// A native function: gets the interpreter (for its world, its budget and calls back) and the
/// arguments. An error without a label is placed at the call.
pub type Function = fn(&mut Interp<'_>, Args) -> Eval<Value>;

/// Arguments of a native function.
#[derive(Debug, Default, Clone)]
pub struct Args {
    /// The value whose member function is called.
    pub receiver: Value,
    /// Positional arguments.
    pub positional: Vec<Value>,
    /// Keyword arguments.
    pub keyword: Vec<(Text, Value)>,
}

impl Args {
    /// Takes the argument at `index`, or the one called `name`.
    pub fn take(&mut self, index: usize, name: &str) -> Option<Value> {
        if let Some(value) = self.positional.get_mut(index) {
            return Some(std::mem::take(value));
        }
        let at = self.keyword.iter().position(|(key, _)| **key == *name)?;
        Some(self.keyword.swap_remove(at).1)
    }

    /// Takes a required argument.
    ///
    /// # Errors
    /// A `TypeError` that names the function and the argument.
    pub fn require(&mut self, function: &str, index: usize, name: &str) -> Eval<Value> {
        self.take(index, name).ok_or_else(|| {
            error("TypeError", format!("{function}() missing the required argument '{name}'"))
        })
    }
}

/// What stands under a name of a module.
#[derive(Debug, Clone, Copy)]
pub enum Item {
    /// A function.
    Function(Function),
    /// A constant, made at each use.
    Constant(fn() -> Value),
}

/// One name of a module.
#[derive(Debug, Clone, Copy)]
pub struct Native {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub item: Item,
}

/// Returns a table row for a function.
pub const fn function(name: &'static str, call: Function) -> Native {
    Native { name, item: Item::Function(call) }
}

/// Returns a table row for a constant.
pub const fn constant(name: &'static str, make: fn() -> Value) -> Native {
    Native { name, item: Item::Constant(make) }
}

/// All native functions: a flat table whose indexes are the [`NativeId`]s.
#[derive(Debug, Clone, Default)]
pub struct Library {
    natives: Vec<Native>,
    /// `(module, first, end)`; the built-in functions have the empty name.
    modules: Vec<(&'static str, usize, usize)>,
    /// Member functions of strings.
    string_methods: &'static [Native],
}

impl Library {
    /// Adds a module; the built-in functions are the module with the empty name.
    #[must_use]
    pub fn module(mut self, name: &'static str, natives: &[Native]) -> Self {
        let first = self.natives.len();
        self.natives.extend_from_slice(natives);
        self.modules.push((name, first, self.natives.len()));
        self
    }

    /// Sets the member functions of strings; they get the string as [`Args::receiver`].
    #[must_use]
    pub fn string_methods(mut self, natives: &'static [Native]) -> Self {
        self.string_methods = natives;
        self
    }

    /// Returns a native by its id.
    pub fn get(&self, id: NativeId) -> Option<&Native> {
        self.natives.get(id.0 as usize)
    }

    /// Returns a member function of strings.
    pub fn string_method(&self, name: &str) -> Option<Function> {
        let native = self.string_methods.iter().find(|native| native.name == name)?;
        match native.item {
            Item::Function(function) => Some(function),
            Item::Constant(_) => None,
        }
    }
}

impl Natives for Library {
    fn has_module(&self, module: &str) -> bool {
        self.modules.iter().any(|(name, ..)| *name == module)
    }

    fn member(&self, module: &str, name: &str) -> Option<NativeId> {
        let (_, first, end) = self.modules.iter().find(|(found, ..)| *found == module)?;
        let natives = self.natives.get(*first..*end)?;
        let at = natives.iter().position(|native| native.name == name)?;
        Some(NativeId(u32::try_from(first.checked_add(at)?).ok()?))
    }

    fn members(&self, module: &str) -> Vec<&str> {
        let found = self.modules.iter().find(|(found, ..)| *found == module);
        let natives = found.and_then(|(_, first, end)| self.natives.get(*first..*end));
        natives.unwrap_or_default().iter().map(|native| native.name).collect()
    }

    fn describe(&self, id: NativeId) -> Option<(&str, &str)> {
        let at = id.0 as usize;
        let (module, ..) =
            self.modules.iter().find(|(_, first, end)| (*first..*end).contains(&at))?;
        Some((module, self.natives.get(at)?.name))
    }
}

/// Returns an error of the reference's kind (`TypeError`, `EvaluationError`, …).
pub fn error(kind: &str, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(code(kind), message).kind(kind))
}

/// Returns akua's code for the reference's kind of error.
pub fn code(kind: &str) -> &'static str {
    match kind {
        "TypeError" => "E_KCL_TYPE",
        "CompileError" => "E_KCL_COMPILE",
        "InvalidSyntax" => "E_KCL_SYNTAX",
        "ImmutableError" => "E_KCL_IMMUTABLE",
        "CannotFindModule" => "E_KCL_IMPORT",
        "IllegalAttributeError" => "E_KCL_ATTRIBUTE",
        "SandboxDenied" => "E_SANDBOX_DENIED",
        _ => "E_KCL_EVAL",
    }
}
