//! Archives: unpacking what a stranger packed, and packing so that the same files give the same
//! bytes.
//!
//! **Invariant:** an archive decides nothing about this machine: no owner, mode or time of it is
//! kept, every path stays below the directory, and nothing is written through a link.

use crate::folder::DEPTH_LIMIT;
use crate::staging::Staging;
use crate::{DiskError, TreeFile};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use tar::{Archive, EntryType, Header};

/// Longest path in an archive, in bytes.
const PATH_LIMIT: usize = 1024;
/// First bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How much an archive may hold.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveLimits {
    /// Bytes of all its files.
    pub total_bytes: u64,
    /// Entries, directories included.
    pub entries: usize,
    /// Whether what lies below `.akua` is unpacked: digests of trees leave it out, so a dependency
    /// comes without it.
    pub keep_vendored: bool,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        // What a render reads at most (SPEC §5), and as many entries as public akua allows.
        Self { total_bytes: 256 << 20, entries: 20_000, keep_vendored: false }
    }
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no archive, or a broken one.
    #[error("it is not a tar archive, or a broken one")]
    Malformed(#[source] io::Error),
    /// A path leads out, or is none that every system has.
    #[error("it has an entry with the path `{path}`")]
    Path {
        /// The path.
        path: String,
    },
    /// A link leads out, or a file lies behind a link.
    #[error("its link `{path}` leads to `{target}`")]
    Link {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// It has a device, a pipe or a hard link.
    #[error("its entry `{path}` is neither a file, nor a directory, nor a symbolic link")]
    Special {
        /// The entry.
        path: String,
    },
    /// Two entries are the same file, on some systems at least.
    #[error("its entries `{path}` and `{other}` are the same file on some systems")]
    Clash {
        /// One path.
        path: String,
        /// The other.
        other: String,
    },
    /// It is larger than allowed.
    #[error("it has more than {limit_bytes} bytes of files")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// It has more entries than allowed.
    #[error("it has more than {limit} entries")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Unpacks a tar archive, gzipped or not, into a staging directory. Entries below `.git` and
/// `.akua` are left out, at any depth.
///
/// # Errors
/// [`ArchiveError`]; what was unpacked stays in the staging directory, which goes when it is
/// dropped.
pub fn unpack(
    archive: impl Read,
    limits: ArchiveLimits,
    staging: &mut Staging,
) -> Result<(), ArchiveError> {
    let mut input = BufReader::new(archive);
    let gzipped = input.fill_buf().map_err(ArchiveError::Malformed)?.starts_with(&GZIP);
    let input: Box<dyn Read> =
        if gzipped { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    // Headers and padding are bytes too: an archive of empty entries ends as well.
    let overhead = u64::try_from(limits.entries).unwrap_or(u64::MAX).saturating_mul(2048);
    let input = input.take(limits.total_bytes.saturating_add(overhead));
    let mut unpacking =
        Unpacking { limits, left_bytes: limits.total_bytes, names: Names::default() };
    let mut archive = Archive::new(input);
    let entries = archive.entries().map_err(ArchiveError::Malformed)?;
    for (count, entry) in entries.enumerate() {
        if count >= limits.entries {
            return Err(ArchiveError::TooMany { limit: limits.entries });
        }
        unpacking.entry(&mut entry.map_err(ArchiveError::Malformed)?, staging)?;
    }
    Ok(())
}

struct Unpacking {
    limits: ArchiveLimits,
    left_bytes: u64,
    names: Names,
}

impl Unpacking {
    fn entry<R: Read>(
        &mut self,
        entry: &mut tar::Entry<'_, R>,
        staging: &mut Staging,
    ) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader) {
            return Ok(());
        }
        let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = entry_path(&raw)?;
        let hidden = |part: &str| part == ".git" || (part == ".akua" && !self.limits.keep_vendored);
        if path.is_empty() || path.split('/').any(hidden) {
            return Ok(());
        }
        match kind {
            EntryType::Directory => {
                self.names.add(&path, Name::Directory)?;
                Ok(staging.folder(&path)?)
            }
            EntryType::Regular => {
                if entry.size() > self.left_bytes {
                    return Err(ArchiveError::TooLarge { limit_bytes: self.limits.total_bytes });
                }
                self.names.add(&path, Name::File)?;
                let written = staging.copy(&path, &mut entry.take(self.left_bytes))?;
                self.left_bytes = self.left_bytes.saturating_sub(written);
                Ok(())
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                check_link(&path, &target)?;
                self.names.add(&path, Name::Link)?;
                Ok(staging.link(&path, &target)?)
            }
            _ => Err(ArchiveError::Special { path }),
        }
    }
}

/// Checks the path of an entry and returns it with `/` alone between its parts.
///
/// # Errors
/// [`ArchiveError::Path`] for absolute paths, `..`, backslashes, control characters, and what is
/// too long or too deep.
pub fn entry_path(raw: &str) -> Result<String, ArchiveError> {
    let refuse = || ArchiveError::Path { path: raw.to_owned() };
    let bad = |letter: char| letter.is_control() || letter == '\\' || letter == '\u{fffd}';
    if raw.starts_with('/') || raw.len() > PATH_LIMIT || raw.contains(bad) {
        return Err(refuse());
    }
    let parts: Vec<&str> = raw.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") || parts.len() > DEPTH_LIMIT {
        return Err(refuse());
    }
    Ok(parts.join("/"))
}

