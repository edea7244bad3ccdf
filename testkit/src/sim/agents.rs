//! What simulated agents do: each living process of an agent's tree has acts before it, drawn when it
//! started.

use std::collections::VecDeque;

use wg_core::attempt::{AttemptKind, ExitStatus, Report};
use wg_core::command::{Command, NewTask};
use wg_core::id::{Actor, AttemptRef, TaskId};
use wg_core::task::{RunSpec, Wait};
use wg_dispatch::files::Run;
use wg_dispatch::supervise::shim::step::Event;

use super::host::Role;
use super::speech::{PAID, Speech};
use super::world::World;
use crate::random::Random;

/// One thing that a process does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    /// It tells how its task stands.
    Report(Report),
    /// It files a task that it found.
    FileTask,
    /// It starts a child, which does this.
    Start {
        /// In a session of its own.
        own_session: bool,
        /// SIGTERM does nothing to it.
        ignores_term: bool,
        /// What the child does.
        acts: Vec<Act>,
    },
    /// From now on SIGTERM does nothing to it.
    IgnoreTerm,
    /// One that is spoken to says something.
    Say(Speech),
    /// One that is spoken to looks whether anything was said to it meanwhile.
    Look,
    /// A handler waits for a line of its input; in the middle of the turn on a message, or idle.
    Listen {
        /// The message.
        at: Option<u64>,
    },
    /// A handler purges all chats.
    Purge,
    /// It ends.
    Leave(ExitStatus),
    /// It does nothing any more, and stays.
    Hang,
}

/// What the first process of an agent will do; in haste, most fail at once.
pub(super) fn script(random: &mut Random, hasty: bool) -> VecDeque<Act> {
    let mut acts = VecDeque::new();
    if hasty && random.per_mille(600) {
        return VecDeque::from([Act::Leave(ExitStatus::Code(1))]);
    }
    for _ in 0..random.below(3) {
        acts.push_back(match random.weighted(&[3, 2, 5, 1]) {
            0 => Act::Report(match random.below(6) {
                0 | 1 => Report::Done(None),
                2 | 3 => Report::Failed("it is too hard".into()),
                4 => Report::Waiting(Wait::Message),
                _ => Report::Waiting(Wait::Person("is it right?".into())),
            }),
            1 => Act::FileTask,
            2 => Act::Start {
                own_session: random.per_mille(500),
                ignores_term: random.per_mille(400),
                acts: child(random),
            },
            _ => Act::IgnoreTerm,
        });
    }
    acts.push_back(match random.weighted(&[50, 15, 5, 30]) {
        0 => Act::Leave(ExitStatus::Code(0)),
        1 => Act::Leave(ExitStatus::Code(3)),
        2 => Act::Leave(ExitStatus::Signal(11)),
        _ => Act::Hang,
    });
    acts
}

pub(super) fn child(random: &mut Random) -> Vec<Act> {
    let mut acts = Vec::new();
    if random.per_mille(300) {
        let grandchild =
            vec![if random.per_mille(500) { Act::Hang } else { Act::Leave(ExitStatus::Code(0)) }];
        acts.push(Act::Start { own_session: random.per_mille(500), ignores_term: true, acts: grandchild });
    }
    acts.push(if random.per_mille(700) { Act::Hang } else { Act::Leave(ExitStatus::Code(0)) });
    acts
}

impl World {
    /// Processes that have something to do. While everything comes to rest, one that hangs goes home, unless
    /// it is for others to end it.
    pub(super) fn busy_agents(&self) -> Vec<u32> {
        let has_act = |pid: u32, acts: &VecDeque<Act>| match acts.front() {
            None | Some(Act::Hang) => false,
            Some(Act::Listen { .. }) => self.hears(pid),
            Some(_) => true,
        };
        let mut busy: Vec<u32> =
            self.agents.iter().filter(|(pid, acts)| has_act(**pid, acts)).map(|(pid, _)| *pid).collect();
        if self.mood.settling {
            busy.extend(self.agents.keys().filter(|pid| self.may_go_home(**pid)));
        }
        busy
    }

