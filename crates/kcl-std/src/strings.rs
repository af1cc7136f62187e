//! Member functions of strings. As in the reference, `find` and its kin count bytes; the rest of
//! the language counts characters.

use crate::args::{Param, failure};
use crate::format::format;
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::text::display;
use kcl_eval::value::{Text, Value};

/// The member functions.
pub(crate) const METHODS: &[Native] = &[
    function("capitalize", |_, args| map(&args, capitalize)),
    function("chars", |_, args| Ok(chars(&args))),
    function("count", count),
    function("endswith", endswith),
    function("find", |_, args| position("find", args, |text, sub| text.find(sub))),
    function("format", |_, args| {
        format(&subject(&args), &args.positional, &args.keyword).map(Value::str)
    }),
    function("index", |_, args| found(position("index", args, |text, sub| text.find(sub))?)),
    function("isalnum", |_, args| all(&args, char::is_alphanumeric)),
    function("isalpha", |_, args| all(&args, char::is_alphabetic)),
    function("isdigit", |_, args| all(&args, |c| c.is_ascii_digit())),
    function("islower", |_, args| test(&args, is_lower)),
    function("isspace", |_, args| all(&args, char::is_whitespace)),
    function("istitle", |_, args| test(&args, is_title)),
    function("isupper", |_, args| test(&args, is_upper)),
    function("join", join),
    function("lower", |_, args| map(&args, str::to_lowercase)),
    function("lstrip", |_, args| strip("lstrip", args, true, false)),
    function("removeprefix", removeprefix),
    function("removesuffix", removesuffix),
    function("replace", replace),
    function("rfind", |_, args| position("rfind", args, |text, sub| text.rfind(sub))),
    function("rindex", |_, args| found(position("rindex", args, |text, sub| text.rfind(sub))?)),
    function("rsplit", rsplit),
    function("rstrip", |_, args| strip("rstrip", args, false, true)),
    function("split", split),
    function("splitlines", splitlines),
    function("startswith", startswith),
    function("strip", |_, args| strip("strip", args, true, true)),
    function("title", |_, args| map(&args, title)),
    function("upper", |_, args| map(&args, str::to_uppercase)),
];

/// Returns the string that the member function is called on.
fn subject(args: &Args) -> Text {
    match &args.receiver {
        Value::Str(text) => Text::clone(text),
        other => Text::from(display(other)),
    }
}

fn map(args: &Args, change: impl Fn(&str) -> String) -> Eval<Value> {
    Ok(Value::str(change(&subject(args))))
}

fn test(args: &Args, holds: impl Fn(&str) -> bool) -> Eval<Value> {
    Ok(Value::Bool(holds(&subject(args))))
}

fn all(args: &Args, holds: impl Fn(char) -> bool) -> Eval<Value> {
    test(args, |text| !text.is_empty() && text.chars().all(&holds))
}

fn strings<'t>(parts: impl IntoIterator<Item = &'t str>) -> Value {
    Value::list(parts.into_iter().map(Value::str).collect())
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.as_str().to_lowercase().chars()).collect()
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        in_word = c.is_alphabetic();
    }
    out
}

fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}

fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

fn is_title(text: &str) -> bool {
    let mut in_word = false;
    let mut any = false;
    for c in text.chars() {
        // Upper case only at the start of a word, lower case only within one.
        if (c.is_uppercase() && in_word) || (c.is_lowercase() && !in_word) {
            return false;
        }
        in_word = c.is_uppercase() || c.is_lowercase();
        any |= in_word;
    }
    any
}

fn chars(args: &Args) -> Value {
    let text = subject(args);
    let mut buffer = [0; 4];
    Value::list(text.chars().map(|c| Value::str(&*c.encode_utf8(&mut buffer))).collect())
}

/// Returns the part of a string between the optional bounds at `first` and after it, and where it
/// begins; `None` where the bounds are outside.
fn window<'t>(
    name: &'static str,
    text: &'t str,
    args: &mut Args,
    first: usize,
) -> Eval<Option<(usize, &'t str)>> {
    let start = Param(name, first, "start").opt_int(args)?.unwrap_or(0);
    let end = Param(name, first.saturating_add(1), "end").opt_int(args)?.unwrap_or(i64::MAX);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let clamp = |at: i64| if at < 0 { at.saturating_add(length).max(0) } else { at };
    let (start, end) = (clamp(start), clamp(end).min(length));
    if start > end {
        return Ok(None);
    }
    // A bound within a character leaves it out: no other text begins or ends there.
    let mut from = usize::try_from(start).unwrap_or(0);
    let mut to = usize::try_from(end).unwrap_or(0);
    while !text.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    while !text.is_char_boundary(to) {
        to = to.saturating_sub(1);
    }
    Ok(text.get(from..to).map(|part| (from, part)))
}

