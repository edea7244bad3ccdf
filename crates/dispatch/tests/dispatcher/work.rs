//! Agents at work that are understood: told, listened to, let go, counted, capped.

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::chat::{Said, TurnError, What};
use wg_core::command::{Command, Patch, RunPatch};
use wg_core::id::AttemptRef;
use wg_core::port::Store;
use wg_core::task::{RunSpec, TaskState, Wait};
use wg_core::usage::{Cap, Usage};
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::{Event, HostEffect, Whose};
use wg_dispatch::files::{EndedBy, TalkInput};
use wg_dispatch::recover::{Finding, Findings, Shim};

use crate::world::{World, ends, examines, only_spawn, spawns, task_id};

pub fn used(input: u64) -> Usage {
    Usage { input, ..Usage::default() }
}

fn answer() -> Said {
    Said::Answer { message: None, text: "it is done".into(), usage: used(70) }
}

/// Effects without what is only told.
fn quiet(effects: Vec<HostEffect>) -> Vec<HostEffect> {
    effects
        .into_iter()
        .filter(|effect| !matches!(effect, HostEffect::Log(_) | HostEffect::SetTimer(_)))
        .collect()
}

impl World {
    /// A task for `claude`, whose shim is up and listened to.
    pub fn working(config: DispatchConfig) -> (Self, AttemptRef) {
        let mut world = Self::new(config);
        let run = RunSpec { model: Some("claude:opus".into()), ..RunSpec::default() };
        world.add_with("port", &[], run);
        let launch = only_spawn(&world.changed());
        assert_eq!(launch.talk.as_ref().map(|talk| talk.input), Some(TalkInput::Open));
        assert_eq!(launch.attempt.model.as_deref(), Some("opus"));
        assert!(launch.prompt.as_deref().is_some_and(|prompt| prompt.contains("port")));
        let attempt = launch.attempt.reference;
        let event = world.spawned(attempt);
        let effects = world.handle(vec![event]);
        assert_eq!(world.converses(&effects), [(attempt, 0, false)]);
        (world, attempt)
    }

    fn converses(&self, effects: &[HostEffect]) -> Vec<(AttemptRef, u64, bool)> {
        let opened = effects.iter().filter_map(|effect| match effect {
            HostEffect::Converse(converse) => {
                assert_eq!(converse.whose, Whose::Work);
                Some((converse.attempt.reference, converse.from, converse.over))
            }
            _ => None,
        });
        opened.collect()
    }

    pub fn says(&mut self, attempt: AttemptRef, parsed: u64, said: Vec<Said>) -> Vec<HostEffect> {
        let fence = self.attempt(attempt).fence;
        quiet(self.handle(vec![Event::Heard { attempt, fence, said, parsed }]))
    }

    /// Its agent left; what it said last is asked for and there is nothing.
    fn leaves(&mut self, attempt: AttemptRef, status: i32) -> Outcome {
        let exit = self.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(status)));
        let effects = self.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
        assert!(effects.contains(&HostEffect::Finish { attempt }), "{effects:?}");
        assert!(self.attempt(attempt).is_live(), "its last words come first");
        self.handle(vec![Event::TalkOver(attempt)]);
        self.outcome(attempt)
    }
}

#[test]
fn an_agent_is_told_its_task_when_it_is_ready_and_let_go_when_its_turn_is_over() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    let parsed = |to| HostEffect::Parsed { attempt, to };
    assert_eq!(world.says(attempt, 10, vec![Said::Ready]), [parsed(10), HostEffect::Prompt { attempt }]);
    assert_eq!(world.says(attempt, 20, vec![Said::Used { usage: used(5) }]), [parsed(20)]);
    assert_eq!(world.says(attempt, 30, vec![answer()]), [parsed(30), HostEffect::LetGo { attempt }]);
    // Told again it changes nothing, and what follows is done once.
    assert_eq!(world.says(attempt, 30, vec![answer()]), [parsed(30)]);
    let tasks = vec![world.attempt(attempt).task];
    world.report(attempt, Command::Done { tasks, summary: None });
    assert_eq!(world.leaves(attempt, 0), Outcome::Done { summary: Some("it is done".into()) });
    assert_eq!(world.state("port"), TaskState::Done);
    assert_eq!(world.attempt(attempt).progress.usage(), used(70));
}

