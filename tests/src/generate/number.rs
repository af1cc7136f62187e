//! Integers, floats and booleans.

use super::types::Type;
use super::{Generator, Name};

impl Generator {
    /// An integer literal: mostly small, sometimes at an edge.
    pub(super) fn int_literal(&mut self) -> String {
        match self.below(30) {
            0 => self.pick(&["0x1F", "0o17", "0b101", "1_000", "0x7fffffff"]).to_owned(),
            1 => self.pick(&["9223372036854775807", "4294967296", "-2147483648"]).to_owned(),
            2..=5 => format!("-{}", 1 + self.below(9)),
            _ => self.below(12).to_string(),
        }
    }

    /// A float literal.
    pub(super) fn float_literal(&mut self) -> String {
        let whole = self.below(20);
        match self.below(10) {
            0 => self.pick(&["1e3", "1.5e-7", "1e15", "2.5e10", "0.1", "123456789.125"]).to_owned(),
            1 => format!("-{whole}.5"),
            2 => format!("{whole}.0"),
            _ => format!("{whole}.{}", self.below(100)),
        }
    }

    /// An integer from other values.
    pub(super) fn int(&mut self, depth: u32) -> String {
        match self.below(15) {
            0..=4 => self.arithmetic(depth),
            5 => {
                let function = self.pick(&["abs", "-", "~", "+", "int"]);
                format!("{function}({})", self.expression(&Type::Int, depth))
            }
            6 => {
                let kind = self.pick(&[Type::Str, Type::Int.list(), Type::Str.dict()]);
                format!("len({})", self.expression(&kind, depth))
            }
            7 => {
                let function = self.pick(&["sum", "max", "min"]);
                format!("{function}([{}])", self.several(&Type::Int, 1, 3, depth).join(", "))
            }
            8 => {
                // `round` is a float to the reference's checker.
                let (open, close) = self.pick(&[("int(", ")"), ("int(round(", "))")]);
                let mut value = self.expression(&Type::Float, depth);
                // Too large for an integer, perhaps: the reference saturates.
                if ["e1", "**", "*", "_", "f"].iter().any(|part| value.contains(part)) {
                    value = format!("{}.5", self.below(100));
                }
                format!("{open}{value}{close}")
            }
            9 => {
                let method = self.pick(&["count", "find", "rfind"]);
                let (text, part) = (self.grouped(&Type::Str, depth), self.text_literal());
                format!("{text}.{method}({part})")
            }
            10 => self.reduced(depth),
            11 => format!("int({} or 0)", self.pick(&["\"12\"", "\"-3\"", "\"0\"", "7.9", "True"])),
            12 => format!("sum({})", self.expression(&Type::Int.list(), depth)),
            13 => format!("ord({})", self.pick(&["\"a\"", "\"Z\"", "\" \""])),
            _ => {
                // Beyond 2^53 the reference's `pow` is not exact.
                let base = self.pick(&["2", "-3", "7", "0", "10"]);
                format!("int(pow({base}, {}))", self.below(6))
            }
        }
    }

    /// Integers with operators between them, with brackets or without.
    fn arithmetic(&mut self, depth: u32) -> String {
        let operators = ["+", "-", "*", "+", "-", "*", "//", "%", "&", "|", "^"];
        let mut text = self.expression(&Type::Int, depth);
        for _ in 0..=self.below(2) {
            let operator = self.pick(&operators);
            let operand = match operator {
                "//" | "%" => self.pick(&["2", "3", "7", "-3"]).to_owned(),
                _ => self.expression(&Type::Int, depth),
            };
            text = format!("{text} {operator} {operand}");
        }
        match self.below(12) {
            // The reference drops what overflows.
            0 => format!("({} << {})", self.below(50), self.below(5)),
            1 => format!("({text} >> {})", self.below(5)),
            2 => format!("int(({text}) ** {})", self.below(4)),
            _ => format!("({text})"),
        }
    }

