//! Chats: who runs, who does not, and what each end means. Time is turned by hand.

use std::time::Duration;

use wg_agents::ProgramFacts;
use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::chat::{Chat, ChatRun, ChatState, Drain, GiveUp, InboxCounts, Queued, Said, TurnError, What};
use wg_core::command::{ChatCommand, Command, NewChat};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::port::{Read, Store, StoreError};
use wg_core::submit::submit;
use wg_core::usage::Usage;
use wg_dispatch::config::{ChatConfig, DispatchConfig};
use wg_dispatch::dispatcher::{Consumers, Event, HostEffect};
use wg_dispatch::files::EndedBy;
use wg_dispatch::recover::{Finding, Findings, Shim};

use crate::world::{World, ends, shim};

pub(super) const CHAT: ChatNumber = ChatNumber(1);

/// A world with chats, whose host does at once what can be done at once.
pub(super) struct Chats {
    pub(super) world: World,
    /// Shims that are up, in the order of their start.
    up: Vec<AttemptRef>,
    /// Every effect so far.
    pub(super) seen: Vec<HostEffect>,
}

impl Chats {
    pub(super) fn new(max_live: usize, chats: usize) -> Self {
        let chats_config = ChatConfig { max_live, linger: Duration::from_secs(60), ..ChatConfig::default() };
        let world = World::new(DispatchConfig { chats: chats_config, ..DispatchConfig::default() });
        let mut chats_world = Self { world, up: Vec::new(), seen: Vec::new() };
        for _ in 0..chats {
            let run = ChatRun { adapter: "command".into(), exec: Some("serve".into()), model: None };
            chats_world.ask(ChatCommand::Create(NewChat { name: None, run }));
        }
        chats_world.changed();
        chats_world
    }

    /// A person asks; the dispatcher has not heard of it yet.
    pub(super) fn ask(&mut self, command: ChatCommand) {
        self.world.command(Command::Chat(command));
    }

    pub(super) fn send(&mut self, chat: ChatNumber) {
        self.ask(ChatCommand::Send { chat, text: "hello".into() });
        self.changed();
    }

    pub(super) fn attach(&mut self, chats: &[ChatNumber]) {
        self.attach_as(chats, Consumers { all: 1, answering: 0 });
    }

    pub(super) fn attach_as(&mut self, chats: &[ChatNumber], who: Consumers) {
        self.handle(vec![Event::Attached(chats.iter().map(|chat| (*chat, who)).collect())]);
    }

    pub(super) fn changed(&mut self) {
        self.handle(vec![Event::StoreChanged]);
    }

    pub(super) fn time(&mut self, span: Duration) {
        self.world.pass(span);
        self.handle(vec![Event::TimerDue]);
    }

    /// Handles events, and does for the host what it is asked to, until nothing more is asked.
    pub(super) fn handle(&mut self, events: Vec<Event>) {
        let mut events = events;
        while !events.is_empty() {
            let effects = self.world.handle(events);
            events = self.carry_out(&effects);
            self.seen.extend(effects);
        }
    }

