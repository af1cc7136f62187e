//! The language's own fence: how deep and how long a program may run before it gets an error with
//! a place. The Store's limits hold besides; neither relies on the other.

use crate::library::{Eval, error};
use akua_source::Diagnostic;

/// Calls, instances and globals in progress at once. Measured: the deepest mix of them uses
/// 1.1 KiB of wasm stack a level, so 400 stay below the worker's 512 KiB.
pub const DEFAULT_DEPTH: u32 = 400;

/// What an evaluation may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    depth: u32,
    depth_limit: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { depth: 0, depth_limit: DEFAULT_DEPTH }
    }
}

impl Budget {
    /// Charges one level of nesting.
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

    /// Gives one level of nesting back.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
