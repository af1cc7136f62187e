//! Lists and dicts.

use super::types::{KEYS, Type};
use super::{Generator, Name, indented};

impl Generator {
    /// A list from other values.
    pub(super) fn list(&mut self, item: &Type, depth: u32) -> String {
        let kind = item.clone().list();
        match (self.below(16), item) {
            (0..=4, _) => self.list_literal(item, depth),
            (5 | 6, _) if !item.has_dict() => self.list_comprehension(item, depth),
            (7, _) => self.several(&kind, 2, 2, depth).join(" + "),
            (8, _) => format!("({} * {})", self.grouped(&kind, depth), self.below(3)),
            (9, _) => format!("({})", self.several(&kind, 2, 2, depth).join(" | ")),
            (10, Type::Int) => match self.below(3) {
                0 => format!("range({})", self.below(5)),
                1 => format!("range({}, {})", self.below(4), self.below(9)),
                _ => format!("range({}, {}, -2)", self.below(9), self.below(3)),
            },
            (10, Type::Str) => self.parts(depth),
            (11, Type::Int | Type::Str | Type::Float) => {
                let reverse = self.pick(&["", ", True", ", reverse=True"]);
                format!("sorted({}{reverse})", self.expression(&kind, depth))
            }
            (11, Type::List(inner)) => {
                let kind = inner.clone().list();
                format!("zip({})", self.several(&kind, 2, 2, depth).join(", "))
            }
            (12, Type::Str) => {
                let kind = self.simple_type().dict();
                format!("[t for t in {}]", self.expression(&kind, depth))
            }
            (12 | 13, _) if !item.has_dict() => self.list_query(item, depth),
            (14, _) => {
                let slice = self.pick(&["1:", ":1", "::-1", "-2:", ":", "0:2", "5:9"]);
                format!("{}[{slice}]", self.grouped(&kind, depth))
            }
            _ => format!("list({})", self.expression(&kind, depth)),
        }
    }

    /// Parts of a string.
    fn parts(&mut self, depth: u32) -> String {
        let text = self.grouped(&Type::Str, depth);
        match self.below(4) {
            0 => format!("{text}.split(\",\")"),
            1 => format!("{text}.split()"),
            2 => format!("{text}.chars()"),
            _ => format!("{text}.splitlines()"),
        }
    }

    /// `[a, *b, if c: d else: e]`
    fn list_literal(&mut self, item: &Type, depth: u32) -> String {
        let mut items = Vec::new();
        for _ in 0..self.below(4) {
            let one = self.expression(item, depth);
            items.push(match self.below(9) {
                0 => format!("*{}", self.grouped(&item.clone().list(), depth)),
                1 => format!("*[{one}]"),
                2 => {
                    let condition = self.expression(&Type::Bool, depth);
                    format!("if {condition}: {one}")
                }
                _ => one,
            });
        }
        format!("[{}]", items.join(", "))
    }

    /// `[e for x in list if c]`
    fn list_comprehension(&mut self, item: &Type, depth: u32) -> String {
        let (mut loops, names) = self.loops();
        self.within(names, |this| {
            if this.chance(3) {
                let condition = this.expression(&Type::Bool, depth.min(1));
                loops = format!("{loops} if {condition}");
            }
            format!("[{} {loops}]", this.expression(item, depth))
        })
    }

    /// One or two `for`s, and the names that they define.
    fn loops(&mut self) -> (String, Vec<Name>) {
        let (mut loops, mut names) = (Vec::new(), Vec::new());
        for _ in 0..=self.below(4) / 3 {
            let (kind, one, two) = (self.simple_type(), self.fresh("t"), self.fresh("t"));
            let of_dict = self.chance(3);
            let source = if of_dict { kind.clone().dict() } else { kind.clone().list() };
            let source = self.leaf(&source);
            // The reference checks a literal here against the type of what is made.
            let source = if source.starts_with('{') { format!("dict({source})") } else { source };
            let first = if of_dict { Type::Str } else { Type::Int };
            if self.chance(2) {
                loops.push(format!("for {one}, {two} in {source}"));
                names.push(Name { text: one, kind: first });
                names.push(Name { text: two, kind });
            } else {
                loops.push(format!("for {one} in {source}"));
                names.push(Name { text: one, kind: if of_dict { Type::Str } else { kind } });
            }
        }
        (loops.join(" "), names)
    }

    /// What a quantifier goes over: the reference takes a name or a literal there.
    pub(super) fn source(&mut self, kind: &Type) -> String {
        self.leaf(&kind.clone().list())
    }

