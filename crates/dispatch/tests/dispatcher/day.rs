//! The budget of a day, on a clock that is turned by hand.

use std::time::Duration;

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::chat::{ChatRun, Said, TurnError, What};
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::control::Day;
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::port::{Read, Store};
use wg_core::rejection::Rejection;
use wg_core::submit::{SubmitError, submit};
use wg_core::task::{RunSpec, TaskState};
use wg_core::time::Timestamp;
use wg_core::usage::Cap;
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::{Event, HostEffect};
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::Findings;

use crate::work::used;
use crate::world::{World, ends, spawns, started, timer};

const WHY: &str = "the day's budget: 1000 of 1000 tokens used";

fn tokens(tokens: u64) -> DispatchConfig {
    DispatchConfig { day: Cap { tokens: Some(tokens), cost_micros: None }, ..DispatchConfig::default() }
}

impl World {
    fn add_paid(&mut self, id: &str) {
        self.add_with(id, &[], RunSpec { model: Some("claude:opus".into()), ..RunSpec::default() });
    }

    fn midnight(&self) -> Timestamp {
        Day::of(self.now).end()
    }

    /// The end that was asked for is carried out; nothing more was said.
    fn is_ended(&mut self, attempt: AttemptRef) -> Vec<HostEffect> {
        let exit = self.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(15)));
        self.handle(vec![Event::EndCarriedOut { attempt, result: Ok(Some(exit)) }]);
        self.handle(vec![Event::TalkOver(attempt)])
    }

    /// Whether both tasks are worked on again (their agents start once the ended ones are proved to be gone).
    fn go_on(&mut self) -> bool {
        let mut at_work = |id| matches!(self.state(id), TaskState::InProgress { .. });
        let (port, next) = (at_work("port"), at_work("next"));
        assert_eq!(port, next);
        port
    }

    /// Input tokens of the day.
    fn used_today(&mut self) -> u64 {
        let (mut used, now) = (0, self.now);
        let mut look = |read: &mut dyn Read| {
            used = read.control()?.0.today(now).of(|_| true).input;
            Ok(())
        };
        self.store.read(&mut look).unwrap();
        used
    }

    /// A chat of `claude` whose handler has been given a message.
    fn talking(&mut self) -> (ChatNumber, AttemptRef) {
        self.talking_by(ChatRun { adapter: "claude".into(), exec: None, model: None })
    }

    fn talking_by(&mut self, run: ChatRun) -> (ChatNumber, AttemptRef) {
        let chat = ChatNumber(1);
        self.command(Command::Chat(ChatCommand::Create(NewChat { name: None, run })));
        self.command(Command::Chat(ChatCommand::Send { chat, text: "hello".into() }));
        self.changed();
        let found = [(chat, wg_agents::ProgramFacts::default())].into();
        let handler = spawns(&self.handle(vec![Event::ChatPrograms(found)]))[0].attempt.reference;
        let event = self.spawned(handler);
        self.handle(vec![event]);
        self.says(handler, 1, vec![Said::Ready]);
        (chat, handler)
    }

    fn time_is(&mut self, now: Timestamp) -> Vec<HostEffect> {
        self.now = now;
        self.handle(vec![Event::TimerDue])
    }
}

/// One at work whose use has met the day's budget, and one that waits.
fn used_up() -> (World, AttemptRef) {
    let (mut world, attempt) = World::working(tokens(1_000));
    assert!(ends(&world.says(attempt, 10, vec![Said::Used { usage: used(999) }])).is_empty());
    world.add_paid("next");
    let next = spawns(&world.changed())[0].attempt.reference;
    let event = world.spawned(next);
    world.handle(vec![event]);
    let ended = ends(&world.says(attempt, 20, vec![Said::Used { usage: used(1_000) }]));
    assert_eq!(ended, [attempt, next], "both are ended, whoever used it");
    world.is_ended(next);
    (world, attempt)
}

