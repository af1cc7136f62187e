//! What the checker knows about values: types that share their parts, and their names in messages.

use crate::hir::{self, Multiplier, SchemaId, Text};
use akua_source::Span;
use std::fmt::Write as _;
use std::rc::Rc;

/// Most members that a union keeps; a list of more unlike literals is a list of their base types.
const UNION_LIMIT: usize = 24;

/// Deepest nesting of a type; what is further down is any. Types grow from variable to variable.
const DEPTH_LIMIT: u32 = 32;

/// Most letters of a type in a message.
const SHOWN_LIMIT: usize = 160;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ty {
    /// Not known: whatever is done with it is allowed.
    Any,
    /// `None` or `Undefined`, which every type admits.
    Void,
    Bool,
    Int,
    Float,
    Str,
    BoolLit(bool),
    IntLit(i64),
    FloatLit(f64),
    StrLit(Text),
    /// `units.NumberMultiplier`.
    Multiplier,
    MultiplierLit(i64, Multiplier),
    List(Rc<Self>),
    Dict(Rc<DictTy>),
    Union(Rc<[Self]>),
    /// An instance of a schema.
    Schema(SchemaId),
    /// A schema as a value.
    Class(SchemaId),
    Function(Rc<FunctionTy>),
    /// A package or a system module.
    Module(Text),
}

/// The type of a config: what all keys have in common, and single keys as far as they are known.
#[derive(Debug, PartialEq)]
pub(super) struct DictTy {
    pub(super) key: Ty,
    pub(super) value: Ty,
    pub(super) entries: Vec<KnownEntry>,
    depth: u32,
    /// Whether no literal types are left in it.
    plain: bool,
}

/// A key of a literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KnownEntry {
    pub(super) name: Text,
    pub(super) ty: Ty,
    pub(super) span: Span,
}

/// The type of a function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FunctionTy {
    pub(super) params: Vec<ParamTy>,
    pub(super) result: Ty,
    /// Whether it takes any further arguments.
    pub(super) variadic: bool,
    /// Whether the parameters have names (a function type has none).
    pub(super) named: bool,
    depth: u32,
}

impl FunctionTy {
    /// Returns the type of a function that takes its parameters and no more.
    pub(super) fn new(params: Vec<ParamTy>, result: Ty, named: bool) -> Self {
        let depths = params.iter().map(|param| param.ty.depth());
        let depth = depths.chain([result.depth()]).max().unwrap_or(0).saturating_add(1);
        let result = if depth > DEPTH_LIMIT { Ty::Any } else { result };
        Self { params, result, variadic: false, named, depth: depth.min(DEPTH_LIMIT) }
    }

    /// Makes it take any further arguments.
    pub(super) fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ParamTy {
    pub(super) name: Text,
    pub(super) ty: Ty,
    pub(super) optional: bool,
    /// Where it is declared, if that is in a source.
    pub(super) span: Option<Span>,
}

impl DictTy {
    /// Returns a key of the literal, the last of that name.
    pub(super) fn entry(&self, name: &str) -> Option<&KnownEntry> {
        find_entry(&self.entries, name)
    }
}

/// Returns the last entry of a name among the last ones of a literal: a bounded search.
pub(super) fn find_entry<'a>(entries: &'a [KnownEntry], name: &str) -> Option<&'a KnownEntry> {
    entries.iter().rev().take(64).find(|entry| *entry.name == *name)
}

impl Ty {
    /// Returns the type of a list.
    pub(super) fn list(item: Self) -> Self {
        if item.depth() >= DEPTH_LIMIT { Self::Any } else { Self::List(Rc::new(item)) }
    }

    /// Returns the type of a dict of which no single key is known.
    pub(super) fn dict(key: Self, value: Self) -> Self {
        Self::config(key, value, Vec::new(), false)
    }

