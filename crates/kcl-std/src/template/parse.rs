//! Template text to nodes.

use kcl_eval::value::Value;

/// Deepest nesting of blocks and subexpressions.
const DEPTH_LIMIT: usize = 64;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// Text as it is.
    Text(String),
    /// A value; escaped for HTML, or not.
    Value(Expr, bool),
    /// `{{#helper …}} … {{else}} … {{/helper}}`.
    Block(Block),
}

/// A block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) helper: String,
    pub(super) args: Vec<Expr>,
    /// `name=value` arguments.
    pub(super) hash: Vec<(String, Expr)>,
    /// Names of `as |a b|`.
    pub(super) params: Vec<String>,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Path(Path),
    Literal(Value),
    Call(String, Vec<Self>),
}

/// A path such as `../a.b` or `@index`.
#[derive(Debug)]
pub(super) struct Path {
    /// Number of `../`.
    pub(super) up: usize,
    /// It begins with `@`.
    pub(super) is_data: bool,
    pub(super) segments: Vec<String>,
}

/// A tag, cut out of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    Raw,
    Open,
    Close,
    Else,
    Comment,
}

/// Text and tags in turn.
enum Piece<'t> {
    Text(String),
    Tag(Kind, &'t str),
}

/// Parses a template.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, String> {
    let pieces = pieces(text)?;
    let mut parser = Parser { pieces, at: 0, depth: 0 };
    let nodes = parser.nodes()?;
    match parser.pieces.get(parser.at) {
        None => Ok(nodes),
        Some(Piece::Tag(_, body)) => Err(format!("unexpected `{{{{{body}}}}}`")),
        Some(Piece::Text(_)) => Err("unexpected text".to_owned()),
    }
}

/// Cuts a template into text and tags, and applies `~` and the rule of lines that hold a tag alone.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut rest = text;
    let mut before = String::new();
    while let Some(at) = rest.find("{{") {
        let (start, tag) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if let Some(start) = start.strip_suffix('\\') {
            before.push_str(start);
            let end = tag.find("}}").map_or(tag.len(), |end| end.saturating_add(2));
            before.push_str(tag.get(..end).unwrap_or(""));
            rest = tag.get(end..).unwrap_or("");
            continue;
        }
        before.push_str(start);
        let (open, close) = if tag.starts_with("{{{") {
            ("{{{", "}}}")
        } else if tag.starts_with("{{!--") {
            ("{{", "--}}")
        } else {
            ("{{", "}}")
        };
        let inner = tag.strip_prefix(open).unwrap_or("");
        let (body, after) =
            inner.split_once(close).ok_or_else(|| format!("expected `{close}` after `{open}`"))?;
        rest = after;
        let (trim_left, body) = match body.strip_prefix('~') {
            Some(body) => (true, body),
            None => (false, body),
        };
        let (trim_right, body) = match body.strip_suffix('~') {
            Some(body) => (true, body),
            None => (false, body),
        };
        let (kind, body) = kind_of(body.trim(), open == "{{{");
        if trim_left {
            before.truncate(before.trim_end().len());
        }
        if !trim_left && !trim_right && !matches!(kind, Kind::Value | Kind::Raw) {
            rest = alone(&mut before, rest, pieces.is_empty());
        }
        pieces.push(Piece::Text(std::mem::take(&mut before)));
        pieces.push(Piece::Tag(kind, body));
        if trim_right {
            rest = rest.trim_start();
        }
    }
    before.push_str(rest);
    pieces.push(Piece::Text(before));
    Ok(pieces)
}

/// Returns what a tag does, and its text without the mark.
fn kind_of(body: &str, triple: bool) -> (Kind, &str) {
    match body.chars().next() {
        _ if triple => (Kind::Raw, body),
        Some('!') => (Kind::Comment, ""),
        Some('#') => (Kind::Open, body.get(1..).unwrap_or("").trim()),
        Some('/') => (Kind::Close, body.get(1..).unwrap_or("").trim()),
        Some('&') => (Kind::Raw, body.get(1..).unwrap_or("").trim()),
        _ if body == "^" => (Kind::Else, ""),
        _ => match body.strip_prefix("else") {
            Some("") => (Kind::Else, ""),
            Some(rest) if rest.starts_with(char::is_whitespace) => (Kind::Else, rest.trim()),
            _ => (Kind::Value, body),
        },
    }
}

