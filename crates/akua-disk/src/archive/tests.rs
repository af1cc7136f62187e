#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests write files, and headers byte by byte"
)]

use super::*;
use crate::{Folder, TreeLimits};
use std::path::{Path, PathBuf};

/// An empty directory below the target directory of the build.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-disk").join(name);
    let _absent = std::fs::remove_dir_all(&path);
    path
}

/// An entry of a hostile archive: nothing of it is checked when it is written.
fn entry(kind: EntryType, path: &str, link: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o777);
    let raw = header.as_mut_bytes();
    raw[..path.len()].copy_from_slice(path.as_bytes());
    raw[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(path: &str) -> Vec<u8> {
    entry(EntryType::Regular, path, "", b"x")
}

fn link(path: &str, target: &str) -> Vec<u8> {
    entry(EntryType::Symlink, path, target, b"")
}

fn outcome(name: &str, entries: &[Vec<u8>], limits: ArchiveLimits) -> String {
    let root = scratch(name);
    let mut staging = Staging::new(&root).expect("stages");
    let archive = [entries.concat(), vec![0; 1024]].concat();
    let result = unpack(archive.as_slice(), limits, &mut staging);
    let told = match result {
        Ok(()) => {
            let folder = staging.opened("").expect("opens");
            let files = folder.tree("", TreeLimits::default()).expect("reads");
            files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    };
    drop(staging);
    let left = std::fs::read_dir(&root).expect("reads").count();
    assert_eq!(left, 0, "nothing half-written stays");
    told
}

fn check(entries: &[Vec<u8>], expected: &str) {
    let name = format!("unpack-{}", expected.replace(|c: char| !c.is_alphanumeric(), "-"));
    assert_eq!(outcome(&name, entries, ArchiveLimits::default()), expected);
}

#[test]
fn files_directories_and_links_inside_are_unpacked() {
    check(&[file("a"), file("./b/c"), file("b//d")], "a b/c b/d");
    check(
        &[entry(EntryType::Directory, "b/", "", b""), file("b/c"), link("b/l", "../a"), file("a")],
        "a b/c b/l",
    );
    check(&[file("a"), file("x/.git/config"), file(".akua/vendor/b/c")], "a");
}

#[test]
fn vendored_trees_are_kept_where_they_are_wanted() {
    let limits = ArchiveLimits { keep_vendored: true, ..ArchiveLimits::default() };
    let root = scratch("unpack-vendored");
    let mut staging = Staging::new(&root).expect("stages");
    let archive = [file(".akua/vendor/b/c"), vec![0; 1024]].concat();
    unpack(archive.as_slice(), limits, &mut staging).expect("unpacks");
    let vendored = staging.opened(".akua/vendor").expect("opens");
    assert!(vendored.has_file("b/c"));
}

#[test]
fn what_leads_out_is_refused() {
    check(&[file("/etc/passwd")], "it has an entry with the path `/etc/passwd`");
    check(&[file("a/../../b")], "it has an entry with the path `a/../../b`");
    check(&[file("a\\..\\b")], "it has an entry with the path `a\\..\\b`");
    check(&[file("a\nb")], "it has an entry with the path `a\nb`");
    check(&[link("l", "/etc")], "its link `l` leads to `/etc`");
    check(&[link("l", "../x")], "its link `l` leads to `../x`");
    check(&[link("a/l", "../../x")], "its link `a/l` leads to `../../x`");
    // `s` is the root: behind it `..` would lead out, though the text does not.
    check(&[link("s", "."), link("l", "s/../x")], "its link `l` leads to `s/../x`");
    check(&[link("s", "."), file("s/x")], "its link `s` leads to `s`");
    check(&[link("s", "."), link("s/l", "../x")], "its link `s` leads to `s`");
}

#[test]
fn devices_and_hard_links_are_refused() {
    let message = "its entry `d` is neither a file, nor a directory, nor a symbolic link";
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo, EntryType::Link] {
        check(&[entry(kind, "d", "a", b"")], message);
    }
}

#[test]
fn the_same_file_twice_is_refused() {
    check(&[file("a"), file("a")], "its entries `a` and `a` are the same file on some systems");
    check(&[file("a/b"), file("A/c")], "its entries `a` and `A` are the same file on some systems");
    check(&[file("a"), file("a/b")], "its entries `a` and `a` are the same file on some systems");
    check(
        &[link("a", "b"), file("a")],
        "its entries `a` and `a` are the same file on some systems",
    );
}

#[test]
fn too_much_is_refused() {
    let files: Vec<_> = (0..4).map(|n| file(&format!("f{n}"))).collect();
    let limits = ArchiveLimits { entries: 3, ..ArchiveLimits::default() };
    assert_eq!(outcome("unpack-many", &files, limits), "it has more than 3 entries");
    let limits = ArchiveLimits { total_bytes: 3, ..ArchiveLimits::default() };
    assert_eq!(outcome("unpack-large", &files, limits), "it has more than 3 bytes of files");
    let limits = ArchiveLimits { total_bytes: 4, entries: 4, ..ArchiveLimits::default() };
    assert_eq!(outcome("unpack-fits", &files, limits), "f0 f1 f2 f3");
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let root = scratch("unpack-bomb");
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_path("zeros").expect("a path");
    header.set_size(8 << 30);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(header.as_bytes()).expect("packs");
    gzip.write_all(&vec![0; 1 << 20]).expect("packs");
    let bomb = gzip.finish().expect("packs");
    let mut staging = Staging::new(&root).expect("stages");
    let refused = unpack(bomb.as_slice(), ArchiveLimits::default(), &mut staging);
    assert!(matches!(refused, Err(ArchiveError::TooLarge { .. })));
}

#[test]
fn what_is_no_archive_is_refused() {
    let root = scratch("unpack-broken");
    for bytes in [
        &b"not an archive, but long enough to be read as the start of a header"[..],
        &[0x1f, 0x8b, 8, 0],
    ] {
        let mut staging = Staging::new(&root).expect("stages");
        let refused = unpack(bytes, ArchiveLimits::default(), &mut staging);
        assert!(matches!(refused, Err(ArchiveError::Malformed(_))), "{refused:?}");
    }
}

#[test]
fn the_same_files_give_the_same_archive() {
    let long = format!("{}/b", "d".repeat(120));
    let files = [("a", "1"), (long.as_str(), "2")]
        .map(|(path, text)| TreeFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() });
    let packed = pack(&files).expect("packs");
    assert_eq!(packed, pack(&files).expect("packs"));
    let root = scratch("unpack-packed");
    let mut staging = Staging::new(&root).expect("stages");
    unpack(packed.as_slice(), ArchiveLimits::default(), &mut staging).expect("unpacks");
    let to = root.join("done");
    let digest = staging.opened("").expect("opens").digest(TreeLimits::default()).expect("digests");
    staging.commit("", &to).expect("commits");
    let folder = Folder::open(&to).expect("opens");
    assert_eq!(folder.tree("", TreeLimits::default()).expect("reads"), files);
    assert_eq!(folder.digest(TreeLimits::default()).expect("digests"), digest);
    let mut other = Staging::new(&root).expect("stages");
    other.file("a", b"other").expect("writes");
    other.commit("", &to).expect("what is there stays");
    assert_eq!(folder.read("a", 9).expect("reads"), b"1");
}

#[test]
fn a_digest_is_what_sha256sum_says() {
    let root = scratch("digest");
    let mut staging = Staging::new(&root).expect("stages");
    staging.file("b/c", b"two").expect("writes");
    staging.file("a", b"one").expect("writes");
    staging.file("large", &vec![7; 5 << 20]).expect("writes");
    let folder = staging.opened("").expect("opens");
    let digest = folder.digest(TreeLimits::default()).expect("digests");
    // find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum | sha256sum
    let expected = "sha256:20f827b0a3b2e60530e809bfe8b75a20d4a4807bc936e45ea7192c649827c01e";
    assert_eq!(digest.as_str(), expected);
    staging.file("a\nb", b"").expect("writes");
    assert!(matches!(folder.digest(TreeLimits::default()), Err(DiskError::Special { .. })));
}
