//! The built-in functions and standard modules of KCL, as entries of a Library.
//!
//! **Invariant:** functions of their arguments and of the World that the interpreter holds; no
//! other effect. One file a module. Start with [`library`].
#![forbid(unsafe_code)]

mod builtins;

use kcl_eval::Library;

/// Returns the whole library: built-in functions, members of strings, and all modules.
pub fn library() -> Library {
    Library::default().module("", builtins::NATIVES)
}
