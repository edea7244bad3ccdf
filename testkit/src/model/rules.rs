//! The real rules, one commit at a time: each is a command to the real `submit`, over the rows of one chat.

use std::collections::HashMap;
use std::time::Duration;

use wg_core::attempt::{ExitStatus, Outcome};
use wg_core::budget::{Bucket, PER_TASK};
use wg_core::chat::{ChatState, Drain, GiveUp, Queued, Said, TurnError, is_wanted};
use wg_core::command::{ChatCommand, Command, Ended, Heard, StartHandler};
use wg_core::id::{Actor, AttemptRef, Fence};
use wg_core::submit::submit;
use wg_core::usage::Usage;

use super::code::{CONFIGURED, FENCE, LATER, MESSAGES, NOW, OLD_FENCE, ann, decode, encode};
use super::invariants::Invariant;
use super::judge::{Counts, counts, judge};
use super::mutation::ModelMutation;
use super::rows::{CHAT, LAST, Rows};

/// Something that is committed at once, or time that passes over the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// The dispatcher starts a handler.
    Start,
    /// It would, but the bucket of starts is empty.
    StartTooOften,
    /// It finds no slot.
    NoSlot,
    /// It gives the next message to the handler.
    Deliver,
    Want,
    Unwant,
    /// It lets a handler go, because nobody wants it.
    DrainIdle,
    /// For room.
    DrainRoom,
    /// Because it leaves itself.
    DrainService,
    /// It takes in what the handler said.
    Hear(Saying),
    NotReady,
    TurnTimedOut,
    InterruptIgnored,
    /// It, or who killed the handler, tells its end.
    End(End),
    /// It compares the configuration with the one that a chat gave up with.
    Configured,
    /// A dispatcher starts: it must change nothing.
    Boot,
    Send,
    Resend,
    Interrupt,
    Hold,
    Resume,
    Archive,
    Purge,
    Restore,
    Kill,
    /// Somebody attaches: that is not written.
    Attach,
    /// The configuration changes: neither is that.
    Configure,
    /// The pause after a failure is over.
    PauseOver,
    /// The adapter's pause is over.
    AdapterBack,
    /// A handler that is not the chat's any more says or asks for something, or something is told again.
    Stale(Stale),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Saying {
    Ready,
    Answer,
    RateLimited,
    Outage,
    Interrupted,
    Wrong,
    Unfit,
}

/// How a handler ended, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// Exit 0.
    Clean,
    Badly,
    /// Exit 126 or 127.
    NoProgram,
    /// Its adapter saw that the provider was the reason.
    Provider,
    /// No exit record, and provably gone.
    Lost,
    /// It left by itself since nobody followed it.
    Unfollowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stale {
    Ready,
    Answer,
    Unfit,
    Ended,
    /// What the current one said and was committed is told once more.
    AnswerTwice,
    TroubleTwice,
    /// Its agent asks for all chats to be archived.
    Purge,
}

/// All stale writes.
pub(super) const STALE: [Stale; 7] = [
    Stale::Ready,
    Stale::Answer,
    Stale::Unfit,
    Stale::Ended,
    Stale::AnswerTwice,
    Stale::TroubleTwice,
    Stale::Purge,
];
/// Up to where output was taken in, and a little further.
const PARSED: u64 = 0;
const FURTHER: u64 = 1;

/// What came of a rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruled {
    /// The rows after it; absent: it was refused.
    pub(super) code: Option<u32>,
    /// What it broke.
    pub(super) broken: Option<Invariant>,
    /// What it means for the count.
    pub(super) counts: Counts,
    /// A handler came by it.
    pub(super) started: bool,
    /// The chat has no handler any more by it.
    pub(super) gone: bool,
}

/// What of the rows matters to the world around them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) state: &'static str,
    /// A handler serves it or is about to, and is not leaving.
    pub(super) serves: bool,
    /// A handler serves it, is about to, or is leaving.
    pub(super) handler: bool,
    pub(super) may_run: bool,
    pub(super) turn: bool,
    pub(super) interrupted: bool,
    /// A message waits that is not in flight.
    pub(super) next: bool,
    /// A message waits or is in flight.
    pub(super) waiting: bool,
    pub(super) room: bool,
    pub(super) aside: bool,
    /// Its last attempt may have a process.
    pub(super) live: bool,
    pub(super) stop: bool,
    pub(super) kill: bool,
    pub(super) pausing: bool,
    pub(super) adapter_away: bool,
    pub(super) configured: bool,
    /// Its last attempt may not start its agent, as its shim reads.
    pub(super) barred: bool,
}

