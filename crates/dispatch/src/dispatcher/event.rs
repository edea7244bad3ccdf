//! What a dispatcher is told, and what it wants done on its host: the two closed lists between it and the
//! world.

use std::collections::BTreeMap;
use std::time::Duration;

use wg_agents::{ChatFacts, CommandSpec, ProgramFacts};
use wg_core::attempt::{Attempt, ProcessIdentity};
use wg_core::chat::{Entry, Said};
use wg_core::id::{AttemptRef, ChatNumber, Fence};
use wg_core::time::Timestamp;

use crate::config::DispatchConfig;
use crate::files::{ExitRecord, Talk};
use crate::recover::{Finding, Findings};
use crate::retention::{Prunable, Retention};
use crate::supervise::sandbox;

/// What happened. Any of them may come twice or late.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody may have committed something.
    StoreChanged,
    /// Somebody asks to look, whatever was seen before.
    Poked,
    /// The time that was asked for has come.
    TimerDue,
    /// The clock was set, or the machine slept.
    ClockJumped,
    /// A shim is up.
    Spawned {
        /// For which attempt.
        attempt: AttemptRef,
        /// The shim.
        shim: ProcessIdentity,
        /// Since when.
        at: Timestamp,
    },
    /// A shim could not be started; no process came of it.
    SpawnFailed {
        /// For which attempt.
        attempt: AttemptRef,
        /// Why.
        why: String,
    },
    /// An attempt's exit record is there, whether its shim is still up or not.
    ExitSeen {
        /// Of which attempt.
        attempt: AttemptRef,
        /// What it says.
        exit: Box<ExitRecord>,
    },
    /// A shim is provably gone.
    ShimGone {
        /// Of which attempt.
        attempt: AttemptRef,
        /// What its exit record says, where there is one.
        exit: Option<Box<ExitRecord>>,
    },
    /// An end that was asked for was carried out: the whole tree is gone, or it can't be told.
    EndCarriedOut {
        /// Of which attempt.
        attempt: AttemptRef,
        /// With the exit record where there is one; or why it can't be told.
        result: Result<Option<Box<ExitRecord>>, String>,
    },
    /// What was found of an attempt that was to be examined.
    Examined(Box<Finding>),
    /// At the start: what was found of all live attempts of this host, and of those that are over.
    Recovered(Box<Findings>),
    /// The configuration was read again.
    ConfigChanged(Box<DispatchConfig>),
    /// What was found of the adapters' programs.
    Programs(Vec<(String, ProgramFacts)>),
    /// The dispatcher is to leave.
    Stop {
        /// With its agents; else they go on with their shims.
        kill_agents: bool,
        /// Who asked, for the log of the tasks.
        by: Option<String>,
        /// Handlers of chats stay too: another dispatcher follows at once.
        keep_chats: bool,
    },
    /// Who is attached to chats now.
    Attached(BTreeMap<ChatNumber, Consumers>),
    /// Somebody consumes a chat for the next minute.
    ChatPinged(ChatNumber),
    /// A handler said something.
    Heard {
        /// Which.
        attempt: AttemptRef,
        /// Under which fence.
        fence: Fence,
        /// In order.
        said: Vec<Said>,
        /// Up to where its output was taken in.
        parsed: u64,
    },
    /// Everything that a handler said was heard; nothing more comes.
    TalkOver(AttemptRef),
    /// What was found of chats' programs.
    ChatPrograms(Vec<(ChatNumber, ProgramFacts)>),
}

/// Who is attached to a chat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumers {
    /// How many are.
    pub all: usize,
    /// How many of them are people who can answer what a handler asks.
    pub answering: usize,
}

