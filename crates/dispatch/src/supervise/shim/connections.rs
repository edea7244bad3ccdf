//! Everyone who is connected to the shim's socket: workers' `wg`, and supervisors.
//!
//! Nothing here blocks, and what one peer does costs another nothing: a line is at most so long, those who
//! say nothing are dropped when there is no room, the oldest first, and those who do not read are dropped
//! after a while.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::follow::Follower;
use super::desk::{Desk, Served};
use super::door::{self, DoorReply, REPLY_MAX, REQUEST_MAX};
use super::heard::Heard;
use crate::files::Run;
use crate::socket::{LineBuffer, is_ours};
use crate::supervise::protocol::{PROTOCOL_VERSION, ShimAnswer, ShimRequest};

mod follow;

/// Connections at a time. A worker that calls more `wg` at once than this waits in the kernel's queue.
const CONNECTIONS: usize = 64;
/// Bytes of unfinished lines that are held over all connections.
const HELD_MAX: usize = 4 * REQUEST_MAX;
/// How long an answer may lie unread while nothing of it is taken.
const SLOW_READER: Duration = Duration::from_secs(10);
/// How long to leave the listener alone when the process can open nothing more.
const OUT_OF_FILES: Duration = Duration::from_millis(100);
/// Bytes that are read of one peer before another one's turn.
const TURN: usize = 256 * 1024;

/// What is known of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It has said nothing yet.
    Silent,
    /// Its request is being served.
    Waiting,
    /// It is a supervisor that said whom it means.
    Supervisor,
    /// It is gone when it has read what there is.
    Leaving,
}

/// One peer.
#[derive(Debug)]
struct Connection {
    stream: UnixStream,
    lines: LineBuffer,
    role: Role,
    unread: Vec<u8>,
    unread_since: Option<Instant>,
}

/// Everyone who is connected.
pub(super) struct Connections {
    listener: UnixListener,
    run: Run,
    peers: BTreeMap<u64, Connection>,
    next: u64,
    closed_until: Option<Instant>,
    desk: Option<Desk>,
    follower: Option<Follower>,
}

impl Connections {
    /// Nobody yet.
    pub(super) fn new(listener: UnixListener, run: Run) -> Self {
        let peers = BTreeMap::new();
        Self { listener, run, peers, next: 0, closed_until: None, desk: None, follower: None }
    }

    /// From here on workers are served.
    pub(super) fn open(&mut self, desk: Desk) {
        self.desk = Some(desk);
    }

    /// What to wait for; `None` stands for the listener.
    pub(super) fn interest(&self) -> Vec<(Option<u64>, PollFd<'_>)> {
        let mut interest = Vec::with_capacity(self.peers.len() + 1);
        if self.closed_until.is_none() && (self.peers.len() < CONNECTIONS || self.dispensable().is_some()) {
            interest.push((None, PollFd::new(&self.listener, PollFlags::IN)));
        }
        for (number, peer) in &self.peers {
            let mut flags = PollFlags::empty();
            if !peer.unread.is_empty() {
                flags |= PollFlags::OUT;
            }
            if matches!(peer.role, Role::Silent | Role::Supervisor) {
                flags |= PollFlags::IN;
            }
            // One that is being served is not looked at: that it hung up would be told without end.
            if !flags.is_empty() {
                interest.push((Some(*number), PollFd::new(&peer.stream, flags)));
            }
        }
        interest
    }

