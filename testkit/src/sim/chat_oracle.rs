//! What must hold of chats after every operation, judged by the records and rows that were really written and
//! by what handlers really read and said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wg_core::attempt::{Attempt, Outcome};
use wg_core::budget::PER_TASK;
use wg_core::chat::{Chat, ChatState, Entry, FAILURES, GiveUp, InboxRow, InboxState, What, is_over};
use wg_core::command::{ChatCommand, Command, Heard};
use wg_core::control::Control;
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq};
use wg_core::operation::Operation;
use wg_core::time::Timestamp;

use super::speech::Speech;

/// A row of a chat, as an operation wrote it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) operation: OpSeq,
    pub(super) chat: ChatNumber,
    pub(super) row: Row,
}

/// What was written.
#[derive(Debug, Clone)]
pub(super) enum Row {
    /// An entry of its history.
    Entry(Entry),
    /// Where a message stands.
    Inbox(InboxRow),
}

/// Something that a handler said which is to be kept.
#[derive(Debug, Clone)]
struct Said {
    answers: bool,
    message: Option<u64>,
    /// Where its line ends in what the handler printed.
    end: u64,
    taken: bool,
}

/// What is known to be true of chats.
#[derive(Default)]
pub(super) struct ChatOracle {
    chats: BTreeMap<ChatNumber, Chat>,
    rows: BTreeMap<(ChatNumber, u64), InboxRow>,
    /// Rows of operations that were not judged yet.
    written: VecDeque<Written>,
    printed: BTreeMap<AttemptRef, u64>,
    on_disk: BTreeMap<AttemptRef, u64>,
    said: BTreeMap<(AttemptRef, String), Said>,
    /// How many of what was decided to be given to a handler it has read, or had passed over.
    read: BTreeMap<AttemptRef, usize>,
    /// Who read a message.
    readers: BTreeMap<(ChatNumber, u64), BTreeSet<AttemptRef>>,
    /// The messages that were decided to be given to a handler, in order.
    delivered: BTreeMap<AttemptRef, Vec<u64>>,
    answered: BTreeSet<(ChatNumber, u64)>,
    failures: BTreeMap<ChatNumber, u32>,
    /// The last handler before a chat's failures were last forgotten.
    cleared: BTreeMap<ChatNumber, AttemptRef>,
    starts: BTreeMap<ChatNumber, Vec<Timestamp>>,
    /// What this dispatcher was told of who is attached, and until when pings count.
    pub(super) attached: BTreeSet<ChatNumber>,
    pub(super) pinged: BTreeMap<ChatNumber, Timestamp>,
    broken: Option<String>,
}

/// What an operation is judged with.
pub(super) struct Around<'a> {
    pub(super) attempts: &'a BTreeMap<AttemptRef, Attempt>,
    pub(super) control: &'a Control,
    pub(super) clock_was_set: bool,
}

impl ChatOracle {
    pub(super) fn broken(&mut self) -> Option<String> {
        self.broken.take()
    }