/// Drops the line of a block's tag that stands alone on it; returns what follows.
fn alone<'t>(before: &mut String, rest: &'t str, first: bool) -> &'t str {
    let line = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let blank = |text: &str| text.chars().all(|c| c == ' ' || c == '\t');
    let starts = before.get(line..).is_some_and(blank) && (line > 0 || first || before.is_empty());
    // A tag right after another one stands at the start of a line if that one took its line.
    let end = rest.find('\n').unwrap_or(rest.len());
    let ends = rest.get(..end).is_some_and(|text| blank(text.trim_end_matches('\r')));
    if !starts || !ends || (line == 0 && !first && !before.is_empty()) {
        return rest;
    }
    before.truncate(line);
    rest.get(end.saturating_add(1)..).unwrap_or("")
}

struct Parser<'t> {
    pieces: Vec<Piece<'t>>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// Reads nodes up to a tag that closes or divides a block.
    fn nodes(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.get_mut(self.at) {
            match piece {
                Piece::Text(text) => {
                    let text = std::mem::take(text);
                    if !text.is_empty() {
                        nodes.push(Node::Text(text));
                    }
                }
                Piece::Tag(Kind::Close | Kind::Else, _) => break,
                Piece::Tag(Kind::Comment, _) => {}
                Piece::Tag(kind @ (Kind::Value | Kind::Raw), body) => {
                    let escaped = *kind == Kind::Value;
                    nodes.push(Node::Value(value_of(body)?, escaped));
                }
                Piece::Tag(Kind::Open, body) => {
                    let body = (*body).to_owned();
                    self.at = self.at.saturating_add(1);
                    nodes.push(Node::Block(self.block(&body)?));
                    continue;
                }
            }
            self.at = self.at.saturating_add(1);
        }
        Ok(nodes)
    }

    /// Reads a block after its opening tag.
    fn block(&mut self, head: &str) -> Result<Block, String> {
        let mut block = self.chain(head)?;
        match self.pieces.get(self.at) {
            Some(Piece::Tag(Kind::Close, name)) if *name == block.helper => {
                self.at = self.at.saturating_add(1);
            }
            _ => return Err(format!("expected `{{{{/{}}}}}`", block.helper)),
        }
        block.body.shrink_to_fit();
        Ok(block)
    }

    /// Reads the body of a block and what its `else` tags divide, up to the closing tag.
    fn chain(&mut self, head: &str) -> Result<Block, String> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_LIMIT {
            return Err(format!("blocks are nested deeper than {DEPTH_LIMIT} levels"));
        }
        let mut block = head_of(head)?;
        block.body = self.nodes()?;
        if let Some(Piece::Tag(Kind::Else, condition)) = self.pieces.get(self.at) {
            let condition = (*condition).to_owned();
            self.at = self.at.saturating_add(1);
            block.otherwise = if condition.is_empty() {
                self.nodes()?
            } else {
                vec![Node::Block(self.chain(&condition)?)]
            };
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(block)
    }
}

/// Words, strings and parentheses of a tag.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' | ')' | '|' | '=' | ' ' | '\t' | '\n' | '\r' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if !c.is_whitespace() {
                    words.push(c.to_string());
                }
            }
            '"' | '\'' if word.is_empty() => {
                word.push('"');
                loop {
                    match chars.next() {
                        None => return Err("expected the end of a string".to_owned()),
                        Some('\\') => word.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => word.push(other),
                    }
                }
                words.push(std::mem::take(&mut word));
            }
            '[' => {
                word.push(c);
                for other in chars.by_ref() {
                    word.push(other);
                    if other == ']' {
                        break;
                    }
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// Reads the expressions of a tag.
struct Words<'w> {
    words: &'w [String],
    at: usize,
}

impl Words<'_> {
    fn next(&mut self) -> Option<&str> {
        let word = self.words.get(self.at)?;
        self.at = self.at.saturating_add(1);
        Some(word)
    }

    fn is(&self, ahead: usize, word: &str) -> bool {
        self.words.get(self.at.saturating_add(ahead)).is_some_and(|found| found == word)
    }

    fn expr(&mut self, depth: usize) -> Result<Expr, String> {
        let Some(word) = self.next() else { return Err("expected an expression".to_owned()) };
        if word != "(" {
            return literal(word)
                .map_or_else(|| path(word).map(Expr::Path), |v| Ok(Expr::Literal(v)));
        }
        if depth > DEPTH_LIMIT {
            return Err(format!("expressions are nested deeper than {DEPTH_LIMIT} levels"));
        }
        let name = self.next().unwrap_or("").to_owned();
        let mut args = Vec::new();
        while !self.is(0, ")") {
            args.push(self.expr(depth.saturating_add(1))?);
        }
        self.next();
        Ok(Expr::Call(name, args))
    }
}

