//! Shapes of expressions and statements, and what is said about broken ones. The corpus is in
//! `tests/corpus.rs`.

use crate::ast::{Entry, Expr, ExprKind, KeyKind, ListItem, Stmt, StmtKind, StrPart, TypeKind};
use crate::parse;
use akua_source::FileId;

/// Writes an expression with all its groups in parentheses.
fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::None => "None".into(),
        ExprKind::Bool(value) => format!("{value}"),
        ExprKind::Int(value) => format!("{value}"),
        ExprKind::IntOverflow(text) => format!("overflow:{text}"),
        ExprKind::Multiplied(value, multiplier) => format!("{value}{multiplier:?}"),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Str(text) => format!("{text:?}"),
        ExprKind::Interpolated(parts) => parts.iter().map(part).collect(),
        ExprKind::Name(text) => text.to_string(),
        ExprKind::Paren(inner) => format!("[{}]", shape(inner)),
        ExprKind::Binary(a, op, b) => format!("({} {op:?} {})", shape(a), shape(b)),
        ExprKind::And(a, b) => format!("({} and {})", shape(a), shape(b)),
        ExprKind::Or(a, b) => format!("({} or {})", shape(a), shape(b)),
        ExprKind::Unary(op, a) => format!("({op:?} {})", shape(a)),
        ExprKind::Compare(first, rest) => {
            let rest = joined(rest, |(op, e)| format!(" {op:?} {}", shape(e)));
            format!("({}{rest})", shape(first))
        }
        ExprKind::Ternary { condition, then, otherwise } => {
            format!("({} if {} else {})", shape(then), shape(condition), shape(otherwise))
        }
        ExprKind::As(value, _) => format!("({} as)", shape(value)),
        ExprKind::Member { value, name, .. } => format!("{}.{}", shape(value), name.text),
        ExprKind::Index { value, index, .. } => format!("{}[{}]", shape(value), shape(index)),
        ExprKind::Call(callee, args) => {
            format!("{}({})", shape(callee), list(&args.positional, shape))
        }
        ExprKind::List(items) => format!("[{}]", list(items, item)),
        ExprKind::Dict(entries) => format!("{{{}}}", list(entries, entry)),
        ExprKind::Config { head, entries, .. } => {
            format!("{}{{{}}}", shape(head), list(entries, entry))
        }
        ExprKind::Quantifier(q) => format!("{:?} {}: {}", q.kind, shape(&q.iter), shape(&q.test)),
        ExprKind::Lambda(lambda) => format!("lambda({})", lambda.body.len()),
        other => format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect(),
    }
}

fn joined<T>(values: &[T], write: fn(&T) -> String) -> String {
    values.iter().map(write).collect::<Vec<_>>().concat()
}

fn list<T>(values: &[T], write: fn(&T) -> String) -> String {
    values.iter().map(write).collect::<Vec<_>>().join(", ")
}

fn part(part: &StrPart) -> String {
    match part {
        StrPart::Text(text) => format!("{text:?}"),
        StrPart::Expr { value, format } => {
            let format = format.as_ref().map_or("", |name| &name.text);
            format!("<{}{format}>", shape(value))
        }
    }
}

fn item(item: &ListItem) -> String {
    match item {
        ListItem::Value(value) => shape(value),
        ListItem::Star(value) => format!("*{}", shape(value)),
        ListItem::If { branches, otherwise, .. } => {
            let branches = joined(branches, |(c, items)| {
                format!("if {}: {};", shape(c), list(items, self::item))
            });
            format!("{branches} {}", list(otherwise, self::item))
        }
    }
}

fn entry(entry: &Entry) -> String {
    match entry {
        Entry::KeyValue { key, op, value, .. } => {
            let key = match &key.kind {
                KeyKind::Path(names) => list(names, |name| name.text.to_string()),
                KeyKind::Indexed(names, index) => {
                    format!("{}[{}]", list(names, |name| name.text.to_string()), shape(index))
                }
                KeyKind::Expr(key) => shape(key),
            };
            format!("{key} {op:?} {}", shape(value))
        }
        Entry::Spread(value) => format!("**{}", shape(value)),
        Entry::If { branches, otherwise, .. } => {
            let branches = joined(branches, |(c, entries)| {
                format!("if {}: {};", shape(c), list(entries, self::entry))
            });
            format!("{branches} {}", list(otherwise, self::entry))
        }
    }
}

