//! Publishing, signing, pulling and verifying with keys, through a real registry process.

#[path = "trust/hostile.rs"]
mod hostile;

use akua_ops::artifact::pull::{PullOutcome, PullRequest, pull};
use akua_ops::{Failure, Home};
use akua_tests::folder::Folder;
use akua_tests::process;
use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value as Json;
use std::fs;

/// What `publish` says the package is signed by.
type Signer = String;

/// A package with nothing else.
const LIB: &str = "schema Input:\n    size: int = 1\n\nresources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"lib\"}]\n";
/// A package that renders another one.
const APP: &str = "import pkgs.lib\nresources = lib.render({})\n";
/// What private keys are encrypted with.
const PASSPHRASE: (&str, &str) = ("AKUA_COSIGN_PASSPHRASE", process::PASSPHRASE);

/// A registry, a publisher with keys, and a user of what is published.
struct World {
    registry: Registry,
    publisher: Project,
    user: Project,
}

impl World {
    fn new(name: &str) -> Result<Self> {
        Self::started(name, &[])
    }

    /// The same, with these options of the registry.
    fn started(name: &str, options: &[&str]) -> Result<Self> {
        let registry = Registry::start(options)?;
        let publisher = Project::new(&format!("trust-{name}-publisher"), "", LIB)?;
        publisher.folder.write("akua.toml", &manifest("lib", ""))?;
        let user = Project::new(&format!("trust-{name}-user"), "", APP)?;
        let world = Self { registry, publisher, user };
        world.keygen("good")?;
        Ok(world)
    }

    /// Makes a pair of keys. They lie beside what is published, not in it.
    fn keygen(&self, name: &str) -> Result<()> {
        self.user.run_with(&[PASSPHRASE], &["keygen", "--out", name])?.success().map(drop)
    }

    /// Returns the path of a key.
    fn key(&self, name: &str) -> String {
        self.user.path(name).display().to_string()
    }

    fn repository(&self) -> String {
        format!("oci://{}/acme/lib", self.registry.host)
    }

    /// Publishes a version, signed with a key.
    fn publish(&self, version: &str, key: &str, more: &[&str]) -> Result<Json> {
        let text = manifest("lib", "").replace("0.1.0", version);
        self.publisher.folder.write("akua.toml", &text)?;
        let (repository, key) = (self.repository(), self.key(&format!("{key}.key")));
        let mut arguments = vec!["publish", "--json", "--ref", &repository];
        if !more.contains(&"--no-sign") {
            arguments.extend(["--key", &key]);
        }
        arguments.extend(more);
        let outcome = self.publisher.run_with(&[PASSPHRASE], &arguments)?;
        Ok(serde_json::from_slice(&outcome.success()?)?)
    }

    /// Pulls what was published, which has to be signed with the key.
    fn pulled(&self, out: &str) -> std::result::Result<PullOutcome, Failure> {
        pull(&PullRequest {
            reference: self.repository(),
            tag: "1.0.0".to_owned(),
            out: self.user.path(out),
            keys: vec![self.user.path("good.pub")],
            home: Home { cache: self.user.path("home/cache"), ..Home::default() },
        })
    }

    fn signed(&self, version: &str, key: &str) -> Result<Signer> {
        let published = self.publish(version, key, &[])?;
        Ok(published["signature"].as_str().context("it is signed")?.to_owned())
    }

    /// Has the user depend on the package, and trust a key.
    fn depend(&self, requirement: &str, key: Option<&str>) -> Result<()> {
        let signing = key.map(|key| format!("[signing]\ncosign_public_key = \"{key}.pub\"\n"));
        let dependency = format!(
            "\n[dependencies]\nlib = {{ oci = \"{}\", version = \"{requirement}\" }}\n",
            self.repository()
        );
        let rest = signing.unwrap_or_default() + &dependency;
        self.user.folder.write("akua.toml", &manifest("app", &rest))
    }
}