    fn carry_out(&mut self, effects: &[HostEffect]) -> Vec<Event> {
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                HostEffect::FindChatPrograms(names) => {
                    let found = names.iter().map(|(chat, _)| (*chat, ProgramFacts::default()));
                    events.push(Event::ChatPrograms(found.collect()));
                }
                HostEffect::Spawn(launch) => {
                    let attempt = launch.attempt.reference;
                    assert!(launch.talk.is_some(), "a handler is talked to");
                    self.up.push(attempt);
                    events.push(Event::Spawned { attempt, shim: shim(attempt), at: self.world.now });
                }
                HostEffect::Finish { attempt } => events.push(Event::TalkOver(*attempt)),
                HostEffect::Converse(converse) if converse.over => {
                    events.push(Event::TalkOver(converse.attempt.reference));
                }
                _ => {}
            }
        }
        events
    }

    pub(super) fn handler(&self) -> AttemptRef {
        *self.up.last().expect("one was started")
    }

    pub(super) fn say(&mut self, said: Vec<Said>) {
        let handler = self.handler();
        self.say_as(handler, said);
    }

    fn say_as(&mut self, handler: AttemptRef, said: Vec<Said>) {
        let attempt = self.world.attempt(handler);
        let number = ChatNumber::of_task(&attempt.task).expect("it serves a chat");
        let (fence, parsed) = (attempt.fence, self.chat(number).parsed + 1);
        self.handle(vec![Event::Heard { attempt: handler, fence, said, parsed }]);
    }

    pub(super) fn answer(&mut self) {
        self.say(vec![Said::Answer { message: None, text: "hi".into(), usage: Usage::default() }]);
    }

    fn fail(&mut self, error: TurnError) {
        self.say(vec![Said::Failed { error, text: "no".into(), usage: Usage::default() }]);
    }

    /// The handler's process leaves.
    fn exit(&mut self, status: i32) {
        let handler = self.handler();
        let exit = self.world.exit(handler, EndedBy::Process, Some(ExitStatus::Code(status)));
        self.handle(vec![Event::ShimGone { attempt: handler, exit: Some(exit) }]);
    }

    /// The end that was asked for is carried out.
    pub(super) fn ended(&mut self, handler: AttemptRef) {
        let exit = self.world.exit(handler, EndedBy::Stop, Some(ExitStatus::Code(0)));
        self.handle(vec![Event::EndCarriedOut { attempt: handler, result: Ok(Some(exit)) }]);
    }

    pub(super) fn asked_to_end(&self, handler: AttemptRef) -> bool {
        ends(&self.seen).contains(&handler)
    }

    pub(super) fn read<T>(&mut self, mut work: impl FnMut(&mut dyn Read) -> Result<T, StoreError>) -> T {
        let mut found = None;
        self.world
            .store
            .read(&mut |read| {
                found = Some(work(read)?);
                Ok(())
            })
            .unwrap();
        found.unwrap()
    }

    pub(super) fn chat(&mut self, chat: ChatNumber) -> Chat {
        self.read(|read| Ok(read.chat(chat)?.unwrap().0))
    }

    pub(super) fn state(&mut self) -> &'static str {
        self.chat(CHAT).state.name()
    }

    fn inbox(&mut self) -> InboxCounts {
        self.read(|read| read.inbox_counts(CHAT))
    }

    fn delivered(&self) -> Vec<(u64, bool)> {
        let delivered = self.seen.iter().filter_map(|effect| match effect {
            HostEffect::Deliver { entry, again, .. } => Some((entry.number, *again)),
            _ => None,
        });
        delivered.collect()
    }

    /// Answers one message, so that the handler is up and waits for nothing.
    pub(super) fn served(max_live: usize) -> Self {
        let mut chats = Self::new(max_live, 1);
        chats.attach(&[CHAT]);
        chats.say(vec![Said::Ready]);
        chats.send(CHAT);
        chats.answer();
        assert_eq!(chats.state(), "live");
        chats
    }
}

