//! What a render decided, as events. `docs/events.md` lists the rules.

use crate::{RenderFailure, Rendered};
use akua_package::{Kind, Package};
use akua_policy::{Decision, Event, Trail};
use akua_sandbox::{
    BridgeFault, DeadlineKind, FilesError, Guest, GuestOutput, MemoryKind, Report, SandboxError,
};
use akua_source::{Budgets, Severity, TABLE};
use serde_json::{Map, Value, json};

/// Longest text of a package that goes into an event, in characters.
const TEXT_LIMIT: usize = 256;

/// A call over the bridge, for whoever traces.
#[derive(Debug, Clone, Copy)]
pub struct BridgeCall<'a> {
    /// The method, as the program says it.
    pub method: &'a str,
    /// Bytes of the arguments.
    pub args_bytes: usize,
    /// Bytes of the answer.
    pub answer_bytes: usize,
    /// The code of the error that is answered, if it is one.
    pub error: Option<&'a str>,
}

/// Who is told of each call over the bridge.
pub type Trace = dyn Fn(&BridgeCall<'_>);

/// A package is about to be rendered.
pub(crate) fn start(trail: &mut Trail, package: &Package, budgets: &Budgets) {
    let limits: Map<String, Value> =
        TABLE.iter().map(|row| (row.name.to_owned(), json!(budgets.get(row.budget)))).collect();
    let section = &package.manifest.package;
    let event = Event::new(Decision::Allow, "render.start", "REQUESTED")
        .with("package", section.name.as_str())
        .with("version", text(&section.version))
        .with("budgets", limits);
    trail.record(event);
}

/// The folders that a worker gets to see.
pub(crate) fn mounts(trail: &mut Trail, package: &Package) {
    let name = package.manifest.package.name.as_str();
    trail.record(Event::new(Decision::Allow, "mount.read", "PACKAGE").with("package", name));
    for dependency in &package.dependencies {
        let kind = match dependency.kind {
            Kind::Chart => "chart",
            Kind::Package => "package",
            Kind::Module => "module",
            Kind::Folder => "folder",
        };
        let reason = if dependency.digest.is_some() { "LOCKED" } else { "DECLARED" };
        let mut event = Event::new(Decision::Allow, "mount.read", reason)
            .with("package", name)
            .with("alias", dependency.alias.as_str())
            .with("kind", kind);
        if let Some(digest) = &dependency.digest {
            event = event.with("digest", digest.to_string());
        }
        trail.record(event);
    }
}

/// A call over the bridge that was answered, or refused with a code.
pub(crate) fn call(
    trail: &mut Trail,
    method: &str,
    about: Map<String, Value>,
    error: Option<&str>,
) {
    let rule = match error {
        None => format!("call.{}", text(method)),
        Some(code) => rule_of_code(code).to_owned(),
    };
    let decision = if error.is_some() { Decision::Deny } else { Decision::Allow };
    let mut event = Event::new(decision, &rule, error.unwrap_or("ANSWERED"));
    event.context = about;
    trail.record(event.with("method", text(method)));
}

/// A Store that gave a result.
pub(crate) fn store(trail: &mut Trail, guest: Guest, request_bytes: usize, output: &GuestOutput) {
    let event = Event::new(Decision::Allow, "store.run", "RETURNED")
        .with("guest", guest.to_string())
        .with("request_bytes", request_bytes)
        .with("output_bytes", output.bytes.len())
        .with("fuel", output.fuel_used)
        .with("memory_bytes", output.memory_bytes);
    trail.record(event);
}

/// A Store that was ended.
pub(crate) fn killed(trail: &mut Trail, guest: Guest, error: &SandboxError, code: &str) {
    let event = Event::new(Decision::Kill, rule_of(error), code).with("guest", guest.to_string());
    trail.record(event);
}

/// The end of a render.
pub(crate) fn end(trail: &mut Trail, outcome: &Result<Rendered, RenderFailure>, report: &Report) {
    if report.clock_used {
        trail.record(Event::new(Decision::Allow, "world.clock", "FROZEN"));
    }
    if report.entropy_used {
        trail.record(Event::new(Decision::Allow, "world.entropy", "SEEDED"));
    }
    let event = match outcome {
        Ok(rendered) => Event::new(Decision::Allow, "render.result", "RENDERED")
            .with("objects", rendered.objects.len())
            .with("files_read", rendered.used.files)
            .with("bytes_read", rendered.used.bytes),
        Err(failure) => {
            let mut errors = failure.diagnostics.iter();
            let first = errors.rfind(|found| found.severity == Severity::Error);
            let code = first.map_or("E_INTERNAL", |found| found.code.as_str());
            if rule_of_code(code) != "render.program" {
                trail.record(Event::new(Decision::Kill, rule_of_code(code), code));
            }
            Event::new(Decision::Deny, "render.result", code)
        }
    };
    let event = event.with("fuel", report.fuel_used).with("stores", report.calls);
    trail.record(event.with("dropped_events", trail.dropped()));
}

/// Returns the rule that a code is refused by, where there is one.
fn rule_of_code(code: &str) -> &'static str {
    match code {
        "E_PATH_ESCAPE" | "E_CHART_RESOLVE" | "E_DEP_UNKNOWN" | "E_PATH_MISSING" => "path.guard",
        "E_STRICT_UNTYPED_CHART" => "strict.chart",
        "E_SANDBOX_DENIED" => "sandbox.world",
        "E_RENDER_CYCLE" => "render.cycle",
        "E_POLICY_ENGINE" => "policy.engines",
        "E_POLICY_IMPORT" => "policy.modules",
        "E_LOCK_DRIFT" => "lock.digest",
        "E_KCL_STEPS" => "budget.kcl_steps",
        "E_KCL_DEPTH" => "budget.kcl_depth",
        "E_KCL_MEMORY" => "budget.kcl_memory",
        "E_BUDGET_RESOURCES" => "budget.resources",
        "E_BUDGET_OUTPUT" => "budget.output",
        _ => "render.program",
    }
}

