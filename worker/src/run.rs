//! What a request means: evaluate, and give back objects or text; or format files.

use crate::document::document;
use crate::format::format;
use crate::inspect::inspect;
use crate::modules;
use crate::options::option;
use crate::select::select;
use crate::settings::settings;
use crate::world::Sandbox;
use akua_wire::protocol::{
    Answer, EvalOptions, Goal, INPUTS, INPUTS_NAME, Identity, OBJECT, OUTPUT, ObjectEntry, REQUEST,
    RESULT, Request,
};
use akua_wire::{Frame, FrameBuilder, decode};
use kcl::eval::dict::Dict;
use kcl::eval::interp::{Interp, OptionValue, Output};
use kcl::eval::library::{Eval, error};
use kcl::eval::text::type_of;
use kcl::source::Diagnostic;
use kcl::standard::Encoding;
use kcl::{OutputOptions, Value};

/// Builds what every run needs, so that it is in the snapshot.
pub(crate) fn warm() {
    let source = "import regex\nschema A:\n    b: int = 1\n    check:\n        b > 0\na = A {b = 2}\nc = [x.upper() for x in [\"y\"]]\n";
    let request = Request {
        virtual_packages: vec![("akua.warm".to_owned(), source.to_owned())],
        ..Request::default()
    };
    let request = serde_json::to_vec(&request).unwrap_or_default();
    std::hint::black_box(run(&FrameBuilder::new().part(REQUEST, &request).finish()));
}

/// Answers a frame with a frame.
pub(crate) fn run(bytes: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    let answer = match read(bytes) {
        Ok((frame, request)) => match &request.goal {
            Goal::Format { names } => format(&frame, names, &mut parts),
            Goal::Inspect { names } => inspect(&frame, names),
            Goal::Json { name } => document(&frame, name, &mut parts),
            Goal::Settings { names } => settings(&frame, names)
                .map_or_else(failed, |settings| Answer { ok: true, settings, ..Answer::default() }),
            _ => answer(&frame, &request, &mut parts),
        },
        Err(message) => failed(Diagnostic::error("E_INTERNAL", message)),
    };
    let result = serde_json::to_vec(&answer).unwrap_or_default();
    let size = parts.iter().map(|(_, data): &(&str, Vec<u8>)| data.len()).sum::<usize>();
    let mut frame = FrameBuilder::with_capacity(size.saturating_add(result.len()));
    frame.push(RESULT, &result);
    for (name, data) in &parts {
        frame.push(name, data);
    }
    frame.finish()
}

fn read(bytes: &[u8]) -> Result<(Frame<'_>, Request), String> {
    let frame = decode(bytes, usize::MAX).map_err(|error| error.to_string())?;
    let request = frame.get(REQUEST).ok_or("the frame has no request")?;
    let request = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    Ok((frame, request))
}

fn failed(diagnostic: Diagnostic) -> Answer {
    Answer { diagnostics: vec![diagnostic], ..Answer::default() }
}

