//! The syntax tree of the whole language. Every node that can be pointed at has a span.

use akua_source::Span;
use std::rc::Rc;

/// An interned-by-sharing piece of text.
pub type Text = Rc<str>;

/// One parsed file.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Doc string at the head of the file.
    pub doc: Option<Name>,
    /// Statements in order.
    pub body: Vec<Stmt>,
    /// Comments in order, `#` included.
    pub comments: Vec<Name>,
}

/// An identifier (without its `$` prefix) or another piece of text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The text; the `$` of `$type` is dropped.
    pub text: Text,
    /// Its place, `$` included.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Stmt {
    /// Which statement.
    pub kind: StmtKind,
    /// From its first to its last byte.
    pub span: Span,
}

/// The kinds of statement.
#[derive(Debug, Clone)]
pub enum StmtKind {
    /// `import a.b as c`.
    Import(Import),
    /// `a = b: T = value` (one or more targets).
    Assign {
        /// Targets, left to right.
        targets: Vec<Target>,
        /// Annotation of the (single) target.
        ty: Option<Type>,
        /// The assigned value.
        value: Expr,
    },
    /// `a += value` and its kin.
    AugAssign {
        /// What is changed.
        target: Target,
        /// The operator without its `=`.
        op: BinOp,
        /// The right side.
        value: Expr,
    },
    /// `a: Schema { … }`: the name is unified with the schema instance.
    Unification {
        /// The name that is unified.
        target: Target,
        /// A schema expression (`ExprKind::Config` with a head).
        value: Expr,
    },
    /// `a: T` without a value. At the top level an error of the checker; in schema bodies
    /// [`StmtKind::Attribute`] is used instead.
    Annotation {
        /// The declared name.
        target: Target,
        /// Its type.
        ty: Type,
    },
    /// An expression by itself.
    Expr(Expr),
    /// `if … elif … else …`.
    If(IfStmt),
    /// `assert condition [if guard][, message]`.
    Assert(Check),
    /// `schema Name[params](Base): …`, also `mixin` and `protocol`.
    Schema(Box<Schema>),
    /// `rule Name[params](Bases): …`.
    Rule(Box<Rule>),
    /// `type Name = T`.
    TypeAlias {
        /// The new name.
        name: Name,
        /// What it stands for.
        ty: Type,
    },
    /// An attribute of a schema body (only there).
    Attribute(Box<Attribute>),
}

/// `import …`.
#[derive(Debug, Clone)]
pub struct Import {
    /// Number of leading dots; 0 for absolute imports.
    pub dots: u32,
    /// Path segments.
    pub path: Vec<Name>,
    /// The name after `as`.
    pub alias: Option<Name>,
}

impl Import {
    /// Returns the name that the import binds.
    pub fn binds(&self) -> Option<&Text> {
        self.alias.as_ref().or_else(|| self.path.last()).map(|name| &name.text)
    }
}

/// `if`, `elif` and `else` of statements.
#[derive(Debug, Clone)]
pub struct IfStmt {
    /// `(condition, body)` of `if` and each `elif`, in order.
    pub branches: Vec<(Expr, Vec<Stmt>)>,
    /// Body of `else`; empty where there is none.
    pub otherwise: Vec<Stmt>,
}

/// A line of a check block, or an assert statement.
#[derive(Debug, Clone)]
pub struct Check {
    /// What must hold.
    pub condition: Expr,
    /// When it must hold.
    pub guard: Option<Expr>,
    /// What to say where it does not.
    pub message: Option<Expr>,
    /// The whole line.
    pub span: Span,
}

/// What an assignment writes to: a name and the path below it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The name.
    pub name: Name,
    /// Members and indexes below it.
    pub path: Vec<TargetStep>,
    /// The whole target.
    pub span: Span,
}

/// One step of a target's path.
#[derive(Debug, Clone)]
pub enum TargetStep {
    /// `.name`.
    Member(Name),
    /// `[index]`.
    Index(Expr),
}

/// Which head a schema statement has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaKind {
    /// `schema`.
    Schema,
    /// `mixin` (or a schema whose name ends in `Mixin`).
    Mixin,
    /// `protocol` (or a schema whose name ends in `Protocol`).
    Protocol,
}

