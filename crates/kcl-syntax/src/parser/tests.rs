//! Whole programs; the corpus is in `tests/corpus.rs`.
