//! A `wg` command's side of the control socket: blocking, with a limit on how long it waits.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use wg_core::id::{AttemptRef, ChatNumber};

use super::message::{ANSWER_MAX, Answer, Reply, Request, Status, VERSION, call_line};
use crate::files::GraphFolder;
use crate::socket::{self, Client};

/// How long an answer may take before the dispatcher is called stuck; it answers within 50 ms.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// Longest time that is waited for at once where there is no limit.
const LONG: Duration = Duration::from_secs(60 * 60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no dispatcher runs for this graph")]
    NotRunning,
    /// It listens but does not answer.
    #[error("the dispatcher did not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It refused.
    #[error("the dispatcher refused: {0}")]
    Refused(String),
    /// It said something that is no answer to this.
    #[error("the dispatcher's answer makes no sense here: {0}")]
    Unexpected(String),
    /// Anything else.
    #[error("the control socket failed: {0}")]
    Socket(#[source] socket::ClientError),
}

impl From<socket::ClientError> for ClientError {
    fn from(error: socket::ClientError) -> Self {
        match error {
            socket::ClientError::Nobody | socket::ClientError::Closed => Self::NotRunning,
            socket::ClientError::Late => Self::Silent,
            other => Self::Socket(other),
        }
    }
}

/// Tells a dispatcher, if one runs, that something was committed. It waits for nothing and can't fail: the
/// store's own watch tells the dispatcher too, a little later.
pub fn poke(graph: &Path, attempt: Option<AttemptRef>) {
    let Ok(mut stream) = socket::connect(&GraphFolder::new(graph).control_socket()) else { return };
    let _ = stream.set_nonblocking(true);
    let _ = stream.write(&call_line(Request::Poke { attempt }));
}

/// Whether a dispatcher listens for this graph; it is not asked anything.
#[must_use]
pub fn listens(graph: &Path) -> bool {
    socket::connect(&GraphFolder::new(graph).control_socket()).is_ok()
}

/// Asks for one answer of the dispatcher of the graph in this `.wg` folder.
pub fn call(graph: &Path, request: Request) -> Result<Answer, ClientError> {
    open(graph, request)?.next_answer()
}

/// How things stand with the dispatcher.
pub fn status(graph: &Path) -> Result<Status, ClientError> {
    match call(graph, Request::Status)? {
        Answer::Status(status) => Ok(*status),
        other => Err(unexpected(&other)),
    }
}

/// Asks a dispatcher to leave; says how many agents run. It is gone when [`Conversation::until_closed`]
/// returns true. With `keep_chats` another dispatcher follows at once: handlers of chats are not drained.
pub fn stop(
    graph: &Path,
    kill_agents: bool,
    by: Option<String>,
    keep_chats: bool,
) -> Result<(usize, Conversation), ClientError> {
    let mut conversation = open(graph, Request::Stop { kill_agents, by, keep_chats })?;
    match conversation.next_answer()? {
        Answer::Stopping { agents } => Ok((agents, conversation)),
        other => Err(unexpected(&other)),
    }
}

/// Consumes a chat until the conversation is dropped, as somebody who answers questions or not; says how many do. What follows are
/// [`Answer::ChatChanged`] and [`Answer::ChatDelta`].
pub fn attach(graph: &Path, chat: ChatNumber, answers: bool) -> Result<(usize, Conversation), ClientError> {
    let mut conversation = open(graph, Request::Attach { chat, answers })?;
    match conversation.next_answer()? {
        Answer::Attached { attached } => Ok((attached, conversation)),
        other => Err(unexpected(&other)),
    }
}

/// Consumes a chat for the next minute.
pub fn ping_chat(graph: &Path, chat: ChatNumber) -> Result<(), ClientError> {
    match call(graph, Request::PingChat { chat })? {
        Answer::Poked => Ok(()),
        other => Err(unexpected(&other)),
    }
}

/// Has a dispatcher read its configuration again.
pub fn reload(graph: &Path) -> Result<(), ClientError> {
    match call(graph, Request::Reload)? {
        Answer::Reloaded => Ok(()),
        other => Err(unexpected(&other)),
    }
}

/// What the dispatcher notes, from now on.
pub fn tail(graph: &Path) -> Result<Conversation, ClientError> {
    open(graph, Request::Tail)
}

/// A request that was sent, and its answers.
#[derive(Debug)]
pub struct Conversation {
    client: Client,
}

fn open(graph: &Path, request: Request) -> Result<Conversation, ClientError> {
    let mut client = Client::connect(&GraphFolder::new(graph).control_socket(), ANSWER_MAX)?;
    client.send_line(&call_line(request), PATIENCE)?;
    Ok(Conversation { client })
}

/// Ends a conversation while somebody else waits for what comes.
#[derive(Debug)]
pub struct HangUp(UnixStream);

impl HangUp {
    /// Ends it: who waits hears that it is over.
    pub fn hang_up(self) {
        // One that is over already needs no end.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Conversation {
    /// What ends it.
    pub fn end(&self) -> io::Result<HangUp> {
        self.client.stream().map(HangUp)
    }

    /// The next line, at most [`PATIENCE`] later.
    pub fn next_answer(&mut self) -> Result<Answer, ClientError> {
        self.answer_within(PATIENCE)
    }

    /// The next line, however long that takes; `None` when the dispatcher is gone.
    pub fn next_whenever(&mut self) -> Result<Option<Answer>, ClientError> {
        loop {
            match self.answer_within(LONG) {
                Err(ClientError::NotRunning) => return Ok(None),
                Err(ClientError::Silent) => {}
                other => return other.map(Some),
            }
        }
    }

    /// Waits until the dispatcher closes the connection, at most `limit`; whether it did.
    pub fn until_closed(&mut self, limit: Duration) -> Result<bool, ClientError> {
        match self.answer_within(limit) {
            Err(ClientError::NotRunning) => Ok(true),
            Err(ClientError::Silent) => Ok(false),
            Err(error) => Err(error),
            Ok(answer) => Err(unexpected(&answer)),
        }
    }

    fn answer_within(&mut self, limit: Duration) -> Result<Answer, ClientError> {
        let reply: Reply = self.client.receive(limit)?;
        match reply.answer {
            Answer::Refused { why } => Err(ClientError::Refused(why)),
            _ if reply.version != VERSION => {
                Err(ClientError::Unexpected(format!("it speaks version {}", reply.version)))
            }
            answer => Ok(answer),
        }
    }
}

fn unexpected(answer: &Answer) -> ClientError {
    ClientError::Unexpected(format!("{answer:?}"))
}
