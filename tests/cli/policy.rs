//! Policies through the built binary: what lint says, what templates are, which layer holds, and what
//! is refused with exit 3.

use akua_tests::project::{Project, manifest};
use akua_tests::servers::Registry;
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;

const OBJECT: &str =
    "resources = [{apiVersion = \"v1\", kind = \"ConfigMap\", metadata.name = \"x\"}]\n";
const WEB: &str = "\n[dependencies]\nweb = { path = \"web\" }\n";
const USE_WEB: &str = "import charts.web\nresources = web.template({})\n";

/// A package with a chart, and a policy beside its manifest.
fn project(name: &str, policy: &str, program: &str) -> Result<Project> {
    let project = Project::new(&format!("policy-{name}"), WEB, program)?;
    project.chart("web", "web", "1.0.0", "")?;
    project.folder.write("policy.toml", &format!("version = 1\n{policy}"))?;
    Ok(project)
}

/// Lints a policy, and compares status, exit code and what is found, in order.
fn check_lint(name: &str, policy: &str, status: &str, codes: &[&str]) -> Result<()> {
    let project = project(&format!("lint-{name}"), policy, OBJECT)?;
    let told = project.run(&["policy", "lint", "--json"])?;
    let report: Json = serde_json::from_slice(&told.stdout)?;
    let exit = i32::from(status == "fail");
    ensure!(told.code == Some(exit) && report["status"] == status, "{told:?}");
    let mut found = Vec::new();
    for line in told.stderr.lines() {
        let line: Json = serde_json::from_str(line)?;
        ensure!(line["path"] == "policy.toml" && line["line"].as_u64() > Some(1), "{line}");
        found.push(line["code"].as_str().context("a code")?.to_owned());
    }
    ensure!(found == codes, "{found:?}");
    let errors = found.iter().filter(|code| code.starts_with("E_")).count();
    ensure!(report["errors"] == errors && report["warnings"] == found.len() - errors, "{report}");
    Ok(())
}

#[test]
fn lint_finds_contradictions() -> Result<()> {
    const CODE: &str = "E_POLICY_CONTRADICTION";
    check_lint("time", "budgets.worker_timeout = \"2m\"", "fail", &[CODE])?;
    check_lint("memory", "budgets.engine_memory = \"2GiB\"", "fail", &[CODE])?;
    check_lint("bytes", "network = { bytes = 1, bytes_per_host = 2 }", "fail", &[])
        .expect_err("bytes have units");
    let bytes = "network = { bytes = \"1KiB\", bytes_per_host = \"2KiB\" }";
    check_lint("bytes", bytes, "fail", &[CODE])?;
    let private = "network = { hosts = [\"a\"], private_hosts = [\"b\"] }";
    check_lint("private", private, "fail", &[CODE])?;
    let engines = "engines.allow = []\nbudgets.engine_timeout = \"1s\"";
    check_lint("engines", engines, "fail", &[CODE])
}

#[test]
fn lint_warns_of_what_changes_nothing_or_widens() -> Result<()> {
    check_lint("fine", "budgets.depth = 8", "ok", &[])?;
    check_lint("unused", "budgets.depth = 16", "warn", &["W_POLICY_UNUSED"])?;
    let covered = "network.hosts = [\"a.b.c\", \"*.b.c\"]";
    check_lint("covered", covered, "warn", &["W_POLICY_UNUSED"])?;
    let engines = "engines.allow = [\"helm\", \"kustomize\"]";
    check_lint("engines-all", engines, "warn", &["W_POLICY_UNUSED"])?;
    let wider = "preset = \"strict\"\nbudgets.depth = 16\nsignatures.required = false\nmodules.allow = [\"file\"]\nnetwork.requests = 1000";
    check_lint("wider", wider, "warn", &["W_POLICY_WIDER"; 4])
}

