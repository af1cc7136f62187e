//! Keyless signatures, with a real deployment on loopback and real cosign.

use akua_ops::keyless::{Ephemeral, Keyless as Request, Subject, TokenSource, sign};
use akua_ops::{Failure, Home, Secret};
use akua_source::Digest;
use akua_tests::peers::{Deployment, Keyless, WORKFLOW_SECRET};
use akua_tests::process::{Outcome, akua, akua_with};
use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::fs;

/// Who signs.
const MAIL: &str = "dev@example.com";
/// What is signed.
const ARTIFACT: &[u8] = b"hello\n";
/// What is said of it.
const PREDICATE: &str = "https://example.com/predicate/v1";
/// Who a workflow is.
const WORKFLOW: &str =
    "https://github.com/octo-org/octo-repo/.github/workflows/release.yaml@refs/heads/main";

/// Runs a test with each deployment that is installed.
fn on_each(name: &str, test: fn(&Keyless) -> Result<()>) -> Result<()> {
    for deployment in [Deployment::Tiles, Deployment::Logs] {
        if let Some(stage) = Keyless::start(name, deployment)? {
            test(&stage).with_context(|| format!("{deployment:?}"))?;
        }
    }
    Ok(())
}

#[test]
fn cosign_and_akua_agree_on_what_cosign_signs() -> Result<()> {
    on_each("keyless-cosign", cosign_signs)
}

fn cosign_signs(stage: &Keyless) -> Result<()> {
    fs::write(stage.path("blob"), ARTIFACT)?;
    let (config, root) = (stage.path("signing_config.json"), stage.path("trusted_root.json"));
    let token = stage.token(MAIL)?;
    let start = ["sign-blob", "--yes", "--identity-token", &token, "--signing-config", &config];
    let rest = ["--trusted-root", &root, "--bundle", &stage.path("bundle.json")];
    stage.cosign(&[&start[..], &rest[..], &[&stage.path("blob")]].concat())?.success()?;
    check_blob(stage, MAIL, &stage.people())
}

#[test]
fn cosign_and_akua_agree_on_what_akua_signs() -> Result<()> {
    on_each("keyless-akua", akua_signs)
}

fn akua_signs(stage: &Keyless) -> Result<()> {
    fs::write(stage.path("blob"), ARTIFACT)?;
    let token = Secret::new(stage.token(MAIL)?.into_bytes());
    let request = request(stage, TokenSource::Text(token, "SIGSTORE_ID_TOKEN"));
    let bundle = signed(&request, Subject::Artifact(ARTIFACT))?;
    fs::write(stage.path("bundle.json"), bundle)?;
    check_blob(stage, MAIL, &stage.people())?;
    // A workflow of GitHub asks for its token, and signs a statement.
    let secret = Secret::new(WORKFLOW_SECRET.as_bytes().to_vec());
    let request = self::request(stage, TokenSource::Ambient { url: stage.workflow_url(), secret });
    let bundle = signed_statement(&request)?;
    fs::write(stage.path("bundle.json"), bundle)?;
    check_statement(stage, WORKFLOW, &stage.workflows())
}

#[test]
fn a_package_is_published_without_a_key() -> Result<()> {
    on_each("keyless-publish", publish)
}