/// What an evaluation made.
#[derive(Default)]
struct Made {
    objects: Vec<ObjectEntry>,
    parts: Vec<(&'static str, Vec<u8>)>,
}

/// Returns the program of a request, without what its goal asks for.
fn program(request: &Request) -> kcl::Request {
    let mut program = kcl::Request {
        files: request.files.clone(),
        root: request.root.clone(),
        virtual_packages: request.virtual_packages.clone(),
        excerpts: request.packages.clone(),
        externals: request.externals.clone(),
        own_externals: request.own_externals.clone(),
        names: request.names.clone(),
        modules: request.modules.clone(),
        ..kcl::Request::default()
    };
    program.settings.steps = request.steps;
    program.abandon = true;
    program
}

fn answer(
    frame: &Frame<'_>,
    request: &Request,
    parts: &mut Vec<(&'static str, Vec<u8>)>,
) -> Answer {
    let mut program = program(request);
    match &request.goal {
        Goal::Render { inputs: given } => {
            for (name, source) in modules::SOURCES {
                program.virtual_packages.push(((*name).to_owned(), (*source).to_owned()));
            }
            match inputs(frame, *given) {
                Ok(value) => program.options.push(OptionValue { key: "input".into(), value }),
                Err(failure) => return failure,
            }
        }
        Goal::Eval(options) => {
            program.overrides.clone_from(&options.overrides);
            for (key, value) in &options.options {
                let value = kcl::standard::from_json(value).unwrap_or_default();
                program.options.push(OptionValue { key: key.as_str().into(), value });
            }
            for define in &options.define {
                match option(define) {
                    Ok(option) => program.options.push(option),
                    Err(message) => return failed(Diagnostic::error("E_INVALID_FLAG", message)),
                }
            }
            program.settings.strict_range_check = options.strict_range_check;
        }
        Goal::Json { .. } | Goal::Settings { .. } | Goal::Format { .. } | Goal::Inspect { .. } => {}
    }
    let module_folder = request.root.clone().unwrap_or_else(|| request.work_folder.clone());
    let mounts = request.names.iter().map(|(mount, _)| mount.clone()).collect();
    let mut world = Sandbox {
        work_folder: request.work_folder.clone(),
        module_folder,
        mounts,
        charts: request.charts.clone(),
    };
    let library = modules::library();
    let outcome = kcl::run(&program, &library, &mut world, |interp, output| match &request.goal {
        Goal::Render { .. } => objects(interp, output),
        Goal::Eval(options) => text(interp, output, options),
        Goal::Json { .. } | Goal::Settings { .. } | Goal::Format { .. } | Goal::Inspect { .. } => {
            Ok(Made::default())
        }
    });
    let mut answer = Answer { diagnostics: outcome.diagnostics, ..Answer::default() };
    if !answer.diagnostics.is_empty() {
        answer.sources = outcome.sources;
    }
    if let Some(made) = outcome.result {
        answer.ok = true;
        answer.objects = made.objects;
        *parts = made.parts;
    }
    answer
}

/// Reads the inputs document; an error points into it.
fn inputs(frame: &Frame<'_>, given: bool) -> Result<Value, Answer> {
    let Some(bytes) = frame.get(INPUTS).filter(|_| given) else { return Ok(Value::Undefined) };
    let name = INPUTS_NAME;
    let refuse = |message: String| {
        let help = "the inputs are one YAML or JSON document whose root is a mapping";
        failed(Diagnostic::error("E_INPUTS_PARSE", message).path(name).help(help))
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_invalid| refuse(format!("`{name}` is not UTF-8 text")))?;
    let documents = kcl::standard::from_yaml(text)
        .map_err(|reason| refuse(format!("`{name}` is not YAML: {}", reason.message)))?;
    if documents.len() > 1 {
        return Err(refuse(format!("`{name}` has {} documents, expected one", documents.len())));
    }
    match documents.into_iter().next() {
        None => Ok(Value::Undefined),
        Some(value @ (Value::Dict(_) | Value::None)) => Ok(value),
        Some(other) => {
            let found = type_of(&other);
            Err(refuse(format!("the inputs in `{name}` are {found}, not a mapping")))
        }
    }
}

/// Takes the objects of `resources`.
fn objects(interp: &mut Interp<'_>, output: &Output) -> Eval<Made> {
    let Some((_, resources)) = output.variables.iter().find(|(name, _)| &**name == "resources")
    else {
        let mut failure = refuse("the package sets no `resources`".to_owned());
        failure.helps.push(
            "set `resources` to a list of Kubernetes objects at the top level of the entry file"
                .to_owned(),
        );
        return Err(failure);
    };
    let Value::List(items) = resources else {
        let found = type_of(resources);
        return Err(at_resources(
            interp,
            refuse(format!("`resources` is {found}, not a list of objects")),
        ));
    };
    let mut made = Made::default();
    for (at, item) in items.iter().enumerate() {
        // As in all output, what is undefined is left out.
        if matches!(item, Value::Undefined) {
            continue;
        }
        let entry =
            object(at, item, &mut made.parts).map_err(|failure| at_resources(interp, failure))?;
        made.objects.push(entry);
    }
    Ok(made)
}

fn refuse(message: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("E_RENDER_RESOURCES", message))
}

/// Points at the statement that sets `resources`.
fn at_resources(interp: &Interp<'_>, failure: Box<Diagnostic>) -> Box<Diagnostic> {
    let globals = interp.program.packages.first().map(|package| package.globals.as_slice());
    match globals.unwrap_or_default().iter().find(|global| &*global.name == "resources") {
        Some(global) => Box::new((*failure).label(global.span, "set here")),
        None => failure,
    }
}

/// Points at the last variable: there a selected value is still missing.
fn at_end(interp: &Interp<'_>, failure: Box<Diagnostic>) -> Box<Diagnostic> {
    let globals = interp.program.packages.first().map(|package| package.globals.as_slice());
    let spans = globals.unwrap_or_default().iter().map(|global| global.span);
    match spans.max_by_key(|span| (span.file, span.start)) {
        Some(span) => Box::new((*failure).label(span, "the program ends here, without it")),
        None => failure,
    }
}

fn object(at: usize, item: &Value, parts: &mut Vec<(&'static str, Vec<u8>)>) -> Eval<ObjectEntry> {
    if let Value::Opaque(opaque) = item {
        // What the program looked into is unchanged all the same: values do not change.
        return Ok(ObjectEntry::Held(opaque.handle));
    }
    let Some(dict) = item.as_dict() else {
        let mut failure = refuse(format!("`resources[{at}]` is {}, not an object", type_of(item)));
        if matches!(item, Value::List(_)) {
            failure.helps.push("join lists with `+`, or spread them with `[*a, *b]`".to_owned());
        }
        return Err(failure);
    };
    let identity = identity(dict);
    if identity.kind.is_empty() {
        return Err(refuse(format!("`resources[{at}]` has no `kind`")));
    }
    let is_list = identity.kind.ends_with("List") && dict.get("items").is_some();
    if identity.name.is_empty() && identity.generate_name.is_empty() && !is_list {
        let kind = &identity.kind;
        return Err(refuse(format!(
            "`resources[{at}]` ({kind}) has neither `metadata.name` nor `metadata.generateName`"
        )));
    }
    parts.push((OBJECT, kcl::standard::to_yaml(item, Encoding::default())?.into_bytes()));
    Ok(ObjectEntry::Made(identity))
}

fn identity(dict: &Dict) -> Identity {
    let text = |dict: &Dict, key: &str| {
        dict.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let metadata = dict.get("metadata").and_then(Value::as_dict);
    let meta = |key: &str| metadata.map(|dict| text(dict, key)).unwrap_or_default();
    Identity {
        api_version: text(dict, "apiVersion"),
        kind: text(dict, "kind"),
        namespace: meta("namespace"),
        name: meta("name"),
        generate_name: meta("generateName"),
        source: String::new(),
    }
}

/// Lays out the whole document as text.
fn text(interp: &mut Interp<'_>, output: &Output, options: &EvalOptions) -> Eval<Made> {
    let made =
        |text: String| Made { objects: Vec::new(), parts: vec![(OUTPUT, text.into_bytes())] };
    if let Some(stream) = interp.stream.take() {
        return Ok(made(stream));
    }
    let layout = OutputOptions {
        sort_keys: options.sort_keys,
        disable_none: options.disable_none,
        show_hidden: options.show_hidden,
    };
    let mut document = kcl::document(output, layout)?;
    if !options.select.is_empty() {
        document = select(&document, &options.select)
            .map_err(|message| at_end(interp, error("EvaluationError", message)))?;
    }
    let text = if options.json {
        kcl::standard::to_json(&document, Encoding::default(), 2)? + "\n"
    } else {
        kcl::document_yaml(&document)?
    };
    Ok(made(text))
}
