//! What a program may see: the mounts, read-only, and the host over the bridge.

use crate::{abi, charts};
use akua_wire::protocol::{BridgeError, BridgeValue, Envelope, METHOD_LOAD};
use kcl::eval::dict::Dict;
use kcl::eval::value::{Opaque, Value};
use kcl::eval::world::{CallError, World, WorldError};
use serde_json::Value as Json;
use std::cell::OnceCell;
use std::io::{ErrorKind, Read as _};
use std::rc::Rc;

/// Largest file that a program may read, in bytes: SPEC §5 allows 256 MiB in all.
const FILE_LIMIT_BYTES: u64 = 64 << 20;

/// The world inside a Store.
pub(crate) struct Sandbox {
    /// Folder that relative paths start at.
    pub(crate) work_folder: String,
    /// Folder of `kcl.mod` or of the package.
    pub(crate) module_folder: String,
    /// The mounts: nothing else may be asked for.
    pub(crate) mounts: Vec<String>,
    /// Modules of charts and the charts' folders.
    pub(crate) charts: Vec<(String, String)>,
}

impl Sandbox {
    /// Refuses a path outside of the mounts by its text, before anything is looked up.
    fn inside(&self, path: &str) -> Result<(), WorldError> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    let _parent = parts.pop();
                }
                name => parts.push(name),
            }
        }
        let normal = format!("/{}/", parts.join("/"));
        if self.mounts.iter().any(|mount| normal.starts_with(&format!("{mount}/"))) {
            return Ok(());
        }
        Err(WorldError::Denied("it lies outside of the package and its dependencies".to_owned()))
    }
}

impl World for Sandbox {
    #[expect(clippy::disallowed_methods, reason = "the worker's only files are its preopens")]
    fn read(&mut self, path: &str) -> Result<Vec<u8>, WorldError> {
        self.inside(path)?;
        // Opening a pipe would wait in the host, where no deadline reaches.
        let metadata = std::fs::metadata(path).map_err(|error| refused(&error))?;
        if !metadata.is_file() {
            return Err(WorldError::Denied("it is neither a file nor a folder".to_owned()));
        }
        let file = std::fs::File::open(path).map_err(|error| refused(&error))?;
        // One read for the whole file: each smaller one is a call out of the Store.
        let size = metadata.len().min(FILE_LIMIT_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        let limited = file.take(FILE_LIMIT_BYTES.saturating_add(1)).read_to_end(&mut bytes);
        limited.map_err(|error| refused(&error))?;
        if bytes.len() as u64 > FILE_LIMIT_BYTES {
            return Err(WorldError::Unreadable(format!(
                "it is larger than {FILE_LIMIT_BYTES} bytes"
            )));
        }
        Ok(bytes)
    }

    #[expect(clippy::disallowed_methods, reason = "the worker's only files are its preopens")]
    fn list(&mut self, folder: &str) -> Result<Vec<String>, WorldError> {
        self.inside(folder)?;
        let entries = std::fs::read_dir(folder).map_err(|error| refused(&error))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    #[expect(clippy::disallowed_methods, reason = "the worker's only files are its preopens")]
    fn is_folder(&mut self, path: &str) -> Option<bool> {
        self.inside(path).ok()?;
        std::fs::metadata(path).ok().map(|metadata| metadata.is_dir())
    }

    fn more_source(&mut self, package: &str, mentions: &dyn Fn(&str) -> bool) -> Option<String> {
        let chart = self.charts.iter().find(|(module, _)| module == package);
        let folder = chart.filter(|_| mentions(charts::PREFIX))?.1.clone();
        Some(charts::values_schema(&charts::read(&folder, self)))
    }

    fn working_folder(&self) -> String {
        self.work_folder.clone()
    }

    fn module_folder(&self) -> String {
        self.module_folder.clone()
    }

    #[expect(clippy::disallowed_methods, reason = "the clock of the Store, which stands")]
    fn now(&self) -> f64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0.0, |since| since.as_secs_f64())
    }

    fn entropy(&mut self) -> [u8; 16] {
        abi::entropy()
    }

    #[cfg(target_arch = "wasm32")]
    fn memory_bytes(&self) -> u64 {
        (core::arch::wasm32::memory_size::<0>() as u64).saturating_mul(65_536)
    }

    #[expect(clippy::print_stdout, reason = "the host captures it and shows it to people")]
    fn print(&mut self, text: &str) {
        print!("{text}");
    }

    fn call(&mut self, method: &str, argument: &Value) -> Result<Value, CallError> {
        let args = Json::Array(vec![to_json(argument)]).to_string();
        match answer(method, &args)? {
            BridgeValue::Objects { first, count } => {
                let handles = first..first.saturating_add(count);
                let objects = handles.map(|handle| {
                    Value::Opaque(Rc::new(Opaque { handle, loaded: OnceCell::new() }))
                });
                Ok(Value::list(objects.collect()))
            }
            BridgeValue::Yaml(text) => decode(&text),
        }
    }

    fn load(&mut self, handle: u32) -> Result<Value, CallError> {
        match answer(METHOD_LOAD, &format!("[{handle}]"))? {
            BridgeValue::Yaml(text) => decode(&text),
            BridgeValue::Objects { .. } => Err(broken("expected an object, found a list")),
        }
    }
}

fn refused(error: &std::io::Error) -> WorldError {
    match error.kind() {
        ErrorKind::NotFound => WorldError::NotFound,
        _ => WorldError::Denied("the sandbox does not allow it".to_owned()),
    }
}

fn answer(method: &str, args: &str) -> Result<BridgeValue, CallError> {
    let text = abi::invoke(method, args, "{}");
    match serde_json::from_str(&text) {
        Ok(Envelope::Ok(value)) => Ok(value),
        Ok(Envelope::Error(BridgeError { code, message, path, help })) => {
            Err(CallError { code, message, path, help })
        }
        Err(error) => Err(broken(&error.to_string())),
    }
}

fn broken(reason: &str) -> CallError {
    let message = format!("the host's answer makes no sense: {reason}");
    CallError { code: "E_INTERNAL".to_owned(), message, path: None, help: None }
}

fn decode(text: &str) -> Result<Value, CallError> {
    let documents = kcl::standard::from_manifest(text).map_err(|reason| CallError {
        code: "E_ENGINE_OUTPUT".to_owned(),
        message: format!("an engine made an object that is not YAML: {}", reason.message),
        path: None,
        help: None,
    })?;
    Ok(documents.into_iter().next().unwrap_or_default())
}

/// Returns a value as JSON: every key, None as null, Undefined and functions left out.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::Multiplied(value, multiplier) => {
            Json::from(kcl::eval::text::multiplied(*value, *multiplier))
        }
        Value::Str(text) => Json::from(&**text),
        Value::List(items) => {
            Json::Array(items.iter().filter(|item| is_data(item)).map(to_json).collect())
        }
        other => match other.as_dict() {
            Some(dict) => Json::Object(entries(dict)),
            None => Json::Null,
        },
    }
}

fn entries(dict: &Dict) -> serde_json::Map<String, Json> {
    let data = dict.iter().filter(|(_, value)| is_data(value));
    data.map(|(key, value)| (key.to_string(), to_json(value))).collect()
}

/// Returns whether a value is written at all.
pub(crate) fn is_data(value: &Value) -> bool {
    !matches!(
        value,
        Value::Undefined
            | Value::Schema(_)
            | Value::Closure(_)
            | Value::Native(_)
            | Value::Method(_)
            | Value::Module(_)
    )
}
