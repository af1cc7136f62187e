//! Finds and parses the files of a program: the entry files, then what they import.

mod made;

use crate::Request;
use akua_source::{Diagnostic, FileId, SourceMap, Span};
use kcl_eval::Library;
use kcl_eval::world::{World, WorldError};
use kcl_sema::{Import, Natives as _, ParsedFile, ParsedPackage, hir::PackageId};
use kcl_syntax::ast::{self, Module, StmtKind};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most packages that one program may load; imports of a real program are some dozens.
const PACKAGE_LIMIT: usize = 4096;

/// The parsed program.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) packages: Vec<ParsedPackage>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) sources: SourceMap,
}

/// Loads a program; the main package comes first.
pub(crate) fn load(request: &Request, library: &Library, world: &mut dyn World) -> Loaded {
    let mut loader = Loader {
        request,
        library,
        world,
        loaded: Loaded::default(),
        origins: vec![],
        folders: vec![],
        found: BTreeMap::new(),
    };
    loader.entry();
    let mut at = 0;
    while at < loader.loaded.packages.len() && at < PACKAGE_LIMIT {
        loader.imports_of(at);
        at = at.saturating_add(1);
    }
    loader.complete();
    loader.cycles();
    loader.loaded
}

/// Where a package came from: decides what its imports mean.
#[derive(Debug, Clone, Default, PartialEq)]
struct Origin {
    /// What makes it the same package: a guest path, or the dotted name of a virtual package.
    key: String,
    /// Folder that its absolute imports start at.
    root: String,
    /// Folder of its files, for relative imports.
    folder: String,
    /// Packages that it imports, with the place of the import.
    imports: Vec<(usize, Span)>,
    /// Whether it is there without being files.
    is_virtual: bool,
    /// Whether it has only the schemas of its files; so has what it imports.
    is_excerpt: bool,
}

struct Loader<'a> {
    request: &'a Request,
    library: &'a Library,
    world: &'a mut dyn World,
    loaded: Loaded,
    origins: Vec<Origin>,
    /// Folders of the files, by file id.
    folders: Vec<String>,
    /// What paths of imports were found to be, by root and path: most are imported more than once.
    found: BTreeMap<(String, String), Option<Place>>,
}

/// What an import path means.
#[derive(Clone)]
enum Place {
    System,
    Virtual(String, String),
    Files { key: String, root: String, folder: String, files: Vec<String> },
}