#[test]
fn a_message_wakes_a_chat_and_is_answered_once() {
    let mut chats = Chats::new(8, 1);
    assert!(chats.up.is_empty(), "nobody wants it");
    chats.send(CHAT);
    assert_eq!(chats.state(), "starting");
    chats.say(vec![Said::Ready, Said::Session { id: "s-1".into() }]);
    assert_eq!(chats.delivered(), [(1, false)]);
    let text = "x".into();
    chats.say(vec![
        Said::Tool { name: "Bash".into(), detail: "ls".into() },
        Said::Answer { message: Some(1), text, usage: Usage { input: 7, ..Usage::default() } },
    ]);
    let chat = chats.chat(CHAT);
    assert_eq!((chat.usage.input, chat.session.as_deref()), (7, Some("s-1")));
    // A second answer to the same message is said, and changes nothing.
    let before = chats.chat(CHAT);
    chats.answer();
    let after = chats.chat(CHAT);
    assert_eq!((before.state.name(), before.usage), (after.state.name(), after.usage));
    let entries = chats.read(|read| read.entries_of(CHAT, 0, 99));
    let kinds: Vec<&str> = entries
        .iter()
        .map(|entry| match &entry.what {
            What::Message { .. } => "message",
            What::Tool { .. } => "tool",
            What::Permission { .. } => "permission",
            What::Answer { .. } => "answer",
            What::TurnEnded { .. } => "ended",
            What::Note { .. } => "note",
        })
        .collect();
    assert_eq!(kinds, ["message", "tool", "answer"]);
    let told = chats.seen.iter().any(
        |effect| matches!(effect, HostEffect::Log(line) if line.text.contains("nothing waits for was not taken")),
    );
    assert!(told, "a second answer is told");
}

#[test]
fn with_nobody_left_it_lingers_and_is_let_go_once() {
    let mut chats = Chats::served(8);
    let handler = chats.handler();
    chats.attach(&[]);
    assert_eq!(chats.state(), "lingering");
    chats.time(Duration::from_secs(59));
    assert!(!chats.asked_to_end(handler));
    // Who comes back in time finds the same handler.
    chats.attach(&[CHAT]);
    assert_eq!((chats.state(), chats.up.len()), ("live", 1));
    chats.attach(&[]);
    chats.time(Duration::from_secs(61));
    assert_eq!(chats.state(), "draining");
    assert!(chats.asked_to_end(handler));
    chats.ended(handler);
    assert_eq!((chats.state(), chats.chat(CHAT).failures), ("dormant", 0));
    chats.time(Duration::from_secs(3_600));
    assert_eq!(chats.up.len(), 1, "nothing starts by itself");
    chats.send(CHAT);
    assert_eq!(chats.up.len(), 2);
}

#[test]
fn a_ping_is_demand_for_a_minute_and_no_longer() {
    let mut chats = Chats::new(8, 1);
    chats.handle(vec![Event::ChatPinged(CHAT)]);
    chats.say(vec![Said::Ready]);
    chats.time(Duration::from_secs(61));
    assert_eq!(chats.state(), "lingering");
    let consumer = chats.read(|read| read.consumer(CHAT));
    assert!(consumer.last_at.is_some(), "it is noted for people");
    let operations = chats.world.operations();
    assert!(!operations.contains(&"chat consumed"), "and is no operation: {operations:?}");
}

#[test]
fn one_that_dies_at_once_is_started_five_times_and_no_more() {
    let mut chats = Chats::new(8, 1);
    chats.attach(&[CHAT]);
    for failures in 1..=4 {
        chats.exit(1);
        assert_eq!((chats.state(), chats.chat(CHAT).failures), ("backoff", failures));
        chats.time(Duration::from_secs(30));
    }
    chats.exit(1);
    assert_eq!((chats.state(), chats.up.len()), ("gave-up", 5));
    let due = chats.world.dispatcher.status().next_timer;
    assert_eq!(due, None, "no timer is left");
    chats.attach(&[]);
    chats.attach(&[CHAT]);
    chats.send(CHAT);
    chats.time(Duration::from_secs(86_400));
    chats.world.restart(Findings::default());
    chats.attach(&[CHAT]);
    assert_eq!((chats.state(), chats.up.len()), ("gave-up", 5), "neither demand, time nor a restart helps");
    chats.ask(ChatCommand::Resume { chats: vec![CHAT] });
    chats.changed();
    assert_eq!(chats.up.len(), 6);
}

#[test]
fn one_that_dies_every_three_minutes_under_a_forgotten_window_gives_up_too() {
    let mut chats = Chats::new(8, 1);
    chats.attach(&[CHAT]);
    for _ in 0..5 {
        chats.say(vec![Said::Ready]);
        chats.time(Duration::from_secs(180));
        chats.exit(0);
        chats.time(Duration::from_secs(75));
    }
    assert_eq!((chats.state(), chats.up.len()), ("gave-up", 5));
}

