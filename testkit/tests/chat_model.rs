//! Every way that a chat can go is searched, and the search is proved to find bugs: each planted one breaks
//! what it is to break.

use std::io::Write;

use testkit::model::{Invariant, ModelMutation, search};

/// Also proves that the search goes where it is to go: fewer worlds would mean that something can't happen
/// any more.
#[test]
fn every_way_that_a_chat_can_go() {
    match search(None, None) {
        Err(violation) => panic!("{violation}"),
        Ok(searched) => {
            // With `--nocapture`: how much was searched.
            let _ = writeln!(std::io::stderr(), "{searched:?}");
            assert!(searched.states > 900_000, "hardly anything was searched: {searched:?}");
            assert!(searched.edges > 10 * searched.states, "hardly anything happens: {searched:?}");
        }
    }
}

/// That this bug leads to that, whatever else it breaks before.
fn leads(mutation: ModelMutation, to: Invariant) {
    match search(Some(mutation), Some(to)) {
        Ok(searched) => panic!("{mutation:?} does not break {to}: {searched:?}"),
        Err(violation) => assert_eq!(violation.invariant, to, "{violation}"),
    }
}

#[test]
fn what_forgets_failures_starts_for_ever() {
    leads(ModelMutation::TimeClears, Invariant::FiveTries);
}

#[test]
fn what_forgets_failures_never_comes_to_rest() {
    leads(ModelMutation::CleanExitIsFree, Invariant::ComesToRest);
}

#[test]
fn what_starts_too_early_runs_twice() {
    leads(ModelMutation::LeavingIgnored, Invariant::OneHandler);
    leads(ModelMutation::UnknownTakenForDead, Invariant::OneHandler);
    leads(ModelMutation::LockSkipped, Invariant::OneHandler);
    leads(ModelMutation::CheckBeforeLock, Invariant::OneHandler);
}

/// The first thing that a bug breaks; with `--nocapture` also by which way.
fn is_caught(mutation: ModelMutation, by: Invariant) {
    match search(Some(mutation), None) {
        Ok(searched) => panic!("{mutation:?} is not found: {searched:?}"),
        Err(violation) => {
            let _ = writeln!(std::io::stderr(), "{mutation:?}: {violation}");
            assert_eq!(violation.invariant, by, "{violation}");
        }
    }
}

macro_rules! mutants {
    ($($name:ident: $mutation:ident breaks $invariant:ident;)+) => {
        $(#[test]
        fn $name() {
            is_caught(ModelMutation::$mutation, Invariant::$invariant);
        })+

        #[test]
        fn every_mutant_has_its_test() {
            assert_eq!([$(ModelMutation::$mutation),+], *ModelMutation::ALL);
        }
    };
}

