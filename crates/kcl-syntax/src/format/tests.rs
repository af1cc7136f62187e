use super::format;
use akua_source::FileId;

/// Formats a text; an error is its codes.
fn formatted(text: &str) -> String {
    let codes = |found: Vec<akua_source::Diagnostic>| {
        found.into_iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>().join(" ")
    };
    format(FileId(0), text).unwrap_or_else(codes)
}

/// Checks what a text becomes, and that it stays so.
fn check(text: &str, expected: &str) {
    let found = formatted(text);
    assert_eq!(found, expected, "of {text:?}");
    assert_eq!(formatted(&found), expected, "formatted again");
}

/// Checks that a text is laid out as it should be.
fn same(text: &str) {
    check(text, text);
}

#[test]
fn ends_of_files_and_lines() {
    check("", "");
    check("\n\n", "");
    check("a=1", "a = 1\n");
    check("\u{feff}\n\na  =  1   \r\n\r\n\r\n\r\nb=2\r\n\n", "a = 1\n\nb = 2\n");
    check("a = 1 + \\\n  2\n", "a = 1 + 2\n");
    check("a = 1 # b\r\r\r\n# c\r\r", "a = 1 # b\n# c\n");
}

#[test]
fn statements() {
    check("import  .a.b  as  c\n", "import .a.b as c\n");
    check("a . b [ 0 ]+=1\nc=d=2\n", "a.b[0] += 1\nc = d = 2\n");
    check("assert  a   if b ,  \"c\"\n", "assert a if b, \"c\"\n");
    check("a:int|str=1\ntype  B=A\n", "a: int | str = 1\ntype B = A\n");
    check("$type=1\n", "$type = 1\n");
}

#[test]
fn empty_lines_between_statements() {
    check("import a\nb = 1\n", "import a\n\nb = 1\n");
    check("\"\"\"doc\"\"\"\na = 1\n", "\"\"\"doc\"\"\"\n\na = 1\n");
    check("a: A {}\n\nb = 1\n", "a: A {}\nb = 1\n");
    check("if a:\n  b=1\nc = 1\n", "if a:\n    b = 1\n\nc = 1\n");
    check("if a:\n  b=1\nelse:\n  b=2\n\nc = 1\n", "if a:\n    b = 1\nelse:\n    b = 2\nc = 1\n");
    check("a = 1\n# c\nb = 2\n", "a = 1\n# c\nb = 2\n");
    check("a = 1\n# c\n# d\nb = 2\n", "a = 1\n\n# c\n# d\nb = 2\n");
    check("a = 1\n# c\n\nb = 2\n", "a = 1\n\n# c\nb = 2\n");
}

#[test]
fn branches() {
    check("if a: b=1\nelse: b=2\n", "if a:\n    b = 1\nelse:\n    b = 2\n");
    check("if a:\n  b=1\nelse:\n  if c:\n    b=2\n", "if a:\n    b = 1\nelif c:\n    b = 2\n");
    same("if a:\n    b = 1\nelse:\n    if c:\n        b = 2\n\n    d = 1\n");
}

#[test]
fn schemas() {
    let text = "@info( a = 1)\n@deprecated\nschema AMixin [ x:int=1 , y=2]( b.B ) for P :\n  'doc'\n  mixin [C,D]\n  [ n : ...str ]:int|str=1\n  a ? :int=1\n  \"b\":[ int ]\n  check  :\n    a>1 if  b,'m'\n";
    let expected = "@info(a=1)\n@deprecated()\nmixin AMixin[x: int = 1, y = 2](b.B) for P:\n    'doc'\n    mixin [\n        C,\n        D\n    ]\n    [n: ...str]: int | str = 1\n    a?: int = 1\n    \"b\": [int]\n\n    check:\n        a > 1 if b, 'm'\n";
    check(text, expected);
    check("rule  R(A,B):\n  a\n\n  b\nc=1\n", "rule R(A, B):\n    a\n    b\nc = 1\n");
    check("schema A:\n  mixin []\n  a: int\n", "schema A:\n    a: int\n");
    check("schema A:\n    a?: int\n\n    b: int\n", "schema A:\n    a?: int\n    b: int\n");
}

#[test]
fn types() {
    check(
        "a:{ str : [ int|'x' ] }=b\nf: ( int,A )->{:}=c\n",
        "a: {str:[int | \"x\"]} = b\nf: (int, A) -> {:} = c\n",
    );
    same("a: 'it\"s' | 1Ki = b\n");
}

