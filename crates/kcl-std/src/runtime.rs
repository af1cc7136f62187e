//! The modules `runtime` and `collection`.

use crate::args::Param;
use akua_source::Span;
use kcl_eval::Interp;
use kcl_eval::budget::is_exceeded;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;

/// Members of `runtime`.
pub(crate) const RUNTIME: &[Native] = &[function("catch", catch)];

/// Members of `collection`.
pub(crate) const COLLECTION: &[Native] = &[function("union_all", union_all)];

/// Calls a function; gives its error's message, or Undefined. A limit that was reached ends the
/// program all the same.
fn catch(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let callee = Param("catch", 0, "func").value(&mut args)?;
    let budget = interp.budget;
    match interp.call(&callee, Args::default()) {
        Ok(_) => Ok(Value::Undefined),
        Err(error) if is_exceeded(&error) => Err(error),
        Err(error) => {
            // What was entered on the way to the error counts no longer; what was done does.
            interp.budget.unwind(&budget);
            Ok(Value::str(error.message))
        }
    }
}

/// Unions the elements of a list, first to last.
fn union_all(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let items = Param("union_all", 0, "list").list(&mut args)?;
    let mut result = Value::None;
    for item in items.iter() {
        result = interp.union_operator(result, item.clone(), Span::default())?;
    }
    Ok(result)
}
