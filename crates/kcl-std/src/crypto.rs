//! The module `crypto`.

use crate::args::{Param, failure};
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;
use sha1::Digest as _;
use std::fmt::Write as _;

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("blake3", |_, args| {
        digest("blake3", args, |bytes| hex(blake3::hash(bytes).as_bytes()))
    }),
    function("filesha256", filesha256),
    function("md5", |_, args| digest("md5", args, |bytes| hex(&md5::Md5::digest(bytes)))),
    function("sha1", |_, args| digest("sha1", args, |bytes| hex(&sha1::Sha1::digest(bytes)))),
    function("sha224", |_, args| digest("sha224", args, |bytes| hex(&sha2::Sha224::digest(bytes)))),
    function("sha256", |_, args| digest("sha256", args, |bytes| hex(&sha2::Sha256::digest(bytes)))),
    function("sha384", |_, args| digest("sha384", args, |bytes| hex(&sha2::Sha384::digest(bytes)))),
    function("sha512", |_, args| digest("sha512", args, |bytes| hex(&sha2::Sha512::digest(bytes)))),
    function("uuid", uuid),
];

fn digest(name: &'static str, mut args: Args, hash: fn(&[u8]) -> String) -> Eval<Value> {
    Ok(Value::str(hash(&encoded(name, &mut args)?)))
}

/// Takes a string and an encoding; returns the string's bytes.
pub(crate) fn encoded(name: &'static str, args: &mut Args) -> Eval<Vec<u8>> {
    let text = Param(name, 0, "value").text(args)?;
    let encoding = Param(name, 1, "encoding").opt_text(args)?;
    match encoding.as_deref().map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8" | "utf8" | "utf_8" | "") => Ok(text.as_bytes().to_vec()),
        Some("ascii" | "us-ascii") => {
            Ok(text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>().into())
        }
        Some("latin1" | "latin-1" | "iso-8859-1") => {
            let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
            Ok(text.chars().map(byte).collect())
        }
        Some(other) => Err(failure(format!("unknown encoding `{other}`"))),
    }
}

/// Returns bytes as lower-case digits.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _written = write!(out, "{byte:02x}");
    }
    out
}

fn filesha256(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let path = Param("filesha256", 0, "filepath").text(&mut args)?;
    let bytes = crate::file::read_bytes(interp, &path)?;
    Ok(Value::str(hex(&sha2::Sha256::digest(bytes))))
}

fn uuid(interp: &mut Interp<'_>, _: Args) -> Eval<Value> {
    let mut bytes = interp.world.entropy();
    // Version 4, variant 1 (RFC 9562).
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let mut out = String::with_capacity(36);
    for (at, digit) in hex(&bytes).chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    Ok(Value::str(out))
}