#[test]
fn a_missing_program_and_what_a_handler_says_of_itself_give_up_at_once() {
    for (status, said, reason) in [
        (Some(127), None, GiveUp::Program),
        (Some(126), None, GiveUp::Program),
        (None, Some(GiveUp::Auth), GiveUp::Auth),
        (None, Some(GiveUp::Model), GiveUp::Model),
    ] {
        let mut chats = Chats::new(8, 1);
        chats.send(CHAT);
        if let Some(status) = status {
            chats.exit(status);
        }
        if let Some(reason) = said {
            chats.say(vec![Said::Unfit { reason, text: "log in".into() }]);
            let handler = chats.handler();
            assert!(chats.asked_to_end(handler));
            chats.ended(handler);
        }
        let ChatState::GaveUp { reason: found, .. } = chats.chat(CHAT).state else {
            panic!("{:?}", chats.chat(CHAT).state)
        };
        assert_eq!((found, chats.up.len()), (reason, 1));
        assert_eq!(chats.inbox().waiting, 1, "the message is kept");
    }
}

#[test]
fn a_message_that_kills_three_handlers_is_set_aside_and_the_next_is_served() {
    let mut chats = Chats::new(8, 1);
    chats.send(CHAT);
    chats.send(CHAT);
    for again in [false, true, true] {
        chats.say(vec![Said::Ready]);
        assert_eq!(chats.delivered().last(), Some(&(1, again)));
        chats.exit(139);
        chats.time(Duration::from_secs(30));
    }
    assert_eq!(chats.inbox(), InboxCounts { waiting: 1, set_aside: 1 });
    chats.say(vec![Said::Ready]);
    assert_eq!(chats.delivered().last().map(|(number, _)| *number), Some(2));
    chats.answer();
    assert_eq!(chats.chat(CHAT).failures, 0);
    chats.ask(ChatCommand::Resend { chat: CHAT, messages: Vec::new() });
    chats.changed();
    assert_eq!(chats.delivered().last(), Some(&(1, true)));
}

#[test]
fn a_provider_that_refuses_is_no_failure_and_the_message_waits() {
    let mut chats = Chats::new(8, 2);
    chats.send(CHAT);
    chats.say(vec![Said::Ready]);
    let until = chats.world.now.plus(Duration::from_secs(600));
    chats.fail(TurnError::RateLimited { until: Some(until) });
    let handler = chats.handler();
    assert!(chats.asked_to_end(handler));
    let state = chats.chat(CHAT).state;
    assert_eq!(state, ChatState::Queued { why: Queued::Adapter(Some(until)) });
    chats.ended(handler);
    chats.send(ChatNumber(2));
    chats.time(Duration::from_secs(599));
    assert_eq!((chats.up.len(), chats.inbox().waiting), (1, 1), "nothing starts before its time");
    chats.time(Duration::from_secs(2));
    assert_eq!(chats.up.len(), 3);
    assert_eq!(chats.chat(CHAT).failures, 0);
}

#[test]
fn a_provider_that_is_away_is_tried_by_one_at_a_time_and_ever_more_rarely() {
    let mut chats = Chats::new(8, 2);
    chats.send(CHAT);
    chats.send(ChatNumber(2));
    assert_eq!(chats.up.len(), 2);
    let (one, other) = (chats.up[0], chats.up[1]);
    for handler in [one, other] {
        chats.say_as(handler, vec![Said::Ready]);
        let said = Said::Failed { error: TurnError::Outage, text: "503".into(), usage: Usage::default() };
        chats.say_as(handler, vec![said]);
        chats.ended(handler);
    }
    chats.time(Duration::from_secs(6));
    assert_eq!(chats.up.len(), 3, "one tries alone, soon: both told of the same outage");
    chats.say(vec![Said::Ready]);
    chats.fail(TurnError::Outage);
    let third = chats.handler();
    chats.ended(third);
    chats.time(Duration::from_secs(9));
    assert_eq!(chats.up.len(), 3, "the pause has doubled");
    chats.time(Duration::from_secs(2));
    assert_eq!(chats.up.len(), 4);
    chats.say(vec![Said::Ready]);
    chats.answer();
    chats.changed();
    assert_eq!(chats.up.len(), 5, "an answer opens it for all");
}

