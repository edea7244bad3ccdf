//! How a reason is said: a word for the column, a few words beside it, the whole sentence, and what to type.
//! What the reason *is*, the domain says (`wg_core::view`).

use wg_core::id::ChatNumber;
use wg_core::policy::ChosenBy;
use wg_core::port::Read;
use wg_core::rejection::raise;
use wg_core::task::{Task, TaskKind, Wait};
use wg_core::time::Timestamp;
use wg_core::view::{Reason, Surroundings, why};

use crate::error::Result;
use crate::output::style::Tone;
use crate::output::{text, time};
use crate::telling::chats;

/// A reason in words.
#[derive(Debug, Clone)]
pub struct Said {
    /// One word: `ready`, `blocked`, `running`, …
    pub word: &'static str,
    /// The colour of the word.
    pub tone: Tone,
    /// What stands beside the word.
    pub brief: String,
    /// All of it, in one line.
    pub sentence: String,
    /// A person has to do something about it.
    pub needs_you: bool,
    /// A command to type, where one helps.
    pub hint: Option<String>,
}

/// How times in a reason are written.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Now.
    pub now: Timestamp,
    /// As RFC 3339.
    pub exact: bool,
}

impl Times {
    /// In words.
    #[must_use]
    pub fn say(self, at: Timestamp) -> String {
        if self.exact { at.to_string() } else { time::relative(at, self.now) }
    }
}

/// Why a task is not running, in words.
pub fn of(read: &mut dyn Read, task: &Task, seen: &Surroundings, times: Times) -> Result<Said> {
    Ok(said(task, &why(read, task, seen, times.now)?, times))
}

/// A reason in words.
#[must_use]
pub fn said(task: &Task, reason: &Reason, times: Times) -> Said {
    let (word, tone) = word(reason);
    let archived = || {
        let at = task.times.completed_at.map(|at| format!(" {}", times.say(at)));
        format!("archived{}", at.unwrap_or_default())
    };
    let is_archived = task.kind == TaskKind::Chat && *reason == Reason::Done;
    let sentence = if is_archived { archived() } else { text::line(&sentence(reason, times)) };
    let brief = match reason {
        Reason::Done if is_archived => sentence.clone(),
        Reason::Chat(Some(state)) => chats::beside(state, times),
        Reason::Done | Reason::Abandoned(None) => {
            task.times.completed_at.map(|at| times.say(at)).unwrap_or_default()
        }
        Reason::Paused => String::new(),
        Reason::ForPeople => "no command, adapter or model".to_owned(),
        Reason::Running(attempt, since) => match since {
            Some(since) => format!("{attempt}, {}", times.say(*since)),
            None => attempt.to_string(),
        },
        _ => short(&sentence).to_owned(),
    };
    Said { word, tone, brief, sentence, needs_you: reason.needs_you(), hint: hint(task, reason) }
}

/// The sentence without what its word says already.
fn short(sentence: &str) -> &str {
    const SAID: [&str; 10] = [
        "ready, but ",
        "ready: ",
        "failed: ",
        "abandoned: ",
        "blocked ",
        "claimed ",
        "waits ",
        "needs a person: ",
        "in review: ",
        "not before ",
    ];
    SAID.iter().find_map(|said| sentence.strip_prefix(said)).unwrap_or(sentence)
}

fn word(reason: &Reason) -> (&'static str, Tone) {
    match reason {
        Reason::Done => ("done", Tone::Green),
        Reason::Failed(_) => ("failed", Tone::Red),
        Reason::Abandoned(_) => ("abandoned", Tone::Dim),
        Reason::InReview => ("in review", Tone::Yellow),
        Reason::Running(..) => ("running", Tone::Blue),
        Reason::Claimed(_) => ("claimed", Tone::Blue),
        Reason::Chat(state) => chats::word(state.as_deref()),
        Reason::Waiting(_) => ("waiting", Tone::Plain),
        Reason::NeedsPerson(_) | Reason::UsedUp(_) => ("needs you", Tone::Yellow),
        Reason::Paused => ("paused", Tone::Dim),
        Reason::Blocked(_) => ("blocked", Tone::Plain),
        Reason::NotBefore(_) => ("later", Tone::Plain),
        Reason::ForPeople => ("for people", Tone::Green),
        Reason::UnknownAdapter(..) | Reason::ChatsOnly(..) | Reason::AdapterPaused(..) => {
            ("stuck", Tone::Yellow)
        }
        Reason::DispatchPaused | Reason::NoDispatcher | Reason::Queued(_) => ("ready", Tone::Green),
        Reason::Leaving(_) => ("ending", Tone::Blue),
    }
}

fn sentence(reason: &Reason, times: Times) -> String {
    match reason {
        Reason::Running(attempt, Some(since)) => {
            format!("running as {attempt}, started {}", times.say(*since))
        }
        Reason::Waiting(Wait::Until(until)) => format!("opens again {}", times.say(*until)),
        Reason::Chat(Some(state)) => format!("a chat, {}", chats::sentence(state, times)),
        Reason::NotBefore(until) => format!("not before {}", times.say(*until)),
        Reason::AdapterPaused(adapter, why, Some(until)) => {
            format!("adapter {adapter} is paused, tried again {}: {why}", times.say(*until))
        }
        other => other.to_string(),
    }
}

fn hint(task: &Task, reason: &Reason) -> Option<String> {
    let id = &task.id;
    Some(match reason {
        Reason::Failed(_) | Reason::Abandoned(_) | Reason::NeedsPerson(_) => format!("wg retry {id}"),
        Reason::Paused => format!("wg resume {id}"),
        Reason::UsedUp(met) => raise(id, met),
        Reason::ForPeople => format!("wg claim {id}, or give it a command: wg edit {id} --exec COMMAND"),
        Reason::DispatchPaused => "wg service resume".into(),
        Reason::AdapterPaused(adapter, ..) => format!("wg adapter resume {adapter}"),
        Reason::UnknownAdapter(_, by) | Reason::ChatsOnly(_, by) => match by {
            ChosenBy::Task => format!("wg edit {id} --adapter NAME; wg adapter list names them"),
            ChosenBy::Rule(_) => "wg config explain rules; wg adapter list names the adapters".into(),
            ChosenBy::Default => {
                "wg config set default_adapter NAME; wg adapter list names the adapters".into()
            }
        },
        Reason::NoDispatcher => "wg service start".into(),
        Reason::Claimed(_) => format!("wg unclaim {id}"),
        Reason::Chat(state) => {
            let number = ChatNumber::of_task(id)?;
            let next = state.as_deref().and_then(|state| chats::next(number, state));
            next.unwrap_or_else(|| format!("wg chat show {number}"))
        }
        Reason::Done if task.kind == TaskKind::Chat => {
            format!("wg chat restore {}", ChatNumber::of_task(id)?)
        }
        Reason::Waiting(Wait::Message) => format!("wg msg send {id} TEXT"),
        Reason::Running(attempt, _) => format!("wg attempt output {attempt}"),
        Reason::Done
        | Reason::InReview
        | Reason::Waiting(_)
        | Reason::Blocked(_)
        | Reason::NotBefore(_)
        | Reason::Leaving(_)
        | Reason::Queued(_) => return None,
    })
}
