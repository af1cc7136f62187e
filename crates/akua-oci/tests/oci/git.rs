//! Git: real repositories over every way there is, and hostile ones.

use std::path::Path;

use akua_oci::{Client, Digest, FetchError, GitEntry, GitEntryKind, GitProblem, GitRef, HostRules};

use crate::git_repository::{Daemon, Repository, git, make, program, publish};
use crate::hostile_server::{Hostile, endless, reply};
use crate::server::Server;
use crate::{basic, client, client_with, quick, scratch};

/// A server of the repository, by way of git's own program.
fn serve(repository: &Repository, arguments: &[&str]) -> Server {
    let root = repository.root.to_str().expect("UTF-8");
    let backend = program("git-http-backend");
    let backend = backend.to_str().expect("UTF-8");
    Server::start(&[&["-git", backend, "-root", root], arguments].concat())
}

/// Fetches, and returns the commit and its files.
fn fetch(
    client: &Client,
    url: &str,
    reference: &GitRef,
) -> Result<(String, Vec<GitEntry>), FetchError> {
    let mut entries = Vec::new();
    let mut sink = |entry| {
        entries.push(entry);
        Ok(())
    };
    let commit = client.fetch_git(url, reference, &scratch("fetch"), &mut sink)?;
    Ok((commit, entries))
}

/// A tag.
fn tag(name: &str) -> GitRef {
    GitRef::Tag(name.to_owned())
}

/// Checks tags, pins and files of the repository behind a URL.
fn check(client: &Client, url: &str, repository: &Repository) {
    let tags = client.list_git_refs(url).expect("the tags");
    let tags: Vec<_> = tags.iter().map(|tag| (tag.name.as_str(), tag.commit.as_str())).collect();
    let first = repository.first.as_str();
    assert_eq!(tags, [("light", first), ("nested", first), ("v1.0.0", first)], "{url}");
    for name in ["light", "v1.0.0", "nested"] {
        let (commit, entries) = fetch(client, url, &tag(name)).expect("the tag");
        assert_eq!(commit, first, "{url} {name}");
        check_entries(&entries, b"name: a\n");
    }
    for (rev, chart) in [(first, b"name: a\n"), (repository.second.as_str(), b"name: b\n")] {
        let (commit, entries) = fetch(client, url, &GitRef::Rev(rev.to_owned())).expect("the rev");
        assert_eq!(commit, rev, "{url}");
        check_entries(&entries, chart);
    }
    // The id of a tag object is no pin of a commit.
    let annotated = git(&repository.root.join("work"), &["rev-parse", "v1.0.0"]);
    let refused = fetch(client, url, &GitRef::Rev(annotated));
    assert!(matches!(refused, Err(FetchError::Git { problem: GitProblem::Commit, .. })), "{url}");
    let missing = fetch(client, url, &tag("v9")).map_err(|err| err.code());
    assert_eq!(missing, Err("E_FETCH_NOT_FOUND"), "{url}");
    let unknown = GitRef::Rev("0123456789012345678901234567890123456789".to_owned());
    assert!(fetch(client, url, &unknown).is_err(), "{url}");
}

/// Checks the files: in order, with their bytes as they were committed.
fn check_entries(entries: &[GitEntry], chart: &[u8]) {
    let long = vec![b'x'; 100_000];
    let link = GitEntryKind::Link("../Chart.yaml".to_owned());
    let expected: [(&str, GitEntryKind, &[u8]); 5] = [
        (".gitattributes", GitEntryKind::File, b"* text eol=crlf\n"),
        ("Chart.yaml", GitEntryKind::File, chart),
        ("run.sh", GitEntryKind::Executable, b"#!/bin/sh\n"),
        ("templates/deep/x.yaml", GitEntryKind::File, &long),
        ("templates/link", link, b""),
    ];
    let expected = expected.map(|(path, kind, bytes)| (path, kind, Digest::of(bytes)));
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.kind.clone(), Digest::of(&entry.bytes)))
        .collect();
    assert_eq!(found, expected);
}

