//! The modules `base64` and `base32`: standard alphabets, padded.

use crate::args::{Param, failure};
use crate::crypto::encoded;
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;

/// Members of `base64`.
pub(crate) const BASE64: &[Native] = &[function("decode", decode64), function("encode", encode64)];

/// Members of `base32`.
pub(crate) const BASE32: &[Native] = &[function("decode", decode32), function("encode", encode32)];

const ALPHABET_64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ALPHABET_32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode64(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let bytes = encoded("encode", &mut args)?;
    Ok(Value::str(encode(&bytes, ALPHABET_64, 6, 4)))
}

fn encode32(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let bytes = encoded("encode", &mut args)?;
    Ok(Value::str(encode(&bytes, ALPHABET_32, 5, 8)))
}

fn decode64(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("decode", 0, "value").text(&mut args)?;
    decode(&text, ALPHABET_64, 6, "base64")
}

fn decode32(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("decode", 0, "value").text(&mut args)?;
    decode(&text.to_ascii_uppercase(), ALPHABET_32, 5, "base32")
}

/// Writes bytes with an alphabet of `2^bits` letters, padded to groups of `group` letters.
fn encode(bytes: &[u8], alphabet: &[u8], bits: u32, group: usize) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    let mask = (1_u32 << bits).saturating_sub(1);
    let letter = |index: u32| {
        let index = usize::try_from(index).unwrap_or(0);
        alphabet.get(index).map_or('=', |letter| char::from(*letter))
    };
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        // Fewer than `bits` bits are left over from before: 14 at most with this byte.
        buffer = ((buffer & 0xff) << 8) | u32::from(*byte);
        held = held.saturating_add(8);
        while held >= bits {
            held = held.saturating_sub(bits);
            out.push(letter((buffer >> held) & mask));
        }
    }
    if held > 0 {
        out.push(letter((buffer << bits.saturating_sub(held)) & mask));
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

/// Reads what [`encode`] writes; padding may be missing.
fn decode(text: &str, alphabet: &[u8], bits: u32, name: &str) -> Eval<Value> {
    let invalid = || failure(format!("decode() expected {name} text"));
    let mut bytes = Vec::with_capacity(text.len());
    let (mut buffer, mut held) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let index = alphabet.iter().position(|other| *other == letter).ok_or_else(invalid)?;
        let index = u32::try_from(index).unwrap_or(0);
        buffer = ((buffer & 0xff) << bits) | index;
        held = held.saturating_add(bits);
        if held >= 8 {
            held = held.saturating_sub(8);
            bytes.push(u8::try_from((buffer >> held) & 0xff).unwrap_or(0));
        }
    }
    if held >= bits {
        return Err(invalid());
    }
    let text = String::from_utf8(bytes).map_err(|_not_text| {
        failure(format!("decode() expected {name} of UTF-8 text, found other bytes"))
    })?;
    Ok(Value::str(text))
}
