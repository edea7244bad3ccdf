use proptest::prelude::*;

use super::ending::RECORD_TRIES;
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits {
    timeout: Some(Duration::from_secs(100)),
    kill_grace: Duration::from_secs(5),
    leave_grace: Duration::from_secs(60),
    talk: None,
};
/// Of one that is talked to; such a one has no timeout.
const TALK: TalkLimits = TalkLimits {
    farewell_grace: Duration::from_secs(10),
    alone: Duration::from_secs(20),
    turn_limit: Duration::from_secs(600),
};
const TALKING: Limits = Limits { timeout: None, talk: Some(TALK), ..LIMITS };

fn exited(others: bool) -> Event {
    Event::Exited { status: ExitStatus::Code(0), others }
}

/// A machine that was taken through these events, a second apart, and what the last one brought.
fn after(events: &[Event]) -> (Machine, Vec<Action>) {
    after_in(LIMITS, events)
}

fn after_in(limits: Limits, events: &[Event]) -> (Machine, Vec<Action>) {
    let (mut machine, mut actions) = Machine::begin(limits);
    for (event, n) in events.iter().zip(1..) {
        actions = machine.step(event.clone(), SECOND * n);
    }
    (machine, actions)
}

fn running() -> Vec<Event> {
    vec![Event::Locked, Event::Admitted, Event::Marked, Event::Spawned]
}

fn then(more: &[Event]) -> Vec<Event> {
    running().into_iter().chain(more.iter().cloned()).collect()
}

fn ended(because: EndedBy, reported: bool) -> Vec<Action> {
    let status = Some(ExitStatus::Code(0));
    vec![Action::Record(Ending { because, status, reported, gone: true })]
}

#[test]
fn the_way_to_the_agent() {
    assert_eq!(after(&[]).1, [Action::Lock]);
    assert_eq!(after(&[Event::Locked]).1, [Action::Check]);
    assert_eq!(after(&[Event::Locked, Event::Admitted]).1, [Action::Mark]);
    assert_eq!(after(&[Event::Locked, Event::Admitted, Event::Marked]).1, [Action::Spawn]);
    assert_eq!(after(&running()).1, []);
}

#[test]
fn ways_that_end_before_the_agent() {
    let refused = Event::Refused("paused".into());
    let record = |because| vec![Action::Record(Ending::new(because))];
    let because = EndedBy::Refused { why: "paused".into() };
    assert_eq!(after(&[Event::Locked, refused.clone()]).1, [Action::Mark]);
    assert_eq!(after(&[Event::Locked, refused.clone(), Event::Marked]).1, record(because.clone()));
    assert_eq!(after(&[Event::Locked, Event::Admitted, refused.clone()]).1, record(because));
    // Another shim's attempt: its record is not ours to write.
    let gone = vec![Action::Poke, Action::Leave];
    assert_eq!(after(&[refused]).1, gone);
    assert_eq!(after(&[Event::Locked, Event::Admitted, Event::MarkThere]).1, gone);
    // Refused, but an earlier shim executed the agent and was killed (simulator, seed 1829).
    assert_eq!(after(&[Event::Locked, Event::Refused("paused".into()), Event::MarkThere]).1, gone);
    let missing = Event::SpawnFailed { errno: Some(2), text: "no such program".into() };
    assert_eq!(
        after(&[Event::Locked, Event::Admitted, Event::Marked, missing]).1,
        record(EndedBy::SpawnFailed { errno: Some(2), text: "no such program".into() })
    );
}

#[test]
fn a_held_lock_is_tried_for_a_second_and_no_longer() {
    let (mut machine, mut actions) = Machine::begin(LIMITS);
    let (mut now, mut tries) = (Duration::ZERO, 0);
    while actions != [Action::Poke, Action::Leave] {
        if actions == [Action::Lock] {
            tries += 1;
            actions = machine.step(Event::LockBusy, now);
        } else {
            now = machine.wake_at().expect("it tries again");
            actions = machine.step(Event::Time, now);
        }
    }
    assert_eq!(tries, LOCK_TRIES);
    assert!(now >= SECOND - LOCK_PAUSE && now < SECOND * 2);
}

#[test]
fn a_process_that_left_alone_is_recorded_at_once() {
    assert_eq!(after(&then(&[exited(false)])).1, ended(EndedBy::Process, false));
    assert_eq!(
        after(&then(&[exited(false), Event::Recorded])).1,
        [Action::Tell, Action::Poke, Action::Leave]
    );
}