fn count(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let sub = Param("count", 0, "sub").text(&mut args)?;
    let found = window("count", &text, &mut args, 1)?;
    let count = found.map_or(0, |(_, part)| part.matches(&*sub).count());
    Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn startswith(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let part = Param("startswith", 0, "val").text(&mut args)?;
    let found = window("startswith", &text, &mut args, 1)?;
    Ok(Value::Bool(found.is_some_and(|(_, text)| text.starts_with(&*part))))
}

fn endswith(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let part = Param("endswith", 0, "val").text(&mut args)?;
    let found = window("endswith", &text, &mut args, 1)?;
    Ok(Value::Bool(found.is_some_and(|(_, text)| text.ends_with(&*part))))
}

fn position(
    name: &'static str,
    mut args: Args,
    search: fn(&str, &str) -> Option<usize>,
) -> Eval<Value> {
    let text = subject(&args);
    let sub = Param(name, 0, "sub").text(&mut args)?;
    let found = window(name, &text, &mut args, 1)?
        .and_then(|(start, part)| search(part, &sub).map(|at| start.saturating_add(at)));
    Ok(Value::Int(found.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX))))
}

/// Turns the -1 of `find` into the error of `index`.
fn found(position: Value) -> Eval<Value> {
    match position {
        Value::Int(-1) => Err(failure("substring not found")),
        found => Ok(found),
    }
}

fn join(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let separator = subject(&args);
    let items = Param("join", 0, "iter").list(&mut args)?;
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&separator);
        }
        match item {
            Value::Str(text) => out.push_str(text),
            other => out.push_str(&display(other)),
        }
    }
    Ok(Value::str(out))
}

fn strip(name: &'static str, mut args: Args, left: bool, right: bool) -> Eval<Value> {
    let text = subject(&args);
    let chars = Param(name, 0, "chars").opt_text(&mut args)?;
    let goes =
        |c: char| chars.as_ref().map_or_else(|| c.is_whitespace(), |chars| chars.contains(c));
    let mut rest: &str = &text;
    if left {
        rest = rest.trim_start_matches(goes);
    }
    if right {
        rest = rest.trim_end_matches(goes);
    }
    Ok(Value::str(rest))
}

fn removeprefix(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let part = Param("removeprefix", 0, "prefix").text(&mut args)?;
    Ok(Value::str(text.strip_prefix(&*part).unwrap_or(&text)))
}

fn removesuffix(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let part = Param("removesuffix", 0, "suffix").text(&mut args)?;
    Ok(Value::str(text.strip_suffix(&*part).unwrap_or(&text)))
}

fn replace(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let old = Param("replace", 0, "old").text(&mut args)?;
    let new = Param("replace", 1, "new").text(&mut args)?;
    let count = limit(Param("replace", 2, "count").opt_int(&mut args)?);
    let length = text.len().saturating_mul(new.len().saturating_add(1));
    if length > crate::RESULT_LIMIT
        && text.matches(&*old).count() > crate::RESULT_LIMIT / new.len().max(1)
    {
        return Err(failure("the result of replace() is too long"));
    }
    Ok(Value::str(match count {
        None => text.replace(&*old, &new),
        Some(count) => text.replacen(&*old, &new, count),
    }))
}

/// Returns a limit that a number below zero lifts.
fn limit(count: Option<i64>) -> Option<usize> {
    usize::try_from(count?).ok()
}

fn split(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let separator = Param("split", 0, "sep").opt_text(&mut args)?;
    let limit = limit(Param("split", 1, "maxsplit").opt_int(&mut args)?);
    Ok(match (separator, limit) {
        (Some(separator), None) => strings(text.split(&*separator)),
        (Some(separator), Some(limit)) => {
            strings(text.splitn(limit.saturating_add(1), &*separator))
        }
        (None, None) => strings(text.split_whitespace()),
        (None, Some(limit)) => {
            let mut parts = Vec::new();
            let mut rest = text.trim_start();
            while parts.len() < limit
                && let Some((part, after)) = rest.split_once(char::is_whitespace)
            {
                parts.push(part);
                rest = after.trim_start();
            }
            if !rest.is_empty() {
                parts.push(rest);
            }
            strings(parts)
        }
    })
}

fn rsplit(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let separator = Param("rsplit", 0, "sep").opt_text(&mut args)?;
    let limit = limit(Param("rsplit", 1, "maxsplit").opt_int(&mut args)?);
    let mut parts: Vec<&str> = match (&separator, limit) {
        (Some(separator), None) => text.rsplitn(usize::MAX, &**separator).collect(),
        (Some(separator), Some(limit)) => {
            text.rsplitn(limit.saturating_add(1), &**separator).collect()
        }
        (None, None) => text.split_whitespace().rev().collect(),
        (None, Some(limit)) => {
            let mut parts = Vec::new();
            let mut rest = text.trim_end();
            while parts.len() < limit
                && let Some((before, part)) = rest.rsplit_once(char::is_whitespace)
            {
                parts.push(part);
                rest = before.trim_end();
            }
            if !rest.is_empty() {
                parts.push(rest);
            }
            parts
        }
    };
    parts.reverse();
    Ok(strings(parts))
}

fn splitlines(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = subject(&args);
    let keep = Param("splitlines", 0, "keepends").flag(&mut args)?;
    let mut lines = Vec::new();
    let mut rest: &str = &text;
    while let Some(at) = rest.find(['\n', '\r']) {
        let width = if rest.get(at..).is_some_and(|end| end.starts_with("\r\n")) { 2 } else { 1 };
        let end = at.saturating_add(width);
        lines.push(rest.get(..if keep { end } else { at }).unwrap_or(""));
        rest = rest.get(end..).unwrap_or("");
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    Ok(strings(lines))
}
