//! Ranges of versions, as the chart world reads them: Masterminds/semver, which helm uses.
//!
//! The `semver` crate has the versions and their order; its own ranges know neither `>=1.2-0` nor
//! `!=`, and allow a pre-release only beside the release that a range names.

use semver::{BuildMetadata, Prerelease, Version};
use std::cmp::Ordering;

/// Numbers of a whole version.
const WHOLE: usize = 3;
/// Operators and their spellings.
const OPERATORS: [(&str, Operator); 13] = [
    ("", Operator::Equal),
    ("=", Operator::Equal),
    ("!=", Operator::Different),
    (">", Operator::Greater),
    (">=", Operator::AtLeast),
    ("=>", Operator::AtLeast),
    ("<", Operator::Less),
    ("<=", Operator::AtMost),
    ("=<", Operator::AtMost),
    ("~", Operator::Tilde),
    ("~>", Operator::Tilde),
    ("^", Operator::Caret),
    ("-", Operator::To),
];

/// Comparators that all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range(Vec<Comparator>);

/// A version that others are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparator {
    operator: Operator,
    /// What is not given of it is 0.
    version: Version,
    /// How many of its numbers are given.
    given: usize,
}

/// How versions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Different,
    Greater,
    AtLeast,
    Less,
    AtMost,
    Tilde,
    Caret,
    /// The end of `1.2 - 1.4`.
    To,
}

impl Range {
    /// Reads comparators, joined by `,` or spaces; none if that is not what it is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.split(',').any(|part| part.trim().is_empty()) {
            return None;
        }
        let mut comparators: Vec<Comparator> = Vec::new();
        let mut waiting: Option<Operator> = None;
        for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
            let bare = word.trim_start_matches(['^', '~', '<', '>', '=', '!', '-']);
            let spelled = word.strip_suffix(bare)?;
            let (_, operator) = OPERATORS.iter().find(|(known, _)| *known == spelled)?;
            let operator = match waiting.take() {
                Some(apart) if spelled.is_empty() => apart,
                Some(_) => return None,
                None => *operator,
            };
            if bare.is_empty() {
                waiting = Some(operator);
                continue;
            }
            let comparator = Comparator::new(operator, bare)?;
            if operator == Operator::To {
                let from = comparators.last_mut().filter(|from| from.operator == Operator::Equal);
                from?.operator = Operator::AtLeast;
            }
            comparators.push(comparator);
        }
        (waiting.is_none() && !comparators.is_empty()).then_some(Self(comparators))
    }

    /// Returns whether a version will do. A pre-release does only if a comparator names one.
    pub(super) fn accepts(&self, found: &Version) -> bool {
        let names_one = self.0.iter().any(|comparator| !comparator.version.pre.is_empty());
        (found.pre.is_empty() || names_one) && self.0.iter().all(|one| one.holds(found))
    }
}

impl Comparator {
    /// Reads `1`, `1.2`, `1.x`, `v1.2.3-rc.1` and the like.
    fn new(operator: Operator, text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (release, pre) = text.split_once('-').unwrap_or((text, ""));
        if (text.ends_with('-') && pre.is_empty()) || release.split('.').count() > WHOLE {
            return None;
        }
        BuildMetadata::new(build).ok()?;
        let parts = release.split('.').map(number).collect::<Option<Vec<_>>>()?;
        let mut numbers = parts.iter().copied().take_while(Option::is_some).flatten();
        let mut next = || numbers.next().unwrap_or(0);
        let mut version = Version::new(next(), next(), next());
        version.pre = Prerelease::new(pre).ok()?;
        let given = parts.iter().take_while(|part| part.is_some()).count();
        match (given, operator) {
            // `*` is every version; with another operator it stands for 0.0.0.
            (0, Operator::Equal) => Some(Self { operator: Operator::Tilde, version, given: WHOLE }),
            (0, _) => Some(Self { operator, version, given: WHOLE }),
            _ => Some(Self { operator, version, given }),
        }
    }

    fn holds(&self, found: &Version) -> bool {
        let order = found.cmp_precedence(&self.version);
        let whole = self.given == WHOLE;
        match self.operator {
            Operator::Equal if whole => order == Ordering::Equal,
            Operator::Different if whole => order != Ordering::Equal,
            // `!=1.3` leaves pre-releases of 1.3 where others may be.
            Operator::Different => {
                let same_pre = self.given == 1 || found.pre == self.version.pre;
                !(self.agrees(found, self.given) && same_pre)
            }
            Operator::Greater => {
                order == Ordering::Greater && (whole || !self.agrees(found, self.given))
            }
            Operator::AtLeast => order != Ordering::Less,
            Operator::Less => order == Ordering::Less,
            Operator::AtMost | Operator::To => {
                order != Ordering::Greater || (!whole && self.agrees(found, self.given))
            }
            Operator::Tilde if whole && self.agrees(&Version::new(0, 0, 0), WHOLE) => true,
            Operator::Equal | Operator::Tilde => {
                order != Ordering::Less && self.agrees(found, self.given.min(2))
            }
            Operator::Caret => order != Ordering::Less && self.agrees(found, self.significant()),
        }
    }

    /// Returns whether the first numbers are the same.
    fn agrees(&self, found: &Version, count: usize) -> bool {
        let numbers = |version: &Version| [version.major, version.minor, version.patch];
        let pairs = numbers(&self.version).into_iter().zip(numbers(found));
        pairs.take(count).all(|(wanted, found)| wanted == found)
    }

    /// Returns how many numbers `^` keeps: up to the first that is not 0.
    fn significant(&self) -> usize {
        match (self.version.major, self.version.minor, self.given) {
            (1.., ..) | (_, _, 1) => 1,
            (_, 1.., _) | (_, _, 2) => 2,
            _ => WHOLE,
        }
    }
}

/// Reads a number, or a wildcard as none of it.
#[expect(clippy::option_option, reason = "a wildcard is no number, and no mistake either")]
fn number(text: &str) -> Option<Option<u64>> {
    if matches!(text, "x" | "X" | "*") {
        return Some(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().map(Some) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Masterminds/semver v3.5.0 says of each range: `RANGE => VERSION…`, or `error`. The first
    /// line has all the versions.
    const ORACLE: &str = include_str!("masterminds.txt");

    #[test]
    fn ranges_are_read_as_helm_reads_them() {
        let mut lines = ORACLE.lines();
        let versions: Vec<&str> = lines.next().expect("versions").split(' ').collect();
        for line in lines {
            let (text, expected) = line.split_once(" => ").expect(line);
            let ranges = text.split("||").map(Range::parse).collect::<Option<Vec<_>>>();
            let found = ranges.map_or_else(
                || "error".to_owned(),
                |ranges| {
                    let fits = |version: &&&str| {
                        let version = Version::parse(version).expect(version);
                        ranges.iter().any(|range| range.accepts(&version))
                    };
                    versions.iter().filter(fits).copied().collect::<Vec<_>>().join(" ")
                },
            );
            assert_eq!(found, expected, "{text}");
        }
    }
}
