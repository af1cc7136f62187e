//! Keys in tokens: an akua that is built with them signs with `SoftHSM`, and everybody verifies it.
//! Skipped where `cargo xtask pkcs11` has built and installed nothing.

use akua_sign::PrivateKey;
use akua_tests::peers::peer;
use akua_tests::process::{PASSPHRASE, PIN, akua_with, root, run_with};
use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use akua_tests::softhsm::{SoftHsm, TEST_MODULE};
use anyhow::{Context, Result, ensure};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use serde_json::Value as Json;
use std::fs;
use std::path::PathBuf;

/// A package with nothing else.
const LIB: &str =
    "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"lib\"}]\n";
/// The PIN of all tokens.
const UNLOCKED: (&str, &str) = ("AKUA_PKCS11_PIN", PIN);
/// Where nobody listens: who gets there has passed what comes before.
const NOWHERE: &str = "oci://127.0.0.1:1/acme/lib";

/// Returns a key of the tests of akua-sign; `pkcs8.pem` and `public.pem` are a pair.
fn key(name: &str) -> PathBuf {
    root().join("crates/akua-sign/tests/keys").join(name)
}

/// A token `akua` with a key `release`, and a package.
struct World {
    hsm: SoftHsm,
    project: Project,
}

impl World {
    /// Returns none where `SoftHSM` is missing.
    fn new(name: &str) -> Result<Option<Self>> {
        let Some(hsm) = SoftHsm::new(name)? else { return Ok(None) };
        hsm.token("akua")?;
        hsm.import("akua", &key("pkcs8.pem"), "release", "a1b2")?;
        let project = Project::new(&format!("pkcs11-{name}"), "", LIB)?;
        project.folder.write("akua.toml", &manifest("lib", ""))?;
        fs::copy(key("public.pem"), project.path("release.pub"))?;
        project.folder.write(".akuaignore", "release.pub\nhome\n*.tgz\n*.akuasig\n")?;
        Ok(Some(Self { hsm, project }))
    }

