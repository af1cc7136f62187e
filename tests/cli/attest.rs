//! What files were rendered of: `render --attest`, and `verify` of a directory.

use akua_sign::{Envelope, IN_TOTO, PrivateKey, Statement, Subject, keyed_bundle};
use akua_source::Digest;
use akua_tests::folder::names;
use akua_tests::peers::peer;
use akua_tests::process::{self, run_in};
use akua_tests::project::Project;
use anyhow::{Context, Result, ensure};
use serde_json::{Value as Json, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A package with an input and two objects.
const PROGRAM: &str = "schema Input:
    size: int = 1

_object = lambda name { {apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = name} }
resources = [_object(\"a\"), _object(\"b\")]
";
/// What the package renders to.
const FILES: [&str; 2] = ["configmap-a.yaml", "configmap-b.yaml"];
/// The attestation.
const ATTESTATION: &str = "deploy/.akua-attestation.sigstore";
/// The inventory.
const INVENTORY: &str = "deploy/.akua-inventory.json";
/// The type of what is said.
const RENDER: &str = "https://akua.dev/attestations/render/v1";
/// What private keys are encrypted with.
const PASSPHRASE: (&str, &str) = ("AKUA_COSIGN_PASSPHRASE", process::PASSPHRASE);
/// A render that is attested.
const ATTEST: [&str; 4] = ["render", "--attest", "--key", "keys/good.key"];
/// Its verification.
const VERIFY: [&str; 4] = ["verify", "deploy", "--key", "keys/good.pub"];

/// Makes the package, and a pair of keys.
fn project(name: &str) -> Result<Project> {
    let project = Project::new(&format!("attest-{name}"), "", PROGRAM)?;
    project.folder.write("inputs.yaml", "size: 2\n")?;
    project.folder.write("keys/.keep", "")?;
    project.ok(&["keygen", "--plain", "--out", "keys/good"])?;
    Ok(project)
}

/// Returns the statement of the attestation.
fn statement(project: &Project) -> Result<Statement> {
    let bundle: Json = serde_json::from_str(&project.read(ATTESTATION)?)?;
    let envelope = Envelope::parse(bundle["dsseEnvelope"].to_string().as_bytes())?;
    Ok(Statement::parse(&envelope.payload)?)
}

/// Signs something else in place of the attestation.
fn forge(project: &Project, statement: &Statement) -> Result<()> {
    let key = PrivateKey::read(project.read("keys/good.key")?.as_bytes(), None)?;
    let envelope = Envelope::sign(IN_TOTO, statement.to_json(), &key);
    project.folder.write(ATTESTATION, &keyed_bundle(&envelope, &key.public()))
}

#[test]
fn what_is_attested_is_proven() -> Result<()> {
    let project = project("proven")?;
    let told = project.ok(&ATTEST)?;
    ensure!(told.contains("attested by cosign:key:sha256:"), "{told}");
    let told = project.ok(&VERIFY)?;
    for word in ["verified: signed with the key", "rendered 2 files", "app 0.1.0", "inputs.yaml"] {
        ensure!(told.contains(word), "no `{word}` in {told}");
    }
    let proven: Json = serde_json::from_str(&project.ok(&[&VERIFY[..], &["--json"]].concat())?)?;
    let inputs = Digest::of(b"size: 2\n");
    ensure!(proven["inputs"]["sha256"] == inputs.hex() && proven["files"] == 2, "{proven}");
    let said = &proven["predicate"];
    ensure!(said["limits"]["timeout"] == 60_000 && said["limits"]["fuel"].is_null(), "{said}");
    ensure!(said["cost"]["fuel"].as_u64().is_some_and(|fuel| fuel > 0), "{said}");
    ensure!(said["akua"]["engines"].as_array().is_some_and(|found| found.len() == 3), "{said}");
    let summary: Json = serde_json::from_str(&project.ok(&["render", "--dry-run", "--json"])?)?;
    ensure!(said["hash"] == summary["hash"] && said["cost"]["fuel"] == summary["cost"]["fuel"]);
    Ok(())
}

#[test]
fn the_same_render_has_the_same_attestation() -> Result<()> {
    let project = project("same")?;
    project.ok(&ATTEST)?;
    let first = project.read(ATTESTATION)?;
    project.ok(&ATTEST)?;
    ensure!(first == project.read(ATTESTATION)?, "over the files of the first");
    let elsewhere = [&ATTEST[..], &["--out", "elsewhere", "--inputs", "./inputs.yaml"]].concat();
    project.ok(&elsewhere)?;
    ensure!(
        first == project.read("elsewhere/.akua-attestation.sigstore")?,
        "into another directory"
    );
    project.folder.write("inputs.yaml", "size: 3\n")?;
    project.ok(&ATTEST)?;
    ensure!(first != project.read(ATTESTATION)?, "of other inputs");
    Ok(())
}

#[test]
fn files_that_differ_are_told() -> Result<()> {
    let project = project("differ")?;
    for name in FILES {
        let path = format!("deploy/{name}");
        project.ok(&ATTEST)?;
        let text = project.read(&path)?;
        project.folder.write(&path, &text.replace("ConfigMap", "Secret"))?;
        let expected = format!("expected {}", Digest::of(text.as_bytes()));
        let changed = format!("`{name}` was changed");
        project.refused(&VERIFY, 1, &["E_ATTEST_FILES", &changed, &expected, "found sha256:"])?;
        fs::remove_file(project.path(&path))?;
        project.refused(&VERIFY, 1, &["E_ATTEST_FILES", &format!("`{name}` is missing")])?;
        std::os::unix::fs::symlink("/etc/hostname", project.path(&path))?;
        project.refused(
            &VERIFY,
            1,
            &["E_ATTEST_FILES", &format!("`{name}` cannot be compared")],
        )?;
        fs::remove_file(project.path(&path))?;
    }
    Ok(())
}

#[test]
fn files_besides_are_told() -> Result<()> {
    let project = project("besides")?;
    project.ok(&ATTEST)?;
    project.folder.write("deploy/README.md", "no object\n")?;
    project.ok(&VERIFY)?;
    let added = ["mine.yaml", "mine.yml", "mine.json", ".mine.yaml", "Kustomization"];
    for name in added.iter().map(OsStr::new).chain([OsStr::from_bytes(b"\xff.yaml")]) {
        let path = project.path("deploy").join(name);
        fs::write(&path, "kind: Pod\n")?;
        let told = format!("`{}` was added", name.to_string_lossy());
        project.refused(&VERIFY, 1, &["E_ATTEST_FILES", &told])?;
        fs::remove_file(&path)?;
    }
    // What kubectl takes from a directory are also the files of akua.
    let (inventory, attestation) = (project.read(INVENTORY)?, project.read(ATTESTATION)?);
    project.folder.write(INVENTORY, "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}")?;
    project.refused(&VERIFY, 1, &["E_ATTEST_FILES", "`.akua-inventory.json` is not the list"])?;
    project.folder.write(INVENTORY, &inventory)?;
    let pod = attestation.replacen('{', "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", ", 1);
    project.folder.write(ATTESTATION, &pod)?;
    project.refused(&VERIFY, 1, &["E_ATTEST_FILES", "`.akua-attestation.sigstore` was added"])?;
    project.folder.write(ATTESTATION, &attestation)?;
    project.ok(&VERIFY).map(drop)
}

#[test]
fn nobody_else_attests() -> Result<()> {
    let project = project("nobody")?;
    project.ok(&ATTEST)?;
    project.ok(&["keygen", "--plain", "--out", "keys/other"])?;
    let other = ["verify", "deploy", "--key", "keys/other.pub"];
    project.refused(&other, 1, &["E_SIGN_SIGNATURE"])?;
    let identity = ["--certificate-identity", "a@b.c", "--certificate-oidc-issuer", "https://b.c"];
    project.refused(&[&VERIFY[..2], &identity].concat(), 1, &["E_SIGN_"])?;
    project.refused(&VERIFY[..2], 1, &["--key <FILE>", "--certificate-identity"])?;
    project.refused(&[&VERIFY[..], &["--workspace", "."]].concat(), 1, &["cannot be used with"])?;
    // A later render is another one, and the attestation of this one goes.
    project.ok(&["render"])?;
    ensure!(!project.path(ATTESTATION).exists());
    project.refused(
        &VERIFY,
        1,
        &["E_ATTEST_MISSING", "nothing attests what `deploy` is made of"],
    )?;
    let missing = [&["verify", "nowhere"], &VERIFY[2..]].concat();
    project.refused(&missing, 1, &["E_ATTEST_MISSING", "there is no `nowhere`"])
}

#[test]
fn keys_are_those_that_publish_takes() -> Result<()> {
    let project = project("keys")?;
    project.run_with(&[PASSPHRASE], &["keygen", "--out", "keys/sealed"])?.success()?;
    let sealed = ["render", "--attest", "--key", "keys/sealed.key"];
    // Nothing is written where the key is missing, or stays closed.
    project.refused(&["render", "--attest"], 1, &["E_SIGN_KEY", "no key to sign with"])?;
    project.refused(&["render", "--attest", "--key", "none.key"], 1, &["E_SIGN_KEY"])?;
    project.refused(&sealed, 1, &["E_SIGN_KEY", "AKUA_COSIGN_PASSPHRASE"])?;
    let wrong = project.run_with(&[("AKUA_COSIGN_PASSPHRASE", "wrong")], &sealed)?;
    ensure!(wrong.code == Some(1) && wrong.stderr.contains("E_SIGN_KEY"), "{}", wrong.stderr);
    ensure!(!project.path("deploy").exists(), "something was written");
    project.refused(&["render", "--key", "keys/good.key"], 1, &["E_INVALID_FLAG", "--attest"])?;
    project.run_with(&[PASSPHRASE], &sealed)?.success()?;
    project.ok(&["verify", "deploy", "--key", "keys/sealed.pub"])?;
    let text = project.read("keys/good.key")?;
    project.run_with(&[("AKUA_COSIGN_KEY", &text)], &["render", "--attest"])?.success()?;
    project.ok(&VERIFY)?;
    let manifest = project.read("akua.toml")?;
    let signing = "\n[signing]\ncosign_private_key = \"keys/good.key\"\n";
    project.folder.write("akua.toml", &(manifest + signing))?;
    project.ok(&["render", "--attest"])?;
    project.ok(&VERIFY)?;
    for other in ["--stdout", "--dry-run"] {
        project.refused(&[&ATTEST[..], &[other]].concat(), 1, &["cannot be used with"])?;
    }
    Ok(())
}

#[test]
fn cosign_reads_it_file_by_file() -> Result<()> {
    let Some(cosign) = peer("cosign") else { return Ok(()) };
    let project = project("cosign")?;
    project.ok(&ATTEST)?;
    let verify = |file: &str| {
        let start = ["verify-blob-attestation", "--key", "keys/good.pub", "--bundle", ATTESTATION];
        let rest = ["--type", RENDER, "--insecure-ignore-tlog=true", file];
        run_in(&cosign, &[&start[..], &rest].concat(), project.folder.path())
    };
    for name in FILES {
        verify(&format!("deploy/{name}"))?.success()?;
    }
    ensure!(verify("package.k")?.code != Some(0), "cosign takes any file");
    Ok(())
}

#[test]
fn a_render_without_objects_has_nothing_to_attest() -> Result<()> {
    let project = project("empty")?;
    project.folder.write("package.k", "resources = []\n")?;
    project.refused(&ATTEST, 1, &["E_ATTEST_FILES", "renders no objects"])
}

#[test]
fn a_package_does_not_write_its_own_attestation() -> Result<()> {
    let project = project("own")?;
    let object = |kind: &str, name: &str| {
        format!("{{apiVersion = \"v1\", kind = \"{kind}\", metadata.name = \"{name}\"}}")
    };
    let objects = [
        object("", ".akua-attestation.sigstore"),
        object(".akua", "attestation.json"),
        object(".akua-attestation.sigstore", ""),
        object("A", "/../.akua-attestation.sigstore"),
    ];
    let mut written_objects = 0;
    for made in objects {
        project.folder.write("package.k", &format!("resources = [{made}]\n"))?;
        // What is no object is refused; what is one has a file of its own, which ends with `.yaml`.
        if project.run(&ATTEST)?.code == Some(0) {
            ensure!(statement(&project)?.predicate_type == RENDER, "{made}");
            project.ok(&VERIFY)?;
            let written = names(&project.path("deploy"))?;
            let extension = |name: &String| Path::new(name).extension() == Some(OsStr::new("yaml"));
            ensure!(written.len() == 3 && written.iter().any(extension), "{written:?}");
            written_objects += 1;
        }
        if project.path("deploy").exists() {
            fs::remove_dir_all(project.path("deploy"))?;
        }
    }
    ensure!(written_objects > 0, "all are refused: nothing was shown");
    Ok(())
}

#[test]
fn what_is_said_does_not_control_the_terminal() -> Result<()> {
    let project = project("terminal")?;
    project.folder.write("in\u{1b}[31m\n  akua.yaml", "size: 2\n")?;
    project.ok(&[&ATTEST[..], &["--inputs", "in\u{1b}[31m\n  akua.yaml"]].concat())?;
    let check = |more: &[&str]| -> Result<()> {
        let outcome = project.run(&[&VERIFY[..], more].concat())?;
        let told = String::from_utf8(outcome.stdout)? + &outcome.stderr;
        ensure!(!told.contains('\u{1b}'), "{told}");
        ensure!(!told.lines().any(|line| line.starts_with("  akua.yaml")), "{told}");
        Ok(())
    };
    check(&[])?;
    check(&["--json"])?;
    // So it is with what a signer says who is no akua.
    let Statement { subject, mut predicate, .. } = statement(&project)?;
    predicate["package"]["name"] = json!("app\u{1b}[31m\n  akua.yaml");
    forge(&project, &Statement::new(subject, RENDER, predicate.clone()))?;
    check(&[])?;
    let outside = Subject::new("\u{1b}[31m\n  akua.yaml", &Digest::of(b""));
    forge(&project, &Statement::new(vec![outside], RENDER, predicate))?;
    check(&[])?;
    project.refused(&VERIFY, 1, &["E_ATTEST_FILES"])
}

#[test]
fn other_statements_of_the_same_key_attest_nothing() -> Result<()> {
    let project = project("statements")?;
    project.ok(&ATTEST)?;
    let Statement { subject, predicate, .. } = statement(&project)?;
    let other = "https://slsa.dev/provenance/v1";
    forge(&project, &Statement::new(subject.clone(), other, predicate.clone()))?;
    project.refused(&VERIFY, 1, &["E_ATTEST_MISSING", other])?;
    forge(&project, &Statement::new(subject.clone(), RENDER, json!({})))?;
    project.refused(&VERIFY, 1, &["E_ATTEST_MISSING", "missing field `package`"])?;
    // What lies outside of the directory is not read.
    let outside = Subject::new("../package.k", &Digest::of(PROGRAM.as_bytes()));
    let more = subject.iter().cloned().chain([outside]).collect();
    forge(&project, &Statement::new(more, RENDER, predicate.clone()))?;
    project.refused(&VERIFY, 1, &["E_ATTEST_FILES", "`../package.k` cannot be compared"])?;
    let first = subject.first().cloned().context("a subject")?;
    forge(&project, &Statement::new(vec![first], RENDER, predicate))?;
    project.refused(&VERIFY, 1, &["E_ATTEST_FILES", "`configmap-b.yaml` was added"])
}

#[test]
fn certificates_prove_who_attests() -> Result<()> {
    let project = project("certificates")?;
    let corpus = process::root().join("tests/corpus/trust");
    for (from, to) in [("statement.sigstore.json", ATTESTATION), ("trusted_root.json", "root.json")]
    {
        project.folder.write(to, &fs::read_to_string(corpus.join(from))?)?;
    }
    let by = |identity| {
        let issuer = "http://127.0.0.1:34533/people";
        let signer = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
        [&VERIFY[..2], &signer, &["--trusted-root", "root.json"]].concat()
    };
    // It is of whom it should be, and says nothing of a render.
    project.refused(
        &by("dev@example.com"),
        1,
        &["E_ATTEST_MISSING", "says nothing of a render"],
    )?;
    project.refused(&by("other@example.com"), 1, &["E_SIGN_IDENTITY", "dev@example.com"])
}
