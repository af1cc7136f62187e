//! Overrides (`-O path=value`): edits of the program's text before it is parsed.
//!
//! Text, not values: an override means what a person would get who changed the file by hand, late
//! binding and checks included, and an error points into the line as it then is.

use akua_source::{FileId, Span};
use kcl_syntax::ast::{Entry, Expr, ExprKind, KeyKind, Module, Name, Stmt, StmtKind};

/// What to do with what is at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// `=`: replace it.
    Set,
    /// `:`: unify with it.
    Unify,
    /// `+=`: append to it.
    Insert,
    /// `-`: remove what the program configures, so that a default returns.
    Delete,
}

impl Action {
    fn operator(self) -> &'static str {
        match self {
            Self::Set | Self::Delete => "=",
            Self::Unify => ":",
            Self::Insert => "+=",
        }
    }
}

/// One override, parsed.
#[derive(Debug, PartialEq, Eq)]
struct Override<'a> {
    path: Vec<&'a str>,
    action: Action,
    /// KCL source; empty where the action is to delete.
    value: &'a str,
}

/// Applies an override to the files of the main package.
///
/// # Errors
/// What is wrong with the override itself, in words.
pub(crate) fn apply(texts: &mut [String], spec: &str) -> Result<(), String> {
    let change = parse(spec).ok_or_else(|| {
        format!(
            "invalid override `{spec}`: expected <path>=<value>, <path>:<value>, <path>+=<value> \
             or <path>-"
        )
    })?;
    let Some((first, rest)) = change.path.split_first() else { return Ok(()) };
    for text in texts.iter_mut().rev() {
        let (module, _) = kcl_syntax::parse(FileId(0), text);
        if let Some(found) = assigned(&module, first) {
            let edit = at_top(text, &found, rest, &change);
            return edit.map_or(Ok(()), |edit| edit.apply(text));
        }
    }
    if let (Some(text), false) = (texts.last_mut(), change.action == Action::Delete) {
        let line = match rest {
            [] => format!("{first} = {}", change.value),
            _ => format!("{first} = {{{}}}", nested(rest, &change)),
        };
        text.extend(["\n", &line, "\n"]);
    }
    Ok(())
}

/// Reads `path op value`.
fn parse(spec: &str) -> Option<Override<'_>> {
    let (path, action, value) = match spec.strip_suffix('-') {
        Some(path) if operator(path).is_none() => (path, Action::Delete, ""),
        _ => {
            let at = operator(spec)?;
            let (path, rest) = spec.split_at_checked(at)?;
            match rest.strip_prefix("+=") {
                Some(value) => (path, Action::Insert, value),
                None if rest.starts_with('=') => (path, Action::Set, rest.get(1..)?),
                None => (path, Action::Unify, rest.get(1..)?),
            }
        }
    };
    let path: Vec<&str> = segments(path.trim())?;
    let value = value.trim();
    let complete = action == Action::Delete || is_expression(value);
    complete.then_some(Override { path, action, value })
}

/// Returns where the operator starts: the first `=`, `:` or `+=` outside of quotes.
fn operator(spec: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, letter) in spec.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '=' | ':' if !quoted => return Some(at),
            '+' if !quoted && spec.get(at..)?.starts_with("+=") => return Some(at),
            _ => {}
        }
    }
    None
}

/// Splits a path at its dots; a segment may be quoted.
fn segments(path: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = path;
    loop {
        let end = match rest.strip_prefix('"') {
            Some(inner) => inner.find('"')?.checked_add(2)?,
            None => rest.find('.').unwrap_or(rest.len()),
        };
        let (segment, after) = rest.split_at_checked(end)?;
        let plain = segment.trim_matches('"');
        let name = plain.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
        if plain.is_empty() || (plain.len() == segment.len() && !name) {
            return None;
        }
        found.push(plain);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(found),
            None => return None,
        }
    }
}

/// Returns whether a text is one KCL expression, so that an override cannot bring statements.
fn is_expression(value: &str) -> bool {
    let text = format!("_ = {value}");
    let (module, diagnostics) = kcl_syntax::parse(FileId(0), &text);
    let [Stmt { kind: StmtKind::Assign { value, .. }, .. }] = module.body.as_slice() else {
        return false;
    };
    diagnostics.is_empty()
        && !matches!(value.kind, ExprKind::Error)
        && end(value.span) == text.len()
}

/// What defines a name at the top level.
struct Found<'a> {
    stmt: &'a Stmt,
    value: &'a Expr,
    /// Whether the value itself may be replaced: `a: S {…}` says the type too.
    plain: bool,
}

