//! Statements, blocks, and the empty lines between statements.

use super::printer::{Gaps, Printer};
use crate::ast::{
    AssignOp, Attribute, BinOp, Check, Expr, IfStmt, Import, Module, Stmt, StmtKind, Target,
    TargetStep,
};

impl Printer<'_> {
    /// A whole file. An empty line separates its doc string, and its imports from what follows.
    pub(super) fn module(&mut self, module: &Module) {
        let doc_end = module.doc.as_ref().map(|doc| doc.span.end);
        for (at, stmt) in module.body.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| module.body.get(at));
            if let Some(before) = before {
                let (end, start) = (before.span.end, stmt.span.start);
                let after_doc = at == 1 && doc_end == Some(end);
                let after_doc = after_doc && !self.source.has_comment(end, start);
                if after_doc || self.is_apart(before, stmt) {
                    self.newline();
                }
            }
            self.stmt(stmt);
        }
    }

    /// Statements of a block.
    pub(super) fn statements(&mut self, body: &[Stmt]) {
        for (at, stmt) in body.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| body.get(at));
            if before.is_some_and(|before| self.is_apart(before, stmt)) {
                self.newline();
            }
            self.stmt(stmt);
        }
    }

    /// Returns whether an empty line comes between two statements, besides the one that an `if`
    /// without `else` and a schema always leave behind them.
    pub(super) fn is_apart(&self, before: &Stmt, after: &Stmt) -> bool {
        let is_import = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Import(_));
        match before.kind {
            StmtKind::Import(_) if !is_import(after) => true,
            StmtKind::Unification { .. }
            | StmtKind::If(_)
            | StmtKind::Schema(_)
            | StmtKind::Rule(_) => false,
            StmtKind::Attribute(ref attribute) if self.is_special(attribute) => false,
            _ => self.is_gap(before.span.end, after.span.start),
        }
    }

    /// Returns whether an attribute is more than an annotated name with a value: optional,
    /// decorated, quoted, or with a value that is added. No empty line follows those.
    fn is_special(&self, attribute: &Attribute) -> bool {
        attribute.optional
            || matches!(attribute.default, Some((AssignOp::Aug(_), _)))
            || !attribute.decorators.is_empty()
            || self.source.text(attribute.name.span).ends_with(['"', '\''])
    }

    /// Returns whether the source has an empty line there, or more lines of comments than one.
    fn is_gap(&self, end: u32, start: u32) -> bool {
        match self.source.lines_between(end, start) {
            0 => false,
            1 => !self.source.has_own_line_comment(end, start),
            _ => true,
        }
    }

    /// One statement, with its comments.
    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::If(branches) => self.if_stmt(stmt, branches),
            StmtKind::Schema(schema) => self.schema(stmt, schema),
            StmtKind::Rule(rule) => self.rule(stmt, rule),
            StmtKind::Attribute(attribute) => {
                self.decorators(&attribute.decorators);
                self.open_line(attribute.name.span.start, Gaps::Keep);
                self.attribute(attribute);
                self.close_line(stmt.span.end);
            }
            _ => {
                self.open_line(stmt.span.start, Gaps::Keep);
                self.simple_stmt(stmt);
                self.close_line(stmt.span.end);
            }
        }
    }

    /// A statement that is one line.
    fn simple_stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Import(import) => self.import(import),
            StmtKind::Assign { targets, ty, value } => {
                for (at, target) in targets.iter().enumerate() {
                    self.target(target);
                    if let Some(ty) = ty.as_ref().filter(|_| at == 0) {
                        self.write(": ");
                        self.ty(ty);
                    }
                    self.write(" = ");
                }
                self.expr(value);
            }
            StmtKind::AugAssign { target, op, value } => {
                self.target(target);
                self.augmented(*op);
                self.expr(value);
            }
            StmtKind::Unification { target, value } => {
                self.target(target);
                self.write(": ");
                self.expr(value);
            }
            StmtKind::Annotation { target, ty } => {
                self.target(target);
                self.write(": ");
                self.ty(ty);
            }
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Assert(check) => {
                self.write("assert ");
                self.check(check);
            }
            StmtKind::TypeAlias { name, ty } => {
                self.write("type ");
                self.verbatim(name.span);
                self.write(" = ");
                self.ty(ty);
            }
            StmtKind::If(_) | StmtKind::Schema(_) | StmtKind::Rule(_) | StmtKind::Attribute(_) => {}
        }
    }

    /// `import …`.
    fn import(&mut self, import: &Import) {
        self.write("import ");
        for _ in 0..import.dots {
            self.write(".");
        }
        self.separated(&import.path, ".", |p, name| p.verbatim(name.span));
        if let Some(alias) = &import.alias {
            self.write(" as ");
            self.verbatim(alias.span);
        }
    }

    /// What an assignment writes to.
    fn target(&mut self, target: &Target) {
        self.verbatim(target.name.span);
        for step in &target.path {
            match step {
                TargetStep::Member(name) => {
                    self.write(".");
                    self.verbatim(name.span);
                }
                TargetStep::Index(index) => {
                    self.write("[");
                    self.expr(index);
                    self.write("]");
                }
            }
        }
    }

    /// ` += `.
    pub(super) fn augmented(&mut self, op: BinOp) {
        self.write(" ");
        self.write(op.text());
        self.write("= ");
    }

    /// `name[?]: T [op value]`.
    fn attribute(&mut self, attribute: &Attribute) {
        self.verbatim(attribute.name.span);
        self.write(if attribute.optional { "?: " } else { ": " });
        self.ty(&attribute.ty);
        if let Some((op, value)) = &attribute.default {
            match op {
                AssignOp::Assign => self.write(" = "),
                AssignOp::Aug(op) => self.augmented(*op),
            }
            self.expr(value);
        }
    }

    /// `condition [if guard][, message]`.
    pub(super) fn check(&mut self, check: &Check) {
        self.expr(&check.condition);
        if let Some(guard) = &check.guard {
            self.write(" if ");
            self.expr(guard);
        }
        if let Some(message) = &check.message {
            self.write(", ");
            self.expr(message);
        }
    }

    /// `if … elif … else …`; an `else` that holds nothing but another `if` goes on as `elif`. An
    /// empty line follows where there is no `else`.
    fn if_stmt(&mut self, stmt: &Stmt, first: &IfStmt) {
        let header = stmt.span.start;
        let mut keyword = "if ";
        let mut chain = first;
        loop {
            for (condition, body) in &chain.branches {
                let start = if keyword == "if " { header } else { condition.span.start };
                self.branch_header(keyword, start, condition, Gaps::Keep);
                self.block(header, body, condition.span.end);
                keyword = "elif ";
            }
            match chain.otherwise.as_slice() {
                [Stmt { kind: StmtKind::If(nested), .. }] => chain = nested,
                [] => {
                    self.newline();
                    break;
                }
                body => {
                    let first = body.first().map_or(header, |stmt| stmt.span.start);
                    self.else_header(first, Gaps::Keep);
                    self.block(header, body, header);
                    break;
                }
            }
        }
    }

    /// `if condition:` and `elif condition:`, for statements, entries and items.
    pub(super) fn branch_header(
        &mut self,
        keyword: &str,
        start: u32,
        condition: &Expr,
        gaps: Gaps,
    ) {
        self.open_line(start, gaps);
        self.write(keyword);
        self.expr(condition);
        self.write(":");
        self.close_header(condition.span.end);
    }

    /// `else:` before what begins at `body`.
    pub(super) fn else_header(&mut self, body: u32, gaps: Gaps) {
        let start = self.source.token_before(body, 2);
        self.open_line(start, gaps);
        self.write("else:");
        self.close_header(start);
    }

    /// An indented block, with the comments at its end.
    fn block(&mut self, header: u32, body: &[Stmt], fallback: u32) {
        self.deeper();
        self.statements(body);
        let last = body.last().map_or(fallback, |stmt| stmt.span.end);
        self.comments_of_block(header, last);
        self.shallower();
    }
}
