//! Every limit from both sides, with the hostile guest of xtask and the real ones.
#![expect(clippy::disallowed_methods, clippy::panic, reason = "measures time; tests may fail")]

use std::time::{Duration, Instant};

use super::*;
use crate::callouts::BridgeFault;
use crate::error::{DeadlineKind, MemoryKind, TrapKind};
use crate::stack::on_render_stack;

/// Memory of the hostile guest, and its request `image`, in bytes.
const EXACT: u64 = (128 << 10) + 5;

/// Runs the hostile guest with a request and limits.
fn hostile(request: &str, limits: Limits) -> Result<GuestOutput, SandboxError> {
    Session::new(limits, move || [7; 32]).run_engine(Guest::Hostile, request.as_bytes())
}

/// The error of the hostile guest under default limits.
fn refused(request: &str) -> SandboxError {
    hostile(request, Limits::default()).expect_err("the guest misbehaves")
}

#[test]
fn the_image_is_in_place() {
    let output = hostile("image", Limits::default()).expect("an honest call");
    assert_eq!(output.bytes, b"image");
    assert_eq!(output.memory_bytes, 128 << 10);
    assert!(output.fuel_used > 0);
}

#[test]
fn memory_of_a_store_is_limited_although_the_guest_then_exits() {
    let error = refused("grow");
    let SandboxError::Memory { kind: MemoryKind::Store, limit_bytes, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(limit_bytes, 512 << 20);
}

#[test]
fn memory_of_a_render_is_limited() {
    let limits = Limits { render_memory_bytes: 1 << 20, ..Limits::default() };
    let error = hostile("grow", limits).expect_err("too much");
    assert!(matches!(error, SandboxError::Memory { kind: MemoryKind::Render, .. }), "{error:?}");
    let limits = Limits { render_memory_bytes: EXACT, ..Limits::default() };
    hostile("image", limits).expect("exactly enough");
    let limits = Limits { render_memory_bytes: EXACT - 1, ..Limits::default() };
    let error = hostile("image", limits).expect_err("a byte less");
    assert!(matches!(error, SandboxError::Memory { kind: MemoryKind::Render, .. }), "{error:?}");
}

#[test]
fn memory_goes_back_to_the_pool() {
    let limits = Limits { render_memory_bytes: EXACT, ..Limits::default() };
    let session = Session::new(limits, move || [0; 32]);
    for _ in 0..3 {
        session.run_engine(Guest::Hostile, b"image").expect("the memory is back");
    }
    assert_eq!(session.report().peak_memory_bytes, EXACT);
    assert_eq!(session.report().calls, 3);
}

#[test]
fn an_endless_loop_ends_at_the_engine_deadline() {
    let engine_timeout = Duration::from_millis(200);
    let start = Instant::now();
    let limits = Limits { engine_timeout, ..Limits::default() };
    let error = hostile("loop", limits).expect_err("endless");
    let SandboxError::Deadline { kind: DeadlineKind::Engine, limit, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(limit, engine_timeout);
    assert!(start.elapsed() >= engine_timeout, "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn an_endless_loop_ends_at_the_deadline_of_the_render() {
    let limits = Limits { timeout: Duration::from_millis(200), ..Limits::default() };
    let error = hostile("loop", limits).expect_err("endless");
    assert!(
        matches!(error, SandboxError::Deadline { kind: DeadlineKind::Render, .. }),
        "{error:?}"
    );
}

#[test]
fn fuel_is_counted_and_capped() {
    let used = hostile("image", Limits::default()).expect("an honest call").fuel_used;
    let again = hostile("image", Limits::default()).expect("an honest call").fuel_used;
    assert_eq!(used, again);
    let error = hostile("loop", Limits { fuel: Some(10_000), ..Limits::default() });
    assert!(matches!(error, Err(SandboxError::Fuel { limit: 10_000, .. })), "{error:?}");
    hostile("image", Limits { fuel: Some(used), ..Limits::default() }).expect("exactly enough");
    // Fuel is checked when functions and loops begin: the last block may still run.
    let error = hostile("image", Limits { fuel: Some(used / 2), ..Limits::default() });
    assert!(matches!(error, Err(SandboxError::Fuel { .. })), "{error:?}");
}

#[test]
fn the_stack_is_limited() {
    on_render_stack(1, || {
        let error = refused("stack");
        assert!(matches!(error, SandboxError::Stack { .. }), "{error:?}");
    });
}

#[test]
fn tables_do_not_grow() {
    let error = refused("table");
    assert!(matches!(error, SandboxError::Tables { .. }), "{error:?}");
}

#[test]
fn traps_and_exits_are_facts() {
    let error = refused("unreachable");
    assert!(matches!(error, SandboxError::Trap { kind: TrapKind::Unreachable, .. }), "{error:?}");
    let error = refused("outside");
    assert!(matches!(error, SandboxError::Trap { kind: TrapKind::OutOfBounds, .. }), "{error:?}");
    let error = refused("xit");
    assert!(matches!(error, SandboxError::Exit { code: 3, .. }), "{error:?}");
}

#[test]
fn answers_outside_of_the_memory_are_refused() {
    let error = refused("pointer");
    assert!(matches!(error, SandboxError::BadOutput { length: 16, .. }), "{error:?}");
    let error = refused("huge");
    assert!(matches!(error, SandboxError::Output { limit_bytes: 0x400_0000, .. }), "{error:?}");
}

#[test]
fn requests_are_limited() {
    let limits = Limits { request_limit_bytes: 5, ..Limits::default() };
    hostile("image", limits.clone()).expect("exactly enough");
    let error = hostile("images", limits).expect_err("a byte more");
    assert!(matches!(error, SandboxError::Request { actual_bytes: 6, .. }), "{error:?}");
}

#[test]
fn the_bridge_checks_pointers() {
    let error = refused("bridge");
    let pointer = BridgeFault::Pointer { pointer: 0x7fff_ffff };
    assert!(matches!(error, SandboxError::Bridge { fault } if fault == pointer), "{error:?}");
    let error = refused("call");
    let nobody = BridgeFault::NobodyAnswers;
    assert!(matches!(error, SandboxError::Bridge { fault } if fault == nobody), "{error:?}");
}

/// Whether the host has no memory left for what its guests want.
fn is_full<T>(taken: &Result<T, SandboxError>) -> bool {
    matches!(taken, Err(SandboxError::HostMemory { limit_bytes: 10 }))
}

#[test]
fn what_the_host_lends_is_given_back() {
    let limits = Limits { render_memory_bytes: 10, ..Limits::default() };
    let session = Session::new(limits, move || [7; 32]);
    let loan = session.lend(10).expect("exactly enough");
    assert!(is_full(&session.lend(1)), "a byte more");
    assert!(is_full(&session.hold(1)), "a byte more");
    drop(loan);
    session.lend(10).expect("it was given back");
    assert!(is_full(&session.lend(11)), "more than there is");
    assert!(is_full(&session.lend(usize::MAX)), "more than there can be");
    assert_eq!(session.report().peak_memory_bytes, 10);
}

#[test]
fn what_the_host_holds_stays_held() {
    let limits = Limits { render_memory_bytes: 10, ..Limits::default() };
    let session = Session::new(limits, move || [7; 32]);
    session.hold(4).expect("enough");
    assert!(session.holder().hold(5), "of the same memory");
    assert!(is_full(&session.lend(2)), "a byte more");
    drop(session.lend(1).expect("exactly enough"));
    assert!(!session.holder().hold(2), "a byte more");
    session.hold(1).expect("exactly enough");
    assert!(is_full(&session.hold(1)), "a byte more");
}

#[test]
fn random_bytes_follow_from_the_seed() {
    let draw = |seed| {
        let session = Session::new(Limits::default(), move || [seed; 32]);
        let first = session.run_engine(Guest::Hostile, b"random").expect("bytes").bytes;
        let second = session.run_engine(Guest::Hostile, b"random").expect("bytes").bytes;
        assert!(session.report().entropy_used);
        (first, second)
    };
    let (first, second) = draw(1);
    assert_eq!((first.clone(), second.clone()), draw(1));
    assert_ne!(first, second);
    assert_ne!(first, draw(2).0);
}

#[test]
fn sleeping_takes_no_time() {
    let start = Instant::now();
    hostile("zzz", Limits::default()).expect("a sleeper");
    assert!(start.elapsed() < Duration::from_secs(5));
}