fn publish(stage: &Keyless) -> Result<()> {
    let registry = Registry::start(&[])?;
    let folder = stage.folder();
    fs::create_dir(stage.path("app"))?;
    fs::write(stage.path("app/akua.toml"), manifest("app", ""))?;
    fs::write(stage.path("app/package.k"), "resources = []\n")?;
    let reference = format!("oci://{}/app", registry.host);
    let publish = ["publish", "--workspace", "app", "--ref", &reference, "--keyless"];
    let services =
        ["--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"];
    let arguments = [&publish[..], &services[..]].concat();
    let token = stage.token(MAIL)?;
    let variables = [("SIGSTORE_ID_TOKEN", token.as_str())];
    let tried = akua_with(&variables, &[&arguments[..], &["--dry-run"]].concat(), folder)?;
    let tried = String::from_utf8(tried.success()?)?;
    ensure!(tried.contains("would publish") && tried.contains("cosign:sigstore"), "{tried}");
    let done = akua_with(&variables, &arguments, folder)?;
    ensure!(!done.stderr.contains(&token), "the token is told");
    let done = String::from_utf8(done.success()?)?;
    let signer = format!("cosign:sigstore:{}#{MAIL}, attested", stage.people());
    ensure!(done.contains(&signer), "{done}");
    let image = format!("{}/app:0.1.0", registry.host);
    let issuer = stage.people();
    let verify = |verb: &[&str], who: &str| {
        let root = ["--trusted-root", "trusted_root.json"];
        let who = ["--certificate-identity", who, "--certificate-oidc-issuer", &issuer];
        let rest = ["--allow-http-registry", &image];
        let root = [&root[..], stage.without_certificate_log()].concat();
        let rest = [&root[..], &who[..], &rest[..]].concat();
        let newer = stage.cosign(&[verb, &rest].concat())?;
        // Rekor 2 has no times: cosign 2 has to be told that there are others.
        let format = ["--new-bundle-format", "--use-signed-timestamps"];
        let older = stage.cosign2(&[verb, &rest, &format].concat())?;
        ensure!(newer.code == older.code, "cosign 2: {}", older.stderr);
        Ok(newer)
    };
    let attestation = ["verify-attestation", "--type", "slsaprovenance1"];
    for verb in [&["verify"][..], &attestation] {
        verify(verb, MAIL)?.success().with_context(|| format!("cosign {verb:?}"))?;
        ensure!(verify(verb, "other@example.com")?.code != Some(0), "nothing is proven");
    }
    inspect(stage, &reference)?;
    // What is there already is not signed again.
    akua_with(&variables, &arguments, folder)?.success()?;
    inspect(stage, &reference)?;
    depend(stage, &reference, &issuer)?;
    // A run of GitHub Actions, which signs what is there already.
    let sign = ["sign", "--ref", &reference, "--tag", "0.1.0", "--keyless"];
    let url = stage.workflow_url();
    let variables = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", WORKFLOW_SECRET),
    ];
    let done = akua_with(&variables, &[&sign[..], &services[..]].concat(), folder)?.success()?;
    let done = String::from_utf8(done)?;
    ensure!(done.contains(&format!("#{WORKFLOW}")), "{done}");
    Ok(())
}

/// Checks that who signed is shown where the trust root is theirs; nobody needs to be named.
fn inspect(stage: &Keyless, reference: &str) -> Result<()> {
    let shown = |more: &[&str]| -> Result<usize> {
        let inspect = ["inspect", "--ref", reference, "--tag", "0.1.0"];
        let shown = akua(&[&inspect[..], more].concat(), stage.folder())?.success()?;
        let by = format!(" by cosign:sigstore:{}#{MAIL}", stage.people());
        Ok(String::from_utf8(shown)?.matches(&by).count())
    };
    // Signature and attestation, as bundles; where the log promises that it has them, as tags too.
    let count = if stage.deployment == Deployment::Logs { 4 } else { 2 };
    ensure!(shown(&["--trusted-root", "trusted_root.json"])? == count);
    ensure!(shown(&[])? == 0, "it does not lead back to the public instance");
    Ok(())
}

/// Has a package depend on what was published, and prove who published it: by a pattern of
/// identities, with the network, from the cache, and from a vendored copy alone.
fn depend(stage: &Keyless, reference: &str, issuer: &str) -> Result<()> {
    let program = "import pkgs.app\nresources = app.render({})\n";
    let user = Project::new("keyless-user", "", program)?;
    user.folder.write("root.json", &fs::read_to_string(stage.path("trusted_root.json"))?)?;
    let declared = |who: &str, root: &str| {
        let rest = format!(
            "[signing]\n{root}[signing.identities]\n\"oci://*/app\" = {{ identity = \"{who}\", issuer = \"{issuer}\" }}\n[dependencies]\napp = {{ oci = \"{reference}\", version = \"0.1.0\" }}\n"
        );
        user.folder.write("akua.toml", &manifest("user", &rest))
    };
    let root = "trusted_root = \"root.json\"\n";
    user.folder.write("policy.toml", "version = 1\nsignatures.attestations = \"all\"\n")?;
    declared("*@example.com", root)?;
    user.ok(&["lock"])?;
    ensure!(user.read("akua.lock")?.contains(&format!("cosign:sigstore:{issuer}#{MAIL}")));
    user.ok(&["verify", "--offline"])?;
    user.render(&["--offline"])?;
    user.ok(&["vendor"])?;
    fs::remove_dir_all(user.path("home"))?;
    user.render(&["--offline"])?;
    declared("*@example.org", root)?;
    user.refused(&["render"], 1, &["E_SIGN_INVALID", MAIL, "*@example.org"])?;
    // Nothing leads back to the public instance.
    declared("*@example.com", "")?;
    user.refused(&["render"], 1, &["E_SIGN_INVALID"])
}

#[test]
fn what_is_rendered_is_attested_without_a_key() -> Result<()> {
    on_each("keyless-render", attest)
}

