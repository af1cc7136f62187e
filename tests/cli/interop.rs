//! Real cosign and akua, with keys: what one signs, the other verifies. Skipped where
//! `cargo xtask peers` has installed none; docs/trust.md has the table.

use akua_tests::peers::peer;
use akua_tests::process::{PASSPHRASE, root, run_with};
use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// A package with nothing else.
const LIB: &str =
    "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"lib\"}]\n";
/// A signing configuration without services: signed with a key, in no log.
const NOBODY: &str = "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.2+json\"}";
/// A provenance that cosign takes.
const PREDICATE: &str = "{\"buildDefinition\":{\"buildType\":\"t\",\"externalParameters\":{},\"internalParameters\":{},\"resolvedDependencies\":[]},\"runDetails\":{\"builder\":{\"id\":\"b\"},\"metadata\":{},\"byproducts\":[]}}";

/// What the keys of openssl are encrypted with.
const OPENSSL: &str = "open-sesame";

/// The versions of cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

/// A registry, cosign, a package, and keys beside it.
struct World {
    registry: Registry,
    cosign: PathBuf,
    version: Version,
    keys: Project,
    publisher: Project,
    name: String,
}

impl World {
    /// Returns none where cosign is not installed.
    fn new(name: &str, version: Version, options: &[&str]) -> Result<Option<Self>> {
        let program = match version {
            Version::Two => "cosign2",
            Version::Three => "cosign",
        };
        let Some(cosign) = peer(program) else { return Ok(None) };
        let registry = Registry::start(options)?;
        let name = format!("interop-{name}-{version:?}").to_lowercase();
        let publisher = Project::new(&format!("{name}-publisher"), "", LIB)?;
        publisher.folder.write("akua.toml", &manifest("lib", ""))?;
        let keys = Project::new(&format!("{name}-keys"), "", LIB)?;
        keys.folder.write("nobody.json", NOBODY)?;
        keys.folder.write("predicate.json", PREDICATE)?;
        Ok(Some(Self { registry, cosign, version, keys, publisher, name }))
    }

    fn image(&self) -> String {
        format!("{}/acme/lib:0.1.0", self.registry.host)
    }

    fn reference(&self) -> String {
        format!("oci://{}/acme/lib", self.registry.host)
    }

    fn key(&self, name: &str) -> String {
        self.keys.path(name).display().to_string()
    }

    fn cosign(&self, arguments: &[&str]) -> Result<()> {
        // cosign 3 asks the public instance for its root, unless it is told that there is none.
        let variables = [("COSIGN_PASSWORD", PASSPHRASE), ("COSIGN_YES", "true")];
        let outcome = run_with(&self.cosign, &variables, arguments, self.keys.folder.path())?;
        outcome.success().map(drop).with_context(|| arguments.join(" "))
    }

    /// Has cosign verify the signature and the provenance.
    fn verify(&self, public: &str) -> Result<()> {
        let (key, image) = (self.key(public), self.image());
        let common = ["--key", &key, "--insecure-ignore-tlog=true", "--allow-http-registry"];
        let old: &[&str] =
            if self.version == Version::Two { &["--new-bundle-format=false"] } else { &[] };
        self.cosign(&[&["verify"], &common[..], old, &[&image]].concat())?;
        let attested = ["verify-attestation", "--type", "slsaprovenance1"];
        self.cosign(&[&attested, &common[..], old, &[&image]].concat())
    }

    /// Has akua publish the package, signed with a key.
    fn publish(&self, key: &str, layout: &str) -> Result<()> {
        let passphrase = if key.starts_with("openssl") { OPENSSL } else { PASSPHRASE };
        let (reference, key) = (self.reference(), self.key(key));
        let publish = ["publish", "--ref", &reference, "--key", &key, "--layout", layout];
        let variables = [("AKUA_COSIGN_PASSPHRASE", passphrase)];
        self.publisher.run_with(&variables, &publish)?.success().map(drop)
    }

