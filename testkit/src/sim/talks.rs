//! Conversations: the dispatcher's task for each handler, modelled after `wg_dispatch`'s `talk`, with the real
//! conversation of the adapter. A task is lost with its dispatcher; the next one opens another.

use std::collections::VecDeque;

use wg_agents::{Conversation, Delivery, Heard, Registry};
use wg_core::chat::{Entry, Said, What};
use wg_core::id::{Actor, AttemptRef};
use wg_core::time::Timestamp;
use wg_dispatch::dispatcher::{Converse, Event, Whose};
use wg_dispatch::files::Run;

use super::mutation::Mutation;
use super::pipes::{Answer, Ask};
use super::world::World;

/// What is to be done in a conversation.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// Give the handler a message.
    Deliver(u64, Box<Entry>, bool),
    /// Tell it what its prompt says.
    Prompt,
    /// Nothing more will be said to it.
    LetGo,
    /// Ask it to end its turn.
    Interrupt,
    /// Everything up to here is committed.
    Parsed(u64),
    /// It is over.
    Finish,
}

/// An open conversation.
pub(super) struct Talk {
    run: Run,
    conversation: Box<dyn Conversation>,
    /// The shim it is connected to, and the number of the connection.
    pub(super) line: Option<(u32, u64)>,
    pub(super) answers: VecDeque<Answer>,
    pub(super) orders: VecDeque<Order>,
    greeted: bool,
    /// Up to where bytes were read.
    place: usize,
    /// The beginning of the line whose end was not read yet.
    line_start: usize,
    heard: u64,
    committed: u64,
    told: Option<u64>,
    kept: VecDeque<(Said, u64)>,
    message: u64,
    last_input: u64,
    inputs: VecDeque<(u64, String)>,
    let_go: bool,
    finishing: bool,
    read_up: bool,
}

/// What it can do next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Over,
    Obey,
    Connect,
    Hear,
    Read,
}

/// The number of the input that begins a turn, as `wg_dispatch` has it.
fn turn_id(turn: u64) -> u64 {
    turn << 20
}

impl Talk {
    fn is_over(&self) -> bool {
        self.finishing && self.read_up && self.kept.is_empty() && self.told.is_none()
    }

    fn may_read(&self, written: usize) -> bool {
        let more = if self.finishing { !self.read_up } else { self.line.is_some() && written > self.place };
        more && self.told.is_none() && self.kept.is_empty()
    }

    /// What was understood is told, unless something is on its way.
    fn tell(&mut self, attempt: AttemptRef) -> Option<Event> {
        if self.told.is_some() || self.kept.is_empty() {
            return None;
        }
        self.told = Some(self.heard);
        let said = self.kept.drain(..).map(|(said, _)| said).collect();
        Some(Event::Heard { attempt, fence: self.run.fence, said, parsed: self.heard })
    }
}

impl World {
    /// The dispatcher opens a conversation.
    pub(super) fn open_talk(&mut self, converse: &Converse) {
        let attempt = converse.attempt.reference;
        let registry = Registry::default();
        let adapter = registry.get(&converse.attempt.adapter);
        let conversation = adapter.and_then(|adapter| match &converse.whose {
            Whose::Chat(facts) => adapter.conversation(facts),
            Whose::Work => adapter.work(&converse.attempt),
        });
        let Some(conversation) = conversation else {
            self.tell(Event::TalkOver(attempt));
            return;
        };
        if converse.over && self.mutation == Some(Mutation::LastWordsDropped) {
            self.tell(Event::TalkOver(attempt));
            return;
        }
        self.oracle.work.opened(attempt);
        let from = usize::try_from(converse.from).expect("a run says little");
        let talk = Talk {
            run: Run::from(&converse.attempt),
            conversation,
            line: None,
            answers: VecDeque::new(),
            orders: VecDeque::new(),
            greeted: false,
            place: from,
            line_start: from,
            heard: converse.from,
            committed: converse.from,
            told: None,
            kept: VecDeque::new(),
            message: 0,
            last_input: 0,
            inputs: VecDeque::new(),
            let_go: false,
            finishing: converse.over,
            read_up: false,
        };
        if let Some(daemon) = &mut self.daemon {
            daemon.talks.insert(attempt, talk);
        }
    }