#[test]
fn the_provider_of_one_program_holds_no_other_program() {
    for error in [TurnError::RateLimited { until: None }, TurnError::Outage] {
        let mut chats = Chats::new(8, 2);
        let run = ChatRun { adapter: "command".into(), exec: Some("another".into()), model: None };
        chats.ask(ChatCommand::Create(NewChat { name: None, run }));
        chats.send(CHAT);
        chats.say(vec![Said::Ready]);
        chats.fail(error);
        let handler = chats.handler();
        chats.ended(handler);
        chats.send(ChatNumber(2));
        assert_eq!(
            (chats.up.len(), chats.chat(ChatNumber(2)).state.name()),
            (1, "queued"),
            "its program too"
        );
        chats.send(ChatNumber(3));
        assert_eq!(chats.up.len(), 2, "its own program has done nothing");
        chats.say(vec![Said::Ready]);
        chats.answer();
        assert_eq!(chats.chat(ChatNumber(3)).state.name(), "lingering");
        assert_eq!((chats.state(), chats.up.len()), ("queued", 2), "another one's answer is no sign");
        chats.world.command(Command::ResumeAdapter { adapter: "command".into() });
        chats.changed();
        assert_eq!(chats.up.len(), 4, "the adapter's name stands for all its programs");
    }
}

#[test]
fn a_turn_that_takes_too_long_is_interrupted_counted_and_given_again() {
    let mut chats = Chats::new(8, 1);
    chats.send(CHAT);
    chats.say(vec![Said::Ready]);
    let handler = chats.handler();
    chats.time(Duration::from_secs(3_599));
    assert!(!chats.asked_to_end(handler));
    chats.time(Duration::from_secs(2));
    assert!(chats.seen.contains(&HostEffect::Interrupt { attempt: handler }));
    assert!(chats.asked_to_end(handler));
    assert_eq!((chats.state(), chats.chat(CHAT).failures), ("backoff", 1));
    chats.ended(handler);
    chats.time(Duration::from_secs(5));
    chats.say(vec![Said::Ready]);
    assert_eq!(chats.delivered(), [(1, false), (1, true)]);
}

#[test]
fn one_that_is_not_ready_in_time_has_failed() {
    let mut chats = Chats::new(8, 1);
    chats.send(CHAT);
    let handler = chats.handler();
    chats.time(Duration::from_secs(31));
    assert!(chats.asked_to_end(handler));
    assert_eq!(chats.state(), "backoff");
    // The next one waits for the end of this one, however long that takes.
    chats.time(Duration::from_secs(60));
    assert_eq!(chats.up.len(), 1);
    chats.ended(handler);
    assert_eq!(chats.up.len(), 2);
}

#[test]
fn an_interrupt_ends_the_turn_and_keeps_the_conversation() {
    let mut chats = Chats::served(8);
    chats.send(CHAT);
    let handler = chats.handler();
    chats.ask(ChatCommand::Interrupt { chat: CHAT, why: None });
    chats.changed();
    chats.changed();
    let interrupts = chats.seen.iter().filter(|e| **e == HostEffect::Interrupt { attempt: handler }).count();
    assert_eq!(interrupts, 1);
    chats.fail(TurnError::Interrupted);
    assert_eq!((chats.state(), chats.inbox().waiting, chats.up.len()), ("live", 0, 1));
    // One that does not listen is let go, which is no failure.
    chats.send(CHAT);
    chats.ask(ChatCommand::Interrupt { chat: CHAT, why: None });
    chats.changed();
    chats.time(Duration::from_secs(11));
    assert!(chats.asked_to_end(handler));
    chats.ended(handler);
    assert_eq!((chats.inbox().waiting, chats.chat(CHAT).failures), (0, 0));
}