#[test]
fn operators_and_calls() {
    check("a=not  b and c  not  in d\n", "a = not b and c not in d\n");
    check("a=-1- -2**~3\n", "a = -1 - -2 ** ~3\n");
    check("a=b if c else(d)as int\n", "a = b if c else (d) as int\n");
    check("a=f( 1,b = 2 ,)?.c?[ 1 ]\n", "a = f(1, b=2)?.c?[1]\n");
    check("a=b[ 1: ]\n", "a = b[1::]\n");
    check("a=f(\n  1,\n  2\n)\n", "a = f(1, 2)\n");
    same("a = not not b\n");
}

#[test]
fn numbers_and_strings() {
    check("a=[0x11,0o17,1_000,012,0x1Ki]\n", "a = [17, 15, 1000, 10, 1Ki]\n");
    same("a = 0xFFFFFFFFFFFFFFFF\nb = -9223372036854775808\n");
    same("a = [1.0, 1.50, 1e3, 2.]\n");
    same("a = 'x' + r\"\\y\" + \"${ b  +  c }\" + \"\"\"d\n e\"\"\"\n");
}

#[test]
fn lists_and_configs() {
    same("a = [1, 2]\nb = {c = 1, d: 2}\n");
    check("a = [1,\n2]\n", "a = [\n    1\n    2\n]\n");
    check("a = {\n b=1, c:2, **d}\n", "a = {\n    b = 1\n    c: 2\n    **d\n}\n");
    check("a = {b: {c = 1}}\n", "a = {\n    b: {c = 1}\n}\n");
    check("a = A() {}\nb=B{a.b=1}\n", "a = A {}\nb = B {a.b = 1}\n");
    same("a = [{\n    b = 1\n}]\n");
    check("a = {b}\n", "a = {b}\n");
    check("a = [1, if b: 2, 3]\n", "a = [\n    1\n    if b:\n        2\n    3\n]\n");
    check("a = [\n  x for x in [1,2]\n  if x\n]\n", "a = [x for x in [1, 2] if x]\n");
}

/// One line in the first pass would be several in the second.
#[test]
fn brackets_around_lines() {
    check(
        "a = {b = lambda {1}, c = 2}\n",
        "a = {\n    b = lambda {\n        1\n    }\n    c = 2\n}\n",
    );
    check("a = [{b: {}}, 1]\n", "a = [\n    {\n        b: {}\n    }\n    1\n]\n");
}

#[test]
fn blocks_in_braces() {
    check("a = lambda x:int,y=1->int {x}(1)\n", "a = lambda x: int, y = 1 -> int {\n    x\n}(1)\n");
    check("a = lambda {}\n", "a = lambda {\n}\n");
    check("a = all x in y { x }\n", "a = all x in y {x}\n");
    check(
        "a = any k, v in {b: {}} {\n v if k }\n",
        "a = any k, v in {\n    b: {}\n} {\n    v if k\n}\n",
    );
}

#[test]
fn comments_keep_their_place() {
    same("# a\n\n# b\nc = 1 # d\n# e\n");
    same("a = { # b\n    # c\n    d = 1 # e\n    # f\n} # g\n");
    same("a = {\n    # b\n}\nc = [\n    # d\n]\n");
    same("if a:\n    # b\n    c = 1 # d\n    # e\n# f\nelse:\n    # g\n    c = 2\n    # h\n# i\n");
    same("schema A:\n    # b\n    a: int # c\n    # d\n\n# e\nb = 1\n");
    same("@info() # a\n# b\nschema A:\n    mixin [ # c\n        B, # d\n        C\n    ] # e\n");
    same("f = lambda { # a\n    # b\n    1 # c\n    # d\n} # e\n");
}

/// Where lines are joined, a comment moves to a line before them.
#[test]
fn comments_move_out_of_joined_lines() {
    check("a = f(1, # b\n  2) # c\n", "# b\na = f(1, 2) # c\n");
    check("a = 0\nb = (1 # c\n # d\n)\n", "a = 0\n\n# c\n# d\nb = (1)\n");
    check("a = [1 # b\n]\n", "a = [\n    1 # b\n]\n");
    check("if a: # b\n    c = 1\n", "if a:\n    # b\n    c = 1\n");
}

#[test]
fn what_does_not_parse_is_refused() {
    assert_eq!(formatted("a = (1\n"), "E_KCL_SYNTAX");
    assert_eq!(formatted("f = lambda a = 1, b {a}\n"), "E_KCL_PARAMETER");
    let deep = format!("a = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(formatted(&deep), "E_KCL_SYNTAX");
}

#[test]
fn the_last_check_sees_differences() {
    use super::verify::is_same;
    assert!(is_same("a = 1, # b\n", "# b\na = 1\n"));
    assert!(!is_same("a = 1 # b\n", "a = 1\n"), "a comment is missing");
    assert!(!is_same("a = 1.0\n", "a = 1\n"), "a float became an integer");
    assert!(!is_same("a = -1\n", "a = 1\n"), "an operator is missing");
}
