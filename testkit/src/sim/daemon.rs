//! The dispatcher: the real logic (`wg_dispatch::dispatcher::Dispatcher`), fed with what happens on the
//! simulated host, and its effects carried out there. One incarnation at a time: the kernel's lock sees to
//! that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wg_agents::ProgramFacts;
use wg_core::attempt::{Attempt, AttemptKind, ProcessIdentity};
use wg_core::id::{AttemptRef, ChatNumber};
use wg_core::port::Store;
use wg_core::time::Timestamp;
use wg_dispatch::control::message::Running;
use wg_dispatch::dispatcher::{Dispatcher, Event, HostEffect, Launch};
use wg_dispatch::recover::Finding;

use super::ends::{EndResult, Owner};
use super::mutation::Mutation;
use super::talks::{Order, Talk};
use super::world::{HOST, World};

/// A dispatcher that lives.
pub(super) struct Daemon {
    logic: Dispatcher,
    /// The last attempt before it.
    pub(super) earlier: AttemptRef,
    pub(super) inbox: Vec<Event>,
    effects: VecDeque<HostEffect>,
    watched: Vec<(AttemptRef, Option<ProcessIdentity>)>,
    timer: Option<Timestamp>,
    /// Somebody committed.
    pub(super) store_changed: bool,
    /// It has more to do, or what it tried failed.
    again: bool,
    /// Who is attached, as it was told last.
    pub(super) attached: BTreeMap<ChatNumber, usize>,
    /// Conversations that are open.
    pub(super) talks: BTreeMap<AttemptRef, Talk>,
}

impl Daemon {
    /// The attempts that it has in hand.
    pub(super) fn running(&self) -> Vec<Running> {
        self.logic.status().running
    }
}

impl World {
    /// A dispatcher takes the lock and looks at what is there.
    pub(super) fn start_daemon(&mut self) {
        let seed = self.random.number();
        let logic = Dispatcher::new(HOST.into(), self.config.clone(), seed);
        let mut store = self.store.clone();
        let mut last = AttemptRef(0);
        store
            .read(&mut |read| {
                last = read.last_attempt()?;
                Ok(())
            })
            .expect("memory can be read");
        let findings = self.findings();
        self.oracle.dispatcher_started();
        (self.oracle.work.cap, self.oracle.work.day) = (self.config.cap, self.config.day);
        self.oracle.chats.attached = BTreeSet::new();
        self.trace.note(|| "a dispatcher starts".to_owned());
        self.daemon = Some(Daemon {
            logic,
            earlier: last,
            inbox: vec![Event::Recovered(Box::new(findings))],
            effects: VecDeque::new(),
            watched: Vec::new(),
            timer: None,
            store_changed: false,
            again: false,
            attached: BTreeMap::new(),
            talks: BTreeMap::new(),
        });
    }

    /// It is gone, at whatever point it was.
    pub(super) fn end_daemon(&mut self) {
        self.hang_up_all();
        self.daemon = None;
        self.forget_ends(Owner::Dispatcher);
    }

