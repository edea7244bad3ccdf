//! The dispatcher's side of the control socket.
//!
//! Each connection is a task of its own on the dispatcher's loop and carries one request. None of them waits
//! for the store or for a child: a status is the latest that the dispatcher gave, everything else is handed
//! on. What one client does (garbage, half a line, silence, never reading) costs another one nothing.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use wg_core::id::{AttemptRef, ChatNumber};
use wg_core::time::Timestamp;

use super::guests::{Guests, Seat};
use super::leases::Leases;
use super::message::{Answer, REQUEST_MAX, Request, Status, parse_call, reply_line};
use crate::socket::{LineBuffer, TooLong, is_ours};
use crate::talk::ChatNews;

/// Lines that a `tail` may be behind before it is cut off.
pub(crate) const TAIL_BEHIND: usize = 256;
/// How long a client may take to make room for an answer: its socket's buffer holds any of them.
const SLOW_READER: Duration = Duration::from_secs(2);
/// How long to leave the listener alone when the process can open nothing more.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// What is handed on to the dispatcher.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Look now.
    Poke(Option<AttemptRef>),
    /// Leave.
    Stop {
        /// With the agents.
        kill_agents: bool,
        /// Who asks.
        by: Option<String>,
        /// But for the handlers of chats.
        keep_chats: bool,
    },
    /// Somebody consumes a chat for a minute.
    PingChat(ChatNumber),
    /// Read the configuration again.
    Reload {
        /// To whom to say what came of it.
        answer: oneshot::Sender<Answer>,
    },
}

/// A line for those that tail.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    /// When.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) line: Arc<str>,
}

/// What connections are answered from.
#[derive(Clone)]
pub(crate) struct Desk {
    /// The latest status.
    pub(crate) status: watch::Receiver<Arc<Status>>,
    /// Where requests go that are not answered here.
    pub(crate) incoming: mpsc::Sender<Incoming>,
    /// Where those that tail listen.
    pub(crate) noted: broadcast::Sender<Noted>,
    /// Where those that are attached to chats listen.
    pub(crate) news: broadcast::Sender<ChatNews>,
    /// Who is attached.
    pub(crate) leases: Leases,
}

/// Takes connections until the runtime ends.
pub(crate) async fn listen(listener: UnixListener, desk: Desk) {
    let guests = Guests::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) if is_ours(&stream) => admit(&guests, stream, &desk),
            Ok(_) => tracing::warn!("control socket: refused another user"),
            Err(error) => {
                tracing::warn!(%error, "control socket: can't take a connection");
                tokio::time::sleep(OUT_OF_FILES).await;
            }
        }
    }
}

fn admit(guests: &Guests, stream: UnixStream, desk: &Desk) {
    let Some(seat) = guests.admit() else { return };
    let number = seat.number();
    let task = tokio::spawn(serve(stream, seat, desk.clone()));
    guests.removable(number, task.abort_handle());
}

async fn serve(mut stream: UnixStream, mut seat: Seat, desk: Desk) {
    let Ok(Some(line)) = read_line(&mut stream).await else { return };
    seat.spoke();
    let request =
        line.map_err(|e| e.to_string()).and_then(|line| parse_call(&line).map_err(|e| e.to_string()));
    // A client that went away or never reads has only itself to answer to.
    let _ = match request {
        Ok(request) => answer(&mut stream, request, &desk).await,
        Err(why) => say(&mut stream, Answer::Refused { why }).await,
    };
}

/// The first line, or nothing where the client left before it was whole.
async fn read_line(stream: &mut UnixStream) -> io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let mut lines = LineBuffer::new(REQUEST_MAX);
    let mut piece = [0_u8; 1024];
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(None);
        }
        let line = lines.push(&piece[..read]).and_then(|()| lines.next_line());
        if let Some(line) = line.transpose() {
            return Ok(Some(line));
        }
    }
}

