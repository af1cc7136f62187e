//! The real engines, with honest and with hostile input.
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::time::{Duration, Instant};

use akua_wire::{FrameBuilder, decode};
use serde_json::Value;

use super::*;
use crate::error::{DeadlineKind, MemoryKind};
use crate::stack::on_render_stack;

/// A chart with one template.
fn chart(template: &str) -> Vec<u8> {
    FrameBuilder::new()
        .part("request", br#"{"release":{"name":"r","namespace":"n"}}"#)
        .part("chart/Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.2.3\n")
        .part("chart/templates/a.yaml", template.as_bytes())
        .finish()
}

/// Runs an engine on a render thread and reads its answer: the first part, and its name.
fn run(guest: Guest, frame: &[u8], limits: Limits) -> Result<(String, Value), SandboxError> {
    let session = Session::new(limits, move || [1; 32]);
    let output = on_render_stack(1, || session.run_engine(guest, frame))?;
    let answer = decode(&output.bytes, usize::MAX).expect("a frame");
    let first = answer.parts().first().expect("a part");
    let value = serde_json::from_slice(first.data).expect("JSON");
    Ok((first.name.to_owned(), value))
}

/// Renders a template with helm.
fn helm(template: &str, limits: Limits) -> Result<(String, Value), SandboxError> {
    run(Guest::Helm, &chart(template), limits)
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ";

#[test]
fn helm_renders() {
    let (name, answer) = helm(&format!("{CONFIG_MAP}{{{{ .Release.Name }}}}\n"), Limits::default())
        .expect("a chart");
    assert_eq!(name, "result");
    assert_eq!(answer["objects"][0]["name"], "r");
    assert_eq!(answer["objects"][0]["source"], "web/templates/a.yaml");
}

#[test]
fn two_renders_give_the_same_bytes() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: \
        {{ randAlphaNum 20 }}\n  b: {{ uuidv4 }}\n  c: {{ now | quote }}\n  d: {{ shuffle \
        \"abcdefghijkl\" }}\n  e: {{ keys .Values .Chart .Release | join \"-\" }}\n";
    let frame = chart(template);
    let render = |seed| {
        let session = Session::new(Limits::default(), move || [seed; 32]);
        let output = session.run_engine(Guest::Helm, &frame).expect("a chart");
        (output.bytes, output.fuel_used, session.report().entropy_used)
    };
    let first = render(1);
    assert_eq!(first, render(1));
    assert!(first.2, "the chart drew random bytes");
    assert_ne!(first.0, render(2).0, "random bytes follow from the seed");
}

#[test]
fn each_source_of_chance_follows_from_the_seed() {
    let render = |call: &str, seed: u8| {
        let frame = chart(&format!("{CONFIG_MAP}a\ndata:\n  x: {{{{ {call} }}}}\n"));
        let session = Session::new(Limits::default(), move || [seed; 32]);
        let output = session.run_engine(Guest::Helm, &frame).expect("a chart");
        let report = session.report();
        (output.bytes, output.fuel_used, report.entropy_used, report.clock_used)
    };
    for call in [
        "randAlphaNum 20",
        "randAscii 20 | quote",
        "randBytes 20",
        "randInt 0 1000000000",
        "uuidv4",
        "shuffle \"abcdefghijklmnopqrst\"",
        "genPrivateKey \"ecdsa\" | b64enc",
        "(genCA \"ca\" 365).Cert | b64enc",
        "(genSelfSignedCert \"a\" nil nil 365).Key | b64enc",
        "bcrypt \"a\" | quote",
        "htpasswd \"a\" \"b\" | quote",
        "encryptAES \"key\" \"text\"",
    ] {
        let first = render(call, 1);
        assert_eq!(first, render(call, 1), "{call}");
        assert!(first.2, "{call} draws random bytes");
        assert_ne!(first.0, render(call, 2).0, "{call}");
    }
    for call in ["now | quote", "now | date \"2006\"", "now | unixEpoch"] {
        let first = render(call, 1);
        assert_eq!(first, render(call, 2), "{call}");
        assert!(first.3, "{call} reads the clock");
    }
    let plain = render("1", 1);
    assert!(!plain.2 && !plain.3, "nothing is reported that was not used");
}

#[test]
fn errors_of_a_chart_are_answers() {
    let (name, answer) = helm("{{ fail \"no\" }}", Limits::default()).expect("an answer");
    assert_eq!(name, "error");
    assert_eq!(answer["code"], "E_HELM_TEMPLATE");
    assert_eq!(answer["path"], "templates/a.yaml");
}

#[test]
fn a_recursive_include_is_helms_own_error() {
    let template = r#"{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}"#;
    let (_, answer) = helm(template, Limits::default()).expect("an answer");
    assert_eq!(answer["code"], "E_HELM_TEMPLATE", "{answer}");
    let message = answer["message"].as_str().expect("a message");
    assert!(message.contains("nested reference name"), "{message}");
}

#[test]
fn a_recursive_template_uses_up_the_stack_or_the_memory() {
    let template = r#"{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}"#;
    let answer = helm(template, Limits::default());
    let stopped = match &answer {
        Ok((_, answer)) => answer["code"] == "E_HELM_TEMPLATE",
        Err(SandboxError::Stack { .. } | SandboxError::Memory { .. }) => true,
        Err(_) => false,
    };
    assert!(stopped, "{answer:?}");
}

#[test]
fn an_endless_range_ends_at_the_deadline() {
    let engine_timeout = Duration::from_millis(300);
    let limits = Limits { engine_timeout, ..Limits::default() };
    let start = Instant::now();
    let template = "{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ end }}{{ end }}";
    let error = helm(template, limits).expect_err("endless");
    assert!(
        matches!(error, SandboxError::Deadline { kind: DeadlineKind::Engine, .. }),
        "{error:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_memory_bomb_is_stopped_by_the_limit() {
    let template = r#"{{ $s := "0123456789" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}"#;
    let error = helm(template, Limits::default()).expect_err("a bomb");
    assert!(matches!(error, SandboxError::Memory { kind: MemoryKind::Store, .. }), "{error:?}");
}

/// An overlay with one resource.
fn overlay(kustomization: &str) -> Vec<u8> {
    FrameBuilder::new()
        .part("request", br#"{"path":"overlay"}"#)
        .part("file/overlay/kustomization.yaml", kustomization.as_bytes())
        .part("file/base.yaml", format!("{CONFIG_MAP}a\n").as_bytes())
        .part("file/overlay/own.yaml", format!("{CONFIG_MAP}b\n").as_bytes())
        .finish()
}

/// Builds an overlay with kustomize.
fn kustomize(kustomization: &str) -> (String, Value) {
    run(Guest::Kustomize, &overlay(kustomization), Limits::default()).expect("an answer")
}

#[test]
fn kustomize_builds() {
    let (name, answer) = kustomize("namePrefix: x-\nresources: [own.yaml]\n");
    assert_eq!(name, "result", "{answer}");
    assert_eq!(answer["objects"][0]["name"], "x-b");
}

#[test]
fn kustomize_stays_in_its_root() {
    let (_, answer) = kustomize("resources: [../base.yaml]\n");
    assert_eq!(answer["code"], "E_KUSTOMIZE_BUILD", "{answer}");
    let message = answer["message"].as_str().expect("a message");
    assert!(message.contains("security; file"), "{message}");
}

#[test]
fn kustomize_refuses_what_would_leave_the_sandbox() {
    for remote in ["https://example.com/x.yaml", "github.com/a/b?ref=v1", "git@example.com:a/b"] {
        let (_, answer) = kustomize(&format!("resources: ['{remote}']\n"));
        assert_eq!(answer["code"], "E_KUSTOMIZE_REMOTE", "{answer}");
        assert_eq!(answer["path"], "overlay/kustomization.yaml");
    }
    let (_, answer) = kustomize("helmCharts: [{name: a}]\n");
    assert_eq!(answer["code"], "E_KUSTOMIZE_PLUGIN", "{answer}");
}
