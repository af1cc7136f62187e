//! `str.format`: replacement fields and the mini-language of their specs, as Python has them.

use crate::args::failure;
use akua_source::Diagnostic;
use kcl_eval::library::Eval;
use kcl_eval::text::display;
use kcl_eval::value::{Text, Value, as_f64};

/// Widest field and finest precision; more is a mistake, or an attack.
const WIDTH_LIMIT: usize = 10_000;

/// Fills the replacement fields of a template.
pub(crate) fn format(
    template: &str,
    positional: &[Value],
    keyword: &[(Text, Value)],
) -> Eval<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut next = 0_usize;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at..).unwrap_or("");
        if let Some(after) = rest.strip_prefix("{{") {
            out.push('{');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            out.push('}');
            rest = after;
        } else {
            let body = rest.strip_prefix('{').ok_or_else(|| failure("format error"))?;
            let (field, after) = body.split_once('}').ok_or_else(|| failure("format error"))?;
            let (name, spec) = field.split_once(':').unwrap_or((field, ""));
            let name = name.split_once('!').map_or(name, |(name, _conversion)| name);
            let value = resolve(name, positional, keyword, &mut next)?;
            out.push_str(&Spec::parse(spec)?.apply(&value)?);
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Returns the value that a field names: `0`, `name`, `0.attr`, `name[key]`, or the next one.
fn resolve(
    name: &str,
    positional: &[Value],
    keyword: &[(Text, Value)],
    next: &mut usize,
) -> Eval<Value> {
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (first, mut path) = name.split_at_checked(end).unwrap_or((name, ""));
    let out_of_range = || failure("argument tuple index out of range");
    let mut value = if first.is_empty() {
        let at = *next;
        *next = next.saturating_add(1);
        positional.get(at).cloned().ok_or_else(out_of_range)?
    } else if let Ok(at) = first.parse::<usize>() {
        positional.get(at).cloned().ok_or_else(out_of_range)?
    } else {
        let found = keyword.iter().find(|(key, _)| **key == *first);
        found
            .map(|(_, value)| value.clone())
            .ok_or_else(|| failure(format!("keyword argument '{first}' not found")))?
    };
    while !path.is_empty() {
        let (key, after) = if let Some(index) = path.strip_prefix('[') {
            index.split_once(']').ok_or_else(|| failure("format error"))?
        } else {
            let member = path.strip_prefix('.').ok_or_else(|| failure("format error"))?;
            let end = member.find(['.', '[']).unwrap_or(member.len());
            member.split_at_checked(end).unwrap_or((member, ""))
        };
        value = part(&value, key)?;
        path = after;
    }
    Ok(value)
}

/// Returns a member or an element of a value.
fn part(value: &Value, key: &str) -> Eval<Value> {
    let found = match value {
        Value::List(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)).cloned(),
        Value::Str(text) => key
            .parse::<usize>()
            .ok()
            .and_then(|at| text.chars().nth(at))
            .map(|c| Value::str(c.to_string())),
        other => other.as_dict().and_then(|dict| dict.get(key)).cloned(),
    };
    found.ok_or_else(|| failure(format!("'{key}' not found in the format argument")))
}

/// A parsed format spec.
#[derive(Debug, Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn invalid() -> Box<Diagnostic> {
    failure("Invalid format specifier")
}

impl Spec {
    /// `[[fill]align][sign][#][0][width][,|_][.precision][type]`.
    fn parse(spec: &str) -> Eval<Self> {
        let mut parsed = Self::default();
        let mut chars = spec.chars().peekable();
        let is_align = |c: char| matches!(c, '<' | '>' | '=' | '^');
        let mut ahead = spec.chars();
        let (first, second) = (ahead.next(), ahead.next());
        if let (Some(fill), Some(align)) = (first, second)
            && is_align(align)
        {
            (parsed.fill, parsed.align) = (Some(fill), Some(align));
            chars.next();
            chars.next();
        } else {
            parsed.align = chars.next_if(|c| is_align(*c));
        }
        parsed.sign = chars.next_if(|c| matches!(c, '+' | '-' | ' '));
        parsed.alternate = chars.next_if_eq(&'#').is_some();
        if chars.next_if_eq(&'0').is_some() {
            parsed.fill = parsed.fill.or(Some('0'));
            parsed.align = parsed.align.or(Some('='));
        }
        parsed.width = digits(&mut chars)?.unwrap_or(0);
        parsed.group = chars.next_if(|c| matches!(c, ',' | '_'));
        if chars.next_if_eq(&'.').is_some() {
            parsed.precision = Some(digits(&mut chars)?.ok_or_else(invalid)?);
        }
        parsed.kind = chars.next_if(|c| "bcdeEfFgGnosxX%".contains(*c));
        match chars.next() {
            None => Ok(parsed),
            Some(_) => Err(invalid()),
        }
    }

