//! What must hold after every move and at rest: the invariants of `wg_core` and of the architecture, judged
//! by the operations of the graph and by what truly happened on the simulated host, never by what the
//! program under test believes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wg_agents::{ProcessEnd, Registry};
use wg_core::attempt::{Attempt, AttemptKind, ExitStatus, Outcome, Report};
use wg_core::budget::PER_TASK;
use wg_core::chat::Chat;
use wg_core::command::Command;
use wg_core::control::Control;
use wg_core::effect::{EffectKind, EffectState};
use wg_core::id::{AttemptRef, Fence, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record, RecordKey};
use wg_core::port::{Read, StoreError};
use wg_core::task::{Task, TaskKind, TaskState};
use wg_core::time::Timestamp;
use wg_dispatch::files::{EndedBy, ExitRecord, Run};

use super::chat_oracle::{Around, ChatOracle};
use super::host::Host;
use super::work_oracle::{Before, WorkOracle};

/// What is known to be true.
#[derive(Default)]
pub(super) struct Oracle {
    seen: OpSeq,
    tasks: BTreeMap<TaskId, Task>,
    attempts: BTreeMap<AttemptRef, Attempt>,
    control: Control,
    fences: BTreeMap<TaskId, Fence>,
    /// Starts of each task, by the clock that was shown.
    starts: BTreeMap<TaskId, Vec<Timestamp>>,
    settled: BTreeSet<(AttemptRef, EffectKind)>,
    executed: HashMap<Run, u32>,
    /// How first processes truly ended.
    left: BTreeMap<AttemptRef, ExitStatus>,
    shims: BTreeMap<AttemptRef, u32>,
    dispatchers: u32,
    /// What is known of chats.
    pub(super) chats: ChatOracle,
    /// What is known of work that is understood.
    pub(super) work: WorkOracle,
    /// Every attempt has a timeout.
    pub(super) all_time_out: bool,
    /// The clock was set in this run.
    pub(super) clock_was_set: bool,
    broken: Option<String>,
    new_ends: Vec<AttemptRef>,
}