    /// `reduce(lambda …, list, start)`
    fn reduced(&mut self, depth: u32) -> String {
        let (sum, item) = (self.fresh("t"), self.fresh("t"));
        let list = self.expression(&Type::Int.list(), depth);
        let names = [&sum, &item].map(|name| Name { text: name.clone(), kind: Type::Int });
        let body = self.within(names.to_vec(), |this| this.expression(&Type::Int, depth.min(1)));
        let start = self.int_literal();
        format!("reduce(lambda {sum}, {item} {{ {sum} + {body} }}, {list}, {start})")
    }

    /// A float from other values.
    pub(super) fn float(&mut self, depth: u32) -> String {
        match self.below(8) {
            0..=2 => {
                let kind = self.pick(&[Type::Float, Type::Int]);
                let (left, right) =
                    (self.expression(&Type::Float, depth), self.expression(&kind, depth));
                format!("({left} {} {right})", self.pick(&["+", "-", "*"]))
            }
            3 => {
                let divisor = self.pick(&["2", "4", "0.5", "-3", "1.25"]);
                format!("({} / {divisor})", self.expression(&Type::Int, depth))
            }
            4 => format!("float({})", self.expression(&Type::Int, depth)),
            5 => format!("round({}, {})", self.expression(&Type::Float, depth), 1 + self.below(3)),
            6 => format!("abs({})", self.expression(&Type::Float, depth)),
            _ => {
                let operator = self.pick(&["//", "%", "**"]);
                format!("({} {operator} {})", self.expression(&Type::Float, depth), 2)
            }
        }
    }

    /// A boolean from other values.
    pub(super) fn bool(&mut self, depth: u32) -> String {
        match self.below(12) {
            0..=2 => self.comparison(depth),
            3 | 4 => {
                let operands = self.several(&Type::Bool, 2, 3, depth);
                format!("({})", operands.join(self.pick(&[" and ", " or "])))
            }
            5 => format!("(not {})", self.expression(&Type::Bool, depth)),
            6 => self.membership(depth),
            7 => self.quantified(depth),
            8 => {
                let kind = self.some_type(1);
                let function = self.pick(&["bool", "isnullish"]);
                format!("({function}({}))", self.expression(&kind, depth))
            }
            9 => {
                let kind = self.some_type(1);
                let (left, right) = (self.expression(&kind, depth), self.expression(&kind, depth));
                format!("({left} {} {right})", self.pick(&["==", "!="]))
            }
            10 => self.text_test(depth),
            _ => {
                let function = self.pick(&["all_true", "any_true", "isunique"]);
                let kind = self.pick(&[Type::Bool, Type::Int, Type::Str]).list();
                format!("{function}({})", self.expression(&kind, depth))
            }
        }
    }

    /// A chain of comparisons of numbers.
    fn comparison(&mut self, depth: u32) -> String {
        let kind = self.pick(&[Type::Int, Type::Int, Type::Float]);
        let mut text = self.expression(&kind, depth);
        // The reference's checker looks at the first two only.
        let more = if self.flawed { 0 } else { self.below(5) / 3 };
        for _ in 0..=more {
            let operator = self.pick(&["<", "<=", ">", ">=", "==", "!="]);
            text = format!("{text} {operator} {}", self.expression(&kind, depth));
        }
        format!("({text})")
    }

    /// `item in collection`
    fn membership(&mut self, depth: u32) -> String {
        let operator = self.pick(&["in", "not in"]);
        let kind = self.simple_type();
        let (item, collection) = match self.below(3) {
            0 => (Type::Str, Type::Str),
            1 => (Type::Str, kind.dict()),
            _ => (kind.clone(), kind.list()),
        };
        let (item, collection) =
            (self.expression(&item, depth), self.expression(&collection, depth));
        format!("({item} {operator} {collection})")
    }

    /// `all x in list { condition }`
    fn quantified(&mut self, depth: u32) -> String {
        let (kind, name) = (self.simple_type(), self.fresh("t"));
        let source = self.source(&kind);
        let names = vec![Name { text: name.clone(), kind }];
        let condition = self.within(names, |this| this.expression(&Type::Bool, depth.min(1)));
        format!("({} {name} in {source} {{ {condition} }})", self.pick(&["all", "any"]))
    }
}
