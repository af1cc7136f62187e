//! `akua trust`: a trust root is brought up to date over TUF, against mirrors that lie.

#[path = "trust_root/mirror.rs"]
mod mirror;

use akua_sign::{RefreshError, TrustState};
use akua_tests::folder::Folder;
use akua_tests::peers::peer;
use akua_tests::process::{Outcome, akua, root, run_in};
use akua_tests::servers::Files;
use anyhow::{Context as _, ensure};
use mirror::{FRESH, Mirror, Root, STALE, key};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// What a test gives.
type Result<T, E = anyhow::Error> = std::result::Result<T, E>;

/// Later than the first root of any test, and than what is built in.
const VERSION: u64 = 500;
/// 2026-11-22.
const NOW: i64 = 1_795_305_600;

/// A mirror that is served, and a home directory.
struct Stage {
    folder: Folder,
    server: Files,
    mirror: Mirror,
}

impl Stage {
    fn new(name: &str, version: u64) -> Result<Self> {
        let folder = Folder::new(&format!("trust-root-{name}"))?;
        fs::create_dir_all(folder.path().join("mirror"))?;
        let server = Files::serve(&folder.path().join("mirror"))?;
        let text = fs::read_to_string(root().join("tests/corpus/trust/trusted_root.json"))?;
        let stage = Self { folder, server, mirror: Mirror::new(version, &text) };
        stage.put(&stage.mirror)?;
        let first = format!("mirror/{version}.root.json");
        fs::copy(stage.folder.path().join(first), stage.folder.path().join("root.json"))?;
        Ok(stage)
    }

    /// Puts files into the mirror, in place of those that are there.
    fn put(&self, mirror: &Mirror) -> Result<()> {
        self.put_files(&mirror.files()?)
    }

    fn put_files(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        let folder = self.folder.path().join("mirror");
        fs::remove_dir_all(&folder)?;
        fs::create_dir_all(folder.join("targets"))?;
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }

    fn akua(&self, arguments: &[&str]) -> Result<Outcome> {
        akua(arguments, self.folder.path())
    }

    fn refresh(&self, more: &[&str]) -> Result<Outcome> {
        let start = ["trust", "refresh", "--mirror", &self.server.url, "--root", "root.json"];
        self.akua(&[&start[..], &["--out", "out"], more].concat())
    }

    /// Refreshes, which has to fail, and leave all files as they are.
    fn refused(&self, code: &str, words: &[&str]) -> Result<()> {
        let before = self.files_of_out()?;
        let outcome = self.refresh(&[])?;
        ensure!(outcome.code != Some(0), "taken, not {code} {words:?}");
        for word in [&[code], words].concat() {
            ensure!(outcome.stderr.contains(word), "no `{word}` in:\n{}", outcome.stderr);
        }
        ensure!(self.files_of_out()? == before, "files have changed");
        Ok(())
    }