/// A schema, mixin or protocol.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Which head it has.
    pub kind: SchemaKind,
    /// Its name.
    pub name: Name,
    /// Decorators, in order.
    pub decorators: Vec<Decorator>,
    /// Parameters of `schema Name[params]`.
    pub params: Vec<Param>,
    /// The base in parentheses.
    pub base: Option<Path>,
    /// The protocol after `for`.
    pub host: Option<Path>,
    /// Doc string.
    pub doc: Option<Name>,
    /// The mixins of `mixin [A, B]`.
    pub mixins: Vec<Path>,
    /// `[k: str]: T = default`.
    pub index_signature: Option<Box<IndexSignature>>,
    /// Statements; attributes are [`StmtKind::Attribute`], untyped ones (`a = 1`) are
    /// [`StmtKind::Assign`], `a: S {…}` is [`StmtKind::Unification`].
    pub body: Vec<Stmt>,
    /// Lines of `check:`.
    pub checks: Vec<Check>,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// Decorators, in order.
    pub decorators: Vec<Decorator>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Rules that it inherits.
    pub bases: Vec<Path>,
    /// The protocol after `for`.
    pub host: Option<Path>,
    /// Doc string.
    pub doc: Option<Name>,
    /// Its lines.
    pub checks: Vec<Check>,
}

/// An attribute `name[?]: T [op value]` of a schema body.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name; for `"quoted-name": T` the text between the quotes.
    pub name: Name,
    /// `?` after the name.
    pub optional: bool,
    /// Its type.
    pub ty: Type,
    /// `=` or another operator with the default.
    pub default: Option<(AssignOp, Expr)>,
    /// Decorators, in order.
    pub decorators: Vec<Decorator>,
    /// Doc string or trailing text; none in KCL today.
    pub doc: Option<Name>,
}

/// How a default or an entry is joined with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignOp {
    /// `=` in a schema body.
    Assign,
    /// An augmented operator such as `+=`.
    Aug(BinOp),
}

/// `[name: Key]: Value = default`, with `...` where declared attributes need not match.
#[derive(Debug, Clone)]
pub struct IndexSignature {
    /// Name of the key in checks.
    pub key_name: Option<Name>,
    /// Type of keys.
    pub key: Type,
    /// `...`.
    pub any_other: bool,
    /// Type of values.
    pub value: Type,
    /// Default value.
    pub default: Option<Expr>,
    /// The whole line.
    pub span: Span,
}

/// `@name(args)`.
#[derive(Debug, Clone)]
pub struct Decorator {
    /// Its name.
    pub name: Path,
    /// Its arguments, if it has parentheses.
    pub args: Option<Args>,
    /// The whole decorator.
    pub span: Span,
}

/// A parameter of a lambda, schema or rule.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Option<Type>,
    /// Its default.
    pub default: Option<Expr>,
}

/// Arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Positional arguments.
    pub positional: Vec<Expr>,
    /// Keyword arguments.
    pub keyword: Vec<(Name, Expr)>,
}

/// A dotted name such as `pkg.Schema`.
#[derive(Debug, Clone)]
pub struct Path {
    /// Segments, at least one.
    pub segments: Vec<Name>,
    /// The whole path.
    pub span: Span,
}

