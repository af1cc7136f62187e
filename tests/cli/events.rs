//! What a render decided, and what follows from its seed: `--events` and `explain`, the trace of the
//! bridge, `--seed` and `--strict`.

use akua_tests::project::Project;
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::fs;

const WEB: &str = "\n[dependencies]\nweb = { path = \"web\" }\n";
const USE_WEB: &str = "import charts.web\nresources = web.template({})\n";
const RANDOM: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  password: {{ randAlphaNum 20 }}\n";

/// A package with a chart.
fn project(name: &str, program: &str) -> Result<Project> {
    let project = Project::new(&format!("events-{name}"), WEB, program)?;
    project.chart("web", "web", "1.0.0", "")?;
    Ok(project)
}

/// The events of a file, as they are written.
fn events(project: &Project) -> Result<Vec<Json>> {
    let text = project.read("events.jsonl")?;
    text.lines().map(|line| serde_json::from_str(line).with_context(|| line.to_owned())).collect()
}

/// The rules that events name, in order.
fn rules(events: &[Json]) -> Vec<&str> {
    events.iter().filter_map(|event| event["rule_id"].as_str()).collect()
}

#[test]
fn events_say_what_was_decided() -> Result<()> {
    let project = project("allowed", USE_WEB)?;
    let render = ["render", "--stdout", "--events", "events.jsonl"];
    project.ok(&render)?;
    let first = project.read("events.jsonl")?;
    let found = events(&project)?;
    let expected = [
        "render.start",
        "mount.read",
        "mount.read",
        "store.run",
        "call.helm.template",
        "store.run",
        "render.result",
    ];
    ensure!(rules(&found) == expected, "{:?}", rules(&found));
    ensure!(!first.contains(&project.path("").display().to_string()), "a path of this machine");
    project.ok(&render)?;
    ensure!(first == project.read("events.jsonl")?, "a second render has other events");
    let report = project.ok(&["render", "--dry-run", "--json", "--events", "events.jsonl"])?;
    let report: Json = serde_json::from_str(&report)?;
    let last = found.last().context("events")?;
    ensure!(report["events_hash"] == last["hash"], "{report}");
    Ok(())
}

#[test]
fn events_say_what_was_refused() -> Result<()> {
    let program = "import akua.kustomize\nresources = kustomize.build({path = \"../other\"})\n";
    let project = project("refused", program)?;
    project.refused(&["render", "--events", "events.jsonl"], 1, &["E_PATH_ESCAPE"])?;
    let found = events(&project)?;
    let refused =
        found.iter().find(|event| event["rule_id"] == "path.guard").context("no event")?;
    ensure!(refused["decision"] == "deny" && refused["reason_code"] == "E_PATH_ESCAPE");
    let last = found.last().context("events")?;
    ensure!(last["rule_id"] == "render.result" && last["decision"] == "deny", "{last}");
    let killed = ["render", "--fuel", "1000", "--events", "events.jsonl"];
    project.refused(&killed, 6, &["E_BUDGET_FUEL"])?;
    let found = events(&project)?;
    let killed = found.iter().find(|event| event["decision"] == "kill").context("no event")?;
    ensure!(killed["rule_id"] == "budget.fuel", "{killed}");
    project.folder.write("policy.toml", "version = 1\nengines.allow = []\n")?;
    project.folder.write("package.k", USE_WEB)?;
    project.refused(&["render", "--events", "events.jsonl"], 3, &["E_POLICY_ENGINE"])?;
    ensure!(rules(&events(&project)?).contains(&"policy.engines"));
    Ok(())
}

#[test]
fn explain_says_events_in_words() -> Result<()> {
    let project = project("explain", USE_WEB)?;
    project.ok(&["render", "--stdout", "--events", "events.jsonl"])?;
    let count = events(&project)?.len();
    let all = project.ok(&["explain", "events.jsonl"])?;
    ensure!(all.contains("allowed: a program renders a chart") && all.contains("web"), "{all}");
    let one = project.ok(&["explain", "events.jsonl", "--event", "0"])?;
    ensure!(one.contains("render.start") && !one.contains("render.result"), "{one}");
    let beyond = ["explain", "events.jsonl", "--event", "99"];
    project.refused(&beyond, 1, &["E_INVALID_FLAG", &format!("the file has {count}")])?;
    let json: Json = serde_json::from_str(&project.ok(&["explain", "events.jsonl", "--json"])?)?;
    ensure!(json["count"] == count && json["events"][0]["rule_id"] == "render.start", "{json}");
    let verified = project.ok(&["explain", "events.jsonl", "--verify"])?;
    let hash = json["hash"].as_str().context("a hash")?;
    ensure!(verified.contains(&format!("{count} events")) && verified.contains(hash), "{verified}");
    Ok(())
}

