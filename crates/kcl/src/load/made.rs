//! Packages that are made for a program: source that the world has, and schemas of a file.

use super::{Loader, binding, imports, parent};
use akua_source::{FileId, Span};
use kcl_syntax::ast::{Module, StmtKind};
use std::rc::Rc;

impl Loader<'_> {
    /// Adds to virtual packages what the world has for them.
    pub(super) fn complete(&mut self) {
        for at in 0..self.origins.len() {
            let Some(origin) = self.origins.get(at).filter(|origin| origin.is_virtual) else {
                continue;
            };
            let importers = self.origins.iter().zip(&self.loaded.packages);
            let importers =
                importers.filter(|(from, _)| from.imports.iter().any(|(to, _)| *to == at));
            let files = importers.flat_map(|(_, package)| &package.files);
            let sources = &self.loaded.sources;
            let mentions = |word: &str| {
                let mut files = files.clone();
                files.any(|f| sources.get(f.file).is_some_and(|file| file.text.contains(word)))
            };
            let key = origin.key.clone();
            let Some(source) = self.world.more_source(&key, &mentions) else { continue };
            self.folders.push(String::new());
            self.parse_text(at, format!("<{key}>"), source);
            self.imports_of(at);
        }
    }

    /// Adds to a virtual package the schemas of a file, if the request says so; returns the folders
    /// that its imports start at.
    pub(super) fn excerpt_of(&mut self, at: usize, key: &str, import: Span) -> (String, String) {
        let Some((_, file)) = self.request.excerpts.iter().find(|(name, _)| name == key) else {
            return (String::new(), String::new());
        };
        let own = self.loaded.packages.get(at).map_or(0, |package| package.files.len());
        self.parse(at, file, Some(import));
        let folder = parent(file);
        self.excerpt(at, own, folder, folder);
        (folder.to_owned(), folder.to_owned())
    }

    /// Leaves of the files of a package, from a certain one on, only their schemas.
    pub(super) fn excerpt(&mut self, at: usize, from: usize, root: &str, folder: &str) {
        if let Some(origin) = self.origins.get_mut(at) {
            (origin.root, origin.folder) = (root.to_owned(), folder.to_owned());
            origin.is_excerpt = true;
        }
        let Some(package) = self.loaded.packages.get_mut(at) else { return };
        let mut files = std::mem::take(&mut package.files);
        let count = files.len();
        let (own, taken) = files.split_at_mut(from.min(count));
        let mut available = Vec::new();
        for file in &*taken {
            let found = imports(&file.module).into_iter().filter(|(import, _)| {
                let segments: Vec<&str> = import.path.iter().map(|name| &*name.text).collect();
                let dotted = segments.join(".");
                self.find(at, file.file, import.dots, &segments, &dotted).is_some()
            });
            available.push(found.map(|(import, _)| binding(&import)).collect());
        }
        let names: Vec<Rc<str>> = own.iter().flat_map(|file| globals(&file.module)).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let mut modules: Vec<&mut Module> = taken.iter_mut().map(|file| &mut file.module).collect();
        crate::excerpt::excerpt(&mut modules, &available, &names);
        if let Some(package) = self.loaded.packages.get_mut(at) {
            package.files = files;
        }
    }

    /// Returns whether a file of an excerpt is the one that was made for it.
    pub(super) fn own_imports(&self, package: usize, file: FileId) -> bool {
        let is_virtual = self.origins.get(package).is_some_and(|origin| origin.is_virtual);
        let name = self.loaded.sources.get(file).map_or("", |source| &*source.name);
        is_virtual && name.starts_with('<')
    }
}

/// Returns the names that a file's assignments set.
fn globals(module: &Module) -> Vec<Rc<str>> {
    let targets = module.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => Some(targets),
        _ => None,
    });
    targets.flatten().map(|target| Rc::clone(&target.name.text)).collect()
}
