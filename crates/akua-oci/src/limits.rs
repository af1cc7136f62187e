//! How much is fetched, how long it may take, and how often it is tried: one table.

use std::time::Duration;

/// Limits of a [`Client`](crate::Client), each with its unit and default.
#[derive(Debug, Clone)]
pub struct FetchLimits {
    /// Bytes of a manifest, an index, or one page of tags: 4 MiB, as registries have it.
    pub document_bytes: u64,
    /// Bytes of a token server's answer: 1 MiB; tokens of large clouds have some 10 KiB.
    pub token_bytes: u64,
    /// Tags of a repository, over all pages: 50,000.
    pub tags: usize,
    /// Referrers of a manifest, over all pages: 1,000.
    pub referrers: usize,
    /// Pages of tags or referrers: 200.
    pub pages: usize,
    /// Bytes of one blob, whatever its descriptor says: 1 GiB.
    pub blob_bytes: u64,
    /// Redirects of one request: 5.
    pub redirects: usize,
    /// Bytes that a git server may send in one fetch: 256 MiB.
    pub git_transfer_bytes: u64,
    /// Bytes of all files of a git tree: 500 MiB.
    pub git_tree_bytes: u64,
    /// Bytes of any one object of a git repository, which is held in memory: 100 MiB.
    pub git_object_bytes: u64,
    /// Entries of a git tree, directories among them: 20,000.
    pub git_entries: usize,
    /// Nesting of a git tree: 64 directories.
    pub git_depth: usize,
    /// References of a git repository: 50,000.
    pub git_refs: usize,
    /// How often a request is sent before its error counts: 4.
    pub attempts: u32,
    /// Pause after the first failure, doubled after each further one: 250 ms.
    pub first_pause: Duration,
    /// Longest pause, whatever `Retry-After` says: 10 s.
    pub longest_pause: Duration,
    /// Time to connect, TLS included: 10 s.
    pub connect_timeout: Duration,
    /// Time without a byte from the server: 30 s.
    pub idle_timeout: Duration,
    /// Time for a whole document, token or page: 60 s.
    pub document_timeout: Duration,
    /// Time for a whole blob, file or git fetch, all attempts together: 15 min.
    pub transfer_timeout: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            document_bytes: 4 << 20,
            token_bytes: 1 << 20,
            tags: 50_000,
            referrers: 1_000,
            pages: 200,
            blob_bytes: 1 << 30,
            redirects: 5,
            git_transfer_bytes: 256 << 20,
            git_tree_bytes: 500 << 20,
            git_object_bytes: 100 << 20,
            git_entries: 20_000,
            git_depth: 64,
            git_refs: 50_000,
            attempts: 4,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            document_timeout: Duration::from_mins(1),
            transfer_timeout: Duration::from_mins(15),
        }
    }
}

impl FetchLimits {
    /// The pause after `failures` failed attempts; a server's `retry_after` wins, up to the longest.
    pub(crate) fn pause(&self, failures: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let own = self.first_pause.saturating_mul(doubled);
        retry_after.unwrap_or(own).min(self.longest_pause)
    }
}

#[cfg(test)]
mod tests {
    use super::FetchLimits;
    use std::time::Duration;

    #[test]
    fn pauses_double_and_are_capped() {
        let limits = FetchLimits::default();
        let pauses: Vec<u128> = (1..=7).map(|n| limits.pause(n, None).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000]);
        assert_eq!(limits.pause(1, Some(Duration::from_secs(3))), Duration::from_secs(3));
        assert_eq!(limits.pause(1, Some(Duration::from_hours(1))), limits.longest_pause);
        assert_eq!(limits.pause(u32::MAX, None), limits.longest_pause);
    }
}
