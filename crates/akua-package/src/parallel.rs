//! Work on several things at a time: what waits for servers waits side by side.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Things that are worked on at a time.
const PARALLEL: usize = 8;

/// Works on each thing; returns what came of them, in their order.
pub(crate) fn each<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if things.len() < 2 {
        return things.iter().map(work).collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(things.len())));
    std::thread::scope(|scope| {
        for _ in 0..things.len().min(PARALLEL) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(thing) = things.get(at) else { return };
                    let result = work(thing);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_are_in_the_order_of_the_things() {
        let things: Vec<usize> = (0..100).collect();
        for count in [0, 1, 2, 100] {
            let some = things.get(..count).unwrap_or_default();
            let doubled: Vec<usize> = some.iter().map(|one| one * 2).collect();
            assert_eq!(each(some, |one| one * 2), doubled);
        }
    }
}
