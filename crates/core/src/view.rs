//! What people ask of a task: why it is not running, in one line.

use std::fmt;

use crate::chat::ChatState;
use crate::graph::{Unmet, unmet};
use crate::id::{AttemptRef, ChatNumber};
use crate::policy::{ChosenBy, Policy, Unable};
use crate::port::{Read, StoreError};
use crate::schedule::leaving;
use crate::task::{Holder, StateName, Task, TaskState, Wait};
use crate::time::Timestamp;
use crate::usage::Met;

/// What the caller knows of the world around the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether a dispatcher runs for this graph on this host.
    pub dispatcher: bool,
    /// How it starts things.
    pub policy: Policy,
}

/// Why a task is not running, or what it does instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Done.
    Done,
    /// Failed, and how.
    Failed(String),
    /// Abandoned, and why.
    Abandoned(Option<String>),
    /// A person decides whether it is good.
    InReview,
    /// An attempt is at it.
    Running(AttemptRef, Option<Timestamp>),
    /// A person is at it.
    Claimed(String),
    /// It is a chat, and how that stands; absent: it has no record.
    Chat(Option<Box<ChatState>>),
    /// It was set aside.
    Waiting(Wait),
    /// A person has to decide.
    NeedsPerson(String),
    /// A person keeps it from starting.
    Paused,
    /// Dependencies that are not done.
    Blocked(Vec<Unmet>),
    /// What its attempts may use together is used up: a person raises it.
    UsedUp(Met),
    /// Not before a time.
    NotBefore(Timestamp),
    /// It names no adapter, and there is no default one: it is for people.
    ForPeople,
    /// There is no adapter of this name, and who names it.
    UnknownAdapter(String, ChosenBy),
    /// The adapter serves chats and nothing else, and who names it.
    ChatsOnly(String, ChosenBy),
    /// All starting is paused.
    DispatchPaused,
    /// Its adapter can't work just now.
    AdapterPaused(String, String, Option<Timestamp>),
    /// Its last attempt was told to end and is not gone yet.
    Leaving(AttemptRef),
    /// Ready, but no dispatcher runs.
    NoDispatcher,
    /// Ready: it starts when a slot is free.
    Queued(usize),
}

impl Reason {
    /// Whether a person has to do something about it.
    #[must_use]
    pub fn needs_you(&self) -> bool {
        match self {
            Self::NeedsPerson(_)
            | Self::InReview
            | Self::UsedUp(_)
            | Self::UnknownAdapter(..)
            | Self::ChatsOnly(..)
            | Self::AdapterPaused(_, _, None) => true,
            Self::Chat(Some(state)) => matches!(**state, ChatState::GaveUp { .. }),
            _ => false,
        }
    }
}

/// Why `task` is not running.
pub fn why(
    read: &mut dyn Read,
    task: &Task,
    seen: &Surroundings,
    now: Timestamp,
) -> Result<Reason, StoreError> {
    Ok(match &task.state {
        TaskState::Done => Reason::Done,
        TaskState::Failed { reason } => Reason::Failed(reason.clone()),
        TaskState::Abandoned { reason } => Reason::Abandoned(reason.clone()),
        TaskState::InReview => Reason::InReview,
        TaskState::InProgress { by: Holder::Person(name) } => Reason::Claimed(name.clone()),
        TaskState::InProgress { by: Holder::Chat } => chat(read, task)?,
        TaskState::InProgress { by: Holder::Attempt(attempt) } => {
            Reason::Running(*attempt, task.times.started_at)
        }
        TaskState::Waiting { on: Wait::Person(question) } => Reason::NeedsPerson(question.clone()),
        TaskState::Waiting { on } => Reason::Waiting(on.clone()),
        TaskState::Open => open(read, task, seen, now)?,
    })
}

fn chat(read: &mut dyn Read, task: &Task) -> Result<Reason, StoreError> {
    let chat = match ChatNumber::of_task(&task.id) {
        Some(number) => read.chat(number)?,
        None => None,
    };
    Ok(Reason::Chat(chat.map(|(chat, _)| Box::new(chat.state))))
}

