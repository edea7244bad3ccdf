//! Doing in the world what the dispatcher wants done, and telling it what came of it. Nothing here decides
//! anything, and nothing that can take time is done on the loop.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc};
use wg_agents::Registry;
use wg_core::attempt::{Attempt, ProcessIdentity};
use wg_core::id::AttemptRef;
use wg_core::port::Clock;

use crate::config::DispatchConfig;
use crate::control::server::Noted;
use crate::dispatcher::{Converse, Event, HostEffect, Level, Line, Whose};
use crate::files::{ExitRecord, GraphFolder, Run};
use crate::programs::facts;
use crate::readiness::readable;
use crate::recover;
use crate::retention::{Prunable, Pruner, Retention};
use crate::spawner::{Born, Spawner};
use crate::supervise::{self, End, EndRequest, Shim, end_attempt};
use crate::talk::{self, ChatNews, Order, TalkTask};

/// Before it is tried again to watch a shim for which there was no descriptor.
const WATCH_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// What is left for the loop itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForLoop {
    /// Set the timer.
    SetTimer(Option<wg_core::time::Timestamp>),
    /// Call the dispatcher again.
    Again,
    /// Leave.
    Leave,
}

/// Does what is wanted.
pub(crate) struct Interpreter {
    graph: GraphFolder,
    clock: Arc<dyn Clock>,
    kill_grace: std::time::Duration,
    registry: Registry,
    spawner: Spawner,
    events: mpsc::Sender<Event>,
    noted: broadcast::Sender<Noted>,
    pruner: Arc<Mutex<Pruner>>,
    news: broadcast::Sender<ChatNews>,
    /// Where orders to conversations go.
    talks: Mutex<BTreeMap<AttemptRef, mpsc::Sender<Order>>>,
    /// Attempts whose lock a thread is parked at.
    parked: Arc<Mutex<BTreeSet<AttemptRef>>>,
}

impl Interpreter {
    pub(crate) fn new(
        graph: GraphFolder,
        clock: Arc<dyn Clock>,
        spawner: Spawner,
        events: mpsc::Sender<Event>,
        noted: broadcast::Sender<Noted>,
        news: broadcast::Sender<ChatNews>,
    ) -> Self {
        let pruner = Arc::new(Mutex::new(Pruner::new(graph.attempts())));
        let kill_grace = crate::files::LaunchSpec::KILL_GRACE;
        let registry = Registry::default();
        let (talks, parked) = (Mutex::default(), Arc::default());
        Self { graph, clock, kill_grace, registry, spawner, events, noted, pruner, news, talks, parked }
    }

    /// How agents are ended and understood, from now on.
    pub(crate) fn configure(&mut self, config: &DispatchConfig) {
        self.kill_grace = config.kill_grace;
        self.registry = Registry::new(config.adapters.clone());
    }

