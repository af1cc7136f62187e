//! The resolved program. Every name is a slot; every piece of code knows how many locals it needs.

use akua_source::Span;
use std::rc::Rc;

pub use kcl_syntax::ast::{
    BinOp, CmpOp, EntryOp, Multiplier, QuantifierKind, SchemaKind, Text, UnaryOp,
};

/// Index of a package in [`Program::packages`]; 0 is the main package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(pub u32);

/// Index of a schema in [`Program::schemas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaId(pub u32);

/// Index of a native function in the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NativeId(pub u32);

/// Index of a local in the frame of its code.
pub type Slot = u32;

/// A whole program.
#[derive(Debug, Default)]
pub struct Program {
    /// Packages; 0 is the main package.
    pub packages: Vec<Package>,
    /// All schemas of all packages.
    pub schemas: Vec<Rc<Schema>>,
    /// Whether some expression asks for the instances of a schema (else none are kept).
    pub uses_instances: bool,
}

/// A package: the files of one folder, or the entry files.
#[derive(Debug, Default)]
pub struct Package {
    /// Its import path; empty for the main package.
    pub path: Text,
    /// Its globals, in order of definition.
    pub globals: Vec<Global>,
    /// What runs in order besides the globals.
    pub actions: Vec<Action>,
    /// What its names stand for, in order of definition.
    pub names: Vec<(Text, Symbol)>,
    /// Its native functions, where it is a system module with sources of its own.
    pub natives: Option<Text>,
}

/// What a name of a package stands for.
#[derive(Debug, Clone)]
pub enum Symbol {
    /// A variable.
    Global(u32),
    /// A schema, mixin, protocol or rule.
    Schema(SchemaId),
    /// A type alias.
    Alias(Rc<Type>),
}

/// A variable of a package.
#[derive(Debug)]
pub struct Global {
    /// Its name.
    pub name: Text,
    /// Its declared type.
    pub ty: Option<Rc<Type>>,
    /// The statements that give it its value, in order.
    pub setters: Vec<Setter>,
    /// Whether it is in the output and visible to importers.
    pub exported: bool,
    /// Where it is first set.
    pub span: Span,
}

/// A statement that does not set a variable.
#[derive(Debug)]
pub struct Action {
    /// The `if` branches that it stands in, outermost first.
    pub guards: Rc<[Guard]>,
    /// What it does.
    pub kind: ActionKind,
    /// Globals defined before it (for the order of the output).
    pub after: u32,
}

/// What an [`Action`] does.
#[derive(Debug)]
pub enum ActionKind {
    /// `assert`.
    Assert(Check),
    /// An expression statement; its value may join the output.
    Expr(Code),
}

/// An expression that can run by itself.
#[derive(Debug, Clone)]
pub struct Code {
    /// The expression.
    pub expr: Expr,
    /// Locals that it needs.
    pub slots: u32,
}

/// A branch of an `if`: all of `unless` are false and `when` (if any) is true.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Conditions of the branches before.
    pub unless: Rc<[Rc<Code>]>,
    /// Condition of this branch; `None` for `else`.
    pub when: Option<Rc<Code>>,
}

/// How a setter joins its value with the one so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOp {
    /// `=`.
    Assign,
    /// `+=` and its kin.
    Aug(BinOp),
    /// `name: Schema {…}`.
    Unify,
}

/// One statement that gives a variable or an attribute its value.
#[derive(Debug, Clone)]
pub struct Setter {
    /// The `if` branches that it stands in, outermost first.
    pub guards: Rc<[Guard]>,
    /// How the value joins the one so far.
    pub op: SetOp,
    /// What is changed below the name.
    pub path: Vec<Step>,
    /// The value.
    pub value: Code,
    /// Whether the value reads what it sets: then it needs what the statements before made.
    pub reads_self: bool,
    /// The whole statement.
    pub span: Span,
    /// The name or target that is set.
    pub target: Span,
}

/// One step of a target's path.
#[derive(Debug, Clone)]
pub enum Step {
    /// `.name`.
    Member(Text, Span),
    /// `[index]`.
    Index(Code),
}

/// A line of a check block, or an assert statement.
#[derive(Debug, Clone)]
pub struct Check {
    /// What must hold.
    pub condition: Code,
    /// When it must hold.
    pub guard: Option<Code>,
    /// What to say.
    pub message: Option<Code>,
    /// The whole line.
    pub span: Span,
}

/// A schema with everything that it inherits and mixes in.
#[derive(Debug)]
pub struct Schema {
    /// Its id.
    pub id: SchemaId,
    /// Its name.
    pub name: Text,
    /// Its package.
    pub package: PackageId,
    /// Schema, mixin or protocol.
    pub kind: SchemaKind,
    /// Whether it is a rule.
    pub is_rule: bool,
    /// Its base.
    pub base: Option<SchemaId>,
    /// Attributes in layout order: the base's first, so that the base's slots stay what they are.
    pub attrs: Vec<Attr>,
    /// Own or inherited index signature.
    pub index: Option<Rc<IndexSignature>>,
    /// Parameters, in order.
    pub params: Vec<Param>,
    /// Asserts and expression statements of the bodies, base first.
    pub actions: Vec<Rc<Action>>,
    /// Checks, base first.
    pub checks: Vec<Rc<Check>>,
    /// Message of `@deprecated`, with whether use is an error.
    pub deprecated: Option<(Text, bool)>,
    /// Doc string.
    pub doc: Option<Text>,
    /// Where its name stands.
    pub span: Span,
    /// The whole statement: what is inside is the schema's own, not inherited or mixed in.
    pub range: Span,
}

