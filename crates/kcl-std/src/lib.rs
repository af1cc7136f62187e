//! The built-in functions and standard modules of KCL, as entries of a Library.
//!
//! **Invariant:** functions of their arguments and of the World that the interpreter holds; no
//! other effect. Whatever they get, they give a value or an error, in bounded time and depth. One
//! file a module. Start with [`library`].
#![forbid(unsafe_code)]
#![expect(clippy::unnecessary_wraps, reason = "all natives have one signature")]

mod args;
mod base64;
mod builtins;
mod crypto;
mod datetime;
mod file;
mod format;
mod json;
mod math;
mod net;
mod plain;
mod regex;
mod runtime;
mod strings;
mod template;
mod units;
mod yaml;

pub use json::{from_json, to_json};
pub use plain::Encoding;
pub use yaml::{from_manifest, from_yaml, to_yaml};

use kcl_eval::Library;

/// Longest text that a function makes out of short ones, in bytes.
const RESULT_LIMIT: usize = kcl_eval::budget::TEXT_LIMIT_BYTES;

/// Returns the whole library: built-in functions, members of strings, and all modules.
pub fn library() -> Library {
    Library::default()
        .string_methods(strings::METHODS)
        .module("", builtins::NATIVES)
        .module("base32", base64::BASE32)
        .module("base64", base64::BASE64)
        .module("collection", runtime::COLLECTION)
        .module("crypto", crypto::NATIVES)
        .module("datetime", datetime::NATIVES)
        .module("file", file::NATIVES)
        .module("json", json::NATIVES)
        .module("manifests", yaml::MANIFESTS)
        .module("math", math::NATIVES)
        .module("net", net::NATIVES)
        .module("regex", regex::NATIVES)
        .module("runtime", runtime::RUNTIME)
        .module("template", template::NATIVES)
        .module("units", units::NATIVES)
        .module("yaml", yaml::YAML)
}

/// Returns the integer nearest to a float; NaN is 0.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is what is wanted")]
fn to_i64(value: f64) -> i64 {
    value as i64
}

/// Returns the float nearest to an integer.
#[expect(clippy::cast_precision_loss, reason = "numbers beyond 64 bits become floats")]
fn u64_to_f64(value: u64) -> f64 {
    value as f64
}
