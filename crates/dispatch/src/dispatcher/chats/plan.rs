//! What is to be asked of the core about each chat that stirs or is wanted: pure, one look at a time.

use std::time::Duration;

use wg_core::budget::{PAID, PER_TASK, SHELL};
use wg_core::chat::{
    ChatState, Drain, INTERRUPT_WITHIN, InboxState, LAST_TURN, Queued, Serving, is_over, is_wanted,
};
use wg_core::command::{ChatCommand, Heard, StartHandler};
use wg_core::id::ChatNumber;
use wg_core::time::Timestamp;

use super::super::Dispatcher;
use super::super::event::HostEffect;
use super::look::{ChatLook, ChatsView};

/// How long a handler that was taken up is kept for a consumer that comes back (`supervision.md`, *Recovery*).
pub(super) const COMES_BACK: Duration = Duration::from_secs(15);

/// A chat that is to be started, or to wait.
struct Candidate {
    chat: ChatNumber,
    look: usize,
    adapter: String,
    configuration: Option<u64>,
    now: Queued,
    waits: bool,
    why: Option<Queued>,
    key: (Timestamp, ChatNumber),
}

impl Dispatcher {
    /// Takes in what a look has shown of chats; gives what is to be committed, first facts, then the rest.
    pub(in super::super) fn chat_commands(&mut self, view: ChatsView, now: Timestamp) -> Vec<ChatCommand> {
        self.chats.looked = true;
        if let Some(pinged) = view.pinged {
            self.chats.pinged.extend(pinged);
        }
        self.chats.pinged.retain(|_, until| now < *until && *until <= now.plus(wg_core::chat::PING));
        self.chats.due = self.chats.pinged.values().min().copied();
        for chat in view.settled {
            self.tell_state(chat.number, &chat.state, true);
            self.chats.entries.remove(&chat.number);
            self.mirror(chat.number);
        }
        let mut commands = self.chat_facts();
        self.gave_up(view.gave_up, view.ask, &mut commands);
        let mut candidates = Vec::new();
        for (at, look) in view.awake.iter().enumerate() {
            self.tell_state(look.chat.number, &look.chat.state, false);
            self.tell_entries(look);
            self.converse(look);
            self.one(look, now, &mut commands);
            if self.is_candidate(look, now) {
                let candidate = self.candidate(at, look, now);
                candidates.extend(candidate);
            }
        }
        self.last_words(&view.awake);
        self.start_some(candidates, &view.awake, now, &mut commands);
        self.find_facts();
        commands
    }

    /// What was said and who consumed, to be committed whatever the look has shown.
    fn chat_facts(&mut self) -> Vec<ChatCommand> {
        let mut commands = Vec::new();
        for heard in self.chats.heard.clone() {
            let jitter = self.chance.jitter();
            let super::HeardOf { chat, handler, fence, said, parsed } = heard;
            commands.push(ChatCommand::Heard(Heard { chat, handler, fence, said, parsed, jitter }));
        }
        for (chat, ping) in &self.chats.consumed {
            commands.push(ChatCommand::Consumed { chat: *chat, ping: *ping });
        }
        commands
    }

    fn due_at(&mut self, at: Timestamp) {
        self.chats.due = Some(self.chats.due.map_or(at, |due| due.min(at)));
    }

    /// Whether something that was to last until `until` is over; if not it is looked at again then. A clock
    /// that was set back can't make it longer than `longest`.
    pub(super) fn is_due(&mut self, until: Timestamp, longest: Duration, now: Timestamp) -> bool {
        if until <= now || until > now.plus(longest) {
            return true;
        }
        self.due_at(until);
        false
    }

    fn one(&mut self, look: &ChatLook, now: Timestamp, commands: &mut Vec<ChatCommand>) {
        let chat = look.chat.number;
        let wanted = self.is_wanted(look, now);
        let leaves = self.leaving.as_ref().is_some_and(|leaving| !leaving.keep_chats);
        let stays = self.leaving.as_ref().is_some_and(|leaving| leaving.keep_chats);
        match &look.chat.state {
            ChatState::Starting { .. } | ChatState::Live { .. } | ChatState::Lingering { .. } if leaves => {
                commands.push(ChatCommand::Drain { chat, why: Drain::Service });
            }
            ChatState::Dormant | ChatState::Queued { .. } | ChatState::Backoff { .. } => {
                if !wanted && look.chat.state != ChatState::Dormant {
                    commands.push(ChatCommand::Unwant { chat, until: now });
                }
            }
            ChatState::Starting { handler, by, .. } => {
                if self.is_due(*by, wg_core::chat::READY_WITHIN, now) {
                    let (handler, jitter) = (*handler, self.chance.jitter());
                    commands.push(ChatCommand::NotReady { chat, handler, jitter });
                }
            }
            ChatState::Live { serving } => {
                if !wanted && !stays {
                    commands.push(ChatCommand::Unwant { chat, until: now.plus(self.config.chats.linger) });
                }
                self.serve(look, serving, now, commands);
            }
            ChatState::Lingering { serving, until } => {
                if wanted {
                    commands.push(ChatCommand::Want { chat });
                } else if !stays {
                    self.linger(chat, serving, *until, now, commands);
                }
                self.serve(look, serving, now, commands);
            }
            ChatState::Draining { .. }
            | ChatState::GaveUp { .. }
            | ChatState::Held { .. }
            | ChatState::Archived { .. } => {}
        }
    }

