//! What cosign signs without a key in a registry, with real services; and a log whose answer is lost.

use akua_ops::keyless::{Ephemeral, Keyless as Request, Subject, TokenSource, sign};
use akua_ops::{Home, Secret};
use akua_tests::peers::{Deployment, Keyless};
use akua_tests::process::{Outcome, akua, akua_with};
use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

/// Who signs.
const MAIL: &str = "dev@example.com";
/// A provenance that cosign takes.
const PREDICATE: &str = "{\"buildDefinition\":{\"buildType\":\"t\",\"externalParameters\":{},\"internalParameters\":{},\"resolvedDependencies\":[]},\"runDetails\":{\"builder\":{\"id\":\"b\"},\"metadata\":{},\"byproducts\":[]}}";

/// What cosign is told besides to attest.
const ATTEST: [&str; 4] = ["--type", "slsaprovenance1", "--predicate", "predicate.json"];

#[test]
fn what_cosign_2_signs_without_a_key_is_proven() -> Result<()> {
    let Some(stage) = Keyless::start("keyless-cosign2", Deployment::Logs)? else { return Ok(()) };
    let registry = publish(&stage)?;
    let image = format!("{}/app:0.1.0", registry.host);
    let services = services(&stage)?;
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let token = stage.token(MAIL)?;
    let start = ["--yes", "--identity-token", &token, "--new-bundle-format=false"];
    let common = [&start[..], &["--allow-http-registry"], &services].concat();
    stage.cosign2(&[&["sign"], &common[..], &[&image]].concat())?.success()?;
    stage.cosign2(&[&["attest"], &common[..], &ATTEST, &[&image]].concat())?.success()?;
    depend(&stage, &registry, "the tag `.sig`", "dev.sigstore.cosign/bundle")
}

#[test]
fn what_akua_signs_under_tags_is_proven_by_cosign_2() -> Result<()> {
    let Some(stage) = Keyless::start("keyless-tags", Deployment::Logs)? else { return Ok(()) };
    let registry = publish(&stage)?;
    let image = format!("{}/app:0.1.0", registry.host);
    publish_under_tags(&stage, &registry)?.success()?;
    let issuer = stage.people();
    let verify = |verb: &[&str], who: &str| {
        let who = ["--certificate-identity", who, "--certificate-oidc-issuer", &issuer];
        let rest = ["--new-bundle-format=false", "--allow-http-registry", &image];
        stage.cosign2(&[verb, &who[..], &rest].concat())
    };
    for verb in [["verify"].as_slice(), &["verify-attestation", "--type", "slsaprovenance1"]] {
        verify(verb, MAIL)?.success().with_context(|| format!("cosign 2 {verb:?}"))?;
        ensure!(verify(verb, "other@example.com")?.code != Some(0), "nothing is proven");
    }
    let inspect = || {
        let reference = format!("oci://{}/app", registry.host);
        let inspect = ["inspect", "--ref", &reference, "--tag", "0.1.0"];
        akua(&[&inspect[..], &["--trusted-root", "trusted_root.json"]].concat(), stage.folder())
    };
    let shown = inspect()?.success()?;
    publish_under_tags(&stage, &registry)?.success()?;
    ensure!(inspect()?.success()? == shown, "it is signed again");
    let by = format!(" by cosign:sigstore:{issuer}#{MAIL}");
    ensure!(String::from_utf8(shown)?.matches(&by).count() == 2, "signature and attestation");
    depend(&stage, &registry, "the tag `.sig`", "dev.sigstore.cosign/bundle")
}

#[test]
fn a_log_without_promises_has_nothing_for_tags() -> Result<()> {
    let Some(stage) = Keyless::start("keyless-tags", Deployment::Tiles)? else { return Ok(()) };
    let registry = publish(&stage)?;
    let refused = publish_under_tags(&stage, &registry)?;
    let told = refused.stderr;
    ensure!(refused.code == Some(1) && told.contains("E_INVALID_FLAG"), "{told}");
    ensure!(told.contains("Rekor 2"), "{told}");
    Ok(())
}

