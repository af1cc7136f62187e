//! The modules `akua.*`: what a package may ask of akua.

use akua_wire::protocol::{METHOD_HELM, METHOD_KUSTOMIZE, METHOD_PACKAGE};
use kcl::eval::dict::Dict;
use kcl::eval::interp::{Interp, call_error};
use kcl::eval::library::{Args, Eval, Library, error, function};
use kcl::eval::value::Value;

/// Sources of the modules: the schemas of their arguments.
pub(crate) const SOURCES: &[(&str, &str)] = &[
    ("akua.ctx", ""),
    (
        "akua.helm",
        r#"
schema Template:
    """Arguments of helm.template: as `helm template` has them."""
    chart: str
    # A dict, or an instance such as charts.<alias>.Values.
    values?: any = {}
    release?: str
    namespace?: str
    kubeVersion?: str
    apiVersions?: [str]
    includeCrds?: bool
    noHooks?: bool
    skipTests?: bool
    showOnly?: [str]
    check:
        typeof(values) not in ["str", "int", "float", "bool", "list", "function", "number_multiplier"] if values not in [None, Undefined], "values must be a dict"
"#,
    ),
    (
        "akua.kustomize",
        r#"
schema Build:
    """Arguments of kustomize.build."""
    path: str
"#,
    ),
    (
        "akua.pkg",
        r#"
schema Render:
    """Arguments of pkg.render: a dependency by its alias, and its inputs."""
    package: str
    # A dict, or an instance such as pkgs.<alias>.Input.
    inputs?: any = {}
    check:
        typeof(inputs) not in ["str", "int", "float", "bool", "list", "function", "number_multiplier"] if inputs not in [None, Undefined], "inputs must be a dict"
"#,
    ),
];

/// Returns the standard library with the modules of akua.
pub(crate) fn library() -> Library {
    kcl::standard::library()
        .module("akua.ctx", &[function("input", input)])
        .module("akua.helm", &[function("template", template)])
        .module("akua.kustomize", &[function("build", build)])
        .module("akua.pkg", &[function("render", render)])
}

/// `ctx.input()`: the inputs document, `{}` if there is none.
#[expect(clippy::unnecessary_wraps, reason = "the type of every entry of a library")]
fn input(interp: &mut Interp<'_>, _: Args) -> Eval<Value> {
    let found = interp.option("input").map(|option| option.value.clone());
    Ok(found.filter(|value| !value.is_nullish()).unwrap_or_else(|| Value::dict(Dict::default())))
}

fn template(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    invoke(interp, METHOD_HELM, args)
}

fn build(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    invoke(interp, METHOD_KUSTOMIZE, args)
}

fn render(interp: &mut Interp<'_>, args: Args) -> Eval<Value> {
    invoke(interp, METHOD_PACKAGE, args)
}

/// Calls the host with the one argument of a plugin, or with its keywords as that argument.
fn invoke(interp: &mut Interp<'_>, method: &str, args: Args) -> Eval<Value> {
    let argument = match args.positional.into_iter().next() {
        Some(argument) => interp.force_deep(argument)?,
        None => Value::dict(args.keyword.into_iter().collect()),
    };
    if argument.as_dict().is_none() {
        let found = kcl::eval::text::type_of(&argument);
        return Err(error("TypeError", format!("{method}() expected a dict, got {found}")));
    }
    let argument = interp.force_deep(argument)?;
    interp.world.call(method, &argument).map_err(call_error)
}
