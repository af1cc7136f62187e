//! Syntax trees to a resolved program: names become slots, imports packages, schemas layouts.
//!
//! **Invariant:** pure. It gets parsed files and gives back a [`hir::Program`] and diagnostics;
//! it reads nothing and evaluates nothing. After it no name is looked up by text, except keys of
//! config literals, which exist only at run time. Start with `hir.rs`.
#![forbid(unsafe_code)]

mod check;
pub mod hir;
mod lower;
mod similar;

use akua_source::{Diagnostic, Span};

pub use lower::{Import, ParsedFile, ParsedPackage, lower};

/// The names that the injected library knows.
pub trait Natives {
    /// Returns whether there is a system module of that name.
    fn has_module(&self, module: &str) -> bool;
    /// Returns a member of a system module; built-in functions are members of the module `""`.
    fn member(&self, module: &str, name: &str) -> Option<hir::NativeId>;
    /// Returns the names of the members of a system module.
    fn members(&self, module: &str) -> Vec<&str>;
    /// Returns the module and the name of a native.
    fn describe(&self, id: hir::NativeId) -> Option<(&str, &str)>;
}

/// Returns an error of the reference's kind.
fn diagnostic(kind: &str, span: Span, message: impl Into<String>) -> Diagnostic {
    let code = match kind {
        "TypeError" => "E_KCL_TYPE",
        "ImmutableError" => "E_KCL_IMMUTABLE",
        "CannotFindModule" => "E_KCL_IMPORT",
        "IllegalAttributeError" => "E_KCL_ATTRIBUTE",
        _ => "E_KCL_COMPILE",
    };
    Diagnostic::error(code, message).kind(kind).label(span, "")
}
