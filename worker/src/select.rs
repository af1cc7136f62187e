//! Path selectors (`-S a.b.c`): only that value of the document.

use kcl::eval::value::Value;

/// Returns the selected value, or a list of them where there are several selectors.
pub(crate) fn select(document: &Value, paths: &[String]) -> Result<Value, String> {
    let mut found = Vec::with_capacity(paths.len());
    for path in paths {
        found.push(select_one(document, path)?);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        _ => Ok(Value::list(found)),
    }
}

fn select_one(document: &Value, path: &str) -> Result<Value, String> {
    let mut at = document;
    for key in path.split('.') {
        let next = at.as_dict().and_then(|dict| dict.get(key));
        at = next
            .ok_or_else(|| format!("invalid path select operand `{path}`: there is no `{key}`"))?;
    }
    Ok(at.clone())
}