fn statements(text: &str) -> Vec<Stmt> {
    let (module, diagnostics) = parse(FileId(0), text);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    module.body
}

fn check(text: &str, expected: &str) {
    let body = statements(&format!("a = {text}"));
    let Some(StmtKind::Assign { value, .. }) = body.first().map(|stmt| &stmt.kind) else {
        unreachable!("{text}")
    };
    assert_eq!(shape(value), expected, "{text}");
}

#[test]
fn operators_group_as_in_the_reference() {
    check("2 ** 3 ** 2", "((2 Pow 3) Pow 2)");
    check("-2 ** 2", "((Minus 2) Pow 2)");
    check("not a == b", "((Not a) Eq b)");
    check("not a in l", "((Not a) In l)");
    check("1 < 2 in [True] == 3", "(1 Lt 2 In [true] Eq 3)");
    check("1 == 1 < 2 == 3", "(1 Eq (1 Lt 2) Eq 3)");
    check("a not in b is not c", "(a NotIn (b IsNot c))");
    check(
        "1 | 2 ^ 3 & 4 << 5 + 6 * 7",
        "(1 BitOr (2 BitXor (3 BitAnd (4 Shl (5 Add (6 Mul 7))))))",
    );
    check("a or b and c as int", "((a or (b and c)) as)");
    check("x if c else y as int", "(x if c else (y as))");
    check("1 if a else 2 if b else 3", "(1 if a else (2 if b else 3))");
    check("-x.y[0](1) ** 2", "((Minus x.y[0](1)) Pow 2)");
    check("(1\n + 2)", "[(1 Add 2)]");
    check("[1\n+ 2]", "[1, (Plus 2)]");
}

