//! What must hold of agents at work whose output is understood, and of what agents use: judged by what agents
//! truly said and read, and by what operations wrote.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wg_core::attempt::{Attempt, AttemptKind, Outcome, Report};
use wg_core::chat::Chat;
use wg_core::command::{ChatCommand, Command, DayBudget};
use wg_core::control::{Control, Day};
use wg_core::id::{AttemptRef, OpSeq, TaskId};
use wg_core::operation::{Change, Operation, Record};
use wg_core::task::{Task, TaskState, Wait};
use wg_core::time::Timestamp;
use wg_core::usage::{Cap, Usage};

use super::meter::{Meter, Trouble};
use super::speech::{Speech, is_paid};

/// What is known to be true of work that is understood, and of what agents use.
#[derive(Default)]
pub(super) struct WorkOracle {
    meters: BTreeMap<AttemptRef, Meter>,
    /// What agents reported, as it was committed.
    reports: BTreeMap<AttemptRef, Report>,
    /// What was said to tasks, and what of it the prompt of an attempt has to say.
    notes: BTreeMap<TaskId, Vec<u64>>,
    due: BTreeMap<AttemptRef, Vec<u64>>,
    /// What agents read of it.
    read: BTreeMap<AttemptRef, BTreeSet<u64>>,
    /// What was counted of handlers of chats.
    counted: BTreeMap<AttemptRef, u64>,
    /// Transactions: the last operation before each.
    pub(super) began: VecDeque<OpSeq>,
    /// What was stopped, and used, when the one at hand began: what it was decided by.
    looked: Control,
    /// The budgets that the dispatcher knows.
    pub(super) cap: Cap,
    pub(super) day: Cap,
    /// What happened, so that a run can be seen not to be an idle one.
    pub(super) tally: Tally,
    broken: Option<String>,
}

/// What happened of all this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tokens that were taken in.
    pub tokens: u64,
    /// Messages that agents read in the middle of their work.
    pub told: usize,
    /// Attempts that their own budget ended.
    pub capped: usize,
    /// Attempts that the day's budget ended.
    pub ended_by_day: usize,
}

impl Tally {
    /// Takes another's in.
    pub fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.told += other.told;
        self.capped += other.capped;
        self.ended_by_day += other.ended_by_day;
    }
}

/// What an operation is judged with: records as they were before it.
pub(super) struct Before<'a> {
    pub(super) attempts: &'a BTreeMap<AttemptRef, Attempt>,
    pub(super) tasks: &'a BTreeMap<TaskId, Task>,
    pub(super) control: &'a Control,
    /// The dispatcher did it.
    pub(super) by_dispatcher: bool,
}

/// All of its tokens, as budgets count them.
pub(super) fn tokens(usage: &Usage) -> u64 {
    usage.total_input() + usage.output
}

/// What counts for the budget of this day.
fn used_today(control: &Control, now: Timestamp) -> Usage {
    control.today(now).of(is_paid)
}

/// Everything that is counted for this day.
fn counted_today(control: &Control, now: Timestamp) -> Usage {
    control.today(now).of(|_| true)
}

impl WorkOracle {
    pub(super) fn broken(&mut self) -> Option<String> {
        self.broken.take()
    }

