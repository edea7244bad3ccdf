//! What all attempts of a task may use together.

use proptest::prelude::*;
use wg_core::attempt::{Attempt, ExitStatus, Outcome, Report};
use wg_core::chat::Said;
use wg_core::command::{AttemptHeard, Command, NewTask, Patch, RunPatch};
use wg_core::id::Actor;
use wg_core::port::{ReadyQuery, TagFilter};
use wg_core::rejection::Rejection;
use wg_core::task::{RunSpec, TaskState};
use wg_core::usage::{Cap, Usage};

use crate::world::{World, ann, dispatcher, id, seconds};

fn badly() -> Outcome {
    Outcome::ExitedBadly { status: ExitStatus::Code(1) }
}

fn tokens(n: u64) -> Usage {
    Usage { input: n, ..Usage::default() }
}

impl World {
    fn add_with_budget(&mut self, name: &str, tokens: u64) {
        let budget = Cap { tokens: Some(tokens), cost_micros: None };
        let run = RunSpec { exec: Some("true".into()), budget, ..RunSpec::default() };
        self.does(Command::Add(Box::new(NewTask { title: name.into(), run, ..NewTask::default() })));
    }

    fn set_budget(&mut self, name: &str, tokens: Option<u64>) -> Result<(), Rejection> {
        let run = RunPatch { budget_tokens: Some(tokens), ..RunPatch::default() };
        let patch = Box::new(Patch { run, ..Patch::default() });
        self.ask(&ann(), Command::Edit { tasks: vec![id(name)], patch }).map(drop)
    }

    /// An attempt's agent says what its turn has used so far.
    fn uses(&mut self, attempt: &Attempt, usage: Usage) {
        self.says(attempt, Said::Used { usage });
    }

    fn says(&mut self, attempt: &Attempt, said: Said) {
        let parsed = self.attempt(attempt.reference).progress.parsed + 1;
        let (attempt, fence) = (attempt.reference, attempt.fence);
        let heard = AttemptHeard { attempt, fence, said: vec![said], parsed, cap: Cap::default() };
        self.ask(&dispatcher(), Command::AttemptHeard(heard)).unwrap();
    }

    fn ready(&mut self) -> Vec<String> {
        let now = self.now;
        let query = ReadyQuery { lane: None, tags: TagFilter::default(), now, limit: 99 };
        self.read(|read| Ok(read.ready(&query)?.into_iter().map(|task| task.id.to_string()).collect()))
    }
}

#[test]
fn attempts_share_a_budget_and_a_higher_one_lets_the_next_start() {
    let mut world = World::new();
    world.add_with_budget("a", 100);
    let first = world.start("a");
    world.uses(&first, tokens(60));
    world.ends(&first, badly());
    assert_eq!(world.task("a").history.used, tokens(60));
    world.now = world.now.plus(seconds(3_600));
    let second = world.start("a");
    world.uses(&second, tokens(39));
    assert_eq!(world.attempt(second.reference).stop, None);
    world.uses(&second, tokens(40));
    let why = "the task's budget: 100 of 100 tokens used";
    assert_eq!(world.attempt(second.reference).stop.unwrap().why, why);
    world.ends(&second, badly());
    let outcome = Outcome::TaskBudget { reason: why.into() };
    assert_eq!(world.attempt(second.reference).outcome(), Some(&outcome));
    assert!(world.log("a").contains(&format!("agent-2 is to end: {why}")), "{:?}", world.log("a"));

    let task = world.task("a");
    assert_eq!((&task.state, &task.history.used, task.history.spent), (&TaskState::Open, &tokens(100), 1));
    assert_eq!((world.ready(), task.times.not_before), (vec![], None));
    assert!(matches!(world.try_start("a"), Err(Rejection::BudgetUsedUp { .. })));
    // A person's word alone starts nothing, and says what does.
    let told = world.does(Command::Retry { tasks: vec![id("a")] });
    let hint =
        "a does not start: its budget of 100 tokens is used up (100 used); wg edit a --budget-tokens N";
    assert_eq!(told.notes, [hint]);
    assert!(matches!(world.refused(Command::Retry { tasks: vec![id("a")] }), Rejection::BudgetUsedUp { .. }));
    world.does(Command::Pause { tasks: vec![id("a")] });
    assert_eq!(world.does(Command::Resume { tasks: vec![id("a")] }).notes, [hint]);
    assert!(matches!(world.try_start("a"), Err(Rejection::BudgetUsedUp { .. })));

    world.set_budget("a", Some(101)).unwrap();
    assert_eq!(world.ready(), ["a"]);
    world.does(Command::Undo { operation: None });
    assert_eq!(world.ready(), Vec::<String>::new());
    world.set_budget("a", None).unwrap();
    world.start("a");
}

