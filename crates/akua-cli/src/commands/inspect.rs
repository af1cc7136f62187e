//! `akua inspect --package`: what a package may be given, as a table.

use crate::print::Printer;
use akua_ops::inspect::{InspectedPackage, package};
use akua_ops::{Exit, Failure};
use std::path::Path;

/// Widest column, in characters: what is longer shifts the rest of its line.
const COLUMN_LIMIT: usize = 40;

pub(crate) fn run(printer: &Printer, path: &Path) -> Result<Exit, Failure> {
    let found = package(path)?;
    if printer.json {
        return Ok(printer.document(&found));
    }
    let lines = lines(&found);
    Ok(lines.iter().map(|line| printer.line(line)).max().unwrap_or(Exit::Success))
}

/// Returns what was found, for people.
fn lines(found: &InspectedPackage) -> Vec<String> {
    let mut lines = vec![format!("{} {}", found.name, found.version)];
    match &found.input {
        None => lines.push("it has no schema `Input`".to_owned()),
        Some(input) => {
            lines.push("inputs".to_owned());
            let doc = input.doc.iter().flat_map(|doc| doc.lines());
            lines.extend(doc.map(|line| format!("  {line}").trim_end().to_owned()));
            let rows = input.fields.iter().map(|field| Row {
                name: &field.name,
                ty: &field.ty,
                state: state(field.required, field.default.as_deref()),
                text: field.doc.as_deref(),
            });
            lines.extend(table(&rows.collect::<Vec<_>>()));
        }
    }
    if !found.options.is_empty() {
        lines.push("options".to_owned());
        let rows = found.options.iter().map(|option| Row {
            name: &option.name,
            ty: option.ty.as_deref().unwrap_or("any"),
            state: state(option.required, option.default.as_deref()),
            text: option.help.as_deref(),
        });
        lines.extend(table(&rows.collect::<Vec<_>>()));
    }
    lines
}

/// A row of a table.
struct Row<'f> {
    name: &'f str,
    ty: &'f str,
    state: String,
    text: Option<&'f str>,
}

fn state(required: bool, default: Option<&str>) -> String {
    match default {
        _ if required => "required".to_owned(),
        // What spans lines is shown by its first.
        Some(default) => format!("= {}", one_line(default)),
        None => "optional".to_owned(),
    }
}

/// Returns rows with aligned columns.
fn table(rows: &[Row<'_>]) -> Vec<String> {
    let width = |cell: fn(&Row<'_>) -> String| {
        let widths = rows.iter().map(|row| cell(row).chars().count());
        widths.max().unwrap_or_default().min(COLUMN_LIMIT)
    };
    let (names, types) = (width(|row| one_line(row.name)), width(|row| one_line(row.ty)));
    let states = width(|row| row.state.clone());
    let line = |row: &Row<'_>| {
        let (name, ty, state) = (one_line(row.name), one_line(row.ty), &row.state);
        let text = one_line(row.text.unwrap_or_default());
        format!("  {name:names$}  {ty:types$}  {state:states$}  {text}").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Returns the first line of a text, with a sign that there are more.
fn one_line(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() { format!("{first} …") } else { first }
}
