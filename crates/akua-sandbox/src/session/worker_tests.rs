//! The real worker: programs, honest and hostile, in its Store.
#![expect(clippy::disallowed_methods, clippy::panic, reason = "makes folders; tests may fail")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use akua_wire::protocol::{
    Answer, EvalOptions, Goal, METHOD_HELM, OUTPUT, REQUEST, RESULT, Request,
};
use akua_wire::{FrameBuilder, decode};

use super::*;
use crate::callouts::BridgeFault;
use crate::error::{DeadlineKind, MemoryKind};
use crate::files::{Files, FilesError, Node};
use crate::stack::on_render_stack;

/// Calls in progress at once that `kcl_eval::budget::DEFAULT_DEPTH` allows, less what surrounds
/// a recursion.
const DEEP: usize = 380;

/// A tree in memory.
#[derive(Debug, Default)]
struct Texts(BTreeMap<String, String>);

impl Files for Texts {
    fn look(&self, path: &str) -> Result<Node, FilesError> {
        let below = format!("{path}/");
        match self.0.get(path) {
            Some(text) => Ok(Node::File(text.len() as u64)),
            None if path.is_empty() => Ok(Node::Folder),
            None if self.0.keys().any(|name| name.starts_with(&below)) => Ok(Node::Folder),
            None => Err(FilesError::Missing),
        }
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, FilesError> {
        if path == "endless" {
            return Err(FilesError::TooMuch);
        }
        self.0.get(path).map(|text| text.as_bytes().into()).ok_or(FilesError::Missing)
    }

    fn names(&self, path: &str) -> Result<Arc<[(String, bool)]>, FilesError> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = self.0.keys().filter_map(|name| name.strip_prefix(&prefix));
        let names: BTreeMap<String, bool> = below
            .map(|name| name.split_once('/').map_or((name, false), |(first, _)| (first, true)))
            .map(|(name, folder)| (name.to_owned(), folder))
            .collect();
        Ok(names.into_iter().collect())
    }
}

/// The files of one test.
struct Folder(Arc<Texts>);

impl Folder {
    /// A tree with a program.
    fn new(program: &str) -> Self {
        Self::with(program, &[])
    }

    /// A tree with a program and more files.
    fn with(program: &str, more: &[(&str, &str)]) -> Self {
        let files = more.iter().copied().chain([("package.k", program)]);
        let texts = files.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        Self(Arc::new(Texts(texts)))
    }

    /// The tree, for the guest.
    fn mount(&self) -> Mount {
        let files: Arc<dyn Files> = Arc::clone(&self.0) as _;
        Mount { guest_path: "/package".to_owned(), files }
    }
}

/// What a program made.
#[derive(Debug)]
struct Made {
    answer: Answer,
    text: String,
    stdout: Vec<u8>,
}

impl Made {
    /// Code and message of the first diagnostic.
    fn failure(&self) -> String {
        assert!(!self.answer.ok, "{self:?}");
        let first = self.answer.diagnostics.first().expect("a diagnostic");
        format!("{} {}", first.code, first.message)
    }
}

/// Runs the program of a folder.
fn run(
    session: &Session,
    folder: &Folder,
    goal: Goal,
    calls: &mut dyn Callouts,
) -> Result<Made, SandboxError> {
    let request = Request {
        files: vec!["/package/package.k".to_owned()],
        root: Some("/package".to_owned()),
        work_folder: "/package".to_owned(),
        names: vec![("/package".to_owned(), String::new())],
        goal,
        ..Request::default()
    };
    let request = serde_json::to_vec(&request).expect("JSON");
    let frame = FrameBuilder::new().part(REQUEST, &request).finish();
    let output = session.run_worker(&[folder.mount()], &frame, calls)?;
    let frame = decode(&output.bytes, usize::MAX).expect("a frame");
    let answer = serde_json::from_slice(frame.get(RESULT).expect("a result")).expect("JSON");
    let text = String::from_utf8(frame.get(OUTPUT).unwrap_or_default().to_vec()).expect("text");
    Ok(Made { answer, text, stdout: output.stdout })
}