    /// Has akua sign the archive with a key, unlocked; it has to succeed.
    fn sign(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Result<()> {
        let sign = ["sign", "--tarball", "lib.tgz", "--ref", NOWHERE];
        let variables = [&[UNLOCKED], variables].concat();
        let directory = self.project.folder.path();
        let outcome = self.hsm.akua(&variables, &[&sign, arguments].concat(), directory)?;
        outcome.success().map(drop)?;
        self.project.ok(&["verify", "--tarball", "lib.tgz", "--public-key", "release.pub"])?;
        fs::remove_file(self.project.path("lib.tgz.akuasig"))?;
        Ok(())
    }

    /// Has akua refuse to sign the archive.
    fn refused(
        &self,
        variables: &[(&str, &str)],
        uri: &str,
        code: i32,
        expected: &[&str],
    ) -> Result<()> {
        let sign = ["sign", "--tarball", "lib.tgz", "--ref", NOWHERE, "--key", uri];
        let directory = self.project.folder.path();
        self.hsm.refused(variables, &sign, directory, (code, expected)).context(uri.to_owned())?;
        ensure!(!self.project.path("lib.tgz.akuasig").exists(), "a signature was written");
        Ok(())
    }
}

#[test]
fn what_a_token_signs_is_verified_by_all() -> Result<()> {
    let Some(World { hsm, project }) = World::new("publish")? else { return Ok(()) };
    let registry = Registry::start(&[])?;
    let repository = format!("oci://{}/acme/lib", registry.host);
    let uri = hsm.uri("token=akua;object=release");
    let publish = || -> Result<Json> {
        let publish = ["publish", "--json", "--ref", &repository, "--key", &uri];
        let outcome = hsm.akua(&[UNLOCKED], &publish, project.folder.path())?;
        Ok(serde_json::from_slice(&outcome.success()?)?)
    };
    let evidence = || project.ok(&["inspect", "--json", "--ref", &repository, "--tag", "0.1.0"]);
    let first = publish()?;
    ensure!(first["attested"] == true, "{first}");
    // An akua without tokens, and cosign, with the public half of what was imported.
    prove(&repository)?;
    let pull = ["pull", "--ref", &repository, "--tag", "0.1.0", "--key", "release.pub", "--out"];
    project.ok(&[&pull[..], &["home/pulled"]].concat())?;
    if let Some(cosign) = peer("cosign") {
        let image = format!("{}/acme/lib:0.1.0", registry.host);
        let common =
            ["--key", "release.pub", "--insecure-ignore-tlog=true", "--allow-http-registry"];
        let attested = ["verify-attestation", "--type", "slsaprovenance1"];
        for (verb, layout) in [
            (&["verify"][..], &[][..]),
            (&["verify"], &["--new-bundle-format=false"]),
            (&attested, &[]),
            (&attested, &["--new-bundle-format=false"]),
        ] {
            let arguments = [verb, &common, layout, &[&image]].concat();
            let outcome = run_with(&cosign, &[], &arguments, project.folder.path())?;
            outcome.success().with_context(|| arguments.join(" "))?;
        }
    }
    // Another signature each time, and the one that is there is as good.
    let before = evidence()?;
    ensure!(before.contains("0.1.0"), "{before}");
    let second = publish()?;
    for name in ["manifest_digest", "layer_digest", "signature"] {
        ensure!(first[name] == second[name], "{name}: {first}\n{second}");
    }
    ensure!(evidence()? == before, "evidence was added again:\n{before}\n{}", evidence()?);
    let sign = ["sign", "--ref", &repository, "--tag", "0.1.0", "--key", &uri];
    hsm.akua(&[UNLOCKED], &sign, project.folder.path())?.success()?;
    ensure!(evidence()? == before, "evidence was added by `sign`");
    // Another key is another signer: its signature is added.
    project.ok(&["keygen", "--plain", "--out", "home/second"])?;
    hsm.import("akua", &project.path("home/second.key"), "second", "02")?;
    let second = hsm.uri("token=akua;object=second");
    let sign = ["sign", "--ref", &repository, "--tag", "0.1.0", "--key", &second];
    hsm.akua(&[UNLOCKED], &sign, project.folder.path())?.success()?;
    ensure!(evidence()? != before, "the second key signed nothing");
    Ok(())
}

/// Has a package depend on what was published, with provenance, and prove all of it.
fn prove(repository: &str) -> Result<()> {
    let user = Project::new("pkcs11-user", "", "import pkgs.lib\nresources = lib.render({})\n")?;
    fs::copy(key("public.pem"), user.path("release.pub"))?;
    user.folder.write("policy.toml", "version = 1\nsignatures.attestations = \"all\"\n")?;
    let signing = "[signing]\ncosign_public_key = \"release.pub\"\n";
    let lib = format!("[dependencies]\nlib = {{ oci = \"{repository}\", version = \"0.1.0\" }}\n");
    user.folder.write("akua.toml", &manifest("app", &format!("{signing}{lib}")))?;
    user.ok(&["lock"])?;
    user.ok(&["verify", "--offline"])?;
    user.render(&[]).map(drop)
}

#[test]
fn keys_are_found_by_what_their_uri_says() -> Result<()> {
    let Some(world) = World::new("names")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    let hsm = &world.hsm;
    for path in
        ["token=akua;object=release", "token=akua;id=%a1%b2", "object=release", "", "type=private"]
    {
        world.sign(&[], &["--key", &hsm.uri(path)]).with_context(|| path.to_owned())?;
    }
    for layout in ["tags", "referrers"] {
        world.sign(&[], &["--key", &hsm.uri(""), "--layout", layout])?;
    }
    let module = hsm.module.display().to_string();
    let module = ("AKUA_PKCS11_MODULE", module.as_str());
    world.sign(&[module], &["--key", "pkcs11:token=akua"])?;
    world.sign(&[module, ("AKUA_COSIGN_KEY", "pkcs11:token=akua;object=release\n")], &[])?;
    let by =
        |path: &str, expected: &[&str]| world.refused(&[UNLOCKED], &hsm.uri(path), 1, expected);
    by("token=other", &["E_PKCS11_KEY", "no token", "`akua`", "= help: plug it in"])?;
    by("token=akua;serial=1", &["E_PKCS11_KEY", "no token"])?;
    by("slot-id=77", &["E_PKCS11_KEY", "no token"])?;
    by("token=akua;object=other", &["E_PKCS11_KEY", "the token `akua` has no private key"])?;
    by("token=akua;object=release;id=%01", &["E_PKCS11_KEY", "no private key"])?;
    // Names that several have.
    world.project.ok(&["keygen", "--plain", "--out", "home/second"])?;
    hsm.import("akua", &world.project.path("home/second.key"), "release", "02")?;
    by("object=release", &["E_PKCS11_KEY", "2 private keys of the token `akua`", "object or id"])?;
    world.sign(&[], &["--key", &hsm.uri("object=release;id=%a1%b2")])?;
    hsm.token("akua")?;
    by("token=akua", &["E_PKCS11_KEY", "2 tokens", "(serial "])?;
    hsm.token("empty")?;
    by("token=empty", &["E_PKCS11_KEY", "the token `empty` has no private key"])
}

/// Two pairs with one id: the public key is the one with the label of the private one.
#[test]
fn the_public_key_is_the_one_of_the_pair() -> Result<()> {
    let Some(world) = World::new("pairs")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    world.hsm.token("twins")?;
    world.project.ok(&["keygen", "--plain", "--out", "home/second"])?;
    for (key, label) in [(world.project.path("home/second.key"), "a"), (key("pkcs8.pem"), "b")] {
        world.hsm.import("twins", &key, label, "01")?;
    }
    world.sign(&[], &["--key", &world.hsm.uri("token=twins;object=b")])
}

#[test]
fn the_pin_is_tried_once_and_shown_never() -> Result<()> {
    let Some(world) = World::new("pin")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    let uri = world.hsm.uri("token=akua;object=release");
    let missing = ["E_PKCS11_PIN", "no PIN for the token `akua`", "AKUA_PKCS11_PIN"];
    world.refused(&[], &uri, 1, &missing)?;
    world.refused(&[("AKUA_PKCS11_PIN", "")], &uri, 1, &missing)?;
    // What is printed is searched for the right PIN in all tests; here for the wrong one too.
    let wrong = [("AKUA_PKCS11_PIN", "87654321")];
    let sign = ["sign", "--tarball", "lib.tgz", "--ref", NOWHERE, "--key", &uri];
    let outcome = world.hsm.akua(&wrong, &sign, world.project.folder.path())?;
    ensure!(outcome.stderr.contains("E_PKCS11_PIN"), "{}", outcome.stderr);
    ensure!(!outcome.stderr.contains("87654321"), "{}", outcome.stderr);
    world.refused(&wrong, &uri, 1, &["does not take the PIN: it is not the right one"])?;
    world.sign(&[], &["--key", &uri])?;
    for (name, place) in [("pin-value", "&"), ("pin-source", "&"), ("pin-value", ";")] {
        let (path, query) = uri.split_once('?').context("a module")?;
        let uri = match place {
            "&" => format!("{uri}&{name}={PIN}"),
            _ => format!("{path};{name}={PIN}?{query}"),
        };
        let expected = ["E_PKCS11_URI", name, "AKUA_PKCS11_PIN"];
        world.refused(&[UNLOCKED], &uri, 1, &expected)?;
    }
    Ok(())
}

#[test]
fn modules_and_uris_that_are_none() -> Result<()> {
    let Some(world) = World::new("modules")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    world.project.folder.write("home/module.so", "no library\n")?;
    let module = world.project.path("home/module.so").display().to_string();
    let refused = |uri: &str, expected: &[&str]| world.refused(&[UNLOCKED], uri, 1, expected);
    refused(
        &format!("pkcs11:?module-path={module}"),
        &["E_PKCS11_MODULE", "module.so` cannot be"],
    )?;
    refused("pkcs11:?module-path=/none.so", &["E_PKCS11_MODULE", "`/none.so` cannot be used"])?;
    refused("pkcs11:token=akua", &["E_PKCS11_MODULE", "nothing says which", "AKUA_PKCS11_MODULE"])?;
    let relative = [UNLOCKED, ("AKUA_PKCS11_MODULE", "home/module.so")];
    world.refused(
        &relative,
        "pkcs11:",
        1,
        &["E_PKCS11_MODULE", "not named by an absolute path"],
    )?;
    for malformed in
        ["pkcs11:token", "pkcs11:token=a b", "pkcs11:tokn=a", "pkcs11:?module-path=x.so"]
    {
        refused(malformed, &["E_PKCS11_URI", "= help: name it as in pkcs11:token=LABEL"])?;
    }
    Ok(())
}

#[test]
fn other_kinds_of_keys_are_refused() -> Result<()> {
    let Some(world) = World::new("kinds")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    for (name, id) in [("p384", "03"), ("rsa", "04")] {
        world.hsm.import("akua", &key(&format!("{name}.pem")), name, id)?;
        let expected = ["E_PKCS11_KEY", "expected a P-256 key"];
        world.refused(&[UNLOCKED], &world.hsm.uri(&format!("object={name}")), 1, &expected)?;
    }
    Ok(())
}

/// Returns the private number of a pair, and the point of its public half as a token has it.
fn pair(byte: u8) -> Result<([u8; 32], Vec<u8>)> {
    let number = [byte; 32];
    let public = PrivateKey::from_bytes(&number).context("a key")?.public().to_der();
    let point = public.last_chunk::<65>().context("a point")?;
    Ok((number, [&[0x04, 0x41], &point[..]].concat()))
}

/// Puts pairs into the token that no tool makes.
#[test]
#[ignore = "another test starts it, with tokens"]
fn make_odd_pairs() -> Result<()> {
    let module = std::env::var(TEST_MODULE)?;
    let module = Pkcs11::new(module)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = *module.get_slots_with_token()?.first().context("a token")?;
    let session = module.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new(PIN.into())))?;
    let p256 = vec![0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let make = |class, label: &str, more: &[Attribute]| {
        let template = [
            Attribute::Class(class),
            Attribute::Token(true),
            Attribute::KeyType(KeyType::EC),
            Attribute::EcParams(p256.clone()),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(label.as_bytes().to_vec()),
        ];
        session.create_object(&[&template, more].concat()).map(drop)
    };
    let (number, point) = pair(7)?;
    let (_, other) = pair(8)?;
    let number = Attribute::Value(number.to_vec());
    let private = [number.clone(), Attribute::Sign(true)];
    make(ObjectClass::PRIVATE_KEY, "alone", &private)?;
    make(ObjectClass::PRIVATE_KEY, "mismatched", &private)?;
    make(ObjectClass::PUBLIC_KEY, "mismatched", &[Attribute::EcPoint(other)])?;
    make(
        ObjectClass::PRIVATE_KEY,
        "strict",
        &[number.clone(), Attribute::AlwaysAuthenticate(true)],
    )?;
    make(ObjectClass::PUBLIC_KEY, "strict", &[Attribute::EcPoint(point.clone())])?;
    make(ObjectClass::PRIVATE_KEY, "mute", &[number, Attribute::Sign(false)])?;
    Ok(make(ObjectClass::PUBLIC_KEY, "mute", &[Attribute::EcPoint(point)])?)
}