/// Renders, and has akua and cosign prove of what the files are made.
fn attest(stage: &Keyless) -> Result<()> {
    let program =
        "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"a\"}]\n";
    fs::write(stage.path("akua.toml"), manifest("app", ""))?;
    fs::write(stage.path("package.k"), program)?;
    let services =
        ["--signing-config", "signing_config.json", "--trusted-root", "trusted_root.json"];
    let render = [&["render", "--attest", "--keyless"][..], &services].concat();
    let folder = stage.folder();
    // Without a good token nothing is written; without a network nothing is rendered.
    let expired = stage.expired_token(MAIL)?;
    let refused = akua_with(&[("SIGSTORE_ID_TOKEN", &expired)], &render, folder)?;
    ensure!(refused.code != Some(0) && refused.stderr.contains("new token"), "{}", refused.stderr);
    let token = stage.token(MAIL)?;
    let variables = [("SIGSTORE_ID_TOKEN", token.as_str())];
    let offline = akua_with(&variables, &[&render[..], &["--offline"]].concat(), folder)?;
    ensure!(offline.stderr.contains("E_INVALID_FLAG"), "{}", offline.stderr);
    let none = akua(&render, folder)?;
    ensure!(none.stderr.contains("E_KEYLESS_TOKEN"), "{}", none.stderr);
    ensure!(!folder.join("deploy").exists(), "something was written");
    let done = String::from_utf8(akua_with(&variables, &render, folder)?.success()?)?;
    let issuer = stage.people();
    ensure!(done.contains(&format!("attested by cosign:sigstore:{issuer}#{MAIL}")), "{done}");
    let prove = |who: &str| {
        let root = ["verify", "deploy", "--trusted-root", "trusted_root.json"];
        let who = ["--certificate-identity", who, "--certificate-oidc-issuer", &issuer];
        akua(&[&root[..], &who].concat(), folder)
    };
    let told = String::from_utf8(prove(MAIL)?.success()?)?;
    ensure!(told.contains(MAIL) && told.contains("rendered 1 file"), "{told}");
    ensure!(prove("other@example.com")?.stderr.contains("E_SIGN_IDENTITY"));
    let start = ["verify-blob-attestation", "--bundle", "deploy/.akua-attestation.sigstore"];
    let root = ["--trusted-root", "trusted_root.json"];
    let root = [&root[..], stage.without_certificate_log()].concat();
    let who = ["--certificate-identity", MAIL, "--certificate-oidc-issuer", &issuer];
    let kind = ["--type", "https://akua.dev/attestations/render/v1", "deploy/configmap-a.yaml"];
    stage.cosign(&[&start[..], &root, &who, &kind].concat())?.success()?;
    fs::write(folder.join("deploy/configmap-a.yaml"), "changed")?;
    ensure!(prove(MAIL)?.stderr.contains("E_ATTEST_FILES"));
    Ok(())
}

#[test]
fn what_services_refuse_is_told_without_the_token() -> Result<()> {
    on_each("keyless-refused", refuse)
}

fn refuse(stage: &Keyless) -> Result<()> {
    let refused = |source: TokenSource, edit: fn(&mut Request, &Keyless)| -> Result<String> {
        let mut request = request(stage, source);
        edit(&mut request, stage);
        let failure = sign(&home(), &request, Subject::Artifact(ARTIFACT)).err();
        Ok(format!("{:?}", failure.context("it is signed")?.diagnostics))
    };
    let expired = stage.expired_token(MAIL)?;
    let expired_file = TokenSource::File(stage.folder().join("token"));
    fs::write(stage.path("token"), &expired)?;
    let told = refused(expired_file, |_, _| ())?;
    ensure!(told.contains("E_FETCH_PROTOCOL") && told.contains("get a new token"), "{told}");
    ensure!(expired.split('.').all(|part| !told.contains(part)), "{told}");
    let secret = Secret::new(b"another-secret-of-a-test".to_vec());
    let told = refused(TokenSource::Ambient { url: stage.workflow_url(), secret }, |_, _| ())?;
    ensure!(told.contains("E_FETCH_AUTH") && !told.contains("another-secret"), "{told}");
    let good = || -> Result<TokenSource> {
        Ok(TokenSource::Text(Secret::new(stage.token(MAIL)?.into_bytes()), "SIGSTORE_ID_TOKEN"))
    };
    let told = refused(good()?, |request, _| request.trusted_root = None)?;
    ensure!(told.contains("E_SIGN_TIME"), "another root: {told}");
    let told = refused(good()?, |request, stage| {
        request.signing_config = Some(stage.folder().join("trusted_root.json"));
    })?;
    ensure!(told.contains("E_KEYLESS_SERVICES"), "{told}");
    let told = refused(TokenSource::Text(Secret::new(b"a.b.c".to_vec()), "X"), |_, _| ())?;
    ensure!(told.contains("E_KEYLESS_TOKEN"), "{told}");
    Ok(())
}

