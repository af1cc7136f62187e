//! Packages, and registries, that would have something else believed than what their publisher and the
//! operator say.

use super::{World, manifest};
use akua_sign::{COSIGN_SIGN, Envelope, Evidence, IN_TOTO, PrivateKey, Statement, Subject};
use akua_source::Digest;
use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};

/// Type of what says how a package was made.
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// What the owner of a key says of a manifest: that it is theirs, and that these are its files.
fn claims(key: &PrivateKey, manifest: &Digest, tree: &str) -> Vec<Evidence> {
    let files = json!([{ "name": "files", "digest": { "akuaTreeV1": tree } }]);
    let made = json!({ "runDetails": { "byproducts": files } });
    let said = |kind: &str, what: Json| {
        let statement = Statement::new(vec![Subject::new("lib", manifest)], kind, what);
        Evidence::envelope(&Envelope::sign(IN_TOTO, statement.to_json(), key), kind)
    };
    vec![said(COSIGN_SIGN, json!({})), said(PROVENANCE, made)]
}

#[test]
fn what_a_package_attests_of_a_dependency_stands_for_nobody_else() -> Result<()> {
    let world = World::new("two-layers")?;
    world.publish("1.0.0", "good", &[])?;
    world.depend("1.0.0", Some("good"))?;
    let user = &world.user;
    user.ok(&["lock"])?;
    user.ok(&["vendor"])?;
    user.folder.write("operator/good.pub", &user.read("good.pub")?)?;
    let text = "version = 1\nsignatures.identities = { \"oci://*\" = { key = \"good.pub\" } }\n";
    user.folder.write("operator/policy.toml", text)?;
    let policy = ["--offline", "--policy", "operator/policy.toml"];
    user.render(&policy)?;
    // The package changes its copy, has its lock say so, and a key of its own attest it.
    let vendored = ".akua/vendor/lib/package.k";
    user.folder.write(vendored, &user.read(vendored)?.replace("\"lib\"", "\"evil\""))?;
    let outcome = user.run(&["verify", "--offline"])?;
    let found = outcome.stderr.split("found sha256:").nth(1).context("it has changed")?;
    let found = found.get(..64).context("a digest")?.to_owned();
    let lock = user.read("akua.lock")?;
    let line = lock.lines().find(|line| line.starts_with("digest = ")).context("a digest")?;
    user.folder.write("akua.lock", &lock.replace(line, &format!("digest = \"sha256:{found}\"")))?;
    let line = lock.lines().find(|line| line.starts_with("manifest_digest = "));
    let hex = line.and_then(|line| line.split(':').nth(1)).context("a digest")?;
    let hex = hex.trim_end_matches('"');
    let manifest = Digest::parse(&format!("sha256:{hex}")).context("a digest")?;
    let key = PrivateKey::from_bytes(&[7; 32]).context("a key")?;
    user.folder.write("evil.pub", &key.public().to_pem())?;
    world.depend("1.0.0", Some("evil"))?;
    let file = format!(".akua/evidence/{hex}.json");
    let mut pieces: Vec<Evidence> = serde_json::from_str(&user.read(&file)?)?;
    pieces.extend(claims(&key, &manifest, &found));
    user.folder.write(&file, &serde_json::to_string(&pieces)?)?;
    for verb in [["render", "--stdout"].as_slice(), &["verify"]] {
        let words = ["E_SIGN_UNBOUND", "other files than its publisher attested"];
        user.refused(&[verb, &policy].concat(), 1, &words)?;
    }
    Ok(())
}

#[test]
fn a_rule_holds_however_its_source_is_spelled() -> Result<()> {
    let world = World::new("spelled")?;
    world.keygen("other")?;
    world.publish("1.0.0", "other", &["--tag", "latest"])?;
    world.publish("1.0.0", "other", &[])?;
    let (user, named) = (&world.user, world.repository());
    user.folder.write("operator/good.pub", &user.read("good.pub")?)?;
    let rules = format!(
        "version = 1\nsignatures.identities = {{ \"{named}\" = {{ key = \"good.pub\" }} }}\n"
    );
    user.folder.write("operator/policy.toml", &rules)?;
    let short = named.replace("127.0.0.1", "127.1");
    ensure!(short != named, "{named}");
    for (repository, version) in [(&named, "1.0.0"), (&named, "latest"), (&short, "1.0.0")] {
        let dependency = format!("lib = {{ oci = \"{repository}\", version = \"{version}\" }}");
        let text = manifest("app", &format!("\n[dependencies]\n{dependency}\n"));
        user.folder.write("akua.toml", &text)?;
        let arguments = ["lock", "--policy", "operator/policy.toml"];
        user.refused(&arguments, 1, &["E_SIGN_INVALID", "operator/policy.toml"])?;
    }
    let pull = ["pull", "--ref", &short, "--tag", "1.0.0", "--policy", "operator/policy.toml"];
    user.refused(&pull, 1, &["E_SIGN_INVALID"])?;
    // Capitals would match nothing, ever.
    user.folder.write("operator/policy.toml", &rules.replace("oci://", "oci://REGISTRY."))?;
    user.refused(&["lock", "--policy", "operator/policy.toml"], 1, &["lower case"])
}

