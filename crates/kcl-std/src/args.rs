//! Arguments of natives as Rust types, with one kind of error for the wrong ones.

use akua_source::Diagnostic;
use kcl_eval::library::{Args, Eval, error};
use kcl_eval::text::type_of;
use kcl_eval::value::{Text, Value, as_f64};
use std::rc::Rc;

/// Name and place of a parameter: function, index, parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param(pub &'static str, pub usize, pub &'static str);

impl Param {
    /// Returns the error for a value of the wrong type.
    pub(crate) fn wrong(self, expected: &str, found: &Value) -> Box<Diagnostic> {
        let Self(function, _, name) = self;
        let found = type_of(found);
        error("TypeError", format!("{function}() expected {expected} as '{name}', got {found}"))
    }

    /// Takes any value that has to be there.
    pub(crate) fn value(self, args: &mut Args) -> Eval<Value> {
        args.require(self.0, self.1, self.2)
    }

    /// Takes a value that may be left out, or be None.
    pub(crate) fn opt_value(self, args: &mut Args) -> Option<Value> {
        args.take(self.1, self.2).filter(|value| !value.is_nullish())
    }

    /// Takes a string.
    pub(crate) fn text(self, args: &mut Args) -> Eval<Text> {
        match self.value(args)? {
            Value::Str(text) => Ok(text),
            other => Err(self.wrong("str", &other)),
        }
    }

    /// Takes a string that may be left out, or be None.
    pub(crate) fn opt_text(self, args: &mut Args) -> Eval<Option<Text>> {
        match self.opt_value(args) {
            None => Ok(None),
            Some(Value::Str(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong("str", &other)),
        }
    }

    /// Takes an integer.
    pub(crate) fn int(self, args: &mut Args) -> Eval<i64> {
        match self.value(args)? {
            Value::Int(value) => Ok(value),
            other => Err(self.wrong("int", &other)),
        }
    }

    /// Takes an integer that may be left out, or be None.
    pub(crate) fn opt_int(self, args: &mut Args) -> Eval<Option<i64>> {
        match self.opt_value(args) {
            None => Ok(None),
            Some(Value::Int(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong("int", &other)),
        }
    }

    /// Takes a number as a float.
    pub(crate) fn number(self, args: &mut Args) -> Eval<f64> {
        match self.value(args)? {
            Value::Int(value) => Ok(as_f64(value)),
            Value::Float(value) => Ok(value),
            other => Err(self.wrong("int | float", &other)),
        }
    }

    /// Takes a boolean that is false where it is left out.
    pub(crate) fn flag(self, args: &mut Args) -> Eval<bool> {
        match self.opt_value(args) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(other) => Err(self.wrong("bool", &other)),
        }
    }

    /// Takes a list.
    pub(crate) fn list(self, args: &mut Args) -> Eval<Rc<Vec<Value>>> {
        match self.value(args)? {
            Value::List(items) => Ok(items),
            other => Err(self.wrong("list", &other)),
        }
    }
}

/// Returns an evaluation error.
pub(crate) fn failure(message: impl Into<String>) -> Box<Diagnostic> {
    error("EvaluationError", message)
}
