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
use std::sync::Arc;
use std::time::Instant;

use akua_sandbox::{
    Callouts, Files, FilesError, GuestOutput, Limits, Mount, Node, Session, on_render_stack,
};
use akua_wire::FrameBuilder;
use akua_wire::protocol::{REQUEST, Request};

/// Plain KCL calls nobody.
struct Nobody;

impl Callouts for Nobody {
    fn call(&mut self, _: &str, _: &str, _: &str) -> String {
        String::new()
    }
}

/// A tree with the program alone.
#[derive(Debug, Clone)]
struct OneFile(Arc<[u8]>);

impl Files for OneFile {
    fn look(&self, path: &str) -> Result<Node, FilesError> {
        match path {
            "" => Ok(Node::Folder),
            "main.k" => Ok(Node::File(self.0.len() as u64)),
            _ => Err(FilesError::Missing),
        }
    }

    fn read(&self, _path: &str) -> Result<Arc<[u8]>, FilesError> {
        Ok(Arc::clone(&self.0))
    }

    fn names(&self, _path: &str) -> Result<Arc<[(String, bool)]>, FilesError> {
        Ok(Arc::new([("main.k".to_owned(), false)]))
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
    let program = OneFile(std::fs::read(path).expect("a file").into());
    let request = Request {
        files: vec!["/src/main.k".to_owned()],
        work_folder: "/src".to_owned(),
        names: vec![("/src".to_owned(), String::new())],
        ..Request::default()
    };
    let json = serde_json::to_vec(&request).expect("JSON");
    let frame = FrameBuilder::new().part(REQUEST, &json).finish();
    let (_, output) = timed(&program, &frame);
    let answer = String::from_utf8_lossy(&output.bytes).into_owned();
    assert!(answer.contains("\"ok\":true"), "{answer}");
    for _ in 0..runs {
        println!("start {:.3}", timed(&program, b"").0);
    }
    for _ in 0..runs {
        println!("run {:.3}", timed(&program, &frame).0);
    }
}

/// Runs a request in a fresh Store; returns the time in ms.
fn timed(program: &OneFile, frame: &[u8]) -> (f64, GuestOutput) {
    let session = Session::new(Limits::default(), move || [0; 32]);
    let mounts = [Mount { guest_path: "/src".to_owned(), files: Arc::new(program.clone()) }];
    on_render_stack(1, || {
        let start = Instant::now();
        let output = session.run_worker(&mounts, frame, &mut Nobody).expect("an answer");
        (start.elapsed().as_secs_f64() * 1e3, output)
    })
}
