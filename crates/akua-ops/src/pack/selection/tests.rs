use super::*;

/// Decides without a disk about paths, of which those with `/` at their end are directories; returns
/// what is left out.
fn left_out(text: &str, locked: &[&str], paths: &[&str]) -> Vec<String> {
    let root = Folder::open(Path::new("/proc/self/fdinfo")).expect("a directory without files");
    let locked: Vec<String> = locked.iter().map(|path| (*path).to_owned()).collect();
    let rules = rules(text).expect("rules");
    let left_out = Vec::new();
    let mut selection =
        Selection { root: &root, rules, locked: &locked, archive: Some("a.tar.gz"), left_out };
    for path in paths {
        selection.keeps(path.trim_end_matches('/'), path.ends_with('/'));
    }
    let left = selection.left_out.into_iter();
    left.map(|left| format!("{} {}", left.path, left.reason.name())).collect()
}

fn check(text: &str, locked: &[&str], paths: &[&str], expected: &[&str]) {
    assert_eq!(left_out(text, locked, paths), expected, "{text}");
}

#[test]
fn akua_has_rules_of_its_own() {
    let paths = [
        "package.k",
        ".git/",
        "a/.git/",
        ".akua/",
        ".hg/",
        ".gitignore",
        ".env",
        "dist/",
        "a/dist/",
        "inputs.yaml",
        "a/inputs.yaml",
        "inputs.example.yaml",
        "a.tar.gz",
        "b.tgz",
        "b.tgz.akuasig",
        "charts/c.tgz",
    ];
    let expected = [
        ".git/ vcs",
        "a/.git/ vcs",
        ".akua/ akua",
        ".hg/ vcs",
        ".gitignore vcs",
        ".env hidden",
        "dist/ output",
        "inputs.yaml inputs",
        "a.tar.gz output",
        "b.tgz output",
        "b.tgz.akuasig output",
    ];
    check("", &[], &paths, &expected);
}

#[test]
fn rules_are_those_of_gitignore() {
    let paths = ["notes.md", "docs/", "docs/a.md", "a/docs/", "b.log", "keep.log", "a/c.log"];
    check(
        "# all\n\n*.log\n!keep.log\n/docs/\n",
        &[],
        &paths,
        &["docs/ ignored", "docs/a.md ignored", "b.log ignored", "a/c.log ignored"],
    );
    check("docs/**/*.md\n", &[], &paths, &["docs/a.md ignored"]);
}

#[test]
fn what_akua_leaves_out_can_be_brought_back() {
    let text = "!dist\n!inputs.yaml\n!.helmignore\n!.git\n!.akua\n!*.tar.gz\n";
    let paths = ["dist/", "inputs.yaml", ".helmignore", ".git/", ".akua/", "a.tar.gz", ".env"];
    check(text, &[], &paths, &[".git/ vcs", ".akua/ akua", "a.tar.gz output", ".env hidden"]);
}

#[test]
fn what_a_lock_vouches_for_is_packed_as_it_is() {
    let paths =
        ["charts/", "charts/b.md", "charts/web/", "charts/web/.helmignore", "charts/web/.git/"];
    check(
        "charts\n*.md\n",
        &["charts/web/"],
        &paths,
        &["charts/b.md ignored", "charts/web/.git/ vcs"],
    );
}

#[test]
fn rules_end() {
    let refused = |text: &str, words: &str| {
        let error = rules(text).expect_err("refused");
        assert_eq!(error.code, "E_PACK_IGNORE");
        assert!(error.message.contains(words), "{}", error.message);
    };
    rules(&"a\n".repeat(LINES_LIMIT)).expect("exactly enough");
    refused(&"a\n".repeat(LINES_LIMIT.saturating_add(1)), "more than 1000 lines");
    rules(&"a".repeat(LINE_LIMIT_BYTES)).expect("exactly enough");
    refused(&format!("b\n{}", "a".repeat(LINE_LIMIT_BYTES.saturating_add(1))), ":2`: the line");
    refused("a\n{b\n", ":2`");
    // What takes long elsewhere: stars, braces and brackets.
    let hostile = ["*a".repeat(500), "**/".repeat(300), "{".repeat(1000), "[".repeat(1000)];
    for text in hostile {
        if let Ok(rules) = rules(&text) {
            let path = "a/".repeat(400) + "b";
            let _found = rules.matched_path_or_any_parents(path, false);
        }
    }
}