    pub(super) fn daemon_has_events(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| {
            let rings = daemon.timer.is_some_and(|at| at <= self.wall);
            let rings = rings && self.mutation != Some(Mutation::TimerLost);
            daemon.store_changed || daemon.again || rings || !daemon.inbox.is_empty()
        })
    }

    pub(super) fn daemon_has_effects(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| !daemon.effects.is_empty())
    }

    pub(super) fn daemon_timer(&self) -> Option<Timestamp> {
        self.daemon.as_ref()?.timer.filter(|_| self.mutation != Some(Mutation::TimerLost))
    }

    /// Gives the dispatcher some of what it has not heard of.
    pub(super) fn deliver(&mut self) {
        let mut port = self.port();
        let busy = self.random.per_mille(self.faults.store_busy);
        port.busy = busy.then(|| u32::try_from(self.random.below(3)).expect("small"));
        let reordered = self.random.per_mille(self.faults.reordered);
        let repeated = self.random.per_mille(self.faults.repeated);
        let now = self.wall;
        let timer_works = self.mutation != Some(Mutation::TimerLost);
        let Some(daemon) = &mut self.daemon else { return };
        let mut events = std::mem::take(&mut daemon.inbox);
        if reordered && !matches!(events.first(), Some(Event::Recovered(_))) {
            let mut taken = Vec::new();
            for _ in 0..self.random.below(events.len() + 1) {
                taken.push(events.remove(self.random.below(events.len())));
            }
            daemon.inbox = std::mem::replace(&mut events, taken);
        }
        if repeated {
            let again = events.iter().filter(|event| may_come_twice(event)).cloned();
            daemon.inbox.extend(again);
        }
        if std::mem::take(&mut daemon.store_changed) {
            events.push(Event::StoreChanged);
        }
        if timer_works && daemon.timer.is_some_and(|at| at <= now) {
            daemon.timer = None;
            events.push(Event::TimerDue);
        }
        daemon.again = false;
        for event in &events {
            match event {
                Event::Attached(now_attached) => {
                    self.oracle.chats.attached = now_attached.keys().copied().collect();
                }
                Event::ChatPinged(chat) => {
                    self.oracle.chats.pinged.insert(*chat, now.plus(wg_core::chat::PING));
                }
                Event::ConfigChanged(config) => {
                    (self.oracle.work.cap, self.oracle.work.day) = (config.cap, config.day);
                }
                _ => {}
            }
        }
        if self.mutation == Some(Mutation::ReloadUnheard) {
            events.retain(|event| !matches!(event, Event::ConfigChanged(_)));
        }
        let of_chat = |event: &&Event| match event {
            Event::Heard { attempt, .. } => {
                self.oracle.attempt(*attempt).is_some_and(|a| a.kind == AttemptKind::Handler)
            }
            _ => false,
        };
        port.words = events.iter().filter(of_chat).count();
        self.trace.note(|| format!("dispatcher hears {}{events:?}", if busy { "(store busy) " } else { "" }));
        let effects = match daemon.logic.handle(&mut port, events, now) {
            Ok(effects) => effects,
            Err(_busy) => {
                daemon.again = true;
                daemon.logic.take_effects()
            }
        };
        let settled = !daemon.again && !effects.contains(&HostEffect::Again);
        daemon.effects.extend(effects);
        self.commit_seen(true);
        if settled {
            self.judge_day();
        }
    }

    /// Carries out one of the effects: those on the same attempt stay in their order.
    pub(super) fn carry_out(&mut self) {
        let reordered = self.random.per_mille(self.faults.reordered);
        let Some(daemon) = &mut self.daemon else { return };
        let mut at = if reordered { self.random.below(daemon.effects.len()) } else { 0 };
        let same = |a: &HostEffect, b: &HostEffect| about(a) == about(b);
        while let Some(before) = (0..at).find(|before| same(&daemon.effects[*before], &daemon.effects[at])) {
            at = before;
        }
        let Some(effect) = daemon.effects.remove(at) else { return };
        if !matches!(effect, HostEffect::Log(_)) {
            self.trace.note(|| format!("dispatcher: {}", brief(&effect)));
        }
        match effect {
            HostEffect::Spawn(launch) => {
                if self.random.per_mille(self.faults.repeated) {
                    self.spawn(&launch);
                }
                self.spawn(&launch);
            }
            HostEffect::Watch { attempt, shim } => self.watch(attempt, shim),
            HostEffect::Examine(attempt) => {
                let finding = Finding { barred: None, ..self.examine(*attempt) };
                self.tell(Event::Examined(Box::new(finding)));
            }
            HostEffect::End(attempt) if is_let_be(self.mutation, &attempt) => {}
            HostEffect::End(attempt) => self.begin_end(Owner::Dispatcher, *attempt),
            HostEffect::SetTimer(at) => daemon.timer = at,
            HostEffect::FindPrograms(names) => {
                let found = names.into_iter().map(|(name, _)| (name, ProgramFacts::default())).collect();
                self.tell(Event::Programs(found));
            }
            HostEffect::Again => daemon.again = true,
            HostEffect::Leave => self.end_daemon(),
            HostEffect::Log(line) => self.trace.note(|| format!("dispatcher: {}", line.text)),
            HostEffect::FindChatPrograms(names) => {
                let facts = ProgramFacts {
                    path: Some("/bin/talk".into()),
                    modified: Some(self.chats.programs),
                    executable: true,
                };
                let found = names.into_iter().map(|(chat, _)| (chat, facts.clone())).collect();
                self.tell(Event::ChatPrograms(found));
            }
            HostEffect::Converse(converse) => self.open_talk(&converse),
            HostEffect::Deliver { attempt, turn, entry, again } => {
                self.order(attempt, Order::Deliver(turn, entry, again));
            }
            HostEffect::Prompt { attempt } => drop(self.order(attempt, Order::Prompt)),
            HostEffect::LetGo { .. } if self.mutation == Some(Mutation::LetGoForgotten) => {}
            HostEffect::LetGo { attempt } => drop(self.order(attempt, Order::LetGo)),
            HostEffect::Answer { .. } => unreachable!("nobody asks here"),
            HostEffect::Interrupt { attempt } => drop(self.order(attempt, Order::Interrupt)),
            HostEffect::Parsed { attempt, to } => drop(self.order(attempt, Order::Parsed(to))),
            HostEffect::Finish { attempt } => {
                if !self.order(attempt, Order::Finish) {
                    self.tell(Event::TalkOver(attempt));
                }
            }
            HostEffect::ChatNews { .. } | HostEffect::Mirror { .. } | HostEffect::Prune { .. } => {}
        }
    }

    fn spawn(&mut self, launch: &Launch) {
        let attempt = launch.attempt.reference;
        if self.random.per_mille(self.faults.no_shim) {
            self.tell(Event::SpawnFailed { attempt, why: "no process can be started".into() });
            return;
        }
        if let Some(prompt) = &launch.prompt {
            self.host.folder(attempt).prompt.clone_from(prompt);
        }
        let pid = self.start_shim(launch);
        let Some(shim) = self.host.identity(pid) else { return };
        let at = self.wall;
        if let Some(daemon) = &mut self.daemon {
            daemon.watched.push((attempt, Some(shim.clone())));
        }
        self.tell(Event::Spawned { attempt, shim, at });
    }

    fn watch(&mut self, attempt: AttemptRef, shim: Option<ProcessIdentity>) {
        let lives = |identity: &ProcessIdentity| match self.mutation {
            Some(Mutation::NumberAlone) => self.host.processes.contains_key(&identity.pid),
            _ => self.host.is_alive(identity),
        };
        match shim {
            Some(identity) if !lives(&identity) => self.gone(attempt),
            // A lock that nobody holds any more is heard of at once: `locks_released`.
            shim => {
                if let Some(daemon) = &mut self.daemon {
                    daemon.watched.push((attempt, shim));
                }
            }
        }
    }

    /// A pidfd fires.
    pub(super) fn shim_died(&mut self, pid: u32, start_time: u64) {
        let Some(daemon) = &mut self.daemon else { return };
        let is_it = |shim: &ProcessIdentity| shim.pid == pid && shim.start_time == start_time;
        let (died, stay) = daemon.watched.drain(..).partition(|(_, shim)| shim.as_ref().is_some_and(is_it));
        daemon.watched = stay;
        let died: Vec<(AttemptRef, Option<ProcessIdentity>)> = died;
        for (attempt, _) in died {
            self.gone(attempt);
        }
    }

    /// Locks that were waited for are free.
    pub(super) fn locks_released(&mut self) {
        let Some(daemon) = &mut self.daemon else { return };
        let free =
            |attempt: &AttemptRef| self.host.folders.get(attempt).is_none_or(|folder| folder.lock.is_none());
        let (released, stay): (Vec<_>, Vec<_>) =
            daemon.watched.drain(..).partition(|(attempt, shim)| shim.is_none() && free(attempt));
        daemon.watched = stay;
        for (attempt, _) in released {
            self.gone(attempt);
        }
    }

    fn gone(&mut self, attempt: AttemptRef) {
        let exit = self.host.folders.get(&attempt).and_then(|folder| folder.exit.clone()).map(Box::new);
        self.tell(Event::ShimGone { attempt, exit });
    }

    /// A shim says that there is news of its attempt.
    pub(super) fn poked(&mut self, attempt: AttemptRef) {
        let exit = self.host.folders.get(&attempt).and_then(|folder| folder.exit.clone());
        match exit {
            Some(exit) => self.tell(Event::ExitSeen { attempt, exit: Box::new(exit) }),
            None => self.tell(Event::Poked),
        }
    }

    pub(super) fn end_of_daemons(&mut self, attempt: &Attempt, result: EndResult) {
        self.tell(Event::EndCarriedOut { attempt: attempt.reference, result });
    }

    pub(super) fn tell(&mut self, event: Event) {
        if let Some(daemon) = &mut self.daemon {
            daemon.inbox.push(event);
        }
    }

    pub(super) fn daemon_status(&self) -> String {
        self.daemon.as_ref().map_or_else(String::new, |daemon| format!("{:?}", daemon.logic.status()))
    }

    /// Whether it shows attempts that it can't tell, and nothing else.
    pub(super) fn daemon_can_not_tell(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| !daemon.logic.status().unknown.is_empty())
    }

    /// Whether the dispatcher has nothing in hand and nothing it can't tell.
    pub(super) fn daemon_is_idle(&self) -> bool {
        self.daemon.as_ref().is_some_and(|daemon| {
            let status = daemon.logic.status();
            let serves = |attempt| self.oracle.chats.chats().any(|chat| chat.handler() == Some(attempt));
            status.running.iter().all(|running| serves(running.attempt)) && status.unknown.is_empty()
        })
    }
}