#[test]
fn its_last_words_count_and_decide_what_its_end_means() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    let exit = world.exit(attempt, EndedBy::Process, Some(ExitStatus::Code(1)));
    world.handle(vec![Event::ShimGone { attempt, exit: Some(exit) }]);
    let error = TurnError::RateLimited { until: None };
    world.says(attempt, 50, vec![Said::Failed { error, text: "later".into(), usage: used(9) }]);
    world.handle(vec![Event::TalkOver(attempt)]);
    assert_eq!(world.outcome(attempt), Outcome::RateLimited { until: None });
    assert_eq!((world.task("port").history.spent, world.state("port")), (0, TaskState::Open));
    assert!(world.dispatcher.status().adapters.contains_key("claude"));
    assert!(spawns(&world.changed()).is_empty());
}

#[test]
fn what_is_said_to_its_task_reaches_an_agent_in_its_turn_and_counts_as_read() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    let post = |world: &mut World, body: &str| {
        let task = world.attempt(attempt).task;
        world.command(Command::PostMessage { task, body: body.into() });
        let told = quiet(world.changed()).into_iter().filter_map(|effect| match effect {
            HostEffect::Deliver { attempt: to, turn, entry, again: false } if to == attempt => {
                match entry.what {
                    What::Message { text, .. } => Some((turn, text)),
                    _ => None,
                }
            }
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(post(&mut world, "too early"), [], "it has not begun");
    world.says(attempt, 10, vec![Said::Ready]);
    let [(turn, text)] = &post(&mut world, "mind the tabs")[..] else { panic!("not told") };
    assert!((*turn, text.contains("user:ann"), text.contains("mind the tabs")) == (3, true, true), "{text}");
    let unread = |world: &mut World| {
        let task = world.attempt(attempt).task;
        let mut unread = 0;
        world
            .store
            .read(&mut |read| {
                unread = read.messages_of(&task)?.iter().filter(|m| m.read_by != Some(attempt)).count();
                Ok(())
            })
            .unwrap();
        unread
    };
    assert_eq!(unread(&mut world), 0);
    world.says(attempt, 20, vec![answer()]);
    assert_eq!(post(&mut world, "too late"), [], "its turn is over");
    assert_eq!(unread(&mut world), 1, "the next attempt is told");
}

#[test]
fn what_a_prompt_says_of_messages_is_told_by_no_later_dispatcher() {
    let mut world = World::new(DispatchConfig::default());
    let run = RunSpec { model: Some("claude:opus".into()), ..RunSpec::default() };
    world.add_with("port", &[], run);
    world.command(Command::PostMessage { task: task_id("port"), body: "mind the tabs".into() });
    let launch = only_spawn(&world.changed());
    let prompt = launch.prompt.as_deref().unwrap_or_default();
    assert!(prompt.contains("mind the tabs") && !prompt.contains("read by an agent before you"), "{prompt}");
    let attempt = launch.attempt.reference;
    assert_eq!(world.attempt(attempt).progress.told, 1, "before its shim can be there");

    let finding = crate::recovery::finding(&mut world, attempt);
    world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    world.command(Command::PostMessage { task: task_id("port"), body: "and the spaces".into() });
    let effects = world.says(attempt, 10, vec![Said::Ready]);
    let told: Vec<u64> = effects
        .iter()
        .filter_map(|effect| match effect {
            HostEffect::Deliver { turn, .. } => Some(*turn),
            _ => None,
        })
        .collect();
    assert_eq!(told, [3], "{effects:?}");
}

#[test]
fn a_cap_ends_an_agent_and_only_once() {
    let cap = Cap { tokens: Some(1_000), cost_micros: None };
    let (mut world, attempt) = World::working(DispatchConfig { cap, ..DispatchConfig::default() });
    assert!(ends(&world.says(attempt, 10, vec![Said::Used { usage: used(999) }])).is_empty());
    assert_eq!(ends(&world.says(attempt, 20, vec![Said::Used { usage: used(1_000) }])), [attempt]);
    assert!(ends(&world.says(attempt, 30, vec![Said::Used { usage: used(1_100) }])).is_empty());
    let exit = world.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(15)));
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(Some(exit)) }]);
    world.handle(vec![Event::TalkOver(attempt)]);
    let reason = "1000 of 1000 tokens used".to_owned();
    assert_eq!(world.outcome(attempt), Outcome::Budget { reason: reason.clone(), until: None });
    assert_eq!(world.state("port"), TaskState::Waiting { on: Wait::Person(reason) });
}