mutants! {
    time_clears: TimeClears breaks ClearedOnlyByHelp;
    consumer_clears: ConsumerClears breaks ClearedOnlyByHelp;
    clean_exit_is_free: CleanExitIsFree breaks FailuresCount;
    unwanted_exit_is_free: UnwantedExitIsFree breaks FailuresCount;
    late_start_is_free: LateStartIsFree breaks FailuresCount;
    late_turn_is_free: LateTurnIsFree breaks FailuresCount;
    drain_counts: DrainCounts breaks FreeIsFree;
    drain_kills: DrainKills breaks FreeIsFree;
    provider_counts: ProviderCounts breaks FreeIsFree;
    provider_kills: ProviderKills breaks FreeIsFree;
    provider_clears: ProviderClears breaks ClearedOnlyByHelp;
    error_answers: ErrorAnswers breaks AnswerIsMark;
    six_tries: SixTries breaks GivesUpAtOnce;
    unfit_tries_again: UnfitTriesAgain breaks GivesUpAtOnce;
    no_program_tries_again: NoProgramTriesAgain breaks GivesUpAtOnce;
    give_up_forgotten: GiveUpForgotten breaks GaveUpUntilHelped;
    purge_volatile: PurgeVolatile breaks ArchivedUntilRestored;
    hold_volatile: HoldVolatile breaks HeldUntilResumed;
    count_forgotten: CountForgotten breaks ClearedOnlyByHelp;
    pause_forgotten: PauseForgotten breaks PauseIsKept;
    pause_dropped: PauseDropped breaks PauseIsKept;
    pause_ignored: PauseIgnored breaks PauseIsKept;
    demand_wakes_gave_up: DemandWakesGaveUp breaks GaveUpUntilHelped;
    demand_wakes_held: DemandWakesHeld breaks HeldUntilResumed;
    demand_wakes_archived: DemandWakesArchived breaks ArchivedUntilRestored;
    archived_takes_messages: ArchivedTakesMessages breaks ArchivedRefuses;
    configuration_unheard: ConfigurationUnheard breaks RestsRight;
    configuration_keeps_count: ConfigurationKeepsCount breaks ClearedOnlyByHelp;
    aside_after_two: AsideAfterTwo breaks AsideByThree;
    never_aside: NeverAside breaks AsideByThree;
    resend_keeps_deaths: ResendKeepsDeaths breaks AsideByThree;
    answered_sent_again: AnsweredSentAgain breaks AnsweredStays;
    restore_wakes: RestoreWakes breaks KeptOverArchive;
    restore_forgets_hold: RestoreForgetsHold breaks KeptOverArchive;
    restore_keeps_count: RestoreKeepsCount breaks ClearedOnlyByHelp;
    purge_unnamed: PurgeUnnamed breaks KeptOverArchive;
    fence_kept: FenceKept breaks FenceRises;
    archive_kills_nothing: ArchiveKillsNothing breaks NoProcessLeft;
    hold_kills_nothing: HoldKillsNothing breaks NoProcessLeft;
    drain_kills_nothing: DrainKillsNothing breaks NothingBarredRuns;
    failure_kills_nothing: FailureKillsNothing breaks NoProcessLeft;
    stale_ready_taken: StaleReadyTaken breaks StaleChangesNothing;
    stale_answer_taken: StaleAnswerTaken breaks StaleChangesNothing;
    stale_end_taken: StaleEndTaken breaks StaleChangesNothing;
    offset_ignored: OffsetIgnored breaks StaleChangesNothing;
    out_of_order: OutOfOrder breaks InOrder;
    answer_unmarked: AnswerUnmarked breaks AnswerIsMark;
    interrupt_forgotten: InterruptForgotten breaks AnsweredStays;
    leaving_ignored: LeavingIgnored breaks DemandDecides;
    adapter_pause_ignored: AdapterPauseIgnored breaks DemandDecides;
    check_skipped: CheckSkipped breaks NothingBarredRuns;
    check_before_lock: CheckBeforeLock breaks NoProcessLeft;
    lock_skipped: LockSkipped breaks NoProcessLeft;
    mark_ignored: MarkIgnored breaks OneHandler;
    unknown_taken_for_dead: UnknownTakenForDead breaks NoProcessLeft;
    loss_at_restart_is_free: LossAtRestartIsFree breaks EndsAreTold;
    end_before_said: EndBeforeSaid breaks SaidInTimeCounts;
    time_before_said: TimeBeforeSaid breaks SaidInTimeCounts;
    given_by_nobody: GivenByNobody breaks FreeIsFree;
    lingering_ignores_demand: LingeringIgnoresDemand breaks DemandDecides;
    lingers_for_ever: LingersForEver breaks NoProcessLeft;
    start_is_demand: StartIsDemand breaks DemandDecides;
    gave_up_has_timer: GaveUpHasTimer breaks GaveUpUntilHelped;
    backoff_without_demand: BackoffWithoutDemand breaks RestsRight;
    backoff_has_no_timer: BackoffHasNoTimer breaks RestsRight;
    kill_overlooked: KillOverlooked breaks NoProcessLeft;
    orphan_overlooked: OrphanOverlooked breaks RestsRight;
    drained_forgotten: DrainedForgotten breaks RestsRight;
}