impl Oracle {
    /// The first thing that was wrong.
    pub(super) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    pub(super) fn fail(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub(super) fn attempt(&self, reference: AttemptRef) -> Option<&Attempt> {
        self.attempts.get(&reference)
    }
    pub(super) fn control(&self) -> &Control {
        &self.control
    }
    pub(super) fn task(&self, id: &TaskId) -> Option<&Task> {
        self.tasks.get(id)
    }
    pub(super) fn tasks(&self) -> usize {
        self.tasks.values().filter(|task| task.kind == TaskKind::Work).count()
    }
    pub(super) fn task_ids(&self) -> Vec<TaskId> {
        self.tasks.keys().cloned().collect()
    }
    pub(super) fn live_attempts(&self) -> Vec<AttemptRef> {
        self.attempts.values().filter(|attempt| attempt.is_live()).map(|attempt| attempt.reference).collect()
    }
    pub(super) fn last_operation(&self) -> OpSeq {
        self.seen
    }
    pub(super) fn attempts_made(&self) -> usize {
        self.attempts.len()
    }

    pub(super) fn dispatcher_started(&mut self) {
        self.dispatchers += 1;
    }

    pub(super) fn shim_started(&mut self, attempt: AttemptRef) {
        *self.shims.entry(attempt).or_default() += 1;
    }

    /// An agent is executed by a shim that found `barred` when it looked.
    pub(super) fn executed(&mut self, run: Run, barred: Option<&str>) {
        let times = self.executed.entry(run).or_default();
        *times += 1;
        let times = *times;
        if times > 1 {
            self.fail(format!("the agent of {} was executed {times} times under one fence", run.attempt));
        }
        if let Some(why) = barred {
            self.fail(format!("the agent of {} was executed although {why}", run.attempt));
        }
    }

    pub(super) fn agent_left(&mut self, run: Run, status: ExitStatus) {
        self.left.insert(run.attempt, status);
    }

    /// Takes in the operations since the last time.
    pub(super) fn follow(&mut self, read: &mut dyn Read, by_dispatcher: bool) -> Result<(), StoreError> {
        if read.last_operation()? == self.seen {
            return Ok(());
        }
        for operation in read.operations_since(self.seen, usize::MAX)? {
            if operation.seq.0 != self.seen.0 + 1 {
                self.fail(format!("after operation {} came {}", self.seen, operation.seq));
            }
            self.seen = operation.seq;
            let changes = read.changes_of(operation.seq)?;
            if let Command::StartAttempt(start) = &operation.command {
                self.judge_start(&operation, &start.task, &changes);
            }
            let chats: Vec<Chat> = changes
                .iter()
                .filter_map(|change| match &change.after {
                    Some(Record::Chat(chat)) => Some(Chat::clone(chat)),
                    _ => None,
                })
                .collect();
            let Self { attempts, tasks, control, clock_was_set, .. } = self;
            self.work.judge(&operation, &changes, &Before { attempts, tasks, control, by_dispatcher });
            let around = Around { attempts, control, clock_was_set: *clock_was_set };
            self.chats.judge(&operation, &chats, &around);
            if let Some(what) = self.chats.broken().or_else(|| self.work.broken()) {
                self.fail(what);
            }
            for change in changes {
                self.take(&operation, change);
            }
            self.one_live_attempt_each(&operation);
        }
        for reference in self.attempts.keys() {
            for kind in [EffectKind::Launch, EffectKind::Kill] {
                let settled = read.effect(*reference, kind)?.map(|row| row.state == EffectState::Settled);
                match settled {
                    Some(true) => drop(self.settled.insert((*reference, kind))),
                    Some(false) | None if self.settled.contains(&(*reference, kind)) => {
                        self.broken
                            .get_or_insert(format!("effect {kind:?} of {reference} was settled and is not"));
                    }
                    Some(false) | None => {}
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, operation: &Operation, change: Change) {
        match (change.key, change.before, change.after) {
            (RecordKey::Task(id), _, Some(Record::Task(after))) => {
                let highest = self.fences.entry(id.clone()).or_default();
                if after.history.fence < *highest {
                    let text = format!(
                        "operation {} ({}) set the fence of {id} back from {highest} to {}",
                        operation.seq,
                        operation.command.verb(),
                        after.history.fence
                    );
                    self.fail(text);
                } else {
                    *highest = after.history.fence;
                }
                self.tasks.insert(id, *after);
            }
            (RecordKey::Task(id), _, None) => drop(self.tasks.remove(&id)),
            (RecordKey::Attempt(reference), _, Some(Record::Attempt(after))) => {
                let before = self.attempts.insert(reference, Attempt::clone(&after));
                match before {
                    Some(before) if !before.is_live() && before != *after => {
                        self.fail(format!("{reference} was over and was changed by {}", operation.seq));
                    }
                    Some(before) if before.is_live() && !after.is_live() => self.new_ends.push(reference),
                    _ => {}
                }
            }
            (RecordKey::Attempt(reference), ..) => {
                self.fail(format!("operation {} took {reference} away", operation.seq));
            }
            (RecordKey::Control, _, Some(Record::Control(after))) => self.control = after,
            (RecordKey::Chat(_), _, Some(Record::Chat(_))) => {}
            (key, ..) => self.fail(format!("operation {} wrote {key:?} as something else", operation.seq)),
        }
    }

    fn one_live_attempt_each(&mut self, operation: &Operation) {
        let mut tasks = BTreeSet::new();
        for attempt in self.attempts.values().filter(|attempt| attempt.is_live()) {
            if !tasks.insert(&attempt.task) {
                let text =
                    format!("{} has two live attempts after operation {}", attempt.task, operation.seq);
                self.broken.get_or_insert(text);
            }
        }
    }

    /// Whether a task might start, by its records as they were just before.
    fn judge_start(&mut self, operation: &Operation, id: &TaskId, changes: &[Change]) {
        let made = changes.iter().any(|change| matches!(change.key, RecordKey::Attempt(_)));
        let Some(task) = self.tasks.get(id).filter(|_| made) else { return };
        let undone = task.after.iter().find(|dependency| {
            self.tasks.get(dependency).is_none_or(|dependency| dependency.state != TaskState::Done)
        });
        let why = if task.state != TaskState::Open {
            Some(format!("it was {}", task.state.name()))
        } else if task.paused {
            Some("it was paused".to_owned())
        } else if task.times.not_before.is_some_and(|until| operation.at < until) {
            Some("its time had not come".to_owned())
        } else if self.control.paused.is_some() {
            Some("dispatching was paused".to_owned())
        } else {
            undone.map(|dependency| format!("{dependency} was not done"))
        };
        if let Some(why) = why {
            self.fail(format!("operation {} started {id} although {why}", operation.seq));
        }
        let starts = self.starts.entry(id.clone()).or_default();
        starts.push(operation.at);
        // From any start on: the burst, and one more for each interval that has passed.
        let too_many = starts.iter().rev().zip(1..).any(|(first, count): (&Timestamp, u128)| {
            let passed = operation.at.since(*first).as_nanos() / PER_TASK.every.as_nanos();
            count > u128::from(PER_TASK.burst) + passed
        });
        if too_many && !self.clock_was_set {
            self.fail(format!("operation {} started {id} more often than its bucket allows", operation.seq));
        }
    }

    /// Judges the host as it is after a move.
    pub(super) fn judge(&mut self, host: &Host) {
        if let Some(what) = self.chats.broken().or_else(|| self.work.broken()) {
            self.fail(what);
        }
        for reference in std::mem::take(&mut self.new_ends) {
            if let Some(why) = self.untrue(reference, host) {
                let outcome = self.attempts.get(&reference).and_then(|attempt| attempt.outcome().cloned());
                self.fail(format!("{reference} is recorded as {outcome:?}, but {why}"));
            }
        }
        let mut busy: BTreeMap<&TaskId, AttemptRef> = BTreeMap::new();
        for (pid, process) in &host.processes {
            let Some(run) = process.run else { continue };
            let Some(attempt) = self.attempts.get(&run.attempt) else {
                self.broken.get_or_insert(format!("process {pid} carries the mark of no attempt"));
                return;
            };
            if !attempt.is_live() {
                let text = format!("process {pid} of {} lives, and the attempt is over", run.attempt);
                self.broken.get_or_insert(text);
            }
            let other = busy.insert(&attempt.task, run.attempt).filter(|other| *other != run.attempt);
            if let Some(other) = other {
                let text = format!("{} has processes of {other} and {}", attempt.task, run.attempt);
                self.broken.get_or_insert(text);
            }
        }
        let most = 3 * (self.dispatchers + 1);
        if let Some((attempt, times)) = self.shims.iter().find(|(_, times)| **times > most) {
            self.broken.get_or_insert(format!("{times} shims were started for {attempt}"));
        }
    }

    /// Why the recorded end of an attempt is not how it was.
    fn untrue(&self, reference: AttemptRef, host: &Host) -> Option<String> {
        let attempt = self.attempts.get(&reference)?;
        let run = Run::from(attempt);
        let record = host.folders.get(&reference).and_then(|folder| folder.exit.as_ref());
        let record = record.filter(|record| record.run == run);
        let ran = self.executed.contains_key(&run);
        let left = self.left.get(&reference);
        match attempt.outcome()? {
            Outcome::Done { .. } if matches!(attempt.report, Some(Report::Done(_))) => None,
            Outcome::Failed { .. } if matches!(attempt.report, Some(Report::Failed(_))) => None,
            Outcome::Waiting { .. } if matches!(attempt.report, Some(Report::Waiting(_))) => None,
            Outcome::Cancelled { .. } | Outcome::Budget { .. } if attempt.stop.is_some() => None,
            // A handler was let go by its shim.
            Outcome::Cancelled { .. }
                if record.is_some_and(|r| matches!(r.ended_by, EndedBy::Stop | EndedBy::Alone)) =>
            {
                (attempt.kind != AttemptKind::Handler).then(|| "nobody asked for its end".to_owned())
            }
            Outcome::Configuration { .. } if !ran => None,
            Outcome::Cancelled { .. } => ran.then(|| "nobody asked for its end".to_owned()),
            Outcome::Lost { .. } => record
                .filter(|record| record.tree_gone && !record.never_ran())
                .map(|record| format!("its exit record says {:?}", record.ended_by)),
            _ if record.is_none() => Some("there is no exit record".to_owned()),
            Outcome::Done { .. } if left != Some(&ExitStatus::Code(0)) => {
                Some(format!("it left with {left:?}"))
            }
            Outcome::ExitedBadly { status } if left != Some(status) => Some(format!("it left with {left:?}")),
            Outcome::TimedOut if attempt.timeout.is_none() && !self.all_time_out => {
                Some("it had no timeout".to_owned())
            }
            Outcome::Done { .. }
            | Outcome::ExitedBadly { .. }
            | Outcome::TimedOut
            | Outcome::Failed { .. }
            | Outcome::Waiting { .. }
            | Outcome::NoWork
            | Outcome::RateLimited { .. }
            | Outcome::Configuration { .. }
            | Outcome::Outage { .. }
            | Outcome::TaskBudget { .. }
            | Outcome::Budget { .. } => None,
        }
    }
}

/// The verdict on an exit record, as a command that ends attempts makes it.
pub(super) fn seen_in(attempt: &Attempt, exit: &ExitRecord) -> Outcome {
    let handler = attempt.kind == AttemptKind::Handler;
    let registry = Registry::default();
    if exit.ended_by == EndedBy::Lingered && !exit.reported {
        return Outcome::NoWork;
    }
    let end = match (&exit.ended_by, exit.status) {
        (EndedBy::Stop | EndedBy::Alone, _) if handler => {
            return Outcome::Cancelled { reason: "it was let go".into() };
        }
        (EndedBy::Refused { why }, _) => {
            return Outcome::Lost { reason: format!("it was never started: {why}") };
        }
        (EndedBy::Unconfined { why }, _) => return Outcome::Configuration { reason: why.clone() },
        (EndedBy::Deadline, _) => ProcessEnd::Deadline,
        (EndedBy::SpawnFailed { text, .. }, _) => {
            ProcessEnd::NotExecuted { program: attempt.adapter.clone(), reason: text.clone() }
        }
        (EndedBy::Process | EndedBy::Stop | EndedBy::Lingered | EndedBy::Alone, Some(status)) => {
            ProcessEnd::Left(status)
        }
        (EndedBy::Process | EndedBy::Stop | EndedBy::Lingered | EndedBy::Alone, None) => {
            return Outcome::Lost { reason: "its exit record does not say how it left".into() };
        }
    };
    let adapter = registry.get(&attempt.adapter).expect("it was executed");
    adapter.classify(&end)
}