/// The URL of a directory.
fn file_url(path: &Path) -> String {
    format!("file://{}", path.display())
}

#[test]
fn from_a_folder() {
    let repository = make();
    check(&client(), &file_url(&repository.root.join("a.git")), &repository);
    check(&client(), &file_url(&repository.root.join("work")), &repository);
    let hosts = HostRules::default();
    let strict = Client::new(akua_oci::ClientOptions { hosts, ..quick() }).expect("a client");
    let refused = strict.list_git_refs(&file_url(&repository.root.join("a.git")));
    assert_eq!(refused.map_err(|err| err.code()), Err("E_FETCH_HOST"));
}

#[test]
fn from_a_daemon() {
    let repository = make();
    let daemon = Daemon::start(&repository.root);
    check(&client(), &format!("git://127.0.0.1:{}/a.git", daemon.port), &repository);
    check(&client(), &format!("git://localhost:{}/a.git", daemon.port), &repository);
}

#[test]
fn over_http() {
    let repository = make();
    let server = serve(&repository, &[]);
    check(&client(), &format!("http://{}/git/a.git", server.host()), &repository);
    check(&client(), &format!("http://localhost:{}/git/a.git/", server.port), &repository);
    // Moved for good: the GET is redirected, and the POST goes where it led.
    check(&client(), &format!("http://{}/moved/a.git", server.host()), &repository);
    let missing = client().list_git_refs(&format!("http://{}/git/b.git", server.host()));
    assert_eq!(missing.map_err(|err| err.code()), Err("E_FETCH_NOT_FOUND"));
}

#[test]
fn over_http_with_a_password() {
    let repository = make();
    let server = serve(&repository, &["-basic", "me:secret"]);
    let url = format!("http://{}/git/a.git", server.host());
    check(&client_with(&server.host(), basic("me", "secret"), None), &url, &repository);
    let refused = client().list_git_refs(&url);
    assert!(matches!(refused, Err(FetchError::Auth { known: false, .. })), "{refused:?}");
    let refused = fetch(&client(), &url, &tag("light"));
    assert!(matches!(refused, Err(FetchError::Auth { .. })), "{refused:?}");
}

#[test]
fn ssh_and_odd_urls_are_refused() {
    for url in ["ssh://git@h.test/a.git", "git@h.test:a.git", "h.test:a.git", "git+ssh://h.test/a"]
    {
        let error = client().list_git_refs(url).expect_err("ssh is not spoken");
        assert!(matches!(error, FetchError::Git { problem: GitProblem::Ssh, .. }), "{error:?}");
        assert_eq!(error.to_diagnostic().helps, ["use the repository's https URL"]);
    }
    let cases = [
        ("http://h.test/a.git", "E_FETCH_HOST"),
        ("git://h.test/a.git", "E_FETCH_HOST"),
        ("https://10.0.0.1/a.git", "E_FETCH_HOST"),
        ("https://169.254.169.254/a.git", "E_FETCH_HOST"),
        ("git://10.0.0.1/a.git", "E_FETCH_HOST"),
        ("ext::sh -c evil", "E_FETCH_GIT"),
        ("--upload-pack=evil", "E_FETCH_GIT"),
        ("file:///nowhere/at/all", "E_FETCH_GIT"),
        ("/etc", "E_FETCH_GIT"),
    ];
    for (url, code) in cases {
        assert_eq!(client().list_git_refs(url).map_err(|err| err.code()), Err(code), "{url}");
    }
}

