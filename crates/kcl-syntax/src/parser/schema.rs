//! Schemas, mixins, protocols and rules.

use super::{Heads, Parser};
use crate::ast::{
    AssignOp, Attribute, Check, Decorator, ExprKind, IndexSignature, Name, Param, Path, Rule,
    Schema, SchemaKind, Stmt, StmtKind, Target,
};
use crate::parser::stmt::augmented;
use crate::token::{Kw, Op, Tok};

/// What schemas and rules have before their `:`.
struct Header {
    name: Name,
    params: Vec<Param>,
    bases: Vec<Path>,
    host: Option<Path>,
    column: u16,
}

/// A rule's lines as they are read.
#[derive(Default)]
struct RuleBody {
    doc: Option<Name>,
    checks: Vec<Check>,
}

impl Parser<'_> {
    /// `("schema" | "mixin" | "protocol") header ":" line*`.
    #[inline(never)]
    pub(super) fn schema(&mut self, decorators: Vec<Decorator>) -> Option<StmtKind> {
        let head = self.bump();
        let header = self.header(false)?;
        let kind = match head.kind {
            Tok::Keyword(Kw::Mixin) => SchemaKind::Mixin,
            Tok::Keyword(Kw::Protocol) => SchemaKind::Protocol,
            _ if header.name.text.ends_with("Mixin") => SchemaKind::Mixin,
            _ if header.name.text.ends_with("Protocol") => SchemaKind::Protocol,
            _ => SchemaKind::Schema,
        };
        let column = header.column;
        let mut schema = Schema {
            kind,
            name: header.name,
            decorators,
            params: header.params,
            base: header.bases.into_iter().next(),
            host: header.host,
            doc: None,
            mixins: Vec::new(),
            index_signature: None,
            body: Vec::new(),
            checks: Vec::new(),
        };
        let token = self.token();
        if token.first && token.column > column && token.kind != Tok::Eof && self.enter() {
            self.lines(Some(token.column), &mut schema, Self::schema_line);
            self.leave();
        }
        Some(StmtKind::Schema(Box::new(schema)))
    }

    /// `"rule" header ":" line*`.
    #[inline(never)]
    pub(super) fn rule(&mut self, decorators: Vec<Decorator>) -> Option<StmtKind> {
        self.bump();
        let header = self.header(true)?;
        let mut body = RuleBody::default();
        let token = self.token();
        if token.first && token.column > header.column && token.kind != Tok::Eof {
            self.lines(Some(token.column), &mut body, Self::rule_line);
        }
        Some(StmtKind::Rule(Box::new(Rule {
            name: header.name,
            decorators,
            params: header.params,
            bases: header.bases,
            host: header.host,
            doc: body.doc,
            checks: body.checks,
        })))
    }

    /// `header: NAME ["[" params "]"] ["(" path* ")"] ["for" path] ":"`.
    fn header(&mut self, several_bases: bool) -> Option<Header> {
        let column = self.line_column;
        let name = self.name()?;
        let mut params = Vec::new();
        if self.is_glued_op(Op::LBracket) {
            let outside = self.open(true);
            while !matches!(self.kind(), Tok::Op(Op::RBracket) | Tok::Eof) {
                let Some(param) = self.param(Heads::Allowed) else { break };
                params.push(param);
                if !self.eat(Op::Comma) {
                    break;
                }
            }
            self.close(Op::RBracket, &outside);
            self.check_params(&params);
        }
        let mut bases = Vec::new();
        if self.is_glued_op(Op::LParen) {
            let outside = self.open(true);
            bases.extend(self.path());
            while several_bases && self.eat(Op::Comma) {
                bases.extend(self.path());
            }
            self.close(Op::RParen, &outside);
        }
        let mut host = None;
        if self.is_keyword(Kw::For) && self.is_glued() {
            self.bump();
            host = self.path();
        }
        if !self.is_glued_op(Op::Colon) {
            self.expected("`:`");
            return None;
        }
        self.bump();
        Some(Header { name, params, bases, host, column })
    }

    /// One line of a schema: doc, `mixin […]`, index signature, attribute, `check:` or statement.
    fn schema_line(&mut self, schema: &mut Schema) {
        if !schema.checks.is_empty() {
            let message = "expected the end of the schema after its `check` block";
            self.error_here(message, Some("move the `check` block to the end of the schema"));
        }
        let start = self.token().start;
        let next = self.kind_ahead(1);
        let kind = match self.kind() {
            Tok::Op(Op::At) => self.decorated_attribute(),
            Tok::Keyword(Kw::Mixin) if next == Tok::Op(Op::LBracket) => {
                return self.mixins(schema);
            }
            Tok::Keyword(Kw::Check) if next == Tok::Op(Op::Colon) && self.is_check_block() => {
                return self.check_block(schema);
            }
            Tok::Op(Op::LBracket) if self.is_index_signature() => {
                return self.index_signature(schema);
            }
            _ if self.is_attribute() => self.attribute(Vec::new()),
            Tok::Keyword(Kw::If) => Some(self.if_statement()),
            Tok::Keyword(Kw::Assert) => Some(self.assert()),
            _ => self.simple_statement(),
        };
        let Some(kind) = kind else { return };
        let stmt = Stmt { kind, span: self.span_from(start) };
        let opens = schema.body.is_empty() && schema.mixins.is_empty() && schema.doc.is_none();
        match super::stmt::doc_of(&stmt) {
            Some(doc) if opens => schema.doc = Some(doc),
            _ => schema.body.push(stmt),
        }
    }

    /// Returns whether an attribute stands here: a name or a string before `:` or `?`.
    fn is_attribute(&self) -> bool {
        let named = matches!(self.kind(), Tok::Name | Tok::Keyword(_) | Tok::Str);
        let glued = self.tokens.get(self.at.saturating_add(1)).is_some_and(|token| !token.first);
        named
            && glued
            && match self.kind_ahead(1) {
                Tok::Op(Op::Colon) => true,
                Tok::Op(Op::Question) => {
                    !matches!(self.kind_ahead(2), Tok::Op(Op::Dot | Op::LBracket))
                }
                _ => false,
            }
    }

    /// `decorator+ attribute`.
    fn decorated_attribute(&mut self) -> Option<StmtKind> {
        let decorators = self.decorators()?;
        if !self.is_attribute() {
            self.expected("an attribute after its decorators");
            return None;
        }
        self.attribute(decorators)
    }

    /// `attribute: (NAME | STRING) ["?"] ":" (instance | type [op expr])`.
    fn attribute(&mut self, decorators: Vec<Decorator>) -> Option<StmtKind> {
        let quoted = self.kind() == Tok::Str;
        let name = self.attribute_name()?;
        let optional = self.eat(Op::Question);
        if !self.is_glued_op(Op::Colon) {
            self.expected("`:`");
            return None;
        }
        self.bump();
        if !optional && !quoted && decorators.is_empty() && self.is_instance_ahead() {
            let target = Target { span: name.span, name, path: Vec::new() };
            let value = self.unified_value()?;
            return Some(StmtKind::Unification { target, value });
        }
        let ty = self.ty();
        let mut default = None;
        if self.is_glued()
            && let Tok::Op(op) = self.kind()
        {
            let op = if op == Op::Eq {
                Some(AssignOp::Assign)
            } else {
                augmented(op).map(AssignOp::Aug)
            };
            if let Some(op) = op {
                self.bump();
                default = Some((op, self.expr()));
            }
        }
        let attribute = Attribute { name, optional, ty, default, decorators, doc: None };
        Some(StmtKind::Attribute(Box::new(attribute)))
    }

    /// `NAME | STRING`.
    fn attribute_name(&mut self) -> Option<Name> {
        let token = self.token();
        if token.kind != Tok::Str {
            self.bump();
            return Some(self.name_of(token));
        }
        let ExprKind::Str(text) = self.string() else {
            self.error_at(self.span_of(token), "expected a plain string as an attribute's name");
            return None;
        };
        Some(Name { text, span: self.span_of(token) })
    }

    /// `"mixin" "[" path* "]"`.
    fn mixins(&mut self, schema: &mut Schema) {
        self.bump();
        let outside = self.open(true);
        while self.is_name() {
            schema.mixins.extend(self.path());
            self.eat(Op::Comma);
        }
        self.close(Op::RBracket, &outside);
    }

    /// Returns whether `check:` opens a block, and is not an attribute of that name.
    fn is_check_block(&self) -> bool {
        let after = self.tokens.get(self.at.saturating_add(2));
        after.is_some_and(|token| token.first)
    }

    /// `"check" ":" check*`.
    fn check_block(&mut self, schema: &mut Schema) {
        self.bump();
        let column = self.line_column;
        self.bump();
        let token = self.token();
        if token.kind == Tok::Eof || token.column <= column {
            return self.missing_block();
        }
        self.lines(Some(token.column), &mut schema.checks, |p, checks| {
            let check = p.check();
            if !matches!(check.condition.kind, ExprKind::Error) {
                checks.push(check);
            }
        });
    }

    /// One line of a rule.
    fn rule_line(&mut self, body: &mut RuleBody) {
        let check = self.check();
        match &check.condition.kind {
            ExprKind::Error => {}
            ExprKind::Str(text) if body.doc.is_none() && body.checks.is_empty() => {
                body.doc = Some(Name { text: text.clone(), span: check.condition.span });
            }
            _ => body.checks.push(check),
        }
    }

    /// Returns whether the bracket that opens here is followed by `:`.
    fn is_index_signature(&self) -> bool {
        let mut depth = 0_u32;
        for (ahead, token) in self.tokens.iter().enumerate().skip(self.at) {
            match token.kind {
                Tok::Op(Op::LBracket) => depth = depth.saturating_add(1),
                Tok::Op(Op::RBracket) => depth = depth.saturating_sub(1),
                Tok::Keyword(Kw::For) => return false,
                _ => {}
            }
            if depth == 0 {
                let next = self.tokens.get(ahead.saturating_add(1));
                return next.is_some_and(|next| next.kind == Tok::Op(Op::Colon) && !next.first);
            }
        }
        false
    }

    /// `"[" [NAME ":"] ["..."] type "]" ":" type ["=" expr]`.
    fn index_signature(&mut self, schema: &mut Schema) {
        let start = self.token().start;
        let outside = self.open(true);
        let mut key_name = None;
        if self.is_name() && self.kind_ahead(1) == Tok::Op(Op::Colon) {
            key_name = self.name();
            self.bump();
        }
        let any_other = self.eat(Op::Ellipsis);
        let key = self.ty();
        self.close(Op::RBracket, &outside);
        self.expect(Op::Colon);
        let value = self.ty();
        let mut default = None;
        if self.is_glued_op(Op::Eq) {
            self.bump();
            default = Some(self.expr());
        }
        let span = self.span_from(start);
        if schema.index_signature.is_some() {
            self.error_at(span, "expected one index signature, found another one");
        }
        let signature = IndexSignature { key_name, key, any_other, value, default, span };
        schema.index_signature = Some(Box::new(signature));
    }
}