#[test]
fn work_in_flight_is_ended_and_goes_on_on_another_day() {
    let (mut world, attempt) = used_up();
    world.is_ended(attempt);
    let (until, reason) = (Some(world.midnight()), WHY.to_owned());
    assert_eq!(world.outcome(attempt), Outcome::Budget { reason, until });
    assert_eq!((world.state("port"), world.task("port").history.spent), (TaskState::Open, 0));
    // What costs nothing goes on.
    world.add("free", &[]);
    assert_eq!(started(&world.changed()), ["free"]);
    let pause = world.dispatcher.status().adapters["claude"].clone();
    assert_eq!((pause.reason.as_str(), pause.until, pause.budget), (WHY, until, true));
    for adapter in ["codex", "opencode", "gemini", "acp"] {
        assert!(world.dispatcher.status().adapters.contains_key(adapter), "{adapter} costs money too");
    }
    assert!(!world.dispatcher.status().adapters.contains_key("shell"));
    let just_before = Timestamp::from_nanos(world.midnight().as_nanos() - 1_000_000_000);
    world.time_is(just_before);
    assert!(!world.go_on());
    world.pass(Duration::from_secs(1));
    world.handle(vec![Event::TimerDue]);
    assert!(world.go_on(), "a new day");
}

#[test]
fn the_dispatcher_wakes_for_the_new_day_by_itself() {
    let (mut world, attempt) = used_up();
    let until = world.midnight();
    world.is_ended(attempt);
    assert_eq!(timer(&world.restart(Findings::default())), Some(Some(until)));
}

#[test]
fn another_dispatcher_knows_what_was_used_and_a_clock_set_back_gives_nothing_back() {
    let (mut world, attempt) = used_up();
    world.is_ended(attempt);
    world.add_paid("later");
    assert!(spawns(&world.restart(Findings::default())).is_empty());
    world.now = Timestamp::from_nanos(world.now.as_nanos() - 86_400_000_000_000);
    assert!(spawns(&world.handle(vec![Event::TimerDue, Event::StoreChanged])).is_empty());
}

#[test]
fn a_clock_that_was_far_ahead_keeps_nothing_from_starting_for_longer_than_a_day() {
    let (mut world, attempt) = used_up();
    world.is_ended(attempt);
    world.now = Timestamp::from_nanos(world.now.as_nanos() - 30 * 86_400_000_000_000);
    world.handle(vec![Event::TimerDue, Event::StoreChanged]);
    let midnight = world.midnight();
    assert_eq!(world.dispatcher.status().adapters["claude"].until, Some(midnight));
    assert!(!world.go_on());
    world.time_is(midnight);
    // What keeps a task from starting too often was reckoned by the other clock too: its wait is a minute.
    world.pass(Duration::from_secs(60));
    world.handle(vec![Event::TimerDue]);
    assert!(world.go_on(), "a new day");
}

#[test]
fn a_higher_budget_counts_at_once_and_nobodys_word_does() {
    let (mut world, attempt) = used_up();
    world.is_ended(attempt);
    let resume = Command::ResumeAdapter { adapter: "claude".into() };
    let refused = submit(&mut world.store, &Actor::User("ann".into()), resume, world.now);
    let Err(SubmitError::Rejected(refused @ Rejection::DayBudget { .. })) = refused else {
        panic!("{refused:?}")
    };
    assert!(refused.hint().is_some_and(|hint| hint.contains("budget.day_tokens")));
    assert!(!world.go_on());
    world.handle(vec![Event::ConfigChanged(Box::new(tokens(2_000)))]);
    assert!(world.go_on());
    assert!(!world.dispatcher.status().adapters.contains_key("codex"));
}