async fn answer(stream: &mut UnixStream, request: Request, desk: &Desk) -> io::Result<()> {
    match request {
        Request::Ping => {
            let status = desk.status.borrow().clone();
            say(stream, Answer::Pong { pid: status.pid, program: status.program.clone() }).await
        }
        Request::Status => {
            let status = desk.status.borrow().clone();
            say(stream, Answer::Status(Box::new((*status).clone()))).await
        }
        Request::Poke { attempt } => {
            // A full queue wakes the dispatcher all the same, and it looks at everything that changed.
            let _ = desk.incoming.try_send(Incoming::Poke(attempt));
            say(stream, Answer::Poked).await
        }
        Request::Stop { kill_agents, by, keep_chats } => {
            // Answered first: where nothing holds it, the dispatcher leaves at once. A client that has left
            // has asked all the same.
            let agents = desk.status.borrow().running.len();
            let answered = say(stream, Answer::Stopping { agents }).await;
            let _ = desk.incoming.send(Incoming::Stop { kill_agents, by, keep_chats }).await;
            answered?;
            // The connection ends with the process: that is how the client sees that it is gone.
            let mut nothing = [0_u8; 64];
            while stream.read(&mut nothing).await? > 0 {}
            Ok(())
        }
        Request::Attach { chat, answers } => attach(stream, chat, answers, desk).await,
        Request::PingChat { chat } => {
            let _ = desk.incoming.send(Incoming::PingChat(chat)).await;
            say(stream, Answer::Poked).await
        }
        Request::Reload => {
            let (answer, told) = oneshot::channel();
            hand_on(stream, desk, Incoming::Reload { answer }, told).await
        }
        Request::Tail => tail(stream, desk.noted.subscribe()).await,
    }
}

async fn hand_on(
    stream: &mut UnixStream,
    desk: &Desk,
    incoming: Incoming,
    told: oneshot::Receiver<Answer>,
) -> io::Result<()> {
    let busy = || Answer::Refused { why: "the dispatcher has too many requests just now".into() };
    let answer = match desk.incoming.try_send(incoming) {
        Ok(()) => told.await.unwrap_or_else(|_| busy()),
        Err(_) => busy(),
    };
    say(stream, answer).await
}

async fn tail(stream: &mut UnixStream, mut noted: broadcast::Receiver<Noted>) -> io::Result<()> {
    let mut nothing = [0_u8; 64];
    loop {
        tokio::select! {
            line = noted.recv() => match line {
                Ok(Noted { at, line }) => say(stream, Answer::Noted { at, line: line.to_string() }).await?,
                // Too far behind, or the dispatcher is leaving.
                Err(_) => return Ok(()),
            },
            // What a client sends after its request says nothing, but its leaving does.
            read = stream.read(&mut nothing) => if read? == 0 { return Ok(()) },
        }
    }
}

/// The connection is the lease: it ends when the client closes it, dies, or does not read.
async fn attach(stream: &mut UnixStream, chat: ChatNumber, answers: bool, desk: &Desk) -> io::Result<()> {
    let mut news = desk.news.subscribe();
    let lease = desk.leases.take(chat, answers);
    say(stream, Answer::Attached { attached: lease.count() }).await?;
    let mut nothing = [0_u8; 64];
    loop {
        let answer = tokio::select! {
            heard = news.recv() => match heard {
                Ok(ChatNews::Changed(other)) if other == chat => Answer::ChatChanged,
                Ok(ChatNews::Delta { chat: other, message, text }) if other == chat => {
                    Answer::ChatDelta { message, text }
                }
                Ok(_) => continue,
                // Pieces were missed: what was committed can be read.
                Err(broadcast::error::RecvError::Lagged(_)) => Answer::ChatChanged,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            // What a client sends after its request says nothing, but its leaving does.
            read = stream.read(&mut nothing) => match read? {
                0 => return Ok(()),
                _ => continue,
            },
        };
        say(stream, answer).await?;
    }
}

async fn say(stream: &mut UnixStream, answer: Answer) -> io::Result<()> {
    let line = reply_line(answer);
    match tokio::time::timeout(SLOW_READER, stream.write_all(&line)).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests;
