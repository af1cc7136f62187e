//! Any policy is read or refused at its byte, and so is what lint says of it; a project's policy,
//! behind a line `---`, only tightens what the operator's allows.
#![no_main]

use akua_fuzz::told;
use akua_policy::{Author, Effective, Layer, Policy, lint, parse};
use akua_source::{FileId, TABLE};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

/// What lint says.
const LINT: [&str; 3] = ["E_POLICY_CONTRADICTION", "W_POLICY_UNUSED", "W_POLICY_WIDER"];

fuzz_target!(|text: &str| {
    let (operator, project) = text.split_once("\n---\n").unwrap_or((text, ""));
    let Some(operator) = read(operator) else { return };
    let layer = |author, policy| Layer { name: "layer".to_owned(), author, policy };
    let alone = [layer(Author::Operator, operator)];
    narrower(
        &Effective::default(),
        &Effective::of(&[layer(Author::Project, alone[0].policy.clone())]),
    );
    let Some(project) = read(project) else { return };
    let [operator] = alone;
    let before = Effective::of(std::slice::from_ref(&operator));
    narrower(&before, &Effective::of(&[operator.clone(), layer(Author::Project, project.clone())]));
    // A second word of an operator tightens what the first one said, in either order.
    let first = Effective::of(&[operator.clone(), layer(Author::Operator, project.clone())]);
    let second = Effective::of(&[layer(Author::Operator, project), operator]);
    assert_eq!(first.budgets, second.budgets);
    assert_eq!((first.engines, first.modules), (second.engines, second.modules));
    assert_eq!((first.network, first.signatures), (second.network, second.signatures));
});

/// Reads a policy and lints it.
fn read(text: &str) -> Option<Policy> {
    match parse(FileId(0), text) {
        Ok(policy) => {
            told::check(text, &lint(&policy), &LINT);
            Some(policy)
        }
        Err(wrong) => {
            assert!(!wrong.is_empty(), "{text:?}");
            told::check(text, &wrong, &["E_POLICY_PARSE"]);
            None
        }
    }
}

/// Checks that nothing is allowed that was not.
fn narrower(before: &Effective, after: &Effective) {
    for row in &TABLE {
        let (was, is) = (before.budgets.amount(row.budget), after.budgets.amount(row.budget));
        assert!(is <= was, "{}: {was} became {is}", row.name);
    }
    within(before.engines.as_ref(), after.engines.as_ref());
    within(before.modules.as_ref(), after.modules.as_ref());
    assert_eq!(before.network.private_hosts, after.network.private_hosts);
    assert!(after.hosts.starts_with(&before.hosts), "{:?}", after.hosts);
    let (was, is) = (&before.network, &after.network);
    for (was, is) in [
        (was.requests, is.requests),
        (was.bytes, is.bytes),
        (was.bytes_per_host, is.bytes_per_host),
    ] {
        assert!(is.unwrap_or(u64::MAX) <= was.unwrap_or(u64::MAX), "{was:?} became {is:?}");
    }
    assert!(after.signatures >= before.signatures);
}

/// Checks that a list has nothing that the list before had not; no list is all there is.
fn within(before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>) {
    match (before, after) {
        (Some(before), Some(after)) => assert!(after.is_subset(before), "{after:?}"),
        (Some(before), None) => panic!("{before:?} became all"),
        (None, _) => {}
    }
}