/// Checks that cosign and akua accept `bundle.json` for `blob`, and for nobody else.
fn check_blob(stage: &Keyless, who: &str, issuer: &str) -> Result<()> {
    let cosign = |who: &str, issuer: &str| cosign(stage, "verify-blob", &[], who, issuer);
    cosign(who, issuer)?.success().context("cosign")?;
    ensure!(cosign("other@example.com", issuer)?.code != Some(0), "a stage that proves nothing");
    check_akua(stage, who, issuer)
}

/// Checks the same of a statement.
fn check_statement(stage: &Keyless, who: &str, issuer: &str) -> Result<()> {
    let kind = ["--type", PREDICATE];
    let cosign = |who: &str| cosign(stage, "verify-blob-attestation", &kind, who, issuer);
    cosign(who)?.success().context("cosign")?;
    ensure!(cosign("other@example.com")?.code != Some(0), "a stage that proves nothing");
    check_akua(stage, who, issuer)?;
    let found = verify(stage, who, issuer, &["--json"])?.success()?;
    let found: Value = serde_json::from_slice(&found)?;
    ensure!(found["predicate_type"] == PREDICATE, "{found}");
    Ok(())
}

fn check_akua(stage: &Keyless, who: &str, issuer: &str) -> Result<()> {
    let told = String::from_utf8(verify(stage, who, issuer, &[])?.success().context("akua")?)?;
    ensure!(told.contains(&format!("verified: signed by {who} (issuer {issuer})")), "{told}");
    ensure!(told.contains("in the log 127.0.0.1") && told.contains("signed at 20"), "{told}");
    for (who, issuer, code) in
        [("other@example.com", issuer, "E_SIGN_IDENTITY"), (who, "https://x", "E_SIGN_ISSUER")]
    {
        let refused = verify(stage, who, issuer, &[])?;
        ensure!(refused.code == Some(1) && refused.stderr.contains(code), "{}", refused.stderr);
    }
    fs::write(stage.path("blob"), b"changed\n")?;
    let refused = verify(stage, who, issuer, &[])?;
    fs::write(stage.path("blob"), ARTIFACT)?;
    ensure!(refused.stderr.contains("E_SIGN_ARTIFACT"), "{}", refused.stderr);
    if stage.deployment == Deployment::Logs {
        check_certificate_log(stage, who, issuer)?;
    }
    Ok(())
}

/// Checks that a root that names another log of certificates accepts nothing.
fn check_certificate_log(stage: &Keyless, who: &str, issuer: &str) -> Result<()> {
    let good = fs::read(stage.path("trusted_root.json"))?;
    let mut root: Value = serde_json::from_slice(&good)?;
    root["ctlogs"] = root["tlogs"].clone();
    fs::write(stage.path("trusted_root.json"), root.to_string())?;
    let refused = verify(stage, who, issuer, &[]);
    fs::write(stage.path("trusted_root.json"), good)?;
    let refused = refused?;
    ensure!(refused.stderr.contains("E_SIGN_CERTIFICATE_LOG"), "{}", refused.stderr);
    Ok(())
}

fn verify(stage: &Keyless, who: &str, issuer: &str, more: &[&str]) -> Result<Outcome> {
    let files = ["verify", "--bundle", "bundle.json", "--artifact", "blob"];
    let root = ["--trusted-root", "trusted_root.json"];
    let who = ["--certificate-identity", who, "--certificate-oidc-issuer", issuer];
    akua(&[&files[..], &root[..], &who[..], more].concat(), stage.folder())
}

fn cosign(stage: &Keyless, verb: &str, more: &[&str], who: &str, issuer: &str) -> Result<Outcome> {
    let start = [verb, "--bundle", "bundle.json", "--trusted-root", "trusted_root.json"];
    let who = ["--certificate-identity", who, "--certificate-oidc-issuer", issuer];
    let rest = stage.without_certificate_log();
    stage.cosign(&[&start[..], &who[..], more, rest, &["blob"]].concat())
}

/// Nothing of this machine.
fn home() -> Home {
    Home::default()
}

fn request(stage: &Keyless, token: TokenSource) -> Request {
    Request {
        token,
        entropy: Ephemeral([7; 32]),
        signing_config: Some(stage.folder().join("signing_config.json")),
        trusted_root: Some(stage.folder().join("trusted_root.json")),
    }
}

fn signed(request: &Request, subject: Subject<'_>) -> Result<Vec<u8>> {
    let told = |failure: Failure| anyhow::anyhow!("{:?}", failure.diagnostics);
    Ok(sign(&home(), request, subject).map_err(told)?.bundle)
}

fn signed_statement(request: &Request) -> Result<Vec<u8>> {
    let about = Digest::of(ARTIFACT);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "blob", "digest": { "sha256": about.hex() } }],
        "predicateType": PREDICATE,
        "predicate": {},
    });
    let json = statement.to_string();
    signed(request, Subject::Statement { json: json.as_bytes(), about: &about })
}