    fn files_of_out(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        let Ok(folder) = fs::read_dir(self.folder.path().join("out")) else { return Ok(files) };
        for entry in folder {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
        Ok(files)
    }
}

#[test]
fn a_trust_root_is_brought_up_to_date() -> Result<()> {
    let mut stage = Stage::new("refresh", VERSION)?;
    let told = String::from_utf8(stage.refresh(&[])?.success()?)?;
    ensure!(told.starts_with("refreshed the trust root of http://127.0.0.1:"), "{told}");
    ensure!(told.contains("root 500 of its keys; fresh until 2099-01-01"), "{told}");
    let told = String::from_utf8(stage.refresh(&[])?.success()?)?;
    ensure!(told.starts_with("up to date: the trust root of"), "{told}");
    let names: Vec<String> = stage.files_of_out()?.into_keys().collect();
    ensure!(names == ["trusted_root.json", "tuf.json"], "{names:?}");
    let shown = stage.akua(&["trust", "show", "--trusted-root", "out/trusted_root.json"])?;
    let shown = String::from_utf8(shown.success()?)?;
    ensure!(shown.contains("signature-log") && shown.contains("from 20"), "{shown}");
    // Two of the keys hand over to others, one after the other.
    let keys = |numbers: [u8; 3]| numbers.map(key).to_vec();
    let second = Root { version: VERSION + 1, keys: keys([2, 3, 4]), ..Root::first(0) };
    let mut third = Root { version: VERSION + 2, keys: keys([4, 5, 6]), ..Root::first(0) };
    third.signers = keys([3, 4, 5]);
    stage.mirror.roots.extend([second, third]);
    stage.mirror.roots[1].signers = keys([2, 3, 4]);
    stage.mirror.version += 1;
    stage.mirror.trusted_root.push('\n');
    stage.put(&stage.mirror)?;
    let told = String::from_utf8(stage.refresh(&["--json"])?.success()?)?;
    let told: Value = serde_json::from_str(&told)?;
    ensure!(told["root_version"] == 502 && told["changed"] == true, "{told}");
    // Old roots are not asked for again.
    stage.mirror.roots.drain(..2);
    stage.put(&stage.mirror)?;
    stage.refresh(&[])?.success()?;
    Ok(())
}

#[test]
fn what_was_refreshed_is_trusted_by_default() -> Result<()> {
    let stage = Stage::new("default", VERSION)?;
    let corpus = root().join("tests/corpus/trust");
    let bundle = corpus.join("blob.sigstore.json").display().to_string();
    let artifact = corpus.join("artifact.txt").display().to_string();
    let verify = ["verify", "--bundle", &bundle, "--artifact", &artifact];
    let who = ["--certificate-identity", "dev@example.com"];
    let issuer = ["--certificate-oidc-issuer-regexp", "http://127.0.0.1:.*"];
    let verify = [&verify[..], &who, &issuer].concat();
    let refused = stage.akua(&verify)?;
    ensure!(refused.code == Some(1), "{}", refused.stderr);
    let own = "home/.local/share/akua/sigstore";
    let start = ["trust", "refresh", "--mirror", &stage.server.url, "--root", "root.json"];
    stage.akua(&[&start[..], &["--out", own]].concat())?.success()?;
    stage.akua(&verify)?.success()?;
    let shown = String::from_utf8(stage.akua(&["trust", "show"])?.success()?)?;
    ensure!(shown.contains("akua/sigstore, root 500 of its keys, refreshed 20"), "{shown}");
    // A state that somebody broke is told, and not passed over.
    fs::write(stage.folder.path().join(own).join("tuf.json"), "{}")?;
    let refused = stage.akua(&verify)?;
    ensure!(refused.stderr.contains("E_SIGN_ROOT"), "{}", refused.stderr);
    fs::write(stage.folder.path().join(own).join("tuf.json"), vec![b' '; (16 << 20) + 1])?;
    let refused = stage.akua(&["trust", "show"])?;
    ensure!(refused.stderr.contains("E_SIGN_ROOT"), "{}", refused.stderr);
    ensure!(refused.stderr.contains("akua trust refresh"), "{}", refused.stderr);
    // What is built in is newer than this one.
    let old = Stage::new("default-old", 1)?;
    let start = ["trust", "refresh", "--mirror", &old.server.url, "--root", "root.json"];
    old.akua(&[&start[..], &["--out", own]].concat())?.success()?;
    let shown = String::from_utf8(old.akua(&["trust", "show"])?.success()?)?;
    ensure!(shown.starts_with("trust root: built in, root "), "{shown}");
    Ok(())
}

#[test]
fn what_is_old_or_of_others_is_refused() -> Result<()> {
    let stage = Stage::new("refused", VERSION)?;
    let good = &stage.mirror;
    // Before anything was seen, and after.
    for round in 0..2 {
        let with = |edit: fn(&mut Mirror)| -> Result<()> {
            let mut mirror = good.clone();
            mirror.version += round;
            edit(&mut mirror);
            stage.put(&mirror)
        };
        with(|mirror| mirror.timestamp_expires = STALE)?;
        stage.refused("E_TRUST_REFRESH", &["`timestamp` has expired", "out of date"])?;
        with(|mirror| mirror.roots[0].expires = STALE)?;
        let root = stage.folder.path().join("root.json");
        let first = fs::read(&root)?;
        fs::copy(stage.folder.path().join("mirror/500.root.json"), &root)?;
        stage.refused("E_TRUST_REFRESH", &["`root` has expired"])?;
        fs::write(&root, first)?;
        with(|mirror| mirror.online = key(8))?;
        stage.refused("E_TRUST_REFRESH", &["signature threshold not met for role timestamp"])?;
        with(|mirror| {
            let keys = [7, 8, 9].map(key).to_vec();
            let signers = [1, 7, 8].map(key).to_vec();
            mirror.roots.push(Root { version: VERSION + 1, keys, signers, expires: FRESH });
        })?;
        stage.refused("E_TRUST_REFRESH", &["signature threshold not met for role root: 1/2"])?;
        with(|mirror| mirror.trusted_root = "{}".to_owned())?;
        stage.refused("E_TRUST_REFRESH", &["cannot be used", "not the JSON of a trust root"])?;
        stage.put(&Mirror { version: good.version + round, ..good.clone() })?;
        stage.refresh(&[])?.success()?;
    }
    // A gap ends the chain of roots: what lies behind it is not asked for.
    let mut gap = Mirror { version: good.version + 1, ..good.clone() };
    gap.roots.push(Root::first(VERSION + 2));
    stage.put(&gap)?;
    stage.refresh(&[])?.success()?;
    // What was seen does not come back in an older form.
    stage.put(&Mirror { version: good.version - 1, ..good.clone() })?;
    stage.refused("E_TRUST_REFRESH", &["has version 4, and version 6 was seen before"])?;
    Ok(())
}

#[test]
fn a_mirror_gets_no_more_than_its_share() -> Result<()> {
    let stage = Stage::new("share", VERSION)?;
    let files = stage.mirror.files()?;
    for name in files.keys() {
        let mut large = files.clone();
        large.insert(name.clone(), vec![b' '; 2 << 20]);
        stage.put_files(&large)?;
        if name == "500.root.json" {
            // It is here already.
            stage.refresh(&[])?.success()?;
            fs::remove_dir_all(stage.folder.path().join("out"))?;
        } else {
            stage.refused("E_FETCH_SIZE", &[])?;
        }
        let mut fewer = files.clone();
        fewer.remove(name);
        stage.put_files(&fewer)?;
        if name != "500.root.json" {
            stage.refused("E_TRUST_REFRESH", &[])?;
        }
    }
    // A chain of roots without end.
    let mut endless = stage.mirror.clone();
    endless.roots.extend((1..=40).map(|more| Root::first(VERSION + more)));
    stage.put(&endless)?;
    stage.refused("E_TRUST_REFRESH", &["exceeded 32 root rotations"])
}

#[test]
fn each_byte_of_a_mirror_counts() -> Result<()> {
    let stage = Stage::new("bytes", VERSION)?;
    let first = stage.mirror.files()?.remove("500.root.json").context("a root")?;
    let mut mirror = stage.mirror.clone();
    mirror.roots.push(Root::first(VERSION + 1));
    let files = mirror.files()?;
    let good = refresh(&first, &files)?;
    let mut refused = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "500.root.json") {
        for at in 0..bytes.len() {
            let mut flipped = files.clone();
            flipped.get_mut(name).context("a file")?[at] ^= 1;
            match refresh(&first, &flipped) {
                Err(_) => refused += 1,
                // The case of a digit of hexadecimals, and the name of a key nobody needs.
                Ok(found) => ensure!(found.trusted_root() == good.trusted_root(), "{name} {at}"),
            }
        }
    }
    let count: usize = files.values().map(Vec::len).sum();
    ensure!(refused * 10 > count * 6, "{refused} of {count}");
    Ok(())
}

