//! Reading a frame that the other side wrote.

use crate::{MAGIC, MAX_NAME_BYTES, MAX_PARTS};

/// A decoded frame; it borrows from the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The parts, in the order of the frame.
    parts: Vec<Part<'a>>,
}

/// One part of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// What the part is called; names may repeat.
    pub name: &'a str,
    /// The bytes of the part.
    pub data: &'a [u8],
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There are more bytes than the reader accepts.
    #[error("the frame has {actual_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge {
        /// Bytes in the frame.
        actual_bytes: usize,
        /// Bytes accepted.
        limit_bytes: usize,
    },
    /// The bytes do not begin like a frame of this version.
    #[error("the frame does not begin with `AKW1`")]
    Magic,
    /// There are more parts than a frame may have.
    #[error("the frame claims {count} parts, the limit is {limit}")]
    TooManyParts {
        /// Parts claimed.
        count: u32,
        /// Parts accepted.
        limit: u32,
    },
    /// A name is longer than a name may be.
    #[error("the name of part {part} has {actual_bytes} bytes, the limit is {limit_bytes}")]
    NameTooLong {
        /// Index of the part.
        part: u32,
        /// Bytes claimed.
        actual_bytes: u32,
        /// Bytes accepted.
        limit_bytes: u32,
    },
    /// A name is not UTF-8.
    #[error("the name of part {part} is not UTF-8")]
    NameEncoding {
        /// Index of the part.
        part: u32,
    },
    /// The frame ends before it is complete.
    #[error("the frame ends within part {part}")]
    Truncated {
        /// Index of the part, or the number of parts claimed if even their headers cannot fit.
        part: u32,
    },
    /// Bytes follow the last part.
    #[error("{count_bytes} bytes follow the last part")]
    Trailing {
        /// How many.
        count_bytes: usize,
    },
}

/// Reads a frame of at most `limit_bytes`.
///
/// # Errors
/// [`FrameError`], in each case before anything is allocated for what is refused.
pub fn decode(bytes: &[u8], limit_bytes: usize) -> Result<Frame<'_>, FrameError> {
    if bytes.len() > limit_bytes {
        return Err(FrameError::TooLarge { actual_bytes: bytes.len(), limit_bytes });
    }
    let rest = bytes.strip_prefix(&MAGIC).ok_or(FrameError::Magic)?;
    let (count, mut rest) = number(rest).ok_or(FrameError::Truncated { part: 0 })?;
    if count > MAX_PARTS {
        return Err(FrameError::TooManyParts { count, limit: MAX_PARTS });
    }
    let capacity = usize::try_from(count).unwrap_or(usize::MAX);
    // Each part has a header of 8 bytes: a count that cannot be true allocates nothing.
    if capacity > rest.len() / 8 {
        return Err(FrameError::Truncated { part: count });
    }
    let mut parts = Vec::with_capacity(capacity);
    for index in 0..count {
        let (part, after) = part(rest, index)?;
        parts.push(part);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(FrameError::Trailing { count_bytes: rest.len() });
    }
    Ok(Frame { parts })
}

/// Reads the part at the front of `bytes`; also returns what follows it.
fn part(bytes: &[u8], index: u32) -> Result<(Part<'_>, &[u8]), FrameError> {
    let truncated = FrameError::Truncated { part: index };
    let (name_bytes, rest) = number(bytes).ok_or(truncated)?;
    let (data_bytes, rest) = number(rest).ok_or(truncated)?;
    if name_bytes > MAX_NAME_BYTES {
        return Err(FrameError::NameTooLong {
            part: index,
            actual_bytes: name_bytes,
            limit_bytes: MAX_NAME_BYTES,
        });
    }
    let (name, rest) = take(rest, name_bytes).ok_or(truncated)?;
    let (data, rest) = take(rest, data_bytes).ok_or(truncated)?;
    let Ok(name) = std::str::from_utf8(name) else {
        return Err(FrameError::NameEncoding { part: index });
    };
    Ok((Part { name, data }, rest))
}

/// Splits a little-endian number off the front.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// Splits `count` bytes off the front.
fn take(bytes: &[u8], count: u32) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(count).ok()?)
}

impl<'a> Frame<'a> {
    /// The parts, in the order of the frame.
    pub fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }

    /// The data of the first part called `name`.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.parts.iter().find(|part| part.name == name).map(|part| part.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameBuilder;

    const LIMIT: usize = 1024;

    fn check(bytes: &[u8], expected: FrameError) {
        assert_eq!(decode(bytes, LIMIT), Err(expected));
    }

    fn sample() -> Vec<u8> {
        FrameBuilder::new().part("request", b"{}").part("chart/a", &[0, 255]).finish()
    }

    /// A frame with one part whose header claims what it likes.
    fn claims(count: u32, name: u32, data: u32, tail: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [count, name, data] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn what_is_built_is_read() {
        let bytes = sample();
        let frame = decode(&bytes, LIMIT).expect("a frame");
        assert_eq!(frame.parts().len(), 2);
        assert_eq!(frame.get("request"), Some(&b"{}"[..]));
        assert_eq!(frame.get("chart/a"), Some(&[0, 255][..]));
        assert_eq!(frame.get("other"), None);
    }

    #[test]
    fn the_empty_frame_is_a_frame() {
        let bytes = FrameBuilder::new().finish();
        assert_eq!(decode(&bytes, LIMIT).expect("a frame").parts(), []);
    }

    #[test]
    fn every_cut_is_refused() {
        let bytes = sample();
        for end in 0..bytes.len() {
            decode(&bytes[..end], LIMIT).expect_err("a cut frame");
        }
    }

    #[test]
    fn the_limit_counts_the_whole_frame() {
        let bytes = sample();
        assert!(decode(&bytes, bytes.len()).is_ok());
        let limit_bytes = bytes.len() - 1;
        let refused = FrameError::TooLarge { actual_bytes: bytes.len(), limit_bytes };
        assert_eq!(decode(&bytes, limit_bytes), Err(refused));
    }

    #[test]
    fn another_magic_is_refused() {
        check(b"AKW2\0\0\0\0", FrameError::Magic);
        check(b"", FrameError::Magic);
    }

    #[test]
    fn too_many_parts_are_refused() {
        let count = MAX_PARTS + 1;
        check(&claims(count, 0, 0, b""), FrameError::TooManyParts { count, limit: MAX_PARTS });
    }

    #[test]
    fn a_count_that_cannot_fit_is_refused() {
        check(&claims(MAX_PARTS, 0, 0, b""), FrameError::Truncated { part: MAX_PARTS });
    }

    #[test]
    fn a_long_name_is_refused() {
        let long = MAX_NAME_BYTES + 1;
        let refused =
            FrameError::NameTooLong { part: 0, actual_bytes: long, limit_bytes: MAX_NAME_BYTES };
        check(&claims(1, long, 0, b""), refused);
    }

    #[test]
    fn lengths_past_the_end_are_refused() {
        check(&claims(1, 4, 0, b"abc"), FrameError::Truncated { part: 0 });
        check(&claims(1, 1, u32::MAX, b"abc"), FrameError::Truncated { part: 0 });
    }

    #[test]
    fn a_name_that_is_not_utf8_is_refused() {
        check(&claims(1, 1, 0, &[0xff]), FrameError::NameEncoding { part: 0 });
    }

    #[test]
    fn what_follows_the_last_part_is_refused() {
        check(&claims(1, 0, 0, b"x"), FrameError::Trailing { count_bytes: 1 });
    }
}
