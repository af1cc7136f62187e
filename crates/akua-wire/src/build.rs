//! Putting a frame together.

use crate::MAGIC;

/// A frame under construction.
#[derive(Debug)]
pub struct FrameBuilder {
    /// The bytes so far; the count behind the magic is written by `finish`.
    bytes: Vec<u8>,
    /// Parts so far.
    count: u32,
}

impl Default for FrameBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameBuilder {
    /// An empty frame.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty frame with room for `data_bytes` bytes of names and data.
    pub fn with_capacity(data_bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(data_bytes.saturating_add(8));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&0_u32.to_le_bytes());
        Self { bytes, count: 0 }
    }

    /// Adds a part.
    ///
    /// A name or data of 4 GiB and more is recorded with the length `u32::MAX`, which no reader
    /// accepts: the limits of the readers are far below.
    #[must_use]
    pub fn part(mut self, name: &str, data: &[u8]) -> Self {
        self.push(name, data);
        self
    }

    /// Adds a part to a frame that is held by reference; see [`FrameBuilder::part`].
    pub fn push(&mut self, name: &str, data: &[u8]) {
        for length in [name.len(), data.len()] {
            let length = u32::try_from(length).unwrap_or(u32::MAX);
            self.bytes.extend_from_slice(&length.to_le_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(data);
        self.count = self.count.saturating_add(1);
    }

    /// The bytes of the frame.
    pub fn finish(mut self) -> Vec<u8> {
        if let Some(slot) = self.bytes.get_mut(4..8) {
            slot.copy_from_slice(&self.count.to_le_bytes());
        }
        self.bytes
    }
}