    fn fail(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    /// An agent is about to say something; gives what its turn has used in all.
    pub(super) fn says(&mut self, agent: AttemptRef, speech: &Speech) -> u64 {
        self.meters.entry(agent).or_default().says(speech)
    }

    /// It has, in so many bytes.
    pub(super) fn said(&mut self, agent: AttemptRef, bytes: usize) {
        self.meters.entry(agent).or_default().said(bytes as u64);
    }

    /// So much of what it said is in its file.
    pub(super) fn written_down(&mut self, agent: AttemptRef, bytes: usize) {
        self.meters.entry(agent).or_default().on_disk = bytes as u64;
    }

    /// Somebody begins to listen to it, and knows nothing of what it said before.
    pub(super) fn opened(&mut self, agent: AttemptRef) {
        self.meters.entry(agent).or_default().opened += 1;
    }

    /// An agent reported, and it was committed.
    pub(super) fn reported(&mut self, agent: AttemptRef, report: Report) {
        self.reports.insert(agent, report);
    }

    /// An agent at work read something: its prompt is the first.
    pub(super) fn read(&mut self, agent: AttemptRef, number: u64, text: &str) {
        let notes: Vec<u64> = text.split("note ").skip(1).filter_map(number_at_start).collect();
        if number == 1 {
            let due = self.due.get(&agent).cloned().unwrap_or_default();
            if let Some(lost) = due.iter().find(|note| !notes.contains(note)) {
                self.fail(format!("the prompt of {agent} does not say note {lost}"));
            }
        } else {
            self.tally.told += 1;
        }
        let read = self.read.entry(agent).or_default();
        let again = notes.into_iter().find(|note| !read.insert(*note));
        if let Some(note) = again {
            self.fail(format!("{agent} was told note {note} twice"));
        }
    }

    /// Judges an operation, before its changes are taken in.
    pub(super) fn judge(&mut self, operation: &Operation, changes: &[Change], before: &Before<'_>) {
        while self.began.front().is_some_and(|began| *began < operation.seq) {
            self.began.pop_front();
            self.looked = before.control.clone();
        }
        let attempts = || {
            changes.iter().filter_map(|change| match &change.after {
                Some(Record::Attempt(after)) => Some(after),
                _ => None,
            })
        };
        match &operation.command {
            Command::PostMessage { task, body } if before.tasks.contains_key(task) => {
                let note = body.strip_prefix("note ").and_then(number_at_start);
                self.notes.entry(task.clone()).or_default().extend(note);
            }
            Command::StartAttempt(_) => {
                for made in attempts() {
                    let due = self.notes.get(&made.task).cloned().unwrap_or_default();
                    self.due.insert(made.reference, due);
                    self.judge_start(operation, made);
                }
            }
            Command::Chat(ChatCommand::Start(_)) => {
                attempts().for_each(|made| self.judge_start(operation, made));
            }
            Command::Chat(ChatCommand::Deliver { handler, .. }) => {
                let given = before.attempts.get(handler);
                given.into_iter().for_each(|handler| self.judge_start(operation, handler));
            }
            Command::DayBudget(budget) => {
                self.judge_day(operation, budget);
                for after in attempts().filter(|after| !is_paid(&after.adapter)) {
                    self.fail(format!("the day's budget ends {}, which costs nothing", after.reference));
                }
            }
            _ => {}
        }
        for after in attempts() {
            let known = before.attempts.get(&after.reference);
            if let Some(known) = known.filter(|known| known.is_live() && known.kind == AttemptKind::Work) {
                self.judge_heard(operation, known, after);
                if !after.is_live() {
                    self.judge_end(operation, after, changes, before);
                }
            }
        }
        self.judge_counted(operation, changes, before);
    }

    /// Nothing that costs money starts once the budget of the day was seen to be met: no agent, and no turn of one.
    fn judge_start(&mut self, operation: &Operation, agent: &Attempt) {
        let met = self.day.reached(&used_today(&self.looked, operation.at));
        if let Some(met) = met.filter(|_| is_paid(&agent.adapter)) {
            let (seq, verb, agent) = (operation.seq, operation.command.verb(), agent.reference);
            self.fail(format!("operation {seq} ({verb}) starts {agent} although of the day's budget {met}"));
        }
    }

    fn judge_day(&mut self, operation: &Operation, budget: &DayBudget) {
        let used = used_today(&self.looked, operation.at);
        let met = self.day.reached(&used);
        let wrong = match budget {
            DayBudget::Raised => met.is_some(),
            // Nobody asks doctor here.
            DayBudget::CountedAnew => true,
            DayBudget::UsedUp { until, adapters, .. } => {
                met.is_none()
                    || *until != Day::of(operation.at).end()
                    || adapters.iter().any(|name| name == "shell")
            }
        };
        if wrong {
            self.fail(format!(
                "operation {} says {budget:?}, and on this day {used} are used",
                operation.seq
            ));
        }
    }

    /// What an agent at work said is taken in as it was said.
    fn judge_heard(&mut self, operation: &Operation, known: &Attempt, after: &Attempt) {
        let (seq, agent) = (operation.seq, after.reference);
        let (had, has) = (tokens(&known.progress.usage()), tokens(&after.progress.usage()));
        let heard = matches!(operation.command, Command::AttemptHeard(_));
        if had != has && (!heard || has < had) {
            self.fail(format!("operation {seq} made the usage of {agent} {has}, which was {had}"));
        }
        let Command::AttemptHeard(heard) = &operation.command else { return };
        if !is_paid(&after.adapter) {
            return;
        }
        let meter = self.meters.entry(agent).or_default();
        let (true_, exact) = meter.at(heard.parsed.max(after.progress.parsed));
        if has > true_ || (exact && has < true_) {
            self.fail(format!("operation {seq} made the usage of {agent} {has}, and it told {true_}"));
        }
        let stops = after.stop.is_some() || after.progress.over || after.report.is_some();
        if let Some(met) = self.cap.reached(&after.progress.usage()).filter(|_| !stops) {
            self.fail(format!("operation {seq}: {agent} goes on, and of its budget {met}"));
        }
    }

    /// How an attempt ended, and what that means for its task.
    fn judge_end(&mut self, operation: &Operation, after: &Attempt, changes: &[Change], before: &Before<'_>) {
        let (seq, agent) = (operation.seq, after.reference);
        let Some(outcome) = after.outcome() else { return };
        let words = after.progress.words.as_ref();
        let kept = match (self.reports.get(&agent), outcome) {
            (None, _) => after.report.is_none(),
            (Some(Report::Done(said)), Outcome::Done { summary }) => {
                summary.as_ref() == said.as_ref().or(words)
            }
            (Some(Report::Failed(said)), Outcome::Failed { reason }) => said == reason,
            (Some(Report::Waiting(said)), Outcome::Waiting { on }) => said == on,
            (Some(_), _) => false,
        };
        if !kept {
            let report = self.reports.get(&agent);
            self.fail(format!("{agent} reported {report:?}, and operation {seq} ends it as {outcome:?}"));
        }
        let listened = before.by_dispatcher || after.stop.is_none();
        if is_paid(&after.adapter) && listened {
            let meter = self.meters.entry(agent).or_default();
            let place = meter.on_disk.max(after.progress.parsed);
            let ((true_, exact), trouble) = (meter.at(place), meter.trouble_at(place));
            let has = tokens(&after.progress.usage());
            if exact && has != true_ {
                self.fail(format!("{agent} ended: it told a usage of {true_}, and {has} is known"));
            }
            let fits = match outcome {
                Outcome::RateLimited { .. } => trouble == Some(Trouble::Limited),
                Outcome::Outage { .. } => trouble == Some(Trouble::Away),
                Outcome::ExitedBadly { .. } | Outcome::NoWork => trouble.is_none(),
                _ => true,
            };
            if !fits {
                self.fail(format!("{agent} ended: {outcome}, and what kept it from working was {trouble:?}"));
            }
        }
        let known = before.tasks.get(&after.task).filter(|task| task.live_attempt() == Some(agent));
        let Some(known) = known.filter(|task| task.history.fence == after.fence) else { return };
        let task = changes.iter().find_map(|change| match &change.after {
            Some(Record::Task(task)) if task.id == after.task => Some(task),
            _ => None,
        });
        let Some(task) = task else { return };
        let fits = match outcome {
            Outcome::Budget { until: None, .. } => {
                self.tally.capped += 1;
                matches!(task.state, TaskState::Waiting { on: Wait::Person(_) })
            }
            Outcome::Budget { .. } => {
                self.tally.ended_by_day += 1;
                task.state == TaskState::Open
            }
            Outcome::RateLimited { .. } | Outcome::Outage { .. } | Outcome::Configuration { .. } => {
                task.state == TaskState::Open
            }
            _ => true,
        };
        let may_count = matches!(outcome, Outcome::ExitedBadly { .. } | Outcome::NoWork | Outcome::TimedOut);
        if !fits || (task.history.spent > known.history.spent && !may_count) {
            let (state, spent) = (&task.state, task.history.spent);
            self.fail(format!("{agent} ended: {outcome}, and its task is {state:?} with {spent} spent"));
        }
    }

    /// What is counted for the day is what was taken in, no more and no less.
    fn judge_counted(&mut self, operation: &Operation, changes: &[Change], before: &Before<'_>) {
        let mut taken = 0;
        let mut control = before.control;
        let mut chat = None;
        for change in changes {
            match (&change.before, &change.after) {
                (before, Some(Record::Attempt(after))) if after.kind == AttemptKind::Work => {
                    let had = match before {
                        Some(Record::Attempt(before)) => tokens(&before.progress.usage()),
                        _ => 0,
                    };
                    taken += tokens(&after.progress.usage()).saturating_sub(had);
                }
                (Some(Record::Chat(had)), Some(Record::Chat(has))) => chat = Some((had, has)),
                (_, Some(Record::Control(after))) => control = after,
                _ => {}
            }
        }
        let at = operation.at;
        let (had, has) = (tokens(&counted_today(before.control, at)), tokens(&counted_today(control, at)));
        let more = has.saturating_sub(had);
        self.tally.tokens += more;
        let wrong = match (&operation.command, chat) {
            (Command::Chat(ChatCommand::Heard(heard)), Some((known, after))) => {
                self.judge_chat(heard.handler, known, after, more)
            }
            _ => had + taken != has,
        };
        if wrong || has < had {
            let (seq, verb) = (operation.seq, operation.command.verb());
            self.fail(format!(
                "operation {seq} ({verb}) takes a usage of {taken} in, and the day's goes from {had} to {has}"
            ));
        }
    }

    /// Of a chat's turn all is counted that its handler told, and of no handler ever more.
    fn judge_chat(&mut self, handler: AttemptRef, known: &Chat, after: &Chat, more: u64) -> bool {
        if !is_paid(&known.run.adapter) || after.parsed <= known.parsed {
            return more > 0;
        }
        let counted = self.counted.entry(handler).or_default();
        *counted += more;
        let meter = self.meters.entry(handler).or_default();
        let ((had, _), (has, _)) = (meter.at(known.parsed), meter.at(after.parsed));
        let whole = meter.opened < 2 && known.turn().is_some() && after.handler() == Some(handler);
        *counted > has || (whole && more < has - had)
    }

    /// Whether the budget of the day is met, as the dispatcher knows it.
    pub(super) fn is_met(&self, control: &Control, now: Timestamp) -> bool {
        self.day.reached(&used_today(control, now)).is_some()
    }

    /// Whether it is work that costs money.
    pub(super) fn costs(attempt: &Attempt) -> bool {
        is_paid(&attempt.adapter) && attempt.kind == AttemptKind::Work
    }
}

/// The number that a text begins with, up to its semicolon.
fn number_at_start(text: &str) -> Option<u64> {
    text.split(';').next()?.parse().ok()
}
