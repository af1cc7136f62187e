//! Stage 2: a module with some 100,000 data segments → one with a few.
//!
//! Go's linker writes a segment for each run of data, wizer adds its own, and engines accept
//! 100,000 in all.

use anyhow::Result;

use crate::data;
use crate::go_build::GoModule;
use crate::worker_build::RustModule;

/// A module with few data segments.
pub struct Merged(pub Vec<u8>);

impl TryFrom<GoModule> for Merged {
    type Error = anyhow::Error;

    fn try_from(module: GoModule) -> Result<Self> {
        merge(&module.0)
    }
}

impl TryFrom<RustModule> for Merged {
    type Error = anyhow::Error;

    fn try_from(module: RustModule) -> Result<Self> {
        merge(&module.0)
    }
}

/// Merges the segments of `module`.
fn merge(module: &[u8]) -> Result<Merged> {
    data::ensure_plain(module)?;
    Ok(Merged(data::replace(module, Some(&data::image(module)?))?))
}
