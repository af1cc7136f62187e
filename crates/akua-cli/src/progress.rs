//! Progress bars of transfers, on a terminal.

use crate::escape::escaped;
use akua_ops::{Progress, ProgressFn};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Longest name of a transfer, in characters.
const NAME_LIMIT: usize = 60;

/// Returns who draws a bar for each transfer; a bar goes when its transfer is done.
pub(crate) fn bars() -> Arc<ProgressFn> {
    let all = MultiProgress::new();
    let bars: Mutex<BTreeMap<String, ProgressBar>> = Mutex::default();
    Arc::new(move |progress: Progress| {
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(progress.what.clone()).or_insert_with(|| all.add(bar(&progress.what)));
        if let Some(total) = progress.total_bytes {
            bar.set_length(total);
        }
        bar.set_position(progress.done_bytes);
        if progress.total_bytes.is_some_and(|total| progress.done_bytes >= total) {
            bar.finish_and_clear();
        }
    })
}

fn bar(what: &str) -> ProgressBar {
    let name: String = escaped(what).chars().take(NAME_LIMIT).collect();
    let style = ProgressStyle::with_template("{msg} [{bar:24}] {bytes}/{total_bytes}");
    let bar = ProgressBar::no_length();
    bar.set_style(
        style.unwrap_or_else(|_invalid| ProgressStyle::default_bar()).progress_chars("=> "),
    );
    bar.set_message(name);
    bar
}
