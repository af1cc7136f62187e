//! Types.

use super::printer::Printer;
use crate::ast::{ExprKind, Path, Type, TypeKind};

impl Printer<'_> {
    /// A type.
    pub(super) fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Any
            | TypeKind::Bool
            | TypeKind::Int
            | TypeKind::Float
            | TypeKind::Str
            | TypeKind::Error => self.verbatim(ty.span),
            TypeKind::Literal(literal) => match literal.kind {
                ExprKind::Str(_) => self.string_type(literal),
                _ => self.expr(literal),
            },
            TypeKind::List(item) => {
                self.write("[");
                self.opt_type(item.as_deref());
                self.write("]");
            }
            TypeKind::Dict(key, value) => {
                self.write("{");
                self.opt_type(key.as_deref());
                self.write(":");
                self.opt_type(value.as_deref());
                self.write("}");
            }
            TypeKind::Union(members) => self.separated(members, " | ", Self::ty),
            TypeKind::Named(path) => self.path(path),
            TypeKind::Function(params, result) => {
                self.write("(");
                self.separated(params, ", ", Self::ty);
                self.write(")");
                if let Some(result) = result {
                    self.write(" -> ");
                    self.ty(result);
                }
            }
        }
    }

    fn opt_type(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.ty(ty);
        }
    }

    /// `a.b.c`.
    pub(super) fn path(&mut self, path: &Path) {
        self.separated(&path.segments, ".", |p, name| p.verbatim(name.span));
    }

    /// Items with something between them, all on one line.
    pub(super) fn separated<T>(&mut self, items: &[T], between: &str, one: fn(&mut Self, &T)) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.write(between);
            }
            one(self, item);
        }
    }
}
