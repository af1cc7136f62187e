//! Whether a text is a date.

use super::clock::{DAYS, MONTHS, short};

/// What is known of a date while its text is read.
#[derive(Debug, Default)]
struct Found {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    yearday: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
}

/// Returns whether a text is what a format (of `strftime`) makes of some date or time.
pub(super) fn fits(text: &str, format: &str) -> bool {
    let mut found = Found::default();
    read(text, format, &mut found, 0).is_some_and(str::is_empty) && found.is_whole()
}

/// Reads a text by a format; returns what is left over.
fn read<'t>(text: &'t str, format: &str, found: &mut Found, depth: u32) -> Option<&'t str> {
    let mut rest = text;
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        rest = match c {
            '%' => {
                let mut directive = chars.next()?;
                if directive == '.' {
                    directive = match chars.next()? {
                        'f' => '.',
                        _ => return None,
                    };
                }
                directive_of(rest, directive, found, depth)?
            }
            c if c.is_whitespace() => rest.trim_start(),
            c => rest.strip_prefix(c)?,
        };
    }
    Some(rest)
}

fn directive_of<'t>(text: &'t str, c: char, found: &mut Found, depth: u32) -> Option<&'t str> {
    let composite = match c {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'R' => "%H:%M",
        'D' | 'x' => "%m/%d/%y",
        'r' => "%I:%M:%S %p",
        'c' => "%a %b %e %H:%M:%S %Y",
        'v' => "%e-%b-%Y",
        _ => "",
    };
    if !composite.is_empty() {
        return if depth == 0 { read(text, composite, found, 1) } else { None };
    }
    let number = |text: &'t str, width, low, high| number(text.trim_start(), width, low, high);
    let (_, rest) = match c {
        'Y' => set(&mut found.year, number(text, 4, 0, 9999)?),
        'y' => {
            let (year, rest) = number(text, 2, 0, 99)?;
            let century = if year < 70 { 2000 } else { 1900 };
            set(&mut found.year, (year + century, rest))
        }
        'm' => set(&mut found.month, number(text, 2, 1, 12)?),
        'd' | 'e' => set(&mut found.day, number(text, 2, 1, 31)?),
        'j' => set(&mut found.yearday, number(text, 3, 1, 366)?),
        'H' | 'k' => set(&mut found.hour, number(text, 2, 0, 23)?),
        'I' | 'l' => set(&mut found.hour, number(text, 2, 1, 12)?),
        'M' => set(&mut found.minute, number(text, 2, 0, 59)?),
        'S' => set(&mut found.second, number(text, 2, 0, 60)?),
        's' => number(text, 18, 0, i64::MAX)?,
        'f' => number(text, 9, 0, i64::MAX)?,
        'u' | 'w' => number(text, 1, 0, 7)?,
        'U' | 'W' | 'V' => number(text, 2, 0, 53)?,
        _ => return name_or_zone(text, c, found),
    };
    Some(rest)
}

/// Keeps a number that was read.
fn set<'t>(slot: &mut Option<i64>, read: (i64, &'t str)) -> (i64, &'t str) {
    *slot = Some(read.0);
    read
}

/// Reads up to `width` digits of a number between two bounds.
fn number(text: &str, width: usize, low: i64, high: i64) -> Option<(i64, &str)> {
    let digits = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = digits.parse().ok().filter(|value| (low..=high).contains(value))?;
    Some((value, rest))
}

fn name_or_zone<'t>(text: &'t str, c: char, found: &mut Found) -> Option<&'t str> {
    match c {
        'b' | 'h' | 'B' => {
            let names = MONTHS.iter().enumerate();
            let (at, rest) = one_of(text, names, c == 'B')?;
            found.month = Some(i64::try_from(at).ok()? + 1);
            Some(rest)
        }
        'a' | 'A' => one_of(text, DAYS.iter().enumerate(), c == 'A').map(|(_, rest)| rest),
        'p' | 'P' => {
            let (half, rest) = text.split_at_checked(2)?;
            matches!(half.to_ascii_uppercase().as_str(), "AM" | "PM").then_some(rest)
        }
        '.' => match text.strip_prefix('.') {
            Some(rest) => number(rest, 9, 0, i64::MAX).map(|(_, rest)| rest),
            None => Some(text),
        },
        'z' => zone(text),
        'Z' => Some(text.trim_start_matches(|c: char| !c.is_whitespace())),
        'n' | 't' => Some(text.trim_start()),
        '%' => text.strip_prefix('%'),
        _ => None,
    }
}

