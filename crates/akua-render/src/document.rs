//! A YAML document as JSON, read in a Store: the host has no YAML parser.

use crate::eval::{alone, json};
use crate::failure::RenderFailure;
use crate::worker::finish;
use akua_source::{Budgets, Diagnostic};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{Goal, REQUEST, Request, SOURCE};

/// Returns the first document of a YAML text as JSON; `name` is for errors.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn yaml_to_json(name: &str, bytes: &[u8], budgets: &Budgets) -> Result<String, RenderFailure> {
    let request = Request { goal: Goal::Json { name: name.to_owned() }, ..Request::default() };
    let frame = FrameBuilder::new().part(REQUEST, &json(&request)?).part(SOURCE, bytes).finish();
    String::from_utf8(finish(&alone(&frame, budgets)?)?.text).map_err(|_invalid| {
        Diagnostic::error("E_INTERNAL", "the worker's JSON is not UTF-8").into()
    })
}
