//! Tokens to the tree: recursive descent over lines and blocks, precedence climbing within
//! expressions.
//!
//! **Invariant:** every loop moves forward or ends, recursion is bounded by [`DEPTH_LIMIT`], and
//! the height of a tree by [`HEIGHT_LIMIT`]: whoever walks the tree may recurse.

mod config;
mod expr;
mod margin;
mod numbers;
mod schema;
mod stmt;
mod strings;
mod types;

use crate::ast::{Module, Name, Path, Text};
use crate::intern::Interner;
use crate::lexer::{self, Lexed};
use crate::token::{Kw, OPS, Op, Tok, Token};
use akua_source::{Diagnostic, FileId, Span};

/// Deepest nesting of expressions, types and blocks. Measured natively: a config within a config
/// takes 2.2 KiB of stack (the productions are not inlined for that), so these stay well below a
/// guest's 512 KiB; no program written by hand comes near.
const DEPTH_LIMIT: u32 = 150;

/// Highest tree: operators in a row make it higher without nesting.
const HEIGHT_LIMIT: u32 = 600;

/// Longest text of a file, in bytes: its tree takes some twenty times as much.
pub const TEXT_LIMIT: usize = 4 << 20;

/// Most diagnostics of one file; what follows would be noise.
const DIAGNOSTICS_LIMIT: usize = 50;

/// Parses a file. The tree is complete but for what the diagnostics name.
pub fn parse(file: FileId, text: &str) -> (Module, Vec<Diagnostic>) {
    if text.len() > TEXT_LIMIT {
        let span = Span::new(file, 0, 0);
        let message = format!("the file has {} bytes, more than {TEXT_LIMIT}", text.len());
        return (Module::default(), vec![syntax_error(span, message)]);
    }
    let mut p = Parser::new(file, text);
    let lexed = lexer::lex(text);
    p.take_lexed(lexed);
    let body = p.module_body();
    // A short string at the head is a document, a long one documents.
    let doc = body.first().and_then(stmt::doc_of).filter(|doc| {
        let start = usize::try_from(doc.span.start).unwrap_or(usize::MAX);
        text.get(start..).is_some_and(|at| at.starts_with("\"\"\"") || at.starts_with("'''"))
    });
    let comments = std::mem::take(&mut p.comments);
    let mut diagnostics = p.diagnostics;
    diagnostics.sort_by_key(|d| d.labels.first().map_or(0, |label| label.span.start));
    (Module { doc, body, comments }, diagnostics)
}

/// Whether a `{` after a name opens the config of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heads {
    /// It does.
    Allowed,
    /// It opens a block instead, as in `all x in xs { … }`.
    Forbidden,
    /// It does where another block follows, as in `lambda x = S {} { … }`.
    WhereBlockFollows,
}

/// State of the parser.
struct Parser<'t> {
    text: &'t str,
    file: FileId,
    tokens: Vec<Token>,
    at: usize,
    /// End of the token before.
    last_end: u32,
    /// Indentation of the line that the token before is on.
    line_column: u16,
    /// Start of the token that opens the statement, item or entry being read.
    fresh: u32,
    /// How many brackets are open.
    brackets: u32,
    /// Newlines mean nothing: the innermost bracket is a parenthesis.
    in_parens: bool,
    heads: Heads,
    depth: u32,
    height: u32,
    names: Interner,
    comments: Vec<Name>,
    diagnostics: Vec<Diagnostic>,
    /// Start of the token that the last error was about.
    last_error: Option<u32>,
    /// A limit was hit: nothing more is reported.
    aborted: bool,
}

/// What changes inside of brackets, to be put back behind them.
struct Outside {
    in_parens: bool,
    heads: Heads,
}

