//! The simulator over many seeds, and the proof that it finds bugs: each planted one is found.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;

use testkit::sim::{self, Faults, Mutation, Options, Tally};

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
            let Tally { tokens, told, capped, ended_by_day } = all.work;
            assert!(tokens > 40 * seeds, "hardly anything was used: {all:?}");
            assert!(told as u64 > seeds / 2, "hardly anything was told to those at work: {all:?}");
            let ended = capped.min(ended_by_day) as u64;
            assert!(ended > seeds / 50, "hardly any work was ended by a budget: {all:?}");
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
/// The same for those of chats.
const WITHIN_CHATS: u64 = 1_000;

fn is_caught(mutation: Mutation, within: u64) {
    match sim::run_many(1..1 + within, Some(mutation)) {
        Ok(_) => panic!("{mutation:?} is not found within {within} seeds"),
        // With `--nocapture`: which seed, and what it broke.
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{mutation:?}: seed {}: {}", failure.seed, failure.what);
        }
    }
}

macro_rules! mutants {
    ($($name:ident: $mutation:ident within $within:ident;)+) => {
        $(#[test]
        fn $name() {
            is_caught(Mutation::$mutation, $within);
        })+

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!([$(Mutation::$mutation),+], *Mutation::ALL);
        }
    };
}

mutants! {
    mutant_fence_unchecked: FenceUnchecked within WITHIN;
    mutant_end_taken_twice: EndTakenTwice within WITHIN;
    mutant_kill_not_written: KillNotWritten within WITHIN;
    mutant_kill_overlooked: KillOverlooked within WITHIN;
    mutant_never_settled: NeverSettled within WITHIN;
    mutant_back_off_ignored: BackOffIgnored within WITHIN;
    mutant_bucket_ignored: BucketIgnored within WITHIN;
    mutant_dependency_ignored: DependencyIgnored within WITHIN;
    mutant_wait_forgotten: WaitForgotten within WITHIN;
    mutant_change_unheard: ChangeUnheard within WITHIN;
    mutant_timer_lost: TimerLost within WITHIN;
    mutant_launch_forgotten: LaunchForgotten within WITHIN;
    mutant_record_unread: RecordUnread within WITHIN;
    mutant_start_not_exclusive: StartNotExclusive within WITHIN;
    mutant_store_unchecked: StoreUnchecked within WITHIN;
    mutant_told_before_written: ToldBeforeWritten within WITHIN;
    mutant_unknown_taken_for_dead: UnknownTakenForDead within WITHIN;
    mutant_group_kill_only: GroupKillOnly within WITHIN;
    mutant_number_alone: NumberAlone within WITHIN;
    mutant_words_unfenced: WordsUnfenced within WITHIN_CHATS;
    mutant_parsed_forgotten: ParsedForgotten within WITHIN_CHATS;
    mutant_answered_forgotten: AnsweredForgotten within WITHIN_CHATS;
    mutant_order_ignored: OrderIgnored within WITHIN_CHATS;
    mutant_last_words_dropped: LastWordsDropped within WITHIN_CHATS;
    mutant_purge_forgets_kill: PurgeForgetsKill within WITHIN_CHATS;
    mutant_give_up_forgotten: GiveUpForgotten within WITHIN_CHATS;
    mutant_adopted_kept: AdoptedKept within WITHIN_CHATS;
    mutant_repeats_taken: RepeatsTaken within WITHIN_CHATS;
    mutant_demand_ignored: DemandIgnored within WITHIN_CHATS;
    mutant_leaving_not_waited: LeavingNotWaited within WITHIN_CHATS;
    mutant_usage_told_again: UsageToldAgain within WITHIN_CHATS;
    mutant_day_pause_ignored: DayPauseIgnored within WITHIN_CHATS;
    mutant_day_ends_nothing: DayEndsNothing within WITHIN_CHATS;
    mutant_day_end_counted: DayEndCounted within WITHIN_CHATS;
    mutant_reload_unheard: ReloadUnheard within WITHIN_CHATS;
    mutant_let_go_forgotten: LetGoForgotten within WITHIN_CHATS;
    mutant_told_forgotten: ToldForgotten within WITHIN_CHATS;
    mutant_cap_ignored: CapIgnored within WITHIN_CHATS;
}