#[test]
fn what_a_process_left_behind_is_ended_and_verified() {
    let (mut machine, actions) = after(&then(&[exited(true)]));
    assert_eq!(actions, [Action::TermAll]);
    let kill_at = machine.wake_at().expect("then it kills");
    assert_eq!(kill_at, SECOND * 5 + LEFT_GRACE);
    assert_eq!(machine.step(Event::Time, kill_at), [Action::KillAll]);
    let again = machine.wake_at().expect("for what was forked meanwhile");
    assert_eq!(machine.step(Event::Time, again), [Action::KillAll]);
    assert_eq!(machine.step(Event::Childless, again), [Action::Verify]);
    assert_eq!(machine.step(Event::Verified { gone: true }, again), ended(EndedBy::Process, false));
}

#[test]
fn a_deadline_is_announced_then_asked_then_killed() {
    let (mut machine, _) = after(&running());
    let deadline = machine.wake_at().expect("it has a timeout");
    assert_eq!(deadline, SECOND * 104);
    assert_eq!(machine.step(Event::Time, deadline - SECOND), []);
    let announced = Action::Announce("still running after its timeout of 1m40s: ending it".into());
    assert_eq!(machine.step(Event::Time, deadline), [announced, Action::TermGroup]);
    assert_eq!(machine.step(Event::Time, deadline + LIMITS.kill_grace), [Action::KillAll]);
    assert_eq!(machine.step(exited(false), deadline + LIMITS.kill_grace), [Action::Verify]);
    assert_eq!(
        machine.step(Event::Verified { gone: true }, deadline + LIMITS.kill_grace),
        ended(EndedBy::Deadline, false)
    );
}

#[test]
fn a_report_gives_a_minute_to_leave_and_ends_the_deadline() {
    let (mut machine, _) = after(&then(&[Event::Reported]));
    let leave_by = machine.wake_at().expect("it is to leave");
    assert_eq!(leave_by, SECOND * 5 + LIMITS.leave_grace);
    // A second report does not lengthen it.
    assert_eq!(machine.step(Event::Reported, leave_by - SECOND), []);
    assert_eq!(machine.wake_at(), Some(leave_by));
    assert_eq!(machine.step(Event::Time, leave_by).last(), Some(&Action::TermGroup));
    assert_eq!(machine.step(exited(false), leave_by), [Action::Verify]);
    assert_eq!(machine.step(Event::Verified { gone: true }, leave_by), ended(EndedBy::Lingered, true));
    // One that was let go has as long, has not reported by that, and a report does not lengthen it.
    let (mut machine, _) = after(&then(&[Event::LetGo]));
    assert_eq!(machine.wake_at(), Some(leave_by));
    assert_eq!(machine.clone().step(Event::Reported, leave_by - SECOND), []);
    assert_eq!(machine.step(Event::Time, leave_by).last(), Some(&Action::TermGroup));
    assert_eq!(machine.step(exited(false), leave_by), [Action::Verify]);
    assert_eq!(machine.step(Event::Verified { gone: true }, leave_by), ended(EndedBy::Lingered, false));
    assert_eq!(after(&then(&[Event::LetGo, exited(false)])).1, ended(EndedBy::Process, false));
    assert_eq!(
        after(&then(&[Event::LetGo, Event::Reported, exited(false)])).1,
        ended(EndedBy::Process, true)
    );
    // One that leaves in time left by itself.
    assert_eq!(after(&then(&[Event::Reported, exited(false)])).1, ended(EndedBy::Process, true));
}

#[test]
fn a_stop_is_asked_with_its_own_grace_and_a_shorter_one_wins() {
    let stop = |seconds| Event::Stop { grace: SECOND * seconds };
    let (machine, actions) = after(&then(&[stop(9)]));
    assert_eq!(actions, [Action::TermGroup]);
    assert_eq!(machine.wake_at(), Some(SECOND * 14));
    assert_eq!(after(&then(&[stop(9), stop(1)])).0.wake_at(), Some(SECOND * 7));
    assert_eq!(after(&then(&[stop(1), stop(9)])).0.wake_at(), Some(SECOND * 6));
    assert_eq!(
        after(&then(&[stop(9), exited(false), Event::Verified { gone: true }])).1,
        ended(EndedBy::Stop, false)
    );
    // It came while the agent was about to be executed.
    let early = [Event::Locked, Event::Admitted, Event::Marked, stop(9), Event::Spawned];
    assert_eq!(after(&early).1, [Action::TermGroup]);
    // Or before that: recorded as refused, once it is known that nobody executed it.
    assert_eq!(after(&[Event::Locked, Event::Admitted, stop(9)]).1, []);
    let earlier = [Event::Locked, Event::Admitted, stop(9), Event::Marked];
    assert!(matches!(after(&earlier).1[..], [Action::Record(_)]));
    let far = Event::Stop { grace: Duration::MAX };
    assert_eq!(after(&then(&[far])).1, [Action::TermGroup]);
}

