//! The simulator over many seeds, and the proof that it finds bugs: each planted one is found.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;

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
            assert!(all.answers as u64 > seeds, "hardly anything was answered: {all:?}");
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

/// Seeds within which each bug has to be found; most take a few, none of them more than a thousand.
const WITHIN: u64 = 3_000;

fn is_caught(mutation: Mutation) {
    match sim::run_many(1..1 + WITHIN, Some(mutation)) {
        Ok(_) => panic!("{mutation:?} is not found within {WITHIN} seeds"),
        // With `--nocapture`: which seed, and what it broke.
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{mutation:?}: seed {}: {}", failure.seed, failure.what);
        }
    }
}

macro_rules! mutants {
    ($($name:ident: $mutation:ident;)+) => {
        $(#[test]
        fn $name() {
            is_caught(Mutation::$mutation);
        })+

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!([$(Mutation::$mutation),+], *Mutation::ALL);
        }
    };
}

mutants! {
    mutant_fence_unchecked: FenceUnchecked;
    mutant_end_taken_twice: EndTakenTwice;
    mutant_kill_not_written: KillNotWritten;
    mutant_kill_overlooked: KillOverlooked;
    mutant_never_settled: NeverSettled;
    mutant_back_off_ignored: BackOffIgnored;
    mutant_bucket_ignored: BucketIgnored;
    mutant_dependency_ignored: DependencyIgnored;
    mutant_wait_forgotten: WaitForgotten;
    mutant_change_unheard: ChangeUnheard;
    mutant_timer_lost: TimerLost;
    mutant_launch_forgotten: LaunchForgotten;
    mutant_record_unread: RecordUnread;
    mutant_start_not_exclusive: StartNotExclusive;
    mutant_store_unchecked: StoreUnchecked;
    mutant_told_before_written: ToldBeforeWritten;
    mutant_unknown_taken_for_dead: UnknownTakenForDead;
    mutant_group_kill_only: GroupKillOnly;
    mutant_number_alone: NumberAlone;
    mutant_words_unfenced: WordsUnfenced;
    mutant_parsed_forgotten: ParsedForgotten;
    mutant_answered_forgotten: AnsweredForgotten;
    mutant_order_ignored: OrderIgnored;
    mutant_last_words_dropped: LastWordsDropped;
    mutant_purge_forgets_kill: PurgeForgetsKill;
    mutant_give_up_forgotten: GiveUpForgotten;
    mutant_adopted_kept: AdoptedKept;
    mutant_repeats_taken: RepeatsTaken;
    mutant_demand_ignored: DemandIgnored;
    mutant_leaving_not_waited: LeavingNotWaited;
}
