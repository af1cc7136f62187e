//! The names of keys in tokens: `pkcs11:token=akua;object=release?module-path=/usr/lib/module.so`.
//!
//! # Spec
//! RFC 7512. Stricter: an attribute that is not used here is refused, so that none is overlooked that
//! narrows what is meant; and so is a PIN, which would be in the list of processes.

use percent_encoding::percent_decode_str;
use std::path::PathBuf;

/// How these names begin.
const SCHEME: &str = "pkcs11:";
/// Longest name, in bytes: twice what all attributes of one that is sensible need.
const LIMIT_BYTES: usize = 4096;
/// What may be in a value as it is, besides letters and digits.
const PLAIN: &str = "-._~:[]@!$'()*+,=&/?|";

/// A key, and how to find it: what is not said matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenUri {
    /// The token's label.
    pub token: Option<String>,
    /// Its manufacturer.
    pub manufacturer: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The slot that it is in.
    pub slot_id: Option<u64>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's id.
    pub id: Option<Vec<u8>>,
    /// The module that speaks with the token: an absolute path.
    pub module: Option<PathBuf>,
}

/// A text is no name of a key in a token. None of these has a value of an attribute: one may be a PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It begins with something else.
    #[error("it does not begin with `pkcs11:`")]
    Scheme,
    /// Longer than any that is sensible.
    #[error("it has more than {limit_bytes} bytes")]
    TooLong {
        /// How many it may have.
        limit_bytes: usize,
    },
    /// A part without `=`.
    #[error("part {number} of it is no attribute, expected NAME=VALUE")]
    NoAttribute {
        /// Which, from 1.
        number: usize,
    },
    /// An attribute that says nothing here.
    #[error("the attribute `{name}` is not used {place}, expected one of {expected}")]
    Unknown {
        /// Its name.
        name: String,
        /// On which side of the `?`.
        place: &'static str,
        /// What may be there.
        expected: &'static str,
    },
    /// An attribute that is there twice.
    #[error("the attribute `{name}` is there twice")]
    Twice {
        /// Its name.
        name: &'static str,
    },
    /// A value that cannot be one of this attribute.
    #[error("the value of `{name}` is not {expected}")]
    Value {
        /// The attribute's name.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A PIN, or where one lies.
    #[error("it has `{name}`: a PIN is not taken from there, everybody can list what runs here")]
    Pin {
        /// The attribute's name.
        name: &'static str,
    },
}

impl TokenUri {
    /// Reads a name.
    ///
    /// # Errors
    /// [`UriError`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.len() > LIMIT_BYTES {
            return Err(UriError::TooLong { limit_bytes: LIMIT_BYTES });
        }
        // Wherever it stands: values may have `?` and `&` in them, and some are shown.
        for name in ["pin-value", "pin-source"] {
            if text.contains(&format!("{name}=")) {
                return Err(UriError::Pin { name });
            }
        }
        let text = text.strip_prefix(SCHEME).ok_or(UriError::Scheme)?;
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut uri = Self::default();
        let path = path.split(';').filter(|part| !part.is_empty());
        let query = query.split('&').filter(|part| !part.is_empty());
        let parts = path.map(|part| (part, false)).chain(query.map(|part| (part, true)));
        for (at, (part, in_query)) in parts.enumerate() {
            let no_attribute = UriError::NoAttribute { number: at.saturating_add(1) };
            let (name, value) = part.split_once('=').ok_or(no_attribute)?;
            if in_query { uri.set_query(name, value)? } else { uri.set(name, value)? }
        }
        Ok(uri)
    }

    /// Takes an attribute that comes before the `?`.
    fn set(&mut self, name: &str, value: &str) -> Result<(), UriError> {
        match name {
            "token" => once("token", &mut self.token, text("token", value)?),
            "manufacturer" => {
                once("manufacturer", &mut self.manufacturer, text("manufacturer", value)?)
            }
            "model" => once("model", &mut self.model, text("model", value)?),
            "serial" => once("serial", &mut self.serial, text("serial", value)?),
            "object" => once("object", &mut self.object, text("object", value)?),
            "id" => once("id", &mut self.id, bytes("id", value)?),
            "slot-id" => {
                let number = value.parse().map_err(|_not_one| UriError::Value {
                    name: "slot-id",
                    expected: "a number",
                })?;
                once("slot-id", &mut self.slot_id, number)
            }
            "type" if value == "private" => Ok(()),
            "type" => Err(UriError::Value { name: "type", expected: "`private`" }),
            _ => refuse(
                name,
                "before the `?`",
                "token, manufacturer, model, serial, slot-id, object, id and type",
            ),
        }
    }

    /// Takes an attribute that comes behind the `?`.
    fn set_query(&mut self, name: &str, value: &str) -> Result<(), UriError> {
        if name != "module-path" {
            return refuse(name, "behind the `?`", "module-path");
        }
        let path = PathBuf::from(text("module-path", value)?);
        if !path.is_absolute() {
            return Err(UriError::Value { name: "module-path", expected: "an absolute path" });
        }
        once("module-path", &mut self.module, path)
    }
}

/// Refuses an attribute that is not used.
fn refuse(name: &str, place: &'static str, expected: &'static str) -> Result<(), UriError> {
    Err(UriError::Unknown { name: name.to_owned(), place, expected })
}

/// Puts a value where there is none yet.
fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), UriError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_first) => Err(UriError::Twice { name }),
    }
}

/// Decodes a text.
fn text(name: &'static str, value: &str) -> Result<String, UriError> {
    let text = String::from_utf8(bytes(name, value)?);
    let text = text.ok().filter(|text| !text.contains('\0'));
    text.ok_or(UriError::Value { name, expected: "text" })
}

/// Decodes bytes; each `%` has two digits behind it, and what has to be encoded is.
fn bytes(name: &'static str, value: &str) -> Result<Vec<u8>, UriError> {
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let sound = match letter {
            '%' => letters.by_ref().take(2).filter(char::is_ascii_hexdigit).count() == 2,
            _ => letter.is_ascii_alphanumeric() || PLAIN.contains(letter),
        };
        if !sound {
            return Err(UriError::Value { name, expected: "percent-encoded as RFC 7512 has it" });
        }
    }
    Ok(percent_decode_str(value).collect())
}

#[cfg(test)]
mod tests;