#[test]
fn what_is_published_is_proven_wherever_it_is_used() -> Result<()> {
    let world = World::new("proven")?;
    let signer = world.signed("1.0.0", "good")?;
    world.depend("1.0.0", Some("good"))?;
    let user = &world.user;
    user.ok(&["lock"])?;
    let lock = user.read("akua.lock")?;
    ensure!(lock.contains(&format!("signature = \"{signer}\"")), "{lock}");
    ensure!(lock.contains("attestation = \"sha256:"), "{lock}");
    user.ok(&["lock", "--check"])?;
    ensure!(user.render(&[])?.contains("name: lib"));
    user.ok(&["verify"])?;
    // The cache has what speaks for it.
    user.ok(&["verify", "--offline"])?;
    user.render(&["--offline"])?;
    // A vendored copy carries it along: neither cache nor network is needed.
    user.ok(&["vendor"])?;
    fs::remove_dir_all(user.path("home"))?;
    fs::create_dir(user.path("home"))?;
    user.ok(&["verify", "--offline"])?;
    user.render(&["--offline"])?;
    // Another key signed nothing: no way around it.
    world.keygen("other")?;
    world.depend("1.0.0", Some("other"))?;
    for arguments in [["render", "--stdout"].as_slice(), &["lock"], &["verify"]] {
        for more in [[].as_slice(), &["--offline"]] {
            user.refused(&[arguments, more].concat(), 1, &["E_SIGN_INVALID", "`lib` 1.0.0"])?;
        }
    }
    Ok(())
}

#[test]
fn publishing_again_changes_nothing() -> Result<()> {
    let world = World::new("again")?;
    let first = world.publish("1.0.0", "good", &[])?;
    let tags = || -> Result<String> {
        let repository = world.repository();
        world.user.ok(&["inspect", "--json", "--ref", &repository, "--tag", "1.0.0"])
    };
    let before = tags()?;
    let second = world.publish("1.0.0", "good", &[])?;
    for name in ["manifest_digest", "layer_digest", "signature"] {
        ensure!(first[name] == second[name], "{name}: {first}\n{second}");
    }
    ensure!(before == tags()?, "evidence was added again");
    // Another signer is added to the first.
    world.keygen("second")?;
    world.publish("1.0.0", "second", &[])?;
    for key in ["good", "second"] {
        world.depend("1.0.0", Some(key))?;
        world.user.ok(&["update"])?;
    }
    Ok(())
}

#[test]
fn nothing_that_is_unsigned_stripped_or_half_published_is_used() -> Result<()> {
    let world = World::new("stripped")?;
    let (user, repository) = (&world.user, world.repository());
    world.publish("1.0.0", "good", &["--no-sign"])?;
    world.depend("1.0.0", Some("good"))?;
    user.refused(&["lock"], 1, &["E_SIGN_MISSING", "is not signed", "[signing] of akua.toml"])?;
    ensure!(!user.path("akua.lock").exists(), "nothing is half-locked");
    // Without a key it may be used, and with one again not: nothing was remembered.
    world.depend("1.0.0", None)?;
    user.ok(&["lock"])?;
    user.render(&[])?;
    world.depend("1.0.0", Some("good"))?;
    user.refused(&["render"], 1, &["E_SIGN_MISSING"])?;
    user.refused(&["render", "--offline"], 1, &["E_SIGN_MISSING"])?;
    // A signature alone is none of how it was made.
    world.publish("1.0.0", "good", &["--no-attest"])?;
    user.ok(&["lock"])?;
    let policy = "version = 1\n[signatures]\nattestations = \"direct\"\n";
    user.folder.write("policy.toml", policy)?;
    user.refused(&["render"], 1, &["E_ATTEST_MISSING", "`lib` 1.0.0"])?;
    world.publish("1.0.0", "good", &[])?;
    user.render(&[])?;
    // A pull asks before it unpacks.
    let pull = ["pull", "--ref", &repository, "--tag", "1.0.0", "--key"];
    world.keygen("other")?;
    user.refused(&[&pull, ["other.pub"].as_slice()].concat(), 1, &["E_SIGN_INVALID"])?;
    ensure!(!user.path("pulled").exists());
    ensure!(user.ok(&[&pull, ["good.pub"].as_slice()].concat())?.contains("signed by cosign:key:"));
    Ok(())
}

