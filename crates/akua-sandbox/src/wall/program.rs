//! Filters of system calls, put together so that looking a call up is a binary search.
//!
//! `seccompiler` compares a call with one number after the other. The kernel runs a filter once for
//! each number there is when it takes it in, to know what it need not ask again: for 110 numbers in a
//! row that took 0.55 ms, an eighth of a small render, and takes 0.15 ms this way.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, SeccompRule, sock_filter};

/// `BPF_LD | BPF_W | BPF_ABS`: loads a word of what is known of the call.
const LOAD: u16 = 0x20;
/// `BPF_JMP | BPF_JEQ | BPF_K`.
const IF_EQUAL: u16 = 0x15;
/// `BPF_JMP | BPF_JGT | BPF_K`.
const IF_GREATER: u16 = 0x25;
/// `BPF_JMP | BPF_JGE | BPF_K`.
const IF_NOT_LESS: u16 = 0x35;
/// `BPF_JMP | BPF_JA | BPF_K`.
const JUMP: u16 = 0x05;
/// `BPF_RET | BPF_K`.
const RETURN: u16 = 0x06;
/// Where the number of the call is.
const NUMBER: u32 = 0;
/// Where the architecture is, whose numbers these are.
const ARCHITECTURE: u32 = 4;
/// `AUDIT_ARCH_…` of this architecture.
#[cfg(target_arch = "x86_64")]
const OWN_ARCHITECTURE: u32 = 0xc000_003e;
/// `AUDIT_ARCH_…` of this architecture.
#[cfg(target_arch = "aarch64")]
const OWN_ARCHITECTURE: u32 = 0xc000_00b7;
/// Numbers that are compared in a row, at most.
const LEAF: usize = 3;

/// What a filter answers to a call.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// `EPERM`.
    Refused,
    /// `ENOSYS`.
    Missing,
    /// `EPERM`, if one of these holds.
    RefusedIf(Vec<SeccompRule>),
}

/// Returns a filter that answers calls by number, has calls after `last` missing, and lets the others
/// through. A call of another architecture ends the process.
pub(super) fn program(answers: &BTreeMap<u32, Answer>, last: u32) -> BpfProgram {
    let calls: Vec<(u32, &Answer)> = answers.iter().map(|(call, answer)| (*call, answer)).collect();
    let mut program = vec![
        statement(LOAD, ARCHITECTURE),
        branch(IF_EQUAL, OWN_ARCHITECTURE, 1, 0),
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        statement(LOAD, NUMBER),
        branch(IF_GREATER, last, 0, 1),
        statement(RETURN, errno(libc::ENOSYS)),
    ];
    program.extend(tree(&calls));
    program
}

/// Returns what answers some calls: a choice between two halves, or one comparison after the other.
fn tree(calls: &[(u32, &Answer)]) -> BpfProgram {
    let (low, high) = calls.split_at(calls.len() / 2);
    match high.first() {
        Some((middle, _)) if calls.len() > LEAF => {
            let (low, high) = (tree(low), tree(high));
            [skip(&low, true, IF_NOT_LESS, *middle), low, high].concat()
        }
        _ => {
            let mut leaf: BpfProgram =
                calls.iter().flat_map(|(call, answer)| one(*call, answer)).collect();
            leaf.push(statement(RETURN, libc::SECCOMP_RET_ALLOW));
            leaf
        }
    }
}

/// Returns what answers one call, and leads on to the next for others.
fn one(call: u32, answer: &Answer) -> BpfProgram {
    let then = match answer {
        Answer::Refused => vec![statement(RETURN, errno(libc::EPERM))],
        Answer::Missing => vec![statement(RETURN, errno(libc::ENOSYS))],
        Answer::RefusedIf(rules) => {
            let refused = |rule: &SeccompRule| {
                let mut rule: BpfProgram = rule.clone().into();
                rule.push(statement(RETURN, errno(libc::EPERM)));
                rule
            };
            let mut then: BpfProgram = rules.iter().flat_map(refused).collect();
            // The rules have loaded arguments: there is no number left to compare.
            then.push(statement(RETURN, libc::SECCOMP_RET_ALLOW));
            then
        }
    };
    [skip(&then, false, IF_EQUAL, call), then].concat()
}

/// Returns what skips a part of a filter if a comparison with the number of the call gives `outcome`.
fn skip(part: &[sock_filter], outcome: bool, comparison: u16, number: u32) -> BpfProgram {
    if let Ok(length) = u8::try_from(part.len()) {
        let (jt, jf) = if outcome { (length, 0) } else { (0, length) };
        return vec![branch(comparison, number, jt, jf)];
    }
    // Only unconditional jumps go further than 255.
    let (jt, jf) = if outcome { (0, 1) } else { (1, 0) };
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    vec![branch(comparison, number, jt, jf), statement(JUMP, length)]
}

fn errno(number: i32) -> u32 {
    libc::SECCOMP_RET_ERRNO | number.unsigned_abs()
}

fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// Returns a comparison that skips so many instructions if it holds, and so many if not.
fn branch(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition};

    const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;

    /// Runs a filter as the kernel does, on a call with one argument; none where the kernel would not
    /// take it.
    fn run(program: &[sock_filter], architecture: u32, call: u32, argument: u32) -> Option<u32> {
        let (mut at, mut word) = (0, 0);
        loop {
            let step = program.get(at)?;
            at += 1;
            let skipped = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    word = match step.k {
                        NUMBER => call,
                        ARCHITECTURE => architecture,
                        16 => argument,
                        _ => return None,
                    };
                }
                JUMP => at += usize::try_from(step.k).expect("a distance"),
                IF_EQUAL => at += skipped(word == step.k),
                IF_GREATER => at += skipped(word > step.k),
                IF_NOT_LESS => at += skipped(word >= step.k),
                RETURN => return Some(step.k),
                _ => return None,
            }
        }
    }

    #[test]
    fn each_call_gets_its_answer() {
        let condition =
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, 7).expect("one");
        let rule = SeccompRule::new(vec![condition]).expect("a rule");
        let answer = |call: u32| match call % 3 {
            0 => Answer::Refused,
            1 => Answer::Missing,
            _ => Answer::RefusedIf(vec![rule.clone()]),
        };
        // As many as need jumps of more than 255.
        let answers: BTreeMap<u32, Answer> =
            (0..200).map(|call| call * 2).map(|call| (call, answer(call))).collect();
        let program = program(&answers, 500);
        for call in 0..=500 {
            let [seven, other] =
                [7, 8].map(|argument| run(&program, OWN_ARCHITECTURE, call, argument));
            let expected = match answers.get(&call) {
                None => [ALLOWED, ALLOWED],
                Some(Answer::Refused) => [errno(libc::EPERM); 2],
                Some(Answer::Missing) => [errno(libc::ENOSYS); 2],
                Some(Answer::RefusedIf(_)) => [errno(libc::EPERM), ALLOWED],
            };
            assert_eq!([seven, other], expected.map(Some), "{call}");
        }
        for call in [501, 0x4000_0000, u32::MAX] {
            assert_eq!(
                run(&program, OWN_ARCHITECTURE, call, 0),
                Some(errno(libc::ENOSYS)),
                "{call}"
            );
        }
        let other = run(&program, OWN_ARCHITECTURE ^ 1, 3, 0);
        assert_eq!(other, Some(libc::SECCOMP_RET_KILL_PROCESS));
    }
}
