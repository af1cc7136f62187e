//! A snapshot does not change while it is used, leads nowhere, and counts what is read.
#![expect(clippy::disallowed_methods, reason = "makes files")]

use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A fresh directory with a tree `in` and a secret beside it.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-disk").join(name);
    let _absent = fs::remove_dir_all(&path);
    for (file, text) in [
        ("in/a.txt", "a"),
        ("in/sub/b.txt", "bb"),
        ("in/.git/config", "g"),
        ("in/sub/.akua/vendor/x", "v"),
        ("secret/s", "s"),
    ] {
        let file = path.join(file);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
        fs::write(file, text).expect("a file");
    }
    symlink("../secret/s", path.join("in/out")).expect("a link");
    symlink("sub", path.join("in/inside")).expect("a link");
    path
}

fn plain(root: &Path) -> Snapshot {
    Folder::open(&root.join("in")).expect("opens").into()
}

/// As `plain`, but vouched for.
fn locked(root: &Path) -> Snapshot {
    fs::remove_file(root.join("in/out")).expect("removes");
    let folder = Folder::open(&root.join("in")).expect("opens");
    let listing = folder.listing(TreeLimits::default()).expect("lists");
    Snapshot::locked(folder, Arc::new(listing), String::new())
}

fn meter() -> ReadMeter {
    ReadMeter::new(TreeLimits::default())
}