    /// Returns the type of a dict with some known keys.
    pub(super) fn config(key: Self, value: Self, entries: Vec<KnownEntry>, plain: bool) -> Self {
        let depths = entries.iter().map(|entry| entry.ty.depth());
        let depth = depths.chain([key.depth(), value.depth()]).max().unwrap_or(0);
        if depth >= DEPTH_LIMIT {
            return Self::Any;
        }
        Self::Dict(Rc::new(DictTy { key, value, entries, depth: depth.saturating_add(1), plain }))
    }

    /// Returns how deeply it is nested.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Self::List(item) => item.depth().saturating_add(1),
            Self::Dict(dict) => dict.depth,
            Self::Union(members) => members.iter().map(Self::depth).max().unwrap_or(0),
            Self::Function(function) => function.depth,
            _ => 0,
        }
    }

    /// Returns the type of `a | b` for dicts: keys of both, the later ones last.
    pub(super) fn merged(a: &Rc<DictTy>, b: &Rc<DictTy>) -> Self {
        let entries = a.entries.iter().chain(&b.entries).cloned().collect();
        let key = Self::join([a.key.clone(), b.key.clone()]);
        let value = Self::join([a.value.clone(), b.value.clone()]);
        Self::config(key, value, entries, a.plain && b.plain)
    }

    /// Converts a declared type.
    pub(super) fn declared(ty: &hir::Type) -> Self {
        Self::declared_below(ty, DEPTH_LIMIT)
    }

    fn declared_below(ty: &hir::Type, depth: u32) -> Self {
        let Some(depth) = depth.checked_sub(1) else { return Self::Any };
        match ty {
            hir::Type::Any => Self::Any,
            hir::Type::None => Self::Void,
            hir::Type::Bool => Self::Bool,
            hir::Type::Int => Self::Int,
            hir::Type::Float => Self::Float,
            hir::Type::Str => Self::Str,
            hir::Type::BoolLit(value) => Self::BoolLit(*value),
            hir::Type::IntLit(value) => Self::IntLit(*value),
            hir::Type::FloatLit(value) => Self::FloatLit(*value),
            hir::Type::StrLit(text) => Self::StrLit(Rc::clone(text)),
            hir::Type::MultipliedLit(value, multiplier) => Self::MultiplierLit(*value, *multiplier),
            hir::Type::Multiplier => Self::Multiplier,
            hir::Type::List(item) => Self::list(Self::declared_below(item, depth)),
            hir::Type::Dict(key, value) => {
                let [key, value] = [key, value].map(|ty| Self::declared_below(ty, depth));
                Self::dict(key, value)
            }
            hir::Type::Union(members) => {
                // A declared union is kept as it is written, however long.
                let members = members.iter().map(|ty| Self::declared_below(ty, depth));
                let members: Vec<Self> = members.collect();
                if members.contains(&Self::Any) { Self::Any } else { Self::Union(members.into()) }
            }
            hir::Type::Schema(id) => Self::Schema(*id),
            hir::Type::Function(function) => {
                let params = function
                    .params
                    .iter()
                    .map(|ty| ParamTy::unnamed(Self::declared_below(ty, depth)));
                let result = Self::declared_below(&function.result, depth);
                Self::Function(Rc::new(FunctionTy::new(params.collect(), result, false)))
            }
        }
    }

    /// Returns the type that a variable gets from a value: literals become their base types.
    pub(super) fn widened(&self) -> Self {
        match self {
            Self::BoolLit(_) => Self::Bool,
            Self::IntLit(_) => Self::Int,
            Self::FloatLit(_) => Self::Float,
            Self::StrLit(_) => Self::Str,
            Self::MultiplierLit(..) => Self::Multiplier,
            Self::List(item) if !item.is_plain() => Self::list(item.widened()),
            Self::Dict(dict) if !dict.plain => {
                let widened =
                    |entry: &KnownEntry| KnownEntry { ty: entry.ty.widened(), ..entry.clone() };
                let entries = dict.entries.iter().map(widened).collect();
                Self::config(dict.key.widened(), dict.value.widened(), entries, true)
            }
            Self::Union(members) => Self::join(members.iter().map(Self::widened)),
            other => other.clone(),
        }
    }

    fn is_plain(&self) -> bool {
        match self {
            Self::BoolLit(_)
            | Self::IntLit(_)
            | Self::FloatLit(_)
            | Self::StrLit(_)
            | Self::MultiplierLit(..) => false,
            Self::List(item) => item.is_plain(),
            Self::Dict(dict) => dict.plain,
            Self::Union(members) => members.iter().all(Self::is_plain),
            _ => true,
        }
    }

    /// Returns the union of some types; no types at all are any.
    pub(super) fn join(types: impl IntoIterator<Item = Self>) -> Self {
        let mut members: Vec<Self> = Vec::new();
        let mut void = false;
        for ty in types {
            match ty {
                Self::Any => return Self::Any,
                Self::Void => void = true,
                Self::Union(inner) => {
                    for ty in inner.iter() {
                        add(&mut members, ty.clone());
                    }
                }
                ty => add(&mut members, ty),
            }
            if members.len() > UNION_LIMIT {
                let mut widened = Vec::new();
                for ty in &members {
                    add(&mut widened, ty.widened());
                }
                if widened.len() > UNION_LIMIT {
                    return Self::Any;
                }
                members = widened;
            }
        }
        match members.pop() {
            None if void => Self::Void,
            None => Self::Any,
            Some(only) if members.is_empty() => only,
            Some(last) => {
                members.push(last);
                Self::Union(members.into())
            }
        }
    }

    /// Returns the members of a union, or the type itself.
    pub(super) fn members(&self) -> &[Self] {
        match self {
            Self::Union(members) => members,
            other => std::slice::from_ref(other),
        }
    }

    /// Returns whether it is an integer or a float, or a union of such.
    pub(super) fn is_number(&self) -> bool {
        self.members()
            .iter()
            .all(|ty| matches!(ty, Self::Int | Self::IntLit(_) | Self::Float | Self::FloatLit(_)))
    }

    /// Returns whether it is an integer, or a union of such.
    pub(super) fn is_int(&self) -> bool {
        self.members().iter().all(|ty| matches!(ty, Self::Int | Self::IntLit(_)))
    }

    /// Returns whether it is a boolean, or a union of such.
    pub(super) fn is_bool(&self) -> bool {
        self.members().iter().all(|ty| matches!(ty, Self::Bool | Self::BoolLit(_)))
    }

    /// Returns whether it is a string, or a union of such.
    pub(super) fn is_str(&self) -> bool {
        self.members().iter().all(|ty| matches!(ty, Self::Str | Self::StrLit(_)))
    }

    /// Returns whether it is a dict or an instance, or a union of such.
    pub(super) fn is_config(&self) -> bool {
        let is_config = |ty: &Self| matches!(ty, Self::Dict(_) | Self::Schema(_) | Self::Class(_));
        self.members().iter().all(is_config)
    }

    /// Returns the type of the items, if it is a list or a union of lists.
    pub(super) fn items(&self) -> Option<Self> {
        let items = self.members().iter().map(|ty| match ty {
            Self::List(item) => Some((**item).clone()),
            _ => None,
        });
        Some(Self::join(items.collect::<Option<Vec<Self>>>()?))
    }

    /// Returns whether it is an instance of a schema, or a union of such.
    pub(super) fn is_instance(&self) -> bool {
        self.members().iter().all(|ty| matches!(ty, Self::Schema(_) | Self::Class(_)))
    }

    /// Returns the type as a message names it: literals only where literals are expected.
    pub(super) fn named_for(&self, expected: &Self) -> Self {
        if expected.mentions_literals(8) { self.clone() } else { self.widened() }
    }

    fn mentions_literals(&self, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match self {
            Self::BoolLit(_)
            | Self::IntLit(_)
            | Self::FloatLit(_)
            | Self::StrLit(_)
            | Self::MultiplierLit(..) => true,
            Self::List(item) => item.mentions_literals(depth),
            Self::Dict(dict) => {
                dict.key.mentions_literals(depth) || dict.value.mentions_literals(depth)
            }
            Self::Union(members) => members.iter().any(|ty| ty.mentions_literals(depth)),
            _ => false,
        }
    }

    /// Returns its name in messages, bounded in length.
    pub(super) fn shown(&self, program: &hir::Program) -> String {
        let mut out = String::new();
        self.show(program, &mut out);
        if out.len() > SHOWN_LIMIT {
            let cut = out.char_indices().map(|(at, _)| at).take_while(|at| *at < SHOWN_LIMIT);
            out.truncate(cut.last().unwrap_or(0));
            out.push('…');
        }
        out
    }

    fn show(&self, program: &hir::Program, out: &mut String) {
        if out.len() > SHOWN_LIMIT {
            return;
        }
        let _infallible = match self {
            Self::Any => write!(out, "any"),
            Self::Void => write!(out, "None"),
            Self::Bool => write!(out, "bool"),
            Self::Int => write!(out, "int"),
            Self::Float => write!(out, "float"),
            Self::Str => write!(out, "str"),
            Self::BoolLit(value) => write!(out, "{}", if *value { "True" } else { "False" }),
            Self::IntLit(value) => write!(out, "{value}"),
            Self::FloatLit(value) => write!(out, "{value:?}"),
            Self::StrLit(text) => write!(out, "{text:?}"),
            Self::Multiplier => write!(out, "units.NumberMultiplier"),
            Self::MultiplierLit(value, multiplier) => write!(out, "{value}{multiplier:?}"),
            Self::List(item) => {
                out.push('[');
                item.show(program, out);
                write!(out, "]")
            }
            Self::Dict(dict) => {
                out.push('{');
                dict.key.show(program, out);
                out.push(':');
                dict.value.show(program, out);
                write!(out, "}}")
            }
            Self::Union(members) => {
                for (at, member) in members.iter().enumerate() {
                    if at > 0 {
                        out.push_str(" | ");
                    }
                    member.show(program, out);
                }
                Ok(())
            }
            Self::Schema(id) | Self::Class(id) => {
                let schema = program.schemas.get(id.0 as usize);
                write!(out, "{}", schema.map_or("schema", |schema| &*schema.name))
            }
            Self::Function(function) => {
                out.push('(');
                for (at, param) in function.params.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    param.ty.show(program, out);
                }
                out.push_str(") -> ");
                function.result.show(program, out);
                Ok(())
            }
            Self::Module(name) => write!(out, "module `{name}`"),
        };
    }
}