    /// `filter x in list { … }` or `map x in list { … }`
    fn list_query(&mut self, item: &Type, depth: u32) -> String {
        let (name, kind) = (self.fresh("t"), self.simple_type());
        if self.chance(2) {
            let source = self.source(item);
            let names = vec![Name { text: name.clone(), kind: item.clone() }];
            let test = self.within(names, |this| this.expression(&Type::Bool, depth.min(1)));
            return format!("(filter {name} in {source} {{ {test} }})");
        }
        let source = self.source(&kind);
        let names = vec![Name { text: name.clone(), kind }];
        let value = self.within(names, |this| this.expression(item, depth));
        format!("(map {name} in {source} {{ {value} }})")
    }

    /// A dict from other values.
    pub(super) fn dict(&mut self, item: &Type, depth: u32) -> String {
        let kind = item.clone().dict();
        match self.below(10) {
            5 if !item.has_dict() => {
                let (mut loops, names) = self.loops();
                self.within(names, |this| {
                    let key = this.expression(&Type::Str, depth.min(1));
                    if this.chance(3) {
                        let condition = this.expression(&Type::Bool, depth.min(1));
                        loops = format!("{loops} if {condition}");
                    }
                    format!("{{({key}) = {} {loops}}}", this.expression(item, depth))
                        .replacen("{(", "{str(", 1)
                })
            }
            6 | 7 => format!("({})", self.several(&kind, 2, 2, depth).join(" | ")),
            8 => {
                let (key, value) = (self.fresh("t"), self.fresh("t"));
                let known: Vec<String> = self.known(&kind).map(|name| name.text.clone()).collect();
                if known.is_empty() {
                    return self.dict_literal(item, depth);
                }
                let source = self.pick(&known);
                let names = [(&key, Type::Str), (&value, item.clone())];
                let names = names.map(|(text, kind)| Name { text: text.clone(), kind }).to_vec();
                let test = self.within(names, |this| this.expression(&Type::Bool, depth.min(1)));
                format!("(filter {key}, {value} in {source} {{ {test} }})")
            }
            9 => format!("dict({})", self.expression(&kind, depth)),
            _ => self.dict_literal(item, depth),
        }
    }

    /// A dict with entries of all forms.
    pub(super) fn dict_literal(&mut self, item: &Type, depth: u32) -> String {
        let mut entries = Vec::new();
        let mut siblings: Vec<Name> = Vec::new();
        for _ in 0..self.below(4) {
            let key = self.pick(&KEYS).to_owned();
            if siblings.iter().any(|name| name.text == key) && !self.chance(8) {
                continue;
            }
            let value = self.within(siblings.clone(), |this| this.expression(item, depth));
            let entry = self.entry(&key, &value, item, depth);
            // A key below `if`, or one that is written otherwise, is not in scope.
            if entry.starts_with(&format!("{key} ")) || entry.starts_with(&format!("{key}:")) {
                siblings.push(Name { text: key, kind: item.clone() });
            }
            entries.push(entry);
        }
        laid_out(&entries)
    }

    /// An entry of a dict: mostly `key = value` or `key: value`.
    fn entry(&mut self, key: &str, value: &str, item: &Type, depth: u32) -> String {
        let operator = self.pick(&[" =", ":"]);
        match self.below(14) {
            0 => format!("\"{key}\"{operator} {value}"),
            1 => {
                let (left, right) = key.split_at(1);
                format!("\"{left}${{\'{right}\'}}\"{operator} {value}")
            }
            2 if depth > 0 => format!("**{}", self.grouped(&item.clone().dict(), depth - 1)),
            3 if depth > 0 => {
                let condition = self.expression(&Type::Bool, depth - 1);
                format!("if {condition}: {key}{operator} {value}")
            }
            4 if depth > 0 => {
                let condition = self.expression(&Type::Bool, depth - 1);
                let other = self.expression(item, depth - 1);
                format!("if {condition}:\n    {key}{operator} {value}\nelse:\n    {key} = {other}")
            }
            5 => match item {
                Type::Dict(inner) => {
                    let (inside, value) = (self.pick(&KEYS), self.expression(inner, depth));
                    format!("{key}.{inside}{operator} {value}")
                }
                Type::List(_) => format!("{key} += {value}"),
                _ => format!("{key}{operator} {value}"),
            },
            _ => format!("{key}{operator} {value}"),
        }
    }
}

/// Returns a config literal: on one line, unless an entry takes several.
pub(super) fn laid_out(entries: &[String]) -> String {
    if !entries.iter().any(|entry| entry.contains('\n') || entry.starts_with("if ")) {
        return format!("{{{}}}", entries.join(", "));
    }
    format!("{{\n{}\n}}", indented(entries).join("\n"))
}
