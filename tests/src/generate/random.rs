//! Numbers that follow from a seed.

/// A source of numbers (splitmix64): small, and the same on every machine.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd129_0c3f_1b1d_5e4d) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// Returns the next number.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below a bound, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Returns true once in so many times.
    pub(super) fn chance(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Returns one of some things, of which there is at least one.
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).expect("a slice has fewer than 2^64 items");
        let at = usize::try_from(self.below(count)).expect("it is below a usize");
        from[at].clone()
    }
}