#[test]
fn one_that_is_talked_to_is_told_farewell_then_asked_then_killed() {
    let stop = |seconds| Event::Stop { grace: SECOND * seconds };
    let talking = |more: &[Event]| after_in(TALKING, &then(more));
    let (mut machine, actions) = talking(&[stop(3)]);
    assert_eq!(actions, [Action::Farewell]);
    assert_eq!(machine.wake_at(), Some(SECOND * 15));
    assert_eq!(machine.step(Event::Time, SECOND * 14), []);
    assert_eq!(machine.step(Event::Time, SECOND * 15), [Action::TermGroup]);
    assert_eq!(machine.wake_at(), Some(SECOND * 18));
    assert_eq!(machine.step(Event::Time, SECOND * 18), [Action::KillAll]);
    assert_eq!(machine.step(exited(false), SECOND * 19), [Action::Verify]);
    assert_eq!(machine.step(Event::Verified { gone: true }, SECOND * 19), ended(EndedBy::Stop, false));
    // It leaves when it is told farewell: without a signal.
    assert_eq!(talking(&[stop(3), exited(false)]).1, [Action::Verify]);
    // Or it does, and others do not: they were not spoken to.
    let (machine, actions) = talking(&[stop(3), exited(true)]);
    assert_eq!((actions, machine.wake_at()), (vec![Action::TermAll], Some(SECOND * 6 + LEFT_GRACE)));
    // It left by itself, and owes nobody anything.
    assert_eq!(talking(&[exited(false)]).1, ended(EndedBy::Process, false));
    // A stop that came while it was about to be executed.
    let early = [Event::Locked, Event::Admitted, Event::Marked, stop(9), Event::Spawned];
    assert_eq!(after_in(TALKING, &early).1, [Action::Farewell]);
}

#[test]
fn a_second_stop_shortens_the_grace_and_not_the_farewell() {
    let stop = |seconds| Event::Stop { grace: SECOND * seconds };
    for (stops, kill_at) in [([9, 1], 16), ([1, 9], 16), ([9, 9], 24), ([9, 0], 15)] {
        let (mut machine, actions) = after_in(TALKING, &then(&stops.map(stop)));
        assert_eq!((actions, machine.wake_at()), (vec![], Some(SECOND * 15)), "{stops:?}");
        assert_eq!(machine.step(Event::Time, SECOND * 15), [Action::TermGroup]);
        assert_eq!(machine.wake_at(), Some(SECOND * kill_at), "{stops:?}");
    }
}

#[test]
fn one_that_is_alone_for_too_long_is_ended() {
    let wake = |more: &[Event]| after_in(TALKING, &then(more)).0.wake_at();
    assert_eq!(wake(&[]), Some(SECOND * 4 + TALK.alone));
    assert_eq!(wake(&[Event::Followed(true)]), None);
    assert_eq!(wake(&[Event::Followed(true), Event::Followed(false)]), Some(SECOND * 6 + TALK.alone));
    assert_eq!(wake(&[Event::Turn(true)]), Some(SECOND * 5 + TALK.turn_limit));
    // Without a talk nobody has to be there.
    assert_eq!(after(&then(&[Event::Turn(true), Event::Followed(false)])).0.wake_at(), Some(SECOND * 104));

    let (mut machine, _) = after_in(TALKING, &then(&[]));
    let at = SECOND * 4 + TALK.alone;
    let line = Action::Announce("nobody has been there for 20s: ending it".into());
    assert_eq!(machine.step(Event::Time, at - SECOND), []);
    assert_eq!(machine.step(Event::Time, at), [line, Action::Farewell]);
    // Whoever comes now comes too late.
    assert_eq!(machine.step(Event::Followed(true), at), []);
    assert_eq!(machine.step(Event::Turn(true), at), []);
    assert_eq!(machine.wake_at(), Some(at + TALK.farewell_grace));
    assert_eq!(machine.step(exited(false), at), [Action::Verify]);
    assert_eq!(machine.step(Event::Verified { gone: true }, at), ended(EndedBy::Alone, false));

    let (mut machine, _) = after_in(TALKING, &then(&[Event::Followed(true), Event::Turn(true)]));
    assert_eq!(machine.step(Event::Time, SECOND * 9_000), []);
    assert_eq!(machine.step(Event::Followed(false), SECOND * 9_000), []);
    let line = "nobody has been there for 10m, in the middle of a turn: ending it";
    let announced = [Action::Announce(line.into()), Action::Farewell];
    assert_eq!(machine.step(Event::Time, SECOND * 9_600), announced);
}