impl ParamTy {
    fn unnamed(ty: Ty) -> Self {
        Self { name: "".into(), ty, optional: false, span: None }
    }
}

/// Adds a member to a union, unless it is there or a base type of it is.
fn add(members: &mut Vec<Ty>, ty: Ty) {
    let covers = |member: &Ty| match (member, &ty) {
        (Ty::Bool, Ty::BoolLit(_))
        | (Ty::Int, Ty::IntLit(_))
        | (Ty::Float, Ty::FloatLit(_))
        | (Ty::Str, Ty::StrLit(_))
        | (Ty::Multiplier, Ty::MultiplierLit(..)) => true,
        // Dicts are compared by what all keys have in common: a walk of all keys could be long.
        (Ty::Dict(a), Ty::Dict(b)) => Rc::ptr_eq(a, b) || (a.key == b.key && a.value == b.value),
        (Ty::Function(a), Ty::Function(b)) => Rc::ptr_eq(a, b),
        (a, b) => a == b,
    };
    if members.iter().any(covers) {
        return;
    }
    let base = ty.clone();
    members.retain(|member| {
        !matches!(
            (&base, member),
            (Ty::Bool, Ty::BoolLit(_))
                | (Ty::Int, Ty::IntLit(_))
                | (Ty::Float, Ty::FloatLit(_))
                | (Ty::Str, Ty::StrLit(_))
                | (Ty::Multiplier, Ty::MultiplierLit(..))
        )
    });
    members.push(ty);
}
