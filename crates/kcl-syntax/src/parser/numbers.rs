//! Number literals: bases, separators, fractions and multipliers.

use super::Parser;
use crate::ast::{ExprKind, Multiplier, Text};

impl Parser<'_> {
    /// A number token as an expression.
    #[inline(never)]
    pub(super) fn number(&mut self) -> ExprKind {
        let token = self.bump();
        let text = self.slice(token.start, token.end);
        number_of(text).unwrap_or_else(|message| {
            self.error_at(self.span_of(token), message);
            ExprKind::Error
        })
    }
}

/// Returns what a number means, or what is wrong with it.
fn number_of(text: &str) -> Result<ExprKind, &'static str> {
    let prefix = text.get(..2).unwrap_or("");
    match prefix {
        "0x" => return integer(text.get(2..).unwrap_or(""), 16),
        "0o" => return integer(text.get(2..).unwrap_or(""), 8),
        "0b" => return integer(text.get(2..).unwrap_or(""), 2),
        _ => {}
    }
    let exponent = text.bytes().position(|b| matches!(b, b'e' | b'E'));
    if text.contains('.') || exponent.is_some_and(|at| is_digits(text.get(..at))) {
        return float(text);
    }
    let octal = text.len() > 1 && text.starts_with('0') && !text.starts_with("0_");
    if octal && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        return integer(text.get(1..).unwrap_or(""), 8);
    }
    integer(text, 10)
}

/// Returns a float.
fn float(text: &str) -> Result<ExprKind, &'static str> {
    if text.contains('_') {
        return Err("expected digits without `_` in a float");
    }
    text.parse().map(ExprKind::Float).map_err(|_ignored| "expected the digits of a float")
}

/// Returns an integer in a base, with its multiplier if it has one.
fn integer(text: &str, radix: u32) -> Result<ExprKind, &'static str> {
    let is_digit = |c: char| c == '_' || c.is_digit(radix);
    let split = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let (digits, suffix) = text.split_at_checked(split).unwrap_or((text, ""));
    if digits.ends_with('_') || digits.contains("__") || digits.starts_with('_') {
        return Err("expected a digit on each side of `_`");
    }
    if digits.is_empty() || (radix == 8 && digits.bytes().all(|b| b == b'0') && digits.len() > 1) {
        return Err("expected the digits of a number");
    }
    let plain = digits.replace('_', "");
    let Ok(value) = u64::from_str_radix(&plain, radix) else {
        return Err("expected an integer of 64 bits, found a greater one");
    };
    let signed = i64::from_ne_bytes(value.to_ne_bytes());
    if !suffix.is_empty() {
        return match multiplier(suffix) {
            Some(multiplier) => Ok(ExprKind::Multiplied(signed, multiplier)),
            None if suffix.starts_with(|c: char| c.is_ascii_digit()) => {
                Err("expected digits of the number's base")
            }
            None => Err("expected the end of the number or a multiplier such as `Ki`"),
        };
    }
    if radix == 10 && i64::try_from(value).is_err() {
        return Ok(ExprKind::IntOverflow(Text::from(plain)));
    }
    Ok(ExprKind::Int(signed))
}

/// Returns the multiplier that is written so.
fn multiplier(suffix: &str) -> Option<Multiplier> {
    Some(match suffix {
        "n" => Multiplier::N,
        "u" => Multiplier::U,
        "m" => Multiplier::Milli,
        "k" => Multiplier::SmallK,
        "K" => Multiplier::K,
        "M" => Multiplier::M,
        "G" => Multiplier::G,
        "T" => Multiplier::T,
        "P" => Multiplier::P,
        "Ki" => Multiplier::Ki,
        "Mi" => Multiplier::Mi,
        "Gi" => Multiplier::Gi,
        "Ti" => Multiplier::Ti,
        "Pi" => Multiplier::Pi,
        _ => return None,
    })
}

/// Returns whether the text is digits alone.
fn is_digits(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}