/// What is to be done on the host. Each is safe to do twice.
#[derive(Debug, Clone, PartialEq)]
pub enum HostEffect {
    /// Start a shim; answered by [`Event::Spawned`] or [`Event::SpawnFailed`], later by [`Event::ShimGone`].
    Spawn(Box<Launch>),
    /// Watch an adopted shim; answered by [`Event::ShimGone`] when it is provably gone. The identity is
    /// absent where it could not be verified: then by its lock.
    Watch {
        /// Of which attempt.
        attempt: AttemptRef,
        /// The shim.
        shim: Option<ProcessIdentity>,
    },
    /// Look at what is there of an attempt; answered by [`Event::Examined`].
    Examine(Box<Attempt>),
    /// End an attempt's whole tree, if there is any of it, and prove it gone; answered by
    /// [`Event::EndCarriedOut`].
    End(Box<Attempt>),
    /// Ring at this time, or never. Replaces what was set before.
    SetTimer(Option<Timestamp>),
    /// Find out about these adapters' programs; answered by [`Event::Programs`].
    FindPrograms(Vec<(String, String)>),
    /// Remove old files of attempts.
    Prune {
        /// What may be removed.
        prunable: Prunable,
        /// What is to be kept.
        retention: Retention,
    },
    /// Find out about the programs of these chats; answered by [`Event::ChatPrograms`].
    FindChatPrograms(Vec<(ChatNumber, String)>),
    /// Open the conversation with a handler, or with an agent at work; answered by [`Event::Heard`] whenever something came of it, and by
    /// [`Event::TalkOver`] at its end. What comes next is read when this is committed
    /// ([`HostEffect::Parsed`]).
    Converse(Box<Converse>),
    /// Give a handler a message.
    Deliver {
        /// Which handler.
        attempt: AttemptRef,
        /// Its turn: one that the handler was given before is not given again.
        turn: u64,
        /// The message.
        entry: Box<Entry>,
        /// It was given to a handler before.
        again: bool,
    },
    /// Tell an agent at work its task, once its conversation is open.
    Prompt {
        /// Which.
        attempt: AttemptRef,
    },
    /// An agent at work has nothing more to do: let it leave.
    LetGo {
        /// Which.
        attempt: AttemptRef,
    },
    /// Ask a handler to end its turn.
    Interrupt {
        /// Which.
        attempt: AttemptRef,
    },
    /// Tell a handler how a question of its was answered.
    Answer {
        /// Which handler.
        attempt: AttemptRef,
        /// Which question, by its name.
        question: String,
        /// What, by its name; absent: neither yes nor no.
        choice: Option<String>,
    },
    /// What was heard up to here is committed.
    Parsed {
        /// Of which handler.
        attempt: AttemptRef,
        /// In bytes of its output.
        to: u64,
    },
    /// A handler is over: take in what it said last, then [`Event::TalkOver`].
    Finish {
        /// Which.
        attempt: AttemptRef,
    },
    /// Something about a chat was committed: tell those who are attached.
    ChatNews {
        /// Which.
        chat: ChatNumber,
    },
    /// Bring a chat's history file up to its rows.
    Mirror {
        /// Of which.
        chat: ChatNumber,
    },
    /// Something worth a line in the log.
    Log(Line),
    /// There is more to do: call again at once, after what has come meanwhile.
    Again,
    /// Nothing holds the dispatcher any more: it was asked to leave, and may.
    Leave,
}

/// A conversation to be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Converse {
    /// The attempt.
    pub attempt: Attempt,
    /// What it is about.
    pub whose: Whose,
    /// From where its output was not taken in yet.
    pub from: u64,
    /// It is over: only what it left is taken in.
    pub over: bool,
}

/// What a conversation is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// A chat, as the adapter of its handler has to know it.
    Chat(ChatFacts),
    /// Work on a task.
    Work,
}

/// What a shim has to be told to run an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Which attempt.
    pub attempt: Attempt,
    /// What to run.
    pub command: CommandSpec,
    /// The longest it may run.
    pub timeout: Option<Duration>,
    /// Between asking it to leave and ending it.
    pub kill_grace: Duration,
    /// Bytes of its output that are kept.
    pub output_cap: u64,
    /// Variables that it gets beside the usual ones.
    pub env_pass: Vec<String>,
    /// Its output means something, and it may be talked to.
    pub talk: Option<Talk>,
    /// What it is told to do: of work that is understood.
    pub prompt: Option<String>,
    /// The sandbox that it is to be in.
    pub sandbox: Option<sandbox::Wanted>,
}

/// A line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How bad.
    pub level: Level,
    /// What.
    pub text: String,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Info,
    /// A person may want to know.
    Warn,
}
