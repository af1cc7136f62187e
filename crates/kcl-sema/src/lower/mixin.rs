//! Mixins: what they bring to a schema, and what they may expect of it.

use super::schema::Draft;
use super::{Lower, SchemaSyntax};
use crate::hir;
use kcl_syntax::ast;
use std::rc::Rc;

impl Draft<'_> {
    /// Adds the attributes that a protocol promises to a mixin.
    pub(super) fn promise(&mut self, protocol: &hir::Schema) {
        for attr in &protocol.attrs {
            let slot = self.slot(&attr.name, attr.kind, attr.span);
            if let Some(promised) = self.attrs.get_mut(slot) {
                promised.ty.clone_from(&attr.ty);
            }
        }
    }
}

impl<'a> Lower<'a> {
    /// Returns the protocol after `for`.
    pub(super) fn host(&mut self, path: Option<&'a ast::Path>) -> Option<Rc<hir::Schema>> {
        let path = path?;
        let host = self.schema_path(path).and_then(|id| self.schema(id))?;
        if host.kind != ast::SchemaKind::Protocol {
            let message = format!("expected a protocol after 'for', got '{}'", host.name);
            self.error("IllegalInheritError", path.span, message);
        }
        Some(host)
    }

    /// Adds what the mixins of a schema declare.
    pub(super) fn gather_mixins(
        &mut self,
        schema: &'a ast::Schema,
        draft: &mut Draft<'a>,
        depth: u32,
    ) {
        for path in &schema.mixins {
            let Some(id) = self.schema_path(path) else { continue };
            let Some((SchemaSyntax::Schema(mixin), place, _)) =
                self.schemas.get(id.0 as usize).copied()
            else {
                continue;
            };
            if !mixin.name.text.ends_with("Mixin") {
                let message = format!(
                    "a valid mixin name should end with 'Mixin', got '{}'",
                    mixin.name.text
                );
                self.error("NameError", path.span, message);
            }
            if mixin.kind != ast::SchemaKind::Mixin {
                let message = format!(
                    "illegal schema mixin object type, expected mixin, got '{}'",
                    mixin.name.text
                );
                self.error("IllegalInheritError", path.span, message);
            }
            if depth > 16 {
                let message = "there is a circular reference between mixins";
                self.error("CompileError", path.span, message);
                return;
            }
            self.at(place, |lower| {
                draft.declared.clear();
                lower.gather(&mixin.body, place, draft);
                draft.checks.extend(mixin.checks.iter().map(|check| (place, check)));
                lower.gather_mixins(mixin, draft, depth.saturating_add(1));
            });
        }
    }
}