    /// Hands an order on; false where there is no conversation.
    pub(super) fn order(&mut self, attempt: AttemptRef, order: Order) -> bool {
        let dropped = self.mutation == Some(Mutation::LastWordsDropped);
        let Some(daemon) = &mut self.daemon else { return false };
        if dropped && matches!(order, Order::Finish) {
            daemon.talks.remove(&attempt);
            return false;
        }
        daemon.talks.get_mut(&attempt).map(|talk| talk.orders.push_back(order)).is_some()
    }

    /// Connections of a dispatcher that is gone are closed.
    pub(super) fn hang_up_all(&mut self) {
        let lines: Vec<(u32, u64)> = self
            .daemon
            .iter()
            .flat_map(|daemon| daemon.talks.values())
            .filter_map(|talk| talk.line)
            .collect();
        for (pid, line) in lines {
            self.hang_up(pid, line);
        }
    }

    fn hang_up(&mut self, pid: u32, line: u64) {
        if let Some(shim) = self.shims.get_mut(&pid) {
            shim.asked.push_back((line, Ask::HangUp));
        }
    }

    /// A connection breaks.
    pub(super) fn break_a_line(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let lines: Vec<(AttemptRef, u32, u64)> = daemon
            .talks
            .iter()
            .filter_map(|(attempt, talk)| talk.line.map(|(pid, line)| (*attempt, pid, line)))
            .collect();
        let Some((attempt, pid, line)) = self.random.pick(&lines).copied() else { return };
        self.trace.note(|| format!("the line to the shim of {attempt} breaks"));
        self.lose_line(pid);
        self.hang_up(pid, line);
    }

    /// Whoever talked with this shim has no line any more.
    pub(super) fn lose_line(&mut self, pid: u32) {
        let talks = self.daemon.iter_mut().flat_map(|daemon| daemon.talks.values_mut());
        for talk in talks.filter(|talk| talk.line.is_some_and(|(of, _)| of == pid)) {
            talk.line = None;
            talk.answers.clear();
        }
    }

    fn written(&self, attempt: AttemptRef) -> usize {
        self.host.folders.get(&attempt).map_or(0, |folder| folder.events.len())
    }

    fn next_of(&self, attempt: AttemptRef, talk: &Talk) -> Vec<Next> {
        if talk.is_over() {
            return vec![Next::Over];
        }
        let mut next = Vec::new();
        if !talk.orders.is_empty() {
            next.push(Next::Obey);
        }
        let shim = self.shim_of(attempt).and_then(|pid| self.shims.get(&pid));
        let there = shim.is_some_and(|shim| shim.run == talk.run);
        if talk.line.is_none() && !talk.finishing && there {
            next.push(Next::Connect);
        }
        if !talk.answers.is_empty() {
            next.push(Next::Hear);
        }
        if talk.may_read(self.written(attempt)) {
            next.push(Next::Read);
        }
        next
    }

    /// Conversations in which something can happen.
    pub(super) fn busy_talks(&self) -> Vec<AttemptRef> {
        let Some(daemon) = &self.daemon else { return Vec::new() };
        let busy = |(attempt, talk): &(&AttemptRef, &Talk)| !self.next_of(**attempt, talk).is_empty();
        daemon.talks.iter().filter(busy).map(|(attempt, _)| *attempt).collect()
    }

    pub(super) fn talk_acts(&mut self, attempt: AttemptRef) {
        let Some(mut talk) = self.daemon.as_mut().and_then(|daemon| daemon.talks.remove(&attempt)) else {
            return;
        };
        let next = self.next_of(attempt, &talk);
        let Some(next) = self.random.pick(&next).copied() else { return };
        self.trace.note(|| format!("conversation with {attempt}: {next:?}"));
        match next {
            Next::Over => {
                if let Some((pid, line)) = talk.line {
                    self.hang_up(pid, line);
                }
                self.tell(Event::TalkOver(attempt));
                return;
            }
            Next::Obey => self.obey(attempt, &mut talk),
            Next::Connect => self.connect(attempt, &mut talk),
            Next::Hear => match talk.answers.pop_front() {
                Some(Answer::Taken(id)) => talk.inputs.retain(|(waiting, _)| *waiting > id),
                Some(Answer::Refused) => drop(talk.inputs.pop_front()),
                None => {}
            },
            Next::Read => self.read_talk(attempt, &mut talk),
        }
        if let Some(daemon) = &mut self.daemon {
            daemon.talks.insert(attempt, talk);
        }
    }