#[test]
fn another_signer_is_a_drift() -> Result<()> {
    let world = World::new("identity")?;
    world.keygen("next")?;
    let first = world.signed("1.0.0", "good")?;
    let second = world.signed("1.1.0", "next")?;
    let rules = format!(
        "[signing.identities]\n\"oci://*/acme/*\" = [{{ key = \"good.pub\" }}, {{ key = \"next.pub\" }}]\n\n[dependencies]\nlib = {{ oci = \"{}\", version = \"VERSION\" }}\n",
        world.repository()
    );
    let user = &world.user;
    let depend = |version: &str| {
        user.folder.write("akua.toml", &manifest("app", &rules.replace("VERSION", version)))
    };
    depend("1.0.0")?;
    user.ok(&["lock"])?;
    depend("1.1.0")?;
    let words = ["E_LOCK_IDENTITY", "SignerChanged", &first, &second, "akua update"];
    user.refused(&["lock"], 1, &words[..1])?;
    user.refused(&["lock", "--json"], 1, &words)?;
    ensure!(user.read("akua.lock")?.contains(&first), "the lock is as it was");
    user.ok(&["update"])?;
    ensure!(user.read("akua.lock")?.contains(&second));
    user.ok(&["verify"])?;
    // The lock names somebody who did not sign it.
    let forged = user.read("akua.lock")?.replace(&second, &first);
    user.folder.write("akua.lock", &forged)?;
    user.refused(&["render"], 1, &["E_LOCK_IDENTITY"])?;
    user.refused(&["verify", "--offline"], 1, &["E_LOCK_IDENTITY"])
}

#[test]
fn a_tree_that_is_not_the_signed_one_is_refused() -> Result<()> {
    let world = World::new("unbound")?;
    world.publish("1.0.0", "good", &[])?;
    world.depend("1.0.0", Some("good"))?;
    let user = &world.user;
    user.ok(&["lock"])?;
    user.ok(&["vendor"])?;
    // Somebody changes the vendored copy, and has the lock say so: the signature stays good.
    let vendored = ".akua/vendor/lib/package.k";
    let evil = user.read(vendored)?.replace("\"lib\"", "\"evil\"");
    user.folder.write(vendored, &evil)?;
    let lock = user.read("akua.lock")?;
    let outcome = user.run(&["verify", "--offline"])?;
    let found = outcome.stderr.split("found sha256:").nth(1).context("it has changed")?;
    let found = found.get(..64).context("a digest")?;
    let line = lock.lines().find(|line| line.starts_with("digest = ")).context("a digest")?;
    user.folder.write("akua.lock", &lock.replace(line, &format!("digest = \"sha256:{found}\"")))?;
    for arguments in [["render", "--stdout"].as_slice(), &["verify"]] {
        for more in [[].as_slice(), &["--offline"]] {
            let words = ["E_SIGN_UNBOUND", "other files than its publisher attested"];
            user.refused(&[arguments, more].concat(), 1, &words)?;
        }
    }
    Ok(())
}

