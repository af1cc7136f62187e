//! Each rule from both sides: what is refused, and the nearest thing that is not.

use crate::hir::NativeId;
use crate::{Import, Natives, ParsedFile, ParsedPackage, lower};
use akua_source::{Diagnostic, FileId, Severity};

/// The natives that the programs below use, by index.
const NATIVES: [(&str, &str); 8] = [
    ("", "len"),
    ("", "str"),
    ("", "print"),
    ("", "max"),
    ("math", "floor"),
    ("units", "Ki"),
    ("json", "decode"),
    ("", "unknown_native"),
];

struct Table;

impl Natives for Table {
    fn has_module(&self, module: &str) -> bool {
        NATIVES.iter().any(|(found, _)| *found == module)
    }

    fn members(&self, _: &str) -> Vec<&str> {
        Vec::new()
    }

    fn member(&self, module: &str, name: &str) -> Option<NativeId> {
        let at = NATIVES.iter().position(|native| *native == (module, name))?;
        Some(NativeId(u32::try_from(at).ok()?))
    }

    fn describe(&self, id: NativeId) -> Option<(&str, &str)> {
        NATIVES.get(id.0 as usize).copied()
    }
}

fn diagnostics(source: &str) -> Vec<Diagnostic> {
    let (module, errors) = kcl_syntax::parse(FileId(0), source);
    assert!(errors.is_empty(), "{source}\n{errors:?}");
    let imports = ["math", "units", "json"].map(|name| (name.into(), Import::System(name.into())));
    let file = ParsedFile { file: FileId(0), module, imports: imports.into() };
    let package = ParsedPackage { files: vec![file], ..ParsedPackage::default() };
    lower(&[package], &Table).1
}

/// Checks that a program gets exactly these errors, as `LINE KIND message`.
#[track_caller]
fn refused(source: &str, expected: &[&str]) {
    let line = |found: &Diagnostic| {
        let at = found.labels.first().map_or(0, |label| label.span.start as usize);
        source.get(..at).unwrap_or("").lines().count().max(1)
            + usize::from(source.get(..at).is_some_and(|text| text.ends_with('\n')))
    };
    let found: Vec<String> = diagnostics(source)
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .map(|found| format!("{} {} {}", line(found), found.kind, found.message))
        .collect();
    assert_eq!(found, expected, "{source}");
}

/// Checks that a program gets no errors.
#[track_caller]
fn accepted(source: &str) {
    refused(source, &[]);
}