impl View {
    fn of(code: u32) -> Self {
        let mut rows = decode(code);
        let fence = rows.attempt.as_ref().map_or(OLD_FENCE, |attempt| attempt.fence);
        let barred = wg_core::attempt::barred(&mut rows, LAST, fence).expect("rows are read").is_some();
        let chat = &rows.chat;
        let turn = chat.turn();
        let draining = matches!(chat.state, ChatState::Draining { .. });
        let configured = match &chat.state {
            ChatState::GaveUp { configuration, .. } => *configuration == CONFIGURED,
            _ => true,
        };
        Self {
            state: chat.state.name(),
            serves: chat.handler().is_some() && !draining,
            handler: chat.handler().is_some(),
            may_run: chat.may_run(),
            turn: turn.is_some(),
            interrupted: turn.is_some_and(|turn| turn.interrupted.is_some()),
            next: turn.is_none() && rows.waiting().next().is_some(),
            waiting: rows.waiting().next().is_some(),
            room: rows.inbox.len() <= MESSAGES,
            aside: rows.waiting().count() + 1 < rows.inbox.len(),
            live: rows.attempt.is_some(),
            stop: rows.attempt.as_ref().is_some_and(|attempt| attempt.stop.is_some()),
            kill: rows.kill,
            pausing: chat.not_before.is_some(),
            adapter_away: !rows.control.adapters.is_empty(),
            configured,
            barred,
        }
    }

    /// Whether the chat has a reason to run, and may.
    pub(super) fn wanted(&self, attached: bool) -> bool {
        self.may_run && is_wanted(attached, None, self.waiting, NOW)
    }
}

/// The rules, each run once for rows that it is asked of again.
pub(super) struct Rules {
    pub(super) mutation: Option<ModelMutation>,
    ruled: HashMap<(u32, Rule), Ruled>,
    views: HashMap<u32, View>,
}

impl Rules {
    pub(super) fn new(mutation: Option<ModelMutation>) -> Self {
        Self { mutation, ruled: HashMap::new(), views: HashMap::new() }
    }

