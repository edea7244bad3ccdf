//! Waiting for the answer to a message: it sleeps until the graph changes, and gives up where nobody can answer.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use wg_core::chat::{ChatState, InboxState, What};
use wg_core::id::ChatNumber;
use wg_core::port::{Read, WatchGuard};
use wg_core::rejection::Rejection;
use wg_dispatch::control::client;

use crate::context::Context;
use crate::error::{Failure, Kind, Result};
use crate::output::time;
use crate::telling::chats;
use crate::telling::reason::Times;
use crate::wire;

/// How long a dispatcher may be gone before nobody waits for it any more: a restart takes less.
const ABSENCE: Duration = Duration::from_secs(60);
/// Between two looks for a dispatcher that is gone.
const LOOK: Duration = Duration::from_millis(250);

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has answered it yet.
    Open,
    /// This was answered.
    Answered(String),
    /// Nobody will, before a person does something.
    Failed(Failure),
}

/// Where a message of a chat stands.
pub fn standing(read: &mut dyn Read, number: ChatNumber, message: u64) -> Result<Standing> {
    let Some((chat, _)) = read.chat(number)? else { return Err(Rejection::NoChat(number).into()) };
    let row = read.inbox_row(number, message)?;
    let failed = |what: String| Failure::refused(what);
    let again = format!("wg chat send {number} --again {message}");
    let kept = |failure: Failure| {
        Standing::Failed(failure.hint(format!("wg chat resume {number} (the message is kept)")))
    };
    match row.map(|row| row.state) {
        Some(InboxState::Answered) => {
            let mut why = "its turn ended without an answer".to_owned();
            for entry in read.entries_of(number, message, usize::MAX)? {
                match entry.what {
                    What::Answer { message: Some(to), text, .. } if to == message => {
                        return Ok(Standing::Answered(text));
                    }
                    What::TurnEnded { message: of, why: said, .. } if of == message => why = said,
                    _ => {}
                }
            }
            let failure = failed(format!("message {message} to {number} was not answered")).because(why);
            return Ok(Standing::Failed(failure.hint("send it again, where an answer is wanted still")));
        }
        Some(InboxState::SetAside) if chat.is_archived() => {
            let failure = failed(format!("{number} is archived")).hint(format!("wg chat restore {number}"));
            return Ok(Standing::Failed(failure.hint(again)));
        }
        Some(InboxState::SetAside) => {
            let why = "its handlers died while they answered it";
            let failure = failed(format!("message {message} to {number} is set aside")).because(why);
            return Ok(Standing::Failed(failure.hint(again).hint(format!("wg chat show {number}"))));
        }
        Some(InboxState::Waiting) | None => {}
    }
    Ok(match &chat.state {
        ChatState::GaveUp { reason, detail, .. } => {
            kept(failed(format!("{number} gave up ({reason})")).because(detail))
        }
        ChatState::Held { by, .. } => kept(failed(format!("{number} is held by {by}"))),
        ChatState::Archived { .. } => Standing::Failed(Rejection::ChatArchived { chat: number }.into()),
        ChatState::Dormant
        | ChatState::Queued { .. }
        | ChatState::Starting { .. }
        | ChatState::Live { .. }
        | ChatState::Lingering { .. }
        | ChatState::Draining { .. }
        | ChatState::Backoff { .. } => Standing::Open,
    })
}

/// What ends a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// The graph changed.
    Changed,
    /// The dispatcher has been gone for too long.
    Gone,
}

/// Waits for answers. Made before a message is sent, so that nothing falls in between.
pub struct Waiter {
    news: Receiver<News>,
    sender: SyncSender<News>,
    followed: Cell<bool>,
    _watching: Box<dyn WatchGuard>,
}

impl Waiter {
    /// One for this graph.
    pub fn new(ctx: &mut Context) -> Result<Self> {
        // Two, as many as can differ.
        let (sender, news) = sync_channel(2);
        let ring = sender.clone();
        let watching = ctx.store()?.watch(Box::new(move || {
            if let Err(TrySendError::Disconnected(_)) = ring.try_send(News::Changed) {}
        }))?;
        Ok(Self { news, sender, followed: Cell::new(false), _watching: watching })
    }

    /// The answer to a message, however long it takes; or why there is none.
    pub fn answer(
        &self,
        ctx: &mut Context,
        chat: ChatNumber,
        message: u64,
        limit: Option<Duration>,
    ) -> Result<String> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        loop {
            match ctx.read(|read| standing(read, chat, message))? {
                Standing::Answered(text) => return Ok(text),
                Standing::Failed(failure) => return Err(failure),
                Standing::Open => {}
            }
            if !self.followed.get() {
                let folder = ctx.folder()?.to_owned();
                if !wire::dispatcher_listens(&folder) {
                    return Err(nobody(chat, message));
                }
                self.follow(folder)?;
            }
            let news = match deadline {
                None => self.news.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(deadline) => self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            };
            match news {
                Ok(News::Changed) => {}
                Ok(News::Gone) => return Err(nobody(chat, message)),
                Err(_) => return Err(late(ctx, chat, message, limit.unwrap_or_default())?),
            }
        }
    }

    /// From now on it is told when the dispatcher leaves and none follows.
    fn follow(&self, folder: PathBuf) -> Result<()> {
        self.followed.set(true);
        let sender = self.sender.clone();
        let follower = thread::Builder::new().name("dispatcher".to_owned());
        let spawned = follower.spawn(move || {
            until_gone(&folder);
            // Nobody may wait any more.
            let _ = sender.send(News::Gone);
        });
        spawned.map(drop).map_err(|error| Failure::refused("can't wait for the answer").because(error))
    }
}

/// Comes back when no dispatcher has run for [`ABSENCE`]. While one runs it sleeps: the connection tells.
fn until_gone(folder: &Path) {
    let mut seen = Instant::now();
    while seen.elapsed() < ABSENCE {
        if let Ok(mut notes) = client::tail(folder) {
            while let Ok(Some(_)) = notes.next_whenever() {}
            seen = Instant::now();
        }
        thread::sleep(LOOK);
    }
}

/// That nobody is there who could answer.
fn nobody(chat: ChatNumber, message: u64) -> Failure {
    Failure::new(Kind::Later, "no dispatcher runs, so nobody answers")
        .because(format!("message {message} to {chat} is kept, and answered once one runs"))
        .hint("wg service start")
}

fn late(ctx: &mut Context, chat: ChatNumber, message: u64, limit: Duration) -> Result<Failure> {
    let times = Times { now: ctx.now(), exact: ctx.out.form.exact_times };
    let stands =
        ctx.read(|read| Ok(read.chat(chat)?.map(|(chat, _)| chats::sentence(&chat.state, times))))?;
    let span = time::coarse(limit);
    let failure =
        Failure::new(Kind::Later, format!("{chat} has not answered message {message} within {span}"));
    let failure =
        stands.into_iter().fold(failure, |failure, stands| failure.because(format!("it is {stands}")));
    Ok(failure.hint(format!("wg chat history {chat}")))
}