/// A type.
#[derive(Debug, Clone)]
pub struct Type {
    /// Which type.
    pub kind: TypeKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of type.
#[derive(Debug, Clone)]
pub enum TypeKind {
    /// `any`.
    Any,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `str`.
    Str,
    /// A literal: `True`, `None`, a number, a string or a number with a multiplier.
    Literal(Box<Expr>),
    /// `[T]`; `None` for `[]`.
    List(Option<Box<Type>>),
    /// `{K:V}`; a missing part is any.
    Dict(Option<Box<Type>>, Option<Box<Type>>),
    /// `A | B`.
    Union(Vec<Type>),
    /// A schema, an alias, or `units.NumberMultiplier`.
    Named(Path),
    /// `(T, U) -> R`.
    Function(Vec<Type>, Option<Box<Type>>),
    /// What could not be parsed.
    Error,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Which expression.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// `None`.
    None,
    /// `Undefined`.
    Undefined,
    /// `True` or `False`.
    Bool(bool),
    /// An integer; a hexadecimal literal may wrap (`0xFFFFFFFFFFFFFFFF` is -1).
    Int(i64),
    /// An integer that does not fit 64 bits and is an error when it is evaluated.
    IntOverflow(Text),
    /// An integer with a multiplier: `1Ki`.
    Multiplied(i64, Multiplier),
    /// A float.
    Float(f64),
    /// A string without interpolation, escapes decoded.
    Str(Text),
    /// A string with interpolation.
    Interpolated(Vec<StrPart>),
    /// A name.
    Name(Text),
    /// `(e)`.
    Paren(Box<Expr>),
    /// `a op b`; comparisons chain in [`ExprKind::Compare`].
    Binary(Box<Expr>, BinOp, Box<Expr>),
    /// `a < b <= c`, also a single comparison, `in`, `not in`, `is` and `is not`.
    Compare(Box<Expr>, Vec<(CmpOp, Expr)>),
    /// A prefix operator.
    Unary(UnaryOp, Box<Expr>),
    /// `a and b`.
    And(Box<Expr>, Box<Expr>),
    /// `a or b`.
    Or(Box<Expr>, Box<Expr>),
    /// `a if c else b`.
    Ternary {
        /// The condition.
        condition: Box<Expr>,
        /// Value where it holds.
        then: Box<Expr>,
        /// Value where it does not.
        otherwise: Box<Expr>,
    },
    /// `x as T`.
    As(Box<Expr>, Box<Type>),
    /// `x.name`, or `x?.name`.
    Member {
        /// The left side.
        value: Box<Expr>,
        /// The member.
        name: Name,
        /// `?.`.
        optional: bool,
    },
    /// `x[i]`, or `x?[i]`.
    Index {
        /// The left side.
        value: Box<Expr>,
        /// The index.
        index: Box<Expr>,
        /// `?[`.
        optional: bool,
    },
    /// `x[a:b:c]`.
    Slice {
        /// The left side.
        value: Box<Expr>,
        /// First index.
        lower: Option<Box<Expr>>,
        /// End index.
        upper: Option<Box<Expr>>,
        /// Step.
        step: Option<Box<Expr>>,
        /// `?[`.
        optional: bool,
    },
    /// `f(args)`.
    Call(Box<Expr>, Box<Args>),
    /// `[…]`.
    List(Vec<ListItem>),
    /// `{…}` as a config literal.
    Dict(Vec<Entry>),
    /// `Schema {…}`, `Schema(args) {…}` or `instance {…}`.
    Config {
        /// The schema or instance.
        head: Box<Expr>,
        /// Arguments of the schema, if it has parentheses.
        args: Option<Box<Args>>,
        /// Its entries.
        entries: Vec<Entry>,
        /// Place of the braces.
        body_span: Span,
    },
    /// `[e for x in it if c]`.
    ListComp(Box<ListItem>, Vec<Clause>),
    /// `{k = v for k, v in it}`.
    DictComp(Box<Entry>, Vec<Clause>),
    /// `all x in it { … }` and its kin.
    Quantifier(Box<Quantifier>),
    /// `lambda a: T { … }`.
    Lambda(Rc<Lambda>),
    /// What could not be parsed.
    Error,
}

/// A piece of an interpolated string.
#[derive(Debug, Clone)]
pub enum StrPart {
    /// Text, escapes decoded.
    Text(Text),
    /// `${value: #format}`.
    Expr {
        /// The value.
        value: Expr,
        /// Text after `:` (`#json`, `#yaml`), if there is any.
        format: Option<Name>,
    },
}

/// Suffix of a number: powers of 1000 and of 1024, and fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplier {
    /// 10^-9.
    N,
    /// 10^-6.
    U,
    /// 10^-3.
    Milli,
    /// 10^3, written `k`.
    SmallK,
    /// 10^3.
    K,
    /// 10^6.
    M,
    /// 10^9.
    G,
    /// 10^12.
    T,
    /// 10^15.
    P,
    /// 2^10.
    Ki,
    /// 2^20.
    Mi,
    /// 2^30.
    Gi,
    /// 2^40.
    Ti,
    /// 2^50.
    Pi,
}

/// Binary operators that compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinOp {
    /// `+`.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// `/`.
    Div,
    /// `//`.
    FloorDiv,
    /// `%`.
    Mod,
    /// `**`.
    Pow,
    /// `<<`.
    Shl,
    /// `>>`.
    Shr,
    /// `&`.
    BitAnd,
    /// `|`.
    BitOr,
    /// `^`.
    BitXor,
}

