//! The dictionary of KCL: ordered, keyed by text, each entry with the operator that joins it.

use crate::value::{Text, Value};
use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher;

pub use kcl_sema::hir::EntryOp;

/// Up to this many entries a lookup compares keys one by one. Measured on `bench/kcl`: an index
/// pays from about ten keys on.
const LINEAR_LIMIT: usize = 8;

/// One entry of a [`Dict`].
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: Text,
    /// The value.
    pub value: Value,
    /// How the entry joins with what another dict or a schema has under the key.
    pub op: EntryOp,
    /// The list element that a pending `key[index] op value` is about.
    pub index: Option<i64>,
}

/// An ordered dictionary.
#[derive(Debug, Clone, Default)]
pub struct Dict {
    entries: Vec<Entry>,
    /// Positions by hash; built once there are more than [`LINEAR_LIMIT`] entries.
    index: Option<HashTable<u32>>,
}

impl Dict {
    /// Returns an empty dict with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: None }
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the entries in order, to be changed in place (never their keys).
    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    /// Returns keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Value)> {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }

    /// Returns the value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the entry under `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.position(key)?)
    }

    /// Returns the entry under `key`, to be changed in place (never its key).
    pub fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let at = self.position(key)?;
        self.entries.get_mut(at)
    }

    /// Sets the value under `key`; what is there keeps its place and its operator.
    ///
    /// What no literal wrote (decoded text, keys that are set one by one) is unified with others.
    pub fn insert(&mut self, key: Text, value: Value) {
        let op = self.entry(&key).map_or(EntryOp::Union, |entry| entry.op);
        self.put(Entry { key, value, op, index: None });
    }

    /// Sets a whole entry, replacing the one with its key.
    pub fn put(&mut self, entry: Entry) {
        match self.position(&entry.key) {
            Some(at) => {
                if let Some(old) = self.entries.get_mut(at) {
                    *old = entry;
                }
            }
            None => self.push_new(entry),
        }
    }

    /// Adds an entry whose key is known to be absent.
    pub fn push_new(&mut self, entry: Entry) {
        let at = self.entries.len();
        if let Some(index) = &mut self.index {
            let entries = &self.entries;
            let position = u32::try_from(at).unwrap_or(u32::MAX);
            index.insert_unique(hash(&entry.key), position, |at| hash_at(entries, *at));
        }
        self.entries.push(entry);
        if self.index.is_none() && self.entries.len() > LINEAR_LIMIT {
            self.reindex();
        }
    }

    /// Removes the entry under `key` and returns its value; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let entry = self.entries.remove(at);
        self.index = None;
        if self.entries.len() > LINEAR_LIMIT {
            self.reindex();
        }
        Some(entry.value)
    }

    /// Sorts the entries by key.
    pub fn sort_keys(&mut self) {
        self.entries.sort_by(|a, b| a.key.cmp(&b.key));
        if self.index.is_some() {
            self.reindex();
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|entry| {
                std::ptr::eq(entry.key.as_ptr(), key.as_ptr()) && entry.key.len() == key.len()
                    || *entry.key == *key
            }),
            Some(index) => {
                let found = index.find(hash(key), |at| {
                    self.entries.get(*at as usize).is_some_and(|entry| *entry.key == *key)
                })?;
                Some(*found as usize)
            }
        }
    }

    fn reindex(&mut self) {
        let entries = &self.entries;
        let mut index = HashTable::with_capacity(entries.len().saturating_mul(2));
        for (at, entry) in entries.iter().enumerate() {
            let position = u32::try_from(at).unwrap_or(u32::MAX);
            index.insert_unique(hash(&entry.key), position, |at| hash_at(entries, *at));
        }
        self.index = Some(index);
    }
}

impl FromIterator<(Text, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(pairs: I) -> Self {
        let mut dict = Self::default();
        for (key, value) in pairs {
            dict.insert(key, value);
        }
        dict
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    hasher.finish()
}

fn hash_at(entries: &[Entry], at: u32) -> u64 {
    entries.get(at as usize).map_or(0, |entry| hash(&entry.key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: i64) {
        let mut dict = Dict::default();
        for number in 0..count {
            dict.insert(format!("k{number}").into(), Value::Int(number));
        }
        dict.insert("k0".into(), Value::Int(-1));
        assert_eq!(dict.len(), usize::try_from(count).expect("small"));
        assert!(matches!(dict.get("k0"), Some(Value::Int(-1))));
        assert!(matches!(dict.remove("k1"), Some(Value::Int(1))));
        assert!(dict.get("k1").is_none());
        assert!(matches!(dict.get("k2"), Some(Value::Int(2))));
    }

    #[test]
    fn small_and_large_dicts_behave_alike() {
        check(3);
        check(9);
        check(10);
        check(1000);
    }
}
