//! Diagnostics: they point into the text that they are about.

use akua_source::Diagnostic;

/// Checks diagnostics about one text: each has one of these codes, and labels within the text.
///
/// # Panics
/// One has not: the finding of a target.
pub fn check(text: &str, diagnostics: &[Diagnostic], codes: &[&str]) {
    for told in diagnostics {
        assert!(codes.contains(&told.code.as_str()), "{told:?} of {text:?}");
        for label in &told.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(start <= end && end <= text.len(), "{told:?} of {text:?}");
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{told:?}");
        }
    }
}
