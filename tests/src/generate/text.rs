//! Strings.

use super::Generator;
use super::types::Type;

/// Words of literals.
const WORDS: [&str; 14] = [
    "",
    "a",
    "b",
    "ab",
    "abc",
    "Hello World",
    "x-y",
    "web",
    "1",
    "007",
    "true",
    "null",
    "a,b,c",
    " pad ",
];
/// Literals in other forms, or with characters that are not letters.
const ODD: [&str; 11] = [
    "'single'",
    "\"\"\"long \"text\" here\"\"\"",
    "r\"raw\\n\"",
    "\"line\\nbreak\"",
    "\"tab\\there\"",
    "\"é€😀\"",
    "\"it's: #x\"",
    "\"$$ $y\"",
    "'''two\nlines'''",
    "'''\n    margin\n      of two\n    '''",
    "\"\\u0041\\x42\"",
];
/// Members without arguments that give a string.
const PLAIN: [&str; 8] =
    ["upper", "lower", "capitalize", "title", "strip", "lstrip", "rstrip", "upper().lower"];
/// Members without arguments that give a boolean.
const TESTS: [&str; 7] =
    ["isalpha", "isdigit", "isalnum", "islower", "isupper", "isspace", "istitle"];

impl Generator {
    /// A string literal.
    pub(super) fn text_literal(&mut self) -> String {
        if self.chance(10) {
            self.pick(&ODD).to_owned()
        } else {
            format!("\"{}\"", self.pick(&WORDS))
        }
    }

    /// An expression of a type that members can follow.
    pub(super) fn grouped(&mut self, kind: &Type, depth: u32) -> String {
        format!("({})", self.expression(kind, depth))
    }

    /// A string from other values.
    pub(super) fn text(&mut self, depth: u32) -> String {
        match self.below(16) {
            0..=2 => {
                let parts = self.several(&Type::Str, 2, 3, depth);
                format!("({})", parts.join(" + "))
            }
            3 => format!("({} * {})", self.expression(&Type::Str, depth), self.below(4)),
            4 | 5 => {
                let kind = self.shown_type();
                format!("str({})", self.expression(&kind, depth))
            }
            6 => format!("{}.{}()", self.grouped(&Type::Str, depth), self.pick(&PLAIN)),
            7..=9 => self.interpolated(),
            10 => self.formatted(depth),
            11 => self.sliced(depth),
            12 => self.edited(depth),
            13 => {
                let kind = self.pick(&[Type::Str, Type::Int, Type::Float]).list();
                let (separator, list) = (self.text_literal(), self.expression(&kind, depth));
                format!("{separator}.join({list})")
            }
            14 => {
                let kind = self.some_type(1);
                format!("typeof({})", self.expression(&kind, depth))
            }
            _ => {
                let function = self.pick(&["hex", "bin", "oct"]);
                format!("{function}({})", self.expression(&Type::Int, depth))
            }
        }
    }

    /// A string with values inside.
    fn interpolated(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(2) {
            text.push_str(self.pick(&["", "a", "-", " = ", "$", "#"]));
            let inner = match self.below(5) {
                0 => format!("{} + {}", self.below(9), self.below(9)),
                1 => "[1, 2.5, 'x', None, True]".to_owned(),
                _ => self.simple_name(),
            };
            let format = self.pick(&["", "", "", ":#json", ": #yaml"]);
            text = format!("{text}${{{inner}{format}}}");
        }
        format!("\"{text}\"")
    }

    /// The name of a value that is in scope, or a number.
    fn simple_name(&mut self) -> String {
        let names: Vec<String> = (self.names.iter())
            .filter(|name| !name.kind.has_schema())
            .map(|name| name.text.clone())
            .collect();
        if names.is_empty() { self.below(100).to_string() } else { self.pick(&names) }
    }

    /// `"…".format(…)`
    fn formatted(&mut self, depth: u32) -> String {
        let (int, text) = (self.expression(&Type::Int, depth), self.expression(&Type::Str, depth));
        match self.below(6) {
            0 => format!("\"{{}}-{{}}\".format({int}, {text})"),
            1 => format!("\"{{1}}{{0}}{{{{}}}}\".format({int}, {text})"),
            2 => format!("\"{{n:>6}}|{{t}}\".format(n={int}, t={text})"),
            3 => format!("\"{{:.2f}}\".format({})", self.expression(&Type::Float, depth)),
            4 => format!("\"{{:x}} {{}}\".format({int}, {text})"),
            _ => {
                let kind = self.shown_type();
                format!("\"<{{}}>\".format({})", self.expression(&kind, depth))
            }
        }
    }

    /// A character or a slice.
    fn sliced(&mut self, depth: u32) -> String {
        let text = self.grouped(&Type::Str, depth);
        match self.below(5) {
            0 => format!("\"abc\"[{}]", self.below(3)),
            1 => format!("{text}[{}:]", self.below(4)),
            2 => format!("{text}[:-{}]", 1 + self.below(3)),
            3 => format!("{text}[::{}]", self.pick(&["-1", "2", "1", "-2"])),
            _ => format!("{text}[{}:{}]", self.below(3), self.below(6)),
        }
    }

    /// A member with arguments.
    fn edited(&mut self, depth: u32) -> String {
        let (text, part) = (self.grouped(&Type::Str, depth), self.text_literal());
        match self.below(5) {
            0 => format!("{text}.replace({part}, {})", self.text_literal()),
            1 => format!("{text}.removeprefix({part})"),
            2 => format!("{text}.removesuffix({part})"),
            3 => format!("{text}.strip({part})"),
            _ => format!("{text}.replace({part}, \"-\", {})", self.below(3)),
        }
    }

    /// A question to a string.
    pub(super) fn text_test(&mut self, depth: u32) -> String {
        let text = self.grouped(&Type::Str, depth);
        if self.chance(2) {
            return format!("{text}.{}()", self.pick(&TESTS));
        }
        let method = self.pick(&["startswith", "endswith"]);
        format!("{text}.{method}({})", self.expression(&Type::Str, depth))
    }
}
