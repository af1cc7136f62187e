//! Limits that a person sets with flags; the rest is as policies and the table have it.

use akua_policy::Policy;
use akua_source::Budget;
use std::collections::BTreeMap;

/// What a person set.
#[derive(Debug, Clone, Default)]
pub struct LimitOptions {
    /// Amounts, in the units of the table.
    pub amounts: BTreeMap<Budget, u64>,
}

impl LimitOptions {
    /// Returns the layer that flags are.
    pub(crate) fn policy(&self) -> Policy {
        Policy::of(self.amounts.clone())
    }
}