/// Reads a name or its first three letters (`long` for either).
fn one_of(
    text: &str,
    names: impl Iterator<Item = (usize, &'static &'static str)>,
    long: bool,
) -> Option<(usize, &str)> {
    for (at, name) in names {
        for name in [Some(*name).filter(|_| long), Some(short(name))].into_iter().flatten() {
            let (start, rest) = text.split_at_checked(name.len()).unwrap_or(("", text));
            if start.eq_ignore_ascii_case(name) {
                return Some((at, rest));
            }
        }
    }
    None
}

/// Reads `+hh:mm`, `+hhmm` or `Z`.
fn zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some(rest);
    }
    let (_, rest) = number(text.strip_prefix(['+', '-'])?, 2, 0, 23)?;
    number(rest.strip_prefix(':').unwrap_or(rest), 2, 0, 59).map(|(_, rest)| rest)
}

impl Found {
    /// Returns whether a date, a time or both were read, and the date exists.
    fn is_whole(&self) -> bool {
        let time = match (self.hour, self.minute) {
            (Some(_), Some(_)) => true,
            (None, None) if self.second.is_none() => false,
            _ => return false,
        };
        let date = match (self.year, self.month, self.day, self.yearday) {
            (Some(year), Some(month), Some(day), _) => day <= month_length(year, month),
            (Some(year), None, None, Some(day)) => day <= 365 + i64::from(is_leap(year)),
            (None, None, None, None) => return time,
            _ => return false,
        };
        date && (time || self.hour.is_none())
    }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap(year)),
        _ => 31,
    }
}

/// Returns whether a text is `2024-08-26T12:30:45Z` or the like; with `lenient`, the `T` may be a
/// space and a second may be 60.
pub(super) fn is_rfc3339(text: &str, lenient: bool) -> bool {
    let read = || -> Option<()> {
        let (year, rest) = fixed(text, 4)?;
        let (month, rest) = fixed(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = fixed(rest.strip_prefix('-')?, 2)?;
        let rest = match rest.strip_prefix(['T', 't']) {
            Some(rest) => rest,
            None if lenient => rest.strip_prefix(' ')?,
            None => return None,
        };
        let (hour, rest) = fixed(rest, 2)?;
        let (minute, rest) = fixed(rest.strip_prefix(':')?, 2)?;
        let (second, rest) = fixed(rest.strip_prefix(':')?, 2)?;
        let rest = match rest.strip_prefix('.') {
            Some(fraction) => {
                let digits = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
                (digits.len() < fraction.len()).then_some(digits)?
            }
            None => rest,
        };
        let exists = (1..=12).contains(&month)
            && (1..=month_length(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 61;
        (exists && zone(rest) == Some("") && (rest.len() == 1 || rest.contains(':'))).then_some(())
    };
    read().is_some()
}

/// Reads exactly `width` digits.
fn fixed(text: &str, width: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(width)?;
    let all = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| all).map(|value| (value, rest))
}

/// Returns whether a text is a duration such as `P1Y2M3DT4H5M6S`.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let date_fits = parts(date, "YMWD");
    match time {
        Some(time) => (date.is_empty() || date_fits) && parts(time, "HMS"),
        None => date_fits,
    }
}

/// Returns whether a text is numbers, each with one of the units, which stand in order.
fn parts(text: &str, units: &str) -> bool {
    let mut rest = text;
    let mut units = units;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let digits = rest.get(..rest.len().saturating_sub(number.len())).unwrap_or("");
        let Some(unit) = number.chars().next() else { return false };
        let Some(at) = units.find(unit) else { return false };
        if digits.parse::<f64>().is_err() {
            return false;
        }
        units = units.get(at.saturating_add(1)..).unwrap_or("");
        rest = number.get(1..).unwrap_or("");
    }
    !text.is_empty()
}