#[test]
fn odd_pairs_sign_nothing() -> Result<()> {
    let Some(world) = World::new("odd")? else { return Ok(()) };
    world.project.ok(&["pack", "--out", "lib.tgz"])?;
    world.hsm.run_test("make_odd_pairs")?;
    let by = |label: &str, code, expected: &[&str]| {
        world.refused(&[UNLOCKED], &world.hsm.uri(&format!("object={label}")), code, expected)
    };
    by("alone", 1, &["E_PKCS11_KEY", "does not have the public key of the pair"])?;
    by("strict", 1, &["E_PKCS11_KEY", "asks for the PIN at each signature"])?;
    // No signature is used that the public key does not verify.
    by("mismatched", 2, &["E_PKCS11_TOKEN", "is not of the public key beside its key"])?;
    by("mute", 2, &["E_PKCS11_TOKEN", "C_SignInit: KeyFunctionNotPermitted"])
}

/// Nothing is loaded where a package's program runs.
#[test]
fn behind_the_wall_there_are_no_tokens() -> Result<()> {
    let Some(World { hsm, project }) = World::new("wall")? else { return Ok(()) };
    let (uri, directory) = (hsm.uri("token=akua"), project.folder.path());
    let place = |arguments: &[&str], word: &str| {
        hsm.refused(&[UNLOCKED], arguments, directory, (1, &["E_PKCS11_PLACE", word]))
    };
    place(&["render", "--attest", "--key", &uri], "cannot attest a render")?;
    ensure!(!project.path("deploy").exists(), "something was written");
    let publish = ["publish", "--ref", NOWHERE, "--dry-run", "--key", &uri];
    place(&[&publish[..], &["--offline"]].concat(), "--offline")?;
    let outcome = hsm.akua(&[UNLOCKED], &publish, directory)?.success()?;
    ensure!(String::from_utf8(outcome)?.contains("cosign:key:sha256:"), "nobody signed");
    let doctor = hsm.akua(&[], &["doctor"], directory)?;
    ensure!(String::from_utf8(doctor.stdout)?.contains("pkcs11   "), "doctor does not say it");
    // A package does not say what code akua loads.
    let own = format!("\n[signing]\ncosign_private_key = \"{uri}\"\n");
    project.folder.write("akua.toml", &manifest("lib", &own))?;
    place(&["publish", "--ref", NOWHERE, "--dry-run"], "`signing.cosign_private_key`")?;
    place(&["render", "--attest"], "`signing.cosign_private_key`")
}