/// Returns a line for each number.
fn lines(numbers: std::ops::Range<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

const SCHEMAS: &str = "schema P:\n    port: int\n    kind?: \"TCP\" | \"UDP\"\nschema S:\n    name: str = \"s\"\n    ports?: [P]\n    one?: P\n    labels?: {str:str}\n";

/// Checks a program below [`SCHEMAS`]; its first line is line 9.
#[track_caller]
fn refused_with_schemas(source: &str, expected: &[&str]) {
    refused(&format!("{SCHEMAS}{source}"), expected);
}

#[test]
fn variables_keep_their_first_type() {
    refused("_a = 1\n_a = \"s\"\n", &["2 TypeError expected int, found str"]);
    refused("_a = [\"s\"]\n_a = [1]\n", &["2 TypeError expected [str], found [int]"]);
    refused("_a = 1\nif True:\n    _a = \"s\"\n", &["3 TypeError expected int, found str"]);
    refused("_a = {a = 1}\n_a.a = \"s\"\n", &["2 TypeError expected int, found str"]);
    accepted("_a = None\n_a = 1\n_a = None\n");
    accepted("_a = 1.0\n_a = 1\n");
    accepted("_a = []\n_a = [1]\n_a = [\"s\"]\n");
    accepted("_a = unknown_native()\n_a = 1\n_a = \"s\"\n");
}

#[test]
fn annotations() {
    refused("a: int = \"s\"\n", &["1 TypeError expected int, found str"]);
    refused("a: 1 | 2 = 3\n", &["1 TypeError expected 1 | 2, found 3"]);
    refused("a: [int] = [1, \"s\"]\n", &["1 TypeError expected [int], found [int | str]"]);
    refused("a: {str:int} = {x = \"s\"}\n", &["1 TypeError expected int, found str"]);
    refused(
        "_a: int = 1\n_a: str = \"s\"\n",
        &["2 TypeError the variable is declared with another type before"],
    );
    accepted("a: int | str = 1\nb: float = 1\nc: any = {}\nd: int = None\n");
    accepted("t = \"x\"\na: \"x\" | \"y\" = t\n");
    accepted("type T = int | str\na: T = \"s\"\n");
}

#[test]
fn operators() {
    refused("a = 1 + \"s\"\n", &["1 TypeError unsupported operand type(s) for +: 'int' and 'str'"]);
    refused(
        "a = \"s\" < \"t\"\n",
        &["1 TypeError unsupported operand type(s) for <: 'str' and 'str'"],
    );
    refused("a = -\"s\"\n", &["1 TypeError bad operand type for unary -: 'str'"]);
    refused("a = 1 / 0\n", &["1 TypeError integer division or modulo by zero"]);
    refused("a = 1 in 2\n", &["1 TypeError unsupported operand type(s) for in: 'int' and 'int'"]);
    accepted("a = \"s\" * 2\nb = [1] + [\"s\"]\nc = {a = 1} | {b = 2}\nd = 1 == \"s\"\n");
    accepted("a = None | 1\nb = True < False\nc = not []\nd = [] is None\n");
    accepted("a = [1] + ([2] if True else [3, 4])\n");
}

#[test]
fn calls_of_lambdas() {
    let f = "f = lambda x: int, y: str = \"s\" -> str { y }\n";
    let check = |call: &str, expected: &[&str]| refused(&format!("{f}{call}\n"), expected);
    check("a = f(\"s\")", &["2 TypeError expected int, found str"]);
    check("a = f()", &["2 CompileError expected 1 argument, found 0: `x` missing"]);
    check("a = f(1, \"a\", 3)", &["2 CompileError expected 2 arguments at most, found 3"]);
    check("a = f(1, z = 2)", &["2 CompileError unexpected keyword argument 'z'"]);
    check("a = f(1) + 1", &["2 TypeError unsupported operand type(s) for +: 'str' and 'int'"]);
    check("a = f(1)\nb = f(1, \"s\")\nc = f(x = 1)\nd = f(None)", &[]);
    refused("f = lambda -> int { \"s\" }\n", &["1 TypeError expected int, found str"]);
    refused(
        "f = lambda x {\n    if x:\n        1\n}\n",
        &["2 CompileError the last statement of a lambda must be an expression"],
    );
    refused(
        "a: (int) -> int = lambda x: str -> int { 1 }\n",
        &["1 TypeError expected (int) -> int, found (str) -> int"],
    );
}

#[test]
fn calls_of_natives_and_members() {
    refused(
        "import math\na = math.floor(\"s\")\n",
        &["2 TypeError expected int | float, found str"],
    );
    refused("a = len()\n", &["1 CompileError expected 1 argument, found 0: `inval` missing"]);
    refused(
        "a = len(x = 1)\n",
        &[
            "1 CompileError expected 1 argument, found 0: `inval` missing",
            "1 CompileError unexpected keyword argument 'x'",
        ],
    );
    refused("a = \"s\".uper()\n", &["1 TypeError attribute 'uper' not found in 'str'"]);
    refused("_x = 1\na = _x(1)\n", &["2 CompileError 'int' object is not callable"]);
    accepted("import units\na = max(1, 2, 3)\nprint(1, \"s\")\nb = units.Ki + 1\n");
    accepted("a = \"s\".upper().split(\",\")[0] + \"t\"\nb = unknown_native(1, x = 2).y\n");
}

#[test]
fn configs_of_schemas() {
    refused_with_schemas(
        "a = S {nam = \"b\"}\n",
        &["9 CompileError cannot add member 'nam' to schema 'S'"],
    );
    refused_with_schemas("a = S {name = 1}\n", &["9 TypeError expected str, found int"]);
    refused_with_schemas("a = S {one.port = \"s\"}\n", &["9 TypeError expected int, found str"]);
    refused_with_schemas(
        "a = S {ports = [{\n    prt = 1}]}\n",
        &["10 CompileError cannot add member 'prt' to schema 'P'"],
    );
    refused_with_schemas("a = S {if True: name = 1}\n", &["9 TypeError expected str, found int"]);
    refused_with_schemas(
        "_d = {port = \"s\"}\na = P {**_d}\n",
        &["10 TypeError expected int, found str for 'port'"],
    );
    refused_with_schemas(
        "a = P {port = 1, kind = \"SCTP\"}\n",
        &["9 TypeError expected \"TCP\" | \"UDP\", found \"SCTP\""],
    );
    refused_with_schemas(
        "a = P {}\n",
        &["9 CompileError attribute 'port' of P is required and can't be None or Undefined"],
    );
    refused_with_schemas("a = S {}.nam\n", &["9 TypeError attribute 'nam' not found in 'S'"]);
    refused_with_schemas(
        "a: int | P = {prt = 1}\n",
        &["9 CompileError cannot add member 'prt' to schema 'int | P'"],
    );
    refused_with_schemas(
        "a = {None: 1}\n",
        &["9 IllegalAttributeError a key must be a string, found None"],
    );
    let fine = "a = S {name = \"x\", ports = [P {port = 1}, {port = 2}], one.port = 3, labels.a = \"b\"}\nb: P {}\nb: P {port = 1}\nc = P {if True: port = 1}\nd = S {ports += [{port = 1}]}\ne = a {name = \"y\"}\nf = S {one = {}}\n";
    refused_with_schemas(fine, &[]);
}

#[test]
fn bodies_of_schemas() {
    refused("schema A:\n    a = 1\n    b: str = a\n", &["3 TypeError expected str, found int"]);
    refused(
        "schema A:\n    a: int = \"s\"\n    check:\n        a > \"s\"\n",
        &[
            "2 TypeError expected int, found str",
            "4 TypeError unsupported operand type(s) for >: 'int' and 'str'",
        ],
    );
    refused("schema A[p: int]:\n    a: str = p\n", &["2 TypeError expected str, found int"]);
    refused(
        "schema A[p: int]:\n    a: int = p\nx = A(\"s\")\ny = A()\n",
        &[
            "3 TypeError expected int, found str",
            "4 CompileError expected 1 argument, found 0: `p` missing",
        ],
    );
    refused(
        "schema A:\n    a: int\n    a: str\n",
        &["3 TypeError the attribute 'a' is declared with two types"],
    );
    accepted(
        "schema A:\n    a = b\n    b: int = 1\n    c: int = a\n    if a > 1:\n        d = 2\n",
    );
}

#[test]
fn inheritance() {
    let a = "schema A:\n    a: int = 1\n    u: int | str = 1\n";
    refused(
        &format!("{a}schema B(A):\n    a: str = \"s\"\n"),
        &["5 TypeError cannot change the type of the inherited attribute 'a' from int to str"],
    );
    refused(&format!("{a}schema B(A):\n    a = \"s\"\n"), &["5 TypeError expected int, found str"]);
    accepted(&format!("{a}schema B(A):\n    a: 1 | 2 = 2\n    u: str = \"s\"\nb: A = B {{}}\n"));
    refused(
        &format!("{a}schema B:\n    b: int = 1\nx: B = A {{}}\n"),
        &["6 TypeError expected B, found A"],
    );
    refused(
        "schema P:\n    a: int\nmixin XMixin for P:\n    b = a\n",
        &["3 IllegalInheritError expected a protocol after 'for', got 'P'"],
    );
    refused(
        "protocol P:\n    a: int\n",
        &["1 CompileError the name of a protocol must end with 'Protocol'"],
    );
}

#[test]
fn index_signatures() {
    let head = "schema A:\n    [k: str]: int\n";
    refused(&format!("{head}x = A {{y = \"s\"}}\n"), &["3 TypeError expected int, found str"]);
    refused(
        &format!("{head}    s: str = \"s\"\n"),
        &["3 IndexSignatureError attribute 's' is str, but the index signature admits only int"],
    );
    refused("schema A:\n    [k: str]: int = \"s\"\n", &["2 TypeError expected int, found str"]);
    refused(
        "schema A:\n    k: str\n    [k: str]: str\n",
        &["3 IndexSignatureError the key 'k' has the name of an attribute"],
    );
    accepted("schema A:\n    [...str]: int\n    s: str = \"s\"\nx = A {y = 1}.y + 1\n");
}

#[test]
fn loops_and_elements() {
    refused(
        "a = [x + \"s\" for x in [1]]\n",
        &["1 TypeError unsupported operand type(s) for +: 'int' and 'str'"],
    );
    refused("a = [x for x in 1]\n", &["1 CompileError 'int' object is not iterable"]);
    refused("a = [1][\"s\"]\n", &["1 TypeError expected int, found str"]);
    refused("_x = 1\na = _x[0]\n", &["2 CompileError 'int' object is not subscriptable"]);
    refused(
        "a = [*1]\n",
        &["1 CompileError only list, dict and schema objects can be unpacked with *, found 'int'"],
    );
    accepted("a = [k + \"s\" for k, v in {a = 1} if v > 0]\nb = [i + 1 for i, c in \"s\"]\n");
    accepted("a = {x = 1, y = x + 1}\nb: int = a.y\nc = a.z\n");
    accepted("a = all x in [1] { x > 0 }\nb: [int] = map x in [1] { x }\n");
}

#[test]
fn conversions() {
    refused("a = \"s\" as int\n", &["1 TypeError a value of type str is never int"]);
    accepted("_x: any = 1\na = _x as str\nb: int | str = 1\nc = (b as int) + 1\n");
}

#[test]
fn decorators() {
    refused("@deprecated(1)\nschema S:\n    a: int = 1\n", &["1 TypeError expected str here"]);
    refused(
        "@deprecated(x=1)\nschema S:\n    a: int = 1\n",
        &["1 CompileError unexpected keyword argument 'x'"],
    );
    accepted("@deprecated(version=\"1\", reason=\"r\", strict=False)\nschema S:\n    a: int = 1\n");
}

#[test]
fn unused_imports_are_warnings() {
    let found = diagnostics("import math\nimport json\na = math.floor(1.5)\n");
    let found: Vec<_> = found.iter().map(|f| (&*f.code, f.severity, &*f.message)).collect();
    let message = "nothing uses the import `json`";
    assert_eq!(found, [("W_KCL_UNUSED_IMPORT", Severity::Warning, message)]);
}

#[test]
fn private_variables_that_nothing_reads_are_warnings() {
    let warned = |source: &str| -> Vec<String> {
        let found = diagnostics(source);
        assert!(found.iter().all(|f| f.severity == Severity::Warning), "{source}");
        found.iter().map(|found| format!("{} {}", found.code, found.message)).collect()
    };
    let unused = ["W_KCL_UNUSED_VARIABLE nothing reads the variable `_a`"];
    assert_eq!(warned("_a = 1\n_a += 1\nb = 2\n"), unused);
    assert_eq!(warned("schema S:\n    _a: int = 1\n_a = 1\nb = S {}\n"), unused);
    let used = [
        "a = 1\n_ = 2\n",
        "_a = 1\nb = \"${_a}\"\n",
        "_a = 1\nb = [_a for _x in [1]]\n",
        "_a = 1\nschema S:\n    b: int = _a\n",
        "_a = 1\nmixin AMixin:\n    b: int = _a\n",
        "_a = 1\nschema S:\n    check:\n        _a > 0\n",
        "_a = 1\nif _a > 0:\n    b = 2\n",
        "_a = 1\nassert _a > 0\n",
        "_a = 1\nf = lambda { lambda { _a } }\n",
        "_a = 1\nschema S:\n    b: int\nx: S {b: _a}\nx: S {b = 2}\n",
    ];
    for source in used {
        assert_eq!(warned(source), [""; 0], "{source}");
    }
}

#[test]
fn bodies_of_mixins() {
    let mixin = |line: &str| format!("mixin AMixin:\n    {line}\n");
    refused(&mixin("a: int = \"s\""), &["2 TypeError expected int, found str"]);
    refused(
        &mixin("a: int = 1 + \"s\""),
        &["2 TypeError unsupported operand type(s) for +: 'int' and 'str'"],
    );
    refused(
        "mixin AMixin:\n    a: int = 1\n    check:\n        a > \"s\"\n",
        &["4 TypeError unsupported operand type(s) for >: 'int' and 'str'"],
    );
    refused(
        &mixin("a: int = len(5)"),
        &["2 TypeError expected str | {any:any} | [any], found int"],
    );
    let protocol = "protocol BProtocol:\n    b: int\nmixin AMixin for BProtocol:\n    ";
    refused(&format!("{protocol}a: str = b\n"), &["4 TypeError expected str, found int"]);
    accepted(&format!("{protocol}a: int = b + unknown\n"));
    for line in ["a: int = b", "a: str = \"${b.c}\"", "a: {str:int} = {b = b, **b}", "b.c = d"] {
        accepted(&mixin(line));
    }
    // What the host has is of the host's type.
    accepted(
        "mixin AMixin:\n    b: str = c\nschema S:\n    mixin [AMixin]\n    c: str\n    b: int = 1\n",
    );
}

#[test]
fn labels_and_help_say_what_to_do() {
    let found = diagnostics("schema S:\n    name: str = \"s\"\na = S {nmae = \"b\"}\n");
    let first = found.first().expect("one error");
    assert_eq!(first.helps, ["did you mean `name`?"]);
    assert_eq!(first.labels.len(), 2);
    let found = diagnostics("schema S:\n    name: str = \"s\"\na = S {name = 1}\n");
    let texts: Vec<&str> = found.iter().flat_map(|f| &f.labels).map(|label| &*label.text).collect();
    assert_eq!(texts, ["", "its type is str"]);
}

#[test]
fn errors_are_bounded_and_in_order() {
    let source: String = lines(0..200, |at| format!("a{at}: int = \"s\"\n"));
    let found = diagnostics(&source);
    assert_eq!(found.len(), super::ERROR_LIMIT);
    let starts: Vec<_> = found.iter().filter_map(|f| Some(f.labels.first()?.span.start)).collect();
    assert!(starts.is_sorted());
    let source: String = lines(0..20, |at| format!("a{at}: int = \"s\"\n"));
    assert_eq!(diagnostics(&source).len(), 20);
}

#[test]
fn long_chains_of_globals_are_bounded() {
    let mut source: String = lines(0..2000, |at| format!("a{at} = a{} + 1\n", at + 1));
    source.push_str("a2000 = 1\n");
    accepted(&source);
    let forward = format!("{source}b: str = a2000\n");
    refused(&forward, &["2002 TypeError expected str, found int"]);
}

#[test]
fn types_that_grow_are_bounded() {
    let lists: String = lines(1..3000, |at| format!("a{at} = [a{}]\n", at - 1));
    accepted(&format!("a0 = 1\n{lists}b: [any] = a2999\n"));
    refused(
        &format!("a0 = 1\n{lists}b: str = a20\n"),
        &[&format!("3001 TypeError expected str, found {}int{}", "[".repeat(20), "]".repeat(20))],
    );
    let dicts: String = lines(1..3000, |at| format!("a{at} = {{k = a{}}}\n", at - 1));
    accepted(&format!("a0 = 1\n{dicts}"));
    let lambdas: String = lines(1..3000, |at| format!("a{at} = lambda {{ [a{}] }}\n", at - 1));
    accepted(&format!("a0 = 1\n{lambdas}"));
}

#[test]
fn many_unlike_literals() {
    let items: Vec<String> = (0..200).map(|at| format!("\"{at}\"")).collect();
    let list = format!("_a = [{}]\n", items.join(", "));
    refused(&format!("{list}b: [int] = _a\n"), &["2 TypeError expected [int], found [str]"]);
    accepted(&format!("{list}b: [str] = _a\n"));
}
