//! The module `file`: reads through the World, and writes nothing.

use crate::args::{Param, failure};
use crate::json::denied;
use akua_source::Diagnostic;
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, error, function};
use kcl_eval::value::Value;
use kcl_eval::world::{World, WorldError};

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("abs", abs),
    function("append", |_, _| Err(denied("file.append"))),
    function("cp", |_, _| Err(denied("file.cp"))),
    function("current", current),
    function("delete", |_, _| Err(denied("file.delete"))),
    function("exists", exists),
    function("glob", glob),
    function("mkdir", |_, _| Err(denied("file.mkdir"))),
    function("modpath", |interp, _| Ok(Value::str(interp.world.module_folder()))),
    function("mv", |_, _| Err(denied("file.mv"))),
    function("read", read),
    // A render has no environment: every variable is unset.
    function("read_env", |_, mut args| {
        Param("read_env", 0, "key").text(&mut args).map(|_| Value::Undefined)
    }),
    function("size", size),
    function("workdir", |interp, _| Ok(Value::str(interp.world.working_folder()))),
    function("write", |_, _| Err(denied("file.write"))),
];

/// Deepest folder that `glob` looks into.
const GLOB_DEPTH_LIMIT: usize = 32;

/// Most names that `glob` looks at.
const GLOB_LIMIT: usize = 100_000;

/// Returns a path from the root, with `.` and `..` resolved.
fn absolute(interp: &Interp<'_>, path: &str) -> String {
    let full = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", interp.world.working_folder())
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Reads a file.
pub(crate) fn read_bytes(interp: &mut Interp<'_>, path: &str) -> Eval<Vec<u8>> {
    let full = absolute(interp, path);
    interp.world.read(&full).map_err(|error| refused(path, &error))
}

/// Returns the error for what the World refused.
fn refused(path: &str, reason: &WorldError) -> Box<Diagnostic> {
    match reason {
        WorldError::NotFound => failure(format!("cannot read '{path}': no such file or folder")),
        WorldError::Denied(what) => error("SandboxDenied", format!("cannot read '{path}': {what}")),
        WorldError::Unreadable(why) => failure(format!("cannot read '{path}': {why}")),
    }
}

fn read(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let path = Param("read", 0, "filepath").text(&mut args)?;
    let bytes = read_bytes(interp, &path)?;
    let text = String::from_utf8(bytes)
        .map_err(|_not_text| failure(format!("cannot read '{path}': it is not UTF-8 text")))?;
    Ok(Value::str(text))
}

fn size(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let path = Param("size", 0, "filepath").text(&mut args)?;
    let length = read_bytes(interp, &path)?.len();
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn exists(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let path = Param("exists", 0, "filepath").text(&mut args)?;
    let full = absolute(interp, &path);
    Ok(Value::Bool(interp.world.is_folder(&full).is_some()))
}

fn abs(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let path = Param("abs", 0, "filepath").text(&mut args)?;
    Ok(Value::str(absolute(interp, &path)))
}

fn current(interp: &mut Interp<'_>, _: Args) -> Eval<Value> {
    let file = interp.world.entry_file();
    Ok(Value::str(absolute(interp, &file)))
}

/// Gives the files that a pattern of `*`, `?`, `[…]` and `**` names.
fn glob(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let pattern = Param("glob", 0, "pattern").text(&mut args)?;
    let full = absolute(interp, &pattern);
    let parts: Vec<&str> = full.split('/').filter(|part| !part.is_empty()).collect();
    let mut search = Search { world: interp.world, found: Vec::new(), looked: 0 };
    search.folder("", &parts, 0)?;
    search.found.sort();
    search.found.dedup();
    Ok(Value::list(search.found.into_iter().map(Value::str).collect()))
}

struct Search<'w> {
    world: &'w mut dyn World,
    found: Vec<String>,
    looked: usize,
}

impl Search<'_> {
    /// Looks below `folder` for what the rest of the pattern names.
    fn folder(&mut self, folder: &str, pattern: &[&str], depth: usize) -> Eval<()> {
        let Some((part, rest)) = pattern.split_first() else { return Ok(()) };
        if depth > GLOB_DEPTH_LIMIT {
            return Ok(());
        }
        if !part.contains(['*', '?', '[']) {
            return self.entry(folder, part, rest, depth);
        }
        if *part == "**" {
            self.folder(folder, rest, depth)?;
        }
        // A folder that cannot be listed has nothing that the pattern names.
        let names = self.world.list(if folder.is_empty() { "/" } else { folder });
        for name in names.unwrap_or_default() {
            self.looked = self.looked.saturating_add(1);
            if self.looked > GLOB_LIMIT {
                return Err(failure(format!("glob() would look at over {GLOB_LIMIT} names")));
            }
            let path = format!("{folder}/{name}");
            if *part == "**" {
                if self.world.is_folder(&path) == Some(true) {
                    self.folder(&path, pattern, depth.saturating_add(1))?;
                }
            } else if matches(part.as_bytes(), name.as_bytes()) {
                self.entry(folder, &name, rest, depth)?;
            }
        }
        Ok(())
    }

    /// Takes an entry of a folder, or looks below it.
    fn entry(&mut self, folder: &str, name: &str, rest: &[&str], depth: usize) -> Eval<()> {
        let path = format!("{folder}/{name}");
        if !rest.is_empty() {
            return self.folder(&path, rest, depth.saturating_add(1));
        }
        if self.world.is_folder(&path).is_some() {
            self.found.push(path);
        }
        Ok(())
    }
}

/// Returns whether a name fits a pattern of `*`, `?` and `[…]`; in time length × length.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0_usize, 0_usize);
    // Where to go on after the last star, with one byte more for it.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p = p.saturating_add(1);
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => class(pattern.get(p..).unwrap_or_default(), name.get(n)),
            byte if byte == name.get(n) => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(step), _) => {
                p = p.saturating_add(step);
                n = n.saturating_add(1);
            }
            (None, Some((at, from))) => {
                let from = from.saturating_add(1);
                star = Some((at, from));
                (p, n) = (at.saturating_add(1), from);
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Returns the width of a class such as `[a-z]` or `[!0-9]` if it holds the byte.
fn class(pattern: &[u8], byte: Option<&u8>) -> Option<usize> {
    let byte = *byte?;
    let close = pattern.iter().skip(2).position(|b| *b == b']')?.saturating_add(2);
    let body = pattern.get(1..close)?;
    let (negated, body) = match body.split_first() {
        Some((b'!' | b'^', rest)) => (true, rest),
        _ => (false, body),
    };
    let mut holds = false;
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        if let [b'-', last, tail @ ..] = after {
            holds |= (*first..=*last).contains(&byte);
            rest = tail;
        } else {
            holds |= *first == byte;
            rest = after;
        }
    }
    (holds != negated).then(|| close.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_name_files() {
        for (pattern, name, expected) in [
            ("*.k", "a.k", true),
            ("*.k", "a.kk", false),
            ("a*b*c", "aXbYbc", true),
            ("[a-c]?.json", "b1.json", true),
            ("[!a-c]?.json", "b1.json", false),
            ("[a", "[a", false),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern}");
        }
    }
}
