//! A guest that lies over the bridge and to WASI, and what comes after it.
#![expect(clippy::panic, reason = "tests may fail")]

use std::time::Duration;

use super::*;
use crate::callouts::BridgeFault;
use crate::error::{DeadlineKind, TrapKind};
use crate::stack::on_render_stack;

/// Answers every call with the same text, and counts.
struct Says(&'static str, usize);

impl Callouts for Says {
    fn call(&mut self, _method: &str, _args: &str, _kwargs: &str) -> String {
        self.1 += 1;
        self.0.to_owned()
    }
}

/// Runs the hostile guest where somebody answers its calls.
fn ask(session: &Session, request: &str, says: &mut Says) -> Result<GuestOutput, SandboxError> {
    // SAFETY: `run` drops the line before it returns, and the borrow is held until then.
    let line = unsafe { Line::new(says) };
    session.run(Guest::Hostile, &[], request.as_bytes(), Some(line))
}

/// The error of a request under limits; an honest guest of the same session is served after it.
fn refused(request: &str, limits: Limits) -> SandboxError {
    on_render_stack(1, || {
        let session = Session::new(limits, move || [7; 32]);
        let error = ask(&session, request, &mut Says("{}", 0)).expect_err("the guest lies");
        let honest = ask(&session, "H", &mut Says("{}", 0)).expect("an honest call");
        assert_eq!(honest.bytes, b"{}");
        error
    })
}

fn fault(request: &str, limits: Limits) -> BridgeFault {
    match refused(request, limits) {
        SandboxError::Bridge { fault } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_arrives() {
    let session = Session::new(Limits::default(), move || [7; 32]);
    let mut says = Says("ok", 0);
    assert_eq!(ask(&session, "H", &mut says).expect("an answer").bytes, b"ok");
    assert_eq!(says.1, 1);
}

#[test]
fn strings_lie_in_the_memory_and_are_text() {
    assert_eq!(fault("B", Limits::default()), BridgeFault::Encoding { pointer: 4096 });
    assert_eq!(fault("N", Limits::default()), BridgeFault::Pointer { pointer: 65536 });
}

#[test]
fn calls_and_answers_are_limited() {
    // The method has five bytes, and the longest answer two.
    let limits = |bridge_limit_bytes| Limits { bridge_limit_bytes, ..Limits::default() };
    let session = Session::new(limits(5), move || [7; 32]);
    ask(&session, "H", &mut Says("{}", 0)).expect("exactly enough");
    let session = Session::new(limits(4), move || [7; 32]);
    let error = ask(&session, "H", &mut Says("{}", 0)).expect_err("a byte less");
    let limit = BridgeFault::TooLarge { limit_bytes: 4 };
    assert!(matches!(error, SandboxError::Bridge { fault } if fault == limit), "{error:?}");
    let session = Session::new(limits(5), move || [7; 32]);
    let error = ask(&session, "H", &mut Says("123456", 0)).expect_err("too long");
    let limit = BridgeFault::TooLarge { limit_bytes: 5 };
    assert!(matches!(error, SandboxError::Bridge { fault } if fault == limit), "{error:?}");
}

#[test]
fn answers_without_a_place_are_refused() {
    for request in ["A", "E", "Z"] {
        assert_eq!(fault(request, Limits::default()), BridgeFault::NoPlace, "{request}");
    }
}

#[test]
fn an_answer_with_a_nul_is_refused() {
    let session = Session::new(Limits::default(), move || [7; 32]);
    let error = ask(&session, "H", &mut Says("a\0b", 0)).expect_err("it would end early");
    assert!(matches!(error, SandboxError::Bridge { fault: BridgeFault::Nul }), "{error:?}");
}

#[test]
fn what_happens_while_an_answer_is_placed_is_a_fact() {
    let error = refused("T", Limits::default());
    assert!(matches!(error, SandboxError::Trap { kind: TrapKind::Unreachable, .. }), "{error:?}");
    let error = refused("X", Limits::default());
    assert!(matches!(error, SandboxError::Exit { code: 5, .. }), "{error:?}");
    let error = refused("G", Limits::default());
    assert!(matches!(error, SandboxError::Memory { .. }), "{error:?}");
    let limits = Limits { engine_timeout: Duration::from_millis(200), ..Limits::default() };
    let error = refused("S", limits);
    assert!(
        matches!(error, SandboxError::Deadline { kind: DeadlineKind::Engine, .. }),
        "{error:?}"
    );
}

/// Each level is on the stack of the machine: it must end before that does.
#[test]
fn a_bridge_within_the_bridge_ends_with_the_stack() {
    let error = refused("R", Limits::default());
    assert!(matches!(error, SandboxError::Stack { .. }), "{error:?}");
}

#[test]
fn outputs_end_in_the_memory() {
    let error = refused("P", Limits::default());
    assert!(matches!(error, SandboxError::BadOutput { length: 16, .. }), "{error:?}");
}

#[test]
fn wasi_checks_pointers_and_lengths() {
    for request in ["q", "Q", "y", "w"] {
        let session = Session::new(Limits::default(), move || [7; 32]);
        // An error of WASI, which the guest ignores, or a trap: nothing of the host's.
        match ask(&session, request, &mut Says("{}", 0)) {
            Ok(output) => assert!([b"image".as_slice(), b"{}"].contains(&output.bytes.as_slice())),
            Err(SandboxError::Trap { .. }) => {}
            Err(other) => panic!("{request}: {other:?}"),
        }
        assert!(session.report().peak_memory_bytes < 1 << 20, "{request}");
    }
}

#[test]
fn what_a_guest_writes_is_capped() {
    let limits = Limits::default();
    let limit_bytes = limits.capture_limit_bytes;
    let session = Session::new(limits, move || [7; 32]);
    let output = ask(&session, "W", &mut Says("{}", 0)).expect("a talker");
    assert!(output.stdout.len() <= limit_bytes, "{}", output.stdout.len());
    assert!(!output.stdout.is_empty());
}
