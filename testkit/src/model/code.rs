//! Rows in 28 bits, and back: what is left away makes no difference to any rule.
//!
//! Fences count from the chat's own, times are due or not, the last handler is always the same one, and of
//! the messages that were answered one stands for all.

use wg_core::attempt::{Attempt, AttemptKind, AttemptState, Stop};
use wg_core::chat::{Chat, ChatRun, ChatState, Drain, GiveUp, InboxRow, InboxState, Queued, Serving, Turn};
use wg_core::control::{AdapterPause, Control};
use wg_core::id::{Actor, Fence};
use wg_core::time::Timestamp;

use super::rows::{CHAT, LAST, Rows};

/// It is always now.
pub(super) const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000_000);
/// Not due yet, and not so far away that the clock must have been set back.
pub(super) const LATER: Timestamp = Timestamp::from_nanos(1_030_000_000_000);
/// The hash of the configuration as it is.
pub(super) const CONFIGURED: u64 = 1;
/// The fence of the chat.
pub(super) const FENCE: Fence = Fence(10);
/// A fence that was raised since.
pub(super) const OLD_FENCE: Fence = Fence(9);
/// So many messages are open at most.
pub(super) const MESSAGES: usize = 2;
/// The number of the message that was answered long ago.
pub(super) const ANSWERED: u64 = 1;
const ADAPTER: &str = "command";

/// The somebody who does everything.
pub(super) fn ann() -> Actor {
    Actor::User("ann".into())
}

/// Bits, the last one put being the first one taken.
#[derive(Default)]
struct Bits(u32);

impl Bits {
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(value < 1 << width);
        self.0 = self.0 << width | value;
    }

    fn take(&mut self, width: u32) -> u32 {
        let value = self.0 & ((1 << width) - 1);
        self.0 >>= width;
        value
    }

    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }
}

/// Which state, and what of it matters.
#[derive(Default)]
struct Shape {
    kind: u32,
    answered: bool,
    turn: u32,
    interrupted: bool,
    configured: bool,
    by_failures: bool,
    held: bool,
}

fn shape(rows: &Rows) -> Shape {
    let chat = &rows.chat;
    let kind = match &chat.state {
        ChatState::Dormant => 0,
        ChatState::Queued { why: Queued::Slot | Queued::Paused } => 1,
        ChatState::Queued { why: Queued::Adapter(_) } => 2,
        ChatState::Queued { why: Queued::Bucket(_) } => 3,
        ChatState::Queued { why: Queued::Leaving(_) } => 4,
        ChatState::Starting { .. } => 5,
        ChatState::Live { .. } => 6,
        ChatState::Lingering { .. } => 7,
        ChatState::Draining { .. } => 8,
        ChatState::Backoff { .. } => 9,
        ChatState::GaveUp { .. } => 10,
        ChatState::Held { .. } => 11,
        ChatState::Archived { .. } => 12,
    };
    let mut shape = Shape { kind, ..Shape::default() };
    match &chat.state {
        ChatState::Starting { configuration, .. } => shape.configured = *configuration == CONFIGURED,
        ChatState::GaveUp { reason, configuration, .. } => {
            shape.configured = *configuration == CONFIGURED;
            shape.by_failures = *reason == GiveUp::Failures;
        }
        ChatState::Archived { held, .. } => shape.held = *held,
        _ => {}
    }
    if let Some(serving) = chat.serving() {
        shape.answered = serving.answered;
        shape.configured = serving.configuration == CONFIGURED;
        if let Some(turn) = &serving.turn {
            let open = |row: &&InboxRow| row.state != InboxState::Answered;
            let place = rows.inbox.iter().filter(open).position(|row| row.number == turn.message);
            shape.turn = place.map_or(0, |place| u32::try_from(place + 1).expect("two messages"));
            shape.interrupted = turn.interrupted.is_some();
        }
    }
    shape
}

/// The rows in bits.
pub(super) fn encode(rows: &Rows) -> u32 {
    let mut bits = Bits::default();
    let open = rows.inbox.iter().filter(|row| row.state != InboxState::Answered);
    let mut messages = open.map(|row| match row.state {
        InboxState::Waiting => (1, row.kills.min(3)),
        InboxState::SetAside | InboxState::Answered => (2, 0),
    });
    for _ in 0..MESSAGES {
        let (state, kills) = messages.next().unwrap_or((0, 0));
        bits.put(kills, 2);
        bits.put(state, 2);
    }
    bits.put(u32::from(rows.control.adapter_pause(ADAPTER, NOW).is_some()), 1);
    bits.put(u32::from(rows.kill), 1);
    bits.put(u32::from(rows.attempt.as_ref().is_some_and(|attempt| attempt.fence != rows.chat.fence)), 1);
    bits.put(u32::from(rows.attempt.as_ref().is_some_and(|attempt| attempt.stop.is_some())), 1);
    bits.put(u32::from(rows.attempt.is_some()), 1);
    bits.put(u32::from(rows.chat.not_before.is_some_and(|until| NOW < until)), 1);
    bits.put(rows.chat.failures.min(7), 3);
    let shape = shape(rows);
    for flag in [shape.held, shape.by_failures, shape.configured, shape.interrupted, shape.answered] {
        bits.put(u32::from(flag), 1);
    }
    bits.put(shape.turn, 2);
    bits.put(shape.kind, 4);
    bits.0
}