    /// Does it, or says what the loop has to do.
    pub(crate) fn perform(&self, effect: HostEffect) -> Option<ForLoop> {
        match effect {
            HostEffect::Spawn(launch) => {
                let attempt = launch.attempt.reference;
                if !self.spawner.launch(launch) {
                    let why = "the thread that starts shims is gone".into();
                    self.tell(Event::SpawnFailed { attempt, why });
                }
            }
            HostEffect::Watch { attempt, shim } => self.watch(attempt, shim.as_ref()),
            HostEffect::Examine(attempt) => {
                let graph = self.graph.clone();
                self.in_background(move || {
                    Some(Event::Examined(Box::new(recover::examine(&graph, *attempt, None))))
                });
            }
            HostEffect::End(attempt) => {
                let (graph, grace) = (self.graph.clone(), self.kill_grace);
                self.in_background(move || Some(end(&graph, &attempt, grace)));
            }
            HostEffect::SetTimer(at) => return Some(ForLoop::SetTimer(at)),
            HostEffect::FindPrograms(names) => {
                let folder = self.graph.path().parent().map(Path::to_owned).unwrap_or_default();
                self.in_background(move || {
                    let found =
                        names.into_iter().map(|(adapter, program)| (adapter, facts(&folder, &program)));
                    Some(Event::Programs(found.collect()))
                });
            }
            HostEffect::FindChatPrograms(names) => {
                let folder = self.graph.path().parent().map(Path::to_owned).unwrap_or_default();
                self.in_background(move || {
                    let found = names.into_iter().map(|(chat, program)| (chat, facts(&folder, &program)));
                    Some(Event::ChatPrograms(found.collect()))
                });
            }
            HostEffect::Converse(converse) => self.converse(*converse),
            HostEffect::Deliver { attempt, turn, entry, again } => {
                self.order(attempt, Order::Deliver { turn, entry, again });
            }
            HostEffect::Prompt { attempt } => {
                self.order(attempt, Order::Prompt);
            }
            HostEffect::LetGo { attempt } => {
                self.order(attempt, Order::LetGo);
            }
            HostEffect::Interrupt { attempt } => {
                self.order(attempt, Order::Interrupt);
            }
            HostEffect::Answer { attempt, question, choice } => {
                self.order(attempt, Order::Answer { question, choice });
            }
            HostEffect::Parsed { attempt, to } => {
                self.order(attempt, Order::Parsed(to));
            }
            HostEffect::Finish { attempt } => {
                if !self.order(attempt, Order::Finish) {
                    self.tell(Event::TalkOver(attempt));
                }
            }
            HostEffect::ChatNews { chat } => {
                // Nobody may be attached any more.
                let _ = self.news.send(ChatNews::Changed(chat));
            }
            // Done where the store is.
            HostEffect::Mirror { .. } => {}
            HostEffect::Prune { prunable, retention } => self.prune(prunable, retention),
            HostEffect::Log(line) => self.log(line),
            HostEffect::Again => return Some(ForLoop::Again),
            HostEffect::Leave => return Some(ForLoop::Leave),
        }
        None
    }

    /// Opens a conversation; an agent that nobody here understands says nothing.
    fn converse(&self, converse: Converse) {
        let attempt = converse.attempt.reference;
        let adapter = self.registry.get(&converse.attempt.adapter);
        let conversation = adapter.and_then(|adapter| match &converse.whose {
            Whose::Chat(facts) => adapter.conversation(facts),
            Whose::Work => adapter.work(&converse.attempt),
        });
        let Some(mut conversation) = conversation else {
            tracing::warn!(%attempt, adapter = converse.attempt.adapter, "nobody here can speak with it");
            self.tell(Event::TalkOver(attempt));
            return;
        };
        // Handlers run beside the graph's folder. What is no text has no place in a protocol.
        if let Some(place) = self.graph.path().parent().and_then(Path::to_str) {
            conversation.works_in(place);
        }
        let folder = self.graph.attempt(attempt);
        let (events, news) = (self.events.clone(), self.news.clone());
        let orders = talk::start(TalkTask { converse, folder, conversation, events, news });
        let mut talks = self.talks.lock().unwrap_or_else(PoisonError::into_inner);
        talks.retain(|_, orders| !orders.is_closed());
        talks.insert(attempt, orders);
    }

    /// Hands an order on; false where the conversation is over.
    fn order(&self, attempt: AttemptRef, order: Order) -> bool {
        let talks = self.talks.lock().unwrap_or_else(PoisonError::into_inner);
        match talks.get(&attempt).map(|orders| orders.try_send(order)) {
            Some(Ok(())) => true,
            Some(Err(mpsc::error::TrySendError::Full(order))) => {
                tracing::warn!(%attempt, ?order, "its conversation is stuck");
                false
            }
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => false,
        }
    }

    /// What a started shim means; its end is watched from here on.
    pub(crate) fn born(&self, born: Born) -> Event {
        let attempt = born.attempt;
        match born.shim {
            Ok(shim) => {
                let event = Event::Spawned { attempt, shim: shim.identity().clone(), at: self.clock.now() };
                self.watch_process(attempt, shim);
                event
            }
            Err(why) => Event::SpawnFailed { attempt, why },
        }
    }

    /// The exit record of an attempt that is said to have news.
    pub(crate) fn news_of(&self, attempt: AttemptRef) -> Option<Event> {
        exit_of(&self.graph, attempt).map(|exit| Event::ExitSeen { attempt, exit })
    }

    fn watch(&self, attempt: AttemptRef, shim: Option<&ProcessIdentity>) {
        match shim.map(supervise::adopt) {
            Some(Ok(Some(shim))) => self.watch_process(attempt, shim),
            Some(Ok(None)) => {
                self.tell(Event::ShimGone { attempt, exit: exit_of(&self.graph, attempt) });
            }
            Some(Err(_)) | None => self.park_at_lock(attempt),
        }
    }

