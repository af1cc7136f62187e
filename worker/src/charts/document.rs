//! A JSON Schema as a document: what its references mean, and how much is looked at.

use kcl::Value;

/// Most subschemas that are looked at, with repetitions: hostile references multiply.
const STEP_LIMIT: usize = 100_000;
/// Most keys of a document that are looked at for a base of their own.
const SCAN_LIMIT: u32 = 100_000;

/// Deepest nesting that is looked at for that.
const NESTING_LIMIT: u32 = 128;

/// The document, and how many more steps may be taken in it.
#[derive(Debug)]
pub(super) struct Document<'d> {
    root: &'d Value,
    steps: usize,
    /// Whether a `$ref` hides what stands beside it, as up to draft 7.
    pub(super) refs_stand_alone: bool,
    /// Whether a part has a base of its own: references do not start at the root everywhere.
    rebased: bool,
}

impl<'d> Document<'d> {
    /// Looks at a document.
    pub(super) fn new(root: &'d Value) -> Self {
        let dialect = root.as_dict().and_then(|root| root.get("$schema")).and_then(Value::as_str);
        let old = |dialect: &str| {
            ["draft-04", "draft-06", "draft-07"].iter().any(|d| dialect.contains(d))
        };
        let mut scan = SCAN_LIMIT;
        let rebased = root.as_dict().is_some_and(|root| {
            root.iter().any(|(_, value)| has_base(value, &mut scan, NESTING_LIMIT))
        });
        Self { root, steps: STEP_LIMIT, refs_stand_alone: dialect.is_some_and(old), rebased }
    }

    /// Takes steps; `false` where there were too many.
    pub(super) fn charge(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Returns what a reference within the document names; remote ones are never followed.
    pub(super) fn resolve(&self, reference: &str) -> Option<&'d Value> {
        let pointer = reference.strip_prefix('#').filter(|_| !self.rebased)?;
        if pointer.is_empty() {
            return Some(self.root);
        }
        let mut at = self.root;
        for part in pointer.strip_prefix('/')?.split('/') {
            let key = unescaped(part)?;
            at = match at {
                Value::Dict(dict) => dict.get(&key)?,
                Value::List(items) => items.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }
}

/// Returns a part of a pointer as a key: `%xx`, then `~1` and `~0`.
fn unescaped(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    Some(String::from_utf8(bytes).ok()?.replace("~1", "/").replace("~0", "~"))
}

/// Returns whether a part of the document says `$id`.
fn has_base(value: &Value, scan: &mut u32, depth: u32) -> bool {
    let Some(left) = scan.checked_sub(1).filter(|_| depth > 0) else { return true };
    *scan = left;
    match value {
        Value::Dict(dict) => {
            dict.get("$id").is_some_and(|id| id.as_str().is_some())
                || dict.iter().any(|(_, value)| has_base(value, scan, depth.saturating_sub(1)))
        }
        Value::List(items) => {
            items.iter().any(|item| has_base(item, scan, depth.saturating_sub(1)))
        }
        _ => false,
    }
}