/// Publishes the package, signed without a key under tags alone.
fn publish_under_tags(stage: &Keyless, registry: &Registry) -> Result<Outcome> {
    let reference = format!("oci://{}/app", registry.host);
    let token = stage.token(MAIL)?;
    let publish = ["publish", "--workspace", "app", "--ref", &reference, "--keyless"];
    let services =
        ["--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"];
    let variables = [("SIGSTORE_ID_TOKEN", token.as_str())];
    let layout = ["--layout", "tags"];
    akua_with(&variables, &[&publish[..], &services, &layout].concat(), stage.folder())
}

#[test]
fn what_cosign_3_signs_without_a_key_is_proven() -> Result<()> {
    for deployment in [Deployment::Tiles, Deployment::Logs] {
        let Some(stage) = Keyless::start("keyless-referrers", deployment)? else { continue };
        let registry = publish(&stage)?;
        let image = format!("{}/app:0.1.0", registry.host);
        let token = stage.token(MAIL)?;
        let start = ["--yes", "--identity-token", &token, "--allow-http-registry"];
        let files =
            ["--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"];
        let common = [&start[..], &files].concat();
        stage.cosign(&[&["sign"], &common[..], &[&image]].concat())?.success()?;
        stage.cosign(&[&["attest"], &common[..], &ATTEST, &[&image]].concat())?.success()?;
        depend(&stage, &registry, "a bundle", "dsseEnvelope")?;
    }
    Ok(())
}

/// Publishes a package that is not signed, and writes what cosign is to say of it.
fn publish(stage: &Keyless) -> Result<Registry> {
    let registry = Registry::start(&[])?;
    fs::create_dir(stage.path("app"))?;
    fs::write(stage.path("app/akua.toml"), manifest("app", ""))?;
    fs::write(stage.path("app/package.k"), "resources = []\n")?;
    let reference = format!("oci://{}/app", registry.host);
    let publish = ["publish", "--workspace", "app", "--ref", &reference];
    let unsigned = ["--no-sign", "--no-attest"];
    akua(&[&publish[..], &unsigned].concat(), stage.folder())?.success()?;
    fs::write(stage.path("predicate.json"), PREDICATE)?;
    Ok(registry)
}

/// Has a package depend on what cosign signed and attested: with the network, from the cache, and
/// from a vendored copy, whose evidence has `kept` in it. `what` is what a signature is called.
fn depend(stage: &Keyless, registry: &Registry, what: &str, kept: &str) -> Result<()> {
    let reference = format!("oci://{}/app", registry.host);
    let program = "import pkgs.app\nresources = app.render({})\n";
    let user = Project::new("keyless-cosign-user", "", program)?;
    user.folder.write("policy.toml", "version = 1\nsignatures.attestations = \"all\"\n")?;
    let issuer = stage.people();
    let declared = |who: &str| {
        let rest = format!(
            "[signing]\ntrusted_root = \"root.json\"\n[signing.identities]\n\"oci://*/app\" = {{ identity = \"{who}\", issuer = \"{issuer}\" }}\n[dependencies]\napp = {{ oci = \"{reference}\", version = \"0.1.0\" }}\n"
        );
        user.folder.write("akua.toml", &manifest("user", &rest))
    };
    let root = fs::read_to_string(stage.path("trusted_root.json"))?;
    user.folder.write("root.json", &root)?;
    declared(MAIL)?;
    user.ok(&["lock"])?;
    ensure!(user.read("akua.lock")?.contains(&format!("cosign:sigstore:{issuer}#{MAIL}")));
    user.ok(&["verify", "--offline"])?;
    user.render(&["--offline"])?;
    user.ok(&["vendor"])?;
    let evidence = user.path(".akua/evidence").read_dir()?.next().context("no evidence")??;
    let evidence = fs::read_to_string(evidence.path())?;
    ensure!(evidence.contains(kept), "{evidence}");
    user.render(&["--offline"])?;
    declared("other@example.com")?;
    user.refused(&["render"], 1, &["E_SIGN_INVALID", what, MAIL, "other@example.com"])?;
    if stage.deployment == Deployment::Tiles {
        return Ok(());
    }
    declared(MAIL)?;
    let mut other: Value = serde_json::from_str(&root)?;
    other["ctlogs"] = other["tlogs"].clone();
    user.folder.write("root.json", &other.to_string())?;
    user.refused(&["render"], 1, &["E_SIGN_INVALID", what, "in a log of certificates"])
}