#[test]
fn the_budget_of_a_task_ends_its_agent_and_nothing_starts_before_it_is_raised() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    let budget = |world: &mut World, tokens| {
        let run = RunPatch { budget_tokens: Some(Some(tokens)), ..RunPatch::default() };
        let patch = Box::new(Patch { run, ..Patch::default() });
        world.command(Command::Edit { tasks: vec![task_id("port")], patch });
        world.changed()
    };
    assert!(ends(&budget(&mut world, 1_000)).is_empty());
    assert!(ends(&world.says(attempt, 10, vec![Said::Used { usage: used(999) }])).is_empty());
    // A lower one counts at once.
    assert_eq!(ends(&budget(&mut world, 999)), [attempt]);
    let exit = world.exit(attempt, EndedBy::Stop, Some(ExitStatus::Signal(15)));
    world.handle(vec![Event::EndCarriedOut { attempt, result: Ok(Some(exit)) }]);
    world.handle(vec![Event::TalkOver(attempt)]);
    let reason = "the task's budget: 999 of 999 tokens used".to_owned();
    assert_eq!(world.outcome(attempt), Outcome::TaskBudget { reason });
    assert_eq!(world.state("port"), TaskState::Open);
    world.restart(Findings::default());
    world.changed();
    assert_eq!(world.task("port").history.attempts, 1);
    budget(&mut world, 1_000);
    assert_eq!(world.task("port").history.attempts, 2);
}

#[test]
fn an_agent_that_could_not_be_told_to_live_is_listened_to_once_it_can() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    let alive = crate::recovery::finding(&mut world, attempt);
    let unknown = Finding { shim: Shim::Unknown("nothing says who has its lock".into()), ..alive.clone() };
    let effects = world.restart(Findings { attempts: vec![unknown], strays: Vec::new() });
    assert_eq!(world.converses(&effects), []);
    assert_eq!(examines(&world.handle(vec![Event::ClockJumped])), [attempt]);
    let effects = world.handle(vec![Event::Examined(Box::new(alive))]);
    assert_eq!(world.converses(&effects), [(attempt, 0, false)]);
}

#[test]
fn an_agent_is_taken_up_where_it_was_by_the_next_dispatcher() {
    let (mut world, attempt) = World::working(DispatchConfig::default());
    world.says(attempt, 10, vec![Said::Ready]);
    let finding = crate::recovery::finding(&mut world, attempt);
    let effects = world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    assert_eq!(world.converses(&effects), [(attempt, 10, false)]);
    // Its shim knows whether it was told before.
    assert!(effects.contains(&HostEffect::Prompt { attempt }));
    world.says(attempt, 40, vec![answer()]);
    let finding = crate::recovery::finding(&mut world, attempt);
    let effects = world.restart(Findings { attempts: vec![finding], strays: Vec::new() });
    assert!(effects.contains(&HostEffect::LetGo { attempt }));
    // What it says to a dispatcher that is gone comes late, and changes nothing.
    let fence = world.attempt(attempt).fence;
    world.handle(vec![Event::Heard { attempt, fence, said: vec![answer()], parsed: 40 }]);
    assert_eq!(world.attempt(attempt).progress.usage(), used(70));
}
