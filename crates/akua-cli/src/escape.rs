//! Text of others, made harmless for a terminal.

/// Returns text with control characters made visible, except line ends and tabs.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            _ if letter.is_control() || is_bidi(letter) => out.extend(letter.escape_unicode()),
            _ => out.push(letter),
        }
    }
    out
}

/// Returns whether a character changes the direction of the text around it.
fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(escaped("a\u{1b}[31mb\n\tc\u{202e}\r"), "a\\u{1b}[31mb\n\tc\\u{202e}\\u{d}");
    }
}
