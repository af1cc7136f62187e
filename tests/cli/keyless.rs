//! Keyless signatures, with a real deployment on loopback and real cosign.

use akua_tests::peers::Keyless;
use anyhow::{Result, ensure};
use std::fs;

/// Who signs.
const MAIL: &str = "dev@example.com";

#[test]
fn cosign_signs_and_verifies_with_the_deployment() -> Result<()> {
    let Some(stage) = Keyless::start("keyless-cosign")? else { return Ok(()) };
    let blob = stage.path("blob");
    fs::write(&blob, "hello\n")?;
    sign_blob(&stage, MAIL)?;
    let issuer = stage.people();
    let verify = |identity: &str| {
        let root = stage.path("trusted_root.json");
        let who = ["--certificate-identity", identity, "--certificate-oidc-issuer", &issuer];
        let bundle = stage.path("bundle.json");
        let start = ["verify-blob", "--bundle", &bundle, "--trusted-root", &root];
        // The deployment has no log of certificates.
        stage.cosign(&[&start[..], &who[..], &["--insecure-ignore-sct", &blob]].concat())
    };
    verify(MAIL)?.success()?;
    ensure!(verify("other@example.com")?.code != Some(0), "a stage that proves nothing");
    Ok(())
}

/// Lets cosign sign `blob` into `bundle.json`.
fn sign_blob(stage: &Keyless, mail: &str) -> Result<()> {
    let (config, root) = (stage.path("signing_config.json"), stage.path("trusted_root.json"));
    let token = stage.token(mail)?;
    let start = ["sign-blob", "--yes", "--identity-token", &token, "--signing-config", &config];
    let rest = ["--trusted-root", &root, "--bundle", &stage.path("bundle.json")];
    stage.cosign(&[&start[..], &rest[..], &[&stage.path("blob")]].concat())?.success()?;
    Ok(())
}