#[test]
fn a_record_that_can_not_be_written_is_tried_again_and_nobody_is_told_before() {
    let (mut machine, mut actions) = after(&then(&[exited(false)]));
    let (mut now, mut tries) = (SECOND * 9, 0);
    while actions != [Action::Poke, Action::Leave] {
        if matches!(actions[..], [Action::Record(_)]) {
            tries += 1;
            actions = machine.step(Event::RecordFailed, now);
        } else {
            assert_eq!(actions, []);
            now = machine.wake_at().expect("it tries again");
            actions = machine.step(Event::Time, now);
        }
    }
    assert_eq!(tries, RECORD_TRIES);
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Locked),
        Just(Event::LockBusy),
        Just(Event::Admitted),
        Just(Event::Refused("why".into())),
        Just(Event::Marked),
        Just(Event::MarkThere),
        Just(Event::Spawned),
        Just(Event::SpawnFailed { errno: Some(2), text: "why".into() }),
        any::<bool>().prop_map(exited),
        Just(Event::Childless),
        any::<bool>().prop_map(|gone| Event::Verified { gone }),
        (0..20_000_u64).prop_map(|ms| Event::Stop { grace: Duration::from_millis(ms) }),
        any::<bool>().prop_map(Event::Followed),
        any::<bool>().prop_map(Event::Turn),
        Just(Event::Reported),
        Just(Event::LetGo),
        Just(Event::Recorded),
        Just(Event::RecordFailed),
        Just(Event::Time),
    ]
}

/// What must hold of everything that a machine did.
#[derive(Default)]
struct Witness {
    talk: bool,
    events: Vec<Event>,
    actions: Vec<Action>,
}

impl Witness {
    fn note(&mut self, event: Event, actions: &[Action]) {
        self.events.push(event);
        for action in actions {
            match action {
                Action::Spawn => {
                    let mut events = self.events.iter();
                    let way = [Event::Locked, Event::Admitted, Event::Marked];
                    let in_order = way.iter().all(|wanted| events.any(|event| event == wanted));
                    assert!(in_order, "{:?}", self.events);
                    assert!(!self.actions.contains(&Action::Spawn), "executed twice");
                }
                Action::Farewell => {
                    assert!(self.talk, "nobody talks to it");
                    assert!(!self.actions.contains(&Action::Farewell), "told farewell twice");
                }
                Action::TermGroup => assert!(
                    !self.talk || self.actions.contains(&Action::Farewell),
                    "signalled before it was told farewell"
                ),
                Action::Tell => assert!(self.events.contains(&Event::Recorded), "told before the record"),
                Action::Poke => assert!(
                    self.events.contains(&Event::Recorded)
                        || !self.actions.contains(&Action::Spawn)
                        || self.events.contains(&Event::RecordFailed),
                    "poked before the record"
                ),
                Action::Record(ending) if ending.gone => assert!(
                    !self.actions.contains(&Action::Spawn)
                        || self.events.iter().any(|event| {
                            matches!(
                                event,
                                Event::SpawnFailed { .. }
                                    | Event::Exited { others: false, .. }
                                    | Event::Verified { gone: true }
                            )
                        }),
                    "gone without proof"
                ),
                _ => {}
            }
            assert!(!self.actions.contains(&Action::Leave), "nothing follows the end");
            self.actions.push(action.clone());
        }
    }
}