fn check(tree: &Snapshot, meter: &ReadMeter) {
    let names = |path: &str| {
        let names = tree.names(path, meter).expect("lists");
        names
            .iter()
            .map(|(name, folder)| format!("{name}{}", if *folder { "/" } else { "" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["a.txt", "inside/", "sub/"]);
    assert_eq!(names("sub"), ["b.txt"]);
    assert_eq!(names("inside"), ["b.txt"]);
    assert_eq!(&*tree.read_metered("inside/b.txt", meter).expect("reads"), b"bb");
    assert_eq!(tree.look("sub/b.txt").expect("is there"), Found::File(2));
    for hidden in [".git", ".git/config", "sub/.akua/vendor/x", "nothing"] {
        assert!(matches!(tree.look(hidden), Err(DiskError::Missing { .. })), "{hidden}");
        let read = tree.read_metered(hidden, meter);
        assert!(matches!(read, Err(DiskError::Missing { .. })), "{hidden}");
        assert!(tree.names(hidden, meter).is_err(), "{hidden}");
        assert!(tree.tree(hidden, meter).is_err(), "{hidden}");
    }
    let below = tree.tree("sub", meter).expect("reads");
    assert_eq!(below, [("b.txt".to_owned(), b"bb".as_slice().into())]);
}

#[test]
fn a_tree_has_its_files_and_no_others() {
    let root = scratch("snapshot-plain");
    let tree = plain(&root);
    assert!(matches!(tree.look("out"), Err(DiskError::Escape { .. })));
    assert!(matches!(tree.read_metered("out", &meter()), Err(DiskError::Escape { .. })));
    assert!(matches!(tree.tree("", &meter()), Err(DiskError::Escape { .. })));
    check(&tree, &meter());
    check(&locked(&scratch("snapshot-locked")), &meter());
}

#[test]
fn what_was_read_stays_what_it_was() {
    let root = scratch("snapshot-swapped");
    let tree = plain(&root);
    let meter = meter();
    let before = tree.read_metered("a.txt", &meter).expect("reads");
    let names = tree.names("sub", &meter).expect("lists");
    fs::remove_file(root.join("in/a.txt")).expect("removes");
    symlink("../secret/s", root.join("in/a.txt")).expect("a link");
    fs::write(root.join("in/sub/late"), "x").expect("a file");
    assert_eq!(tree.read_metered("a.txt", &meter).expect("reads"), before);
    assert_eq!(tree.look("a.txt").expect("is there"), Found::File(1));
    assert_eq!(tree.names("sub", &meter).expect("lists"), names);
    // A directory that is swapped for a link out of the tree wins nothing.
    fs::rename(root.join("in/sub"), root.join("in/old")).expect("renames");
    symlink("../secret", root.join("in/sub")).expect("a link");
    assert!(tree.read_metered("sub/s", &meter).is_err());
    assert_eq!((meter.files(), meter.bytes()), (1, 1), "a file counts once");
}

#[test]
fn what_a_lock_vouches_for_is_checked_when_it_is_read() {
    let root = scratch("snapshot-changed");
    let tree = locked(&root);
    let meter = meter();
    fs::write(root.join("in/a.txt"), "other").expect("a file");
    fs::write(root.join("in/sub/late"), "x").expect("a file");
    assert!(matches!(tree.read_metered("a.txt", &meter), Err(DiskError::Changed { .. })));
    assert!(matches!(tree.read_metered("sub/late", &meter), Err(DiskError::Missing { .. })));
    assert_eq!(tree.names("sub", &meter).expect("lists").len(), 1);
}

#[test]
fn what_was_rendered_is_no_part_of_a_package() {
    let root = scratch("snapshot-outputs");
    fs::remove_file(root.join("in/out")).expect("removes");
    let paths = || {
        let files = plain(&root).tree("", &meter()).expect("reads");
        files.into_iter().map(|(path, _)| path).collect::<Vec<_>>()
    };
    let digest = || plain(&root).source_digest("a.txt", TreeLimits::default());
    let before = (paths(), digest());
    fs::create_dir(root.join("in/deploy")).expect("a directory");
    for name in [INVENTORY, "x.yaml"] {
        fs::write(root.join("in/deploy").join(name), "x").expect("a file");
    }
    assert_eq!((paths(), digest()), before);
    assert_eq!(plain(&root).tree("deploy", &meter()).expect("reads").len(), 2, "asked for itself");
    fs::write(root.join("in/a.txt"), "other").expect("a file");
    assert_ne!(digest(), before.1);
}

#[test]
fn looking_takes_no_memory_without_end() {
    let root = scratch("snapshot-looks");
    symlink(".", root.join("in/loop")).expect("a link");
    let tree = plain(&root);
    let few = ReadMeter::new(TreeLimits { files: 100, total_bytes: 100 });
    let deep = |levels: usize| "loop/".repeat(levels);
    let ends = |levels| tree.names(deep(levels).trim_end_matches('/'), &few).is_err();
    assert!((1..100).any(ends), "names of one directory by many paths");
    for at in 0..3_000 {
        let missing = tree.look(&format!("{}{at}", "x/".repeat(1_000)));
        assert!(missing.is_err());
    }
    assert!(tree.seen().node_bytes <= NODE_BYTES_LIMIT);
    assert_eq!(tree.look("a.txt").expect("is there"), Found::File(1), "looked up again");
}

#[test]
fn reading_ends_at_the_limits() {
    let root = scratch("snapshot-limits");
    let limits = |files, total_bytes| ReadMeter::new(TreeLimits { total_bytes, files });
    let enough = limits(2, 3);
    let tree = plain(&root);
    tree.read_metered("a.txt", &enough).expect("reads");
    tree.read_metered("sub/b.txt", &enough).expect("reads");
    tree.read_metered("a.txt", &enough).expect("was read before");
    let few = limits(1, 3);
    let tree = plain(&root);
    tree.read_metered("a.txt", &few).expect("reads");
    let refused = tree.read_metered("sub/b.txt", &few);
    assert!(matches!(refused, Err(DiskError::TooMany { limit: 1, .. })));
    let small = limits(2, 2);
    let tree = plain(&root);
    tree.read_metered("a.txt", &small).expect("reads");
    let refused = tree.read_metered("sub/b.txt", &small);
    assert!(matches!(refused, Err(DiskError::TooLarge { .. })));
    assert!(matches!(tree.names("", &limits(2, 9)), Err(DiskError::TooMany { .. })));
}
