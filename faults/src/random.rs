//! Random numbers that a seed repeats.

/// SplitMix64: small, the same on every machine, and good enough to choose faults.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts a sequence. Sequences of different `purpose` are independent of each other.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        let purpose = u64::from(crc32fast::hash(purpose.as_bytes()));
        Self(seed.rotate_left(32) ^ purpose)
    }

    /// Returns the next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, or 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// Returns an index below `end`, or 0 if that is 0.
    pub fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// Returns one of the choices, or `None` if there are none.
    pub fn one_of<'c, T>(&mut self, choices: &'c [T]) -> Option<&'c T> {
        choices.get(self.index(choices.len()))
    }

    /// Returns true one time in this many.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}
