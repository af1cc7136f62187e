//! What a server said, fit to be shown.

use std::fmt;

/// How much of it is kept, in characters: enough for the error of a registry.
const LIMIT_CHARS: usize = 200;

/// Text that a server sent: at most 200 characters, control characters made visible.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteText(String);

impl RemoteText {
    /// Caps and escapes what a server said.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        // Four bytes a character at most: what is cut here would be cut below.
        let bytes = bytes.get(..LIMIT_CHARS.saturating_mul(4)).unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        let mut kept = String::new();
        for character in text.chars().take(LIMIT_CHARS) {
            if character.is_control() || is_direction(character) {
                kept.extend(character.escape_unicode());
            } else {
                kept.push(character);
            }
        }
        if text.chars().nth(LIMIT_CHARS).is_some() {
            kept.push('…');
        }
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it turns the reading direction, with which a message can be made to lie.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for RemoteText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RemoteText;

    #[test]
    fn control_characters_are_visible_and_length_is_capped() {
        assert_eq!(RemoteText::new(b"a\x1b[31mb\n").as_str(), "a\\u{1b}[31mb");
        assert_eq!(RemoteText::new("\u{202e}x".as_bytes()).as_str(), "\\u{202e}x");
        assert_eq!(RemoteText::new(&[b'x'; 200]).as_str().chars().count(), 200);
        assert_eq!(RemoteText::new(&[b'x'; 9000]).as_str().chars().count(), 201);
    }
}
