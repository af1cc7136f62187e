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

/// Returns JSON with the characters in its texts escaped that [`escaped`] makes visible: the same
/// value.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_control() || is_bidi(letter) {
            // Below 0x10000, all of them.
            out.extend(format!("\\u{:04x}", u32::from(letter)).chars());
        } else {
            out.push(letter);
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

    #[test]
    fn control_characters_in_json_are_the_same_text() {
        let text = "a\u{1b}[b\n\u{7f}\u{9b}2J\u{202e}é";
        let json = escaped_json(&serde_json::json!(text).to_string());
        assert_eq!(json, r#""a\u001b[b\n\u007f\u009b2J\u202eé""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
