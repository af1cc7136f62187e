//! Trees on disk as the files that a guest sees, and how much of them a render reads.

use akua_disk::{DiskError, Found, ReadMeter, SharedFile, Snapshot, TreeLimits};
use akua_sandbox::{Files, FilesError, Holder, Mount, Node, Session};
use akua_source::{Budget, Budgets};
use std::sync::Arc;

/// What a render reads, over all its trees; what is read is held until it ends.
#[derive(Debug, Clone)]
pub(crate) struct Reads {
    meter: Arc<ReadMeter>,
    holder: Holder,
}

impl Reads {
    /// Nothing read yet.
    pub(crate) fn new(session: &Session, budgets: &Budgets) -> Self {
        let limits = TreeLimits {
            total_bytes: budgets.amount(Budget::Read),
            files: budgets.size(Budget::Files),
        };
        Self { meter: Arc::new(ReadMeter::new(limits)), holder: session.holder() }
    }

    /// Returns how many files were read, and how many bytes they have.
    pub(crate) fn used(&self) -> (u64, u64) {
        (self.meter.files(), self.meter.bytes())
    }

    /// Returns a tree as a mount.
    pub(crate) fn mount(&self, guest_path: String, tree: &Arc<Snapshot>) -> Mount {
        let mounted = Mounted { tree: Arc::clone(tree), reads: self.clone() };
        Mount { guest_path, files: Arc::new(mounted) }
    }

    /// Reads all files below a directory, for an engine.
    pub(crate) fn tree(&self, tree: &Snapshot, start: &str) -> Result<Vec<SharedFile>, ReadError> {
        let before = self.meter.bytes();
        let files = tree.tree(start, &self.meter)?;
        self.hold(before)?;
        Ok(files)
    }

    /// Holds what was read since the meter stood at `before`.
    fn hold(&self, before: u64) -> Result<(), ReadError> {
        let more = self.meter.bytes().saturating_sub(before);
        let held = self.holder.hold(usize::try_from(more).unwrap_or(usize::MAX));
        if held { Ok(()) } else { Err(ReadError::NoMemory) }
    }
}

/// Why a tree could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The disk, or a limit on reading.
    Disk(DiskError),
    /// The render has no memory left to hold it.
    NoMemory,
}

impl From<DiskError> for ReadError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

impl From<ReadError> for FilesError {
    fn from(error: ReadError) -> Self {
        let error = match error {
            ReadError::Disk(error) => error,
            ReadError::NoMemory => return Self::NoMemory,
        };
        match error {
            DiskError::Missing { .. } => Self::Missing,
            DiskError::Escape { .. } | DiskError::Special { .. } | DiskError::TooDeep { .. } => {
                Self::Denied
            }
            DiskError::Changed { .. } => Self::Changed,
            DiskError::TooMany { limit, .. } => {
                Self::TooMany { limit: u64::try_from(limit).unwrap_or(u64::MAX) }
            }
            DiskError::TooLarge { .. } => Self::TooMuch,
            DiskError::Io { .. } | DiskError::Write { .. } => Self::Unreadable,
        }
    }
}

/// A tree that a guest sees.
#[derive(Debug)]
struct Mounted {
    tree: Arc<Snapshot>,
    reads: Reads,
}

impl Files for Mounted {
    fn look(&self, path: &str) -> Result<Node, FilesError> {
        match self.tree.look(path).map_err(ReadError::from)? {
            Found::File(size_bytes) => Ok(Node::File(size_bytes)),
            Found::Folder => Ok(Node::Folder),
        }
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FilesError> {
        let before = self.reads.meter.bytes();
        let read = self.tree.read_metered(path, &self.reads.meter);
        let bytes = read.map_err(ReadError::from)?;
        self.reads.hold(before)?;
        Ok(bytes)
    }

    fn names(&self, path: &str) -> Result<Arc<[(String, bool)]>, FilesError> {
        Ok(self.tree.names(path, &self.reads.meter).map_err(ReadError::from)?)
    }
}