#[test]
fn references_are_checked_before_anything_is_asked() {
    let references = [
        tag("-x"),
        tag("a..b"),
        tag("a b"),
        tag(""),
        tag("a:b"),
        tag("*"),
        GitRef::Rev("main".to_owned()),
        GitRef::Rev("ABCDEF".repeat(8)),
        GitRef::Rev(String::new()),
    ];
    for reference in references {
        let server = Hostile::start(|_, stream| reply(stream, 200, &[], b""));
        let url = format!("http://{}/a.git", server.host());
        let result = fetch(&client(), &url, &reference);
        // git takes a tag that begins with a dash.
        let fine = reference == tag("-x");
        assert_eq!(server.seen().is_empty(), !fine, "{reference:?}");
        assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_GIT"), "{reference:?}");
    }
}

#[test]
fn a_submodule_is_refused() {
    let repository = make();
    let work = repository.root.join("work");
    let module = format!("160000,{},vendor/lib", repository.first);
    git(&work, &["update-index", "--add", "--cacheinfo", &module]);
    git(&work, &["commit", "-qm", "submodule"]);
    git(&work, &["tag", "module"]);
    publish(&repository.root);
    let daemon = Daemon::start(&repository.root);
    for url in [file_url(&work), format!("git://localhost:{}/a.git", daemon.port)] {
        let error = fetch(&client(), &url, &tag("module")).expect_err("it has a submodule");
        assert_eq!(error.to_diagnostic().message, format!("`{url}`: `vendor/lib` is a submodule"));
    }
}

/// Makes a tree with one entry of a given name, as git itself would refuse to, and tags it.
fn tag_tree(repository: &Repository, name: &str, tree: &[u8]) {
    let work = repository.root.join("work");
    let file = work.join("tree-object");
    std::fs::write(&file, tree).expect("a file");
    let arguments = ["hash-object", "-t", "tree", "-w", "--literally", "tree-object"];
    let tree = git(&work, &arguments);
    let commit = git(&work, &["commit-tree", "-m", "hostile", &tree]);
    git(&work, &["tag", name, &commit]);
}

#[test]
fn names_that_are_no_paths_are_refused() {
    let repository = make();
    let work = repository.root.join("work");
    let blob = git(&work, &["rev-parse", "light:Chart.yaml"]);
    let id: Vec<u8> =
        (0..20).map(|n| u8::from_str_radix(&blob[n * 2..n * 2 + 2], 16).expect("hex")).collect();
    let entry = |name: &[u8]| [b"100644 ", name, b"\0", &id].concat();
    let names: [&[u8]; 7] = [b"..", b".", b".git", b".GIT", b"a/../../b", b"a\\b", b"\xff"];
    for (count, name) in names.iter().enumerate() {
        tag_tree(&repository, &format!("bad{count}"), &entry(name));
    }
    tag_tree(&repository, "twice", &[entry(b"a"), entry(b"a")].concat());
    for count in 0..names.len() {
        let result = fetch(&client(), &file_url(&work), &tag(&format!("bad{count}")));
        let refused =
            matches!(result, Err(FetchError::Git { problem: GitProblem::EntryName(_), .. }));
        assert!(refused, "{count}: {result:?}");
    }
    let result = fetch(&client(), &file_url(&work), &tag("twice"));
    assert!(matches!(result, Err(FetchError::Git { problem: GitProblem::Object(_), .. })));
}

#[test]
fn a_damaged_object_is_noticed() {
    let repository = make();
    let work = repository.root.join("work");
    let object = |name: &str| {
        let id = git(&work, &["rev-parse", name]);
        work.join(".git/objects").join(&id[..2]).join(&id[2..])
    };
    // One file's object is put in the place of another's: well-formed, and not what its id says.
    let (good, other) = (object("light:Chart.yaml"), object("light:run.sh"));
    std::fs::remove_file(&good).expect("it is there");
    std::fs::copy(other, &good).expect("a copy");
    let result = fetch(&client(), &file_url(&work), &tag("light"));
    let damaged = matches!(result, Err(FetchError::Git { problem: GitProblem::Object(_), .. }));
    assert!(damaged, "{result:?}");
}