#[test]
fn a_chats_turn_is_let_finish_and_its_next_message_waits() {
    let mut world = World::new(tokens(1_000));
    let (chat, spawned) = world.talking();
    let send = |world: &mut World| {
        world.command(Command::Chat(ChatCommand::Send { chat, text: "hello".into() }));
        world.changed()
    };
    let delivered = |effects: &[HostEffect]| {
        effects.iter().filter(|effect| matches!(effect, HostEffect::Deliver { .. })).count()
    };
    let answer = || vec![Said::Answer { message: None, text: "hi".into(), usage: used(1_000) }];
    world.says(spawned, 2, answer());
    let effects = send(&mut world);
    assert_eq!(delivered(&effects), 0, "{effects:?}");
    assert_eq!(ends(&effects), [spawned], "it is let go: {effects:?}");
    world.is_ended(spawned);
    world.changed();
    assert!(world.dispatcher.status().adapters["claude"].budget);
    let midnight = world.midnight();
    let effects = world.time_is(midnight);
    let started = spawns(&effects).len();
    let asks = effects.iter().any(|effect| matches!(effect, HostEffect::FindChatPrograms(_)));
    assert!(started == 1 || asks, "{effects:?}");
}

#[test]
fn what_waits_in_a_chat_when_the_budget_is_met_waits_on() {
    let given = |effects: &[HostEffect]| {
        let gives =
            |effect: &&HostEffect| matches!(effect, HostEffect::Deliver { .. } | HostEffect::Spawn(_));
        effects.iter().filter(gives).count()
    };
    // The next message to a handler that is there.
    let mut world = World::new(tokens(1_000));
    let (chat, handler) = world.talking();
    world.command(Command::Chat(ChatCommand::Send { chat, text: "and then?".into() }));
    world.changed();
    let answer = vec![Said::Answer { message: None, text: "hi".into(), usage: used(1_000) }];
    let effects = world.says(handler, 2, answer);
    assert_eq!((given(&effects), ends(&effects)), (0, vec![handler]), "{effects:?}");

    // A chat that is about to start, when a lower budget is set.
    let (mut world, attempt) = World::working(tokens(1_000));
    world.says(attempt, 10, vec![Said::Used { usage: used(500) }]);
    let run = ChatRun { adapter: "claude".into(), exec: None, model: None };
    world.command(Command::Chat(ChatCommand::Create(NewChat { name: None, run })));
    world.command(Command::Chat(ChatCommand::Send { chat, text: "hello".into() }));
    world.changed();
    let found = Event::ChatPrograms([(chat, wg_agents::ProgramFacts::default())].into());
    let effects = world.handle(vec![found, Event::ConfigChanged(Box::new(tokens(500)))]);
    assert_eq!(given(&effects), 0, "{effects:?}");
}

#[test]
fn a_turn_that_uses_too_much_is_ended_and_its_handler_serves_on() {
    let cap = Cap { tokens: Some(1_000), cost_micros: None };
    let mut world = World::new(DispatchConfig { cap, ..DispatchConfig::default() });
    let (chat, handler) = world.talking();
    let interrupts = |effects: &[HostEffect]| {
        effects.iter().filter(|effect| matches!(effect, HostEffect::Interrupt { .. })).count()
    };
    assert_eq!(interrupts(&world.says(handler, 2, vec![Said::Used { usage: used(999) }])), 0);
    assert_eq!(interrupts(&world.says(handler, 3, vec![Said::Used { usage: used(1_000) }])), 1);
    assert_eq!(interrupts(&world.says(handler, 4, vec![Said::Used { usage: used(1_001) }])), 0, "once");
    let error = TurnError::Interrupted;
    world.says(handler, 5, vec![Said::Failed { error, text: String::new(), usage: used(1_001) }]);
    let mut said = Vec::new();
    let mut look = |read: &mut dyn Read| {
        said = read.entries_of(chat, 0, 99)?;
        Ok(())
    };
    world.store.read(&mut look).unwrap();
    let notes: Vec<String> = said
        .into_iter()
        .filter_map(|entry| match entry.what {
            What::Note { text } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(notes, ["its turn is ended: 1000 of 1000 tokens used"]);
    // The message is over, and the next one is answered by the same handler, with a count of its own.
    world.command(Command::Chat(ChatCommand::Send { chat, text: "again".into() }));
    let effects = world.changed();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, HostEffect::Deliver { attempt, .. } if *attempt == handler))
    );
    assert_eq!(interrupts(&world.says(handler, 6, vec![Said::Used { usage: used(999) }])), 0);
}