#[test]
fn numbers_and_strings_are_decoded() {
    check("0x1F", "31");
    check("012", "10");
    check("1_000", "1000");
    check("0xFFFFFFFFFFFFFFFF", "-1");
    check("9223372036854775808", "overflow:9223372036854775808");
    check("-9223372036854775808", "-9223372036854775808");
    check("1Ki", "1Ki");
    check("1.", "1.0");
    check("1.5e-3", "0.0015");
    check("1 .y", "1.y");
    check(r#""\101\x41\u0041\U00000041\q\n""#, r#""AAAA\\q\n""#);
    check(r#"r"\n${a}""#, r#""\\n${a}""#);
    check("\"\"\"\na\\\n\nb\"\"\"", r#""a\nb""#);
    check("'x${b.c}y$$${d: #json}$'", r#""x"<b.c>"y$$"<d#json>"$""#);
    check(r#""\${x} ${x}""#, r#""${x} "<x>"#);
    check("'${[1, 2][0:1]}'", "<Slice>");
    check("'${{a = 1}.a}'", "<{a Override 1}.a>");
}

#[test]
fn configs_and_lists_keep_their_parts() {
    check("{x, y: 2}", "{x Override x, y Union 2}");
    check(
        "{a.b: 1, 'c' = 2, d += [3], e[0]: 4}",
        "{a, b Union 1, \"c\" Override 2, d Insert [3], e[0] Union 4}",
    );
    check(
        "{if x: a = 1 elif y: a = 2 else: a = 3}",
        "{if x: a Override 1;if y: a Override 2; a Override 3}",
    );
    check(
        "[\n  if x:\n    1\n    2\n  elif y:\n    *b\n  else:\n    4\n  5\n]",
        "[if x: 1, 2;if y: *b; 4, 5]",
    );
    check("S(1) {b = {c: 1}.c}", "S{b Override {c Union 1}.c}");
    check("all x in y { x > 1 } and b", "(All y: (x Gt 1) and b)");
    check("lambda x: S = S {} { x }", "lambda(1)");
    check("lambda x, y = 1 -> int {\n  if x:\n    z = 1\n  z\n}", "lambda(2)");
    check("{type: 1, all: 2, rule = 3}", "{type Union 1, all Union 2, rule Override 3}");
}

#[test]
fn schemas_keep_their_parts() {
    let text = "@deprecated(version='1')\nschema S[a: int, b = 2](B) for P:\n    \"\"\"doc\"\"\"\n    \
        mixin [A, b.C]\n    [k: ...str]: int = 1\n    x: int\n    type?: str = \"a\"\n    z = 1\n    \
        \"q-r\"?: int\n    t: S {a=1}\n    m: [int] += [1]\n    if z: x = 1\n    check:\n        \
        x > 1 if y, \"msg\"\n        y\n";
    let body = statements(text);
    let Some(StmtKind::Schema(schema)) = body.first().map(|stmt| &stmt.kind) else {
        unreachable!()
    };
    assert_eq!(schema.doc.as_ref().map(|doc| &*doc.text), Some("doc"));
    assert_eq!((schema.mixins.len(), schema.params.len(), schema.checks.len()), (2, 2, 2));
    assert!(schema.base.is_some() && schema.host.is_some() && schema.decorators.len() == 1);
    assert!(schema.index_signature.as_ref().is_some_and(|signature| signature.any_other));
    assert_eq!(schema.body.len(), 7);
    assert!(matches!(schema.body[4].kind, StmtKind::Unification { .. }));
}

#[test]
fn types_are_read() {
    let body = statements("a: {str: [int | \"x\"]} | (int) -> b.C | None = 1");
    let StmtKind::Assign { ty: Some(ty), .. } = &body[0].kind else { unreachable!() };
    let TypeKind::Union(members) = &ty.kind else { unreachable!() };
    assert_eq!(members.len(), 2);
    assert!(matches!(members[0].kind, TypeKind::Dict(..)));
    assert!(matches!(members[1].kind, TypeKind::Function(..)));
}

fn check_error(text: &str, expected: &[(u32, &str)]) {
    let (_, diagnostics) = parse(FileId(0), text);
    let found: Vec<(u32, &str)> =
        diagnostics.iter().map(|d| (d.labels[0].span.start, d.message.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn errors_say_what_was_expected_and_where() {
    check_error("a =", &[(3, "expected an expression, found the end of the file")]);
    check_error("a = (1\nb = 2", &[(6, "expected `)`, found the end of the line")]);
    check_error("a = 1, 2", &[(5, "expected the end of the statement, found `,`")]);
    check_error("a = 1;\nb = 2", &[(5, "unexpected `;`")]);
    check_error("schema S\n    a: int", &[(8, "expected `:`, found the end of the line")]);
    check_error(
        "a = '${1 +}'",
        &[(10, "expected an expression, found the end of the interpolation")],
    );
    check_error("a = [x +\n1]", &[(8, "expected an expression, found the end of the line")]);
    check_error(
        "a = +\nb = 2\nc = )",
        &[
            (5, "expected an expression, found the end of the line"),
            (16, "expected an expression, found `)`"),
        ],
    );
}

#[test]
fn interpolated_expressions_have_exact_spans() {
    let body = statements("a = 'é${ bc }'");
    let StmtKind::Assign { value, .. } = &body[0].kind else { unreachable!() };
    let ExprKind::Interpolated(parts) = &value.kind else { unreachable!() };
    let StrPart::Expr { value, .. } = &parts[1] else { unreachable!() };
    assert_eq!((value.span.start, value.span.end), (10, 12));
}

#[test]
fn nesting_and_height_are_bounded() {
    let deep = |n: usize| format!("a = {}1{}", "(".repeat(n), ")".repeat(n));
    assert!(parse(FileId(0), &deep(150)).1.is_empty());
    for text in [
        deep(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}", "{a: ".repeat(100_000)),
        format!("a = {}1", "not ".repeat(100_000)),
        format!("a = 1{}", " + 1".repeat(100_000)),
        format!("a = 1{}", ".b".repeat(100_000)),
        format!("a: {}int = 1", "[".repeat(100_000)),
        format!("a = {}", "lambda {".repeat(100_000)),
        format!("a = {}", "1 if 2 else ".repeat(100_000)),
        joined(&(0..1000).collect::<Vec<_>>(), |n| format!("{}if x:\n", " ".repeat(*n))),
        format!("a = {}", "lambda x = S {".repeat(2_000)),
    ] {
        let (_, diagnostics) = parse(FileId(0), &text);
        assert!(!diagnostics.is_empty());
    }
}
