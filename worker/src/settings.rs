//! Settings files (`kcl.yaml`): what they say, merged.

use akua_wire::Frame;
use akua_wire::protocol::{SETTINGS, Settings};
use kcl::Value;
use kcl::eval::dict::Dict;
use kcl::eval::text::type_of;
use kcl::source::Diagnostic;
use kcl::standard::{Encoding, from_yaml, to_json};

/// Reads the settings files of a frame; later ones win.
pub(crate) fn settings(frame: &Frame<'_>, names: &[String]) -> Result<Settings, Diagnostic> {
    let mut settings = Settings::default();
    let files = frame.parts().iter().filter(|part| part.name == SETTINGS);
    for (name, file) in names.iter().zip(files) {
        merge(&mut settings, file.data).map_err(|reason| {
            let message = format!("`{name}` is no settings file: {reason}");
            Diagnostic::error("E_EVAL_SETTINGS", message)
                .kind("EvaluationError")
                .path(name)
                .help("it has `kcl_cli_configs` and `kcl_options`, see docs/kcl.md")
        })?;
    }
    Ok(settings)
}

fn merge(settings: &mut Settings, bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_invalid| "it is not UTF-8 text".to_owned())?;
    let documents = from_yaml(text).map_err(|reason| reason.message.clone())?;
    let root = match documents.as_slice() {
        [] | [Value::None] => return Ok(()),
        [Value::Dict(root)] => root,
        [other] => return Err(format!("expected a mapping, found {}", type_of(other))),
        _ => return Err(format!("expected one document, found {}", documents.len())),
    };
    if let Some(configs) = mapping(root, "kcl_cli_configs")? {
        configure(settings, configs)?;
    }
    for option in list(root, "kcl_options")? {
        let entry = option.as_dict();
        let key = entry.and_then(|entry| entry.get("key")).and_then(Value::as_str);
        let (Some(entry), Some(key)) = (entry, key) else {
            return Err("each of `kcl_options` is a mapping with `key` and `value`".to_owned());
        };
        let value = entry.get("value").cloned().unwrap_or_default();
        let json = to_json(&value, Encoding::default(), 0).map_err(|e| e.message.clone())?;
        settings.options.push((key.to_owned(), json));
    }
    Ok(())
}

/// Reads `kcl_cli_configs`; what akua does not know has no meaning in an evaluation.
fn configure(settings: &mut Settings, configs: &Dict) -> Result<(), String> {
    let files = [texts(configs, "file")?, texts(configs, "files")?].concat();
    if !files.is_empty() {
        settings.files = files;
    }
    settings.overrides.extend(texts(configs, "overrides")?);
    settings.select.extend(texts(configs, "path_selector")?);
    if let Some(maps) = mapping(configs, "package_maps")? {
        for (name, folder) in maps.iter() {
            let folder = folder.as_str().ok_or("`package_maps` maps names to folders")?;
            settings.externals.push((name.to_string(), folder.to_owned()));
        }
    }
    flag(configs, "disable_none", &mut settings.disable_none)?;
    flag(configs, "sort_keys", &mut settings.sort_keys)?;
    flag(configs, "show_hidden", &mut settings.show_hidden)?;
    flag(configs, "strict_range_check", &mut settings.strict_range_check)
}

fn flag(from: &Dict, key: &str, to: &mut Option<bool>) -> Result<(), String> {
    match from.get(key) {
        None | Some(Value::None) => {}
        Some(Value::Bool(value)) => *to = Some(*value),
        Some(other) => {
            return Err(format!("`{key}` is {}, expected true or false", type_of(other)));
        }
    }
    Ok(())
}

fn mapping<'a>(from: &'a Dict, key: &str) -> Result<Option<&'a Dict>, String> {
    match from.get(key) {
        None | Some(Value::None) => Ok(None),
        Some(Value::Dict(dict)) => Ok(Some(dict)),
        Some(other) => Err(format!("`{key}` is {}, expected a mapping", type_of(other))),
    }
}

fn list<'a>(from: &'a Dict, key: &str) -> Result<&'a [Value], String> {
    match from.get(key) {
        None | Some(Value::None) => Ok(&[]),
        Some(Value::List(items)) => Ok(items),
        Some(other) => Err(format!("`{key}` is {}, expected a list", type_of(other))),
    }
}

/// Reads a list of texts, or one text.
fn texts(from: &Dict, key: &str) -> Result<Vec<String>, String> {
    if let Some(Value::Str(text)) = from.get(key) {
        return Ok(vec![text.to_string()]);
    }
    let text = |item: &Value| {
        let wrong = || format!("`{key}` holds {}, expected texts", type_of(item));
        item.as_str().map(str::to_owned).ok_or_else(wrong)
    };
    list(from, key)?.iter().map(text).collect()
}