/// Whether an attempt goes on by the planted bug though a budget ended it.
fn is_let_be(mutation: Option<Mutation>, attempt: &Attempt) -> bool {
    let progress = &attempt.progress;
    match mutation {
        Some(Mutation::DayEndsNothing) => progress.capped_until.is_some(),
        Some(Mutation::CapIgnored) => progress.capped.is_some() && progress.capped_until.is_none(),
        _ => false,
    }
}

/// The attempt that an effect is about; effects on none keep their order among themselves.
fn about(effect: &HostEffect) -> Option<AttemptRef> {
    match effect {
        HostEffect::Spawn(launch) => Some(launch.attempt.reference),
        HostEffect::Watch { attempt, .. } => Some(*attempt),
        HostEffect::Examine(attempt) | HostEffect::End(attempt) => Some(attempt.reference),
        HostEffect::Converse(converse) => Some(converse.attempt.reference),
        HostEffect::Deliver { attempt, .. }
        | HostEffect::Interrupt { attempt }
        | HostEffect::Prompt { attempt }
        | HostEffect::LetGo { attempt }
        | HostEffect::Answer { attempt, .. }
        | HostEffect::Parsed { attempt, .. }
        | HostEffect::Finish { attempt } => Some(*attempt),
        HostEffect::SetTimer(_)
        | HostEffect::FindChatPrograms(_)
        | HostEffect::ChatNews { .. }
        | HostEffect::Mirror { .. }
        | HostEffect::FindPrograms(_)
        | HostEffect::Prune { .. }
        | HostEffect::Log(_)
        | HostEffect::Again
        | HostEffect::Leave => None,
    }
}

fn brief(effect: &HostEffect) -> String {
    match effect {
        HostEffect::Spawn(launch) => format!("spawn {}", launch.attempt.reference),
        HostEffect::Examine(attempt) => format!("examine {}", attempt.reference),
        HostEffect::End(attempt) => format!("end {}", attempt.reference),
        other => format!("{other:?}"),
    }
}

/// What is told once, by one who saw it happen, is not repeated.
fn may_come_twice(event: &Event) -> bool {
    match event {
        Event::Recovered(_) | Event::Stop { .. } | Event::ConfigChanged(_) | Event::Attached(_) => false,
        Event::StoreChanged
        | Event::Poked
        | Event::TimerDue
        | Event::ClockJumped
        | Event::Spawned { .. }
        | Event::SpawnFailed { .. }
        | Event::ExitSeen { .. }
        | Event::ShimGone { .. }
        | Event::EndCarriedOut { .. }
        | Event::Examined(_)
        | Event::ChatPinged(_)
        | Event::Heard { .. }
        | Event::TalkOver(_)
        | Event::ChatPrograms(_)
        | Event::Programs(_) => true,
    }
}
