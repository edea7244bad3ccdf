//! What people do, each through a command of their own: it commits, and carries out the ends that it has
//! brought about, as `wg kill` and `wg abandon` do. It may die at any point between.

use std::collections::BTreeSet;
use std::time::Duration;

use wg_core::attempt::{Attempt, Outcome};
use wg_core::command::{Command, Ended, NewTask, Patch, SetPatch};
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq, TaskId};
use wg_core::task::{Priority, RunSpec, TaskState, Wait};
use wg_dispatch::dispatcher::Event;
use wg_dispatch::recover::{self, Repair, Step};

use super::ends::{EndResult, Owner};
use super::oracle::seen_in;
use super::speech::PAID;
use super::world::{HOST, Subject, World};

/// Tasks that a run's graph has at most.
pub(super) const TASKS: usize = 9;
const PEOPLE: [&str; 2] = ["ann", "bob"];

/// A command that has committed and has ends to carry out.
#[derive(Debug)]
pub(super) struct Running {
    actor: Actor,
    /// Ends that are not done.
    open: usize,
    /// Ends that are done and not recorded.
    done: Vec<(Attempt, EndResult)>,
    /// It has the dispatcher's lock.
    locks: bool,
}

impl World {
    /// Somebody does something.
    pub(super) fn person_acts(&mut self) {
        if self.mood.paid > 0 && self.random.per_mille(if self.mood.gentle { 800 } else { 500 }) {
            return self.person_is_friendly();
        }
        let about_chats = match self.chats.subject {
            Subject::Tasks => false,
            Subject::Chats => true,
            Subject::Both => self.random.per_mille(500),
        };
        let command = if about_chats { self.some_chat_command() } else { self.some_command() };
        let Some(command) = command else { return };
        let actor = Actor::User(PEOPLE[self.random.below(PEOPLE.len())].into());
        self.command(&actor, command);
    }

    /// One command from its commit on.
    pub(super) fn command(&mut self, actor: &Actor, command: Command) {
        let Some(attempts) = self.submit(actor, command) else { return };
        // It is told with a poke, unless it dies before.
        if self.random.per_mille(500) {
            self.tell(Event::Poked);
        }
        // A chat's agent leaves its own end to the dispatcher; those of others its shim carries out for it.
        let (own, actor) = match actor {
            Actor::Agent(own) => (Some(*own), Actor::Dispatcher(HOST.into())),
            other => (None, other.clone()),
        };
        let asked =
            |attempt: &Attempt| attempt.is_live() && attempt.stop.is_some() && Some(attempt.reference) != own;
        let to_end: Vec<Attempt> = attempts
            .iter()
            .filter_map(|reference| self.oracle.attempt(*reference).filter(|a| asked(a)).cloned())
            .collect();
        if to_end.is_empty() || self.random.per_mille(self.faults.command_dies * 8) {
            return;
        }
        let id = self.number();
        self.commands.insert(id, Running { actor, open: to_end.len(), done: Vec::new(), locks: false });
        for attempt in to_end {
            self.begin_end(Owner::Command(id), attempt);
        }
    }

    /// `wg doctor --fix`, which holds the dispatcher's lock while it works.
    pub(super) fn doctor(&mut self) {
        let actor = Actor::User("ann".into());
        let repairs = recover::plan(&self.findings());
        self.trace.note(|| format!("doctor finds {} things", repairs.len()));
        let id = self.number();
        let mut running = Running { actor, open: 0, done: Vec::new(), locks: true };
        for Repair { attempt, step } in repairs {
            match step {
                Step::Adopt(_) | Step::Unknown { .. } => continue,
                Step::Record(exit) => running.done.push((attempt, Ok(Some(exit)))),
                Step::End { .. } | Step::Launch => self.begin_end(Owner::Command(id), attempt),
            }
            running.open += 1;
        }
        if running.open > 0 {
            self.commands.insert(id, running);
        }
    }

    /// Whether somebody else has the dispatcher's lock.
    pub(super) fn doctor_works(&self) -> bool {
        self.commands.values().any(|command| command.locks)
    }

