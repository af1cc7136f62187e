//! The module `regex`: a backtracking engine with a bound on its work.

use crate::args::{Param, failure};
use fancy_regex::{Regex, RegexBuilder};
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::{Text, Value};

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("compile", compile),
    function("findall", findall),
    function("match", |_, args| search("match", args)),
    function("replace", replace),
    function("search", |_, args| search("search", args)),
    function("split", split),
];

/// Most steps back in one match: some tenths of a second.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// Largest compiled pattern, in bytes.
const SIZE_LIMIT: usize = 4 << 20;

/// Returns a compiled pattern.
fn pattern(text: &str) -> Eval<Regex> {
    RegexBuilder::new(text)
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| failure(format!("invalid pattern: {error}")))
}

/// Takes the text and the pattern.
fn both(name: &'static str, args: &mut Args) -> Eval<(Text, Regex)> {
    let text = Param(name, 0, "string").text(args)?;
    let regex = pattern(&Param(name, 1, "pattern").text(args)?)?;
    Ok((text, regex))
}

fn failed(error: &fancy_regex::Error) -> Box<akua_source::Diagnostic> {
    failure(format!("the pattern could not be matched: {error}"))
}

fn compile(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("compile", 0, "pattern").text(&mut args)?;
    Ok(Value::Bool(pattern(&text).is_ok()))
}

fn search(name: &'static str, mut args: Args) -> Eval<Value> {
    let (text, regex) = both(name, &mut args)?;
    regex.is_match(&*text).map(Value::Bool).map_err(|error| failed(&error))
}

/// Gives all matches; lists of groups where the pattern has two groups or more.
fn findall(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let (text, regex) = both("findall", &mut args)?;
    let groups = regex.captures_len().saturating_sub(1);
    let mut found = Vec::new();
    for captures in regex.captures_iter(&*text) {
        let captures = captures.map_err(|error| failed(&error))?;
        let group = |at: usize| Value::str(captures.get(at).map_or("", |group| group.as_str()));
        found.push(if groups > 1 {
            Value::list((1..=groups).map(group).collect())
        } else {
            group(0)
        });
    }
    Ok(Value::list(found))
}

fn replace(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let (text, regex) = both("replace", &mut args)?;
    let replacement = Param("replace", 2, "replace").text(&mut args)?;
    let count = Param("replace", 3, "count").opt_int(&mut args)?.unwrap_or(0);
    let count = usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(usize::MAX);
    let mut out = String::with_capacity(text.len());
    let mut end = 0_usize;
    for captures in regex.captures_iter(&*text).take(count) {
        let captures = captures.map_err(|error| failed(&error))?;
        let Some(whole) = captures.get(0) else { break };
        out.push_str(text.get(end..whole.start()).unwrap_or(""));
        // `$1`, `$name` and `${name}` are groups, `$$` is a dollar.
        captures.expand(&replacement, &mut out);
        end = whole.end();
        if out.len() > crate::RESULT_LIMIT {
            return Err(failure("the result of replace() is too long"));
        }
    }
    out.push_str(text.get(end..).unwrap_or(""));
    Ok(Value::str(out))
}

fn split(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let (text, regex) = both("split", &mut args)?;
    let limit = Param("split", 2, "maxsplit").opt_int(&mut args)?.unwrap_or(0);
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut end = 0_usize;
    for found in regex.find_iter(&*text).take(limit) {
        let found = found.map_err(|error| failed(&error))?;
        parts.push(Value::str(text.get(end..found.start()).unwrap_or("")));
        end = found.end();
    }
    parts.push(Value::str(text.get(end..).unwrap_or("")));
    Ok(Value::list(parts))
}