    /// Formats a value.
    fn apply(&self, value: &Value) -> Eval<String> {
        match (value, self.kind) {
            (Value::Int(value), None | Some('d' | 'n' | 'b' | 'o' | 'x' | 'X')) => {
                Ok(self.int(*value))
            }
            (Value::Int(value), Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) => {
                Ok(self.float(as_f64(*value)))
            }
            (Value::Float(number), None) => Ok(self.pad_number(&shortest(*number), "")),
            (Value::Float(value), Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%')) => {
                Ok(self.float(*value))
            }
            (_, None | Some('s')) if !matches!(value, Value::Int(_) | Value::Float(_)) => {
                let text = display(value);
                let shown = match self.precision {
                    Some(limit) => text.chars().take(limit).collect(),
                    None => text,
                };
                Ok(self.pad(&shown, '<'))
            }
            (_, kind) => {
                let kind = kind.unwrap_or('s');
                let found = value.type_name();
                Err(failure(format!("Unknown format code '{kind}' for object of type '{found}'")))
            }
        }
    }

    fn int(&self, value: i64) -> String {
        let magnitude = value.unsigned_abs();
        let (prefix, digits) = match self.kind {
            Some('b') => ("0b", format!("{magnitude:b}")),
            Some('o') => ("0o", format!("{magnitude:o}")),
            Some('x') => ("0x", format!("{magnitude:x}")),
            Some('X') => ("0X", format!("{magnitude:X}")),
            _ => ("", magnitude.to_string()),
        };
        // The reference writes `0x` before upper-case digits, too.
        let prefix = match (self.alternate, prefix) {
            (true, "0X") => "0x",
            (true, prefix) => prefix,
            (false, _) => "",
        };
        let sign = if value < 0 { "-" } else { "" };
        self.pad_number(&format!("{sign}{digits}"), prefix)
    }

    fn float(&self, value: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let text = match self.kind {
            _ if value.is_nan() => "nan".to_owned(),
            _ if value.is_infinite() => if value > 0.0 { "inf" } else { "-inf" }.to_owned(),
            Some('e' | 'E') => exponent(value, precision),
            Some('g' | 'G' | 'n') => general(value, precision.max(1)),
            Some('%') => format!("{:.precision$}%", value * 100.0),
            _ => format!("{value:.precision$}"),
        };
        let upper = matches!(self.kind, Some('E' | 'F' | 'G'));
        self.pad_number(&if upper { text.to_uppercase() } else { text }, "")
    }

    /// Adds sign, prefix, separators and padding to the text of a number.
    fn pad_number(&self, text: &str, prefix: &str) -> String {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            (false, _) => "",
        };
        let digits = match self.group {
            Some(separator) => grouped(digits, separator),
            None => digits.to_owned(),
        };
        if self.align == Some('=') {
            let used = [sign, prefix, &digits].iter().map(|part| part.chars().count()).sum();
            let fill = self.fill.unwrap_or(' ').to_string();
            return format!(
                "{sign}{prefix}{}{digits}",
                fill.repeat(self.width.saturating_sub(used))
            );
        }
        self.pad(&format!("{sign}{prefix}{digits}"), '>')
    }

    /// Pads a text to the width.
    fn pad(&self, text: &str, default: char) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let left = match self.align.unwrap_or(default) {
            '<' => 0,
            '^' => missing / 2,
            _ => missing,
        };
        let fill = self.fill.unwrap_or(' ').to_string();
        format!("{}{text}{}", fill.repeat(left), fill.repeat(missing.saturating_sub(left)))
    }
}

/// Reads a number of the spec.
fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Eval<Option<usize>> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let digit = usize::try_from(digit).unwrap_or(0);
        let value = number.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit);
        if value > WIDTH_LIMIT {
            return Err(invalid());
        }
        number = Some(value);
    }
    Ok(number)
}

/// Separates the digits before the point by threes.
fn grouped(text: &str, separator: char) -> String {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (whole, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let mut out = String::with_capacity(text.len().saturating_mul(2));
    for (at, c) in whole.chars().enumerate() {
        if at > 0 && whole.len().saturating_sub(at) % 3 == 0 {
            out.push(separator);
        }
        out.push(c);
    }
    out.push_str(rest);
    out
}

/// Returns the shortest text of a float, in exponent form where it is very large or very small.
fn shortest(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && (size >= 1e16 || (size > 0.0 && size < 1e-4)) {
        return signed_exponent(&format!("{value:e}"));
    }
    display(&Value::Float(value))
}

/// Returns `d.dddde±dd`.
fn exponent(value: f64, precision: usize) -> String {
    signed_exponent(&format!("{value:.precision$e}"))
}

/// Returns an exponent form with a sign and two digits in its exponent.
fn signed_exponent(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Returns the shorter of the fixed and the exponent form, as C's `%g`.
fn general(value: f64, precision: usize) -> String {
    let last = precision.saturating_sub(1);
    let text = format!("{value:.last$e}");
    let power: i64 = text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let wide = i64::try_from(precision).unwrap_or(i64::MAX);
    if power < -4 || power >= wide {
        let text = exponent(value, last);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{power}", trim_zeros(digits));
    }
    let decimals = usize::try_from(wide.saturating_sub(1).saturating_sub(power)).unwrap_or(0);
    trim_zeros(&format!("{value:.decimals$}")).to_owned()
}

/// Removes zeros at the end of a fraction.
fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