    fn fail(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    pub(super) fn numbers(&self) -> Vec<ChatNumber> {
        self.chats.keys().copied().collect()
    }

    pub(super) fn chat(&self, number: ChatNumber) -> Option<&Chat> {
        self.chats.get(&number)
    }

    pub(super) fn chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    /// Messages that were answered.
    pub(super) fn answers(&self) -> usize {
        self.answered.len()
    }

    /// Whether a message of a chat waits.
    pub(super) fn has_waiting(&self, number: ChatNumber) -> bool {
        self.first_waiting(number).is_some()
    }

    fn first_waiting(&self, number: ChatNumber) -> Option<u64> {
        let rows = self.rows.range((number, 0)..=(number, u64::MAX));
        rows.map(|(_, row)| row).find(|row| row.state == InboxState::Waiting).map(|row| row.number)
    }

    pub(super) fn note_written(&mut self, written: Vec<Written>) {
        self.written.extend(written);
    }

    /// A handler printed something.
    pub(super) fn printed(&mut self, handler: AttemptRef, speech: &Speech, bytes: usize) {
        let printed = self.printed.entry(handler).or_default();
        *printed += bytes as u64;
        let end = *printed;
        let (text, answers, message) = match speech {
            Speech::Answer { text, message, .. } => (text, true, *message),
            Speech::Tool { detail } => (detail, false, None),
            _ => return,
        };
        self.said.insert((handler, text.clone()), Said { answers, message, end, taken: false });
    }

    /// So much of what a handler printed is in its file.
    pub(super) fn written_down(&mut self, handler: AttemptRef, bytes: usize) {
        self.on_disk.insert(handler, bytes as u64);
    }

    /// A handler read a message.
    pub(super) fn read(&mut self, handler: AttemptRef, message: u64, again: bool) {
        let read = self.read.get(&handler).copied().unwrap_or(0);
        let rest = self.delivered.get(&handler).and_then(|all| all.get(read..)).unwrap_or_default();
        match rest.iter().position(|given| *given == message) {
            Some(at) => drop(self.read.insert(handler, read + at + 1)),
            None => self.fail(format!("{handler} was given message {message} again, or out of turn")),
        }
        let chat = self.chats.values().find(|chat| {
            let row = self.rows.get(&(chat.number, message));
            row.is_some() && (chat.last == Some(handler) || chat.handler() == Some(handler))
        });
        let Some(number) = chat.map(|chat| chat.number) else { return };
        let readers = self.readers.entry((number, message)).or_default();
        if !readers.is_empty() && !again {
            let text = format!("{handler} was given message {message} of {number} as if it were new");
            self.broken.get_or_insert(text);
        }
        readers.insert(handler);
    }

    /// Judges what an operation did to chats.
    pub(super) fn judge(&mut self, operation: &Operation, changed: &[Chat], around: &Around<'_>) {
        let mut rows = Vec::new();
        while self.written.front().is_some_and(|row| row.operation == operation.seq) {
            rows.extend(self.written.pop_front());
        }
        if let Command::Chat(ChatCommand::Heard(heard)) = &operation.command {
            self.judge_heard(heard);
        }
        if let Command::AttemptEnded(ended) = &operation.command
            && matches!(operation.actor, Actor::Dispatcher(_))
        {
            self.judge_last_words(ended.attempt);
        }
        let before = self.chats.clone();
        for after in changed {
            self.transition(operation, before.get(&after.number), after, around);
        }
        for Written { chat, row, .. } in &rows {
            match row {
                Row::Entry(entry) => self.judge_entry(operation, *chat, before.get(chat), entry),
                Row::Inbox(row) => self.judge_row(operation, before.get(chat), *chat, row, &rows),
            }
        }
        for Written { chat, row, .. } in rows {
            if let Row::Inbox(row) = row {
                self.rows.insert((chat, row.number), row);
            }
        }
        for number in changed.iter().map(|chat| chat.number) {
            let answers =
                self.answered.iter().filter(|(chat, _)| *chat == number).map(|(_, message)| *message);
            let open = answers
                .filter_map(|message| self.rows.get(&(number, message)))
                .find(|row| row.state != InboxState::Answered);
            if let Some(row) = open {
                let text = format!("message {} of {number} was answered and is {:?}", row.number, row.state);
                self.broken.get_or_insert(text);
            }
        }
    }

    fn judge_heard(&mut self, heard: &Heard) {
        let Some(chat) = self.chats.get(&heard.chat) else { return };
        if chat.fence != heard.fence || chat.handler() != Some(heard.handler) {
            let (handler, state) = (heard.handler, &chat.state);
            self.fail(format!("what {handler} said changed {}, which is {state}", heard.chat));
        }
    }

    /// A handler's end is committed: what it had said and its shim had written down is taken in.
    fn judge_last_words(&mut self, handler: AttemptRef) {
        let Some(chat) = self.chats.values().find(|chat| chat.handler() == Some(handler)) else { return };
        let Some(turn) = chat.turn() else { return };
        let on_disk = self.on_disk.get(&handler).copied().unwrap_or(0);
        let lost =
            self.said.range((handler, String::new())..).take_while(|((of, _), _)| *of == handler).find(
                |(_, said)| {
                    let meant = said.message.is_none_or(|message| message == turn.message);
                    said.answers && meant && !said.taken && said.end <= on_disk && said.end > chat.parsed
                },
            );
        if let Some(((_, text), _)) = lost {
            let text = format!("{handler} ended, and its {text:?} to message {} was not heard", turn.message);
            self.fail(text);
        }
    }

    fn judge_entry(
        &mut self,
        operation: &Operation,
        number: ChatNumber,
        before: Option<&Chat>,
        entry: &Entry,
    ) {
        let seq = operation.seq;
        match &entry.what {
            What::Answer { message: Some(message), text, handler: Some(handler), .. } => {
                if before.and_then(Chat::turn).map(|turn| turn.message) != Some(*message) {
                    self.fail(format!("operation {seq} answers message {message}, which is not at hand"));
                }
                if !self.answered.insert((number, *message)) {
                    self.fail(format!("operation {seq} answers message {message} of {number} again"));
                }
                self.take(seq, number, *handler, text, Some(*message));
                self.failures.remove(&number);
                self.cleared.insert(number, *handler);
            }
            What::Tool { detail, .. } => {
                if let Some(handler) = before.and_then(Chat::handler) {
                    self.take(seq, number, handler, detail, None);
                }
            }
            What::Answer { .. } => self.fail(format!("operation {seq} wrote an answer of nobody")),
            What::Message { .. } | What::Permission { .. } | What::TurnEnded { .. } | What::Note { .. } => {}
        }
    }

    fn take(&mut self, seq: OpSeq, number: ChatNumber, handler: AttemptRef, text: &str, to: Option<u64>) {
        let parsed = self.chats.get(&number).map_or(0, |chat| chat.parsed);
        let problem = match self.said.get_mut(&(handler, text.to_owned())) {
            None => Some("was never said"),
            Some(said) => {
                let again = std::mem::replace(&mut said.taken, true);
                if again {
                    Some("was taken in before")
                } else if to.is_some() && said.message.is_some() && said.message != to {
                    Some("was said to another message")
                } else if said.end > parsed {
                    Some("was taken in, and that it was is not noted")
                } else {
                    None
                }
            }
        };
        if let Some(problem) = problem {
            self.fail(format!("operation {seq}: {text:?} of {handler} {problem}"));
        }
    }

    fn judge_row(
        &mut self,
        operation: &Operation,
        chat: Option<&Chat>,
        number: ChatNumber,
        row: &InboxRow,
        rows: &[Written],
    ) {
        let seq = operation.seq;
        let about = |what: &What| match what {
            What::Answer { message, .. } => *message == Some(row.number),
            What::TurnEnded { message, .. } => *message == row.number,
            _ => false,
        };
        let told = rows.iter().any(|other| match &other.row {
            Row::Entry(entry) => other.chat == number && about(&entry.what),
            Row::Inbox(_) => false,
        });
        let asked = matches!(&operation.command, Command::Chat(ChatCommand::Resend { .. }));
        // A turn that a person wanted to end is over with the chat that is held or archived.
        let turn = chat.and_then(Chat::turn);
        let interrupted = turn.is_some_and(|turn| turn.message == row.number && turn.interrupted.is_some());
        let Some(before) = self.rows.get(&(number, row.number)) else { return };
        let why = match (before.state, row.state) {
            (InboxState::Answered, InboxState::Waiting | InboxState::SetAside) => Some("is open again"),
            (InboxState::SetAside, InboxState::Waiting) if !asked => Some("waits again, and nobody asked"),
            (InboxState::Waiting | InboxState::SetAside, InboxState::Answered) if !told && !interrupted => {
                Some("is answered, and by nothing")
            }
            _ if row.deliveries < before.deliveries => Some("was given to fewer handlers than before"),
            _ if row.kills < before.kills && !asked => Some("killed fewer handlers than before"),
            _ => None,
        };
        if let Some(why) = why {
            self.fail(format!("operation {seq}: message {} of {number} {why}", row.number));
        }
    }

    /// The machine's promises, without the machine.
    fn transition(
        &mut self,
        operation: &Operation,
        before: Option<&Chat>,
        after: &Chat,
        around: &Around<'_>,
    ) {
        let number = after.number;
        let Some(before) = before else {
            self.chats.insert(number, after.clone());
            return;
        };
        let undo = matches!(operation.command, Command::Undo { .. });
        let command = match &operation.command {
            Command::Chat(command) => Some(command),
            _ => None,
        };
        let restores = matches!(command, Some(ChatCommand::Restore { .. })) || undo;
        let resumes = matches!(command, Some(ChatCommand::Resume { .. })) || undo;
        let configures = matches!(command, Some(ChatCommand::Configured { .. }));
        let starts = matches!(command, Some(ChatCommand::Start(_)));
        let stopped = matches!(after.state, ChatState::Archived { .. } | ChatState::Held { .. });
        let is_starting = matches!(after.state, ChatState::Starting { .. });
        let why = match &before.state {
            _ if after.fence < before.fence => Some("has an older fence".to_owned()),
            ChatState::Archived { .. } if !after.is_archived() && !restores => {
                Some(format!("was archived and is {}", after.state))
            }
            ChatState::Held { .. } if !stopped && !resumes => {
                Some(format!("was held and is {}", after.state))
            }
            ChatState::GaveUp { .. }
                if !stopped
                    && !matches!(after.state, ChatState::GaveUp { .. })
                    && !resumes
                    && !configures =>
            {
                Some(format!("had given up and is {}", after.state))
            }
            state if is_starting && *state != after.state => {
                let why = if starts { self.may_not_start(operation, before, around) } else { None };
                let why = if starts { why } else { Some("nobody started it".to_owned()) };
                why.map(|why| format!("started, although {why}"))
            }
            _ => None,
        };
        if let Some(why) = why {
            self.fail(format!("operation {} ({}): {number} {why}", operation.seq, operation.command.verb()));
        }
        if let (None, Some(turn)) = (before.turn(), after.turn()) {
            let first = self.first_waiting(number);
            let decided = matches!(command, Some(ChatCommand::Deliver { .. }));
            if first != Some(turn.message) || !decided || !matches!(before.state, ChatState::Live { .. }) {
                let text =
                    format!("message {} of {number} is given to a handler before {first:?}", turn.message);
                self.fail(text);
            }
            if let Some(handler) = after.handler() {
                self.delivered.entry(handler).or_default().push(turn.message);
            }
        }
        let served = before.handler().is_some() && !matches!(before.state, ChatState::Draining { .. });
        let failed = matches!(
            after.state,
            ChatState::Backoff { .. } | ChatState::GaveUp { reason: GiveUp::Failures, .. }
        );
        if served && failed {
            *self.failures.entry(number).or_default() += 1;
        }
        if restores || resumes || configures {
            self.failures.remove(&number);
            self.starts.remove(&number);
            self.cleared.extend(after.last.map(|last| (number, last)));
        }
        if is_starting && before.state != after.state {
            self.starts.entry(number).or_default().push(operation.at);
        }
        self.chats.insert(number, after.clone());
    }

    fn may_not_start(&self, operation: &Operation, before: &Chat, around: &Around<'_>) -> Option<String> {
        let (number, now) = (before.number, operation.at);
        let cleared = self.cleared.get(&number).copied().unwrap_or(AttemptRef(0));
        let of_chat = |attempt: &&Attempt| attempt.task == number.task_id() && attempt.reference > cleared;
        let died = around.attempts.values().filter(of_chat).filter(|attempt| {
            attempt.outcome().is_some_and(|outcome| !matches!(outcome, Outcome::Cancelled { .. }))
        });
        let last = before.last.and_then(|last| around.attempts.get(&last)).filter(|last| last.is_live());
        let mut starts = self.starts.get(&number).cloned().unwrap_or_default();
        starts.push(now);
        let too_many = starts.iter().rev().zip(1..).any(|(first, count): (&Timestamp, u128)| {
            let passed = now.since(*first).as_nanos() / PER_TASK.every.as_nanos();
            count > u128::from(PER_TASK.burst) + passed
        });
        let pinged = self.pinged.get(&number).is_some_and(|until| now < *until || around.clock_was_set);
        let idle =
            matches!(before.state, ChatState::Dormant | ChatState::Queued { .. } | ChatState::Backoff { .. });
        if !idle {
            Some(format!("it was {}", before.state))
        } else if let Some(last) = last {
            Some(format!("{} was not gone", last.reference))
        } else if around.control.paused.is_some() {
            Some("dispatching was paused".to_owned())
        } else if around.control.adapter_pause(&before.run.provider(), now).is_some() {
            Some("its adapter was paused".to_owned())
        } else if before.not_before.is_some_and(|until| !is_over(until, now)) {
            Some("its time had not come".to_owned())
        } else if self.failures.get(&number).is_some_and(|failures| *failures >= FAILURES) {
            Some(format!("it had failed {FAILURES} times"))
        } else if died.count() >= FAILURES as usize {
            Some(format!("{FAILURES} handlers had died"))
        } else if too_many && !around.clock_was_set {
            Some("it had been started too often".to_owned())
        } else if !self.has_waiting(number) && !self.attached.contains(&number) && !pinged {
            Some("nobody wanted it".to_owned())
        } else {
            None
        }
    }
}