/// Returns the rule that ended a Store.
fn rule_of(error: &SandboxError) -> &'static str {
    match error {
        SandboxError::Memory { kind: MemoryKind::Render, .. }
        | SandboxError::HostMemory { .. }
        | SandboxError::Files { source: FilesError::NoMemory, .. } => "budget.render_memory",
        SandboxError::Memory { guest: Guest::Worker, .. } => "budget.worker_memory",
        SandboxError::Memory { .. } => "budget.engine_memory",
        SandboxError::Files { source: FilesError::TooMany { .. }, .. } => "budget.files",
        SandboxError::Files { source: FilesError::TooMuch, .. } | SandboxError::Request { .. } => {
            "budget.read"
        }
        SandboxError::Files { source: FilesError::Changed, .. } => "lock.digest",
        SandboxError::Files { .. } => "sandbox.files",
        SandboxError::Deadline { kind: DeadlineKind::Worker, .. } => "budget.worker_timeout",
        SandboxError::Deadline { kind: DeadlineKind::Engine, .. } => "budget.engine_timeout",
        SandboxError::Deadline { kind: DeadlineKind::Render, .. } => "budget.timeout",
        SandboxError::Fuel { .. } => "budget.fuel",
        SandboxError::Stack { .. } => "budget.stack",
        SandboxError::Tables { .. } => "budget.tables",
        SandboxError::Depth { .. } => "budget.depth",
        SandboxError::Output { .. } => "budget.output",
        SandboxError::Bridge { fault: BridgeFault::TooLarge { .. } } => "budget.bridge",
        SandboxError::Bridge { .. } => "sandbox.bridge",
        SandboxError::Exit { .. }
        | SandboxError::Trap { .. }
        | SandboxError::BadOutput { .. }
        | SandboxError::Start { .. } => "sandbox.guest",
    }
}

/// Returns text of a package as an event has it.
pub(crate) fn text(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}