/// What the world answers to an action, by a number that chance gave.
fn answer(action: &Action, chance: u8) -> Option<Event> {
    Some(match action {
        Action::Lock if chance < 60 => Event::LockBusy,
        Action::Lock => Event::Locked,
        Action::Check if chance < 30 => Event::Refused("stale".into()),
        Action::Check => Event::Admitted,
        Action::Mark if chance < 30 => Event::MarkThere,
        Action::Mark => Event::Marked,
        Action::Spawn if chance < 30 => Event::SpawnFailed { errno: None, text: "no".into() },
        Action::Spawn => Event::Spawned,
        Action::Verify => Event::Verified { gone: chance < 200 },
        Action::Record(_) if chance < 60 => Event::RecordFailed,
        Action::Record(_) => Event::Recorded,
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_in_any_order_keep_the_promises(
        events in prop::collection::vec((any_event(), 0..30_000_u64), 0..60),
        timeout in prop::option::of(0..50_000_u64),
        talk in any::<bool>(),
    ) {
        let timeout = timeout.map(Duration::from_millis);
        let limits = Limits { timeout, talk: talk.then_some(TALK), ..LIMITS };
        let (mut machine, first) = Machine::begin(limits);
        let mut witness = Witness { talk, actions: first, ..Witness::default() };
        let mut now = Duration::ZERO;
        for (event, later) in events {
            now += Duration::from_millis(later);
            let actions = machine.step(event.clone(), now);
            witness.note(event, &actions);
        }
    }

    /// It is ended for being alone exactly when it was, for as long as it may be.
    #[test]
    fn one_is_left_alone_as_long_as_it_is_not_alone(
        events in prop::collection::vec((0..4_u8, any::<bool>(), 0..15_000_u64), 0..60),
    ) {
        let (mut machine, _) = after_in(TALKING, &running());
        let mut now = SECOND * 4;
        let (mut followed, mut turn, mut since) = (false, false, now);
        for (kind, on, later) in events {
            now += Duration::from_millis(later);
            let event = match kind {
                0 => Event::Followed(on),
                1 => Event::Turn(on),
                _ => Event::Time,
            };
            let patience = if turn { TALK.turn_limit } else { TALK.alone };
            let too_long = !followed && now - since >= patience;
            let ended = machine.step(event.clone(), now).contains(&Action::Farewell);
            prop_assert_eq!(ended, event == Event::Time && too_long);
            if ended {
                break;
            }
            let was = (followed, turn);
            match event {
                Event::Followed(on) => followed = on,
                Event::Turn(on) => turn = on,
                _ => {}
            }
            if was != (followed, turn) || event == Event::Turn(true) {
                since = now;
            }
        }
    }

    /// The world answers every action, does whatever it likes beside for a long while, and its processes die of
    /// SIGKILL. Not for ever: one that begins turns without end is never left alone, and need not end.
    #[test]
    fn a_shim_ends_once_its_tree_does(
        chances in prop::collection::vec((any::<u8>(), prop::option::weighted(0.2, any_event())), 1..40),
        dies in 0..5_u32,
        talk in any::<bool>(),
    ) {
        let (mut machine, first) = Machine::begin(if talk { TALKING } else { LIMITS });
        let mut now = Duration::ZERO;
        let mut todo: std::collections::VecDeque<Action> = first.iter().cloned().collect();
        let mut witness = Witness { talk, actions: first, ..Witness::default() };
        let mut kills = 0;
        let mut spawned = false;
        for turn in 0..4_000 {
            let (chance, extra) = &chances[turn % chances.len()];
            let mut events = Vec::new();
            if let Some(action) = todo.pop_front() {
                spawned |= action == Action::Spawn;
                kills += u32::from(action == Action::KillAll);
                events.extend(answer(&action, *chance));
            } else {
                // Only what the world itself brings: answers come to actions only.
                if let Some(
                    event @ (Event::Stop { .. }
                    | Event::Reported
                    | Event::LetGo
                    | Event::Followed(_)
                    | Event::Turn(_)
                    | Event::Time),
                ) = extra
                    && turn < 1_000
                {
                    events.push(event.clone());
                }
                if spawned && kills > dies {
                    events.push(exited(false));
                }
                match machine.wake_at() {
                    Some(at) => now = now.max(at),
                    None => events.push(if spawned { exited(*chance < 100) } else { Event::Time }),
                }
                events.push(Event::Time);
            }
            for event in events {
                let actions = machine.step(event.clone(), now);
                witness.note(event, &actions);
                todo.extend(actions);
            }
            if witness.actions.contains(&Action::Leave) {
                return Ok(());
            }
        }
        prop_assert!(false, "still {:?}", machine.state());
    }
}
