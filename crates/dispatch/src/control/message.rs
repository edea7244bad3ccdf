//! What is said over the control socket: the requests, the answers and how both are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wg_core::control::{AdapterPause, Pause};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;

/// Version of the protocol: requests of another one are refused with this number.
pub const VERSION: u32 = 1;
/// Longest line that a client may send, in bytes, newline included. No request is near it.
pub const REQUEST_MAX: usize = 4 * 1024;
/// Longest line that a client takes: a status with some thousands of attempts.
pub const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// The line that a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// [`VERSION`].
    pub version: u32,
    /// What is asked for.
    #[serde(flatten)]
    pub request: Request,
}

/// What can be asked of a dispatcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Are you there?
    Ping,
    /// Something was committed (or an attempt ended): look now.
    Poke {
        /// The attempt that has news, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<AttemptRef>,
    },
    /// How things stand.
    Status,
    /// Leave. The connection closes when the dispatcher is gone.
    Stop {
        /// End the agents too; else they go on with their shims.
        #[serde(default)]
        kill_agents: bool,
        /// Who asks, as in the graph's log.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Another dispatcher follows at once, which takes the handlers of chats up; else they are drained.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep_chats: bool,
    },
    /// Somebody consumes a chat from now on, until the connection closes: the connection is the lease.
    Attach {
        /// Which.
        chat: ChatNumber,
        /// It is a person who can answer what the chat's handler asks.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        answers: bool,
    },
    /// Somebody consumes a chat for the next minute.
    PingChat {
        /// Which.
        chat: ChatNumber,
    },
    /// Read the configuration again.
    Reload,
    /// What the dispatcher notes, from now on, until the connection closes.
    Tail,
}

/// A line of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// [`VERSION`].
    pub version: u32,
    /// What is answered.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a dispatcher answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// To a ping.
    Pong {
        /// Its process.
        pid: u32,
        /// Its program's version.
        program: String,
    },
    /// To a poke: it will look.
    Poked,
    /// To a status.
    Status(Box<Status>),
    /// To a stop: it leaves.
    Stopping {
        /// Agents that run just now.
        agents: usize,
    },
    /// To a reload: the new configuration is in use.
    Reloaded,
    /// To a tail: one line that the dispatcher noted.
    Noted {
        /// When.
        at: Timestamp,
        /// What.
        line: String,
    },
    /// To an attach: it is wanted now. Followed by [`Answer::ChatChanged`] and [`Answer::ChatDelta`].
    Attached {
        /// How many are attached, this one included.
        attached: usize,
    },
    /// To an attach: something about the chat was committed, so that it is worth reading again.
    ChatChanged,
    /// To an attach: a piece of an answer that is being made. What counts is the answer that is committed.
    ChatDelta {
        /// The message that is being answered.
        message: u64,
        /// The piece.
        text: String,
    },
    /// The request was not understood, or can't be done.
    Refused {
        /// Why.
        why: String,
    },
}

/// How things stand with a dispatcher.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// Its program's version.
    pub program: String,
    /// Its host, as in `dispatcher@HOST`.
    pub host: String,
    /// When it started.
    pub since: Timestamp,
    /// Agents that may run at a time.
    pub slots: usize,
    /// Attempts that hold a slot, the first first.
    pub running: Vec<Running>,
    /// When it looks at the graph again by itself; absent: only when something happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_timer: Option<Timestamp>,
    /// A person stopped dispatching.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// Adapters that can't work just now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adapters: BTreeMap<String, AdapterPause>,
    /// Attempts of which it can't tell whether they live.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// Who is attached to chats: how many to which.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<ChatNumber, usize>,
    /// Histories of chats that could not be written down, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unwritten: BTreeMap<ChatNumber, String>,
    /// It was asked to leave, and waits for the agents to be gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopping: bool,
    /// What keeps it from working at all: the store's last error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// An attempt that holds a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Which.
    pub attempt: AttemptRef,
    /// Of what.
    pub task: TaskId,
    /// By which adapter.
    pub adapter: String,
    /// How far it is.
    pub stage: Stage,
    /// Since when it holds the slot.
    pub since: Timestamp,
}