#[test]
fn a_lower_budget_counts_at_once_whoever_sets_it() {
    let mut world = World::new();
    world.add_with_budget("a", 50);
    world.set_budget("a", Some(1_000)).unwrap();
    let attempt = world.start("a");
    world.uses(&attempt, tokens(70));
    world.set_budget("a", Some(71)).unwrap();
    assert_eq!(world.attempt(attempt.reference).stop, None);
    world.does(Command::Undo { operation: None });
    world.does(Command::Undo { operation: None });
    let stop = world.attempt(attempt.reference).stop.unwrap();
    assert_eq!((stop.by, stop.why.as_str()), (ann(), "the task's budget: 70 of 50 tokens used"));
    // Raised before it is gone, it is ready as soon as it is.
    world.set_budget("a", Some(500)).unwrap();
    world.ends(&attempt, badly());
    assert_eq!((world.ready(), world.task("a").history.used), (vec!["a".to_owned()], tokens(70)));
}

#[test]
fn what_an_attempt_used_that_had_lost_its_task_counts() {
    let mut world = World::new();
    world.add_with_budget("a", 100);
    let attempt = world.start("a");
    world.uses(&attempt, tokens(99));
    world.done("a");
    world.does(Command::Reopen { tasks: vec![id("a")] });
    // It is not gone yet, and is heard to the end.
    assert!(matches!(world.try_start("a"), Err(Rejection::NotReady { .. })));
    world.uses(&attempt, tokens(100));
    world.ends(&attempt, badly());
    assert_eq!(world.task("a").history.used, tokens(100));
    assert!(matches!(world.try_start("a"), Err(Rejection::BudgetUsedUp { .. })));
}

#[test]
fn an_agent_can_not_raise_the_budget_of_its_task_and_files_tasks_with_their_own() {
    let mut world = World::new();
    world.add_with_budget("a", 100);
    let attempt = world.start("a");
    let worker = Actor::Agent(attempt.reference);
    let run = RunPatch { budget_tokens: Some(None), ..RunPatch::default() };
    let patch = Box::new(Patch { run, ..Patch::default() });
    let raise = Command::Edit { tasks: vec![id("a")], patch };
    assert!(matches!(world.ask(&worker, raise), Err(Rejection::NotAllowed { .. })));
    let file = |title: &str, tokens| {
        let run = RunSpec { budget: Cap { tokens, cost_micros: None }, ..RunSpec::default() };
        Command::Add(Box::new(NewTask { title: title.into(), run, ..NewTask::default() }))
    };
    world.ask(&worker, file("free", None)).unwrap();
    world.ask(&worker, file("bounded", Some(5))).unwrap();
    assert_eq!(world.task("free").run.budget, Cap::default());
    assert_eq!(world.task("bounded").run.budget.tokens, Some(5));
}

