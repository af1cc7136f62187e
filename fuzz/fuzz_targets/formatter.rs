//! What parses is formatted to text that parses, and that stays as it is when it is formatted again.
#![no_main]

use akua_source::{FileId, SourceMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut sources = SourceMap::default();
    let file: FileId = sources.add("main.k", text);
    if let Ok(once) = kcl_syntax::format(file, text) {
        match kcl_syntax::format(file, &once) {
            Ok(twice) => assert_eq!(once, twice, "of {text:?}"),
            Err(told) => panic!("{once:?} of {text:?} does not parse: {told:?}"),
        }
    }
});
