use super::*;

const HEAD: &str =
    "[package]\nname = \"a\"\nversion = \"0.1.0\"\nedition = \"akua.dev/v1alpha1\"\n";

/// Checks what is said, and the text that it points at.
fn check(text: &str, expected: &str) {
    let found = match parse(FileId(0), text) {
        Ok(manifest) => format!("ok {}", manifest.dependencies.len()),
        Err(diagnostics) => {
            let told = diagnostics.iter().map(|found| {
                let at = found
                    .labels
                    .first()
                    .map_or(0..0, |label| label.span.start as usize..label.span.end as usize);
                format!("`{}`: {}", text.get(at).unwrap_or("?"), found.message)
            });
            told.collect::<Vec<_>>().join("; ")
        }
    };
    assert_eq!(found, expected, "{text}");
}

fn dependency(fields: &str, expected: &str) {
    check(&format!("{HEAD}[dependencies]\nx = {{ {fields} }}\n"), expected);
}

#[test]
fn valid_manifests() {
    check(HEAD, "ok 0");
    dependency("path = \"./x\"", "ok 1");
    dependency("oci = \"oci://r:5000/a/x\", version = \"^1\"", "ok 1");
    dependency("oci = \"oci://r/x\", version = \"1\", replace = { path = \"../x\" }", "ok 1");
    dependency("git = \"https://h/x.git\", tag = \"v1\"", "ok 1");
    dependency(&format!("git = \"https://h/x\", rev = \"{}\"", "a".repeat(40)), "ok 1");
    dependency("helm = \"https://h/charts\", version = \">=1 <2\"", "ok 1");
    dependency("helm = \"https://h/charts\", chart = \"web\", version = \"1.x\"", "ok 1");
}

#[test]
fn every_refusal_points_at_its_byte() {
    check(
        &HEAD.replace("\"a\"", "\"-a\""),
        "`\"-a\"`: expected letters, digits, `-` and `_`, not beginning with `-`",
    );
    for version in ["", "/../../x", "1 2", "../1", "1/2", "1..2"] {
        check(
            &HEAD.replace("0.1.0", version),
            &format!("`\"{version}\"`: expected a version such as `0.1.0`"),
        );
    }
    check(
        &HEAD.replace("akua.dev/v1alpha1", "v1"),
        "`\"v1\"`: expected an edition such as `akua.dev/v1alpha1`",
    );
    check(
        &format!("{HEAD}extra = 1\n"),
        "`extra`: unknown field `extra`, expected one of `name`, `version`, `edition`, `strict_signing`, `allow_secrets`",
    );
    check(
        &format!("{HEAD}[dependencies]\nakua = {{ path = \"x\" }}\n"),
        "`akua`: `akua` is reserved for akua's own modules",
    );
    check("", "``: missing field `package`");
    check(&HEAD.replace("= \"a\"", "= \"a"), "``: invalid basic string, expected `\"`");
}

#[test]
fn every_dependency_that_is_wrong_points_at_its_field() {
    dependency("", "`{  }`: expected exactly one of `path`, `oci`, `git` and `helm`");
    dependency(
        "path = \"x\", git = \"https://h/x\", tag = \"1\"",
        "`{ path = \"x\", git = \"https://h/x\", tag = \"1\" }`: expected exactly one of `path`, `oci`, `git` and `helm`",
    );
    dependency(
        "path = \"x\", version = \"1\"",
        "`\"1\"`: a `path` dependency has no `version`, `tag`, `rev` or `chart`",
    );
    dependency(
        "path = \"/x\"",
        "`\"/x\"`: expected a path relative to akua.toml, found an absolute one",
    );
    dependency(
        "oci = \"oci://r/x\"",
        "`{ oci = \"oci://r/x\" }`: an `oci` dependency needs a `version`",
    );
    dependency(
        "oci = \"r/x\", version = \"1\"",
        "`\"r/x\"`: expected `oci://HOST/NAME` without tag and digest, found `r/x`",
    );
    dependency(
        "oci = \"oci://r/x:1\", version = \"1\"",
        "`\"oci://r/x:1\"`: expected `oci://HOST/NAME` without tag and digest, found `oci://r/x:1`",
    );
    dependency(
        "oci = \"oci://r/x\", version = \"^x.y.z.1\"",
        "`\"^x.y.z.1\"`: expected a version or a range such as `^1.2`, found `^x.y.z.1`",
    );
    dependency(
        "git = \"https://h/x\"",
        "`{ git = \"https://h/x\" }`: a `git` dependency needs a `tag` or a `rev`",
    );
    dependency(
        "git = \"https://h/x\", rev = \"abc\"",
        "`\"abc\"`: expected a commit of 40 hexadecimal digits",
    );
    dependency(
        "git = \"git@h:x.git\", tag = \"1\"",
        "`\"git@h:x.git\"`: git over ssh is not supported: it would need the keys of the person who runs akua; use an `https` address",
    );
    dependency(
        "helm = \"ftp://h/x\", version = \"1\"",
        "`\"ftp://h/x\"`: expected an `https` address of a chart repository",
    );
    dependency(
        "path = \"x\", replace = { path = \"y\" }",
        "`\"y\"`: `replace` stands in for an `oci`, `git` or `helm` dependency",
    );
}

#[test]
fn aliases_that_are_the_same_in_kcl_are_refused() {
    let text =
        format!("{HEAD}[dependencies]\na-b = {{ path = \"x\" }}\na_b = {{ path = \"y\" }}\n");
    check(
        &text,
        "`{ path = \"y\" }`: two dependencies have the same name in KCL, where `-` is `_`",
    );
}
