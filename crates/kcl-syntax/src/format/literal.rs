//! Numbers and strings.

use super::printer::Printer;
use crate::ast::Expr;
use akua_source::Span;

impl Printer<'_> {
    /// Writes what a span holds, as it is.
    pub(super) fn verbatim(&mut self, span: Span) {
        self.write(&self.source.text(span));
    }

    /// An integer, in decimal. One that is written otherwise and wraps keeps its spelling: its
    /// sign would be an operator.
    pub(super) fn integer(&mut self, value: i64, span: Span) {
        if value == i64::MIN && self.source.text(span).starts_with('-') {
            return self.write("-9223372036854775808");
        }
        if value < 0 {
            return self.verbatim(span);
        }
        self.write(&value.to_string());
    }

    /// An integer with a multiplier: `0x1Ki` is `1Ki`.
    pub(super) fn multiplied(&mut self, value: i64, span: Span) {
        let text = self.source.text(span);
        let suffix = if text.ends_with('i') { 2 } else { 1 };
        let suffix = text.get(text.len().saturating_sub(suffix)..).unwrap_or("");
        self.write(&value.to_string());
        self.write(suffix);
    }

    /// A string that is a type: in double quotes, where that needs no escapes.
    pub(super) fn string_type(&mut self, literal: &Expr) {
        match double_quoted(&self.source.text(literal.span)) {
            Some(quoted) => self.write(&quoted),
            None => self.verbatim(literal.span),
        }
    }
}

/// Returns a string in single quotes with double ones, where that needs no escapes.
pub(super) fn double_quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = !inner.contains(['"', '\'', '\\', '\n', '$']);
    plain.then(|| format!("\"{inner}\""))
}
