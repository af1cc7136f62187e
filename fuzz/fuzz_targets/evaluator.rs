//! Any program ends, with a result or with diagnostics, in a world that holds one file.
//!
//! The evaluator bounds its depth, not its steps or its memory: those are bounded by the Store that
//! it runs in. So programs that ask for a lot in few words are left out, and the run ignores what
//! takes too long (see README.md).
#![no_main]

use akua_fuzz::{Outcome, evaluate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if is_modest(text) {
        let _outcome: Outcome = evaluate(text);
    }
});

/// Returns whether a program has no large numbers, and no operator that makes them.
fn is_modest(text: &str) -> bool {
    let large = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .any(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.len() > 3);
    !large && !["**", "<<", "pow", "factorial", "ljust"].iter().any(|word| text.contains(word))
}
