//! Types.

use super::Parser;
use crate::ast::{Expr, ExprKind, Type, TypeKind};
use crate::token::{Kw, Op, Tok};

impl Parser<'_> {
    /// `type: single ("|" single)*`.
    #[inline(never)]
    pub(super) fn ty(&mut self) -> Type {
        let first = self.single_type();
        if !self.is_glued_op(Op::Bar) {
            return first;
        }
        let start = first.span.start;
        let mut members = vec![first];
        while self.is_glued_op(Op::Bar) {
            self.bump();
            members.push(self.single_type());
        }
        Type { kind: TypeKind::Union(members), span: self.span_from(start) }
    }

    /// `single: "[" … "]" | "{" … "}" | "(" … ")" ["->" type] | literal | path`.
    #[inline(never)]
    fn single_type(&mut self) -> Type {
        let start = self.token().start;
        if !self.is_glued() {
            return self.missing_type();
        }
        if !self.enter() {
            return self.missing_type();
        }
        let kind = match self.kind() {
            Tok::Op(Op::LBracket) => self.list_type(),
            Tok::Op(Op::LBrace) => self.dict_type(),
            Tok::Op(Op::LParen) => self.function_type(),
            Tok::Number
            | Tok::Str
            | Tok::OpenStr
            | Tok::Keyword(Kw::True | Kw::False | Kw::None | Kw::Undefined) => {
                let literal = self.atom();
                TypeKind::Literal(Box::new(literal))
            }
            Tok::Name | Tok::Keyword(_) => self.named_type(),
            _ => {
                self.expected("a type");
                TypeKind::Error
            }
        };
        self.leave();
        Type { kind, span: self.span_from(start) }
    }

    /// Reports a missing type.
    fn missing_type(&mut self) -> Type {
        self.expected("a type");
        Type { kind: TypeKind::Error, span: self.span_from(self.last_end) }
    }

    /// `"[" [type] "]"`.
    fn list_type(&mut self) -> TypeKind {
        let outside = self.open(true);
        let item = if self.is(Op::RBracket) { None } else { Some(Box::new(self.ty())) };
        self.close(Op::RBracket, &outside);
        TypeKind::List(item)
    }

    /// `"{" [type] ":" [type] "}"`.
    fn dict_type(&mut self) -> TypeKind {
        let outside = self.open(true);
        let key = if self.is(Op::Colon) { None } else { Some(Box::new(self.ty())) };
        self.expect(Op::Colon);
        let value = if self.is(Op::RBrace) { None } else { Some(Box::new(self.ty())) };
        self.close(Op::RBrace, &outside);
        TypeKind::Dict(key, value)
    }

    /// `"(" [type ("," type)*] ")" ["->" type]`.
    fn function_type(&mut self) -> TypeKind {
        let outside = self.open(true);
        let mut params = Vec::new();
        while !self.is(Op::RParen) {
            params.push(self.ty());
            if !self.eat(Op::Comma) {
                break;
            }
        }
        self.close(Op::RParen, &outside);
        let mut result = None;
        if self.is_glued_op(Op::Arrow) {
            self.bump();
            result = Some(Box::new(self.ty()));
        }
        TypeKind::Function(params, result)
    }

    /// `path`, or the name of a basic type.
    fn named_type(&mut self) -> TypeKind {
        let Some(path) = self.path() else { return TypeKind::Error };
        if let [name] = path.segments.as_slice() {
            match &*name.text {
                "any" => return TypeKind::Any,
                "bool" => return TypeKind::Bool,
                "int" => return TypeKind::Int,
                "float" => return TypeKind::Float,
                "str" => return TypeKind::Str,
                _ => {}
            }
        }
        TypeKind::Named(path)
    }
}

/// Returns an expression that stands for what could not be parsed.
pub(super) fn error_expr(span: akua_source::Span) -> Expr {
    Expr { kind: ExprKind::Error, span }
}
