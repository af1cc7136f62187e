//! Where fetched bytes go.

use std::io::{self, Seek, SeekFrom, Write};

/// A place for fetched bytes that can be emptied: a transfer may have to begin again.
///
/// What was written counts only once the fetch has returned success; after an error the sink has
/// been emptied, as far as it let itself be.
pub trait Sink: Write {
    /// Forgets everything written so far.
    ///
    /// # Errors
    /// Where the place cannot be emptied.
    fn restart(&mut self) -> io::Result<()>;
}

impl Sink for Vec<u8> {
    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

/// A file that somebody opened for this; it is truncated to nothing by a restart.
impl Sink for std::fs::File {
    fn restart(&mut self) -> io::Result<()> {
        self.set_len(0)?;
        self.seek(SeekFrom::Start(0)).map(drop)
    }
}
