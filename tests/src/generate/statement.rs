//! Statements of a program.

use super::types::{KEYS, Type};
use super::{DEPTH, Generator, Lambda, Name, indented};

impl Generator {
    /// Writes a program.
    pub(super) fn write(&mut self) {
        if self.chance(4) {
            self.mixin();
        }
        for _ in 0..self.below(4) {
            self.schema();
        }
        for _ in 0..2 + self.below(8) {
            self.statement();
        }
    }

    /// Writes a statement.
    fn statement(&mut self) {
        match self.below(16) {
            0 => self.lambda(),
            1 => self.private(),
            2 => self.branch(),
            3 => self.unified(),
            4 => {
                let condition = self.expression(&Type::Bool, DEPTH);
                self.lines.push(format!("assert {condition} or True, \"message\""));
            }
            5 => self.alias(),
            6 if self.slip(3) => self.refused(),
            7 => self.parameterised(),
            8 => self.forward(),
            _ => self.variable(),
        }
    }

    /// `name = value`, sometimes with a type.
    fn variable(&mut self) {
        let kind = self.some_type(2);
        let value = self.expression(&kind, DEPTH);
        let name = self.fresh(&format!("g_{}", kind.letters()));
        let note =
            if self.chance(3) { format!(": {}", self.type_text(&kind)) } else { String::new() };
        self.lines.push(format!("{name}{note} = {value}"));
        self.names.push(Name { text: name, kind });
    }

    /// A private variable, and statements that change it.
    fn private(&mut self) {
        let kind = self.some_type(2);
        let name = self.fresh(&format!("_{}", kind.letters()));
        let value = self.expression(&kind, DEPTH);
        self.lines.push(format!("{name} = {value}"));
        for _ in 0..self.below(3) {
            // What is changed is not set anew: the reference would keep the older value.
            let line = match &kind {
                Type::Int => {
                    let operator = self.pick(&["+=", "-=", "*=", "|="]);
                    format!("{name} {operator} {}", self.expression(&kind, 2))
                }
                Type::Str => format!("{name} += {}", self.expression(&kind, 2)),
                Type::List(item) => {
                    format!("{name} += [{}]", self.expression(item, 2))
                }
                Type::Dict(item) => {
                    let (key, value) = (self.pick(&KEYS), self.expression(item, 2));
                    match self.below(3) {
                        0 => format!("{name}.{key} = {value}"),
                        1 => format!("{name}[\"{key}\"] = {value}"),
                        _ => format!("{name} |= {{{key} = {value}}}"),
                    }
                }
                Type::Schema(at) => {
                    let Some(attribute) = self.attributes(*at).first().cloned() else { return };
                    let value = self.expression(&attribute.kind, 2);
                    format!("{name}.{} = {value}", attribute.name)
                }
                _ => format!("{name} = {}", self.expression(&kind, 2)),
            };
            self.lines.push(line);
        }
        self.names.push(Name { text: name, kind });
    }

    /// `if` with assignments to a private variable.
    fn branch(&mut self) {
        let kind = self.some_type(1);
        let name = self.fresh(&format!("_{}", kind.letters()));
        let first = self.expression(&kind, 1);
        self.lines.push(format!("{name} = {first}"));
        for (at, keyword) in ["if", "elif", "else"].into_iter().enumerate() {
            if at == 1 && self.chance(2) {
                continue;
            }
            let condition = if at == 2 {
                String::new()
            } else {
                format!(" {}", self.expression(&Type::Bool, 2))
            };
            let value = self.expression(&kind, 2);
            self.lines.push(format!("{keyword}{condition}:"));
            self.lines.extend(indented(&[format!("{name} = {value}")]));
        }
        let shown = self.fresh(&format!("g_{}", kind.letters()));
        self.lines.push(format!("{shown} = {name}"));
        self.names.push(Name { text: shown, kind });
    }

    /// `name: Schema {…}`, once or twice.
    fn unified(&mut self) {
        let Some(at) = self.some_schema() else { return self.variable() };
        let name = self.fresh(&format!("g_x{at}_"));
        let schema = self.schemas[at].name.clone();
        let config = self.config(at, 2, false);
        self.lines.push(format!("{name}: {schema} {config}"));
        if self.chance(2) {
            let config = self.config(at, 2, true);
            self.lines.push(format!("{name}: {schema} {config}"));
        }
        self.names.push(Name { text: name, kind: Type::Schema(at) });
    }

