//! The document that the statements of the main package make together.

use super::{Output, place};
use crate::budget::Budget;
use crate::compare::equal;
use crate::library::{Eval, error};
use crate::text::type_of;
use crate::value::{Text, Value};
use akua_source::Span;

impl Output {
    /// Adds the value of an expression statement.
    ///
    /// # Errors
    /// A scalar or a list is a document of its own: it goes with nothing but an equal one.
    pub(super) fn add_root(&mut self, value: Value, span: Span, budget: &mut Budget) -> Eval<()> {
        if !is_shown(&value) {
            return Ok(());
        }
        // Either all of them are configs, or there is one scalar or list.
        match self.root.first() {
            Some(first) if is_plain(&value) && equal(first, &value, budget)? => return Ok(()),
            Some(first) if is_plain(&value) || is_plain(first) => {
                return Err(conflict(&value, first, span));
            }
            _ => {}
        }
        let variable = self.variables.iter().find(|(name, value)| is_output(name, value));
        if let Some((_, variable)) = variable.filter(|_| is_plain(&value)) {
            return Err(conflict(&value, variable, span));
        }
        self.root.push(value);
        Ok(())
    }

    /// Adds a variable.
    ///
    /// # Errors
    /// It is part of the output, which is a scalar or a list already.
    pub(super) fn add_variable(&mut self, name: Text, value: Value, span: Span) -> Eval<()> {
        if is_output(&name, &value)
            && let Some(other) = self.root.first().filter(|other| is_plain(other))
        {
            return Err(conflict(&value, other, span));
        }
        self.variables.push((name, value));
        Ok(())
    }
}

fn conflict(value: &Value, other: &Value, span: Span) -> Box<akua_source::Diagnostic> {
    let message = format!(
        "conflicting values for the whole document: {} and {}",
        type_of(value),
        type_of(other)
    );
    let mut found = place(error("EvaluationError", message), span);
    found.helps.push("give the value a name, such as `_ = …`, or remove the statement".to_owned());
    found
}

fn is_output(name: &str, value: &Value) -> bool {
    !name.starts_with('_') && is_shown(value)
}

/// Returns whether a value is a document by itself.
fn is_plain(value: &Value) -> bool {
    is_shown(value) && value.as_dict().is_none()
}

fn is_shown(value: &Value) -> bool {
    !matches!(
        value,
        Value::None
            | Value::Undefined
            | Value::Schema(_)
            | Value::Closure(_)
            | Value::Native(_)
            | Value::Method(_)
            | Value::Module(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(roots: &[i64], variable: Option<&str>, fits: bool) {
        let (mut output, mut budget) = (Output::default(), Budget::default());
        let mut results = Vec::new();
        for root in roots {
            results.push(output.add_root(Value::Int(*root), Span::default(), &mut budget));
        }
        if let Some(name) = variable {
            results.push(output.add_variable(name.into(), Value::Int(1), Span::default()));
        }
        assert_eq!(results.iter().all(Result::is_ok), fits, "{roots:?} {variable:?}");
    }

    #[test]
    fn a_scalar_is_a_document_of_its_own() {
        check(&[1, 1], None, true);
        check(&[1, 2], None, false);
        check(&[1], Some("a"), false);
        check(&[1], Some("_a"), true);
        check(&[], Some("a"), true);
    }
}
