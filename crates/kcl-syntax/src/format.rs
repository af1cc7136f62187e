//! Text to the same program, laid out the one way: what `akua fmt` does to a file.
//!
//! The layout is that of the reference's formatter: four spaces a level, one entry a line, commas
//! only where a line holds several items, at most one empty line between statements.
//!
//! **Invariant:** the result parses to the same program and has the same comments; where that
//! would not be so, the text is refused ([`verify`]). Formatting a result again changes nothing.
//! What the tree leaves out (spelling, comments, lines) is read from the source. Start with
//! `printer.rs`.

mod config;
mod expr;
mod layout;
mod literal;
mod printer;
mod schema;
mod source;
mod stmt;
mod types;
mod verify;

use crate::ast::Module;
use akua_source::{Diagnostic, FileId, Severity};
use printer::Printer;
use source::Source;

/// How often a text is printed: once more where comments moved, and once to settle.
const PASSES: usize = 3;

/// Formats a file.
///
/// # Errors
/// What is wrong with its syntax; or `E_FMT_KCL`, where the result would mean something else.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (mut out, mut moved) = print(text, &parsed(file, text)?);
    for _ in 1..PASSES {
        // Comments that moved to lines of their own may change what comes between lines.
        let module = parsed(file, &out).map_err(|_ours| vec![refusal(file)])?;
        if !moved {
            break;
        }
        (out, moved) = print(&out, &module);
    }
    if verify::is_same(text, &out) { Ok(out) } else { Err(vec![refusal(file)]) }
}

/// Prints a tree; also returns whether comments moved to lines before their statement.
fn print(text: &str, module: &Module) -> (String, bool) {
    let source = Source::new(text);
    let mut printer = Printer::new(&source);
    printer.module(module);
    printer.finish()
}

/// Parses a file; an error is an end.
fn parsed(file: FileId, text: &str) -> Result<Module, Vec<Diagnostic>> {
    let (module, diagnostics) = crate::parse(file, text);
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if failed { Err(diagnostics) } else { Ok(module) }
}

/// Says that the formatter gave up.
fn refusal(file: FileId) -> Diagnostic {
    let message = "the formatted text would not mean the same";
    Diagnostic::error("E_FMT_KCL", message)
        .label(akua_source::Span::new(file, 0, 0), "")
        .help("the file is left as it is; please report it: this is a bug of akua")
}

#[cfg(test)]
mod tests;
