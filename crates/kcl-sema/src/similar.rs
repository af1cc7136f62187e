//! The name that somebody may have meant.

use crate::hir::Text;

/// Returns the name that differs least from a wrong one, by two letters at most.
pub(crate) fn similar<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<Text> {
    let limit = if name.len() > 3 { 2 } else { 1 };
    candidates
        .filter(|found| found.len() > 1 && found.len().abs_diff(name.len()) <= limit)
        .map(|found| (distance(found, name), found))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, found)| found.into())
}

/// Returns the number of letters to insert, delete or replace to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i.saturating_add(1);
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(from != *to));
            diagonal = *cell;
            left = replaced.min(left.saturating_add(1)).min(diagonal.saturating_add(1));
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::similar;

    fn check(name: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(similar(name, candidates.iter().copied()).as_deref(), expected);
    }

    #[test]
    fn the_nearest_name_within_two_letters() {
        check("nmae", &["name", "replica"], Some("name"));
        check("imge", &["image", "images"], Some("image"));
        check("x", &["y", "z"], None);
        check("replicas", &["name"], None);
    }
}