/// How far an attempt is, as its dispatcher sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Committed; its shim is not up yet.
    Starting,
    /// Its shim is up.
    Running,
    /// Its end is under way, or being looked at.
    Ending,
    /// It can't be told whether it lives.
    Unknown,
}

/// What could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Of which attempt.
    pub attempt: AttemptRef,
    /// Why not.
    pub why: String,
}

/// Why a line is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    /// Another version of the protocol.
    #[error("this dispatcher speaks version {VERSION} of its protocol, not {0}")]
    Version(u64),
    /// Not JSON, not a request, or a request without what it needs.
    #[error("that is no request: {0}")]
    Malformed(String),
}

/// Reads a request. Never panics, whatever the bytes are.
pub fn parse_call(line: &[u8]) -> Result<Request, BadCall> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let malformed = |e: serde_json::Error| BadCall::Malformed(e.to_string());
    let Versioned { version } = serde_json::from_slice(line).map_err(malformed)?;
    if version != u64::from(VERSION) {
        return Err(BadCall::Version(version));
    }
    serde_json::from_slice::<Call>(line).map(|call| call.request).map_err(malformed)
}

/// Writes a request as a line.
#[must_use]
pub fn call_line(request: Request) -> Vec<u8> {
    line_of(&Call { version: VERSION, request })
}

/// Writes an answer as a line.
#[must_use]
pub fn reply_line(answer: Answer) -> Vec<u8> {
    line_of(&Reply { version: VERSION, answer })
}

fn line_of(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("messages are plain data with string keys");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive_their_line() {
        for request in [
            Request::Ping,
            Request::Poke { attempt: None },
            Request::Poke { attempt: Some(AttemptRef(7)) },
            Request::Status,
            Request::Stop { kill_agents: true, by: Some("user:ann".into()), keep_chats: true },
            Request::Attach { chat: ChatNumber(3), answers: false },
            Request::Attach { chat: ChatNumber(3), answers: true },
            Request::PingChat { chat: ChatNumber(3) },
            Request::Reload,
            Request::Tail,
        ] {
            let line = call_line(request.clone());
            assert!(line.len() <= REQUEST_MAX);
            assert_eq!(parse_call(&line), Ok(request));
        }
    }

    #[test]
    fn lines_of_version_1_are_still_read() {
        for (line, request) in [
            (r#"{"version":1,"request":"ping"}"#, Request::Ping),
            (
                r#"{"version":1,"request":"poke","attempt":"agent-3"}"#,
                Request::Poke { attempt: Some(AttemptRef(3)) },
            ),
            (
                r#"{"request":"stop","version":1,"later":[1]}"#,
                Request::Stop { kill_agents: false, by: None, keep_chats: false },
            ),
        ] {
            assert_eq!(parse_call(line.as_bytes()), Ok(request), "{line}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_reason() {
        assert_eq!(parse_call(br#"{"version":2,"request":"dance"}"#), Err(BadCall::Version(2)));
        for line in [
            &b""[..],
            b"{",
            b"null",
            b"{}",
            br#"{"version":1}"#,
            b"\xff\xfe",
            br#"{"version":1,"request":"dance"}"#,
        ] {
            assert!(matches!(parse_call(line), Err(BadCall::Malformed(_))), "{line:?}");
        }
    }

    #[test]
    fn answers_survive_their_line() {
        let status = Status {
            pid: 4,
            running: vec![Running {
                attempt: AttemptRef(2),
                task: TaskId::slug("a"),
                adapter: "shell".into(),
                stage: Stage::Running,
                since: Timestamp::from_nanos(5),
            }],
            trouble: Some("no room".into()),
            ..Status::default()
        };
        for answer in [
            Answer::Pong { pid: 3, program: "0.1.0".into() },
            Answer::Status(Box::new(status)),
            Answer::Stopping { agents: 2 },
            Answer::Refused { why: "no".into() },
        ] {
            let line = reply_line(answer.clone());
            let reply: Reply = serde_json::from_slice(&line).expect("it was written here");
            assert_eq!((reply.version, reply.answer), (VERSION, answer));
        }
    }
}
