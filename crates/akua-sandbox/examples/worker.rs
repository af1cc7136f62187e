//! Evaluates a KCL file in the worker, again and again, and prints how long each run took in ms: to
//! measure the language inside its Store, without a process around it.
//!
//! `worker FILE RUNS`: each run has a Store of its own. The first line is a run to warm up, then
//! follow `start` (a request that is refused at once: the Store and its instance) and `run` lines.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for whoever works on the language"
)]

use std::path::Path;
use std::time::Instant;

use akua_sandbox::{Callouts, GuestOutput, Limits, Mount, Session, on_render_stack};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{REQUEST, Request};

/// Plain KCL calls nobody.
struct Nobody;

impl Callouts for Nobody {
    fn call(&mut self, _: &str, _: &str, _: &str) -> String {
        String::new()
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, runs] = arguments.as_slice() else {
        eprintln!("usage: worker FILE RUNS");
        return;
    };
    let runs: usize = runs.parse().expect("a number");
    let path = Path::new(file).canonicalize().expect("a file");
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().expect("a folder").to_path_buf();
    let request = Request {
        files: vec![format!("/src/{name}")],
        work_folder: "/src".to_owned(),
        names: vec![("/src".to_owned(), String::new())],
        ..Request::default()
    };
    let json = serde_json::to_vec(&request).expect("JSON");
    let frame = FrameBuilder::new().part(REQUEST, &json).finish();
    let (_, output) = timed(&folder, &frame);
    let answer = String::from_utf8_lossy(&output.bytes).into_owned();
    assert!(answer.contains("\"ok\":true"), "{answer}");
    for _ in 0..runs {
        println!("start {:.3}", timed(&folder, b"").0);
    }
    for _ in 0..runs {
        println!("run {:.3}", timed(&folder, &frame).0);
    }
}

/// Runs a request in a fresh Store; returns the time in ms.
fn timed(folder: &Path, frame: &[u8]) -> (f64, GuestOutput) {
    let session = Session::new(Limits::default(), [0; 32]);
    let dir = std::fs::File::open(folder).expect("a folder");
    let mounts = [Mount { guest_path: "/src".to_owned(), dir }];
    on_render_stack(1, || {
        let start = Instant::now();
        let output = session.run_worker(&mounts, frame, &mut Nobody).expect("an answer");
        (start.elapsed().as_secs_f64() * 1e3, output)
    })
}