#[test]
fn what_a_dependency_depends_on_is_proven_too() -> Result<()> {
    let world = World::new("recursive")?;
    let (user, publisher) = (&world.user, &world.publisher);
    // `base` is signed by nobody, `lib` depends on it and is signed.
    world.publish("1.0.0", "good", &["--no-sign"])?;
    let base = world.repository().replace("/lib", "/base");
    let host = &world.registry.host;
    publisher.folder.write("base/akua.toml", &manifest("base", ""))?;
    publisher.folder.write("base/package.k", LIB)?;
    publisher.ok(&["publish", "--workspace", "base", "--ref", &base, "--no-sign"])?;
    let dependency =
        format!("\n[dependencies]\nbase = {{ oci = \"{base}\", version = \"0.1.0\" }}\n");
    publisher.folder.write("package.k", "import pkgs.base\nresources = base.render({})\n")?;
    publisher.folder.write("akua.toml", &manifest("lib", &dependency))?;
    publisher.ok(&["lock"])?;
    let repository = world.repository();
    let key = world.key("good.key");
    let publish = ["publish", "--ref", &repository, "--key", &key];
    publisher.run_with(&[PASSPHRASE], &publish)?.success()?;
    world.depend("0.1.0", None)?;
    let policy = |required: &str| {
        let text = format!(
            "version = 1\n[signatures]\nrequired = \"{required}\"\nidentities = {{ \"oci://{host}/*\" = {{ key = \"good.pub\" }} }}\n"
        );
        user.folder.write("operator/policy.toml", &text)
    };
    user.folder.write("operator/good.pub", &user.read("good.pub")?)?;
    user.ok(&["lock"])?;
    user.render(&[])?;
    policy("all")?;
    let words = ["E_SIGN_MISSING", "`base` 0.1.0", "it is needed by `lib` 0.1.0"];
    user.refused(&["verify", "--policy", "operator/policy.toml"], 1, &words)?;
    user.refused(&["render", "--policy", "operator/policy.toml"], 1, &words)?;
    // Whoever runs akua may name somebody for one source alone.
    let text = "version = 1\n[signatures]\nrequired = \"direct\"\nidentities = { \"oci://*/acme/lib\" = { key = \"good.pub\" } }\n";
    user.folder.write("operator/policy.toml", text)?;
    user.render(&["--policy", "operator/policy.toml"])?;
    // Nobody is named who may sign it.
    user.folder.write("operator/policy.toml", "version = 1\nsignatures.required = \"direct\"\n")?;
    let words = ["E_POLICY_SIGNATURE", "nothing says who may sign it"];
    user.refused(&["render", "--policy", "operator/policy.toml"], 3, &words)
}

#[test]
fn packages_that_need_each_other_are_proven_once() -> Result<()> {
    let world = World::new("cycle")?;
    let (user, publisher) = (&world.user, &world.publisher);
    let host = &world.registry.host;
    let publish = |name: &str, version: &str, needs: &str, more: &[&str]| -> Result<()> {
        let dependencies = match needs {
            "" => String::new(),
            _ => format!(
                "[dependencies]\n{needs} = {{ oci = \"oci://{host}/acme/{needs}\", version = \">=1\" }}\n"
            ),
        };
        let text = manifest(name, &dependencies).replace("0.1.0", version);
        publisher.folder.write(&format!("{name}/akua.toml"), &text)?;
        publisher.folder.write(&format!("{name}/package.k"), LIB)?;
        if !needs.is_empty() {
            publisher.ok(&["lock", "--workspace", name])?;
        }
        let reference = format!("oci://{host}/acme/{name}");
        let start = ["publish", "--workspace", name, "--ref", &reference, "--no-vendor"];
        publisher.run_with(&[PASSPHRASE], &[&start[..], more].concat())?.success().map(drop)
    };
    let key = world.key("good.key");
    let signed = ["--key", key.as_str()];
    publish("lib", "1.0.0", "", &signed)?;
    publish("base", "1.0.0", "lib", &["--no-sign"])?;
    publish("lib", "1.1.0", "base", &signed)?;
    world.depend(">=1.1", Some("good"))?;
    let policy = "version = 1\n[signatures]\nrequired = \"all\"\n";
    user.folder.write("policy.toml", policy)?;
    let words = ["E_SIGN_MISSING", "`base` 1.0.0", "it is needed by `lib` 1.1.0"];
    user.refused(&["lock"], 1, &words)?;
    let reference = format!("oci://{host}/acme/base");
    let sign = ["sign", "--ref", &reference, "--tag", "1.0.0", "--key", &key];
    publisher.run_with(&[PASSPHRASE], &sign)?.success()?;
    user.ok(&["lock"])?;
    let told = user.ok(&["verify"])?;
    ensure!(told.contains("2 of them proven"), "{told}");
    user.render(&[]).map(drop)
}