#[test]
fn what_is_no_policy_is_refused_before_anything_runs() -> Result<()> {
    let project = project("malformed", "budgets.fule = 1", OBJECT)?;
    let words = ["E_POLICY_PARSE", "policy.toml:2:9", "expected fuel"];
    for command in [&["policy", "lint"][..], &["render"], &["lock"], &["policy", "show"]] {
        project.refused(command, 1, &words)?;
    }
    project.refused(&["policy", "lint", "none.toml"], 1, &["E_POLICY_FILE", "none.toml"])?;
    project.refused(&["render", "--policy", "none.toml"], 1, &["E_POLICY_FILE"])
}

#[test]
fn templates_are_policies_that_render() -> Result<()> {
    let project = project("template", "", USE_WEB)?;
    for preset in ["strict", "balanced", "dev"] {
        let file = format!("{preset}.toml");
        let text = project.ok(&["policy", "template", "--preset", preset])?;
        project.ok(&["policy", "template", "--preset", preset, "--out", &file])?;
        ensure!(project.read(&file)? == text && text.contains(preset), "{text}");
        let lint = project.ok(&["policy", "lint", &file, "--json"])?;
        ensure!(lint.contains("\"status\":\"ok\""), "{lint}");
        project.render(&["--policy", &file])?;
        project.refused(&["policy", "template", "--out", &file], 1, &["E_INIT_EXISTS", &file])?;
    }
    let text = project.ok(&["policy", "template"])?;
    ensure!(text.contains("preset = \"balanced\""), "{text}");
    Ok(())
}

/// Returns the rules that are shown: value and where it is from.
fn rule(project: &Project, arguments: &[&str], name: &str) -> Result<(String, String)> {
    let shown = project.ok(&[&["policy", "show", "--json"], arguments].concat())?;
    let shown: Json = serde_json::from_str(&shown)?;
    let rules = shown["rules"].as_array().context("rules")?;
    let found = rules.iter().find(|rule| rule["rule"] == name).context("no such rule")?;
    let field = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    Ok((field("value"), field("from")))
}

#[test]
fn show_says_which_layer_a_rule_is_from() -> Result<()> {
    let project = project("show", "budgets.timeout = \"20s\"\nengines.allow = [\"helm\"]", OBJECT)?;
    project.folder.write("more.toml", "version = 1\nbudgets.timeout = \"10s\"\n")?;
    let timeout = |arguments: &[&str]| rule(&project, arguments, "budgets.timeout");
    let (value, from) = timeout(&[])?;
    ensure!(value == "20s" && from.ends_with("policy.toml"), "{value} {from}");
    ensure!(timeout(&["--timeout", "5s"])? == ("5s".to_owned(), "flags".to_owned()));
    ensure!(timeout(&["--timeout", "5m"])?.0 == "20s");
    ensure!(timeout(&["--policy", "more.toml"])? == ("10s".to_owned(), "more.toml".to_owned()));
    let all = rule(&project, &["--effective"], "budgets.depth")?;
    ensure!(all == ("16".to_owned(), "built-in".to_owned()), "{all:?}");
    rule(&project, &[], "budgets.depth").expect_err("it is built in");
    ensure!(rule(&project, &[], "engines.allow")?.0 == "helm");
    let plain = project.ok(&["policy", "show"])?;
    ensure!(plain.starts_with("budgets.timeout ") && plain.lines().count() == 2, "{plain}");
    Ok(())
}

