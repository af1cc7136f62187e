//! The frames that host and guests exchange: a list of named parts, each a run of raw bytes.
//!
//! **Invariant:** a frame from the other side is hostile. [`decode`] checks every size before it
//! allocates, copies no data and never panics. What host and worker put into the parts is in
//! `protocol.rs`; what engines are told is known to those who send and read it.
//! `engines/wire` mirrors the frames in Go.
//!
//! # Shape
//! `AKW1`, number of parts; then for each part: length of the name, length of the data, name
//! (UTF-8), data. Numbers are `u32`, little-endian; lengths are in bytes; nothing may follow.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used
    )
)]

mod build;
mod decode;
pub mod protocol;

pub use build::FrameBuilder;
pub use decode::{Frame, FrameError, Part, decode};

/// First bytes of every frame; the digit is the version of the layout.
const MAGIC: [u8; 4] = *b"AKW1";
/// Most parts in a frame: the largest public charts have some 2,000 files, a result at most 20,000
/// objects; three times the larger of the two.
pub const MAX_PARTS: u32 = 65_536;
/// Longest name of a part, in bytes: `PATH_MAX` of Linux.
pub const MAX_NAME_BYTES: u32 = 4_096;