/// Checks where a link leads: up first, not above the root, then down. As nothing lies behind a
/// link (see [`Names`]), each `..` is what it seems.
///
/// # Errors
/// [`ArchiveError::Link`].
pub fn check_link(path: &str, target: &str) -> Result<(), ArchiveError> {
    let refuse = || ArchiveError::Link { path: path.to_owned(), target: target.to_owned() };
    if target.is_empty() || target.starts_with('/') || target.contains(['\0', '\\']) {
        return Err(refuse());
    }
    let mut up_left = path.matches('/').count();
    let mut down = false;
    for part in target.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            up_left = up_left.checked_sub(1).filter(|_| !down).ok_or_else(refuse)?;
        } else {
            down = true;
        }
    }
    Ok(())
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Directory,
    File,
    Link,
}

/// The entries so far, by their path in lower case: what differs in case alone is the same file on
/// some systems.
#[derive(Default)]
struct Names(BTreeMap<String, (String, Name)>);

impl Names {
    /// Adds an entry, and the directories that it lies in.
    fn add(&mut self, path: &str, name: Name) -> Result<(), ArchiveError> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends {
            self.one(path.get(..end).unwrap_or_default(), Name::Directory)?;
        }
        self.one(path, name)
    }

    fn one(&mut self, path: &str, name: Name) -> Result<(), ArchiveError> {
        let folded = path.to_lowercase();
        match self.0.get(&folded) {
            Some((known, Name::Directory)) if known == path && name == Name::Directory => Ok(()),
            Some((known, Name::Link)) if name == Name::Directory => {
                Err(ArchiveError::Link { path: known.clone(), target: path.to_owned() })
            }
            Some((known, _)) => {
                Err(ArchiveError::Clash { path: known.clone(), other: path.to_owned() })
            }
            None => {
                self.0.insert(folded, (path.to_owned(), name));
                Ok(())
            }
        }
    }
}

/// Packs files, in this order, into a gzipped tar archive: the same files give the same bytes.
///
/// # Errors
/// [`ArchiveError::Path`] for a path that [`unpack`] would refuse.
pub fn pack(files: &[TreeFile]) -> Result<Vec<u8>, ArchiveError> {
    // No name, no time, and always the same system in the header of gzip.
    let gzip: GzEncoder<Vec<u8>> =
        GzBuilder::new().operating_system(255).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(gzip);
    archive.mode(tar::HeaderMode::Deterministic);
    for file in files {
        let path = entry_path(&file.path)?;
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(u64::try_from(file.bytes.len()).unwrap_or(u64::MAX));
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        archive
            .append_data(&mut header, &path, file.bytes.as_slice())
            .map_err(ArchiveError::Malformed)?;
    }
    let mut gzip = archive.into_inner().map_err(ArchiveError::Malformed)?;
    gzip.flush().map_err(ArchiveError::Malformed)?;
    gzip.finish().map_err(ArchiveError::Malformed)
}

#[cfg(test)]
mod tests;