    pub(super) fn busy_commands(&self) -> Vec<u64> {
        self.commands.iter().filter(|(_, c)| !c.done.is_empty()).map(|(id, _)| *id).collect()
    }

    /// A command records an end that it has carried out.
    pub(super) fn command_acts(&mut self, id: u64) {
        let Some(running) = self.commands.get_mut(&id) else { return };
        let Some((attempt, result)) = running.done.pop() else { return };
        running.open -= 1;
        let actor = running.actor.clone();
        if running.open == 0 {
            self.commands.remove(&id);
        }
        // What can't be told is said and left alone.
        let Ok(exit) = result else { return };
        self.take_in_last_words(&actor, &attempt);
        let (seen, at) = match &exit {
            Some(exit) => (seen_in(&attempt, exit), exit.ended_at),
            None => (Outcome::Lost { reason: "it left no exit record".into() }, self.wall),
        };
        let ended = Ended {
            attempt: attempt.reference,
            fence: attempt.fence,
            seen,
            at,
            jitter: 0,
            first_pause: self.config.first_pause,
            max_attempts: self.config.max_attempts,
            configuration: 0,
        };
        self.submit(&actor, Command::AttemptEnded(ended));
    }

    pub(super) fn command_dies(&mut self) {
        let ids: Vec<u64> = self.commands.keys().copied().collect();
        if let Some(id) = self.random.pick(&ids).copied() {
            self.trace.note(|| format!("command {id} dies"));
            self.commands.remove(&id);
            self.forget_ends(Owner::Command(id));
        }
    }

    pub(super) fn end_done(&mut self, owner: Owner, attempt: &Attempt, result: EndResult) {
        match owner {
            Owner::Dispatcher => self.end_of_daemons(attempt, result),
            Owner::Command(id) => {
                if let Some(running) = self.commands.get_mut(&id) {
                    running.done.push((attempt.clone(), result));
                }
            }
        }
    }

    pub(super) fn some_task(&mut self) -> Option<TaskId> {
        let ids = self.oracle.task_ids();
        self.random.pick(&ids).cloned()
    }

    /// Somebody helps agents at work to have something to do, and something to hear.
    fn person_is_friendly(&mut self) {
        let command = match self.random.weighted(&[4, 30, 20, 15, 8]) {
            0 => return self.change_budget(),
            1 => return self.somebody_says_something(),
            2 if self.oracle.tasks() < TASKS => Some(self.some_new_task()),
            2 | 3 => self.some_task().map(|task| Command::Reopen { tasks: vec![task] }),
            _ => self.some_task().map(|task| Command::Resume { tasks: vec![task] }),
        };
        if let Some(command) = command {
            self.command(&Actor::User("ann".into()), command);
        }
    }

    /// A message to a task, most to one that is worked on; none is like another.
    fn somebody_says_something(&mut self) {
        let at_work =
            self.some_attempt().and_then(|attempt| Some(self.oracle.attempt(attempt)?.task.clone()));
        let task = at_work.filter(|task| ChatNumber::of_task(task).is_none());
        if let Some(task) = task.or_else(|| self.some_task()) {
            let command = self.some_message(task);
            self.command(&Actor::User("bob".into()), command);
        }
    }

    fn some_message(&mut self, task: TaskId) -> Command {
        Command::PostMessage { task, body: format!("note {};", self.number()) }
    }