    /// Has akua depend on the package, with provenance, and prove all of it; then with another key.
    fn prove(&self, public: &str) -> Result<()> {
        let user = Project::new(
            &format!("{}-user", self.name),
            "",
            "import pkgs.lib\nresources = lib.render({})\n",
        )?;
        user.folder.write("good.pub", &fs::read_to_string(self.key(public))?)?;
        let dependency = format!(
            "\n[dependencies]\nlib = {{ oci = \"{}\", version = \"0.1.0\" }}\n",
            self.reference()
        );
        let signing = |key: &str| {
            manifest("app", &format!("[signing]\ncosign_public_key = \"{key}\"\n{dependency}"))
        };
        user.folder.write("policy.toml", "version = 1\nsignatures.attestations = \"all\"\n")?;
        user.folder.write("akua.toml", &signing("good.pub"))?;
        user.ok(&["lock"])?;
        user.ok(&["verify", "--offline"])?;
        user.render(&[])?;
        user.ok(&["keygen", "--plain", "--out", "other"])?;
        user.folder.write("akua.toml", &signing("other.pub"))?;
        user.refused(&["render"], 1, &["E_SIGN_INVALID"])
    }
}

/// Copies the key that openssl wrote in all the ways that akua reads; returns its files.
fn openssl(world: &World) -> Result<[&'static str; 4]> {
    let made = root().join("crates/akua-sign/tests/keys");
    let names = ["pbkdf2", "pkcs8", "scrypt", "sec1"];
    for name in names {
        let to = |ending: &str| world.keys.path(&format!("openssl-{name}.{ending}"));
        fs::copy(made.join(format!("{name}.pem")), to("key"))?;
        fs::copy(made.join("public.pem"), to("pub"))?;
    }
    Ok(["openssl-pbkdf2", "openssl-pkcs8", "openssl-scrypt", "openssl-sec1"])
}

/// Each kind of key: who made it, and in which file it lies.
fn keys(world: &World) -> Result<[&'static str; 3]> {
    world.keys.run_with(&[("AKUA_COSIGN_PASSPHRASE", PASSPHRASE)], &["keygen", "--out", "akua"])?;
    world.keys.ok(&["keygen", "--plain", "--out", "plain"])?;
    world.cosign(&["generate-key-pair", "--output-key-prefix", "cosign"])?;
    Ok(["akua", "plain", "cosign"])
}

fn akua_signs(version: Version, layouts: &[&str]) -> Result<()> {
    for layout in layouts {
        let Some(world) = World::new(&format!("akua-{layout}"), version, &[])? else {
            return Ok(());
        };
        for key in keys(&world)?.into_iter().chain(openssl(&world)?) {
            world.publish(&format!("{key}.key"), layout)?;
            let public = format!("{key}.pub");
            world.verify(&public).with_context(|| format!("{key}, {layout}"))?;
            world.prove(&public).with_context(|| format!("{key}, {layout}"))?;
        }
    }
    Ok(())
}

#[test]
fn cosign_3_verifies_what_akua_signs() -> Result<()> {
    akua_signs(Version::Three, &["both", "tags", "referrers"])
}

/// cosign 2 asks for a trust root as soon as there are bundles, also to verify with a key.
#[test]
fn cosign_2_verifies_what_akua_signs_under_tags() -> Result<()> {
    akua_signs(Version::Two, &["tags"])
}

fn cosign_signs(version: Version) -> Result<()> {
    let Some(world) = World::new("cosign", version, &[])? else { return Ok(()) };
    let (reference, image) = (world.reference(), world.image());
    world.publisher.ok(&["publish", "--ref", &reference, "--no-sign"])?;
    for name in keys(&world)? {
        // A key of cosign, and an encrypted one that akua made; cosign reads no plain PKCS#8.
        if name == "plain" {
            continue;
        }
        let (key, config) = (world.key(&format!("{name}.key")), world.key("nobody.json"));
        let nobody: &[&str] = match version {
            Version::Two => &["--tlog-upload=false"],
            Version::Three => &["--signing-config", &config],
        };
        let common = ["--key", &key, "--allow-http-registry", "--yes"];
        world.cosign(&[&["sign"], &common[..], nobody, &[&image]].concat())?;
        let predicate = world.key("predicate.json");
        let attest = ["attest", "--type", "slsaprovenance1", "--predicate", &predicate];
        world.cosign(&[&attest, &common[..], nobody, &[&image]].concat())?;
        world.prove(&format!("{name}.pub")).with_context(|| name)?;
    }
    Ok(())
}