#[test]
fn a_package_names_nobody_who_may_sign_in_place_of_the_operator() -> Result<()> {
    let world = World::new("operator")?;
    world.keygen("evil")?;
    world.signed("1.0.0", "evil")?;
    world.depend("1.0.0", Some("evil"))?;
    let user = &world.user;
    user.ok(&["lock"])?;
    user.folder.write("operator/good.pub", &user.read("good.pub")?)?;
    let text = "version = 1\nsignatures.identities = { \"oci://*\" = { key = \"good.pub\" } }\n";
    user.folder.write("operator/policy.toml", text)?;
    let words = ["E_SIGN_INVALID", "operator/policy.toml"];
    user.refused(&["render", "--policy", "operator/policy.toml"], 1, &words)
}

#[test]
fn a_failed_publish_leaves_no_tag() -> Result<()> {
    let world = World::new("no-tag")?;
    let (user, repository) = (&world.user, world.repository());
    let inspect = ["inspect", "--ref", &repository, "--tag", "1.0.0"];
    let publish = |more: &[&str]| -> Result<()> {
        let base = ["publish", "--ref", &repository, "--tag", "1.0.0"];
        let arguments = [&base, more].concat();
        let outcome =
            world.publisher.run_with(&[("AKUA_COSIGN_PASSPHRASE", "wrong")], &arguments)?;
        ensure!(outcome.code == Some(1), "{}", outcome.stderr);
        user.refused(&inspect, 1, &["E_FETCH_NOT_FOUND"])
    };
    publish(&["--key", &world.key("good.key")])?;
    publish(&["--key", "missing.key"])?;
    publish(&[])?;
    world.publisher.folder.write("package.k", "import file\nassert False, \"it is broken\"\n")?;
    publish(&["--no-sign"])?;
    world.publisher.folder.write("package.k", LIB)?;
    world.publish("1.0.0", "good", &["--dry-run"])?;
    user.refused(&inspect, 1, &["E_FETCH_NOT_FOUND"])
}