/// What cosign 2 is told of the services.
fn services(stage: &Keyless) -> Result<Vec<String>> {
    let config: Value = serde_json::from_slice(&fs::read(stage.path("signing_config.json"))?)?;
    let mut told = Vec::new();
    for (flag, name) in [
        ("--fulcio-url", "caUrls"),
        ("--rekor-url", "rekorTlogUrls"),
        ("--timestamp-server-url", "tsaUrls"),
    ] {
        let url = config[name][0]["url"].as_str().context("no service")?;
        told.extend([flag.to_owned(), url.to_owned()]);
    }
    Ok(told)
}

#[test]
fn an_entry_whose_answer_was_lost_is_asked_for() -> Result<()> {
    let Some(stage) = Keyless::start("keyless-lost", Deployment::Logs)? else { return Ok(()) };
    let file = stage.path("signing_config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&file)?)?;
    let log = config["rekorTlogUrls"][0]["url"].as_str().context("no log")?.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    config["rekorTlogUrls"][0]["url"] = format!("http://{}", listener.local_addr()?).into();
    // The log's time is enough.
    config["tsaUrls"] = Value::Array(Vec::new());
    fs::write(&file, config.to_string())?;
    let proxy = std::thread::spawn(move || lose_first_answer(&listener, &log));
    let token = Secret::new(stage.token(MAIL)?.into_bytes());
    let request = Request {
        token: TokenSource::Text(token, "SIGSTORE_ID_TOKEN"),
        entropy: Ephemeral([7; 32]),
        signing_config: Some(file.into()),
        trusted_root: Some(stage.path("trusted_root.json").into()),
    };
    let signed = sign(&Home::default(), &request, Subject::Artifact(b"hello\n"));
    let signed = signed.map_err(|failure| anyhow::anyhow!("{:?}", failure.diagnostics))?;
    let bundle: Value = serde_json::from_slice(&signed.bundle)?;
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    ensure!(entry["kindVersion"]["version"] == "0.0.1", "{entry}");
    ensure!(!bundle.to_string().contains("signedTimestamp\""), "{bundle}");
    let answers = proxy.join().ok().context("the proxy panicked")??;
    ensure!(answers.iter().map(|status| &**status).eq(["201", "409", "200"]), "{answers:?}");
    Ok(())
}

/// Passes three requests on to a log, and all of its answers but the first. Returns their statuses.
#[expect(clippy::disallowed_methods, reason = "a server of a test")]
fn lose_first_answer(listener: &TcpListener, log: &str) -> Result<Vec<String>> {
    let mut statuses = Vec::new();
    for stream in listener.incoming().take(3) {
        let mut stream = stream?;
        let asked = read_request(&mut stream)?;
        let mut upstream = TcpStream::connect(log.trim_start_matches("http://"))?;
        upstream.write_all(&asked)?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        statuses.push(text.split(' ').nth(1).unwrap_or_default().to_owned());
        if statuses.len() > 1 {
            stream.write_all(&answer)?;
        }
        stream.shutdown(Shutdown::Both)?;
    }
    Ok(statuses)
}

/// Reads a request with a length, and asks for the connection to be closed after its answer.
fn read_request(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the request ended early");
        read.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            value.trim().parse::<usize>().ok().filter(|_| is_length)
        });
        if body.len() >= length.context("no length")? {
            let asked = format!("{head}\r\nConnection: close\r\n\r\n{body}");
            return Ok(asked.into_bytes());
        }
    }
}