    /// An instance of a schema with parameters.
    fn parameterised(&mut self) {
        let all: Vec<usize> =
            (0..self.schemas.len()).filter(|at| !self.schemas[*at].parameters.is_empty()).collect();
        if all.is_empty() {
            return self.variable();
        }
        let at = self.pick(&all);
        let (name, value) = (self.fresh("g_x"), self.made(at, 2));
        self.lines.push(format!("{name} = {value}"));
        self.names.push(Name { text: name, kind: Type::Schema(at) });
    }

    /// A variable that is used before it is defined.
    fn forward(&mut self) {
        let kind = self.simple_type();
        let (user, name) = (self.fresh("g_"), self.fresh(&format!("g_{}", kind.letters())));
        let later = Name { text: name.clone(), kind: kind.clone() };
        let user_kind = self.some_type(1);
        let value = self.within(vec![later], |this| this.expression(&user_kind, 2));
        let literal = self.literal(&kind);
        self.lines.push(format!("{user} = {value}"));
        self.lines.push(format!("{name} = {literal}"));
        self.names.push(Name { text: user, kind: user_kind });
        self.names.push(Name { text: name, kind });
    }

    /// A lambda.
    fn lambda(&mut self) {
        let (name, result) = (self.fresh("f"), self.some_type(1));
        let mut parameters = Vec::new();
        let (mut names, mut header) = (Vec::new(), Vec::new());
        for at in 0..=self.below(2) {
            let kind = self.some_type(1);
            let note =
                if self.chance(4) { String::new() } else { format!(": {}", self.type_text(&kind)) };
            header.push(format!("p{at}{note}"));
            names.push(Name { text: format!("p{at}"), kind: kind.clone() });
            parameters.push(kind);
        }
        let arrow =
            if self.chance(2) { format!(" -> {}", self.type_text(&result)) } else { String::new() };
        let body = self.within(names, |this| this.lambda_body(&result));
        self.lines.push(format!("{name} = lambda {}{arrow} {{", header.join(", ")));
        self.lines.extend(indented(&body));
        self.lines.push("}".to_owned());
        self.lambdas.push(Lambda { name, parameters, result });
    }

    /// The statements of a lambda.
    fn lambda_body(&mut self, result: &Type) -> Vec<String> {
        let mut lines = Vec::new();
        let mut names = Vec::new();
        if self.chance(2) {
            let (kind, name) = (self.some_type(1), self.fresh("v"));
            lines.push(format!("{name} = {}", self.expression(&kind, 2)));
            if self.chance(3) && matches!(kind, Type::Int | Type::Str | Type::List(_)) {
                lines.push(format!("{name} += {}", self.expression(&kind, 1)));
            }
            names.push(Name { text: name, kind });
        }
        let value = self.within(names, |this| this.expression(result, 2));
        if self.chance(5) {
            let (condition, name) = (self.expression(&Type::Bool, 1), self.fresh("v"));
            let other = self.expression(result, 1);
            lines.extend([format!("{name} = {other}"), format!("if {condition}:")]);
            lines.extend(indented(&[format!("{name} = {value}")]));
            lines.push(name);
        } else {
            lines.push(value);
        }
        lines
    }

    /// A name for a type, and a variable of it.
    fn alias(&mut self) {
        let (kind, name) = (self.some_type(1), self.fresh("T"));
        let (text, value) = (self.type_text(&kind), self.expression(&kind, 2));
        self.lines.push(format!("type {name} = {text}"));
        let variable = self.fresh(&format!("g_{}", kind.letters()));
        // The reference converts to no union.
        self.lines.push(if kind == Type::Either || self.random.chance(2) {
            format!("{variable}: {name} = {value}")
        } else {
            format!("{variable} = ({value}) as {name}")
        });
        self.names.push(Name { text: variable, kind });
    }

    /// A statement that is refused.
    fn refused(&mut self) {
        let public: Vec<String> = (self.names.iter())
            .filter(|name| name.text.starts_with('g'))
            .map(|name| name.text.clone())
            .collect();
        let name = if public.is_empty() { "nothing".to_owned() } else { self.pick(&public) };
        self.lines.push(match self.random.below(4) {
            0 => format!("{name} = 1"),
            1 => "assert False, \"refused\"".to_owned(),
            2 => format!("again: int = {name}"),
            _ => format!("wrong = {name}.nothing.at_all"),
        });
    }
}
