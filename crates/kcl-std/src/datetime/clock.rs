//! Seconds since 1970 as a date and a time, and their text.

use crate::to_i64;
use std::fmt::Write as _;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A point in time, in UTC, of the years 0 to 9999.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    seconds: i64,
    nanoseconds: i64,
    year: i64,
    /// 1 to 12.
    month: i64,
    /// 1 to 31.
    day: i64,
    /// Days since Sunday.
    weekday: i64,
    /// Days since the first of January.
    yearday: i64,
    /// Seconds since midnight.
    clock: i64,
}

impl Time {
    /// Returns the time that many seconds after the start of 1970.
    pub(super) fn from_seconds(seconds: f64) -> Self {
        // Years 0000 and 9999, in seconds.
        let seconds = seconds.clamp(-62_167_219_200.0, 253_402_300_799.0);
        let whole = to_i64(seconds.floor());
        let nanoseconds = to_i64((seconds - seconds.floor()) * 1e9);
        let days = whole.div_euclid(86_400);
        let (year, month, day) = civil(days);
        Self {
            seconds: whole,
            nanoseconds,
            year,
            month,
            day,
            weekday: days.wrapping_add(4).rem_euclid(7),
            yearday: days.wrapping_sub(days_before(year, 1, 1)),
            clock: whole.rem_euclid(86_400),
        }
    }

    /// Returns the text that the directives of `strftime` make; an unknown one is the error.
    pub(super) fn format(self, format: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let directive = chars.next().unwrap_or(' ');
            self.directive(directive, &mut out).ok_or_else(|| format!("%{directive}"))?;
        }
        Ok(out)
    }

    fn directive(self, directive: char, out: &mut String) -> Option<()> {
        let (hour, minute, second) = (self.clock / 3600, self.clock / 60 % 60, self.clock % 60);
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let month = name(&MONTHS, self.month.wrapping_sub(1));
        let weekday = name(&DAYS, self.weekday);
        let monday = self.weekday.wrapping_add(6).rem_euclid(7);
        let composite = match directive {
            'c' => "%a %b %e %H:%M:%S %Y",
            'D' | 'x' => "%m/%d/%y",
            'F' => "%Y-%m-%d",
            'R' => "%H:%M",
            'r' => "%I:%M:%S %p",
            'T' | 'X' => "%H:%M:%S",
            'v' => "%e-%b-%Y",
            '+' => "%Y-%m-%dT%H:%M:%S.%f+00:00",
            _ => "",
        };
        if !composite.is_empty() {
            out.push_str(&self.format(composite).ok()?);
            return Some(());
        }
        let week = |start: i64| self.yearday.wrapping_add(7).wrapping_sub(start) / 7;
        let written = match directive {
            'Y' => write!(out, "{:04}", self.year),
            'C' => write!(out, "{:02}", self.year / 100),
            'y' => write!(out, "{:02}", self.year % 100),
            'm' => write!(out, "{:02}", self.month),
            'd' => write!(out, "{:02}", self.day),
            'e' => write!(out, "{:2}", self.day),
            'j' => write!(out, "{:03}", self.yearday.wrapping_add(1)),
            'H' => write!(out, "{hour:02}"),
            'k' => write!(out, "{hour:2}"),
            'I' => write!(out, "{hour12:02}"),
            'l' => write!(out, "{hour12:2}"),
            'M' => write!(out, "{minute:02}"),
            'S' => write!(out, "{second:02}"),
            'f' => write!(out, "{:09}", self.nanoseconds),
            's' => write!(out, "{}", self.seconds),
            'p' => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            'P' => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
            'B' => write!(out, "{month}"),
            'b' | 'h' => write!(out, "{}", short(month)),
            'A' => write!(out, "{weekday}"),
            'a' => write!(out, "{}", short(weekday)),
            'u' => write!(out, "{}", monday.wrapping_add(1)),
            'w' => write!(out, "{}", self.weekday),
            'U' => write!(out, "{:02}", week(self.weekday)),
            'W' => write!(out, "{:02}", week(monday)),
            'V' => write!(out, "{:02}", self.iso_week(monday).1),
            'G' => write!(out, "{:04}", self.iso_week(monday).0),
            'g' => write!(out, "{:02}", self.iso_week(monday).0 % 100),
            'Z' => write!(out, "+00:00"),
            'z' => write!(out, "+0000"),
            'n' => writeln!(out),
            't' => write!(out, "\t"),
            '%' => write!(out, "%"),
            _ => return None,
        };
        written.ok()
    }

    /// Returns the year and the number of the ISO week: that of its Thursday.
    fn iso_week(self, monday: i64) -> (i64, i64) {
        let thursday = self.yearday.wrapping_sub(monday).wrapping_add(3);
        let length = |year: i64| {
            days_before(year.wrapping_add(1), 1, 1).wrapping_sub(days_before(year, 1, 1))
        };
        if thursday < 0 {
            let year = self.year.wrapping_sub(1);
            return (year, thursday.wrapping_add(length(year)) / 7 + 1);
        }
        let over = thursday.wrapping_sub(length(self.year));
        if over >= 0 {
            return (self.year.wrapping_add(1), over / 7 + 1);
        }
        (self.year, thursday / 7 + 1)
    }
}

fn name(names: &'static [&'static str], at: i64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or("")
}

/// Returns the first three letters.
pub(super) fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

/// Returns year, month and day of a number of days since 1970.
///
/// # Spec
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`: eras of 400
/// years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.wrapping_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let yearday = day - (365 * year + year / 4 - year / 100);
    let part = (5 * yearday + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year.wrapping_add(era.wrapping_mul(400));
    (if month <= 2 { year + 1 } else { year }, month, yearday - (153 * part + 2) / 5 + 1)
}

/// Returns the days from 1970 to a date; the inverse of [`civil`].
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let part = if month > 2 { month - 3 } else { month + 9 };
    let yearday = (153 * part + 2) / 5 + day - 1;
    let day = of_era * 365 + of_era / 4 - of_era / 100 + yearday;
    era * 146_097 + day - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: f64, format: &str, expected: &str) {
        assert_eq!(Time::from_seconds(seconds).format(format).as_deref(), Ok(expected));
    }

    #[test]
    fn directives_are_those_of_the_reference() {
        // What the reference printed at that second.
        let now = 1_795_255_201.733_893_5;
        check(
            now,
            "%j %U %y %p %I %B %A %% %s %e %D %F %T %R %u %w %V %G %h %t %C %k %l",
            "325 46 26 AM 10 November Saturday % 1795255201 21 11/21/26 2026-11-21 10:00:01 10:00 \
             6 6 47 2026 Nov \t 20 10 10",
        );
        check(now, "%c", "Sat Nov 21 10:00:01 2026");
        check(now, "%x %X %r %v", "11/21/26 10:00:01 10:00:01 AM 21-Nov-2026");
        check(now, "%Z %z", "+00:00 +0000");
        check(0.0, "%a %b %d %H:%M:%S %Y", "Thu Jan 01 00:00:00 1970");
        check(-1.0, "%F %T", "1969-12-31 23:59:59");
        check(951_782_400.0, "%F %j", "2000-02-29 060");
        check(f64::NAN, "%Y", "1970");
        assert!(Time::from_seconds(0.0).format("%Q").is_err());
    }
}
