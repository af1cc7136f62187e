//! Any `akua.toml`, or `kcl.mod`, is read or refused at its byte; a dependency that is written anew
//! is the same, and one that is removed is gone.
#![no_main]

use akua_fuzz::told;
use akua_manifest::{
    add_dependency, has_workspace, module_paths, parse, parse_members, parse_module,
    remove_dependency,
};
use akua_source::FileId;
use libfuzzer_sys::fuzz_target;

/// What is wrong with a manifest.
const MANIFEST: [&str; 1] = ["E_MANIFEST_PARSE"];
/// What is wrong with a module.
const MODULE: [&str; 1] = ["E_KCL_MODULE"];

fuzz_target!(|text: &str| {
    let file = FileId(0);
    let _declares: bool = has_workspace(text);
    if let Err(wrong) = parse_members(file, text) {
        told::check(text, &wrong, &MANIFEST);
    }
    if let Err(wrong) = parse_module(file, text) {
        told::check(text, &[*wrong], &MODULE);
    }
    if let Err(wrong) = module_paths(file, text) {
        told::check(text, &[*wrong], &MODULE);
    }
    let manifest = match parse(file, text) {
        Ok(manifest) => manifest,
        Err(wrong) => {
            assert!(!wrong.is_empty(), "{text:?}");
            return told::check(text, &wrong, &MANIFEST);
        }
    };
    let known: Vec<_> = manifest.dependencies.iter().map(|d| (&d.alias, &d.source)).collect();
    // Each is a parse of its own: a few are enough.
    for (alias, source) in known.iter().take(4) {
        let again = add_dependency(text, alias, source, true).expect("a valid manifest is edited");
        let again = parse(file, &again).unwrap_or_else(|w| panic!("{again:?} of {text:?}: {w:?}"));
        let found: Vec<_> = again.dependencies.iter().map(|d| (&d.alias, &d.source)).collect();
        assert_eq!(found, known, "of {text:?}");
        let less = remove_dependency(text, alias).expect("a valid manifest is edited");
        let less = parse(file, &less).unwrap_or_else(|w| panic!("{less:?} of {text:?}: {w:?}"));
        let found: Vec<_> = less.dependencies.iter().map(|d| &d.alias).collect();
        let kept: Vec<_> = known.iter().map(|(alias, _)| *alias).filter(|a| a != alias).collect();
        assert_eq!(found, kept, "of {text:?}");
    }
});
