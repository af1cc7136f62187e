//! Any program ends, with a result or with diagnostics, in a world that holds one file. What a run
//! holds is bounded by the Store alone: see README.md.
#![no_main]

use akua_fuzz::{Outcome, evaluate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _outcome: Outcome = evaluate(text);
});