impl BinOp {
    /// Returns the operator as it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Mod => "%",
            Self::Pow => "**",
            Self::Shl => "<<",
            Self::Shr => ">>",
            Self::BitAnd => "&",
            Self::BitOr => "|",
            Self::BitXor => "^",
        }
    }
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmpOp {
    /// `==`.
    Eq,
    /// `!=`.
    NotEq,
    /// `<`.
    Lt,
    /// `<=`.
    LtE,
    /// `>`.
    Gt,
    /// `>=`.
    GtE,
    /// `in`.
    In,
    /// `not in`.
    NotIn,
    /// `is`.
    Is,
    /// `is not`.
    IsNot,
}

impl CmpOp {
    /// Returns the comparison as it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::NotEq => "!=",
            Self::Lt => "<",
            Self::LtE => "<=",
            Self::Gt => ">",
            Self::GtE => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Is => "is",
            Self::IsNot => "is not",
        }
    }
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `~`.
    Invert,
    /// `not`.
    Not,
}

/// An item of a list literal.
#[derive(Debug, Clone)]
pub enum ListItem {
    /// A value.
    Value(Expr),
    /// `*xs`.
    Star(Expr),
    /// `if c: … elif …: … else: …`: each branch holds items.
    If {
        /// `(condition, items)`.
        branches: Vec<(Expr, Vec<Self>)>,
        /// Items of `else`.
        otherwise: Vec<Self>,
        /// The whole block.
        span: Span,
    },
}

/// An entry of a config literal.
#[derive(Debug, Clone)]
pub enum Entry {
    /// `key op value`.
    KeyValue {
        /// The key.
        key: Key,
        /// Its operator.
        op: EntryOp,
        /// Its value.
        value: Expr,
        /// The whole entry.
        span: Span,
    },
    /// `**value`.
    Spread(Expr),
    /// `if c: … elif …: … else: …` among the entries.
    If {
        /// `(condition, entries)`.
        branches: Vec<(Expr, Vec<Self>)>,
        /// Entries of `else`.
        otherwise: Vec<Self>,
        /// The whole block.
        span: Span,
    },
}

/// How an entry is joined with what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryOp {
    /// `:`.
    Union,
    /// `=`.
    Override,
    /// `+=`.
    Insert,
}

/// Key of an entry.
#[derive(Debug, Clone)]
pub struct Key {
    /// Which key.
    pub kind: KeyKind,
    /// Its place.
    pub span: Span,
}

/// The kinds of key.
#[derive(Debug, Clone)]
pub enum KeyKind {
    /// `a.b.c`: identifiers (one or more); in a comprehension a single one is a variable.
    Path(Vec<Name>),
    /// `a[0]` (an element of a list attribute; `a.b[0]` has several names).
    Indexed(Vec<Name>, Box<Expr>),
    /// A string, an interpolated string, or any other expression (checked when it is evaluated).
    Expr(Box<Expr>),
}

/// `for a, b in it if c`.
#[derive(Debug, Clone)]
pub struct Clause {
    /// One or two variables.
    pub vars: Vec<Name>,
    /// What is iterated.
    pub iter: Expr,
    /// Conditions (KCL allows one; more are kept for the checker).
    pub conditions: Vec<Expr>,
    /// The whole clause.
    pub span: Span,
}

/// Which quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantifierKind {
    /// `all`.
    All,
    /// `any`.
    Any,
    /// `map`.
    Map,
    /// `filter`.
    Filter,
}

/// `all x in it { test if condition }`.
#[derive(Debug, Clone)]
pub struct Quantifier {
    /// Which quantifier.
    pub kind: QuantifierKind,
    /// One or two variables.
    pub vars: Vec<Name>,
    /// What is iterated.
    pub iter: Expr,
    /// The body.
    pub test: Expr,
    /// Which elements count.
    pub condition: Option<Expr>,
}

/// `lambda a: T = d -> R { … }`.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// Parameters.
    pub params: Vec<Param>,
    /// Type of the result.
    pub result: Option<Type>,
    /// Statements.
    pub body: Vec<Stmt>,
}
