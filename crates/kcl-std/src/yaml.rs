//! The modules `yaml` and `manifests`.

mod decode;
mod encode;
mod scalar;

pub use decode::{from_manifest, from_yaml};
pub use encode::to_yaml;

use crate::args::{Param, failure};
use crate::json::denied;
use crate::plain::{Encoding, subject};
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::value::Value;

/// Members of `yaml`.
pub(crate) const YAML: &[Native] = &[
    function("decode", decode),
    function("decode_all", decode_all),
    function("dump_all_to_file", |_, _| Err(denied("yaml.dump_all_to_file"))),
    function("dump_to_file", |_, _| Err(denied("yaml.dump_to_file"))),
    function("encode", encode),
    function("encode_all", encode_all),
    function("validate", validate),
];

/// Members of `manifests`.
pub(crate) const MANIFESTS: &[Native] = &[function("yaml_stream", yaml_stream)];

fn encode(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let value = subject("encode", "data", interp, &mut args)?;
    let mut encoding = Encoding::take("encode", 2, &mut args)?;
    encoding.sort_keys = Param("encode", 1, "sort_keys").flag(&mut args)?;
    Ok(Value::str(to_yaml(&value, encoding)?))
}

fn encode_all(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let values = subject("encode_all", "data", interp, &mut args)?;
    let Value::List(values) = values else {
        return Err(Param("encode_all", 0, "data").wrong("list", &values));
    };
    let mut encoding = Encoding::take("encode_all", 2, &mut args)?;
    encoding.sort_keys = Param("encode_all", 1, "sort_keys").flag(&mut args)?;
    let documents: Eval<Vec<String>> =
        values.iter().map(|value| to_yaml(value, encoding)).collect();
    Ok(Value::str(documents?.join("\n---\n")))
}

fn decode(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("decode", 0, "value").text(&mut args)?;
    let mut documents = from_yaml(&text)?;
    if documents.len() > 1 {
        let message = "the YAML text has more than one document; yaml.decode_all() reads them all";
        return Err(failure(message));
    }
    Ok(documents.pop().unwrap_or(Value::None))
}

fn decode_all(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("decode_all", 0, "value").text(&mut args)?;
    let documents = from_yaml(&text)?;
    Ok(Value::list(if documents.is_empty() { vec![Value::None] } else { documents }))
}

fn validate(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("validate", 0, "value").text(&mut args)?;
    Ok(Value::Bool(from_yaml(&text).is_ok()))
}

/// Replaces the program's output by a stream of documents.
fn yaml_stream(interp: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let values = subject("yaml_stream", "values", interp, &mut args)?;
    let Value::List(values) = values else {
        return Err(Param("yaml_stream", 0, "values").wrong("list", &values));
    };
    let options = Param("yaml_stream", 1, "opts").opt_value(&mut args);
    let option = |name: &str| options.as_ref()?.as_dict()?.get(name).cloned();
    let flag = |name: &str| option(name).is_some_and(|value| value.is_truthy());
    let encoding = Encoding {
        sort_keys: flag("sort_keys"),
        ignore_private: flag("ignore_private"),
        ignore_none: flag("ignore_none"),
    };
    let separator = match option("sep") {
        Some(Value::Str(text)) => text.to_string(),
        _ => "---".to_owned(),
    };
    let documents: Eval<Vec<String>> =
        values.iter().map(|value| to_yaml(value, encoding)).collect();
    interp.stream = Some(documents?.join(&format!("{separator}\n")));
    Ok(Value::None)
}
