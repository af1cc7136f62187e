//! Each command: arguments to a request, one call, print.

mod bundle;
mod doctor;
mod inspect;
mod members;
mod package;
mod policy;
mod trust;

use crate::args::{Args, Command, Common, Completions, Eval, Fmt, Format, Render};
use crate::environment::traces_bridge;
use crate::print::Printer;
use akua_ops::eval::{EvalOptions, EvalRequest, eval};
use akua_ops::fmt::{FILE_LIMIT_BYTES, FmtFile, FmtGoal, FmtInput, FmtOutcome, FmtRequest, fmt};
use akua_ops::render::{
    AttestOption, BridgeCall, RenderOutcome, RenderRequest, Target, Trace, render,
};
use akua_ops::{Exit, Failure};
use akua_source::Diagnostic;
use clap::CommandFactory as _;
use serde_json::json;
use std::io::Read as _;
use std::rc::Rc;

/// Runs a command and returns how it ends.
pub(crate) fn run(args: Args) -> Exit {
    let printer = Printer::new(&args.common);
    let result = match args.command {
        Command::Render(args) => run_render(&printer, &args),
        Command::Init(args) => package::run_init(&printer, args),
        Command::Add(args) => package::run_add(&printer, *args),
        Command::Remove(args) => package::run_remove(&printer, args),
        Command::Lock(args) => package::run_lock(&printer, args),
        Command::Update(args) => package::run_update(&printer, args),
        Command::Verify(args) => package::run_verify(&printer, &args),
        Command::Tree(args) => package::run_tree(&printer, &args),
        Command::Vendor(args) => package::run_vendor(&printer, &args),
        Command::Pack(args) => package::run_pack(&printer, args),
        Command::Publish(args) => trust::run_publish(&printer, *args),
        Command::Sign(args) => trust::run_sign(&printer, args),
        Command::Keygen(args) => trust::run_keygen(&printer, args),
        Command::Trust(command) => trust::run_trust(&printer, command),
        Command::Push(args) => package::run_push(&printer, args),
        Command::Pull(args) => package::run_pull(&printer, args),
        Command::Inspect(args) => package::run_inspect(&printer, &args),
        Command::Cache(args) => package::run_cache(&printer, &args),
        Command::Auth(args) => package::run_auth(&printer, &args),
        Command::Explain(args) => policy::run_explain(&printer, &args),
        Command::Policy(command) => policy::run_policy(&printer, command),
        Command::Eval(args) => run_eval(&printer, *args),
        Command::Fmt(args) => run_fmt(&printer, args),
        Command::Doctor => Ok(doctor::run_doctor(&printer)),
        Command::Version => Ok(run_version(&printer, &args.common)),
        Command::Completions(args) => Ok(run_completions(&printer, &args)),
    };
    result.unwrap_or_else(|failure| printer.failure(&failure))
}

fn run_render(printer: &Printer, args: &Render) -> Result<Exit, Failure> {
    let target = match (args.stdout, args.dry_run) {
        (true, _) => Target::Stream,
        (false, true) => Target::Nowhere,
        (false, false) => Target::Folder(args.out.clone()),
    };
    let to_stream = args.stdout && !printer.json;
    let outcome = render(&RenderRequest {
        package: args.package.clone(),
        inputs: args.inputs.clone(),
        target,
        strict: args.strict,
        seed: args.seed.clone(),
        attest: attest(args)?,
        events: args.events.clone(),
        trace: traces_bridge().then(|| trace(printer)),
        limits: args.limits.0.clone(),
        home: printer.home(args.network.offline),
    })?;
    printer.printed(&outcome.printed);
    printer.diagnostics(&outcome.warnings, &outcome.sources);
    if printer.json {
        return Ok(printer.document(&outcome.summary()));
    }
    if to_stream {
        return Ok(printer.bytes(&outcome.stream()));
    }
    let count = outcome.files.len();
    let objects = if count == 1 { "object" } else { "objects" };
    let line = match &outcome.target {
        Some(target) => format!("rendered {count} {objects} to {target}"),
        None => format!("rendered {count} {objects}; nothing was written"),
    };
    let line = format!("{line} ({})", cost(&outcome));
    let mut exit = printer.line(&line);
    if let Some(signer) = &outcome.attested {
        exit = exit.max(printer.line(&format!("  attested by {signer}")));
    }
    if args.dry_run {
        for file in &outcome.files {
            exit = exit.max(printer.line(&format!("  {}", file.name)));
        }
    }
    Ok(exit)
}