#[test]
fn an_archive_is_signed_without_a_network() -> Result<()> {
    let world = World::new("air-gap")?;
    let (publisher, repository) = (&world.publisher, world.repository());
    publisher.ok(&["pack", "--out", "lib.tgz", "--no-vendor"])?;
    let (key, public) = (world.key("good.key"), world.key("good.pub"));
    let sign = ["sign", "--tarball", "lib.tgz", "--ref", &repository, "--key", &key];
    publisher.run_with(&[PASSPHRASE], &sign)?.success()?;
    let verify = ["verify", "--tarball", "lib.tgz", "--public-key"];
    ensure!(publisher.ok(&[&verify, [public.as_str()].as_slice()].concat())?.contains("signed by"));
    world.keygen("other")?;
    let other = world.key("other.pub");
    let arguments = [&verify, [other.as_str()].as_slice()].concat();
    publisher.refused(&arguments, 1, &["E_SIGN_INVALID"])?;
    let push = |reference: &str, more: &[&str]| {
        let base = ["push", "--tarball", "lib.tgz", "--sig", "lib.tgz.akuasig", "--ref"];
        [&base, [reference].as_slice(), more].concat().iter().map(|a| (*a).to_owned()).collect()
    };
    let refused = |arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        publisher.refused(&arguments, 1, &["E_SIGN_SIDECAR"])
    };
    // It is bound to its place, and to its bytes.
    refused(push(&repository.replace("/lib", "/other"), &[]))?;
    refused(push(&repository, &["--tag", "9.9.9"]))?;
    // Whoever says another place in it has not signed that.
    let sidecar = publisher.read("lib.tgz.akuasig")?;
    for (from, to) in
        [("/acme/lib\",", "/evil/lib\","), ("\"tag\": \"0.1.0\"", "\"tag\": \"9.9.9\"")]
    {
        let forged = sidecar.replacen(from, to, 1);
        ensure!(forged != sidecar, "{from}");
        publisher.folder.write("lib.tgz.akuasig", &forged)?;
        let arguments = [&verify, [public.as_str()].as_slice()].concat();
        publisher.refused(&arguments, 1, &["E_SIGN_SIDECAR", "another repository or tag"])?;
    }
    publisher.folder.write("lib.tgz.akuasig", &sidecar)?;
    // Archives and their signatures are no part of the package.
    publisher.ok(&["pack", "--out", "again.tgz", "--no-vendor"])?;
    ensure!(fs::read(publisher.path("again.tgz"))? == fs::read(publisher.path("lib.tgz"))?);
    let whole = fs::read(publisher.path("lib.tgz"))?;
    let mut flipped = whole.clone();
    *flipped.last_mut().context("bytes")? ^= 1;
    fs::write(publisher.path("lib.tgz"), &flipped)?;
    refused(push(&repository, &[]))?;
    fs::write(publisher.path("lib.tgz"), &whole)?;
    let arguments: Vec<String> = push(&repository, &[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    publisher.ok(&arguments)?;
    world.depend("0.1.0", Some("good"))?;
    world.user.ok(&["lock"])?;
    ensure!(world.user.read("akua.lock")?.contains("attestation"));
    world.user.render(&[]).map(drop)
}

#[test]
fn what_others_pushed_is_signed_in_place() -> Result<()> {
    let world = World::new("in-place")?;
    let (user, repository) = (&world.user, world.repository());
    world.publish("1.0.0", "good", &["--no-sign"])?;
    let key = world.key("good.key");
    let sign = ["sign", "--ref", &repository, "--tag", "1.0.0", "--key", &key];
    world.publisher.run_with(&[PASSPHRASE], &sign)?.success()?;
    world.depend("1.0.0", Some("good"))?;
    user.ok(&["lock"])?;
    user.render(&[]).map(drop)
}

/// Each file that `sign` writes, each byte flipped (a sample of them).
#[test]
fn a_flipped_sidecar_pushes_nothing_else() -> Result<()> {
    let world = World::new("flipped")?;
    let (publisher, repository) = (&world.publisher, world.repository());
    publisher.ok(&["pack", "--out", "lib.tgz", "--no-vendor"])?;
    let (key, public) = (world.key("good.key"), world.key("good.pub"));
    let sign = ["sign", "--tarball", "lib.tgz", "--ref", &repository, "--key", &key];
    publisher.run_with(&[PASSPHRASE], &sign)?.success()?;
    let verify = ["verify", "--json", "--tarball", "lib.tgz", "--public-key", &public];
    let whole = publisher.ok(&verify)?;
    let path = publisher.path("lib.tgz.akuasig");
    let bytes = fs::read(&path)?;
    for at in (0..bytes.len()).step_by(97) {
        let mut flipped = bytes.clone();
        *flipped.get_mut(at).context("a byte")? ^= 1;
        fs::write(&path, &flipped)?;
        let outcome = publisher.run(&verify)?;
        if outcome.code == Some(0) {
            // Of two signatures one may be broken; the manifest is the same.
            let digest = |text: &str| -> Result<Json> {
                Ok(serde_json::from_str::<Json>(text)?["manifest_digest"].clone())
            };
            let found = String::from_utf8(outcome.stdout.clone())?;
            ensure!(digest(&found)? == digest(&whole)?, "byte {at}: {found}");
        } else {
            ensure!(outcome.code == Some(1), "byte {at}: {}", outcome.stderr);
        }
    }
    Ok(())
}

/// Each byte of what a registry says: manifest and archive, and a sample of what speaks for them.
#[test]
fn a_flipped_byte_of_a_registry_is_refused() -> Result<()> {
    for layout in ["tags", "referrers"] {
        let world = World::started(&format!("flips-{layout}"), &["-flip"])?;
        world.publish("1.0.0", "good", &["--layout", layout])?;
        world.registry.flip("", 0)?;
        let whole =
            world.pulled("whole").map_err(|failure| anyhow!("{:?}", failure.diagnostics))?;
        let answers = world.registry.answers()?;
        let ends = |path: &str| path.ends_with("/1.0.0") || path.ends_with(&whole.layer_digest);
        ensure!(answers.iter().filter(|(_, path)| ends(path)).count() == 2, "{answers:?}");
        let (mut taken, mut count) = (0, 0);
        for (size, path) in answers {
            let all = ends(&path);
            for byte in (0..size).step_by(if all { 1 } else { 17 }) {
                world.registry.flip(&path, byte)?;
                count += 1;
                let found = world.pulled("flipped");
                let place = || format!("byte {byte} of {path}");
                let Ok(found) = found else {
                    ensure!(!world.user.path("flipped").exists(), place());
                    continue;
                };
                // Not all of a list of what there is, and not all of an attestation, is needed.
                ensure!(!all, "{}", place());
                ensure!(found.layer_digest == whole.layer_digest, place());
                ensure!(found.signature == whole.signature, place());
                fs::remove_dir_all(world.user.path("flipped"))?;
                taken += 1;
            }
        }
        ensure!(taken * 3 < count, "{layout}: {taken} of {count} are taken");
    }
    Ok(())
}

#[test]
fn a_tag_that_moves_back_is_refused() -> Result<()> {
    let world = World::new("rollback")?;
    let user = &world.user;
    world.publish("1.0.0", "good", &[])?;
    let new = world.publish("1.1.0", "good", &[])?;
    world.depend("1.1.0", Some("good"))?;
    user.ok(&["lock"])?;
    let lock = user.read("akua.lock")?;
    // The older one is as validly signed as the newer one is, and its version goes with the tag.
    let old = world.publish("1.0.0", "good", &["--tag", "1.1.0"])?;
    ensure!(old["manifest_digest"] != new["manifest_digest"]);
    fs::remove_dir_all(user.path("home"))?;
    // What is locked is fetched by its digest, whatever the tag leads to now; and that is told.
    for verb in [["render", "--stdout"].as_slice(), &["lock"], &["verify"], &["vendor"]] {
        if user.path("home").exists() {
            fs::remove_dir_all(user.path("home"))?;
        }
        user.ok(verb)?;
        ensure!(user.read("akua.lock")? == lock, "{verb:?} has changed the lock");
        let words = ["E_LOCK_DRIFT", "LockDigestMismatch", "1.1.0 has changed", "akua update"];
        user.refused(&["lock", "--check"], 1, &words)?;
    }
    let vendored = user.read(".akua/vendor/lib/akua.toml")?;
    ensure!(vendored.contains("version = \"1.1.0\""), "{vendored}");
    Ok(())
}

#[test]
fn keys_are_made_once_and_shown_to_nobody() -> Result<()> {
    let folder = Folder::new("trust-keygen")?;
    folder.write("akua.toml", &manifest("app", ""))?;
    let project = Project { folder };
    project.refused(&["keygen"], 1, &["E_SIGN_KEY", "AKUA_COSIGN_PASSPHRASE", "--plain"])?;
    let empty = project.run_with(&[("AKUA_COSIGN_PASSPHRASE", "")], &["keygen"])?;
    ensure!(empty.code == Some(1) && empty.stderr.contains("there is no passphrase"));
    ensure!(!project.path("cosign.key").exists() && !project.path("cosign.pub").exists());
    project.ok(&["keygen", "--plain"])?;
    project.refused(&["keygen", "--plain"], 1, &["E_SIGN_KEY", "`cosign.key`"])?;
    ensure!(project.read("cosign.key")?.starts_with("-----BEGIN PRIVATE KEY-----"));
    project.run_with(&[PASSPHRASE], &["keygen", "--out", "sealed"])?.success()?;
    let sealed = project.read("sealed.key")?;
    ensure!(sealed.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(project.path("sealed.key"))?.permissions().mode();
        ensure!(mode.trailing_zeros() >= 6, "{mode:o}");
    }
    Ok(())
}