/// Returns the value of a word that is a string, a number or a constant.
fn literal(word: &str) -> Option<Value> {
    match word {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::None),
        _ => {}
    }
    if let Some(text) = word.strip_prefix('"') {
        return Some(Value::str(text));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let float = || word.parse().ok().map(Value::Float);
    word.parse().ok().map(Value::Int).or_else(float)
}

fn path(word: &str) -> Result<Path, String> {
    let mut path = Path { up: 0, is_data: false, segments: Vec::new() };
    let mut rest = word;
    if let Some(data) = rest.strip_prefix('@') {
        path.is_data = true;
        rest = data;
    }
    while let Some(above) = rest.strip_prefix("../") {
        path.up = path.up.saturating_add(1);
        rest = above;
    }
    if rest == ".." {
        path.up = path.up.saturating_add(1);
        rest = "";
    }
    rest = rest.strip_prefix("./").unwrap_or(rest);
    while !rest.is_empty() {
        let (segment, after) = if let Some(bracket) = rest.strip_prefix('[') {
            bracket.split_once(']').ok_or("expected `]` in a path")?
        } else {
            let end = rest.find(['.', '/', '[']).unwrap_or(rest.len());
            rest.split_at_checked(end).unwrap_or((rest, ""))
        };
        if !(segment.is_empty() || (segment == "this" && path.segments.is_empty())) {
            path.segments.push(segment.to_owned());
        }
        rest = after.strip_prefix(['.', '/']).unwrap_or(after);
    }
    let odd = |segment: &String| segment.starts_with(['>', '#', '^', '{', '}', '*']);
    if path.segments.first().is_some_and(odd) {
        return Err(format!("unexpected `{word}`"));
    }
    Ok(path)
}

/// Reads `path`, or `helper arg …`.
fn value_of(body: &str) -> Result<Expr, String> {
    let words = words(body)?;
    let mut reader = Words { words: &words, at: 0 };
    if reader.is(0, "(") {
        return reader.expr(0);
    }
    let name = reader.next().ok_or("expected a name between `{{` and `}}`")?.to_owned();
    if literal(&name).is_some() {
        return Err(format!("expected a name, found `{body}`"));
    }
    if reader.at >= words.len() {
        return path(&name).map(Expr::Path);
    }
    let mut args = Vec::new();
    while reader.at < words.len() {
        args.push(reader.expr(0)?);
    }
    Ok(Expr::Call(name, args))
}

/// Reads `helper arg … name=value … as |a b|`.
fn head_of(head: &str) -> Result<Block, String> {
    let words = words(head)?;
    let mut reader = Words { words: &words, at: 0 };
    let helper = reader.next().ok_or("expected a name after `{{#`")?.to_owned();
    let mut block = Block {
        helper,
        args: Vec::new(),
        hash: Vec::new(),
        params: Vec::new(),
        body: Vec::new(),
        otherwise: Vec::new(),
    };
    while reader.at < words.len() {
        if reader.is(0, "as") && reader.is(1, "|") {
            reader.at = reader.at.saturating_add(2);
            while let Some(name) = reader.next() {
                if name == "|" {
                    break;
                }
                block.params.push(name.to_owned());
            }
        } else if reader.is(1, "=") {
            let name = reader.next().unwrap_or("").to_owned();
            reader.next();
            block.hash.push((name, reader.expr(0)?));
        } else {
            block.args.push(reader.expr(0)?);
        }
    }
    Ok(block)
}