    /// When something is to be done though nobody moves.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let slow = self.peers.values().filter_map(|peer| Some(peer.unread_since? + SLOW_READER)).min();
        [slow, self.closed_until].into_iter().flatten().min()
    }

    /// Drops those who do not read, and opens the listener again.
    pub(super) fn look_at_time(&mut self, now: Instant) {
        self.peers.retain(|_, peer| peer.unread_since.is_none_or(|since| now < since + SLOW_READER));
        self.closed_until = self.closed_until.filter(|until| now < *until);
    }

    /// Lets those in who wait at the listener. What they say at once is heard at once, so that a peer with a
    /// request is not taken for one of many silent ones.
    pub(super) fn accept(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        for _ in 0..CONNECTIONS {
            if self.peers.len() >= CONNECTIONS {
                let Some(number) = self.dispensable() else { break };
                self.peers.remove(&number);
            }
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if !is_ours(&stream) || stream.set_nonblocking(true).is_err() {
                        continue;
                    }
                    let number = self.next;
                    self.next += 1;
                    let lines = LineBuffer::new(REQUEST_MAX);
                    let (role, unread) = (Role::Silent, Vec::new());
                    self.peers.insert(number, Connection { stream, lines, role, unread, unread_since: None });
                    heard.extend(self.hear(number));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => {
                    self.closed_until = Some(Instant::now() + OUT_OF_FILES);
                    break;
                }
            }
        }
        heard
    }

    /// Whom to drop for a new one: the oldest that has said nothing, else the oldest that only has to read,
    /// else the oldest supervisor, which asks again. Nobody whose request is being served, and not who follows.
    fn dispensable(&self) -> Option<u64> {
        let oldest = |role| {
            let mut peers = self.peers.iter().filter(|(number, _)| !self.is_follower(**number));
            peers.find(|(_, peer)| peer.role == role).map(|(number, _)| *number)
        };
        oldest(Role::Silent).or_else(|| oldest(Role::Leaving)).or_else(|| oldest(Role::Supervisor))
    }

    /// Takes what a peer says and gives it what it is to read.
    pub(super) fn attend(&mut self, number: u64, flags: PollFlags) -> Vec<Heard> {
        if flags.contains(PollFlags::OUT) {
            self.flush(number);
        }
        if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return self.hear(number);
        }
        Vec::new()
    }

    fn hear(&mut self, number: u64) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut piece = [0; 16 * 1024];
        let mut read = 0;
        while read < TURN {
            let Some(peer) = self.peers.get_mut(&number) else { break };
            if !matches!(peer.role, Role::Silent | Role::Supervisor) {
                break;
            }
            match peer.stream.read(&mut piece) {
                Ok(n) if n > 0 => {
                    read += n;
                    if peer.lines.push(&piece[..n]).is_err() {
                        self.refuse_long_line(number);
                        break;
                    }
                    self.take_lines(number, &mut heard);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // It hung up; whom it asked for nothing is owed nothing.
                Ok(_) | Err(_) => {
                    self.peers.remove(&number);
                }
            }
        }
        self.bound_held();
        heard
    }

    fn take_lines(&mut self, number: u64, heard: &mut Vec<Heard>) {
        while let Some(peer) = self.peers.get_mut(&number) {
            let line = match peer.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(_) => return self.refuse_long_line(number),
            };
            match peer.role {
                Role::Silent => self.first_line(number, &line),
                Role::Supervisor => heard.extend(self.supervisor_line(number, &line)),
                Role::Waiting | Role::Leaving => return,
            }
        }
    }

    /// Who a peer is, it says with its first line.
    fn first_line(&mut self, number: u64, line: &[u8]) {
        #[derive(Deserialize)]
        struct Kind {
            ask: Option<IgnoredAny>,
        }
        if serde_json::from_slice::<Kind>(line).is_ok_and(|kind| kind.ask.is_some()) {
            return self.greet(number, line);
        }
        let Some(desk) = &mut self.desk else { return self.reply(number, &DoorReply::error(75, "not yet")) };
        match door::parse(line).and_then(|request| desk.take(number, request)) {
            Ok(()) => self.set_role(number, Role::Waiting),
            Err(reply) => self.reply(number, &reply),
        }
    }

    fn greet(&mut self, number: u64, line: &[u8]) {
        let why = match serde_json::from_slice(line) {
            Ok(ShimRequest::Hello { run, .. }) if run == self.run => {
                self.set_role(number, Role::Supervisor);
                return self.answer(number, &ShimAnswer::Hello { version: PROTOCOL_VERSION, run });
            }
            Ok(ShimRequest::Hello { run, .. }) => {
                format!("this is the shim of {}, not of {}", self.run.mark(), run.mark())
            }
            Ok(_) => "say hello first".to_owned(),
            Err(error) => format!("that is no request: {error}"),
        };
        self.answer(number, &ShimAnswer::Refused { why });
        self.set_role(number, Role::Leaving);
        self.flush(number);
    }

    fn supervisor_line(&mut self, peer: u64, line: &[u8]) -> Option<Heard> {
        match Heard::read(peer, line) {
            Ok(heard) => Some(heard),
            Err(why) => {
                self.answer(peer, &ShimAnswer::Refused { why });
                None
            }
        }
    }

    fn refuse_long_line(&mut self, number: u64) {
        let what = format!("a request has at most {REQUEST_MAX} bytes");
        self.reply(number, &DoorReply::error(2, &what));
    }

    /// Of many unfinished lines together the longest goes; but not that of who follows.
    fn bound_held(&mut self) {
        let held: usize = self.peers.values().map(|peer| peer.lines.held()).sum();
        if held > HELD_MAX {
            let others = self.peers.iter().filter(|(number, _)| !self.is_follower(**number));
            if let Some(number) = others.max_by_key(|(_, peer)| peer.lines.held()).map(|(number, _)| *number)
            {
                self.peers.remove(&number);
            }
        }
    }

    /// Whether this peer is still connected.
    pub(super) fn is_there(&self, number: u64) -> bool {
        self.peers.contains_key(&number)
    }

    /// Hands out what the desk has served; tells of reports among them.
    pub(super) fn serve(&mut self) -> Vec<Heard> {
        let served = self.desk.as_mut().map(Desk::served).unwrap_or_default();
        self.hand_out(served)
    }

    /// Waits until every request that was taken is served.
    pub(super) fn finish(&mut self, patience: Duration) -> Vec<Heard> {
        let served = self.desk.as_mut().map(|desk| desk.finish(patience)).unwrap_or_default();
        self.hand_out(served)
    }

    fn hand_out(&mut self, served: Vec<Served>) -> Vec<Heard> {
        let mut heard = Vec::new();
        for (number, reply) in served {
            if reply.reported {
                heard.push(Heard::Reported);
            }
            let size = reply.stdout.len() + reply.stderr.len();
            if size > REPLY_MAX {
                let what =
                    format!("the answer has {size} bytes, and at most {REPLY_MAX} come through the door");
                self.reply(number, &DoorReply::error(1, &what));
            } else {
                self.reply(number, &reply);
            }
        }
        heard
    }

    /// Answers a worker, for the last time.
    fn reply(&mut self, number: u64, reply: &DoorReply) {
        self.set_role(number, Role::Leaving);
        self.queue(number, serde_json::to_vec(reply));
    }

    /// Answers a supervisor.
    pub(super) fn answer(&mut self, number: u64, answer: &ShimAnswer) {
        self.queue(number, serde_json::to_vec(answer));
    }

    fn queue(&mut self, number: u64, line: serde_json::Result<Vec<u8>>) {
        let (Some(peer), Ok(mut line)) = (self.peers.get_mut(&number), line) else { return };
        line.push(b'\n');
        if peer.unread.len() + line.len() > 2 * REPLY_MAX {
            // A supervisor that asks and never reads.
            self.peers.remove(&number);
            return;
        }
        peer.unread.extend_from_slice(&line);
        peer.unread_since.get_or_insert_with(Instant::now);
        self.flush(number);
    }

    fn set_role(&mut self, number: u64, role: Role) {
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.role = role;
        }
    }

    fn flush(&mut self, number: u64) {
        let Some(peer) = self.peers.get_mut(&number) else { return };
        let mut sent = 0;
        let gone = loop {
            if sent == peer.unread.len() {
                break peer.role == Role::Leaving;
            }
            match peer.stream.write(&peer.unread[sent..]) {
                Ok(n) => sent += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error.kind() != io::ErrorKind::WouldBlock,
            }
        };
        if gone {
            self.peers.remove(&number);
            return;
        }
        if sent > 0 {
            peer.unread.drain(..sent);
            peer.unread_since = (!peer.unread.is_empty()).then(Instant::now);
        }
    }

    /// Waits until those who are owed an answer have it, `patience` at most.
    pub(super) fn farewell(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let unread: Vec<u64> = self
                .peers
                .iter()
                .filter(|(_, peer)| !peer.unread.is_empty())
                .map(|(number, _)| *number)
                .collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if unread.is_empty() || left.is_zero() {
                return;
            }
            let mut fds: Vec<_> =
                unread.iter().map(|number| PollFd::new(&self.peers[number].stream, PollFlags::OUT)).collect();
            if poll(&mut fds, Timespec::try_from(left).ok().as_ref()).is_err() {
                return;
            }
            for number in unread {
                self.flush(number);
            }
        }
    }
}
