//! The language's own fence: how deep and how long a program may run before it gets an error with
//! a place. The Store's limits hold besides; neither relies on the other.

use crate::library::{Eval, error};
use akua_source::Diagnostic;

/// Calls, instances and globals in progress at once. Measured: a level of a plain recursion takes
/// 1,312 bytes of wasm stack, so 390 take 500 of the worker's 512 KiB.
pub const DEFAULT_DEPTH: u32 = 390;

/// Expressions in progress at once, in all calls together. Measured: what nests in a call takes up
/// to 500 bytes of wasm stack a node, so that without this limit 150 levels of brackets in each
/// call would take 30 MB. 2,000 take at most 1.2 of the 4 MiB that a Store has.
pub const DEFAULT_NESTING: u32 = 2_000;

/// What an evaluation may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    depth: u32,
    depth_limit: u32,
    nesting: u32,
    nesting_limit: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { depth: 0, depth_limit: DEFAULT_DEPTH, nesting: 0, nesting_limit: DEFAULT_NESTING }
    }
}

impl Budget {
    /// Charges one call.
    ///
    /// # Errors
    /// `E_KCL_DEPTH` when the limit is reached.
    pub fn enter(&mut self) -> Eval<()> {
        if self.depth >= self.depth_limit {
            let message = format!("calls are nested deeper than {} levels", self.depth_limit);
            let mut diagnostic: Box<Diagnostic> = error("EvaluationError", message);
            "E_KCL_DEPTH".clone_into(&mut diagnostic.code);
            diagnostic.helps.push("end the recursion, or use a comprehension".to_owned());
            return Err(diagnostic);
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Gives a call back.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Charges one expression in progress.
    ///
    /// # Errors
    /// `E_KCL_DEPTH` when the limit is reached.
    #[inline]
    pub fn nest(&mut self) -> Eval<()> {
        if self.nesting >= self.nesting_limit {
            return Err(self.nested());
        }
        self.nesting = self.nesting.saturating_add(1);
        Ok(())
    }

    /// Gives an expression back.
    #[inline]
    pub fn unnest(&mut self) {
        self.nesting = self.nesting.saturating_sub(1);
    }

    #[cold]
    fn nested(&self) -> Box<Diagnostic> {
        let message = format!("expressions are nested deeper than {} levels", self.nesting_limit);
        let mut diagnostic: Box<Diagnostic> = error("EvaluationError", message);
        "E_KCL_DEPTH".clone_into(&mut diagnostic.code);
        diagnostic.helps.push("end the recursion, or use a comprehension".to_owned());
        diagnostic
    }
}