fn open(read: &mut dyn Read, task: &Task, seen: &Surroundings, now: Timestamp) -> Result<Reason, StoreError> {
    if task.paused {
        return Ok(Reason::Paused);
    }
    if read.unmet(&task.id)? > 0 {
        return Ok(Reason::Blocked(unmet(read, task)?));
    }
    if let Some(met) = task.used_up() {
        return Ok(Reason::UsedUp(met));
    }
    if let Some(until) = task.times.not_before.filter(|until| now < *until) {
        return Ok(Reason::NotBefore(until));
    }
    if let Some(last) = leaving(read, task)? {
        return Ok(Reason::Leaving(last));
    }
    let Some(choice) = seen.policy.choose(task) else { return Ok(Reason::ForPeople) };
    let adapter = &choice.adapter;
    match seen.policy.unable(adapter) {
        None => {}
        Some(Unable::Unknown) => return Ok(Reason::UnknownAdapter(choice.adapter, choice.by)),
        Some(Unable::ChatsOnly) => return Ok(Reason::ChatsOnly(choice.adapter, choice.by)),
    }
    let (control, _) = read.control()?;
    if control.paused.is_some() {
        return Ok(Reason::DispatchPaused);
    }
    if let Some(pause) = control.adapter_pause(adapter, now) {
        return Ok(Reason::AdapterPaused(adapter.to_owned(), pause.reason.clone(), pause.until));
    }
    Ok(if seen.dispatcher { Reason::Queued(seen.policy.max_agents) } else { Reason::NoDispatcher })
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Abandoned(Some(reason)) => write!(f, "abandoned: {reason}"),
            Self::Abandoned(None) => f.write_str("abandoned"),
            Self::InReview => f.write_str("in review: a person decides"),
            Self::Running(attempt, _) => write!(f, "running as {attempt}"),
            Self::Chat(Some(state)) => write!(f, "a chat, {state}"),
            Self::Chat(None) => f.write_str("a chat without a record"),
            Self::Claimed(name) => write!(f, "claimed by {name}"),
            Self::Waiting(on) => write!(f, "waits for {on}"),
            Self::NeedsPerson(question) => write!(f, "needs a person: {question}"),
            Self::Paused => f.write_str("paused"),
            Self::Blocked(unmet) => blocked(f, unmet),
            Self::UsedUp(met) => f.write_str(&met.used_up()),
            Self::NotBefore(until) => write!(f, "not before {until}"),
            Self::ForPeople => f.write_str("for people: it has no command, adapter or model"),
            Self::UnknownAdapter(name, by) => write!(f, "there is no adapter {name} here{}", named(by)),
            Self::ChatsOnly(name, by) => write!(f, "adapter {name} serves chats only{}", named(by)),
            Self::DispatchPaused => f.write_str("ready, but dispatching is paused"),
            Self::AdapterPaused(adapter, reason, None) => write!(f, "adapter {adapter} is paused: {reason}"),
            Self::AdapterPaused(adapter, reason, Some(until)) => {
                write!(f, "adapter {adapter} is paused until {until}: {reason}")
            }
            Self::Leaving(attempt) => write!(f, "{attempt} is not gone yet"),
            Self::NoDispatcher => f.write_str("ready, but no dispatcher runs"),
            Self::Queued(slots) => write!(f, "ready: waits for one of {slots} slots"),
        }
    }
}

/// Where the name stands, where it is not the task's.
fn named(by: &ChosenBy) -> String {
    match by {
        ChosenBy::Task => String::new(),
        ChosenBy::Rule(tag) => format!(", which the rule of tag {tag} names"),
        ChosenBy::Default => ", which default_adapter names".to_owned(),
    }
}

fn blocked(f: &mut fmt::Formatter<'_>, unmet: &[Unmet]) -> fmt::Result {
    const SHOWN: usize = 3;
    let mut worst: Vec<&Unmet> = unmet.iter().collect();
    // What will never be done by itself is the news, so it is told first.
    worst.sort_by_key(|unmet| match unmet.state {
        None => 0,
        Some(StateName::Failed | StateName::Abandoned) => 1,
        Some(_) => 2,
    });
    f.write_str("blocked by ")?;
    for (n, unmet) in worst.iter().take(SHOWN).enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        match unmet.state {
            None => write!(f, "{comma}{} (missing)", unmet.task)?,
            Some(state) => write!(f, "{comma}{} ({state})", unmet.task)?,
        }
    }
    match worst.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}
