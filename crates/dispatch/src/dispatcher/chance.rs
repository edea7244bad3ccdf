//! Chance, as an argument: one seed from outside, and from it everything that has to differ.

/// A generator of numbers that nobody has to be unable to guess (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number: the random part of an attempt's mark.
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// -200 to 200 per mille: how far a back-off is moved.
    pub(super) fn jitter(&mut self) -> i16 {
        i16::try_from(self.number() % 401).expect("it is below 401") - 200
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_jitter_stays_in_its_range() {
        let (mut a, mut b) = (Chance::new(7), Chance::new(7));
        let drawn: Vec<i16> = (0..2_000).map(|_| a.jitter()).collect();
        assert!(drawn.iter().all(|jitter| (-200..=200).contains(jitter)));
        assert!(drawn.iter().any(|jitter| *jitter < -150) && drawn.iter().any(|jitter| *jitter > 150));
        assert_eq!(drawn, (0..2_000).map(|_| b.jitter()).collect::<Vec<_>>());
    }
}
