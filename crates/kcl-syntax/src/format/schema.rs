//! Schemas, mixins, protocols and rules.

use super::printer::{Gaps, Printer};
use crate::ast::{
    Check, Decorator, IndexSignature, Name, Param, Path, Rule, Schema, SchemaKind, Stmt,
};
use crate::token::{Op, Tok};

/// A part of a schema's body; the tree keeps them apart, the source has them in some order.
enum Member<'a> {
    Doc(&'a Name),
    Mixins(&'a [Path]),
    Index(&'a IndexSignature),
    Stmt(&'a Stmt),
    Checks(&'a [Check]),
}

/// What schemas and rules have before their `:`.
struct Header<'a> {
    name: &'a Name,
    params: &'a [Param],
    bases: &'a [Path],
    host: Option<&'a Path>,
}

impl Printer<'_> {
    /// A schema; an empty line follows.
    pub(super) fn schema(&mut self, stmt: &Stmt, schema: &Schema) {
        let keyword = match schema.kind {
            SchemaKind::Schema => "schema ",
            SchemaKind::Mixin => "mixin ",
            SchemaKind::Protocol => "protocol ",
        };
        let bases = schema.base.as_slice();
        let header = Header {
            name: &schema.name,
            params: &schema.params,
            bases,
            host: schema.host.as_ref(),
        };
        self.decorators(&schema.decorators);
        self.header(keyword, &header);
        self.deeper();
        let line = self.source.token_before(schema.name.span.start, 1);
        self.members(line, schema);
        self.comments_of_block(line, stmt.span.end);
        self.shallower();
        self.newline();
    }

    /// A rule.
    pub(super) fn rule(&mut self, stmt: &Stmt, rule: &Rule) {
        let header = Header {
            name: &rule.name,
            params: &rule.params,
            bases: &rule.bases,
            host: rule.host.as_ref(),
        };
        self.decorators(&rule.decorators);
        self.header("rule ", &header);
        self.deeper();
        if let Some(doc) = &rule.doc {
            self.doc(doc);
        }
        self.checks(&rule.checks);
        let line = self.source.token_before(rule.name.span.start, 1);
        self.comments_of_block(line, stmt.span.end);
        self.shallower();
    }

    /// Decorators, each on its line.
    pub(super) fn decorators(&mut self, decorators: &[Decorator]) {
        for decorator in decorators {
            self.open_line(decorator.span.start, Gaps::Keep);
            self.write("@");
            self.path(&decorator.name);
            match &decorator.args {
                Some(args) => self.args(args),
                None => self.write("()"),
            }
            self.close_line(decorator.span.end);
        }
    }

    /// `keyword name[params](bases) for host:`.
    fn header(&mut self, keyword: &str, header: &Header<'_>) {
        self.open_line(self.source.token_before(header.name.span.start, 1), Gaps::Keep);
        self.write(keyword);
        self.verbatim(header.name.span);
        let mut end = header.name.span.end;
        if self.source.is_next(Tok::Op(Op::LBracket), end) {
            self.write("[");
            self.separated(header.params, ", ", Self::param);
            self.write("]");
            end = header.params.last().map_or(end, end_of);
        }
        if let Some(last) = header.bases.last() {
            self.write("(");
            self.separated(header.bases, ", ", Self::path);
            self.write(")");
            end = last.span.end;
        }
        if let Some(host) = header.host {
            self.write(" for ");
            self.path(host);
            end = host.span.end;
        }
        self.write(":");
        self.close_header(self.source.find(Tok::Op(Op::Colon), end));
    }

    /// `name: T = default`.
    pub(super) fn param(&mut self, param: &Param) {
        self.verbatim(param.name.span);
        if let Some(ty) = &param.ty {
            self.write(": ");
            self.ty(ty);
        }
        if let Some(default) = &param.default {
            self.write(" = ");
            self.expr(default);
        }
    }

    /// The body of a schema, whose line begins at `line`.
    fn members(&mut self, line: u32, schema: &Schema) {
        let mut before: Option<&Stmt> = None;
        let source = self.source;
        let opens_list = |path: &Path| {
            source.is_next(Tok::Op(Op::LBracket), source.token_before(path.span.start, 1))
        };
        for (_, member) in sorted(schema, opens_list) {
            if let (Some(before), Member::Stmt(stmt)) = (before, &member)
                && self.is_apart(before, stmt)
            {
                self.newline();
            }
            before = None;
            match member {
                Member::Doc(doc) => self.doc(doc),
                Member::Mixins(mixins) => self.mixins(mixins),
                Member::Index(signature) => self.index_signature(signature),
                Member::Stmt(stmt) => {
                    self.statements(std::slice::from_ref(stmt));
                    before = Some(stmt);
                }
                Member::Checks(checks) => self.check_block(line, checks),
            }
        }
    }

    /// A doc string.
    fn doc(&mut self, doc: &Name) {
        self.open_line(doc.span.start, Gaps::Keep);
        self.verbatim(doc.span);
        self.close_line(doc.span.end);
    }

    /// `mixin [A, B]`, a line each.
    fn mixins(&mut self, mixins: &[Path]) {
        let Some((first, last)) = mixins.first().zip(mixins.last()) else { return };
        let bracket = self.source.token_before(first.span.start, 1);
        self.open_line(self.source.token_before(first.span.start, 2), Gaps::Keep);
        self.write("mixin ");
        self.open_bracket("[", bracket);
        for (at, mixin) in mixins.iter().enumerate() {
            self.open_line(mixin.span.start, Gaps::Drop);
            self.path(mixin);
            if at.saturating_add(1) < mixins.len() {
                self.write(",");
            }
            self.close_line(mixin.span.end);
        }
        let close = self.source.find(Tok::Op(Op::RBracket), last.span.end);
        self.close_bracket("]", close);
        self.close_line(close.saturating_add(1));
    }

    /// `[name: ...K]: V = default`.
    fn index_signature(&mut self, signature: &IndexSignature) {
        self.open_line(signature.span.start, Gaps::Keep);
        self.write("[");
        if let Some(name) = &signature.key_name {
            self.verbatim(name.span);
            self.write(": ");
        }
        if signature.any_other {
            self.write("...");
        }
        self.ty(&signature.key);
        self.write("]: ");
        self.ty(&signature.value);
        if let Some(default) = &signature.default {
            self.write(" = ");
            self.expr(default);
        }
        self.close_line(signature.span.end);
    }

    /// `check:` and its lines, after an empty line.
    fn check_block(&mut self, line: u32, checks: &[Check]) {
        let Some((first, last)) = checks.first().zip(checks.last()) else { return };
        let head = self.source.token_before(first.span.start, 2);
        self.newline();
        self.open_line(head, Gaps::Keep);
        self.write("check:");
        self.close_header(head);
        self.deeper();
        self.checks(checks);
        self.comments_of_block(head.max(line), last.span.end);
        self.shallower();
    }

    fn checks(&mut self, checks: &[Check]) {
        for check in checks {
            self.open_line(check.span.start, Gaps::Drop);
            self.check(check);
            self.close_line(check.span.end);
        }
    }
}

/// Returns the parts of a schema in the order of the source. Lists of mixins are one in the tree;
/// `opens_list` says whether a mixin is the first of a list.
fn sorted<'s>(schema: &'s Schema, opens_list: impl Fn(&Path) -> bool) -> Vec<(u32, Member<'s>)> {
    let mut members = Vec::with_capacity(schema.body.len().saturating_add(4));
    members.extend(schema.doc.iter().map(|doc| (doc.span.start, Member::Doc(doc))));
    let lists = schema.mixins.chunk_by(|_, next| !opens_list(next));
    let starts = |list: &'s [Path]| list.first().map_or(0, |first| first.span.start);
    members.extend(lists.map(|list| (starts(list), Member::Mixins(list))));
    let signature = schema.index_signature.iter();
    members.extend(signature.map(|found| (found.span.start, Member::Index(found))));
    members.extend(schema.body.iter().map(|stmt| (stmt.span.start, Member::Stmt(stmt))));
    let checks = schema.checks.first().into_iter();
    members.extend(checks.map(|first| (first.span.start, Member::Checks(&schema.checks))));
    members.sort_by_key(|(start, _)| *start);
    members
}

/// Returns where a parameter ends.
pub(super) fn end_of(param: &Param) -> u32 {
    let default = param.default.as_ref().map(|default| default.span.end);
    let ty = param.ty.as_ref().map(|ty| ty.span.end);
    default.or(ty).unwrap_or(param.name.span.end)
}