fn state(shape: &Shape, backing_off: bool) -> ChatState {
    let configuration = if shape.configured { CONFIGURED } else { CONFIGURED + 1 };
    let message = ANSWERED + u64::from(shape.turn);
    let interrupted = shape.interrupted.then_some(NOW);
    let turn = (shape.turn > 0).then_some(Turn {
        number: 1,
        message,
        since: NOW,
        interrupted,
        used: wg_core::usage::Usage::default(),
    });
    let serving = Serving { answered: shape.answered, turn, ..Serving::new(LAST, configuration) };
    let (by, at) = (ann(), NOW);
    match shape.kind {
        0 => ChatState::Dormant,
        1 => ChatState::Queued { why: Queued::Slot },
        2 => ChatState::Queued { why: Queued::Adapter(Some(LATER)) },
        3 => ChatState::Queued { why: Queued::Bucket(LATER) },
        4 => ChatState::Queued { why: Queued::Leaving(LAST) },
        5 => ChatState::Starting { handler: LAST, by: LATER, configuration },
        6 => ChatState::Live { serving },
        7 => ChatState::Lingering { serving, until: LATER },
        8 => ChatState::Draining { serving, why: Drain::Idle },
        9 => ChatState::Backoff { until: if backing_off { LATER } else { NOW } },
        10 => {
            let reason = if shape.by_failures { GiveUp::Failures } else { GiveUp::Program };
            ChatState::GaveUp { reason, detail: String::new(), at, configuration }
        }
        11 => ChatState::Held { by, at },
        _ => ChatState::Archived { by, at, purged_at: None, held: shape.held },
    }
}

/// The rows that a code stands for.
pub(super) fn decode(code: u32) -> Rows {
    let mut bits = Bits(code);
    let mut shape = Shape { kind: bits.take(4), turn: bits.take(2), ..Shape::default() };
    shape.answered = bits.flag();
    shape.interrupted = bits.flag();
    shape.configured = bits.flag();
    shape.by_failures = bits.flag();
    shape.held = bits.flag();
    let run = ChatRun { adapter: ADAPTER.into(), ..ChatRun::default() };
    let mut chat = Chat::new(CHAT, "c", run, NOW);
    (chat.fence, chat.handlers, chat.last) = (FENCE, 1, Some(LAST));
    chat.failures = bits.take(3);
    chat.not_before = bits.flag().then_some(LATER);
    chat.state = state(&shape, chat.not_before.is_some());
    let live = bits.flag();
    let stop = bits.flag().then(|| Stop { by: ann(), at: NOW, why: String::new() });
    let fence = if bits.flag() { OLD_FENCE } else { FENCE };
    let attempt = live.then(|| attempt(fence, stop));
    let kill = bits.flag();
    let mut control = Control::default();
    if bits.flag() {
        let (reason, until) = (String::new(), Some(LATER));
        let pause = AdapterPause { reason, at: NOW, until, configuration: 0, breaks: 0, budget: false };
        control.adapters.insert(ADAPTER.into(), pause);
    }
    let mut open = Vec::new();
    for _ in 0..MESSAGES {
        open.push((bits.take(2), bits.take(2)));
    }
    let long_ago = InboxRow { number: ANSWERED, kills: 0, deliveries: 1, state: InboxState::Answered };
    let mut inbox = vec![long_ago];
    for (state, kills) in open.into_iter().rev().filter(|(state, _)| *state > 0) {
        let state = if state == 1 { InboxState::Waiting } else { InboxState::SetAside };
        let number = inbox.len() as u64 + ANSWERED;
        inbox.push(InboxRow { number, kills, deliveries: 0, state });
    }
    Rows { chat, inbox, attempt, kill, control, appended: Vec::new() }
}

fn attempt(fence: Fence, stop: Option<Stop>) -> Attempt {
    Attempt {
        reference: LAST,
        task: CHAT.task_id(),
        kind: AttemptKind::Handler,
        number: 1,
        fence,
        nonce: 0,
        adapter: ADAPTER.into(),
        model: None,
        host: String::new(),
        state: AttemptState::Starting,
        created_at: NOW,
        shim: None,
        report: None,
        stop,
        timeout: None,
        progress: wg_core::attempt::Progress::default(),
    }
}

/// A chat that has never run.
pub(super) fn first() -> u32 {
    let mut rows = decode(0);
    rows.chat.state = ChatState::Dormant;
    encode(&rows)
}
