//! Renders a directory with an engine and prints the YAML: to compare with the native tools and to
//! measure whole processes.
//!
//! `engine helm CHART [REQUEST-JSON]`, `engine kustomize ROOT [REQUEST-JSON]`; with
//! `AKUA_REPEAT=N` also the time of N more renders in this process.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a tool for whoever works on the engines"
)]

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use akua_sandbox::{Guest, Limits, Session, on_render_stack};
use akua_wire::{FrameBuilder, decode};
use serde_json::Value;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, directory, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: engine helm|kustomize DIRECTORY [REQUEST-JSON]");
        return;
    };
    let (guest, prefix, default) = match engine.as_str() {
        "helm" => (
            Guest::Helm,
            "chart",
            r#"{"release":{"name":"release-name","namespace":"default"},"includeCrds":true}"#,
        ),
        _ => (Guest::Kustomize, "file", r#"{"path":"overlays/prod"}"#),
    };
    let request = rest.first().map_or(default, String::as_str);
    let mut frame = FrameBuilder::new();
    frame.push("request", request.as_bytes());
    collect(Path::new(directory), prefix, &mut frame);
    let frame = frame.finish();
    let start = Instant::now();
    render(guest, &frame, true);
    if std::env::var_os("AKUA_TIMES").is_some() {
        eprintln!("first: {:?}", start.elapsed());
    }
    let repeat = std::env::var("AKUA_REPEAT").ok().and_then(|count| count.parse().ok());
    for _ in 0..repeat.unwrap_or(0) {
        let start = Instant::now();
        render(guest, &frame, false);
        eprintln!("again: {:?}", start.elapsed());
    }
}

/// Adds the files below `directory` to the frame.
fn collect(directory: &Path, name: &str, frame: &mut FrameBuilder) {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut entries: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{name}/{file}");
        if path.is_dir() {
            collect(&path, &name, frame);
        } else {
            frame.push(&name, &std::fs::read(&path).expect("a file"));
        }
    }
}

/// Renders the frame.
fn render(guest: Guest, frame: &[u8], print: bool) {
    let limits = Limits::default();
    let session = Session::new(limits, move || [0; 32]);
    let output = on_render_stack(1, || session.run_engine(guest, frame));
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("{error}: {error:?}");
            return;
        }
    };
    if !print {
        return;
    }
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    if std::env::var_os("AKUA_TIMES").is_some() {
        eprintln!("{:?}", session.report());
    }
    let answer = decode(&output.bytes, usize::MAX).expect("a frame");
    if let Some(error) = answer.get("error") {
        eprintln!("{}", String::from_utf8_lossy(error));
        return;
    }
    let head: Value =
        serde_json::from_slice(answer.get("result").expect("a result")).expect("JSON");
    let heads = head["objects"].as_array().expect("objects");
    let bodies = answer.parts().iter().filter(|part| part.name == "object");
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (head, body) in heads.iter().zip(bodies) {
        let written = match head["source"].as_str() {
            Some(source) => writeln!(out, "---\n# Source: {source}"),
            None => writeln!(out, "---"),
        };
        written.and_then(|()| out.write_all(body.data)).expect("standard output");
        if !body.data.ends_with(b"\n") {
            out.write_all(b"\n").expect("standard output");
        }
    }
}
