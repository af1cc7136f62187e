//! Any archive is unpacked or refused; what is written lies in the staging directory, leads nowhere
//! else, and is within the limits. What was unpacked is packed and unpacked to the same.
#![no_main]

use akua_disk::{ArchiveLimits, Staging, TreeLimits, pack, unpack};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::Path;

/// What an archive may hold here.
const LIMITS: ArchiveLimits =
    ArchiveLimits { total_bytes: 64 << 10, entries: 64, keep_vendored: false };

fuzz_target!(|bytes: &[u8]| {
    // A directory in memory: the disk is not what is tested.
    let root = Path::new("/dev/shm").join(format!("akua-fuzz-{}", std::process::id()));
    let parent = root.join("parent");
    let mut staging = Staging::new(&parent).expect("stages");
    let archive = match bytes.split_first() {
        Some((b'#', text)) => described(text),
        _ => bytes.to_vec(),
    };
    let unpacked = unpack(archive.as_slice(), LIMITS, &mut staging);
    assert_eq!(names(&root), 1, "beside the parent");
    assert_eq!(names(&parent), 1, "beside the staging directory");
    let real = fs::canonicalize(staging.path()).expect("is there");
    let mut found = Found::default();
    found.walk(&real, &real);
    // A directory above each entry, at most as deep as paths go.
    assert!(found.bytes <= LIMITS.total_bytes, "{} bytes", found.bytes);
    assert!(found.files <= LIMITS.entries, "{} files", found.files);
    if unpacked.is_ok() {
        repack(&staging, &parent);
    }
    drop(staging);
    assert_eq!(names(&parent), 0, "it is still there");
});

/// Packs what was unpacked, and unpacks it again.
fn repack(staging: &Staging, parent: &Path) {
    let limits = TreeLimits::default();
    let folder = staging.opened("").expect("opens");
    // A link to nothing, or in a cycle, is told when the tree is read.
    let Ok(files) = folder.tree("", limits) else { return };
    let Ok(packed) = pack(&files) else { return };
    assert_eq!(pack(&files).expect("packs"), packed);
    let mut again = Staging::new(parent).expect("stages");
    let limits_again = ArchiveLimits { total_bytes: 64 << 20, entries: 100_000, ..LIMITS };
    unpack(packed.as_slice(), limits_again, &mut again).expect("what was packed is unpacked");
    let again = again.opened("").expect("opens").tree("", limits).expect("reads");
    assert_eq!(again, files);
}

/// What was written.
#[derive(Default)]
struct Found {
    files: usize,
    bytes: u64,
}

impl Found {
    fn walk(&mut self, path: &Path, root: &Path) {
        for entry in fs::read_dir(path).expect("reads") {
            let path = entry.expect("reads").path();
            let about = fs::symlink_metadata(&path).expect("is there");
            if about.is_dir() {
                self.walk(&path, root);
            } else if about.is_file() {
                self.files += 1;
                self.bytes += about.len();
            } else {
                assert!(about.is_symlink(), "{}", path.display());
                // A link to nothing leads to where nothing is; one to something stays inside.
                if let Ok(target) = fs::canonicalize(&path) {
                    assert!(target.starts_with(root), "{} -> {}", path.display(), target.display());
                }
            }
        }
    }
}

fn names(path: &Path) -> usize {
    fs::read_dir(path).expect("reads").count()
}

/// Makes an archive of lines: the type of an entry as tar has it, its path, the target of a link and
/// its content, with tabs between them. Checksums that fuzzing does not find are right, the rest is as
/// it comes.
fn described(text: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut fields = line[1..].splitn(3, |byte| *byte == b'\t');
        let (path, link) = (fields.next().unwrap_or(b""), fields.next().unwrap_or(b""));
        let content = fields.next().unwrap_or(b"");
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(line[0]));
        header.set_size(content.len() as u64);
        let raw = header.as_mut_bytes();
        raw.iter_mut().zip(path.iter().take(100)).for_each(|(to, from)| *to = *from);
        raw[157..].iter_mut().zip(link.iter().take(100)).for_each(|(to, from)| *to = *from);
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}