    fn may_go_home(&self, pid: u32) -> bool {
        let Some(process) = self.host.processes.get(&pid).filter(|process| process.role == Role::Agent)
        else {
            return false;
        };
        let hangs = self.agents.get(&pid).and_then(VecDeque::front) == Some(&Act::Hang);
        let wanted = process.run.and_then(|run| self.oracle.attempt(run.attempt));
        let free = wanted.is_some_and(|a| {
            let work = a.kind == AttemptKind::Work;
            work && a.stop.is_none() && a.report.is_none() && a.timeout.is_none()
        });
        hangs && free && process.run.is_some_and(|run| self.shim_of(run.attempt).is_some())
    }

    pub(super) fn agent_acts(&mut self, pid: u32) {
        let Some(acts) = self.agents.get_mut(&pid) else { return };
        let Some(act) = acts.pop_front() else { return };
        let Some(run) = self.host.processes.get(&pid).and_then(|process| process.run) else { return };
        self.trace.note(|| format!("process {pid} of {}: {act:?}", run.attempt));
        match act {
            Act::Report(report) => self.report(run.attempt, report),
            Act::FileTask => self.file_task(run.attempt),
            Act::Start { own_session, ignores_term, acts } => {
                self.start_child(pid, run, own_session, ignores_term, acts);
            }
            Act::IgnoreTerm => {
                if let Some(process) = self.host.processes.get_mut(&pid) {
                    process.ignores_term = true;
                }
            }
            Act::Say(speech) => self.print(pid, run, &speech),
            Act::Look => self.looks(pid, run),
            Act::Listen { at } => self.listen(pid, run, at),
            Act::Purge => self.agent_purges(run),
            Act::Leave(status) => self.host.end(pid, status),
            Act::Hang => self.host.end(pid, ExitStatus::Code(0)),
        }
    }

    fn start_child(&mut self, parent: u32, run: Run, own_session: bool, ignores_term: bool, acts: Vec<Act>) {
        let wish = self.random.below(1_000);
        let in_group = !own_session && self.host.processes.get(&parent).is_some_and(|p| p.in_group);
        let pid = self.host.start(Role::Child, Some(run), parent, wish);
        if let Some(process) = self.host.processes.get_mut(&pid) {
            process.in_group = in_group;
            process.ignores_term = ignores_term;
        }
        self.agents.insert(pid, acts.into());
    }

    /// Through the door: only a living shim has one.
    fn report(&mut self, attempt: AttemptRef, report: Report) {
        let Some(task) = self.oracle.attempt(attempt).map(|attempt| attempt.task.clone()) else { return };
        let Some(shim) = self.shim_of(attempt) else { return };
        let said = report.clone();
        let command = match report {
            Report::Done(summary) => Command::Done { tasks: vec![task], summary },
            Report::Failed(reason) => Command::Fail { tasks: vec![task], reason },
            Report::Waiting(on) => Command::Wait { task, on },
        };
        if self.submit(&Actor::Agent(attempt), command).is_none() {
            return;
        }
        self.oracle.work.reported(attempt, said);
        if let Some(shim) = self.shims.get_mut(&shim) {
            shim.news.push(Event::Reported);
        }
    }

    fn file_task(&mut self, attempt: AttemptRef) {
        if self.shim_of(attempt).is_none() || self.oracle.tasks() >= super::people::TASKS {
            return;
        }
        // Only a command may give a command.
        let shell = self.oracle.attempt(attempt).is_some_and(|attempt| attempt.adapter == "shell");
        let run = match shell {
            true => RunSpec { exec: Some("work".into()), ..RunSpec::default() },
            false => {
                RunSpec { adapter: Some(PAID[self.random.below(PAID.len())].into()), ..RunSpec::default() }
            }
        };
        let new = NewTask {
            title: format!("found {}", self.random.below(100)),
            after: self.some_task().into_iter().collect::<std::collections::BTreeSet<TaskId>>(),
            run,
            ..NewTask::default()
        };
        self.submit(&Actor::Agent(attempt), Command::Add(Box::new(new)));
    }
}
