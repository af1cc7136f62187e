//! The module `template`: Handlebars.

mod parse;
mod render;

use crate::args::{Param, failure};
use kcl_eval::Interp;
use kcl_eval::dict::Dict;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;

/// Its members.
pub(crate) const NATIVES: &[Native] =
    &[function("execute", execute), function("html_escape", html_escape)];

fn execute(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("execute", 0, "template").text(&mut args)?;
    let data = Param("execute", 1, "data").opt_value(&mut args);
    let data = interp.force_deep(data.unwrap_or_else(|| Value::dict(Dict::default())))?;
    let nodes = parse::parse(&text).map_err(fault)?;
    render::render(&nodes, &data, &mut interp.budget).map(Value::str)
}

/// Returns the error for a template that makes no sense.
fn fault(message: impl std::fmt::Display) -> Box<akua_source::Diagnostic> {
    failure(format!("template: {message}"))
}

fn html_escape(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("html_escape", 0, "data").text(&mut args)?;
    let mut out = String::with_capacity(text.len());
    escape(&text, &mut out);
    Ok(Value::str(out))
}

/// Appends a text with the characters that HTML reads as its own replaced.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            c => out.push(c),
        }
    }
}
