use super::*;
use serde_json::json;

#[test]
fn a_statement_is_read_as_it_was_written() {
    let digest = Digest::of(b"a");
    let about = vec![Subject::new("a", &digest)];
    let statement = Statement::new(about, "https://example.com/p", json!({"b": 1, "a": [2]}));
    let read = Statement::parse(&statement.to_json()).expect("a statement");
    assert_eq!(read, statement);
    assert!(read.is_about(&digest));
    assert!(!read.is_about(&Digest::of(b"b")));
}

#[test]
fn only_sha256_counts() {
    let hex = Digest::of(b"a").hex().to_owned();
    let digest = BTreeMap::from([("sha512".to_owned(), hex)]);
    let statement = Statement::new(vec![Subject { name: String::new(), digest }], "p", json!(null));
    assert!(!statement.is_about(&Digest::of(b"a")));
}

#[test]
fn what_is_no_statement_is_refused() {
    let parse = |text: &str| Statement::parse(text.as_bytes()).expect_err("is refused");
    assert!(matches!(parse("{}"), StatementError::Json(_)));
    let other = r#"{"_type":"https://example.com","subject":[],"predicateType":""}"#;
    assert!(matches!(parse(other), StatementError::Type(_)));
    let large = vec![b' '; LIMIT_BYTES + 1];
    assert!(matches!(Statement::parse(&large), Err(StatementError::TooLarge { .. })));
}