/// Evaluates a program that calls nothing.
fn eval(folder: &Folder, limits: Limits) -> Result<Made, SandboxError> {
    let session = Session::new(limits, move || [0; 32]);
    let goal = || Goal::Eval(EvalOptions::default());
    on_render_stack(1, || run(&session, folder, goal(), &mut Slow(Duration::ZERO)))
}

/// What the host answers: no objects.
const NONE: &str = r#"{"ok":{"objects":{"first":0,"count":0}}}"#;

/// A program that calls helm.
const CALL: &str = "import akua.helm\nresources = helm.template({chart = \"x\"})\n";

/// Runs a program that calls helm.
fn call(session: &Session, program: &str, calls: &mut dyn Callouts) -> Result<Made, SandboxError> {
    let folder = Folder::new(program);
    run(session, &folder, Goal::Render { inputs: false }, calls)
}

/// Answers after a while.
struct Slow(Duration);

impl Callouts for Slow {
    fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
        std::thread::sleep(self.0);
        NONE.to_owned()
    }
}

#[test]
fn a_program_reads_its_mount() {
    let program = "import file\na = file.read(\"sub/../sub/./a.txt\")\n";
    let folder = Folder::with(program, &[("sub/a.txt", "inside")]);
    let made = eval(&folder, Limits::default()).expect("an answer");
    assert_eq!(made.text, "a: inside\n", "{made:?}");
}