#[test]
fn what_a_turn_in_flight_used_counts_once_though_its_handler_dies() {
    let mut world = World::new(tokens(1_000));
    let (chat, handler) = world.talking();
    for (place, sum) in [(2, 300), (3, 400)] {
        world.says(handler, place, vec![Said::Used { usage: used(sum) }]);
        assert_eq!(world.used_today(), sum);
    }
    let exit = world.exit(handler, EndedBy::Process, Some(ExitStatus::Signal(9)));
    world.handle(vec![Event::EndCarriedOut { attempt: handler, result: Ok(Some(exit)) }]);
    world.handle(vec![Event::TalkOver(handler)]);
    let (mut told, mut sum) = (Vec::new(), 0);
    let mut look = |read: &mut dyn Read| {
        told = read.entries_of(chat, 0, 99)?;
        sum = read.chat(chat)?.unwrap().0.usage.input;
        Ok(())
    };
    world.store.read(&mut look).unwrap();
    let ended = told.iter().find_map(|entry| match &entry.what {
        What::TurnEnded { usage, .. } => Some(usage.input),
        _ => None,
    });
    assert_eq!((ended, sum, world.used_today()), (Some(400), 400, 400));
}

#[test]
fn an_answer_counts_only_what_was_not_told_in_flight() {
    let mut world = World::new(tokens(1_000));
    let (_, handler) = world.talking();
    world.says(handler, 2, vec![Said::Used { usage: used(400) }]);
    world.says(handler, 3, vec![Said::Answer { message: None, text: "hi".into(), usage: used(450) }]);
    assert_eq!(world.used_today(), 450);
}

#[test]
fn what_costs_no_money_uses_nothing_up() {
    let mut world = World::new(tokens(1_000));
    let (_, handler) =
        world.talking_by(ChatRun { adapter: "command".into(), exec: Some("serve".into()), model: None });
    world.says(handler, 2, vec![Said::Answer { message: None, text: "hi".into(), usage: used(5_000) }]);
    assert_eq!(world.used_today(), 5_000, "it is counted");
    world.add_paid("next");
    assert_eq!(started(&world.changed()), ["next"]);
}

#[test]
fn an_answer_that_nothing_waits_for_is_paid_for_all_the_same() {
    let mut world = World::new(tokens(1_000));
    let (chat, handler) = world.talking();
    let answer = || Said::Answer { message: None, text: "hi".into(), usage: used(300) };
    world.says(handler, 2, vec![answer(), answer()]);
    let mut sum = 0;
    let mut look = |read: &mut dyn Read| {
        sum = read.chat(chat)?.unwrap().0.usage.input;
        Ok(())
    };
    world.store.read(&mut look).unwrap();
    assert_eq!((sum, world.used_today()), (600, 600));
}

#[test]
fn a_clock_that_was_ahead_gives_nothing_back() {
    let mut world = World::new(tokens(1_000));
    let (_, handler) = world.talking();
    let true_time = world.now;
    let answer = |input| vec![Said::Answer { message: None, text: "hi".into(), usage: used(input) }];
    world.says(handler, 2, answer(900));
    world.now = Timestamp::from_nanos(true_time.as_nanos() + 86_400_000_000_000);
    world.says(handler, 3, answer(10));
    assert_eq!(world.used_today(), 10);
    world.now = true_time;
    world.says(handler, 4, answer(90));
    assert_eq!(world.used_today(), 1_000);
    world.add_paid("next");
    assert!(spawns(&world.changed()).is_empty(), "the budget is used up");
}