    pub(super) fn is(&self, mutation: ModelMutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// How often a real rule was run.
    pub(super) fn run(&self) -> usize {
        self.ruled.len()
    }

    pub(super) fn view(&mut self, code: u32) -> View {
        *self.views.entry(code).or_insert_with(|| View::of(code))
    }

    pub(super) fn apply(&mut self, code: u32, rule: Rule) -> Ruled {
        let mutation = self.mutation;
        *self.ruled.entry((code, rule)).or_insert_with(|| {
            let before = decode(code);
            debug_assert_eq!(encode(&before), code, "{before:?}");
            let after = bent(&before, rule, mutation);
            Ruled {
                code: after.as_ref().map(encode),
                broken: after.as_ref().and_then(|after| judge(&before, after, rule)),
                counts: counts(&before, rule),
                started: after.as_ref().is_some_and(|after| after.chat.handlers > before.chat.handlers),
                gone: after.is_some_and(|after| before.chat.handler() > after.chat.handler()),
            }
        })
    }
}

/// The rows after a rule, with the planted bug; absent: refused.
fn bent(before: &Rows, rule: Rule, mutation: Option<ModelMutation>) -> Option<Rows> {
    let (mut rows, mut asked) = (before.clone(), rule);
    if let Some(mutation) = mutation {
        asked = mutation.instead(&mut rows, rule);
    }
    let ruled = real(&mut rows, asked);
    match mutation {
        Some(mutation) => mutation.bend(before, rule, ruled, rows),
        None => ruled.then_some(rows),
    }
}

/// Runs a rule as it is; gives whether it was taken.
pub(super) fn real(rows: &mut Rows, rule: Rule) -> bool {
    let (mut actor, message) = (ann(), rows.chat.turn().map_or(0, |turn| turn.message));
    let next = rows.waiting().next().map_or(0, |row| row.number);
    let (chat, handler, jitter, chats) = (CHAT, LAST, 0, vec![CHAT]);
    let command = match rule {
        Rule::Start | Rule::StartTooOften => {
            rows.chat.starts = if rule == Rule::Start { Bucket::default() } else { empty() };
            let (host, nonce, configuration) = (String::new(), 0, CONFIGURED);
            ChatCommand::Start(StartHandler { chat, host, nonce, configuration })
        }
        Rule::NoSlot => ChatCommand::Queue { chat, why: Queued::Slot },
        Rule::Deliver => ChatCommand::Deliver { chat, handler, message: next },
        Rule::Want => ChatCommand::Want { chat },
        Rule::Unwant => ChatCommand::Unwant { chat, until: LATER },
        Rule::DrainIdle => ChatCommand::Drain { chat, why: Drain::Idle },
        Rule::DrainRoom => ChatCommand::Drain { chat, why: Drain::Room },
        Rule::DrainService => ChatCommand::Drain { chat, why: Drain::Service },
        Rule::Hear(saying) => {
            let fence = rows.attempt.as_ref().map_or(OLD_FENCE, |attempt| attempt.fence);
            ChatCommand::Heard(heard(LAST, fence, saying))
        }
        Rule::NotReady => ChatCommand::NotReady { chat, handler, jitter },
        Rule::TurnTimedOut => ChatCommand::TurnTimedOut { chat, handler, message, jitter },
        Rule::InterruptIgnored => ChatCommand::InterruptIgnored { chat, handler, message },
        Rule::End(end) => return ended(rows, LAST, end),
        Rule::Configured => ChatCommand::Configured { chat, configuration: CONFIGURED },
        Rule::Send => ChatCommand::Send { chat, text: "?".into() },
        Rule::Resend => ChatCommand::Resend { chat, messages: Vec::new() },
        Rule::Interrupt => ChatCommand::Interrupt { chat, why: None },
        Rule::Hold => ChatCommand::Hold { chats },
        Rule::Resume => ChatCommand::Resume { chats },
        Rule::Archive => ChatCommand::Archive { chats },
        Rule::Purge => ChatCommand::Purge { keep: [].into(), include_self: false },
        Rule::Restore => ChatCommand::Restore { chats },
        Rule::Kill => {
            let kill = Command::Kill { attempts: vec![LAST], why: "?".into() };
            return submit(rows, &actor, kill, NOW).is_ok();
        }
        Rule::Stale(stale) => {
            // Its fence is an old one, or the chat has let it go.
            let of = if rows.leaving() { LAST } else { AttemptRef(0) };
            let fence = rows.attempt.as_ref().filter(|_| rows.leaving()).map_or(OLD_FENCE, |a| a.fence);
            match stale {
                Stale::Ready => ChatCommand::Heard(heard(of, fence, Saying::Ready)),
                Stale::Answer => ChatCommand::Heard(heard(of, fence, Saying::Answer)),
                Stale::Unfit => ChatCommand::Heard(heard(of, fence, Saying::Unfit)),
                Stale::AnswerTwice => {
                    ChatCommand::Heard(Heard { parsed: PARSED, ..heard(LAST, FENCE, Saying::Answer) })
                }
                Stale::TroubleTwice => {
                    ChatCommand::Heard(Heard { parsed: PARSED, ..heard(LAST, FENCE, Saying::Wrong) })
                }
                Stale::Ended => return ended(rows, AttemptRef(0), End::Badly),
                Stale::Purge => {
                    actor = Actor::Agent(of);
                    ChatCommand::Purge { keep: [].into(), include_self: true }
                }
            }
        }
        Rule::Boot | Rule::Attach => return true,
        Rule::Configure => {
            configure(rows);
            return true;
        }
        Rule::PauseOver => {
            rows.chat.not_before = None;
            if let ChatState::Backoff { until } = &mut rows.chat.state {
                *until = NOW;
            }
            return true;
        }
        Rule::AdapterBack => {
            rows.control.adapters.clear();
            return true;
        }
    };
    submit(rows, &actor, Command::Chat(command), NOW).is_ok()
}

/// A bucket from which nothing can be taken.
fn empty() -> Bucket {
    Bucket { full_at: NOW.plus(PER_TASK.every.saturating_mul(PER_TASK.burst)) }
}

pub(super) fn heard(handler: AttemptRef, fence: Fence, saying: Saying) -> Heard {
    let usage = Usage::default();
    let failed = |error| Said::Failed { error, text: String::new(), usage: Usage::default() };
    let said = match saying {
        Saying::Ready => Said::Ready,
        Saying::Answer => Said::Answer { message: None, text: "yes".into(), usage },
        Saying::RateLimited => failed(TurnError::RateLimited { until: None }),
        Saying::Outage => failed(TurnError::Outage),
        Saying::Interrupted => failed(TurnError::Interrupted),
        Saying::Wrong => failed(TurnError::Other),
        Saying::Unfit => Said::Unfit { reason: GiveUp::Auth, text: "401".into() },
    };
    Heard { chat: CHAT, handler, fence, said: vec![said], parsed: FURTHER, jitter: 0 }
}

pub(super) fn ended(rows: &mut Rows, attempt: AttemptRef, end: End) -> bool {
    let seen = match end {
        End::Clean => Outcome::NoWork,
        End::Badly => Outcome::ExitedBadly { status: ExitStatus::Signal(9) },
        End::NoProgram => Outcome::Configuration { reason: "exit 127".into() },
        End::Provider => Outcome::Outage { reason: "503".into() },
        End::Lost => Outcome::Lost { reason: "no record".into() },
        End::Unfollowed => Outcome::Cancelled { reason: "nobody followed it".into() },
    };
    let fence = rows.attempt.as_ref().map_or(OLD_FENCE, |attempt| attempt.fence);
    let (first_pause, max_attempts) = (Duration::from_secs(1), 3);
    let ended =
        Ended { attempt, fence, seen, at: NOW, jitter: 0, first_pause, max_attempts, configuration: 0 };
    submit(rows, &ann(), Command::AttemptEnded(ended), NOW).is_ok()
}

/// What was started, or gave up, with the configuration as it was has another one now.
fn configure(rows: &mut Rows) {
    let other = CONFIGURED + 1;
    match &mut rows.chat.state {
        ChatState::Starting { configuration, .. } | ChatState::GaveUp { configuration, .. } => {
            *configuration = other;
        }
        ChatState::Live { serving }
        | ChatState::Lingering { serving, .. }
        | ChatState::Draining { serving, .. } => serving.configuration = other,
        _ => {}
    }
}