impl<'t> Parser<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        Self {
            text,
            file,
            tokens: Vec::new(),
            at: 0,
            last_end: 0,
            line_column: 0,
            fresh: 0,
            brackets: 0,
            in_parens: false,
            heads: Heads::Allowed,
            depth: 0,
            height: 0,
            names: Interner::default(),
            comments: Vec::new(),
            diagnostics: Vec::new(),
            last_error: None,
            aborted: false,
        }
    }

    /// Takes over tokens, comments and errors of the lexer; returns the tokens it had before.
    fn take_lexed(&mut self, lexed: Lexed) -> (Vec<Token>, usize) {
        for error in lexed.errors {
            let span = Span::new(self.file, error.start, error.end);
            self.report(syntax_error(span, error.message).help(error.help));
        }
        for (start, end) in lexed.comments {
            let text = Text::from(self.slice(start, end));
            self.comments.push(Name { text, span: Span::new(self.file, start, end) });
        }
        (std::mem::replace(&mut self.tokens, lexed.tokens), std::mem::replace(&mut self.at, 0))
    }

    // Looking at tokens.

    fn token(&self) -> Token {
        self.tokens.get(self.at).or(self.tokens.last()).copied().unwrap_or(Token {
            kind: Tok::Eof,
            first: true,
            column: 0,
            start: 0,
            end: 0,
        })
    }

    fn kind(&self) -> Tok {
        self.token().kind
    }

    fn kind_ahead(&self, ahead: usize) -> Tok {
        self.tokens.get(self.at.saturating_add(ahead)).map_or(Tok::Eof, |token| token.kind)
    }

    fn is(&self, op: Op) -> bool {
        self.kind() == Tok::Op(op)
    }

    fn is_keyword(&self, keyword: Kw) -> bool {
        self.kind() == Tok::Keyword(keyword)
    }

    /// Returns whether the token continues the expression before it: no newline separates them.
    fn is_glued(&self) -> bool {
        self.in_parens || !self.token().first
    }

    /// Returns whether the token is `op` and continues the expression before it.
    fn is_glued_op(&self, op: Op) -> bool {
        self.is(op) && self.is_glued()
    }

    /// Marks the token as the start of a statement, item or entry: it may open a line.
    fn set_fresh(&mut self) {
        self.fresh = self.token().start;
    }

    fn at_fresh(&self) -> bool {
        self.fresh == self.token().start
    }

    fn is_name(&self) -> bool {
        matches!(self.kind(), Tok::Name | Tok::Keyword(_))
    }

    // Moving on.

    fn bump(&mut self) -> Token {
        let token = self.token();
        if token.kind != Tok::Eof {
            self.at = self.at.saturating_add(1);
            self.last_end = token.end;
            if token.first {
                self.line_column = token.column;
            }
        }
        token
    }

    fn eat(&mut self, op: Op) -> bool {
        let found = self.is(op);
        if found {
            self.bump();
        }
        found
    }

    fn eat_keyword(&mut self, keyword: Kw) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, op: Op) -> bool {
        let found = self.eat(op);
        if !found {
            self.expected(&format!("`{}`", mark_of(op)));
        }
        found
    }

    /// Opens a bracket: newlines mean something else behind it.
    fn open(&mut self, in_parens: bool) -> Outside {
        self.bump();
        self.brackets = self.brackets.saturating_add(1);
        Outside {
            in_parens: std::mem::replace(&mut self.in_parens, in_parens),
            heads: std::mem::replace(&mut self.heads, Heads::Allowed),
        }
    }

    /// Closes a bracket; where something else stands there, skips to its end if it has one.
    fn close(&mut self, op: Op, outside: &Outside) {
        if !self.eat(op) {
            self.expected(&format!("`{}`", mark_of(op)));
            self.skip_to_close(op);
        }
        self.brackets = self.brackets.saturating_sub(1);
        self.in_parens = outside.in_parens;
        self.heads = outside.heads;
    }

    /// Skips past the `op` that closes the innermost bracket, but not past another closing
    /// bracket, nor past a line that begins a statement of the file.
    #[cold]
    fn skip_to_close(&mut self, op: Op) {
        let mut depth = 0_u32;
        loop {
            let token = self.token();
            match token.kind {
                Tok::Eof => return,
                _ if token.first && token.column == 0 && !is_close(token.kind) => return,
                Tok::Op(Op::LParen | Op::LBracket | Op::LBrace) => depth = depth.saturating_add(1),
                Tok::Op(found) if depth == 0 && is_close(token.kind) => {
                    if found == op {
                        self.bump();
                    }
                    return;
                }
                kind if is_close(kind) => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
    }

    /// Reads a name; keywords count, for every place where only a name may stand.
    fn name(&mut self) -> Option<Name> {
        if self.is_name() && (self.is_glued() || self.at_fresh()) {
            let token = self.bump();
            return Some(self.name_of(token));
        }
        self.expected("a name");
        None
    }

    /// Returns the name that a token stands for.
    fn name_of(&mut self, token: Token) -> Name {
        let text = self.text.get(token_range(token)).unwrap_or("");
        let text = self.names.intern(text.strip_prefix('$').unwrap_or(text));
        Name { text, span: self.span_of(token) }
    }

    /// `path: NAME ("." NAME)*`.
    fn path(&mut self) -> Option<Path> {
        let first = self.name()?;
        let mut span = first.span;
        let mut segments = vec![first];
        while self.is_glued_op(Op::Dot) {
            self.bump();
            let Some(name) = self.name() else { break };
            span = span.to(name.span);
            segments.push(name);
        }
        Some(Path { segments, span })
    }

    // Limits.

    /// Enters one level of nesting; `false` where it is too deep, and everything is skipped.
    fn enter(&mut self) -> bool {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_LIMIT {
            self.abort();
            return false;
        }
        true
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts one more level of the tree on top of what was read in this expression.
    fn raise(&mut self) {
        self.height = self.height.saturating_add(1);
        if self.height > HEIGHT_LIMIT {
            self.abort();
        }
    }

    /// Reports that a limit was hit, and skips the rest of the text.
    #[cold]
    fn abort(&mut self) {
        if !self.aborted {
            let span = self.span_of(self.token());
            let error = syntax_error(span, "this is nested too deeply")
                .help("move inner parts into variables of their own");
            self.report(error);
        }
        self.aborted = true;
        self.at = self.tokens.len().saturating_sub(1);
    }

    // Errors.

    /// Reports that something else was expected here.
    #[cold]
    fn expected(&mut self, what: &str) {
        let message = format!("expected {what}, found {}", self.describe());
        self.error_here(message, None);
    }

    /// Reports an error at the token, or at the end of the line before it where the token is on
    /// a line of its own; one error a token is enough.
    #[cold]
    fn error_here(&mut self, message: impl Into<String>, help: Option<&str>) {
        let token = self.token();
        if self.last_error == Some(token.start) {
            return;
        }
        self.last_error = Some(token.start);
        let span = if token.first && (token.start > self.last_end) && self.last_end > 0 {
            Span::new(self.file, self.last_end, self.last_end)
        } else {
            self.span_of(token)
        };
        let mut error = syntax_error(span, message);
        if let Some(help) = help {
            error = error.help(help);
        }
        self.report(error);
    }

    /// Reports an error at a place.
    fn error_at(&mut self, span: Span, message: impl Into<String>) {
        self.report(syntax_error(span, message));
    }

    #[cold]
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.aborted && self.diagnostics.len() < DIAGNOSTICS_LIMIT {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Names the token for a message.
    #[cold]
    fn describe(&self) -> String {
        let token = self.token();
        match token.kind {
            Tok::Eof if to_usize(token.end) < self.text.len() => {
                "the end of the interpolation".to_owned()
            }
            Tok::Eof => "the end of the file".to_owned(),
            _ if token.first && token.start > self.last_end => "the end of the line".to_owned(),
            Tok::Keyword(_) => format!("the keyword `{}`", self.slice(token.start, token.end)),
            Tok::Str | Tok::OpenStr => "a string".to_owned(),
            _ => format!("`{}`", self.slice(token.start, token.end)),
        }
    }

    // Places.

    fn slice(&self, start: u32, end: u32) -> &'t str {
        self.text.get(to_usize(start)..to_usize(end)).unwrap_or("")
    }

    fn span_of(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    /// Returns the span from `start` to the end of the token before.
    fn span_from(&self, start: u32) -> Span {
        Span::new(self.file, start, self.last_end.max(start))
    }
}

/// Returns an error of the syntax.
fn syntax_error(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("E_KCL_SYNTAX", message).kind("InvalidSyntax").label(span, "")
}

/// Returns the text of a mark.
fn mark_of(op: Op) -> &'static str {
    OPS.iter().find(|(_, other)| *other == op).map_or("", |(mark, _)| mark)
}

/// Returns whether the token is a closing bracket.
fn is_close(kind: Tok) -> bool {
    matches!(kind, Tok::Op(Op::RParen | Op::RBracket | Op::RBrace))
}

/// Returns the bytes of a token.
fn token_range(token: Token) -> std::ops::Range<usize> {
    to_usize(token.start)..to_usize(token.end)
}

/// Returns an offset as an index.
fn to_usize(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
