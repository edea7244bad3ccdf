//! Who waits while a provider refuses or is away, and who tries it again: work on tasks, decided and committed.

use std::time::Duration;

use wg_core::attempt::Outcome;
use wg_core::budget::Bucket;
use wg_core::command::{Command, Ended, NewTask, Start};
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::policy::Policy;
use wg_core::port::Store;
use wg_core::schedule::{Plan, plan};
use wg_core::submit::submit;
use wg_core::task::RunSpec;
use wg_core::time::Timestamp;

use super::{Backend, ann, at, id, read, suite};

suite!(
    work_tries_a_provider_that_was_away_one_at_a_time_and_ever_more_rarely,
    a_limit_that_names_no_end_is_over_after_a_minute,
    what_was_not_set_up_waits_for_a_person_whatever_else_is_told,
    many_who_found_it_away_at_once_found_one_outage,
    what_nobody_asks_for_any_more_is_forgotten,
);

const ADAPTER: &str = "claude";

struct Graph {
    store: Box<dyn Store>,
    now: Timestamp,
}

impl Graph {
    /// So many tasks that are ready.
    fn of<B: Backend>(backend: &B, tasks: usize) -> Self {
        let mut graph = Self { store: backend.handle(), now: at(1_000) };
        for n in 0..tasks {
            let run = RunSpec { model: Some(format!("{ADAPTER}:opus")), ..RunSpec::default() };
            let id = Some(id(&format!("t{n}")));
            graph.say(
                &ann(),
                Command::Add(Box::new(NewTask { title: "x".into(), id, run, ..NewTask::default() })),
            );
        }
        graph
    }

    fn say(&mut self, actor: &Actor, command: Command) {
        submit(&mut *self.store, actor, command, self.now).unwrap();
    }

    fn plan(&mut self) -> Plan {
        let (adapters, now) = (vec![ADAPTER.to_owned()], self.now);
        let policy = Policy { max_agents: 8, adapters, ..Policy::default() };
        read(&mut *self.store, |view| plan(view, &policy, 0, &mut Bucket::default(), now))
    }

    fn start(&mut self, task: TaskId) -> AttemptRef {
        self.start_with(task, ADAPTER)
    }

    fn start_with(&mut self, task: TaskId, adapter: &str) -> AttemptRef {
        let (adapter, host) = (adapter.to_owned(), "box".to_owned());
        self.say(&ann(), Command::StartAttempt(Start { task, adapter, model: None, host, nonce: 1 }));
        read(&mut *self.store, |view| view.last_attempt())
    }

    /// Starts all that is planned.
    fn start_all(&mut self) -> Vec<AttemptRef> {
        self.plan().starts.into_iter().map(|start| self.start(start.task)).collect()
    }

    fn ends(&mut self, attempt: AttemptRef, seen: Outcome) {
        let (record, _) = read(&mut *self.store, |view| view.attempt(attempt)).unwrap();
        let ended = Ended {
            attempt,
            fence: record.fence,
            seen,
            at: self.now,
            jitter: 0,
            first_pause: Duration::from_secs(30),
            max_attempts: 3,
            configuration: 7,
        };
        self.say(&ann(), Command::AttemptEnded(ended));
        let (task, _) = read(&mut *self.store, |view| view.task(&record.task)).unwrap();
        assert_eq!(task.history.spent, 0, "a provider is no failure of the task");
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// In how many seconds something may start; none: now, or never by itself.
    fn waits(&mut self) -> Option<u64> {
        let plan = self.plan();
        assert!(plan.starts.is_empty(), "{plan:?}");
        plan.look_again.map(|at| at.since(self.now).as_secs())
    }

    fn paused(&mut self) -> usize {
        read(&mut *self.store, |view| view.control()).0.adapters.len()
    }
}

fn away() -> Outcome {
    Outcome::Outage { reason: "503".into() }
}

fn work_tries_a_provider_that_was_away_one_at_a_time_and_ever_more_rarely<B: Backend>() {
    let mut graph = Graph::of(&B::new(), 4);
    let first = graph.start(id("t0"));
    graph.ends(first, away());
    for pause in [5, 10, 20] {
        assert_eq!(graph.waits(), Some(pause));
        graph.pass(pause);
        let tries = graph.start_all();
        assert_eq!(tries.len(), 1, "one tries alone");
        assert_eq!(graph.waits(), Some(pause), "the others wait as long again");
        graph.ends(tries[0], away());
    }
    graph.pass(40);
    let tries = graph.start_all();
    assert_eq!(tries.len(), 1);
    graph.ends(tries[0], Outcome::Done { summary: None });
    assert_eq!(graph.paused(), 0, "one that works is there");
    assert_eq!(graph.plan().starts.len(), 3);
}

fn a_limit_that_names_no_end_is_over_after_a_minute<B: Backend>() {
    let mut graph = Graph::of(&B::new(), 3);
    let first = graph.start(id("t0"));
    graph.ends(first, Outcome::RateLimited { until: None });
    assert_eq!(graph.waits(), Some(60));
    graph.pass(60);
    let tries = graph.start_all();
    assert_eq!(tries.len(), 3, "it was there all the time");
    let until = graph.now.plus(Duration::from_secs(700));
    graph.ends(tries[0], Outcome::RateLimited { until: Some(until) });
    graph.ends(tries[1], away());
    assert_eq!(graph.waits(), Some(700), "what lasts longer stands");
}

fn what_was_not_set_up_waits_for_a_person_whatever_else_is_told<B: Backend>() {
    let mut graph = Graph::of(&B::new(), 2);
    let (first, second) = (graph.start(id("t0")), graph.start(id("t1")));
    graph.ends(first, Outcome::Configuration { reason: "no such program".into() });
    graph.ends(second, away());
    assert_eq!(graph.waits(), None);
    graph.say(&ann(), Command::ResumeAdapter { adapter: ADAPTER.into() });
    assert_eq!(graph.plan().starts.len(), 2);
}

fn many_who_found_it_away_at_once_found_one_outage<B: Backend>() {
    let mut graph = Graph::of(&B::new(), 8);
    let all = graph.start_all();
    assert_eq!(all.len(), 8);
    for attempt in all {
        graph.pass(1);
        graph.ends(attempt, away());
    }
    assert_eq!(graph.waits(), Some(5));
}

fn what_nobody_asks_for_any_more_is_forgotten<B: Backend>() {
    let mut graph = Graph::of(&B::new(), 3);
    for (task, seconds, paused) in [("t0", 3_600, 1), ("t1", 5 + 3_600, 2), ("t2", 0, 1)] {
        let attempt = graph.start_with(id(task), task);
        graph.ends(attempt, away());
        assert_eq!(graph.paused(), paused, "{task}");
        graph.pass(seconds);
    }
}
