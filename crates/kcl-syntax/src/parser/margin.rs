//! The margin of long strings: blanks that all of their lines begin with are no part of the text.

use crate::ast::{StrPart, Text};

/// Takes the margin off the parts of a long string.
///
/// It is that of the line with the fewest blanks at its start. Lines of blanks alone do not count,
/// but for the one before the closing quotes.
pub(super) fn without_margin(parts: &mut Vec<StrPart>) {
    let margin = margin(parts);
    if margin == 0 {
        return;
    }
    let mut left = margin;
    for part in parts.iter_mut() {
        let StrPart::Text(text) = part else {
            left = 0;
            continue;
        };
        let mut out = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                ' ' | '\t' if left > 0 => left = left.saturating_sub(1),
                '\n' => {
                    out.push(letter);
                    left = margin;
                }
                _ => {
                    out.push(letter);
                    left = 0;
                }
            }
        }
        *text = Text::from(out);
    }
    parts.retain(|part| !matches!(part, StrPart::Text(text) if text.is_empty()));
}

/// Returns how many blanks the margin has.
fn margin(parts: &[StrPart]) -> usize {
    let mut least: Option<usize> = None;
    let (mut indent, mut blank) = (0_usize, true);
    let mut count = |indent: usize| least = Some(least.map_or(indent, |least| least.min(indent)));
    for part in parts {
        let StrPart::Text(text) = part else {
            blank = false;
            continue;
        };
        for letter in text.chars() {
            match letter {
                ' ' | '\t' if blank => indent = indent.saturating_add(1),
                '\n' => {
                    if !blank {
                        count(indent);
                    }
                    (indent, blank) = (0, true);
                }
                _ => blank = false,
            }
        }
    }
    if !blank || indent > 0 {
        count(indent);
    }
    least.unwrap_or(0)
}
