//! The values of KCL: cheap to clone, immutable unless held once.

use crate::dict::Dict;
use crate::schema::Instance;
use kcl_sema::hir;
use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

pub use kcl_syntax::ast::{Multiplier, Text};

/// A value.
#[derive(Clone, Default)]
pub enum Value {
    /// No value: dropped from the output.
    #[default]
    Undefined,
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// A number with a multiplier, such as `1Ki`.
    Multiplied(i64, Multiplier),
    /// A string.
    Str(Text),
    /// A list.
    List(Rc<Vec<Self>>),
    /// A dict.
    Dict(Rc<Dict>),
    /// An instance of a schema.
    Instance(Rc<Instance>),
    /// A schema (or mixin, or rule) as a value that can be called.
    Schema(hir::SchemaId),
    /// A lambda with what it captured.
    Closure(Rc<Closure>),
    /// A function of the library.
    Native(hir::NativeId),
    /// A member function of a value, such as `"a".upper`.
    Method(Rc<(Self, Text)>),
    /// An imported package.
    Module(hir::PackageId),
    /// An object that an engine made and that the program has not looked into.
    Opaque(Rc<Opaque>),
}

/// A lambda and its captured values.
#[derive(Debug)]
pub struct Closure {
    /// Its code.
    pub lambda: Rc<hir::Lambda>,
    /// Values of its captures, in their order.
    pub captured: Box<[Value]>,
    /// The instance whose attributes its body sees.
    pub scope: Option<Rc<crate::schema::Scope>>,
}

/// An object held by the host: loaded when the program looks into it.
#[derive(Debug)]
pub struct Opaque {
    /// The host's number for it.
    pub handle: u32,
    /// The loaded value.
    pub loaded: OnceCell<Value>,
}

impl Value {
    /// Returns a string value.
    pub fn str(text: impl Into<Text>) -> Self {
        Self::Str(text.into())
    }

    /// Returns a list value.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    /// Returns a dict value.
    pub fn dict(dict: Dict) -> Self {
        Self::Dict(Rc::new(dict))
    }

    /// Returns whether a condition holds for the value.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Multiplied(value, _) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Dict(dict) => !dict.is_empty(),
            Self::Instance(instance) => !instance.attrs.is_empty(),
            Self::Schema(_)
            | Self::Closure(_)
            | Self::Native(_)
            | Self::Method(_)
            | Self::Module(_)
            | Self::Opaque(_) => true,
        }
    }

    /// Returns whether it is `None` or `Undefined`.
    pub fn is_nullish(&self) -> bool {
        matches!(self, Self::None | Self::Undefined)
    }

    /// Returns the attributes of a dict or an instance (of an opaque object once loaded).
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            Self::Instance(instance) => Some(&instance.attrs),
            Self::Opaque(opaque) => opaque.loaded.get()?.as_dict(),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items of a list.
    pub fn as_list(&self) -> Option<&Rc<Vec<Self>>> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the word for its type in messages and `typeof` (of an instance: `schema`).
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined => "UndefinedType",
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Multiplied(..) => "number_multiplier",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Dict(_) | Self::Opaque(_) => "dict",
            Self::Instance(_) => "schema",
            Self::Schema(_) => "type",
            Self::Closure(_) | Self::Native(_) | Self::Method(_) => "function",
            Self::Module(_) => "module",
        }
    }
}

/// Returns the factor of a multiplier.
pub fn factor(multiplier: Multiplier) -> f64 {
    match multiplier {
        Multiplier::N => 1e-9,
        Multiplier::U => 1e-6,
        Multiplier::Milli => 1e-3,
        Multiplier::SmallK | Multiplier::K => 1e3,
        Multiplier::M => 1e6,
        Multiplier::G => 1e9,
        Multiplier::T => 1e12,
        Multiplier::P => 1e15,
        Multiplier::Ki => 1024.0,
        Multiplier::Mi => 1_048_576.0,
        Multiplier::Gi => 1_073_741_824.0,
        Multiplier::Ti => 1_099_511_627_776.0,
        Multiplier::Pi => 1_125_899_906_842_624.0,
    }
}

/// Returns the text of a multiplier.
pub fn suffix(multiplier: Multiplier) -> &'static str {
    match multiplier {
        Multiplier::N => "n",
        Multiplier::U => "u",
        Multiplier::Milli => "m",
        Multiplier::SmallK => "k",
        Multiplier::K => "K",
        Multiplier::M => "M",
        Multiplier::G => "G",
        Multiplier::T => "T",
        Multiplier::P => "P",
        Multiplier::Ki => "Ki",
        Multiplier::Mi => "Mi",
        Multiplier::Gi => "Gi",
        Multiplier::Ti => "Ti",
        Multiplier::Pi => "Pi",
    }
}

/// Returns an integer as a float.
#[expect(clippy::cast_precision_loss, reason = "KCL rounds where an integer meets a float")]
pub fn as_f64(value: i64) -> f64 {
    value as f64
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(text) => write!(f, "{text:?}"),
            Self::List(items) => f.debug_list().entries(items.iter()).finish(),
            other => match other.as_dict() {
                Some(dict) => f.debug_map().entries(dict.iter()).finish(),
                None => f.write_str(other.type_name()),
            },
        }
    }
}