    fn ask(&mut self, talk: &Talk, ask: Ask) {
        if let Some((pid, line)) = talk.line
            && let Some(shim) = self.shims.get_mut(&pid)
        {
            shim.asked.push_back((line, ask));
        }
    }

    fn connect(&mut self, attempt: AttemptRef, talk: &mut Talk) {
        let line = self.number();
        let Some(pid) = self.shim_of(attempt) else { return };
        let last = self.shims.get(&pid).and_then(|shim| shim.pipes.as_ref()?.last).unwrap_or(0);
        talk.line = Some((pid, line));
        talk.last_input = talk.last_input.max(last);
        self.ask(talk, Ask::Follow);
        if talk.message > 0 {
            self.ask(talk, Ask::Turn(true));
        }
        for (id, text) in talk.inputs.clone() {
            self.ask(talk, Ask::Input(id, text));
        }
        if talk.let_go {
            self.ask(talk, Ask::LetGo);
        }
        let again = talk.greeted || last > 0;
        talk.greeted = true;
        let greeting = talk.conversation.greet(again);
        self.say(talk, &greeting);
    }

    fn say(&mut self, talk: &mut Talk, bytes: &[u8]) {
        let id = talk.last_input + 1;
        self.input(talk, id, bytes);
    }

    fn input(&mut self, talk: &mut Talk, id: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        talk.last_input = talk.last_input.max(id);
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.ask(talk, Ask::Input(id, text.clone()));
        talk.inputs.push_back((id, text));
    }

    fn obey(&mut self, attempt: AttemptRef, talk: &mut Talk) {
        match talk.orders.pop_front() {
            Some(Order::Deliver(turn, entry, again)) => self.give(talk, turn, &entry, again),
            Some(Order::Prompt) => {
                let text = self.host.folder(attempt).prompt.clone();
                let from = Actor::Dispatcher(String::new());
                let what = What::Message { from, text };
                self.give(talk, 1, &Entry { number: 1, at: Timestamp::default(), what }, false);
            }
            Some(Order::LetGo) => {
                talk.let_go = true;
                self.ask(talk, Ask::LetGo);
            }
            Some(Order::Interrupt) => {
                let bytes = talk.conversation.interrupt();
                self.say(talk, &bytes);
            }
            Some(Order::Parsed(to)) => {
                talk.committed = talk.committed.max(to);
                if talk.told.is_some_and(|told| told <= to) {
                    talk.told = None;
                }
                self.tell_of(attempt, talk);
            }
            Some(Order::Finish) => talk.finishing = true,
            None => {}
        }
    }

    fn give(&mut self, talk: &mut Talk, turn: u64, entry: &Entry, again: bool) {
        let What::Message { from, text } = &entry.what else { return };
        talk.message = entry.number;
        let delivery = Delivery { message: entry.number, from, at: entry.at, text, again };
        let bytes = talk.conversation.deliver(&delivery);
        self.ask(talk, Ask::Turn(true));
        self.input(talk, turn_id(turn), &bytes);
    }

    fn tell_of(&mut self, attempt: AttemptRef, talk: &mut Talk) {
        if let Some(event) = talk.tell(attempt) {
            self.tell(event);
        }
    }

    fn read_talk(&mut self, attempt: AttemptRef, talk: &mut Talk) {
        let events = self.host.folders.get(&attempt).map(|folder| folder.events.clone()).unwrap_or_default();
        talk.read_up = talk.finishing;
        talk.place = talk.place.max(events.len());
        while let Some(rest) = events.get(talk.line_start..)
            && let Some(end) = rest.iter().position(|byte| *byte == b'\n')
        {
            talk.line_start += end + 1;
            let place = talk.line_start as u64;
            for heard in talk.conversation.line(&rest[..end]) {
                self.take_in(talk, heard, place);
            }
            talk.heard = talk.heard.max(place);
        }
        self.tell_of(attempt, talk);
    }

    fn take_in(&mut self, talk: &mut Talk, heard: Heard, place: u64) {
        match heard {
            Heard::Kept(said) => {
                let over = said.ends_turn();
                talk.kept.push_back((said, place));
                if over {
                    talk.message = 0;
                    self.ask(talk, Ask::Turn(false));
                }
            }
            Heard::Reply(bytes) => self.say(talk, &bytes),
            Heard::Delta(_) | Heard::Garbage(_) => {}
        }
    }
}
