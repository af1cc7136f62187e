#![expect(clippy::disallowed_methods, reason = "tests of files")]

use super::*;

fn cache(name: &str) -> Cache {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-cache").join(name);
    let _absent = std::fs::remove_dir_all(&path);
    Cache::new(&path)
}

fn insert(cache: &Cache, text: &str) -> Digest {
    let mut staging = cache.staging().expect("stages");
    staging.file("wrapper/a", text.as_bytes()).expect("writes");
    let wrapper = staging.wrapper().expect("looks");
    cache.insert(staging, &wrapper).expect("inserts")
}

#[test]
fn a_tree_is_there_under_its_digest() {
    let cache = cache("insert");
    let digest = insert(&cache, "one");
    assert_eq!(insert(&cache, "one"), digest);
    let folder = cache.open(&digest).expect("opens").expect("is there");
    assert_eq!(folder.read("a", 9).expect("reads"), b"one");
    assert!(cache.open(&Digest::from_bytes([0; 32])).expect("looks").is_none());
    let listed = cache.list().expect("lists");
    assert_eq!(listed.iter().map(|entry| entry.size_bytes).collect::<Vec<_>>(), [Some(3)]);
}

#[test]
fn a_tree_that_was_changed_is_not_used() {
    let cache = cache("corrupt");
    let digest = insert(&cache, "one");
    std::fs::write(cache.tree(&digest).join("a"), "two").expect("writes");
    let corrupt = cache.verify().expect("verifies");
    assert!(matches!(corrupt.as_slice(), [found] if found.expected == digest));
    assert!(cache.open(&digest).expect("looks").is_none());
    assert!(cache.verify().expect("verifies").is_empty(), "it is gone");
    assert_eq!(insert(&cache, "one"), digest);
    std::fs::write(cache.tree(&digest).join("b"), "more").expect("writes");
    assert_eq!(insert(&cache, "one"), digest, "what is broken makes room");
    assert!(cache.open(&digest).expect("looks").is_some());
}

#[test]
fn collecting_keeps_what_is_named_and_what_is_being_written() {
    let cache = cache("collect");
    let (one, two) = (insert(&cache, "one"), insert(&cache, "two"));
    cache.note("kind", b"key", b"fact");
    assert_eq!(cache.fact("kind", b"key").as_deref(), Some(b"fact".as_slice()));
    let busy = cache.staging().expect("stages");
    let abandoned = cache.path().join("staging/0-0");
    std::fs::create_dir_all(&abandoned).expect("makes");
    assert_eq!(cache.collect(std::slice::from_ref(&one)).expect("collects"), (1, 3));
    assert!(cache.open(&one).expect("looks").is_some());
    assert!(cache.open(&two).expect("looks").is_none());
    assert!(busy.path().exists() && !abandoned.exists());
    assert_eq!(cache.fact("kind", b"key"), None);
}