#[test]
fn a_program_lists_its_mount() {
    let program = "import file\na = file.glob(\"*/*.txt\")\n";
    let many: Vec<(String, String)> =
        (0..300).map(|at| (format!("sub/{at:0>80}.txt"), String::new())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let made = eval(&Folder::with(program, &many), Limits::default()).expect("an answer");
    assert_eq!(made.text.lines().count(), 301, "more than one buffer of names: {made:?}");
}

#[test]
fn what_a_mount_refuses_ends_the_program() {
    let program = "import file\na = file.exists(\"endless\") and file.read(\"endless\") or 1\n";
    let folder = Folder::with(program, &[("endless", "x")]);
    let error = eval(&folder, Limits::default()).expect_err("a budget");
    let source = FilesError::TooMuch;
    assert!(matches!(error, SandboxError::Files { source: found, .. } if found == source));
}

#[test]
fn what_the_host_holds_counts() {
    let limits = Limits { render_memory_bytes: 1 << 20, ..Limits::default() };
    let session = Session::new(limits, || [0; 32]);
    session.hold(1 << 20).expect("exactly enough");
    assert!(
        matches!(session.hold(1), Err(SandboxError::HostMemory { limit_bytes }) if limit_bytes == 1 << 20)
    );
    assert!(!session.holder().hold(1));
    let request = session.run_engine(Guest::Hostile, b"x");
    assert!(matches!(request, Err(SandboxError::HostMemory { .. })));
}

#[test]
fn a_program_reads_nothing_else() {
    let secret = std::env::current_exe().expect("a path");
    let paths = [
        "../secret.txt",
        "/package/../secret.txt",
        "sub/../../package/../secret.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/fd/0",
        "/dev/urandom",
        secret.to_str().expect("text"),
    ];
    for path in paths {
        let program = format!("import file\na = file.read(\"{path}\")\n");
        let folder = Folder::new(&program);
        let made = eval(&folder, Limits::default()).expect("an answer");
        assert!(made.failure().starts_with("E_"), "{made:?}");
        assert!(made.text.is_empty(), "{path}: {made:?}");
        let exists = Folder::new(&format!("import file\na = file.exists(\"{path}\")\n"));
        let made = eval(&exists, Limits::default()).expect("an answer");
        assert!(!made.text.contains("rue"), "{path}: {made:?}");
    }
}

#[test]
fn a_program_writes_nothing() {
    for write in [
        "write(\"a.txt\", \"x\")",
        "append(\"package.k\", \"x\")",
        "mkdir(\"a\")",
        "delete(\"package.k\")",
    ] {
        let program = format!("import file\na = file.{write}\n");
        let folder = Folder::new(&program);
        let made = eval(&folder, Limits::default()).expect("an answer");
        assert!(made.failure().starts_with("E_SANDBOX_DENIED"), "{made:?}");
    }
}

#[test]
fn an_endless_program_ends_at_the_deadline_of_the_worker() {
    let folder = Folder::new("a = sum([x * y for x in range(100000) for y in range(100000)])\n");
    let worker_timeout = Duration::from_millis(200);
    let start = Instant::now();
    let limits = Limits { worker_timeout, ..Limits::default() };
    let error = eval(&folder, limits).expect_err("endless");
    let SandboxError::Deadline { kind: DeadlineKind::Worker, limit, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(limit, worker_timeout);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn a_greedy_program_is_stopped_by_the_memory_limit() {
    let folder = Folder::new("a = [\"${x}\" * 1000 for x in range(1000000)]\n");
    // Below what the language itself allows, so that the Store is what stops it.
    let worker_memory_bytes = 64 << 20;
    let limits = Limits { worker_memory_bytes, ..Limits::default() };
    let error = eval(&folder, limits).expect_err("too much");
    let SandboxError::Memory { kind: MemoryKind::Store, limit_bytes, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(limit_bytes, worker_memory_bytes);
}

#[test]
fn much_output_is_cut() {
    let program = "a = [print(\"0123456789\" * 100) for _ in range(20)]\nb = 1\n";
    let folder = Folder::new(program);
    let capture_limit_bytes = 1500;
    let limits = Limits { capture_limit_bytes, ..Limits::default() };
    let made = eval(&folder, limits).expect("an answer");
    assert!(made.answer.ok, "{made:?}");
    assert_eq!(made.stdout.len(), capture_limit_bytes);
    let made = eval(&folder, Limits::default()).expect("an answer");
    assert_eq!(made.stdout.len(), 20 * 1001);
}

#[test]
fn the_clock_of_the_worker_stands_while_it_waits() {
    let limits = Limits { worker_timeout: Duration::from_millis(300), ..Limits::default() };
    let mut calls = Slow(Duration::from_millis(1200));
    let session = Session::new(limits, move || [0; 32]);
    call(&session, CALL, &mut calls).expect("only the host was slow");
    let limits = Limits { timeout: Duration::from_millis(300), ..Limits::default() };
    let session = Session::new(limits, move || [0; 32]);
    let error = call(&session, CALL, &mut calls).expect_err("the render was slow");
    assert!(
        matches!(error, SandboxError::Deadline { kind: DeadlineKind::Render, .. }),
        "{error:?}"
    );
}

#[test]
fn an_answer_over_the_limit_is_refused() {
    struct Long(usize);
    impl Callouts for Long {
        fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
            format!("{NONE:width$}", width = self.0)
        }
    }
    let limits = Limits { bridge_limit_bytes: 1000, ..Limits::default() };
    let session = Session::new(limits, move || [0; 32]);
    call(&session, CALL, &mut Long(1000)).expect("exactly enough");
    let error = call(&session, CALL, &mut Long(1001)).expect_err("a byte more");
    let large = BridgeFault::TooLarge { limit_bytes: 1000 };
    assert!(matches!(error, SandboxError::Bridge { fault } if fault == large), "{error:?}");
}

/// Renders again from within a render.
struct Nested<'a> {
    /// The session.
    session: &'a Session,
    /// What each render runs.
    program: &'a str,
    /// Renders still to nest.
    depth: usize,
    /// What went wrong inside.
    failure: Option<String>,
}

impl Callouts for Nested<'_> {
    fn call(&mut self, method: &str, args: &str, kwargs: &str) -> String {
        assert_eq!((method, args, kwargs), (METHOD_HELM, r#"[{"chart":"x"}]"#, "{}"));
        if self.depth > 0 {
            let Self { session, program, depth, .. } = *self;
            let mut inner = Nested { session, program, depth: depth - 1, failure: None };
            let answer = call(session, program, &mut inner);
            let failed = match answer {
                Ok(made) if made.answer.ok => None,
                other => Some(format!("{other:?}")),
            };
            self.failure = inner.failure.or(failed);
        }
        NONE.to_owned()
    }
}

/// Nests renders of a program; gives what went wrong, if anything did.
fn nest(program: &str, depth: usize) -> Option<String> {
    let session = Session::new(Limits::default(), move || [0; 32]);
    on_render_stack(session.limits().max_depth, || {
        let mut calls = Nested { session: &session, program, depth, failure: None };
        let made = call(&session, program, &mut calls).expect("the outermost answers");
        assert!(made.answer.ok, "{made:?}");
        calls.failure
    })
}

#[test]
fn renders_nest_up_to_the_limit() {
    assert_eq!(nest(CALL, 15), None);
    assert_eq!(nest(CALL, 16), Some("Err(Depth { limit: 16 })".to_owned()));
}

/// A program that calls helm at the bottom of a recursion; `{}` stands for the recursive call.
fn recursion(depth: usize, body: &str) -> String {
    let body = body.replace("{}", "f(n - 1)");
    format!(
        "import akua.helm\nschema S:\n    a: any\nf = lambda n: int {{\n    helm.template({{chart = \"x\"}}) if n == 0 else {body}\n}}\nresources = f({depth})\n"
    )
}

#[test]
fn deep_renders_nest_up_to_the_limit() {
    assert_eq!(nest(&recursion(DEEP, "{}"), 15), None);
    let session = Session::new(Limits::default(), move || [0; 32]);
    let program = recursion(DEEP + 20, "{}");
    let made = on_render_stack(1, || call(&session, &program, &mut Slow(Duration::ZERO)));
    assert!(made.expect("an answer").failure().starts_with("E_KCL_DEPTH"));
}

/// Notes where the stack is.
struct Stack(usize);

impl Callouts for Stack {
    fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
        let here = 0_u8;
        self.0 = (&raw const here).addr();
        NONE.to_owned()
    }
}

/// Bytes of stack that one level of a recursion takes.
fn stack_bytes(body: &str) -> usize {
    let at = |depth| {
        let session = Session::new(Limits::default(), move || [0; 32]);
        let program = recursion(depth, body);
        on_render_stack(1, || {
            let mut calls = Stack(0);
            let base = (&raw const calls).addr();
            let made = call(&session, &program, &mut calls).expect("an answer");
            assert!(made.answer.ok, "{body}: {made:?}");
            base - calls.0
        })
    };
    (at(21) - at(1)) / 20
}

#[test]
fn a_recursion_stays_in_its_share_of_the_stack() {
    let plain = stack_bytes("{}");
    assert!(plain * 390 <= 512 << 10, "{plain} bytes a level");
}

/// Expressions that nest: what comes before and behind the inner one.
const NESTS: [(&str, &str); 8] = [
    ("[", "][0]"),
    ("[x for x in ", "]"),
    ("{a = ", "}.a"),
    ("[] + (", ")"),
    ("(lambda { ", " })()"),
    ("S {a = [x for x in ", "]}.a"),
    ("S {a: {b = ", "}}.a.b"),
    ("[{if True: a = ", "}][0].a"),
];

#[test]
fn nested_expressions_in_a_recursion_end_in_a_diagnostic() {
    for (open, close) in NESTS {
        let body = format!("{}{{}}{}", open.repeat(20), close.repeat(20));
        let program = recursion(DEEP, &body);
        let session = Session::new(Limits::default(), move || [0; 32]);
        let made = on_render_stack(1, || call(&session, &program, &mut Slow(Duration::ZERO)));
        let failure = made.unwrap_or_else(|error| panic!("{open}: {error:?}")).failure();
        assert!(failure.starts_with("E_KCL_DEPTH"), "{open}: {failure}");
    }
}