#[test]
fn an_akua_without_tokens_says_so() -> Result<()> {
    let project = Project::new("pkcs11-absent", "", LIB)?;
    let build = ["E_PKCS11_BUILD", "cargo build --release -p akua-cli --features pkcs11"];
    let publish = ["publish", "--ref", NOWHERE, "--dry-run"];
    let uri = "pkcs11:token=akua?module-path=/usr/lib/softhsm/libsofthsm2.so";
    project.refused(&[&publish[..], &["--key", uri]].concat(), 1, &build)?;
    let variables = [("AKUA_COSIGN_KEY", uri), UNLOCKED, ("AKUA_COSIGN_PASSPHRASE", PASSPHRASE)];
    let outcome = akua_with(&variables, &publish, project.folder.path())?;
    ensure!(outcome.code == Some(1) && outcome.stderr.contains("E_PKCS11_BUILD"), "{outcome:?}");
    let own = format!("\n[signing]\ncosign_private_key = \"{uri}\"\n");
    project.folder.write("akua.toml", &manifest("lib", &own))?;
    project.refused(&publish, 1, &["E_PKCS11_PLACE", "a package does not say what code"])?;
    let doctor = project.ok(&["doctor"]).unwrap_or_default();
    ensure!(doctor.is_empty() || doctor.contains("not in this build"), "{doctor}");
    Ok(())
}
