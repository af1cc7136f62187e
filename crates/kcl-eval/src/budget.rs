//! The language's own fence: how deep and how long a program may run, and how much it may hold,
//! before it gets an error with a place. The Store's limits hold besides; neither relies on the
//! other.

use crate::library::{Eval, error};
use crate::value::Value;
use akua_source::Diagnostic;

/// Steps (expressions, joined and compared values) of a program that is given no other limit. A step takes
/// some 50 ns in a Store: this is a fifth of the three seconds that the worker has.
pub const DEFAULT_STEPS: u64 = 12_000_000;

/// Memory of the worker, in bytes, at which a program is ended: below the 256 MiB of its Store by
/// more than the largest value.
pub const MEMORY_LIMIT_BYTES: u64 = 176 << 20;

/// Largest text that an operator may make, in bytes.
pub const TEXT_LIMIT_BYTES: usize = 32 << 20;

/// Longest list that an operator or `range` may make: as many bytes.
pub const LIST_LIMIT: usize = TEXT_LIMIT_BYTES / size_of::<Value>();

/// Values of the document that a program makes, each counted as often as it is printed.
pub const DOCUMENT_LIMIT: usize = 4_000_000;

/// Steps between two looks at the memory.
const STRIDE: u64 = 256;

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
    steps: u64,
    step_limit: u64,
    /// Step at which to look again.
    next: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            depth: 0,
            depth_limit: DEFAULT_DEPTH,
            nesting: 0,
            nesting_limit: DEFAULT_NESTING,
            steps: 0,
            step_limit: DEFAULT_STEPS,
            next: STRIDE,
        }
    }
}

impl Budget {
    /// Sets how many steps the program may take.
    pub fn limit_steps(&mut self, steps: u64) {
        self.step_limit = steps;
    }

    /// Charges one step; returns whether it is time for [`Budget::look`].
    #[inline]
    pub fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_add(1);
        self.steps >= self.next
    }

    /// Charges steps for work that makes nothing, so that there is no need for [`Budget::look`].
    ///
    /// # Errors
    /// `E_KCL_STEPS`.
    #[inline]
    pub fn charge(&mut self, steps: u64) -> Eval<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.step_limit { Err(self.spent()) } else { Ok(()) }
    }

    /// Compares what was used with the limits.
    ///
    /// # Errors
    /// `E_KCL_STEPS` and `E_KCL_MEMORY`.
    #[cold]
    pub fn look(&mut self, memory_bytes: u64) -> Eval<()> {
        self.next = self.steps.saturating_add(STRIDE);
        if self.steps > self.step_limit {
            return Err(self.spent());
        }
        if memory_bytes > MEMORY_LIMIT_BYTES {
            let message = format!("the program holds more than {MEMORY_LIMIT_BYTES} bytes");
            return Err(exceeded("E_KCL_MEMORY", message, "make less at once"));
        }
        Ok(())
    }

    /// Charges one call.
    ///
    /// # Errors
    /// `E_KCL_DEPTH` when the limit is reached.
    pub fn enter(&mut self) -> Eval<()> {
        if self.depth >= self.depth_limit {
            let message = format!("calls are nested deeper than {} levels", self.depth_limit);
            return Err(exceeded("E_KCL_DEPTH", message, END_RECURSION));
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Gives a call back.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Leaves all calls and expressions that were entered since the budget was as `before`; the
    /// steps stay taken.
    pub fn unwind(&mut self, before: &Self) {
        self.depth = before.depth;
        self.nesting = before.nesting;
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
    fn spent(&self) -> Box<Diagnostic> {
        let message = format!("the program takes more than {} steps", self.step_limit);
        let help = "end the loop, or give it more time with --worker-timeout";
        exceeded("E_KCL_STEPS", message, help)
    }

    #[cold]
    fn nested(&self) -> Box<Diagnostic> {
        let message = format!("expressions are nested deeper than {} levels", self.nesting_limit);
        exceeded("E_KCL_DEPTH", message, END_RECURSION)
    }
}

const END_RECURSION: &str = "end the recursion, or use a comprehension";

/// A limit of the language was reached.
pub(crate) fn exceeded(code: &str, message: String, help: &str) -> Box<Diagnostic> {
    let mut diagnostic = error("EvaluationError", message);
    code.clone_into(&mut diagnostic.code);
    diagnostic.helps.push(help.to_owned());
    diagnostic
}

/// Returns whether an error is that a limit of the language was reached.
pub fn is_exceeded(error: &Diagnostic) -> bool {
    ["E_KCL_STEPS", "E_KCL_MEMORY", "E_KCL_DEPTH"].contains(&error.code.as_str())
}

/// Refuses a text or list that would be too large, before it is made.
///
/// # Errors
/// `E_KCL_MEMORY`.
pub fn admit(what: &str, length: usize, limit: usize) -> Eval<()> {
    if length <= limit {
        return Ok(());
    }
    let message = format!("the result of {what} is longer than {limit}");
    Err(exceeded("E_KCL_MEMORY", message, "make less at once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_two_sides() {
        let mut budget = Budget::default();
        budget.limit_steps(STRIDE);
        let due = (0..STRIDE).filter(|_| budget.step()).count();
        assert_eq!(due, 1);
        assert!(budget.look(MEMORY_LIMIT_BYTES).is_ok());
        assert!(budget.look(MEMORY_LIMIT_BYTES + 1).is_err_and(|e| e.code == "E_KCL_MEMORY"));
        assert!(budget.step() || budget.look(0).is_err_and(|e| e.code == "E_KCL_STEPS"));
        let mut budget = Budget::default();
        budget.limit_steps(3);
        assert!(budget.charge(3).is_ok());
        assert!(budget.charge(1).is_err_and(|e| e.code == "E_KCL_STEPS"));
        assert!(admit("`+`", 3, 3).is_ok());
        assert!(admit("`+`", 4, 3).is_err());
    }
}