/// What an attribute slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttrKind {
    /// In the output; may be given in a config if it is declared.
    Public,
    /// Starts with `_`.
    Private,
    /// A parameter of the schema.
    Param,
}

/// An attribute slot of a schema.
#[derive(Debug, Clone)]
pub struct Attr {
    /// Its name.
    pub name: Text,
    /// Which kind of slot.
    pub kind: AttrKind,
    /// Its declared type; where there is none a config may not give it.
    pub ty: Option<Rc<Type>>,
    /// Whether it may be missing.
    pub optional: bool,
    /// Statements that give it its default, base first, then own, then mixins.
    pub setters: Vec<Rc<Setter>>,
    /// Message of `@deprecated`, with whether use is an error.
    pub deprecated: Option<(Text, bool)>,
    /// Where it is declared.
    pub span: Span,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Text,
    /// Its type.
    pub ty: Option<Rc<Type>>,
    /// Its default.
    pub default: Option<Code>,
    /// Attribute slot (schemas) or local (lambdas) that it fills.
    pub slot: Slot,
    /// Where it stands.
    pub span: Span,
}

/// `[name: Key]: Value = default`.
#[derive(Debug)]
pub struct IndexSignature {
    /// Attribute slot that holds the key while checks run, if the key has a name.
    pub key_slot: Option<Slot>,
    /// Type of keys.
    pub key: Rc<Type>,
    /// `...`.
    pub any_other: bool,
    /// Type of values.
    pub value: Rc<Type>,
    /// Default of values.
    pub default: Option<Code>,
    /// Where it stands.
    pub span: Span,
}

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Anything.
    Any,
    /// `None`.
    None,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `float`.
    Float,
    /// `str`.
    Str,
    /// A literal boolean.
    BoolLit(bool),
    /// A literal integer.
    IntLit(i64),
    /// A literal float.
    FloatLit(f64),
    /// A literal string.
    StrLit(Text),
    /// A literal with a multiplier.
    MultipliedLit(i64, Multiplier),
    /// `units.NumberMultiplier`.
    Multiplier,
    /// `[T]`.
    List(Rc<Self>),
    /// `{K:V}`.
    Dict(Rc<Self>, Rc<Self>),
    /// `A | B`.
    Union(Rc<[Self]>),
    /// A schema.
    Schema(SchemaId),
    /// A function type.
    Function(Rc<FunctionType>),
}

/// `(T, U) -> R`.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionType {
    /// Types of the parameters.
    pub params: Vec<Type>,
    /// Type of the result.
    pub result: Type,
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
    /// `Undefined`.
    Undefined,
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A number with a multiplier.
    Multiplied(i64, Multiplier),
    /// A string.
    Str(Text),
    /// An integer literal that does not fit.
    IntOverflow(Text),
    /// A local of the frame.
    Local(Slot),
    /// An attribute of the schema that the code stands in.
    Attr(Slot),
    /// A variable of a package.
    Global(PackageId, u32),
    /// A key of an enclosing config literal, as far as it is built; else `otherwise`.
    Sibling {
        /// Local that holds the literal while it is built.
        slot: Slot,
        /// The key.
        key: Text,
        /// What the name means outside the literal.
        otherwise: Option<Box<Expr>>,
    },
    /// A schema as a value.
    Schema(SchemaId),
    /// A native function or constant.
    Native(NativeId),
    /// A package as a value.
    Module(PackageId),
    /// A system module as a value (only useful in errors).
    SystemModule(Text),
    /// `"…${e: #format}…"`.
    Format(Vec<FormatPart>),
    /// A binary operator.
    Binary(Box<Expr>, BinOp, Box<Expr>),
    /// A chain of comparisons.
    Compare(Box<Expr>, Vec<(CmpOp, Expr)>),
    /// A prefix operator.
    Unary(UnaryOp, Box<Expr>),
    /// `and`.
    And(Box<Expr>, Box<Expr>),
    /// `or`.
    Or(Box<Expr>, Box<Expr>),
    /// `then if condition else otherwise`.
    Ternary(Box<[Expr; 3]>),
    /// `x as T`.
    As(Box<Expr>, Rc<Type>),
    /// `x.name`.
    Member {
        /// The left side.
        value: Box<Expr>,
        /// The member.
        name: Text,
        /// `?.`.
        optional: bool,
    },
    /// `x[i]`.
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
        /// Lower bound, upper bound, step.
        bounds: Box<[Option<Expr>; 3]>,
        /// `?[`.
        optional: bool,
    },
    /// `f(args)`.
    Call(Box<Expr>, Box<Args>),
    /// `x.name(args)`.
    CallMember {
        /// The left side.
        value: Box<Expr>,
        /// The member.
        name: Text,
        /// `?.`.
        optional: bool,
        /// The arguments.
        args: Box<Args>,
    },
    /// `[…]`.
    List(Vec<Item>),
    /// `{…}`.
    Dict(Box<DictExpr>),
    /// `head(args) {…}`.
    Config {
        /// The schema or instance.
        head: Box<Expr>,
        /// Arguments.
        args: Option<Box<Args>>,
        /// The entries.
        dict: Box<DictExpr>,
    },
    /// `[e for …]`.
    ListComp(Box<Item>, Vec<Clause>),
    /// `{k = v for …}`.
    DictComp(Box<DictExpr>, Vec<Clause>),
    /// `all`, `any`, `map`, `filter`.
    Quantifier(Box<Quantifier>),
    /// A lambda.
    Lambda(Rc<Lambda>),
    /// Code that a diagnostic was already given for; never runs.
    Error,
}