#[test]
fn flags_that_make_no_sense_are_refused() -> Result<()> {
    let stage = Stage::new("flags", VERSION)?;
    let alone = stage.akua(&["trust", "refresh", "--root", "root.json"])?;
    ensure!(alone.code == Some(1) && alone.stderr.contains("--mirror"), "{}", alone.stderr);
    fs::write(stage.folder.path().join("root.json"), "{}")?;
    stage.refused("E_TRUST_REFRESH", &["it is no root of TUF", "--root"])?;
    fs::remove_file(stage.folder.path().join("root.json"))?;
    stage.refused("E_SIGN_FILE", &[])?;
    drop(stage.server);
    Ok(())
}

#[test]
fn cosign_takes_the_same_mirror() -> Result<()> {
    let Some(cosign) = peer("cosign") else { return Ok(()) };
    let mut stage = Stage::new("cosign", VERSION)?;
    stage.mirror.roots.push(Root::first(VERSION + 1));
    stage.put(&stage.mirror)?;
    let initialize = ["initialize", "--mirror", &stage.server.url, "--root", "root.json"];
    run_in(&cosign, &initialize, stage.folder.path())?.success()?;
    stage.put(&Mirror { online: key(8), version: 6, ..stage.mirror.clone() })?;
    let refused = run_in(&cosign, &initialize, stage.folder.path())?;
    ensure!(refused.code != Some(0), "a mirror that proves nothing");
    Ok(())
}

/// Refreshes from files, without a process.
fn refresh(root: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Result<TrustState, RefreshError> {
    let files = files.clone();
    let fetch = move |name: &str, _limit: u64| Ok(files.get(name).cloned());
    akua_sign::refresh("mirror", root, None, Box::new(fetch), NOW)
}
