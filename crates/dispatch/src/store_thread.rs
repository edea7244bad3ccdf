//! The store, on a thread of its own: the dispatcher's logic runs here, one batch of events at a time, so that
//! nothing on the loop ever waits for a disk or for other writers.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;
use wg_core::chat::{Chat, ChatState};
use wg_core::port::{Chats, Clock, Store, StoreError};
use wg_core::time::Timestamp;

use crate::chat_history;
use crate::control::message::Status;
use crate::dispatcher::{Dispatcher, Event, HostEffect};
use crate::files::GraphFolder;
use crate::recover;

/// A chat that was archived so long before the last operation has had its history written down, or `wg doctor` says
/// so.
const JUST_ARCHIVED: Duration = Duration::from_secs(3_600);

/// What came of a batch.
pub(crate) struct Turn {
    /// What is to be done.
    pub(crate) effects: Vec<HostEffect>,
    /// How things stand.
    pub(crate) status: Status,
    /// What kept it from being committed: to be tried again.
    pub(crate) error: Option<StoreError>,
}

/// The loop's end of the thread. Dropping it ends the thread.
pub(crate) struct StoreThread {
    batches: SyncSender<Vec<Event>>,
    turns: mpsc::Receiver<Turn>,
}

/// What runs on the thread.
pub(crate) struct Keeper {
    pub(crate) store: Box<dyn Store>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) graph: GraphFolder,
    pub(crate) host: String,
    pub(crate) clock: Arc<dyn Clock>,
}

impl StoreThread {
    /// Starts the thread. Its first turn, which nobody has to ask for, is the recovery.
    pub(crate) fn start(keeper: Keeper) -> std::io::Result<Self> {
        // One batch is under way at a time, and one turn is its answer.
        let (batches, receiver) = sync_channel(1);
        let (sender, turns) = mpsc::channel(1);
        thread::Builder::new().name("store".into()).spawn(move || keeper.run(&receiver, &sender))?;
        Ok(Self { batches, turns })
    }

    /// Sends a batch; only after the turn of the last one. False where the thread is gone.
    pub(crate) fn send(&self, batch: Vec<Event>) -> bool {
        self.batches.try_send(batch).is_ok()
    }

    /// The next turn; `None` where the thread is gone.
    pub(crate) async fn turn(&mut self) -> Option<Turn> {
        self.turns.recv().await
    }
}

impl Keeper {
    /// Brings histories up to their rows, here where those are; gives what else is to be done.
    fn mirror(&mut self, effects: Vec<HostEffect>) -> Vec<HostEffect> {
        let mut rest = Vec::with_capacity(effects.len());
        for effect in effects {
            match effect {
                HostEffect::Mirror { chat } => {
                    let result = chat_history::complete(&self.graph, self.store.as_mut(), chat);
                    self.dispatcher.mirrored(chat, result.map_err(|error| error.to_string()));
                }
                effect => rest.push(effect),
            }
        }
        rest.extend(self.dispatcher.take_effects());
        rest
    }

    /// At the start: what was said while no dispatcher ran, in chats that go on.
    fn mirror_open(&mut self) -> Vec<HostEffect> {
        self.mirror_those(Chats::Unarchived, |_, _| true)
    }

    /// Soon after the start: what the last dispatcher did not get to before a chat was archived. That can only be in
    /// those that were archived last: a thousand others cost nothing.
    fn mirror_archived(&mut self) -> Vec<HostEffect> {
        self.mirror_those(Chats::All, |chat, last| match &chat.state {
            ChatState::Archived { at, .. } => last < at.plus(JUST_ARCHIVED),
            _ => false,
        })
    }

    fn mirror_those(&mut self, which: Chats, is_one: fn(&Chat, Timestamp) -> bool) -> Vec<HostEffect> {
        let mut chats = Vec::new();
        let listed = self.store.read(&mut |read| {
            let last = read.last_operation()?;
            let last = read.operation(last)?.map(|operation| operation.at).unwrap_or_default();
            chats = read.chats(which)?;
            chats.retain(|chat| is_one(chat, last));
            Ok(())
        });
        match listed {
            Ok(()) => {
                self.mirror(chats.iter().map(|chat| HostEffect::Mirror { chat: chat.number }).collect())
            }
            Err(_) => Vec::new(),
        }
    }

    fn run(mut self, batches: &Receiver<Vec<Event>>, turns: &mpsc::Sender<Turn>) {
        let mut recovered = false;
        let mut archived_too = false;
        let mut more: Vec<HostEffect> = Vec::new();
        let mut batch = Vec::new();
        loop {
            let mut error = None;
            if !recovered {
                match recover::findings(self.store.as_mut(), &self.graph, &self.host) {
                    Ok(findings) => {
                        recovered = true;
                        more = self.mirror_open();
                        batch.insert(0, Event::Recovered(Box::new(findings)));
                    }
                    Err(why) => error = Some(why),
                }
            }
            let now = self.clock.now();
            let effects = match self.dispatcher.handle(self.store.as_mut(), batch, now) {
                Ok(effects) => effects,
                Err(why) => {
                    error = Some(why);
                    self.dispatcher.take_effects()
                }
            };
            more.extend(self.mirror(effects));
            let effects = std::mem::take(&mut more);
            let turn = Turn { effects, status: self.dispatcher.status(), error };
            if turns.blocking_send(turn).is_err() {
                return;
            }
            if recovered && !archived_too {
                archived_too = true;
                more = self.mirror_archived();
            }
            match batches.recv() {
                Ok(next) => batch = next,
                Err(_) => return,
            }
        }
    }
}