#[test]
fn no_more_live_than_may_be_and_room_is_made_by_those_who_linger() {
    let mut chats = Chats::new(2, 5);
    let all: Vec<ChatNumber> = (1..=5).map(ChatNumber).collect();
    chats.attach(&all);
    assert_eq!(chats.up.len(), 2);
    let queued = |chats: &mut Chats| {
        all.iter().filter(|chat| chats.chat(**chat).state == ChatState::Queued { why: Queued::Slot }).count()
    };
    assert_eq!(queued(&mut chats), 3);
    for handler in chats.up.clone() {
        chats.say_as(handler, vec![Said::Ready]);
    }
    // Chats 1 and 2 are left: both linger, and are let go because others wait.
    chats.attach(&all[2..]);
    let (one, other) = (chats.up[0], chats.up[1]);
    assert!(chats.asked_to_end(one) && chats.asked_to_end(other));
    let state = chats.chat(CHAT).state;
    assert!(matches!(state, ChatState::Draining { why: Drain::Room, .. }), "{state:?}");
    chats.ended(one);
    chats.ended(other);
    assert_eq!(chats.up.len(), 4);
}

#[test]
fn a_purge_ends_all_and_what_is_said_afterwards_changes_nothing() {
    let mut chats = Chats::new(8, 3);
    chats.attach(&[CHAT]);
    chats.say(vec![Said::Ready]);
    chats.send(CHAT);
    let handler = chats.handler();
    chats.ask(ChatCommand::Purge { keep: std::collections::BTreeSet::new(), include_self: false });
    chats.changed();
    assert!(chats.asked_to_end(handler));
    let before = chats.read(|read| read.entries_of(CHAT, 0, 99));
    chats.answer();
    assert_eq!(chats.read(|read| read.entries_of(CHAT, 0, 99)), before);
    chats.ended(handler);
    chats.world.restart(Findings::default());
    chats.attach(&[CHAT]);
    assert_eq!((chats.state(), chats.up.len()), ("archived", 1));
    chats.ask(ChatCommand::Restore { chats: vec![CHAT] });
    chats.attach(&[]);
    chats.changed();
    assert_eq!((chats.state(), chats.up.len()), ("dormant", 1), "a restore starts nothing");
    assert_eq!(chats.inbox(), InboxCounts { waiting: 0, set_aside: 1 });
}

#[test]
fn what_a_handler_said_last_is_taken_in_before_its_end() {
    let mut chats = Chats::served(8);
    chats.send(CHAT);
    let handler = chats.handler();
    let fence = chats.world.attempt(handler).fence;
    let exit = chats.world.exit(handler, EndedBy::Process, Some(ExitStatus::Code(0)));
    // Its end is heard of first, then what it wrote: the end waits.
    let effects = chats.world.handle(vec![Event::ShimGone { attempt: handler, exit: Some(exit) }]);
    assert!(effects.contains(&HostEffect::Finish { attempt: handler }));
    assert!(chats.world.attempt(handler).is_live());
    let said = vec![Said::Answer { message: Some(3), text: "last".into(), usage: Usage::default() }];
    chats.handle(vec![Event::Heard { attempt: handler, fence, said, parsed: 9_999 }]);
    chats.handle(vec![Event::TalkOver(handler)]);
    assert!(!chats.world.attempt(handler).is_live());
    // Attached still, it is started again: a clean end after an answer was no failure.
    assert_eq!((chats.inbox().waiting, chats.chat(CHAT).failures), (0, 0));
}