#[test]
fn events_that_were_changed_are_refused() -> Result<()> {
    let project = project("tampered", USE_WEB)?;
    project.ok(&["render", "--stdout", "--events", "events.jsonl"])?;
    let text = project.read("events.jsonl")?;
    let lines: Vec<&str> = text.lines().collect();
    let changes = [
        (text.replacen("\"allow\"", "\"deny\"", 1), "line 1 was changed"),
        (lines[1..].join("\n"), "line 1 does not follow"),
        ([lines[0], lines[2]].join("\n"), "line 2 does not follow"),
        (lines[..2].join("\n"), "was cut after line 2"),
    ];
    for (changed, message) in changes {
        project.folder.write("events.jsonl", &changed)?;
        for arguments in
            [&["explain", "events.jsonl"][..], &["explain", "events.jsonl", "--verify"]]
        {
            project.refused(arguments, 1, &["E_EVENTS_BROKEN", message])?;
        }
    }
    Ok(())
}

#[test]
fn explain_says_codes_and_reports_in_words() -> Result<()> {
    let project = project("report", "resources = 1\n")?;
    let page = project.ok(&["explain", "E_RENDER_RESOURCES"])?;
    ensure!(
        page.starts_with("# E_RENDER_RESOURCES\n") && page.contains("**What to do.**"),
        "{page}"
    );
    project.refused(
        &["explain", "E_RENDER_RESORCES"],
        1,
        &["E_EXPLAIN_UNKNOWN", "`E_RENDER_RESOURCES`"],
    )?;
    project.refused(&["explain", "none.jsonl"], 1, &["E_EXPLAIN_FILE", "none.jsonl"])?;
    let told = project.run(&["render", "--json"])?;
    project.folder.write("report.jsonl", &told.stderr)?;
    let report = project.ok(&["explain", "report.jsonl"])?;
    ensure!(report.contains("E_RENDER_RESOURCES: `resources`"), "{report}");
    ensure!(report.contains("what to do: Correct the element"), "{report}");
    // What a package writes into a report does not control the terminal.
    let hostile = "{\"code\":\"E_X\",\"message\":\"a\\u001b[31mb\"}\n";
    project.folder.write("report.jsonl", hostile)?;
    let report = project.ok(&["explain", "report.jsonl"])?;
    ensure!(report.contains("\\u{1b}[31m"), "{report}");
    Ok(())
}

#[test]
fn each_call_over_the_bridge_is_traced_when_it_is_asked_for() -> Result<()> {
    let project = project("trace", USE_WEB)?;
    let render = ["render", "--stdout"];
    let traced = project.run_with(&[("AKUA_BRIDGE_TRACE", "1")], &render)?;
    ensure!(
        traced.code == Some(0) && traced.stderr.contains("bridge: helm.template with"),
        "{traced:?}"
    );
    let plain = project.run(&render)?;
    ensure!(plain.stderr.is_empty() && plain.stdout == traced.stdout, "{plain:?}");
    let other = project.run_with(&[("AKUA_BRIDGE_TRACE", "0")], &render)?;
    ensure!(other.stderr.is_empty(), "{other:?}");
    Ok(())
}

#[test]
fn random_bytes_follow_from_the_seed() -> Result<()> {
    let project = project("seed", USE_WEB)?;
    project.folder.write("web/templates/object.yaml", RANDOM)?;
    let seeded = |seed: &str| project.render(&["--seed", seed]);
    let one = seeded("one")?;
    ensure!(one != seeded("two")?, "two seeds give the same bytes");
    let own = project.render(&[])?;
    ensure!(own != one, "a seed changes nothing");
    // Without a seed they follow from the package; with one, from the seed alone.
    let program = format!("# Changed.\n{USE_WEB}");
    project.folder.write("package.k", &program)?;
    ensure!(project.render(&[])? != own, "another package gives the same bytes");
    ensure!(seeded("one")? == one, "a seed is not all that they follow from");
    // They do not follow from the limits.
    let changed = project.render(&[])?;
    ensure!(project.render(&["--timeout", "50s", "--engine-memory", "400MiB"])? == changed);
    // Each call of a render has bytes of its own.
    let twice = "import charts.web\nresources = [*web.template({}), *web.template({})]\n";
    project.folder.write("package.k", twice)?;
    let found = seeded("one")?;
    let words: Vec<&str> = found.lines().filter(|line| line.contains("password")).collect();
    ensure!(words.len() == 2 && words[0] != words[1] && one.contains(words[0]), "{found}");
    Ok(())
}

#[test]
fn strict_wants_charts_to_be_dependencies() -> Result<()> {
    let by_path = "import akua.helm\nresources = helm.template({chart = \"web\"})\n";
    let project = project("strict", by_path)?;
    project.render(&[])?;
    let words = ["E_STRICT_UNTYPED_CHART", "`web` is a path", "package.k:2:13"];
    project.refused(&["render", "--strict", "--events", "events.jsonl"], 1, &words)?;
    ensure!(rules(&events(&project)?).contains(&"strict.chart"));
    project.folder.write("package.k", USE_WEB)?;
    project.render(&["--strict"])?;
    let by_handle =
        "import akua.helm\nimport charts.web\nresources = helm.template({chart = web.path})\n";
    project.folder.write("package.k", by_handle)?;
    project.render(&["--strict"])?;
    fs::remove_file(project.path("events.jsonl"))?;
    Ok(())
}