#[test]
fn a_project_widens_nothing_and_an_operator_does() -> Result<()> {
    let wide = "preset = \"dev\"\nnetwork.private_hosts = [\"10.0.0.1\"]";
    let project = project("wide", wide, OBJECT)?;
    let timeout = |arguments: &[&str]| rule(&project, arguments, "budgets.timeout");
    ensure!(timeout(&["--effective"])? == ("1m".to_owned(), "built-in".to_owned()));
    ensure!(rule(&project, &["--effective"], "network.private_hosts")?.0 == "none");
    ensure!(timeout(&["--policy", "policy.toml"])?.0 == "5m", "who runs akua may widen");
    // The file of the machine counts as that of `--policy` does.
    project
        .folder
        .write("home/.config/akua/policy.toml", "version = 1\nbudgets.timeout = \"2m\"")?;
    let (value, from) = timeout(&[])?;
    ensure!(value == "2m" && from.ends_with("home/.config/akua/policy.toml"), "{value} {from}");
    project.folder.write("etc/akua/policy.toml", "version = 1\nbudgets.timeout = \"30s\"\n")?;
    let etc = project.path("etc").display().to_string();
    let show = ["policy", "show", "--json"];
    let shown = project.run_with(&[("XDG_CONFIG_HOME", &etc)], &show)?.success()?;
    ensure!(String::from_utf8_lossy(&shown).contains("\"30s\""), "{shown:?}");
    // Without a home there is no file of the machine: that of the working directory is the project's.
    let shown = project.run_with(&[("HOME", "")], &show)?.success()?;
    ensure!(!String::from_utf8_lossy(&shown).contains("budgets.timeout"), "{shown:?}");
    Ok(())
}

#[test]
fn the_policy_of_a_workspace_holds_for_its_packages() -> Result<()> {
    let project = project("workspace", "engines.allow = []", OBJECT)?;
    project.folder.write("akua.toml", "[workspace]\nmembers = [\"app\"]\n")?;
    let web = WEB.replace("\"web\"", "\"../web\"");
    project.folder.write("app/akua.toml", &manifest("app", &web))?;
    project.folder.write("app/package.k", USE_WEB)?;
    project.folder.write("app/policy.toml", "version = 1\nengines.allow = [\"helm\"]\n")?;
    project.refused(&["render", "--package", "app"], 3, &["E_POLICY_ENGINE", "helm"])
}

/// A link that leads out would show a line of any file as what is wrong with it.
#[test]
fn a_policy_of_a_project_is_no_link_out_of_it() -> Result<()> {
    let project = project("link", "", OBJECT)?;
    project.folder.write("secret", "password = hunter2\n")?;
    project.folder.write("in/akua.toml", &manifest("app", ""))?;
    project.folder.write("in/package.k", OBJECT)?;
    std::os::unix::fs::symlink("../secret", project.path("in/policy.toml"))?;
    for command in [&["render", "--package", "in"][..], &["lock", "--workspace", "in"]] {
        let told = project.run(command)?;
        ensure!(told.code == Some(1) && told.stderr.contains("E_PATH_ESCAPE"), "{told:?}");
        ensure!(!told.stderr.contains("hunter2"), "{told:?}");
    }
    // One that stays inside is a policy like any other.
    std::fs::remove_file(project.path("in/policy.toml"))?;
    project.folder.write("in/strict.toml", "version = 1\nbudgets.resources = 1\n")?;
    std::os::unix::fs::symlink("strict.toml", project.path("in/policy.toml"))?;
    let two =
        OBJECT.replace("[{", "[{apiVersion = \"v1\", kind = \"A\", metadata.name = \"y\"}, {");
    project.folder.write("in/package.k", &two)?;
    project.refused(&["render", "--package", "in"], 6, &["E_BUDGET_RESOURCES"])
}

#[test]
fn engines_and_modules_are_refused_with_exit_3() -> Result<()> {
    let project = project("engines", "engines.allow = [\"kustomize\"]", USE_WEB)?;
    let words = ["E_POLICY_ENGINE", "package.k:2:13", "engines.allow", "policy.toml"];
    project.refused(&["render"], 3, &words)?;
    // The program cannot catch it.
    let caught = format!(
        "import runtime\nimport charts.web\n_ = runtime.catch(lambda {{ web.template({{}}) }})\n{OBJECT}"
    );
    project.folder.write("package.k", &caught)?;
    project.refused(&["render"], 3, &["E_POLICY_ENGINE"])?;
    project.folder.write("policy.toml", "version = 1\nmodules.allow = [\"math\"]\n")?;
    project.folder.write("package.k", &format!("import math\nimport file\n{OBJECT}"))?;
    project.refused(&["render"], 3, &["E_POLICY_IMPORT", "package.k:2:1", "`file`"])?;
    project.folder.write("package.k", &format!("import math\nx = math.pow(2, 2)\n{OBJECT}"))?;
    project.render(&[])?;
    // What the host adds is no module of the standard library.
    project.folder.write("package.k", USE_WEB)?;
    project.render(&[]).map(drop)
}

