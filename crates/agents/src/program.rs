//! What an adapter may know of the program on this machine, and the hash over it.

/// What the dispatcher found out about an adapter's program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Where it is; absent where it was not found.
    pub path: Option<String>,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified: Option<i64>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// A hash that stays the same over restarts and versions (FNV-1a, 64 bits): it is stored with a pause and
/// compared with later ones. It guards against nothing but accident.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    /// Takes a part in, told apart from its neighbours by its length.
    #[must_use]
    pub fn with(self, part: &[u8]) -> Self {
        let length = (part.len() as u64).to_le_bytes();
        let hash = length
            .iter()
            .chain(part)
            .fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash)
    }

    /// Takes in what is known of the program.
    #[must_use]
    pub fn with_facts(self, facts: &ProgramFacts) -> Self {
        self.with(facts.path.as_deref().unwrap_or("").as_bytes())
            .with(&facts.modified.unwrap_or(0).to_le_bytes())
            .with(&[u8::from(facts.executable)])
    }

    /// The hash.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_stays_what_it_was_stored_as() {
        assert_eq!(Fingerprint::default().with(b"shell").value(), 0x366a_ec8f_ef90_dbf2);
    }

    #[test]
    fn parts_are_told_apart() {
        let joined = Fingerprint::default().with(b"ab").with(b"c").value();
        let other = Fingerprint::default().with(b"a").with(b"bc").value();
        assert_ne!(joined, other);
    }

    #[test]
    fn every_fact_counts() {
        let base = ProgramFacts { path: Some("/bin/sh".into()), modified: Some(1), executable: true };
        let hash = |facts: &ProgramFacts| Fingerprint::default().with_facts(facts).value();
        for other in [
            ProgramFacts { path: Some("/bin/ash".into()), ..base.clone() },
            ProgramFacts { path: None, ..base.clone() },
            ProgramFacts { modified: Some(2), ..base.clone() },
            ProgramFacts { executable: false, ..base.clone() },
        ] {
            assert_ne!(hash(&base), hash(&other), "{other:?}");
        }
    }
}
