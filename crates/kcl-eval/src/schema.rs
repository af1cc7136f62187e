//! Instances of schemas, and the scope in which the attributes of one are computed.

use crate::dict::Dict;
use crate::value::Value;
use kcl_sema::hir;
use std::cell::RefCell;
use std::rc::Rc;

/// A finished instance: its attributes, and what it was made from, so that it can be made again
/// with another config.
#[derive(Debug)]
pub struct Instance {
    /// Its schema.
    pub schema: Rc<hir::Schema>,
    /// Public attributes in output order.
    pub attrs: Dict,
    /// The config that it was made with.
    pub config: Rc<Dict>,
    /// Values of the schema's parameters.
    pub params: Rc<[Value]>,
    /// Whether it was made to be joined with more: nothing was required of it yet.
    pub partial: bool,
}

/// The attributes of an instance while they are computed, each once, on demand.
#[derive(Debug)]
pub struct Scope {
    /// The schema.
    pub schema: Rc<hir::Schema>,
    /// The config.
    pub config: Rc<Dict>,
    /// Attribute slots.
    pub slots: RefCell<Vec<Slot>>,
}

/// An attribute on its way.
#[derive(Debug, Clone, Default)]
pub enum Slot {
    /// Not asked for yet.
    #[default]
    Waiting,
    /// Being computed; what it is so far.
    InProgress(Value),
    /// Computed.
    Done(Value),
}