#[test]
fn a_flag_that_asks_for_more_is_warned_of() -> Result<()> {
    let project = project("tighter", "budgets.timeout = \"20s\"", OBJECT)?;
    let told = project.run(&["render", "--stdout", "--timeout", "2m"])?;
    ensure!(told.code == Some(0) && told.stderr.contains("W_POLICY_TIGHTER"), "{told:?}");
    ensure!(told.stderr.contains("20s holds") && told.stderr.contains("policy.toml"), "{told:?}");
    let told = project.run(&["render", "--stdout", "--timeout", "2s"])?;
    ensure!(told.code == Some(0) && told.stderr.is_empty(), "{told:?}");
    Ok(())
}

#[test]
fn hosts_and_quotas_bind_the_resolver() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("policy-network", "", USE_WEB)?;
    project.push_chart(host, "web", "1.0.0", "")?;
    let repository = format!("oci://{host}/charts/web");
    project.ok(&["add", "web", "--oci", &repository, "--version", "1.0.0"])?;
    let policy = |rule: &str| {
        project.folder.write("policy.toml", &format!("version = 1\n[network]\n{rule}\n"))
    };
    let fresh = || std::fs::remove_dir_all(project.path("home/.cache"));
    for (rule, code, word) in [
        ("hosts = [\"registry.example.com\"]", "E_POLICY_HOST", "127.0.0.1"),
        ("requests = 1", "E_POLICY_QUOTA", "allows 1 request a command"),
        ("bytes = \"100B\"", "E_POLICY_QUOTA", "bytes"),
        ("bytes_per_host = \"100B\"", "E_POLICY_QUOTA", "bytes from"),
    ] {
        policy(rule)?;
        fresh()?;
        project.refused(&["render"], 3, &[code, word]).with_context(|| rule.to_owned())?;
    }
    policy("hosts = [\"127.0.0.1\"]\nrequests = 20\nbytes = \"1MiB\"")?;
    project.render(&[])?;
    // What is in the cache needs no network.
    policy("requests = 1")?;
    project.render(&[]).map(drop)
}

#[test]
fn signatures_that_are_required_keep_unsigned_dependencies_out() -> Result<()> {
    let registry = Registry::start(&[])?;
    let host = registry.host.as_str();
    let project = Project::new("policy-signatures", "", USE_WEB)?;
    project.push_chart(host, "web", "1.0.0", "")?;
    let repository = format!("oci://{host}/charts/web");
    project.ok(&["add", "web", "--oci", &repository, "--version", "1.0.0"])?;
    project.render(&[])?;
    project.ok(&["vendor"])?;
    project.folder.write("policy.toml", "version = 1\nsignatures.required = true\n")?;
    let words = ["E_POLICY_SIGNATURE", "`web` 1.0.0", "signatures are required"];
    // Neither the cache nor a vendored copy skips it.
    project.refused(&["render"], 3, &words)?;
    project.refused(&["render", "--offline"], 3, &words)?;
    for verb in ["lock", "vendor", "verify", "pack"] {
        project.refused(&[verb], 3, &words)?;
    }
    // A directory of the project is the project's own.
    project.folder.write(
        "akua.toml",
        &manifest("app", "\n[dependencies]\nweb = { path = \"charts-web-1.0.0\" }\n"),
    )?;
    project.ok(&["lock"])?;
    project.render(&[]).map(drop)
}