    fn watch_process(&self, attempt: AttemptRef, mut shim: Shim) {
        let (graph, events) = (self.graph.clone(), self.events.clone());
        tokio::spawn(async move {
            let mut said = false;
            loop {
                let watched = shim.process().as_fd().try_clone_to_owned().and_then(readable);
                match watched {
                    Ok(pidfd) if pidfd.readable().await.is_ok() => break,
                    _ if !said => tracing::warn!(%attempt, "its shim can't be watched; trying again"),
                    _ => {}
                }
                said = true;
                // No descriptor is left, for now: without this the end of a shim that is killed is not heard of.
                tokio::time::sleep(WATCH_PAUSE).await;
            }
            let _ = shim.has_ended();
            let exit = exit_of(&graph, attempt);
            let _ = events.send(Event::ShimGone { attempt, exit }).await;
        });
    }

    /// Whoever holds an attempt's lock without being known: a thread waits until nobody does. It may be free
    /// by now, since it was looked at.
    fn park_at_lock(&self, attempt: AttemptRef) {
        let lock = self.graph.attempt(attempt).lock();
        if !matches!(supervise::AttemptLock::try_take(&lock), Ok(None)) {
            self.tell(Event::ShimGone { attempt, exit: exit_of(&self.graph, attempt) });
            return;
        }
        if !self.parked().insert(attempt) {
            return;
        }
        let (graph, events, parked) = (self.graph.clone(), self.events.clone(), self.parked.clone());
        let waiter = std::thread::Builder::new().name(format!("lock of {attempt}")).spawn(move || {
            let free = supervise::wait_until_free(&lock).is_ok();
            parked.lock().unwrap_or_else(PoisonError::into_inner).remove(&attempt);
            if free {
                let exit = exit_of(&graph, attempt);
                let _ = events.blocking_send(Event::ShimGone { attempt, exit });
            }
        });
        if waiter.is_err() {
            self.parked().remove(&attempt);
        }
    }

    fn parked(&self) -> std::sync::MutexGuard<'_, BTreeSet<AttemptRef>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prune(&self, prunable: Prunable, retention: Retention) {
        let (pruner, now) = (self.pruner.clone(), self.clock.now());
        self.in_background(move || {
            let mut pruner = pruner.lock().unwrap_or_else(PoisonError::into_inner);
            match pruner.prune(retention, &prunable, now) {
                Ok(pruned) if pruned.attempts > 0 => {
                    tracing::info!(attempts = pruned.attempts, bytes = pruned.bytes, "old files removed");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "old files of attempts can't be removed"),
            }
            None
        });
    }

    fn log(&self, line: Line) {
        match line.level {
            Level::Info => tracing::info!("{}", line.text),
            Level::Warn => tracing::warn!("{}", line.text),
        }
        if self.noted.receiver_count() > 0 {
            let _ = self.noted.send(Noted { at: self.clock.now(), line: line.text.into() });
        }
    }

    fn in_background(&self, work: impl FnOnce() -> Option<Event> + Send + 'static) {
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            if let Some(event) = work() {
                let _ = events.blocking_send(event);
            }
        });
    }

    fn tell(&self, event: Event) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _ = events.send(event).await;
        });
    }
}

fn exit_of(graph: &GraphFolder, attempt: AttemptRef) -> Option<Box<ExitRecord>> {
    match graph.attempt(attempt).read_exit() {
        Ok(exit) => exit.map(Box::new),
        Err(error) => {
            tracing::warn!(%attempt, %error, "its exit record can't be read");
            None
        }
    }
}

fn end(graph: &GraphFolder, attempt: &Attempt, grace: std::time::Duration) -> Event {
    let folder = graph.attempt(attempt.reference);
    let request = EndRequest { folder: &folder, run: Run::from(attempt), shim: attempt.shim.as_ref(), grace };
    let result = match end_attempt(&request) {
        End::Gone(exit) => Ok(exit.map(Box::new)),
        End::Unknown(why) => Err(why),
    };
    Event::EndCarriedOut { attempt: attempt.reference, result }
}