    fn some_command(&mut self) -> Option<Command> {
        if self.oracle.tasks() < 2 {
            return Some(self.some_new_task());
        }
        let task = self.some_task()?;
        let tasks = vec![task.clone()];
        // Work that is talked with takes longer: it is to get on now and then.
        let kill = if self.mood.paid > 0 { 4 } else { 14 };
        Some(match self.random.weighted(&[20, 5, 3, 6, 6, 12, 10, 3, 5, 2, 3, kill, 10, 6, 2, 2, 4, 2, 3]) {
            0 if self.oracle.tasks() < TASKS => self.some_new_task(),
            0 | 1 => Command::Done { tasks, summary: None },
            2 => Command::Fail { tasks, reason: "no".into() },
            3 => Command::Abandon { tasks, reason: None },
            4 => Command::Pause { tasks },
            5 => Command::Resume { tasks },
            6 => Command::Retry { tasks },
            7 => Command::Reopen { tasks },
            8 => Command::Wait { task, on: self.some_wait()? },
            9 => Command::Claim { task },
            10 => Command::Unclaim { task },
            11 => Command::Kill { attempts: vec![self.some_attempt()?], why: "enough".into() },
            12 => Command::Edit { tasks, patch: Box::new(self.some_edge()?) },
            13 => Command::Undo { operation: self.some_operation() },
            14 => Command::PauseDispatch,
            15 => Command::ResumeDispatch,
            16 => self.some_message(task),
            17 => Command::ResumeAdapter { adapter: PAID[self.random.below(PAID.len())].into() },
            _ => {
                let priority = Some(Priority(u8::try_from(self.random.below(101)).ok()?));
                Command::Edit { tasks, patch: Box::new(Patch { priority, ..Patch::default() }) }
            }
        })
    }

    fn some_new_task(&mut self) -> Command {
        let mut after = BTreeSet::new();
        for _ in 0..self.random.below(3) {
            after.extend(self.some_task());
        }
        let mut run = RunSpec::default();
        if self.random.per_mille(self.mood.paid) {
            let adapter = PAID[self.random.weighted(&[6, 4])];
            run.adapter = self.random.per_mille(700).then(|| adapter.to_owned());
        } else if self.random.per_mille(900) {
            run.exec = Some("work".into());
        }
        if self.random.per_mille(250) {
            run.timeout = Some(Duration::from_secs(self.random.between(1, 60)));
        }
        if self.random.per_mille(300) {
            run.max_attempts = u32::try_from(self.random.between(1, 9)).ok();
        }
        let not_before = self.random.per_mille(100).then(|| self.wall.plus(Duration::from_secs(20)));
        let title = format!("task {}", self.random.below(1_000));
        Command::Add(Box::new(NewTask { title, after, run, not_before, ..NewTask::default() }))
    }

    fn some_wait(&mut self) -> Option<Wait> {
        Some(match self.random.below(4) {
            0 => Wait::Task(self.some_task()?),
            1 => Wait::Message,
            _ => Wait::Until(self.wall.plus(Duration::from_secs(self.random.between(1, 100)))),
        })
    }

    fn some_attempt(&mut self) -> Option<AttemptRef> {
        let live = self.oracle.live_attempts();
        self.random.pick(&live).copied()
    }

    fn some_edge(&mut self) -> Option<Patch> {
        let other = self.some_task()?;
        let mut after = SetPatch::default();
        if self.random.per_mille(600) {
            after.add.insert(other);
        } else {
            after.remove.insert(other);
        }
        Some(Patch { after, ..Patch::default() })
    }

    pub(super) fn some_operation(&mut self) -> Option<OpSeq> {
        let last = self.oracle.last_operation();
        let back = self.random.between(0, 8);
        (self.random.per_mille(500) && last.0 > back).then(|| OpSeq(last.0 - back))
    }

    /// At the end of a run: whatever a person alone can let go on goes on.
    pub(super) fn people_let_go(&mut self) {
        let actor = Actor::User("ann".into());
        self.command(&actor, Command::ResumeDispatch);
        if self.mood.paid > 0 && self.random.per_mille(400) {
            self.change_budget();
        }
        for adapter in ["shell"].into_iter().chain(PAID) {
            self.command(&actor, Command::ResumeAdapter { adapter: adapter.into() });
        }
        self.consumers_let_go();
        for id in self.oracle.task_ids() {
            let Some(task) = self.oracle.task(&id) else { continue };
            let (paused, held) = (task.paused, task.state.clone());
            if paused && !task.state.is_final() && self.random.per_mille(700) {
                self.command(&actor, Command::Resume { tasks: vec![id.clone()] });
            }
            if matches!(held, TaskState::InProgress { .. }) {
                self.command(&actor, Command::Unclaim { task: id });
            }
        }
    }
}