    fn is_wanted(&self, look: &ChatLook, now: Timestamp) -> bool {
        let chat = look.chat.number;
        let waiting = look.next.as_ref().is_some_and(|(row, _)| row.state == InboxState::Waiting);
        let attached = self.chats.attached.contains_key(&chat);
        is_wanted(attached, self.chats.pinged.get(&chat).copied(), waiting, now)
    }

    fn is_candidate(&self, look: &ChatLook, now: Timestamp) -> bool {
        let idle = matches!(
            look.chat.state,
            ChatState::Dormant | ChatState::Queued { .. } | ChatState::Backoff { .. }
        );
        idle && self.leaving.is_none() && self.is_wanted(look, now)
    }

    fn linger(
        &mut self,
        chat: ChatNumber,
        serving: &Serving,
        until: Timestamp,
        now: Timestamp,
        commands: &mut Vec<ChatCommand>,
    ) {
        let adopted = self.slots.get(&serving.handler).and_then(|slot| slot.adopted);
        let linger = self.config.chats.linger;
        let over = match &serving.turn {
            Some(turn) => self.is_due(turn.since.plus(LAST_TURN), LAST_TURN, now),
            None => self.is_due(until, linger, now),
        };
        if over && adopted.is_none_or(|at| self.is_due(at.plus(COMES_BACK), COMES_BACK, now)) {
            commands.push(ChatCommand::Drain { chat, why: Drain::Idle });
        }
    }

    /// Gives a ready handler its next message, and sees to the turn in flight.
    fn serve(&mut self, look: &ChatLook, serving: &Serving, now: Timestamp, commands: &mut Vec<ChatCommand>) {
        let (chat, handler) = (look.chat.number, serving.handler);
        let tomorrow = self.waits_for_tomorrow(&look.chat.run.provider(), now);
        if !self.chats.is_open(handler) {
            return;
        }
        self.questions(look, serving, now, commands);
        let Some(talk) = self.chats.talks.get_mut(&handler) else { return };
        let Some(turn) = &serving.turn else {
            let live = matches!(look.chat.state, ChatState::Live { .. });
            if let Some((row, _)) = look.next.as_ref().filter(|(row, _)| row.state == InboxState::Waiting)
                && live
                && self.leaving.is_none()
            {
                if tomorrow {
                    commands.push(ChatCommand::Drain { chat, why: Drain::Room });
                    return;
                }
                commands.push(ChatCommand::Deliver { chat, handler, message: row.number });
            }
            return;
        };
        let message = turn.message;
        if let Some((row, Some(entry))) = &look.next
            && row.number == message
        {
            talk.delivered = Some(turn.number);
            let again = row.deliveries > 1;
            self.out.push(HostEffect::Deliver {
                attempt: handler,
                turn: turn.number,
                entry: Box::new(entry.clone()),
                again,
            });
        }
        let Some(talk) = self.chats.talks.get_mut(&handler) else { return };
        // One turn may use as much as one attempt at a task.
        if let Some(why) = talk.capped.take()
            && turn.interrupted.is_none()
        {
            let why = Some(format!("its turn is ended: {why}"));
            commands.push(ChatCommand::Interrupt { chat, why });
            return;
        }
        let Some(talk) = self.chats.talks.get_mut(&handler) else { return };
        if let Some(at) = turn.interrupted {
            if talk.interrupted != Some(turn.number) {
                talk.interrupted = Some(turn.number);
                self.out.push(HostEffect::Interrupt { attempt: handler });
            }
            if self.is_due(at.plus(INTERRUPT_WITHIN), INTERRUPT_WITHIN, now) {
                commands.push(ChatCommand::InterruptIgnored { chat, handler, message });
            }
        }
        let longest = self.config.chats.turn_timeout;
        if self.is_due(turn.since.plus(longest), longest, now) {
            self.out.push(HostEffect::Interrupt { attempt: handler });
            let jitter = self.chance.jitter();
            commands.push(ChatCommand::TurnTimedOut { chat, handler, message, jitter });
        }
    }

