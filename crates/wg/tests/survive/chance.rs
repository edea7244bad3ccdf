//! Chance that can be had again: the seed is printed and taken from `WG_SEED`.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A small generator (xorshift64*); not for secrets.
pub struct Chance(u64);

impl Chance {
    /// From `WG_SEED`, or as the system gives it.
    pub fn new(test: &str) -> Self {
        let given = std::env::var("WG_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        eprintln!("{test}: WG_SEED={seed}");
        Self(seed | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % end
    }
}