#[derive(Debug, Clone)]
enum Step {
    Start,
    Uses(u64),
    Answers(u64),
    Ends(bool),
    Reports,
    Budget(Option<u64>),
    Undo,
    Retry,
    Done,
    Pause(bool),
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Start),
        6 => (1..40_u64).prop_map(Step::Uses),
        1 => (1..40_u64).prop_map(Step::Answers),
        4 => any::<bool>().prop_map(Step::Ends),
        1 => Just(Step::Reports),
        3 => prop::option::weighted(0.8, 0..200_u64).prop_map(Step::Budget),
        1 => Just(Step::Undo),
        2 => Just(Step::Retry),
        1 => Just(Step::Done),
        1 => any::<bool>().prop_map(Step::Pause),
    ]
}

impl World {
    /// What all attempts used that are over, and the one that is not.
    fn summed(&mut self) -> (u64, Option<Attempt>) {
        let attempts = self.read(|read| read.attempts_of(&id("a")));
        let over = attempts.iter().filter(|attempt| !attempt.is_live());
        let sum = over.map(|attempt| attempt.progress.usage().tokens()).sum();
        (sum, attempts.into_iter().find(Attempt::is_live))
    }

    fn takes(&mut self, step: &Step) {
        let live = self.summed().1;
        let one = || vec![id("a")];
        // Nothing is owed by a person: what is refused is refused.
        let command = match (step, live) {
            (Step::Start, _) => {
                let (used, budget) = (self.summed().0, self.task("a").run.budget.tokens);
                if self.try_start("a").is_ok() {
                    assert!(budget.is_none_or(|most| used < most), "{used} of {budget:?}");
                }
                return;
            }
            (Step::Uses(more), Some(live)) => {
                let so_far = live.progress.in_flight.tokens();
                return self.uses(&live, tokens(so_far + more));
            }
            (Step::Answers(n), Some(live)) => {
                let said = Said::Answer { message: None, text: "so".into(), usage: tokens(*n) };
                return self.says(&live, said);
            }
            (Step::Ends(lost), Some(live)) => {
                let seen = if *lost { Outcome::Lost { reason: "gone".into() } } else { badly() };
                return self.ends(&live, seen);
            }
            (Step::Reports, Some(live)) => {
                let command = Command::Fail { tasks: one(), reason: "no".into() };
                let _ = self.ask(&Actor::Agent(live.reference), command);
                return;
            }
            (Step::Uses(_) | Step::Answers(_) | Step::Ends(_) | Step::Reports, None) => return,
            (Step::Budget(most), _) => {
                let _ = self.set_budget("a", *most);
                return;
            }
            (Step::Undo, _) => Command::Undo { operation: None },
            (Step::Retry, _) => Command::Retry { tasks: one() },
            (Step::Done, _) => Command::Done { tasks: one(), summary: None },
            (Step::Pause(true), _) => Command::Pause { tasks: one() },
            (Step::Pause(false), _) => Command::Resume { tasks: one() },
        };
        let _ = self.ask(&ann(), command);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing starts with nothing left, what is kept is the sum of all attempts that are over, whatever became of the
    /// task meanwhile, and nobody goes on who has met it.
    #[test]
    fn a_budget_holds_over_all_attempts(steps in prop::collection::vec(steps(), 1..60)) {
        let mut world = World::new();
        world.add_with_budget("a", 50);
        for step in &steps {
            world.now = world.now.plus(seconds(3_600));
            world.takes(step);
            let Some(task) = world.find("a") else { break };
            let (sum, live) = world.summed();
            prop_assert_eq!(task.history.used.tokens(), sum, "{:?}", step);
            let most = task.run.budget.tokens.unwrap_or(u64::MAX);
            if let Some(live) = live.filter(|live| task.live_attempt() == Some(live.reference)) {
                let ends = live.stop.is_some() || live.progress.over || matches!(live.report, Some(Report::Failed(_)));
                prop_assert!(ends || sum + live.progress.usage().tokens() < most, "{:?}", step);
            }
            let may = task.state == TaskState::Open && !task.paused && sum < most;
            let due = task.times.not_before.is_none_or(|time| time <= world.now);
            prop_assert_eq!(world.ready().len() == 1, may && due, "{:?}", step);
        }
    }
}