#[test]
fn evidence_of_a_registry_has_a_limit() -> Result<()> {
    let world = World::new("flood")?;
    let (publisher, repository) = (&world.publisher, world.repository());
    let reference = ["--tarball", "lib.tgz", "--ref", &repository];
    let key = world.key("good.key");
    publisher.ok(&["pack", "--out", "lib.tgz", "--no-vendor"])?;
    let sign = [["sign", "--key", &key].as_slice(), &reference].concat();
    publisher.run_with(&[super::PASSPHRASE], &sign)?.success()?;
    let mut sidecar: Json = serde_json::from_str(&publisher.read("lib.tgz.akuasig")?)?;
    let piece = |letter: &str| {
        let envelope = "application/vnd.dsse.envelope.v1+json";
        json!({ "mediaType": envelope, "text": letter.repeat(4 << 20) })
    };
    // Five pieces of 4 MiB, of which four fit.
    for letters in [["a", "b"].as_slice(), &["c", "d", "e"]] {
        sidecar["evidence"] = letters.iter().map(|letter| piece(letter)).collect();
        publisher.folder.write("lib.tgz.akuasig", &sidecar.to_string())?;
        publisher.ok(&[["push", "--sig", "lib.tgz.akuasig"].as_slice(), &reference].concat())?;
    }
    let shown = publisher.ok(&["inspect", "--json", "--ref", &repository, "--tag", "0.1.0"])?;
    let shown: Json = serde_json::from_str(&shown)?;
    let count = shown["evidence"].as_array().map(Vec::len);
    ensure!(count == Some(4), "{count:?}");
    // More pieces than an artifact may have are pushed by nobody.
    let small = json!({ "mediaType": "application/vnd.dsse.envelope.v1+json", "text": "{}" });
    for (count, is_taken) in [(64, true), (65, false)] {
        sidecar["evidence"] = vec![small.clone(); count].into();
        publisher.folder.write("lib.tgz.akuasig", &sidecar.to_string())?;
        let push = [["push", "--sig", "lib.tgz.akuasig"].as_slice(), &reference].concat();
        if is_taken {
            publisher.ok(&push)?;
        } else {
            publisher.refused(&push, 1, &["E_SIGN_SIDECAR", "more than 64"])?;
        }
    }
    Ok(())
}

#[test]
fn who_signed_is_not_shown_beside_what_somebody_else_says() -> Result<()> {
    let world = World::new("claims")?;
    let (publisher, repository) = (&world.publisher, world.repository());
    let reference = ["--tarball", "lib.tgz", "--ref", &repository];
    let (key, public) = (world.key("good.key"), world.key("good.pub"));
    publisher.ok(&["pack", "--out", "lib.tgz", "--no-vendor"])?;
    let sign = ["sign", "--no-attest", "--layout", "referrers", "--key", &key];
    publisher.run_with(&[super::PASSPHRASE], &[sign.as_slice(), &reference].concat())?.success()?;
    let mut sidecar: Json = serde_json::from_str(&publisher.read("lib.tgz.akuasig")?)?;
    // A bundle that has an envelope twice: one signed by the publisher, and one by somebody else.
    let manifest = sidecar["manifest_digest"].as_str().and_then(Digest::parse);
    let other = PrivateKey::from_bytes(&[7; 32]).context("a key")?;
    let said = json!({ "runDetails": { "builder": { "id": "https://evil.example.com" } } });
    let place = repository.trim_start_matches("oci://");
    let subject = Subject::new(place, &manifest.context("a digest")?);
    let statement = Statement::new(vec![subject], PROVENANCE, said);
    let forged = Envelope::sign(IN_TOTO, statement.to_json(), &other).to_json();
    let text = sidecar["evidence"][0]["text"].as_str().context("a bundle")?;
    let text = text.strip_suffix('}').context("an object")?;
    sidecar["evidence"][0]["text"] = format!("{text},\"dsseEnvelope\":{forged}}}").into();
    publisher.folder.write("lib.tgz.akuasig", &sidecar.to_string())?;
    publisher.ok(&[["push", "--sig", "lib.tgz.akuasig"].as_slice(), &reference].concat())?;
    let inspect = ["inspect", "--json", "--ref", &repository, "--tag", "0.1.0", "--key", &public];
    let shown: Json = serde_json::from_str(&publisher.ok(&inspect)?)?;
    let piece = &shown["evidence"][0];
    ensure!(piece["signer"].is_string(), "{shown}");
    ensure!(piece["kind"] == "signature" && piece["builder"].is_null(), "{piece}");
    Ok(())
}

#[test]
fn what_others_call_themselves_is_no_line_of_akua() -> Result<()> {
    let world = World::new("lines")?;
    let (publisher, repository) = (&world.publisher, world.repository());
    let (key, public) = (world.key("good.key"), world.key("good.pub"));
    publisher.ok(&["pack", "--out", "lib.tgz", "--no-vendor"])?;
    // Without an attestation nobody has signed the tag.
    let sign = ["sign", "--no-attest", "--tarball", "lib.tgz", "--ref", &repository, "--key", &key];
    publisher.run_with(&[super::PASSPHRASE], &sign)?.success()?;
    let mut sidecar: Json = serde_json::from_str(&publisher.read("lib.tgz.akuasig")?)?;
    sidecar["tag"] = "1.0.0\n  signed by somebody else".into();
    publisher.folder.write("lib.tgz.akuasig", &sidecar.to_string())?;
    let shown = publisher.ok(&["verify", "--tarball", "lib.tgz", "--public-key", &public])?;
    let signers = shown.lines().filter(|line| line.starts_with("  signed by")).count();
    ensure!(signers == 1, "{shown}");
    Ok(())
}
