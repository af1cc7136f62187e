//! A guest that misbehaves as its request says, for the tests of akua-sandbox.

use anyhow::Result;

use crate::data;
use crate::preinit::Snapshot;

/// The module; the first byte of the request chooses what it does.
const MODULE: &str = include_str!("hostile.wat");

/// The guest, as if it had been snapshotted.
pub fn build() -> Result<Snapshot> {
    let module = wat::parse_str(MODULE)?;
    let image = data::image(&module)?;
    Ok(Snapshot(data::replace(&module, Some(&image))?))
}

/// What the result depends on.
pub fn source() -> &'static [u8] {
    MODULE.as_bytes()
}