#[test]
fn each_limit_has_two_sides() {
    let repository = make();
    let daemon = Daemon::start(&repository.root);
    let url = format!("git://localhost:{}/a.git", daemon.port);
    let fits = |change: &dyn Fn(&mut akua_oci::FetchLimits)| {
        let mut options = quick();
        change(&mut options.limits);
        match fetch(&Client::new(options).expect("a client"), &url, &tag("light")) {
            Ok(_) => true,
            Err(FetchError::Size { .. }) => false,
            Err(error) => unreachable!("{error:?}"),
        }
    };
    // Five files, two directories; 100,000 bytes and four small files.
    assert!(fits(&|limits| limits.git_entries = 7) && !fits(&|limits| limits.git_entries = 6));
    assert!(fits(&|limits| limits.git_depth = 2) && !fits(&|limits| limits.git_depth = 1));
    let bytes = 100_000 + 8 + 16 + 10 + 13;
    assert!(fits(&|limits| limits.git_tree_bytes = bytes));
    assert!(!fits(&|limits| limits.git_tree_bytes = bytes - 1));
    assert!(!fits(&|limits| limits.git_transfer_bytes = 500));
    let mut options = quick();
    options.limits.git_refs = 2;
    let listed = Client::new(options).expect("a client").list_git_refs(&url);
    assert_eq!(listed.map_err(|err| err.code()), Err("E_FETCH_SIZE"));
}

#[test]
fn an_object_over_the_limit_is_refused_while_it_is_unpacked() {
    let repository = make();
    let daemon = Daemon::start(&repository.root);
    let url = format!("git://localhost:{}/a.git", daemon.port);
    let mut options = quick();
    options.limits.git_object_bytes = 50_000;
    let result = fetch(&Client::new(options).expect("a client"), &url, &tag("light"));
    assert!(result.is_err(), "an object has 100,000 bytes");
}

#[test]
fn servers_that_are_no_git_servers_are_given_up() {
    let advertisement = [("Content-Type", "application/x-git-upload-pack-advertisement")];
    let server = Hostile::start(move |_, stream| reply(stream, 200, &advertisement, b"0000ffff"));
    let result = client().list_git_refs(&format!("http://{}/a.git", server.host()));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_GIT"));
    let server = Hostile::start(|_, stream| reply(stream, 500, &[], b""));
    let result = client().list_git_refs(&format!("http://{}/a.git", server.host()));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_SERVER"));
    let target = "http://169.254.169.254/info/refs?service=git-upload-pack";
    let server = Hostile::start(move |_, stream| reply(stream, 301, &[("Location", target)], b""));
    let result = client().list_git_refs(&format!("http://{}/a.git", server.host()));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_HOST"));
    let server = Hostile::start(|_, stream| endless(stream, b"0006a\n"));
    let result = client().list_git_refs(&format!("http://{}/a.git", server.host()));
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn an_endless_list_of_references_is_cut() {
    let server = Hostile::start(|_, stream| {
        use std::io::Write as _;
        let kind = "application/x-git-upload-pack-advertisement";
        crate::hostile_server::head(stream, 200, &[("Content-Type", kind)], &[]);
        let start = b"001e# service=git-upload-pack\n0000";
        drop(stream.write_all(start));
        let id = "1".repeat(40);
        let line = |rest: &str| format!("{:04x}{id} {rest}\n", 4 + 41 + rest.len() + 1);
        drop(stream.write_all(line("refs/tags/a\0 agent=x").as_bytes()));
        let more = line("refs/tags/b").repeat(1000);
        while stream.write_all(more.as_bytes()).is_ok() {}
    });
    let mut options = quick();
    options.limits.git_transfer_bytes = 1 << 20;
    let client = Client::new(options).expect("a client");
    let result = client.list_git_refs(&format!("http://{}/a.git", server.host()));
    assert_eq!(result.map_err(|err| err.code()), Err("E_FETCH_SIZE"));
}
