//! Any text parses, to the same tree each time, and diagnostics point into the text. The lexer has
//! no door of its own: what reaches it comes through here.
#![no_main]

use akua_source::{FileId, SourceMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let file: FileId = sources.add("main.k", text);
    let (tree, diagnostics) = kcl_syntax::parse(file, text);
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(start <= end && end <= text.len(), "{:?} of {}", label.span, text.len());
        assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{:?}", label.span);
    }
    let (again, told) = kcl_syntax::parse(file, text);
    assert_eq!(format!("{tree:?}"), format!("{again:?}"));
    assert_eq!(diagnostics.len(), told.len());
});
