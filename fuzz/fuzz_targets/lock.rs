//! Any `akua.lock` is read or refused at its byte; what is read is written to the same.
#![no_main]

use akua_fuzz::told;
use akua_manifest::{Lock, parse_lock};
use akua_source::FileId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let file = FileId(0);
    match parse_lock(file, text) {
        Err(wrong) => {
            assert!(!wrong.is_empty(), "{text:?}");
            told::check(text, &wrong, &["E_LOCK_PARSE"]);
        }
        Ok(lock) => {
            let written = lock.text();
            assert_eq!(parse_lock(file, &written).as_ref(), Ok(&lock), "{written:?} of {text:?}");
            let ordered = Lock::new(lock.packages);
            assert_eq!(parse_lock(file, &ordered.text()), Ok(ordered), "of {text:?}");
        }
    }
});
