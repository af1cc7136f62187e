//! Files are read or refused at the byte, layers only tighten, and lint says what is odd.

use super::*;
use crate::{Author, Effective, Layer, lint};
use akua_sign::Depth;

/// Says what is read, or what is refused and where.
fn told(text: &str, diagnostics: &[Diagnostic]) -> String {
    let one = |found: &Diagnostic| {
        let at = found.labels.first().map_or(0..0, |label| {
            usize::try_from(label.span.start).expect("fits")
                ..usize::try_from(label.span.end).expect("fits")
        });
        format!("{} `{}`: {}", found.code, text.get(at).unwrap_or("?"), found.message)
    };
    diagnostics.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn refused(text: &str, expected: &str) {
    let wrong = parse(FileId(0), text).expect_err("is refused");
    let found = told(text, &wrong);
    assert!(found.contains(expected), "{text}\n{found}");
}

fn policy(text: &str) -> Policy {
    parse(FileId(0), &format!("version = 1\n{text}")).expect("is a policy")
}

fn linted(text: &str, expected: &str) {
    let text = format!("version = 1\n{text}");
    let policy = parse(FileId(0), &text).expect("is a policy");
    assert_eq!(told(&text, &lint(&policy)), expected, "{text}");
}

#[test]
fn what_is_wrong_is_said_at_its_byte() {
    refused("", "missing field `version`");
    refused("version = 2\n", "E_POLICY_PARSE `2`: expected version 1");
    refused("version = 1\npreset = \"lax\"\n", "`\"lax\"`: expected `strict`, `balanced` or `dev`");
    refused("version = 1\n[budgets]\nfule = 1\n", "`fule`: there is no such limit; expected fuel,");
    refused("version = 1\n[budgets]\ntimeout = 5\n", "`5`: expected a whole number and a unit");
    refused(
        "version = 1\n[budgets]\ntimeout = true\n",
        "`true`: expected a whole number, or a text",
    );
    refused("version = 1\n[budgets]\ndepth = 65\n", "`65`: expected at most 64");
    refused("version = 1\n[budgets]\nfuel = -1\n", "`-1`: expected a whole number above zero");
    refused(
        "version = 1\n[engines]\nallow = [\"sh\"]\n",
        "`\"sh\"`: expected one of helm, kustomize",
    );
    refused("version = 1\n[modules]\nallow = [\"os\"]\n", "`\"os\"`: expected one of base32,");
    for host in ["https://x", "x:5000", "X", "*", "", "*.*.x"] {
        refused(&format!("version = 1\n[network]\nhosts = [\"{host}\"]\n"), "expected a host");
    }
    refused("version = 1\nsurprise = 1\n", "surprise");
}

#[test]
fn templates_are_policies_that_say_what_the_preset_says() {
    for preset in Preset::ALL {
        let text = preset.template();
        let parsed = parse(FileId(0), &text).expect("is a policy");
        assert_eq!(parsed.preset, Some(preset));
        assert_eq!(told(&text, &lint(&parsed)), "", "{text}");
        // Every line that is commented out is one of a policy, and says what the preset says.
        let lines = text.lines().skip(2).filter(|line| !line.contains("# not set"));
        let spelt: Vec<&str> = lines.map(|line| line.trim_start_matches("# ")).collect();
        let spelt = spelt.join("\n");
        let parsed = parse(FileId(0), &spelt).expect("is a policy");
        let bare = parse(FileId(0), &format!("version = 1\npreset = \"{}\"", preset.name()));
        let layer = |policy| Layer { name: "a".to_owned(), author: Author::Operator, policy };
        let (long, short) = (layer(parsed), layer(bare.expect("is a policy")));
        let (long, short) = (Effective::of(&[long]), Effective::of(&[short]));
        assert_eq!(long.budgets, short.budgets);
        let all = || MODULES.map(str::to_owned).into();
        assert_eq!(long.modules, Some(short.modules.unwrap_or_else(all)));
        assert_eq!((long.signatures, long.network), (short.signatures, short.network));
    }
}

#[test]
fn only_the_tighter_wins() {
    let layer = |author, text: &str| Layer { name: text.to_owned(), author, policy: policy(text) };
    let operator = |text| layer(Author::Operator, text);
    let project = |text| layer(Author::Project, text);
    let timeout = |layers: &[Layer]| Effective::of(layers).budgets.amount(Budget::Timeout);
    assert_eq!(timeout(&[]), 60_000);
    assert_eq!(timeout(&[project("budgets.timeout = \"2m\"")]), 60_000, "a project widens nothing");
    assert_eq!(timeout(&[project("preset = \"dev\"")]), 60_000);
    assert_eq!(timeout(&[project("budgets.timeout = \"2s\"")]), 2_000);
    assert_eq!(timeout(&[operator("budgets.timeout = \"2m\"")]), 120_000);
    assert_eq!(timeout(&[operator("preset = \"dev\"")]), 300_000);
    let host = operator("budgets.timeout = \"30s\"");
    assert_eq!(timeout(&[host.clone(), operator("budgets.timeout = \"2m\"")]), 30_000);
    assert_eq!(timeout(&[host.clone(), operator("budgets.timeout = \"5s\"")]), 5_000);
    assert_eq!(timeout(&[host, project("budgets.timeout = \"2m\"")]), 30_000);

    let joined = Effective::of(&[
        operator(
            "engines.allow = [\"helm\"]\nnetwork.hosts = [\"a\", \"b\"]\nnetwork.bytes = \"2MiB\"",
        ),
        project(
            "engines.allow = [\"kustomize\"]\nnetwork.hosts = [\"b\"]\nnetwork.bytes = \"3MiB\"\nnetwork.private_hosts = [\"x\"]",
        ),
    ]);
    assert!(!joined.allows_engine("helm") && !joined.allows_engine("kustomize"));
    assert_eq!(joined.hosts.len(), 2);
    assert_eq!(joined.network.bytes, Some(2 << 20));
    assert_eq!(joined.network.private_hosts, None, "a project allows itself no private host");
    let joined = Effective::of(&[operator("preset = \"strict\"\nsignatures.required = false")]);
    assert_eq!(joined.signatures, Depth::None, "a layer's own word stands before its preset's");
    let joined =
        Effective::of(&[operator("preset = \"strict\""), operator("signatures.required = false")]);
    assert_eq!(joined.signatures, Depth::All, "another layer's does not");
}

#[test]
fn lint_says_what_is_odd() {
    linted("preset = \"strict\"", "");
    linted(
        "budgets.worker_timeout = \"2m\"",
        "E_POLICY_CONTRADICTION `worker_timeout`: `worker_timeout` (2m) can never be used up: `timeout` is 1m",
    );
    linted(
        "budgets.timeout = \"20s\"",
        "E_POLICY_CONTRADICTION `timeout`: `engine_timeout` (30s) can never be used up: `timeout` is 20s",
    );
    linted("budgets.depth = 16", "W_POLICY_UNUSED `depth`: `depth` says what holds without it");
    linted(
        "preset = \"strict\"\nbudgets.depth = 16",
        "W_POLICY_WIDER `depth`: `depth` is wider than `strict`, which has 4",
    );
    linted(
        "network.hosts = [\"a.b.c\", \"*.b.c\"]",
        "W_POLICY_UNUSED `[\"a.b.c\", \"*.b.c\"]`: `a.b.c` is covered by another entry",
    );
    linted(
        "network.hosts = [\"a\"]\nnetwork.private_hosts = [\"b\"]",
        "E_POLICY_CONTRADICTION `[\"b\"]`: the private host `b` is not among `network.hosts`",
    );
    linted(
        "preset = \"strict\"\nsignatures.required = false",
        "W_POLICY_WIDER `false`: `strict` wants more signatures than this file",
    );
    linted(
        "engines.allow = []\nbudgets.engine_timeout = \"1s\"",
        "E_POLICY_CONTRADICTION `engine_timeout`: `engine_timeout` bounds engines, and no engine is allowed",
    );
}
