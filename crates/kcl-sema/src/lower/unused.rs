//! What nothing uses: warnings, which change neither the result nor the exit code.

use super::Lower;
use akua_source::{Diagnostic, Span};
use kcl_syntax::ast::StmtKind;
use std::rc::Rc;

impl Lower<'_> {
    /// Warns of imports of the main package that nothing uses.
    pub(super) fn unused_imports(&mut self) {
        let files = self.packages.first().map_or(&[][..], |package| &package.files);
        for (at, file) in files.iter().enumerate() {
            for stmt in &file.module.body {
                let StmtKind::Import(import) = &stmt.kind else { continue };
                let Some(name) = import.binds() else { continue };
                if !self.used_imports.contains(&(0, at, Rc::clone(name))) {
                    let message = format!("nothing uses the import `{name}`");
                    self.unused("W_KCL_UNUSED_IMPORT", stmt.span, message, "remove it");
                }
            }
        }
    }

    /// Warns of private variables of the main package that nothing reads.
    ///
    /// Others are output; `_` alone says that the value is of no use.
    pub(super) fn unused_variables(&mut self, package: &crate::hir::Package) {
        for (at, global) in (0..).zip(&package.globals) {
            if !global.exported && &*global.name != "_" && !self.used_globals.contains(&at) {
                let message = format!("nothing reads the variable `{}`", global.name);
                let help = "remove it, or name it without `_` to have it in the output";
                self.unused("W_KCL_UNUSED_VARIABLE", global.span, message, help);
            }
        }
    }

    fn unused(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        self.report(Diagnostic::error(code, message).warning().label(span, "").help(help));
    }
}
