//! One shared text for each distinct name of a file.

use crate::ast::Text;

/// A table of texts, found by their content.
#[derive(Debug)]
pub(crate) struct Interner {
    /// Open addressing; the length is a power of two and at least a third is free.
    slots: Vec<Option<Text>>,
    used: usize,
}

impl Default for Interner {
    fn default() -> Self {
        Self { slots: vec![None; 256], used: 0 }
    }
}

impl Interner {
    /// Returns the shared text equal to `text`.
    pub(crate) fn intern(&mut self, text: &str) -> Text {
        if self.used.saturating_mul(3) > self.slots.len().saturating_mul(2) {
            self.grow();
        }
        let at = find(&self.slots, text);
        match self.slots.get_mut(at) {
            Some(Some(found)) => Text::clone(found),
            Some(slot) => {
                let text = Text::from(text);
                *slot = Some(Text::clone(&text));
                self.used = self.used.saturating_add(1);
                text
            }
            None => Text::from(text),
        }
    }

    /// Doubles the table.
    fn grow(&mut self) {
        let mut slots = vec![None; self.slots.len().saturating_mul(2)];
        for text in self.slots.drain(..).flatten() {
            let at = find(&slots, &text);
            if let Some(slot) = slots.get_mut(at) {
                *slot = Some(text);
            }
        }
        self.slots = slots;
    }
}

/// Returns the slot that holds `text`, or the free one where it belongs.
fn find(slots: &[Option<Text>], text: &str) -> usize {
    let mask = slots.len().saturating_sub(1);
    let mut at = hash(text) & mask;
    // A free slot always exists, so the walk ends.
    while let Some(Some(other)) = slots.get(at) {
        if &**other == text {
            return at;
        }
        at = at.wrapping_add(1) & mask;
    }
    at
}

/// Returns the FNV-1a hash.
fn hash(text: &str) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    for byte in text.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    usize::try_from(hash ^ (hash >> 15)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_shared() {
        let mut interner = Interner::default();
        let names: Vec<Text> = (0..2000).map(|i| interner.intern(&format!("n{i}"))).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(Text::ptr_eq(name, &interner.intern(&format!("n{i}"))));
        }
        assert!(!Text::ptr_eq(&names[0], &names[1]));
    }
}