    /// What keeps a wanted chat from starting; `None` where only its back-off does.
    fn candidate(&mut self, at: usize, look: &ChatLook, now: Timestamp) -> Option<Candidate> {
        let chat = &look.chat;
        if let Some(until) = chat.not_before.filter(|until| !is_over(*until, now)) {
            self.due_at(until);
            return None;
        }
        let adapter = &chat.run.adapter;
        let control = &self.shown.control;
        let why = if control.paused.is_some() {
            Some(Queued::Paused)
        } else if let Some(pause) = control.adapter_pause(&chat.run.provider(), now) {
            Some(Queued::Adapter(pause.until))
        } else if let Some(until) = self.tomorrow(adapter, now) {
            Some(Queued::Adapter(Some(until)))
        } else if let Some(last) = look.leaving {
            Some(Queued::Leaving(last))
        } else {
            let mut starts = chat.starts;
            starts.take(PER_TASK, now).err().map(Queued::Bucket)
        };
        if let Some(Queued::Adapter(Some(until)) | Queued::Bucket(until)) = why {
            self.due_at(until);
        }
        let now_waits = match &chat.state {
            ChatState::Queued { why } => Some(why.clone()),
            _ => None,
        };
        Some(Candidate {
            chat: chat.number,
            look: at,
            adapter: adapter.clone(),
            configuration: self.chat_configuration(chat),
            waits: now_waits.is_some(),
            now: now_waits.unwrap_or(Queued::Slot),
            why,
            key: (chat.not_before.unwrap_or(chat.created_at), chat.number),
        })
    }

    /// Starts as many as there is room for, the one that waits longest first; lets the one go that lingers
    /// longest where there is none.
    fn start_some(
        &mut self,
        mut candidates: Vec<Candidate>,
        awake: &[ChatLook],
        now: Timestamp,
        commands: &mut Vec<ChatCommand>,
    ) {
        candidates.sort_by_key(|candidate| candidate.key);
        let live = self.handlers_live(awake);
        let mut free = self.config.chats.max_live.saturating_sub(live);
        let mut needed = 0;
        for candidate in candidates {
            let why = match candidate.why.clone() {
                Some(why) => Some(why),
                None if free == 0 => {
                    needed += 1;
                    Some(Queued::Slot)
                }
                None => self.start_bucket(&candidate.adapter, candidate.configuration.is_some(), now),
            };
            let chat = candidate.chat;
            match (why, candidate.configuration) {
                (Some(why), _) => {
                    if !(candidate.waits && candidate.now == why) {
                        commands.push(ChatCommand::Queue { chat, why });
                    }
                }
                (None, Some(configuration)) => {
                    free -= 1;
                    self.chats.facts.remove(&chat);
                    let (host, nonce) = (self.host.clone(), self.chance.number());
                    commands.push(ChatCommand::Start(StartHandler { chat, host, nonce, configuration }));
                }
                // It starts when its program was looked at.
                (None, None) => {
                    free -= 1;
                    self.ask(&awake[candidate.look].chat);
                }
            }
        }
        self.make_room(needed, awake, commands);
    }

    fn make_room(&self, needed: usize, awake: &[ChatLook], commands: &mut Vec<ChatCommand>) {
        if needed == 0 {
            return;
        }
        let on_their_way =
            awake.iter().filter(|look| matches!(look.chat.state, ChatState::Draining { .. })).count();
        let mut idle: Vec<(Timestamp, ChatNumber)> = awake
            .iter()
            .filter_map(|look| match &look.chat.state {
                ChatState::Lingering { serving, until } if serving.turn.is_none() => {
                    Some((*until, look.chat.number))
                }
                _ => None,
            })
            .collect();
        idle.sort_unstable();
        for (_, chat) in idle.into_iter().take(needed.saturating_sub(on_their_way)) {
            commands.push(ChatCommand::Drain { chat, why: Drain::Room });
        }
    }

    /// The bucket of all starts of an adapter; taken from only for what really starts.
    fn start_bucket(&mut self, adapter: &str, starts: bool, now: Timestamp) -> Option<Queued> {
        let paid = self.is_paid(adapter);
        let (bucket, rate) = match paid {
            true => (self.chats.paid.entry(adapter.to_owned()).or_default(), PAID),
            false => (&mut self.starts, SHELL),
        };
        let mut after = *bucket;
        match after.take(rate, now) {
            Ok(()) => {
                if starts {
                    *bucket = after;
                }
                None
            }
            Err(until) => {
                // Kept, so that after a clock was set back the waiting has an end.
                *bucket = after;
                self.due_at(until);
                Some(Queued::Bucket(until))
            }
        }
    }

    /// Handlers that run or are about to.
    fn handlers_live(&self, awake: &[ChatLook]) -> usize {
        let slots = self.slots.values().filter(|slot| slot.is_handler() && slot.is_taken()).count();
        let unseen = awake
            .iter()
            .filter_map(|look| look.chat.handler())
            .filter(|handler| !self.slots.contains_key(handler))
            .count();
        slots + unseen
    }
}
