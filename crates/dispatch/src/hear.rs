//! What each thing that wakes the loop means: which event it becomes, and who is answered.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use wg_core::id::ChatNumber;

use crate::config::DispatchConfig;
use crate::control::message::{Answer, Status};
use crate::control::server::Incoming;
use crate::dispatcher::{Consumers, Event};
use crate::interpret::ForLoop;
use crate::run::Loop;
use crate::store_thread::Turn;
use crate::timer::Timer;

/// Events that are taken at a time, so that others get their turn.
const BURST: usize = 256;
/// Before a commit that failed is tried again, at first and at most.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
/// How long a stop waits for a store that does not answer, and for agents that do not leave.
const STUCK: Duration = Duration::from_secs(10);
/// The same for handlers of chats: their farewell, SIGTERM, SIGKILL and the proof of their ends.
const STUCK_CHATS: Duration = Duration::from_secs(40);
const STUCK_AGENTS: Duration = Duration::from_secs(120);

/// What the loop remembers between two wake-ups.
pub(crate) struct Heard {
    /// Not given to the dispatcher yet. Bounded by what can be under way: an event or two for each slot, and
    /// one of each other kind.
    pub(crate) pending: Vec<Event>,
    /// The dispatcher works on a batch. So it does at the start: on the recovery.
    pub(crate) busy: bool,
    /// When to try again after an error of the store; nothing is handed over before.
    pub(crate) retry: Option<Instant>,
    retry_after: Duration,
    /// It wants to be called though nothing happened.
    again: bool,
    /// Asked to leave: by then at the latest.
    pub(crate) leave_by: Option<Instant>,
    /// To leave now.
    pub(crate) left: bool,
    /// Those who asked for the configuration to be read again.
    reloading: Vec<oneshot::Sender<Answer>>,
}

impl Heard {
    pub(crate) fn new() -> Self {
        Self {
            pending: Vec::new(),
            busy: true,
            retry: None,
            retry_after: RETRY_FIRST,
            again: false,
            leave_by: None,
            left: false,
            reloading: Vec::new(),
        }
    }

    /// An event that says no more when it comes twice.
    pub(crate) fn once(&mut self, event: Event) {
        if !self.pending.contains(&event) {
            self.pending.push(event);
        }
    }

    /// Who is attached now; the latest counts.
    pub(crate) fn attached(&mut self, attached: BTreeMap<ChatNumber, Consumers>) {
        self.pending.retain(|event| !matches!(event, Event::Attached(_)));
        self.pending.push(Event::Attached(attached));
    }

    /// The time to try again has come.
    pub(crate) fn try_again(&mut self) {
        self.retry = None;
        self.once(Event::Poked);
    }
}

impl Loop {
    /// Gives the dispatcher what was heard, when it has time for it.
    pub(crate) fn hand_over(&self, heard: &mut Heard) -> io::Result<()> {
        if heard.busy || heard.retry.is_some() || (heard.pending.is_empty() && !heard.again) {
            return Ok(());
        }
        heard.again = false;
        if !self.store.send(std::mem::take(&mut heard.pending)) {
            return Err(io::Error::other("the store's thread is gone"));
        }
        heard.busy = true;
        Ok(())
    }

    /// The dispatcher is through with a batch.
    pub(crate) fn finish(
        &mut self,
        turn: Option<Turn>,
        heard: &mut Heard,
        timer: &mut Timer,
    ) -> io::Result<()> {
        let turn = turn.ok_or_else(|| io::Error::other("the store's thread is gone"))?;
        heard.busy = false;
        match &turn.error {
            Some(error) => {
                tracing::warn!(%error, retry_in = ?heard.retry_after, "the store failed");
                heard.retry = Some(Instant::now() + heard.retry_after);
                heard.retry_after = (heard.retry_after * 2).min(RETRY_LONGEST);
            }
            None => heard.retry_after = RETRY_FIRST,
        }
        self.show(turn.status, turn.error.map(|error| error.to_string()));
        for effect in turn.effects {
            match self.interpreter.perform(effect) {
                None => {}
                Some(ForLoop::SetTimer(at)) => timer.set(at)?,
                Some(ForLoop::Again) => heard.again = true,
                Some(ForLoop::Leave) => heard.left = true,
            }
        }
        Ok(())
    }

    fn show(&self, status: Status, trouble: Option<String>) {
        self.status.send_modify(|shown| {
            let Status { pid, since, .. } = **shown;
            let program = shown.program.clone();
            *shown = Arc::new(Status { pid, program, since, trouble, ..status });
        });
    }

    /// An event, and those that came with it.
    pub(crate) fn gather(&mut self, first: Event, heard: &mut Heard) {
        heard.pending.push(first);
        for _ in 1..BURST {
            match self.events.try_recv() {
                Ok(event) => heard.pending.push(event),
                Err(_) => return,
            }
        }
    }

    /// A request that came over the control socket.
    pub(crate) fn take(&self, incoming: Incoming, heard: &mut Heard) {
        match incoming {
            Incoming::Poke(None) => heard.once(Event::StoreChanged),
            Incoming::Poke(Some(attempt)) => {
                heard.once(Event::StoreChanged);
                if let Some(news) = self.interpreter.news_of(attempt) {
                    heard.once(news);
                }
            }
            Incoming::Stop { kill_agents, by, keep_chats } => self.stop(heard, kill_agents, by, keep_chats),
            Incoming::PingChat(chat) => heard.pending.push(Event::ChatPinged(chat)),
            Incoming::Reload { answer } => {
                heard.reloading.push(answer);
                self.read_config();
            }
        }
    }

    fn stop(&self, heard: &mut Heard, kill_agents: bool, by: Option<String>, keep_chats: bool) {
        tracing::info!(by, kill_agents, keep_chats, "asked to leave");
        let limit = match (kill_agents, keep_chats) {
            (true, _) => STUCK_AGENTS,
            (false, true) => STUCK,
            (false, false) => STUCK_CHATS,
        };
        heard.leave_by = Some(Instant::now() + limit);
        heard.pending.push(Event::Stop { kill_agents, by, keep_chats });
    }

    /// Asked to leave by a signal; asked twice, it leaves at once.
    pub(crate) fn signalled(&self, heard: &mut Heard) {
        if heard.leave_by.is_some() {
            heard.left = true;
        } else {
            self.stop(heard, false, None, false);
        }
    }

    /// Has the configuration read, beside the loop.
    pub(crate) fn read_config(&self) {
        let (reload, configs) = (self.reload.clone(), self.configs_out.clone());
        tokio::task::spawn_blocking(move || {
            let _ = configs.blocking_send(reload());
        });
    }

    /// The configuration was read again.
    pub(crate) fn configure(&mut self, config: Result<DispatchConfig, String>, heard: &mut Heard) {
        let answer = match config {
            Ok(config) => {
                tracing::info!("the configuration was read again");
                self.interpreter.configure(&config);
                heard.pending.push(Event::ConfigChanged(Box::new(config)));
                Answer::Reloaded
            }
            Err(why) => {
                tracing::warn!(why, "the configuration can't be read; the old one stays");
                Answer::Refused { why }
            }
        };
        for asked in heard.reloading.drain(..) {
            let _ = asked.send(answer.clone());
        }
    }
}