fn assigned<'a>(module: &'a Module, name: &str) -> Option<Found<'a>> {
    module.body.iter().rev().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, value, .. } => match targets.as_slice() {
            [target] if target.path.is_empty() && &*target.name.text == name => {
                Some(Found { stmt, value, plain: true })
            }
            _ => None,
        },
        StmtKind::Unification { target, value }
            if target.path.is_empty() && &*target.name.text == name =>
        {
            Some(Found { stmt, value, plain: false })
        }
        _ => None,
    })
}

/// A replacement of a range of a text.
#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    new: String,
}

impl Edit {
    fn replace(span: Span, new: String) -> Self {
        Self { start: start(span), end: end(span), new }
    }

    fn insert(at: usize, new: String) -> Self {
        Self { start: at, end: at, new }
    }

    fn apply(self, text: &mut String) -> Result<(), String> {
        if text.get(self.start..self.end).is_none() {
            return Err("the override does not fit the program".to_owned());
        }
        text.replace_range(self.start..self.end, &self.new);
        Ok(())
    }
}

fn at_top(text: &str, found: &Found<'_>, rest: &[&str], change: &Override<'_>) -> Option<Edit> {
    if !rest.is_empty() {
        return inside(text, found.value, rest, change);
    }
    let old = text.get(start(found.value.span)..end(found.value.span))?;
    let new = match change.action {
        Action::Delete => return Some(Edit::replace(found.stmt.span, String::new())),
        Action::Set if found.plain => change.value.to_owned(),
        Action::Set => {
            let name = text.get(start(found.stmt.span)..)?.split([':', ' ']).next()?;
            return Some(Edit::replace(found.stmt.span, format!("{name} = {}", change.value)));
        }
        Action::Unify => format!("({old}) | ({})", change.value),
        Action::Insert => format!("({old}) + ({})", change.value),
    };
    Some(Edit::replace(found.value.span, new))
}

/// Edits the value of a configuration at a path below it.
fn inside(text: &str, value: &Expr, path: &[&str], change: &Override<'_>) -> Option<Edit> {
    let (entries, body) = match &value.kind {
        ExprKind::Paren(inner) => return inside(text, inner, path, change),
        ExprKind::Dict(entries) => (entries, value.span),
        ExprKind::Config { entries, body_span, .. } => (entries, *body_span),
        _ if change.action == Action::Delete => return None,
        _ => {
            let old = text.get(start(value.span)..end(value.span))?;
            let new = format!("({old}) | {{{}}}", nested(path, change));
            return Some(Edit::replace(value.span, new));
        }
    };
    let known = entries.iter().rev().find_map(|entry| Match::of(entry, path));
    match known {
        Some(Match { value, rest, .. }) if !rest.is_empty() => inside(text, value, rest, change),
        Some(Match { entry, .. }) if change.action == Action::Delete => {
            Some(removal(text, start(entry), end(entry)))
        }
        Some(Match { value, key, .. }) if change.action == Action::Set => {
            let key = text.get(start(key)..end(key))?;
            let entry =
                Span { start: u32::try_from(start_of(text, value, key)?).ok()?, ..value.span };
            Some(Edit::replace(entry, format!("{key} = {}", change.value)))
        }
        _ if change.action == Action::Delete => None,
        _ => addition(entries, body, &nested(path, change)),
    }
}

/// Returns where the entry of `key` and `value` starts.
fn start_of(text: &str, value: &Expr, key: &str) -> Option<usize> {
    text.get(..start(value.span))?.rfind(key)
}

/// An entry that is, or leads to, what a path names.
struct Match<'a, 'p> {
    key: Span,
    value: &'a Expr,
    entry: Span,
    /// The rest of the path, below the value.
    rest: &'p [&'p str],
}