#[test]
fn akua_verifies_what_cosign_3_signs() -> Result<()> {
    cosign_signs(Version::Three)
}

#[test]
fn akua_verifies_what_cosign_2_signs() -> Result<()> {
    cosign_signs(Version::Two)
}

/// A registry without the referrers API: the fallback tag is written and read.
#[test]
fn a_registry_that_lists_no_referrers() -> Result<()> {
    let options = ["-referrers=false"];
    let Some(world) = World::new("fallback", Version::Three, &options)? else { return Ok(()) };
    for key in keys(&world)? {
        world.publish(&format!("{key}.key"), "referrers")?;
        world.verify(&format!("{key}.pub"))?;
        world.prove(&format!("{key}.pub"))?;
    }
    Ok(())
}

/// Others read what akua publishes by their own means, and akua what they copy.
#[test]
fn regctl_reads_and_copies_what_akua_publishes() -> Result<()> {
    let Some(regctl) = peer("regctl") else { return Ok(()) };
    let Some(world) = World::new("regctl", Version::Three, &[])? else { return Ok(()) };
    for key in keys(&world)? {
        world.publish(&format!("{key}.key"), "both")?;
    }
    let host = &world.registry.host;
    let run = |arguments: &[&str]| -> Result<String> {
        let plain = format!("reg={host},tls=disabled");
        let arguments = [&["--host", &plain], arguments].concat();
        let outcome = run_with(&regctl, &[], &arguments, world.keys.folder.path())?;
        let text = outcome.success().with_context(|| arguments.join(" "))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let image = world.image();
    fs::create_dir(world.keys.path("got"))?;
    run(&["artifact", "get", "--output", "got", &image])?;
    world.publisher.ok(&["pack", "--out", "packed.tgz"])?;
    let packed = fs::read(world.publisher.path("packed.tgz"))?;
    let names = akua_tests::folder::names(&world.keys.path("got"))?;
    ensure!(names.len() == 1, "{names:?}");
    ensure!(fs::read(world.keys.path("got").join(&names[0]))? == packed, "other bytes");
    let manifest = run(&["manifest", "get", "--format", "raw-body", &image])?;
    for word in ["\"artifactType\"", "org.opencontainers.image.version", "akua"] {
        ensure!(manifest.contains(word), "{manifest}");
    }
    let referrers = run(&["artifact", "list", &image])?;
    ensure!(referrers.matches("application/vnd.dev.sigstore.bundle").count() >= 2, "{referrers}");
    // A mirror has all that speaks for it as well.
    let copy = format!("{host}/copies/lib:0.1.0");
    run(&["image", "copy", "--referrers", "--digest-tags", &image, &copy])?;
    let reference = format!("oci://{host}/copies/lib");
    let inspected = ["inspect", "--ref", &reference, "--tag", "0.1.0", "--key"];
    let key = world.key("akua.pub");
    let told = world.publisher.ok(&[&inspected[..], &[&key]].concat())?;
    ensure!(told.contains("signed by cosign:key:sha256:"), "{told}");
    let added = ["add", "lib", "--oci", &reference, "--version", "0.1.0"];
    let user = Project::new("interop-regctl-user", "", LIB)?;
    user.ok(&added)?;
    user.ok(&["pull", "--ref", &reference, "--tag", "0.1.0", "--out", "pulled", "--key", &key])?;
    ensure!(user.read("pulled/package.k")? == LIB);
    Ok(())
}
