//! Lays out the result of a program: what is printed, in which order.

use akua_source::Diagnostic;
use kcl_eval::Value;
use kcl_eval::budget::{DOCUMENT_LIMIT, admit};
use kcl_eval::dict::{Dict, Entry, EntryOp};
use kcl_eval::interp::Output;
use kcl_std::{Encoding, to_yaml};
use std::rc::Rc;

/// What is left out and how it is ordered.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputOptions {
    /// Sorts keys at every depth.
    pub sort_keys: bool,
    /// Leaves out None from dicts and lists.
    pub disable_none: bool,
    /// Keeps names that start with `_`.
    pub show_hidden: bool,
}

/// Returns the document of a program: expression statements first, then the variables.
///
/// # Errors
/// `E_KCL_MEMORY` if it has too many values: a value that is used twice is printed twice.
pub fn document(output: &Output, options: OutputOptions) -> Result<Value, Box<Diagnostic>> {
    let mut left = DOCUMENT_LIMIT;
    let laid_out = lay_out(output, options, &mut left);
    // Each one that was printed took one off: none is left if one was missing.
    admit("the program", usize::from(left == 0).saturating_mul(usize::MAX), DOCUMENT_LIMIT)?;
    Ok(laid_out)
}

/// Returns the YAML of a document: a list of configs, also an empty one, is a stream of documents.
///
/// # Errors
/// As [`to_yaml`].
pub fn document_yaml(document: &Value) -> Result<String, Box<Diagnostic>> {
    match document {
        Value::List(items) if items.iter().all(|item| item.as_dict().is_some()) => {
            let documents: Result<Vec<String>, _> =
                items.iter().map(|item| to_yaml(item, Encoding::default())).collect();
            Ok(documents?.join("---\n"))
        }
        document => to_yaml(document, Encoding::default()),
    }
}

fn lay_out(output: &Output, options: OutputOptions, left: &mut usize) -> Value {
    let mut document = Dict::default();
    for root in &output.root {
        for (key, value) in root.as_dict().into_iter().flat_map(Dict::iter) {
            put(&mut document, key, value, options, left);
        }
    }
    for (name, value) in &output.variables {
        put(&mut document, name, value, options, left);
    }
    // A program that only says a value has that value as its document.
    let last = output.root.last().filter(|value| value.as_dict().is_none());
    if let (true, Some(value)) = (document.is_empty(), last) {
        return shown(value, options, left).unwrap_or_default();
    }
    if options.sort_keys {
        document.sort_keys();
    }
    Value::dict(document)
}

fn put(out: &mut Dict, key: &Rc<str>, value: &Value, options: OutputOptions, left: &mut usize) {
    if key.starts_with('_') && !options.show_hidden {
        return;
    }
    if let Some(value) = shown(value, options, left) {
        out.put(Entry { key: Rc::clone(key), value, op: EntryOp::Override, index: None });
    }
}

/// Returns a value as it is printed; `None` where it is left out.
fn shown(value: &Value, options: OutputOptions, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    match value {
        Value::Undefined
        | Value::Schema(_)
        | Value::Closure(_)
        | Value::Native(_)
        | Value::Method(_)
        | Value::Module(_) => None,
        Value::None => (!options.disable_none).then_some(Value::None),
        Value::List(items) => {
            Some(Value::list(items.iter().filter_map(|item| shown(item, options, left)).collect()))
        }
        Value::Dict(_) | Value::Instance(_) => {
            let dict = value.as_dict()?;
            let mut out = Dict::with_capacity(dict.len());
            for (key, value) in dict.iter() {
                put(&mut out, key, value, options, left);
            }
            if options.sort_keys {
                out.sort_keys();
            }
            Some(Value::dict(out))
        }
        other => Some(other.clone()),
    }
}