/// Returns how to attest what is rendered, if that is asked for.
fn attest(args: &Render) -> Result<Option<AttestOption>, Failure> {
    if !args.attest {
        if args.key.is_given() {
            let message = "--key and --keyless say how to attest, and nothing is to be attested";
            let error = Diagnostic::error("E_INVALID_FLAG", message);
            return Err(error.help("add --attest, or leave them out").into());
        }
        return Ok(None);
    }
    let keyless = trust::keyless(&args.key)?.map(AttestOption::Keyless);
    Ok(Some(keyless.unwrap_or_else(|| AttestOption::Key(args.key.key.clone()))))
}

fn run_eval(printer: &Printer, args: Eval) -> Result<Exit, Failure> {
    let evaluated = eval(&EvalRequest {
        files: args.files,
        work_folder: args.work_dir,
        externals: args.external,
        settings: args.settings,
        options: EvalOptions {
            define: args.define,
            options: Vec::new(),
            overrides: args.overrides,
            select: args.select,
            sort_keys: args.sort_keys,
            disable_none: args.disable_none,
            show_hidden: args.show_hidden,
            strict_range_check: args.strict_range_check,
            json: args.output == Format::Json || printer.json,
        },
        limits: args.limits.0,
        home: printer.home(true),
    })?;
    printer.printed(&evaluated.printed);
    printer.diagnostics(&evaluated.warnings, &evaluated.sources);
    Ok(printer.bytes(&evaluated.text))
}

fn run_fmt(printer: &Printer, args: Fmt) -> Result<Exit, Failure> {
    let stdin = args.paths.iter().any(|path| path.as_os_str() == "-");
    if stdin && args.paths.len() > 1 {
        let error = Diagnostic::error("E_INVALID_FLAG", "`-` stands beside other paths");
        return Err(error.help("format files and the standard input in two runs").into());
    }
    let goal = match (args.check, args.stdout || stdin) {
        (true, _) => FmtGoal::Check,
        (false, true) => FmtGoal::Print,
        (false, false) => FmtGoal::Write,
    };
    let input = if stdin { FmtInput::Text(read_stdin()?) } else { FmtInput::Paths(args.paths) };
    let outcome = fmt(FmtRequest { input, goal, wall: true });
    let printed = print_fmt(printer, goal, &outcome);
    printer.diagnostics(&outcome.failure.diagnostics, &outcome.failure.sources);
    Ok(printed.max(outcome.exit()))
}

fn print_fmt(printer: &Printer, goal: FmtGoal, outcome: &FmtOutcome) -> Exit {
    if printer.json {
        let file = |file: &FmtFile| json!({ "path": file.path, "changed": file.changed });
        let files: Vec<_> = outcome.files.iter().map(file).collect();
        return printer.document(&json!({ "files": files }));
    }
    if goal == FmtGoal::Print {
        let texts = outcome.files.iter().filter_map(|file| file.text.as_deref());
        return printer.bytes(&texts.collect::<Vec<_>>().concat());
    }
    let mut exit = Exit::Success;
    for file in outcome.changed() {
        exit = exit.max(printer.line(&file.path));
    }
    exit
}

/// Reads the standard input, a little further than the formatter takes.
fn read_stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = FILE_LIMIT_BYTES.saturating_add(1);
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| {
        let message = "cannot read the standard input";
        Failure::from(Diagnostic::error("E_IO", message).note(error.to_string()))
    })?;
    Ok(bytes)
}

/// Returns what a render cost, in words.
fn cost(outcome: &RenderOutcome) -> String {
    let fuel = outcome.cost.fuel.to_string();
    let digits = fuel.len();
    let mut shown = String::with_capacity(digits.saturating_mul(2));
    for (at, digit) in fuel.chars().enumerate() {
        if at > 0 && (digits - at).is_multiple_of(3) {
            shown.push('_');
        }
        shown.push(digit);
    }
    let mebibytes = outcome.cost.peak_memory_bytes.div_ceil(1 << 20);
    let mut text = format!("{shown} fuel, {mebibytes} MiB");
    if outcome.uses.entropy {
        text.push_str(", random bytes from the seed");
    }
    if outcome.uses.clock {
        text.push_str(", the frozen clock");
    }
    text
}

/// Returns who prints one line a call over the bridge.
fn trace(printer: &Printer) -> Rc<Trace> {
    let printer = printer.clone();
    Rc::new(move |call| {
        let BridgeCall { method, args_bytes, answer_bytes, error } = call;
        let answer = error.map_or_else(|| format!("{answer_bytes} bytes"), str::to_owned);
        printer.note(&format!("bridge: {method} with {args_bytes} bytes: {answer}"));
    })
}

fn run_version(printer: &Printer, common: &Common) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if common.json {
        return printer.document(&json!({ "version": version }));
    }
    printer.line(&format!("akua {version}"))
}

fn run_completions(printer: &Printer, args: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "akua", &mut script);
    printer.bytes(&script)
}