impl Loader<'_> {
    fn entry(&mut self) {
        let mut files = Vec::new();
        for path in &self.request.files {
            if self.world.is_folder(path) == Some(true) {
                let names = self.world.list(path).unwrap_or_default();
                files.extend(
                    names.iter().filter(|name| is_source(name)).map(|name| join(path, name)),
                );
            } else {
                files.push(path.clone());
            }
        }
        let folder = files.first().map_or_else(String::new, |file| parent(file).to_owned());
        let root = self.request.root.clone().unwrap_or_else(|| self.module_root(&folder));
        self.origins.push(Origin { root, folder, ..Origin::default() });
        self.loaded.packages.push(ParsedPackage::default());
        let mut read = Vec::with_capacity(files.len());
        for path in &files {
            if let Some(text) = self.text(path, None) {
                read.push((path, text));
            }
        }
        let (paths, mut texts): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        for spec in &self.request.overrides {
            if let Err(message) = crate::overrides::apply(&mut texts, spec) {
                self.loaded.diagnostics.push(Diagnostic::error("E_INVALID_FLAG", message));
            }
        }
        for (path, text) in paths.into_iter().zip(texts) {
            self.parse_file(0, path, text);
        }
    }

    /// Returns the nearest folder upward that has a `kcl.mod`, else the folder itself.
    fn module_root(&mut self, folder: &str) -> String {
        let mut at = folder;
        loop {
            if self.world.is_folder(&join(at, "kcl.mod")) == Some(false) {
                return at.to_owned();
            }
            let up = parent(at);
            if up == at || up.is_empty() {
                return folder.to_owned();
            }
            at = up;
        }
    }

    fn parse(&mut self, package: usize, path: &str, import: Option<Span>) {
        if let Some(text) = self.text(path, import) {
            self.parse_file(package, path, text);
        }
    }

    /// Reads a file; where that is not possible, says so.
    fn text(&mut self, path: &str, import: Option<Span>) -> Option<String> {
        let reason = match self.world.read(path).map(String::from_utf8) {
            Ok(Ok(text)) => return Some(text),
            Ok(Err(_)) => "it is not UTF-8 text".to_owned(),
            Err(WorldError::NotFound) => "there is no such file".to_owned(),
            Err(WorldError::Denied(reason) | WorldError::Unreadable(reason)) => reason,
        };
        self.unreadable(path, &reason, import);
        None
    }

    fn parse_file(&mut self, package: usize, path: &str, text: String) {
        let name = self.shown(path);
        let length = text.len();
        // Refused before it is kept: an answer holds the sources of its errors.
        if length > kcl_syntax::TEXT_LIMIT {
            let message =
                format!("`{name}` has {length} bytes, more than {}", kcl_syntax::TEXT_LIMIT);
            let diagnostic = Diagnostic::error("E_KCL_SYNTAX", message).kind("InvalidSyntax");
            self.loaded.diagnostics.push(diagnostic.path(name).help("split it into several files"));
            return;
        }
        self.folders.push(parent(path).to_owned());
        self.parse_text(package, name, text);
    }

    fn parse_text(&mut self, package: usize, name: String, text: String) {
        let file = self.loaded.sources.add(name, text);
        let text = self.loaded.sources.get(file).map_or("", |source| &*source.text);
        let (module, diagnostics) = kcl_syntax::parse(file, text);
        self.loaded.diagnostics.extend(diagnostics);
        if let Some(package) = self.loaded.packages.get_mut(package) {
            package.files.push(ParsedFile { file, module, imports: Vec::new() });
        }
    }

    fn unreadable(&mut self, path: &str, reason: &str, import: Option<Span>) {
        let message = format!("cannot read `{}`: {reason}", self.shown(path));
        let mut diagnostic = Diagnostic::error("E_KCL_IMPORT", message)
            .kind("CannotFindModule")
            .path(self.shown(path));
        if let Some(span) = import {
            diagnostic = diagnostic.label(span, "");
        }
        self.loaded.diagnostics.push(diagnostic);
    }

    /// Returns a path as people know it.
    fn shown(&self, path: &str) -> String {
        for (guest, name) in &self.request.names {
            let rest = path.strip_prefix(guest.as_str());
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                let rest = rest.trim_start_matches('/');
                return if name.is_empty() { rest.to_owned() } else { join(name, rest) };
            }
        }
        path.trim_start_matches('/').to_owned()
    }

    /// Resolves the imports of all files of a package.
    fn imports_of(&mut self, package: usize) {
        let count = self.loaded.packages.get(package).map_or(0, |package| package.files.len());
        for at in 0..count {
            let Some(file) = self.loaded.packages.get(package).and_then(|p| p.files.get(at)) else {
                continue;
            };
            let imports = imports(&file.module);
            let source = file.file;
            let mut bound = Vec::with_capacity(imports.len());
            for (import, span) in &imports {
                if let Some(found) = self.import(package, source, import, *span) {
                    bound.push((binding(import), found));
                }
            }
            if let Some(file) =
                self.loaded.packages.get_mut(package).and_then(|p| p.files.get_mut(at))
            {
                file.imports = bound;
            }
        }
    }

    fn import(
        &mut self,
        from: usize,
        file: FileId,
        import: &ast::Import,
        span: Span,
    ) -> Option<Import> {
        let segments: Vec<&str> = import.path.iter().map(|name| &*name.text).collect();
        let dotted = segments.join(".");
        let place = self.find(from, file, import.dots, &segments, &dotted);
        match place {
            Some(Place::System) => {
                self.allow(from, &dotted, span);
                Some(Import::System(dotted.into()))
            }
            Some(Place::Virtual(key, source)) => {
                let id = self.package(from, span, &key, |loader, at| {
                    if let Some(package) = loader.loaded.packages.get_mut(at) {
                        package.path = key.as_str().into();
                        package.natives =
                            loader.library.has_module(&key).then(|| key.as_str().into());
                    }
                    if let Some(origin) = loader.origins.get_mut(at) {
                        origin.is_virtual = true;
                    }
                    loader.folders.push(String::new());
                    loader.parse_text(at, format!("<{key}>"), source);
                    loader.excerpt_of(at, &key, span)
                });
                Some(Import::Package(id))
            }
            Some(Place::Files { key, root, folder, files }) => {
                let is_excerpt = self.origins.get(from).is_some_and(|origin| origin.is_excerpt);
                // The package as a whole is another one.
                let key = if is_excerpt { format!("{key} (schemas)") } else { key };
                let id = self.package(from, span, &key, |loader, at| {
                    if let Some(package) = loader.loaded.packages.get_mut(at) {
                        package.path = dotted.as_str().into();
                    }
                    for file in &files {
                        loader.parse(at, file, Some(span));
                    }
                    if is_excerpt {
                        loader.excerpt(at, 0, &root, &folder);
                    }
                    (root, folder)
                });
                Some(Import::Package(id))
            }
            None => {
                let message = format!("cannot find the module `{dotted}`");
                let mut diagnostic = Diagnostic::error("E_KCL_IMPORT", message)
                    .kind("CannotFindModule")
                    .label(span, "");
                diagnostic.helps.push(format!(
                    "looked for the folder `{0}` and the file `{0}.k` below the package, for a system module and for a dependency of that name",
                    segments.join("/")
                ));
                self.loaded.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// Refuses a standard module that the policy does not allow; what the host adds may have all.
    fn allow(&mut self, from: usize, module: &str, span: Span) {
        let allowed = self.request.modules.as_ref();
        let is_allowed = allowed.is_none_or(|allowed| allowed.iter().any(|name| name == module));
        if is_allowed || self.origins.get(from).is_some_and(|origin| origin.is_virtual) {
            return;
        }
        let message = format!("the policy does not allow the module `{module}`");
        let help = "ask whoever runs akua to allow it in `[modules]`, or do without it";
        let diagnostic = Diagnostic::error("E_POLICY_IMPORT", message).kind("CannotFindModule");
        self.loaded.diagnostics.push(diagnostic.label(span, "").help(help));
    }

    /// Returns the id of a package, loading it the first time.
    fn package(
        &mut self,
        from: usize,
        span: Span,
        key: &str,
        load: impl FnOnce(&mut Self, usize) -> (String, String),
    ) -> PackageId {
        let known = self.origins.iter().position(|origin| origin.key == key);
        let at = known.unwrap_or_else(|| {
            let at = self.origins.len();
            self.origins.push(Origin { key: key.to_owned(), ..Origin::default() });
            self.loaded.packages.push(ParsedPackage::default());
            let (root, folder) = load(self, at);
            if let Some(origin) = self.origins.get_mut(at) {
                origin.root = root;
                origin.folder = folder;
            }
            at
        });
        if let Some(origin) = self.origins.get_mut(from) {
            origin.imports.push((at, span));
        }
        PackageId(u32::try_from(at).unwrap_or(u32::MAX))
    }

    fn find(
        &mut self,
        from: usize,
        file: FileId,
        dots: u32,
        segments: &[&str],
        dotted: &str,
    ) -> Option<Place> {
        let origin = self.origins.get(from)?.clone();
        if dots > 0 {
            let mut base = self.file_folder(&origin, file);
            for _ in 1..dots {
                base = parent(&base).to_owned();
            }
            return self.files(&origin.root, &base, segments);
        }
        let reserved = matches!(segments.first(), Some(&("akua" | "charts" | "pkgs")));
        let root = origin.root;
        if origin.is_excerpt && !self.own_imports(from, file) {
            // What it depends on is mounted where it is rendered, and its files are not here.
            return match dotted {
                _ if reserved || dotted == "file" => None,
                _ if self.library.has_module(dotted) => Some(Place::System),
                _ => self.files(&root, &root, segments),
            };
        }
        if let Some((name, source)) =
            self.request.virtual_packages.iter().find(|(name, _)| name == dotted)
        {
            return Some(Place::Virtual(name.clone(), source.clone()));
        }
        if reserved && !self.request.virtual_packages.is_empty() {
            return None;
        }
        if self.library.has_module(dotted) {
            return Some(Place::System);
        }
        let (first, rest) = segments.split_first()?;
        let own = self.request.own_externals.iter();
        let own = own.filter(|(package, ..)| *package == root).map(|(_, name, at)| (name, at));
        let all = self.request.externals.iter().map(|(name, at)| (name, at));
        if let Some((_, folder)) = own.chain(all).find(|(name, _)| *name == first) {
            let folder = folder.clone();
            return if rest.is_empty() {
                self.folder(&folder, &folder)
            } else {
                self.files(&folder, &folder, rest)
            };
        }
        self.files(&root, &root, segments)
    }

    /// Returns the folder of the file that an import stands in.
    fn file_folder(&self, origin: &Origin, file: FileId) -> String {
        let folder = self.folders.get(file.0 as usize);
        folder.unwrap_or(&origin.folder).clone()
    }

    fn files(&mut self, root: &str, base: &str, segments: &[&str]) -> Option<Place> {
        let path = segments.iter().fold(base.to_owned(), |path, segment| join(&path, segment));
        let key = (root.to_owned(), path);
        if let Some(found) = self.found.get(&key) {
            return found.clone();
        }
        let found = self.look_up(root, &key.1);
        self.found.insert(key, found.clone());
        found
    }

    fn look_up(&mut self, root: &str, path: &str) -> Option<Place> {
        if self.world.is_folder(path) == Some(true)
            && let Some(place) = self.folder(root, path)
        {
            return Some(place);
        }
        let file = format!("{path}.k");
        (self.world.is_folder(&file) == Some(false)).then(|| Place::Files {
            key: file.clone(),
            root: root.to_owned(),
            folder: parent(path).to_owned(),
            files: vec![file],
        })
    }

    fn folder(&mut self, root: &str, path: &str) -> Option<Place> {
        let names = self.world.list(path).ok()?;
        let sources = names
            .iter()
            .filter(|name| is_source(name) && !name.starts_with('_') && !name.ends_with("_test.k"));
        let files: Vec<String> = sources.map(|name| join(path, name)).collect();
        if files.is_empty() {
            return None;
        }
        Some(Place::Files {
            key: path.to_owned(),
            root: root.to_owned(),
            folder: path.to_owned(),
            files,
        })
    }

    /// Reports packages that import each other.
    fn cycles(&mut self) {
        let count = self.origins.len();
        let mut done = vec![false; count];
        for start in 0..count {
            let mut path = Vec::new();
            if self.visit(start, &mut path, &mut done) {
                return;
            }
        }
    }

    /// Walks imports depth first; returns whether a cycle was reported.
    fn visit(&mut self, at: usize, path: &mut Vec<usize>, done: &mut Vec<bool>) -> bool {
        if done.get(at).copied().unwrap_or(true) {
            return false;
        }
        path.push(at);
        let imports = self.origins.get(at).map_or_else(Vec::new, |origin| origin.imports.clone());
        for (next, span) in imports {
            if path.contains(&next) {
                let names: Vec<&str> = [at, next]
                    .iter()
                    .filter_map(|at| self.loaded.packages.get(*at))
                    .map(|package| &*package.path)
                    .collect();
                let message = format!(
                    "there is a circular import reference between module {}",
                    names.join(" and ")
                );
                let diagnostic = Diagnostic::error("E_KCL_COMPILE", message).kind("CompileError");
                self.loaded.diagnostics.push(diagnostic.label(span, ""));
                return true;
            }
            if path.len() < PACKAGE_LIMIT && self.visit(next, path, done) {
                return true;
            }
        }
        let _top = path.pop();
        if let Some(done) = done.get_mut(at) {
            *done = true;
        }
        false
    }
}

/// Returns the import statements of a file.
fn imports(module: &Module) -> Vec<(ast::Import, Span)> {
    let statements = module.body.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Import(import) => Some((import.clone(), stmt.span)),
        _ => None,
    });
    statements.collect()
}

/// Returns the name that an import binds.
fn binding(import: &ast::Import) -> Rc<str> {
    let name = import.alias.as_ref().or_else(|| import.path.last());
    name.map_or_else(|| "".into(), |name| Rc::clone(&name.text))
}

fn is_source(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "k")
}

/// Returns `folder/name`.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}

/// Returns the folder that a path lies in.
fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) if path.len() > 1 => "/",
        Some(at) => path.get(..at).unwrap_or(""),
        None => "",
    }
}