impl<'a, 'p> Match<'a, 'p> {
    fn of(entry: &'a Entry, path: &'p [&'p str]) -> Option<Self> {
        let Entry::KeyValue { key, value, span, .. } = entry else { return None };
        let same = |names: &[Name]| {
            names.len() <= path.len()
                && names.iter().zip(path).all(|(name, segment)| &*name.text == *segment)
        };
        let length = match &key.kind {
            KeyKind::Path(names) if same(names) => names.len(),
            KeyKind::Expr(expr) => match (&expr.kind, path.first()) {
                (ExprKind::Str(text), Some(first)) if &**text == *first => 1,
                _ => return None,
            },
            _ => return None,
        };
        Some(Self { key: key.span, value, entry: *span, rest: path.get(length..)? })
    }
}

/// Adds an entry after the last one, on its line: the lines after it keep their numbers.
fn addition(entries: &[Entry], body: Span, new: &str) -> Option<Edit> {
    match entries.last() {
        None => Some(Edit::insert(start(body).checked_add(1)?, new.to_owned())),
        Some(Entry::KeyValue { span, .. }) => Some(Edit::insert(end(*span), format!(", {new}"))),
        Some(Entry::Spread(value)) => Some(Edit::insert(end(value.span), format!(", {new}"))),
        Some(Entry::If { .. }) => {
            Some(Edit::insert(end(body).checked_sub(1)?, format!("\n{new}\n")))
        }
    }
}

/// Removes an entry and the comma after it, or else before it.
fn removal(text: &str, start: usize, end: usize) -> Edit {
    let after = text.get(end..).unwrap_or_default();
    let spaces = after.len().saturating_sub(after.trim_start_matches([' ', '\t']).len());
    if after.trim_start_matches([' ', '\t']).starts_with(',') {
        let end = end.saturating_add(spaces).saturating_add(1);
        return Edit { start, end, new: String::new() };
    }
    let before = text.get(..start).unwrap_or_default().trim_end_matches([' ', '\t']);
    match before.strip_suffix(',') {
        Some(kept) => Edit { start: kept.len(), end, new: String::new() },
        None => Edit { start, end, new: String::new() },
    }
}

/// An entry for a path: `a: {b = value}`.
fn nested(path: &[&str], change: &Override<'_>) -> String {
    let Some((last, folders)) = path.split_last() else { return String::new() };
    let operator = change.action.operator();
    let entry = format!("{} {operator} {}", quoted(last), change.value);
    folders.iter().rev().fold(entry, |inner, key| format!("{}: {{{inner}}}", quoted(key)))
}

fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

fn start(span: Span) -> usize {
    usize::try_from(span.start).unwrap_or(usize::MAX)
}

fn end(span: Span) -> usize {
    usize::try_from(span.end).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(program: &str, spec: &str, expected: &str) {
        let mut texts = [program.to_owned()];
        apply(&mut texts, spec).expect(spec);
        assert_eq!(texts[0], expected, "{spec}");
    }

    #[test]
    fn values_are_replaced() {
        check("a = 1\n", "a=2", "a = 2\n");
        check("c = C {n = 1, m: 2}\n", "c.n=5", "c = C {n = 5, m: 2}\n");
        check("c = C {n = 1, m: 2}\n", "c.m=5", "c = C {n = 1, m = 5}\n");
        check("c: C {n.x: 1}\n", "c.n.x=5", "c: C {n.x = 5}\n");
        check("c: C {\"n\": 1}\n", "c.n=5", "c: C {\"n\" = 5}\n");
        check("d = {a = {b = 1}}\n", "d.a.b=9", "d = {a = {b = 9}}\n");
    }

    #[test]
    fn values_are_added() {
        check("a = 1\n", "b=2", "a = 1\n\nb = 2\n");
        check("c = C {}\n", "c.s.x=7", "c = C {\"s\": {\"x\" = 7}}\n");
        check("c = C {\n    n = 1\n}\n", "c.l+=[4]", "c = C {\n    n = 1, \"l\" += [4]\n}\n");
        check("c = {n = {a = 1}}\n", "c.n:{b = 2}", "c = {n = {a = 1}, \"n\" : {b = 2}}\n");
        check("d = f()\n", "d.x=1", "d = (f()) | {\"x\" = 1}\n");
        check("d = {if x: a = 1}\n", "d.b=2", "d = {if x: a = 1\n\"b\" = 2\n}\n");
    }

    #[test]
    fn values_are_removed() {
        check("a = 1\nb = 2\n", "a-", "\nb = 2\n");
        check("d = {a = 1, b = 2}\n", "d.a-", "d = { b = 2}\n");
        check("d = {a = 1, b = 2}\n", "d.b-", "d = {a = 1}\n");
        check("d = {a = 1}\n", "d.x-", "d = {a = 1}\n");
    }

    #[test]
    fn what_is_no_override_is_refused() {
        for spec in ["a", "=1", "a=", "a=1\nb = 2", "a=1;", "a..b=1", "a b=1", "a=)", ""] {
            assert!(apply(&mut ["a = 1\n".to_owned()], spec).is_err(), "{spec}");
        }
    }
}