/// A piece of an interpolated string.
#[derive(Debug, Clone)]
pub enum FormatPart {
    /// Text.
    Text(Text),
    /// A value and its format (`#json`, `#yaml`).
    Expr(Expr, Option<Text>),
}

/// Arguments of a call.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Positional.
    pub positional: Vec<Expr>,
    /// Keyword.
    pub keyword: Vec<(Text, Expr)>,
    /// Where the names of the keyword arguments stand.
    pub names: Vec<Span>,
}

/// An item of a list.
#[derive(Debug, Clone)]
pub enum Item {
    /// A value.
    Value(Expr),
    /// `*xs`.
    Star(Expr),
    /// `if …: …`.
    If(Vec<(Expr, Vec<Self>)>, Vec<Self>),
}

/// A config literal.
#[derive(Debug, Clone)]
pub struct DictExpr {
    /// Entries in order.
    pub entries: Vec<Entry>,
    /// Local that holds the dict while it is built, where an entry asks for a sibling.
    pub slot: Option<Slot>,
    /// The braces.
    pub span: Span,
}

/// An entry of a config literal.
#[derive(Debug, Clone)]
pub enum Entry {
    /// `key op value`.
    KeyValue {
        /// The key.
        key: Key,
        /// Where the key stands.
        key_span: Span,
        /// Its operator.
        op: EntryOp,
        /// `[index]` after the key.
        index: Option<Expr>,
        /// The value.
        value: Expr,
    },
    /// `**value`.
    Spread(Expr),
    /// `if …: …`.
    If(Vec<(Expr, Vec<Self>)>, Vec<Self>),
}

/// A key.
#[derive(Debug, Clone)]
pub enum Key {
    /// Known text.
    Static(Text),
    /// Computed.
    Dynamic(Expr),
}

/// `for a, b in it if c`.
#[derive(Debug, Clone)]
pub struct Clause {
    /// Locals of the one or two variables.
    pub slots: Vec<Slot>,
    /// What is iterated.
    pub iter: Expr,
    /// Conditions.
    pub conditions: Vec<Expr>,
}

/// A quantifier.
#[derive(Debug, Clone)]
pub struct Quantifier {
    /// Which.
    pub kind: QuantifierKind,
    /// Locals of the one or two variables.
    pub slots: Vec<Slot>,
    /// What is iterated.
    pub iter: Expr,
    /// The body.
    pub test: Expr,
    /// Which elements count.
    pub condition: Option<Expr>,
}

/// A lambda; its parameters are the first locals of its frame.
#[derive(Debug)]
pub struct Lambda {
    /// Parameters; parameter `i` is local `i`.
    pub params: Vec<Param>,
    /// The local that each captured value goes to, and where it comes from.
    pub captures: Vec<(Slot, Capture)>,
    /// Type of the result.
    pub result: Option<Rc<Type>>,
    /// Statements.
    pub body: Vec<Stmt>,
    /// Locals that it needs, parameters and captures included.
    pub slots: u32,
    /// Name it was assigned to, for traces; may be empty.
    pub name: Text,
    /// The whole lambda.
    pub span: Span,
}

/// Where a captured value comes from.
#[derive(Debug, Clone)]
pub enum Capture {
    /// A local of the enclosing frame; the lambda itself while that local is still unset.
    Local(Slot),
    /// A key of an enclosing config literal (else `otherwise`), looked up when the lambda is made.
    Expr(Expr),
}

/// A statement of a lambda body.
#[derive(Debug, Clone)]
pub enum Stmt {
    /// `name[path] op= value`.
    Set {
        /// The local.
        slot: Slot,
        /// Its declared type.
        ty: Option<Rc<Type>>,
        /// How the value joins the one so far.
        op: SetOp,
        /// What is changed below the local.
        path: Vec<Step>,
        /// The value.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// An expression.
    Expr(Expr),
    /// `if`.
    If(Vec<(Expr, Vec<Self>)>, Vec<Self>),
    /// `assert`.
    Assert(Check),
}