#[test]
fn a_restart_takes_a_live_handler_up_and_gives_its_message_again() {
    let mut chats = Chats::served(8);
    chats.send(CHAT);
    let handler = chats.handler();
    let attempt = chats.world.attempt(handler);
    let finding =
        Finding { attempt, barred: None, started: true, exit: None, shim: Shim::Alive(shim(handler)) };
    let effects = chats.world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    let converse = effects.iter().find_map(|effect| match effect {
        HostEffect::Converse(converse) => Some(converse.clone()),
        _ => None,
    });
    let from = chats.chat(CHAT).parsed;
    assert!(converse.is_some_and(|c| c.attempt.reference == handler && c.from == from && !c.over));
    chats.seen = effects;
    assert_eq!(chats.delivered(), [(3, false)], "its shim knows whether it had it");
    // Without a consumer it lingers, and at least fifteen seconds.
    chats.answer();
    assert_eq!(chats.state(), "lingering");
}

#[test]
fn a_handler_that_left_while_no_dispatcher_ran_is_heard_to_its_end() {
    let mut chats = Chats::served(8);
    chats.send(CHAT);
    let handler = chats.handler();
    let exit = chats.world.exit(handler, EndedBy::Alone, Some(ExitStatus::Code(0)));
    let attempt = chats.world.attempt(handler);
    let fence = attempt.fence;
    let finding = Finding { attempt, barred: None, started: true, exit: Some(exit), shim: Shim::Gone };
    let effects = chats.world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    assert!(effects.iter().any(|e| matches!(e, HostEffect::Converse(converse) if converse.over)));
    let said = vec![Said::Answer { message: Some(3), text: "alone".into(), usage: Usage::default() }];
    chats.handle(vec![
        Event::Heard { attempt: handler, fence, said, parsed: 9_999 },
        Event::TalkOver(handler),
    ]);
    assert_eq!((chats.state(), chats.inbox().waiting, chats.chat(CHAT).failures), ("dormant", 0, 0));
    assert!(matches!(chats.world.outcome(handler), Outcome::Cancelled { .. }));
}

#[test]
fn a_dispatcher_that_leaves_lets_handlers_go_unless_another_follows() {
    for keep_chats in [true, false] {
        let mut chats = Chats::served(8);
        let handler = chats.handler();
        chats.handle(vec![Event::Stop { kill_agents: false, by: None, keep_chats }]);
        let left = |chats: &Chats| chats.seen.contains(&HostEffect::Leave);
        assert_eq!((chats.asked_to_end(handler), left(&chats)), (!keep_chats, keep_chats));
        if !keep_chats {
            chats.ended(handler);
            assert!(left(&chats));
            assert_eq!(chats.state(), "dormant");
        }
    }
}

#[test]
fn another_configuration_is_another_chance_and_the_same_is_none() {
    let mut chats = Chats::new(8, 1);
    chats.send(CHAT);
    chats.exit(127);
    for _ in 0..3 {
        chats.handle(vec![Event::Poked]);
    }
    assert_eq!((chats.state(), chats.up.len()), ("gave-up", 1));
    chats.world.handle(vec![Event::Poked]);
    let facts = ProgramFacts { path: Some("/bin/serve".into()), modified: Some(7), executable: true };
    chats.handle(vec![Event::ChatPrograms(vec![(CHAT, facts)])]);
    assert_eq!(chats.up.len(), 2);
}

#[test]
fn killing_a_handler_holds_its_chat() {
    let mut chats = Chats::served(8);
    let handler = chats.handler();
    let command = Command::Kill { attempts: vec![handler], why: "enough".into() };
    submit(&mut chats.world.store, &Actor::User("ann".into()), command, chats.world.now).unwrap();
    chats.changed();
    chats.ended(handler);
    assert_eq!((chats.state(), chats.up.len()), ("held", 1));
    chats.send(CHAT);
    assert_eq!(chats.up.len(), 1, "a message to it is kept");
}
